// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "netdev.h"
#include "pins.h"
#include "stats.h"
#include "watch.h"
#include "words.h"

const char *vx_stage_name(unsigned int stage)
{
	switch (stage) {
#define X(name, n, text) case n: return text;
	VX_STAGES(X)
#undef X
	}
	return "unknown";
}

const char *vx_reason_name(unsigned int reason, char buf[VX_NUMBER_TEXT])
{
	switch (reason) {
#define X(name, n, text) case n: return text;
	VX_REASONS(X)
#undef X
	}
	snprintf(buf, VX_NUMBER_TEXT, "%s_%u", reason >= VX_REASON_CUSTOM ? "custom" : "reason", reason);
	return buf;
}

const char *vx_umem_owner_name(int owner)
{
	static const char *const names[VX_UMEM_OWNERS] = { "free", "fill", "rx", "held", "tx" };

	return names[owner];
}

int vx_reason_parse(const char *word)
{
	static const struct {
		const char *text;
		int n;
	} reasons[] = {
#define X(name, n, text) { text, n },
		VX_REASONS(X)
#undef X
	};
	__u32 custom;
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(word, reasons[i].text))
			return reasons[i].n;
	if (!strncmp(word, "custom_", 7) && !vx_parse_u32(word + 7, VX_REASON_CUSTOM, VX_REASON_MAX - 1, &custom))
		return custom;
	return -EINVAL;
}

/* One value per possible CPU. */
static struct vx_counter lookup_sum(int fd, const void *key)
{
	int cpus = libbpf_num_possible_cpus(), i;
	struct vx_counter *each, sum = {};

	if (cpus <= 0)
		return sum;
	each = calloc(cpus, sizeof(*each));
	if (!each)
		return sum;
	if (!bpf_map_lookup_elem(fd, key, each))
		for (i = 0; i < cpus; i++) {
			sum.packets += each[i].packets;
			sum.bytes += each[i].bytes;
		}
	free(each);
	return sum;
}

struct vx_counter vx_stats_traffic(const struct vx_port *port, int direction)
{
	__u32 key = port->id * VX_DIRECTIONS + direction;
	int fd = vx_pin_open("v1/vx_traffic");
	struct vx_counter sum = {};

	if (fd < 0)
		return sum;
	sum = lookup_sum(fd, &key);
	close(fd);
	return sum;
}

/* Whoever lists all ports asks for each of them: the map is walked once for all who ask within so many ns. */
#define FRESH	50000000ull

static struct {
	__u64 at;
	size_t n, room;
	struct {
		struct vx_drop_key key;
		struct vx_counter sum;
	} *entry;
} all_drops;

static int add_drop(const struct vx_drop_key *key, struct vx_counter sum)
{
	size_t room = all_drops.room ? 2 * all_drops.room : 64;
	void *more;

	if (all_drops.n == all_drops.room) {
		more = reallocarray(all_drops.entry, room, sizeof(*all_drops.entry));
		if (!more)
			return -ENOMEM;
		all_drops.entry = more;
		all_drops.room = room;
	}
	all_drops.entry[all_drops.n].key = *key;
	all_drops.entry[all_drops.n++].sum = sum;
	return 0;
}

static int read_drops(void)
{
	struct vx_drop_key key, *prev = NULL;
	int fd, err = 0;

	if (all_drops.at && vx_now() - all_drops.at < FRESH)
		return 0;
	all_drops.n = 0;
	fd = vx_pin_open("v1/vx_drops");
	if (fd < 0)
		return fd;
	while (!err && !bpf_map_get_next_key(fd, prev, &key)) {
		prev = &key;
		err = add_drop(&key, lookup_sum(fd, &key));
	}
	close(fd);
	all_drops.at = err ? 0 : vx_now();
	return err;
}

/* What there was no room for: a number for each direction. */
static int each_untold(__u32 port, int (*fn)(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg), void *arg)
{
	struct vx_drop_key key = { .port = port, .stage = VX_STAGE_POLICY, .reason = VX_REASON_UNTOLD };
	int fd = vx_pin_open("v1/vx_drops_more"), ret = 0;
	struct vx_counter sum;
	__u32 at;

	if (fd < 0)
		return 0;
	for (key.direction = 0; key.direction < VX_DIRECTIONS && !ret; key.direction++) {
		at = port * VX_DIRECTIONS + key.direction;
		sum = lookup_sum(fd, &at);
		if (sum.packets)
			ret = fn(&key, &sum, arg);
	}
	close(fd);
	return ret;
}

int vx_stats_each_drop(__u32 port, int (*fn)(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg), void *arg)
{
	int ret = read_drops();
	size_t i;

	for (i = 0; i < all_drops.n && !ret; i++)
		if (all_drops.entry[i].key.port == port && all_drops.entry[i].sum.packets)
			ret = fn(&all_drops.entry[i].key, &all_drops.entry[i].sum, arg);
	return ret ? ret : each_untold(port, fn, arg);
}

struct collection {
	struct vx_loss *losses;
	int n, max;
	const char *end;
};

static void add_loss(struct collection *c, const char *name, __u64 packets)
{
	struct vx_loss *loss;
	int i;

	if (!packets)
		return;
	for (i = 0; i < c->n; i++)
		if (!strcmp(c->losses[i].end, c->end) && !strcmp(c->losses[i].name, name)) {
			c->losses[i].packets += packets;
			return;
		}
	if (c->n == c->max)
		return;
	loss = &c->losses[c->n++];
	snprintf(loss->end, sizeof(loss->end), "%s", c->end);
	loss->name = name;
	loss->packets = packets;
}

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && !strcmp(s + len - n, end);
}

/*
 * "rx_queue_3_drops" and its like, spelt differently over the years, summed
 * over queues. What our own programs dropped ("xdp_drops") is in vx_drops.
 */
static void collect(const char *name, __u64 value, void *arg)
{
	struct collection *c = arg;

	if (ends_with(name, "xdp_drops"))
		return;
	if (ends_with(name, "_xdp_xmit_errors") || ends_with(name, "_xdp_xmit_err"))
		add_loss(c, "xmit_errors", value);
	else if (ends_with(name, "_xdp_tx_errors") || ends_with(name, "_xdp_tx_err"))
		add_loss(c, "tx_errors", value);
	else if (ends_with(name, "_drops"))
		add_loss(c, "rx_drops", value);
}

static void collect_netdev(struct collection *c, const char *name)
{
	struct vx_netdev dev;

	c->end = name;
	vx_netdev_each_stat(name, collect, c);
	if (!vx_netdev_by_name(name, &dev))
		add_loss(c, "tx_dropped", dev.tx_dropped);
}

int vx_stats_losses(const struct vx_port *port, struct vx_loss *losses, int max)
{
	struct collection c = { .losses = losses, .max = max };
	char guest_end[VX_NAME_LEN];

	if (!vx_port_alive(port))
		return 0;
	vx_port_guest_end(port, guest_end);
	collect_netdev(&c, port->cfg.name);
	collect_netdev(&c, guest_end);
	return c.n;
}

__u64 vx_port_xsk_losses(const struct vx_port *port)
{
	struct vx_engine_page *page = malloc(sizeof(*page));
	__u64 n = 0;
	int q;

	if (!page)
		return 0;
	vx_port_engine(port, page);
	for (q = 0; q < VX_QUEUE_PAIRS_MAX; q++)
		n += page->xsk[q].ring_full + page->xsk[q].no_frame + page->xsk[q].oversize;
	free(page);
	return n;
}
