#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ratelimit and stateful: what is set is shown, in words that can be set again; what is wrong is refused in one line; all goes with its port.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
P=/sys/fs/bpf/vhost-xdp

step "nothing is set up"
[ -z "$(vx ratelimit show)" ] || die "limits out of nothing"
[ "$(vx -j ratelimit)" = "[]" ] || die "JSON limits out of nothing"
refuse 1 "there is no port vm1" ratelimit show vm1
refuse 1 "there is no port vm1" ratelimit set vm1 to-guest pps 1
[ ! -e $P ] || die "pins are left"

ok uplink add wire
ok port add vm1 mac 52:54:00:00:00:01 uplink wire
ok port add vm2 mac 52:54:00:00:00:02 uplink wire

step "ratelimit: set and show"
# limit WORDS SHOWN...
limit() {
	ok ratelimit set vm1 to-guest $1
	[ "$(vx ratelimit show vm1)" = "vm1 to-guest $2" ] || die "shown: $(vx ratelimit show vm1)"
	# What is shown can be set, and is shown again.
	ok ratelimit set vm1 to-guest $2
	[ "$(vx ratelimit show vm1)" = "vm1 to-guest $2" ] || die "shown again: $(vx ratelimit show vm1)"
}
limit "pps 10k" "pps 10k burst 20ms"
limit "bps 1g" "bps 1gbit burst 20ms"
limit "pps 10k bps 1g burst 20ms" "pps 10k bps 1gbit burst 20ms"
limit "pps 1 bps 8" "pps 1 bps 8bit burst 20ms"
limit "bps 1" "bps 8bit burst 20ms"
limit "bps 1.5mbit burst 1s" "bps 1500kbit burst 1s"
limit "bps 1mbps" "bps 8mbit burst 20ms"
limit "bps 1mibit" "bps 1048576bit burst 20ms"
limit "bps 400g burst 1ms" "bps 400gbit burst 1ms"
limit "pps 137g" "pps 137g burst 20ms"
limit "bps 100m burst 64kb" "bps 100mbit burst 64kb"
limit "pps 7 burst-packets 3" "pps 7 burst-packets 3"
limit "pps 100 bps 1m burst 9kb burst-packets 3" "pps 100 bps 1mbit burst 9kb burst-packets 3"
limit "pps 1000 bps 100m burst 5ms" "pps 1k bps 100mbit burst 5ms"
ok ratelimit set vm1 from-guest pps 5
[ "$(vx ratelimit show | wc -l)" -eq 2 ] || die "not both directions"
has "$(vx -j ratelimit show vm1)" '"bps": 100000000'
has "$(vx -j ratelimit show vm1)" '"burst_bytes": 62500'
[ -z "$(vx ratelimit show vm2)" ] || die "another port's limit"

step "bpftool reads and edits it"
has "$(bpftool map dump pinned $P/policies/ratelimit/ratelimit_ports)" '"pps": 1000'
bpftool map update pinned $P/policies/ratelimit/ratelimit_ports key 2 0 0 0 1 0 0 0 \
	value 100 0 0 0 0 0 0 0  0 0 0 0 0 0 0 0  2 0 0 0 0 0 0 0  0 8 0 0 0 0 0 0
has "$(vx ratelimit show vm2)" "vm2 from-guest pps 100 burst 20ms"

