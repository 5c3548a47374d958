# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The place where frames travel:
#
#	wire (netns)          this namespace, "the host"
#	w0 10.9.0.1  =======  up0 10.9.0.2, the uplink      ports: NAME <-> NAME-g, one AF_XDP engine each
#
# w0 stands for hardware: no checksum offload (XDP loses the mark), and GRO so that redirected frames arrive at all.

WIRE_MAC=02:00:00:00:00:01 HOST_MAC=02:00:00:00:00:02
WIRE_IP=10.9.0.1 HOST_IP=10.9.0.2
topo_ports=()

wire() { nsenter --net=/run/netns/wire -- "$@"; }

topo_up() {
	step "wire"
	ip link add name up0 address $HOST_MAC type veth peer name w0 address $WIRE_MAC
	ip netns add wire
	ip link set w0 netns wire
	wire ip link set lo up
	wire sysctl -qw net.ipv6.conf.w0.disable_ipv6=1
	sysctl -qw net.ipv6.conf.up0.disable_ipv6=1
	wire ethtool -K w0 tx off rxvlan off txvlan off gro on >/dev/null 2>&1
	ethtool -K up0 tx off >/dev/null 2>&1
	wire ip addr add $WIRE_IP/24 dev w0
	ip addr add $HOST_IP/24 dev up0
	wire ip link set w0 up
	ip link set up0 up
	at_exit topo_down
}

uplink_up() { run vhost-xdp uplink add up0; }

policy_object() { echo "$VX_O/bpf/policy_$1.bpf.o"; }
policy_load() { run vhost-xdp policy load "$(policy_object "$1")"; }

# port_up NAME MAC [port add's words...]: with the policy "allow" both ways
port_up() {
	local name=$1 mac=$2
	shift 2
	run vhost-xdp port add "$name" mac "$mac" "$@" uplink up0
	topo_ports+=("$name")
	run vhost-xdp policy set "$name" to-guest allow
	run vhost-xdp policy set "$name" from-guest allow
}

# engine_up NAME [serve's words...]; its socket is $W/NAME.sock
engine_up() {
	local name=$1
	shift
	spawn "engine-$name" vhost-xdp serve "$name" socket "$W/$name.sock" "$@"
	wait_until 5 "the socket of port $name" test -S "$W/$name.sock" || { cat "$W/engine-$name.log"; return 1; }
}

engine_down() { stop "engine-$1" "${2:-TERM}" 5; }

# Take away what the operator made; the operator's own commands must leave nothing (the leak check looks).
topo_down() {
	local name
	for name in "${topo_ports[@]}"; do
		[ -f "$W/engine-$name.pid" ] && engine_down "$name"
		vhost-xdp port del "$name"
	done
	vhost-xdp uplink list 2>/dev/null | grep -qw up0 && vhost-xdp uplink del up0
	ip link del up0
	ip netns del wire
}

# --- flows of numbered frames ---------------------------------------------

vx_flows=0

# Frames between a guest of ours (vufront on port NAME) and the wire, both ways at once, N each:
# both_ways N NAME MAC IP [vufront's words...]
both_ways() {
	local n=$1 name=$2 mac=$3 ip=$4 rc=0 id
	shift 4
	vx_flows=$((vx_flows + 1))
	id=$vx_flows
	rm -f "$W/ready-$id".*
	spawn "seq-rx-$id" wire seqflow "${WIRE_DEV:-w0}" expect "$n" flow 1 time 40 idle 3000 ready "$W/ready-$id.wire"
	wait_until 5 "the wire" test -e "$W/ready-$id.wire"
	spawn "vufront-$id" vufront "$W/$name.sock" mac "$mac" dst $WIRE_MAC ip "$ip" peer $WIRE_IP send "$n" flow 1 \
		expect "$n" eflow 2 time 40 idle 3000 ready "$W/ready-$id.guest" "$@"
	wait_until 5 "the frontend" test -e "$W/ready-$id.guest" || { finish "vufront-$id" 1; finish "seq-rx-$id" 1; return 1; }
	wire seqflow "${WIRE_DEV:-w0}" send "$n" pps "${VX_PPS:-20000}" flow 2 len "${VX_LEN:-200}" mac $WIRE_MAC dst "$mac" ip $WIRE_IP peer "$ip" >/dev/null
	finish "vufront-$id" 50 || rc=1
	finish "seq-rx-$id" 50 || rc=1
	return $rc
}

# finish NAME SECONDS: wait for a spawned command to end by itself; prints its log; its status.
finish() {
	local name=$1 pid rc=0
	pid=$(cat "$W/$name.pid")
	wait_until "$2" "$name to finish" gone "$pid" || kill -KILL "$pid"
	rm -f "$W/$name.pid"
	wait "$pid" 2>/dev/null || rc=$?
	cat "$W/$name.log"
	[ $rc -eq 0 ] || echo "$name: status $rc"
	return $rc
}
