/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Rules to text. The rows were tried with nft 1.0.6: it lists them so, but for what only types
 * tell (0x5 for a mark is listed as 0x00000005, `iif lo` with quotes).
 */
#include "rules.h"

/* Listed as they are written. */
static const char *const same[] = {
	"tcp flags syn / fin,syn",
	"tcp flags & syn == 0",
	"tcp flags & syn != 0",
	"tcp flags == syn",
	"tcp flags syn",
	"tcp flags != syn",
	"tcp flags ! syn",
	"tcp flags ! syn,ack",
	"tcp flags syn,ack",
	"tcp flags == 0",
	"tcp flags != syn / fin,syn",
	"ip saddr & 255.0.0.0 == 10.0.0.0",
	"ip saddr & 0.0.0.255 == 0.0.0.1",
	"ip saddr != 1.2.3.4",
	"tcp dport { 22, 80 }",
	"tcp dport 22-80",
	"tcp dport != 22-80",
	"tcp dport ssh",
	"tcp dport < 1024",
	"meta mark & 0xff == 0x12",
	"meta mark set ct mark & 0xff | 0x1",
	"meta mark set ct mark",
	"meta mark set 0x1",
	"meta mark set jhash ip saddr . tcp dport mod 4 seed 0x1 offset 2",
	"meta mark set symhash mod 2",
	"meta mark set numgen inc mod 3 map { 0 : 1, 1 : 2, 2 : 3 }",
	"meta mark set numgen random mod 10 offset 100",
	"meta mark set ip saddr map @mm",
	"meta mark set ip saddr map { 1.2.3.4 : 0x1, 10.0.0.0/8 : 5 }",
	"ip saddr vmap @v",
	"ip saddr . tcp dport vmap { 1.2.3.4 . 22 : accept, 10.0.0.0/8 . 1-5 : jump x }",
	"ct state vmap { established : accept, related : accept, invalid : drop }",
	"ct state established,related accept",
	"ct state { established, related } accept",
	"ct state != new",
	"ct status dnat",
	"ct status assured,confirmed",
	"ct original ip saddr 1.2.3.4",
	"ct original saddr 1.2.3.4",
	"ct reply proto-dst 22",
	"ct helper \"ftp\"",
	"ct helper set \"hf\"",
	"ct direction original",
	"ct expiration 1h",
	"ct expiration > 90s",
	"ct bytes > 1000",
	"ct original packets < 5",
	"ct avgpkt > 100",
	"ct zone 1",
	"ct zone set 1",
	"ct original zone set 5",
	"ct event set new,related,destroy",
	"ct count over 5",
	"ct count 5",
	"ct l3proto ipv4",
	"ct protocol tcp",
	"ct id 5",
	"ct label set 5",
	"ct label 5",
	"iif lo",
	"iif != lo",
	"iifname eth0",
	"iifname \"eth*\"",
	"iifname { eth0, \"eth1\" }",
	"oifname \"wg0\"",
	"iifgroup default",
	"meta iifkind vlan",
	"meta sdif eth0",
	"meta sdifname \"eth0\"",
	"meta nftrace set 1",
	"meta length 100-200",
	"meta nfproto ipv4",
	"meta l4proto tcp",
	"meta l4proto { tcp, udp }",
	"meta protocol ip",
	"meta priority 1:2",
	"meta priority set 1:2",
	"meta random < 0x10000",
	"meta time \"2024-01-01 10:00:00\"",
	"meta time < 1700000000",
	"meta day monday",
	"meta hour \"10:00\"-\"12:00\"",
	"meta ipsec exists",
	"socket transparent 1",
	"socket mark 0x1",
	"socket wildcard 0",
	"socket cgroupv2 level 1 \"user.slice\"",
	"osf name \"Linux\"",
	"osf ttl loose name \"Linux\"",
	"osf version \"Linux:4.20\"",
	"fib saddr . iif oif missing",
	"fib saddr oif eth0",
	"fib daddr type local",
	"fib daddr . iif type { local, broadcast }",
	"fib saddr . mark . iif oifname \"eth0\"",
	"fib saddr oif 0",
	"rt classid 5",
	"rt nexthop 1.2.3.4",
	"rt ip nexthop 1.2.3.4",
	"rt ip6 nexthop ::1",
	"rt mtu 1500",
	"rt ipsec exists",
	"ipsec in reqid 1",
	"ipsec in spnum 1 spi 5",
	"ipsec out ip saddr 1.2.3.4",
	"ip dscp cs1",
	"ip dscp set cs1",
	"ip dscp set ef",
	"ip ecn ce",
	"ip ttl set 64",
	"ip frag-off & 0x1fff != 0",
	"ip protocol tcp",
	"ip length > 100",
	"ip version 4",
	"ip hdrlength 5",
	"ip6 flowlabel 5",
	"ip6 nexthdr tcp",
	"ip6 saddr ::1",
	"ip6 saddr 2001:db8::/32",
	"ip daddr 10.0.0.1-10.0.0.5",
	"ip saddr { 10.0.0.0/8, 192.168.0.0/16, 1.2.3.4 }",
	"ip saddr != { 1.2.3.4, 1.2.3.5 }",
	"ip saddr @s",
	"ip saddr != @s",
	"icmp type echo-request",
	"icmp type { echo-request, echo-reply }",
	"icmp code port-unreachable",
	"icmp type destination-unreachable icmp code 3",
	"icmpv6 type nd-neighbor-solicit",
	"icmp id 5",
	"icmp type echo-request icmp sequence 5",
	"icmp mtu 1500",
	"icmpv6 mtu 1280",
	"igmp type membership-query",
	"th dport 53",
	"th dport { 53, 80 }",
	"meta l4proto { tcp, udp } th dport 53",
	"udp dport 53",
	"udp length 100",
	"udplite csumcov 5",
	"sctp dport 5",
	"sctp chunk data exists",
	"sctp chunk data missing",
	"sctp chunk init num-outbound-streams 5",
	"sctp chunk data flags 1",
	"dccp type request",
	"dccp dport 5",
	"esp spi 5",
	"ah spi 5",
	"comp cpi 5",
	"ether saddr 00:11:22:33:44:55",
	"ether type ip",
	"ether type 0x8100",
	"ether type vlan",
	"vlan id 5",
	"vlan id 5 ip saddr 1.2.3.4",
	"vlan pcp 3",
	"arp operation request",
	"arp saddr ip 1.2.3.4",
	"arp daddr ether 00:11:22:33:44:55",
	"arp htype 1",
	"@th,16,32 22",
	"@th,16,32 0x0016",
	"@nh,96,32 0x01020304",
	"@ll,0,8 & 1 == 1",
	"@nh,8,8 set 5",
	"tcp option maxseg size 1400",
	"tcp option maxseg size set 1400",
	"tcp option maxseg size set rt mtu",
	"tcp option sack-perm exists",
	"tcp option sack left 5",
	"tcp option sack1 left 5",
	"tcp option timestamp tsval 5",
	"tcp option window count 5",
	"tcp option 254 exists",
	"tcp option @254,8,8 5",
	"tcp option nop exists",
	"tcp option eol exists",
	"tcp option fastopen exists",
	"tcp option md5sig exists",
	"tcp option mptcp subtype 1",
	"reset tcp option sack-perm",
	"reset tcp option 254",
	"ip option rr ptr 5",
	"ip option lsrr exists",
	"ip option ra value 5",
	"ip option ssrr addr 1.2.3.4",
	"exthdr frag exists",
	"exthdr hbh missing",
	"exthdr mh 1",
	"frag more-fragments 1",
	"frag frag-off 5",
	"frag id 5",
	"frag nexthdr tcp",
	"hbh nexthdr tcp",
	"dst hdrlength 5",
	"mh type 5",
	"mh nexthdr tcp",
	"rt nexthdr tcp",
	"rt type 0",
	"rt seg-left 5",
	"rt0 addr[1] ::1",
	"rt2 addr ::1",
	"srh sid[2] ::1",
	"srh last-entry 5",
	"srh tag 5",
	"srh flags 5",
	"log",
	"log prefix \"x: \"",
	"log prefix \"x\" group 2 snaplen 10 queue-threshold 3",
	"log level info flags tcp sequence,options flags ip options flags skuid",
	"log level debug",
	"log level audit",
	"log flags tcp sequence",
	"log flags tcp options",
	"log flags ether",
	"log group 0",
	"limit rate 10/second",
	"limit rate over 10 mbytes/second burst 5 kbytes",
	"limit rate 10/minute burst 6 packets",
	"limit rate 10 kbytes/hour",
	"limit rate 1025 bytes/day",
	"limit rate 2048 mbytes/week burst 2 mbytes",
	"limit rate over 5/week burst 1 packets",
	"quota 10 mbytes",
	"quota over 10 mbytes used 5 bytes",
	"quota 0 bytes",
	"counter packets 5 bytes 6",
	"counter name \"cn\"",
	"counter name ip saddr map @co",
	"counter name ip saddr map { 1.2.3.4 : \"cn\" }",
	"quota name \"q\"",
	"synproxy",
	"synproxy mss 1460 wscale 7 timestamp sack-perm",
	"synproxy mss 0 wscale 3",
	"ip protocol set gre",
	"ip protocol set igmp update @d4 { ip saddr }",
	"ip protocol set igmp type",
	"last used 5s",
	"notrack",
	"reject",
	"reject with tcp reset",
	"reject with icmp port-unreachable",
	"reject with icmp host-unreachable",
	"reject with icmp 3",
	"reject with icmpx admin-prohibited",
	"reject with icmpx no-route",
	"reject with icmpv6 port-unreachable",
	"meta nfproto ipv4 reject",
	"meta l4proto tcp reject with tcp reset",
	"ip saddr 1.2.3.4 reject with icmp port-unreachable",
	"add @s { ip saddr }",
	"add @s { ip saddr timeout 5s }",
	"add @s { ip saddr timeout 5s limit rate 3/minute }",
	"add @s { ip saddr counter }",
	"add @s { ip saddr ct count over 5 }",
	"update @s { ip saddr timeout 1h10m }",
	"delete @s { ip saddr }",
	"update @m { ip saddr : tcp dport }",
	"update @m { ip saddr timeout 5s : tcp dport }",
	"update @m { ip saddr counter : tcp dport }",
	"add @m { ip saddr : 5 }",
	"meter x1 size 10 { ip saddr limit rate 3/minute }",
	"meter x2 { ip saddr timeout 5s ct count over 5 }",
	"meter x3 size 100 { ip saddr . tcp dport counter }",
	"jump x",
	"goto x",
	"return",
	"continue",
	"accept",
	"drop",
	"accept comment \"x y\"",
	"tcp dport 22 accept comment \"x\"",
	"queue to 1",
	"queue flags bypass to 1",
	"queue flags bypass,fanout to 1-3",
	"queue to numgen inc mod 4",
	"queue to symhash mod 2 offset 1",
	"queue to oifname map { \"eth0\" : 0, \"eth1\" : 1 }",
	"dup to 1.2.3.4",
	"dup to 1.2.3.4 device eth0",
	"tproxy ip to 1.2.3.4:80",
	"tcp dport 80 tproxy ip to 1.2.3.4:80",
	"tcp dport 80 tproxy to :80",
	"tcp dport 80 tproxy ip6 to [::1]:80",
	"tcp dport 80 tproxy ip to 1.2.3.4",
	"tcp dport 80 tproxy ip to :80",
	"tcp dport 80 tproxy to :tcp dport map { 80 : 90 }",
	"ip saddr { 1.2.3.4 comment \"x\" } accept",
	"ip saddr vmap { 1.2.3.4 comment \"x\" : accept }",
	"ip saddr vmap { 1.2.3.4 : accept, * : drop }",
	"ip saddr vmap { * : drop, 1.2.3.4 : accept }",
	"ip saddr { * }",
	"ip saddr { 1.2.3.4 timeout 5s }",
	"ip saddr { }",
	"ct state == new",
	"ct state ! new",
	"tcp flags & syn == syn",
	"tcp flags & (fin | syn | rst | ack) == { syn, syn | ack }",
	"tcp flags == syn,ack",
	"tcp flags syn,ack / fin,syn,ack",
	"tcp flags & 0x12 == 0x2",
	"meta mark != 0x1-0x5",
	"meta mark >> 4 == 1",
	"meta mark << 4 == 16",
	"meta mark { 1, 2, 3-5 }",
	"meta mark set meta mark & 0xff | ct mark",
	"meta mark set tcp dport",
	"meta mark set ip saddr & 0xff",
	"meta mark set numgen inc mod 2 offset 5",
	"meta mark set jhash ip saddr mod 4 map { 0-1 : 1, 2-3 : 2 }",
	"ct mark set ct mark | 0x5",
	"ip dscp set ip dscp | 5",
	"tcp dport set 80",
	"tcp dport set tcp dport map { 22 : 80 }",
	"ip saddr set 1.2.3.4",
	"ct mark set tcp dport map { 80 : 1 }",
	"dnat to 1.2.3.4",
	"ip saddr . meta mark { 1.2.3.4 . 0x1 }",
	"iifname . oifname { \"a\" . \"b\" }",
	"iif . oif vmap { lo . lo : accept }",
	"meta nfproto vmap { ipv4 : jump x, ipv6 : drop }",
	"meta l4proto vmap { tcp : jump x, udp : goto x }",
	"tcp dport 22 ct state new limit rate 3/minute accept",
	"ct zone set meta mark",
	"ct zone set iif map { lo : 1 }",
	"meta priority set root",
	"meta priority none",
	"meta priority set 0x10",
	"meta priority set aa:bb",
	"ip6 saddr { ::1, fe80::/10 }",
	"ip6 daddr fe80::1-fe80::5",
	"ether saddr { 00:11:22:33:44:55, 00:11:22:33:44:66-00:11:22:33:44:77 }",
	"meta mark set 5 ct mark set 6",
	"ct helper { \"ftp\", \"sip\" }",
	"tcp dport { ssh, 1000-2000 }",
	"ct direction set original",
	"ip saddr . tcp dport @s",
	"update @s { ip saddr & 255.255.255.0 timeout 5s }",
	"add @s { ip6 saddr }",
	"add @s { ip saddr quota over 5 mbytes }",
	"ip option rr exists",
	"exthdr frag 0",
	"tcp option maxseg 1",
	"tcp option maxseg size 500-600",
	"ip length set 5",
	"meta time >= \"2024-01-01\"",
	"meta time \"2024-01-01\"",
	"meta time \"2024-01-01 00:00:00\"-\"2024-02-01 00:00:00\"",
	"meta hour \"10:00:30\"",
	"meta hour 10:00-12:00",
	"meta hour >= \"10:00\"",
	"meta day \"Mon\"",
	"meta day 1",
	"meta day { 1, 2-4 }",
	"meta day != \"Monday\"",
	"rt0 addr[2] ::1",
	"icmpv6 type { nd-router-advert, 200 }",
	"meta iifkind != \"vlan\"",
	"meta pkttype { broadcast, multicast }",
	"fib daddr type != local",
	"fib saddr . iif oifname \"eth0\"",
	"fib saddr oif exists",
	"fib daddr . iif type vmap { local : accept }",
	"fib saddr . iif oif 0 drop",
	"dnat to 1.2.3.4:80",
	"dnat to 1.2.3.4-1.2.3.9",
	"tcp dport 80 dnat to 1.2.3.4:80-90",
	"tcp dport 80 dnat to :80",
	"tcp dport 80 dnat to 1.2.3.4-1.2.3.9:1-5 random,persistent",
	"dnat ip to 1.2.3.4",
	"dnat ip prefix to ip daddr map { 10.0.0.0/8 : 11.0.0.0/8 }",
	"dnat prefix to ip daddr map { 10.0.0.0/8 : 11.0.0.0/8 }",
	"dnat to ip saddr map { 1.2.3.4 : 5.6.7.8 }",
	"dnat ip to tcp dport map { 80 : 1.2.3.4, 90 : 1.2.3.5 }",
	"dnat to tcp dport map { 80 : 1.2.3.4 . 8080 }",
	"dnat to tcp dport map @ap",
	"dnat to ip saddr . tcp dport map { 1.2.3.4 . 80 : 1.1.1.1 . 8001 }",
	"dnat to tcp dport map { 80 : 1.2.3.4-1.2.3.9 }",
	"tcp dport 80 dnat to 1.2.3.4:tcp dport map { 80 : 90 }",
	"tcp dport 80 dnat to numgen inc mod 2 map { 0 : 1.2.3.4, 1 : 1.2.3.5 }",
	"tcp dport 80 dnat to jhash ip saddr mod 2 map { 0 : 1.2.3.4, 1 : 1.2.3.5 }:80",
	"tcp dport 80 dnat to 10.0.0.0/24",
	"redirect",
	"redirect to :80",
	"tcp dport 80 redirect to :80",
	"tcp dport 80 redirect to :80-90 random",
	"tcp dport 80 redirect to :tcp dport map { 80 : 90 }",
	"redirect random",
	"redirect random,persistent",
	"redirect fully-random",
	"tproxy to 1.2.3.4:80",
	"fwd to 1.2.3.4",
	"snat to 1.2.3.4",
	"tcp dport 1 snat to 1.2.3.4:1-5 random",
	"snat ip prefix to ip saddr map { 10.0.0.0/8 : 11.0.0.0/8 }",
	"masquerade",
	"masquerade random",
	"masquerade to :1-5 fully-random",
	"tcp dport 80 masquerade to :1-5 fully-random",
	"tcp dport 80 masquerade to :1024-65535 random,persistent",
	"tcp dport 80 masquerade persistent",
	"snat to ip saddr map { 1.2.3.4 : 1.1.1.1-1.1.1.4 }",
	"dup to 1.2.3.4 device \"lo\"",
	"meta secmark set \"x\"",
	"ct secmark set 5",
	"synproxy mss 1460 wscale 0",
	"synproxy timestamp",
	"ct count over 0",
	"ct mark 1,2",
	"tcp flags syn,ack/syn,ack",
	"meta mark set 5 accept",
	"ip dscp & 0x3 == 0",
	"ip dscp set cs1 ip ecn set ce",
	"tcp dport 22 ip saddr 1.2.3.4-1.2.3.9 log accept",
	"ip saddr 1.2.3.4/24 . 5",
	"accept comment \"\"",
	"reject with icmpx 1",
	"reject with icmpv6 4",
	"dup to lo",
	"dup to \"lo\"",
	"fwd to lo",
	"fwd ip to 1.2.3.4 device lo",
	"fwd ip6 to ::1 device lo",
	"fwd to meta mark map { 1 : lo }",
	"dup to meta mark map { 1 : lo }",
	"meta protocol ip accept",
	"vlan id 5 vlan pcp 3",
	"arp operation request limit rate 5/second drop",
	"ether daddr 00:11:22:33:44:55",
	"ip saddr 1.2.3.4",
	"meta mark set 5",
	"ip daddr 1.2.3.4",
	"limit rate 10 bytes/second burst 5 bytes",
};

