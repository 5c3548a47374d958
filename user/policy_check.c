// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <jansson.h>

#include "args.h"
#include "check_packets.h"
#include "check_trial.h"
#include "cmd.h"
#include "output.h"
#include "pins.h"
#include "policy.h"
#include "policy_check.h"
#include "port.h"
#include "say.h"
#include "stats.h"
#include "words.h"

/* Of a guest that there is not: locally administered. */
static const __u8 trial_mac[ETH_ALEN] = { 0x52, 0x54, 0, 0, 0, 0x01 };

struct check {
	const char *file;
	struct vx_trial *trial;
	int direction;
	json_t *all;
	__u32 passed, dropped, before, too_short;
	__u32 least, most;
	__u64 total;
};

static const char *fault_text(enum vx_trial_fault fault)
{
	switch (fault) {
	case VX_TRIAL_NO_VERDICT:
		return "ends without vx_pass() or vx_drop(): frames would be lost without a reason";
	case VX_TRIAL_FRAME:
		return "changes the frame, which other policies have judged already";
	case VX_TRIAL_PARSED:
		return "writes to struct vx_pkt, which the next policy judges by";
	case VX_TRIAL_FINE:
		break;
	}
	return "";
}

/* What was parsed, in a few words: "tcp 192.0.2.2:40000 > 192.0.2.1:22". */
static void describe(const struct vx_pkt *pkt, char *text, size_t len)
{
	int family = pkt->flags & VX_PKT_IP6 ? AF_INET6 : AF_INET;
	char src[INET6_ADDRSTRLEN] = "", dst[INET6_ADDRSTRLEN] = "", ports[2][8] = { "", "" };
	const char *proto = pkt->flags & VX_PKT_ARP ? "arp" : family == AF_INET6 ? "ip6" : "ip4";

	if (!(pkt->flags & (VX_PKT_ARP | VX_PKT_IP4 | VX_PKT_IP6))) {
		snprintf(text, len, "type 0x%04x", pkt->ethertype);
		return;
	}
	inet_ntop(family, pkt->saddr, src, sizeof(src));
	inet_ntop(family, pkt->daddr, dst, sizeof(dst));
	if (pkt->flags & VX_PKT_L4) {
		switch (pkt->ip_proto) {
		case IPPROTO_TCP:
			proto = "tcp";
			break;
		case IPPROTO_UDP:
			proto = "udp";
			break;
		case IPPROTO_ICMP:
		case IPPROTO_ICMPV6:
			proto = "icmp";
			break;
		}
		if (pkt->sport || pkt->dport) {
			snprintf(ports[0], sizeof(ports[0]), ".%u", pkt->sport);
			snprintf(ports[1], sizeof(ports[1]), ".%u", pkt->dport);
		}
	}
	snprintf(text, len, "%s %s%s > %s%s", proto, src, ports[0], dst, ports[1]);
}

static void count(struct check *c, const struct vx_trial_result *r)
{
	if (!r->reached) {
		c->before++;
		return;
	}
	c->passed += r->passed;
	c->dropped += !r->passed;
	c->total += r->ns;
	if (r->ns < c->least || c->passed + c->dropped == 1)
		c->least = r->ns;
	if (r->ns > c->most)
		c->most = r->ns;
}

static int report(struct check *c, const char *name, __u32 len, const struct vx_trial_result *r)
{
	char buf[VX_NUMBER_TEXT], text[120] = "";
	const char *verdict = !r->reached ? "port" : r->passed ? "pass" : "drop";
	const char *reason = r->passed ? "" : vx_reason_name(r->reason, buf);

	describe(&r->pkt, text, sizeof(text));
	if (c->all)
		return json_array_append_new(c->all, json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:i, s:i}", "packet", name, "frame", text,
							       "direction", vx_direction_name(c->direction), "len", len, "verdict",
							       r->reached ? verdict : "port-drop", "reason", reason, "rule", r->rule,
							       "ns", r->ns));
	if (r->rule)
		snprintf(text, sizeof(text), "%s rule %u", reason, r->rule);
	else
		snprintf(text, sizeof(text), "%s", reason);
	printf("%-10s  %-42s %5u  %-4s  %-22s", vx_direction_name(c->direction), name, len, verdict, text);
	if (r->reached)
		printf(" %5u ns", r->ns);
	putchar('\n');
	return 0;
}

static int one_packet(const char *name, const __u8 *frame, __u32 len, void *arg)
{
	struct vx_trial_result r;
	struct check *c = arg;
	int err;

	err = vx_trial_judge(c->trial, c->direction, frame, len, &r);
	if (err == -EAGAIN) {
		c->too_short++;
		return 0;
	}
	if (err)
		return err;
	if (r.fault)
		return vx_fail(-EINVAL, "%s is no policy: given \"%s\", %s, it %s", c->file, name, vx_direction_name(c->direction),
			       fault_text(r.fault));
	count(c, &r);
	return report(c, name, len, &r);
}

