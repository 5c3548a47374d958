#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# capture: at each point exactly the frames that passed there, in a file that tcpdump reads, with directions and verdicts; filters, limits,
# and nothing left on behind one that was killed. Of a port on a VLAN, the tag is on the uplink only.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/seen.sh"

seen_ports vlan 10
for port in vm1 vm2; do
	engine_up $port
	engine_told $port
done

# capture NAME WORDS...: in the background, into $W/NAME.pcapng
capture() {
	local name=$1
	shift
	spawn "$name" vhost-xdp capture vm1 -w "$W/$name.pcapng" "$@"
	wait_until 5 "capture" grep -q capturing "$W/$name.log"
}
# Frames of a file as tcpdump dumps them, without times: one line each, sorted.
frames() { tcpdump -ttnxxr "$@" 2>/dev/null | awk '/^[0-9]/ { if (f) print f; f = ""; next } { $1 = ""; f = f $0 } END { if (f) print f }' | tr -d ' ' | sort; }
count() { tcpdump -nr "$@" 2>/dev/null | wc -l; }
spoofed() { timeout 20 vufront "$W/vm1.sock" mac 52:54:00:00:00:99 dst $WIRE_MAC ip $IP peer $WIRE_IP send "$1" time 10 flow 1 >/dev/null || true; }

step "words that are wrong"
for words in "" "nope -w x" "vm1 point nowhere" "vm1 snaplen 0" "vm1 -w $W/none/x" "vm1 udp and and" "vm1 -w"; do
	# shellcheck disable=SC2086 # words are meant
	vhost-xdp capture $words >"$W/out" 2>&1 && die "\"$words\" was taken"
	[ "$(wc -l <"$W/out")" -eq 1 ] || { cat "$W/out"; die "more than one line"; }
	cat "$W/out"
done
[ "$(watched)" -eq 0 ] || die "a refused one left something on"
seq 100 >"$W/old"
for i in 1 2 3 4; do spawn full$i vhost-xdp drops; done
for i in 1 2 3 4; do wait_until 5 "drops" grep -q watching "$W/full$i.log"; done
vhost-xdp capture vm1 -w "$W/old" && die "a fifth watcher was taken"
seq 100 | cmp - "$W/old" || die "a refused one emptied the file"
for i in 1 2 3 4; do stop full$i; done

step "every point, both ways, beside a capture of the wire's own"
for point in uplink before after ring; do
	capture $point point $point udp
done
spawn tcpdump nsenter --net=/run/netns/wire -- tcpdump -U -i w0 -w "$W/wire.pcap" udp
wait_until 5 "tcpdump" grep -q listening "$W/tcpdump.log"
both_ways 50 vm1 $MAC $IP
spoofed 5
sleep 1
stop tcpdump
for point in uplink before after ring; do
	stop $point
done
frames "$W/wire.pcap" >"$W/wire"
[ "$(wc -l <"$W/wire")" -eq 100 ] || die "the wire has $(wc -l <"$W/wire") frames"
for point in before after ring; do
	frames "$W/$point.pcapng" ether host $MAC >"$W/$point"
	cmp "$W/wire" "$W/$point" || die "$point: not the frames of the wire"
	[ "$(count "$W/$point.pcapng" ether src 52:54:00:00:00:99)" -eq 5 ] || die "$point: not five spoofed ones"
done
frames "$W/uplink.pcapng" | cmp - "$W/wire" || die "uplink: not the frames of the wire"