/* Other spellings of the same. */
static const struct {
	const char *text, *listing;
} spellings[] = {
	{ "tcp flags & (fin|syn) == syn", "tcp flags & (fin | syn) == syn" },
	{ "tcp flags & (fin|syn|rst) != syn", "tcp flags & (fin | syn | rst) != syn" },
	{ "tcp flags & (syn|ack) == (syn|ack)", "tcp flags & (syn | ack) == syn | ack" },
	{ "tcp flags { syn, syn|ack }", "tcp flags { syn, syn | ack }" },
	{ "ip saddr ne 1.2.3.4", "ip saddr != 1.2.3.4" },
	{ "tcp dport {22,80,443} accept", "tcp dport { 22, 80, 443 } accept" },
	{ "tcp dport lt 1024", "tcp dport < 1024" },
	{ "meta mark and 0xff 0x12", "meta mark & 0xff == 0x12" },
	{ "mark 0x12", "meta mark 0x12" },
	{ "ct mark set mark and 0xffff or 0x10000",
	  "ct mark set meta mark & 0xffff | 0x10000" },
	{ "ct mark set meta mark xor 0x5", "ct mark set meta mark ^ 0x5" },
	{ "mark set mark lshift 2", "meta mark set meta mark << 2" },
	{ "meta mark set mark >> 2", "meta mark set meta mark >> 2" },
	{ "nftrace set 1", "meta nftrace set 1" },
	{ "pkttype host", "meta pkttype host" },
	{ "iiftype loopback", "meta iiftype loopback" },
	{ "skuid 1000", "meta skuid 1000" },
	{ "skgid { 0, 5-7 }", "meta skgid { 0, 5-7 }" },
	{ "cpu 1", "meta cpu 1" },
	{ "cgroup 5", "meta cgroup 5" },
	{ "day { Monday, Tuesday }", "meta day { Monday, Tuesday }" },
	{ "hour 10:00", "meta hour 10:00" },
	{ "ipsec exists", "meta ipsec exists" },
	{ "meta secpath exists", "meta ipsec exists" },
	{ "rtclassid cosmos", "meta rtclassid cosmos" },
	{ "tcp option mss size 1400", "tcp option maxseg size 1400" },
	{ "tcp option sack-permitted missing", "tcp option sack-perm missing" },
	{ "tcp option noop exists", "tcp option nop exists" },
	{ "log prefix \"x\" level warn flags all group 2 snaplen 10 queue-threshold 3",
	  "log prefix \"x\" group 2 snaplen 10 queue-threshold 3 flags all" },
	{ "log prefix \"x\" level warn flags all", "log prefix \"x\" flags all" },
	{ "log level warn", "log" },
	{ "log flags tcp sequence, options", "log flags tcp sequence,options" },
	{ "limit rate 10/minute burst 5 packets", "limit rate 10/minute" },
	{ "limit rate 1024 kbytes/day", "limit rate 1 mbytes/day" },
	{ "quota until 100 kbytes", "quota 100 kbytes" },
	{ "counter", "counter packets 0 bytes 0" },
	{ "counter name cn", "counter name \"cn\"" },
	{ "limit name l", "limit name \"l\"" },
	{ "quota name q drop", "quota name \"q\" drop" },
	{ "synproxy name sp", "synproxy name \"sp\"" },
	{ "last", "last used never" },
	{ "reject with icmp type port-unreachable", "reject with icmp port-unreachable" },
	{ "reject with icmpx type port-unreachable",
	  "reject with icmpx port-unreachable" },
	{ "reject with icmpx type host-unreachable",
	  "reject with icmpx host-unreachable" },
	{ "reject with icmpv6 type no-route", "reject with icmpv6 no-route" },
	{ "add @s { ip saddr limit rate 3/minute burst 5 packets }",
	  "add @s { ip saddr limit rate 3/minute }" },
	{ "set add ip saddr @s", "add @s { ip saddr }" },
	{ "set add ip saddr timeout 10s @s", "add @s { ip saddr timeout 10s }" },
	{ "set update ip saddr @s", "update @s { ip saddr }" },
	{ "flow table x4 { ip saddr counter }", "meter x4 { ip saddr counter }" },
	{ "tcp dport 22 accept comment x", "tcp dport 22 accept comment \"x\"" },
	{ "queue", "queue to 0" },
	{ "queue num 1", "queue to 1" },
	{ "queue num 1-3", "queue to 1-3" },
	{ "queue num 1-3 bypass", "queue flags bypass to 1-3" },
	{ "queue num 1-3 bypass,fanout", "queue flags bypass,fanout to 1-3" },
	{ "queue num 1-3 fanout", "queue flags fanout to 1-3" },
	{ "queue flags fanout,bypass to 1-3", "queue flags bypass,fanout to 1-3" },
	{ "ip saddr vmap { 1.2.3.4 counter : accept }",
	  "ip saddr vmap { 1.2.3.4 counter packets 0 bytes 0 : accept }" },
	{ "ip saddr { 1.2.3.4, }", "ip saddr { 1.2.3.4 }" },
	{ "ct state { new,established } accept", "ct state { new, established } accept" },
	{ "ct state new|established accept", "ct state new | established accept" },
	{ "ct state & (new|established) != 0", "ct state & (new | established) != 0" },
	{ "ct state == { new, established }", "ct state { new, established }" },
	{ "tcp flags & (syn|ack) == { syn, ack }",
	  "tcp flags & (syn | ack) == { syn, ack }" },
	{ "tcp flags & syn|ack == 5", "tcp flags & syn | ack == 5" },
	{ "tcp flags & (fin | syn | rst | ack) syn",
	  "tcp flags & (fin | syn | rst | ack) == syn" },
	{ "tcp flags (syn | ack)", "tcp flags syn | ack" },
	{ "tcp flags syn|ack", "tcp flags syn | ack" },
	{ "tcp flags == syn|ack", "tcp flags == syn | ack" },
	{ "meta mark & (0x1|0x2) == 0x1", "meta mark & (0x1 | 0x2) == 0x1" },
	{ "meta mark and 0x3 eq 0x1", "meta mark & 0x3 == 0x1" },
	{ "meta iifname . ip saddr vmap { \"eth0\" . 1.2.3.4 : accept }",
	  "iifname . ip saddr vmap { \"eth0\" . 1.2.3.4 : accept }" },
	{ "(ip saddr & 255.255.255.0) == 1.2.3.0",
	  "ip saddr & 255.255.255.0 == 1.2.3.0" },
	{ "ip saddr & 255.255.255.0 { 1.2.3.0 }",
	  "ip saddr & 255.255.255.0 == { 1.2.3.0 }" },
	{ "ip saddr == 1.2.3.4", "ip saddr 1.2.3.4" },
	{ "tcp dport eq 22", "tcp dport 22" },
	{ "ct state vmap { new : drop } counter",
	  "ct state vmap { new : drop } counter packets 0 bytes 0" },
	{ "ct status & (dnat|snat) != 0", "ct status & (dnat | snat) != 0" },
	{ "dnat 1.2.3.4", "dnat to 1.2.3.4" },
	{ "tcp dport 80 dnat to 1.2.3.4-1.2.3.9:1-5 persistent,random,fully-random",
	  "tcp dport 80 dnat to 1.2.3.4-1.2.3.9:1-5 random,fully-random,persistent" },
	{ "dnat ip addr . port to tcp dport map { 80 : 1.2.3.4 . 8080 }",
	  "dnat ip to tcp dport map { 80 : 1.2.3.4 . 8080 }" },
	{ "dnat ip interval to tcp dport map { 80 : 1.2.3.4-1.2.3.9 }",
	  "dnat ip to tcp dport map { 80 : 1.2.3.4-1.2.3.9 }" },
	{ "dnat ip addr . port to tcp dport map { 80 : 1.2.3.4 . 8080-8090 }",
	  "dnat ip to tcp dport map { 80 : 1.2.3.4 . 8080-8090 }" },
	{ "tcp dport 80 redirect to 80", "tcp dport 80 redirect to :80" },
	{ "tcp dport 80 redirect to tcp dport map { 80 : 90 }",
	  "tcp dport 80 redirect to :tcp dport map { 80 : 90 }" },
	{ "snat ip interval to ip saddr map { 1.2.3.4 : 1.1.1.1-1.1.1.4 }",
	  "snat ip to ip saddr map { 1.2.3.4 : 1.1.1.1-1.1.1.4 }" },
	{ "snat ip addr . port to ip saddr map { 1.2.3.4 : 1.1.1.1 . 1-5 }",
	  "snat ip to ip saddr map { 1.2.3.4 : 1.1.1.1 . 1-5 }" },
	{ "tcp dport 80 tproxy ip6 to ::1", "tcp dport 80 tproxy ip6 to [::1]" },
	{ "ip saddr 1.2.3.4 log prefix \"a\" level warn accept",
	  "ip saddr 1.2.3.4 log prefix \"a\" accept" },
	{ "log prefix x", "log prefix \"x\"" },
	{ "limit rate 10 mbytes / second", "limit rate 10 mbytes/second" },
	{ "counter bytes 5", "counter packets 0 bytes 5" },
	{ "counter packets 5", "counter packets 5 bytes 0" },
	{ "tcp dport (22)", "tcp dport 22" },
	{ "ip saddr (1.2.3.4)", "ip saddr 1.2.3.4" },
	{ "tcp flags (syn)", "tcp flags syn" },
	{ "tcp flags == syn,ack / syn,ack", "tcp flags syn,ack / syn,ack" },
	{ "meta mark set meta mark or 0x1 and 0xff",
	  "meta mark set meta mark | 0x1 & 0xff" },
	{ "meta mark set (meta mark or 0x1) and 0xff",
	  "meta mark set (meta mark | 0x1) & 0xff" },
	{ "reject with icmp type 3", "reject with icmp 3" },
};

