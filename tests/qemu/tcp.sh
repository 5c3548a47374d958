#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# TCP at full speed with an unmodified guest on the user engine: super-frames both ways, the data compared, over a wire that loses,
# doubles and reorders frames; the guest switches offloads off and on; its XDP program gets frames that it can take.
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
policy_load allow
port_up vm1 $MAC1
engine_up vm1
guest_pick_accel
transfer_make 4000001

both_transfers() { transfer_to_guest vm1 && transfer_from_guest vm1; }

speeds() {
	guest_run vm1 "pidof iperf3 >/dev/null || iperf3 -s -D"
	wire iperf3 -c $IP1 -t 2 -f m | awk '/receiver/ { print "  iperf3 wire -> guest:", $7, $8 }'
	[ -f "$W/iperf3.pid" ] || spawn iperf3 wire iperf3 -s
	wait_until 5 "iperf3" wire iperf3 -c $WIRE_IP -n 1
	guest_run vm1 "iperf3 -c $WIRE_IP -t 2 -f m" | awk '/receiver/ { print "  iperf3 guest -> wire:", $7, $8 }'
}

bad_wire() {
	wire_quality loss 5 twice 5 late 10 by 3 seed 7
	offloads_used vm1 both_transfers || die "over a bad wire"
	wire_was_bad
	wire_quality
}

shape() {
	local properties=$1 gro=on
	case $properties in *guest_tso4=off*) gro=off ;; esac
	step "$properties"
	wire_quality
	guest_start vm1 "$W/vm1.sock" $MAC1 $IP1/24 1 "$properties" >/dev/null
	guest_wait vm1 90
	guest_offload vm1 tcp-segmentation-offload on
	guest_offload vm1 rx-gro-hw $gro
	vhost-xdp port show vm1 | grep -E 'offloads' || die "port show says nothing of offloads"
	pings vm1 $IP1 >/dev/null || die "pings"
	offloads_used vm1 both_transfers || die "$properties"
	[ "${used#*:}" -gt 0 ] || die "the guest sent no super-frame"
	if [ $gro = on ]; then
		[ "${used%:*}" -gt 0 ] || die "no super-frame was made for the guest"
	else
		[ "${used%:*}" -eq 0 ] || die "a super-frame was made for a guest that takes none"
	fi
	bad_wire
}

shape packed=off
speeds

step "the guest sends no super-frames any more, and then again"
guest_switch vm1 tso off gso off
offloads_used vm1 transfer_from_guest vm1 || die "without segmentation"
[ "${used#*:}" -eq 0 ] || die "the guest sent super-frames"
guest_switch vm1 tso on gso on
offloads_used vm1 transfer_from_guest vm1 || die "with segmentation"
[ "${used#*:}" -gt 0 ] || die "the guest sent no super-frame"

# Over vhost-user no VMM passes on what the driver switches off; one that does not want merged frames takes them nevertheless.
step "the guest wants no merged frames any more, and then again"
guest_switch vm1 rx-gro-hw off
guest_offload vm1 rx-gro-hw off
offloads_used vm1 transfer_to_guest vm1 || die "with rx-gro-hw off"
guest_switch vm1 rx-gro-hw on

xdp() {
	step "an XDP program in the guest, $1"
	guest_run vm1 "xdpattach eth0 on" || die "XDP attach"
	# a connection brings the engine to notice; what was on its way is dropped by the driver, and sent again
	transfer_to_guest vm1 || die "with XDP"
	offloads_used vm1 both_transfers || die "with XDP"
	[ "${used%:*}" -eq 0 ] || die "super-frames were made for an XDP program, which are dropped"
	guest_run vm1 "xdpattach eth0 off" || die "XDP detach"
	transfer_to_guest vm1 || die "after XDP"
	offloads_used vm1 both_transfers || die "after XDP"
	[ "${used%:*}" -gt 0 ] || die "no super-frame was made for the guest, whose XDP program is gone"
}
xdp "split ring"
guest_stop vm1 || true

shape packed=on
xdp "packed ring"
guest_stop vm1 || true
shape packed=off,mrg_rxbuf=off
guest_stop vm1 || true
shape packed=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off
guest_stop vm1 || true

run vhost-xdp stats vm1
vhost-xdp stats vm1 | grep -E 'errors [1-9]' && die "a vring was stopped on a fault"
exit 0
