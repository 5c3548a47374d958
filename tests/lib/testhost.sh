# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A host of the tests' own: a Debian kernel under QEMU, with our programs and the tools that they are used with. For what
# namespaces of this machine cannot show: NICs that behave like hardware.
#
# Inside, the tree is /t (built in /t/build), PATH has the tools, and bpffs and /run are mounted as tests/lib/isolated does.

TH=${W}/testhost-root

# testhost_file FILE [PATH-INSIDE]: a file, and the libraries that it is linked with.
testhost_file() {
	local lib
	install -D "$1" "$TH${2:-$1}"
	{ ldd "$1" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r lib; do
		[ -e "$TH$lib" ] || install -D "$lib" "$TH$lib"
	done
}

testhost_tools() {
	local tool
	for tool in "$@"; do
		testhost_file "$(command -v "$tool")" "/h/bin/$tool"
	done
}

testhost_tree() {
	local f
	for f in vhost-xdp tools/seqflow tools/vufront; do
		testhost_file "$VX_O/$f" "/t/build/$f"
	done
	for f in "$VX_O"/bpf/*.bpf.o; do
		testhost_file "$f" "/t/build/bpf/$(basename "$f")"
	done
	for f in "$VX_TOP"/tests/lib/*; do
		testhost_file "$f" "/t/tests/lib/$(basename "$f")"
	done
	# libxdp loads its dispatcher from where the distribution put it
	for f in /usr/lib/*/bpf/xdp-dispatcher.o; do
		testhost_file "$f"
	done
}

# testhost_boot FLAVOUR SECONDS SCRIPT [QEMU's words...]: run SCRIPT, a path inside, as the only job of a host; its output is
# printed. True only if SCRIPT ended with 0: its status comes over a serial port of its own, so a host that hangs, warns
# or panics is a failure by silence.
testhost_boot() {
	local flavour=$1 seconds=$2 script=$3 kernel
	shift 3
	kernel=$VX_O/guest/$flavour
	run "$VX_TOP/tests/lib/mkguest" "$flavour" || skip "no kernel to boot"
	mkdir -p "$TH/etc"
	echo "root:x:0:0::/root:/bin/sh
nobody:x:65534:65534::/:/bin/false" >"$TH/etc/passwd"
	echo "root:x:0:
nogroup:x:65534:" >"$TH/etc/group"
	cat >"$TH/job" <<-JOB
		#!/h/bin/bash
		exec >/dev/ttyS0 2>&1
		export PATH=/t/build:/t/build/tools:/h/bin:\$PATH O=build W=/run/t HOME=/root
		ln -sf /h/bin/bash /bin/bash
		uname -r
		mount -t bpf bpf /sys/fs/bpf
		mount -t tmpfs -o mode=755 run /run
		mkdir -p /run/t /run/netns
		$script
		echo "status \$?" >/dev/ttyS1
	JOB
	chmod +x "$TH/job"
	(cd "$TH" && find . | cpio -o -H newc --quiet -R 0:0) | gzip -1 >"$W/testhost.more"
	cat "$kernel/initrd" "$W/testhost.more" >"$W/testhost.initrd"
	rm -rf "$TH" "$W/testhost.more"

	step "a test host: kernel $flavour, $*"
	spawn testhost timeout -s KILL "$seconds" qemu-system-x86_64 -accel tcg -cpu max,-cx16 -smp 2 -m 768M -nodefaults \
		-no-user-config -display none -no-reboot -kernel "$kernel/vmlinuz" -initrd "$W/testhost.initrd" \
		-append "console=ttyS0 quiet panic=-1 panic_on_warn=1 no_timer_check tsc=reliable" \
		-serial "file:$W/testhost.console" -serial "file:$W/testhost.status" "$@"
	wait "$SPAWNED" || echo "QEMU did not end by itself within $seconds s"
	rm -f "$W/testhost.pid"
	tr -cd '\11\12\40-\176' <"$W/testhost.console"
	rm -f "$W/testhost.initrd"
	grep -q '^status 0' "$W/testhost.status"
}
