# SPDX-License-Identifier: GPL-2.0-or-later
# samples -> table on stdout and json. Exit status 1 when something could not be measured.

$3 ~ /^broken=/ {
	if (!((w = $1 " " $2) in why)) {
		why[w] = substr($3, 8)
		gsub(/_/, " ", why[w])
	}
	broken = 1
	next
}

# Samples that other work on this machine disturbed count only where there are no others.
{
	bad = / noisy=1$/
	w = $1 " " $2
	samples[w]++
	noisy[w] += bad
	for (i = 3; i <= NF; i++) {
		eq = index($i, "=")
		k = w " " substr($i, 1, eq - 1)
		if (!bad && spoilt[k])
			count[k] = spoilt[k] = 0
		if (bad && count[k] && !spoilt[k])
			continue
		value[k, ++count[k]] = substr($i, eq + 1) + 0
		spoilt[k] = bad
	}
}

function sorted(k,	i, j, v) {
	if (k in done)
		return
	done[k] = 1
	for (i = 2; i <= count[k]; i++) {
		v = value[k, i]
		for (j = i - 1; j > 0 && value[k, j] > v; j--)
			value[k, j + 1] = value[k, j]
		value[k, j + 1] = v
	}
}

function median(k,	n) {
	n = count[k]
	sorted(k)
	return n % 2 ? value[k, (n + 1) / 2] : (value[k, n / 2] + value[k, n / 2 + 1]) / 2
}

# Half the way from the smallest to the largest, in percent of the median.
function spread(k) {
	sorted(k)
	return median(k) ? 50 * (value[k, count[k]] - value[k, 1]) / median(k) : 0
}

function show(v, unit) {
	if (v == "")
		return "-"
	return unit ~ /^[MG]/ ? sprintf("%.3f", scaled(v, unit)) : sprintf("%.2f", v)
}

function num(v) {
	return v == "" ? "null" : sprintf("%.6g", v)
}

function scaled(v, unit) {
	return v == "" ? "" : unit ~ /^M/ ? v / 1e6 : unit ~ /^G/ ? v / 1e9 : v
}

# No quiet sample?
function bent(w) {
	return (w in noisy) && noisy[w] == samples[w]
}

# One line. better: 1 more is better, -1 less. goal: "", "peer", "ceiling", "gain" or "idle". peer_of: "row variant", else DPDK's same
# row.
function line(name, row, variant, key, unit, ceiling, better, goal, peer_of, peer_name,
	ours, peer, ratio, share, ok, text, ko, kp, unsure, peer_words) {
	if (peer_of == "") {
		peer_of = row " dpdk"
		peer_name = "DPDK testpmd"
	}
	ko = row " " variant " " key
	kp = peer_of " " key
	ours = ko in count ? median(ko) : ""
	peer = kp in count ? median(kp) : ""
	ratio = ours && peer ? (better > 0 ? ours / peer : peer / ours) : ""
	share = ours != "" && ceiling ? ours / ceiling : ""
	ok = ""
	if (goal == "peer") {
		text = ">= 1.0 of DPDK"
		ok = ratio != "" ? ratio >= 1 : ""
	} else if (goal == "ceiling") {
		text = ">= 0.8 of ceiling"
		ok = share != "" ? share >= 0.8 : ""
	} else if (goal == "gain") {
		text = ">= 3.0 times"
		ok = ratio != "" ? ratio >= 3 : ""
	} else if (goal == "idle") {
		text = "< 1 %"
		ok = ours != "" ? ours < 1 : ""
	}
	# A verdict on figures that other work on this machine has bent would be worth nothing.
	unsure = ok != "" && (bent(row " " variant) || (goal ~ /^(peer|gain)$/ && bent(peer_of)) || (goal == "ceiling" && bent(row " ceiling")))
	if (unsure)
		ok = ""
	printf "%-34s %-9s %8s %4s %8s %4s %6s %8s %5s  %-18s%s\n", name, unit, show(ours, unit),
		ours == "" ? "" : sprintf("%.0f", spread(ko)), show(peer, unit), peer == "" ? "" : sprintf("%.0f", spread(kp)),
		ratio == "" ? "-" : sprintf("%.2f", ratio), show(ceiling, unit), share == "" ? "-" : sprintf("%.0f%%", 100 * share),
		text, unsure ? "too noisy" : ok == "" ? "" : ok ? "yes" : "no"
	if (ours == "" && (row " " variant) in why && !told[row, variant]++)
		print "    not measured: " why[row " " variant]
	split(peer_of, peer_words, " ")
	if (peer == "" && peer_of in why && !told[peer_words[1], peer_words[2]]++)
		print "    " peer_name " not measured: " why[peer_of]
	printf "%s  {\"row\": \"%s\", \"unit\": \"%s\", \"ours\": %s, \"peer_name\": \"%s\", \"peer\": %s, " \
		"\"ceiling\": %s, \"ratio\": %s, \"goal\": %s, \"ok\": %s, \"ours_spread_percent\": %s, " \
		"\"peer_spread_percent\": %s}", objects++ ? ",\n" : "[\n", name, unit, num(scaled(ours, unit)),
		peer_name, num(scaled(peer, unit)), num(scaled(ceiling, unit)), num(ratio), text == "" ? "null" : "\"" text "\"",
		text == "" ? "null" : ok == "" || !ok ? "false" : "true", num(ours == "" ? "" : spread(ko)),
		num(peer == "" ? "" : spread(kp)) >json
}

