#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# hostile.sh KERNEL: rings that lie, memory and fds that go away, random calls (VX_CALLS, 20000, from VX_SEED), while a neighbour's
# frames all arrive.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

for tool in seqflow vufront vxkern_hostile vxkern_fuzz vxkern_port; do
	testhost_file "$VX_O/tools/$tool" "/t/build/tools/$tool"
done
testhost_tools ethtool
testhost_boot "$1" 280 "/t/tests/kernel/inner/hostile ${VX_CALLS:-20000} ${VX_SEED:-1}" || die "on kernel $1: see above"
