#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# acl and group: what operators write, what is refused, and what is in force afterwards.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
P=/sys/fs/bpf/vhost-xdp

step "nothing is made in order to say that there is nothing, or that it cannot be"
[ -z "$(vx acl list)$(vx group list)" ] || die "something is listed"
[ "$(vx -j acl list)$(vx -j group list)" = "[][]" ] || die "something is listed"
refuse 1 "there are no rules yet" acl list set web
refuse 1 "there are no rules yet" acl rollback set web
refuse 1 "there is no group web" group show web
refuse 1 "there is no port vm1" acl add vm1 to-guest allow tcp
refuse 2 "'tpc' is not known in a rule" acl add set web allow tpc
refuse 1 "there is no group web" group del web
refuse 1 "there is no port vm1" group add web port vm1

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
step "what contradicts, is there already, or makes no sense"
refuse 1 "rule 1 says that already: allow tcp src 10.0.0.0/8 dport 22" acl add vm1 to-guest allow tcp from 10.0.0.0/8 dport 22 prio 5
refuse 1 "this contradicts rule 1, allow tcp src 10.0.0.0/8 dport 22: delete that one first" acl add vm1 to-guest deny tcp src 10.0.0.0/8 dport 22
refuse 2 "'10.0.0.1/8' has bits set behind its prefix; write 10.0.0.0/8" acl add vm1 to-guest allow src 10.0.0.1/8
refuse 2 "a rule begins with allow or deny" acl add vm1 to-guest tcp
refuse 2 "it is not said whose rules" acl add vm1
refuse 2 "direction 'ingress' is not known" acl add vm1 ingress allow tcp
refuse 1 "there is no port nope" acl add nope to-guest allow tcp
refuse 1 "there is no group nope; make it first" acl add vm1 to-guest allow src group nope
refuse 1 "vm1 to-guest has no rule 77" acl del vm1 to-guest 77
refuse 1 "vm1 to-guest has no such rule" acl del vm1 to-guest allow tcp dport 23
refuse 2 "needs the number of a rule" acl del vm1 to-guest
refuse 1 "has no rules from before that could come back" acl rollback vm1 from-guest
refuse 1 "there is no set nope" acl list set nope
refuse 2 "the set name 'a/b' is not valid" acl add set a/b allow tcp
refuse 2 "there is no command 'acl fly'" acl fly
[ "$(rules vm1 to-guest | wc -l)" = 5 ] || die "rules changed"

step "del, by number and in words; rollback is one command, both ways"
ok acl del vm1 to-guest 3
ok acl del vm1 to-guest allow 47 fragment
[ "$(rules vm1 to-guest | wc -l)" = 3 ] || die "not deleted"
ok acl rollback vm1 to-guest
[ "$(rules vm1 to-guest | wc -l)" = 4 ] || die "not rolled back"
ok acl rollback vm1 to-guest
[ "$(rules vm1 to-guest | wc -l)" = 3 ] || die "not rolled forward"

