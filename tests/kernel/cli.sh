#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 600
#
# cli.sh KERNEL: the command line of the kernel engine, from "port add" to "port del", with everything in its way.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools ip tc bridge ethtool sysctl nsenter unshare umount mount timeout diff bpftool find awk sed grep id
testhost_tree
testhost_qemu
testhost_file "$VX_TOP/tests/netns/cli-common" /t/tests/netns/cli-common
testhost_boot "$1" 570 /t/tests/kernel/inner/cli || die "on kernel $1: see above"
