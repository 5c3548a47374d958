#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 150
#
# What happens to rings in the life of a guest: stop and restart, disconnect and reconnect, dirty log, announcement after
# a migration; and what a guest with offloads sends: superframes that arrive as segments with correct checksums.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11
topo_up
uplink_up
policy_load allow
port_up vm1 $MAC
engine_up vm1
engine=$(cat "$W/engine-vm1.pid")

# What a guest sends is never lost; what it should receive may be, while nobody serves it.
# sends_all N [vufront's words...]
sends_all() {
	local n=$1
	shift
	rm -f "$W/ready"
	spawn wire-rx wire seqflow w0 expect "$n" flow 1 time 40 idle 40000 ready "$W/ready"
	wait_until 5 "the wire" test -e "$W/ready"
	run timeout 60 vufront "$W/vm1.sock" mac $MAC dst $WIRE_MAC ip $IP peer $WIRE_IP send "$n" flow 1 time 40 "$@"
	finish wire-rx 60
}

for packed in 0 1; do
	step "rings stopped and restarted 20 times, packed=$packed"
	sends_all 8000 packed $packed pauses 20
	step "20 reconnects, packed=$packed"
	sends_all 8000 packed $packed reconnects 20
	step "both ways with the dirty log on, packed=$packed"
	both_ways 3000 vm1 $MAC $IP packed $packed log 1
	both_ways 3000 vm1 $MAC $IP packed $packed log 1 rxbuf 200 regions 7
	for mss in 1448 536; do
		step "a stream in superframes, mss $mss, packed=$packed"
		rm -f "$W/ready"
		spawn wire-rx wire seqflow w0 stream 20000000 mss $mss time 40 idle 40000 ready "$W/ready"
		wait_until 5 "the wire" test -e "$W/ready"
		run timeout 60 vufront "$W/vm1.sock" mac $MAC dst $WIRE_MAC ip $IP peer $WIRE_IP stream 20000000 len 60000 \
			mss $mss tso 1 csum 1 packed $packed pieces 17 pps 200 time 40
		finish wire-rx 60
	done
done

step "an announcement"
spawn sniff wire timeout 10 tcpdump -lnni w0 -c 1 rarp
wait_until 5 "tcpdump" grep -q listening "$W/sniff.log"
run timeout 10 vufront "$W/vm1.sock" mac $MAC rarp 1 time 2
finish sniff 10
grep -qi "$MAC" "$W/sniff.log" || die "no RARP from $MAC on the wire"

[ "$(cat "$W/engine-vm1.pid")" = "$engine" ] && kill -0 "$engine" || die "the engine was restarted"
