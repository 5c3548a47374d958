# SPDX-License-Identifier: GPL-2.0-or-later
# "sample ROW SETUP key=value..." lines -> table on stdout and json. Exit status 1 when something could not be measured.

{
	w = $2 " " $3
	if (!($2 in seen)) {
		seen[$2] = 1
		order[++rows] = $2
	}
	for (i = 4; i <= NF; i++) {
		eq = index($i, "=")
		k = substr($i, 1, eq - 1)
		v = substr($i, eq + 1)
		if (k == "broken") {
			gsub(/_/, " ", v)
			why[$2 == "setup" ? $3 : w] = v
			broken = 1
		} else {
			value[w " " k, ++count[w " " k]] = v + 0
		}
	}
}

function low(k,	i, v) {
	v = value[k, 1]
	for (i = 2; i <= count[k]; i++)
		if (value[k, i] < v)
			v = value[k, i]
	return v
}

function high(k,	i, v) {
	v = value[k, 1]
	for (i = 2; i <= count[k]; i++)
		if (value[k, i] > v)
			v = value[k, i]
	return v
}

function mean(k,	i, v) {
	for (i = 1; i <= count[k]; i++)
		v += value[k, i]
	return v / count[k]
}

# A row that broke in one round is void in all.
function have(row, setup, key) {
	return (row " " setup " " key) in count && !((row " " setup) in why)
}

# What the device and the path cost: all that ran, less the driver's or the generator's own part.
function figure(row, setup, key,	alone, driver) {
	if (!have(row, setup, key))
		return ""
	driver = row
	sub(/-pair/, "-tx", driver)
	sub(/[.]udp$/, "", driver)
	alone = (key == "insns" || key == "per_kib") && have(driver, "none", key) ? mean(driver " none " key) : 0
	return mean(row " " setup " " key) - alone
}

function spread(row, setup, key,	k) {
	k = row " " setup " " key
	return have(row, setup, key) && mean(k) ? 50 * (high(k) - low(k)) / mean(k) : 0
}

function show(v, fraction) {
	return v == "" ? "-" : sprintf("%." fraction "f", v)
}

function num(v) {
	return v == "" ? "null" : sprintf("%.6g", v)
}

function ratio(a, b) {
	return a != "" && b != "" && b > 0 ? a / b : ""
}

function title(row,	a) {
	if (row == "idle")
		return "idle, workers"
	if (row ~ /latency/)
		return (row ~ /^tx/ ? "guest->wire" : "wire->guest") ", one frame of 64 B"
	split(substr(row, 3), a, ".")
	return sprintf("%s %d B, %d at once%s", row ~ /^tx/ ? "guest->wire" : "wire->guest", a[1], a[2], a[3] ? ", USO" : "")
}

function object(row, name, unit, key, goal,	i, p, o, ok) {
	o = figure(row, "ours", key)
	for (i = 1; i <= 3; i++) {
		p = figure(row, peer[i], key)
		ok = goal && i == 2 ? (o != "" && p != "" && o <= 0.6 * p ? "true" : "false") : "null"
		printf "%s  {\"row\": \"%s\", \"unit\": \"%s\", \"ours\": %s, \"peer_name\": \"%s\", \"peer\": %s, \"ceiling\": null, " \
			"\"ratio\": %s, \"goal\": %s, \"ok\": %s, \"ours_spread_percent\": %s, \"peer_spread_percent\": %s}",
			objects++ ? ",\n" : "[\n", name, unit, num(o), peer_name[i], num(p), num(ratio(o, p)),
			ok == "null" ? "null" : "\"<= 0.6 of " peer_name[i] "\"", ok, num(spread(row, "ours", key)),
			num(spread(row, peer[i], key)) >json
	}
}

function line(row, unit, key, goal,	o, b, r, s, fraction) {
	fraction = key == "kicks" || key == "calls" ? 3 : 0
	o = figure(row, "ours", key)
	b = figure(row, "bridge", key)
	r = ratio(o, b)
	s = spread(row, "ours", key)
	if (spread(row, "bridge", key) > s)
		s = spread(row, "bridge", key)
	printf "%-34s %-8s %8s %8s %8s %8s %8s %5s  %6s %6s %6s  %s\n", title(row), unit, show(figure(row, "bare", key), fraction),
		show(b, fraction), show(figure(row, "xdp", key), fraction), show(o, fraction), show(figure(row, "spoof", key), fraction),
		sprintf("%.1f", s), show(r, 2), show(ratio(o, figure(row, "bare", key)), 2), show(ratio(o, figure(row, "xdp", key)), 2),
		goal && r != "" ? (r <= 0.6 ? "yes" : "no") : ""
	object(row, title(row), unit, key, goal)
}

