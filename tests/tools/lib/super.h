/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a driver that takes super-frames may be given (virtio 1.3, 5.1.6.4): the header before a frame is checked against
 * what was negotiated and against the frame, and the frame is judged as the segments that it was made of.
 */
#ifndef SUPER_H
#define SUPER_H

#include <linux/virtio_net.h>

#include "seqframe.h"

/* Linux 6.2 */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

struct super_score {
	uint64_t supers;	/* frames made of several */
	uint64_t merged;	/* what those were made of */
	uint64_t marked;	/* other frames whose checksum was vouched for */
};

/* n datagrams of len bytes in one, its checksum left to the device. Returns its length; *size: of each segment. */
size_t super_datagrams(uint8_t *frame, unsigned int n, size_t len, const struct seq_addr *a, uint64_t seq, uint16_t *size);

/* NULL, or what is wrong with it. hdr: of hdr_len bytes; the frame is changed. offloads: virtio feature bits that are on. */
const char *super_judge(struct super_score *s, const void *hdr, size_t hdr_len, uint64_t offloads, uint8_t *frame, size_t len,
			struct seq_score *score, uint16_t flow);

#endif
