# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Guests inside a test host, under a QEMU that runs there. To boot one would take minutes: QEMU is itself emulated. So a
# guest is booted and saved outside (tests/lib/mksaved), and inside it is only continued, as after a migration: by any
# QEMU, as long as the machine is the same. Its shell and monitor are used as tests/lib/guest.sh says (guest_run, guest_qmp).
#
# Its eth0 is up with this MAC and address, so it answers as soon as it goes on; see nested_net.
NESTED_MAC=52:54:00:00:a1:17 NESTED_IP=10.9.0.11

# What the guest's driver negotiated is what a backend without offloads offers. For more of it, let the driver look again:
# nested_rebind NAME.

VX_SAVED=${VX_SAVED:-$VX_O/guest/saved/state}

# nested_machine NAME: the words that make the machine, in the array "machine".
nested_machine() {
	rm -f "$W/$1.qmp" "$W/$1.shell"
	machine=(-accel tcg -cpu qemu64 -M pc-i440fx-7.2 -m 128M -nodefaults -no-user-config -display none -no-reboot
		-serial "file:$W/$1.console"
		-chardev "socket,id=shell,path=$W/$1.shell,server=on,wait=off" -serial chardev:shell
		-qmp "unix:$W/$1.qmp,server=on,wait=off")
}

# What a device must say to be the one that was saved.
NESTED_NIC=virtio-net-pci,id=nic,addr=4,romfile=,queue_reset=off,mac=$NESTED_MAC

# nested_start NAME QEMU NETDEV [PROPERTIES [QEMU-ARGUMENTS...]]: continue the guest under QEMU (qemu-system-x86_64, qemu10).
# NETDEV is what follows "-netdev", without an id: "tap,fd=5,vhost=on,vhostfd=6". One that inherits fds: {fd}<>/dev/..., then this.
nested_start() {
	local name=$1 qemu=$2 netdev=$3 properties=${4:-} machine
	shift $(($# < 4 ? $# : 4))
	nested_machine "$name"
	spawn "$name" "$qemu" "${machine[@]}" -netdev "${netdev%%,*},id=n$([[ $netdev != *,* ]] || echo ",${netdev#*,}")" \
		-device "$NESTED_NIC,netdev=n${properties:+,$properties}" -incoming "exec:cat $VX_SAVED" "$@"
}

# nested_net NAME [ADDRESS/LEN [MAC]]: set up its eth0, anew after nested_rebind.
nested_net() {
	guest_run "$1" "ip addr flush dev eth0; ip link set eth0 ${3:+address $3 }up && ip addr add ${2:-$NESTED_IP/24} dev eth0"
}

# nested_rebind NAME: the guest's driver gives its device back, resets it and starts again, with all that is offered now.
nested_rebind() {
	guest_run "$1" 'cd /sys/bus/virtio/drivers/virtio_net && echo virtio0 >unbind && echo virtio0 >bind'
}
