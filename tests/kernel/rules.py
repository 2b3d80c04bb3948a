# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Rules that use every expression in every form Debian's nft can write. Each is loaded alone
into a chain without a hook; what this kernel refuses is left out."""
import re

# Named things the rules refer to, in every family.
THINGS = """
add counter {family} t cn {{ packets 5 bytes 6 }}
add quota {family} t qn {{ over 10 mbytes used 5 kbytes }}
add limit {family} t ln {{ rate over 10 kbytes/second burst 100 kbytes }}
add ct helper {family} t hn {{ type "ftp" protocol tcp; }}
add ct timeout {family} t tn {{ protocol tcp; policy = {{ established: 100, close: 5 }}; }}
add ct timeout {family} t un {{ protocol udp; policy = {{ unreplied: 7, replied: 8 }}; }}
add ct expectation {family} t en {{ protocol tcp; dport 9876; timeout 1m; size 12; l3proto ip; }}
add synproxy {family} t sn {{ mss 1460; wscale 7; timestamp sack-perm; }}
add flowtable {family} t fn {{ hook ingress priority 5; devices = {{ lo }}; }}
add set {family} t s4 {{ type ipv4_addr; }}
add set {family} t s6 {{ type ipv6_addr; }}
add set {family} t i4 {{ type ipv4_addr; flags interval; elements = {{ 10.0.0.0/8, 1.2.3.4 }}; }}
add set {family} t ports {{ type inet_service; flags interval; auto-merge; comment "p"; }}
add set {family} t dyn4 {{ type ipv4_addr; size 65535; flags dynamic,timeout; timeout 60s; }}
add set {family} t dynx {{ type ipv4_addr; flags dynamic; counter; }}
add set {family} t dynb {{ type ipv4_addr; flags dynamic; counter limit rate 5/second; }}
add set {family} t dyn2 {{ type ipv4_addr . inet_service; flags dynamic; }}
add set {family} t rng {{ type ipv4_addr . inet_service; flags interval,timeout; timeout 1h; elements = {{ 1.2.3.0/24 . 5-10 timeout 5m comment "hi", 2.2.2.2 . 5 }}; }}
add set {family} t wide {{ typeof ip saddr . ether saddr . tcp dport . meta mark; flags interval; elements = {{ 1.2.3.0/24 . 00:11:22:33:44:55 . 5-10 . 0x10 }}; }}
add set {family} t marks {{ typeof meta mark; elements = {{ 5 comment "x", 6 }}; }}
add set {family} t timed {{ type ipv4_addr; flags timeout; timeout 1h; gc-interval 7s; size 100; elements = {{ 1.2.3.4 timeout 30m, 1.2.3.5 }}; }}
add set {family} t counted {{ type ipv4_addr; counter; elements = {{ 1.2.3.4 counter packets 1 bytes 2 }}; }}
add set {family} t limited {{ type ipv4_addr; limit rate 5/second; elements = {{ 1.2.3.4 limit rate 5/second }}; }}
add set {family} t both {{ type ipv4_addr; counter limit rate 5/second; }}
add set {family} t few {{ type ipv4_addr; flags constant; size 3; policy memory; elements = {{ 1.2.3.4 }}; }}
add set {family} t names {{ type ifname; flags interval; elements = {{ "eth*", "lo" }}; }}
add map {family} t marked {{ type ipv4_addr : mark; elements = {{ 1.2.3.4 : 5, * : 6 }}; }}
add map {family} t to4 {{ type ipv4_addr : ipv4_addr; }}
add map {family} t to4p {{ type ipv4_addr : ipv4_addr . inet_service; elements = {{ 1.2.3.4 : 5.6.7.8 . 90 }}; }}
add map {family} t to4r {{ type ipv4_addr : interval ipv4_addr; flags interval; elements = {{ 1.2.3.4 : 5.6.7.8-5.6.7.10 }}; }}
add map {family} t vm {{ type ipv4_addr . inet_service : verdict; }}
add map {family} t vmi {{ type ipv4_addr : verdict; flags interval; elements = {{ 10.0.0.0/8 : jump d, 1.2.3.4 : accept, * : drop }}; }}
add map {family} t cnt {{ type ipv4_addr : counter; elements = {{ 1.2.3.4 : "cn" }}; }}
add map {family} t quo {{ type inet_service : quota; }}
add map {family} t upd {{ type ipv4_addr : mark; flags dynamic,timeout; }}
"""

# Rules of ip, ip6 and inet.
INET = r"""
accept
drop
continue
return
jump d
goto d
counter
counter packets 7 bytes 9
counter name "cn"
counter name ip saddr map @cnt
quota over 5 mbytes used 3 kbytes
quota until 1000 mbytes
quota name "qn"
quota name tcp dport map @quo
limit rate 5/minute
limit rate over 5/second burst 8 packets
limit rate 1/hour
limit rate 400/day
limit rate 2/week
limit rate 10 kbytes/second
limit rate over 10 mbytes/minute burst 9 kbytes
limit name "ln"
ct count 5
ct count over 20
log
log prefix "abc "
log prefix "abc" level debug
log level audit
log flags all
log level crit flags tcp sequence,options
log flags ip options flags skuid flags ether
log group 5
log group 0 snaplen 10 queue-threshold 3 prefix "x"
reject
reject with tcp reset
reject with icmpx type admin-prohibited
reject with icmpx type no-route
queue
queue num 3
queue num 3-7
queue num 3-7 bypass,fanout
queue flags bypass to 5
queue to numgen inc mod 4
queue flags bypass to symhash mod 3
notrack
synproxy mss 1460 wscale 7 timestamp sack-perm
synproxy name "sn"
flow add @fn
ct helper set "hn"
ct timeout set "tn"
ct timeout set "un"
ct expectation set "en"
ct state new
ct state established,related accept
ct state != invalid
ct state vmap { new : accept, invalid : drop }
ct direction original
ct status snat,dnat
ct status & assured == assured
ct mark 5
ct mark and 0xff == 3
ct mark set meta mark
ct mark set 5
ct mark set ct mark or 0x10
ct expiration 5s-1h
ct helper "ftp"
ct l3proto ipv4
ct protocol tcp
ct label 3
ct label set 5
ct event set new,related,destroy
ct zone 5
ct zone set 7
ct original zone 3
ct reply zone set 4
ct original packets > 5
ct reply bytes < 1000
ct avgpkt 5
ct packets 9
ct id 5
ct original ip saddr 1.2.3.4
ct reply ip daddr 10.0.0.0/8
ct original ip6 saddr fe80::1
tcp sport 22 ct original proto-src 22
udp dport 53 ct reply proto-dst 80-90
meta length 5-100
meta protocol ip
meta nfproto ipv4
meta l4proto tcp
meta l4proto { tcp, udp }
meta l4proto != { tcp, udp }
meta priority 1:2
meta priority set 1:2
meta priority set none
meta mark and 3 == 1
meta mark set 5
meta mark set ip saddr map @marked
meta mark set ip saddr map { 1.2.3.4 : 1, 5.6.7.8 : 2 }
meta mark set jhash ip saddr . tcp sport mod 5 seed 0x5 offset 3
meta mark set jhash ip saddr mod 5
meta mark set symhash mod 3
meta mark set symhash mod 3 offset 7
meta mark set numgen inc mod 5
meta mark set numgen random mod 5 offset 2
meta mark set meta mark and 0xff
meta mark set mark xor 0x5
meta mark set mark << 3
meta mark set mark >> 2
meta mark set ct mark
meta mark set ip dscp map { cs1 : 5 }
meta nftrace set 1
meta pkttype set multicast
meta pkttype broadcast
meta iif "lo"
iif != "lo"
oif "lo"
iifname "eth0"
oifname "eth*"
iifname { "eth0", "lo" }
iifname . oifname { "eth0" . "lo" }
iifname @names
meta iiftype ether
meta oiftype loopback
meta skuid 1000
meta skgid 5-10
meta skuid != { 1, 2 }
meta rtclassid 5
meta cpu 0
meta iifgroup 5
meta oifgroup default
meta cgroup 5
meta ipsec exists
meta iifkind "veth"
meta oifkind "dummy"
meta sdif 5
meta sdifname "vrf0"
meta time > "2022-01-01 10:00:00"
meta hour "10:00"-"17:00"
meta day "Saturday"
meta random 5
rt classid 5
rt nexthop 1.2.3.4
rt ip nexthop 1.2.3.4
rt ip6 nexthop fe80::1
rt mtu 1400
rt ipsec exists
fib saddr . iif oif missing drop
fib daddr type local
fib daddr . iif type != { local, broadcast, multicast } drop
fib saddr . mark . iif oif 1
fib daddr oifname "lo"
fib daddr . oif type unicast
socket transparent 1
socket mark 5
socket wildcard 0
osf name "Linux"
osf ttl skip name "Windows"
osf ttl loose version "Linux:4.0"
ipsec in reqid 5
ipsec in spi 1-100
ipsec out spnum 3 ip saddr 1.2.3.4
ipsec out ip6 daddr fe80::1
numgen inc mod 5 vmap { 0 : accept, 1 : drop }
numgen random mod 10 < 5
jhash ip saddr . tcp sport mod 5 seed 0x5 offset 3 5
symhash mod 3 1
tcp dport 22
tcp dport != 22
tcp dport 22-80
tcp dport != 22-80
tcp dport { 22, 80-90 }
tcp dport != { 22, 80 }
tcp dport vmap { 22 : accept, 80 : jump d, 90-100 : goto d }
tcp dport @ports
tcp sport > 1023
tcp sport <= 1023
tcp sport gt 5
tcp sport . tcp dport { 1 . 2, 3 . 4 }
tcp flags syn
tcp flags & (syn | ack) == syn
tcp flags syn / fin,syn,rst,ack
tcp flags != syn,ack
tcp flags { syn, syn|ack }
tcp sequence 5
tcp ackseq 5-10
tcp doff 8
tcp window 5
tcp checksum 6
tcp urgptr 7
tcp option maxseg size 1000-1460
tcp option maxseg size set 1400
tcp option maxseg size set rt mtu
tcp option window exists
tcp option sack-perm missing
tcp option timestamp tsval 5
tcp option sack0 left 5
tcp option nop exists
tcp option 42 exists
tcp option fastopen exists
tcp option @34,10,8 5
reset tcp option fastopen
tcp dport set 80
tcp window set 5
udp dport 53
udp length 5-10
udp checksum set 0
udplite dport 5
udplite csumcov 7
sctp dport 5
sctp vtag 5
sctp chunk data exists
sctp chunk init num-inbound-streams 5
dccp dport 5
dccp type request
esp spi 5
ah spi 5-10
comp cpi 5
th dport 5
th sport 5-10
th dport { 22, 53 }
ether saddr 00:11:22:33:44:55
ether type ip
vlan id 5
icmp type echo-request
icmp type { echo-reply, echo-request }
icmp code 3
icmp id 5
icmp mtu 1400
icmp gateway 5
icmpv6 type nd-neighbor-solicit
icmpv6 code no-route
icmpv6 id 5
igmp type membership-query
igmp group 5
ip saddr 1.2.3.4
ip saddr != 1.2.3.4
ip saddr 10.0.0.0/8
ip saddr 10.0.0.0/9
ip saddr != 10.0.0.0/22
ip saddr 1.2.3.4-1.2.3.9
ip saddr != 1.2.3.4-1.2.3.9
ip saddr & 0.0.0.255 == 5
ip saddr { 1.2.3.4, 10.0.0.0/8 }
ip saddr @i4 drop
ip saddr != @i4 drop
ip daddr @s4
ip saddr . tcp dport @rng accept
ip saddr . ether saddr . tcp dport . meta mark @wide
ip saddr . tcp dport vmap @vm
ip saddr vmap @vmi
ip saddr vmap { 1.2.3.4 : accept, * : drop }
ip saddr . ip daddr . tcp dport { 1.2.3.4 . 5.6.7.8 . 80, 10.0.0.0/8 . 1.1.1.1-1.1.1.5 . 1-5 }
ip version 4
ip hdrlength 5
ip dscp cs1
ip dscp != 0x3
ip dscp set cs3
ip ecn ce
ip ecn set ect0
ip ttl 5
ip ttl set 64
ip ttl < 5
ip length 5-100
ip id 5
ip frag-off 0x2000
ip frag-off & 0x1fff != 0
ip protocol tcp
ip protocol { tcp, udp }
ip checksum 5
ip saddr set 1.2.3.4
ip daddr set 1.2.3.4
ip option rr exists
ip option lsrr addr 5
ip option ra value 1
ip option ssrr ptr 3
ip6 saddr fe80::1
ip6 saddr fe80::/10
ip6 saddr ::/0
ip6 saddr fe80::1-fe80::5
ip6 saddr { fe80::1, fd00::/8 }
ip6 daddr @s6
ip6 nexthdr tcp
ip6 hoplimit 255
ip6 hoplimit set 5
ip6 flowlabel 5
ip6 flowlabel set 6
ip6 dscp cs1
ip6 dscp set cs2
ip6 ecn ce
ip6 length 5
ip6 version 6
ip6 daddr set fe80::5
exthdr hbh exists
exthdr frag missing
exthdr mh exists
frag more-fragments 1
frag id 5
frag frag-off 33
hbh nexthdr tcp
dst hdrlength 5
rt type 0
rt seg-left 1
srh last-entry 5
mh type 1
@nh,0,8 5
@nh,96,32 0x01020304
@nh,4,4 5
@nh,96,64 0x0102030405060708
@th,16,16 22
@th,0,1 1
@ll,0,48 0x001122334455
@nh,96,32 set 0x05060708
@th,16,16 { 5, 6 }
add @dyn4 { ip saddr }
add @dyn4 { ip saddr timeout 5s }
update @dyn4 { ip saddr timeout 1h limit rate 5/second }
update @dyn4 { ip saddr limit rate over 10/minute burst 20 packets } drop
delete @dyn4 { ip saddr }
add @dynx { ip saddr counter }
update @dynx { ip saddr counter packets 1 bytes 2 }
add @dyn2 { ip saddr . tcp dport }
add @dyn2 { ip saddr . tcp dport ct count over 5 } drop
add @dyn4 { ip saddr quota 5 mbytes }
add @dynb { ip saddr counter limit rate 5/second }
update @upd { ip saddr : 5 }
add @upd { ip saddr timeout 5s : meta mark }
meter m1 { ip saddr limit rate 5/second }
meter m2 size 100 { ip saddr . tcp dport timeout 5s counter }
counter comment "with comment"
ip saddr 1.2.3.4 tcp dport 22 ct state new limit rate 5/minute counter log prefix "ssh " accept comment "all"
"""

IP = r"""
snat to 1.2.3.4
snat to 1.2.3.4-1.2.3.9
meta l4proto tcp snat to 1.2.3.4:5
meta l4proto tcp snat to 1.2.3.4:5-10
meta l4proto tcp snat to 1.2.3.4-1.2.3.9:5-10 random
snat to 1.2.3.4 persistent
snat to 1.2.3.4 fully-random,persistent
snat to ip saddr map @to4
snat to ip saddr map { 1.2.3.4 : 5.6.7.8, 10.0.0.0/8 : 9.9.9.9 }
snat ip to ip saddr map @to4r
snat ip prefix to ip saddr map { 10.0.0.0/24 : 192.168.0.0/24 }
snat ip to ip saddr . tcp dport map { 1.2.3.4 . 5 : 5.6.7.8 . 90 }
meta l4proto tcp snat ip addr . port to ip saddr map @to4p
snat to jhash ip saddr mod 2 map { 0 : 1.2.3.4, 1 : 5.6.7.8 }
dnat to 1.2.3.4
meta l4proto tcp dnat to 1.2.3.4:80
meta l4proto tcp dnat to :80
dnat to 1.2.3.4-1.2.3.9
dnat to tcp dport map { 80 : 1.2.3.4, 90 : 5.6.7.8 }
dnat to numgen inc mod 2 map { 0 : 1.2.3.4, 1 : 5.6.7.8 }
dnat ip addr . port to tcp dport map { 80 : 1.2.3.4 . 8080 }
meta l4proto tcp dnat to 1.2.3.4:80-90 random
masquerade
masquerade random
masquerade fully-random,persistent
meta l4proto tcp masquerade to :1024-65535
meta l4proto tcp masquerade to :500 random
redirect
meta l4proto tcp redirect to :80
meta l4proto tcp redirect to :80-90 random
meta l4proto tcp redirect to tcp dport map { 80 : 8080, 90 : 9090 }
meta l4proto tcp tproxy to 1.2.3.4
meta l4proto tcp tproxy to :80
meta l4proto tcp tproxy to 1.2.3.4:80
ip protocol tcp tproxy to 127.0.0.1:50080
dup to 1.2.3.4
dup to 1.2.3.4 device "lo"
dup to ip saddr map { 1.2.3.4 : 5.6.7.8 } device "lo"
reject with icmp type host-unreachable
reject with icmp type prot-unreachable
rt nexthop 1.2.3.4
"""

IP6 = r"""
meta l4proto tcp snat to fe80::1
meta l4proto tcp snat to [fe80::1]:80
meta l4proto tcp snat to [fe80::1]-[fe80::5]:5-10
meta l4proto tcp dnat to [fe80::1]:80
meta l4proto tcp dnat to fe80::1-fe80::9
masquerade
meta l4proto tcp masquerade to :1024-65535
meta l4proto tcp redirect to :80
meta l4proto tcp tproxy to fe80::1
meta l4proto tcp tproxy to [fe80::1]:80
dup to fe80::1
dup to fe80::1 device "lo"
reject with icmpv6 type no-route
reject with icmpv6 type policy-fail
rt nexthop fe80::1
"""

INET_ONLY = r"""
snat ip to 1.2.3.4
meta l4proto tcp snat ip6 to fe80::1
meta l4proto tcp dnat ip to 1.2.3.4:80
meta l4proto tcp dnat ip6 to [fe80::1]:80
dnat ip to tcp dport map { 80 : 1.2.3.4 }
masquerade
meta l4proto tcp redirect to :80
meta l4proto tcp tproxy ip to 1.2.3.4:80
meta l4proto tcp tproxy ip6 to [fe80::1]:80
meta l4proto tcp tproxy to :80
reject with icmp type host-unreachable
reject with icmpv6 type no-route
"""

ARP = r"""
arp htype 1
arp ptype ip
arp hlen 6
arp operation request
arp operation { request, reply }
arp saddr ip 1.2.3.4
arp daddr ip 10.0.0.0/8
arp saddr ether 00:11:22:33:44:55
arp saddr ip set 1.2.3.4
meta iifname "lo"
limit rate 5/second counter accept
log prefix "arp "
"""

BRIDGE = r"""
ether saddr 00:11:22:33:44:55
ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00
ether type vlan
ether saddr { 00:11:22:33:44:55, 00:11:22:33:44:56 }
vlan id 5
vlan id 5-10
vlan pcp 3
vlan dei 1
vlan type ip
vlan id 5 vlan type ip ip saddr 1.2.3.4
vlan id set 5
ether daddr set 00:11:22:33:44:55
meta ibrname "br0"
meta obrname "br0"
meta ibrpvid 5
meta ibrvproto vlan
meta pkttype host
ip saddr 1.2.3.4
ip6 saddr fe80::1
arp operation request
tcp dport 22
ct state new
reject
reject with icmpx type port-unreachable
reject with tcp reset
ether saddr . ip saddr { 00:11:22:33:44:55 . 1.2.3.4 }
"""

NETDEV = r"""
fwd to "lo"
fwd ip to 1.2.3.4 device "lo"
fwd ip6 to fe80::1 device "lo"
fwd to meta mark map { 1 : "lo" }
dup to "lo"
dup to meta mark map { 1 : "lo" }
ether saddr 00:11:22:33:44:55
vlan id 5
ip saddr 1.2.3.4 drop
ip6 saddr fe80::1 drop
arp operation request
udp dport 53
meta protocol ip
meta mark set 5
reject
reject with tcp reset
ip dscp set cs1
ip saddr @i4 drop
limit rate 5/second
"""

FAMILIES = {
    "ip": INET + IP,
    "ip6": INET + IP6,
    "inet": INET + INET_ONLY,
    "arp": ARP,
    "bridge": BRIDGE,
    "netdev": NETDEV,
}


def things(family):
    """The commands that make the named things, one a line."""
    return [line for line in THINGS.format(family=family).splitlines() if line]


# What cannot be said in a family: left out, since each refusal costs many calls of nft.
NOT_FOR = {
    "ip": re.compile(r"\bip6 |^(exthdr|frag|hbh|dst|rt0|rt type|rt seg|srh|mh)\b|nfproto|icmpx"),
    "ip6": re.compile(r"\bip |^rt nexthop 1|nfproto|icmpx"),
}


def rules(family):
    not_for = NOT_FOR.get(family, re.compile(r"$.^"))
    return [line for line in FAMILIES[family].splitlines() if line and not not_for.search(line)]
