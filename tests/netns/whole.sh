#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 120
#
# Super-frames between two guests of one host: they stay whole where the other one takes them, whatever its vrings look like, and
# become segments where it does not, or not any more; every byte, header and checksum is judged.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/whole.sh"

guest_path() { echo "$W/$1.sock"; }

topo_up
uplink_up
policy_load allow
port_up vm1 $MAC1
port_up vm2 $MAC2
in_pieces || skip "this kernel's AF_XDP carries no frames in pieces"
engine_up vm1
engine_up vm2

table <<TABLE || die "see above"
$SEGS 9999
$WHOLE 400 gtso 1 supers 90
$WHOLE 400 gtso 1 supers 90 packed 1 -- packed 1
$WHOLE 400 gtso 1 supers 90 rxbuf 4096 size 1024 packed 1
$WHOLE 400 gtso 1 supers 90 rxbuf 1526 size 1024 -- pieces 20
$WHOLE 400 gtso 1 supers 90 mrg 0 rxbuf 65562 size 64
$WHOLE 400 gtso 1 supers 90 mrg 0 v1 0 rxbuf 65562 size 64
$SEGS 9999 gtso 1 -- len 4000 pps 1000
TABLE
changes_its_mind

step "a neighbour that went away: no super-frame gets out to the wire"
engine_down vm2
lost=$(oversize)
for _ in 1 2; do
	run vufront "$W/vm1.sock" mac $MAC1 dst $MAC2 ip $IP1 peer $IP2 time 20 stream $LEN flow 1 csum 1 tso 1 mss $MSS len $LEN
done
[ "$(oversize)" = $((lost + (LEN + MSS - 1) / MSS)) ] || die "$(($(oversize) - lost)) frames were lost"
engine_up vm2
stream $SEGS 9999 gcsum 1 supers 0
counted
