// SPDX-License-Identifier: GPL-2.0-or-later
/* "policy list" and "policy show NAME": what is in a slot, where its pins are, and whose frames it judges. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <jansson.h>

#include "cmd.h"
#include "output.h"
#include "pins.h"
#include "policy.h"
#include "policy_source.h"
#include "port.h"
#include "say.h"
#include "stats.h"
#include "words.h"

struct user {
	__u32 policy;
	int (*fn)(const char *port, int direction, const char *chain, void *arg);
	void *arg;
};

/* The chains of a port that name the policy. Port 0 is that of "bpftool prog run". */
static int chains_of(const struct vx_port *port, void *arg)
{
	const char *name = port->id == VX_TRIAL_PORT ? "(trial)" : port->cfg.name;
	struct user *u = arg;
	char text[VX_CHAIN_TEXT];
	__u8 ids[VX_CHAIN_MAX];
	int dir, ret = 0;

	for (dir = 0; dir < VX_DIRECTIONS && !ret; dir++) {
		if (vx_chain_get(port->id, dir, ids) || !vx_chain_names(ids, u->policy))
			continue;
		vx_chain_text(ids, text, sizeof(text));
		ret = u->fn(name, dir, text, u->arg);
	}
	return ret;
}

static int each_user(struct user *u)
{
	const struct vx_port trial = { .id = VX_TRIAL_PORT };
	int ret = chains_of(&trial, u);

	return ret ? ret : vx_port_each(chains_of, u);
}

struct text {
	char *buf;
	size_t len, used;
	int left_out;
};

static int add_user(const char *port, int direction, const char *chain, void *arg)
{
	struct text *t = arg;
	int n;

	n = snprintf(t->buf + t->used, t->len - t->used, "%s%s %s", t->used ? ", " : "", port, vx_direction_name(direction));
	if (n < 0 || t->used + n + sizeof(" and 4294967296 more") > t->len) {
		t->buf[t->used] = '\0';
		t->left_out++;
		return 0;
	}
	t->used += n;
	return 0;
}

void vx_policy_users(__u32 id, bool trial, char *text, size_t len)
{
	struct text t = { .buf = text, .len = len };
	struct user u = { .policy = id, .fn = add_user, .arg = &t };

	*text = '\0';
	if (trial)
		each_user(&u);
	else
		vx_port_each(chains_of, &u);
	if (t.left_out)
		snprintf(text + t.used, len - t.used, " and %d more", t.left_out);
}

static int user_json(const char *port, int direction, const char *chain, void *arg)
{
	return json_array_append_new(arg, json_pack("{s:s, s:s, s:s}", "port", port, "direction", vx_direction_name(direction), "chain",
						    chain));
}

static json_t *users_json(__u32 id)
{
	json_t *all = json_array();
	struct user u = { .policy = id, .fn = user_json, .arg = all };

	each_user(&u);
	return all;
}

static void tag_text(const __u8 tag[8], char text[17])
{
	int i;

	for (i = 0; i < 8; i++)
		snprintf(text + 2 * i, 3, "%02x", tag[i]);
}

static json_t *pin_json(const struct vx_policy *policy)
{
	char path[VX_PIN_PATH];

	if (!*policy->name || vx_pin_path(path, sizeof(path), "policies/%s%s", policy->name, policy->in_prev ? "/prev" : ""))
		return json_null();
	return json_string(path);
}

static json_t *policy_json(const struct vx_policy *policy)
{
	char tag[17];

	tag_text(policy->tag, tag);
	return json_pack("{s:i, s:s, s:i, s:s, s:s, s:o, s:i, s:o, s:b, s:b}", "id", policy->id, "name",
			 *policy->name ? policy->name : "-", "prog_id", policy->prog_id, "program", policy->prog_name, "tag", tag,
			 "pin", pin_json(policy), "users", policy->users, "chains", users_json(policy->id), "usable",
			 !policy->foreign, "rollback", *policy->name && vx_pin_exists("policies/%s/prev/prog", policy->name));
}

