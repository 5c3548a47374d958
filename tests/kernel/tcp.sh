#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 600
# NEEDS: guest
#
# tcp.sh KERNEL: TCP at full speed with an unmodified QEMU 7.2 and its guest on the kernel engine: super-frames both ways, the data
# compared, over a wire that loses, doubles and reorders frames; the guest switches offloads off and on, and runs an XDP program.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools tc ethtool sysctl nsenter timeout ping socat ss sha256sum awk sed grep head dd stat cut seq tail tee id
testhost_tree
testhost_file "$VX_O/tools/badwire" /t/build/tools/badwire
testhost_qemu
testhost_guest
TH_MEM=1200M testhost_boot "$1" 560 "/t/tests/kernel/inner/tcp qemu-system-x86_64" || die "on kernel $1: see above"
