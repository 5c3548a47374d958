#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# Engine and frontend, killed at random moments under load, 20 times: who comes next is served in full, no UMEM frame is
# lost, and what the operator deletes is gone.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11 S=$W/vm1.sock ROUNDS=20
FAR_IP=10.9.0.99	# nobody's: the wire's own stack must not answer

topo_up

set_up() {
	uplink_up
	policy_load allow
	port_up vm1 $MAC
}

take_down() {
	run vhost-xdp port del vm1
	topo_ports=()
	run vhost-xdp uplink del up0
	wait_until 3 "everything to be gone" nothing_left || { left; die "something was left behind"; }
}

# Whatever there is that this script did not make itself.
left() {
	ip -o link show | grep -vE ': (lo|up0)[:@]' || true
	ip -d link show up0 | grep -oE 'xdp.*|promiscuity [1-9][0-9]*' | grep -v 'promiscuity 0' || true
	tc qdisc show dev up0 | grep clsact || true
	find /run/netns -mindepth 1 ! -name wire
	find /sys/fs/bpf -mindepth 1 ! -path /sys/fs/bpf/xdp ! -name '*.debug'
	find /run -type s
	pgrep -a 'vhost-xdp|vx-janitor' || true
}
# shellcheck disable=SC2317 # called through wait_until
nothing_left() { [ -z "$(left)" ]; }

# UMEM frames by owner: free, fill, rx, held, tx.
frames() { vhost-xdp -j stats vm1 | tr -d ' \n' | sed 's/.*"umem_frames":\[\([0-9,]*\)\].*/\1/; s/,/ /g'; }
# Owners change one by one while frames move: the sum is asked for at rest. In the free list or with the kernel's
# receive side, then: nothing is half sent or half received for ever.
# shellcheck disable=SC2317 # called through wait_until
frames_at_rest() {
	local f
	read -r -a f <<<"$(frames)"
	[ $((f[0] + f[1] + f[2] + f[3] + f[4])) -eq "$total" ] && [ $((f[2] + f[3] + f[4])) -eq 0 ]
}
# How many there are, once the engine has told; twice the same, as it tells one owner after the other.
# shellcheck disable=SC2317 # called through wait_until
counted() {
	local before=$total
	total=$(frames | awk '{ for (i = 1; i <= NF; i++) n += $i } END { print n + 0 }')
	[ "$total" -gt 0 ] && [ "$total" -eq "$before" ]
}
check_frames() {
	wait_until 3 "UMEM frames at rest" frames_at_rest || die "UMEM frames are now $(frames), $total are to be free or in the fill ring"
}

# shellcheck disable=SC2317 # called through wait_until
port_is() { vhost-xdp stats vm1 | grep -q "^port vm1 .*, $1)"; }

# Both ways, as fast as these two shared CPUs like; what is lost does not matter here.
load() {
	rm -f "$W/ready.load"
	spawn frontend vufront "$S" mac $MAC dst $WIRE_MAC ip $IP peer $FAR_IP send 10000000 pps 30000 flow 3 len 400 expect 10000000 \
		eflow 4 time 60 packed $((round % 2)) pieces $((round % 3 + 1)) ready "$W/ready.load"
	wait_until 5 "the frontend" test -e "$W/ready.load"
	spawn wire-load wire seqflow w0 send 10000000 pps 30000 flow 4 eflow 99 len 400 mac $WIRE_MAC dst $MAC ip $FAR_IP peer $IP time 60
	wait_until 5 "load both ways" loaded
	sleep "0.$((RANDOM % 900 + 100))"
}
# shellcheck disable=SC2317 # called through wait_until
loaded() { [ "$(vhost-xdp stats vm1 | awk '$1 == "queue" && $4 > '"$carried"' { n++ } END { print n + 0 }')" -eq 2 ]; }

# 500 numbered frames each way: all of them, or the flow is not what it was.
served() {
	VX_PPS=2000 both_ways 500 vm1 $MAC $IP pps 2000 || { vhost-xdp stats; die "who came next was not served in full"; }
}

total=0 carried=100
for ((round = 0; round < ROUNDS; round++)); do
	if [ $((round % 5)) -eq 0 ]; then
		set_up
		engine_up vm1
		total=0
		wait_until 5 "the engine's UMEM" counted || die "an engine without UMEM frames"
		carried=100
	fi
	engine=$(cat "$W/engine-vm1.pid")
	victim=$((round % 3))
	load
	case $victim in
	0)
		step "round $round: the engine is killed"
		stop engine-vm1 KILL || true
		stop frontend KILL || true ;;
	1)
		step "round $round: the frontend is killed"
		stop frontend KILL || true ;;
	2)
		step "round $round: both are killed"
		kill -KILL "$engine" "$(cat "$W/frontend.pid")"
		stop engine-vm1 KILL || true
		stop frontend KILL || true ;;
	esac
	wait_until 3 "the port to be down" port_is "no backend"
	if [ $victim -ne 1 ]; then
		wait_until 3 "the socket to go" test ! -e "$S"
		# Deleted while frames still come in, or served again.
		if [ $((round % 5)) -eq 4 ]; then
			take_down
			stop wire-load KILL || true
			continue
		fi
		engine_up vm1
		carried=100
	fi
	stop wire-load KILL || true
	check_frames
	served
	check_frames
	carried=$(vhost-xdp stats vm1 | awk '$1 == "queue" && $4 > n { n = $4 } END { print n + 100 }')
	if [ $((round % 5)) -eq 4 ]; then
		stop engine-vm1 KILL || true
		wait_until 3 "the socket to go" test ! -e "$S"
		take_down
	fi
done
