/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Protocol headers. Offsets and widths are in bits and come from the standard named at each
 * table; the number before a field is nft's own, which `typeof` sets keep in the kernel.
 */
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "gate/schema/fields.h"

// clang-format off

/* IEEE 802.3 clause 3.1.1 */
static const struct field ether_fields[] = {
	FIELD(1, "daddr",  0, 48, ETHER_ADDR),
	FIELD(2, "saddr", 48, 48, ETHER_ADDR),
	FIELD(3, "type",  96, 16, ETHER_TYPE),
	FIELDS_END
};

/* IEEE 802.1Q clause 9.6: what follows the tag's EtherType. */
static const struct field vlan_fields[] = {
	FIELD(1, "pcp",   0,  3, INTEGER),
	FIELD(2, "dei",   3,  1, INTEGER),
	FIELD(3, "cfi",   3,  1, INTEGER), /* the name before 802.1Q-2011 */
	FIELD(4, "id",    4, 12, INTEGER),
	FIELD(5, "type", 16, 16, ETHER_TYPE),
	FIELDS_END
};

/* RFC 826, with addresses of Ethernet and IPv4 */
static const struct field arp_fields[] = {
	FIELD(1, "htype",         0, 16, INTEGER),
	FIELD(2, "ptype",        16, 16, ETHER_TYPE),
	FIELD(3, "hlen",         32,  8, INTEGER),
	FIELD(4, "plen",         40,  8, INTEGER),
	FIELD(5, "operation",    48, 16, ARP_OP),
	FIELD(6, "saddr ether",  64, 48, ETHER_ADDR),
	FIELD(7, "saddr ip",    112, 32, IPV4_ADDR),
	FIELD(8, "daddr ether", 144, 48, ETHER_ADDR),
	FIELD(9, "daddr ip",    192, 32, IPV4_ADDR),
	FIELDS_END
};

/* RFC 791 section 3.1, RFC 2474 (dscp), RFC 3168 (ecn) */
static const struct field ip_fields[] = {
	FIELD( 1, "version",     0,  4, INTEGER),
	FIELD( 2, "hdrlength",   4,  4, INTEGER),
	FIELD( 3, "dscp",        8,  6, DSCP),
	FIELD( 4, "ecn",        14,  2, ECN),
	FIELD( 5, "length",     16, 16, INTEGER),
	FIELD( 6, "id",         32, 16, INTEGER),
	FIELD( 7, "frag-off",   48, 16, INTEGER), /* with the flags, as nft has it */
	FIELD( 8, "ttl",        64,  8, INTEGER),
	FIELD( 9, "protocol",   72,  8, INET_PROTO),
	FIELD(10, "checksum",   80, 16, INTEGER),
	FIELD(11, "saddr",      96, 32, IPV4_ADDR),
	FIELD(12, "daddr",     128, 32, IPV4_ADDR),
	FIELDS_END
};

/* RFC 8200 section 3 */
static const struct field ip6_fields[] = {
	FIELD(1, "version",     0,   4, INTEGER),
	FIELD(2, "dscp",        4,   6, DSCP),
	FIELD(3, "ecn",        10,   2, ECN),
	FIELD(4, "flowlabel",  12,  20, INTEGER),
	FIELD(5, "length",     32,  16, INTEGER),
	FIELD(6, "nexthdr",    48,   8, INET_PROTO),
	FIELD(7, "hoplimit",   56,   8, INTEGER),
	FIELD(8, "saddr",      64, 128, IPV6_ADDR),
	FIELD(9, "daddr",     192, 128, IPV6_ADDR),
	FIELDS_END
};

/* RFC 792; mtu: RFC 1191 section 4 */
static const struct field icmp_fields[] = {
	FIELD(1, "type",      0,  8, ICMP_TYPE),
	FIELD(2, "code",      8,  8, ICMP_CODE),
	FIELD(3, "checksum", 16, 16, INTEGER),
	FIELD(4, "id",       32, 16, INTEGER),
	FIELD(5, "sequence", 48, 16, INTEGER),
	FIELD(6, "gateway",  32, 32, INTEGER),
	FIELD(7, "mtu",      48, 16, INTEGER),
	FIELDS_END
};

/* RFC 4443 section 2.1; max-delay: RFC 2710 section 3; taddr, daddr: RFC 4861 sections 4.3-4.5 */
static const struct field icmpv6_fields[] = {
	FIELD(      1, "type",                               0,   8, ICMPV6_TYPE),
	FIELD(      2, "code",                               8,   8, ICMPV6_CODE),
	FIELD(      3, "checksum",                          16,  16, INTEGER),
	FIELD_ALIAS(4, "parameter-problem", "param-problem", 32,  32, INTEGER),
	FIELD_ALIAS(5, "mtu", "packet-too-big",             32,  32, INTEGER),
	FIELD(      6, "id",                                32,  16, INTEGER),
	FIELD(      7, "sequence",                          48,  16, INTEGER),
	FIELD(      8, "max-delay",                         32,  16, INTEGER),
	FIELD(      9, "taddr",                             64, 128, IPV6_ADDR),
	FIELD(     10, "daddr",                            192, 128, IPV6_ADDR),
	FIELDS_END
};

