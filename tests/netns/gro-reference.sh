#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 180
#
# What our rx pump merges beside what Linux' GRO does, byte for byte, over thousands of random flows. VX_SEED chooses others,
# VX_BATCHES how many bursts of up to six; tests/tools/groref.c says how to repeat one.
#
#	groref: a1 ====== a2 -> (tc redirects) -> b1 ====== b2 -> (tc redirects) -> tap t1: groref
#
# b2 merges. Once its NAPI has run, the timer of gro_flush_timeout starts it again and nothing else does, so what was merged does not
# depend on how fast frames come. a2 takes VLAN tags out of the frames: GRO of tags within needs a kernel with 802.1Q devices.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"

WINDOW=4000	# microseconds
links_down() {
	ip link del t1
	ip link del a1
	ip link del b1
}

redirect() {
	tc qdisc add dev "$1" clsact
	tc filter add dev "$1" ingress protocol all u32 match u32 0 0 action mirred egress redirect dev "$2"
}

links_up() {
	ip tuntap add dev t1 mode tap vnet_hdr
	at_exit links_down
	ip link add name a1 mtu 9500 type veth peer name a2 mtu 9500
	ip link add name b1 mtu 9500 type veth peer name b2 mtu 9500
	for dev in t1 a1 a2 b1 b2; do
		sysctl -qw "net.ipv6.conf.$dev.disable_ipv6=1"
	done
	ethtool -K b2 gro on rx-udp-gro-forwarding on
	echo $((WINDOW * 1000)) >/sys/class/net/b2/gro_flush_timeout
	echo 1000000 >/sys/class/net/b2/napi_defer_hard_irqs
	for dev in t1 a1 a2 b1 b2; do
		ip link set "$dev" up
	done
	redirect a2 b1
	redirect b2 t1
}

links_up
run groref a1 t1 window $WINDOW seed "${VX_SEED:-1}" count "${VX_BATCHES:-600}"