static const struct format plain = { 0 };

static void check(const char *text, const char *listing)
{
	auto_buf once = { 0 }, twice = { 0 };

	rule_round(str_from(text), &plain, &once);
	assert_str(buf_as_str(&once), listing);
	rule_round(buf_as_str(&once), &plain, &twice);
	assert_str(buf_as_str(&twice), listing);
}

static void a_rule_in_listed_form_prints_as_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		check(same[i], same[i]);
}

static void other_spellings_print_in_listed_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++)
		check(spellings[i].text, spellings[i].listing);
}

static void check_format(const struct format *fmt, const char *text, const char *listing)
{
	auto_buf out = { 0 };

	rule_round(str_from(text), fmt, &out);
	assert_str(buf_as_str(&out), listing);
}

static void stateless_listings_leave_numbers_out(void **state)
{
	static const struct format fmt = { .stateless = true };

	(void)state;
	check_format(&fmt, "counter packets 5 bytes 6 accept", "counter accept");
	check_format(&fmt, "quota over 5 mbytes used 3 bytes", "quota over 5 mbytes");
	check_format(&fmt, "ip saddr { 1.2.3.4 timeout 5s expires 3s }",
	             "ip saddr { 1.2.3.4 timeout 5s }");
	check_format(&fmt, "last", "last");
}

