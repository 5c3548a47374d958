#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 180
#
# Files are applied one after the other under a steady flow both ways: what all of them allow is not lost, doubled or
# reordered, whatever else of the port and of its neighbours changes; what none of them allows never gets through.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11 PPS=2000 N=24000
MAC2=52:54:00:00:00:02 IP2=10.9.0.12
FAR_IP=10.9.0.99	# nobody's: the wire's own stack must not answer
C=$W/vhost-xdp.conf

topo_up

# conf CHAIN ADDRESSES FLOOD [MORE]: the file; vm1 may use $IP in all of them, vm2 never may use $IP2
conf() {
	cat >"$C" <<F
uplink up0
policy again file $VX_O/bpf/policy_allow.bpf.o
port vm1 {
	mac $MAC
	uplink up0
	flood-pps $3
	to-guest ${1/antispoof/again}
	from-guest $1
	antispoof { $2 }
}
port vm2 {
	mac $MAC2
	uplink up0
	to-guest none
	from-guest antispoof
	antispoof { $2 }
}
${4-}
F
}

conf antispoof "$IP" 0
run vhost-xdp apply "$C"
topo_ports=(vm1 vm2)
engine_up vm1
engine_up vm2

# flow NAME MAC IP FLOW-OUT FLOW-IN
flow() {
	local name=$1 mac=$2 ip=$3 out=$4 in=$5
	spawn "from-$name" wire seqflow w0 expect $N flow "$out" time $((N / PPS + 10)) ready "$W/ready.$name.wire"
	wait_until 5 "the wire" test -e "$W/ready.$name.wire"
	spawn "guest-$name" vufront "$W/$name.sock" mac "$mac" dst $WIRE_MAC ip "$ip" peer $FAR_IP send $N flow "$out" \
		expect $N eflow "$in" pps $PPS len 200 time 60 idle 2000 ready "$W/ready.$name.guest"
	wait_until 5 "the guest" test -e "$W/ready.$name.guest"
	spawn "to-$name" wire seqflow w0 send $N pps $PPS flow "$in" eflow 99 len 200 mac $WIRE_MAC dst "$mac" ip $FAR_IP \
		peer "$ip" idle 100 time 60
}

# ended NAME WORDS: both receivers say WORDS
ended() {
	local end text
	for end in to from guest; do
		finish "$end-$1" 60 >"$W/verdict" || true
		cat "$W/verdict"
		[ $end = to ] && continue
		text=$(grep -h received "$W/verdict") || die "$end-$1 did not finish"
		[[ $text == *"$2"* ]] || { vhost-xdp stats; die "not: $2"; }
	done
}

step "files under load"
flow vm1 $MAC $IP 1 2
flow vm2 $MAC2 $IP2 3 4
files=0 chain=antispoof rules="$IP" flood=0 more=
while ! gone "$(cat "$W/to-vm1.pid")"; do
	# Rules alone, the chain alone, a setting alone, a neighbour that comes and goes: each of these loses nothing.
	case $((files % 5)) in
	0) rules="10.0.0.$((files % 250)); $IP" ;;
	1) [ $chain = antispoof ] && chain=antispoof,allow || chain=antispoof ;;
	2) flood=$((1000 + files)) ;;
	3) more="port vm3 mac 52:54:00:00:00:03 uplink up0 to-guest allow" ;;
	4) more= ;;
	esac
	conf $chain "$rules" $flood "$more"
	vhost-xdp apply --prune "$C" >"$W/diff" || die "apply"
	[ -s "$W/diff" ] || die "that changed nothing"
	! grep -q "closed" "$W/diff" || { cat "$W/diff"; die "one change is one write"; }
	files=$((files + 1))
done
echo "$files files"
[ $files -ge 30 ] || die "only $files files while the flow lasted"
ended vm1 "received $N of $N, lost 0, duplicated 0, reordered 0, corrupt 0"
ended vm2 "received 0 of $N, lost $N, duplicated 0, reordered 0, corrupt 0"

step "clean up"
topo_ports=()
: >"$C"
run vhost-xdp apply --prune "$C"
