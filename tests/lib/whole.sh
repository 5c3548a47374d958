# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Super-frames from one guest to another, on ports vm1 and vm2 of either engine: "guest_path PORT" is what vufront is to open.

MAC1=52:54:00:00:00:01 MAC2=52:54:00:00:00:02 IP1=10.9.0.11 IP2=10.9.0.12 BYTES=6000000 MSS=1448 LEN=60000
SEGS=$((BYTES / MSS)) WHOLE=$((BYTES / LEN))

in_pieces() { [ "$(cat /sys/class/net/vm1/mtu)" = 65535 ]; }

# Frames that vm2's guest end judged, or took by its inlet.
judged() {
	{ ethtool -S vm2-g; sed 's/^/rx_queue_0_xdp_packets: /' /sys/class/net/vm2-i/statistics/tx_packets 2>/dev/null; } |
		awk '$1 ~ /^rx_queue_[0-9]+_xdp_packets:$/ { n += $2 } END { print n + 0 }'
}

# In segments 42 times as many frames go through the veths, whose rings take 256: what is sent too fast is lost there.
# stream MIN MAX [words of the receiver... [-- words of the sender...]]: BYTES from vm1 to vm2, in MIN to MAX frames on the way
stream() {
	local min=$1 max=$2 rc=0 id before n pps=1000 to=()
	[ "$max" -le 400 ] || pps=50
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		to+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	vx_flows=$((vx_flows + 1))
	id=$vx_flows
	spawn "to-$id" vufront "$(guest_path vm2)" mac $MAC2 dst $MAC1 ip $IP2 peer $IP1 time 40 idle 3000 ready "$W/ready-$id.to" \
		estream $BYTES eflow 1 mss $MSS "${to[@]}"
	wait_until 5 "the receiver" test -e "$W/ready-$id.to" || { finish "to-$id" 1; return 1; }
	before=$(judged)
	spawn "from-$id" vufront "$(guest_path vm1)" mac $MAC1 dst $MAC2 ip $IP1 peer $IP2 time 40 idle 3000 ready "$W/ready-$id.from" \
		stream $BYTES flow 1 csum 1 tso 1 mss $MSS len $LEN pps $pps "$@"
	finish "from-$id" 50 || rc=1
	finish "to-$id" 50 || rc=1
	n=$(($(judged) - before))
	echo "$n frames on the way"
	if [ $n -lt "$min" ] || [ $n -gt "$max" ]; then
		echo "FAILED: not $min to $max"
		rc=1
	fi
	return $rc
}

# table: rows of what stream is to be called with
table() {
	local words failed=0
	while read -r words; do
		[ -n "$words" ] || continue
		step "$words"
		# shellcheck disable=SC2086 # words are meant
		stream $words || { failed=1; echo "FAILED: $words"; vhost-xdp stats vm1; vhost-xdp stats vm2; }
	done
	return $failed
}

# Frames that vm1 lost for their length.
oversize() { vhost-xdp stats vm1 | awk '$1 == "dropped" && /oversize/ { n += $3 } END { print n + 0 }'; }

passed() { vhost-xdp stats vm1 | awk '$1 == "passed" && $2 == "from-guest" { print $3 }'; }

# Lost is what is on the way by then, one super-frame or a few, as many frames as they stand for; TCP would repeat them.
changes_its_mind() {
	local lost segs=$(((LEN + MSS - 1) / MSS))
	step "a driver that takes none any more"
	[ "$(oversize)" = 0 ] || die "$(oversize) frames were lost before"
	stream 0 9999 gcsum 1 supers 0 && die "none was lost"
	stream $SEGS 9999 gcsum 1 supers 0 || die "segments"
	run vhost-xdp stats vm1
	lost=$(oversize)
	if [ "$lost" -lt $segs ] || [ "$lost" -gt $((16 * segs)) ] || [ $((lost % segs)) -ne 0 ]; then
		die "$lost frames were lost"
	fi
	stream $WHOLE 400 gtso 1 supers 90 || die "not whole again"
}

counted() {
	local before n
	step "counted as the segments that they stand for"
	before=$(passed)
	stream 0 400 gtso 1 supers 90 || die "not whole"
	n=$(($(passed) - before))
	[ $n = $((WHOLE * ((LEN + MSS - 1) / MSS))) ] || die "$n frames are counted"
	run vhost-xdp stats vm1
	run vhost-xdp stats vm2
}