step "a whole set from text, all or nothing"
cat >"$W/rules" <<'R'
# what vm1 may be asked
default allow
deny tcp dport 25 prio 2000
allow tcp src 10.0.0.0/8 dport 22    # counted before, too
deny tcp src 10.0.0.0/8
R
ok acl load vm1 to-guest "$W/rules"
[ "$(rules vm1 to-guest)" = "allow tcp src 10.0.0.0/8 dport 22
deny tcp src 10.0.0.0/8
deny tcp dport 25 prio 2000" ] || die "loaded: $(rules vm1 to-guest)"
verdict "allow: default" vm1 to-guest udp dport 25
verdict "deny: rule 3" vm1 to-guest tcp dport 25
bad() {
	local text=$1
	printf '%b' "$2" >"$W/bad"
	refuse 1 "$text" acl load vm1 to-guest "$W/bad"
	[ "$(rules vm1 to-guest | wc -l)" = 3 ] || die "rules changed"
}
bad "bad:2: 'dprot' is not known in a rule" 'allow tcp\ndeny tcp dprot 5\n'
bad "bad:3: this contradicts line 1" 'allow tcp dport 5\nallow udp\ndeny tcp dport 5 prio 3\n'
bad "bad:2: this says the same as line 1" 'allow tcp dport 5\nallow tcp dport 5-5\n'
bad "bad:1: write default allow or default deny" 'default\n'
bad "bad:2: the default is given twice" 'default allow\ndefault deny\n'
bad "bad:1: this is no text" 'allow tcp\0\n'
bad "there is no group nope" 'deny from group nope\n'
refuse 1 "cannot read $W/nope" acl load vm1 to-guest "$W/nope"
awk 'BEGIN { for (i = 0; i < 16385; i++) printf "deny tcp src 10.%d.%d.0/24 dport %d\n", i / 256, i % 256, i }' >"$W/many"
refuse 1 "many:16385: a set has at most 16384 rules" acl load vm1 to-guest "$W/many"
head -n 16384 "$W/many" >"$W/most"
ok acl load vm1 from-guest "$W/most"
verdict "deny: rule 16384 of vm1 from-guest" vm1 from-guest tcp src 10.63.255.7 dport 16383
refuse 1 "a set has at most 16384 rules" acl add vm1 from-guest deny gre
ok acl forget vm1 from-guest
ok acl default vm1 to-guest deny
verdict "deny: default" vm1 to-guest udp dport 25
ok acl flush vm1 to-guest
has "$(vx acl list vm1 to-guest)" "default deny"
[ -z "$(rules vm1 to-guest)" ] || die "not flushed"
vx acl rollback vm1 to-guest
ok acl load vm1 to-guest - <"$W/rules"

step "what bpftool sees"
has "$(bpftool -j map dump pinned $P/policies/acl/acl_rules)" '"dport":[{"first":22,"last":22}'
has "$(bpftool map dump pinned $P/policies/acl/acl_sets | tr -d '\n ')" '"rules":3'

step "frames: dropped by the rule, counted at the rule"
ok policy set vm1 to-guest acl
id=$(vx policy list | awk '$2 == "acl" { print $1 }')
bpftool map update pinned $P/v1/vx_chain_v1 key 0 0 0 0 0 0 0 0 value "$id" 0 0 0 0 0 0 0
bpftool map update pinned $P/policies/acl/acl_use key 0 0 0 0 value 3 0 0 0
# To port 25, from 10.0.0.7.
printf '\x52\x54\0\0\0\x01\x02\0\0\0\0\x77\x08\0\x45\0\0\x28\0\0\0\0\x40\x06\0\0\x0a\0\0\x07\x0a\0\0\x01\0\x01\0\x19\0\0\0\0\0\0\0\0\x50\x02\0\0\0\0\0\0' >"$W/frame"
bpftool prog run pinned $P/progs/vx_port data_in "$W/frame" repeat 5 | grep 'Return value: 1' || die "it passed"
has "$(vx acl list vm1 to-guest | grep '^ *2 ')" "packets 5 bytes 270"
has "$(bpftool -j map dump pinned $P/v1/vx_drops)" "\"rule\":$((id + 2 * 256))"
has "$(vx stats)" "policy/denied policy acl rule 2: deny tcp src 10.0.0.0/8"
prometheus=$(vx stats --prometheus)
for sample in 'rule="vm1 to-guest 1"} 0' 'rule="vm1 to-guest 2"} 5' 'rule="vm1 to-guest default"} 0' 'rule="vm1 to-guest unnamed"} 0'; do
	has "$prometheus" "vhost_xdp_policy_rule_packets_total{policy=\"acl\",$sample"
done
bpftool map update pinned $P/policies/acl/acl_use key 0 0 0 0 value 0 0 0 0
echo 'deny tcp src 10.0.0.0/8' | vx acl load vm1 to-guest -
has "$(vx acl list vm1 to-guest | grep '^ *1 ')" "packets 5 bytes 270"

step "sets that ports share"
ok acl add set web allow tcp dport 80
ok acl use vm1 to-guest set web
ok acl use vm2 to-guest set web
verdict "allow: rule 1 of set web" vm2 to-guest tcp dport 80
has "$(vx acl list vm2 to-guest)" "vm2 to-guest uses set web"
ok acl add set web allow tcp dport 443
verdict "allow: rule 2 of set web" vm1 to-guest tcp dport 443
refuse 1 "vm1 to-guest uses the rules of set web; change those: vhost-xdp acl add set web" acl add vm1 to-guest allow tcp dport 1
refuse 1 "vm1 to-guest uses set web; let it use another one first" acl forget set web
refuse 1 "vm2 to-guest has no rules of its own" acl use vm2 to-guest own
ok acl use vm1 to-guest own
verdict "deny: rule 1 of vm1 to-guest" vm1 to-guest tcp src 10.0.0.1
ok acl use vm2 to-guest default
has "$(vx acl list vm2 to-guest)" "vm2 to-guest uses set default  no rules: everything is denied"
ok acl forget set web
refuse 1 "there is no set web" acl use vm2 to-guest set web
ok acl add set default allow udp
verdict "allow: rule 1 of set default" vm2 to-guest udp
verdict "allow: rule 1 of set default" vm1 from-guest udp
ok acl forget set default

step "groups"
refuse 1 "the addresses of port vm2 are not known, so no group can have them; say them first: vhost-xdp policy antispoof vm2 add ADDRESS" \
	group add web prefix 10.0.1.0/24 port vm2
refuse 1 "there is no port vm9" group add web port vm9
refuse 2 "'10.0.1.1/24' has bits set behind its prefix" group add web prefix 10.0.1.1/24
refuse 2 "a group needs a name and members" group add web
refuse 2 "'ports' is not known in a group" group add web ports vm1
ok policy antispoof vm2 add 10.7.0.2
ok group add web prefix 10.0.1.0/24 port vm2 prefix 2001:db8:1::/64
[ "$(vx group list)" = "web prefix 10.0.1.0/24 prefix 2001:db8:1::/64 port vm2" ] || die "listed: $(vx group list)"
has "$(vx -j group show web)" '"2001:db8:1::/64"'
refuse 1 "there is no group nope" group show nope
ok acl load vm1 to-guest - <<<'allow tcp from group web dport 80'
verdict "allow: rule 1" vm1 to-guest tcp src 10.0.1.200 dport 80
verdict "allow: rule 1" vm1 to-guest tcp src 10.7.0.2 dport 80
verdict "allow: rule 1" vm1 to-guest tcp src 2001:db8:1::5 dport 80
verdict "deny: default" vm1 to-guest tcp src 10.0.2.1 dport 80
ok group add web prefix 10.0.2.0/24
verdict "allow: rule 1" vm1 to-guest tcp src 10.0.2.1 dport 80
ok policy antispoof vm2 add 10.7.0.3
verdict "allow: rule 1" vm1 to-guest tcp src 10.7.0.3 dport 80
ok policy antispoof vm2 del 10.7.0.2
verdict "deny: default" vm1 to-guest tcp src 10.7.0.2 dport 80
ok group del web prefix 10.0.1.0/24
verdict "deny: default" vm1 to-guest tcp src 10.0.1.200 dport 80
refuse 1 "group web does not have all of these" group del web prefix 10.0.1.0/24
refuse 1 "rules of vm1 to-guest name group web; delete those first" group del web
out=$(vx policy antispoof vm2 clear 2>&1)
has "$out" "the addresses of port vm2 are not known any more: group web goes on without it"
verdict "deny: default" vm1 to-guest tcp src 10.7.0.3 dport 80
ok policy antispoof vm2 add 10.7.0.4
verdict "allow: rule 1" vm1 to-guest tcp src 10.7.0.4 dport 80
ok group set web prefix 10.0.9.0/24
verdict "deny: default" vm1 to-guest tcp src 10.0.2.1 dport 80
verdict "allow: rule 1" vm1 to-guest tcp src 10.0.9.1 dport 80
ok group add web port vm2

step "a port that goes takes its rules along, and leaves groups"
ok acl add vm2 from-guest allow tcp
ok port del vm2
[ "$(vx group list)" = "web prefix 10.0.9.0/24" ] || die "still in the group"
verdict "deny: default" vm1 to-guest tcp src 10.7.0.4 dport 80
ok port add vm2 mac 52:54:00:00:00:02 uplink wire
has "$(vx acl list vm2 from-guest)" "no rules: everything is denied"
ok acl flush vm1 to-guest
ok group del web
[ -z "$(vx group list)" ] || die "the group is still there"
refuse 1 "has no rules from before that could come back" acl rollback vm1 to-guest
ok policy antispoof vm2 add 10.7.0.5
ok group add web prefix 10.0.9.0/24 port vm2

step "... and those of the version before, which may come back"
ok acl add vm2 from-guest allow tcp
ok acl add vm1 from-guest allow tcp from group web
ok policy load "$VX_O/bpf/policy_acl.bpf.o" fresh
[ -z "$(vx acl list)" ] || die "fresh maps hold $(vx acl list)"
ok port del vm2
ok policy rollback acl
[ "$(vx group list)" = "web prefix 10.0.9.0/24" ] || die "still in the group: $(vx group list)"
ok port add vm2 mac 52:54:00:00:00:02 uplink wire
has "$(vx acl list vm2 from-guest)" "no rules: everything is denied"
verdict "allow: rule 1" vm1 from-guest tcp src 10.0.9.1
ok acl forget vm1 from-guest
ok group del web

step "nothing is left"
ok port del vm1
ok port del vm2
[ -z "$(vx acl list)" ] || die "rules are left: $(vx acl list)"
bpftool map delete pinned $P/v1/vx_chain_v1 key 0 0 0 0 0 0 0 0
ok policy del acl
ok policy del antispoof
ok uplink del wire
[ ! -e $P ] || die "pins are left"
