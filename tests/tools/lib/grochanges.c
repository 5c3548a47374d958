// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "gromake.h"

/* Something changes, for one frame or for good. */
static void changed(struct gro_batch *b, uint8_t proto, void (*change)(struct netframe *f))
{
	struct netframe was;

	gro_start_any(b, proto);
	gro_emit_some(b, gro_few());
	was = *gro_next(b);
	change(gro_next(b));
	gro_emit(b);
	if (nf_one_in(2)) {
		was.seq = gro_next(b)->seq;
		was.id = gro_next(b)->id;
		was.stream = gro_next(b)->stream;
		*gro_next(b) = was;
	}
	gro_finish(b);
}

static void change_ack(struct netframe *f)
{
	f->ack += 1 + nf_below(3000);
}

static void make_ack(struct gro_batch *b)
{
	changed(b, NF_TCP, change_ack);
}

static void change_win(struct netframe *f)
{
	f->win += 1 + nf_below(3000);
}

static void make_win(struct gro_batch *b)
{
	changed(b, NF_TCP, change_win);
}

static void change_ttl(struct netframe *f)
{
	f->ttl++;
}

static void make_ttl(struct gro_batch *b)
{
	changed(b, gro_either(), change_ttl);
}

static void change_tos(struct netframe *f)
{
	f->tos ^= nf_one_in(2) ? 1 + nf_below(3) : 1 + nf_below(255);
}

static void make_tos(struct gro_batch *b)
{
	changed(b, gro_either(), change_tos);
}

static void change_label(struct netframe *f)
{
	f->label ^= 1u << nf_below(20);
}

static void make_label(struct gro_batch *b)
{
	changed(b, gro_either(), change_label);
}

static void change_timestamp(struct netframe *f)
{
	if (f->opt_len)
		f->opt[4 + nf_below(8)]++;
}

static void make_timestamp(struct gro_batch *b)
{
	changed(b, NF_TCP, change_timestamp);
}

static void change_options(struct netframe *f)
{
	f->opt_len = 4 * nf_below(11);
	memset(f->opt, 1, sizeof(f->opt));
}

static void make_options(struct gro_batch *b)
{
	changed(b, NF_TCP, change_options);
}

static void change_flags(struct netframe *f)
{
	static const uint8_t flag[] = { NF_FIN, NF_SYN, NF_RST, NF_PSH, NF_ACK, NF_URG, NF_ECE };

	f->flags ^= PICK(flag);
	if (nf_one_in(4))
		f->flags ^= PICK(flag);
}

static void make_flags(struct gro_batch *b)
{
	changed(b, NF_TCP, change_flags);
}

static void change_cwr(struct netframe *f)
{
	f->flags ^= NF_CWR;
}

static void make_cwr(struct gro_batch *b)
{
	changed(b, NF_TCP, change_cwr);
}

static void make_cwr_first(struct gro_batch *b)
{
	gro_start_any(b, NF_TCP);
	gro_next(b)->flags |= NF_CWR;
	gro_emit(b);
	gro_next(b)->flags &= ~NF_CWR;
	gro_emit_some(b, gro_few());
	gro_finish(b);
}

static void make_cwr_all(struct gro_batch *b)
{
	gro_start_any(b, NF_TCP);
	gro_next(b)->flags |= NF_CWR;
	gro_emit_some(b, gro_few());
	gro_finish(b);
}

static void change_reserved(struct netframe *f)
{
	f->reserved ^= 1 + nf_below(15);
}

static void make_reserved(struct gro_batch *b)
{
	changed(b, NF_TCP, change_reserved);
}

static void change_urg(struct netframe *f)
{
	f->urg ^= 1 + nf_below(1000);
}

static void make_urg(struct gro_batch *b)
{
	gro_start_any(b, NF_TCP);
	gro_next(b)->flags |= NF_URG;
	gro_emit_some(b, gro_few());
	change_urg(gro_next(b));
	gro_finish(b);
}

static void change_seq(struct netframe *f)
{
	f->seq += nf_one_in(2) ? 1 + nf_below(3000) : -1 - nf_below(3000);
}

static void make_seq(struct gro_batch *b)
{
	changed(b, NF_TCP, change_seq);
}

static void change_empty(struct netframe *f)
{
	f->payload = 0;
}

static void make_tcp_empty(struct gro_batch *b)
{
	changed(b, NF_TCP, change_empty);
}

static void make_udp_empty(struct gro_batch *b)
{
	changed(b, NF_UDP, change_empty);
}

