#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 300
#
# apply and show --conf: what a file says becomes so, all of it or nothing; what is so is told as a file; a run that fails,
# is interrupted or killed leaves what the next one makes good.
set -eu
VX_TOP=$(readlink -f "$(dirname "$0")/../..")
. "$VX_TOP/tests/netns/cli-common"
wire_up
C=$W/vhost-xdp.conf
bare=$(snapshot)

# conf <text: what follows is the file
conf() { cat >"$C"; }
# The host as a file.
state() { vx show --conf; }
# plan STATUS [WORDS...]: dry-run; prints the diff, and changes nothing.
plan() {
	local want=$1 rc=0 before
	shift
	before=$(snapshot; state)
	echo "\$ vhost-xdp apply -n $*"
	vx apply -n "$@" "$C" >"$W/diff" 2>"$W/err" || rc=$?
	cat "$W/diff" "$W/err"
	[ $rc -eq "$want" ] || die "exit status $rc, not $want"
	[ "$(snapshot; state)" = "$before" ] || { diff <(echo "$before") <(snapshot; state); die "a dry run changed something"; }
}
diff_is() { [ "$(cat "$W/diff")" = "$1" ] || { diff <(echo "$1") "$W/diff"; die "that is not the diff"; }; }
# What is there, said as a file and applied again, even as all that there may be, changes nothing.
round_trip() {
	local out rc=0
	state >"$W/said"
	out=$(vx apply -n --prune - <"$W/said" 2>&1) || rc=$?
	[ $rc -eq 0 ] && [ -z "$out" ] || { cat "$W/said"; echo "$out"; die "status $rc: show --conf does not say what is there"; }
}

step "a file from nothing"
conf <<'C'
# two guests
uplink wire
port vm1 {
	mac 52:54:00:00:00:01; uplink wire
	vlan 10
	to-guest   allow
	from-guest antispoof
	antispoof 10.0.0.5 2001:db8::5
}
port vm2 mac 52:54:00:00:00:02 uplink wire host allow {
	flood-pps 100
	queues 2
}
C
plan 3
diff_is "$(cat <<'D'
+ uplink wire
+ policy allow
+ policy antispoof
+ port vm1
+	mac 52:54:00:00:00:01
+	uplink wire
+	vlan 10
+	to-guest allow
+	from-guest antispoof
+	antispoof 10.0.0.5/32
+	antispoof 2001:db8::5/128
+ port vm2
+	mac 52:54:00:00:00:02
+	uplink wire
+	queues 2
+	host allow
+	flood-pps 100
D
)"
ok apply "$C"
cmp "$W/out" "$W/diff" || die "what was done is not what was planned"
plan 0
diff_is ""
has "$(vx port show vm1)" "from-guest  antispoof"
[ "$(vx policy antispoof vm1 list | head -n 2 | tr '\n' ' ')" = "10.0.0.5/32 2001:db8::5/128 " ] || die "other addresses"
has "$(vx port show vm2)" "host        allow"
[ "$(state)" = "$(cat <<'S'
uplink wire

port vm1 {
	mac 52:54:00:00:00:01
	uplink wire
	vlan 10
	to-guest allow
	from-guest antispoof
	antispoof {
		10.0.0.5/32
		2001:db8::5/128
	}
}

port vm2 {
	mac 52:54:00:00:00:02
	uplink wire
	queues 2
	host allow
	flood-pps 100
}
S
)" ] || { state; die "that is not the state"; }
round_trip
full=$(snapshot)

