#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 150
#
# A hostile VMM and guest: malformed, oversized, out-of-order and descriptor-less messages, rings full of lies. The
# engine lives on, loses no descriptor and no memory, serves the next VMM, and never disturbs another port.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11 MAC2=52:54:00:00:00:02 IP2=10.9.0.12
topo_up
uplink_up
policy_load allow
port_up vm1 $MAC
port_up vm2 $MAC2
engine_up vm1
engine_up vm2
engine=$(cat "$W/engine-vm1.pid")
fds() { find "/proc/$engine/fd" -mindepth 1 | wc -l; }
rss() { awk '/^RssAnon/ { print $2 }' "/proc/$engine/status"; }

step "before"
both_ways 1000 vm1 $MAC $IP
wait_until 5 "the VMM to be gone" sh -c "! vhost-xdp port show vm1 | grep -q 'state *up'"
fds_before=$(fds) rss_before=$(rss)

# Frames for this port all the time, so that its receive ring is looked at; and a neighbour that must not notice.
spawn noise wire seqflow w0 send 100000 pps 2000 flow 5 mac $WIRE_MAC dst $MAC ip $WIRE_IP peer $IP time 120
spawn neighbour-rx wire seqflow w0 expect 20000 flow 6 time 110 idle 110000 ready "$W/neighbour"
wait_until 5 "the wire" test -e "$W/neighbour"
spawn neighbour vufront "$W/vm2.sock" mac $MAC2 dst $WIRE_MAC ip $IP2 peer $WIRE_IP send 20000 pps 1000 flow 6 time 100

for seed in 1 $RANDOM; do
	step "seed $seed"
	run timeout 60 vuhostile "$W/vm1.sock" seed "$seed"
	[ -d "/proc/$engine" ] || die "the engine died"
done
finish neighbour 60
finish neighbour-rx 60
stop noise || true

step "after"
wait_until 5 "descriptors to be closed" sh -c "[ \$(find /proc/$engine/fd -mindepth 1 | wc -l) -le $fds_before ]" ||
	{ ls -l "/proc/$engine/fd"; die "$(fds) descriptors, $fds_before before"; }
echo "descriptors $fds_before -> $(fds), memory $rss_before -> $(rss) kB"
[ "$(rss)" -lt $((rss_before + 4096)) ] || die "memory grew"
both_ways 1000 vm1 $MAC $IP
both_ways 1000 vm1 $MAC $IP packed 1
run vhost-xdp stats vm1
