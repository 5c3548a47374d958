// SPDX-License-Identifier: GPL-2.0-or-later
/* pcapng files as draft-ietf-opsawg-pcapng has them: read back by a reader that is written after its text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../user/pcapng.h"

struct block {
	uint32_t type, len;
	const uint8_t *body;
	uint32_t body_len;
};

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* 3.1: type, total length, body, total length again; all of it in words of 32 bits. */
static struct block block_at(const char *file, size_t len, size_t *at)
{
	const uint8_t *p = (const uint8_t *)file + *at;
	struct block b;

	assert_true(len - *at >= 12);
	b.type = get32(p);
	b.len = get32(p + 4);
	assert_int_equal(b.len % 4, 0);
	assert_true(b.len >= 12 && b.len <= len - *at);
	assert_int_equal(get32(p + b.len - 4), b.len);
	b.body = p + 8;
	b.body_len = b.len - 12;
	*at += b.len;
	return b;
}

/* 3.5: code, length, value, padding. NULL: there is none. All options must end in opt_endofopt. */
static const uint8_t *option(const struct block *b, uint32_t from, uint16_t code, uint16_t *len)
{
	const uint8_t *found = NULL;

	while (from < b->body_len) {
		uint16_t this = get16(b->body + from), n = get16(b->body + from + 2);

		if (!this) {
			assert_int_equal(n, 0);
			assert_int_equal(from + 4, b->body_len);
			return found;
		}
		assert_true(from + 4 + n <= b->body_len);
		if (this == code) {
			found = b->body + from + 4;
			*len = n;
		}
		from += 4 + (n + 3) / 4 * 4;
	}
	fail_msg("options do not end");
	return NULL;
}

static void assert_text(const struct block *b, uint32_t from, uint16_t code, const char *text)
{
	uint16_t len = 0;
	const uint8_t *p = option(b, from, code, &len);

	assert_non_null(p);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(p, text, len);
}

static void whole_file(void **state)
{
	static const uint8_t frame[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	const struct vx_pcapng_packet p = { .interface = 1, .time = 0x123456789abcdef0ull, .caplen = sizeof(frame), .len = 1500, .data = frame,
					    .flags = VX_PCAPNG_OUTBOUND, .verdict = 1, .comment = "drop policy/denied" };
	char *file;
	size_t len, at = 0;
	FILE *f = open_memstream(&file, &len);
	uint16_t n = 0;
	struct block b;
	const uint8_t *o;

	assert_int_equal(vx_pcapng_section(f, "vhost-xdp 1", "Linux 6.1"), 0);
	assert_int_equal(vx_pcapng_interface(f, "vm1:before", NULL, NULL, 4096), 0);
	assert_int_equal(vx_pcapng_interface(f, "vm1:after", "behind", "udp port 53", 96), 0);
	assert_int_equal(vx_pcapng_packet(f, &p), 0);
	assert_int_equal(vx_pcapng_statistics(f, 1, 7, 100, 3), 0);
	fclose(f);

	b = block_at(file, len, &at);
	assert_int_equal(b.type, 0x0a0d0d0a);
	assert_int_equal(get32(b.body), 0x1a2b3c4d);
	assert_int_equal(get16(b.body + 4), 1);
	assert_int_equal(get16(b.body + 6), 0);
	assert_memory_equal(b.body + 8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	assert_text(&b, 16, 4, "vhost-xdp 1");
	assert_text(&b, 16, 3, "Linux 6.1");

	b = block_at(file, len, &at);
	assert_int_equal(b.type, 1);
	assert_int_equal(get16(b.body), 1);
	assert_int_equal(get32(b.body + 4), 4096);
	assert_text(&b, 8, 2, "vm1:before");
	assert_null(option(&b, 8, 3, &n));
	o = option(&b, 8, 9, &n);
	assert_non_null(o);
	assert_int_equal(n, 1);
	assert_int_equal(*o, 9);

	b = block_at(file, len, &at);
	assert_text(&b, 8, 3, "behind");
	o = option(&b, 8, 11, &n);
	assert_non_null(o);
	assert_int_equal(n, 12);
	assert_memory_equal(o, "\0udp port 53", 12);	/* kind 0: a filter string */

	b = block_at(file, len, &at);
	assert_int_equal(b.type, 6);
	assert_int_equal(get32(b.body), 1);
	assert_int_equal(get32(b.body + 4), 0x12345678);
	assert_int_equal(get32(b.body + 8), 0x9abcdef0);
	assert_int_equal(get32(b.body + 12), sizeof(frame));
	assert_int_equal(get32(b.body + 16), 1500);
	assert_memory_equal(b.body + 20, frame, sizeof(frame));
	assert_text(&b, 36, 1, "drop policy/denied");
	o = option(&b, 36, 2, &n);
	assert_int_equal(n, 4);
	assert_int_equal(get32(o), 2);
	o = option(&b, 36, 7, &n);
	assert_int_equal(n, 9);
	assert_memory_equal(o, "\2\1\0\0\0\0\0\0\0", 9);	/* kind 2: eBPF XDP */

	b = block_at(file, len, &at);
	assert_int_equal(b.type, 5);
	assert_int_equal(get32(b.body), 1);
	o = option(&b, 12, 4, &n);
	assert_int_equal(n, 8);
	assert_int_equal(get32(o), 100);
	assert_int_equal(at, len);
	free(file);
}

static void packet_of(const struct vx_pcapng_packet *p, void (*judge)(const struct block *b, const struct vx_pcapng_packet *p))
{
	char *file;
	size_t len, at = 0;
	FILE *f = open_memstream(&file, &len);
	struct block b;

	assert_int_equal(vx_pcapng_packet(f, p), 0);
	fclose(f);
	b = block_at(file, len, &at);
	assert_int_equal(at, len);
	judge(&b, p);
	free(file);
}

static void no_verdict(const struct block *b, const struct vx_pcapng_packet *p)
{
	uint16_t n;

	assert_null(option(b, 20 + (p->caplen + 3) / 4 * 4, 7, &n));
	assert_null(option(b, 20 + (p->caplen + 3) / 4 * 4, 1, &n));
}

static void bounded(const struct block *b, const struct vx_pcapng_packet *p)
{
	uint16_t n = 0;

	assert_non_null(option(b, 20 + (p->caplen + 3) / 4 * 4, 1, &n));
	assert_int_equal(n, 1024);
}

/* Of every length, as each has another padding; empty ones and none are the same. */
static void every_length(void **state)
{
	static uint8_t frame[64];
	static char comment[5000];
	struct vx_pcapng_packet p = { .data = frame, .verdict = VX_PCAPNG_NO_VERDICT, .flags = VX_PCAPNG_INBOUND };

	for (p.caplen = 0; p.caplen < sizeof(frame); p.caplen++) {
		p.len = p.caplen;
		p.comment = p.caplen & 1 ? "" : NULL;
		packet_of(&p, no_verdict);
	}
	memset(comment, 'x', sizeof(comment) - 1);
	p.comment = comment;
	packet_of(&p, bounded);
}

static void full_disk(void **state)
{
	FILE *f = fopen("/dev/full", "w");

	assert_non_null(f);
	setvbuf(f, NULL, _IONBF, 0);
	assert_int_equal(vx_pcapng_section(f, "a", "b"), -EIO);
	assert_int_equal(vx_pcapng_interface(f, "a", "b", "c", 1), -EIO);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_file),
		cmocka_unit_test(every_length),
		cmocka_unit_test(full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
