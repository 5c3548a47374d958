// SPDX-License-Identifier: GPL-2.0-or-later
/* Configurations of the shipped policies: from words, into words, and back to the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>

#include "antispoof.h"
#include "rate_words.h"
#include "ratelimit.h"
#include "stateful.h"

#define ROUNDS	3000

struct lines {
	char text[64][VX_CONF_LINE];
	int n;
};

static void collect(const char *words, void *arg)
{
	struct lines *l = arg;

	assert_in_range(l->n, 0, 63);
	assert_in_range(strlen(words), 1, VX_CONF_LINE - 1);
	snprintf(l->text[l->n++], VX_CONF_LINE, "%s", words);
}

/* The words of a line, in buf. */
static int split(const char *line, char *buf, size_t len, char *words[64])
{
	char *save, *word;
	int n = 0;

	assert_true(snprintf(buf, len, "%s", line) < (int)len);
	for (word = strtok_r(buf, " ", &save); word && n < 64; word = strtok_r(NULL, " ", &save))
		words[n++] = word;
	return n;
}

static void test_numbers(void **state)
{
	static const struct {
		int (*parse)(const char *s, __u64 *v);
		const char *s;
		int err;
		__u64 v;
	} rows[] = {
		{ vx_parse_count, "0", 0, 0 },
		{ vx_parse_count, "10k", 0, 10000 },
		{ vx_parse_count, "1.5m", 0, 1500000 },
		{ vx_parse_count, "0.0001", 0, 1 },
		{ vx_parse_count, "18446744073709551615", 0, ~0ull },
		{ vx_parse_count, "18446744073709551616", -ERANGE, 0 },
		{ vx_parse_count, "99999999999999999999999999999999", -ERANGE, 0 },
		{ vx_parse_count, "", -EINVAL, 0 },
		{ vx_parse_count, "k", -EINVAL, 0 },
		{ vx_parse_count, "1.", -EINVAL, 0 },
		{ vx_parse_count, ".5", -EINVAL, 0 },
		{ vx_parse_count, "1.2.3", -EINVAL, 0 },
		{ vx_parse_count, "1.0000000001", -EINVAL, 0 },
		{ vx_parse_count, "+1", -EINVAL, 0 },
		{ vx_parse_count, "1 k", -EINVAL, 0 },
		{ vx_parse_count, "1kk", -EINVAL, 0 },
		{ vx_parse_bitrate, "8", 0, 1 },
		{ vx_parse_bitrate, "1", 0, 1 },
		{ vx_parse_bitrate, "9", 0, 2 },
		{ vx_parse_bitrate, "1g", 0, 125000000 },
		{ vx_parse_bitrate, "1Gbit", 0, 125000000 },
		{ vx_parse_bitrate, "400gbit", 0, 50000000000ull },
		{ vx_parse_bitrate, "1mibit", 0, 131072 },
		{ vx_parse_bitrate, "1mbps", 0, 1000000 },
		{ vx_parse_bitrate, "1ms", -EINVAL, 0 },
		{ vx_parse_size, "64kb", 0, 65536 },
		{ vx_parse_size, "64K", 0, 65536 },
		{ vx_parse_size, "1500", 0, 1500 },
		{ vx_parse_size, "1.5mb", 0, 1572864 },
		{ vx_parse_size, "1kbit", -EINVAL, 0 },
		{ vx_parse_time, "20ms", 0, 20000 },
		{ vx_parse_time, "30", 0, 30000000 },
		{ vx_parse_time, "2h", 0, 7200000000ull },
		{ vx_parse_time, "1.5us", 0, 2 },
		{ vx_parse_time, "2d", -EINVAL, 0 },
	};
	__u64 v;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = rows[i].parse(rows[i].s, &v);

		if (err != rows[i].err || (!err && v != rows[i].v))
			fail_msg("\"%s\": %d, %llu", rows[i].s, err, err ? 0 : v);
	}
}

static void test_ratelimit(void **state)
{
	static const char *const tries[] = {
		"pps %u", "bps %ukbit", "pps %u bps %umbit", "bps %umbit burst %ums", "pps %u burst %ums", "pps %u bps %ug burst %ukb",
		"pps %u burst-packets %u", "bps %u burst %ub", "pps %u bps %u burst %ums burst-packets %u",
	};
	char line[VX_CONF_LINE], buf[VX_CONF_LINE], *words[64], why[VX_WHY];
	struct vx_ratelimit a, b;
	int i, n;

	for (i = 0; i < ROUNDS; i++) {
		struct lines l = {};

		snprintf(line, sizeof(line), tries[i % 9], 1 + rand() % 1000, 1 + rand() % 1000, 1 + rand() % 1000, 1 + rand() % 1000);
		n = split(line, buf, sizeof(buf), words);
		if (vx_ratelimit_parse(n, words, &a, why))
			fail_msg("%s: %s", line, why);
		vx_ratelimit_lines(&a, collect, &l);
		assert_int_equal(l.n, 1);
		n = split(l.text[0], buf, sizeof(buf), words);
		if (vx_ratelimit_parse(n, words, &b, why))
			fail_msg("%s, printed: %s: %s", line, l.text[0], why);
		if (memcmp(&a, &b, sizeof(a)))
			fail_msg("%s became %s", line, l.text[0]);
	}
}

