// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vufront SOCKET [NAME VALUE]...: a guest's network driver, reduced to what proves a back end: it sends and receives
 * sequence-numbered frames over virtqueues of every shape. Status 0 only when all expected frames came once and unharmed,
 * all sent buffers came back, and the dirty log (if on) names every page that was written. Instead of a socket: a vhost
 * device of the kernel, as in lib/vk.h.
 *
 * shape	packed, indirect, event, mrg, v1, csum, tso (0/1); size: ring entries; queues: pairs; regions: of memory;
 *		slots 1: regions one by one; pieces: descriptors a frame is cut into; rxbuf: bytes of a receive buffer;
 *		headroom: bytes of a page before each of them, as a driver with XDP has it;
 *		uso N: sends N datagrams in one buffer; gcsum, gtso, guso: what it takes;
 *		toggles N: switches gtso and guso off and on N times while it receives
 * traffic	send, pps, len, flow, mac, dst, ip, peer; expect, eflow; stream BYTES (with tso: in superframes of len bytes)
 *		estream BYTES: of a stream must arrive; supers N: at least so many superframes, 0: none
 * time, idle	bounds, s and ms; ready FILE: made when the rings run; linger MS: keep receiving after all is done
 * reconnects N	leave and come back N times while sending; pauses N: stop and restart the rings N times, by GET_VRING_BASE
 * log 1	dirty log on; log 2: only after half of the frames, while the rings run; rarp 1: announce mac, as after a migration
 * moves N	(kernel) memory is mapped elsewhere N times, and the rings' addresses follow, while they run
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ring.h"
#include "lib/seqframe.h"
#include "lib/super.h"
#include "lib/vk.h"
#include "lib/words.h"

#define PAIRS		8
#define TX_BUFFERS	256
#define FRAME_MAX	65562
#define MERGE_MAX	64

static uint64_t packed, indirect = 1, event = 1, mrg = 1, v1 = 1, csum, tso, uso, size = 256, pairs = 1, regions = 3, slots;
static uint64_t headroom, gcsum, gtso, guso, toggles, estream, want_supers = UINT64_MAX;
static uint64_t pieces = 1, rxbuf = 1526;
static uint64_t n_send, pps = 20000, len = 60, flow, n_expect, eflow = UINT64_MAX, stream, mss = 1448;
static uint64_t seconds = 30, idle_ms = 1000, linger_ms, reconnects, pauses, moves, log_on, rarp;
static const char *ready_file, *path;
static struct seq_addr addr;

static struct vu vu = { .sock = -1 };
static struct ring rx[PAIRS], tx[PAIRS];
static struct seq_score score;
static struct super_score supers;
static uint64_t taken;		/* offloads that the device may use now */
static uint64_t toggled, toggled_at, toggled_supers;
static size_t hdr_len;
static uint64_t sent, posted, returned, sent_bytes, log_missing;	/* posted: buffers, which may be several datagrams */
static bool logging;

static uint8_t *tx_free[TX_BUFFERS * PAIRS];
static unsigned int tx_free_n;
static uint8_t *tx_middle;	/* far from what the device writes */

static void fail(const char *what)
{
	fprintf(stderr, "vufront: %s\n", what);
	exit(1);
}

/* --- receive -------------------------------------------------------------- */

static void rx_fill(struct ring *r, uint8_t *buf)
{
	struct piece piece[RING_PIECES];
	unsigned int n = 0;
	size_t at = 0;

	/* without mergeable buffers the header may stand alone */
	if (!mrg && pieces > 1) {
		piece[n++] = (struct piece){ buf, hdr_len };
		at = hdr_len;
	}
	piece[n++] = (struct piece){ buf + at, rxbuf - at };
	if (!ring_add(r, piece, n, true, buf))
		fail("receive ring full");
}

static void check_log(const uint8_t *buf, uint32_t used)
{
	if (!logging)
		return;
	for (uint32_t at = 0; at < used; at += 4096)
		log_missing += !vu_log_dirty(&vu, buf + at);
	log_missing += used && !vu_log_dirty(&vu, buf + used - 1);
}