# Kicks or calls: a line where a setup needs more or fewer than the others, else json only. True for a line.
function line_if_uneven(row, key,	setups, i, b) {
	b = figure(row, "bridge", key)
	for (i = split("bare xdp ours spoof", setups, " "); i > 0; i--)
		if (have(row, setups[i], key) && (b == "" || figure(row, setups[i], key) > 1.02 * b || figure(row, setups[i], key) < 0.98 * b)) {
			line(row, key, key, 0)
			return 1
		}
	object(row, title(row), key, key, 0)
	return 0
}

function notifications(	i, uneven) {
	for (i = 1; i <= rows; i++)
		if (order[i] ~ /^[tr]x[0-9]/)
			uneven += line_if_uneven(order[i], "kicks") + line_if_uneven(order[i], "calls")
	if (uneven < 2 * rows)
		print uneven ? "kicks and calls of other rows: the same in all setups" : "kicks and calls a frame: the same in all setups"
}

# Smallest and largest of what the driver or the generator needs alone.
function alone(way,	i, v, lo, hi) {
	for (i = 1; i <= rows; i++)
		if (order[i] ~ "^" way "[0-9]" && have(order[i], "none", "insns")) {
			v = mean(order[i] " none insns")
			lo = lo == "" || v < lo ? v : lo
			hi = hi == "" || v > hi ? v : hi
		}
	return lo == "" ? "nothing" : sprintf("%.0f to %.0f", lo, hi)
}

# Rows whose name matches.
function lines(pattern, unit, key, goal,	i) {
	for (i = 1; i <= rows; i++)
		if (order[i] ~ pattern)
			line(order[i], unit, key, goal)
}

# What the veth wire itself is, which a NIC would not have: in the figures above, and not the same for all.
function wire(size, text) {
	if (have("rx" size, "wire", "insns") && have("tx" size, "egress", "insns"))
		printf "the veth wire is in all figures, %s: %.0f for an xdp_frame to XDP_DROP (XDP, ours), %.0f for an skb to a drop by tc " \
			"(bridge)\n", text, figure("rx" size, "wire", "insns"), mean("tx" size " bridge insns") - mean("tx" size " egress insns")
}

# The loop of known length. True when the clock does not count instructions.
function clock_is_off(	expected, took, off) {
	if (!("check none insns" in count)) {
		print "the clock was not checked, nothing below holds"
		return 1
	}
	expected = value["check none expected", 1]
	took = value["check none insns", 1]
	off = 100 * (took / expected - 1)
	printf "clock: a loop of %d instructions took %d, %+.2f %% (timer ticks are in it)\n", expected, took, off
	if (off < 1 && off > -1)
		return 0
	print "that is more than 1 %, nothing below holds"
	return 1
}

function frames_one_by_one(	i, any) {
	for (i = 1; i <= rows; i++)
		any = any || order[i] ~ /^([tr]x|idle)/
	if (!any)
		return
	printf "%-34s %-8s %8s %8s %8s %8s %8s %5s  %6s %6s %6s  %s\n", "row", "unit", "bare", "bridge", "XDP", "ours", "antispf", "+-%",
		"/brdge", "/bare", "/XDP", "<= 0.6 of bridge"
	lines("^[tr]x[0-9]", "insns", "insns", 1)
	lines("x-latency$", "insns", "p50", 0)
	lines("^idle$", "insns/s", "worker_insns", 0)
	lines("^idle$", "wakeups/s", "worker_wakeups", 0)
	print ""
	notifications()
	printf "taken out: the driver alone, to the wire (%s instructions a frame); the generator alone, from the wire (%s)\n",
		alone("tx"), alone("rx")
	wire("64.64", "64 B")
	wire("1500.64", "1500 B")
}

END {
	peer[1] = "bare"; peer_name[1] = "vhost_net + tap"
	peer[2] = "bridge"; peer_name[2] = "vhost_net + tap + bridge"
	peer[3] = "xdp"; peer_name[3] = "vhost_net + tap + XDP DEVMAP"
	broken = clock_is_off() || broken
	printf "kernel %s, ring of %d, %d frames a row; figures are instructions of the whole host, less the driver or generator alone\n\n",
		kernel, ring, frames
	frames_one_by_one()
	streams()
	print "\n]" >json
	for (w in why)
		print "void: " w ": " why[w]
	exit broken
}
