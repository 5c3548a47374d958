# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a test left behind, one line each; for tests/lib/isolated, and inside test hosts. Process 1 and the caller belong
# to the place, not to the test; and so do NICs.

leaks() {
	local pid words=() dev rest
	for pid in /proc/[0-9]*; do
		pid=${pid#/proc/}
		[ "$pid" -eq 1 ] || [ "$pid" -eq $$ ] || [ "$pid" -eq "$BASHPID" ] && continue
		# without programs: in a test host they are slow, and kernel threads are many
		mapfile -d '' -t words <"/proc/$pid/cmdline"
		[ ${#words[@]} -eq 0 ] || echo "process $pid: ${words[*]:0:12}"
	done 2>/dev/null
	ip -o link show | while IFS=': ' read -r _ dev rest; do
		dev=${dev%@*}
		[ "$dev" = lo ] || [ -e "/sys/class/net/$dev/device" ] || echo "link $dev $rest"
	done
	find /run/netns -mindepth 1 | sed 's/^/network namespace /'
	# The kernel itself puts two iterators into a new bpffs, and libxdp keeps its (empty) directory.
	find /sys/fs/bpf -mindepth 1 ! -path /sys/fs/bpf/xdp ! -name '*.debug' | sed 's/^/pin /'
	find /run -type s | sed 's/^/socket /'
}

# report_leaks: true if nothing is left. What was asked to end may take a moment to be gone.
report_leaks() {
	local left
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		left=$(leaks)
		[ -z "$left" ] && return 0
		sleep 0.1
	done
	printf '%s\n' "$left" | sed 's/^/LEAK: /'
	return 1
}
