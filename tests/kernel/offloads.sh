#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# offloads.sh KERNEL: a driver that sends and takes super-frames, on the kernel engine: streams and datagrams both ways at once through
# every shape of vring, every header and checksum judged; TUNSETOFFLOAD switches them off and on under load.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

for tool in seqflow vufront vxkern_port; do
	testhost_file "$VX_O/tools/$tool" "/t/build/tools/$tool"
done
testhost_tools ethtool awk
testhost_boot "$1" 280 "/t/tests/kernel/inner/offloads" || die "on kernel $1: see above"
