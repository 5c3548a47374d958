// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames in one line: each kind, cut at every length, and whatever bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../../../user/frame_text.h"

#define MACS	"\x52\x54\0\0\0\1\x02\0\0\0\0\2"
#define HEAD	"02:00:00:00:00:02 > 52:54:00:00:00:01,"
#define IP4(proto, frag, load)	MACS "\x08\0" "\x45\0\0\x28\0\0" frag "\x40" proto "\0\0" "\x0a\0\0\1" "\x0a\0\0\2" load
#define IP6(next, load)		MACS "\x86\xdd" "\x60\0\0\0\0\x14" next "\x40" \
				"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1" "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\2" load
#define TCP(flags)		"\x00\x16\x04\xd2" "\0\0\0\5" "\0\0\0\7" "\x50" flags "\0\0\0\0\0\0"

struct row {
	const char *frame;
	size_t len;
	__u16 vlan;
	const char *text;
};

#define ROW(frame, vlan, text)	{ frame, sizeof(frame) - 1, vlan, HEAD text }

static const struct row rows[] = {
	ROW(IP4("\x11", "\0\0", "\x1b\x58\x00\x35\0\0\0\0"), 0, " IPv4 10.0.0.1.7000 > 10.0.0.2.53: UDP, len 42"),
	ROW(IP4("\x11", "\0\0", "\x1b\x58\x00\x35\0\0\0\0"), 10, " vlan 10, IPv4 10.0.0.1.7000 > 10.0.0.2.53: UDP, len 42"),
	ROW(IP4("\x11", "\0\0", "\x1b\x58\x00\x35\0\0\0\0"), 0xa00a, " vlan 10 prio 5, IPv4 10.0.0.1.7000 > 10.0.0.2.53: UDP, len 42"),
	ROW(IP4("\x06", "\0\0", TCP("\x12")), 0, " IPv4 10.0.0.1.22 > 10.0.0.2.1234: TCP Flags [S.], seq 5, ack 7, len 54"),
	ROW(IP4("\x06", "\0\0", TCP("\x02")), 0, " IPv4 10.0.0.1.22 > 10.0.0.2.1234: TCP Flags [S], seq 5, len 54"),
	ROW(IP4("\x06", "\0\0", TCP("\0")), 0, " IPv4 10.0.0.1.22 > 10.0.0.2.1234: TCP Flags [none], seq 5, len 54"),
	ROW(IP4("\x01", "\0\0", "\x08\0\0\0"), 0, " IPv4 10.0.0.1 > 10.0.0.2: ICMP type 8 code 0, len 38"),
	ROW(IP4("\x11", "\0\x10", "\x1b\x58\x00\x35"), 0, " IPv4 10.0.0.1 > 10.0.0.2: UDP fragment, len 38"),
	ROW(IP4("\x59", "\0\0", "\1\2\3\4"), 0, " IPv4 10.0.0.1 > 10.0.0.2: proto 89, len 38"),
	ROW(IP6("\x11", "\0\x35\x1b\x58\0\0\0\0"), 0, " IPv6 fe80::1.53 > ff02::2.7000: UDP, len 62"),
	ROW(IP6("\x3a", "\x85\0\0\0"), 0, " IPv6 fe80::1 > ff02::2: ICMPv6 type 133 code 0, len 58"),
	/* behind a hop-by-hop header; a later fragment; headers that do not end */
	ROW(IP6("\0", "\x11\0\0\0\0\0\0\0" "\0\x35\x1b\x58"), 0, " IPv6 fe80::1.53 > ff02::2.7000: UDP, len 66"),
	ROW(IP6("\x2c", "\x11\0\0\x10\0\0\0\0" "\0\x35\x1b\x58"), 0, " IPv6 fe80::1 > ff02::2: UDP fragment, len 66"),
	ROW(IP6("\0", "\x3c\x7f\0\0\0\0\0\0"), 0, " IPv6 fe80::1 > ff02::2: proto 60, len 62"),
	ROW(MACS "\x81\0\x00\x14\x08\x06" "\0\1\x08\0\6\4\0\1" "\x02\0\0\0\0\2\x0a\0\0\1" "\0\0\0\0\0\0\x0a\0\0\2", 0,
	    " vlan 20, ARP who-has 10.0.0.2 tell 10.0.0.1 (02:00:00:00:00:02), len 46"),
	ROW(MACS "\x08\x06" "\0\1\x08\0\6\4\0\2" "\x02\0\0\0\0\2\x0a\0\0\1" "\0\0\0\0\0\0\x0a\0\0\2", 0,
	    " ARP 10.0.0.1 is-at 02:00:00:00:00:02, len 42"),
	ROW(MACS "\x08\x06" "\0\1\x86\xdd", 0, " ethertype 0x0806 malformed, len 18"),
	ROW(MACS "\x08\0\x44", 0, " ethertype 0x0800 malformed, len 15"),
	ROW(MACS "\x88\xcc\0", 0, " ethertype 0x88cc, len 15"),
	ROW(MACS "\0\x26\x42\x42\3", 0, " 802.3, len 17"),
};

static void known(void **state)
{
	char text[VX_FRAME_TEXT];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(vx_frame_text((const __u8 *)rows[i].frame, rows[i].len, rows[i].len, rows[i].vlan, text), rows[i].text);
}

/* In a block of its own, so that the sanitizer sees one byte too many. */
static void judge(const __u8 *frame, size_t n)
{
	char text[VX_FRAME_TEXT];
	__u8 *copy = malloc(n ? n : 1);
	const char *c;

	assert_non_null(copy);
	memcpy(copy, frame, n);
	vx_frame_text(copy, n, 1500, 0xefff, text);
	assert_true(strlen(text) < VX_FRAME_TEXT);
	assert_non_null(strstr(text, "len 1500"));
	for (c = text; *c; c++)
		assert_true(isprint((unsigned char)*c));
	free(copy);
}

static void cut_anywhere(void **state)
{
	size_t i, n;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (n = 0; n <= rows[i].len; n++)
			judge((const __u8 *)rows[i].frame, n);
}

/* Known frames with some bytes changed get further than noise does. */
static void any_bytes(void **state)
{
	__u8 frame[128];
	unsigned int seed = 1, i, n;

	for (i = 0; i < 20000; i++) {
		const struct row *r = &rows[i % (sizeof(rows) / sizeof(rows[0]))];

		for (n = 0; n < sizeof(frame); n++)
			frame[n] = rand_r(&seed);
		memcpy(frame, r->frame, r->len);
		for (n = 0; n < 4; n++)
			frame[12 + rand_r(&seed) % 60] = rand_r(&seed);
		judge(frame, 14 + rand_r(&seed) % (sizeof(frame) - 14));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
