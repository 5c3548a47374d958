#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""parser-reference.py SEED COUNT PARSED: what policies see of random and spoilt frames, beside what scapy reads in them.

scapy builds the frames, and it reads every header; where one header ends and which comes next is decided here, from the text of
struct vx_pkt and the RFCs. PARSED is the program that runs frames through the port's parser.
"""
import random
import struct
import subprocess
import sys

from scapy.all import ARP, ICMP, IP, IPv6, TCP, UDP, Ether, Raw
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6ND_RS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr,
                                IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN)
from scapy.layers.l2 import Dot1Q

VLAN_OUTER, VLAN_INNER, GROUP, ARP_, IP4, IP6, FRAGMENT, L4, ND, LLADDR, MALFORMED, OPTIONS, TRIAL = (1 << n for n in range(13))
FIELDS = ("len flags ethertype vlan_inner l3_off l4_off ip_proto tcp_flags sport dport frag_off icmp_type icmp_code arp_op "
          "src dst saddr daddr ll_addr nd_target").split()


class Malformed(Exception):
    pass


class Reader:
    """The reference, of a frame whose own tag has been taken off."""

    def __init__(self, frame):
        self.frame = frame
        self.f = dict.fromkeys(FIELDS, 0)
        self.f.update(src=bytes(6), dst=bytes(6), saddr=bytes(16), daddr=bytes(16), ll_addr=bytes(6), nd_target=bytes(16))
        self.f.update(len=len(frame), flags=TRIAL)
        self.off, self.limit = 0, len(frame)

    def take(self, n):
        if self.off + n > self.limit:
            raise Malformed
        self.off += n
        return self.frame[self.off - n:self.off]

    def flag(self, bit):
        self.f["flags"] |= bit

    def read(self):
        eth = Ether(self.take(14))
        self.f.update(dst=bytes.fromhex(eth.dst.replace(":", "")), src=bytes.fromhex(eth.src.replace(":", "")))
        if self.f["dst"][0] & 1:
            self.flag(GROUP)
        kind = struct.unpack("!H", self.frame[12:14])[0]
        try:
            kind = self.tags(kind)
            self.f["ethertype"] = kind
            self.network(kind)
        except Malformed:
            self.flag(MALFORMED)
        return self.f

    def tags(self, kind):
        for n in range(3):
            if kind not in (0x8100, 0x88a8):
                return kind
            self.f["ethertype"] = kind
            if n == 2:
                raise Malformed
            tag = Dot1Q(self.take(4))
            if not n:
                self.f["vlan_inner"] = tag.prio << 13 | tag.id << 12 | tag.vlan
            self.flag(VLAN_INNER)
            kind = tag.type
        return kind

    def network(self, kind):
        start = self.off
        if kind in (0x0800, 0x86dd, 0x0806, 0x8035):
            self.f["l3_off"] = start
        if kind == 0x0800:
            self.ip4(start)
        elif kind == 0x86dd:
            self.ip6(start)
        elif kind in (0x0806, 0x8035):
            self.arp()

    def arp(self):
        raw = self.take(28)
        if raw[:6] != bytes.fromhex("000108000604"):
            raise Malformed
        arp = ARP(raw)
        self.f.update(arp_op=arp.op, ll_addr=bytes.fromhex(arp.hwsrc.replace(":", "")))
        self.f.update(saddr=bytes(map(int, arp.psrc.split("."))) + bytes(12), daddr=bytes(map(int, arp.pdst.split("."))) + bytes(12))
        self.flag(ARP_ | LLADDR)

    def ip4(self, start):
        ip = IP(self.take(20))
        if ip.version != 4 or ip.ihl < 5 or ip.len < ip.ihl * 4 or start + ip.len > len(self.frame):
            raise Malformed
        self.f.update(saddr=bytes(map(int, ip.src.split("."))) + bytes(12), daddr=bytes(map(int, ip.dst.split("."))) + bytes(12))
        self.f.update(ip_proto=ip.proto, frag_off=ip.frag * 8)
        self.flag(IP4)
        if ip.frag or ip.flags.MF:
            self.flag(FRAGMENT)
        if ip.ihl > 5:
            self.flag(OPTIONS)
        self.limit, self.off = start + ip.len, start + ip.ihl * 4
        if not ip.frag:
            self.transport(ip.proto)

    def ip6(self, start):
        raw = self.take(40)
        ip = IPv6(raw)
        if ip.version != 6 or start + 40 + ip.plen > len(self.frame):
            raise Malformed
        self.f.update(saddr=raw[8:24], daddr=raw[24:40], ip_proto=ip.nh)
        self.flag(IP6)
        self.limit = start + 40 + ip.plen
        nh = ip.nh
        for _ in range(9):
            if nh not in (0, 43, 60, 51, 44, 135, 139, 140):
                self.f["ip_proto"] = nh
                self.transport(nh)
                return
            at = self.off
            raw = self.take(8)
            if nh == 44:
                ext = IPv6ExtHdrFragment(raw)
                if self.f["flags"] & FRAGMENT:
                    raise Malformed
                self.flag(FRAGMENT)
                self.f["frag_off"] = ext.offset * 8
            else:
                self.flag(OPTIONS)
                self.off = at + ((raw[1] + 2) * 4 if nh == 51 else (raw[1] + 1) * 8)
                if self.off > self.limit:
                    raise Malformed
            nh = raw[0]
            if self.f["frag_off"]:
                self.f["ip_proto"] = nh
                return
        # Eight are followed.
        raise Malformed

    def transport(self, proto):
        at = self.off
        if proto == 6:
            tcp = TCP(self.take(20))
            self.f.update(tcp_flags=int(tcp.flags) & 0xff, sport=tcp.sport, dport=tcp.dport)
        elif proto in (17, 136):
            udp = UDP(self.take(8))
            self.f.update(sport=udp.sport, dport=udp.dport)
        elif proto in (132, 33):
            self.f["sport"], self.f["dport"] = struct.unpack("!HH", self.take(12)[:4])
        elif proto in (1, 58, 2):
            self.f["icmp_type"], self.f["icmp_code"] = self.take(4)[:2]
        else:
            return
        self.f["l4_off"] = at
        self.flag(L4)
        if proto == 58 and self.f["flags"] & IP6 and 133 <= self.f["icmp_type"] <= 137:
            self.discovery(self.f["icmp_type"])

    def discovery(self, kind):
        self.flag(ND)
        if self.f["flags"] & FRAGMENT:
            return
        self.take(12 if kind == 134 else 4)
        if kind >= 135:
            self.f["nd_target"] = self.take(16)
        if kind == 137:
            self.take(16)
        wanted = 2 if kind in (136, 137) else 1
        for _ in range(8):
            if self.off >= self.limit:
                break
            at = self.off
            option, units = self.take(2)
            if not units:
                raise Malformed
            if option != wanted:
                self.off = at + units * 8
                continue
            if units != 1 or self.f["flags"] & LLADDR:
                raise Malformed
            self.f["ll_addr"] = self.take(6)
            self.flag(LLADDR)
        if self.off != self.limit:
            raise Malformed


# --- frames ---

def transport(r, v6):
    mac = "52:54:00:00:00:01"
    options = [ICMPv6NDOptSrcLLAddr(lladdr=mac), ICMPv6NDOptDstLLAddr(lladdr=mac), ICMPv6NDOptMTU(), ICMPv6NDOptPrefixInfo()]
    nd = r.choice([ICMPv6ND_RS(), ICMPv6ND_RA(), ICMPv6ND_NS(tgt="2001:db8::7"), ICMPv6ND_NA(tgt="fe80::7"),
                   ICMPv6ND_Redirect(tgt="fe80::8", dst="2001:db8::8")])
    for option in r.sample(options, r.randrange(4)):
        nd = nd / option
    common = [TCP(sport=r.randrange(65536), dport=80, flags=r.randrange(256)), UDP(sport=53, dport=r.randrange(65536)) / Raw(b"x" * 30),
              Raw(bytes(r.randrange(256) for _ in range(r.randrange(60))))]
    return r.choice(common + ([ICMPv6EchoRequest(id=7), nd, nd] if v6 else [ICMP(type=r.randrange(20), id=7)]))


def good(r):
    kind = r.randrange(10)
    frame = Ether(src="52:54:00:00:00:01", dst=r.choice(["02:00:00:00:00:77", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01"]))
    if kind == 0:
        return bytes(frame / ARP(op=r.randrange(5), psrc="10.0.0.1", pdst="10.0.0.2", hwsrc="52:54:00:00:00:01")) + bytes(18)
    if kind < 5:
        ip = IP(src="10.0.0.1", dst="192.0.2.%u" % r.randrange(256), options=b"\1" * (4 * r.choice([0, 0, 0, 1, 10])))
        if not r.randrange(4):
            ip.frag, ip.flags = r.choice([0, 0, 1, 185, 8191]), r.choice(["MF", "DF", 0])
        frame = frame / ip / transport(r, False)
        if not r.randrange(4):
            frame[IP].proto = r.choice([1, 2, 6, 17, 33, 47, 50, 58, 132, 136])
        return bytes(frame) + bytes(r.choice([0, 0, 6, 20]))
    if kind == 5:
        return bytes(frame)[:12] + struct.pack("!H", r.choice([46, 0x88b5, 0x8863, 0x0600])) + bytes(46)
    frame = frame / IPv6(src="2001:db8::1", dst="fe80::%x" % r.randrange(65536))
    for _ in range(r.choice([0, 0, 1, 2, 4, 8, 9, 10])):
        frame = frame / r.choice([IPv6ExtHdrHopByHop(options=PadN(optdata=bytes(4))), IPv6ExtHdrDestOpt(options=PadN(optdata=bytes(12))),
                                  IPv6ExtHdrRouting(addresses=["::1"] * r.randrange(3))])
    if not r.randrange(3):
        frame = frame / IPv6ExtHdrFragment(offset=r.choice([0, 0, 1, 185, 8191]), m=r.randrange(2), id=7)
    frame = frame / transport(r, True)
    return bytes(frame) + bytes(r.choice([0, 0, 6]))


def tagged(r, frame):
    """With the tag of the port's VLAN, 10, that is taken off before the parser, and some that stay."""
    for _ in range(r.choice([0, 0, 1, 2, 3])):
        frame = frame[:12] + struct.pack("!HH", r.choice([0x8100, 0x88a8]), r.randrange(65536)) + frame[12:]
    return frame


