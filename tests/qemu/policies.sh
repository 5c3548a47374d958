#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# The shipped policies around two real guests: DHCP, IPv6 neighbours and the metadata address work; who passes for somebody else reaches
# nobody, and is counted for what it tried; a port scan finds what the rules offer, and no more.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/guest.sh"
. "$VX_TOP/tests/lib/spoofing.sh"
. "$VX_TOP/tests/lib/scans.sh"

MAC1=52:54:00:00:00:01 IP1=10.9.0.11 IP2=10.9.0.12 MAC2=52:54:00:00:00:02
WIRE_IP6=fd00:9::1 HOST_IP6=fd00:9::2 IP61=fd00:9::11 IP62=fd00:9::12
IP61_BY_ROUTER=fd00:9:1::5054:ff:fe00:1
STRANGER=10.9.0.7			# an address of the wire that is in no group
METADATA=169.254.169.254
# shellcheck disable=SC2034 # for what is sourced
VX_GUEST_MEM=256M VX_WIDTH=160
command -v nmap >/dev/null || skip "nmap is not installed; see tests/lib/deps"
/usr/bin/python3 -c 'import scapy' 2>/dev/null || skip "scapy is not installed; see tests/lib/deps"

# drops PORT REASON: how many frames
drops() {
	vhost-xdp -j stats "$1" | tr -d ' \n' | grep -o '{[^{}]*"reason":"'"$2"'"[^{}]*}' | grep -o '"packets":[0-9]*' |
		awk -F : '{ n += $2 } END { print n + 0 }'
}
# more PORT REASON BEFORE
more() { [ "$(drops "$1" "$2")" -gt "$3" ]; }
# expect WHAT SEEN WANTED
expect() {
	echo "  $1: $2"
	[ "$2" = "$3" ] || die "$1: seen \"$2\", expected \"$3\""
}

# --- the place -------------------------------------------------------------

# host_file [LINE]: this host as a file, LINE among the rules of what enters vm2.
host_file() {
	cat <<-END
	uplink up0
	group lab {
		port vm1
		prefix $WIRE_IP
	}
	port vm1 mac $MAC1 uplink up0 host allow {
		from-guest antispoof,stateful,ratelimit
		to-guest stateful,acl,ratelimit
		antispoof $IP1 $IP61 $IP61_BY_ROUTER
		ratelimit from-guest bps 1gbit
		ratelimit to-guest bps 1gbit
		stateful open icmp
		acl to-guest {
			allow icmp
			allow icmp6
			allow tcp dport 32768-60999	# ephemeral: of all these, stateful lets pass what vm1 asked for
			allow udp dport 68,32768-60999
		}
	}
	port vm2 mac $MAC2 uplink up0 host allow {
		from-guest antispoof,stateful,ratelimit
		to-guest stateful,acl,ratelimit
		antispoof $IP2 $IP62
		ratelimit from-guest bps 1gbit
		ratelimit to-guest bps 1gbit
		stateful {
			open icmp		# echo requests
			open tcp
			open udp
		}
		acl to-guest {
			allow icmp type echo-request
			allow icmp type echo-reply
			allow icmp6
			allow tcp from group lab dport 22,5201,5202
			allow udp dport 67,68,9999
			${1:-}
			default deny
		}
	}
	END
}

# The script of udhcpc: takes the lease, as distributions' do.
guest_udhcpc_script() {
	guest_run vm1 "printf '%s\n' '#!/bin/sh' '[ \$1 = bound ] || { echo \$1; exit; }' \
		'echo \$1 \$ip/\$mask by \$serverid' 'ip addr flush dev eth0 scope global; ip addr add \$ip/\$mask dev eth0' >/tmp/lease; chmod +x /tmp/lease"
}

wire_udhcpd() {
	mkdir -p "$W/dhcp"
	cat >"$W/dhcp/conf" <<-END
	start 10.9.0.100
	end 10.9.0.110
	interface w0
	lease_file $W/dhcp/leases
	pidfile $W/dhcp/pid
	static_lease $MAC1 $IP1
	option subnet 255.255.255.0
	END
	: >"$W/dhcp/leases"
	spawn udhcpd wire busybox udhcpd -f -S "$W/dhcp/conf"
}

