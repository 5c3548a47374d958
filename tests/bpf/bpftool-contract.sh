#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The policy contract with plain clang and bpftool, nothing of ours but the header and the pins: write a policy, try it,
# load it, chain it, give it rules, swap it, roll it back. Then what must be refused, or must drop.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/manual.sh"

XDP_DROP=1 XDP_PASS=2 XDP_REDIRECT=4
O=$VX_O/bpf
P=/sys/fs/bpf/vhost-xdp; V=$P/v1

forget() {
	ip link del p7 2>/dev/null
	rm -rf "$P"
}
at_exit forget
cd "$W"

# bytes NUMBER SIZE: little-endian, as bpftool takes it: bytes 7 4 -> 7 0 0 0
bytes() {
	local n=$1 i
	for ((i = 0; i < $2; i++)); do
		printf '%d ' $((n >> (8 * i) & 255))
	done
}

# verdict FILE [IFINDEX]: what vx_port makes of a frame, on the trial port or as if it came in on IFINDEX.
verdict() {
	local ctx=()
	if [ $# -gt 1 ]; then
		# shellcheck disable=SC2046,SC2059
		printf "$(printf '\\x%02x' 0 0 0 0 $(bytes "$(stat -c %s "$1")" 4) 0 0 0 0 $(bytes "$2" 4) 0 0 0 0 0 0 0 0)" >ctx.bin
		ctx=(ctx_in ctx.bin)
	fi
	bpftool prog run pinned "$P/progs/vx_port" data_in "$1" "${ctx[@]}" | sed -n 's/^Return value: \([0-9]*\).*/\1/p'
}

# expect VERDICT WHAT COMMAND...: the verdict that the command prints.
expect() {
	local want=$1 what=$2 got
	shift 2
	got=$("$@")
	[ "$got" = "$want" ] || die "$what: verdict $got, not $want"
	echo "ok: $what: verdict $got"
}

# drops PORT REASON: how many so far, by the map's BTF.
drops() {
	bpftool map dump pinned "$V/vx_drops" | tr -d ' ,"' | awk -F: -v port="$1" -v reason="$2" '
		$1 == "port" { p = $2 }
		$1 == "reason" { r = $2 }
		$1 == "packets" && p == port && r == reason { sum += $2 }
		END { print sum + 0 }'
}

# Drops are counted: nothing may be sent but by us.
[ ! -e /proc/sys/net/ipv6 ] || echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6

step "a port 7, as the control plane makes one"
run mkdir -p $V $P/policies
run bpftool prog loadall "$O/vx_port.bpf.o" $P/progs pinmaps $V
run ip link add p7 type veth peer name p7-g
run ip link set p7-g up
run ip link set p7 up
run ip link set dev p7 xdpdrv pinned $P/progs/vx_port
p7=$(cat /sys/class/net/p7/ifindex) p7g=$(cat /sys/class/net/p7-g/ifindex)
# shellcheck disable=SC2046 # words are meant
{
	# struct vx_port_cfg; its uplink is p7-g, for want of a wire.
	bpftool map update pinned $V/vx_ports key 7 0 0 0 value $(bytes "$p7" 4; bytes "$p7g" 4; bytes "$p7g" 4) 0 0 1 0 0 0 0 0 0 0 0 0 \
		82 84 0 0 0 7 2 0 0 0 0 170 220 5 0 0 112 55 0 0 0 0 0 0 0 0 0 0 0 0 0 0
	bpftool map update pinned $V/vx_ifs key $(bytes "$p7" 4) value 7 0 0 0 1 0 0 0
	bpftool map update pinned $V/vx_dev key $(bytes "$p7g" 4) value $(bytes "$p7g" 4)
}

udp_frame f.bin 5353
udp_frame other.bin 80

# An installed header would be found without help.
export CPATH=$VX_TOP/include
cp "$VX_TOP/tests/lib/my.bpf.c" my.c
sed 's/5353$/80/' my.c >my2.c

step "the manual's text, rollback included"
manual_story

step "the design's text, as it stands"
M=$P/policies/my_1
clang -O2 -g -target bpf -I/usr/include/x86_64-linux-gnu -c my.c -o my.o
mkdir $M
bpftool prog load my.o $M/prog map name vx_policy_v1 pinned $V/vx_policy_v1 map name vx_frame_v1 pinned $V/vx_frame_v1 pinmaps $M
bpftool prog run pinned $P/progs/vx_port data_in f.bin
expect $XDP_DROP "port 7 before it has a policy" verdict f.bin "$p7"
bpftool map update pinned $V/vx_policy_v1 key 9 0 0 0 value pinned $M/prog
bpftool map update pinned $V/vx_chain_v1 key 7 0 0 0 0 0 0 0 value 9 0 0 0 0 0 0 0
bpftool map update pinned $V/vx_chain_v1 key 7 0 0 0 1 0 0 0 value 9 0 0 0 0 0 0 0
expect $XDP_REDIRECT "port 7 with the policy" verdict f.bin "$p7"
bpftool map update pinned $M/my_rules key 1 0 0 0 value 1 0 0 0 0 0 0 0
expect $XDP_DROP "port 7 with the policy's rule" verdict f.bin "$p7"
expect $XDP_REDIRECT "port 7, another frame" verdict other.bin "$p7"
[ "$(drops 7 67)" -eq 1 ] || die "the rule's drop is not counted under its reason: $(drops 7 67)"

step "try first: a new version in a spare slot, on the trial port"
clang -O2 -g -target bpf -I/usr/include/x86_64-linux-gnu -c my2.c -o my2.o
M2=$P/policies/my_2
mkdir $M2
bpftool prog load my2.o $M2/prog map name vx_policy_v1 pinned $V/vx_policy_v1 map name vx_frame_v1 pinned $V/vx_frame_v1 pinmaps $M2
bpftool map update pinned $M2/my_rules key 1 0 0 0 value 1 0 0 0 0 0 0 0
bpftool map update pinned $V/vx_policy_v1 key 200 0 0 0 value pinned $M2/prog
bpftool map update pinned $V/vx_chain_v1 key 0 0 0 0 1 0 0 0 value 200 0 0 0 0 0 0 0
expect $XDP_PASS "trial of the new version" verdict f.bin
expect $XDP_DROP "trial of the new version, another frame" verdict other.bin
expect $XDP_DROP "port 7 meanwhile" verdict f.bin "$p7"

step "swap and roll back"
for _ in 1 2 3; do
	bpftool map update pinned $V/vx_policy_v1 key 9 0 0 0 value pinned $M2/prog
	expect $XDP_REDIRECT "port 7 after the swap" verdict f.bin "$p7"
	expect $XDP_DROP "port 7 after the swap, another frame" verdict other.bin "$p7"
	bpftool map update pinned $V/vx_policy_v1 key 9 0 0 0 value pinned $M/prog
	expect $XDP_DROP "port 7 rolled back" verdict f.bin "$p7"
	expect $XDP_REDIRECT "port 7 rolled back, another frame" verdict other.bin "$p7"
done
bpftool map update pinned $V/vx_chain_v1 key 7 0 0 0 1 0 0 0 value 9 200 0 0 0 0 0 0
expect $XDP_DROP "both in a chain" verdict f.bin "$p7"
expect $XDP_DROP "both in a chain, another frame" verdict other.bin "$p7"
bpftool map update pinned $V/vx_chain_v1 key 7 0 0 0 1 0 0 0 value 9 77 0 0 0 0 0 0
before=$(drops 7 1)
expect $XDP_DROP "a chain that names an empty slot" verdict other.bin "$p7"
[ "$(drops 7 1)" -eq $((before + 1)) ] || die "the empty slot is not counted as no_policy"
bpftool map update pinned $V/vx_chain_v1 key 7 0 0 0 1 0 0 0 value 9 0 0 0 0 0 0 0

step "what must be refused"
refused() {
	local what=$1
	shift
	! "$@" >refused.log 2>&1 || die "$what was not refused"
	echo "ok: refused: $what: $(grep -v '^$' refused.log | head -n 1)"
}
load() {
	local obj=$1 dir=$2
	bpftool prog load "$obj" "$dir/prog" map name vx_policy_v1 pinned $V/vx_policy_v1 map name vx_frame_v1 pinned $V/vx_frame_v1 pinmaps "$dir"
}
refused "a load over existing pins" load my2.o $M
expect $XDP_DROP "port 7 after that" verdict f.bin "$p7"
expect $XDP_REDIRECT "port 7 after that, another frame" verdict other.bin "$p7"

mkdir $P/policies/bad
sed 's/xdp\.frags/xdp/' my.c >nofrags.c
clang -O2 -g -target bpf -I/usr/include/x86_64-linux-gnu -c nofrags.c -o nofrags.o
refused "a program without frags" load nofrags.o $P/policies/bad
mkdir v2
mkdir v2/vhost_xdp
sed 's/_v1/_v2/' "$VX_TOP/include/vhost_xdp/policy.h" >v2/vhost_xdp/policy.h
cp "$VX_TOP/include/vhost_xdp/stats.h" v2/vhost_xdp/
clang -O2 -g -target bpf -Iv2 -I/usr/include/x86_64-linux-gnu -c my.c -o v2.o
refused "a policy of another version of the contract" load v2.o $P/policies/bad

step "a policy that was loaded without the shared maps delivers nothing"
mkdir $P/policies/private
bpftool prog load my.o $P/policies/private/prog
bpftool map update pinned $V/vx_policy_v1 key 9 0 0 0 value pinned $P/policies/private/prog
expect $XDP_DROP "private maps" verdict other.bin "$p7"
bpftool map update pinned $V/vx_policy_v1 key 9 0 0 0 value pinned $M/prog
expect $XDP_REDIRECT "and back" verdict other.bin "$p7"
echo "all of the contract holds"
