#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# tap.sh KERNEL: a data fd in every shape of use, and while its port comes and goes; what a VMM that withholds memory, and others
# that do something with ports at the same time, may not break.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools insmod rmmod sleep timeout
for tool in vxkern_tap vxkern_taplife vxkern_patient vxkern_beside; do
	testhost_file "$VX_O/tools/$tool" "/t/build/tools/$tool"
done
testhost_boot "$1" 220 /t/tests/kernel/inner/tap || die "on kernel $1: see above"
