#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 180
#
# Ten thousand policy swaps under steady flows both ways: programs in their slots, chains, whole rule sets; by plain map
# updates, by bpftool and by the command line; with loads that fail in between. What both sides of a swap allow is not lost,
# doubled or reordered; what both deny never gets through.
# Then a policy that lets nothing pass stops all traffic, and the way back restores it.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/bpf.sh"

MAC1=52:54:00:00:00:01 IP1=10.9.0.11 MAC2=52:54:00:00:00:02 IP2=10.9.0.12
MARKED=9 A=9 B=10 CLOSED=11 RULED=12 CLI=13
# Far below saturation: no ring may overflow, even when this machine does not run us for a tenth of a second.
PPS=2000 N=40000
# Nobody's: the wire's own stack must not answer, with ARP or ICMP that would be counted too.
FAR_IP=10.9.0.99
P=$VX_P/policies

topo_up
uplink_up
policy_load allow
port_up vm1 $MAC1
port_up vm2 $MAC2
engine_up vm1
engine_up vm2
id1=$(port_id vm1) id2=$(port_id vm2)
allow=$(bpf_chain_get "$id1" 0)
allow=${allow%% *}
bpf_policy_install marked_a "$VX_TOP/tests/lib/marked_a.bpf.c" $A
bpf_policy_install marked_b "$VX_TOP/tests/lib/marked_b.bpf.c" $B
bpf_policy_install closed "$VX_TOP/tests/lib/closed.bpf.c" $CLOSED
# Rule sets that close the marked port, and nothing else.
bpf_policy_install ruled "$VX_TOP/tests/lib/ruled.bpf.c" $RULED
for set in 1 2; do
	run bpftool map create $P/ruled/set_$set type hash key 4 value 4 entries 64 name ruleset
	# shellcheck disable=SC2046 # words are meant
	for key in 1 2 $((7000 + MARKED)); do
		run bpftool map update pinned $P/ruled/set_$set key $(le 4 "$key") value $(le 4 $set)
	done
done
ruled() { bpftool map update pinned $P/ruled/sets key 0 0 0 0 value pinned "$P/ruled/set_$1"; }
run ruled 1
run vhost-xdp policy load "$W/marked_b.o" as cli id $CLI
run vhost-xdp policy load "$W/marked_a.o" as cli
for id in "$id1" "$id2"; do
	bpf_chain_set "$id" 0 $A
	bpf_chain_set "$id" 1 $A
done

# flow NAME MAC IP FLOW-OUT FLOW-IN N: start numbered frames both ways, N each, between port NAME and the wire.
flow() {
	local name=$1 mac=$2 ip=$3 out=$4 in=$5 n=$6 bound=$((N / PPS + 8))
	[ "$n" = "$N" ] || bound=4
	rm -f "$W/ready.$name".*
	spawn "from-$name" wire seqflow w0 expect "$n" flow "$out" time $bound ready "$W/ready.$name.wire"
	wait_until 5 "the wire" test -e "$W/ready.$name.wire"
	spawn "guest-$name" vufront "$W/$name.sock" mac "$mac" dst $WIRE_MAC ip "$ip" peer $FAR_IP send "$n" flow "$out" \
		expect "$n" eflow "$in" pps $PPS len 200 time 60 idle 2000 ready "$W/ready.$name.guest"
	wait_until 5 "the guest" test -e "$W/ready.$name.guest"
	spawn "to-$name" wire seqflow w0 send "$n" pps $PPS flow "$in" eflow 99 len 200 mac $WIRE_MAC dst "$mac" \
		ip $FAR_IP peer "$ip" idle 100 time 60
}

# ended NAME WORDS: the flow has ended, and both receivers say WORDS.
ended() {
	local end text bad=0
	for end in to from guest; do
		finish "$end-$1" 60 >"$W/verdict" || true
		cat "$W/verdict"
		text=$(grep -h received "$W/verdict") || die "$end-$1 did not finish"
		[ $end = to ] || [[ $text == *"$2"* ]] || { echo "not: $2"; bad=1; }
	done
	return $bad
}

