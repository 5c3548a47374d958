// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include "pump.h"

#include "offloads.h"

static const struct {
	const char *name;
	__u8 bit[VX_DIRECTIONS];
} offloads[] = {
	{ "csum", { VIRTIO_NET_F_GUEST_CSUM, VIRTIO_NET_F_CSUM } },
	{ "tso4", { VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_HOST_TSO4 } },
	{ "tso6", { VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_HOST_TSO6 } },
	{ "ecn", { VIRTIO_NET_F_GUEST_ECN, VIRTIO_NET_F_HOST_ECN } },
	{ "uso4", { VIRTIO_NET_F_GUEST_USO4, VIRTIO_NET_F_HOST_USO } },
	{ "uso6", { VIRTIO_NET_F_GUEST_USO6, VIRTIO_NET_F_HOST_USO } },
};

#define N_OFFLOADS	(sizeof(offloads) / sizeof(offloads[0]))

static bool has(__u64 features, enum vx_direction dir, size_t i)
{
	return features >> offloads[i].bit[dir] & 1;
}

const char *vx_offloads_text(__u64 features, enum vx_direction dir, char text[VX_OFFLOADS_TEXT])
{
	int n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < N_OFFLOADS; i++)
		if (has(features, dir, i))
			n += snprintf(text + n, VX_OFFLOADS_TEXT - n, "%s%s", n ? " " : "", offloads[i].name);
	return n ? text : strcpy(text, "none");
}

json_t *vx_offloads_json(__u64 features, enum vx_direction dir)
{
	json_t *names = json_array();

	for (size_t i = 0; i < N_OFFLOADS; i++)
		if (has(features, dir, i))
			json_array_append_new(names, json_string(offloads[i].name));
	return names;
}