step "ports keep running while what judges them changes"
identity() { echo "$(vx port list | sort) $(ip -o link show | grep -oE '^[0-9]+: vm[12][^ ]*')"; }
ports=$(identity)
sed -i 's/antispoof 10.0.0.5 2001:db8::5/antispoof { 10.0.0.6; 2001:db8::5 # moved\n}/; s/flood-pps 100/flood-pps 200/' "$C"
plan 3
diff_is "$(cat <<'D'
~ port vm1
-	antispoof 10.0.0.5/32
+	antispoof 10.0.0.6/32
~ port vm2
-	flood-pps 100
+	flood-pps 200
D
)"
ok apply "$C"
[ "$(identity)" = "$ports" ] || die "a port was made anew"
has "$(vx -j port show vm2)" '"flood_pps": 200'
sed -i 's/from-guest antispoof/from-guest antispoof,allow/' "$C"
plan 3
diff_is "$(cat <<'D'
~ port vm1
-	from-guest antispoof
+	from-guest antispoof,allow
D
)"
ok apply "$C"
sed -i 's/from-guest antispoof,allow/from-guest antispoof/; s/10.0.0.6/10.0.0.7/' "$C"
plan 3
diff_is "$(cat <<'D'
~ port vm1: closed from-guest for the moment in which several of its policies change
-	from-guest antispoof,allow
-	antispoof 10.0.0.6/32
+	from-guest antispoof
+	antispoof 10.0.0.7/32
D
)"
ok apply "$C"
[ "$(identity)" = "$ports" ] || die "a port was made anew"
[ "$(snapshot)" = "$full" ] || { diff <(echo "$full") <(snapshot); die "netdevs or pins have changed"; }
round_trip

step "what takes a port anew is said, and done only when it is asked for"
sed -i 's/vlan 10/vlan 11/' "$C"
refuse 1 "$C:3:1: port vm1 must be made anew to change its vlan" apply "$C"
plan 1
has "$(cat "$W/diff")" "~ port vm1: made anew, its guest loses its link"
plan 3 --recreate
diff_is "$(cat <<'D'
~ port vm1: made anew, its guest loses its link
-	vlan 10
+	vlan 11
D
)"
ok apply --recreate "$C"
has "$(vx port show vm1)" "vlan        11"
[ "$(vx policy antispoof vm1 list | head -n 1)" = "10.0.0.7/32" ] || die "its rules are gone"
round_trip

step "two ports exchange their MACs"
sed -i 's/vlan 11/vlan 0/; s/:00:01/:00:0x/; s/:00:02/:00:01/; s/:00:0x/:00:02/' "$C"
ok apply --recreate "$C"
has "$(vx port show vm1)" "52:54:00:00:00:02"
has "$(vx port show vm2)" "52:54:00:00:00:01"
round_trip

step "what is not in the file stays, unless --prune"
sed -i '/^port vm2/,/^}/d' "$C"
plan 0
diff_is "# port vm2 is not in the file and stays, --prune removes it"
ok apply "$C"
has "$(vx port list)" vm2
plan 3 --prune
diff_is "- port vm2"
has "$(vx -j apply -n --prune "$C" || true)" '"do": "remove"'
ok apply --prune "$C"
has_not "$(vx port list)" vm2
round_trip
echo "port vm9 mac 52:54:00:00:00:02 uplink wire" >"$W/other"
echo "uplink wire" >>"$W/other"
refuse 1 "$W/other: port vm1 is not in the file, but has the MAC of one that is; give --prune" apply "$W/other"
ok apply --prune "$W/other"
[ "$(state | grep -c ^port)" = 1 ] || die "not one port"
: >"$W/empty"
ok apply --prune "$W/empty"
[ "$(snapshot)" = "$bare" ] || { diff <(echo "$bare") <(snapshot); die "something is left"; }

step "each error has its place, all of them are told, and nothing is changed"
# wrong PLACE TEXT <file: refused with one line, for that place
wrong() { conf; refuse 1 "$C:$1: $2" apply "$C"; }
wrong 1:1 "'uplnk' is not known here; write 'uplink'" <<<"uplnk wire"
wrong 3:2 "'vlann' is not known in a port; write 'vlan'" <<'C'
uplink wire
port vm1 { mac 52:54:00:00:00:01; uplink wire
	vlann 3 }
C
wrong 2:61 "there is no policy nope, in this file, loaded or shipped; add: policy nope file PATH" <<'C'
uplink wire
port vm1 mac 52:54:00:00:00:01 uplink wire from-guest allow,nope
C
wrong 3:16 "'10.0.0' is not an address" <<'C'
uplink wire
port vm1 mac 52:54:00:00:00:01 uplink wire from-guest antispoof { antispoof {
	allow router; 10.0.0 } }
