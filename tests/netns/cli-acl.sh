#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# acl and group: what operators write, what is refused, and what is in force afterwards.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
P=/sys/fs/bpf/vhost-xdp

ok uplink add wire
ok port add vm1 mac 52:54:00:00:00:01 uplink wire
ok port add vm2 mac 52:54:00:00:00:02 uplink wire

# rules TARGET: the rules alone, numbers and counters taken off.
rules() { vx acl list "$@" | sed -n 's/^ *[0-9]\+  \(.*[^ ]\) *  packets.*/\1/p'; }
# verdict TEXT WORDS...: what "acl test" says.
verdict() {
	local want=$1 out
	shift
	echo "\$ vhost-xdp acl test $*"
	out=$(vx acl test "$@")
	echo "$out"
	[[ $out == "$want"* ]] || die "not \"$want\""
}

step "rules are added, in their order, and printed as they can be written"
ok acl add vm1 to-guest allow tcp src 10.0.0.0/8 dport 22
ok acl add vm1 to-guest deny from 10.9.0.0/16 prio 100
ok acl add vm1 to allow udp dport 8000-8099,53,54 to 192.0.2.1
ok acl add vm1 to-guest allow icmp type echo-request code 0
ok acl add vm1 to-guest allow 47 fragment
[ "$(rules vm1 to-guest)" = "deny any src 10.9.0.0/16 prio 100
allow tcp src 10.0.0.0/8 dport 22
allow udp dst 192.0.2.1 dport 53-54,8000-8099
allow icmp type echo-request code 0
allow gre fragment" ] || die "listed: $(rules vm1 to-guest)"
has "$(vx -j acl list vm1 to-guest)" '"rule": "allow udp dst 192.0.2.1 dport 53-54,8000-8099"'
verdict "allow: rule 1 of vm1 to-guest" vm1 to-guest tcp src 10.1.1.1 dport 22
verdict "deny: rule 2 of vm1 to-guest" vm1 to-guest tcp src 10.9.1.1 dport 22
verdict "deny: default" vm1 to-guest tcp src 11.1.1.1 dport 22
verdict "allow: arp and nd" vm1 to-guest arp
verdict "allow: arp and nd" vm1 to-guest nd src fe80::1
verdict "allow: rule 5" vm1 to-guest gre fragment
verdict "deny: default" vm1 to-guest tcp fragment src 10.1.1.1
echo ok
