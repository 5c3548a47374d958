# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The commands of vhost-xdp-policy(7) and of the README, as they stand there, and what has to come of them. Runs where the
# pins of a plane are; the current directory has my.c and my2.c (my.bpf.c, whose second version closes port 80), or a
# "clang" in PATH that brings them compiled.

# manual NAME: the block of commands of that name
manual() {
	local block
	block=$(awk -v mark=".\\\\\" commands: $1" '
		$0 == mark { on = 1 }
		on && /^\.fi/ { exit }
		on && !/^\./ { print }' "$VX_TOP/user/vhost-xdp-policy.7" | sed 's/\\-/-/g; s/\\e$/\\/')
	[ -n "$block" ] || die "the manual has no commands \"$1\""
	echo "$block"
}

# readme_policy: all commands of its section on policies
readme_policy() {
	awk '/^## / { on = index($0, "## Your own policy") == 1 }
		/^```$/ { inside = 0 }
		inside { print }
		on && /^```sh$/ { inside = 1 }' "$VX_TOP/README.md"
}

# udp_frame FILE PORT: a UDP frame for that port
udp_frame() {
	printf '\x02\0\0\0\0\x77\x52\x54\0\0\0\x07\x08\0\x45\0\0\x24\0\0\0\0\x40\x11\0\0\x0a\0\0\x07\x0a\0\0\x09' >"$1"
	# shellcheck disable=SC2059 # the format is the data
	printf "\\x10\\0\\x$(printf %02x $(($2 >> 8)))\\x$(printf %02x $(($2 & 255)))\\0\\x10\\0\\0abcdefgh" >>"$1"
}

# slot9 PORT: the verdict of slot 9 on the trial port, 2 passed or 1 dropped
slot9() {
	udp_frame slot9.bin "$1"
	bpftool map update pinned /sys/fs/bpf/vhost-xdp/v1/vx_chain_v1 key 0 0 0 0 0 0 0 0 value 9 0 0 0 0 0 0 0
	bpftool prog run pinned /sys/fs/bpf/vhost-xdp/progs/vx_port data_in slot9.bin | sed -n 's/^Return value: \([0-9]*\).*/\1/p'
	bpftool map delete pinned /sys/fs/bpf/vhost-xdp/v1/vx_chain_v1 key 0 0 0 0 0 0 0 0
}

# judged WHAT PORT VERDICT [PORT VERDICT]...
judged() {
	local what=$1 got
	shift
	while [ $# -gt 0 ]; do
		got=$(slot9 "$1")
		[ "$got" = "$2" ] || die "$what: a frame for port $1 has verdict $got, not $2"
		shift 2
	done
	echo "ok: $what"
}

manual_run() {
	local block
	block=$(manual "$1")
	sed 's/^/$ /' <<<"$block"
	eval "$block"
}

# All of the manual's commands one after the other: everything is as before at the end.
manual_story() {
	# shellcheck disable=SC2034 # the blocks use them
	local P V M M2 chain i
	udp_frame frame.bin 5353
	manual_run load
	manual_run try >try.out
	cat try.out
	grep -qiE 'ret(urn )?val(ue)?:? *2' try.out || die "the manual's trial did not pass"
	manual_run chain
	chain=$(bpftool -j map lookup pinned "$V/vx_chain_v1" key 1 0 0 0 0 0 0 0)
	[[ $chain == *'"0x09","0x00"'* ]] || die "port 1 has another chain: $chain"
	judged "loaded" 5353 2 80 2
	manual_run rules
	judged "with its rule" 5353 1 80 2
	clang -O2 -g -target bpf -I/usr/include/x86_64-linux-gnu -c my2.c -o my2.o
	manual_run swap
	judged "swapped, with the rule kept" 5353 2 80 1
	for i in 1 2; do
		manual_run rollback
		judged "rolled back, $i" 5353 1 80 2
		eval "$(manual swap | tail -n 1)"
		judged "and forth again, $i" 5353 2 80 1
	done
	manual_run remove
	[ ! -e "$P/policies/my_1" ] && [ ! -e "$P/policies/my_2" ] || die "the manual leaves pins"
	judged "removed: an empty slot" 5353 1 80 1
}
