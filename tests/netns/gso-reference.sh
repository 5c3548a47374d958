#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 120
#
# Our segmentation beside Linux' own, byte for byte, over thousands of random requests: TCP and UDP, IPv4 and IPv6, options, ECN,
# VLAN, uneven sizes, and what no guest should ask for. VX_SEED chooses others, VX_CASES how many; tests/tools/gsoref.c says
# how to repeat one.
#
#	gsoref: tap t0 -> (tc redirects) -> near ====== far: gsoref
#
# near's offloads are off, so that the kernel segments and sums in software.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"

links_down() {
	ip link del t0
	ip link del near
}

links_up() {
	ip tuntap add dev t0 mode tap vnet_hdr
	at_exit links_down
	ip link add name near mtu 65535 type veth peer name far mtu 65535
	for dev in t0 near far; do
		sysctl -qw "net.ipv6.conf.$dev.disable_ipv6=1"
	done
	ethtool -K near tx off tso off gso off tx-udp-segmentation off txvlan off tx-vlan-stag-hw-insert off
	ethtool -K far gro off
	for dev in t0 near far; do
		ip link set "$dev" up
	done
	tc qdisc add dev t0 clsact
	tc filter add dev t0 ingress protocol all u32 match u32 0 0 action mirred egress redirect dev near
}

links_up
run gsoref t0 far seed "${VX_SEED:-1}" count "${VX_CASES:-8000}"
