#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What policies see of thousands of random and spoilt frames is what scapy reads in them. VX_SEED=N repeats a run.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
/usr/bin/python3 -c 'import scapy' 2>/dev/null || skip "scapy is not installed; see tests/lib/deps"
seed=${VX_SEED:-$((RANDOM << 15 | RANDOM))}
step "seed $seed"
ip link set lo up
HOME=$W /usr/bin/python3 "$VX_TOP/tests/bpf/parser-reference.py" "$seed" 4000 "$VX_O/tools/parsed"
