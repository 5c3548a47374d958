#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 240
#
# A command that fails or is interrupted half-way leaves nothing behind, at whichever step; one that is killed leaves what
# the next command cleans up; two at once do not interleave.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
P=/sys/fs/bpf/vhost-xdp
bare=$(snapshot)

# In place of a pinned program, something that will not attach.
spoil() { mv "$P/progs/$1" "$P/progs/saved"; bpftool map create "$P/progs/$1" type array key 4 value 4 entries 1 name spoilt; }
repair() { rm "$P/progs/$1"; mv "$P/progs/saved" "$P/progs/$1"; }

ok uplink add wire
ok policy load "$VX_O/bpf/policy_allow.bpf.o"
base=$(snapshot)
add() { refuse 1 "$1" port add vm1 mac 52:54:00:00:00:01 vlan 3 uplink wire policy "${2:-allow}"; }

step "port add fails with the netdevs"
mount -t proc proc "$(mkdir -p "$W/proc" && echo "$W/proc")"
mount --bind "$W/proc/sys" /proc/sys
mount -o remount,bind,ro /proc/sys
add "cannot turn IPv6 off on vm1"
umount /proc/sys
umount "$W/proc"

step "port add fails with its maps"
mv $P/v1/vx_ifs $P/v1/saved
add "cannot record port vm1 in the maps"
mv $P/v1/saved $P/v1/vx_ifs

step "port add fails with its chain"
add "there is no policy nope" allow,nope

step "port add fails with XDP"
spoil vx_port
add "cannot attach XDP to the host end of vm1"
repair vx_port

step "port add fails with clsact"
spoil vx_host_end
add "cannot attach the clsact program to vm1"
repair vx_host_end

step "port add fails at the very last step"
idx=$(cat /sys/class/net/wire/ifindex)
full=(0 1 0 0)
for i in $(seq 256); do full+=($((i % 256)) 1 1 1); done
bpftool map update pinned $P/v1/vx_members key "$idx" 0 0 0 3 0 0 0 value "${full[@]}"
add "256 ports share VLAN 3 of wire already"
bpftool map delete pinned $P/v1/vx_members key "$idx" 0 0 0 3 0 0 0

step "and succeeds when nothing is in the way"
ok port add vm1 mac 52:54:00:00:00:01 vlan 3 uplink wire policy allow
ok port del vm1
[ "$(snapshot)" = "$base" ] || { diff <(echo "$base") <(snapshot); die "not as before"; }
ok uplink del wire
[ "$(snapshot)" = "$bare" ] || { diff <(echo "$bare") <(snapshot); die "not as before"; }

step "uplink add fails with clsact, then with XDP"
ok policy load "$VX_O/bpf/policy_allow.bpf.o"
spoil vx_uplink_out
refuse 1 "cannot attach the clsact programs to wire" uplink add wire
repair vx_uplink_out
mv $P/v1/vx_dev $P/v1/saved
bpftool map create $P/v1/vx_dev type hash key 8 value 8 entries 1 name vx_dev
refuse 1 "the pinned map vx_dev is of another version of vhost-xdp" uplink add wire
rm $P/v1/vx_dev
mv $P/v1/saved $P/v1/vx_dev
ok policy del allow
[ "$(snapshot)" = "$bare" ] || { diff <(echo "$bare") <(snapshot); die "not as before"; }

step "interrupted at any moment"
undone=0 completed=0
for ms in 005 020 050 090 150 250 400 800; do
	for signal in INT TERM; do
		rc=0
		timeout -s $signal 0.$ms "$VHOST_XDP" uplink add wire >"$W/log" 2>&1 || rc=$?
		if "$VHOST_XDP" uplink list 2>/dev/null | grep -q "^wire .* up "; then
			completed=$((completed + 1))
			vx uplink del wire
		else
			undone=$((undone + 1))
		fi
		[ "$(snapshot)" = "$bare" ] || { cat "$W/log"; diff <(echo "$bare") <(snapshot); die "SIG$signal after $ms ms left something"; }
	done
done
echo "$undone undone, $completed completed"
[ $undone -gt 0 ] || die "no interruption hit"

ok uplink add wire
ok policy load "$VX_O/bpf/policy_allow.bpf.o"
base=$(snapshot)
undone=0 completed=0
for ms in 002 006 010 014 018 022 026 030 035 040 050 070; do
	rc=0
	timeout -s INT 0.$ms "$VHOST_XDP" port add vm1 mac 52:54:00:00:00:01 uplink wire policy allow >"$W/log" 2>&1 || rc=$?
	if "$VHOST_XDP" port show vm1 >/dev/null 2>&1; then
		completed=$((completed + 1))
		has "$(vx port show vm1)" "no-backend"
		vx port del vm1
	else
		undone=$((undone + 1))
	fi
	[ "$(snapshot)" = "$base" ] || { cat "$W/log"; diff <(echo "$base") <(snapshot); die "SIGINT after $ms ms left something"; }
done
echo "$undone undone, $completed completed"
[ $undone -gt 0 ] || die "no interruption hit"

step "killed at any moment: del cleans up, and so does add"
for ms in 006 012 018 024 030 036 044 060; do
	timeout -s KILL 0.$ms "$VHOST_XDP" port add vm1 mac 52:54:00:00:00:01 uplink wire policy allow >/dev/null 2>&1 || true
	vx port del vm1 2>/dev/null || true
	[ "$(snapshot)" = "$base" ] || { diff <(echo "$base") <(snapshot); die "SIGKILL after $ms ms left something that del does not find"; }
	timeout -s KILL 0.$ms "$VHOST_XDP" port add vm1 mac 52:54:00:00:00:01 uplink wire policy allow >/dev/null 2>&1 || true
	if ! vx port add vm1 mac 52:54:00:00:00:01 uplink wire policy allow 2>"$W/log"; then
		has "$(cat "$W/log")" "clean up first: vhost-xdp port del vm1"
		ok port del vm1
		ok port add vm1 mac 52:54:00:00:00:01 uplink wire policy allow
	fi
	ok port del vm1
done
ok uplink del wire
for ms in 040 120 200 260 300 340 400 500; do
	timeout -s KILL 0.$ms "$VHOST_XDP" uplink add wire >/dev/null 2>&1 || true
	vx uplink del wire force 2>/dev/null || true
	[ "$(snapshot)" = "$bare" ] || { diff <(echo "$bare") <(snapshot); die "SIGKILL after $ms ms left something that del does not find"; }
done

step "many at once"
ok uplink add wire
pids=()
for i in 1 2 3 4 5 6; do
	"$VHOST_XDP" port add "vm$i" mac "52:54:00:00:00:0$i" uplink wire policy allow 2>>"$W/log" &
	pids+=($!)
	"$VHOST_XDP" port add vm0 mac 52:54:00:00:00:10 uplink wire policy allow 2>>"$W/log" &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || { cat "$W/log"; die "one of them failed"; }; done
[ "$(vx port list | awk '{ print $1 }' | sort -un | wc -l)" = 7 ] || die "not seven ports with ids of their own"
pids=()
for i in 0 1 2 3 4 5 6; do
	"$VHOST_XDP" port del "vm$i" &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || die "one of them failed"; done
[ -z "$(vx port list)" ] || die "ports are left"
ok uplink del wire
[ "$(snapshot)" = "$bare" ] || { diff <(echo "$bare") <(snapshot); die "not as before"; }
