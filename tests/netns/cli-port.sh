#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# port add, show, list, del: the netdevs and their settings, the maps' view of it, and every refusal.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
M=52:54:00:00:00

step "before there is an uplink"
refuse 1 "wire is not an uplink yet; make it one: vhost-xdp uplink add wire" port add vm1 mac $M:01 uplink wire
refuse 1 "there is no netdev nope" port add vm1 mac $M:01 uplink nope
refuse 1 "there is no port vm1" port show vm1
refuse 1 "there is no port vm1" port del vm1
[ -z "$(vx port list)" ] || die "ports out of nothing"
[ "$(vx -j port list)" = "[]" ] || die "not an empty JSON list"

ok uplink add wire
base=$(snapshot)

step "a port with all that can be said of it"
ok port add vm1 mac $M:01 vlan 10 uplink wire queues 4 mtu 1400 host allow flood-pps 500 engine user to-guest allow from-guest antispoof,allow
show=$(vx port show vm1)
for word in "mac         $M:01" "vlan        10" "uplink      wire" "queues      4" "mtu         1400" "host        allow" \
	"flood-pps   500" "to-guest    allow" "from-guest  antispoof,allow" "state       no-backend" "id          1" \
	"start one: vhost-xdp serve vm1 socket PATH"; do
	has "$show" "$word"
done
json=$(vx -j port show vm1)
has "$json" '"vlan": 10'
has "$json" '"from-guest": "antispoof,allow"'

step "its netdevs keep quiet and hide nothing from XDP"
for dev in vm1 vm1-g; do
	link=$(ip -d link show $dev)
	has "$link" "prog/xdp"
	has "$link" "NOARP,UP"
	has "$link" "addrgenmode none"
	has "$link" "numrxqueues 4"
	has "$link" "numtxqueues 4"
	# Where the kernel carries frames in pieces the programs keep to the port's.
	[[ $link = *"mtu 65535"* ]] || has "$link" "mtu 1400"
	has_not "$link" MULTICAST
	has_not "$link" "prog/xdp generic"
	[ -z "$(ip -6 addr show dev $dev)" ] || die "$dev has an IPv6 address"
	[ "$(cat /proc/sys/net/ipv6/conf/$dev/disable_ipv6)" = 1 ] || die "$dev speaks IPv6"
	for f in tx-vlan-offload tx-vlan-stag-hw-insert tx-checksum-ip-generic tcp-segmentation-offload generic-segmentation-offload; do
		[ "$(feature $dev $f)" = off ] || die "$f of $dev is on"
	done
	has "$(tc filter show dev $dev ingress)" vx_host_end
done
pinned ports/vm1/link_host || die "no XDP link of the host end"
pinned ports/vm1/link_guest || die "no XDP link of the guest end"
pinned ports/vm1/engine || die "no engine page"
has "$(bridge fdb show dev wire)" "$M:01 self permanent"

step "the same again is quiet; another is refused, with what differs"
during=$(snapshot)
ok port add vm1 mac $M:01 vlan 10 uplink wire queues 4 mtu 1400 host allow flood-pps 500
ok port add vm1 mac $M:01 vlan 10 uplink wire queues 4 mtu 1400 host allow flood-pps 500 to-guest allow
[ "$(snapshot)" = "$during" ] || die "something was changed"
again() { refuse 1 "exists already with another '$1'" port add vm1 uplink wire "${@:2}"; }
again mac mac $M:02 vlan 10 queues 4 mtu 1400 host allow flood-pps 500
again vlan mac $M:01 queues 4 mtu 1400 host allow flood-pps 500
again queues mac $M:01 vlan 10 mtu 1400 host allow flood-pps 500
again mtu mac $M:01 vlan 10 queues 4 host allow flood-pps 500
again host mac $M:01 vlan 10 queues 4 mtu 1400 flood-pps 500
again flood-pps mac $M:01 vlan 10 queues 4 mtu 1400 host allow
again to-guest mac $M:01 vlan 10 queues 4 mtu 1400 host allow flood-pps 500 to-guest antispoof