static void change_id(struct netframe *f)
{
	/* twice the same is another kind */
	f->id += nf_one_in(2) ? 65534 : 1 + nf_below(5);
}

static void make_id(struct gro_batch *b)
{
	changed(b, gro_either(), change_id);
}

static void change_df(struct netframe *f)
{
	f->df = !f->df;
}

static void make_df(struct gro_batch *b)
{
	changed(b, gro_either(), change_df);
}

static void change_sum(struct netframe *f)
{
	f->csum = NF_WRONG;
}

static void make_sum(struct gro_batch *b)
{
	changed(b, gro_either(), change_sum);
}

static void change_mac(struct netframe *f)
{
	if (nf_one_in(2))
		f->dst[5] ^= 1 + nf_below(255);
	else
		f->src[5] ^= 1 + nf_below(255);
}

static void make_mac(struct gro_batch *b)
{
	changed(b, gro_either(), change_mac);
}

static void change_tag(struct netframe *f)
{
	if (nf_one_in(3))
		f->tags = !f->tags;
	else
		f->tci[0] ^= 1u << nf_below(16);
}

static void make_tag(struct gro_batch *b)
{
	changed(b, gro_either(), change_tag);
}

static void change_no_sum(struct netframe *f)
{
	f->csum = NF_NONE;
}

static void make_udp_no_sum(struct gro_batch *b)
{
	changed(b, NF_UDP, change_no_sum);
}

static void change_port(struct netframe *f)
{
	if (nf_one_in(2))
		f->sport++;
	else
		f->dport--;
}

static void make_port(struct gro_batch *b)
{
	changed(b, gro_either(), change_port);
}

static void change_address(struct netframe *f)
{
	(nf_one_in(2) ? f->saddr : f->daddr)[nf_below(f->ip6 ? 16 : 4)] ^= 1;
}

static void make_address(struct gro_batch *b)
{
	changed(b, gro_either(), change_address);
}

static void change_trail(struct netframe *f)
{
	f->trail = 1 + nf_below(18);
}

static void make_trail(struct gro_batch *b)
{
	changed(b, gro_either(), change_trail);
}

#define WHY_CWR	"Linux 6.18 leaves CWR alone, for AccECN; before, it did as we do, and cutting gives the same frames"

static const struct gro_kind kinds[] = {
	{ "acknowledgement", 2, GRO_SAME, false, make_ack, "" },
	{ "window", 2, GRO_SAME, false, make_win, "" },
	{ "TTL", 2, GRO_SAME, false, make_ttl, "" },
	{ "TOS", 2, GRO_SAME, false, make_tos, "" },
	{ "flow label", 2, GRO_FEWER, false, make_label, "another flow for Linux, which may overtake; we keep the order" },
	{ "timestamps", 2, GRO_SAME, false, make_timestamp, "" },
	{ "TCP options", 2, GRO_SAME, false, make_options, "" },
	{ "flags", 4, GRO_SAME, false, make_flags, "" },
	{ "CWR changes", 2, GRO_MORE, false, make_cwr, WHY_CWR },
	{ "CWR first", 2, GRO_MORE, false, make_cwr_first, WHY_CWR },
	{ "CWR in all", 2, GRO_SAME, false, make_cwr_all, "" },
	{ "reserved bits", 2, GRO_SAME, false, make_reserved, "" },
	{ "urgent pointer", 2, GRO_SAME, false, make_urg, "" },
	{ "sequence number", 2, GRO_SAME, false, make_seq, "" },
	{ "TCP, no payload", 2, GRO_SAME, false, make_tcp_empty, "" },
	{ "UDP, no payload", 2, GRO_FEWER, false, make_udp_empty, OVERTAKES },
	{ "IPv4 id", 2, GRO_SAME, false, make_id, "" },
	{ "DF", 2, GRO_SAME, false, make_df, "" },
	{ "wrong checksum", 3, GRO_FEWER, false, make_sum, OVERTAKES },
	{ "UDP without checksum", 2, GRO_FEWER, false, make_udp_no_sum, OVERTAKES },
	{ "MAC address", 2, GRO_SAME, false, make_mac, "" },
	{ "VLAN tag", 2, GRO_SAME, false, make_tag, "" },
	{ "port", 2, GRO_SAME, false, make_port, "" },
	{ "address", 2, GRO_SAME, false, make_address, "" },
	{ "bytes behind the packet", 2, GRO_FEWER, false, make_trail, OVERTAKES },
};

const struct gro_list gro_changes = { kinds, sizeof(kinds) / sizeof(kinds[0]) };
