// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * seqflow DEV [send N] [expect N] ...: a sequence-numbered flow on a netdev, as any host on that wire would send or
 * receive it (AF_PACKET). Prints what arrived; status 0 only when each expected frame arrived once and unharmed.
 *
 * send N	datagrams to send, pps of them a second, each len bytes
 * tcp N	or N bytes of a TCP stream, in segments of mss bytes
 * expect N	datagrams of flow eflow that must arrive
 * stream N	at least N bytes of a TCP stream must arrive instead, in segments of at most mss bytes
 * idle MS	after sending, stop when nothing has arrived for this long
 * time S	upper bound for everything
 * ready FILE	is made when frames will be seen
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/seqframe.h"
#include "lib/words.h"

#define BURST	128

static uint64_t n_send, n_expect, stream, tcp, pps = 10000, len = 60, idle_ms = 1000, seconds = 30, flow, eflow = UINT64_MAX, mss;
static const char *ready_file;
static struct seq_addr addr;
static struct seq_score score;

static int open_dev(const char *dev)
{
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, bytes = 64 << 20;
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	sll.sll_ifindex = if_nametoindex(dev);
	if (sock < 0 || !sll.sll_ifindex)
		goto fail;
	setsockopt(sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (bind(sock, (struct sockaddr *)&sll, sizeof(sll)))
		goto fail;
	return sock;
fail:
	fprintf(stderr, "seqflow: %s: %s\n", dev, strerror(errno));
	exit(2);
}

static uint64_t receive(int sock)
{
	static uint8_t frame[65536 + 64];
	uint64_t n = 0;

	for (;;) {
		ssize_t got = recv(sock, frame, sizeof(frame), MSG_TRUNC);

		if (got < 0)
			return n;
		seq_judge(&score, frame, (size_t)got < sizeof(frame) ? (size_t)got : sizeof(frame), eflow);
		n++;
	}
}

static size_t segment(uint8_t *frame, uint64_t i)
{
	uint64_t pos = i * mss;
	uint16_t l4, headers;

	addr.more = i + 1 < n_send;
	return seq_segment(frame, addr.more ? mss : tcp - pos, &addr, pos, SEQ_CSUM_FULL, &l4, &headers);
}

static uint64_t send_due(int sock, uint64_t start, uint64_t sent)
{
	static uint8_t frame[65536];
	uint64_t due = (now_ns() - start) * pps / 1000000000 + 1;

	/* A sender that was not scheduled for a while must not flood the rings on its way. */
	if (due > sent + BURST)
		due = sent + BURST;
	if (due > n_send)
		due = n_send;
	while (sent < due) {
		size_t size = tcp ? segment(frame, sent) : seq_datagram(frame, len, &addr, sent, SEQ_CSUM_FULL);

		if (send(sock, frame, size, 0) < 0)
			break;	/* the netdev's queue is full: later */
		sent++;
		addr.id++;
	}
	return sent;
}

static int complete(uint64_t sent)
{
	return sent == n_send && (n_expect || stream) && score.received >= n_expect && score.bytes >= stream;
}

static void flow_run(int sock)
{
	uint64_t start = now_ns(), last = start, sent = 0;

	for (;;) {
		struct pollfd pfd = { .fd = sock, .events = POLLIN };
		uint64_t now;

		if (sent < n_send)
			sent = send_due(sock, start, sent);
		if (receive(sock) || sent < n_send)
			last = now_ns();
		now = now_ns();
		if (complete(sent) && now - last > 100000000)
			break;	/* 100 ms more, to see duplicates */
		if (now - start > seconds * 1000000000 || (sent == n_send && n_send && now - last > idle_ms * 1000000))
			break;
		poll(&pfd, 1, sent < n_send ? 1 : 20);
	}
	if (n_send)
		printf("seqflow: sent %llu\n", (unsigned long long)sent);
}

int main(int argc, char **argv)
{
	const struct word table[] = {
		{ "send", WORD_U64, &n_send }, { "expect", WORD_U64, &n_expect }, { "stream", WORD_U64, &stream },
		{ "tcp", WORD_U64, &tcp },
		{ "pps", WORD_U64, &pps }, { "len", WORD_U64, &len }, { "idle", WORD_U64, &idle_ms },
		{ "time", WORD_U64, &seconds }, { "flow", WORD_U64, &flow }, { "eflow", WORD_U64, &eflow },
		{ "mss", WORD_U64, &mss }, { "mac", WORD_MAC, addr.mac }, { "dst", WORD_MAC, addr.dst },
		{ "ip", WORD_IP, &addr.ip }, { "peer", WORD_IP, &addr.peer }, { "ready", WORD_TEXT, &ready_file }, {}
	};
	int sock, fd;

	if (argc < 2) {
		fprintf(stderr, "usage: seqflow DEV [send N] [expect N] ...\n");
		return 2;
	}
	words_parse("seqflow DEV", table, argc - 2, argv + 2);
	addr.flow = flow;
	if (eflow == UINT64_MAX)
		eflow = flow;
	if (tcp) {
		mss = mss ? mss : 1448;
		n_send = (tcp + mss - 1) / mss;
	}
	sock = open_dev(argv[1]);
	if (seq_score_init(&score, n_expect))
		return 2;
	if (ready_file) {
		fd = open(ready_file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		if (fd >= 0)
			close(fd);
	}
	flow_run(sock);
	seq_print("seqflow", &score);
	if (stream)
		return score.bytes < stream || score.corrupt || score.duplicated || score.reordered || (mss && score.largest > mss);
	return !n_expect ? 0 : !seq_perfect(&score);
}