C
conf <<'C'
uplink wire
uplink wire
port vm1 { uplink eth7 vlan 5000 }
port vm2 { mac 52:54:00:00:00:02; uplink wire
C
before=$(snapshot)
rc=0
vx apply "$C" >"$W/out" 2>"$W/err" || rc=$?
[ $rc -eq 1 ] && [ ! -s "$W/out" ] || die "status $rc"
[ "$(cut -d: -f1-4 "$W/err" | tr '\n' ' ')" = "$(printf 'vhost-xdp: %s ' "$C":2:8 "$C":3:1 "$C":3:1 "$C":3:29 "$C":4:10)vhost-xdp: $C: 5 errors; nothing was changed " ] ||
	{ cat "$W/err"; die "that is not what is wrong"; }
[ "$(snapshot)" = "$before" ] || die "something was changed"
refuse 1 "cannot open $W/nope: No such file" apply "$W/nope"
refuse 1 "cannot read $W: Is a directory" apply "$W"
refuse 2 "option '--purge' is not known" apply --purge "$C"
refuse 2 "'show' needs --conf" show

step "policies from files"
policy() {
	clang -O2 -g -target bpf "-I$VX_TOP/include" "-I/usr/include/$(gcc -print-multiarch)" -c -o "$W/mine.o" -x c - <<P
#include <vhost_xdp/policy.h>
const volatile __u32 limit = $1;
SEC("xdp.frags") int mine(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);

	return pkt && pkt->len > limit $2 ? vx_pass(ctx) : vx_drop(ctx, VX_REASON_DENIED);
}
char _license[] SEC("license") = "GPL";
P
}
policy 100 ""
conf <<C
uplink wire
policy mine file $W/mine.o
port vm1 mac 52:54:00:00:00:01 uplink wire to-guest mine,allow
C
ok apply "$C"
has "$(state)" "policy mine id 1 file $W/mine.o"
round_trip
plan 0
policy 200 ""
plan 3
diff_is "~ policy mine file $W/mine.o: what is loaded under this name has other constants or maps"
policy 100 "+ 1"
plan 3
diff_is "~ policy mine file $W/mine.o: another program is loaded under this name"
first=$(vx -j policy list)
ok apply "$C"
[ "$(vx -j policy list)" != "$first" ] || die "it is not loaded"
plan 0
echo "not an object" >"$W/bad.o"
sed -i "s,^policy.*,policy mine file $W/bad.o," "$C"
rc=0
vx apply "$C" >/dev/null 2>"$W/err" || rc=$?
[ $rc -eq 1 ] || die "status $rc"
has "$(cat "$W/err")" "$W/bad.o is not a BPF object"
has "$(cat "$W/err")" "$C:2:1: policy mine cannot be loaded"
sed -i "s,^policy.*,policy mine id 7 file $W/mine.o," "$C"
refuse 1 "$C:2:1: policy mine has id 1, not 7" apply "$C"