function ceiling_of(row, key,	k) {
	k = row " ceiling " key
	return k in count ? median(k) : ""
}

function throughput(row, text, variant, place) {
	line(text ", " place, row, variant, "pps", "Mpps", ceiling_of(row, "pps"), 1, variant == "hop" ? "ceiling" : "")
	line(text ", " place, row, variant, "per_cpu", "M/CPU-s", ceiling_of(row, "per_cpu"), 1, "peer")
}

function rows(variant, place) {
	throughput("tx60", "guest->wire 60 B", variant, place)
	throughput("tx1514", "guest->wire 1514 B", variant, place)
	throughput("rx60", "wire->guest 60 B", variant, place)
	throughput("rx1514", "wire->guest 1514 B", variant, place)
	line("round trip p50, " place, "echo60", variant, "p50", "us", "", -1, "")
	line("round trip p99, " place, "echo60", variant, "p99", "us", "", -1, "")
}

# Where a frame's time goes: what AF_XDP takes by itself, and what the backend adds.
function limits(row, text,	c, o, d) {
	c = ceiling_of(row, "per_cpu")
	o = row " hop per_cpu"
	d = row " dpdk per_cpu"
	if (!c || !(o in count))
		return
	printf "  %s: %.0f ns a frame, of which AF_XDP without a vring takes %.0f", text, 1e9 / median(o), 1e9 / c
	if (d in count)
		printf "; DPDK %.0f", 1e9 / median(d)
	print ""
}

function notes(	k, p, worst, total, nothing_else) {
	print "one hop: DPDK's veth pair, and a port's veth pair without its programs. full path: two hops and four XDP programs" \
		" (policies, steering, uplink), against DPDK's one hop without any."
	print "+-%: half the range, in percent. ratio: above 1 is better than DPDK. ceiling: AF_XDP alone, same veth, same run. CPU-s:" \
		" backend process and ksoftirqd; on the way to the guest the sender's softirq work is on the other CPU, for all alike."
	if (ceiling_of("xdp60", "pps"))
		printf "generator alone (XDP live frames to XDP_DROP): %.1f Mpps\n", ceiling_of("xdp60", "pps") / 1e6
	print "what limits, backend CPU time:"
	limits("tx60", "guest->wire 60 B")
	limits("tx1514", "guest->wire 1514 B")
	limits("rx60", "wire->guest 60 B")
	limits("rx1514", "wire->guest 1514 B")
	for (k in count) {
		split(k, p, " ")
		if (p[3] == "lost" && value[k, count[k]] + 0 >= 0 && (sorted(k) || 1) && value[k, count[k]] > 0.0001)
			printf "loss: %s %s up to %.3f %%\n", p[1], p[2], 100 * value[k, count[k]]
	}
	for (k in noisy) {
		total += samples[k]
		worst += noisy[k]
		if (bent(k))
			nothing_else = nothing_else (nothing_else ? ", " : "") k
	}
	if (worst)
		printf "disturbed by other work on this machine: %d of %d samples\n", worst, total
	if (nothing_else)
		print "with no quiet sample at all, so not to be relied on: " nothing_else
}

END {
	printf "%-34s %-9s %8s %4s %8s %4s %6s %8s %5s  %-18s%s\n", "row", "unit", "ours", "+-%", "DPDK", "+-%", "ratio", "ceiling",
		"of it", "goal", "met"
	for (k in count)
		if (!count[k])
			delete count[k]
	# The idle share as a percentage.
	for (v = 1; v <= 3; v++) {
		k = "idle60 " (v == 1 ? "dpdk" : v == 2 ? "hop" : "path") " cpu"
		for (i = 1; k in count && i <= count[k]; i++)
			value[k, i] *= 100
	}
	rows("hop", "one hop")
	rows("path", "full path")
	line("idle, full path", "idle60", "path", "cpu", "% of CPU", "", -1, "idle")
	streams()
	print "\n]" >json
	print ""
	printf "%d rounds of %d ms, busy-poll %d us\n", rounds, ms, busy_poll
	notes()
	for (w in why)
		if (split(w, p, " ") && !told[p[1], p[2]])
			print "not measured at least once: " w ": " why[w]
	exit broken
}
