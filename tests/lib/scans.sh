# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For tests/qemu/policies.sh: port scans of vm2 by nmap, from the wire and from vm1.

ports=20-25,53,80,443,2222,3306,5200-5203,8080

# What nmap says of a port: "22 open", one a line, but for those which STATE is said of.
nmap_read() {
	sed -n 's,^\([0-9]*\)/[a-z]* *\([^ ]*\).*,\1 \2,p' "$W/nmap" | grep -v " $1\$" | tr '\n' ' '
}
# Patient, as guests are emulated: each probe is sent three times.
nmap_words=(-n -Pn -vv -r --max-retries 2 --min-rtt-timeout 700ms --initial-rtt-timeout 1s --max-rtt-timeout 2s
	--min-parallelism 40 --host-timeout 60s)
wire_scan() {
	show nmap "$@"
	wire nmap "${nmap_words[@]}" "$@" >"$W/nmap" 2>&1 || { cat "$W/nmap"; die "nmap"; }
	grep -q 'Host is up\|scan report' "$W/nmap" || { cat "$W/nmap"; die "nmap"; }
}
vm1_scan() {
	show "vm1: nmap" "$@"
	VX_GUEST_TIMEOUT=60 guest_run vm1 "nmap --datadir /usr/share/nmap ${nmap_words[*]} $*" >"$W/nmap" 2>&1 || { cat "$W/nmap"; die "nmap"; }
	grep -q 'Host is up\|scan report' "$W/nmap" || { cat "$W/nmap"; die "nmap"; }
}

scans() {
	local before
	step "scans: vm2 listens on 22, 23, 80, 2222 and 5201; its rules let lab in to 22 and 5201, and to 5202, where nobody is"
	guest_run vm2 "for port in 22 23 80 2222 5201; do httpd -p \$port -h /tmp; done"
	before=$(drops vm2 denied)
	wire_scan -sT -p $ports $IP2
	expect "connections from the wire" "$(nmap_read filtered)" "22 open 5201 open 5202 closed "
	vm1_scan -sT -p $ports $IP2
	expect "connections from vm1" "$(nmap_read filtered)" "22 open 5201 open 5202 closed "
	vm1_scan -6 -sT -p $ports $IP62
	expect "the same by IPv6: vm1 is in lab with that address, too" "$(nmap_read filtered)" "22 open 5201 open 5202 closed "
	wire_scan -sS -p $ports $IP2
	expect "half-open connections from the wire" "$(nmap_read filtered)" "22 open 5201 open 5202 closed "
	wire_scan -sS -S $STRANGER -e w0 -p $ports $IP2
	expect "from somebody who is not in lab" "$(nmap_read filtered)" ""
	more vm2 denied "$before" || die "nothing is counted as denied"
	echo "  dropped on the way to vm2 as denied: $before, then $(drops vm2 denied)"
}

# What no connection begins with, and what is not TCP.
odd_scans() {
	local before kind
	step "scans: flags that open nothing, at a port that would answer, one that would refuse and one that is closed to all"
	for kind in F N X A; do
		before=$(drops vm2 no_flow)
		wire_scan -s$kind -p 22,80,5202 $IP2
		expect "-s$kind from the wire" "$(nmap_read '[a-z|]*filtered')" ""
		more vm2 no_flow "$before" || die "not counted as no_flow"
	done
	vm1_scan -sF -p 22,80,5202 $IP2
	expect "-sF from vm1" "$(nmap_read '[a-z|]*filtered')" ""
	before=$(drops vm2 malformed)
	wire_scan -sS -f -p 22,80,5202 $IP2
	expect "half-open connections in fragments of 8 bytes" "$(nmap_read filtered)" ""
	more vm2 malformed "$before" || die "not counted as malformed"
	wire_scan -sU -p 53,69,161,9999 $IP2
	expect "UDP from the wire" "$(nmap_read 'open|filtered')" "9999 closed "

	step "scans: echo requests, which are allowed, and timestamps, which are not"
	expect "nmap -PE says" "$(host_is -PE)" up
	expect "nmap -PP says" "$(host_is -PP)" down
	expect "echo requests in fragments, which vm1's rules let in" "$(answered wire ping -s 4000 -c 3 -i 0.2 -W 3 $IP1)" "3 of 3"
	expect "and those of vm2, by their type, do not" "$(answered wire ping -s 4000 -c 3 -i 0.2 -W 1 $IP2)" "0 of 3"
}
# host_is WORDS...: up or down, by what nmap asks so
host_is() {
	wire nmap -n -sn --disable-arp-ping --initial-rtt-timeout 1500ms "$@" $IP2 >"$W/nmap" 2>&1 || { cat "$W/nmap" >&2; return 1; }
	sed -n 's/^Host is up.*/up/p; s/^Note: Host seems down.*/down/p' "$W/nmap"
}

# One more port by a file, and back.
changed_rules() {
	step "rules: a file opens 2222, and rollback closes it"
	host_file "allow tcp src $WIRE_IP dport 2222" >"$W/host.conf"
	run vhost-xdp apply "$W/host.conf"
	wire_scan -sT -p 22,23,2222 $IP2
	expect "connections from the wire" "$(nmap_read filtered)" "22 open 2222 open "
	run vhost-xdp acl rollback vm2 to-guest
	wire_scan -sT -p 22,23,2222 $IP2
	expect "connections from the wire" "$(nmap_read filtered)" "22 open "

	step "rules: without any, the scans find what is there"
	run vhost-xdp policy set vm2 to-guest allow
	wire_scan -sT -p $ports $IP2
	expect "connections from the wire, open" "$(nmap_read closed)" "22 open 23 open 80 open 2222 open 5201 open "
	wire_scan -sF -p 5202 $IP2
	expect "-sF from the wire" "$(nmap_read '[a-z|]*filtered')" "5202 closed "
	expect "nmap -PP says" "$(host_is -PP)" up
	run vhost-xdp policy set vm2 to-guest stateful,acl,ratelimit
}
