#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# drops: a line for each kind of drop with what was dropped and why, a bound on their rate, losses behind a verdict as numbers, and
# nothing left on behind one that was killed.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/seen.sh"

seen_ports

# watch NAME WORDS...: a run of drops in the background
watch() {
	local name=$1
	shift
	rm -f "$W/$name.log"
	spawn "$name" vhost-xdp drops "$@"
	wait_until 5 "drops" grep -q watching "$W/$name.log"
}
line() { grep -qE "$2" "$W/$1.log" || { cat "$W/$1.log"; die "no line: $2"; }; }
to_vm1() { wire seqflow w0 send "$1" pps 200000 flow 2 len 100 mac $WIRE_MAC dst $MAC ip $WIRE_IP peer $IP idle 10 >/dev/null; }
to_vm2() { wire seqflow w0 send "$1" pps 20000 flow 2 len 100 mac $WIRE_MAC dst 52:54:00:00:00:02 ip $WIRE_IP peer $IP idle 10 >/dev/null; }
from_vm1() { timeout 20 vufront "$W/vm1.sock" mac "$2" dst "$3" ip $IP peer $WIRE_IP send "$1" time 10 flow 1 >/dev/null || true; }

step "words that are wrong"
for words in "nope" "vm1 reason nonsense" "vm1 -c 0" "vm1 rate"; do
	# shellcheck disable=SC2086 # words are meant
	vhost-xdp drops $words >"$W/out" 2>&1 && die "\"$words\" was taken"
	[ "$(wc -l <"$W/out")" -eq 1 ] || { cat "$W/out"; die "more than one line"; }
	cat "$W/out"
done

step "stage steer, with -c: it ends by itself"
watch d vm2 -c 2
to_vm2 5
finish d 5
line d "^[0-9:.]+ vm2 to-guest steer/no_backend  $WIRE_MAC > 52:54:00:00:00:02, IPv4 $WIRE_IP.7000 > $IP.7002: UDP, len 100$"
[ "$(grep -c steer/no_backend "$W/d.log")" -eq 2 ] || die "not two lines"

step "stages port, policy and tc, each with its words"
engine_up vm1
engine_told vm1
watch d
watch j -j
watch one vm1 reason spoof_mac,flood_rate
from_vm1 2 52:54:00:00:00:99 $WIRE_MAC
from_vm1 2 $MAC $HOST_MAC
run vhost-xdp policy set vm1 from-guest none
from_vm1 2 $MAC $WIRE_MAC
run vhost-xdp policy set vm1 from-guest allow
sleep 0.5
stop d; stop j; stop one
line d "vm1 from-guest policy/spoof_mac policy antispoof  52:54:00:00:00:99 > $WIRE_MAC, IPv4 $IP"
line d "vm1 from-guest port/host_denied  $MAC > $HOST_MAC"
line d "vm1 from-guest port/no_policy  $MAC > $WIRE_MAC"
grep -q '"event":"drop".*"policy":"antispoof","port":"vm1","reason":"spoof_mac","rule":0,"segs":1,"stage":"policy"' "$W/j.log" || die "no such JSON"
grep -vq '^{\|watching' "$W/j.log" && die "not only JSON"
[ "$(grep -c 'from-guest' "$W/one.log")" -eq 2 ] || { cat "$W/one.log"; die "the choice of reasons was not kept"; }

step "broadcasts above the port's rate: stage tc"
run vhost-xdp port add vm3 mac 52:54:00:00:00:03 uplink up0 flood-pps 1 policy allow
topo_ports+=(vm3)
engine_up vm3
engine_told vm3
watch d vm3
timeout 20 vufront "$W/vm3.sock" mac 52:54:00:00:00:03 dst ff:ff:ff:ff:ff:ff ip $IP peer $WIRE_IP send 10 time 10 flow 1 >/dev/null || true
sleep 0.5
stop d
line d "vm3 from-guest tc/flood_rate  52:54:00:00:00:03 > ff:ff:ff:ff:ff:ff, IPv4"

step "a bound on the rate, and what is beyond it told"
watch d vm2 rate 10
to_vm2 2000
sleep 1.5
stop d
shown=$(grep -c steer/no_backend "$W/d.log") more=$(sed -n 's/^# \([0-9]*\) more drops not shown: over.*/\1/p' "$W/d.log" | awk '{ n += $1 } END { print n + 0 }')
echo "$shown shown, $more told"
[ "$shown" -ge 10 ] && [ "$shown" -le 40 ] || die "$shown lines"
[ $((shown + more)) -eq 2000 ] || die "$shown + $more are not 2000"

step "what is lost behind a verdict"
rm -f "$W/ready"
spawn vmm vufront "$W/vm1.sock" mac $MAC ip $IP peer $WIRE_IP expect 1000000 eflow 2 time 20 idle 1500 ready "$W/ready"
wait_until 5 "the rings" test -e "$W/ready"
kill -STOP "$(cat "$W/vmm.pid")"
watch d vm1
for _ in 1 2; do
	to_vm1 6000
	sleep 1.2
done
kill -CONT "$(cat "$W/vmm.pid")"
finish vmm 20 >/dev/null || true
sleep 1.2
stop d
line d "vm1 to-guest post-verdict/no_guest_buffer  \+[0-9]+ frames at queue 0"

step "one that stands still loses its place, and leaves that of the next one alone"
watch s vm2
kill -STOP "$(cat "$W/s.pid")"
sleep 3.2
watch d vm2
kill -CONT "$(cat "$W/s.pid")"
finish s 5 && die "it did not see that"
grep -q "another run has taken the place" "$W/s.log" || die "no clear line"
to_vm2 1
sleep 0.5
stop d
line d "steer/no_backend"

step "killed: nothing is on once its time is over, and the next one finds room"
for i in 1 2 3 4; do
	watch k$i vm2
done
[ "$(watched)" -ne 0 ] || die "nobody watches"
vhost-xdp drops >"$W/out" 2>&1 && die "a fifth was taken"
cat "$W/out"
grep -q "end one of them" "$W/out" || die "no clear line"
for i in 1 2 3 4; do
	stop k$i KILL || true
done
sleep 3.2
to_vm2 1
[ "$(watched)" -eq 0 ] || die "the programs still look for watchers"
watch d vm2 -c 1
to_vm2 1
finish d 5
[ "$(watched)" -eq 0 ] || die "it left something on"
