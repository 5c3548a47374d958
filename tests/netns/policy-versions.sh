#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 180
#
# policy load onto a name, and rollback: what keeps its rules, what is refused, instances of one object, and that whatever
# fails or is killed on the way leaves one version or the other, whole.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
P=/sys/fs/bpf/vhost-xdp; V=$P/v1; M=$P/policies/mine

# version NAME PORT [SIZE]: a policy whose program is called NAME; it closes UDP port PORT, and 9 by rule 1
version() {
	cat >"$W/$1.c" <<C
#include <linux/in.h>
#include <vhost_xdp/policy.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, ${3-8}); __type(key, __u32); __type(value, __u64); } rules SEC(".maps");
SEC("xdp.frags") int $1(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	__u32 key = 1;
	__u64 *rule = bpf_map_lookup_elem(&rules, &key);

	if (!pkt || (pkt->ip_proto == IPPROTO_UDP && pkt->dport == $2) || (rule && pkt->dport == *rule))
		return vx_drop(ctx, VX_REASON_DENIED);
	return vx_pass(ctx);
}
char _license[] SEC("license") = "GPL";
C
	clang -O2 -g -target bpf "-I$VX_TOP/include" "-I/usr/include/$(gcc -print-multiarch)" -c "$W/$1.c" -o "$W/$1.o"
}
version one 1001
version two 1002
version three 1003 16

# frame PORT: a UDP frame for it
frame() {
	{
		printf '\x02\0\0\0\0\x77\x52\x54\0\0\0\x07\x08\0\x45\0\0\x24\0\0\0\0\x40\x11\0\0\x0a\0\0\x07\x0a\0\0\x09'
		# shellcheck disable=SC2059 # the format is the data
		printf "\\x10\\0\\x$(printf %02x $(($1 >> 8)))\\x$(printf %02x $(($1 & 255)))\\0\\x10\\0\\0abcdefgh"
	} >"$W/$1.bin"
}
for port in 9 1001 1002 1003; do frame $port; done
verdict() { bpftool prog run pinned $P/progs/vx_port data_in "$W/$1.bin" | sed -n 's/^Return value: \([0-9]*\).*/\1/p'; }
# closed PORTS: these and no others
closed() {
	local port got=
	for port in 9 1001 1002 1003; do
		[ "$(verdict $port)" = 1 ] && got+="$port "
	done
	[ "${got% }" = "$1" ] || die "closed is \"${got% }\", not \"$1\""
}
# judges PROGRAM: that is what the slot has
judges() { [ "$(vx policy list | awk '$2 == "mine" { print $5 }')" = "$1" ] || { vx policy list; die "not $1"; }; }
map_id() { bpftool -j map show pinned "$1" | sed 's/.*"id":\([0-9]*\),.*/\1/'; }
rule() { bpftool map update pinned "$1" key 1 0 0 0 value "$2" 0 0 0 0 0 0 0; }
try_port() { bpftool map update pinned $V/vx_chain_v1 key 0 0 0 0 0 0 0 0 value "$1" 0 0 0 0 0 0 0; }

step "a load onto a name keeps the rules, and the version before"
ok policy load "$W/one.o" as mine
judges one
try_port 1
closed 1001
refuse 1 "policy mine has no version before this one" policy rollback mine
refuse 1 "there is no policy nope" policy rollback nope
refuse 2 "needs one name" policy rollback
rule $M/rules 9
closed "9 1001"
rules=$(map_id $M/rules)
ok policy load "$W/two.o" as mine
judges two
closed "9 1002"
[ "$(map_id $M/rules)" = "$rules" ] || die "another map"
[ ! -e $P/stage ] || die "something is left in stage"

step "back, and forth again"
for _ in 1 2 3; do
	ok policy rollback mine
	judges one
	closed "9 1001"
	ok policy rollback mine
	judges two
	closed "9 1002"
done
has "$(vx policy show mine)" "rollback   prog"
has "$(vx -j policy list)" '"rollback": true'

step "by bpftool, as printed; the command line goes on from there"
vx policy show --bpftool >"$W/lines"
{ sed -n 1p "$W/lines"; sed -n 's/^#\(bpftool map update.*mine\/prev\/prog\)/\1/p' "$W/lines"; } >"$W/back"
[ "$(wc -l <"$W/back")" -eq 2 ] || { cat "$W/lines"; die "no line for a rollback"; }
bash -ex "$W/back"
judges one
closed "9 1001"
has "$(vx policy list)" "rolled back by hand"
ok policy rollback mine
judges two
closed "9 1002"
bash -ex "$W/back"
ok policy load "$W/two.o" as mine
judges two
ok policy rollback mine
judges one
closed "9 1001"

