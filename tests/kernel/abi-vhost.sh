#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# abi-vhost.sh KERNEL: every ioctl of the vhost device in every state, memory tables, logs, IOTLB, workers, pages that a VMM withholds;
# and the same tables against Linux' own vhost-net.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

for tool in vxkern_vhost vxkern_memory vxkern_iotlb vxkern_worker vxkern_withheld vxkern_port; do
	testhost_file "$VX_O/tools/$tool" "/t/build/tools/$tool"
done
testhost_boot "$1" 220 "/t/tests/kernel/inner/abi-vhost" || die "on kernel $1: see above"
