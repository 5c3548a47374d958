# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # SOCKET, WIRE and GUEST_MAC are for the one who sources this
#
# The backends of the bench. NAME_start leaves SPAWNED, SOCKET, WIRE and GUEST_MAC, and for two guests SPAWNED2 and SOCKET2; all run on
# cpu0, one at a time, as "backend" (and "backend2") of tests/lib/common.sh. setpriv ends what spins should this script be killed.

MAC1=52:54:00:be:c4:01 MAC2=52:54:00:be:c4:02 MAC3=52:54:00:be:c4:03
PIN="setpriv --pdeathsig KILL taskset -c 0"

# One queue, so that no frame meets another CPU's; no offloads, which XDP would not see.
plain_veth() {
	ip link add "$1" numtxqueues 1 numrxqueues 1 type veth peer name "$2" numtxqueues 1 numrxqueues 1 || die "no veth"
	local dev
	for dev in "$1" "$2"; do
		ethtool -K "$dev" tx off tso off gso off gro off rxvlan off txvlan off >/dev/null 2>&1
		ip link set "$dev" up || die "$dev does not come up"
	done
}

port() {
	"$VHOST_XDP" port add "$1" mac "$2" uplink ub || return
	"$VHOST_XDP" policy set "$1" from-guest allow || return
	"$VHOST_XDP" policy set "$1" to-guest allow
}

ports() {
	"$VHOST_XDP" uplink add ub || return
	"$VHOST_XDP" policy load "$VX_O/bpf/policy_allow.bpf.o" || return
	port b1 "$MAC1" || return
	port b2 "$MAC2" || return
	port b3 "$MAC3" || return
	"$B/bare_hop" b1-g b1
}

topology() {
	ip link set lo up
	sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 2>/dev/null
	plain_veth va vb
	plain_veth ub wb
	ports >"$W/ports.log" 2>&1 || { PORTS_FAILED=$(tail -n 1 "$W/ports.log"); }
}

# wait_socket: the backend has made its socket and takes connections, or has ended.
listening() { [ -S "$SOCKET" ] || gone "$SPAWNED"; }

backend() {
	rm -f "$SOCKET"
	# shellcheck disable=SC2086 # words
	spawn backend $PIN "$@" >/dev/null
	wait_until 10 "$SOCKET" listening && ! gone "$SPAWNED"
}

# testpmd MBUFS WORDS...: one queue each way between two virtual devices.
testpmd() {
	local mbufs=$1
	shift
	command -v dpdk-testpmd >/dev/null || { echo "there is no dpdk-testpmd" >"$W/backend.log"; return 1; }
	# It ends when its standard input does.
	[ -p "$W/stdin" ] || mkfifo "$W/stdin"
	exec 8<>"$W/stdin"
	rm -f "$SOCKET"
	# shellcheck disable=SC2086
	$PIN dpdk-testpmd --lcores '0@0,1@0' --no-huge -m 512 --no-pci --no-telemetry "$@" -- \
		--nb-cores=1 --forward-mode=io --rxq=1 --txq=1 --total-num-mbufs="$mbufs" --no-mlockall --disable-link-check \
		-i --auto-start <&8 >"$W/backend.log" 2>&1 &
	SPAWNED=$!
	echo "$SPAWNED" >"$W/backend.pid"
	wait_until 10 "$SOCKET" listening && ! gone "$SPAWNED" && wait_until 10 testpmd grep -q 'testpmd>' "$W/backend.log"
}

dpdk_start() {
	SOCKET=$W/dpdk.sock WIRE=vb GUEST_MAC=$MAC1
	testpmd 16384 --vdev "net_vhost0,iface=$SOCKET,queues=1" --vdev net_af_xdp0,iface=va,start_queue=0,queue_count=1
}

# Between vhost ports a super-frame stays whole. Its marks survive "io" only as old applications know them.
dpdkpair_start() {
	local vhost="queues=1,tso=1,legacy-ol-flags=1"
	SOCKET=$W/dpdk.sock SOCKET2=$W/dpdk2.sock SPAWNED2=0
	rm -f "$SOCKET2"
	testpmd 65536 --vdev "net_vhost0,iface=$SOCKET,$vhost" --vdev "net_vhost1,iface=$SOCKET2,$vhost"
}

ours_start() {
	SOCKET=$W/$1.sock
	[ -z "${PORTS_FAILED-}" ] || { echo "$PORTS_FAILED" >"$W/backend.log"; return 1; }
	backend "$VHOST_XDP" serve "$1" socket "$SOCKET" busy-poll "$BUSY_POLL"
}

pair_start() {
	local pid
	ours_start b2 || return
	pid=$SPAWNED
	SOCKET2=$W/b3.sock
	rm -f "$SOCKET2"
	# shellcheck disable=SC2086 # words
	spawn backend2 $PIN "$VHOST_XDP" serve b3 socket "$SOCKET2" busy-poll "$BUSY_POLL" >/dev/null
	SPAWNED2=$SPAWNED SPAWNED=$pid
	wait_until 10 "$SOCKET2" test -S "$SOCKET2"
}

hop_start() {
	WIRE=b1 GUEST_MAC=$MAC1
	ours_start b1
}

path_start() {
	WIRE=wb GUEST_MAC=$MAC2
	ours_start b2
}
