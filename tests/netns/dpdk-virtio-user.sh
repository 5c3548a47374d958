#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# A driver and VMM that we did not write: DPDK's virtio-user. It returns each frame to its sender, so that numbered frames
# prove both ways; its counters, the wire's and the engine's must agree. Every shape it knows, all on one engine; half of
# the times it is killed under load and comes back.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

command -v dpdk-testpmd >/dev/null || skip "there is no dpdk-testpmd (package dpdk-dev)"

MAC=52:54:00:00:00:01 IP=10.9.0.11 S=$W/vm1.sock N=1000
FAR_IP=10.9.0.99	# nobody's: the wire's own stack must not answer
PREFIX=vx$$-$RANDOM
F_MRG_RXBUF=15 F_PACKED=34 F_IN_ORDER=35

topo_up
uplink_up
policy_load allow
port_up vm1 $MAC
engine_up vm1
engine=$SPAWNED
mkfifo "$W/stdin"
exec 8<>"$W/stdin"	# it ends when its standard input does

# Of the killed ones; /run is ours.
# shellcheck disable=SC2317 # called at exit
forget_dpdk() { rm -rf /run/dpdk; }
at_exit forget_dpdk

# testpmd_up PROPERTIES
testpmd_up() {
	spawn testpmd stdbuf -oL dpdk-testpmd --lcores "0@0,1@$(($(nproc) > 1))" --no-huge -m 128 --no-pci --no-telemetry --iova-mode=va \
		--file-prefix "$PREFIX" --vdev "net_virtio_user0,mac=$MAC,path=$S,queues=1,$1" -- --nb-cores=1 \
		--forward-mode=macswap --rxq=1 --txq=1 --total-num-mbufs=8192 --no-mlockall --disable-link-check \
		--rxd="$SIZE" --txd="$SIZE" -i --auto-start
	wait_until 20 "testpmd" grep -q 'testpmd>' "$W/testpmd.log" || die "testpmd does not start"
	wait_until 5 "the port to be up" port_is up
}
# spawn gives no standard input; this program lives by it.
spawn() {
	local name=$1
	shift
	show "$@" "&"
	[ "$1" = wire ] && { shift; set -- nsenter --net=/run/netns/wire -- "$@"; }
	if [ "$name" = testpmd ]; then
		"$@" >"$W/$name.log" 2>&1 <"$W/stdin" &
	else
		"$@" >"$W/$name.log" 2>&1 </dev/null &
	fi
	SPAWNED=$!
	echo "$SPAWNED" >"$W/$name.pid"
}

# shellcheck disable=SC2317 # called through wait_until
port_is() { vhost-xdp stats vm1 | grep -q "^port vm1 .*, $1)"; }

# Frames that the engine carried: to the guest, from the guest.
engine_counts() {
	vhost-xdp stats vm1 | awk '$1 == "queue" && $3 == "to-guest" { to += $4 } $1 == "queue" && $3 == "from-guest" { from += $4 }
		END { print to + 0, from + 0 }'
}

# The same as testpmd counts it.
testpmd_counts() {
	: >"$W/testpmd.log"
	echo "show port stats all" >&8
	wait_until 5 "testpmd's counters" grep -q 'Tx-bps' "$W/testpmd.log" || die "testpmd does not answer"
	awk '$1 == "RX-packets:" { rx = $2 } $1 == "TX-packets:" { tx = $2 } END { print rx + 0, tx + 0 }' "$W/testpmd.log"
}

# Frames at the far end of the wire: sent, received.
wire_counts() {
	wire ip -s link show w0 | awk '/RX:/ { getline; rx = $2 } /TX:/ { getline; tx = $2 } END { print tx, rx }'
}

# minus "A B" "C D": "C-A D-B"
minus() {
	local a b
	read -r -a a <<<"$1"
	read -r -a b <<<"$2"
	echo "$((b[0] - a[0])) $((b[1] - a[1]))"
}

features() { vhost-xdp -j stats vm1 | tr -d ' \n' | sed 's/.*"features":\([0-9]*\).*/\1/'; }
has_feature() { echo $((($(features) >> $1) & 1)); }

# echoes LEN: N numbered frames, there and back, all of them, in order; everybody counts the same.
echoes() {
	local out e w t
	e=$(engine_counts) w=$(wire_counts) t=$(testpmd_counts)
	out=$(timeout 30 nsenter --net=/run/netns/wire seqflow w0 send $N pps 1500 flow 2 expect $N len "$1" mac $WIRE_MAC dst $MAC \
		ip $FAR_IP peer $IP idle 2000) || { echo "$out"; vhost-xdp stats; testpmd_counts; return 1; }
	echo "$out"
	[[ $out == *"received $N of $N, lost 0, duplicated 0, reordered 0, corrupt 0"* ]] || return 1
	e=$(minus "$e" "$(engine_counts)")
	w=$(minus "$w" "$(wire_counts)")
	t=$(minus "$t" "$(testpmd_counts)")
	echo "to and from the guest: engine $e, wire $w, testpmd $t"
	[ "$e" = "$N $N" ] && [ "$w" = "$N $N" ] && [ "$t" = "$N $N" ]
}

# Frames that nobody counts one by one, while the frontend is killed and restarted.
killed_under_load() {
	local before
	before=$(engine_counts)
	spawn load wire seqflow w0 send 20000 pps 5000 flow 3 eflow 99 len 200 mac $WIRE_MAC dst $MAC ip $FAR_IP peer $IP idle 100
	sleep "0.$((RANDOM % 6 + 3))"
	stop testpmd KILL || true
	[ "$(minus "$before" "$(engine_counts)")" != "0 0" ] || die "there was no load"
	wait_until 5 "the port to be down" port_is "no backend"
	testpmd_up "$1"
	finish load 20 || true	# many were lost, as they should
}

shape=0
for packed in 0 1; do
	for mrg in 0 1; do
		for in_order in 0 1; do
			for SIZE in 256 1024; do
				words="packed_vq=$packed,mrg_rxbuf=$mrg,in_order=$in_order,queue_size=$SIZE"
				step "$words"
				testpmd_up "$words"
				[ "$(has_feature $F_PACKED)" -eq $packed ] || die "packed is not what was asked for"
				[ "$(has_feature $F_MRG_RXBUF)" -eq $mrg ] || die "mrg_rxbuf is not what was asked for"
				echo "in_order: asked for $in_order, negotiated $(has_feature $F_IN_ORDER)"
				echoes 60 || die "$words, short frames"
				echoes 1514 || die "$words, long frames"
				if [ $((shape++ % 4)) -eq 3 ]; then
					killed_under_load "$words"
					echoes 200 || die "$words, after it was killed and restarted"
				fi
				echo quit >&8
				wait_until 5 "testpmd to quit" gone "$(cat "$W/testpmd.pid")" || stop testpmd KILL || true
				rm -f "$W/testpmd.pid"
				wait_until 5 "the port to be down" port_is "no backend"
			done
		done
	done
done

step "all of it on one engine, which is well"
gone "$engine" && die "the engine ended"
run vhost-xdp stats vm1
vhost-xdp stats vm1 | grep -E 'errors [1-9]' && die "a vring was stopped on a fault"
exit 0
