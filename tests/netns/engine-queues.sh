#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A port of four queues: whatever number of queue pairs the guest runs, frames that arrive on any queue reach it. And a
# guest that stops taking frames costs neither CPU nor, later on, anything that comes after.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11
topo_up
uplink_up
policy_load allow
port_up vm1 $MAC queues 4
engine_up vm1
engine=$SPAWNED
wait_until 5 "the system call filter" grep -q "^Seccomp:.*2" "/proc/$engine/status"
[ "$(find /proc/"$engine"/task -maxdepth 1 -mindepth 1 | wc -l)" -eq 5 ] || die "not four workers"

# veth chooses the queue by CPU: send from each of them.
to_guest() {
	local cpu
	for cpu in $(seq 0 $(($(nproc) - 1))); do
		wire taskset -c "$cpu" seqflow w0 send 1000 pps 5000 mac $WIRE_MAC dst $MAC ip $WIRE_IP peer $IP \
			idle 10 >/dev/null
	done
}

for pairs in 4 2 1; do
	step "the guest runs $pairs pair(s)"
	spawn vmm vufront "$W/vm1.sock" mac $MAC ip $IP queues $pairs time 20 idle 2000 expect 1000 linger 1500 ready "$W/ready"
	wait_until 5 "the rings" test -e "$W/ready"
	rm "$W/ready"
	to_guest
	finish vmm 20 >"$W/verdict" || true
	cat "$W/verdict"
	# Every CPU sends the same numbers.
	grep -q "received 1000 of 1000, lost 0, duplicated $((1000 * ($(nproc) - 1))), .*corrupt 0" "$W/verdict" || die "frames are missing"
done

step "more pairs than there are"
timeout 10 vufront "$W/vm1.sock" queues 5 send 1 && die "it was served"
grep -q 'serves 4 queue pair' "$W/engine-vm1.log" || die "no word about it"
[ -d "/proc/$engine" ] || die "the engine died"

step "a guest that stops taking frames"
ticks() { awk '{ print $14 + $15 }' "/proc/$engine/stat"; }
spawn vmm vufront "$W/vm1.sock" mac $MAC ip $IP time 40 idle 40000 expect 1000000 ready "$W/ready"
wait_until 5 "the rings" test -e "$W/ready"
kill -STOP "$SPAWNED"
wire seqflow w0 send 5000 pps 20000 mac $WIRE_MAC dst $MAC ip $WIRE_IP peer $IP idle 10 >/dev/null
sleep 1.5
before=$(ticks)
sleep 2
[ $(($(ticks) - before)) -le 2 ] || die "more than 1 % CPU while nothing can be delivered"
[ "$(vhost-xdp -j stats | grep -c no_guest_buffer)" -gt 0 ] || die "the loss is not counted"
kill -CONT "$SPAWNED"
stop vmm KILL || true
both_ways 1000 vm1 $MAC $IP
