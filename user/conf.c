// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

static void free_port(struct vx_conf_port *port)
{
	int f, dir;

	for (f = 0; f < VX_FEATURES_MAX; f++)
		for (dir = 0; dir < VX_DIRECTIONS; dir++)
			vx_lines_free(&port->feature[f][dir]);
}

void vx_conf_free(struct vx_conf *conf)
{
	int i;

	for (i = 0; i < conf->policies; i++)
		free(conf->policy[i].file);
	for (i = 0; i < conf->sets; i++)
		vx_lines_free(&conf->set[i].lines);
	for (i = 0; i < conf->ports; i++)
		free_port(&conf->port[i]);
	free(conf->uplink);
	free(conf->policy);
	free(conf->set);
	free(conf->port);
	free(conf->by_name);
	memset(conf, 0, sizeof(*conf));
}

#define ADD(conf, one, many, text) ({								\
	(conf)->one = vx_need_one((conf)->one, (conf)->many, sizeof(*(conf)->one));			\
	snprintf((conf)->one[(conf)->many].name, sizeof((conf)->one->name), "%s", text);	\
	&(conf)->one[(conf)->many++]; })

struct vx_conf_uplink *vx_conf_add_uplink(struct vx_conf *conf, const char *name)
{
	return ADD(conf, uplink, uplinks, name);
}

struct vx_conf_policy *vx_conf_add_policy(struct vx_conf *conf, const char *name)
{
	return ADD(conf, policy, policies, name);
}

struct vx_conf_set *vx_conf_add_set(struct vx_conf *conf, int feature, const char *name)
{
	struct vx_conf_set *set = ADD(conf, set, sets, name);

	set->feature = feature;
	return set;
}

struct vx_conf_port *vx_conf_add_port(struct vx_conf *conf, const char *name)
{
	struct vx_conf_port *port = ADD(conf, port, ports, name);
	int dir;

	free(conf->by_name);
	conf->by_name = NULL;
	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		snprintf(port->chain[dir], sizeof(port->chain[dir]), "none");
	return port;
}

#define FIND(conf, one, many, condition) ({			\
	int i_;							\
								\
	for (i_ = 0; i_ < (conf)->many; i_++)			\
		if (condition)					\
			break;					\
	i_ < (conf)->many ? &(conf)->one[i_] : NULL; })

struct vx_conf_uplink *vx_conf_uplink(const struct vx_conf *conf, const char *name)
{
	return FIND(conf, uplink, uplinks, !strcmp(conf->uplink[i_].name, name));
}

struct vx_conf_policy *vx_conf_policy(const struct vx_conf *conf, const char *name)
{
	return FIND(conf, policy, policies, !strcmp(conf->policy[i_].name, name));
}

struct vx_conf_set *vx_conf_set(const struct vx_conf *conf, int feature, const char *name)
{
	return FIND(conf, set, sets, conf->set[i_].feature == feature && !strcmp(conf->set[i_].name, name));
}

static int by_name(const void *a, const void *b)
{
	const struct vx_conf_port *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int is_named(const void *name, const void *port)
{
	return strcmp(name, (*(const struct vx_conf_port *const *)port)->name);
}

void vx_conf_index(struct vx_conf *conf)
{
	int i;

	free(conf->by_name);
	conf->by_name = vx_need(conf->ports, sizeof(struct vx_conf_port *));
	for (i = 0; i < conf->ports; i++)
		conf->by_name[i] = &conf->port[i];
	qsort(conf->by_name, conf->ports, sizeof(struct vx_conf_port *), by_name);
}

struct vx_conf_port *vx_conf_port(const struct vx_conf *conf, const char *name)
{
	struct vx_conf_port **found;

	if (!conf->by_name)
		return FIND(conf, port, ports, !strcmp(conf->port[i_].name, name));
	found = bsearch(name, conf->by_name, conf->ports, sizeof(struct vx_conf_port *), is_named);
	return found ? *found : NULL;
}

bool vx_conf_chain_names(const char *chain, const char *policy)
{
	size_t len = strlen(policy), n;

	for (;; chain += n + 1) {
		n = strcspn(chain, ",");
		if (n == len && !strncmp(chain, policy, n) && strcmp(policy, "none"))
			return true;
		if (!chain[n])
			return false;
	}
}

static bool port_needs(const struct vx_conf_port *port, const char *policy)
{
	int f, dir;

	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		if (vx_conf_chain_names(port->chain[dir], policy))
			return true;
		for (f = 0; f < vx_features_n; f++)
			if (port->feature[f][dir].n && vx_features[f].policy && !strcmp(vx_features[f].policy, policy))
				return true;
	}
	return false;
}

bool vx_conf_needs_policy(const struct vx_conf *conf, const char *policy)
{
	int i;

	for (i = 0; i < conf->ports; i++)
		if (port_needs(&conf->port[i], policy))
			return true;
	for (i = 0; i < conf->sets; i++) {
		const char *of = vx_features[conf->set[i].feature].policy;

		if (of && !strcmp(of, policy))
			return true;
	}
	return false;
}
