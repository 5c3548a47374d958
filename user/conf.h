/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /etc/vhost-xdp.conf says, and what a host is: the same struct, from conf_parse.c or from conf_read.c. Objects are
 * known by name; ids of ports and policies are the host's business.
 */
#ifndef VX_CONF_H
#define VX_CONF_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/steer.h>

#include "conf_tree.h"
#include "feature.h"
#include "lines.h"
#include "policy.h"
#include "words.h"

struct vx_conf_uplink {
	char name[VX_NAME_LEN];
	int mode;			/* enum vx_mode */
	struct vx_pos pos;
	/* Of a host: */
	const char *broken;		/* why it must be made anew; NULL: it works */
	__u32 mtu;
};

struct vx_conf_policy {
	char name[VX_POLICY_NAME_MAX + 1];
	char *file;			/* absolute; NULL: the one that is shipped. Owned. */
	__u32 id;			/* 0: any */
	bool implied;			/* nobody wrote it: a chain or a feature needs it */
	struct vx_pos pos;
	/* Of a host: */
	__u32 slot;
	bool unknown;			/* loaded by other means than ours: its file is not known */
	/* Of a file, once compared with a host: */
	const char *stale;		/* in which way what is loaded differs; NULL: it is the same, or not loaded */
};

/* One named set of a global feature, e.g. a group. */
struct vx_conf_set {
	char name[VX_CONF_NAME_MAX + 1];
	int feature;
	struct vx_lines lines;
	struct vx_pos pos;
};

struct vx_conf_port {
	char name[VX_NAME_LEN];
	__u8 mac[6];
	char uplink[VX_NAME_LEN];	/* empty: gone */
	__u32 vlan, queues, flood;
	__u32 mtu;			/* 0: any */
	bool mtu_default;		/* not worth a line: that of the uplink, or one that the file leaves open */
	bool kernel, host_allow;
	char chain[VX_DIRECTIONS][VX_CHAIN_TEXT];	/* "antispoof,acl", "none" */
	/* Those of a port as a whole have direction 0. */
	struct vx_lines feature[VX_FEATURES_MAX][VX_DIRECTIONS];
	struct vx_pos pos, chain_pos[VX_DIRECTIONS];
	/* Of a host: */
	__u32 id;			/* 0: a record without a port, left by a run that was killed */
	bool used;			/* a VMM of the kernel engine holds it */
	enum { VX_PORT_FINE, VX_PORT_DOWN, VX_PORT_BROKEN } state;	/* DOWN: "port attach" brings it back */
	const char *why;		/* of another state than FINE */
	/* Of a file, once there is a plan: */
	bool closes[VX_DIRECTIONS];	/* while it changes, see plan.h */
};

struct vx_conf {
	struct vx_conf_uplink *uplink;
	struct vx_conf_policy *policy;
	struct vx_conf_set *set;
	struct vx_conf_port *port;
	int uplinks, policies, sets, ports;
	/* By name; made by vx_conf_index(). */
	struct vx_conf_port **by_name;
};

void vx_conf_free(struct vx_conf *conf);

/* A new element, zeroed but for its name. They move when the next one is added. */
struct vx_conf_uplink *vx_conf_add_uplink(struct vx_conf *conf, const char *name);
struct vx_conf_policy *vx_conf_add_policy(struct vx_conf *conf, const char *name);
struct vx_conf_set *vx_conf_add_set(struct vx_conf *conf, int feature, const char *name);
struct vx_conf_port *vx_conf_add_port(struct vx_conf *conf, const char *name);

struct vx_conf_uplink *vx_conf_uplink(const struct vx_conf *conf, const char *name);
struct vx_conf_policy *vx_conf_policy(const struct vx_conf *conf, const char *name);
struct vx_conf_set *vx_conf_set(const struct vx_conf *conf, int feature, const char *name);
/* Quick once vx_conf_index() was called behind the last vx_conf_add_port(). */
struct vx_conf_port *vx_conf_port(const struct vx_conf *conf, const char *name);
void vx_conf_index(struct vx_conf *conf);

/* Does the chain name this policy? */
bool vx_conf_chain_names(const char *chain, const char *policy);
/* A policy that is not loaded by itself because a chain or a feature of a port needs it. */
bool vx_conf_needs_policy(const struct vx_conf *conf, const char *policy);

/* As a configuration file. */
void vx_conf_print(const struct vx_conf *conf, FILE *out);
/* The lines of one object. flat: without blocks in the block, each line as its own statement, which is what a diff compares. */
void vx_conf_uplink_line(const struct vx_conf_uplink *uplink, char *text, size_t len);
void vx_conf_policy_line(const struct vx_conf_policy *policy, char *text, size_t len);
void vx_conf_port_lines(const struct vx_conf_port *port, bool flat, struct vx_lines *lines);

#endif
