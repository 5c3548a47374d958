#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ratelimit: what is set is shown, in words that can be set again; what is wrong is refused in one line; all goes with its port.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
P=/sys/fs/bpf/vhost-xdp

step "nothing is set up"
[ -z "$(vx ratelimit show)" ] || die "limits out of nothing"
[ "$(vx -j ratelimit)" = "[]" ] || die "JSON limits out of nothing"
refuse 1 "there is no port vm1" ratelimit show vm1
refuse 1 "there is no port vm1" ratelimit set vm1 to-guest pps 1
[ ! -e $P ] || die "pins are left"

ok uplink add wire
ok port add vm1 mac 52:54:00:00:00:01 uplink wire
ok port add vm2 mac 52:54:00:00:00:02 uplink wire

step "ratelimit: set and show"
# limit WORDS SHOWN...
limit() {
	ok ratelimit set vm1 to-guest $1
	[ "$(vx ratelimit show vm1)" = "vm1 to-guest $2" ] || die "shown: $(vx ratelimit show vm1)"
	# What is shown can be set, and is shown again.
	ok ratelimit set vm1 to-guest $2
	[ "$(vx ratelimit show vm1)" = "vm1 to-guest $2" ] || die "shown again: $(vx ratelimit show vm1)"
}
limit "pps 10k" "pps 10k burst 20ms"
limit "bps 1g" "bps 1gbit burst 20ms"
limit "pps 10k bps 1g burst 20ms" "pps 10k bps 1gbit burst 20ms"
limit "pps 1 bps 8" "pps 1 bps 8bit burst 20ms"
limit "bps 1" "bps 8bit burst 20ms"
limit "bps 1.5mbit burst 1s" "bps 1500kbit burst 1s"
limit "bps 1mbps" "bps 8mbit burst 20ms"
limit "bps 1mibit" "bps 1048576bit burst 20ms"
limit "bps 400g burst 1ms" "bps 400gbit burst 1ms"
limit "pps 137g" "pps 137g burst 20ms"
limit "bps 100m burst 64kb" "bps 100mbit burst 64kb"
limit "pps 7 burst-packets 3" "pps 7 burst-packets 3"
limit "pps 100 bps 1m burst 9kb burst-packets 3" "pps 100 bps 1mbit burst 9kb burst-packets 3"
limit "pps 1000 bps 100m burst 5ms" "pps 1k bps 100mbit burst 5ms"
ok ratelimit set vm1 from-guest pps 5
[ "$(vx ratelimit show | wc -l)" -eq 2 ] || die "not both directions"
has "$(vx -j ratelimit show vm1)" '"bps": 100000000'
has "$(vx -j ratelimit show vm1)" '"burst_bytes": 62500'
[ -z "$(vx ratelimit show vm2)" ] || die "another port's limit"

step "bpftool reads and edits it"
has "$(bpftool map dump pinned $P/policies/ratelimit/ratelimit_ports)" '"pps": 1000'
bpftool map update pinned $P/policies/ratelimit/ratelimit_ports key 2 0 0 0 1 0 0 0 \
	value 100 0 0 0 0 0 0 0  0 0 0 0 0 0 0 0  2 0 0 0 0 0 0 0  0 8 0 0 0 0 0 0
has "$(vx ratelimit show vm2)" "vm2 from-guest pps 100 burst 20ms"

step "ratelimit: what is wrong is refused"
refuse 2 "needs a port, a direction and a rate" ratelimit set vm1 to-guest
refuse 2 "direction 'ingress' is not known" ratelimit set vm1 ingress pps 1
refuse 2 "a limit needs 'pps COUNT', 'bps RATE', or both" ratelimit set vm1 to-guest burst 1ms
refuse 2 "pps 'fast' is not a rate" ratelimit set vm1 to-guest pps fast
refuse 2 "pps '-1' is not a rate" ratelimit set vm1 to-guest pps -1
refuse 2 "pps '1e3' is not a rate" ratelimit set vm1 to-guest pps 1e3
refuse 2 "bps '0x10' is not a rate" ratelimit set vm1 to-guest bps 0x10
refuse 2 "bps 0 is out of range" ratelimit set vm1 to-guest bps 0
refuse 2 "bps 9999999999999999999999t is out of range" ratelimit set vm1 to-guest bps 9999999999999999999999t
refuse 2 "burst '5x' is neither a time nor a size" ratelimit set vm1 to-guest pps 1 burst 5x
refuse 2 "burst 0ms is out of range" ratelimit set vm1 to-guest pps 1 burst 0ms
refuse 2 "'burst' needs a value" ratelimit set vm1 to-guest pps 1 burst
refuse 2 "'pps' is given twice" ratelimit set vm1 to-guest pps 1 pps 2
refuse 2 "'color' is not known here" ratelimit set vm1 to-guest color 1
refuse 1 "there is no port nope" ratelimit set nope to-guest pps 1
refuse 1 "vm2 has no such limit" ratelimit del vm2 to-guest

step "ratelimit: del, and port del"
ok ratelimit del vm1 from-guest
[ "$(vx ratelimit show vm1 | wc -l)" -eq 1 ] || die "not the one direction"
ok ratelimit del vm1
[ -z "$(vx ratelimit show vm1)" ] || die "not deleted"
ok ratelimit set vm1 to-guest pps 5
ok policy antispoof vm1 add 10.0.0.1
ok port del vm1
[ "$(bpftool -j map dump pinned $P/policies/ratelimit/ratelimit_ports | grep -o '"formatted"' | wc -l)" -eq 1 ] || die "the port's limits are left"
[ "$(bpftool -j map dump pinned $P/policies/antispoof/antispoof_ports)" = "[]" ] || die "the port's addresses are left"

step "gone"
ok port del vm2
ok uplink del wire
