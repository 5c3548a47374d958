/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules in words: "allow tcp src 10.0.0.0/8 dport 22,80 prio 100". Pure:
 * nothing is printed, nothing looked up. What was parsed prints in canonical form, and
 * parses to the same again.
 */
#ifndef VX_ACL_WORDS_H
#define VX_ACL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/acl.h>

#define VX_ACL_TEXT	1024	/* a rule in words, or why it is none */
#define VX_ACL_WORDS	64	/* most words of a rule or line */

/* Number is 0. -EINVAL: why says what is wrong. */
int vx_acl_parse(int argc, char **argv, struct vx_acl_rule *rule, char why[VX_ACL_TEXT]);
void vx_acl_text(const struct vx_acl_rule *rule, char text[VX_ACL_TEXT]);

/* One prefix; -EINVAL with why. */
int vx_acl_parse_prefix(const char *word, struct vx_acl_prefix *prefix, char why[VX_ACL_TEXT]);
void vx_acl_prefix_text(const struct vx_acl_prefix *prefix, char *text, size_t len);
int vx_acl_prefix_compare(const void *a, const void *b);

/* A line into words, in place; what follows a # is a comment. -E2BIG: more than VX_ACL_WORDS. */
int vx_acl_split(char *line, char *words[VX_ACL_WORDS]);

/* "allow tcp dport 22" of a packet as a frame that was parsed. -EINVAL with why. */
int vx_acl_packet(int argc, char **argv, struct vx_pkt *pkt, char why[VX_ACL_TEXT]);

#endif
