/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines of "NAME VALUE" pairs, for the test tools. */
#ifndef WORDS_H
#define WORDS_H

#include <stdint.h>

struct word {
	const char *name;
	enum { WORD_U64, WORD_MAC, WORD_IP, WORD_TEXT } kind;
	void *to;	/* uint64_t, uint8_t[6], uint32_t (network order) or const char * */
};

/* Ends the program with a usage line when a word is unknown or its value cannot be read. The table ends in {}. */
void words_parse(const char *usage, const struct word *table, int argc, char **argv);

uint64_t now_ns(void);

#endif
