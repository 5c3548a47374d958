#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# apply and show --conf: what a file says becomes so, all of it or nothing; what is so is told as a file; a run that fails,
# is interrupted or killed leaves what the next one makes good.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
C=$W/vhost-xdp.conf
bare=$(snapshot)

# conf <text: what follows is the file
conf() { cat >"$C"; }
# The host as a file.
state() { vx show --conf; }
# plan STATUS [WORDS...]: dry-run; prints the diff, and changes nothing.
plan() {
	local want=$1 rc=0 before
	shift
	before=$(snapshot; state)
	echo "\$ vhost-xdp apply -n $*"
	vx apply -n "$@" "$C" >"$W/diff" 2>"$W/err" || rc=$?
	cat "$W/diff" "$W/err"
	[ $rc -eq "$want" ] || die "exit status $rc, not $want"
	[ "$(snapshot; state)" = "$before" ] || { diff <(echo "$before") <(snapshot; state); die "a dry run changed something"; }
}
diff_is() { [ "$(cat "$W/diff")" = "$1" ] || { diff <(echo "$1") "$W/diff"; die "that is not the diff"; }; }
# What is there, said as a file and applied again, even as all that there may be, changes nothing.
round_trip() {
	local out rc=0
	state >"$W/said"
	out=$(vx apply -n --prune - <"$W/said" 2>&1) || rc=$?
	[ $rc -eq 0 ] && [ -z "$out" ] || { cat "$W/said"; echo "$out"; die "status $rc: show --conf does not say what is there"; }
}

step "a file from nothing"
conf <<'C'
# two guests
uplink wire
port vm1 {
	mac 52:54:00:00:00:01; uplink wire
	vlan 10
	to-guest   allow
	from-guest antispoof
	antispoof ip 10.0.0.5 ip 2001:db8::5
}
port vm2 mac 52:54:00:00:00:02 uplink wire host allow {
	flood-pps 100
	queues 2
}
C
plan 3
diff_is "$(cat <<'D'
+ uplink wire
+ policy allow
+ policy antispoof
+ port vm1
+	mac 52:54:00:00:00:01
+	uplink wire
+	vlan 10
+	to-guest allow
+	from-guest antispoof
+	antispoof ip 10.0.0.5
+	antispoof ip 2001:db8::5
+ port vm2
+	mac 52:54:00:00:00:02
+	uplink wire
+	queues 2
+	host allow
+	flood-pps 100
D
)"
ok apply "$C"
cmp "$W/out" "$W/diff" || die "what was done is not what was planned"
plan 0
diff_is ""
has "$(vx port show vm1)" "from-guest  antispoof"
[ "$(vx policy antispoof vm1 list | head -n 2 | tr '\n' ' ')" = "10.0.0.5/32 2001:db8::5/128 " ] || die "other addresses"
has "$(vx port show vm2)" "host        allow"
[ "$(state)" = "$(cat <<'S'
uplink wire

port vm1 {
	mac 52:54:00:00:00:01
	uplink wire
	vlan 10
	to-guest allow
	from-guest antispoof
	antispoof {
		ip 10.0.0.5
		ip 2001:db8::5
	}
}

port vm2 {
	mac 52:54:00:00:00:02
	uplink wire
	queues 2
	host allow
	flood-pps 100
}
S
)" ] || { state; die "that is not the state"; }
round_trip
full=$(snapshot)