/* Gather one frame, which may have been spread over several buffers; false when there is none. */
static bool rx_one(struct ring *r)
{
	static uint8_t frame[FRAME_MAX + MERGE_MAX];
	struct virtio_net_hdr_v1 hdr = { 0 };
	unsigned int buffers = 1;
	const char *wrong;
	size_t have = 0;

	for (unsigned int i = 0; i < buffers; i++) {
		uint32_t used = 0, skip = i ? 0 : hdr_len;
		uint8_t *buf;
		int tries = 1000;

		/* all buffers of a frame become visible together, or at least very soon */
		while (!(buf = ring_get(r, &used)) && i && --tries)
			usleep(100);
		if (!buf && !i)
			return false;
		if (!buf || used < skip || used > rxbuf || have + used > sizeof(frame))
			fail("malformed used buffer");
		if (!i) {
			memcpy(&hdr, buf, hdr_len);
			buffers = hdr_len == sizeof(hdr) ? hdr.num_buffers : 1;
			if (!buffers || buffers > MERGE_MAX || (!mrg && buffers != 1))
				fail("num_buffers is wrong");
		}
		check_log(buf, used);
		memcpy(frame + have, buf + skip, used - skip);
		have += used - skip;
		memset(buf, 0xee, rxbuf);
		rx_fill(r, buf);
	}
	wrong = super_judge(&supers, &hdr, hdr_len, taken, frame, have, &score, eflow);
	if (wrong)
		fail(wrong);
	return true;
}

static uint64_t rx_all(void)
{
	uint64_t n = 0;

	for (unsigned int q = 0; q < pairs; q++) {
		do {
			while (rx_one(&rx[q]))
				n++;
			ring_kick(&rx[q]);
		} while (ring_arm(&rx[q]));
	}
	return n;
}

/* --- send ------------------------------------------------------------------ */

static unsigned int cut(uint8_t *buf, size_t total, struct piece *piece)
{
	size_t at = 0, step = (total + pieces - 1) / pieces;
	unsigned int n = 0;

	while (at < total) {
		size_t take = at + step > total ? total - at : step;

		piece[n++] = (struct piece){ buf + at, take };
		at += take;
	}
	return n;
}

static bool tx_one(struct ring *r)
{
	struct virtio_net_hdr_v1 hdr = { 0 };
	struct piece piece[RING_PIECES];
	uint64_t n = uso && n_send - sent > uso ? uso : uso ? n_send - sent : 1;
	uint16_t l4 = 34, headers;
	uint8_t *buf;
	size_t total;

	if (!tx_free_n)
		return false;
	buf = tx_free[tx_free_n - 1];
	if (stream) {
		size_t payload = stream - sent_bytes < len ? stream - sent_bytes : len;

		total = seq_segment(buf + hdr_len, payload, &addr, sent_bytes, csum ? SEQ_CSUM_PARTIAL : SEQ_CSUM_FULL, &l4, &headers);
		if (payload > mss) {
			hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
			hdr.gso_size = mss;
			hdr.hdr_len = headers;
		}
		hdr.csum_offset = 16;
	} else if (n > 1) {
		total = super_datagrams(buf + hdr_len, n, len, &addr, sent, &hdr.gso_size);
		hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
		hdr.hdr_len = l4 + 8;
		hdr.csum_offset = 6;
	} else {
		total = seq_datagram(buf + hdr_len, len, &addr, sent, csum ? SEQ_CSUM_PARTIAL : SEQ_CSUM_FULL);
		hdr.csum_offset = 6;
	}
	if (csum) {
		hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		hdr.csum_start = l4;
	} else {
		hdr.csum_offset = 0;
	}
	memcpy(buf, &hdr, hdr_len);
	if (!ring_add(r, piece, cut(buf, hdr_len + total, piece), false, buf))
		return false;
	tx_free_n--;
	if (stream)
		sent_bytes += stream - sent_bytes < len ? stream - sent_bytes : len;
	sent += n;
	posted++;
	return true;
}

static uint64_t tx_reap(void)
{
	uint32_t ignored;
	uint64_t n = 0;
	uint8_t *buf;

	for (unsigned int q = 0; q < pairs; q++) {
		do {
			while ((buf = ring_get(&tx[q], &ignored))) {
				tx_free[tx_free_n++] = buf;
				n++;
			}
		} while (ring_arm(&tx[q]));
	}
	returned += n;
	return n;
}

static bool tx_done(void)
{
	return sent >= n_send && sent_bytes >= stream;
}

static void tx_due(uint64_t start)
{
	uint64_t due = (now_ns() - start) * pps / 1000000000 + 1;

	while (sent < due && !tx_done())
		if (!tx_one(&tx[posted % pairs]))
			break;
	for (unsigned int q = 0; q < pairs; q++)
		ring_kick(&tx[q]);
}

/* --- session --------------------------------------------------------------- */

