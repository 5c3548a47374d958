#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# traffic.sh KERNEL: numbered frames both ways through every shape of vring, with the dirty log, with memory that moves, with segments
# and several queues, and while the program that judges them is replaced.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

for tool in seqflow vufront vxkern_port; do
	testhost_file "$VX_O/tools/$tool" "/t/build/tools/$tool"
done
testhost_tools ethtool
testhost_boot "$1" 280 "/t/tests/kernel/inner/traffic" || die "on kernel $1: see above"
