/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy's own maps, as they are now, for one on trial. */
#ifndef VX_CHECK_RULES_H
#define VX_CHECK_RULES_H

struct bpf_object;

/*
 * Fill the maps of a loaded object with what the maps of the same name and shape hold that are pinned in a directory, below
 * the root of our pins; maps in maps are copied, too. Those are only read. What a policy counts or remembers (per CPU, LRU) is
 * left out. 0, or a negative errno after one line.
 */
int vx_rules_copy(struct bpf_object *obj, const char *home);

#endif