static void memory_init(void)
{
	size_t tx_len = hdr_len + (stream ? len + 64 : 0) + (len < SEQ_MIN_LEN ? SEQ_MIN_LEN : len) * (uso ? uso : 1) + 2;

	if (vu_mem_init(&vu, regions))
		fail("no memory");
	for (unsigned int q = 0; q < pairs; q++) {
		unsigned int buffers = size / (mrg || pieces == 1 ? 1 : 2);

		if (ring_init(&rx[q], &vu, 2 * q, size, packed, indirect, event) ||
		    ring_init(&tx[q], &vu, 2 * q + 1, size, packed, indirect, event))
			fail("no memory");
		if (indirect && !mrg)
			buffers = size;
		for (unsigned int i = 0; i < buffers; i++)
			rx_fill(&rx[q], headroom ? (uint8_t *)vu_alloc(&vu, headroom + rxbuf, 4096) + headroom : vu_alloc(&vu, rxbuf, 2));
		for (unsigned int i = 0; i < TX_BUFFERS; i++)
			tx_free[tx_free_n++] = vu_alloc(&vu, tx_len, 2);
		tx_middle = tx_free[tx_free_n - TX_BUFFERS / 2];
	}
}

static void negotiate(void)
{
	uint64_t wanted = F_PROTOCOL;

	wanted |= v1 ? F_VERSION_1 : 0;
	wanted |= packed ? F_PACKED : 0;
	wanted |= indirect ? F_INDIRECT : 0;
	wanted |= event ? F_EVENT_IDX : 0;
	wanted |= mrg ? F_MRG_RXBUF : 0;
	wanted |= csum ? F_CSUM : 0;
	wanted |= tso ? F_HOST_TSO4 : 0;
	wanted |= uso ? F_HOST_USO : 0;
	wanted |= gcsum || gtso || guso ? F_GUEST_CSUM : 0;
	wanted |= gtso ? F_GUEST_TSO4 : 0;
	wanted |= guso ? F_GUEST_USO4 : 0;
	vu.pairs = pairs;
	if (vu_connect(&vu, path))
		fail("cannot connect");
	if (vu_negotiate(&vu, wanted))
		fail("negotiation failed");
	if ((vu.features & wanted) != wanted) {
		fprintf(stderr, "vufront: not offered: features 0x%" PRIx64 "\n", wanted & ~vu.offered);
		exit(1);
	}
	taken = vu.features;
}

static void start_rings(void)
{
	if (vu_share_memory(&vu, slots))
		fail("memory refused");
	logging |= log_on == 1;
	if (logging && vu_log_start(&vu))
		fail("dirty log refused");
	for (unsigned int q = 0; q < pairs; q++)
		if (ring_start(&rx[q], ring_base(&rx[q])) || ring_start(&tx[q], ring_base(&tx[q])))
			fail("ring refused");
	if (vu_set_status(&vu, 0x0f))
		fail("DRIVER_OK refused");
	for (unsigned int q = 0; q < pairs; q++)
		rx[q].pending = 1;	/* what was filled in before the start */
	for (unsigned int q = 0; q < pairs; q++)
		ring_kick(&rx[q]);
}

static void wait_tx_returned(void)
{
	uint64_t end = now_ns() + 3000000000ull;

	while (returned < posted) {
		tx_reap();
		rx_all();
		if (now_ns() > end)
			fail("sent buffers do not come back");
		usleep(200);
	}
}

/* In a packed base the upper half names the used index; older back ends leave it 0, as older front ends did. */
static bool same_base(uint32_t base, uint32_t want)
{
	return base == want || (packed && base == (want & 0xffff));
}

static void stop_rings(void)
{
	for (unsigned int q = 0; q < pairs; q++) {
		uint32_t base;

		if (vu_get_base(&vu, 2 * q + 1, &base))
			fail("no answer to GET_VRING_BASE");
		if (!same_base(base, ring_base(&tx[q])))
			fail("GET_VRING_BASE disagrees with the ring (send)");
		if (vu_get_base(&vu, 2 * q, &base))
			fail("no answer to GET_VRING_BASE");
		while (rx_one(&rx[q]))
			;
		/* what was just filled in again is available, but not the device's yet: bases count used buffers */
		if (!same_base(base, ring_base(&rx[q])))
			fail("GET_VRING_BASE disagrees with the ring (receive)");
	}
}

static void rings_follow(void)
{
	for (unsigned int q = 0; q < pairs; q++)
		if (ring_set_addr(&rx[q]) || ring_set_addr(&tx[q]))
			fail("new addresses refused");
}