/* RFC 2236 section 2 */
static const struct field igmp_fields[] = {
	FIELD(1, "type",      0,  8, IGMP_TYPE),
	FIELD(2, "checksum", 16, 16, INTEGER),
	FIELD(3, "mrt",       8,  8, INTEGER),
	FIELD(4, "group",    32, 32, INTEGER),
	FIELDS_END
};

/* RFC 9293 section 3.1 */
static const struct field tcp_fields[] = {
	FIELD( 1, "sport",      0, 16, INET_SERVICE),
	FIELD( 2, "dport",     16, 16, INET_SERVICE),
	FIELD( 3, "sequence",  32, 32, INTEGER),
	FIELD( 4, "ackseq",    64, 32, INTEGER),
	FIELD( 5, "doff",      96,  4, INTEGER),
	FIELD( 6, "reserved", 100,  4, INTEGER),
	FIELD( 7, "flags",    104,  8, TCP_FLAG),
	FIELD( 8, "window",   112, 16, INTEGER),
	FIELD( 9, "checksum", 128, 16, INTEGER),
	FIELD(10, "urgptr",   144, 16, INTEGER),
	FIELDS_END
};

/* RFC 768 */
static const struct field udp_fields[] = {
	FIELD(1, "sport",     0, 16, INET_SERVICE),
	FIELD(2, "dport",    16, 16, INET_SERVICE),
	FIELD(3, "length",   32, 16, INTEGER),
	FIELD(4, "checksum", 48, 16, INTEGER),
	FIELDS_END
};

/* RFC 3828 section 3.1 */
static const struct field udplite_fields[] = {
	FIELD(1, "sport",     0, 16, INET_SERVICE),
	FIELD(2, "dport",    16, 16, INET_SERVICE),
	FIELD(3, "csumcov",  32, 16, INTEGER),
	FIELD(4, "checksum", 48, 16, INTEGER),
	FIELDS_END
};

/* RFC 9260 section 3.1 */
static const struct field sctp_fields[] = {
	FIELD(1, "sport",     0, 16, INET_SERVICE),
	FIELD(2, "dport",    16, 16, INET_SERVICE),
	FIELD(3, "vtag",     32, 32, INTEGER),
	FIELD(4, "checksum", 64, 32, INTEGER),
	FIELDS_END
};

/* RFC 4340 section 5.1 */
static const struct field dccp_fields[] = {
	FIELD(1, "sport",  0, 16, INET_SERVICE),
	FIELD(2, "dport", 16, 16, INET_SERVICE),
	FIELD(3, "type",  67,  4, DCCP_PKTTYPE),
	FIELDS_END
};

/* RFC 4303 section 2 */
static const struct field esp_fields[] = {
	FIELD(1, "spi",       0, 32, INTEGER),
	FIELD(2, "sequence", 32, 32, INTEGER),
	FIELDS_END
};

/* RFC 4302 section 2 */
static const struct field ah_fields[] = {
	FIELD(1, "nexthdr",    0,  8, INET_PROTO),
	FIELD(2, "hdrlength",  8,  8, INTEGER),
	FIELD(3, "reserved",  16, 16, INTEGER),
	FIELD(4, "spi",       32, 32, INTEGER),
	FIELD(5, "sequence",  64, 32, INTEGER),
	FIELDS_END
};

/* RFC 3173 section 3.3 */
static const struct field comp_fields[] = {
	FIELD(1, "nexthdr", 0,  8, INET_PROTO),
	FIELD(2, "flags",   8,  8, BITMASK),
	FIELD(3, "cpi",    16, 16, INTEGER),
	FIELDS_END
};

/* What TCP, UDP, UDP-Lite, SCTP and DCCP share. */
static const struct field th_fields[] = {
	FIELD(1, "sport",  0, 16, INET_SERVICE),
	FIELD(2, "dport", 16, 16, INET_SERVICE),
	FIELDS_END
};

