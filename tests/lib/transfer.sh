# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# TCP between a guest and the wire, the data compared at the end; and pings both ways.

transfer_port=7000

# transfer_make BYTES: the file that transfers carry.
transfer_make() {
	head -c "$1" /dev/urandom >"$W/data"
	transfer_sum=$(sha256sum <"$W/data" | cut -d ' ' -f 1)
}

# transfer_listen SOCAT-ARGUMENTS...: the wire's end, in the background as "transfer", on the next transfer_port
transfer_listen() {
	transfer_port=$((transfer_port + 1))
	spawn transfer wire timeout -s KILL "${VX_TRANSFER_TIMEOUT:-120}" socat "$@"
	wait_until 5 "the wire to listen" transfer_listening
}
# shellcheck disable=SC2317 # called through wait_until
transfer_listening() { wire ss -Hltn "sport = :$transfer_port" | grep -q LISTEN; }
transfer_offer() { transfer_listen -u "OPEN:$W/data,rdonly" "TCP-LISTEN:$((transfer_port + 1)),reuseaddr"; }
transfer_await() { transfer_listen -u "TCP-LISTEN:$((transfer_port + 1)),reuseaddr" "OPEN:$W/got,creat,trunc,wronly"; }

# transfer_to_guest GUEST, then transfer_from_guest GUEST: the file there, and the same file back.
transfer_to_guest() {
	local sum
	transfer_offer
	VX_GUEST_TIMEOUT=60 guest_run "$1" "timeout 50 nc $WIRE_IP $transfer_port </dev/null >/tmp/got"
	sum=$(guest_run "$1" "sha256sum </tmp/got" | cut -d ' ' -f 1)
	stop transfer || true
	[ "$sum" = "$transfer_sum" ] || { echo "wire -> $1: the file arrived as $sum instead of $transfer_sum"; return 1; }
}

transfer_from_guest() {
	local sum
	rm -f "$W/got"
	transfer_await
	VX_GUEST_TIMEOUT=60 guest_run "$1" "timeout 50 nc $WIRE_IP $transfer_port </tmp/got >/dev/null"
	finish transfer 10 || return 1
	sum=$(sha256sum <"$W/got" | cut -d ' ' -f 1)
	[ "$sum" = "$transfer_sum" ] || { echo "$1 -> wire: the file arrived as $sum instead of $transfer_sum"; return 1; }
}

# pings GUEST ADDRESS: both ways, three each; the first ones may get lost to address resolution of a guest under emulation.
pings() {
	wait_until 10 "an answer of $1 at $2" wire ping -c 1 -W 1 "$2"
	wire ping -c 3 -i 0.2 -W 3 "$2" | tail -n 2
	guest_run "$1" "ping -c 3 -i 0.2 -W 3 $WIRE_IP | tail -n 2" | tee "$W/pings"
	grep -q '3 packets received' "$W/pings"
}

# traffic GUEST ADDRESS: all of that; ends the test where something is lost.
traffic() {
	pings "$1" "$2" || die "pings of $1"
	transfer_to_guest "$1" || die "transfer to $1"
	transfer_from_guest "$1" || die "transfer from $1"
	echo "traffic of $1: pings and $(stat -c %s "$W/data") bytes each way, unharmed"
}
