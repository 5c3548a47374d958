#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 600
# NEEDS: guest
#
# migrate.sh KERNEL: live migration between two QEMUs on ports of the kernel engine, while streams run both ways.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools tcpdump bridge tc ethtool sysctl nsenter timeout ping socat ss sha256sum awk sed grep head dd stat cut seq tail tee id
testhost_tree
testhost_qemu
testhost_guest
TH_MEM=1200M testhost_boot "$1" 560 "/t/tests/kernel/inner/migrate qemu-system-x86_64" || die "on kernel $1: see above"
