#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# life.sh KERNEL: VMMs killed, netdevs and network namespaces and bpffs that go away under load (at times that follow from VX_SEED).
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

for tool in seqflow vufront vxkern_port; do
	testhost_file "$VX_O/tools/$tool" "/t/build/tools/$tool"
done
testhost_tools ethtool nsenter
testhost_boot "$1" 220 "/t/tests/kernel/inner/life ${VX_SEED:-1}" || die "on kernel $1: see above"
