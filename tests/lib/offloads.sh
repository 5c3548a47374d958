# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a guest's device does for it, and a wire that loses, doubles and reorders frames.

# wire_behind: the wire's address moves behind a second pair, and badwire(1) of tests/tools carries frames between the two:
#
#	up0 === w0 (badwire) b1 === b0 10.9.0.1
#
# w0 gets an address of its own, so that nothing passes beside.
wire_behind() {
	local dev
	wire ip addr flush dev w0
	wire ip link set w0 address 02:00:00:00:00:99
	wire ip link add name b0 address $WIRE_MAC type veth peer name b1
	for dev in b0 b1; do
		wire sysctl -qw "net.ipv6.conf.$dev.disable_ipv6=1"
		# one frame is one segment, which gets lost alone
		wire ethtool -K $dev tx off tso off gso off gro off >/dev/null 2>&1
		wire ip link set $dev up
	done
	wire ip addr add $WIRE_IP/24 dev b0
}

# wire_quality [WORDS...]: from now on so many frames are lost, sent twice, held back; see tests/tools/badwire.c
wire_quality() {
	[ ! -f "$W/badwire.pid" ] || wire_report
	rm -f "$W/badwire.ready"
	spawn badwire wire badwire w0 b1 ready "$W/badwire.ready" "$@"
	wait_until 5 "badwire" test -e "$W/badwire.ready"
}

# What it did.
wire_report() {
	stop badwire || die "badwire: status $?"
	cat "$W/badwire.log"
}

# Did it do all of what it was asked for?
wire_was_bad() {
	wire_report
	! grep -qE '[ ,]0 (lost|twice|late)' "$W/badwire.log" || die "nothing was lost, or doubled, or late"
}

# supers PORT DIRECTION: segmentation requests of the guest, or super-frames made for it
supers() {
	vhost-xdp stats "$1" | awk -v dir="$2" '$1 == "queue" && $3 == dir { for (i = 4; i < NF; i++) if ($i == "supers") n += $(i + 1) }
		END { print n + 0 }'
}

# offloads_used PORT COMMAND...: after it, "used" says how many more super-frames there are, to and from the guest
offloads_used() {
	local port=$1 to from
	shift
	to=$(supers "$port" to-guest) from=$(supers "$port" from-guest)
	"$@"
	used=$(($(supers "$port" to-guest) - to)):$(($(supers "$port" from-guest) - from))
	echo "super-frames to and from $port: ${used/:/, }"
}

# guest_offload GUEST FEATURE on|off: is it, as ethtool says?
guest_offload() {
	guest_run "$1" "ethtool -k eth0" >"$W/features"
	grep -q "^$2: $3" "$W/features" || { grep -E 'segmentation|gro|lro|checksum' "$W/features"; die "$2 is not $3 in the guest"; }
}

# guest_switch GUEST WORDS...: ethtool -K
guest_switch() {
	local guest=$1
	shift
	guest_run "$guest" "ethtool -K eth0 $*" || die "ethtool -K eth0 $*"
}