/* As a migration starts: nothing stops. What came before is not in the log. */
static void log_session(void)
{
	if (vu_log_start(&vu))
		fail("dirty log refused");
	rings_follow();
	rx_all();
	logging = true;
}

static void move_session(void)
{
	if (vk_move_memory(&vu))
		fail("new memory table refused");
	rings_follow();
	vk_unmap_old(&vu);
}

static void pause_session(void)
{
	wait_tx_returned();
	stop_rings();
	/* what is logged again must be written again */
	if (logging)
		memset(vu.log, 0, vu.log_size);
	start_rings();
}

static void reconnect_session(void)
{
	wait_tx_returned();
	vu_disconnect(&vu);
	usleep(20000);
	rx_all();
	negotiate();
	start_rings();
}

/* As a driver with CTRL_GUEST_OFFLOADS, whose VMM passes it on. What came before it was acknowledged is still as it was. */
static void toggle_session(void)
{
	uint64_t next = taken ^ (vu.features & (F_GUEST_TSO4 | F_GUEST_USO4));

	/* What is written before the answer is of either kind. */
	taken |= next;
	if (vu_set_u64(&vu, VU_SET_FEATURES, next))
		fail("a change of offloads was refused");
	rx_all();
	taken = next;
	toggled++;
	toggled_at = score.bytes;
	toggled_supers = supers.supers;
}

/* After so much of the stream; what is on has to be used before it is switched off. */
static bool toggle_due(void)
{
	return toggled < 2 * toggles && score.bytes - toggled_at >= estream / (8 * toggles) &&
	       (taken != vu.features || supers.supers != toggled_supers);
}

static void announce(void)
{
	uint64_t mac = 0;

	memcpy(&mac, addr.mac, 6);
	if (vu_set_u64(&vu, VU_SEND_RARP, mac))
		fail("SEND_RARP refused");
}

/* --- main loop --------------------------------------------------------------- */

static void wait_calls(int ms)
{
	struct pollfd pfd[2 * PAIRS + 1];
	uint64_t ignored;
	unsigned int n = 0;

	for (unsigned int q = 0; q < pairs; q++) {
		pfd[n++] = (struct pollfd){ .fd = rx[q].call, .events = POLLIN };
		pfd[n++] = (struct pollfd){ .fd = tx[q].call, .events = POLLIN };
	}
	pfd[n] = (struct pollfd){ .fd = vu.sock, .events = POLLRDHUP };
	poll(pfd, n + 1, ms);
	for (unsigned int i = 0; i < n; i++)
		if (pfd[i].revents && read(pfd[i].fd, &ignored, sizeof(ignored)) < 0)
			fail("call eventfd");
	if (pfd[n].revents)
		fail("the back end hung up");
}

static bool complete(void)
{
	return tx_done() && returned >= posted && score.received >= n_expect && score.bytes >= estream;
}

static void flow_run(void)
{
	uint64_t start = now_ns(), last = start, next_break, breaks = reconnects + pauses + moves + (log_on > 1), done_breaks = 0;
	uint64_t frames = stream ? (stream + len - 1) / len : n_send;

	next_break = breaks ? frames / (breaks + 1) : UINT64_MAX;
	for (;;) {
		uint64_t now;

		if (!tx_done())
			tx_due(start);
		if (tx_reap() + rx_all() || !tx_done())
			last = now_ns();
		if (done_breaks < breaks && sent >= next_break) {
			done_breaks++;
			next_break += frames / (breaks + 1);
			if (done_breaks <= reconnects)
				reconnect_session();
			else if (done_breaks <= reconnects + pauses)
				pause_session();
			else if (done_breaks <= reconnects + pauses + moves)
				move_session();
			else
				log_session();
			continue;
		}
		if (toggle_due())
			toggle_session();
		now = now_ns();
		if (complete() && now - last > (linger_ms ? linger_ms : 100) * 1000000)
			break;
		if (now - start > seconds * 1000000000 || (tx_done() && now - last > idle_ms * 1000000))
			break;
		wait_calls(tx_done() ? 50 : 1);
	}
}

