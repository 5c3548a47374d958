#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 420
#
# policy.sh KERNEL: policies on that kernel. The manual's and the README's bpftool commands as they stand, the printed ones,
# versions and rollback, "policy check" of everything shipped; then swaps under load with the module.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

testhost_tools ip tc bridge ethtool sysctl nsenter bpftool find awk sed grep diff timeout
testhost_tree
testhost_file "$VX_O/tools/polswap" /t/build/tools/polswap
for f in README.md user/vhost-xdp-policy.7 tests/netns/cli-common; do testhost_file "$VX_TOP/$f" "/t/$f"; done
for f in "$VX_O"/bpf/examples/*.bpf.o; do testhost_file "$f" "/t/build/bpf/examples/$(basename "$f")"; done

# There is no compiler in there: what it would make of the manual's sources comes along.
built() {
	local source=$1 object=$2
	shift 2
	clang -O2 -g -target bpf "-I$VX_TOP/include" -I/usr/include/x86_64-linux-gnu "$@" -c "$VX_TOP/tests/lib/$source.bpf.c" -o "$W/$object.o"
	testhost_file "$W/$object.o" "/t/built/$object.o"
}
built my my
built my my2 -DCLOSED=80
built my wide -DRULES=8
for name in marked_a marked_b closed ruled; do built $name $name; done
TH_MEM=1G testhost_boot "$1" 400 /t/tests/kernel/inner/policy || die "on kernel $1: see above"
