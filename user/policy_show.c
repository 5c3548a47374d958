// SPDX-License-Identifier: GPL-2.0-or-later
/* The bpftool commands for the state at hand: what this program does, an operator can do by hand. */
#include <stdio.h>
#include <string.h>

#include "pins.h"
#include "policy.h"
#include "port.h"
#include "words.h"

static int show_policy(const struct vx_policy *policy, void *arg)
{
	if (!*policy->name)
		return 0;
	printf("# policy %s\n", policy->name);
	printf("bpftool map update pinned $V/vx_policy_v1 key %u 0 0 0 value pinned $P/policies/%s/prog\n", policy->id,
	       policy->name);
	return 0;
}

static int show_port(const struct vx_port *port, void *arg)
{
	char text[VX_CHAIN_TEXT];
	__u8 ids[VX_CHAIN_MAX];
	int dir, i;

	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		if (vx_chain_get(port->id, dir, ids))
			continue;
		vx_chain_text(ids, text, sizeof(text));
		printf("# port %s, %s: %s\n", port->cfg.name, vx_direction_name(dir), text);
		printf("bpftool map update pinned $V/vx_chain_v1 key %u %u 0 0 %u 0 0 0 value", port->id & 0xff,
		       port->id >> 8, (unsigned int)dir);
		for (i = 0; i < VX_CHAIN_MAX; i++)
			printf(" %u", ids[i]);
		putchar('\n');
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
