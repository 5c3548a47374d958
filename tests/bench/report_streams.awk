# SPDX-License-Identifier: GPL-2.0-or-later
# What report.awk prints of rows tcp-*, mtu- (a guest without offloads) and udp-*: payload for each second of the backend's CPU.

function plain_name() { return "ours without offloads" }

# A stream: beside DPDK, which towards AF_XDP has no offloads, and beside ourselves without them.
function stream(text, row, plain, variant, dpdk, goal) {
	line(text, row, variant, "bytes_per_cpu", "GB/CPU-s", "", 1, goal, dpdk, "DPDK testpmd")
	if (plain != "")
		line("  beside " plain_name(), row, variant, "bytes_per_cpu", "GB/CPU-s", "", 1, "gain", plain " " variant, plain_name())
}

function streams_of(variant, place) {
	stream("TCP guest->wire, " place, "tcp-tx63712", "mtu-tx1448", variant, "mtu-tx1448 dpdk", "peer")
	stream("TCP wire->guest, " place, "tcp-rx1448", "mtu-rx1448", variant, "mtu-rx1448 dpdk", "peer")
	stream("UDP guest->wire, " place, "udp-tx64768", "", variant, "mtu-tx1448 dpdk", "")
	one_byte(variant, place, "p50")
	one_byte(variant, place, "p99")
}

# That coalescing waits for nothing: the same byte with it and without.
function one_byte(variant, place, key) {
	line("one byte " key ", " place, "tcp-echo1", variant, key, "us", "", -1, "", "mtu-echo1 dpdk", "DPDK testpmd")
	line("  beside " plain_name(), "tcp-echo1", variant, key, "us", "", -1, "", "mtu-echo1 " variant, plain_name())
}

function streams(	k, any) {
	for (k in count)
		any = any || k ~ /^(tcp|mtu)-/
	if (!any)
		return
	printf "\n%-34s %-9s %8s %4s %8s %4s %6s %8s %5s  %-18s%s\n", "stream", "unit", "ours", "+-%", "peer", "+-%", "ratio", "", "", "goal",
		"met"
	streams_of("hop", "one hop")
	streams_of("path", "full path")
	stream("TCP guest->guest", "tcp-pair63712", "mtu-pair1448", "pair", "tcp-pair63712 dpdkpair", "")
	print "streams: the peer is DPDK testpmd where no other is named; guest to guest it keeps 64 KiB whole in one process, ours is two" \
		" processes. A guest's own work on frames of the MTU, where it has no offloads, is in no figure."
}