static int summary(struct check *c)
{
	__u32 judged = c->passed + c->dropped;
	__u32 mean = judged ? (c->total + judged / 2) / judged : 0;

	if (c->all)
		return vx_print_json(json_pack("{s:s, s:b, s:i, s:i, s:i, s:i, s:{s:i, s:i, s:i}, s:o}", "file", c->file, "usable", 1,
					       "passed", c->passed, "dropped", c->dropped, "port_dropped", c->before, "not_run",
					       c->too_short, "ns", "least", c->least, "mean", mean, "most", c->most, "packets", c->all));
	printf("%s: %u pass, %u drop", c->file, c->passed, c->dropped);
	if (c->before)
		printf(", %u never reach a policy (port)", c->before);
	if (c->too_short)
		printf(", %u are no Ethernet frames or too long for a trial", c->too_short);
	printf("; %u to %u ns each, %u on average\n", c->least, c->most, mean);
	return 0;
}

/* Whose rules: those of the version that judges. */
static int find_rules(const char *name, char home[VX_PIN_PATH])
{
	struct vx_policy policy;

	if (vx_pins_check() || vx_policy_find(name, &policy) || !*policy.name)
		return vx_fail(-ENOENT, "there is no policy %s whose rules could be taken; see 'vhost-xdp policy list'", name);
	snprintf(home, VX_PIN_PATH, "policies/%s%s", policy.name, policy.in_prev ? "/prev" : "");
	return 0;
}

static int find_port(const char *name, struct vx_trial_setup *setup)
{
	struct vx_port port;

	if (vx_pins_check() || vx_port_find(name, &port))
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", name);
	setup->port = port.id;
	setup->cfg = port.cfg;
	return 0;
}

/* Before the trial leaves the network namespace, in which the pins mean something. */
static int set_up(struct vx_trial_setup *setup, const char *rules, const char *port, char home[VX_PIN_PATH])
{
	int err = 0;

	if (port)
		err = find_port(port, setup);
	if (!err && rules) {
		err = find_rules(rules, home);
		setup->rules = home;
	}
	return err;
}

static int check(struct check *c, int only, const char *packets, const __u8 mac[6])
{
	int dir, err = 0;

	if (!c->all)
		printf("%-10s  %-42s %5s  %-4s  %-22s %5s\n", "direction", "packet", "bytes", "", "reason", "cost");
	for (dir = 0; dir < VX_DIRECTIONS && !err; dir++) {
		if (only >= 0 && dir != only)
			continue;
		c->direction = dir;
		err = packets ? vx_check_pcap(packets, one_packet, c) : vx_check_packets(dir, mac, one_packet, c);
	}
	return err ? err : summary(c);
}

int vx_policy_check_run(int argc, char **argv)
{
	const char *packets = NULL, *mac_text = NULL, *rules = NULL, *port = NULL, *dirs[VX_DIRECTIONS] = {};
	struct vx_trial_setup setup = { .cfg = { .queue_pairs = 1, .mtu = ETH_DATA_LEN, .name = "trial" } };
	const struct vx_arg table[] = {
		{ "rules", .text = &rules },
		{ "port", .text = &port },
		{ "packets", .text = &packets },
		{ "mac", .text = &mac_text },
		{ "to-guest", .flag = &dirs[VX_TO_GUEST] },
		{ "from-guest", .flag = &dirs[VX_FROM_GUEST] },
		{},
	};
	char home[VX_PIN_PATH];
	struct check c = {};
	int err, only = -1;

	if (!argc)
		return vx_usage("'policy check' needs an object file: vhost-xdp policy check FILE");
	err = vx_args(table, argc - 1, argv + 1);
	if (err)
		return err;
	memcpy(setup.cfg.mac, trial_mac, sizeof(trial_mac));
	if (mac_text && port)
		return vx_usage("'mac' and 'port' exclude each other: a port has its MAC");
	if (mac_text && vx_parse_mac(mac_text, setup.cfg.mac))
		return vx_usage("'%s' is not the MAC of a guest; write it like 52:54:00:00:00:01", mac_text);
	if (!dirs[VX_TO_GUEST] != !dirs[VX_FROM_GUEST])
		only = dirs[VX_TO_GUEST] ? VX_TO_GUEST : VX_FROM_GUEST;
	if (geteuid())
		return vx_fail(-EPERM, "this needs root; run it with sudo");
	c.file = setup.file = argv[0];
	c.all = vx_json ? json_array() : NULL;
	err = set_up(&setup, rules, port, home);
	if (!err)
		err = vx_trial_open(&setup, &c.trial);
	if (err)
		return err;
	err = check(&c, only, packets, setup.cfg.mac);
	vx_trial_close(c.trial);
	return err;
}