step "a step that fails undoes those before it"
policy 300 ""
# All that is set up; netdevs by name, since one that was made anew has another number.
facts() { state; vx -j policy list; find /sys/fs/bpf -mindepth 1 ! -name '*.debug' | sort; ip -br link | awk '{ print $1 }' | sort; }
# fails TEXT... <file: a step fails, TEXT is said, and all is as before
fails() {
	local rc=0 text now
	conf
	now=$(facts)
	vx apply --prune --recreate "$C" >/dev/null 2>"$W/err" || rc=$?
	cat "$W/err"
	[ $rc -eq 1 ] || die "status $rc"
	for text; do has "$(cat "$W/err")" "$text"; done
	has "$(cat "$W/err")" "all that was done before is undone"
	[ "$(facts)" = "$now" ] || { diff <(echo "$now") <(facts); die "not as before"; }
}
fails "there is no netdev nowire here" "$C:2:1: adding uplink nowire failed" <<C
uplink wire
uplink nowire
policy mine file $W/mine.o
policy other file $W/mine.o
C
ip link add vm3 type veth peer name vm3-peer
fails "a netdev vm3 exists already" "$C:5:1: adding port vm3 failed" <<C
uplink wire
policy mine file $W/mine.o
policy other file $W/mine.o
port vm1 mac 52:54:00:00:00:01 uplink wire to-guest mine vlan 7 { antispoof 10.0.0.1 }
port vm3 mac 52:54:00:00:00:03 uplink wire to-guest other
port vm2 mac 52:54:00:00:00:02 uplink wire to-guest other
C
ip link del vm3
ok policy antispoof vm1 add 10.0.0.1
# Rules that may be read, but not changed.
bpftool map freeze pinned /sys/fs/bpf/vhost-xdp/policies/antispoof/antispoof_ports
fails "cannot change the antispoof rules" "setting the rules of vm1 failed" <<C
uplink wire
policy mine file $W/mine.o
port vm1 mac 52:54:00:00:00:01 uplink wire to-guest none { host allow; antispoof 10.0.0.2 }
port vm2 mac 52:54:00:00:00:02 uplink wire to-guest mine
C
ok apply --prune "$W/empty"
[ "$(snapshot)" = "$bare" ] || { diff <(echo "$bare") <(snapshot); die "something is left"; }
# A bridge has no native XDP.
ip link add br0 type bridge
ip link set br0 up
ok uplink add br0 mode generic
ok port add vm1 mac 52:54:00:00:00:01 uplink br0
before=$(state)
echo "uplink br0 mode native" >"$C"
vx apply "$C" 2>"$W/err" && die "a bridge took native XDP"
has "$(cat "$W/err")" "all that was done before is undone"
[ "$(state)" = "$before" ] || { state; die "the uplink did not come back"; }
ok port del vm1
ok uplink del br0
ip link del br0
# A chain of nobody's keeps the second of two policies.
ok policy load "$VX_O/bpf/policy_allow.bpf.o"
ok policy load "$W/mine.o"
bpftool map update pinned /sys/fs/bpf/vhost-xdp/v1/vx_chain_v1 key 77 0 0 0 0 0 0 0 value 2 0 0 0 0 0 0 0
vx apply --prune "$W/empty" 2>"$W/err" && die "a policy that judges went"
has "$(cat "$W/err")" "removing policy mine failed; all that was done before is undone"
[ "$(vx policy list | awk '{ print $1, $2 }')" = "$(printf '1 allow\n2 mine')" ] || { vx policy list; die "the first one did not come back"; }
bpftool map delete pinned /sys/fs/bpf/vhost-xdp/v1/vx_chain_v1 key 77 0 0 0 0 0 0 0
ok apply --prune "$W/empty"

