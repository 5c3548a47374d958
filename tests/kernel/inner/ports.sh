# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Ports of the module, made by vxkern_port: a veth pair NAME <-> NAME-g each. Frames from the guest are passed to NAME, where
# seqflow is the wire; what it sends there is for the guest. Neither our command line nor our BPF programs take part.

WIRE_MAC=02:00:00:00:00:01 WIRE_IP=10.9.0.1
GUEST_MAC=52:54:00:00:00:01 GUEST_IP=10.9.0.11
# shellcheck disable=SC2034 # for those who source this
vx_flows=0 failed=0

module_in() {
	run insmod "$VX_O/vhost_xdp.ko"
	wait_until 5 "the device nodes" test -c /dev/vhost-xdp-control
}

# failing WHAT: noted, and the test goes on
# shellcheck disable=SC2034 # the same
failing() { failed=1; echo "FAILED: $*"; }

# veth_up NAME [QUEUES [MTU]]
veth_up() {
	local name=$1 n=${2:-1} dev
	ip link add name "$name" numtxqueues "$n" numrxqueues "$n" mtu "${3:-1500}" type veth \
		peer name "$name-g" numtxqueues "$n" numrxqueues "$n" mtu "${3:-1500}"
	for dev in "$name" "$name-g"; do
		echo 1 >"/proc/sys/net/ipv6/conf/$dev/disable_ipv6"
		ip link set "$dev" up
	done
}

# port_up NAME [vxkern_port add's words...]
port_up() {
	local name=$1
	shift
	run vxkern_port add "$name" host "$name" guest "$name-g" page "/sys/fs/bpf/page-$name" "$@"
}

port_gone() {
	run vxkern_port gone "$1"
	rm -f "/sys/fs/bpf/page-$1"
	ip link del "$1" 2>/dev/null || true
}

# What the port counted, and what the netdev lost before it.
port_counters() {
	vxkern_port show "$1" page "/sys/fs/bpf/page-$1" | grep -E '^(port|counters|page)'
	ethtool -S "$1-g" | grep -E 'drops: [1-9]|err: [1-9]' || true
}

# wire_ears NAME ID FLOW N [seqflow's words...]: wait for N frames on the host end
wire_ears() {
	local name=$1 id=$2 flow=$3 n=$4
	shift 4
	rm -f "$W/ready-$id.wire"
	spawn "wire-$id" seqflow "$name" expect "$n" flow "$flow" time 40 idle 3000 ready "$W/ready-$id.wire" "$@"
	wait_until 5 "the wire" test -e "$W/ready-$id.wire"
}

# guest_flow NAME ID [vufront's words...]
guest_flow() {
	local name=$1 id=$2
	shift 2
	rm -f "$W/ready-$id.guest"
	spawn "guest-$id" vufront "${GUEST_PATH:-kernel:$name}" mac $GUEST_MAC dst $WIRE_MAC ip $GUEST_IP peer $WIRE_IP \
		time 40 idle 3000 ready "$W/ready-$id.guest" "$@"
	wait_until 5 "the frontend" test -e "$W/ready-$id.guest"
}

wire_sends() {
	local name=$1 n=$2
	shift 2
	seqflow "$name" send "$n" pps "${VX_PPS:-4000}" len "${VX_LEN:-200}" mac $WIRE_MAC dst $GUEST_MAC ip $WIRE_IP peer $GUEST_IP \
		time 30 "$@" >/dev/null
}

# finish NAME SECONDS: wait for a spawned command to end by itself; its last lines are printed; its status.
finish() {
	local name=$1 pid rc=0
	pid=$(cat "$W/$name.pid")
	wait_until "$2" "$name to finish" gone "$pid" || kill -KILL "$pid"
	rm -f "$W/$name.pid"
	wait "$pid" 2>/dev/null || rc=$?
	tail -n 4 "$W/$name.log"
	[ $rc -eq 0 ] || echo "$name: status $rc"
	return $rc
}

# both_ways N NAME [vufront's words...]: N frames each way at once, all of them must arrive
both_ways() {
	local n=$1 name=$2 rc=0 id
	shift 2
	vx_flows=$((vx_flows + 1))
	id=$vx_flows
	wire_ears "$name" $id 1 "$n"
	guest_flow "$name" $id send "$n" pps "${VX_PPS:-4000}" flow 1 expect "$n" eflow 2 "$@" ||
		{ finish "guest-$id" 1; finish "wire-$id" 1; return 1; }
	wire_sends "$name" "$n" flow 2
	finish "guest-$id" 50 || rc=1
	finish "wire-$id" 50 || rc=1
	[ $rc -eq 0 ] || port_counters "$name"
	return $rc
}

# stream BYTES NAME [vufront's words...]: segments of a TCP stream from the guest, cut by the port; none longer than MSS
stream() {
	local bytes=$1 name=$2 rc=0 id
	shift 2
	vx_flows=$((vx_flows + 1))
	id=$vx_flows
	wire_ears "$name" $id 1 0 stream "$bytes" mss "${MSS:-1448}"
	guest_flow "$name" $id stream "$bytes" pps 2000 flow 1 csum 1 tso 1 mss "${MSS:-1448}" "$@" || rc=1
	finish "guest-$id" 50 || rc=1
	finish "wire-$id" 50 || rc=1
	return $rc
}

idle() { run vxkern_port totals idle || failing "the module still holds something"; }

# vring_field NAME DIRECTION FIELD: of PORT_GET, pair 0
vring_field() {
	vxkern_port show "$1" | awk -v dir="$2" -v field="$3" \
		'$1 == "vring" && $2 == dir && $3 == 0 { for (i = 4; i < NF; i++) if ($i == field) { print $(i + 1); exit } }'
}

# What was sent and received so far, by a port whose guest is at it.
progress() { echo "$(vring_field "$1" to-guest used) $(vring_field "$1" from-guest used)"; }

# shellcheck disable=SC2317 # called through wait_until
progressed() {
	local now
	now=$(progress "$1")
	[ "${now% *}" != "${2% *}" ] && [ "${now#* }" != "${2#* }" ]
}

# goes_on NAME WHAT: frames go both ways again
goes_on() { wait_until 10 "frames both ways" progressed "$1" "$(progress "$1")" || { failing "$2"; vxkern_port show "$1"; }; }

port_state() { vxkern_port show "$1" | awk '$1 == "port" { print $4 }'; }
