#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# As nic-e1000e.sh, on a NIC whose driver has native XDP.
exec "$(dirname "$(readlink -f "$0")")/nic-e1000e.sh" virtio-net-pci,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off native
