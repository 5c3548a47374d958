#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# nic-e1000e.sh [QEMU-DEVICE [MODE]]: an uplink that behaves like hardware, where veth does not: it filters unicast addresses
# and VLANs, strips tags, and carries the host's own traffic. By default an Intel NIC, whose driver has no XDP of its own.
#
# The NIC is in a test host; the wire is another NIC of it, in the namespace "wire", on the same QEMU hub.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/testhost.sh"

device=${1:-e1000e} mode=${2:-generic}
testhost_tools bash ip tc bridge ethtool nsenter ping timeout diff
testhost_tree
testhost_boot full 270 "/t/tests/lib/nic-host $mode" \
	-netdev hubport,id=up,hubid=0 -device "$device,netdev=up,mac=02:00:00:00:00:02" \
	-netdev hubport,id=wire,hubid=0 -device virtio-net-pci,netdev=wire,mac=02:00:00:00:00:01 ||
	die "on $device: see above"
