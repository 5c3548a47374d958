#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# abi-control.sh KERNEL: the control interface, ioctl by ioctl; ports attached and detached again and again (VX_ROUNDS, 500);
# data fds. Nothing is left of it.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

for tool in seqflow vufront vxkern_control vxkern_attach vxkern_datafd vxkern_port; do
	testhost_file "$VX_O/tools/$tool" "/t/build/tools/$tool"
done
testhost_tools ethtool
testhost_boot "$1" 280 "/t/tests/kernel/inner/abi-control ${VX_ROUNDS:-500}" || die "on kernel $1: see above"