step "bad input"
bad() { refuse "$1" "$2" port add "${@:3}"; }
bad 2 "needs a name"
bad 2 "needs the guest's MAC" vm2 uplink wire
bad 2 "needs an uplink" vm2 mac $M:02
bad 1 "port name abcdefghijklmn is too long; at most 13" abcdefghijklmn mac $M:02 uplink wire
bad 1 "not valid; use letters" ../x mac $M:02 uplink wire
bad 1 "not valid; use letters" vm.2 mac $M:02 uplink wire
bad 1 "a netdev far exists already" far mac $M:02 uplink wire
bad 1 "is port vm1 already; give this guest another MAC or VLAN" vm2 mac $M:01 vlan 10 uplink wire
bad 1 "zero or a group address" vm2 mac 00:00:00:00:00:00 uplink wire
bad 1 "zero or a group address" vm2 mac ff:ff:ff:ff:ff:ff uplink wire
bad 1 "zero or a group address" vm2 mac 01:00:5e:00:00:01 uplink wire
bad 1 "is not a MAC address" vm2 mac 52:54:00 uplink wire
bad 1 "the host's own, on wire" vm2 mac "$(cat /sys/class/net/wire/address)" uplink wire
bad 1 "use 'mtu 3502' or less" vm2 mac $M:02 uplink wire mtu 3503
bad 1 "more than that of uplink wire, 1500" vm2 mac $M:02 uplink wire mtu 1501
bad 2 "mtu 67 is out of range" vm2 mac $M:02 uplink wire mtu 67
bad 2 "vlan 4095 is out of range" vm2 mac $M:02 uplink wire vlan 4095
bad 2 "vlan 'ten' is not a number" vm2 mac $M:02 uplink wire vlan ten
bad 2 "queues 17 is out of range" vm2 mac $M:02 uplink wire queues 17
bad 2 "queues 0 is out of range" vm2 mac $M:02 uplink wire queues 0
bad 2 "'mac' is given twice" vm2 mac $M:02 mac $M:03 uplink wire
bad 2 "'mtu' needs a value" vm2 mac $M:02 uplink wire mtu
bad 2 "'frob' is not known here" vm2 mac $M:02 uplink wire frob
bad 2 "'m' is ambiguous" vm2 m $M:02 uplink wire
bad 2 "host 'maybe' is not known" vm2 mac $M:02 uplink wire host maybe
bad 2 "engine 'fast' is not known; use kernel or user" vm2 mac $M:02 uplink wire engine fast
bad 1 "direct ports are not in this version" vm2 mac $M:02 uplink wire direct
bad 1 "there is no policy nope, loaded or shipped" vm2 mac $M:02 uplink wire policy nope
bad 1 "too long; at most 8 policies" vm2 mac $M:02 uplink wire policy allow,allow,allow,allow,allow,allow,allow,allow,allow
bad 1 "is not valid; write NAME" vm2 mac $M:02 uplink wire policy allow,
refuse 1 "vm1-g is an end of a port" uplink add vm1-g
refuse 1 "1 port uses wire; remove it first" uplink del wire

step "what is for the kernel engine alone"
refuse 1 "port vm1 has the user engine: vhost-xdp serve vm1 socket PATH" port run vm1 -- qemu-system-x86_64 -j -v --help
refuse 1 "there is no port vm9" port run vm9 user nobody group nogroup -- qemu-system-x86_64
refuse 1 "there is no user nobody-here" port run vm1 user nobody-here -- qemu-system-x86_64
refuse 1 "there is no group nogroup-here" port run vm1 group nogroup-here -- qemu-system-x86_64
refuse 2 "needs a command behind '--'" port run vm1 qemu-system-x86_64
refuse 2 "'port run' needs a name" port run -- qemu-system-x86_64
refuse 1 "port vm1 has the user engine, which attaches by itself" port attach vm1
refuse 1 "there is no port vm9" port attach vm9
refuse 2 "'port attach' needs one name" port attach
refuse 2 "'port del' needs one name" port del vm1 now
refuse 1 "there is no port vm9" port del vm9 force
has "$(vx port list)" " user "
has "$(vx -j port show vm1)" '"kind": "user"'
if [ ! -e /dev/vhost-xdp-control ]; then
	bad 1 "the kernel engine needs the module vhost_xdp, which " vm2 mac $M:02 uplink wire engine kernel
	bad 1 "with another 'engine'" vm1 mac $M:01 vlan 10 uplink wire queues 4 mtu 1400 host allow flood-pps 500 engine kernel
fi

step "an MTU of the uplink that AF_XDP cannot carry"
ip link set dev far mtu 9000
ip link set dev wire mtu 3600
bad 1 "MTU 3600 of wire is more than AF_XDP carries" vm2 mac $M:02 uplink wire
ok port add vm2 mac $M:02 uplink wire mtu 3502
ok port del vm2
ip link set dev wire mtu 1500
ip link set dev far mtu 1500

step "the same MAC on another VLAN; ids are the lowest free"
ok port add vm2 mac $M:01 vlan 20 uplink wire
ok port add vm3 mac $M:03 uplink wire
ok port del vm2
has "$(bridge fdb show dev wire)" "$M:01 self permanent"
ok port add vm4 mac $M:04 uplink wire
has "$(vx port show vm4)" "id          2"
has "$(vx port show vm4)" "to-guest    none"

step "abbreviations"
refuse 2 "'p' is ambiguous" p sh vm4
ok por s vm4
ok port l

step "all of it goes away again"
ok port del vm1
ok port del vm3
ok port del vm4
vx policy del allow
vx policy del antispoof
[ "$(snapshot)" = "$base" ] || { diff <(echo "$base") <(snapshot); die "not as before"; }
ok uplink del wire
[ ! -e /sys/fs/bpf/vhost-xdp ] || die "pins are left"
