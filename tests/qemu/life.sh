#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# What happens in the life of a guest, its VMM and its engine: traffic returns each time, and nothing piles up.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/guest.sh"
. "$VX_TOP/tests/lib/transfer.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11
VX_GUEST_MEM=160M
VX_GUEST_RECONNECT=1
topo_up
uplink_up
policy_load allow
port_up vm1 $MAC

engine_start() {
	spawn engine-vm1 vhost-xdp -v serve vm1 socket "$W/vm1.sock"
	engine=$SPAWNED
	wait_until 5 "the socket of port vm1" test -S "$W/vm1.sock"
	# What it holds is compared later: so all of it has to be there.
	wait_until 5 "the engine's worker" working
}
# shellcheck disable=SC2317 # called through wait_until
working() { [ "$(find "/proc/$engine/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt 1 ]; }
guest_up() {
	guest_start vm1 "$W/vm1.sock" $MAC $IP/24 1 "${1:-}" >/dev/null
	guest_wait vm1 90
}

qmp() { guest_qmp vm1 "$1" >"$W/answer" || { cat "$W/answer"; die "QMP $1"; }; }
port_is() { vhost-xdp port show vm1 | grep -q "state *$1\$"; }
silent() { ! wire ping -c 3 -i 0.2 -W 1 $IP >/dev/null || die "answers come from a guest that cannot answer"; }
# shellcheck disable=SC2317 # called through wait_until
booted_anew() { VX_GUEST_TIMEOUT=1 guest_run vm1 "test ! -e /tmp/before"; }
# shellcheck disable=SC2317 # called through wait_until
carrier_is() { [ "$(guest_run vm1 "cat /sys/class/net/eth0/carrier")" = "$1" ]; }

# What a process holds: descriptors, mappings, threads.
holds() {
	echo "$(find "/proc/$1/fd" -mindepth 1 | wc -l) descriptors," "$(grep -c 'memfd' "/proc/$1/maps") guest mappings," \
		"$(find "/proc/$1/task" -maxdepth 1 -mindepth 1 | wc -l) threads"
}

# shellcheck disable=SC2317 # called through wait_until
holds_what() { [ "$(holds "$engine")" = "$1" ]; }

reboot_guest() {
	step "the guest reboots ($1)"
	guest_run vm1 "touch /tmp/before"
	qmp '{"execute":"system_reset"}'
	wait_until 90 "the guest to boot anew" booted_anew
	traffic vm1 $IP
}

guest_pick_accel
transfer_make 1000001
engine_start
empty=$(holds "$engine")
echo "the engine without a VMM holds $empty"
for packed in off on; do
	step "packed=$packed"
	guest_up packed=$packed
	traffic vm1 $IP
	running=$(holds "$engine")
	reboot_guest packed=$packed
	reboot_guest "packed=$packed, again"

	step "stop and cont"
	qmp '{"execute":"stop"}'
	wait_until 5 "the port to notice" port_is no-backend
	silent
	qmp '{"execute":"cont"}'
	wait_until 5 "the port to come back" port_is up
	traffic vm1 $IP

	step "the link is unplugged and plugged in"
	qmp '{"execute":"set_link","arguments":{"name":"n","up":false}}'
	wait_until 10 "the guest to lose its carrier" carrier_is 0
	silent
	qmp '{"execute":"set_link","arguments":{"name":"n","up":true}}'
	wait_until 10 "the guest to have a carrier" carrier_is 1
	traffic vm1 $IP
	[ "$(holds "$engine")" = "$running" ] || die "the engine holds $(holds "$engine"), at first $running"

	step "QEMU is killed in the middle of a transfer and starts again on the same engine"
	transfer_offer
	guest_run vm1 "while :; do ping -f -c 1000 $WIRE_IP; done </dev/null >/dev/null 2>&1 &"
	guest_run vm1 "nc $WIRE_IP $transfer_port </dev/null >/tmp/got 2>/dev/null &"
	sleep 0.05
	guest_stop vm1 KILL || true
	stop transfer || true
	wait_until 5 "the port to notice" port_is no-backend
	wait_until 5 "the engine to let go" holds_what "$empty" || die "the engine holds $(holds "$engine"), at first $empty"
	guest_up packed=$packed
	traffic vm1 $IP
	[ "$(holds "$engine")" = "$running" ] || die "the engine holds $(holds "$engine"), at first $running"
	guest_stop vm1 || true
done

# Split only: of a packed ring whose back end died nobody knows the place (that takes INFLIGHT_SHMFD, which is not served yet).
guest_up packed=off
qemu=$(cat "$W/vm1.pid")
for signal in TERM KILL KILL; do
	step "the engine ends by SIG$signal under a running guest, and starts again"
	traffic vm1 $IP
	engine_down vm1 $signal || true
	wait_until 5 "the socket to go" test ! -e "$W/vm1.sock"
	silent
	engine_start
	wait_until 10 "QEMU to connect anew" port_is up
	traffic vm1 $IP
	kill -0 "$qemu" || die "QEMU ended"
done
guest_run vm1 "dmesg | grep -E 'is not a head|virtio.*broken|NETDEV WATCHDOG|BUG:|Call Trace'" && die "the guest complains"
guest_stop vm1 || true
wait_until 5 "the port to notice" port_is no-backend
engine_down vm1
