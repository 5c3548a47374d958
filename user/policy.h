/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies by name and number, and the chains that name them. */
#ifndef VX_POLICY_H
#define VX_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <vhost_xdp/policy.h>

#define VX_POLICY_NAME_MAX	31

struct vx_policy {
	__u32 id;			/* slot in vx_policy_v1 */
	__u32 prog_id;
	/* Of the pin directory; empty when bpftool put it there without one of ours. */
	char name[VX_POLICY_NAME_MAX + 1];
	char prog_name[16];
	__u8 tag[8];
	bool foreign;			/* does not use our two maps: every frame it judges is lost */
	bool in_prev;			/* the slot has the version in policies/NAME/prev: rolled back by hand */
	int users;			/* chains that name it */
};

const char *vx_direction_name(int direction);
/* "to-guest" or "from-guest", or an unambiguous beginning; -EINVAL otherwise. */
int vx_direction_parse(const char *word);

/* In order of id, until fn returns non-zero; returns that, 0, or a negative errno. */
int vx_policy_each(int (*fn)(const struct vx_policy *policy, void *arg), void *arg);
/* By name or number. 0 or -ENOENT; nothing is printed. */
int vx_policy_find(const char *word, struct vx_policy *policy);

struct vx_policy_load {
	const char *file, *name;
	__u32 id;			/* 0: the slot of that name, or the first free one */
	bool fresh;			/* with empty maps, whatever the version before has in its own */
};

/* These change state, under the lock. They print one line when they fail, and then everything is as before. */
int vx_policy_load(const struct vx_policy_load *load);
int vx_policy_load_builtin(const char *name);
/* The file of a shipped policy. -ENOENT: there is none; -EINVAL: no name. Nothing is printed. */
int vx_policy_shipped(const char *name, char *file, size_t len);
/* Back to the version before the last load of that name; once more: forth again. */
int vx_policy_rollback(const char *name);
int vx_policy_del(const char *name);

/* The chains that name it, "vm1 to-guest, vm2 from-guest"; "" for none. What does not fit is counted at the end. */
void vx_policy_users(__u32 id, bool trial, char *text, size_t len);

/* Print, as lines or JSON: all of them; one; the bpftool commands for the state at hand. Negative errno after one line. */
int vx_policy_list(void);
int vx_policy_show(const char *name);
int vx_policy_show_bpftool(void);

/* The name of a policy as a file name suggests it: "dir/policy_acl.bpf.o" is "acl". */
void vx_policy_name_of(const char *file, char *name, size_t len);

/*
 * A chain in words to ids. Resolve loads built-in policies that are missing, and prints a line when it fails; find does
 * neither.
 */
int vx_chain_resolve(const char *words, __u8 ids[VX_CHAIN_MAX]);
int vx_chain_find(const char *words, __u8 ids[VX_CHAIN_MAX]);
/* Back into words: "antispoof,acl", "none"; numbers where there is no name. */
void vx_chain_text(const __u8 ids[VX_CHAIN_MAX], char *text, size_t len);

bool vx_chain_names(const __u8 ids[VX_CHAIN_MAX], __u32 id);
/* How many of the trial port's chains name it; those are nobody's traffic, and may be cleared. */
int vx_chain_trial(__u32 id, bool clear);

int vx_chain_get(__u32 port, int direction, __u8 ids[VX_CHAIN_MAX]);
/* At once. These return when no frame is judged by the chain before any more: a few milliseconds if there was another. */
int vx_chain_set(__u32 port, int direction, const __u8 ids[VX_CHAIN_MAX]);
void vx_chain_clear(__u32 port);

#endif