perfect() { echo "received $1 of $1, lost 0, duplicated 0, reordered 0, corrupt 0"; }
nothing() { echo "received 0 of $1, lost $1, duplicated 0, reordered 0, corrupt 0"; }

# Frames of port NAME that its policies denied, as the operator sees them.
denied() { vhost-xdp stats "$1" | awk '$1 == "dropped" && /policy\// { n += $3 } END { print n + 0 }'; }

# Loads that fail, each in its own way; the policy that they were for goes on.
broken() {
	local what
	head -c 900 "$W/marked_a.o" >"$W/bad_cut.o"
	for what in cut section verifier; do
		! vhost-xdp policy load "$W/bad_$what.o" as cli 2>>"$W/broken.log" || die "$what: a broken policy was loaded"
	done
	# and one that fails at a call of the last ones, while it takes its place
	FAULT_AT=$1 FAULT=12 LD_PRELOAD=$W/faultat.so vhost-xdp policy load "$W/marked_b.o" as cli 2>>"$W/broken.log" || true
}
bad() {
	printf '#include <vhost_xdp/policy.h>\nSEC("%s") int bad(struct xdp_md *ctx)\n{\n\treturn %s;\n}\nchar _license[] SEC("license") = "GPL";\n' \
		"$2" "$3" >"$W/bad_$1.c"
	bpf_policy_compile "$W/bad_$1.c" "$W/bad_$1.o"
}
bad section xdp 'vx_drop(ctx, VX_REASON_DENIED)'
bad verifier xdp.frags '*(volatile int *)(long)ctx->data ? vx_drop(ctx, 11) : vx_drop(ctx, 11)'
gcc -shared -fPIC -O2 -D_GNU_SOURCE -o "$W/faultat.so" "$VX_TOP/tests/lib/faultat.c"

FAULT_COUNT=$W/calls LD_PRELOAD=$W/faultat.so vhost-xdp policy load "$W/marked_a.o" as cli
calls=$(cat "$W/calls")

# By the command line: versions that are loaded, rolled back and forth, and chains. Counts in $W/by-cli.
by_cli() {
	local n=0 i
	for ((i = 0; i < 8; i++)); do
		vhost-xdp policy load "$W/marked_b.o" as cli
		vhost-xdp policy rollback cli
		vhost-xdp policy rollback cli
		vhost-xdp policy set vm1 to-guest cli,ruled
		broken $((calls - 1 - 2 * i))
		vhost-xdp policy load "$W/marked_a.o" as cli
		n=$((n + 5))
		echo $n >"$W/by-cli"
	done
}

step "10,000 swaps"
began=$SECONDS
flow vm1 $MAC1 $IP1 1 2 $N
flow vm2 $MAC2 $IP2 $MARKED $MARKED $N
spawn_chain() { spawn "chain-$1-$2" polswap port "$1" direction "$2" a "$3" b "$4" times 1200 us 11000; }
# What denies vm2's frames is one policy alone each time: no other covers for it.
spawn_chain "$id1" 0 $A,$RULED "$allow,$B,$CLI"
spawn_chain "$id1" 1 $CLI,$A "$allow,$RULED"
spawn_chain "$id2" 0 $A "$allow,$B"
spawn_chain "$id2" 1 $RULED "$allow,$CLI"
spawn slot-a polswap slot $A a $P/marked_a/prog b $P/marked_b/prog times 2500 us 5000
spawn slot-b polswap slot $B a $P/marked_b/prog b $P/marked_a/prog times 2500 us 5000
spawn outer polswap outer $P/ruled/sets a $P/ruled/set_1 b $P/ruled/set_2 times 150 us 20000
by_cli &
cli=$!
by_bpftool=0
for ((i = 0; i < 20; i++)); do
	bpf_chain_set "$id1" 0 $B
	bpf_chain_set "$id1" 1 "$allow" "$allow" $B
	# shellcheck disable=SC2046 # words are meant
	run bpftool map update pinned $VX_V/vx_policy_v1 key $(le 4 $A) value pinned $P/marked_b/prog
	# shellcheck disable=SC2046
	run bpftool map update pinned $VX_V/vx_policy_v1 key $(le 4 $A) value pinned $P/marked_a/prog
	run ruled $((1 + i % 2))
	by_bpftool=$((by_bpftool + 5))
