#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 120
#
# A driver that sends and takes super-frames: streams both ways at once, every header and checksum judged, through every shape
# of vring; super-frames come when they were asked for, and not when they were not, or not any more.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11 BYTES=3000000 MSS=1448
topo_up
uplink_up
policy_load allow
port_up vm1 $MAC
engine_up vm1

# Frames that came over the wire, before GRO there made fewer of them.
# shellcheck disable=SC2016 # awk's own
wire_frames() { wire awk '$1 == "w0:" { print $3 }' /proc/net/dev; }

# streams [vufront's words...]: BYTES each way
streams() {
	local rc=0 id before n
	vx_flows=$((vx_flows + 1))
	id=$vx_flows
	rm -f "$W/ready-$id".*
	before=$(wire_frames)
	spawn "wire-$id" wire seqflow w0 stream $BYTES flow 1 time 40 idle 3000 ready "$W/ready-$id.wire"
	wait_until 5 "the wire" test -e "$W/ready-$id.wire"
	spawn "guest-$id" vufront "$W/vm1.sock" mac $MAC dst $WIRE_MAC ip $IP peer $WIRE_IP time 40 idle 3000 ready "$W/ready-$id.guest" \
		stream $BYTES flow 1 csum 1 tso 1 mss $MSS len 40000 pps 1000 estream $BYTES eflow 2 "$@"
	wait_until 5 "the frontend" test -e "$W/ready-$id.guest" || { finish "guest-$id" 1; finish "wire-$id" 1; return 1; }
	wire seqflow w0 tcp $BYTES mss $MSS pps 15000 flow 2 mac $WIRE_MAC dst $MAC ip $WIRE_IP peer $IP >/dev/null
	finish "guest-$id" 50 || rc=1
	finish "wire-$id" 50 || rc=1
	n=$(($(wire_frames) - before))
	[ $n -ge $((BYTES / MSS)) ] || { echo "$BYTES bytes came in $n frames"; rc=1; }
	return $rc
}

# datagrams N [vufront's words...]: N each way
datagrams() {
	local n=$1 rc=0
	shift
	VX_LEN=1200 VX_PPS=15000 both_ways "$n" vm1 $MAC $IP len 1200 "$@" || rc=1
	return $rc
}

supers() {
	vhost-xdp stats vm1 | awk -v dir="$1" '$1 == "queue" && $3 == dir { for (i = 4; i < NF; i++) if ($i == "supers") n += $(i + 1) }
		END { print n + 0 }'
}

failed=0
while read -r kind words; do
	[ -n "$kind" ] || continue
	step "$kind $words"
	# shellcheck disable=SC2086 # words are meant
	$kind $words || { failed=1; echo "FAILED: $kind $words"; vhost-xdp stats vm1; }
done <<'TABLE'
streams supers 0
streams gcsum 1 supers 0
streams gtso 1 supers 20
streams gtso 1 supers 20 packed 1
streams gtso 1 supers 20 rxbuf 4096 size 1024 packed 1 pieces 20
streams gtso 1 supers 20 rxbuf 200 size 4096
streams gtso 1 supers 20 mrg 0 rxbuf 65562 size 64
streams gtso 1 supers 20 mrg 0 rxbuf 65562 size 64 packed 1 indirect 0
streams gtso 1 supers 0 mrg 0 rxbuf 1526
streams gtso 1 toggles 3
streams gtso 1 toggles 3 packed 1
streams gtso 1 queues 1 size 16 rxbuf 1526
datagrams 3000 csum 1 uso 20 guso 1 supers 20
datagrams 3000 csum 1 uso 45 guso 1 supers 20 packed 1
datagrams 3000 csum 1 uso 3 supers 0
TABLE

# Linux' driver with an XDP program: super-frames stop as soon as its buffers are seen.
for packed in 0 1; do
	step "a driver with XDP's headroom, packed $packed"
	before=$(supers to-guest)
	streams gtso 1 headroom 256 packed $packed || failed=1
	n=$(($(supers to-guest) - before))
	[ $n -le 20 ] || { failed=1; echo "FAILED: $n super-frames for a driver with XDP"; }
done

step "counted"
run vhost-xdp stats vm1
for dir in to-guest from-guest; do
	[ "$(supers $dir)" -gt 0 ] || { failed=1; echo "FAILED: no super-frame is counted $dir"; }
done
[ $failed -eq 0 ]