step "groups, acl, ratelimit and stateful"
conf <<'C'
uplink wire
port vm1 {
	mac 52:54:00:00:00:01
	uplink wire
	to-guest antispoof,acl,ratelimit
	from-guest stateful,acl
	antispoof 10.0.0.5 2001:db8::5
	ratelimit to-guest { pps 10k; bps 1g }
	stateful { mode guest; limit 100; timeout tcp 30s }
	acl from-guest use set base
	acl to-guest {
		allow icmp prio 5
		allow tcp src group web dport 22
		default deny
	}
}
acl set base { allow tcp dst group web; default deny }
group web { port vm1; prefix 10.0.2.0/24,10.0.1.0/24 }
C
ok apply "$C"
plan 0
round_trip
[ "$(state | tr -d '\n\t')" = "$(tr -d '\n\t' <<'S'
uplink wire
group web {
	prefix 10.0.1.0/24
	prefix 10.0.2.0/24
	port vm1
}
acl set base {
	default deny
	allow tcp dst group web
}
port vm1 {
	mac 52:54:00:00:00:01
	uplink wire
	to-guest antispoof,acl,ratelimit
	from-guest stateful,acl
	antispoof {
		10.0.0.5/32
		2001:db8::5/128
	}
	acl to-guest {
		default deny
		allow icmp prio 5
		allow tcp src group web dport 22
	}
	acl from-guest use set base
	ratelimit to-guest pps 10k bps 1gbit burst 20ms
	stateful {
		limit 100
		timeout tcp 30s
	}
}
S
)" ] || { state; die "that is not the state"; }
has "$(vx group list)" "10.0.2.0/24"
has "$(vx acl list vm1 to-guest)" "allow tcp src group web dport 22"
# One set alone changes; and then two that are judged together.
sed -i 's/10.0.2.0/10.0.3.0/' "$C"
plan 3
diff_is "$(printf '~ group web\n-\tprefix 10.0.2.0/24\n+\tprefix 10.0.3.0/24')"
ok apply "$C"
sed -i 's/10.0.3.0/10.0.4.0/; s/dport 22/dport 23/' "$C"
plan 3
diff_is "$(cat <<'D'
~ group web
-	prefix 10.0.3.0/24
+	prefix 10.0.4.0/24
~ port vm1: closed to-guest for the moment in which several of its policies change
-	acl to-guest allow tcp src group web dport 22
+	acl to-guest allow tcp src group web dport 23
D
)"
ok apply "$C"
round_trip
# A port that is made anew is in its group again, whether that succeeds or is undone.
sed -i 's/^port vm1 {/&\n vlan 3/' "$C"
ok apply --recreate "$C"
plan 0
cp "$C" "$W/good"
{ sed 's/vlan 3/vlan 4/; s/dport 23/dport 24/' "$W/good"; echo "port vm3 mac 52:54:00:00:00:03 uplink wire"; } >"$W/next"
ip link add vm3 type veth peer name vm3-peer
fails "adding port vm3 failed" <"$W/next"
ip link del vm3
cp "$W/good" "$C"
plan 0
wrong 4:25 "there is no acl set bse in this file" <<'C'
uplink wire
port vm1 mac 52:54:00:00:00:01 uplink wire {
	acl to-guest default allow
	acl from-guest use set bse }
C
# The group cannot stand for a port that lists no addresses: said by the step that fails, and all of it is undone.
fails "vm2" "setting the rules of web failed" <<'C'
uplink wire
group web port vm2
port vm1 mac 52:54:00:00:00:01 uplink wire vlan 3
port vm2 mac 52:54:00:00:00:02 uplink wire
C
ok apply --prune "$W/empty"
[ "$(snapshot)" = "$bare" ] || { diff <(echo "$bare") <(snapshot); die "something is left"; }

step "the manual's example is one"
sed -n '/^# the wire/,/^\.RE/{/^\.RE/d; s/eth0/wire/; s/engine kernel//; s,/etc/vhost-xdp/my_policy.bpf.o,'"$W/mine.o"',; p}' \
	"$VX_TOP/user/vhost-xdp.conf.5" >"$W/example"
ok apply "$W/example"
has "$(vx acl list vm1 to-guest)" "src group admin"
round_trip
ok apply --prune "$W/empty"

step "interrupted at any moment: as before, or done"
cat >"$W/one" <<C
uplink wire
policy mine file $W/mine.o
port vm1 mac 52:54:00:00:00:01 uplink wire from-guest antispoof to-guest mine { antispoof 10.0.0.1 }
port vm2 mac 52:54:00:00:00:02 uplink wire from-guest mine to-guest mine
C
sed 's/10.0.0.1/10.0.0.9/; s/port vm2/port vm3/; s/:00:01/:00:04/; s/to-guest mine/to-guest mine,allow/' "$W/one" >"$W/two"
ok apply "$W/one"
one=$(state) one_facts=$(facts)
ok apply --prune --recreate "$W/two"
two=$(state)
# moments N: fractions of the time that it takes, in seconds
moments() { awk -v n="$1" -v us="$took" 'BEGIN { for (i = 1; i <= n; i++) printf "%.3f\n", us * 1.1 * i / n / 1e6 }'; }
vx apply --prune --recreate "$W/one" >/dev/null
took=${EPOCHREALTIME/./}
vx apply --prune --recreate "$W/two" >/dev/null
took=$((${EPOCHREALTIME/./} - took))
undone=0 completed=0
for s in $(moments 14) 2; do
	vx apply --prune --recreate "$W/one" >/dev/null
	[ "$(state)" = "$one" ] || { diff <(echo "$one") <(state); die "not the first file"; }
	before=$(facts)
	timeout -s INT "$s" "$VHOST_XDP" apply --prune --recreate "$W/two" >"$W/log" 2>&1 || true
	if [ "$(state)" = "$two" ]; then
		completed=$((completed + 1))
	else
		undone=$((undone + 1))
		[ "$(facts)" = "$before" ] || { cat "$W/log"; diff <(echo "$before") <(facts); die "SIGINT after $s s left something"; }
	fi