static const struct proto proto_rows[PROTO_COUNT] = {
	[PROTO_ETHER]   = { PROTO_ETHER,   PAYLOAD_LL, "ether",   ether_fields,   112, 0 },
	[PROTO_VLAN]    = { PROTO_VLAN,    PAYLOAD_LL, "vlan",    vlan_fields,     32, ETH_P_8021Q },
	[PROTO_ARP]     = { PROTO_ARP,     PAYLOAD_NH, "arp",     arp_fields,     224, ETH_P_ARP },
	[PROTO_IP]      = { PROTO_IP,      PAYLOAD_NH, "ip",      ip_fields,      160, ETH_P_IP },
	[PROTO_IP6]     = { PROTO_IP6,     PAYLOAD_NH, "ip6",     ip6_fields,     320, ETH_P_IPV6 },
	[PROTO_ICMP]    = { PROTO_ICMP,    PAYLOAD_TH, "icmp",    icmp_fields,     64, IPPROTO_ICMP },
	[PROTO_ICMPV6]  = { PROTO_ICMPV6,  PAYLOAD_TH, "icmpv6",  icmpv6_fields,   64, IPPROTO_ICMPV6 },
	[PROTO_IGMP]    = { PROTO_IGMP,    PAYLOAD_TH, "igmp",    igmp_fields,     64, IPPROTO_IGMP },
	[PROTO_TCP]     = { PROTO_TCP,     PAYLOAD_TH, "tcp",     tcp_fields,     160, IPPROTO_TCP },
	[PROTO_UDP]     = { PROTO_UDP,     PAYLOAD_TH, "udp",     udp_fields,      64, IPPROTO_UDP },
	[PROTO_UDPLITE] = { PROTO_UDPLITE, PAYLOAD_TH, "udplite", udplite_fields,  64, IPPROTO_UDPLITE },
	[PROTO_SCTP]    = { PROTO_SCTP,    PAYLOAD_TH, "sctp",    sctp_fields,     96, IPPROTO_SCTP },
	[PROTO_DCCP]    = { PROTO_DCCP,    PAYLOAD_TH, "dccp",    dccp_fields,     96, IPPROTO_DCCP },
	[PROTO_ESP]     = { PROTO_ESP,     PAYLOAD_TH, "esp",     esp_fields,      64, IPPROTO_ESP },
	[PROTO_AH]      = { PROTO_AH,      PAYLOAD_TH, "ah",      ah_fields,       96, IPPROTO_AH },
	[PROTO_COMP]    = { PROTO_COMP,    PAYLOAD_TH, "comp",    comp_fields,     32, IPPROTO_COMP },
	[PROTO_TH]      = { PROTO_TH,      PAYLOAD_TH, "th",      th_fields,       32, 0 },
};

const struct proto *const protos[PROTO_COUNT] = {
	[PROTO_ETHER]   = &proto_rows[PROTO_ETHER],   [PROTO_VLAN]   = &proto_rows[PROTO_VLAN],
	[PROTO_ARP]     = &proto_rows[PROTO_ARP],     [PROTO_IP]     = &proto_rows[PROTO_IP],
	[PROTO_IP6]     = &proto_rows[PROTO_IP6],     [PROTO_ICMP]   = &proto_rows[PROTO_ICMP],
	[PROTO_ICMPV6]  = &proto_rows[PROTO_ICMPV6],  [PROTO_IGMP]   = &proto_rows[PROTO_IGMP],
	[PROTO_TCP]     = &proto_rows[PROTO_TCP],     [PROTO_UDP]    = &proto_rows[PROTO_UDP],
	[PROTO_UDPLITE] = &proto_rows[PROTO_UDPLITE], [PROTO_SCTP]   = &proto_rows[PROTO_SCTP],
	[PROTO_DCCP]    = &proto_rows[PROTO_DCCP],    [PROTO_ESP]    = &proto_rows[PROTO_ESP],
	[PROTO_AH]      = &proto_rows[PROTO_AH],      [PROTO_COMP]   = &proto_rows[PROTO_COMP],
	[PROTO_TH]      = &proto_rows[PROTO_TH],
};

// clang-format on

const struct proto *proto_by_name(struct str name)
{
	for (size_t i = PROTO_NONE + 1; i < PROTO_COUNT; i++)
		if (str_is(name, proto_rows[i].name))
			return &proto_rows[i];
	return NULL;
}

const struct field *field_by_name(const struct field *fields, struct str name)
{
	for (const struct field *f = fields; name.n && f && f->name; f++)
		if ((*f->name == *name.p && str_is_word(name, f->name)) ||
		    (f->alias && str_is_word(name, f->alias)))
			return f;
	return NULL;
}

const struct field *field_by_number(const struct field *fields, unsigned number)
{
	for (const struct field *f = fields; f && f->name; f++)
		if (f->number == number)
			return f;
	return NULL;
}

const struct proto *proto_by_l4(uint8_t number)
{
	for (size_t i = PROTO_NONE + 1; i < PROTO_COUNT; i++)
		if (proto_rows[i].base == PAYLOAD_TH && proto_rows[i].number == number &&
		    number)
			return &proto_rows[i];
	return NULL;
}

const struct proto *proto_by_ethertype(uint16_t type)
{
	switch (type) {
	case ETH_P_IP:
		return protos[PROTO_IP];
	case ETH_P_IPV6:
		return protos[PROTO_IP6];
	case ETH_P_ARP:
		return protos[PROTO_ARP];
	case ETH_P_8021Q:
	case ETH_P_8021AD:
		return protos[PROTO_VLAN];
	}
	return NULL;
}
