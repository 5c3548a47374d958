// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl_names.h"
#include "acl_words.h"
#include "words.h"

static int __attribute__((format(printf, 2, 3))) wrong(char why[VX_ACL_TEXT], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, VX_ACL_TEXT, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int vx_acl_split(char *line, char *words[VX_ACL_WORDS])
{
	char *save, *word;
	int n = 0;

	line[strcspn(line, "#\n")] = '\0';
	for (word = strtok_r(line, " \t\r", &save); word; word = strtok_r(NULL, " \t\r", &save)) {
		if (n == VX_ACL_WORDS)
			return -E2BIG;
		words[n++] = word;
	}
	return n;
}

int vx_acl_prefix_compare(const void *a, const void *b)
{
	const struct vx_acl_prefix *x = a, *y = b;
	int diff = x->family - y->family;

	if (!diff)
		diff = memcmp(x->addr, y->addr, sizeof(x->addr));
	return diff ? diff : x->len - y->len;
}

void vx_acl_prefix_text(const struct vx_acl_prefix *prefix, char *text, size_t len)
{
	char addr[INET6_ADDRSTRLEN] = "?";

	inet_ntop(prefix->family == 4 ? AF_INET : AF_INET6, prefix->addr, addr, sizeof(addr));
	if (prefix->len == (prefix->family == 4 ? 32 : 128))
		snprintf(text, len, "%s", addr);
	else
		snprintf(text, len, "%s/%u", addr, prefix->len);
}

int vx_acl_parse_prefix(const char *word, struct vx_acl_prefix *prefix, char why[VX_ACL_TEXT])
{
	char text[INET6_ADDRSTRLEN + 4];
	__u8 addr[16];
	__u32 len, i;
	int family = vx_parse_prefix(word, addr, &len);

	memset(prefix, 0, sizeof(*prefix));
	if (family < 0)
		return wrong(why, "'%.64s' is not an address; write ADDRESS[/PREFIX], any, or group NAME", word);
	prefix->family = family == AF_INET ? 4 : 6;
	prefix->len = len;
	for (i = 0; i < len; i++)
		prefix->addr[i / 8] |= addr[i / 8] & 0x80 >> i % 8;
	if (!memcmp(prefix->addr, addr, sizeof(addr)))
		return 0;
	vx_acl_prefix_text(prefix, text, sizeof(text));
	return wrong(why, "'%.64s' has bits set behind its prefix; write %s", word, text);
}

struct side {
	const char *name;
	__u8 *n;
	struct vx_acl_prefix *list;
	char *group;
};

static struct side side_of(struct vx_acl_rule *r, bool src)
{
	if (src)
		return (struct side){ "src", &r->n_src, r->src, r->src_group };
	return (struct side){ "dst", &r->n_dst, r->dst, r->dst_group };
}

/* A comma-separated list, word by word: 0 ends it, -E2BIG is a word that is too long. */
static int next_of(const char **list, char *word, size_t len)
{
	size_t n = strcspn(*list, ",");

	if (n >= len)
		return -E2BIG;
	memcpy(word, *list, n);
	word[n] = '\0';
	*list += n + ((*list)[n] == ',');
	return 1;
}

static int parse_prefixes(struct side *s, const char *list, char why[VX_ACL_TEXT])
{
	struct vx_acl_prefix p;
	char word[64];
	int i;

	if (!strcmp(list, "any"))
		return 0;
	do {
		if (next_of(&list, word, sizeof(word)) < 0)
			return wrong(why, "%s has a word that is no address; write ADDRESS[/PREFIX]", s->name);
		if (vx_acl_parse_prefix(word, &p, why))
			return -EINVAL;
		for (i = 0; i < *s->n && vx_acl_prefix_compare(&s->list[i], &p); i++)
			;
		if (i < *s->n)
			return wrong(why, "%s names %s twice", s->name, word);
		if (*s->n == VX_ACL_PREFIXES)
			return wrong(why, "%s names more than %d prefixes; make a group of them: vhost-xdp group add NAME prefix ...",
				     s->name, VX_ACL_PREFIXES);
		s->list[(*s->n)++] = p;
	} while (*list);
	qsort(s->list, *s->n, sizeof(*s->list), vx_acl_prefix_compare);
	return 0;
}

static int parse_side(struct vx_acl_rule *r, bool src, const char *word, const char *group, char why[VX_ACL_TEXT])
{
	struct side s = side_of(r, src);

	if (*s.n || *s.group)
		return wrong(why, "%s is given twice", s.name);
	if (!group)
		return parse_prefixes(&s, word, why);
	if (vx_check_name(group, VX_ACL_NAME_LEN - 1))
		return wrong(why, "'%.64s' is no group name; it has up to %d of A-Z a-z 0-9 _ -", group, VX_ACL_NAME_LEN - 1);
	snprintf(s.group, VX_ACL_NAME_LEN, "%s", group);
	return 0;
}

static int compare_ports(const void *a, const void *b)
{
	const struct vx_acl_ports *x = a, *y = b;

	return x->first - y->first;
}

static int parse_range(const char *word, struct vx_acl_ports *range)
{
	const char *dash = strchr(word, '-');
	char first[8];
	__u32 a, b;

	if (dash && (size_t)(dash - word) >= sizeof(first))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s", dash ? (int)(dash - word) : 7, word);
	if (vx_parse_u32(first, 0, 65535, &a) || vx_parse_u32(dash ? dash + 1 : first, a, 65535, &b) || (!dash && strlen(word) > 5))
		return -EINVAL;
	*range = (struct vx_acl_ports){ a, b };
	return 0;
}

/* In order, those that touch as one. */
static int parse_ports(const char *name, const char *list, __u8 *n, struct vx_acl_ports *out, char why[VX_ACL_TEXT])
{
	struct vx_acl_ports all[VX_ACL_WORDS];
	__u32 used = 0, i;
	char word[16];

	if (*n)
		return wrong(why, "%s is given twice", name);
	do {
		if (used == VX_ACL_WORDS)
			return wrong(why, "%s has more than %d ranges; write two rules", name, VX_ACL_PORTS);
		if (next_of(&list, word, sizeof(word)) < 0 || parse_range(word, &all[used++]))
			return wrong(why, "%s takes ports 0 to 65535 and ranges, as in 22,80,8000-8999", name);
	} while (*list);
	qsort(all, used, sizeof(all[0]), compare_ports);
	for (i = 0; i < used; i++) {
		if (*n && all[i].first <= out[*n - 1].last + 1u) {
			if (out[*n - 1].last < all[i].last)
				out[*n - 1].last = all[i].last;
			continue;
		}
		if (*n == VX_ACL_PORTS)
			return wrong(why, "%s has more than %d ranges; write two rules", name, VX_ACL_PORTS);
		out[(*n)++] = all[i];
	}
	return 0;
}

static int parse_type(struct vx_acl_rule *r, const char *word, char why[VX_ACL_TEXT])
{
	__u32 v;

	if (r->flags & VX_ACL_TYPE)
		return wrong(why, "type is given twice");
	if (r->proto != 1 && r->proto != 58)
		return wrong(why, "type needs icmp or icmp6 as protocol");
	if (vx_acl_type_of(r->proto, word, &r->type)) {
		if (vx_parse_u32(word, 0, 255, &v))
			return wrong(why, "'%.64s' is no %s type; use 0 to 255 or %s", word, r->proto == 1 ? "ICMP" : "ICMPv6",
				     vx_acl_types(r->proto));
		r->type = v;
	}
	r->flags |= VX_ACL_TYPE;
	return 0;
}

static int parse_code(struct vx_acl_rule *r, const char *word, char why[VX_ACL_TEXT])
{
	__u32 v;

	if (r->flags & VX_ACL_CODE)
		return wrong(why, "code is given twice");
	if (!(r->flags & VX_ACL_TYPE))
		return wrong(why, "code needs a type before it");
	if (vx_parse_u32(word, 0, 255, &v))
		return wrong(why, "code takes 0 to 255, not '%.64s'", word);
	r->code = v;
	r->flags |= VX_ACL_CODE;
	return 0;
}

/* Bit 0: IPv4, bit 1: IPv6. */
static int families(const struct vx_acl_prefix *list, __u32 n)
{
	int f = n ? 0 : 3;

	while (n--)
		f |= list[n].family == 4 ? 1 : 2;
	return f;
}

static int families_of_proto(__u32 proto)
{
	switch (proto) {
	case 1:
	case VX_ACL_IP4:
	case VX_ACL_ARP:
		return 1;
	case 58:
	case VX_ACL_IP6:
	case VX_ACL_ND:
		return 2;
	}
	return 3;
}

/* What no frame can be. */
static int judge(const struct vx_acl_rule *r, char why[VX_ACL_TEXT])
{
	bool ports = r->n_sport || r->n_dport;
	const char *proto = vx_acl_proto_name(r->proto);
	int f = families_of_proto(r->proto);

	if (ports && !vx_acl_has_ports(r->proto))
		return wrong(why, "%s has no ports", proto);
	if (r->flags & VX_ACL_FRAGMENT && (ports || r->flags & VX_ACL_TYPE))
		return wrong(why, "a later fragment has neither ports nor a type; leave them out");
	if (r->flags & VX_ACL_FRAGMENT && r->proto >= VX_ACL_ARP)
		return wrong(why, "%s has no fragments", proto);
	if (r->proto == VX_ACL_NON_IP && (r->n_src || r->n_dst || *r->src_group || *r->dst_group))
		return wrong(why, "non-ip has no addresses that could be judged");
	if (!(f & families(r->src, r->n_src)) || !(f & families(r->dst, r->n_dst)))
		return wrong(why, "%s has no addresses of that family", proto);
	if (!(f & families(r->src, r->n_src) & families(r->dst, r->n_dst)))
		return wrong(why, "src and dst have no address family in common");
	return 0;
}

static const char *const keywords[] = { "src", "from", "dst", "to", "sport", "dport", "type", "code", "prio", "fragment", NULL };

enum keyword { SRC, FROM, DST, TO, SPORT, DPORT, TYPE, CODE, PRIO, FRAGMENT };

static int parse_keyword(struct vx_acl_rule *r, int word, const char *value, const char *group, char why[VX_ACL_TEXT])
{
	switch (word) {
	case SRC:
	case FROM:
		return parse_side(r, true, value, group, why);
	case DST:
	case TO:
		return parse_side(r, false, value, group, why);
	case SPORT:
		return parse_ports("sport", value, &r->n_sport, r->sport, why);
	case DPORT:
		return parse_ports("dport", value, &r->n_dport, r->dport, why);
	case TYPE:
		return parse_type(r, value, why);
	case CODE:
		return parse_code(r, value, why);
	}
	if (vx_parse_u32(value, 0, 1000000, &r->prio))
		return wrong(why, "prio takes 0 to 1000000, not '%.64s'; lower is judged first", value);
	return 0;
}

static int parse_rest(int argc, char **argv, struct vx_acl_rule *r, char why[VX_ACL_TEXT])
{
	const char *group;
	int i, word;

	for (i = 0; i < argc; i++) {
		word = vx_word_find(keywords, sizeof(keywords[0]), argv[i]);
		if (word < 0)
			return wrong(why, "'%.64s' is %s; use src, dst, sport, dport, type, code, fragment or prio", argv[i],
				     word == -EEXIST ? "ambiguous" : "not known in a rule");
		if (word == FRAGMENT) {
			r->flags |= VX_ACL_FRAGMENT;
			continue;
		}
		if (i + 1 == argc)
			return wrong(why, "'%s' needs a value", keywords[word]);
		group = NULL;
		if (word <= TO && !strcmp(argv[i + 1], "group")) {
			if (i + 2 == argc)
				return wrong(why, "'%s group' needs a name", keywords[word]);
			group = argv[i++ + 2];
		}
		if (parse_keyword(r, word, argv[++i], group, why))
			return -EINVAL;
	}
	return 0;
}

int vx_acl_parse(int argc, char **argv, struct vx_acl_rule *rule, char why[VX_ACL_TEXT])
{
	static const char *const verdicts[] = { "deny", "allow", NULL };
	int verdict = argc ? vx_word_find(verdicts, sizeof(verdicts[0]), argv[0]) : -1, used = 1;

	memset(rule, 0, sizeof(*rule));
	rule->prio = VX_ACL_PRIO;
	rule->proto = VX_ACL_ANY;
	if (verdict < 0)
		return wrong(why, "a rule begins with allow or deny");
	rule->flags = verdict ? VX_ACL_ALLOW : 0;
	if (argc > 1 && !vx_acl_proto_of(argv[1], &rule->proto))
		used++;
	if (parse_rest(argc - used, argv + used, rule, why))
		return -EINVAL;
	return judge(rule, why);
}

static size_t put(char text[VX_ACL_TEXT], size_t used, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static size_t put(char text[VX_ACL_TEXT], size_t used, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + used, VX_ACL_TEXT - used, fmt, ap);
	va_end(ap);
	return n < 0 || used + n >= VX_ACL_TEXT ? VX_ACL_TEXT - 1 : used + n;
}

static size_t put_side(char text[VX_ACL_TEXT], size_t used, const char *name, const struct vx_acl_prefix *list, __u32 n, const char *group)
{
	char prefix[64];
	__u32 i;

	if (*group)
		return put(text, used, " %s group %s", name, group);
	for (i = 0; i < n; i++) {
		vx_acl_prefix_text(&list[i], prefix, sizeof(prefix));
		used = i ? put(text, used, ",%s", prefix) : put(text, used, " %s %s", name, prefix);
	}
	return used;
}

static size_t put_ports(char text[VX_ACL_TEXT], size_t used, const char *name, const struct vx_acl_ports *list, __u32 n)
{
	__u32 i;

	for (i = 0; i < n; i++) {
		used = i ? put(text, used, ",%u", list[i].first) : put(text, used, " %s %u", name, list[i].first);
		if (list[i].last != list[i].first)
			used = put(text, used, "-%u", list[i].last);
	}
	return used;
}

void vx_acl_text(const struct vx_acl_rule *r, char text[VX_ACL_TEXT])
{
	size_t used = put(text, 0, "%s %s", r->flags & VX_ACL_ALLOW ? "allow" : "deny", vx_acl_proto_name(r->proto));

	used = put_side(text, used, "src", r->src, r->n_src, r->src_group);
	used = put_side(text, used, "dst", r->dst, r->n_dst, r->dst_group);
	used = put_ports(text, used, "sport", r->sport, r->n_sport);
	used = put_ports(text, used, "dport", r->dport, r->n_dport);
	if (r->flags & VX_ACL_TYPE)
		used = put(text, used, " type %s", vx_acl_type_name(r->proto, r->type));
	if (r->flags & VX_ACL_CODE)
		used = put(text, used, " code %u", r->code);
	if (r->flags & VX_ACL_FRAGMENT)
		used = put(text, used, " fragment");
	if (r->prio != VX_ACL_PRIO)
		put(text, used, " prio %u", r->prio);
}

/* A packet is what a rule of one value each matches. */
int vx_acl_packet(int argc, char **argv, struct vx_pkt *pkt, char why[VX_ACL_TEXT])
{
	char allow[] = "allow", *words[VX_ACL_WORDS + 1] = { allow };
	struct vx_acl_rule r;
	int f;

	if (argc >= VX_ACL_WORDS)
		return wrong(why, "too many words");
	memcpy(words + 1, argv, argc * sizeof(*argv));
	if (vx_acl_parse(argc + 1, words, &r, why))
		return -EINVAL;
	memset(pkt, 0, sizeof(*pkt));
	if (r.n_src > 1 || r.n_dst > 1 || *r.src_group || *r.dst_group || r.n_sport > 1 || r.n_dport > 1 || r.prio != VX_ACL_PRIO ||
	    (r.n_sport && r.sport[0].first != r.sport[0].last) || (r.n_dport && r.dport[0].first != r.dport[0].last))
		return wrong(why, "a packet has one address and one port each");
	f = families_of_proto(r.proto) & families(r.src, r.n_src) & families(r.dst, r.n_dst);
	pkt->flags = r.proto == VX_ACL_NON_IP ? 0 : r.proto == VX_ACL_ARP ? VX_PKT_ARP : f & 1 ? VX_PKT_IP4 : VX_PKT_IP6;
	pkt->ip_proto = r.proto < VX_ACL_ANY ? r.proto : r.proto == VX_ACL_ND ? 58 : r.n_sport || r.n_dport ? 6 : 0;
	memcpy(pkt->saddr, r.src[0].addr, sizeof(pkt->saddr));
	memcpy(pkt->daddr, r.dst[0].addr, sizeof(pkt->daddr));
	pkt->sport = r.sport[0].first;
	pkt->dport = r.dport[0].first;
	pkt->icmp_type = r.proto == VX_ACL_ND ? 135 : r.type;
	pkt->icmp_code = r.code;
	pkt->frag_off = r.flags & VX_ACL_FRAGMENT ? 8 : 0;
	if (pkt->frag_off)
		pkt->flags |= VX_PKT_FRAGMENT;
	else if (vx_acl_has_ports(pkt->ip_proto) || pkt->ip_proto == 1 || pkt->ip_proto == 58)
		pkt->flags |= VX_PKT_L4;
	if (pkt->flags & VX_PKT_L4 && pkt->ip_proto == 58 && pkt->icmp_type >= 133 && pkt->icmp_type <= 137)
		pkt->flags |= VX_PKT_ND;
	return 0;
}
