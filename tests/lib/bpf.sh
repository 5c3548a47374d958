# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What an operator does with bpftool alone. Each command is printed as it runs.

VX_P=/sys/fs/bpf/vhost-xdp
VX_V=$VX_P/v1

# A number as bpftool wants it: BYTES bytes, lowest first.
le() {
	local i
	for ((i = 0; i < $1; i++)); do
		printf '%d ' $((($2 >> (8 * i)) & 255))
	done
}

# bpf_policy_compile SOURCE.c OBJECT
bpf_policy_compile() {
	run clang -O2 -g -target bpf "-I$VX_TOP/include" "-I/usr/include/$(gcc -print-multiarch)" -c "$1" -o "$2"
}

# bpf_policy_install NAME SOURCE.c|OBJECT.o SLOT: compile, load against the shared maps, put into a slot.
bpf_policy_install() {
	local name=$1 source=$2 slot=$3 dir=$VX_P/policies/$1
	case $source in
	*.o) cp "$source" "$W/$name.o" ;;
	*) bpf_policy_compile "$source" "$W/$name.o" ;;
	esac
	run mkdir "$dir"
	run bpftool prog load "$W/$name.o" "$dir/prog" map name vx_policy_v1 pinned $VX_V/vx_policy_v1 \
		map name vx_frame_v1 pinned $VX_V/vx_frame_v1 pinmaps "$dir"
	# shellcheck disable=SC2046 # words are meant
	run bpftool map update pinned $VX_V/vx_policy_v1 key $(le 4 "$slot") value pinned "$dir/prog"
}

bpf_policy_remove() {
	local name=$1 slot=$2
	# shellcheck disable=SC2046
	run bpftool map delete pinned $VX_V/vx_policy_v1 key $(le 4 "$slot")
	run rm -r "$VX_P/policies/$name"
}

# The key of a port's chain in the map vx_chain_v1: {port, direction}.
bpf_chain_key() { echo "$(le 4 "$1")$(le 4 "$2")"; }

# bpf_chain_set PORT-ID DIRECTION POLICY-ID...: replace a port's chain, at once. Direction 0 is to-guest, 1 from-guest.
bpf_chain_set() {
	local key value
	key=$(bpf_chain_key "$1" "$2")
	shift 2
	value=("$@" 0 0 0 0 0 0 0 0)
	# shellcheck disable=SC2086 # words are meant
	run bpftool map update pinned $VX_V/vx_chain_v1 key $key value "${value[@]:0:8}"
}

# The chain as it is now: eight ids.
bpf_chain_get() {
	# shellcheck disable=SC2046
	bpftool -j map lookup pinned $VX_V/vx_chain_v1 key $(bpf_chain_key "$1" "$2") |
		sed 's/.*"value":\[\([^]]*\)\].*/\1/; s/[",]/ /g' |
		while read -r -a bytes; do printf '%d ' "${bytes[@]}"; done
}

# The id of a port, as its counters and chains know it.
port_id() { vhost-xdp -j port show "$1" | tr -d ' \n' | sed 's/.*"id":\([0-9]*\).*/\1/'; }
