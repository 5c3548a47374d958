#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 600
# NEEDS: guest qemu10
# KERNELS: 6.12
#
# tcp10.sh KERNEL: the same as tcp.sh with an unmodified QEMU 10, which takes the port for one that carries large UDP datagrams as well,
# and offers them.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools tc ethtool sysctl nsenter timeout ping socat ss sha256sum awk sed grep head dd stat cut seq tail tee id
testhost_tree
testhost_file "$VX_O/tools/badwire" /t/build/tools/badwire
testhost_qemu 10
testhost_guest
TH_MEM=1200M testhost_boot "$1" 560 "/t/tests/kernel/inner/tcp qemu10" || die "on kernel $1: see above"
