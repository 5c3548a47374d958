#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# The demo, ended from outside at any moment and by any signal, leaves nothing; the leak check of this test says so.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"

nothing_left() {
	local pid
	for pid in /proc/[0-9]*; do
		case $(tr '\0' ' ' <"$pid/cmdline" 2>/dev/null) in
		*qemu-system* | *"vhost-xdp serve"* | *iperf3* | *"demo inside"*) return 1 ;;
		esac
	done
}

end_after() {
	local signal=$1 seconds=$2
	step "SIG$signal after $seconds s"
	# not through spawn: an interrupt must not be ignored from the start
	setsid env --default-signal=INT "$VX_TOP/tests/demo" >"$W/demo.log" 2>&1 &
	demo=$!
	sleep "$seconds"
	kill "-$signal" "$demo"
	wait_until 15 "the demo's end" gone "$demo"
	wait_until 10 "all its processes to end" nothing_left || { ps -ef; exit 1; }
	tail -n 2 "$W/demo.log"
}

for _ in 1 2 3 4; do
	end_after KILL "$((RANDOM % 16 + 2)).$((RANDOM % 10))"
done
end_after TERM "$((RANDOM % 10 + 3))"
end_after INT "$((RANDOM % 10 + 3))"
