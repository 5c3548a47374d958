#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# policy load, set, list, del, show and antispoof: the contract is enforced, a reload keeps place and rules.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
P=/sys/fs/bpf/vhost-xdp

# compile NAME [CFLAGS...] <source
compile() {
	local name=$1
	shift
	cat >"$W/$name.c"
	clang -O2 -g -target bpf "-I$VX_TOP/include" "-I/usr/include/$(gcc -print-multiarch)" "$@" -c "$W/$name.c" -o "$W/$name.o"
}

compile mine <<'C'
#include <vhost_xdp/policy.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } rules SEC(".maps");
SEC("xdp.frags") int mine(struct xdp_md *ctx)
{
	__u32 key = 1;
	__u64 *v = bpf_map_lookup_elem(&rules, &key);
	return v && *v ? vx_drop(ctx, VX_REASON_DENIED) : vx_pass(ctx);
}
char _license[] SEC("license") = "GPL";
C
id_of() { vx policy list | awk -v n="$1" '$2 == n { print $1 }'; }
prog_of() { vx policy list | awk -v n="$1" '$2 == n { print $4 }'; }

step "load makes place, names and pins"
[ -z "$(vx policy list)" ] || die "policies out of nothing"
ok policy load "$W/mine.o"
[ "$(id_of mine)" = 1 ] || die "not the first free id"
pinned policies/mine/prog || die "the program is not pinned"
pinned policies/mine/rules || die "its map is not pinned"
ok policy load "$W/mine.o" as other id 9
[ "$(id_of other)" = 9 ] || die "not the id that was asked for"
has "$(vx -j policy list)" '"usable": true'

step "a reload keeps the id and the rules, and changes the program"
bpftool map update pinned $P/policies/mine/rules key 1 0 0 0 value 1 0 0 0 0 0 0 0
first=$(prog_of mine)
ok policy load "$W/mine.o"
[ "$(id_of mine)" = 1 ] || die "another id"
[ "$(prog_of mine)" != "$first" ] || die "the same program"
has "$(bpftool map lookup pinned $P/policies/mine/rules key 1 0 0 0)" "1"
slot=$(bpftool -j map lookup pinned $P/v1/vx_policy_v1 key 1 0 0 0)
has "$(bpftool -j prog show pinned $P/policies/mine/prog)" "\"id\":$(prog_of mine)"
[ -n "$slot" ] || die "the slot is empty"

step "what breaks the contract is refused, and the old policy stays"
bad() { refuse "$1" "$2" policy load "${@:3}"; }
head='#include <vhost_xdp/policy.h>
char _license[] SEC("license") = "GPL";'
compile none <<<"$head"
bad 1 "has no program" "$W/none.o" as mine
compile two <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { return vx_pass(ctx); }
SEC("xdp.frags") int b(struct xdp_md *ctx) { return vx_pass(ctx); }'
bad 1 "more than one program" "$W/two.o" as mine
compile plain <<<"$head"'
SEC("xdp") int a(struct xdp_md *ctx) { return vx_pass(ctx); }'
bad 1 'is in SEC("xdp"); the kernel keeps a policy beside others only in SEC("xdp.frags")' "$W/plain.o" as mine
compile foreign <<'C'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp.frags") int a(struct xdp_md *ctx) { return XDP_PASS; }
char _license[] SEC("license") = "GPL";
C
bad 1 "does not have the map vx_policy_v1" "$W/foreign.o" as mine
compile silent <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { return XDP_PASS; }'
bad 1 "never calls vx_pass() or vx_drop()" "$W/silent.o" as mine
compile newer -Dvx_policy_v1=vx_policy_v2 <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { return vx_pass(ctx); }'
bad 1 "built for another version of the contract (vx_policy_v2)" "$W/newer.o" as mine
compile shape -DVX_POLICY_SLOTS=128 <<<"$(sed '/define VX_POLICY_SLOTS/d' "$VX_TOP/include/vhost_xdp/policy.h")"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { return vx_pass(ctx); }
char _license[] SEC("license") = "GPL";' "-I$VX_TOP/include/vhost_xdp"
bad 1 "the map vx_policy_v1 of this policy is not that of the contract" "$W/shape.o" as mine
compile wild <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { return *(volatile int *)(long)ctx->data ? vx_pass(ctx) : vx_drop(ctx, 1); }'
bad 1 "the verifier refuses $W/wild.o: invalid access to packet" "$W/wild.o" as mine
echo text >"$W/text"
bad 1 "is not a BPF object" "$W/text" as mine
bad 1 "cannot read $W/nope" "$W/nope" as mine
bad 1 "policy name 'a.b' is not valid" "$W/mine.o" as a.b
bad 1 "is too long" "$W/mine.o" as abcdefghijklmnopqrstuvwxyz-abcdef
bad 1 "policy id 9 is taken" "$W/mine.o" as third id 9
bad 1 "policy mine has id 1 already" "$W/mine.o" id 7
bad 2 "id 256 is out of range" "$W/mine.o" id 256
bad 2 "needs an object file"