step "a map of another layout"
refuse 1 "the map rules has another layout than in the policy mine that judges, whose 1 entries" policy load "$W/three.o" as mine
judges one
closed "9 1001"
ok policy load "$W/three.o" as mine fresh
closed 1003
rule $M/rules 9
closed "9 1003"
bpftool map delete pinned $M/rules key 1 0 0 0
closed 1003
ok policy rollback mine
judges one
closed "9 1001"
ok policy rollback mine
closed 1003
ok policy load "$W/three.o" as mine fresh
ok policy load "$W/one.o" as mine fresh
closed 1001
has "$(vx policy list)" "users 1: (trial) to-guest"
no_try() { bpftool map delete pinned $V/vx_chain_v1 key 0 0 0 0 0 0 0 0; }
# what was only tried is in nobody's way
ok policy del mine
[ ! -e $M ] || die "pins are left"
[ ! -e $P ] || die "the last policy did not take the pins along"

step "instances: shared, and of one's own"
ok uplink add wire
for n in 1 2; do ok port add vm$n mac 52:54:00:00:00:0$n uplink wire; done
ok policy load "$W/one.o" as shared
ok policy load "$W/one.o" as own_2
rule $P/policies/own_2/rules 9
ok policy set vm1 to-guest shared
ok policy set vm2 to-guest shared,own_2
ok policy set vm2 from-guest shared
has "$(vx policy list)" "users 3: vm1 to-guest, vm2 to-guest, vm2 from-guest  pin $P/policies/shared"
has "$(vx policy show own_2)" "chain      vm2 to-guest: shared,own_2"
ids=$(vx policy list | awk '{ print $1 }')
# shellcheck disable=SC2086 # words are meant
set -- $ids
try_port "$1"
closed 1001
try_port "$2"
closed "9 1001"
refuse 1 "1 chain uses policy own_2 (vm2 to-guest); take it out first" policy del own_2
no_try
refuse 1 "there is no policy nope, loaded or shipped" policy set vm1 to-guest shared,nope
has "$(vx port show vm1)" "to-guest    shared"
# An element of the chains' map is the next one's at once: who replaced a chain waits until no frame can be looking at it.
gcc -shared -fPIC -O2 -D_GNU_SOURCE -o "$W/faultat.so" "$VX_TOP/tests/lib/faultat.c"
preload() { env LD_PRELOAD="$W/faultat.so" "$@"; }
waits() { FAULT_TRACE=$W/trace preload "$VHOST_XDP" policy set vm1 to-guest "$1"; tail -n 2 "$W/trace" | paste -sd ' '; rm -f "$W/trace"; }
has "$(waits shared,own_2)" "bpf 2 membarrier"
has_not "$(waits shared,own_2)" membarrier
has "$(waits shared)" "bpf 2 membarrier"
ok port del vm2
ok policy del own_2
[ "$(vx policy list | awk '$2 == "shared" { print $7, $8, $9 }')" != "" ] || die "the other instance is gone"

step "what fails changes nothing"
ok policy load "$W/one.o" as mine
rule $M/rules 9
ok policy load "$W/two.o" as mine
id=$(vx policy list | awk '$2 == "mine" { print $1 }')
try_port "$id"
state() { vx -j policy list; vx -j policy show mine; find $P -not -path '*/progs*' | sort; bpftool -j map dump pinned $M/rules; }
before=$(state)
size=$(stat -c %s "$W/one.o")
for cut in 0 1 64 $((size / 4)) $((size / 2)) $((size - 700)); do
	head -c "$cut" "$W/one.o" >"$W/cut.o"
	rc=0
	err=$(vx policy load "$W/cut.o" as mine 2>&1) || rc=$?
	[ $rc -eq 1 ] && [ "$(wc -l <<<"$err")" -eq 1 ] || die "cut at $cut: status $rc: $err"
	[ "$(state)" = "$before" ] || die "cut at $cut: something was changed"
done

