/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy's object file: what the contract of <vhost_xdp/policy.h> asks of it, before and after the kernel took it. */
#ifndef VX_POLICY_OBJECT_H
#define VX_POLICY_OBJECT_H

#include <stdbool.h>
#include <linux/types.h>

struct bpf_map;
struct bpf_object;
struct bpf_program;

/* All of these print one line when they fail, and return a negative errno. */

/* Open and judge what can be judged without the kernel; *obj is the caller's to close when this is 0. */
int vx_object_open(const char *file, struct bpf_object **obj);

/* Is it one of the contract's own maps, which every policy shares? */
bool vx_object_in_contract(const char *map);

/* Let a contract's map be the one behind fd. */
int vx_object_share(struct bpf_map *map, int fd);

/* Hand it to the kernel, with the maps that were shared or reused, and judge what came of it. Nothing is pinned. */
int vx_object_load(struct bpf_object *obj, const char *file);

struct bpf_program *vx_object_program(const struct bpf_object *obj);

/* The same kind, key, value, size and flags as the map behind fd. Nothing is printed. */
bool vx_object_fits(const struct bpf_map *map, int fd);

#endif
