#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 120
#
# load.sh KERNEL: the module loads, says what it is, and leaves nothing behind when unloaded; again and again.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools modinfo
testhost_boot "$1" 100 /t/tests/kernel/inner/load || die "on kernel $1: see above"
