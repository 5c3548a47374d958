/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of the command line and their values. Pure functions: nothing is printed, nothing is looked up. */
#ifndef VX_WORDS_H
#define VX_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define VX_MAC_TEXT	18	/* "52:54:00:00:00:01" */
#define VX_CHAIN_TEXT	512

/*
 * Index of the entry that word abbreviates: an exact match, else the only
 * entry it is a prefix of. -ENOENT: none; -EEXIST: more than one. The table
 * ends with a NULL name and has elements of the given size, name pointer first.
 */
int vx_word_find(const void *table, size_t size, const char *word);

/* Whole-string numbers; -EINVAL for anything else, -ERANGE outside min..max. */
int vx_parse_u32(const char *s, __u32 min, __u32 max, __u32 *v);

/* -EINVAL: not six hex bytes with colons. -EADDRNOTAVAIL: zero, broadcast or multicast. */
int vx_parse_mac(const char *s, __u8 mac[6]);
void vx_format_mac(const __u8 mac[6], char text[VX_MAC_TEXT]);

/*
 * A name that is both a netdev and a bpffs entry. -EINVAL: empty or a
 * character outside [A-Za-z0-9_-], or a leading dash; -ENAMETOOLONG: longer than max.
 */
int vx_check_name(const char *s, size_t max);

/* An IPv4 or IPv6 address with an optional prefix length. Returns AF_INET, AF_INET6 or -EINVAL. */
int vx_parse_prefix(const char *s, __u8 addr[16], __u32 *prefix_len);

/* Split "a,b,c" in place; returns how many, or -E2BIG. Empty words are -EINVAL. */
int vx_split(char *s, char **words, int max);

#endif
