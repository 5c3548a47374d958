// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vuhostile SOCKET [seed N] [random N]: a VMM and a guest as bad as they can be, one case a connection.
 *
 * After each case a well-behaved VMM must be served, else the status is 1 and the case is named. That frames still flow,
 * and that no descriptor was lost, is for the caller to see.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/hostile_rings.h"
#include "lib/ring.h"
#include "lib/words.h"

static const char *path;
static struct vu vu = { .sock = -1 };
static struct ring rx, tx;
static uint64_t seed = 1, n_random = 1500;

/* --- messages -------------------------------------------------------------- */

static void raw(const void *bytes, size_t len)
{
	if (write(vu.sock, bytes, len) < 0)
		vu_disconnect(&vu);
}

static void cut_header(void)
{
	raw("\1\0\0\0\1", 5);
}

static void cut_payload(void)
{
	struct vu_header head = { VU_SET_FEATURES, VU_VERSION, 8 };

	raw(&head, sizeof(head));
	raw("\1\2\3", 3);
}

static void huge_size(void)
{
	struct vu_header head = { VU_SET_FEATURES, VU_VERSION, 0x7fffffff };

	raw(&head, sizeof(head));
	raw("\1\2\3\4\5\6\7\10", 8);
}

static void wrong_version(void)
{
	struct vu_header head = { VU_GET_FEATURES, 2, 0 };

	raw(&head, sizeof(head));
}

static void unknown_request(void)
{
	uint64_t payload = 0;

	vu_send(&vu, 999, VU_NEED_REPLY, &payload, sizeof(payload), NULL, 0);
	vu_send(&vu, 0, VU_NEED_REPLY, &payload, sizeof(payload), NULL, 0);
}

struct table {
	uint32_t n, padding;
	struct vu_region region[VU_REGIONS];
};

static void send_table(const struct table *t, uint32_t size, int nfds)
{
	int fds[VU_FDS];

	for (int i = 0; i < VU_FDS; i++)
		fds[i] = vu.memfd;
	vu_send(&vu, VU_SET_MEM_TABLE, 0, t, size, fds, nfds);
}

static struct table good_table(unsigned int n)
{
	struct table t = { .n = n };

	memcpy(t.region, vu.region, sizeof(t.region));
	return t;
}

static void table_without_fds(void)
{
	struct table t = good_table(2);

	send_table(&t, sizeof(t), 0);
}

static void table_counts(void)
{
	static const uint32_t counts[] = { 0, 9, 200, 0xffffffff };
	struct table t = good_table(2);

	for (unsigned int i = 0; i < 4; i++) {
		t.n = counts[i];
		send_table(&t, sizeof(t), VU_FDS);
	}
}

static void table_regions(void)
{
	struct table t;

	t = good_table(1), t.region[0].size = 0, send_table(&t, 8 + 32, 1);
	t = good_table(1), t.region[0].gpa = ~0xfffull, send_table(&t, 8 + 32, 1);
	t = good_table(1), t.region[0].uva = ~0xfffull, send_table(&t, 8 + 32, 1);
	t = good_table(1), t.region[0].offset = ~0xfffull, send_table(&t, 8 + 32, 1);
	t = good_table(1), t.region[0].size = ~0ull - VU_GPA, send_table(&t, 8 + 32, 1);
	t = good_table(1), t.region[0].size = 1ull << 40, send_table(&t, 8 + 32, 1);
	t = good_table(2), t.region[1] = t.region[0], send_table(&t, 8 + 64, 2);
	t = good_table(2), t.region[1].gpa = t.region[0].gpa + 0x1000, send_table(&t, 8 + 64, 2);
}

static void slots_misused(void)
{
	struct {
		uint64_t padding;
		struct vu_region region;
	} one = { 0, vu.region[0] };

	vu_send(&vu, VU_REM_MEM_REG, 0, &one, sizeof(one), NULL, 0);
	vu_send(&vu, VU_ADD_MEM_REG, 0, &one, sizeof(one), NULL, 0);
	for (int i = 0; i < 700; i++) {
		one.region.gpa += 0x1000;
		one.region.uva += 0x1000;
		one.region.size = 0x1000;
		if (vu_send(&vu, VU_ADD_MEM_REG, 0, &one, sizeof(one), &vu.memfd, 1))
			return;
	}
}

