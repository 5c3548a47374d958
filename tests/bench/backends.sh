# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # SOCKET, WIRE and GUEST_MAC are for the one who sources this
#
# The backends of the bench. NAME_start leaves SPAWNED, SOCKET, WIRE and GUEST_MAC; all run on cpu0, one at a time, as
# "backend" of tests/lib/common.sh. setpriv ends what spins should this script be killed.

MAC1=52:54:00:be:c4:01 MAC2=52:54:00:be:c4:02
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

dpdk_start() {
	SOCKET=$W/dpdk.sock WIRE=vb GUEST_MAC=$MAC1
	command -v dpdk-testpmd >/dev/null || { echo "there is no dpdk-testpmd" >"$W/backend.log"; return 1; }
	# It ends when its standard input does.
	[ -p "$W/stdin" ] || mkfifo "$W/stdin"
	exec 8<>"$W/stdin"
	rm -f "$SOCKET"
	# shellcheck disable=SC2086
	$PIN dpdk-testpmd --lcores '0@0,1@0' --no-huge -m 512 --no-pci --no-telemetry \
		--vdev "net_vhost0,iface=$SOCKET,queues=1" --vdev net_af_xdp0,iface=va,start_queue=0,queue_count=1 -- \
		--nb-cores=1 --forward-mode=io --rxq=1 --txq=1 --total-num-mbufs=16384 --no-mlockall --disable-link-check \
		-i --auto-start <&8 >"$W/backend.log" 2>&1 &
	SPAWNED=$!
	echo "$SPAWNED" >"$W/backend.pid"
	wait_until 10 "$SOCKET" listening && ! gone "$SPAWNED" && wait_until 10 testpmd grep -q 'testpmd>' "$W/backend.log"
}

ours_start() {
	SOCKET=$W/$1.sock
	[ -z "${PORTS_FAILED-}" ] || { echo "$PORTS_FAILED" >"$W/backend.log"; return 1; }
	backend "$VHOST_XDP" serve "$1" socket "$SOCKET" busy-poll "$BUSY_POLL"
}

hop_start() {
	WIRE=b1 GUEST_MAC=$MAC1
	ours_start b1
}

path_start() {
	WIRE=wb GUEST_MAC=$MAC2
	ours_start b2
}