done
echo "$undone undone, $completed completed"
[ $undone -gt 0 ] && [ $completed -gt 0 ] || die "no interruption hit, or all did"

step "killed at any moment: the next one makes it so"
tries=0
for s in $(moments 20); do
	for file in two one; do
		timeout -s KILL "$s" "$VHOST_XDP" apply --prune --recreate "$W/$file" >/dev/null 2>&1 || true
		state >"$W/killed"
		vx apply --prune --recreate "$W/$file" >"$W/log" 2>&1 || { cat "$W/killed" "$W/log"; die "after a kill at $s s"; }
		[ -s "$W/log" ] && tries=$((tries + 1))
		[ "$(state)" = "${!file}" ] || { diff <(echo "${!file}") <(state); die "killed after $s s, the next one did not repair it"; }
		rc=0
		vx apply -n --prune "$W/$file" >"$W/log" 2>&1 || rc=$?
		[ $rc -eq 0 ] || { cat "$W/log"; die "not done"; }
	done
done
echo "$tries times there was something left to do"
[ $tries -gt 5 ] || die "no kill hit"
vx apply --prune --recreate "$W/one"
[ "$(facts | grep -v '"prog_id"\|/prev')" = "$(echo "$one_facts" | grep -v '"prog_id"\|/prev')" ] || { diff <(echo "$one_facts") <(facts); die "something is left"; }
for s in $(moments 5); do
	timeout -s KILL "$s" "$VHOST_XDP" apply --prune "$W/empty" >/dev/null 2>&1 || true
	vx apply --prune "$W/empty" || die "after a kill at $s s"
	[ "$(snapshot)" = "$bare" ] || { diff <(echo "$bare") <(snapshot); die "something is left after $s s"; }
	timeout -s KILL "$s" "$VHOST_XDP" apply "$W/one" >/dev/null 2>&1 || true
	vx apply "$W/one" >/dev/null || die "after a kill at $s s"
	[ "$(state)" = "$one" ] || die "not repaired"
done

step "two at once: one after the other"
pids=()
for file in one two one two; do
	"$VHOST_XDP" apply --prune --recreate "$W/$file" >/dev/null 2>>"$W/log2" &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || { cat "$W/log2"; die "one of them failed"; }; done
[ "$(state)" = "$one" ] || [ "$(state)" = "$two" ] || { state; die "neither the one nor the other"; }

step "what others broke is made good"
ok apply --prune --recreate "$W/one"
cp "$W/one" "$C"
ip link del vm1
plan 3
diff_is "~ port vm1: its netdevs are gone"
ok apply "$C"
[ "$(state)" = "$one" ] || die "not repaired"
bpftool map delete pinned /sys/fs/bpf/vhost-xdp/v1/vx_fdb key "$(cat /sys/class/net/wire/ifindex)" 0 0 0 0 0 0x52 0x54 0 0 0 2
plan 3
diff_is "~ port vm2: half-made, by a run that was killed"
ok apply "$C"
[ "$(state)" = "$one" ] || die "not repaired"
ip link set wire xdp off
plan 3
diff_is "~ uplink wire: its steering program was detached"
ok apply "$C"
plan 0
bpftool map delete pinned /sys/fs/bpf/vhost-xdp/v1/vx_dev key "$(cat /sys/class/net/wire/ifindex)" 0 0 0
plan 3
diff_is "~ uplink wire: half-made, by a run that was killed"
ok apply "$C"
plan 0
ok apply --prune "$W/empty"
mkdir -p /sys/fs/bpf/vhost-xdp/uplinks/gone
ok apply --prune "$W/empty"
[ "$(snapshot)" = "$bare" ] || { diff <(echo "$bare") <(snapshot); die "something is left"; }
