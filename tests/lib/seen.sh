# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Two ports beside a silent wire, for tests of what is seen of their frames: only what a test sends travels, and vm1's guest may only be
# itself. After topo.sh.

# shellcheck disable=SC2034 # for whoever sources this
MAC=52:54:00:00:00:01 IP=10.9.0.11

# seen_ports [port add's words for vm2...]
seen_ports() {
	topo_up
	wire ip addr flush dev w0
	uplink_up
	policy_load allow
	policy_load antispoof
	port_up vm1 $MAC
	port_up vm2 52:54:00:00:00:02 "$@"
	run vhost-xdp policy set vm1 from-guest antispoof
}

# engine_told PORT: until its engine has said that it is there
engine_told() {
	wait_until 5 "the engine of $1" sh -c "vhost-xdp -j port show $1 | grep -q '\"pid\": [1-9]'"
}

# What the programs show to whoever watches, as a number; 0: nobody does.
watched() { bpftool -j map dump pinned /sys/fs/bpf/vhost-xdp/v1/vx_watch | tr -d ' \n' | sed 's/.*"vx_watch":{"what":\([0-9]*\),.*/\1/'; }