# Every call that the load makes of the kernel fails once, with each of these.
FAULT_COUNT=$W/count preload "$VHOST_XDP" policy load "$W/one.o" as mine
calls=$(cat "$W/count")
ok policy rollback mine
[ "$calls" -gt 20 ] || die "only $calls calls were seen"
failed=0
for errno in 1 12; do
	before=$(state)
	for ((at = 1; at <= calls; at++)); do
		rc=0
		err=$(FAULT_AT=$at FAULT=$errno preload "$VHOST_XDP" policy load "$W/one.o" as mine 2>&1) || rc=$?
		if [ $rc -eq 0 ]; then
			# What libbpf only asks, to know the kernel: the load went on, perhaps with a program that has no name.
			closed "9 1001"
			ok policy rollback mine >/dev/null
			before=$(state)
			continue
		fi
		failed=$((failed + 1))
		[ $rc -eq 1 ] && [ "$(wc -l <<<"$err")" -eq 1 ] || die "call $at, errno $errno: status $rc: $err"
		after=$(state)
		[ "$after" = "$before" ] || { diff <(echo "$before") <(echo "$after") || true; die "call $at, errno $errno ($err): something was changed"; }
	done
done
closed "9 1002"
echo "$failed loads of $((2 * calls)) failed, and changed nothing"
[ $failed -gt 20 ] || die "the faults did not hit"

step "killed before each of these calls"
new=0
for ((at = 1; at <= calls; at++)); do
	FAULT_AT=$at FAULT=kill preload "$VHOST_XDP" policy load "$W/one.o" as mine 2>/dev/null && die "call $at did not kill it"
	# Whichever version it is now, all of it is there, and has its name.
	program=$(vx policy list | awk '$2 == "mine" { print $5 }')
	case $program in
	one) closed "9 1001"; new=$((new + 1)) ;;
	two) closed "9 1002" ;;
	*) vx policy list; die "killed before call $at: the slot has \"$program\"" ;;
	esac
	ok policy rollback mine >/dev/null
	[ ! -e $P/stage ] || die "killed before call $at: stage is left"
	ok policy load "$W/two.o" as mine >/dev/null
	closed "9 1002"
	has "$(vx policy show mine)" "policies/mine/prog"
done
[ $new -gt 0 ] && [ $new -lt "$calls" ] || die "no kill hit around the change: $new of $calls"
echo "$new of $calls were killed behind the change"
[ "$(map_id $M/rules)" = "$(map_id $M/prev/rules)" ] || die "the rules are not the same any more"

step "the same for a policy that is new, and a rollback"
FAULT_COUNT=$W/count preload "$VHOST_XDP" policy rollback mine
calls=$(cat "$W/count")
for ((at = 1; at <= calls; at++)); do
	FAULT_AT=$at FAULT=kill preload "$VHOST_XDP" policy rollback mine 2>/dev/null && die "call $at did not kill it"
	program=$(vx policy list | awk '$2 == "mine" { print $5 }')
	case $program in
	one) closed "9 1001" ;;
	two) closed "9 1002" ;;
	*) die "killed before call $at: the slot has \"$program\"" ;;
	esac
	ok policy load "$W/two.o" as mine >/dev/null
	closed "9 1002"
done
FAULT_COUNT=$W/count preload "$VHOST_XDP" policy load "$W/one.o" as new
calls=$(cat "$W/count")
ok policy del new
for ((at = 1; at <= calls; at += 3)); do
	FAULT_AT=$at FAULT=kill preload "$VHOST_XDP" policy load "$W/one.o" as new 2>/dev/null && die "call $at did not kill it"
	ok policy load "$W/one.o" as new >/dev/null
	[ ! -e $P/stage ] && pinned policies/new/prog || die "killed before call $at: half a policy"
	ok policy del new >/dev/null
done

step "a port that goes leaves the version before as well"
ok policy load "$VX_O/bpf/policy_antispoof.bpf.o"
ok policy antispoof vm1 add 10.7.0.2
ok policy load "$VX_O/bpf/policy_antispoof.bpf.o" fresh
[ "$(map_id $P/policies/antispoof/antispoof_ports)" != "$(map_id $P/policies/antispoof/prev/antispoof_ports)" ] || die "the same map"
ok policy antispoof vm1 add 10.7.0.3
ok port del vm1
for version in now before; do
	[ "$(bpftool -j map dump pinned $P/policies/antispoof/antispoof_ports)" = "[]" ] || die "entries of a port that is gone, in the version $version"
	ok policy rollback antispoof
done
ok policy del antispoof
ok port add vm1 mac 52:54:00:00:00:07 uplink wire

step "clean up"
no_try
ok port del vm1
ok uplink del wire
[ ! -e $P ] || die "pins are left"
