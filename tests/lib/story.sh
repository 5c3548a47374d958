# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the demo shows, on whatever engine and host: pings, TCP, a policy swapped under traffic, counters. Guests are called
# vm1 and vm2; without vm2 (VX_GUESTS=1) its rows are left out.

began=$SECONDS
title() { printf '\n[%3d s] == %s\n' $((SECONDS - began)) "$*"; }

VX_GUESTS=${VX_GUESTS:-2} VX_IPERF_SECONDS=${VX_IPERF_SECONDS:-4}

# shellcheck disable=SC2034 # for whoever sources this
MAC1=52:54:00:00:00:01 MAC2=52:54:00:00:00:02 IP1=10.9.0.11 IP2=10.9.0.12 VX_PING_WAIT=${VX_PING_WAIT:-2}
table=()
saw() { table+=("$(printf '%-38s %s' "$1" "$2")"); }

# Print "received of sent, average time" from either ping's summary.
ping_summary() {
	awk '/packets transmitted/ { sent = $1; got = $4 } /min\/avg/ { split($0, a, "[=/]"); for (i in a) n++; avg = a[5] }
		END { if (sent == "") exit 1; printf "%d of %d", got, sent; if (got) printf ", %.1f ms", avg; print "" }'
}

ping_from() {
	local what=$1 count=$2 out
	shift 2
	out=$("$@" 2>/dev/null) || true
	out=$(printf '%s\n' "$out" | ping_summary) || out="no answer"
	printf '  ping %-28s %s\n' "$what" "$out"
	saw "ping $what" "$out"
	case $out in "$count of $count"*) return 0 ;; *) return 1 ;; esac
}

iperf_from() {
	local what=$1 rate out
	shift
	out=$("$@" 2>&1) || { printf '%s\n' "$out" | tail -n 3; return 1; }
	rate=$(printf '%s\n' "$out" | awk '/receiver/ { for (i = 1; i < NF; i++) if ($(i + 1) ~ /bits/) r = $i " " $(i + 1) } END { print r }')
	[ -n "$rate" ] || return 1
	printf '  iperf3 %-26s %s\n' "$what" "$rate"
	saw "iperf3 $what" "$rate"
}

traffic() {
	title "ping"
	ping_from "vm1 -> wire" 5 guest_run vm1 "ping -c 5 -i 0.2 -W $VX_PING_WAIT $WIRE_IP"
	ping_from "wire -> vm1" 5 wire ping -c 5 -i 0.2 -W $VX_PING_WAIT $IP1
	[ "$VX_GUESTS" -lt 2 ] || ping_from "vm1 -> vm2" 5 guest_run vm1 "ping -c 5 -i 0.2 -W $VX_PING_WAIT $IP2"
	title "iperf3, $VX_IPERF_SECONDS s each"
	iperf_from "vm1 -> wire" guest_run vm1 "iperf3 -c $WIRE_IP -t $VX_IPERF_SECONDS -f m"
	iperf_from "wire -> vm1" wire iperf3 -c $IP1 -t "$VX_IPERF_SECONDS" -f m
	[ "$VX_GUESTS" -lt 2 ] || iperf_from "vm1 -> vm2" guest_run vm1 "iperf3 -c $IP2 -t $VX_IPERF_SECONDS -f m"
	without_offloads
}

# The same with every frame by itself, as the guest asks for it.
without_offloads() {
	echo "  vm1: ethtool -K eth0 tso off gso off rx-gro-hw off"
	guest_run vm1 "ethtool -K eth0 tso off gso off rx-gro-hw off"
	iperf_from "vm1 -> wire, offloads off" guest_run vm1 "iperf3 -c $WIRE_IP -t $VX_IPERF_SECONDS -f m"
	# over vhost-user no VMM passes on what the guest does not take any more
	[ "${ENGINE-kernel}" = user ] || iperf_from "wire -> vm1, offloads off" wire iperf3 -c $IP1 -t "$VX_IPERF_SECONDS" -f m
	guest_run vm1 "ethtool -K eth0 tso on gso on rx-gro-hw on"
}

denied() {
	vhost-xdp stats | awk '$1 == "dropped" && /denied/ { n += $3 } END { print n + 0 }'
}