static void numeric_times_are_seconds(void **state)
{
	static const struct format fmt = { .numeric_time = true };

	(void)state;
	check_format(&fmt, "add @s { ip saddr timeout 1h30m }",
	             "add @s { ip saddr timeout 5400s }");
}

static void times_show_every_unit_that_is_not_zero(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "0s" },         { 5, "5ms" },
		{ 1000, "1s" },      { 90000, "1m30s" },
		{ 3600000, "1h" },   { 93784005, "1d2h3m4s5ms" },
		{ 604800000, "7d" }, { 299976, "4m59s976ms" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = { 0 };

		print_time_ms(&out, rows[i].ms);
		assert_str(buf_as_str(&out), rows[i].text);
	}
}

static void names_that_need_quotes_have_them(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "input", "input" }, { "DOCKER-USER", "DOCKER-USER" },
		{ "a.b", "a.b" },     { "_x/y", "_x/y" },
		{ "log", "\"log\"" }, { "two words", "\"two words\"" },
		{ "1x", "\"1x\"" },   { "", "\"\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = { 0 };
		struct printer p = { .out = &out, .fmt = &plain };

		print_name(&p, str_from(rows[i].name));
		assert_str(buf_as_str(&out), rows[i].text);
	}
}

/* ---- typed values ------------------------------------------------------------------ */

