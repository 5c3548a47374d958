#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The README's commands do what it says, as it writes them; "eth0" is a veth here, and "make install" goes to a tmpfs.
# TIMEOUT: 120
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"

readme=$VX_TOP/README.md
mkdir -p "$W/root" "$W/work" /run/vhost-xdp

# section FENCE TITLE N: the N-th fenced block of a kind below a heading
section() {
	awk -v fence="^\`\`\`$1\$" -v title="## $2" -v n="$3" '
		/^## / { on = index($0, title) == 1 }
		/^```$/ && inside { inside = 0; next }
		inside && seen == n { print }
		on && $0 ~ fence { inside = 1; seen++ }' "$readme"
}

sudo() { "$@"; }

# shellcheck disable=SC2317 # called by at_exit
host_down() {
	{ vhost-xdp port del vm1; vhost-xdp uplink del eth0; } >/dev/null 2>&1
	rm -rf /sys/fs/bpf/vhost-xdp
	ip link del eth0
}

ip link add eth0 address 02:00:00:00:00:02 type veth peer name far
at_exit host_down
ethtool -K far tx off txvlan off gro on >/dev/null 2>&1
ip link set far up
ip link set eth0 up

step "install and doctor"
make -C "$VX_TOP" -s O="$VX_O" DESTDIR="$W/root" install >"$W/install.log" 2>&1
[ -x "$W/root/usr/sbin/vhost-xdp" ] && [ -f "$W/root/usr/include/vhost_xdp/policy.h" ] && [ -f "$W/root/usr/share/man/man8/vhost-xdp.8" ] &&
	[ -f "$W/root/usr/share/man/man7/vhost-xdp-policy.7" ] && [ -f "$W/root/usr/share/doc/vhost-xdp/examples/quota.bpf.c" ]
vhost-xdp doctor eth0

step "uplink, port, policies"
block=$(section sh "On a cloud host" 2)
[ "$(wc -l <<<"$block")" -ge 4 ]
eval "$block"
vhost-xdp port list >"$W/list"
grep -q vm1 "$W/list"

step "serve"
serve=$(section sh "On a cloud host" 3 | grep 'vhost-xdp serve')
eval "${serve%&} >$W/serve.log 2>&1 &"
engine=$!
wait_until 5 "the engine's socket" test -S /run/vhost-xdp/vm1.sock

step "a policy of one's own, with bpftool"
cd "$W/work"
section c "Your own policy" 1 >my.c
cp my.c my2.c
head -c 60 /dev/zero >frame.bin
block=$(section sh "Your own policy" 1; section sh "Your own policy" 2)
[ "$(wc -l <<<"$block")" -ge 7 ]
# what "make install" put into /usr/include on a host is below DESTDIR here
block=${block//clang -O2/clang "-I$W/root/usr/include" -O2}
bash -eux -c "$block" 2>&1 | tee "$W/out"
grep -qiE 'ret(urn )?val(ue)?:? *2' "$W/out"
vhost-xdp policy list
vhost-xdp port show vm1 >"$W/show"
grep -q 'to-guest  *my_1' "$W/show"

step "what may pass"
block=$(section sh "What may pass" 1)
[ "$(wc -l <<<"$block")" -ge 11 ]
eval "$block" >"$W/out"
cat "$W/out"
grep -q 'rule.*1\|allow tcp' "$W/out"
step "as a file"
mkdir -p "$W/etc"
block=$(section sh "What may pass" 2)
[ "$(wc -l <<<"$block")" -eq 3 ]
mount --bind "$W/etc" /etc
eval "$block"
umount /etc

step "see what happens"
block=$(section sh "See what happens" 1)
[ "$(wc -l <<<"$block")" -eq 4 ]
spawn hello bash -c 'while sleep 0.2; do ip neigh flush dev far; ping -c 1 -W 1 -I far 10.0.1.5; done'
while read -r line; do
	eval "timeout 3 ${line#sudo }" || [ $? -eq 124 ]
done <<<"$block"
stop hello || true

step "statistics, and undo it all"
block=$(section sh "On a cloud host" 4)
kill -TERM $engine
wait $engine || true
eval "$block"
[ ! -e /sys/fs/bpf/vhost-xdp/v1 ] || { find /sys/fs/bpf; exit 1; }
