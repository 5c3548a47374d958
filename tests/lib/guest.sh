# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# QEMU guests on vhost-user sockets. A guest is a name: its files are $W/NAME.*

VX_ACCEL=${VX_ACCEL:-tcg}

# KVM can be present and useless (nested and switched off, or too slow to boot): believe only a guest that came up.
guest_pick_accel() {
	VX_ACCEL=tcg
	[ -w /dev/kvm ] || return 0
	grep -qwE 'vmx|svm' /proc/cpuinfo || return 0
	spawn kvm-trial timeout -s KILL 15 qemu-system-x86_64 -accel kvm -cpu host -m 192M -nodefaults -display none -no-user-config \
		-no-reboot -kernel "$VX_O/guest/cloud/vmlinuz" -initrd "$VX_O/guest/cloud/initrd" \
		-append "quiet reboot=t panic=-1 console=ttyS0" -serial "file:$W/kvm-trial.console" \
		-serial "file:$W/kvm-trial.ready"
	if wait_until 12 "a guest on KVM" grep -q "guest ready" "$W/kvm-trial.ready" 2>/dev/null; then
		VX_ACCEL=kvm
	fi
	stop kvm-trial KILL || true
}

# guest_with FILE...: guests have these as well, under the same names, with the libraries that they need: sets VX_GUEST_INITRD.
guest_with() {
	local root=$W/guest.root file lib
	for file in "$@"; do
		install -D "$file" "$root$file"
		{ ldd "$file" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r lib; do
			[ -e "$root$lib" ] || install -D "$lib" "$root$lib"
		done
	done
	VX_GUEST_INITRD=$W/guest.initrd
	# Not compressed: unpacking is slow under emulation.
	zcat "$VX_O/guest/cloud/initrd" >"$VX_GUEST_INITRD"
	(cd "$root" && find . | cpio -o -H newc --quiet -R 0:0) >>"$VX_GUEST_INITRD"
	rm -rf "$root"
}

# guest_start NAME SOCKET|port:PORT MAC ADDRESS/LEN [QUEUES [DEVICE-PROPERTIES [QEMU-ARGUMENTS...]]]
# DEVICE-PROPERTIES go to virtio-net-pci, e.g. "packed=on,mrg_rxbuf=off"
guest_start() {
	local name=$1 socket=$2 mac=$3 address=$4 queues=${5:-1} properties=${6:-} cpu="max,-cx16"
	shift $(($# < 6 ? $# : 6))
	[ "$VX_ACCEL" = kvm ] && cpu=host
	rm -f "$W/$name.qmp" "$W/$name.shell"
	# Without vectors=0 QEMU 7.2 crashes on vhost-user under TCG.
	local netdev="vhost-user,id=n,chardev=c,queues=$queues" vmm=(qemu-system-x86_64)
	local chardev=(-chardev "socket,id=c,path=$socket${VX_GUEST_RECONNECT:+,reconnect=1}")
	if [[ $socket == port:* ]]; then
		# QEMU's own sockets are made by the user that it becomes
		chmod 1777 "$W"
		netdev="tap,id=n,fds={fds},vhost=on,vhostfds={vhostfds}" chardev=()
		vmm=(vhost-xdp port run "${socket#port:}" -- qemu-system-x86_64)
		[ "$VX_ACCEL" != kvm ] || vmm=(vhost-xdp port run "${socket#port:}" group kvm -- qemu-system-x86_64)
	fi
	spawn "$name" "${vmm[@]}" -name "$name" -nodefaults -no-user-config -display none -M pc,memory-backend=m \
		-accel "$VX_ACCEL" -cpu "$cpu" -m "${VX_GUEST_MEM:-192M}" \
		-object "memory-backend-memfd,id=m,size=${VX_GUEST_MEM:-192M},share=on" \
		-kernel "$VX_O/guest/cloud/vmlinuz" -initrd "${VX_GUEST_INITRD:-$VX_O/guest/cloud/initrd}" \
		-append "console=ttyS0 quiet panic=-1 no_timer_check tsc=reliable ${VX_GUEST_APPEND:-} vx.net=$address@0" \
		-serial "file:$W/$name.console" \
		-chardev "socket,id=shell,path=$W/$name.shell,server=on,wait=off" -serial chardev:shell \
		-qmp "unix:$W/$name.qmp,server=on,wait=off" \
		"${chardev[@]}" -netdev "$netdev" \
		-device "virtio-net-pci,id=nic,netdev=n,mac=$mac,vectors=0$([ "$queues" -gt 1 ] && echo ,mq=on)${properties:+,$properties}" "$@"
}

# guest_run NAME COMMAND: run COMMAND in the guest's shell, print its output, return its status. VX_GUEST_TIMEOUT bounds it.
guest_run() {
	ask "$W/$1.shell" "${VX_GUEST_TIMEOUT:-30}" shell "$2"
}

guest_wait() {
	local end=$((SECONDS + ${2:-60})) pid
	until VX_GUEST_TIMEOUT=1 guest_run "$1" true >/dev/null 2>&1; do
		pid=$(cat "$W/$1.pid" 2>/dev/null) && kill -0 "$pid" 2>/dev/null || { echo "guest $1: QEMU ended" >&2; return 1; }
		[ "$SECONDS" -lt "$end" ] || { echo "guest $1 did not boot" >&2; tail -n 5 "$W/$1.console" >&2; return 1; }
	done
}

# guest_qmp NAME JSON...: prints the answers; fails on the first error.
guest_qmp() {
	local name=$1
	shift
	ask "$W/$name.qmp" 10 qmp "$@"
}

guest_stop() {
	stop "$1" "${2:-TERM}" 10
	rm -f "$W/$1.qmp" "$W/$1.shell"
}
