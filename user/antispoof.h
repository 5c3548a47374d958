/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of the shipped policy "antispoof", edited for people. */
#ifndef VX_ANTISPOOF_CMD_H
#define VX_ANTISPOOF_CMD_H

int vx_antispoof_run(int argc, char **argv);

#endif
