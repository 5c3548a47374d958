#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# top: rates, their order, drops with the reason that is most of them, the engine's CPU. Prometheus: the names that stay, by a parser of
# others, and the file for node_exporter's collector.
set -eu
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$VX_TOP/tests/lib/topo.sh"
. "$VX_TOP/tests/lib/seen.sh"

seen_ports
engine_up vm1
engine_told vm1

step "words that are wrong"
for words in "-d 0" "-d x" "-n 0" "vm1"; do
	# shellcheck disable=SC2086 # words are meant
	vhost-xdp top $words >"$W/out" 2>&1 && die "\"$words\" was taken"
	[ "$(wc -l <"$W/out")" -eq 1 ] || { cat "$W/out"; die "more than one line"; }
done

step "two tables, while frames come at a known rate and others are dropped"
rm -f "$W/ready"
spawn vmm vufront "$W/vm1.sock" mac 52:54:00:00:00:99 dst $WIRE_MAC ip $IP peer $WIRE_IP send 1200 pps 300 flow 1 expect 20000 eflow 2 time 20 idle 2500 ready "$W/ready"
wait_until 5 "the rings" test -e "$W/ready"
spawn seq wire seqflow w0 send 8000 pps 2000 flow 2 len 1000 mac $WIRE_MAC dst $MAC ip $WIRE_IP peer $IP idle 10
sleep 0.3
vhost-xdp top -d 1 -n 2 >"$W/top"
vhost-xdp -j top -d 1 -n 1 >"$W/json"
finish seq 10 >/dev/null
finish vmm 20 >/dev/null || true
cat "$W/top"
[ "$(grep -c '^PORT  *DIRECTION' "$W/top")" -eq 2 ] || die "not two tables"
grep -q "$(printf '\033')" "$W/top" && die "it draws where there is no terminal"
tail -n 6 "$W/top" >"$W/last"
# PPS, BIT/S: 2000 frames of 1000 bytes are 16 Mbit/s; the machine is shared, so a fifth either way
awk '$1 == "vm1" && $2 == "to-guest" { p = $3; b = $4 } END { sub("k", "", p); sub("M", "", b); exit !(p > 1.6 && p < 2.4 && b > 12.8 && b < 19.2) }' "$W/last" ||
	die "not 2,000 frames a second"
awk '$1 == "vm1" && $2 == "from-guest" { d = $5; r = $8 } END { exit !(d > 240 && d < 360 && r == "spoof_mac") }' "$W/last" || die "not 300 drops a second"
[ "$(awk '/^vm/ { print $1, $2 }' "$W/last" | head -n 1)" = "vm1 to-guest" ] || die "the busiest is not first"
grep -q '"cpu_percent":[0-9.]*,"direction":"to-guest","drops_per_second":0.0,"port":"vm1","pps":[12][0-9][0-9][0-9]\.' "$W/json" || { cat "$W/json"; die "no such JSON"; }

step "killed while it sleeps, or its reader leaves"
spawn top vhost-xdp top -d 3600
sleep 0.3
stop top INT 2 || die "it did not end in good order"
(vhost-xdp top -d 0.1 | head -n 1) || die "it did not end with its reader"

step "Prometheus: the names that are to stay"
vhost-xdp stats --prometheus >"$W/prometheus"
for name in port_packets_total port_bytes_total port_drops_total policy_rule_packets_total xsk_drops_total redirect_errors_total umem_frames \
	queue_kicks_total queue_calls_total queue_errors_total worker_cpu_seconds_total port_up build_info; do
	grep -q "^# TYPE vhost_xdp_$name " "$W/prometheus" || die "no vhost_xdp_$name"
done
for sample in 'port_packets_total{port="vm1",direction="to-guest"} 8000' 'port_bytes_total{port="vm1",direction="to-guest"} 8000000' \
	'port_drops_total{port="vm1",direction="from-guest",stage="policy",reason="spoof_mac"} 1200' \
	'policy_rule_packets_total{policy="antispoof",rule="0"} 1200' 'xsk_drops_total{port="vm1",queue="0",reason="rx_ring_full"} 0' \
	'port_up{port="vm2"} 0' 'worker_cpu_seconds_total{port="vm1"} 0.'; do
	grep -qF "vhost_xdp_$sample" "$W/prometheus" || { cat "$W/prometheus"; die "no $sample"; }
done
if /usr/bin/python3 -c 'import prometheus_client' 2>/dev/null; then
	/usr/bin/python3 - "$W/prometheus" <<'PYTHON' || die "its parser refuses it"
import sys
from prometheus_client.parser import text_string_to_metric_families
seen = set()
for family in text_string_to_metric_families(open(sys.argv[1]).read()):
    assert family.type in ("counter", "gauge") and family.documentation, family
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        assert key not in seen and sample.value >= 0, sample
        seen.add(key)
print(len(seen), "samples")
PYTHON
else
	echo "no python3-prometheus-client: not parsed"
fi

step "the file for the textfile collector: old or new, never a part, and only where there is a directory"
textfile=$VX_TOP/user/systemd/textfile
mkdir "$W/textfiles"
run "$textfile" "$W/textfiles"
grep -q '^vhost_xdp_port_up{port="vm1"}' "$W/textfiles/vhost-xdp.prom" || die "no counters in it"
cp "$W/textfiles/vhost-xdp.prom" "$W/before"
VHOST_XDP=false "$textfile" "$W/textfiles" && die "a failure went unseen"
cmp "$W/before" "$W/textfiles/vhost-xdp.prom" || die "a failure took the old file away"
[ "$(find "$W/textfiles" -type f | wc -l)" -eq 1 ] || die "something stayed behind"
"$textfile" "$W/nowhere" 2>"$W/out" && die "it took a directory that is not there"
cat "$W/out"
if command -v systemd-analyze >/dev/null; then
	mkdir "$W/units"
	cp "$VX_TOP"/user/systemd/*.timer "$W/units"
	sed "s,@LIBDIR@/textfile,$textfile," "$VX_TOP/user/systemd/vhost-xdp-metrics.service" >"$W/units/vhost-xdp-metrics.service"
	systemd-analyze verify --man=no "$W"/units/vhost-xdp-metrics.* || die "systemd does not take the units"
fi