static int list_line(const struct vx_policy *policy, void *arg)
{
	const char *name = *policy->name ? policy->name : "-";
	char tag[17], users[128], pin[VX_PIN_PATH] = "";
	json_t *all = arg;

	if (all)
		return json_array_append_new(all, policy_json(policy));
	tag_text(policy->tag, tag);
	vx_policy_users(policy->id, true, users, sizeof(users));
	if (*policy->name)
		vx_pin_path(pin, sizeof(pin), "policies/%s%s", policy->name, policy->in_prev ? "/prev" : "");
	printf("%3u  %-16s prog %-5u %-15s tag %s  users %d%s%s%s%s%s%s\n", policy->id, name, policy->prog_id, policy->prog_name,
	       tag, policy->users, *users ? ": " : "", users, *pin ? "  pin " : "", pin, policy->in_prev ? "  (rolled back by hand)" : "",
	       policy->foreign ? "  UNUSABLE: loaded without the shared maps, loses every frame; load it again" : "");
	return 0;
}

int vx_policy_list(void)
{
	json_t *all = vx_json ? json_array() : NULL;
	int err;

	err = vx_pins_check();
	if (!err)
		err = vx_policy_each(list_line, all);
	if (err && err != -ENOENT)
		return err;
	return vx_json ? vx_print_json(all) : 0;
}

/* --- one of them ---------------------------------------------------------- */

struct version {
	const char *dir;	/* below the root of our pins */
	json_t *maps;
};

static json_int_t count(int fd, const struct bpf_map_info *info)
{
	json_int_t n = 0;
	void *key;

	if (info->type == BPF_MAP_TYPE_ARRAY || info->type == BPF_MAP_TYPE_PERCPU_ARRAY || !info->key_size)
		return info->max_entries;
	key = calloc(1, info->key_size);
	if (!key)
		return 0;
	while (n < info->max_entries && !bpf_map_get_next_key(fd, n ? key : NULL, key))
		n++;
	free(key);
	return n;
}

static int add_map(const char *pin, void *arg)
{
	struct version *v = arg;
	struct bpf_map_info info = {};
	char path[VX_PIN_PATH];
	__u32 len = sizeof(info);
	const char *type;
	int fd;

	/* bpftool's "pinmaps" has pinned the contract's maps there, too; and no program uses VX_POLICY_FROM. */
	if (!strcmp(pin, VX_POLICY_FROM) || !strcmp(pin, "prog") || !strcmp(pin, "prev") || !strcmp(pin, "vx_policy_v1") ||
	    !strcmp(pin, "vx_frame_v1"))
		return 0;
	fd = vx_pin_open("%s/%s", v->dir, pin);
	if (fd < 0)
		return 0;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.max_entries && !vx_pin_path(path, sizeof(path), "%s/%s", v->dir, pin)) {
		type = libbpf_bpf_map_type_str(info.type);
		json_array_append_new(v->maps, json_pack("{s:s, s:i, s:s, s:i, s:i, s:i, s:I, s:s}", "name", pin, "id", info.id, "type",
							 type ? type : "unknown", "key", info.key_size, "value", info.value_size,
							 "max_entries", info.max_entries, "entries", count(fd, &info), "pin", path));
	}
	close(fd);
	return 0;
}

/* NULL: there is no such version. */
static json_t *version_json(const char *dir)
{
	struct version v = { .dir = dir };
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	char tag[17], path[VX_PIN_PATH];
	int fd, err;

	fd = vx_pin_open("%s/prog", dir);
	if (fd < 0)
		return NULL;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	if (err || vx_pin_path(path, sizeof(path), "%s/prog", dir))
		return NULL;
	tag_text(info.tag, tag);
	v.maps = json_array();
	vx_pin_each(dir, add_map, &v);
	return json_pack("{s:i, s:s, s:s, s:s, s:i, s:o}", "prog_id", info.id, "program", info.name, "tag", tag, "pin", path, "bytes",
			 info.xlated_prog_len, "maps", v.maps);
}

struct losses {
	__u32 policy;
	json_t *all;
};

