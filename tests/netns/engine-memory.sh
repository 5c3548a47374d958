#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A VMM truncates its memory file under us: one clear line, that VMM is dropped, the next one is served by the same process.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"

MAC=52:54:00:00:00:01 IP=10.9.0.11
topo_up
uplink_up
policy_load allow
port_up vm1 $MAC
engine_up vm1
engine=$SPAWNED log=$W/engine-vm1.log

lines() { grep -c 'truncated its memory' "$log" || true; }
# shellcheck disable=SC2317 # called through wait_until
noticed() { [ "$(lines)" -gt "$before" ]; }

for packed in 0 1; do
	step "memory goes while vrings run, packed $packed"
	before=$(lines)
	spawn vmm vufront "$W/vm1.sock" mac $MAC ip $IP packed $packed expect 1000000 time 30 idle 30000 ready "$W/ready"
	wait_until 5 "the rings" test -e "$W/ready"
	rm "$W/ready"
	# Stopped, so that it does not die of what is meant for us.
	kill -STOP "$SPAWNED"
	for fd in /proc/"$SPAWNED"/fd/*; do
		[[ $(readlink "$fd") != /memfd:* ]] || run truncate -s 0 "$fd"
	done
	wire seqflow w0 send 10 pps 100 mac "$WIRE_MAC" dst $MAC ip "$WIRE_IP" peer $IP >/dev/null
	wait_until 5 "the engine to notice" noticed
	stop vmm KILL || true
	[ -d "/proc/$engine" ] || die "the engine died"
	[ "$(lines)" -eq $((before + 1)) ] || die "not one line"
done

step "the next VMM is served by the same process"
both_ways 1000 vm1 $MAC $IP
