#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# Steering beside another XDP program under the libxdp dispatcher: either may come and go. Where this kernel refuses
# freplace, which the dispatcher needs, all of it runs in a test host with Debian's kernel.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"

dispatcher_works() { vx doctor | grep -q "^ok *libxdp dispatcher"; }

elsewhere() {
	local f
	. "$VX_TOP/tests/lib/testhost.sh"
	testhost_tools bash ip tc ethtool xdp-filter xdp-loader
	testhost_tree
	for f in cli-common cli-dispatcher.sh; do
		testhost_file "$VX_TOP/tests/netns/$f" "/t/tests/netns/$f"
	done
	for f in /usr/lib/*/bpf/xdpfilt_*.o; do
		testhost_file "$f"
	done
	testhost_boot cloud 210 "/t/tests/netns/cli-dispatcher.sh here" || die "in the test host: see above"
}

command -v xdp-filter >/dev/null || skip "no xdp-filter here"
if [ "${1-}" != here ] && ! dispatcher_works; then
	elsewhere
	exit 0
fi
dispatcher_works || die "$(vx doctor)"
wire_up

under() { xdp-loader status wire | grep -c "$1" || true; }

step "ours first"
ok uplink add wire
has "$(vx uplink list)" "dispatcher (1 program)"
run xdp-filter load wire -m native
has "$(vx uplink list)" "dispatcher (2 programs)"
has "$(vx uplink list)" " up "
run xdp-filter unload wire
has "$(vx uplink list)" "dispatcher (1 program)"
ok uplink del wire
[ "$(under vx_steer)" = 0 ] || die "ours is still there"

step "the other first"
run xdp-filter load wire -m native
ok uplink add wire
has "$(vx uplink list)" "dispatcher (2 programs)"
ok uplink del wire
[ "$(under vx_steer)" = 0 ] || die "ours is still there"
[ "$(under xdpfilt)" = 1 ] || die "the other is gone"
run xdp-filter unload wire

step "the filter judges first, then steering"
run xdp-filter load wire -m native -f ethernet
ok uplink add wire
order=$(xdp-loader status wire | grep -o 'xdpfilt[a-z_]*\|vx_steer' | tr '\n' ' ')
[[ $order == xdpfilt*vx_steer* ]] || die "order: $order"
ok uplink del wire
run xdp-filter unload wire
