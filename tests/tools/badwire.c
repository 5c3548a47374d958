// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * badwire DEV DEV [NAME VALUE]...: carries frames between two netdevs, and not too well. For hosts without netem, and the same
 * on all of them.
 *
 * loss, twice, late	of 1000 frames so many are lost, sent twice, or held back
 * by MS		how long; those behind them overtake
 * seed N		of the dice
 * ready FILE		is made when frames pass
 *
 * Ends by SIGTERM, and then says what it did to how many frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/words.h"

#define HELD	256
#define FRAME	(sizeof(struct virtio_net_hdr) + 65536 + 64)

struct held {
	uint64_t due;	/* ns; 0: free */
	int to;
	size_t len;
	uint8_t *frame;
};

static uint64_t loss, twice, late, by_ms = 5, seed = 1;
static const char *ready_file;
static struct held held[HELD];
static uint64_t carried, lost, doubled, delayed, failed;
static volatile sig_atomic_t ended;

static void end(int signal)
{
	ended = signal;
}

static int open_dev(const char *dev)
{
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, bytes = 32 << 20;
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	sll.sll_ifindex = if_nametoindex(dev);
	if (sock < 0 || !sll.sll_ifindex || setsockopt(sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    /* what GRO merged on its way here is cut again on its way out */
	    setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    bind(sock, (struct sockaddr *)&sll, sizeof(sll))) {
		fprintf(stderr, "badwire: %s: %s\n", dev, strerror(errno));
		exit(2);
	}
	return sock;
}

static void pass(int to, const uint8_t *frame, size_t len)
{
	if (send(to, frame, len, 0) < 0)
		failed++;
	else
		carried++;
}

static bool dice(uint64_t permille)
{
	return (uint64_t)random() % 1000 < permille;
}

static bool hold(int to, const uint8_t *frame, size_t len)
{
	for (struct held *h = held; h < held + HELD; h++) {
		if (h->due)
			continue;
		*h = (struct held){ now_ns() + by_ms * 1000000, to, len, malloc(len) };
		if (!h->frame)
			exit(2);
		memcpy(h->frame, frame, len);
		return true;
	}
	return false;
}

static void release(uint64_t now)
{
	for (struct held *h = held; h < held + HELD; h++) {
		if (!h->due || h->due > now)
			continue;
		pass(h->to, h->frame, h->len);
		free(h->frame);
		h->due = 0;
	}
}

static void carry(int from, int to)
{
	static uint8_t frame[FRAME];

	for (int i = 0; i < 64; i++) {
		ssize_t len = recv(from, frame, sizeof(frame), 0);

		if (len < 0)
			return;
		if (dice(loss)) {
			lost++;
		} else if (dice(late) && hold(to, frame, len)) {
			delayed++;
		} else {
			pass(to, frame, len);
			if (dice(twice)) {
				doubled++;
				pass(to, frame, len);
			}
		}
	}
}

static void make_ready(void)
{
	int fd = ready_file ? open(ready_file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct word table[] = {
		{ "loss", WORD_U64, &loss }, { "twice", WORD_U64, &twice }, { "late", WORD_U64, &late }, { "by", WORD_U64, &by_ms },
		{ "seed", WORD_U64, &seed }, { "ready", WORD_TEXT, &ready_file }, {}
	};
	const struct sigaction act = { .sa_handler = end };
	struct pollfd pfd[2];

	if (argc < 3) {
		fprintf(stderr, "usage: badwire DEV DEV [NAME VALUE]...\n");
		return 2;
	}
	words_parse("badwire DEV DEV", table, argc - 3, argv + 3);
	srandom(seed);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	for (int i = 0; i < 2; i++)
		pfd[i] = (struct pollfd){ .fd = open_dev(argv[1 + i]), .events = POLLIN };
	make_ready();
	while (!ended) {
		poll(pfd, 2, late ? 1 : 100);
		carry(pfd[0].fd, pfd[1].fd);
		carry(pfd[1].fd, pfd[0].fd);
		release(now_ns());
	}
	printf("badwire: %llu frames carried, %llu lost, %llu twice, %llu late, %llu refused\n", (unsigned long long)carried,
	       (unsigned long long)lost, (unsigned long long)doubled, (unsigned long long)delayed, (unsigned long long)failed);
	return 0;
}
