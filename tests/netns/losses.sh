#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 150
#
# What was sent arrived, or is counted, once: policies, full rings, a guest that takes nothing, redirects that are refused. In each
# direction the sum is exact.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/bpf.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11
topo_up
# Nobody answers: only what is counted here travels.
wire ip addr flush dev w0
uplink_up
policy_load allow
policy_load antispoof
bpf_policy_compile "$VX_TOP/tests/lib/closed.bpf.c" "$W/closed.o" >/dev/null
run vhost-xdp policy load "$W/closed.o" as closed
port_up vm1 $MAC
engine_up vm1

# All that stats tells as dropped or lost, in one direction.
missing() { vhost-xdp stats vm1 | awk -v dir="$1" '($1 == "dropped" || $1 == "lost") && $2 == dir { n += $3 } END { print n + 0 }'; }
w0_lost() { wire ip -s link show w0 | awk '/TX:/ { getline; print $4 }'; }
# adds_up DIRECTION SENT RECEIVED
adds_up() { [ $(($3 + $(missing "$1"))) -eq "$2" ]; }
check_sum() {
	wait_until 5 "sent = received + counted" adds_up "$@" || { vhost-xdp stats vm1; die "$1: sent $2, received $3, counted $(missing "$1")"; }
	# and it stays so
	sleep 0.5
	adds_up "$@" || die "$1: something was counted later, and twice: sent $2, received $3, counted $(missing "$1")"
	vhost-xdp stats vm1 | grep -E "dropped|lost" || true
	echo "$1: sent $2 = received $3 + counted $(missing "$1")"
}
to_guest() { wire seqflow w0 send "$1" pps "$2" flow 2 len 200 mac $WIRE_MAC dst $MAC ip $WIRE_IP peer $IP idle 10 >/dev/null; }
# Every run sends the same numbers: a second one is no duplicate.
received() { sed -n 's/.*received \([0-9]*\) of.*duplicated \([0-9]*\),.*/\1 \2/p' "$1" | awk '{ print $1 + $2 }'; }

step "to the guest: nobody there, a policy that says no, then a flood at a guest that stands still"
sent=0
to_guest 100 20000; sent=$((sent + 100))
check_sum to-guest $sent 0
before=$(w0_lost)
spawn vmm vufront "$W/vm1.sock" mac $MAC ip $IP peer $WIRE_IP expect 1000000 eflow 2 time 40 idle 2000 ready "$W/ready"
wait_until 5 "the rings" test -e "$W/ready"
run vhost-xdp policy set vm1 to-guest closed
to_guest 500 20000; sent=$((sent + 500))
run vhost-xdp policy set vm1 to-guest allow
kill -STOP "$(cat "$W/vmm.pid")"
to_guest 12000 200000; sent=$((sent + 12000))
kill -CONT "$(cat "$W/vmm.pid")"
to_guest 1000 10000; sent=$((sent + 1000))
finish vmm 40 || true
got=$(received "$W/vmm.log")
[ "$got" -gt 1000 ] || die "the guest got only $got"
sent=$((sent - $(w0_lost) + before))	# what never reached the uplink
check_sum to-guest $sent "$got"
stats=$(vhost-xdp stats vm1)
echo "$stats" | grep -q "policy/denied policy closed" || die "no policy drops"
echo "$stats" | grep -q "engine/no_guest_buffer" || die "the rings were not full"

step "the socket's own part of it is told by reason"
vhost-xdp stats vm1 --prometheus | grep xsk_drops_total | tee "$W/xsk"
awk '{ n += $2 } END { exit !n }' "$W/xsk" || die "no losses of the AF_XDP socket"

step "from the guest: a flood, part of it spoofed; then an uplink that takes nothing, in two ways"
run vhost-xdp policy set vm1 from-guest antispoof
sent=0 got=0
to_wire() { run vufront "$W/vm1.sock" mac "$2" dst $WIRE_MAC ip $IP peer $WIRE_IP send "$1" pps 1000000 flow 1 time 30 || true; }
# from_guest N MAC
from_guest() {
	vx_flows=$((vx_flows + 1))
	spawn "rx-$vx_flows" wire seqflow w0 expect 1000000 flow 1 time 4 idle 1000 ready "$W/ready.$vx_flows"
	wait_until 5 "the wire" test -e "$W/ready.$vx_flows"
	to_wire "$@"
	finish "rx-$vx_flows" 40 || true
	sent=$((sent + $1)) got=$((got + $(received "$W/rx-$vx_flows.log")))
}
from_guest 20000 $MAC
from_guest 2000 52:54:00:00:00:99
check_sum from-guest $sent $got
# No NAPI at the far end: the uplink's transmit refuses.
wire ethtool -K w0 gro off
from_guest 3000 $MAC
check_sum from-guest $sent $got
wire ethtool -K w0 gro on
# And one that is down is refused before.
ip link set up0 down
to_wire 1000 $MAC
sent=$((sent + 1000))
check_sum from-guest $sent $got
ip link set up0 up
vhost-xdp stats --prometheus | grep redirect_errors_total | tee "$W/redirects"
grep -q 'from="vm1",to="up0",error="' "$W/redirects" || die "no redirect errors by where from and where to"
[ -e /sys/fs/bpf/vhost-xdp/loss/vx_devmap_xmit ] || echo "this kernel's tracepoints are not used"