static int verdict(void)
{
	uint64_t bogus = 0;
	int rc = estream ? score.bytes < estream || score.corrupt || score.duplicated || score.reordered : !seq_perfect(&score);

	for (unsigned int q = 0; q < pairs; q++)
		bogus += rx[q].bogus + tx[q].bogus;
	printf("vufront: sent %" PRIu64 ", returned %" PRIu64 "\n", posted, returned);
	seq_print("vufront", &score);
	if (supers.supers || supers.marked)
		printf("vufront: %" PRIu64 " superframes of %" PRIu64 " frames, %" PRIu64 " others with a checksum vouched for\n",
		       supers.supers, supers.merged, supers.marked);
	if (toggled < 2 * toggles) {
		printf("vufront: offloads were switched %" PRIu64 " times only: no superframes came while they were wanted\n", toggled);
		rc = 1;
	}
	if (want_supers != UINT64_MAX && (want_supers ? supers.supers < want_supers : supers.supers != 0)) {
		printf("vufront: that is not as many superframes as there should be\n");
		rc = 1;
	}
	if (returned < posted || bogus)
		rc = 1;
	if (bogus)
		printf("vufront: %" PRIu64 " used entries with an id that was not the device's\n", bogus);
	if (logging) {
		/* a log that names everything is no log: what we sent was only read */
		if (vu_log_dirty(&vu, tx_middle)) {
			printf("vufront: pages in the dirty log that were only read\n");
			rc = 1;
		}
		printf("vufront: %" PRIu64 " pages written but not in the dirty log\n", log_missing);
		for (unsigned int q = 0; q < pairs; q++)
			if (!vu_log_dirty(&vu, packed ? (void *)rx[q].pdesc : (void *)rx[q].used))
				rc = 1;
		rc |= log_missing != 0;
	}
	return rc;
}

int main(int argc, char **argv)
{
	const struct word table[] = {
		{ "packed", WORD_U64, &packed }, { "indirect", WORD_U64, &indirect }, { "event", WORD_U64, &event },
		{ "mrg", WORD_U64, &mrg }, { "v1", WORD_U64, &v1 }, { "csum", WORD_U64, &csum }, { "tso", WORD_U64, &tso },
		{ "uso", WORD_U64, &uso }, { "gcsum", WORD_U64, &gcsum }, { "gtso", WORD_U64, &gtso }, { "guso", WORD_U64, &guso },
		{ "toggles", WORD_U64, &toggles }, { "estream", WORD_U64, &estream }, { "supers", WORD_U64, &want_supers },
		{ "size", WORD_U64, &size }, { "queues", WORD_U64, &pairs }, { "regions", WORD_U64, &regions },
		{ "slots", WORD_U64, &slots }, { "pieces", WORD_U64, &pieces }, { "rxbuf", WORD_U64, &rxbuf },
		{ "headroom", WORD_U64, &headroom },
		{ "send", WORD_U64, &n_send }, { "pps", WORD_U64, &pps }, { "len", WORD_U64, &len }, { "flow", WORD_U64, &flow },
		{ "mac", WORD_MAC, addr.mac }, { "dst", WORD_MAC, addr.dst }, { "ip", WORD_IP, &addr.ip },
		{ "peer", WORD_IP, &addr.peer }, { "expect", WORD_U64, &n_expect }, { "eflow", WORD_U64, &eflow },
		{ "stream", WORD_U64, &stream }, { "mss", WORD_U64, &mss }, { "time", WORD_U64, &seconds },
		{ "idle", WORD_U64, &idle_ms }, { "linger", WORD_U64, &linger_ms }, { "reconnects", WORD_U64, &reconnects },
		{ "pauses", WORD_U64, &pauses }, { "moves", WORD_U64, &moves }, { "log", WORD_U64, &log_on }, { "rarp", WORD_U64, &rarp },
		{ "ready", WORD_TEXT, &ready_file }, {}
	};
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: vufront SOCKET [NAME VALUE]...\n");
		return 2;
	}
	path = argv[1];
	words_parse("vufront SOCKET", table, argc - 2, argv + 2);
	if (!pairs || pairs > PAIRS || !regions || regions > VU_REGIONS || !pieces || pieces > RING_PIECES || !size || size > 32768)
		fail("queues, regions, pieces or size out of range");
	addr.flow = flow;
	if (eflow == UINT64_MAX)
		eflow = flow;
	hdr_len = v1 || mrg ? sizeof(struct virtio_net_hdr_v1) : sizeof(struct virtio_net_hdr);
	if (seq_score_init(&score, n_expect))
		return 2;
	negotiate();
	memory_init();
	start_rings();
	if (rarp)
		announce();
	if (ready_file) {
		fd = open(ready_file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		if (fd >= 0)
			close(fd);
	}
	flow_run();
	stop_rings();
	vu_disconnect(&vu);
	return verdict();
}