step "ratelimit: what is wrong is refused"
refuse 2 "needs a port, a direction and a rate" ratelimit set vm1 to-guest
refuse 2 "direction 'ingress' is not known" ratelimit set vm1 ingress pps 1
refuse 2 "a limit needs 'pps COUNT', 'bps RATE', or both" ratelimit set vm1 to-guest burst 1ms
refuse 2 "pps 'fast' is not a rate" ratelimit set vm1 to-guest pps fast
refuse 2 "pps '-1' is not a rate" ratelimit set vm1 to-guest pps -1
refuse 2 "pps '1e3' is not a rate" ratelimit set vm1 to-guest pps 1e3
refuse 2 "bps '0x10' is not a rate" ratelimit set vm1 to-guest bps 0x10
refuse 2 "bps 0 is out of range" ratelimit set vm1 to-guest bps 0
refuse 2 "bps 9999999999999999999999t is out of range" ratelimit set vm1 to-guest bps 9999999999999999999999t
refuse 2 "burst '5x' is neither a time nor a size" ratelimit set vm1 to-guest pps 1 burst 5x
refuse 2 "burst 0ms is out of range" ratelimit set vm1 to-guest pps 1 burst 0ms
refuse 2 "'burst' needs a value" ratelimit set vm1 to-guest pps 1 burst
refuse 2 "'pps' is given twice" ratelimit set vm1 to-guest pps 1 pps 2
refuse 2 "'color' is not known here" ratelimit set vm1 to-guest color 1
refuse 1 "there is no port nope" ratelimit set nope to-guest pps 1
refuse 1 "vm2 has no such limit" ratelimit del vm2 to-guest

step "ratelimit: del, and port del"
ok ratelimit del vm1 from-guest
[ "$(vx ratelimit show vm1 | wc -l)" -eq 1 ] || die "not the one direction"
ok ratelimit del vm1
[ -z "$(vx ratelimit show vm1)" ] || die "not deleted"
ok ratelimit set vm1 to-guest pps 5
ok policy antispoof vm1 add 10.0.0.1
ok port del vm1
[ "$(bpftool -j map dump pinned $P/policies/ratelimit/ratelimit_ports | grep -o '"formatted"' | wc -l)" -eq 1 ] || die "the port's limits are left"
[ "$(bpftool -j map dump pinned $P/policies/antispoof/antispoof_ports)" = "[]" ] || die "the port's addresses are left"

step "stateful: set and show"
ok port add vm1 mac 52:54:00:00:00:01 uplink wire
[ -z "$(vx stateful show)" ] || die "rules out of nothing"
[ "$(vx stateful show vm1)" = "vm1 mode guest" ] || die "not the defaults"
# stateful WORDS LINES...: what is set is shown, line for line, can be set again and is shown again
stateful() {
	local shown
	# shellcheck disable=SC2086 # words
	ok stateful set vm1 $1
	shown=$(vx stateful show vm1 | sed 's/^vm1 //')
	[ "$shown" = "$(printf '%s\n' "${@:2}")" ] || die "shown: $shown"
	# shellcheck disable=SC2046,SC2086
	ok stateful set vm1 $(echo $shown)
	[ "$(vx stateful show vm1 | sed 's/^vm1 //')" = "$shown" ] || die "shown again: $(vx stateful show vm1)"
}
stateful "open tcp dport 22,80" "mode guest" "open tcp dport 22,80"
stateful "open udp dport 53 open tcp dport 8080 open tcp dport 8000-8079,443 mode both" "mode both" "open tcp dport 443,8000-8080" "open udp dport 53"
stateful "mode none limit 500 open icmp open tcp" "mode none" "limit 500" "open icmp" "open tcp"
stateful "timeout udp 1m tcp 12h tcp-syn 500ms open 47" "mode guest" "timeout tcp-syn 500ms tcp 12h udp 1m" "open gre"
stateful "mode track" "mode track"
has "$(vx -j stateful show vm1)" '"mode": "track"'
has "$(vx -j stateful show vm1)" '"tcp": 7440.0'
[ "$(vx stateful show)" = "vm1 mode track" ] || die "not in the list of all"
has "$(bpftool map dump pinned $P/policies/stateful/stateful_ports)" '"mode": 3'

