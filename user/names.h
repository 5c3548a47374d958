/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the data path as an operator calls them, for lists that go on for long: looked up now and then, not each time. */
#ifndef VX_NAMES_H
#define VX_NAMES_H

#include <stddef.h>
#include <linux/types.h>
#include <vhost_xdp/stats.h>

#define VX_RULE_TEXT	120

struct vx_policy;

/* Look again at what there is. */
void vx_names_refresh(void);
/* "-": no port is known; "#7": it is gone. */
const char *vx_port_name(__u32 id);
/* "#9": nothing of that name is in this slot. */
const char *vx_policy_name(__u32 id);

/*
 * What a policy tells of its own rules. Found by the name of its program, so that a policy loaded under another name has it too;
 * one that is not in the table has numbers.
 */
struct vx_rule_of {
	__u32 port;
	__u32 direction;
	__u32 rule;		/* the policy's own number */
};

struct vx_rule_ops {
	const char *program;
	/* A rule's name, for people: its number and what it says; NULL or an error: only its number. */
	int (*name)(const struct vx_policy *policy, const struct vx_rule_of *of, char *text, size_t len);
	/* Each rule's counter, until fn returns non-zero: that, 0, or a negative errno. rule is what identifies it in Prometheus. */
	int (*each)(const struct vx_policy *policy, int (*fn)(const char *rule, const struct vx_counter *sum, void *arg), void *arg);
};

/* NULL: it tells nothing. */
const struct vx_rule_ops *vx_rule_ops(const struct vx_policy *policy);

/* As in struct vx_drop_key: "policy antispoof", "policy acl rule 12: deny tcp dport 25", or "". Returns text. */
const char *vx_rule_text(__u32 port, __u32 direction, __u32 rule, char text[VX_RULE_TEXT]);

#endif
