#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# whole.sh KERNEL: super-frames from one guest to another, both with the module.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools ip tc bridge ethtool sysctl nsenter find awk sed grep id
testhost_tree
TH_MEM=1G testhost_boot "$1" 280 /t/tests/kernel/inner/whole || die "on kernel $1: see above"
