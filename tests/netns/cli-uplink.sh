#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# uplink add, list, del: what is changed on the netdev, and that all of it comes back.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
before=$(snapshot)

step "add changes what it must"
[ "$(feature wire rx-vlan-offload)" = on ] || die "this test wants rxvlan on to begin with"
ok uplink add wire
[ "$(feature wire rx-vlan-offload)" = off ] || die "rxvlan is still on"
[ "$(feature wire rx-vlan-stag-hw-parse)" = off ] || die "rx-vlan-stag-hw-parse is still on"
has "$(ip -d link show wire)" "prog/xdp"
has "$(tc qdisc show dev wire)" clsact
has "$(tc filter show dev wire ingress)" vx_uplink_in
has "$(tc filter show dev wire egress)" vx_uplink_out
list=$(vx uplink list)
has "$list" "wire "
has "$list" "native"
has "$list" "up "
has "$(vx -j uplink list)" '"state": "up"'

step "adding again is quiet and changes nothing"
during=$(snapshot)
ok uplink add wire
ok uplink add wire mode native
ok uplink add wire mode auto
[ "$(snapshot)" = "$during" ] || die "something was changed"
refuse 1 "in native mode already; remove it first" uplink add wire mode generic

step "bad input"
refuse 1 "there is no netdev nope" uplink add nope
refuse 1 "at most 15 characters" uplink add a-name-of-16-chars
refuse 1 "not an Ethernet netdev" uplink add lo
refuse 2 "needs a netdev" uplink add
refuse 2 "mode 'fast' is not known" uplink add far mode fast
refuse 2 "'frob' is not known here" uplink add far frob
refuse 2 "there is no command 'uplink frob'" uplink frob
refuse 1 "far is not an uplink" uplink del far

step "del restores it"
ok uplink del wire
[ "$(snapshot)" = "$before" ] || { diff <(echo "$before") <(snapshot); die "not as before"; }
refuse 1 "wire is not an uplink" uplink del wire

step "settings that were off before stay off"
ethtool -K wire rxvlan off
ok uplink add wire
ok uplink del wire
[ "$(feature wire rx-vlan-offload)" = off ] || die "rxvlan was turned on"
ethtool -K wire rxvlan on

foreign_filter() { tc filter add dev wire ingress protocol ip pref 7 bpf direct-action object-file "$W/foreign.o" section tc; }
cat >"$W/foreign.c" <<'C'
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
SEC("tc") int foreign(struct __sk_buff *skb) { return TC_ACT_OK; }
char _license[] SEC("license") = "GPL";
C
clang -O2 -g -target bpf "-I/usr/include/$(gcc -print-multiarch)" -c "$W/foreign.c" -o "$W/foreign.o"

step "somebody else's clsact qdisc and filter stay"
tc qdisc add dev wire clsact
foreign_filter
ok uplink add wire
ok uplink del wire
has "$(tc qdisc show dev wire)" clsact
has "$(tc filter show dev wire ingress)" "pref 7"
has_not "$(tc filter show dev wire ingress)" vx_uplink
tc qdisc del dev wire clsact

step "a filter that came to rely on our clsact keeps it"
ok uplink add wire
foreign_filter
ok uplink del wire
has "$(tc filter show dev wire ingress)" "pref 7"
tc qdisc del dev wire clsact

step "a driver without native XDP"
ip link add br0 type bridge
ip link set br0 up
refuse 1 "generic mode works, slower: vhost-xdp uplink add br0 mode generic" uplink add br0
ok uplink add br0 mode generic
has "$(vx uplink list)" generic
ok uplink del br0
err=$(vx uplink add br0 mode auto 2>&1) || die "auto did not find the mode that works: $err"
has "$err" "generic mode, slower"
has "$(vx -j uplink list)" '"mode": "generic"'
ok uplink del br0
ip link del br0

step "another XDP program that is not under the dispatcher"
cat >"$W/pass.c" <<'C'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int pass(struct xdp_md *ctx) { return XDP_PASS; }
char _license[] SEC("license") = "GPL";
C
clang -O2 -g -target bpf "-I/usr/include/$(gcc -print-multiarch)" -c "$W/pass.c" -o "$W/pass.o"
bpftool prog load "$W/pass.o" /sys/fs/bpf/pass type xdp
bpftool net attach xdpdrv pinned /sys/fs/bpf/pass dev wire
refuse 1 "detach it first: ip link set dev wire xdp off" uplink add wire
bpftool net detach xdpdrv dev wire
rm /sys/fs/bpf/pass

step "a netdev that went away, and one that took its name"
ok uplink add wire
ip link del wire
has "$(vx uplink list)" gone
ip link add wire type veth peer name far
ip link set wire up
ip link set far up
refuse 1 "was made anew since it became an uplink" uplink add wire
ok uplink del wire force
[ ! -e /sys/fs/bpf/vhost-xdp ] || die "pins are left"

step "a steering program that somebody detached"
ethtool -K far gro on >/dev/null
ok uplink add wire
ip link set dev wire xdp off
has "$(vx uplink list)" detached
refuse 1 "its steering program was detached" uplink add wire
ok uplink del wire
