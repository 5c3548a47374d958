// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bpftool commands for the state at hand: what this program does, an operator can do by hand. All of them run one
 * after the other change nothing; those behind a "#" are what may be wanted instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "pins.h"
#include "policy.h"
#include "port.h"
#include "words.h"

#define VX_SHOWN_ENTRIES	32	/* of a map; the rest is for "bpftool map dump" */
#define VX_SHOWN_BYTES		256	/* of a value */

static void put_bytes(const __u8 *p, __u32 len)
{
	__u32 i;

	for (i = 0; i < len; i++)
		printf(" %u", p[i]);
}

/* One version in its slot; the other behind a mark. */
static void show_slot(const char *mark, __u32 slot, const char *name, const char *below)
{
	printf("%sbpftool map update pinned $V/vx_policy_v1 key %u 0 0 0 value pinned $P/policies/%s/%sprog\n", mark, slot, name, below);
}

struct rules {
	const char *dir;	/* below the root of our pins */
};

static bool is_zero(const __u8 *p, __u32 len)
{
	while (len && !p[len - 1])
		len--;
	return !len;
}

/* Elements as the commands that write them as they are. An array's zeroes are as good as none. */
static void show_entries(int fd, const struct bpf_map_info *info, const char *pin)
{
	__u8 *key = calloc(2, info->key_size), *next = key + info->key_size, *value = calloc(1, info->value_size);
	bool array = info->type == BPF_MAP_TYPE_ARRAY, first = true;
	int shown = 0;

	while (key && value && shown < VX_SHOWN_ENTRIES && !bpf_map_get_next_key(fd, first ? NULL : key, next)) {
		memcpy(key, next, info->key_size);
		first = false;
		if (bpf_map_lookup_elem(fd, key, value) || (array && is_zero(value, info->value_size)))
			continue;
		printf("bpftool map update pinned $P/%s key", pin);
		put_bytes(key, info->key_size);
		printf(" value");
		put_bytes(value, info->value_size);
		putchar('\n');
		shown++;
	}
	if (shown == VX_SHOWN_ENTRIES)
		printf("# and what else there is: bpftool map dump pinned $P/%s\n", pin);
	free(key);
	free(value);
}

static int show_rules(const char *pin, void *arg)
{
	const struct rules *r = arg;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	char path[VX_PIN_PATH];
	int fd;

	if (!strcmp(pin, "prog") || !strcmp(pin, "prev") || !strcmp(pin, "vx_policy_v1") || !strcmp(pin, "vx_frame_v1") ||
	    snprintf(path, sizeof(path), "%s/%s", r->dir, pin) >= (int)sizeof(path))
		return 0;
	fd = vx_pin_open("%s", path);
	if (fd < 0)
		return 0;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.max_entries) {
		/* Values for each CPU, other maps or tokens are not written byte by byte; what programs count changes meanwhile. */
		if ((info.type == BPF_MAP_TYPE_HASH || info.type == BPF_MAP_TYPE_ARRAY || info.type == BPF_MAP_TYPE_LPM_TRIE) &&
		    info.key_size + info.value_size <= VX_SHOWN_BYTES)
			show_entries(fd, &info, path);
		else
			printf("bpftool map dump pinned $P/%s\n", path);
	}
	close(fd);
	return 0;
}

static int show_policy(const struct vx_policy *policy, void *arg)
{
	char dir[VX_PIN_PATH];
	struct rules r = { .dir = dir };

	if (!*policy->name)
		return 0;
	snprintf(dir, sizeof(dir), "policies/%s%s", policy->name, policy->in_prev ? "/prev" : "");
	printf("# policy %s\n", policy->name);
	show_slot("", policy->id, policy->name, policy->in_prev ? "prev/" : "");
	if (vx_pin_exists("policies/%s/prev/prog", policy->name)) {
		printf("# policy %s, %s; the line above is the way back\n", policy->name,
		       policy->in_prev ? "forth to the version that was rolled back" : "rolled back to the version before");
		show_slot("#", policy->id, policy->name, policy->in_prev ? "" : "prev/");
	}
	vx_pin_each(dir, show_rules, &r);
	return 0;
}

static void show_chain(const char *mark, const struct vx_port *port, int dir, const __u8 ids[VX_CHAIN_MAX])
{
	printf("%sbpftool map update pinned $V/vx_chain_v1 key %u %u 0 0 %u 0 0 0 value", mark, port->id & 0xff, port->id >> 8,
	       (unsigned int)dir);
	put_bytes(ids, VX_CHAIN_MAX);
	putchar('\n');
}

static int show_port(const struct vx_port *port, void *arg)
{
	const __u8 none[VX_CHAIN_MAX] = {};
	char text[VX_CHAIN_TEXT];
	__u8 ids[VX_CHAIN_MAX];
	int dir;

	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		if (vx_chain_get(port->id, dir, ids))
			continue;
		vx_chain_text(ids, text, sizeof(text));
		printf("# port %s, %s: %s\n", port->cfg.name, vx_direction_name(dir), text);
		show_chain("", port, dir, ids);
		if (*ids) {
			printf("# port %s, %s: none, which passes nothing\n", port->cfg.name, vx_direction_name(dir));
			show_chain("#", port, dir, none);
		}
	}
	return 0;
}

static int mark_used(const struct vx_policy *policy, void *arg)
{
	((bool *)arg)[policy->id] = true;
	return 0;
}

int vx_policy_show_bpftool(void)
{
	bool used[VX_POLICY_SLOTS] = { true };
	int id = 1;

	vx_policy_each(mark_used, used);
	while (id < VX_POLICY_SLOTS - 1 && used[id])
		id++;
	printf("P=%s/vhost-xdp; V=$P/v1\n", vx_bpffs());
	vx_policy_each(show_policy, NULL);
	vx_port_each(show_port, NULL);
	printf("# a new policy, from my.c to the first free id\n");
	printf("clang -O2 -g -target bpf -I/usr/include/x86_64-linux-gnu -c my.c -o my.o\n");
	printf("M=$P/policies/my; mkdir $M\n");
	printf("bpftool prog load my.o $M/prog map name vx_policy_v1 pinned $V/vx_policy_v1 "
	       "map name vx_frame_v1 pinned $V/vx_frame_v1 pinmaps $M\n");
	printf("bpftool prog run pinned $P/progs/vx_port data_in f.bin\n");
	printf("bpftool map update pinned $V/vx_policy_v1 key %d 0 0 0 value pinned $M/prog\n", id);
	return 0;
}
