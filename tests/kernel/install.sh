#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 400
# KERNELS: 6.12
#
# install.sh KERNEL: the README's ways to install the module, for a kernel that was fetched: DKMS builds, signs and installs it,
# and takes it away again; "make modules_install" does so by hand. It is the module that the other tests load.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"

[ "${2-}" = inside ] || exec unshare --mount --propagation private "$0" "$1" inside
kernel=$1
release=$(cat "$VX_O/kernels/$kernel/release")
version=$(cat "$VX_TOP/include/vhost_xdp/VERSION")
tested=$(modinfo -F srcversion "$VX_O/module/$kernel/vhost_xdp.ko")
[ -n "$tested" ] || die "the module of kernel $kernel says no srcversion"

made=()
at_exit unmake
unmake() {
	local dir
	for dir in "${made[@]}"; do
		umount -l "$dir"
		rmdir "$dir"
	done
}

# What is installed here is seen by this process and its children only.
for dir in /usr/src /var/lib/dkms /lib/modules; do
	if [ ! -d "$dir" ]; then
		mkdir "$dir"
		made+=("$dir")
	fi
	mkdir -p "$W$dir"
	mount --bind "$W$dir" "$dir"
done
mkdir -p "/lib/modules/$release"
ln -s "$VX_O/kernels/$kernel/headers" "/lib/modules/$release/build"

same_module() {
	local file
	file=$(modinfo -b / -k "$release" -F filename vhost_xdp) || die "modprobe would not find the module after $1"
	case $file in
	*/lib/modules/"$release"/updates/*) ;;
	*) die "$1 put the module to $file" ;;
	esac
	[ "$(modinfo -F srcversion "$file")" = "$tested" ] || die "$1 installed another module than the one that is tested"
	[ "$(modinfo -F vermagic "$file" | cut -d' ' -f1)" = "$release" ] || die "$1 built for $(modinfo -F vermagic "$file")"
}

step "DKMS"
make -s -C "$VX_TOP" O="$VX_O" dkms-install
[ -s "/usr/src/vhost-xdp-$version/dkms.conf" ] || die "dkms-install left no dkms.conf"
dkms install "vhost-xdp/$version" -k "$release" >"$W/dkms.out" 2>&1 || {
	cat "$W/dkms.out" "/var/lib/dkms/vhost-xdp/$version/build/make.log"
	die "dkms install failed"
}
same_module "dkms install"
signer=$(modinfo -b / -k "$release" -F signer vhost_xdp)
[ -n "$signer" ] || { cat "$W/dkms.out"; die "DKMS did not sign the module"; }
[ -s /var/lib/dkms/mok.pub ] || die "there is no key to enroll"
dkms status vhost-xdp | grep -q "$release.*installed" || die "dkms status: $(dkms status vhost-xdp)"
dkms remove "vhost-xdp/$version" --all >"$W/dkms.out" 2>&1 || { cat "$W/dkms.out"; die "dkms remove failed"; }
! modinfo -b / -k "$release" vhost_xdp >"$W/left" 2>&1 || die "dkms remove left the module: $(cat "$W/left")"

step "make modules_install"
make -s -C "$VX_TOP" O="$VX_O" KDIR="/lib/modules/$release/build" modules_install >"$W/install.out" 2>&1 || {
	cat "$W/install.out"
	die "make modules_install failed"
}
same_module "make modules_install"
echo "the module of kernel $release: DKMS (signed by: $signer) and make modules_install"