static const struct datatype *type(const char *name)
{
	const struct datatype *t = datatype_by_name(str_from(name));

	assert_non_null(t);
	return t;
}

static struct expr typed(const char *name, const char *word)
{
	struct expr e = { .kind = EXPR_VALUE, .type = type(name) };
	auto_arena a = { 0 };
	struct str why;

	assert_int_equal(datatype_parse(e.type, NULL, str_from(word), e.type->bits, &a,
	                                &e.value, &why),
	                 0);
	return e;
}

static void an_ipv6_address_before_a_port_stands_in_brackets(void **state)
{
	auto_buf out = { 0 };
	struct printer p = { .out = &out, .fmt = &plain };
	struct expr from = typed("ipv6_addr", "::1"), to = typed("ipv6_addr", "::5");
	struct expr range = { .kind = EXPR_RANGE, .pair = { &from, &to } };
	struct expr port = typed("inet_service", "80");
	struct stmt s = { .kind = STMT_NAT };

	(void)state;
	s.nat.kind = NAT_DNAT;
	s.nat.family = FAMILY_IP6;
	s.nat.addr = &range;
	print_stmt(&p, &s);
	assert_str(buf_as_str(&out), "dnat ip6 to ::1-::5");
	buf_reset(&out);
	s.nat.port = &port;
	print_stmt(&p, &s);
	assert_str(buf_as_str(&out), "dnat ip6 to [::1]-[::5]:80");
}

