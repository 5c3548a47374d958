#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 480
#
# An unmodified guest through every shape of virtio-net that QEMU can offer it: pings both ways, and a file that goes there
# and comes back the same. One engine serves one QEMU after the other.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/guest.sh"
. "$VX_TOP/tests/lib/transfer.sh"

MAC1=52:54:00:00:00:01 IP1=10.9.0.11 MAC2=52:54:00:00:00:02 IP2=10.9.0.12
topo_up
uplink_up
policy_load allow
port_up vm1 $MAC1
engine_up vm1
guest_pick_accel
transfer_make 3000001

guest_feature() {
	local bits
	bits=$(guest_run "$1" "cat /sys/class/net/eth0/device/features")
	[ "${bits:$2:1}" = "$3" ] || die "feature $2 is not $3 in $bits"
}

shape() {
	local properties=$1 packed=0 mrg=1 csum=1
	step "$properties"
	guest_start vm1 "$W/vm1.sock" $MAC1 $IP1/24 1 "$properties" >/dev/null
	guest_wait vm1 90
	case ",$properties," in *,packed=on,*) packed=1 ;; esac
	case ",$properties," in *,mrg_rxbuf=off,*) mrg=0 ;; esac
	case ",$properties," in *,csum=off,*) csum=0 ;; esac
	guest_feature vm1 34 $packed
	guest_feature vm1 15 $mrg
	guest_feature vm1 0 $csum
	traffic vm1 $IP1
	guest_stop vm1 || true
}

no_tso=csum=off,host_tso4=off,host_tso6=off,host_ecn=off,host_ufo=off
shape packed=off
shape packed=on
shape packed=off,mrg_rxbuf=off
shape packed=on,mrg_rxbuf=off
shape packed=off,$no_tso
shape packed=on,$no_tso
shape packed=off,guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off
shape packed=off,rx_queue_size=1024,tx_queue_size=1024
shape packed=on,rx_queue_size=1024,tx_queue_size=1024
shape packed=off,rx_queue_size=256,tx_queue_size=256,event_idx=off,indirect_desc=off
shape packed=on,rx_queue_size=256,tx_queue_size=256,event_idx=off,indirect_desc=off

# Each of two processors of the guest sends through a pair of its own.
multiqueue() {
	local cpu
	step "two queue pairs, $1"
	guest_start vm2 "$W/vm2.sock" $MAC2 $IP2/24 2 "$1" -smp 2 >/dev/null
	guest_wait vm2 90
	guest_run vm2 "test -e /sys/class/net/eth0/queues/tx-1" || die "the guest has one queue pair"
	traffic vm2 $IP2
	for cpu in 1 2; do
		guest_run vm2 "taskset $cpu ping -c 3 -i 0.2 -W 3 $WIRE_IP | tail -n 2" | tee "$W/pings"
		grep -q '3 packets received' "$W/pings" || die "pings of processor $cpu"
	done
	guest_stop vm2 || true
}

# shellcheck disable=SC2016 # awk's own
queue_sent() {
	vhost-xdp stats | awk -v q="$1" '/^port/ { here = $2 == "vm2" }
		here && $1 == "queue" && $2 == q && $3 == "from-guest" && $4 > 0 { sent = 1 } END { exit !sent }'
}

port_up vm2 $MAC2 queues 2
spawn engine-vm2 vhost-xdp -v serve vm2 socket "$W/vm2.sock" queues 2
wait_until 5 "the socket of port vm2" test -S "$W/vm2.sock"
for packed in off on; do
	multiqueue packed=$packed
	kind='split'
	[ $packed = off ] || kind='packed'
	for vring in 0 1 2 3; do
		grep -q "vring $vring started: $kind" "$W/engine-vm2.log" || die "vring $vring never ran as $kind"
	done
done
vhost-xdp stats
for queue in 0 1; do
	queue_sent $queue || die "nothing left the guest through pair $queue"
done
engine_down vm1
engine_down vm2
