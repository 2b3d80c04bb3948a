# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What the running kernel can do, found out by asking it: a rule that needs the feature is
loaded with Debian's nft into a scratch namespace."""
import functools

import pytest

from . import netns

# feature: (the kernel option it needs, a ruleset that loads only with it)
FEATURES = {
    "nf_tables": ("NF_TABLES", "table inet t { }"),
    "ct": ("NFT_CT", "table inet t { chain c { ct state new; }; }"),
    "ct bridge": ("NF_CONNTRACK_BRIDGE", "table bridge t { chain c { ct state new; }; }"),
    "fib": ("NFT_FIB_INET", "table inet t { chain c { fib saddr oif missing drop; }; }"),
    "flowtable": ("NF_FLOW_TABLE", "table inet t { flowtable f { hook ingress priority 0; "
                                   "devices = { lo }; }; }"),
    "flow add": ("NFT_FLOW_OFFLOAD", "table inet t { flowtable f { hook ingress priority 0; "
                 "devices = { lo }; }; chain c { ip protocol tcp flow add @f; }; }"),
    "hash": ("NFT_HASH", "table ip t { chain c { meta mark set jhash ip saddr mod 2; }; }"),
    "limit": ("NFT_LIMIT", "table inet t { chain c { limit rate 1/second; }; }"),
    "connlimit": ("NFT_CONNLIMIT", "table inet t { chain c { ct count over 5; }; }"),
    "log": ("NFT_LOG", "table inet t { chain c { log; }; }"),
    "log arp": ("NF_LOG_ARP", "table arp t { chain c { log; }; }"),
    "masquerade": ("NFT_MASQ", "table ip t { chain c { type nat hook postrouting priority 0; "
                               "masquerade; }; }"),
    "nat": ("NFT_NAT", "table ip t { chain c { type nat hook prerouting priority 0; "
                       "dnat to 192.0.2.1; }; }"),
    "numgen": ("NFT_NUMGEN", "table ip t { chain c { meta mark set numgen inc mod 2; }; }"),
    "osf": ("NFT_OSF", 'table ip t { chain c { osf name "Linux"; }; }'),
    "queue": ("NFT_QUEUE", "table inet t { chain c { queue num 0; }; }"),
    "quota": ("NFT_QUOTA", "table inet t { chain c { quota 1 mbytes; }; }"),
    "redirect": ("NFT_REDIR", "table ip t { chain c { type nat hook prerouting priority 0; "
                              "tcp dport 81 redirect to :80; }; }"),
    "reject": ("NFT_REJECT", "table ip t { chain c { type filter hook input priority 0; "
                             "reject; }; }"),
    "reject bridge": ("NFT_BRIDGE_REJECT", "table bridge t { chain c { type filter hook input "
                                           "priority 0; reject; }; }"),
    "reject netdev": ("NFT_REJECT_NETDEV", 'table netdev t { chain c { type filter hook ingress '
                      'device "lo" priority 0; reject; }; }'),
    "socket": ("NFT_SOCKET", "table inet t { chain c { type filter hook prerouting priority 0; "
                             "socket transparent 1; }; }"),
    "synproxy": ("NFT_SYNPROXY", "table inet t { chain c { synproxy mss 1460 wscale 7; }; }"),
    "tproxy": ("NFT_TPROXY", "table ip t { chain c { type filter hook prerouting priority 0; "
                             "ip protocol tcp tproxy to :1; }; }"),
    "xfrm": ("NFT_XFRM", "table inet t { chain c { ipsec in reqid 1; }; }"),
    "dup": ("NFT_DUP_IPV4", "table ip t { chain c { dup to 192.0.2.1; }; }"),
    "fwd": ("NFT_FWD_NETDEV", 'table netdev t { chain c { type filter hook ingress device "lo" '
                              'priority 0; fwd to "lo"; }; }'),
    "netdev": ("NF_TABLES_NETDEV", 'table netdev t { chain c { type filter hook ingress device '
                                   '"lo" priority 0; }; }'),
    "netdev egress": ("NETFILTER_EGRESS", 'table netdev t { chain c { type filter hook egress '
                                          'device "lo" priority 0; }; }'),
    "bridge": ("NF_TABLES_BRIDGE", "table bridge t { chain c { type filter hook input "
                                   "priority 0; }; }"),
    "ct helper": ("NF_CONNTRACK_FTP", 'table inet t { ct helper h { type "ftp" protocol tcp; }; }'),
    "ct timeout": ("NF_CONNTRACK_TIMEOUT", "table ip t { ct timeout h { protocol tcp; "
                                           "l3proto ip; policy = { close: 12 }; }; }"),
    "ct expectation": ("NFT_CT", "table ip t { ct expectation h { protocol tcp; dport 9; "
                                 "timeout 1m; size 12; l3proto ip; }; }"),
    "set expr counters": ("NF_TABLES", "table ip t { set s { type ipv4_addr; counter; }; }"),
    "concat ranges": ("NF_TABLES", "table ip t { set s { type ipv4_addr . inet_service; "
                                   "flags interval; }; }"),
    "destroy": ("NF_TABLES", None),  # nft 1.0.6 has no word for it: see has_destroy
}


def has_destroy(ns):
    """Linux 6.3 and later know NFT_MSG_DESTROY*; no option says so, the version does."""
    release = ns.run(["uname", "-r"], check=True).stdout.split(".")
    return (int(release[0]), int(release[1])) >= (6, 3)


@functools.cache
def kernel_has(feature):
    """Whether the kernel takes a rule that needs `feature`, a key of FEATURES."""
    with netns.fresh() as ns:
        text = FEATURES[feature][1]
        if text is None:
            return has_destroy(ns)
        return ns.nft(input=text, check=False).returncode == 0


def need(*features):
    """Skips the test where the kernel lacks one of `features`."""
    for feature in features:
        if not kernel_has(feature):
            pytest.skip(f"this kernel has no {feature} (CONFIG_{FEATURES[feature][0]})")
