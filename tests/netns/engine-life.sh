#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The user engine from start to end: what it keeps of its privileges, what it costs idle, whom it refuses, and that
# nothing stays behind whichever way it ends.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

S=$W/vm1.sock
topo_up
uplink_up
port_up vm1 52:54:00:00:00:01

# refuse TEXT COMMAND...: it must fail, with one line that contains the text.
refuse() {
	local text=$1 out rc=0
	shift
	echo "\$ $* # to be refused"
	out=$(timeout 10 "$@" 2>&1) || rc=$?
	echo "$out"
	[ "$rc" -ne 0 ] || die "it was accepted"
	[ "$rc" -lt 124 ] || die "it did not end by itself ($rc)"
	[ "$(printf '%s\n' "$out" | wc -l)" -eq 1 ] || die "more than one line"
	[[ $out == *"$text"* ]] || die "the line does not say \"$text\""
}

start() {
	spawn engine vhost-xdp -v serve vm1 socket "$S" "$@"
	wait_until 5 "the socket" test -S "$S"
	wait_until 5 "the system call filter" grep -q '^Seccomp:.*2' "/proc/$SPAWNED/status"
}

janitor_of() { pgrep -P "$1" vx-janitor; }

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

step "nothing is made for those who ask in vain"
refuse "there is no port" vhost-xdp serve nosuch socket "$S"
refuse "cannot be used" vhost-xdp serve vm1 socket /nowhere/vm1.sock
refuse "there is no user" vhost-xdp serve vm1 socket "$S" user no-such-user
refuse "queue pair" vhost-xdp serve vm1 socket "$S" queues 16
refuse "root" setpriv --reuid 65534 --clear-groups vhost-xdp serve vm1 socket "$S"
touch "$S"
refuse "no socket" vhost-xdp serve vm1 socket "$S"
rm "$S"
[ -z "$(find "$W" -type s)" ] || die "a socket was left"

step "privileges are gone"
start user 12345 group 54321
[ "$(stat -c '%a %u %g' "$S")" = "660 12345 54321" ] || die "the socket is $(stat -c '%a %u %g' "$S")"
for task in /proc/"$SPAWNED"/task/*; do
	echo "$(cat "$task/comm"): $(grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):' "$task/status" | tr '\n\t' '  ')"
	awk '
		/^Uid:/ && ($2 != 12345 || $3 != 12345 || $4 != 12345 || $5 != 12345) { bad = 1 }
		/^Gid:/ && ($2 != 54321 || $3 != 54321 || $4 != 54321 || $5 != 54321) { bad = 1 }
		/^Groups:/ && NF > 1 { bad = 1 }
		/^Cap(Inh|Prm|Eff|Bnd|Amb):/ && $2 != "0000000000000000" { bad = 1 }
		/^NoNewPrivs:/ && $2 != 1 { bad = 1 }
		/^Seccomp:/ && $2 != 2 { bad = 1 }
		END { exit bad }' "$task/status" || die "that thread keeps something"
done
[ "$(find /proc/"$SPAWNED"/task -maxdepth 1 -mindepth 1 | wc -l)" -eq 2 ] || die "not one worker"
if find /proc/"$SPAWNED"/fd -lname 'anon_inode:bpf-*' | grep .; then
	die "a BPF object is still open"
fi

step "idle costs nothing, with and without a VMM"
before=$(ticks "$SPAWNED")
sleep 2
[ $(($(ticks "$SPAWNED") - before)) -le 1 ] || die "more than 0.5 % CPU without a VMM"
engine=$SPAWNED
spawn vmm vufront "$S" send 100 expect 1 idle 5000 time 20
wait_until 5 "the VMM's frames" grep -q 'vring 1 started' "$W/engine.log"
sleep 0.5
before=$(ticks "$engine")
sleep 2
[ $(($(ticks "$engine") - before)) -le 1 ] || die "more than 0.5 % CPU with an idle VMM"

step "one VMM at a time: the second is served when the first has left"
run timeout 30 vufront "$S" send 100
grep -q 'a second VMM connects' "$W/engine.log" || die "no word about the second VMM"
wait_until 5 "both VMMs to leave" sh -c "[ \$(grep -c disconnected '$W/engine.log') -ge 2 ]"
stop vmm || true

step "a second engine is refused, on the socket and on the port"
refuse "in use" vhost-xdp serve vm1 socket "$S"
refuse "already served" vhost-xdp serve vm1 socket "$W/other.sock"
[ ! -e "$W/other.sock" ] || die "the refused engine left its socket"

step "SIGTERM and SIGINT end it in good order"
stop engine TERM 5 || die "status $?"
[ ! -e "$S" ] || die "the socket stays"
start
stop engine INT 5 || die "status $?"
[ ! -e "$S" ] || die "the socket stays"

step "SIGTERM while a VMM sends, and while another one keeps us waiting in the middle of a message"
start
spawn vmm vufront "$S" send 1000000 time 20
wait_until 5 "the VMM" grep -q 'vring 1 started' "$W/engine.log"
stop engine TERM 5 || die "status $?"
stop vmm || true
start
printf '\001\000\000' | socat -u - "UNIX-CONNECT:$S" &
sleep 0.3
mkfifo "$W/hold"
socat "UNIX-CONNECT:$S" - <"$W/hold" &
half=$!
exec 9>"$W/hold"
printf '\001\000\000\000\001\000' >&9
sleep 0.3
stop engine TERM 5 || die "status $?"
exec 9>&-
wait $half || true

step "SIGKILL: the janitor removes the socket, and the port is free again"
start
spawn vmm vufront "$S" send 1000000 time 20
wait_until 5 "the VMM" grep -q 'vring 1 started' "$W/engine.log"
stop engine KILL 5 || true
stop vmm || true
wait_until 3 "the socket to go" test ! -e "$S"
vhost-xdp port show vm1 | grep -q 'state *no-backend' || die "the port still counts as up"

step "janitor and engine killed: the next run replaces the stale socket"
start
janitor=$(janitor_of "$SPAWNED")
kill -STOP "$janitor"
stop engine KILL 5 || true
kill -KILL "$janitor"
[ -S "$S" ] || die "no stale socket to test with"
start
run timeout 15 vufront "$S" send 100
grep -q 'vring 1 started' "$W/engine.log" || die "the new engine serves nobody"
stop engine TERM 5 || die "status $?"
[ ! -e "$S" ] || die "the socket stays"

step "the port goes: so does its engine, with a word"
start
run vhost-xdp port del vm1
rc=0
wait_until 5 "the engine to end" gone "$SPAWNED"
stop engine TERM 5 || rc=$?
[ "$rc" -ne 0 ] || die "it ended with status 0"
grep -q 'is gone; serve ends' "$W/engine.log" || die "no word about it"
[ ! -e "$S" ] || die "the socket stays"
run vhost-xdp port add vm1 mac 52:54:00:00:00:01 uplink up0
