/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy "acl" as features: what feature.h asks of each. */
#ifndef VX_FEATURES_ACL_H
#define VX_FEATURES_ACL_H

#include "acl.h"
#include "feature.h"

/* Rules, or, of a port, the name of the set whose rules it uses. */
struct vx_acl_conf {
	struct vx_acl_rules rules;
	char use[VX_ACL_NAME_LEN];
	bool has_default;
	__u32 lines;			/* while it is read */
};

int vx_acl_conf_words(int argc, char **argv, void *arg, char *why);
int vx_acl_conf_port_words(int argc, char **argv, void *arg, char *why);
int vx_acl_conf_whole(void *arg, int *line, char *why);
void vx_acl_conf_print(const void *arg, vx_feature_out *line, void *out);
void vx_acl_conf_release(void *arg);
int vx_acl_conf_get(const struct vx_feature_target *target, void *conf);
int vx_acl_conf_replace(const struct vx_feature_target *target, void *conf);

int vx_acl_set_get(const struct vx_feature_target *target, void *conf);
int vx_acl_set_replace(const struct vx_feature_target *target, void *conf);
int vx_acl_set_each(int (*fn)(const char *set, void *arg), void *arg);

int vx_group_conf_words(int argc, char **argv, void *conf, char *why);
void vx_group_conf_print(const void *conf, vx_feature_out *line, void *arg);
int vx_group_conf_get(const struct vx_feature_target *target, void *conf);
int vx_group_conf_replace(const struct vx_feature_target *target, void *conf);
int vx_group_conf_each(int (*fn)(const char *set, void *arg), void *arg);

#endif
