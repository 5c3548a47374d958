#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# Live migration between two hosts on one wire, TCP streams running both ways: what the engine writes is in the dirty log,
# the guest goes on at the target, not a byte of the streams is lost, and the target announces where the guest is now.
#
#	this namespace, host 1: up0 === w0 \
#	                                    br0 10.9.0.1, the wire
#	host2 (netns, bpffs):   up1 === w1 /
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/guest.sh"
. "$VX_TOP/tests/lib/transfer.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11
VX_GUEST_MEM=160M
CHUNK=100003 CHUNKS=120

topo_up
spawn host2 unshare --net --mount sh -c 'mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf && echo up && exec sleep 1000'
host2_pid=$SPAWNED
host2() { nsenter --target "$host2_pid" --net --mount -- "$@"; }
# shellcheck disable=SC2317 # called at exit
host2_down() {
	stop engine-2 || true
	host2 vhost-xdp port del vm1
	host2 vhost-xdp uplink del up1
	host2 find /sys/fs/bpf/vhost-xdp -mindepth 1 2>/dev/null | sed 's/^/LEAK: host 2: /'
	host2 ip link del up1
}
wait_until 5 "host 2" grep -q up "$W/host2.log"

step "the wire gets a second host"
ip link add name up1 address 02:00:00:00:00:03 type veth peer name w1
ip link set w1 netns wire
ip link set up1 netns "$host2_pid"
at_exit host2_down
wire ip link add br0 address $WIRE_MAC type bridge forward_delay 0
wire ip addr flush dev w0
wire ip addr add $WIRE_IP/24 dev br0
for dev in w0 w1 br0; do
	wire sysctl -qw "net.ipv6.conf.$dev.disable_ipv6=1"
	[ $dev = br0 ] || wire ethtool -K $dev tx off rxvlan off txvlan off gro on >/dev/null 2>&1
	[ $dev = br0 ] || wire ip link set $dev master br0
	wire ip link set $dev up
done
host2 sysctl -qw net.ipv6.conf.up1.disable_ipv6=1
host2 ethtool -K up1 tx off >/dev/null 2>&1
host2 ip link set lo up
host2 ip link set up1 up

step "the same port, with its policies, on both hosts"
uplink_up
policy_load allow
port_up vm1 $MAC
run host2 vhost-xdp uplink add up1
run host2 vhost-xdp policy load "$(policy_object allow)"
run host2 vhost-xdp port add vm1 mac $MAC uplink up1
run host2 vhost-xdp policy set vm1 to-guest allow
run host2 vhost-xdp policy set vm1 from-guest allow

guest_pick_accel
transfer_make $CHUNK
cat >"$W/drip" <<END
#!/bin/sh
for i in \$(seq $CHUNKS); do cat $W/data; sleep 0.1; done
END
chmod +x "$W/drip"
stream_sum=$(for ((i = 0; i < CHUNKS; i++)); do cat "$W/data"; done | sha256sum | cut -d ' ' -f 1)

# A stream each way, slow enough that it lasts longer than the migration.
streams_start() {
	transfer_to_guest vm1
	transfer_listen -t 100 -u "EXEC:$W/drip" "TCP-LISTEN:$((transfer_port + 1)),reuseaddr"
	mv "$W/transfer.pid" "$W/stream-in.pid"
	guest_run vm1 "nc $WIRE_IP $transfer_port </dev/null 2>/dev/null | sha256sum >/tmp/sum &"
	transfer_await
	mv "$W/transfer.pid" "$W/stream-out.pid"
	guest_run vm1 "(for i in \$(seq $CHUNKS); do cat /tmp/got; usleep 100000; done) | nc $WIRE_IP $transfer_port >/dev/null 2>&1 &"
	spawn ping wire ping -i 0.1 -W 1 $IP
}

# shellcheck disable=SC2317 # called through wait_until
summed() { guest_run vm1b "test -s /tmp/sum"; }
streams_end() {
	local sum
	wait_until 60 "the stream from the guest" gone "$(cat "$W/stream-out.pid")"
	wait_until 60 "the stream to the guest" summed
	rm -f "$W/stream-in.pid" "$W/stream-out.pid"
	sum=$(guest_run vm1b "cat /tmp/sum" | cut -d ' ' -f 1)
	[ "$sum" = "$stream_sum" ] || die "the stream to the guest arrived as $sum instead of $stream_sum"
	sum=$(sha256sum <"$W/got" | cut -d ' ' -f 1)
	[ "$sum" = "$stream_sum" ] || die "the stream from the guest arrived as $sum instead of $stream_sum"
	stop ping INT || true
	echo "both streams, $((CHUNK * CHUNKS)) bytes each, arrived unharmed; $(grep transmitted "$W/ping.log")"
}