static int add_drop(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg)
{
	struct losses *l = arg;
	char buf[VX_NUMBER_TEXT];

	if (key->stage != VX_STAGE_POLICY || (key->rule & 0xff) != l->policy)
		return 0;
	return json_array_append_new(l->all, json_pack("{s:i, s:s, s:s, s:i, s:I, s:I}", "port", key->port, "direction",
						       vx_direction_name(key->direction), "reason", vx_reason_name(key->reason, buf),
						       "rule", key->rule >> 8, "packets", (json_int_t)sum->packets, "bytes",
						       (json_int_t)sum->bytes));
}

static int drops_of(const struct vx_port *port, void *arg)
{
	vx_stats_each_drop(port->id, add_drop, arg);
	return 0;
}

static json_t *drops_json(__u32 policy)
{
	const struct vx_port trial = { .id = VX_TRIAL_PORT };
	struct losses l = { .policy = policy, .all = json_array() };

	drops_of(&trial, &l);
	vx_port_each(drops_of, &l);
	return l.all;
}

static const char *string(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

static long long number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void version_lines(const char *what, const json_t *v)
{
	const json_t *m;
	size_t i;

	printf("  %-10s prog %lld %s  tag %s  %lld bytes  %s\n", what, number(v, "prog_id"), string(v, "program"), string(v, "tag"),
	       number(v, "bytes"), string(v, "pin"));
	json_array_foreach(json_object_get(v, "maps"), i, m)
		printf("    map      %-18s id %lld  %s  key %lld  value %lld  entries %lld of %lld  %s\n", string(m, "name"),
		       number(m, "id"), string(m, "type"), number(m, "key"), number(m, "value"), number(m, "entries"),
		       number(m, "max_entries"), string(m, "pin"));
}

static void show_lines(const json_t *p)
{
	const json_t *o;
	size_t i;

	printf("policy %s, id %lld%s\n", string(p, "name"), number(p, "id"),
	       json_is_true(json_object_get(p, "usable")) ? "" : "  UNUSABLE: loaded without the shared maps; load it again");
	if (json_object_get(p, "now"))
		version_lines("judges", json_object_get(p, "now"));
	else
		printf("  %-10s prog %lld %s  tag %s  not pinned below policies/\n", "judges", number(p, "prog_id"), string(p, "program"),
		       string(p, "tag"));
	if (json_object_get(p, "before"))
		version_lines("rollback", json_object_get(p, "before"));
	json_array_foreach(json_object_get(p, "chains"), i, o)
		printf("  chain      %s %s: %s\n", string(o, "port"), string(o, "direction"), string(o, "chain"));
	json_array_foreach(json_object_get(p, "drops"), i, o)
		printf("  dropped    port %lld %s  %lld packets %lld bytes  %s rule %lld\n", number(o, "port"), string(o, "direction"),
		       number(o, "packets"), number(o, "bytes"), string(o, "reason"), number(o, "rule"));
}

int vx_policy_show(const char *name)
{
	char now[VX_PIN_PATH], before[VX_PIN_PATH];
	struct vx_policy policy;
	json_t *p, *v;
	int err = vx_pins_check();

	if (err && err != -ENOENT)
		return err;
	if (err || vx_policy_find(name, &policy))
		return vx_fail(-ENOENT, "there is no policy %s; see 'vhost-xdp policy list'", name);
	p = policy_json(&policy);
	snprintf(now, sizeof(now), "policies/%s%s", policy.name, policy.in_prev ? "/prev" : "");
	snprintf(before, sizeof(before), "policies/%s%s", policy.name, policy.in_prev ? "" : "/prev");
	v = *policy.name ? version_json(now) : NULL;
	if (v)
		json_object_set_new(p, "now", v);
	v = *policy.name ? version_json(before) : NULL;
	if (v)
		json_object_set_new(p, "before", v);
	json_object_set_new(p, "drops", drops_json(policy.id));
	if (vx_json)
		return vx_print_json(p);
	show_lines(p);
	json_decref(p);
	return 0;
}