place_up() {
	topo_up
	topo_ports=(vm1 vm2)
	wire sysctl -qw net.ipv6.conf.w0.disable_ipv6=0
	wire ip addr add $WIRE_IP6/64 dev w0 nodad
	wire ip addr add $STRANGER/24 dev w0
	wire ip addr add $METADATA/32 dev w0
	host_file >"$W/host.conf"
	run vhost-xdp apply "$W/host.conf"
	HOME=$W /usr/bin/python3 "$VX_TOP/tests/lib/spoofed.py" vm1,$MAC1,$IP1,$IP61 \
		"vm2,$MAC2,$IP2,$IP62=wire,$WIRE_MAC,$WIRE_IP,$WIRE_IP6" \
		"wire,$WIRE_MAC,$WIRE_IP,$WIRE_IP6=vm2,$MAC2,$IP2,$IP62" \
		"host,$HOST_MAC,$HOST_IP,$HOST_IP6=vm2,$MAC2,$IP2,$IP62" >"$W/spoofed" || die "no frames"
	guest_with "$VX_O/tools/rawframe" "$(command -v nmap)" /usr/share/nmap/nmap-services "$W/spoofed"
	guest_pick_accel
	engine_up vm1
	engine_up vm2
	guest_start vm1 "$W/vm1.sock" $MAC1 "" >/dev/null
	guest_start vm2 "$W/vm2.sock" $MAC2 $IP2/24 >/dev/null
	guest_wait vm1 90
	guest_wait vm2 90
	guest_run vm1 "ln -s $VX_O/tools/rawframe /bin/rawframe"
	guest_run vm2 "ln -s $VX_O/tools/rawframe /bin/rawframe"
}

# --- DHCP ------------------------------------------------------------------

# The addresses of GUEST that are not link-local, of IP version N.
addresses() { guest_run "$1" "ip -$2 -o addr show dev eth0 scope global" | awk '{ printf "%s ", $4 }'; }

# What vm1 gets from whoever answers it first: the last line of its client's script.
lease() {
	VX_GUEST_TIMEOUT=40 guest_run vm1 "udhcpc -i eth0 -n -q -f -t ${1:-5} -T 3 -s /tmp/lease 2>/dev/null" | tail -n 1
}

dhcp() {
	local before
	step "DHCP: vm1 gets its lease from the wire"
	guest_udhcpc_script
	wire_udhcpd
	expect "vm1's lease" "$(lease)" "bound $IP1/24 by $WIRE_IP"
	stop udhcpd || true

	step "DHCP: nobody hears the server in vm2"
	guest_run vm2 "printf '%s\n' 'start 10.9.0.66' 'end 10.9.0.66' 'interface eth0' 'lease_file /tmp/leases' 'option subnet 255.255.255.0' >/tmp/udhcpd.conf; \
		: >/tmp/leases; udhcpd -S /tmp/udhcpd.conf" || die "no udhcpd in vm2"
	before=$(drops vm2 dhcp_server)
	expect "vm1's lease" "$(lease 2)" "leasefail"
	more vm2 dhcp_server "$before" || die "not counted as dhcp_server"
	echo "  dropped of vm2 as dhcp_server: $before, then $(drops vm2 dhcp_server)"
	expect "vm1's address" "$(addresses vm1 4)" "$IP1/24 "

	step "DHCP: it is heard when it may be"
	run vhost-xdp policy antispoof vm2 allow dhcp-server
	expect "vm1's lease" "$(lease)" "bound 10.9.0.66/24 by $IP2"
	run vhost-xdp policy antispoof vm2 deny dhcp-server
	guest_run vm2 "killall udhcpd"
	guest_run vm1 "ip addr flush dev eth0 scope global; ip addr add $IP1/24 dev eth0"
}

# --- IPv6 ------------------------------------------------------------------

# answered PING...: how many of how many
answered() { { "$@" 2>&1 || true; } | awk '/packets transmitted/ { print $4 + 0, "of", $1 }'; }
# pings WHAT PING...: all five are answered, the first one too, which waits for its neighbour
pings() {
	local what=$1
	shift
	expect "ping $what" "$(answered "$@")" "5 of 5"
}

