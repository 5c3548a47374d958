#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# policy check: the shipped policies and the examples are what they say, what breaks the contract is refused in one line,
# captures are run frame by frame, and nothing live is touched.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up

# compile NAME [CFLAGS...] <source
compile() {
	local name=$1
	shift
	cat >"$W/$name.c"
	clang -O2 -g -target bpf "-I$VX_TOP/include" "-I/usr/include/$(gcc -print-multiarch)" "$@" -c "$W/$name.c" -o "$W/$name.o"
}

# row DIRECTION NAME: verdict and reason of a packet of the last check
row() { sed -n "s/^$1  *$2  *[0-9]* *\(pass\|drop\|port\) *\(.*[^ ]\)  *[0-9]* ns$/\1 \2/p; s/^$1  *$2  *[0-9]* *\(pass\)  *[0-9]* ns$/\1/p" "$W/out" | sed 's/ *$//'; }
# is DIRECTION NAME WORDS
is() { [ "$(row "$1" "$2")" = "$3" ] || die "$1 \"$2\" is \"$(row "$1" "$2")\", not \"$3\""; }

step "nothing needs to be set up"
umount /sys/fs/bpf
ok policy check "$VX_O/bpf/policy_allow.bpf.o"
grep -q 'drop' <(grep -v 'allow.bpf.o:' "$W/out") && die "allow drops"
mount -t bpf bpf /sys/fs/bpf
[ -z "$(find /sys/fs/bpf -mindepth 1 ! -name '*.debug')" ] || die "it pinned something"

step "antispoof"
ok policy check "$VX_O/bpf/policy_antispoof.bpf.o"
is to-guest "DHCP answer" pass
is from-guest "DHCP answer" "drop dhcp_server"
is from-guest "DHCP request" pass
is from-guest "ND router advertisement" "drop ra_server"
is from-guest "IPv4 longer than its frame" "drop malformed"
ok policy check "$VX_O/bpf/policy_antispoof.bpf.o" from-guest mac 52:54:00:00:00:77
grep -q to-guest "$W/out" && die "both directions, where one was asked for"
is from-guest "ARP request" pass

