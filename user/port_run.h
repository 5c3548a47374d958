/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VX_PORT_RUN_H
#define VX_PORT_RUN_H

/* argv: NAME [user USER] [group GROUP] -- COMMAND. Returns only when it failed: negative errno after one line. */
int vx_port_run(int argc, char **argv);

#endif
