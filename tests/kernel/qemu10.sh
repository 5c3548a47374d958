#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 600
# NEEDS: guest qemu10
# KERNELS: 6.12
#
# qemu10.sh KERNEL: an unmodified QEMU 10 and its guest on the kernel engine: start, stop, link, reset, shapes of its device.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools tc ethtool sysctl nsenter timeout ping socat ss sha256sum awk sed grep head dd stat cut seq tail tee id
testhost_tree
testhost_qemu 10
testhost_guest
TH_MEM=1200M testhost_boot "$1" 560 "/t/tests/kernel/inner/qemu qemu10" || die "on kernel $1: see above"