step "every shipped policy and every example is one"
for f in "$VX_O"/bpf/policy_*.bpf.o "$VX_O"/bpf/examples/*.bpf.o; do
	ok policy check "$f" >/dev/null
	tail -n 1 "$W/out"
done
ok policy check "$VX_O/bpf/examples/no_telnet.bpf.o"
is to-guest "IPv4 TCP SYN to port 23" "drop denied"
is to-guest "IPv6 TCP SYN to port 23" "drop denied"
is from-guest "IPv6 TCP SYN to port 23 behind options" "drop denied"
is to-guest "IPv4 TCP SYN to port 22" pass
is to-guest "IPv4 UDP, last fragment" pass
[ "$(grep -c ' drop ' "$W/out")" -eq 6 ] || die "it drops other than telnet"
ok policy check "$VX_O/bpf/examples/ethertypes.bpf.o"
is to-guest LLDP "drop denied rule 2"
is to-guest "ARP request" pass
is to-guest "IPv6 UDP, first fragment" pass
ok policy check "$VX_O/bpf/examples/quota.bpf.o" to
[ "$(grep -c ' drop ' "$W/out")" -eq 0 ] || die "a quota where none was set"

step "what is no policy is refused, with a line that says why"
bad() { refuse 1 "$1" policy check "$W/$2.o"; }
head='#include <vhost_xdp/policy.h>
char _license[] SEC("license") = "GPL";'
compile none <<<"$head"
bad "has no program" none
compile two <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { return vx_pass(ctx); }
SEC("xdp.frags") int b(struct xdp_md *ctx) { return vx_pass(ctx); }'
bad "more than one program" two
for section in xdp xdp.frags/devmap xdp.frags/cpumap tc; do
	compile section <<<"$head"'
SEC("'$section'") int a(struct xdp_md *ctx) { return vx_pass(ctx); }'
	bad "is in SEC(\"$section\"); the kernel keeps a policy beside others only in SEC(\"xdp.frags\")" section
done
compile newer -Dvx_policy_v1=vx_policy_v2 <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { return vx_pass(ctx); }'
bad "built for another version of the contract (vx_policy_v2)" newer
compile size -Dreserved='reserved[16]; __u32 more' <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { return vx_pass(ctx); }'
bad "the map vx_frame_v1 of this policy is not that of the contract" size
compile foreign <<'C'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp.frags") int a(struct xdp_md *ctx) { return XDP_PASS; }
char _license[] SEC("license") = "GPL";
C
bad "does not have the map vx_policy_v1" foreign
compile silent <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { return XDP_PASS; }'
bad "never calls vx_pass() or vx_drop()" silent
compile below <<<"$head"'
static __attribute__((noinline)) int refuse(struct xdp_md *ctx, int why) { return vx_drop(ctx, why); }
SEC("xdp.frags") int a(struct xdp_md *ctx) { return ctx->data_end - ctx->data > 100 ? refuse(ctx, VX_REASON_DENIED) : vx_pass(ctx); }'
bad "makes a tail call in refuse(), which was not inlined: the kernel loses its verdict" below
refuse 1 "makes a tail call in refuse()" policy load "$W/below.o"
compile global <<<"$head"'
__attribute__((noinline)) int judge(struct xdp_md *ctx) { return vx_pass(ctx); }
SEC("xdp.frags") int a(struct xdp_md *ctx) { return judge(ctx); }'
bad "makes a tail call in judge(), which was not inlined" global
compile helper <<<"$head"'
static __attribute__((noinline)) int small(struct vx_pkt *pkt) { return pkt->len < 100; }
SEC("xdp.frags") int a(struct xdp_md *ctx) { struct vx_pkt *pkt = vx_frame(ctx); return pkt && small(pkt) ? vx_drop(ctx, VX_REASON_DENIED) : vx_pass(ctx); }'
ok policy check "$W/helper.o" >/dev/null
compile around <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { struct vx_pkt *pkt = vx_frame(ctx); return pkt && pkt->flags & VX_PKT_ND ? XDP_PASS : vx_pass(ctx); }'
bad "given \"ND router solicitation\", to-guest, it ends without vx_pass() or vx_drop()" around
compile drops <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { struct vx_pkt *pkt = vx_frame(ctx); return pkt && pkt->dport == 23 ? XDP_DROP : vx_pass(ctx); }'
bad "given \"IPv4 TCP SYN to port 23\", to-guest, it ends without vx_pass() or vx_drop()" drops
compile claims <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { struct vx_pkt *pkt = vx_frame(ctx);
	if (pkt && pkt->direction) { pkt->verdict = VX_VERDICT_PASS; return XDP_PASS; }
	return vx_pass(ctx); }'
bad "from-guest, it ends without vx_pass() or vx_drop()" claims
compile slot0 <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { struct vx_pkt *pkt = vx_frame(ctx);
	if (pkt && pkt->ip_proto == 132) bpf_tail_call(ctx, &vx_policy_v1, 0);
	return vx_pass(ctx); }'
bad "given \"IPv4 SCTP\", to-guest, it ends without vx_pass() or vx_drop()" slot0
compile frame <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { __u8 *p = (void *)(long)ctx->data;
	if (p + 14 <= (__u8 *)(long)ctx->data_end) p[6] ^= 1;
	return vx_pass(ctx); }'
bad "it changes the frame" frame
compile parsed <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { struct vx_pkt *pkt = vx_frame(ctx);
	if (pkt && pkt->ip_proto == 6) pkt->dport = 1;
	return vx_pass(ctx); }'
bad "it writes to struct vx_pkt" parsed
compile wild <<<"$head"'
SEC("xdp.frags") int a(struct xdp_md *ctx) { return *(volatile int *)(long)ctx->data ? vx_pass(ctx) : vx_drop(ctx, 1); }'
bad "the verifier refuses $W/wild.o: invalid access to packet" wild
compile map <<<"$head"'
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } prev SEC(".maps");
SEC("xdp.frags") int a(struct xdp_md *ctx) { __u32 k = 0; return bpf_map_lookup_elem(&prev, &k) ? vx_pass(ctx) : vx_drop(ctx, 1); }'
bad "has a map called prev" map
echo text >"$W/text.o"
bad "is not a BPF object" text
bad "cannot read $W/nope.o" nope
# Whatever a damaged object makes of libbpf: one line, and no crash.
RANDOM=5 damaged=0
for ((i = 0; i < 12; i++)); do
	cp "$W/helper.o" "$W/damaged.o"
	for ((j = 0; j < 4 << i % 4; j++)); do
		printf '%b' "\\x$(printf %02x $((RANDOM % 256)))" |
			dd of="$W/damaged.o" bs=1 seek=$((RANDOM % $(stat -c %s "$W/helper.o"))) conv=notrunc status=none
	done
	rc=0
	vx policy check "$W/damaged.o" to-guest >/dev/null 2>"$W/err" || rc=$?
	damaged=$((damaged + rc))
	[ $rc -le 1 ] && [ "$(wc -l <"$W/err")" -eq $rc ] || { cat "$W/err"; die "a damaged object, $i: exit status $rc"; }
done
[ $damaged -gt 2 ] || die "only $damaged objects were damaged"
refuse 2 "needs an object file" policy check
refuse 2 "is not the MAC of a guest" policy check "$W/helper.o" mac ff:ff:ff:ff:ff:ff

step "captures"
le32() { printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"; }
telnet='\x52\x54\0\0\0\x01\x02\0\0\0\0\x01\x08\0\x45\0\0\x28\0\0\0\0\x40\x06\0\0\xc0\0\x02\x01\xc0\0\x02\x02\x9c\x40\0\x17\0\0\0\0\0\0\0\0\x50\x02\0\0\0\0\0\0'
short='\x52\x54\0\0\0\x01\x02\0\0\0'
# record CAPTURED LENGTH DATA: one packet of a pcap file
record() { le32 0; le32 0; le32 "$1"; le32 "$2"; printf '%b' "$3"; }
pcap() { printf '\xd4\xc3\xb2\xa1\x02\0\x04\0'; le32 0; le32 0; le32 65535; le32 "$1"; }
mkdir "$W/caps"
{ pcap 1; record 54 54 "$telnet"; record 10 10 "$short"; record 54 54 "${telnet/x17/x16}"; } >"$W/caps/a.pcap"
# a section, an interface and a packet of pcapng
{
	printf '\x0a\x0d\x0d\x0a'; le32 28; printf '\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff'; le32 28
	le32 1; le32 20; printf '\x01\0\0\0'; le32 0; le32 20
	le32 6; le32 88; le32 0; le32 0; le32 0; le32 54; le32 54; printf '%b' "$telnet"; printf '\0\0'; le32 88
} >"$W/caps/b.pcapng"
N=$VX_O/bpf/examples/no_telnet.bpf.o
ok policy check "$N" packets "$W/caps/a.pcap" to-guest
is to-guest a.pcap:1 "drop denied"
is to-guest a.pcap:3 pass
has "$(tail -n 1 "$W/out")" "1 pass, 1 drop, 1 are no Ethernet frames"
ok policy check "$N" packets "$W/caps"
is to-guest b.pcapng:1 "drop denied"
is from-guest a.pcap:3 pass
has "$(vx -j policy check "$N" packets "$W/caps")" '"frame": "tcp 192.0.2.1.40000 > 192.0.2.2.23"'
has "$(vx -j policy check "$N" packets "$W/caps")" '"dropped": 4'
{ pcap 1; record 40 54 "$telnet" | head -c 56; record 54 54 "$telnet"; } >"$W/cut.pcap"
has "$(vx policy check "$N" packets "$W/cut.pcap" to-guest 2>&1)" "1 packets of $W/cut.pcap were left out: captured in part"
{ pcap 1; record 40 54 "$telnet" | head -c 56; } >"$W/cut.pcap"
{ pcap 113; record 54 54 "$telnet"; } >"$W/cooked.pcap"
refuse 1 "was not captured on Ethernet" policy check "$N" packets "$W/cooked.pcap"
refuse 1 "is not a pcap or pcapng file" policy check "$N" packets "$W/text.o"
head -c 70 "$W/caps/a.pcap" >"$W/torn.pcap"
refuse 1 "torn.pcap: packet 1: " policy check "$N" packets "$W/torn.pcap"
refuse 1 "cannot read $W/nowhere" policy check "$N" packets "$W/nowhere"

refuse 1 "has no packet to check with that is captured in full" policy check "$N" packets "$W/cut.pcap" to-guest

step "beside a running port, and killed at any moment: nothing changes"
ok uplink add wire
ok port add vm1 mac 52:54:00:00:00:01 uplink wire policy antispoof
objects() { vx -j policy list; bpftool -j map dump pinned /sys/fs/bpf/vhost-xdp/v1/vx_chain_v1; find /sys/fs/bpf | sort; }
before=$(objects)
ok policy check "$VX_O/bpf/policy_antispoof.bpf.o" >/dev/null
for ((i = 0; i < 12; i++)); do
	"$VHOST_XDP" policy check "$VX_O/bpf/policy_antispoof.bpf.o" >/dev/null 2>&1 &
	sleep "0.0$((i % 10))$((RANDOM % 10))"
	kill -KILL $! 2>/dev/null || true
	wait $! 2>/dev/null || true
done
# What a process held is freed a moment after its end.
wait_until 5 "everything as before" eval '[ "$(objects)" = "$before" ]' || { diff <(echo "$before") <(objects); die "something was changed"; }

step "with the rules of the one that runs, as a port"
P=/sys/fs/bpf/vhost-xdp/policies
ok policy antispoof vm1 add 192.0.2.2
ok policy check "$VX_O/bpf/policy_antispoof.bpf.o" from-guest rules antispoof port vm1
is from-guest "IPv4 UDP to port 53" pass
is from-guest "IPv4 UDP, another's address" "drop spoof_ip4"
ok policy check "$VX_O/bpf/policy_antispoof.bpf.o" from-guest rules antispoof
is from-guest "IPv4 UDP, another's address" pass
ok policy load "$VX_O/bpf/examples/ethertypes.bpf.o"
bpftool map update pinned $P/ethertypes/ethertypes_allowed key 204 136 value 1
ok policy check "$VX_O/bpf/examples/ethertypes.bpf.o" rules ethertypes
is to-guest LLDP pass
is to-guest MPLS "drop denied rule 2"
ok policy load "$VX_O/bpf/examples/quota.bpf.o"
bpftool map update pinned $P/quota/quota_left key 1 0 0 0 0 0 0 0 value 100 0 0 0 0 0 0 0
ok policy check "$VX_O/bpf/examples/quota.bpf.o" to-guest rules quota port vm1
grep -q 'drop  custom_64' "$W/out" || die "a quota of 100 bytes lets everything pass"
has "$(bpftool -j map dump pinned $P/quota/quota_left)" '"value":100' # the trial used up its own copy
ok policy load "$VX_O/bpf/examples/closed_ports.bpf.o"
bpftool map create $P/closed_ports/set_1 type hash key 2 value 1 entries 1024 name closed
bpftool map update pinned $P/closed_ports/set_1 key 23 0 value 1
bpftool map update pinned $P/closed_ports/closed_sets key 0 0 0 0 value pinned $P/closed_ports/set_1
ok policy check "$VX_O/bpf/examples/closed_ports.bpf.o" rules closed_ports
is to-guest "IPv6 TCP SYN to port 23" "drop denied rule 23"
is to-guest "IPv6 TCP SYN to port 22" pass
refuse 1 "there is no policy nope whose rules could be taken" policy check "$N" rules nope
refuse 1 "there is no port nope" policy check "$N" port nope
refuse 2 "exclude each other" policy check "$N" port vm1 mac 52:54:00:00:00:01
sed 's/max_entries, 64/max_entries, 65/' "$VX_TOP/bpf/examples/ethertypes.bpf.c" | compile other_shape
refuse 1 "the map ethertypes_allowed has another layout than the one in policies/ethertypes" policy check "$W/other_shape.o" rules ethertypes
for name in ethertypes quota closed_ports; do ok policy del $name; done
ok port del vm1
ok uplink del wire
