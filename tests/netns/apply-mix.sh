#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 120
#
# Two files that both deny a flow, each by another policy of the chain: their mixture would let it pass, and no frame does.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11 PPS=8000 N=80000
FAR_IP=10.9.0.99	# nobody's: the wire's own stack must not answer

topo_up

# conf ADDRESS RULE: from the guest, the address must be its own, and the rule must allow the frame
conf() {
	cat <<F
uplink up0
port vm1 {
	mac $MAC
	uplink up0
	to-guest none
	from-guest antispoof,acl
	antispoof $1
	acl from-guest { default deny; $2 }
}
F
}
# The flow is UDP from $IP: here it may use another address only, there only TCP passes.
conf 10.0.0.1 "allow udp" >"$W/one"
conf $IP "allow tcp" >"$W/two"
# And what would pass if the two were mixed: the rules of the one with the address of the other.
conf $IP "allow udp" >"$W/open"
run vhost-xdp apply "$W/one"
topo_ports=(vm1)
engine_up vm1

# flow N: as many frames from the guest
flow() {
	rm -f "$W"/ready.*
	spawn wire wire seqflow w0 expect "$1" flow 1 time $(($1 / PPS + 6)) ready "$W/ready.wire"
	wait_until 5 "the wire" test -e "$W/ready.wire"
	spawn guest vufront "$W/vm1.sock" mac $MAC dst $WIRE_MAC ip $IP peer $FAR_IP send "$1" flow 1 pps $PPS len 200 time 60 \
		idle 500 ready "$W/ready.guest"
	wait_until 5 "the guest" test -e "$W/ready.guest"
}
ended() {
	finish guest 60 || true
	finish wire 60 >"$W/verdict" || true
	cat "$W/verdict"
	grep -q "$1" "$W/verdict" || { vhost-xdp stats; die "not: $1"; }
}

step "mixed, the flow passes"
run vhost-xdp apply "$W/open"
flow 500
ended "received 500 of 500, lost 0"
run vhost-xdp apply "$W/two"

step "from one file to the other, under the flow"
flow $N
files=0
while ! gone "$(cat "$W/guest.pid")"; do
	for file in one two; do
		vhost-xdp apply "$W/$file" >"$W/diff"
		grep -q "^~ port vm1: closed from-guest" "$W/diff" || { cat "$W/diff"; die "the direction stays open"; }
		files=$((files + 1))
	done
done
echo "$files files"
[ $files -ge 10 ] || die "only $files files while the flow lasted"
ended "received 0 of $N, lost $N"

step "clean up"
topo_ports=()
: >"$W/empty"
run vhost-xdp apply --prune "$W/empty"
