#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Pins that are not, or no longer, what they seem: of another network namespace, another version, a dead run.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
P=/sys/fs/bpf/vhost-xdp

step "another network namespace does not touch our pins"
ok uplink add wire
ok port add vm1 mac 52:54:00:00:00:01 uplink wire policy allow
elsewhere() {
	local err rc=0
	err=$(unshare -n "$VHOST_XDP" "$@" 2>&1 >/dev/null) || rc=$?
	echo "$err"
	[ "$rc" -eq 1 ] || die "exit status $rc"
	has "$err" "belong to another network namespace or to a dead run"
	has "$err" "rm -r $P"
}
before=$(snapshot)
elsewhere uplink add lo
elsewhere port add vm2 mac 52:54:00:00:00:02 uplink wire
elsewhere port del vm1
elsewhere uplink del wire force
elsewhere port list
elsewhere policy list
elsewhere stats
[ "$(snapshot)" = "$before" ] || die "something was changed"

step "a bpffs of its own is the other way"
mkdir "$W/bpffs"
mount -t bpf bpf "$W/bpffs"
VHOST_XDP_BPFFS=$W/bpffs ok uplink list
VHOST_XDP_BPFFS=$W/bpffs ok uplink add far
[ -d "$W/bpffs/vhost-xdp/uplinks/far" ] || die "not in that bpffs"
VHOST_XDP_BPFFS=$W/bpffs ok uplink del far
[ ! -e "$W/bpffs/vhost-xdp" ] || die "pins are left"
umount "$W/bpffs"

step "a port whose netdevs were deleted"
ip link del vm1
has "$(vx port list)" gone
refuse 1 "port vm1 is left from a dead run, its netdevs are gone; clean up first: vhost-xdp port del vm1" \
	port add vm1 mac 52:54:00:00:00:01 uplink wire policy allow
ok port del vm1
[ -z "$(vx port list)" ] || die "it is still there"
ok port add vm1 mac 52:54:00:00:00:01 uplink wire policy allow
ok port del vm1

step "maps of another shape"
mv $P/v1/vx_owner $P/v1/saved
bpftool map create $P/v1/vx_owner type array key 4 value 16 entries 1 name vx_owner
refuse 1 "of another version of vhost-xdp" port list
refuse 1 "of another version of vhost-xdp" uplink del wire
rm $P/v1/vx_owner
refuse 1 "incomplete, from a dead run; remove them: rm -r $P" uplink add wire
mv $P/v1/saved $P/v1/vx_owner
ok uplink del wire

step "programs of a run that was killed are loaded anew"
ok policy load "$VX_O/bpf/policy_allow.bpf.o"
rm $P/progs/vx_host_end
ok uplink add wire
pinned progs/vx_host_end || die "it was not"
ok uplink del wire
[ ! -e $P ] || die "pins are left"

step "rm -r is enough, and what is attached is told"
ok uplink add wire
rm -r $P
err=$(vx uplink add wire 2>&1) && die "two steering programs on one netdev"
echo "$err"
has "$err" "already has an XDP program"
ip link set dev wire xdp off
ok uplink add wire
ok uplink del wire
has_not "$(tc qdisc show dev wire)" clsact