static void vring_indices(void)
{
	static const uint32_t requests[] = { VU_SET_VRING_NUM, VU_SET_VRING_ADDR, VU_SET_VRING_BASE, VU_SET_VRING_ENABLE,
		VU_SET_VRING_KICK, VU_SET_VRING_CALL, VU_SET_VRING_ERR, VU_GET_VRING_BASE };
	static const uint32_t indices[] = { 2, 32, 255, 256, 0x7fffffff, 0xffffffff };
	uint8_t payload[40] = { 0 };

	for (unsigned int r = 0; r < 8; r++) {
		for (unsigned int i = 0; i < 6; i++) {
			uint32_t size = requests[r] == VU_SET_VRING_ADDR ? 40 : 8;
			bool fd = requests[r] >= VU_SET_VRING_KICK && requests[r] <= VU_SET_VRING_ERR;

			memcpy(payload, &indices[i], 4);
			vu_send(&vu, requests[r], 0, payload, size, &rx.kick, fd);
		}
	}
}

static void vring_sizes(void)
{
	static const uint32_t sizes[] = { 0, 3, 32769, 65536, 0xffffffff };

	for (unsigned int i = 0; i < 5; i++) {
		uint32_t state[2] = { 0, sizes[i] };

		vu_send(&vu, VU_SET_VRING_NUM, 0, state, sizeof(state), NULL, 0);
	}
}

static void vring_addresses(void)
{
	static const uint64_t bad[] = { 0, 1, VU_UVA - 8, VU_UVA + 4 * VU_MEM_SIZE, ~0ull, ~0ull - 64, VU_UVA + 1,
		VU_UVA + VU_MEM_SIZE / 3 - 16 };
	struct {
		uint32_t index, flags;
		uint64_t desc, used, avail, log;
	} addr = { 0 };
	uint32_t enable[2] = { 0, 1 };
	uint64_t zero = 0;

	vu_share_memory(&vu, false);
	vu_set_state(&vu, VU_SET_VRING_NUM, 0, 256);
	for (unsigned int i = 0; i < 8 * 3; i++) {
		uint64_t *which[3] = { &addr.desc, &addr.avail, &addr.used };

		addr.desc = addr.avail = addr.used = VU_UVA;
		*which[i % 3] = bad[i / 3];
		vu_send(&vu, VU_SET_VRING_ADDR, 0, &addr, sizeof(addr), NULL, 0);
		vu_send(&vu, VU_SET_VRING_KICK, 0, &zero, 8, &rx.kick, 1);
		vu_send(&vu, VU_SET_VRING_ENABLE, 0, enable, 8, NULL, 0);
	}
}

static void vring_fds(void)
{
	int fds[VU_FDS], dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pipes[2];
	uint64_t index = 0;

	for (int i = 0; i < VU_FDS; i++)
		fds[i] = rx.kick;
	vu_send(&vu, VU_SET_VRING_KICK, 0, &index, 8, NULL, 0);
	vu_send(&vu, VU_SET_VRING_KICK, 0, &index, 8, fds, VU_FDS);
	vu_send(&vu, VU_SET_VRING_KICK, 0, &index, 8, &dir, 1);
	vu_send(&vu, VU_SET_VRING_CALL, 0, &index, 8, &dir, 1);
	vu_send(&vu, VU_SET_FEATURES, 0, &vu.features, 8, fds, VU_FDS);	/* none are wanted here */
	if (!pipe2(pipes, O_CLOEXEC)) {
		/* a call that nobody reads must not block its writer */
		vu_send(&vu, VU_SET_VRING_CALL, 0, &index, 8, &pipes[1], 1);
		close(pipes[0]);
		close(pipes[1]);
	}
	close(dir);
}

static void foreign_features(void)
{
	uint64_t all = ~0ull;

	vu_send(&vu, VU_SET_FEATURES, 0, &all, 8, NULL, 0);
	vu_send(&vu, VU_SET_PROTOCOL_FEATURES, 0, &all, 8, NULL, 0);
}

static void log_misused(void)
{
	struct {
		uint64_t size, offset;
	} bad[] = { { 4096, 0 }, { 0, 0 }, { ~0ull, 0 }, { 4096, ~0ull }, { 1ull << 40, 0 }, { 1, 0 } };

	vu_share_memory(&vu, false);
	vu_send(&vu, VU_SET_LOG_BASE, 0, &bad[0], 16, NULL, 0);
	for (unsigned int i = 0; i < 6; i++)
		vu_send(&vu, VU_SET_LOG_BASE, 0, &bad[i], 16, &vu.memfd, 1);
}

