# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A host of the tests' own: a Debian kernel under QEMU, with our programs and the tools that they are used with. For what
# namespaces of this machine cannot show: the kernel module, other kernels, and NICs that behave like hardware.
#
# Inside, the tree is /t (built in /t/build), PATH has the tools, and bpffs and /run are mounted as tests/lib/isolated does.
#	TH_MEM=768M TH_SMP=2	size of the host
#	TH_APPEND=		more of the kernel's command line
#	TH_SHOW=1		its output while it runs, not at the end

TH=${W}/testhost-root

# testhost_file FILE [PATH-INSIDE]: a file, and the libraries that it is linked with.
testhost_file() {
	local lib
	[ -e "$1" ] || die "$1 is missing, the test host needs it"
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
	testhost_lib
	# libxdp loads its dispatcher from where the distribution put it
	for f in /usr/lib/*/bpf/xdp-dispatcher.o; do
		testhost_file "$f"
	done
}

# The scripts that tests share, and those that run in test hosts of the module.
testhost_lib() {
	local f
	for f in "$VX_TOP"/tests/lib/* "$VX_TOP"/tests/kernel/inner/*; do
		[ ! -f "$f" ] || testhost_file "$f" "/t/${f#"$VX_TOP/"}"
	done
	testhost_file "$VX_TOP/include/vhost_xdp/VERSION" /t/include/vhost_xdp/VERSION
}

# testhost_qemu [10]: this machine's QEMU as /h/bin/qemu-system-x86_64, or one of the next Debian as /h/bin/qemu10.
testhost_qemu() {
	local f name
	if [ "${1-}" = 10 ]; then
		f=$VX_O/qemu/10
		[ -e "$f/stamp" ] || die "no QEMU 10 in $f; run: tests/lib/mkqemu 10"
		mkdir -p "$TH/h/bin"
		cp -R "$f" "$TH/h/qemu10"
		ln -s ../qemu10/run "$TH/h/bin/qemu10"
		return
	fi
	# It looks for the rest relative to where it is, and Debian builds its TCG as a module.
	testhost_file "$(readlink -f "$(command -v qemu-system-x86_64)")" /usr/bin/qemu-system-x86_64
	for f in /usr/lib/*/qemu/accel-tcg-x86_64.so /usr/lib/*/qemu/accel-qtest-x86_64.so; do
		[ ! -e "$f" ] || testhost_file "$f"
	done
	for name in $("$VX_TOP/tests/lib/deps" --firmware); do
		for f in /usr/share/{qemu,seabios}/"$name" "/usr/lib/ipxe/qemu/$name"; do
			[ ! -e "$f" ] || testhost_file "$f" "/usr/share/qemu/$name"
		done
	done
}

# A guest for that QEMU, and what talks to it: see tests/lib/nested.sh. TH_MEM=1G is then needed, or more.
testhost_guest() {
	[ -s "$VX_O/guest/saved/state" ] || die "no saved guest; run: tests/lib/mksaved"
	testhost_file "$VX_O/guest/saved/state" /t/build/guest/saved/state
	testhost_file "$VX_O/tools/ask" /t/build/tools/ask
}

# testhost_boot KERNEL SECONDS SCRIPT [QEMU's words...]: run SCRIPT, a path inside and its words, as the only job of a host;
# its output is printed. KERNEL is what tests/lib/mkguest makes; one for the module (6.1, 6.12, 7) brings the module as
# /t/build/vhost_xdp.ko. True only if SCRIPT ended with 0 and tests/lib/testhost-job found nothing wrong afterwards: the
# verdict comes over a serial port of its own, so a host that hangs, warns or panics is a failure by silence.
testhost_boot() {
	local kernel=$1 seconds=$2 script=$3 tool tsc='' show before=$SECONDS
	shift 3
	run "$VX_TOP/tests/lib/mkguest" "$kernel" || skip "no kernel to boot"
	case $kernel in
	[0-9]*)
		[ -s "$VX_O/module/$kernel/vhost_xdp.ko" ] || die "no module for kernel $kernel; run: make module KERNEL=$kernel"
		testhost_file "$VX_O/module/$kernel/vhost_xdp.ko" /t/build/vhost_xdp.ko
		# twelve megabytes that insmod would read each time
		strip --strip-debug "$TH/t/build/vhost_xdp.ko" ;;
	esac
	for tool in bash ip; do
		[ -e "$TH/h/bin/$tool" ] || testhost_tools "$tool"
	done
	testhost_lib
	mkdir -p "$TH/etc"
	echo "root:x:0:0::/root:/bin/sh
nobody:x:65534:65534::/:/bin/false" >"$TH/etc/passwd"
	echo "root:x:0:
nogroup:x:65534:" >"$TH/etc/group"
	printf '#!/h/bin/bash\n. /t/tests/lib/testhost-job %s\n' "$script" >"$TH/job"
	chmod +x "$TH/job"
	# What is large is not compressed: unpacking is slow in there.
	zcat "$VX_O/guest/$kernel/initrd" >"$W/testhost.initrd"
	(cd "$TH" && find . | cpio -o -H newc --quiet -R 0:0) >>"$W/testhost.initrd"
	rm -rf "$TH"
	rm -f "$W/testhost.console" "$W/testhost.status"

	# On a busy machine it would measure a wrong speed for its clock.
	[ ! -x "$VX_O/tools/tsckhz" ] || tsc=tsc_early_khz=$("$VX_O/tools/tsckhz")
	step "a test host: kernel $kernel, $*"
	spawn testhost timeout -s KILL "$((seconds * ${VX_TIME:-1}))" qemu-system-x86_64 -accel tcg,thread=single -cpu max,-cx16 -smp "${TH_SMP:-2}" \
		-m "${TH_MEM:-768M}" -nodefaults -no-user-config -display none -no-reboot \
		-kernel "$VX_O/guest/$kernel/vmlinuz" -initrd "$W/testhost.initrd" \
		-append "console=ttyS0 quiet panic=-1 panic_on_warn=1 oops=panic no_timer_check tsc=reliable $tsc log_buf_len=1M ${TH_APPEND-}" \
		-serial "file:$W/testhost.console" -serial "file:$W/testhost.status" "$@"
	if [ -n "${TH_SHOW-}" ]; then
		tail -n +1 -F --pid="$SPAWNED" "$W/testhost.console" 2>/dev/null | sed -u 's/[^[:print:]\t]//g' &
		show=$!
	fi
	wait "$SPAWNED" || echo "QEMU did not end by itself within $seconds s"
	rm -f "$W/testhost.pid"
	if [ -n "${TH_SHOW-}" ]; then
		wait "$show" || true
	else
		tr -cd '\11\12\40-\176' <"$W/testhost.console" || true
	fi
	rm -f "$W/testhost.initrd"
	echo "# $((SECONDS - before)) s"
	grep -q '^status 0' "$W/testhost.status" 2>/dev/null
}
