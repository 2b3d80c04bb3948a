/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What a packet's metadata, its connection, route, socket and security association can be asked
 * for, in the order of the kernel's enums (linux/netfilter/nf_tables.h). Widths are those of
 * the registers; `random` and the connection's id have no order of their own, and nft writes
 * them big-endian.
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/schema/nf_compat.h"
#include "gate/schema/schema.h"

// clang-format off

#define BARE   KEY_BARE
#define LISTED (KEY_BARE | KEY_LIST_BARE)
#define SET    KEY_SET
#define DIR    KEY_DIR
#define NEEDED KEY_DIR_NEEDED

#define KEY(text, num, kind, width, endian, bits_of_flags) \
	{ .name = (text), .number = (num), .type = TYPE_##kind, .bits = (width), \
	  .order = ORDER_##endian, .flags = (bits_of_flags) }
#define KEY_ALIAS(text, other, num, kind, width, endian, bits_of_flags) \
	{ .name = (text), .number = (num), .type = TYPE_##kind, .bits = (width), \
	  .order = ORDER_##endian, .flags = (bits_of_flags), .alias = (other) }
#define KEYS_END { .name = NULL }

/* enum nft_meta_keys */
const struct key meta_keys[] = {
	KEY("length",    NFT_META_LEN,            INTEGER,      32, HOST, 0),
	KEY("protocol",  NFT_META_PROTOCOL,       ETHER_TYPE,   16, BIG,  0),
	KEY("priority",  NFT_META_PRIORITY,       CLASSID,      32, HOST, SET),
	KEY("mark",      NFT_META_MARK,           MARK,         32, HOST, BARE | SET),
	KEY("iif",       NFT_META_IIF,            IFACE_INDEX,  32, HOST, LISTED),
	KEY("oif",       NFT_META_OIF,            IFACE_INDEX,  32, HOST, LISTED),
	KEY("iifname",   NFT_META_IIFNAME,        IFNAME,      128, NONE, LISTED),
	KEY("oifname",   NFT_META_OIFNAME,        IFNAME,      128, NONE, LISTED),
	KEY("iiftype",   NFT_META_IIFTYPE,        IFACE_TYPE,   16, HOST, BARE),
	KEY("oiftype",   NFT_META_OIFTYPE,        IFACE_TYPE,   16, HOST, BARE),
	KEY("skuid",     NFT_META_SKUID,          UID,          32, HOST, BARE),
	KEY("skgid",     NFT_META_SKGID,          GID,          32, HOST, BARE),
	KEY("nftrace",   NFT_META_NFTRACE,        INTEGER,       1, HOST, BARE | SET),
	KEY("rtclassid", NFT_META_RTCLASSID,      REALM,        32, HOST, BARE),
	KEY("secmark",   NFT_META_SECMARK,        INTEGER,      32, HOST, SET),
	KEY("nfproto",   NFT_META_NFPROTO,        NF_PROTO,      8, HOST, 0),
	KEY("l4proto",   NFT_META_L4PROTO,        INET_PROTO,    8, HOST, 0),
	KEY_ALIAS("ibrname", "ibriport", NFT_META_BRI_IIFNAME, IFNAME, 128, NONE, BARE),
	KEY_ALIAS("obrname", "obriport", NFT_META_BRI_OIFNAME, IFNAME, 128, NONE, BARE),
	KEY("pkttype",   NFT_META_PKTTYPE,        PKT_TYPE,      8, HOST, BARE | SET),
	KEY("cpu",       NFT_META_CPU,            INTEGER,      32, HOST, BARE),
	KEY("iifgroup",  NFT_META_IIFGROUP,       DEVGROUP,     32, HOST, LISTED),
	KEY("oifgroup",  NFT_META_OIFGROUP,       DEVGROUP,     32, HOST, LISTED),
	KEY("cgroup",    NFT_META_CGROUP,         INTEGER,      32, HOST, BARE),
	KEY("random",    NFT_META_PRANDOM,        INTEGER,      32, BIG,  0),
	KEY_ALIAS("ipsec", "secpath", NFT_META_SECPATH, BOOLEAN, 8, HOST, BARE),
	KEY("iifkind",   NFT_META_IIFKIND,        IFNAME,      128, NONE, 0),
	KEY("oifkind",   NFT_META_OIFKIND,        IFNAME,      128, NONE, 0),
	KEY("ibrpvid",   NFT_META_BRI_IIFPVID,    INTEGER,      16, HOST, 0),
	KEY("ibrvproto", NFT_META_BRI_IIFVPROTO,  ETHER_TYPE,   16, BIG,  0),
	KEY("time",      NFT_META_TIME_NS,        TIME_DATE,    64, HOST, BARE),
	KEY("day",       NFT_META_TIME_DAY,       TIME_DAY,      8, HOST, BARE),
	KEY("hour",      NFT_META_TIME_HOUR,      TIME_HOUR,    32, HOST, BARE),
	KEY("sdif",      NFT_META_SDIF,           IFACE_INDEX,  32, HOST, 0),
	KEY("sdifname",  NFT_META_SDIFNAME,       IFNAME,      128, NONE, 0),
	KEY("broute",    META_BRI_BROUTE,         INTEGER,       1, HOST, SET),
	KEY("ibrhwaddr", META_BRI_IIFHWADDR,      ETHER_ADDR,   48, BIG,  0),
	KEYS_END
};

/* enum nft_ct_keys. Addresses get their type from the family; the kernel's keys for one family
 * (NFT_CT_SRC_IP and so on) are the same words. */
const struct key ct_keys[] = {
	KEY("state",      NFT_CT_STATE,      CT_STATE,      32, HOST, 0),
	KEY("direction",  NFT_CT_DIRECTION,  CT_DIR,         8, HOST, 0),
	KEY("status",     NFT_CT_STATUS,     CT_STATUS,     32, HOST, 0),
	KEY("mark",       NFT_CT_MARK,       MARK,          32, HOST, SET),
	KEY("secmark",    NFT_CT_SECMARK,    INTEGER,       32, HOST, SET),
	KEY("expiration", NFT_CT_EXPIRATION, TIME,          32, HOST, 0),
	KEY("helper",     NFT_CT_HELPER,     STRING,       128, NONE, 0),
	KEY("l3proto",    NFT_CT_L3PROTOCOL, NF_PROTO,       8, HOST, DIR),
	KEY("saddr",      NFT_CT_SRC,        INVALID,        0, BIG,  NEEDED),
	KEY("daddr",      NFT_CT_DST,        INVALID,        0, BIG,  NEEDED),
	KEY("protocol",   NFT_CT_PROTOCOL,   INET_PROTO,     8, BIG,  DIR),
	KEY("proto-src",  NFT_CT_PROTO_SRC,  INET_SERVICE,  16, BIG,  NEEDED),
	KEY("proto-dst",  NFT_CT_PROTO_DST,  INET_SERVICE,  16, BIG,  NEEDED),
	KEY("label",      NFT_CT_LABELS,     CT_LABEL,     128, HOST, SET),
	KEY("packets",    NFT_CT_PKTS,       INTEGER,       64, HOST, DIR),
	KEY("bytes",      NFT_CT_BYTES,      INTEGER,       64, HOST, DIR),
	KEY("avgpkt",     NFT_CT_AVGPKT,     INTEGER,       64, HOST, DIR),
	KEY("zone",       NFT_CT_ZONE,       INTEGER,       16, HOST, DIR | SET),
	KEY("event",      NFT_CT_EVENTMASK,  CT_EVENT,      32, HOST, SET),
	KEY("id",         NFT_CT_ID,         INTEGER,       32, BIG,  0),
	KEYS_END
};

/* enum nft_rt_keys */
const struct key rt_keys[] = {
	KEY("classid", NFT_RT_CLASSID,  REALM,      32, HOST, 0),
	KEY("nexthop", NFT_RT_NEXTHOP4, IPV4_ADDR,  32, BIG,  0),
	KEY("nexthop", NFT_RT_NEXTHOP6, IPV6_ADDR, 128, BIG,  0),
	KEY("mtu",     NFT_RT_TCPMSS,   INTEGER,    16, HOST, 0),
	KEY("ipsec",   NFT_RT_XFRM,     BOOLEAN,     8, HOST, 0),
	KEYS_END
};

/* enum nft_socket_keys */
const struct key socket_keys[] = {
	KEY("transparent", NFT_SOCKET_TRANSPARENT, INTEGER,   8, HOST, 0),
	KEY("mark",        NFT_SOCKET_MARK,        MARK,     32, HOST, 0),
	KEY("wildcard",    NFT_SOCKET_WILDCARD,    INTEGER,   8, HOST, 0),
	KEY("cgroupv2",    NFT_SOCKET_CGROUPV2,    CGROUPV2, 64, HOST, 0),
	KEYS_END
};

/* enum nft_fib_result */
const struct key fib_results[] = {
	KEY("oif",     NFT_FIB_RESULT_OIF,      IFACE_INDEX,  32, HOST, 0),
	KEY("oifname", NFT_FIB_RESULT_OIFNAME,  STRING,      128, NONE, 0),
	KEY("type",    NFT_FIB_RESULT_ADDRTYPE, FIB_ADDRTYPE, 32, HOST, 0),
	KEYS_END
};

/* enum nft_osf_flags: a name of NFT_OSF_MAXGENRELEN bytes, alone or with its version */
const struct key osf_keys[] = {
	KEY("name",    0,                 STRING, 128, NONE, 0),
	KEY("version", NFT_OSF_F_VERSION, STRING, 128, NONE, 0),
	KEYS_END
};

/* enum nft_xfrm_keys */
const struct key ipsec_keys[] = {
	KEY("daddr", NFT_XFRM_KEY_DADDR_IP4, IPV4_ADDR,  32, BIG,  0),
	KEY("daddr", NFT_XFRM_KEY_DADDR_IP6, IPV6_ADDR, 128, BIG,  0),
	KEY("saddr", NFT_XFRM_KEY_SADDR_IP4, IPV4_ADDR,  32, BIG,  0),
	KEY("saddr", NFT_XFRM_KEY_SADDR_IP6, IPV6_ADDR, 128, BIG,  0),
	KEY("reqid", NFT_XFRM_KEY_REQID,     INTEGER,    32, HOST, 0),
	KEY("spi",   NFT_XFRM_KEY_SPI,       INTEGER,    32, BIG,  0),
	KEYS_END
};

// clang-format on

const struct key *key_by_name(const struct key *table, struct str name)
{
	for (const struct key *k = table; k->name; k++)
		if (str_is(name, k->name) || (k->alias && str_is(name, k->alias)))
			return k;
	return NULL;
}

const struct key *key_by_number(const struct key *table, uint16_t number)
{
	for (const struct key *k = table; k->name; k++)
		if (k->number == number)
			return k;
	return NULL;
}
