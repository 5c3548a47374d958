#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# stats: what is counted is told, as text, JSON and for Prometheus; a new port with an old id begins at zero.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
MAC=52:54:00:00:00:01

step "nothing set up is nothing to count, and no failure"
ok stats
ok stats -j
ok stats --prometheus
has "$(cat "$W/out")" "vhost_xdp_build_info"
refuse 1 "there is no port vm1" stats vm1

ok uplink add wire
ok port add vm1 mac $MAC uplink wire policy allow
refuse 1 "there is no port nope" stats nope
refuse 2 "is not known here" stats vm1 frob

# Frames of 42 bytes from the far end to the port, which no engine serves.
send() {
	ip neigh replace 10.9.9.9 lladdr $MAC dev far
	ip addr replace 10.9.9.1/24 dev far
	ping -q -c "$1" -i 0.05 -s 0 -W 0.2 -I far 10.9.9.9 >/dev/null 2>&1 || true
}

step "drops have a direction, a stage and a reason"
send 5
text=$(vx stats vm1)
echo "$text"
echo "$text" | grep -qE '^  dropped +to-guest +5 packets +210 bytes  steer/no_backend$' || die "not five drops of 42 bytes"
json=$(vx -j stats vm1 | tr -d ' \n')
has "$json" '"bytes":210,"direction":"to-guest","packets":5,"policy":0,"reason":"no_backend","rule":0,"stage":"steer"'
has "$json" '"port":"vm1"'
has "$(vx stats --prometheus)" \
	'vhost_xdp_port_drops_total{port="vm1",direction="to-guest",stage="steer",reason="no_backend"} 5'
has "$(vx stats)" "port vm1"
has_not "$(vx stats)" "no port"

step "the Prometheus text is what its parser takes"
vx stats --prometheus >"$W/prometheus"
awk '
	/^# HELP / { help[$3] = 1; next }
	/^# TYPE / { if (!help[$3] || type[$3]) bad("type of " $3); type[$3] = $4; last = $3; next }
	/^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+$/ {
		name = $0; sub(/[{ ].*/, "", name)
		if (name != last) bad("sample of " name " below " last)
		if (name ~ /_total$/ && type[name] != "counter") bad(name " is no counter")
		if (seen[$1]++) bad("twice: " $1)
		next
	}
	{ bad("line: " $0) }
	function bad(what) { print what; failed = 1 }
	END { exit failed }
' "$W/prometheus" || die "it is not"

step "a new port with that id begins at zero"
ok port del vm1
ok port add vm2 mac $MAC uplink wire policy allow
has "$(vx port show vm2)" "id          1"
has_not "$(vx stats vm2)" dropped
ok port del vm2
ok uplink del wire
