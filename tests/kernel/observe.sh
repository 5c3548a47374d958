#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# observe.sh KERNEL: what is seen of a port of the module: frames at the guest ring, losses that add up, its workers' CPU.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools ip tc bridge ethtool sysctl nsenter find awk sed grep id cmp sort tr wc tcpdump timeout
testhost_tree
clang -O2 -g -target bpf "-I$VX_TOP/include" -I/usr/include/x86_64-linux-gnu -c "$VX_TOP/tests/lib/closed.bpf.c" -o "$W/closed.o"
testhost_file "$W/closed.o" /t/built/closed.o
TH_MEM=1G testhost_boot "$1" 280 /t/tests/kernel/inner/observe || die "on kernel $1: see above"
