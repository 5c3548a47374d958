/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "policy check FILE": is it a policy, what does it do with frames, and what does it cost? No state is changed. */
#ifndef VX_POLICY_CHECK_H
#define VX_POLICY_CHECK_H

/* argv[0] is the word behind "check". 0: it follows the contract; else a negative errno after one line. */
int vx_policy_check_run(int argc, char **argv);

#endif