# advertise PREFIX: a router's advertisement, from the wire
advertise() {
	HOME=$W /usr/bin/python3 - "$1" $WIRE_MAC <<-'END' | wire rawframe w0 send
	import sys
	from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, IPv6
	from scapy.layers.l2 import Ether
	frame = (Ether(src=sys.argv[2], dst="33:33:00:00:00:01") / IPv6(src="fe80::ff:fe00:1", dst="ff02::1", hlim=255) /
	         ICMPv6ND_RA(routerlifetime=0) / ICMPv6NDOptPrefixInfo(prefix=sys.argv[1], prefixlen=64))
	print("advertised", bytes(frame).hex())
	END
}
has_address() { [[ " $(addresses "$1" 6)" == *" $2 "* ]]; }
# no address of GUEST is tentative any more
settled() { guest_run "$1" "! ip -6 -o addr show dev eth0 | grep -q tentative"; }

ipv6() {
	step "IPv6: duplicate address detection, neighbours and pings, guest to guest and over the wire"
	guest_run vm1 "ip -6 addr add $IP61/64 dev eth0"
	guest_run vm2 "ip -6 addr add $IP62/64 dev eth0"
	wait_until 20 "vm1's addresses" settled vm1
	wait_until 20 "vm2's addresses" settled vm2
	# the ping's answer enters vm1 as a flow that it began; what vm2 begins, because its rules say so
	pings "vm1 -> vm2" guest_run vm1 "ping6 -c 5 -i 0.2 -W 3 $IP62"
	pings "vm1 -> wire" guest_run vm1 "ping6 -c 5 -i 0.2 -W 3 $WIRE_IP6"
	pings "wire -> vm2" wire ping -6 -c 5 -i 0.2 -W 3 $IP62
	pings "vm2 -> vm1, link-local" guest_run vm2 "ping6 -c 5 -i 0.2 -W 3 -I eth0 fe80::5054:ff:fe00:1"

	step "IPv6: a router on the wire gives a prefix, and vm1 may use its address in it, which the port lists"
	advertise fd00:9:1::
	wait_until 20 "vm1's address of the prefix" has_address vm1 fd00:9:1:0:5054:ff:fe00:1/64 ||
		die "vm1 has $(addresses vm1 6)"
	echo "  vm1 has $(addresses vm1 6)"
	wire ip addr add fd00:9:1::1/64 dev w0 nodad
	wait_until 20 "vm1's addresses" settled vm1
	pings "vm1 -> wire" guest_run vm1 "ping6 -c 5 -i 0.2 -W 3 fd00:9:1::1"
}

# --- metadata --------------------------------------------------------------

metadata() {
	step "metadata: $METADATA on the wire answers vm1, while vm2 claims to be it"
	mkdir -p "$W/metadata"
	echo "i am vm1" >"$W/metadata/instance"
	spawn metadata wire busybox httpd -f -p $METADATA:80 -h "$W/metadata"
	guest_run vm1 "ip route add $METADATA dev eth0"
	guest_run vm2 "mkdir -p /tmp/www; echo gotcha >/tmp/www/instance; ip addr add $METADATA/32 dev eth0; \
		httpd -p $METADATA:80 -h /tmp/www; arping -U -c 2 -I eth0 $METADATA" >/dev/null || true
	expect "vm1 reads" "$(guest_run vm1 "printf 'GET /instance HTTP/1.0\r\n\r\n' | timeout 10 nc $METADATA 80" | tail -n 1)" "i am vm1"
	more vm2 spoof_arp 0 || die "vm2's claim is not counted as spoof_arp"
	echo "  dropped of vm2 as spoof_arp: $(drops vm2 spoof_arp)"
	guest_run vm2 "killall httpd; ip addr del $METADATA/32 dev eth0"
	stop metadata || true
}

place_up
dhcp
ipv6
spoofing
metadata
scans
odd_scans
changed_rules
without_antispoof
run vhost-xdp stats
guest_stop vm1 || true
guest_stop vm2 || true
