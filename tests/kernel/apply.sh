#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 480
# KERNELS: 6.12
#
# apply.sh KERNEL: configuration files for ports of the kernel engine, with and without a VMM that holds them.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools ip tc bridge ethtool sysctl nsenter timeout diff bpftool find awk sed grep id
testhost_tree
testhost_file "$VX_TOP/tests/netns/cli-common" /t/tests/netns/cli-common
testhost_boot "$1" 450 /t/tests/kernel/inner/apply || die "on kernel $1: see above"
