#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 120
# KERNELS: 7
#
# zerocopy.sh KERNEL: AF_XDP in zero-copy mode, on the one driver that offers it without hardware: virtio-net behind an IOMMU platform, Linux
# 6.11 and later. The port says so, and frames arrive in the driver's own UMEM.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools ethtool timeout
testhost_tree
testhost_file "$VX_O/tools/vxkern_zerocopy" /t/build/tools/vxkern_zerocopy
testhost_boot "$1" 100 /t/tests/kernel/inner/zerocopy -netdev user,id=u,restrict=on \
	-device virtio-net-pci,netdev=u,iommu_platform=on,disable-legacy=on,mac=52:54:00:12:34:56 || die "on kernel $1: see above"