done
total=$by_bpftool
for name in "chain-$id1-0" "chain-$id1-1" "chain-$id2-0" "chain-$id2-1" slot-a slot-b outer; do
	finish "$name" 60 || die "$name failed"
	total=$((total + $(sed -n 's/^polswap: \([0-9]*\) swaps/\1/p' "$W/$name.log")))
done
wait $cli || { cat "$W/broken.log"; die "the command line failed under load"; }
total=$((total + $(cat "$W/by-cli")))
for name in to-vm1 guest-vm1 from-vm1 to-vm2; do
	gone "$(cat "$W/$name.pid")" && die "$name ended before the last swap: that was no swap under load"
done
echo "$total swaps, $by_bpftool of them by bpftool and $(cat "$W/by-cli") by the command line, in $((SECONDS - began)) s;" \
	"$(wc -l <"$W/broken.log") loads failed meanwhile"
[ $total -ge 10000 ] || die "only $total swaps"
[ "$(wc -l <"$W/broken.log")" -ge 24 ] || die "the broken policies were not refused"
ended vm1 "$(perfect $N)" || { vhost-xdp stats; die "vm1's frames did not all arrive once and in order"; }
ended vm2 "$(nothing $N)" || { vhost-xdp stats; die "a frame got through that both policies deny"; }
run vhost-xdp stats
[ "$(denied vm1)" -eq 0 ] || die "$(denied vm1) frames of vm1 were dropped"
[ "$(denied vm2)" -eq $((2 * N)) ] || die "$(denied vm2) frames of vm2 are counted as denied, not $((2 * N))"

# try WORDS: 500 frames each way through vm1
try() {
	flow vm1 $MAC1 $IP1 1 2 500
	ended vm1 "$1" || die "that is not what the policy says"
}

step "a policy that lets nothing pass, by the chain"
bpf_chain_set "$id1" 0 $CLOSED
bpf_chain_set "$id1" 1 $CLOSED
try "$(nothing 500)"
[ "$(denied vm1)" -eq 1000 ] || die "$(denied vm1) frames counted as denied, not 1000"
step "rolled back"
bpf_chain_set "$id1" 0 $A
bpf_chain_set "$id1" 1 $A
try "$(perfect 500)"

step "the same, by the program in the slot"
# shellcheck disable=SC2046
run bpftool map update pinned $VX_V/vx_policy_v1 key $(le 4 $A) value pinned $P/closed/prog
try "$(nothing 500)"
[ "$(denied vm1)" -eq 2000 ] || die "$(denied vm1) frames counted as denied, not 2000"
step "rolled back"
# shellcheck disable=SC2046
run bpftool map update pinned $VX_V/vx_policy_v1 key $(le 4 $A) value pinned $P/marked_a/prog
try "$(perfect 500)"

step "an empty slot lets nothing pass either, and says so"
# shellcheck disable=SC2046
run bpftool map delete pinned $VX_V/vx_policy_v1 key $(le 4 $A)
try "$(nothing 500)"
vhost-xdp stats vm1 | grep -q no_policy || die "no word of the missing policy"
# shellcheck disable=SC2046
run bpftool map update pinned $VX_V/vx_policy_v1 key $(le 4 $A) value pinned $P/marked_a/prog
try "$(perfect 500)"

step "clean up"
for name in vm1 vm2; do
	run vhost-xdp policy set $name to-guest allow
	run vhost-xdp policy set $name from-guest allow
done
bpf_policy_remove marked_a $A
bpf_policy_remove marked_b $B
bpf_policy_remove closed $CLOSED
bpf_policy_remove ruled $RULED
run vhost-xdp policy del cli