def spoil(r, frame):
    b = bytearray(frame)
    for _ in range(r.choice([0, 1, 1, 2, 5])):
        at = r.randrange(14, min(len(b), 120))
        b[at] = r.choice([r.randrange(256), b[at] ^ 1 << r.randrange(8), 0, 255])
    if not r.randrange(5):
        del b[r.randrange(14, len(b)):]
    if not r.randrange(8):
        b += bytes(r.randrange(256) for _ in range(r.randrange(60)))
    # An outer tag that is not the port's is refused before the parser.
    if b[12:14] in (b"\x81\x00", b"\x88\xa8"):
        b[12] = 0x08
        b[13] = 0x00
    return bytes(b)


def main():
    seed, count, parsed = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    r = random.Random(seed)
    frames = []
    for _ in range(count):
        frame = good(r)
        frames.append(spoil(r, frame) if r.randrange(3) else frame)
    own = [not r.randrange(3) for _ in frames]
    frames = [tagged(r, f) if o else f for f, o in zip(frames, own)]
    sent = [f[:12] + b"\x81\x00\x00\x0a" + f[12:] if o else f for f, o in zip(frames, own)]
    data = b"".join(struct.pack("!H", len(f)) + f for f in sent)
    lines = subprocess.run([parsed], input=data, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    if len(lines) != count:
        sys.exit("%d frames, %d lines" % (count, len(lines)))
    malformed = bad = 0
    for frame, with_tag, line in zip(frames, own, lines):
        want = Reader(frame).read()
        want["flags"] |= VLAN_OUTER if with_tag else 0
        got = dict(word.split("=") for word in line.split())
        got = {k: bytes.fromhex(v) if isinstance(want[k], bytes) else int(v) for k, v in got.items()}
        malformed += bool(want["flags"] & MALFORMED)
        # Of what is malformed policies may only trust that it is, and what came before.
        keys = ["len", "src", "dst"] if want["flags"] & MALFORMED else FIELDS
        if want["flags"] & MALFORMED and got["flags"] & MALFORMED:
            got["flags"] = want["flags"]
        wrong = [k for k in keys + ["flags"] if want[k] != got[k]]
        if wrong:
            bad += 1
            print("seed %d: %s" % (seed, frame.hex()))
            for k in wrong:
                print("  %s: %r, and scapy reads %r" % (k, got[k], want[k]))
            if bad == 10:
                break
    print("%d frames, %d of them malformed, %d read differently" % (count, malformed, bad))
    if bad or malformed < count // 20 or malformed > count * 3 // 4:
        sys.exit(1)


main()
