#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""spoofed.py ATTACKER TARGET=CLAIMED...: frames by which ATTACKER passes for CLAIMED at TARGET, as lines "KIND-NAME HEX".

ATTACKER, TARGET and CLAIMED are NAME,MAC,IP4,IP6. The kind "honest" is what it seems. ROGUE is the prefix that is advertised.
"""
import sys
from collections import namedtuple

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_RA, ICMPv6NDOptDstLLAddr, ICMPv6NDOptPrefixInfo, IPv6
from scapy.layers.l2 import ARP, Ether

ROGUE = "fd00:bad::"
PORT = 9999

Who = namedtuple("Who", "name mac ip4 ip6")


def link_local(mac):
    m = [int(byte, 16) for byte in mac.split(":")]
    return f"fe80::{(m[0] ^ 2) << 8 | m[1]:x}:{m[2] << 8 | 0xff:x}:{0xfe00 | m[3]:x}:{m[4] << 8 | m[5]:x}"


def udp(sport=PORT, dport=PORT):
    return UDP(sport=sport, dport=dport) / b"vhost-xdp"


def frames(me, to, claimed):
    eth = Ether(src=me.mac, dst=to.mac)
    yield "mac", Ether(src="52:54:00:00:00:66", dst=to.mac) / IP(src=me.ip4, dst=to.ip4) / udp()
    yield "macclaimed", Ether(src=claimed.mac, dst=to.mac) / IP(src=claimed.ip4, dst=to.ip4) / udp()
    yield "ip4", eth / IP(src=claimed.ip4, dst=to.ip4) / udp()
    yield "ip6", eth / IPv6(src=claimed.ip6, dst=to.ip6) / udp()
    yield "metadata", eth / IP(src="169.254.169.254", dst=to.ip4) / udp(80)
    yield "arp", eth / ARP(op=2, hwsrc=me.mac, psrc=claimed.ip4, hwdst=to.mac, pdst=to.ip4)
    yield "arpgratuitous", Ether(src=me.mac, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=me.mac, psrc=claimed.ip4, pdst=claimed.ip4)
    yield "arpmac", eth / ARP(op=2, hwsrc=claimed.mac, psrc=me.ip4, hwdst=to.mac, pdst=to.ip4)
    yield "na", (eth / IPv6(src=me.ip6, dst=to.ip6, hlim=255) / ICMPv6ND_NA(tgt=claimed.ip6, R=0, S=1, O=1) /
                 ICMPv6NDOptDstLLAddr(lladdr=me.mac))
    yield "namac", (eth / IPv6(src=me.ip6, dst=to.ip6, hlim=255) / ICMPv6ND_NA(tgt=me.ip6, R=0, S=1, O=1) /
                    ICMPv6NDOptDstLLAddr(lladdr=claimed.mac))
    yield "ra", (Ether(src=me.mac, dst="33:33:00:00:00:01") / IPv6(src=link_local(me.mac), dst="ff02::1", hlim=255) /
                 ICMPv6ND_RA(routerlifetime=1800) / ICMPv6NDOptPrefixInfo(prefix=ROGUE, prefixlen=64))
    yield "offer", (eth / IP(src=me.ip4, dst=to.ip4) / UDP(sport=67, dport=68) /
                    BOOTP(op=2, yiaddr="10.9.0.66", siaddr=me.ip4, chaddr=bytes.fromhex(to.mac.replace(":", ""))) /
                    DHCP(options=[("message-type", "offer"), ("server_id", me.ip4), "end"]))
    yield "honest4", eth / IP(src=me.ip4, dst=to.ip4) / udp()
    yield "honest6", eth / IPv6(src=me.ip6, dst=to.ip6) / udp()


def main():
    attacker = Who(*sys.argv[1].split(","))
    for word in sys.argv[2:]:
        target, claimed = (Who(*who.split(",")) for who in word.split("="))
        for kind, frame in frames(attacker, target, claimed):
            print(f"{kind}-{target.name} {bytes(frame).hex()}")


main()
