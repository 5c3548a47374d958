// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_ether.h>
#include <pcap/pcap.h>
#include <vhost_xdp/watch.h>

#include "frame_filter.h"
#include "say.h"

#define TAG	4u

struct vx_frame_filter {
	struct bpf_program program;
};

struct vx_frame_filter *vx_frame_filter_new(const char *expression)
{
	struct vx_frame_filter *f = calloc(1, sizeof(*f));
	pcap_t *p = pcap_open_dead(DLT_EN10MB, VX_SNAP_MAX);

	if (!f || !p) {
		vx_fail(-ENOMEM, "out of memory");
	} else if (pcap_compile(p, &f->program, expression, 1, PCAP_NETMASK_UNKNOWN)) {
		vx_fail(-EINVAL, "'%s' is no filter: %s; see pcap-filter(7)", expression, pcap_geterr(p));
	} else {
		pcap_close(p);
		return f;
	}
	free(f);
	if (p)
		pcap_close(p);
	return NULL;
}

void vx_frame_filter_free(struct vx_frame_filter *f)
{
	if (!f)
		return;
	pcap_freecode(&f->program);
	free(f);
}

static bool match(const struct vx_frame_filter *f, const __u8 *data, __u32 caplen, __u32 len)
{
	const struct pcap_pkthdr header = { .caplen = caplen, .len = len };

	return pcap_offline_filter(&f->program, &header, data);
}

bool vx_frame_filter_match(const struct vx_frame_filter *f, const __u8 *data, __u32 caplen, __u32 len)
{
	__u8 untagged[VX_SNAP_MAX];

	if (match(f, data, caplen, len))
		return true;
	if (caplen < ETH_HLEN + TAG || caplen > sizeof(untagged) || data[12] != 0x81 || data[13])
		return false;
	memcpy(untagged, data, 2 * ETH_ALEN);
	memcpy(untagged + 2 * ETH_ALEN, data + 2 * ETH_ALEN + TAG, caplen - 2 * ETH_ALEN - TAG);
	return match(f, untagged, caplen - TAG, len - TAG);
}