step "stateful: what is wrong is refused"
refuse 2 "needs a port and what to set" stateful set vm1
refuse 2 "mode 'open' is not known" stateful set vm1 mode open
refuse 2 "limit '5' is not a number of flows from 6 to 1000000" stateful set vm1 limit 5
refuse 2 "timeout 'never' is not known" stateful set vm1 timeout never
refuse 2 "timeout udp 'never' is not a time" stateful set vm1 timeout udp never
refuse 2 "timeout udp 0 is out of range" stateful set vm1 timeout udp 0
refuse 2 "timeout udp needs a time" stateful set vm1 timeout udp
refuse 2 "protocol 'ftp' is not known" stateful set vm1 open ftp
refuse 2 "protocol icmp has no ports" stateful set vm1 open icmp dport 8
refuse 2 "dport '22,' is not a list" stateful set vm1 open tcp dport 22,
refuse 2 "dport '65536' is not a list of ports" stateful set vm1 open tcp dport 65536
refuse 2 "dport '9-8' is not a list of ports" stateful set vm1 open tcp dport 9-8
refuse 2 "32 port ranges open already" stateful set vm1 open tcp dport "$(seq -s, 1 2 63)" open udp
refuse 2 "'color' is not known here" stateful set vm1 color red
refuse 1 "there is no port nope" stateful set nope mode both
for i in 1 2; do ok port add "big$i" mac "52:54:00:00:01:0$i" uplink wire; done
ok stateful set big1 limit 1000000
ok stateful set vm1 limit 1000000
refuse 1 "and 3000 for each that may still be added, would be 6060000 flows, and 5237760 fit" stateful set vm2 limit 1000000
ok stateful set big1 limit 6
ok port del big1
ok port del big2

step "stateful: another limit keeps what was opened under the last one"
ok stateful set vm1 limit 700 open tcp dport 22
limits() { bpftool -j map lookup pinned $P/policies/stateful/stateful_ports key 1 0 0 0 | grep -o '"limit[_a-z]*":[0-9]*' | sort -u | tr '\n' ' '; }
has "$(limits)" '"limit":700 "limit_before":1000000'
ok stateful set vm1 limit 700
has "$(limits)" '"limit":700 "limit_before":1000000'
ok stateful del vm1
has "$(limits)" '"limit":0 "limit_before":700'
ok stateful flush vm1
[ "$(bpftool -j map dump pinned $P/policies/stateful/stateful_ports)" = "[]" ] || die "the limit before is kept for no flow"
[ -z "$(vx stateful show)" ] || die "shown although it is the default"

step "stateful: flows"
[ -z "$(vx stateful flows)" ] || die "flows out of nothing"
has "$(vx -j stateful flows vm1)" '"flows": []'
ok policy set vm1 to-guest stateful
ok policy set vm1 from-guest stateful
# A DNS question of the guest, from 10.0.0.1 port 4660 to 192.0.2.53 port 53, on the trial port as vm1 would send it.
frame() {
	printf '\x52\x54\x00\x00\x00\x09\x52\x54\x00\x00\x00\x01\x08\x00'
	printf '\x45\x00\x00\x24\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x00\x00\x01\xc0\x00\x02\x35'
	printf '\x12\x34\x00\x35\x00\x10\x00\x00QUESTION'
}
frame >"$W/frame"
lo=$(cat /sys/class/net/lo/ifindex)
bpftool map update pinned $P/v1/vx_ifs key "$lo" 0 0 0 value 1 0 0 0 1 0 0 0
bpftool prog run pinned $P/progs/vx_port data_in "$W/frame" repeat 1 >/dev/null
bpftool map delete pinned $P/v1/vx_ifs key "$lo" 0 0 0
flows=$(vx stateful flows vm1)
has "$flows" "vm1 udp 10.0.0.1:4660 to 192.0.2.53:53 new expires "
has "$flows" "to-guest 0 from-guest 1"
has "$(vx -j stateful flows)" '"guest": "10.0.0.1:4660"'
[ -z "$(vx stateful flows vm2)" ] || die "another port's flow"
refuse 2 "count 0 is out of range" stateful flows count 0
ok stateful flush vm1
[ -z "$(vx stateful flows)" ] || die "flushed, but there"

step "stateful: port del"
ok stateful set vm1 mode none
ok port del vm1
[ "$(bpftool -j map dump pinned $P/policies/stateful/stateful_ports)" = "[]" ] || die "the port's rules are left"
[ "$(bpftool -j map dump pinned $P/policies/stateful/stateful_flows)" = "[]" ] || die "the port's flows are left"

step "gone"
ok port del vm2
ok uplink del wire
