# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For tests/qemu/policies.sh: vm1 passes for somebody else, at vm2, on the wire and at the host. Whether that arrives is seen there.

# What antispoof says of each kind of tests/lib/spoofed.py, for each of the three targets.
reasons="spoof_mac 2 spoof_ip4 2 spoof_ip6 1 spoof_arp 3 spoof_nd 2 ra_server 1 dhcp_server 1"

watch_on() {
	guest_run vm2 "rawframe eth0 watch >/tmp/seen 2>&1 &"
	spawn seen-wire wire rawframe w0 watch
	spawn seen-host rawframe up0 watch
	sleep 0.3
}
# vm2 waits for an offer meanwhile: without that stateful would not let it hear any.
attack() {
	guest_run vm2 "udhcpc -i eth0 -f -n -q -t 1 -T 1 -s /bin/true" >/dev/null 2>&1 || true
	guest_run vm1 "rawframe eth0 send <$W/spoofed" || die "vm1 could not send"
}
watch_off() {
	guest_run vm2 "killall rawframe"
	stop seen-wire || true
	stop seen-host || true
}
# seen TARGET: kinds that arrived where they were sent to
seen() {
	case $1 in
	vm2) guest_run vm2 "cat /tmp/seen" ;;
	*) cat "$W/seen-$1.log" ;;
	esac | sed -n "s/-$1\$//p" | sort -u | tr '\n' ' '
}
has_seen() { [ "$(seen "$1")" = "$2" ]; }
seen_honest() { [[ "$(seen "$1")" == *"honest4 honest6 "* ]]; }
# Whose frames are whose, as each of the three knows it: "ADDRESS MAC" of all that the attacker claims.
neighbours() {
	guest_run vm2 "ip neigh" | sed -n "s/^\($WIRE_IP\|$WIRE_IP6\) .*lladdr \([^ ]*\).*/vm2: \1 \2/p"
	wire ip neigh | sed -n "s/^\($IP2\|$IP62\) .*lladdr \([^ ]*\).*/wire: \1 \2/p"
	ip neigh | sed -n "s/^\($IP2\) .*lladdr \([^ ]*\).*/host: \1 \2/p"
}
know_each_other() {
	guest_run vm2 "ping -c 1 -W 3 $WIRE_IP; ping -c 1 -W 3 $HOST_IP; ping6 -c 1 -W 3 $WIRE_IP6" >/dev/null || die "vm2 is not heard"
	neighbours | sort -u
}

counted() {
	local reason
	for reason in "${!want[@]}"; do
		[ "$(drops vm1 "$reason")" -eq "${want[$reason]}" ] || return 1
	done
}

spoofing() {
	local known target word
	declare -gA want=()
	step "spoofing: neighbours know each other, and the host, which vm1 may talk to"
	pings "vm1 -> host" guest_run vm1 "ping -c 5 -i 0.2 -W 3 $HOST_IP"
	known=$(know_each_other)
	printf '%s\n' "$known" | sed 's/^/  /'
	[ "$(printf '%s\n' "$known" | wc -l)" -eq 5 ] || die "neighbours are missing"

	step "spoofing: $(wc -l <"$W/spoofed") frames of vm1 to vm2, wire and host, honest ones among them"
	# shellcheck disable=SC2086 # pairs are meant
	set -- $reasons
	while [ $# -gt 0 ]; do
		want[$1]=$(($(drops vm1 "$1") + 3 * $2))
		shift 2
	done
	watch_on
	attack
	for target in vm2 wire host; do
		wait_until 10 "the honest frames at $target" seen_honest $target || true
	done
	wait_until 10 "the counters" counted || true
	watch_off
	for target in vm2 wire host; do
		expect "arrived at $target" "$(seen $target)" "honest4 honest6 "
	done
	for word in $(printf '%s\n' "${!want[@]}" | sort); do
		expect "dropped of vm1 as $word" "$(drops vm1 "$word")" "${want[$word]}"
	done
	expect "neighbours" "$(neighbours | sort -u)" "$known"
	if [[ "$(addresses vm2 6)" == *fd00:bad* ]]; then die "vm2 believes the router"; fi
}

# The same frames when nothing looks at them: so they were right, and did not get lost otherwise.
without_antispoof() {
	local all target
	all=$(sed -n 's/-vm2 .*//p' "$W/spoofed" | sort -u | tr '\n' ' ')
	step "spoofing: the same without antispoof"
	run vhost-xdp policy set vm1 from-guest stateful,ratelimit
	watch_on
	attack
	for target in vm2 wire host; do
		wait_until 10 "all frames at $target" has_seen $target "$all" || true
		expect "arrived at $target" "$(seen $target)" "$all"
	done
	watch_off
	wait_until 10 "vm2 to believe the router" has_address vm2 fd00:bad::5054:ff:fe00:2/64 || die "vm2 has $(addresses vm2 6)"
	run vhost-xdp policy set vm1 from-guest antispoof,stateful,ratelimit
}
