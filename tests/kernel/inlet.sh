#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 180
#
# inlet.sh KERNEL: frames in a port's inlet, when they are dropped, and when nobody reads them any more.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools insmod rmmod sleep timeout
testhost_file "$VX_O/tools/vxkern_inlet" "/t/build/tools/vxkern_inlet"
testhost_boot "$1" 160 /t/tests/kernel/inner/inlet || die "on kernel $1: see above"
