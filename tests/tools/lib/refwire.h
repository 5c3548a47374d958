/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two ends of the kernel's own offloads: a tap with virtio-net headers, and a packet socket. */
#ifndef REFWIRE_H
#define REFWIRE_H

#include <linux/if_tun.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef TUN_F_USO4	/* headers before Linux 6.2 */
#define TUN_F_USO4	0x20
#define TUN_F_USO6	0x40
#endif

#define RW_HDR	12u	/* struct virtio_net_hdr_v1 */

/* Both end the program where they fail. Reads do not block. */
int rw_tap(const char *name);
int rw_packet(const char *dev);
/* TUNSETOFFLOAD; an errno. */
int rw_tap_offload(int tap, unsigned int flags);

/* The next frame that arrived at a packet socket, its tag put back; its length, or -1 when none comes within ms. */
int rw_recv(int sock, uint8_t *frame, size_t room, int ms);
/* The next from the tap, header first. */
int rw_tap_recv(int tap, uint8_t *buf, size_t room, int ms);
void rw_tap_wait(int tap, int ms);

/* A frame that is neither segmented nor merged, with a number. */
#define RW_MARK_LEN	60u
void rw_mark(uint8_t frame[RW_MARK_LEN], uint32_t number);
bool rw_is_mark(const uint8_t *frame, size_t len, uint32_t *number);

#endif
