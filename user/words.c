// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

int vx_word_find(const void *table, size_t size, const char *word)
{
	const char *entry = table;
	const char *name;
	int found = -ENOENT;
	int i;

	if (!*word)
		return -ENOENT;
	for (i = 0; (name = *(const char *const *)entry); i++, entry += size) {
		if (!strcmp(name, word))
			return i;
		if (!strncmp(name, word, strlen(word)))
			found = found == -ENOENT ? i : -EEXIST;
	}
	return found;
}

int vx_parse_u32(const char *s, __u32 min, __u32 max, __u32 *v)
{
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || n < min || n > max)
		return -ERANGE;
	*v = n;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int vx_parse_mac(const char *s, __u8 mac[6])
{
	__u8 or = 0;
	int i;

	if (strlen(s) != VX_MAC_TEXT - 1)
		return -EINVAL;
	for (i = 0; i < 6; i++, s += 3) {
		if (hex_digit(s[0]) < 0 || hex_digit(s[1]) < 0 || (i < 5 && s[2] != ':'))
			return -EINVAL;
		mac[i] = hex_digit(s[0]) << 4 | hex_digit(s[1]);
		or |= mac[i];
	}
	return !or || (mac[0] & 1) ? -EADDRNOTAVAIL : 0;
}

void vx_format_mac(const __u8 mac[6], char text[VX_MAC_TEXT])
{
	snprintf(text, VX_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

int vx_check_name(const char *s, size_t max)
{
	const char *p;

	if (!*s || *s == '-')
		return -EINVAL;
	for (p = s; *p; p++)
		if (!isascii((unsigned char)*p) || (!isalnum((unsigned char)*p) && *p != '_' && *p != '-'))
			return -EINVAL;
	return (size_t)(p - s) > max ? -ENAMETOOLONG : 0;
}

int vx_parse_prefix(const char *s, __u8 addr[16], __u32 *prefix_len)
{
	const char *slash = strchr(s, '/');
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	char text[INET6_ADDRSTRLEN];
	int family;
	__u32 max;

	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, len);
	text[len] = '\0';
	memset(addr, 0, 16);
	family = strchr(text, ':') ? AF_INET6 : AF_INET;
	max = family == AF_INET ? 32 : 128;
	if (inet_pton(family, text, addr) != 1)
		return -EINVAL;
	*prefix_len = max;
	if (slash && vx_parse_u32(slash + 1, 0, max, prefix_len))
		return -EINVAL;
	return family;
}

int vx_split(char *s, char **words, int max)
{
	int n = 0;

	for (;;) {
		char *comma = strchr(s, ',');

		if (comma)
			*comma = '\0';
		if (!*s)
			return -EINVAL;
		if (n == max)
			return -E2BIG;
		words[n++] = s;
		if (!comma)
			return n;
		s = comma + 1;
	}
}
