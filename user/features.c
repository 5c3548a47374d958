// SPDX-License-Identifier: GPL-2.0-or-later
/* The features that there are. */

#include "antispoof.h"
#include "feature.h"
#include "features_acl.h"
#include "ratelimit.h"
#include "stateful.h"

_Static_assert(VX_FEATURE_WHY >= VX_WHY, "reasons have room");

static int antispoof_words(int argc, char **argv, void *conf, char *why)
{
	return vx_antispoof_parse(argc, argv, conf, why);
}

static void antispoof_print(const void *conf, vx_feature_out *line, void *arg)
{
	vx_antispoof_lines(conf, line, arg);
}

static int antispoof_get(const struct vx_feature_target *target, void *conf)
{
	return vx_antispoof_get(target->port, conf);
}

static int antispoof_replace(const struct vx_feature_target *target, void *conf)
{
	int err = vx_antispoof_replace(target->port, conf);

	/* Groups may stand for its addresses. */
	return err ? err : vx_acl_port_changed(target->name);
}

static int ratelimit_words(int argc, char **argv, void *conf, char *why)
{
	return vx_ratelimit_parse(argc, argv, conf, why);
}

static void ratelimit_print(const void *conf, vx_feature_out *line, void *arg)
{
	vx_ratelimit_lines(conf, line, arg);
}

static int ratelimit_get(const struct vx_feature_target *target, void *conf)
{
	return vx_ratelimit_get(target->port, target->direction, conf);
}

static int ratelimit_replace(const struct vx_feature_target *target, void *conf)
{
	return vx_ratelimit_replace(target->port, target->direction, conf);
}

static int stateful_words(int argc, char **argv, void *conf, char *why)
{
	return vx_stateful_parse(argc, argv, conf, why);
}

static void stateful_print(const void *conf, vx_feature_out *line, void *arg)
{
	vx_stateful_lines(conf, line, arg);
}

static int stateful_get(const struct vx_feature_target *target, void *conf)
{
	return vx_stateful_get(target->port, conf);
}

static int stateful_replace(const struct vx_feature_target *target, void *conf)
{
	return vx_stateful_replace(target->port, conf);
}

/* In the order in which files have them, and in which they are changed: what others are made of comes first. */
const struct vx_feature vx_features[] = {
	{
		.name = "antispoof",
		.scope = VX_SCOPE_PORT,
		.early = true,
		.policy = "antispoof",
		.idle = "has antispoof rules, but neither chain names antispoof: they do nothing",
		.size = sizeof(struct vx_antispoof_port),
		.words = antispoof_words,
		.print = antispoof_print,
		.get = antispoof_get,
		.replace = antispoof_replace,
	},
	{
		.name = "group",
		.scope = VX_SCOPE_SET,
		.policy = "acl",
		.ref = "group",
		.size = sizeof(struct vx_acl_group),
		.words = vx_group_conf_words,
		.print = vx_group_conf_print,
		.get = vx_group_conf_get,
		.replace = vx_group_conf_replace,
		.each = vx_group_conf_each,
	},
	{
		.name = "acl set",
		.scope = VX_SCOPE_SET,
		.policy = "acl",
		.ref = "set",
		.refers = true,
		.size = sizeof(struct vx_acl_conf),
		.words = vx_acl_conf_words,
		.whole = vx_acl_conf_whole,
		.print = vx_acl_conf_print,
		.release = vx_acl_conf_release,
		.get = vx_acl_set_get,
		.replace = vx_acl_set_replace,
		.each = vx_acl_set_each,
	},
	{
		.name = "acl",
		.scope = VX_SCOPE_DIRECTION,
		.policy = "acl",
		.idle = "has acl rules for a direction whose chain does not name acl: they do nothing",
		.refers = true,
		.size = sizeof(struct vx_acl_conf),
		.words = vx_acl_conf_port_words,
		.whole = vx_acl_conf_whole,
		.print = vx_acl_conf_print,
		.release = vx_acl_conf_release,
		.get = vx_acl_conf_get,
		.replace = vx_acl_conf_replace,
	},
	{
		.name = "ratelimit",
		.scope = VX_SCOPE_DIRECTION,
		.one_line = true,
		.policy = "ratelimit",
		.idle = "has ratelimit rules for a direction whose chain does not name ratelimit: they do nothing",
		.size = sizeof(struct vx_ratelimit),
		.words = ratelimit_words,
		.print = ratelimit_print,
		.get = ratelimit_get,
		.replace = ratelimit_replace,
	},
	{
		.name = "stateful",
		.scope = VX_SCOPE_PORT,
		.policy = "stateful",
		.idle = "has stateful rules, but neither chain names stateful: they do nothing",
		.size = sizeof(struct vx_stateful_port),
		.words = stateful_words,
		.print = stateful_print,
		.get = stateful_get,
		.replace = stateful_replace,
	},
};

const int vx_features_n = sizeof(vx_features) / sizeof(vx_features[0]);

_Static_assert(sizeof(vx_features) / sizeof(vx_features[0]) <= VX_FEATURES_MAX, "more features than ports have room for");
