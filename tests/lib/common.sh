# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every test script shares. Sourced; the script then runs isolated (tests/lib/isolated): its own network, mount and
# process namespaces, bpffs on /sys/fs/bpf, an empty /run with $W for its files.

VX_TOP=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
VX_O=${O:-build}
case $VX_O in /*) ;; *) VX_O=$VX_TOP/$VX_O ;; esac
PATH=$VX_O:$VX_O/tools:$PATH
# shellcheck disable=SC2034 # for those who source this
VHOST_XDP=$VX_O/vhost-xdp SEQFLOW=$VX_O/tools/seqflow VUFRONT=$VX_O/tools/vufront
W=${W:-/run/t}

die() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "$*"; exit 77; }
step() { echo "# $*"; }

# Run a command of ours, or of the kernel's tools, visibly: the log is the transcript.
run() { show "$@"; "$@"; }
show() {
	local line="$*"
	[ ${#line} -le "${VX_WIDTH:-2000}" ] || line="${line:0:${VX_WIDTH}} ..."
	echo "\$ $line"
}

# wait_until SECONDS WHAT COMMAND...: poll, with a bound; fail naming WHAT.
wait_until() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || { echo "timed out waiting for: $what" >&2; return 1; }
		sleep 0.05
	done
}

# spawn NAME COMMAND...: in the background, output to $W/NAME.log, pid in $W/NAME.pid and SPAWNED.
spawn() {
	local name=$1
	shift
	show "$@" "&"
	# not the function: its child would outlive the shell that runs it
	[ "$1" = wire ] && { shift; set -- nsenter --net=/run/netns/wire -- "$@"; }
	"$@" >"$W/$name.log" 2>&1 </dev/null &
	SPAWNED=$!
	echo "$SPAWNED" >"$W/$name.pid"
}

# shellcheck disable=SC2317 # called through wait_until
gone() { ! kill -0 "$1" 2>/dev/null; }

# stop NAME [SIGNAL [SECONDS]]: end what spawn started; returns its exit status.
stop() {
	local name=$1 signal=${2:-TERM} seconds=${3:-10} pid rc=0
	[ -f "$W/$name.pid" ] || return 0
	pid=$(cat "$W/$name.pid")
	rm -f "$W/$name.pid"
	kill "-$signal" "$pid" 2>/dev/null || true
	if ! wait_until "$seconds" "$name to end" gone "$pid"; then
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		echo "$name ignored SIG$signal for $seconds s" >&2
		return 1
	fi
	wait "$pid" 2>/dev/null || rc=$?
	return "$rc"
}

# Show the logs of all that was spawned; for a failing test.
show_logs() {
	local log
	for log in "$W"/*.log; do
		[ -s "$log" ] || continue
		echo "--- $(basename "$log")"
		tail -n 25 "$log" | tr -cd '\11\12\40-\176'
	done
}

# The test's clean-up: functions named by at_exit, last first, whatever happened. Logs are shown on failure.
vx_cleanups=()
at_exit() { vx_cleanups=("$1" "${vx_cleanups[@]}"); }
vx_exit() {
	local rc=$? f
	trap - EXIT
	trap '' INT TERM	# who asks twice still gets the clean-up
	set +e
	[ "$rc" -ne 0 ] && [ "$rc" -ne 77 ] && show_logs
	for f in "${vx_cleanups[@]}"; do
		$f
	done
	for f in "$W"/*.pid; do
		[ -f "$f" ] && stop "$(basename "$f" .pid)" TERM 5
	done
	exit "$rc"
}
trap vx_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