step "a port on a VLAN"
spawn vlan vhost-xdp capture vm2 -w "$W/vlan.pcapng" udp dst port 7001
wait_until 5 "capture" grep -q capturing "$W/vlan.log"
timeout 20 vufront "$W/vm2.sock" mac 52:54:00:00:00:02 dst $WIRE_MAC ip $IP peer $WIRE_IP send 10 time 10 flow 1 >/dev/null
sleep 0.5
stop vlan
[ "$(count "$W/vlan.pcapng")" -eq 30 ] || die "not ten at each of three points"
frames "$W/vlan.pcapng" vlan 10 and udp >"$W/tagged"
[ "$(wc -l <"$W/tagged")" -eq 10 ] || die "not ten with the tag"
# its tag taken off: four bytes, behind the addresses
{ sed 's/^\(.\{24\}\)8100000a/\1/' "$W/tagged"; sed 's/^\(.\{24\}\)8100000a/\1/' "$W/tagged"; } | sort >"$W/untagged"
frames "$W/vlan.pcapng" not vlan | cmp - "$W/untagged" || die "more than the tag makes the difference"

step "what became of them"
comments() { grep -aoE "$2" "$W/$1.pcapng" | wc -l; }
[ "$(comments after 'drop policy/spoof_mac, policy antispoof')" -eq 5 ] || die "not five verdicts"
[ "$(comments after 'pass')" -eq 100 ] || die "not 100 that passed"
[ "$(comments before 'pass|drop')" -eq 0 ] || die "a verdict before there was one"
[ "$(comments ring 'delivered')" -eq 50 ] || die "not 50 delivered"
[ "$(comments ring 'taken from the guest')" -eq 55 ] || die "not 55 taken from the guest"
if command -v tshark >/dev/null; then
	tshark -r "$W/after.pcapng" -T fields -e frame.interface_name -e frame.packet_flags_direction -e frame.verdict.ebpf_xdp 2>/dev/null |
		sort | uniq -c | tee "$W/out"
	grep -q ' 50 vm1:after.*0x00000001.*4$' "$W/out" || die "not 50 inbound, redirected"
	grep -q ' 50 vm1:after.*0x00000002.*4$' "$W/out" || die "not 50 outbound, redirected"
	grep -q '  5 vm1:after.*0x00000002.*1$' "$W/out" || die "not 5 outbound, dropped"
fi

step "one file of several points, a filter, an end by number, short frames"
capture f -c 6 point before,uplink snaplen 60 udp dst port 7002
both_ways 20 vm1 $MAC $IP >/dev/null
finish f 5
[ "$(count "$W/f.pcapng")" -eq 6 ] || die "not six frames"
[ "$(count "$W/f.pcapng" udp dst port 7002)" -eq 6 ] || die "others than asked for"
[ "$(tcpdump -ner "$W/f.pcapng" 2>/dev/null | grep -c ', length 200: ')" -eq 6 ] || die "the length on the wire is lost"
[ "$(tcpdump -xxr "$W/f.pcapng" 2>/dev/null | grep -c 0x0040)" -eq 0 ] || die "longer than asked for"

step "lines, and JSON, without a file; a pipe into tcpdump"
spawn lines vhost-xdp capture vm1 point after -c 4
spawn json vhost-xdp -j capture vm1 point after -c 4
(vhost-xdp capture vm1 -w - point after -c 4 udp 2>/dev/null | tcpdump -nr - >"$W/piped" 2>/dev/null) &
pipe=$!
wait_until 5 "capture" grep -q capturing "$W/json.log"
sleep 0.3
both_ways 10 vm1 $MAC $IP >/dev/null
finish lines 5 && finish json 5
wait $pipe
grep -qE "^[0-9:.]+ vm1 (to|from)-guest after  pass  .* IPv4 .*UDP, len " "$W/lines.log" || die "no such line"
grep -q '"point":"after","port":"vm1".*"verdict":"pass"' "$W/json.log" || die "no such JSON"
[ "$(wc -l <"$W/piped")" -eq 4 ] || die "tcpdump read $(wc -l <"$W/piped") frames of the pipe"

step "killed: nothing is on once its time is over"
capture k
capture r point ring
[ "$(watched)" -ne 0 ] || die "nobody watches"
stop k KILL || true
stop r KILL || true
sleep 3.2
both_ways 10 vm1 $MAC $IP
[ "$(watched)" -eq 0 ] || die "the programs still look for watchers"