static void a_range_shows_numbers_where_a_value_shows_its_name(void **state)
{
	auto_buf out = { 0 };
	struct printer p = { .out = &out, .fmt = &plain };
	struct expr from = typed("icmp_type", "3"), to = typed("icmp_type", "5");
	struct expr range = { .kind = EXPR_RANGE, .pair = { &from, &to } };

	(void)state;
	print_expr(&p, &from);
	assert_str(buf_as_str(&out), "destination-unreachable");
	buf_reset(&out);
	print_expr(&p, &range);
	assert_str(buf_as_str(&out), "3-5");
}

static void a_value_of_several_flags_has_the_form_of_its_place(void **state)
{
	static const struct {
		enum relop op;
		const char *of_payload, *of_ct;
	} rows[] = {
		{ REL_IMPLICIT, "tcp flags syn,ack", "ct state established,new" },
		{ REL_EQ, "tcp flags == 0x12", "ct state == established | new" },
		{ REL_NE, "tcp flags != 0x12", "ct state != established | new" },
	};
	struct expr tcp = { .kind = EXPR_PAYLOAD };
	struct expr ct = { .kind = EXPR_CT, .key.dir = DIR_NONE };
	struct expr syn_ack = typed("tcp_flag", "18"), both = typed("ct_state", "10");

	(void)state;
	tcp.payload.proto = protos[PROTO_TCP];
	tcp.payload.field = field_by_name(protos[PROTO_TCP]->fields, STR("flags"));
	ct.key.key = key_by_name(ct_keys, STR("state"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf a = { 0 }, b = { 0 };
		struct stmt s = { .kind = STMT_MATCH };

		s.match.op = rows[i].op;
		s.match.left = &tcp;
		s.match.right = &syn_ack;
		print_stmt(&(struct printer){ .out = &a, .fmt = &plain }, &s);
		assert_str(buf_as_str(&a), rows[i].of_payload);
		s.match.left = &ct;
		s.match.right = &both;
		print_stmt(&(struct printer){ .out = &b, .fmt = &plain }, &s);
		assert_str(buf_as_str(&b), rows[i].of_ct);
	}
}

static void flags_behind_an_operator_stand_in_parentheses(void **state)
{
	auto_buf out = { 0 };
	struct printer p = { .out = &out, .fmt = &plain };
	struct expr tcp = { .kind = EXPR_PAYLOAD };
	struct expr syn_ack = typed("tcp_flag", "18");
	struct expr masked = { .kind = EXPR_BINARY,
		               .binary = { &tcp, &syn_ack, BINOP_AND } };

	(void)state;
	tcp.payload.proto = protos[PROTO_TCP];
	tcp.payload.field = field_by_name(protos[PROTO_TCP]->fields, STR("flags"));
	print_expr(&p, &masked);
	assert_str(buf_as_str(&out), "tcp flags & (syn | ack)");
}

/* The rules of the only chain without a name. */
static bool anonymous(void *ctx, struct str chain, const struct rule *const **rules,
                      size_t *n)
{
	if (!str_is(chain, "__chain0"))
		return false;
	*rules = ctx;
	*n = 2;
	return true;
}

static void a_chain_without_a_name_prints_in_braces(void **state)
{
	auto_buf out = { 0 };
	struct expr drop = { .kind = EXPR_VERDICT, .verdict.kind = VERDICT_DROP };
	struct expr jump = { .kind = EXPR_VERDICT };
	struct stmt verdict = { .kind = STMT_VERDICT, .verdict = &drop };
	struct stmt jumping = { .kind = STMT_VERDICT, .verdict = &jump };
	struct stmt *inner[] = { &verdict }, *outer[] = { &jumping };
	struct rule rule = { .stmts = { inner, 1, 1 }, .comment = STR("x") };
	struct rule top = { .stmts = { outer, 1, 1 } };
	const struct rule *rules[] = { &rule, &rule };
	struct printer p = {
		.out = &out, .fmt = &plain, .anonymous = anonymous, .ctx = rules
	};

	(void)state;
	jump.verdict.kind = VERDICT_JUMP;
	jump.verdict.chain = STR("__chain0");
	print_rule(&p, &top);
	assert_str(buf_as_str(&out),
	           "jump {\n\t\t\tdrop comment \"x\"\n\t\t\tdrop comment \"x\"\n\t\t}");
	buf_reset(&out);
	jump.verdict.chain = STR("named");
	print_rule(&p, &top);
	assert_str(buf_as_str(&out), "jump named");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_rule_in_listed_form_prints_as_it_is),
		UNIT(other_spellings_print_in_listed_form),
		UNIT(stateless_listings_leave_numbers_out),
		UNIT(numeric_times_are_seconds),
		UNIT(times_show_every_unit_that_is_not_zero),
		UNIT(names_that_need_quotes_have_them),
		UNIT(an_ipv6_address_before_a_port_stands_in_brackets),
		UNIT(a_range_shows_numbers_where_a_value_shows_its_name),
		UNIT(a_value_of_several_flags_has_the_form_of_its_place),
		UNIT(flags_behind_an_operator_stand_in_parentheses),
		UNIT(a_chain_without_a_name_prints_in_braces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
