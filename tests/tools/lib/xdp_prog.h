/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XDP programs of a few instructions, made without a compiler. All return an fd, or end the program: a test cannot do without. */
#ifndef XDP_PROG_H
#define XDP_PROG_H

#include <linux/bpf.h>
#include <stdint.h>

int prog_verdict(enum bpf_prog_type type, enum bpf_attach_type attach, int verdict);
/* To the AF_XDP socket of the queue; frames of other queues get the verdict. */
int prog_to_sockets(int xskmap, int verdict);
/* But frames whose first byte behind the Ethernet header is mark are dropped. */
int prog_to_sockets_but(int xskmap, uint8_t mark);
/* To entry 0 of a DEVMAP_HASH; without it the frame is aborted. */
int prog_to_netdev(int devmap);
/* Whatever program is in slot 0 of a PROG_ARRAY; without one the frame is dropped. */
int prog_tail_call(int prog_array);

int map_new(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags);
void map_set(int map, uint32_t key, const void *value);

#endif