static void stateful_line(struct vx_stateful_port *conf, const char *line)
{
	char buf[VX_CONF_LINE], *words[64], why[VX_WHY];
	int n = split(line, buf, sizeof(buf), words);

	if (vx_stateful_parse(n, words, conf, why))
		fail_msg("%s: %s", line, why);
}

static void test_stateful(void **state)
{
	static const char *const protos[] = { "tcp", "udp", "sctp", "icmp", "47", "200" };
	static const char *const modes[] = { "guest", "both", "none", "track" };
	char line[VX_CONF_LINE];
	int i, k;

	for (i = 0; i < ROUNDS; i++) {
		struct vx_stateful_port a = {}, b = {};
		struct lines l = {}, again = {};

		snprintf(line, sizeof(line), "mode %s limit %u timeout udp %ums tcp %us", modes[rand() % 4], 6 + rand() % 10000,
			 1 + rand() % 100000, 1 + rand() % 10000);
		stateful_line(&a, line);
		for (k = rand() % 20; k; k--) {
			int p = rand() % 6, first = rand() % 60000;

			snprintf(line, sizeof(line), p < 3 ? "open %s dport %u-%u" : "open %s", protos[p], first, first + rand() % 2000);
			stateful_line(&a, line);
		}
		vx_stateful_lines(&a, collect, &l);
		for (k = 0; k < l.n; k++)
			stateful_line(&b, l.text[k]);
		if (memcmp(&a, &b, sizeof(a)))
			fail_msg("round %d became another", i);
		vx_stateful_lines(&b, collect, &again);
		assert_memory_equal(&l, &again, sizeof(l));
	}
}

/* Ranges in any order that say the same are the same. */
static void test_stateful_ranges(void **state)
{
	struct vx_stateful_port a = {}, b = {};

	stateful_line(&a, "open tcp dport 90-100,80,81-89 open udp dport 53");
	stateful_line(&b, "open udp dport 53 open tcp dport 85-100 open tcp dport 80-90");
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(a.n_open, 2);
	stateful_line(&a, "open tcp");
	assert_int_equal(a.n_open, 2);
	assert_int_equal(a.open[0].last, 65535);
}

static void antispoof_line(struct vx_antispoof_port *conf, const char *line)
{
	char buf[VX_CONF_LINE], *words[64], why[VX_WHY];
	int n = split(line, buf, sizeof(buf), words);

	if (vx_antispoof_parse(n, words, conf, why))
		fail_msg("%s: %s", line, why);
}

static void test_antispoof(void **state)
{
	static const char *const rights[] = { "allow dhcp-server", "allow router", "allow other-l2", "deny any-ll", "deny any-ip", "allow any-ll",
					      "mac 52:54:00:00:00:77" };
	char line[VX_CONF_LINE];
	int i, k;

	for (i = 0; i < ROUNDS; i++) {
		struct vx_antispoof_port a = {}, b = {};
		struct lines l = {};

		for (k = rand() % 12; k; k--) {
			switch (rand() % 3) {
			case 0:
				snprintf(line, sizeof(line), "10.%d.%d.%d/%d", rand() % 3, rand() % 3, rand() % 256, rand() % 33);
				break;
			case 1:
				snprintf(line, sizeof(line), "2001:db8:%x::%x/%d", rand() % 3, rand() % 65536, rand() % 129);
				break;
			default:
				snprintf(line, sizeof(line), "%s", rights[rand() % 7]);
			}
			antispoof_line(&a, line);
		}
		vx_antispoof_lines(&a, collect, &l);
		for (k = 0; k < l.n; k++)
			antispoof_line(&b, l.text[k]);
		if (memcmp(&a, &b, sizeof(a)))
			fail_msg("round %d became another", i);
	}
}

/* Words that mean nothing are refused with a reason; whatever is given, nothing breaks. */
static void test_nonsense(void **state)
{
	static const char *const pool[] = { "pps", "bps", "burst", "burst-packets", "10", "1g", "20ms", "mode", "guest", "limit", "timeout", "udp",
					    "open", "tcp", "dport", "22,80", ",", "-", "1-", "allow", "deny", "router", "mac", "10.0.0.0/8", "::/0",
					    "", "99999999999", "\xff\xfe", "52:54:00:00:00:01", "0", "/", "1.1.1.1/", "65535-65535" };
	char *words[8], why[VX_WHY];
	int i, k, n, refused = 0;

	for (i = 0; i < 20 * ROUNDS; i++) {
		struct vx_antispoof_port antispoof = {};
		struct vx_stateful_port stateful = {};
		struct vx_ratelimit ratelimit;
		int err[3];

		n = rand() % 8;
		for (k = 0; k < n; k++)
			words[k] = (char *)pool[rand() % (sizeof(pool) / sizeof(pool[0]))];
		err[0] = vx_ratelimit_parse(n, words, &ratelimit, why);
		err[1] = vx_stateful_parse(n, words, &stateful, why);
		err[2] = vx_antispoof_parse(n, words, &antispoof, why);
		for (k = 0; k < 3; k++)
			assert_true(!err[k] || err[k] == -EINVAL);
		refused += !!err[0] + !!err[1] + !!err[2];
		assert_in_range(stateful.n_open, 0, VX_STATEFUL_OPEN_MAX);
	}
	assert_true(refused > 30 * ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_ratelimit),	 cmocka_unit_test(test_stateful),
		cmocka_unit_test(test_stateful_ranges), cmocka_unit_test(test_antispoof), cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
