#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# A real guest behind antispoof, stateful and ratelimit: its TCP stays whole, on a wire that loses, doubles and reorders and while the
# policy comes and goes; who was not asked gets no answer.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/guest.sh"
. "$VX_TOP/tests/lib/transfer.sh"
. "$VX_TOP/tests/lib/offloads.sh"

MAC1=52:54:00:00:00:01 IP1=10.9.0.11
topo_up
wire_behind
uplink_up
port_up vm1 $MAC1
run vhost-xdp policy antispoof vm1 add $IP1
run vhost-xdp ratelimit set vm1 to-guest bps 10g
run vhost-xdp ratelimit set vm1 from-guest bps 10g
run vhost-xdp stateful set vm1 open icmp
chain_on() {
	vhost-xdp policy set vm1 from-guest antispoof,stateful,ratelimit
	vhost-xdp policy set vm1 to-guest stateful,ratelimit
}
chain_off() {
	vhost-xdp policy set vm1 to-guest allow
	vhost-xdp policy set vm1 from-guest allow
}
chain_on
engine_up vm1
guest_pick_accel
transfer_make 4000001

# drops REASON: frames of vm1
drops() {
	vhost-xdp -j stats vm1 | tr -d ' \n' | grep -o '{[^{}]*"reason":"'"$1"'"[^{}]*}' | grep -o '"packets":[0-9]*' |
		awk -F : '{ n += $2 } END { print n + 0 }'
}
# answers PORT: does the guest let itself be called there?
answers() { wire timeout 4 socat -u "TCP:$IP1:$1,connect-timeout=2" - >/dev/null 2>&1; }

wire_quality
guest_start vm1 "$W/vm1.sock" $MAC1 $IP1/24 >/dev/null
guest_wait vm1 90

step "pings, which are open, and transfers that the guest begins"
traffic vm1 $IP1
vhost-xdp stateful flows vm1
vhost-xdp stateful flows vm1 | grep -q "vm1 tcp $IP1:[0-9]* to $WIRE_IP:[0-9]* closed" || die "no connection was followed to its end"

step "over a bad wire"
wire_quality loss 5 twice 5 late 10 by 3 seed 7
transfer_to_guest vm1 || die "over a bad wire"
transfer_from_guest vm1 || die "over a bad wire"
wire_was_bad
wire_quality
[ "$(drops no_flow)" -eq 0 ] || { vhost-xdp stats vm1; die "segments of a connection were taken for others"; }

step "the policy comes and goes under a transfer"
swap_all() { while [ ! -e "$W/swapped" ]; do chain_off; sleep 0.05; chain_on; sleep 0.1; echo .; done; }
spawn swaps swap_all
transfer_to_guest vm1 || die "while the policy came and went"
transfer_from_guest vm1 || die "while the policy came and went"
touch "$W/swapped"
finish swaps 10 >"$W/swaps"
[ "$(wc -l <"$W/swaps")" -gt 2 ] || die "the policy hardly came and went"
chain_on

step "nobody calls a guest that offers nothing"
guest_run vm1 "(while :; do echo hello | nc -l -p 2222; done) >/dev/null 2>&1 &"
before=$(drops no_flow)
if answers 2222; then die "it answers"; fi
[ "$(drops no_flow)" -gt "$before" ] || die "not counted as no_flow"
run vhost-xdp stateful set vm1 open tcp dport 2222
answers 2222 || die "it does not answer where it may"
if answers 2223; then die "it answers beside"; fi
guest_stop vm1 || true
run vhost-xdp stats vm1
