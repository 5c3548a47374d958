#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Help, version, global options, exit codes; no root, no bpffs; doctor.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"

step "help"
for object in doctor uplink port serve policy stats; do
	has "$(vx help)" "  $object "
	ok help $object
	has "$(cat "$W/out")" "vhost-xdp $object"
	ok $object --help
	ok $object help
	has "$(tr '\n' ' ' <"$VX_TOP/user/vhost-xdp.8" | sed 's/\\f[BR]//g')" "vhost-xdp $object"
done
ok --help
ok port add --help
ok help
ok version
has "$(cat "$W/out")" "vhost-xdp $(cat "$VX_TOP/include/vhost_xdp/VERSION")"
ok --version
ok ver
refuse 2 "there is no object 'frob'" frob
refuse 2 "there is no object 'frob'" help frob
rc=0
vx >"$W/out" 2>&1 || rc=$?
[ $rc -eq 2 ] || die "no words: exit status $rc"
rc=0
vx --frob >"$W/out" 2>&1 || rc=$?
[ $rc -eq 2 ] || die "an unknown option: exit status $rc"
ok -j port list
ok port -j list
ok port list --json
[ "$(cat "$W/out")" = "[]" ] || die "not JSON"

step "output that cannot be written is a failure"
rc=0
vx help >/dev/full 2>"$W/err" || rc=$?
[ $rc -eq 1 ] || die "exit status $rc"
has "$(cat "$W/err")" "cannot write to standard output"

step "no root"
cp "$VHOST_XDP" "$W/vx"
chmod 755 "$W" "$W/vx"
for words in "uplink add lo" "uplink list" "port add vm1 mac 52:54:00:00:00:01 uplink lo" "port list" "policy list" "stats"; do
	rc=0
	# shellcheck disable=SC2086 # words are meant
	err=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$W/vx" $words 2>&1) || rc=$?
	[ $rc -eq 1 ] || die "$words: exit status $rc"
	has "$err" "this needs root; run it with sudo"
done
rc=0
out=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$W/vx" doctor 2>&1) || rc=$?
[ $rc -eq 1 ] || die "doctor: exit status $rc"
has "$out" "fail  root"

step "no bpffs"
umount /sys/fs/bpf
for words in "uplink add lo" "uplink list" "port del vm1" "policy list" "stats"; do
	# shellcheck disable=SC2086
	refuse 1 "no bpffs at /sys/fs/bpf; mount it: mount -t bpf bpf /sys/fs/bpf" $words
done
rc=0
out=$(vx doctor 2>&1) || rc=$?
[ $rc -eq 1 ] || die "doctor: exit status $rc"
has "$out" "fail  bpffs"
mount -t bpf bpf /sys/fs/bpf

step "doctor"
wire_up
before=$(snapshot)
vx doctor wire >"$W/out" 2>&1 || die "$(cat "$W/out")"
cat "$W/out"
grep -vE '^(ok|warn) ' "$W/out" && die "a line without a grade"
for word in kernel BPF bpffs AF_XDP memlock module engine "libxdp dispatcher" pins "native XDP" rxvlan "far end" MTU; do
	has "$(cat "$W/out")" "$word"
done
has "$(vx -j doctor wire)" '"grade": "ok"'
refuse 2 "takes one netdev" doctor wire far
rc=0
err=$(vx doctor nope 2>&1 >/dev/null) || rc=$?
[ $rc -eq 1 ] || die "exit status $rc"
has "$err" "there is no netdev nope"
ethtool -K far tx on >/dev/null 2>&1
has "$(vx doctor wire)" "ethtool -K far tx off txvlan off"
ethtool -K far tx off gro off >/dev/null 2>&1
vx doctor wire | grep -qE '^warn .*(redirect to it|does not say)' ||
	die "nobody says that nothing can be redirected"
[ "$(snapshot | grep -v 'far\|large\|segm\|checks\|vlan')" = "$(echo "$before" | grep -v 'far\|large\|segm\|checks\|vlan')" ] || die "it changed something"
