#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# Every test of the BPF plane once more, inside a guest with Debian 12's own kernel: its verifier is less clever than
# the running kernel's may be, and so are its veth and its AF_XDP. Policies are built there as the contract says, for
# the compiler's default BPF version.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"

tests=()
for t in "$VX_TOP"/tests/bpf/test_*.c; do
	tests+=("$(basename "${t%.c}")")
done
kernel=$VX_O/guest/cloud
[ -s "$kernel/vmlinuz" ] || run "$VX_TOP/tests/lib/mkguest" || skip "no kernel to boot"

step "an archive with the tests and what they call"
R=$W/root
mkdir -p "$R/h/bin" "$R/t/tests/bpf" "$R/t/bpf" "$R/t/policies"
libraries() {
	{ ldd "$1" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r lib; do
		[ -e "$R$lib" ] || install -D "$lib" "$R$lib"
	done
}
for b in ip ethtool nsenter ping bash bpftool; do
	install "$(command -v $b)" "$R/h/bin/$b"
	libraries "$R/h/bin/$b"
done
for t in "${tests[@]}"; do
	[ -x "$VX_O/tests/bpf/$t" ] || die "$t is not built"
	install "$VX_O/tests/bpf/$t" "$R/t/tests/bpf/"
	libraries "$VX_O/tests/bpf/$t"
done
cp "$VX_O"/bpf/*.bpf.o "$R/t/bpf/"
for p in "$VX_TOP"/bpf/policy_*.bpf.c "$VX_TOP"/bpf/examples/*.bpf.c; do
	clang -O2 -g -target bpf -I"$VX_TOP/include" -I/usr/include/x86_64-linux-gnu -c "$p" -o "$R/t/policies/$(basename "${p%.bpf.c}").o"
done

cat >"$R/job" <<'JOB'
#!/h/bin/bash
exec >/dev/ttyS0 2>&1
ln -sf /h/bin/bash /bin/sh
export PATH=/h/bin:$PATH
uname -r
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs run /run
failed=0
for t in /t/tests/bpf/*; do
	"$t" >/tmp/log 2>&1 </dev/null
	rc=$?
	grep -v -e '^\[ RUN' -e ' OK \]' /tmp/log | tail -n 12
	echo "$(basename "$t"): exit $rc"
	[ $rc -eq 0 ] || failed=1
done
V=/sys/fs/bpf/v1
bpftool prog loadall /t/bpf/vx_port.bpf.o /sys/fs/bpf/progs pinmaps $V || failed=1
for o in vx_loss vx_ring; do
	bpftool prog loadall /t/bpf/$o.bpf.o /sys/fs/bpf/$o >/tmp/log 2>&1 || { grep -v -e '^[0-9]*: ' -e '^;' /tmp/log | tail -n 12; failed=1; }
done
for p in /t/policies/*.o /t/bpf/policy_*.bpf.o; do
	bpftool prog load $p /sys/fs/bpf/p map name vx_policy_v1 pinned $V/vx_policy_v1 map name vx_frame_v1 pinned $V/vx_frame_v1 >/tmp/log 2>&1 ||
		{ tail -n 5 /tmp/log; failed=1; }
	rm -f /sys/fs/bpf/p
done
echo "guest verdict: $failed"
JOB
chmod +x "$R/job"
(cd "$R" && find . | cpio -o -H newc --quiet -R 0:0) | gzip -1 >"$W/more"
cat "$kernel/initrd" "$W/more" >"$W/initrd"
rm -rf "$R" "$W/more"

step "boot"
timeout -s KILL $((240 * ${VX_TIME:-1})) qemu-system-x86_64 -accel tcg -cpu max,-cx16 -m 768M -nodefaults -no-user-config -display none -no-reboot \
	-kernel "$kernel/vmlinuz" -initrd "$W/initrd" -serial "file:$W/console" \
	-append "console=ttyS0 quiet panic=-1 panic_on_warn=1 no_timer_check tsc=reliable" </dev/null || { tail -n 20 "$W/console"; die "the guest did not end"; }
tr -cd '\11\12\40-\176' <"$W/console"
# The last line of the job: a guest that hangs or panics does not write it.
grep -q 'guest verdict: 0' "$W/console" || die "not all passed on the older kernel"
