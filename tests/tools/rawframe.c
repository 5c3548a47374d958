// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rawframe DEV send	lines "NAME HEX" of standard input: frames as they are, sent in this order; each gets "vx<NAME>" at its end
 * rawframe DEV watch	the NAMEs of such frames as they arrive, one line each, until it is ended
 *
 * For test guests, which have nothing else that sends what the kernel would not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FRAME_MAX	1514
#define NAME_MAX_LEN	32

static int fail(const char *what)
{
	fprintf(stderr, "rawframe: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Length of the frame that the digits stand for; 0: they do not. */
static size_t from_hex(const char *hex, unsigned char *frame, size_t room)
{
	size_t n = 0;

	for (; *hex; hex += 2) {
		char byte[3] = { hex[0], hex[1], 0 }, *end;

		if (n == room)
			return 0;
		frame[n++] = (unsigned char)strtoul(byte, &end, 16);
		if (end != byte + 2)
			return 0;
	}
	return n;
}

static int send_lines(int fd)
{
	char line[2 * FRAME_MAX + NAME_MAX_LEN + 2], name[NAME_MAX_LEN + 1], hex[2 * FRAME_MAX + 1];
	unsigned char frame[FRAME_MAX + NAME_MAX_LEN + 5];
	size_t len;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%32s %3028s", name, hex) != 2 || !(len = from_hex(hex, frame, FRAME_MAX))) {
			fprintf(stderr, "rawframe: this is not NAME HEX: %s", line);
			return 1;
		}
		len += (size_t)snprintf((char *)frame + len, NAME_MAX_LEN + 5, "vx<%s>", name);
		if (send(fd, frame, len, 0) != (ssize_t)len)
			return fail(name);
	}
	return 0;
}

/* Frames that leave by this device are not what arrives. */
static int watch(int fd)
{
	unsigned char frame[2 * FRAME_MAX];
	const unsigned char *mark, *end;
	struct sockaddr_ll from = {};
	socklen_t size;
	ssize_t len;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		size = sizeof(from);
		len = recvfrom(fd, frame, sizeof(frame), 0, (struct sockaddr *)&from, &size);
		if (len < 0)
			return fail("recvfrom");
		mark = memmem(frame, (size_t)len, "vx<", 3);
		if (!mark || from.sll_pkttype == PACKET_OUTGOING)
			continue;
		mark += 3;
		end = memchr(mark, '>', (size_t)(frame + len - mark));
		if (end)
			printf("%.*s\n", (int)(end - mark), (const char *)mark);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd;

	addr.sll_ifindex = argc == 3 ? (int)if_nametoindex(argv[1]) : 0;
	if (!addr.sll_ifindex || (strcmp(argv[2], "send") && strcmp(argv[2], "watch"))) {
		fprintf(stderr, "usage: rawframe DEV send|watch\n");
		return 2;
	}
	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fail(argv[1]);
	return strcmp(argv[2], "send") ? watch(fd) : send_lines(fd);
}