step "chains"
ok uplink add wire
ok port add vm1 mac 52:54:00:00:00:01 uplink wire
chain() { bpftool -j map lookup pinned $P/v1/vx_chain_v1 key 1 0 0 0 "$1" 0 0 0 | sed 's/.*"value":\[\([^]]*\)\].*/\1/; s/"//g'; }
ok policy set vm1 to-guest mine,other,allow
has "$(chain 0)" "0x01,0x09,0x02,0x00"
ok policy set vm1 from 9
has "$(chain 1)" "0x09,0x00"
has "$(vx port show vm1)" "to-guest    mine,other,allow"
ok policy set vm1 to-guest none
has "$(chain 0)" "0x00,0x00"
has "$(vx port show vm1)" "to-guest    none"
refuse 1 "there is no port nope" policy set nope to-guest allow
refuse 1 "there is no policy nope, loaded or shipped" policy set vm1 to-guest allow,nope
refuse 2 "direction 'ingress' is not known" policy set vm1 ingress allow
refuse 2 "needs a port, a direction and a chain" policy set vm1 to-guest
refuse 1 "1 chain uses policy other" policy del other
has "$(vx policy list | grep other)" "users 1"

step "the printed bpftool lines do what they say"
ok policy set vm1 to-guest mine,allow
vx policy show --bpftool >"$W/lines"
refuse 2 "needs a name, or --bpftool" policy show
bpftool map update pinned $P/v1/vx_chain_v1 key 1 0 0 0 0 0 0 0 value 0 0 0 0 0 0 0 0
bpftool map delete pinned $P/v1/vx_policy_v1 key 1 0 0 0
{ sed -n 1p "$W/lines"; grep '^bpftool map update.*\(vx_chain_v1\|policies/mine/prog\)' "$W/lines"; } >"$W/restore"
bash -e "$W/restore"
has "$(chain 0)" "0x01,0x02,0x00"
[ "$(id_of mine)" = 1 ] || die "the slot was not filled again"
mkdir "$W/try"
cp "$W/mine.c" "$W/try/my.c"
(cd "$W/try" && grep -vE '^#|^clang|prog run' "$W/lines" >lines && cp "$W/mine.o" my.o && bash -e lines)
[ -n "$(id_of my)" ] || die "the new policy is not there"
ok policy del my

step "a program without the shared maps is told from a policy"
mkdir $P/policies/lost
bpftool prog load "$W/mine.o" $P/policies/lost/prog
bpftool map update pinned $P/v1/vx_policy_v1 key 20 0 0 0 value pinned $P/policies/lost/prog
has "$(vx policy list | grep lost)" "UNUSABLE: loaded without the shared maps"
refuse 1 "was loaded without the shared maps and would lose every frame" policy set vm1 to-guest lost
rc=0
out=$(vx doctor 2>&1) || rc=$?
[ $rc -eq 1 ] || die "doctor is content with it"
has "$out" "slot 20 was loaded without the shared maps"
ok policy del lost

step "antispoof"
ok policy antispoof vm1 add 10.0.0.1
ok policy antispoof vm1 add fd00::/64
ok policy antispoof vm1 add 10.0.0.1/32
ok policy antispoof vm1 allow dhcp
list=$(vx policy antispoof vm1 list)
[ "$list" = "$(printf '10.0.0.1/32\nfd00::/64\nallow dhcp-server\nallow any-ll')" ] || die "listed: $list"
has "$(vx -j policy antispoof vm1 list)" '"fd00::/64"'
ok policy antispoof vm1 del 10.0.0.1
ok policy antispoof vm1 deny dhcp-server
ok policy antispoof vm1 deny any-ll
[ "$(vx policy antispoof vm1 list)" = "fd00::/64" ] || die "not as told"
refuse 1 "has no address 10.0.0.1" policy antispoof vm1 del 10.0.0.1
# The last address that goes leaves the guest without any, not with all.
ok policy antispoof vm1 del fd00::7/64
[ "$(vx policy antispoof vm1 list)" = "deny any-ip" ] || die "open again"
ok policy antispoof vm1 allow any-ip
[ -z "$(vx policy antispoof vm1 list)" ] || die "not open"
ok policy antispoof vm1 deny any-ip
ok policy antispoof vm1 add fd00::99/64
[ "$(vx policy antispoof vm1 list)" = "fd00::/64" ] || die "not the prefix alone"
refuse 2 "is not an address" policy antispoof vm1 add 10.0.0.256
refuse 2 "the right 'fly' is not known" policy antispoof vm1 allow fly
refuse 1 "there is no port nope" policy antispoof nope list
for i in $(seq 2 17); do ok policy antispoof vm1 add "10.0.0.$i"; done
refuse 1 "16 prefixes of that family already" policy antispoof vm1 add 10.0.0.99
ok policy antispoof vm1 clear
[ "$(vx policy antispoof vm1 list)" = "allow any-ll" ] || die "not cleared"

step "del"
refuse 1 "there is no policy nope" policy del nope
ok policy set vm1 from-guest none
ok policy del other
if pinned policies/other; then die "its pins are left"; fi
ok port del vm1
ok uplink del wire
[ ! -e $P ] || die "pins are left"