/* Each request with payloads that are shorter and longer than it wants. */
static void payload_sizes(void)
{
	uint8_t payload[256];

	memset(payload, 0x5a, sizeof(payload));
	for (uint32_t request = 0; request < 45; request++) {
		for (uint32_t size = 0; size < sizeof(payload); size = size * 3 + 1) {
			/* it hangs up on the first bad one: each deserves its own connection */
			vu_send(&vu, request, VU_NEED_REPLY, payload, size, &vu.memfd, size % 2);
			vu_disconnect(&vu);
			if (vu_connect(&vu, path))
				return;
		}
	}
}

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 16;
}

static void random_messages(void)
{
	uint8_t payload[300];
	int fds[VU_FDS];

	for (int i = 0; i < VU_FDS; i++)
		fds[i] = i % 2 ? rx.kick : vu.memfd;
	for (uint64_t i = 0; i < n_random; i++) {
		uint32_t size = rnd() % 4 ? 8 * (rnd() % 6) : rnd() % sizeof(payload);

		for (unsigned int b = 0; b < sizeof(payload); b++)
			payload[b] = rnd() % 3 ? 0 : rnd();
		if (vu_send(&vu, rnd() % 43, rnd() & 8, payload, size, fds, rnd() % 3 ? 0 : rnd() % (VU_FDS + 1))) {
			vu_disconnect(&vu);
			if (vu_connect(&vu, path))
				return;
		}
	}
}

static void split_rings(void)
{
	hostile_split_rings(&vu, path);
}

static void packed_rings(void)
{
	hostile_packed_rings(&vu, path);
}

static void memory_swapped(void)
{
	hostile_memory_swap(&vu, path);
}

/* --- all of it ---------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "a header cut short", cut_header },
	{ "a payload cut short", cut_payload },
	{ "a payload of 2 GiB", huge_size },
	{ "another protocol version", wrong_version },
	{ "unknown requests", unknown_request },
	{ "a memory table without descriptors", table_without_fds },
	{ "memory tables of impossible size", table_counts },
	{ "impossible regions", table_regions },
	{ "memory slots: too many, unknown, without memory", slots_misused },
	{ "vrings that are not there", vring_indices },
	{ "rings of impossible size", vring_sizes },
	{ "rings outside of memory", vring_addresses },
	{ "descriptors that are no eventfds, or too many", vring_fds },
	{ "features that were not offered", foreign_features },
	{ "dirty logs that cannot be", log_misused },
	{ "payloads too short and too long", payload_sizes },
	{ "random messages", random_messages },
	{ "hostile split rings", split_rings },
	{ "hostile packed rings", packed_rings },
	{ "memory swapped under running rings", memory_swapped },
};

static bool served(void)
{
	uint64_t queues;

	vu_disconnect(&vu);
	return !vu_connect(&vu, path) && !vu_negotiate(&vu, F_PROTOCOL | F_VERSION_1) && !vu_share_memory(&vu, false) &&
	       !vu_get_u64(&vu, VU_GET_QUEUE_NUM, &queues) && queues;
}

int main(int argc, char **argv)
{
	const struct word table[] = { { "seed", WORD_U64, &seed }, { "random", WORD_U64, &n_random }, {} };
	int rc = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: vuhostile SOCKET [seed N] [random N]\n");
		return 2;
	}
	path = argv[1];
	words_parse("vuhostile SOCKET", table, argc - 2, argv + 2);
	signal(SIGPIPE, SIG_IGN);	/* it may hang up on us at any moment */
	seed += !seed;
	if (vu_mem_init(&vu, 3))
		return 2;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ring_init(&rx, &vu, 0, 64, false, false, false);
		ring_init(&tx, &vu, 1, 64, false, false, false);
		vu_disconnect(&vu);
		if (vu_connect(&vu, path) || vu_negotiate(&vu, F_PROTOCOL | F_VERSION_1)) {
			printf("FAIL before: %s\n", cases[i].name);
			return 1;
		}
		cases[i].run();
		if (served()) {
			printf("ok   %s\n", cases[i].name);
		} else {
			printf("FAIL %s\n", cases[i].name);
			rc = 1;
		}
		fflush(stdout);
		vu.used = 0;
	}
	vu_disconnect(&vu);
	return rc;
}
