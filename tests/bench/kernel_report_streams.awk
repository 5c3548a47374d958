# SPDX-License-Identifier: GPL-2.0-or-later
# What kernel_report.awk prints of rows tcp-*, mtu- (a guest without offloads) and udp-*: instructions per KiB of payload.

function stream_title(row,	a, what, n) {
	split(row, a, /[-.]/)
	what = (a[1] == "udp" ? "UDP " : "TCP ") (a[2] == "tx" ? "guest->wire" : a[2] == "rx" ? "wire->guest" : "guest->guest")
	n = a[2] == "rx" ? a[3] " frames" : a[3] " x 64 KiB"
	return what ", " n " at once"
}

# The row of a guest without offloads.
function plain_of(row) {
	if (row ~ /^udp/)
		return ""
	sub(/^tcp/, "mtu", row)
	if (row !~ /rx/)
		sub(/[.].*/, ".4", row)
	return row
}

function write_object(name, unit, o, peer_text, p, r, goal, ok, so, sp) {
	printf "%s  {\"row\": \"%s\", \"unit\": \"%s\", \"ours\": %s, \"peer_name\": \"%s\", \"peer\": %s, \"ceiling\": null, \"ratio\": %s, " \
		"\"goal\": %s, \"ok\": %s, \"ours_spread_percent\": %s, \"peer_spread_percent\": %s}", objects++ ? ",\n" : "[\n", name, unit,
		num(o), peer_text, num(p), num(r), goal == "" ? "null" : "\"" goal "\"",
		goal == "" ? "null" : ok ? "true" : "false", num(so), num(sp) >json
}

function hit(r, ok) {
	return r == "" ? "" : ok ? "hit" : "missed"
}

# goal: against the bridge.
function stream_line(row, goal,	o, b, plain, p, r, gain, s) {
	plain = plain_of(row)
	o = figure(row, "ours", "per_kib")
	b = figure(row, "bridge", "per_kib")
	p = plain == "" ? "" : figure(plain, "ours", "per_kib")
	r = ratio(o, b)
	gain = ratio(p, o)
	s = spread(row, "ours", "per_kib")
	if (spread(row, "bridge", "per_kib") > s)
		s = spread(row, "bridge", "per_kib")
	printf "%-38s %8s %8s %5s  %6s %-7s %10s %6s %s\n", stream_title(row), show(b, 0), show(o, 0), sprintf("%.1f", s), show(r, 2),
		goal ? hit(r, r <= 1) : "", show(p, 0), show(gain, 2), hit(gain, gain >= 3)
	write_object(stream_title(row), "insns/KiB", o, peer_name[2], b, r, goal ? "<= 1.0 of " peer_name[2] : "", r != "" && r <= 1,
		spread(row, "ours", "per_kib"), spread(row, "bridge", "per_kib"))
	if (plain != "")
		write_object(stream_title(row), "insns/KiB", o, "ours without offloads", p, gain, ">= 3.0 times",
			gain != "" && gain >= 3, spread(row, "ours", "per_kib"), spread(plain, "ours", "per_kib"))
}

function packets_of(row,	b, o) {
	if (!have(row, "ours", "frames_per_packet") || !have(row, "bridge", "frames_per_packet"))
		return
	printf "%s: a packet in the guest is %.1f frames with the bridge, %.1f with ours\n", stream_title(row),
		mean(row " bridge frames_per_packet"), mean(row " ours frames_per_packet")
}

function echo_line(row, text, key,	o, b) {
	if (!(row in seen))
		return
	o = figure(row, "ours", key)
	b = figure(row, "bridge", key)
	printf "%-38s %8s %8s %5s  %6s\n", text ", " key, show(b, 0), show(o, 0), sprintf("%.1f", spread(row, "ours", key)), show(ratio(o, b), 2)
	write_object(text ", " key, "insns", o, peer_name[2], b, ratio(o, b), "", 0, spread(row, "ours", key), spread(row, "bridge", key))
}

function streams(	i, any) {
	for (i = 1; i <= rows; i++)
		any = any || order[i] ~ /^(tcp|mtu|udp)-/
	if (!any)
		return
	printf "\n%-38s %8s %8s %5s  %6s %-7s %10s %6s %s\n", "stream, insns per KiB of payload", "bridge", "ours", "+-%", "/brdge", "<= 1.0",
		"ours plain", "gain", ">= 3"
	for (i = 1; i <= rows; i++)
		if (order[i] ~ /^(tcp|udp)-(tx|rx)/)
			stream_line(order[i], 1)
	for (i = 1; i <= rows; i++)
		if (order[i] ~ /^tcp-pair/)
			stream_line(order[i], 0)
	echo_line("tcp-echo", "one byte there and back", "p50")
	echo_line("tcp-echo", "one byte there and back", "p99")
	echo_line("mtu-echo", "the same without offloads", "p50")
	echo_line("mtu-echo", "the same without offloads", "p99")
	for (i = 1; i <= rows; i++)
		if (order[i] ~ /^tcp-(rx|pair)/)
			packets_of(order[i])
	print "plain: a guest without offloads sends and takes frames of the MTU. Its own work on them, in the guest, is not counted."
	print "a copy to or from a guest takes one instruction for eight bytes here; memcpy(), as AF_XDP copies what the wire brought, up to three"
	print "the wire is a veth without TX offloads: the bridge's way segments in software (GSO) and coalesces (GRO), as ours does itself"
}
