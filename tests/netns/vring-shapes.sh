#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 180
#
# Numbered frames both ways through every shape of virtqueue that a driver may choose.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11
topo_up
uplink_up
policy_load allow
port_up vm1 $MAC
engine_up vm1

failed=0
while read -r words; do
	[ -n "$words" ] || continue
	step "$words"
	# shellcheck disable=SC2086 # words are meant
	both_ways 3000 vm1 $MAC $IP $words || { failed=1; echo "FAILED: $words"; }
done <<'TABLE'
packed 0
packed 1
packed 0 event 0 indirect 0
packed 1 event 0 indirect 0
packed 0 mrg 0 pieces 2
packed 1 mrg 0 pieces 2
packed 0 mrg 0 v1 0
packed 0 v1 0
packed 0 pieces 5 len 1400
packed 1 pieces 5 len 1400
packed 0 pieces 5 indirect 0 size 1024
packed 1 pieces 5 indirect 0 size 1024 event 0
packed 0 rxbuf 100 size 1024
packed 1 rxbuf 100 size 1024
packed 0 size 4 pps 2000
packed 1 size 37
packed 0 csum 1
packed 1 csum 1 pieces 3 len 1514
packed 0 regions 1
packed 1 regions 8 slots 1 len 1500
TABLE
[ $failed -eq 0 ]