swap() {
	local port chain
	port=$(port_id vm1)
	title "swap vm1's from-guest policy with bpftool, its ping running all the while"
	chain=$(bpf_chain_get "$port" 1)
	guest_run vm1 "ping -i 0.1 -W 1 $WIRE_IP >/tmp/ping 2>&1 &"
	bpf_policy_install closed "${VX_CLOSED:-$VX_TOP/tests/lib/closed.bpf.c}" 9
	ping_from "vm1 -> wire, before" 5 guest_run vm1 "ping -c 5 -i 0.2 -W $VX_PING_WAIT $WIRE_IP"
	echo "  now the chain names policy 9, which lets nothing pass:"
	bpf_chain_set "$port" 1 9
	if ping_from "vm1 -> wire, swapped in" 5 guest_run vm1 "ping -c 5 -i 0.2 -W 1 $WIRE_IP"; then
		die "traffic went on under a policy that lets nothing pass"
	fi
	echo "  and back:"
	# shellcheck disable=SC2086 # ids are meant
	bpf_chain_set "$port" 1 $chain
	ping_from "vm1 -> wire, swapped back" 5 guest_run vm1 "ping -c 5 -i 0.2 -W $VX_PING_WAIT $WIRE_IP"
	guest_run vm1 "killall -INT ping; grep packets /tmp/ping" | sed 's/^/  the ping that ran all the while: /'
}

# Rules for what enters vm1, into what "show --conf" prints of the host.
rules_for_vm1() {
	awk '/^port / { mine = $2 == "vm1" }
		mine && $1 == "to-guest" { $0 = "\tto-guest acl" }
		mine && /^}/ { print "\tacl to-guest {\n\t\tallow icmp\n\t\tallow tcp from group lab dport 5201\n\t\tdefault deny\n\t}" }
		{ print }
		/^uplink / { print "\ngroup lab {\n\tprefix 10.9.0.0/24\n}" }'
}

# One file for the host, and what is seen of it.
operator() {
	local conf=$W/vhost-xdp.conf
	title "the host as a file: rules for what enters vm1"
	vhost-xdp show --conf >"$conf.was"
	rules_for_vm1 <"$conf.was" >"$conf"
	sed 's/^/  | /' "$conf"
	run vhost-xdp apply --dry-run "$conf" || true	# 1: there is something to do
	run vhost-xdp apply "$conf"
	ping_from "wire -> vm1, rules say yes" 5 wire ping -c 5 -i 0.2 -W $VX_PING_WAIT $IP1
	title "what the rules refuse, live: a connection to port 23"
	spawn drops timeout 20 vhost-xdp drops vm1 -c 1
	spawn capture timeout 30 vhost-xdp capture vm1 -c 4 point before,after -w "$W/vm1.pcapng" icmp
	wait_until 10 "drops to watch" grep -q watching "$W/drops.log"
	wire timeout 2 bash -c "exec 3<>/dev/tcp/$IP1/23" 2>/dev/null && die "port 23 was reached"
	finish drops 20
	grep -q acl "$W/drops.log" || die "drops did not tell of it"
	title "frames before and behind the policies, and who moves how many"
	wire ping -c 4 -i 0.2 -W $VX_PING_WAIT $IP1 >/dev/null || true
	finish capture 30
	! command -v tcpdump >/dev/null || tcpdump -nr "$W/vm1.pcapng" 2>/dev/null | sed 's/^/  /'
	run vhost-xdp top -n 1
	run vhost-xdp acl list vm1 to-guest
	run vhost-xdp apply "$conf.was"
	saw "rules applied, and undone" "as files"
}

counters() {
	title "counters: every frame that was not delivered has its reason"
	run vhost-xdp stats
	saw "frames dropped as \"denied\"" "$(denied)"
}

# The kernel engine: nobody of ours is left, and traffic goes on.
unattended() {
	local pids
	title "every process of ours is ended, the guest's ping goes on"
	pids=$(pgrep -x vhost-xdp) || true
	# shellcheck disable=SC2086 # several pids are meant
	[ -z "$pids" ] || kill -KILL $pids
	echo "  processes of vhost-xdp: $(pgrep -x vhost-xdp | wc -l); the frames are carried by the kernel's own threads:"
	ps -e -o pid,psr,comm 2>/dev/null | grep vhost-xdp- | sed 's/^/  /' || true
	ping_from "vm1 -> wire, unattended" 5 guest_run vm1 "ping -c 5 -i 0.2 -W $VX_PING_WAIT $WIRE_IP"
	ping_from "wire -> vm1, unattended" 5 wire ping -c 5 -i 0.2 -W "$VX_PING_WAIT" $IP1
	echo "  and the next command finds the port again:"
	run vhost-xdp port show vm1
}

seen() {
	title "what was seen"
	printf '  %s\n' "${table[@]}"
}