# Bytes of the dirty log that are not zero. Only the back end sets bits in it; QEMU takes them away.
dirty_log() {
	local fd
	for fd in /proc/"$(cat "$W/vm1.pid")"/fd/*; do
		case $(readlink "$fd") in /memfd:vhost-log*) tr -d '\0' <"$fd" | wc -c; return ;; esac
	done
	echo 0
}

# shellcheck disable=SC2317 # called through wait_until
migrated() {
	local n
	n=$(dirty_log)
	[ "$n" -le "$dirty" ] || dirty=$n
	guest_qmp vm1 '{"execute":"query-migrate"}' >"$W/answer"
	grep -q '"status": "completed"' "$W/answer" && return
	! grep -qE '"status": "(failed|cancelled)"' "$W/answer" || die "$(cat "$W/answer")"
	return 1
}

fdb() { wire bridge fdb show br br0 dynamic | grep -i "^$MAC"; }

migrate() {
	local properties=$1
	step "$properties: the guest at host 1"
	spawn engine-1 vhost-xdp -v serve vm1 socket "$W/1.sock"
	spawn engine-2 nsenter --target "$host2_pid" --net --mount -- vhost-xdp -v serve vm1 socket "$W/2.sock"
	wait_until 5 "both engines" test -S "$W/1.sock" -a -S "$W/2.sock"
	guest_start vm1 "$W/1.sock" $MAC $IP/24 1 "$properties" >/dev/null
	guest_wait vm1 90
	traffic vm1 $IP
	fdb | grep -q 'dev w0' || die "the wire sees the guest elsewhere: $(fdb)"

	step "$properties: it moves to host 2"
	guest_start vm1b "$W/2.sock" $MAC $IP/24 1 "$properties" -incoming "unix:$W/migration" >/dev/null
	wait_until 10 "the target" test -S "$W/migration"
	spawn rarp wire tcpdump -Z root --immediate-mode -l -n -e -i w1 rarp
	wait_until 5 "tcpdump" grep -q listening "$W/rarp.log"
	streams_start
	sleep 1
	[ "$(dirty_log)" -eq 0 ] || die "there is a dirty log already"
	guest_qmp vm1 '{"execute":"migrate-set-parameters","arguments":{"max-bandwidth":30000000,"downtime-limit":500}}' \
		"{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:$W/migration\"}}" >/dev/null
	dirty=0
	wait_until 60 "the migration" migrated || die "$(cat "$W/answer")"
	sed 's/[{}]//g; s/, /\n/g' "$W/answer" | grep -E 'downtime"|total-time|dirty-sync-count' | sed 's/^/  /'

	step "$properties: what was logged and announced"
	grep 'features 0x' "$W/engine-1.log" | tail -n 1
	features=$(sed -n 's/.*: features \(0x[0-9a-f]*\)$/\1/p' "$W/engine-1.log" | tail -n 1)
	[ $((features >> 26 & 1)) -eq 1 ] || die "the source's engine was not asked to log"
	[ "$dirty" -gt 0 ] || die "the engine wrote nothing to the dirty log"
	echo "up to $dirty bytes of the dirty log were set at a time"
	wait_until 10 "a RARP at the target's side of the wire" grep -qi "$MAC > ff:ff:ff:ff:ff:ff.*Reverse" "$W/rarp.log"
	grep -i reverse "$W/rarp.log" | head -n 1
	vhost-xdp port show vm1 | grep -q 'state *no-backend' || die "the source's port counts as up"
	host2 vhost-xdp port show vm1 | grep -q 'state *up' || die "the target's port is not up"
	fdb | grep -q 'dev w1' || die "the wire sends to the old host: $(fdb)"
	guest_stop vm1 || true

	step "$properties: the guest goes on at host 2"
	streams_end
	traffic vm1b $IP
	stop rarp || true
	guest_stop vm1b || true
	stop engine-1 || die "engine 1: status $?"
	stop engine-2 || die "engine 2: status $?"
	rm -f "$W/migration"
	wire ip link set br0 type bridge fdb_flush
}

for packed in off on; do
	migrate packed=$packed
done
