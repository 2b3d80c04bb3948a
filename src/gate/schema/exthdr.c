/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Extension headers and options: what the kernel's exthdr expression finds in a packet. Offsets
 * count from the header's, option's or chunk's own start. The number before a field is nft's.
 */
#include <netinet/in.h>

#include "gate/schema/fields.h"

// clang-format off

/* ---- IPv6: RFC 8200 section 4 ---- */

static const struct field options_fields[] = { /* sections 4.3 and 4.6 */
	FIELD(1, "nexthdr",   0, 8, INET_PROTO),
	FIELD(2, "hdrlength", 8, 8, INTEGER),
	FIELDS_END
};

static const struct field rt_fields[] = { /* section 4.4 */
	FIELD(1, "nexthdr",    0, 8, INET_PROTO),
	FIELD(2, "hdrlength",  8, 8, INTEGER),
	FIELD(3, "type",      16, 8, INTEGER),
	FIELD(4, "seg-left",  24, 8, INTEGER),
	FIELDS_END
};

static const struct field rt0_fields[] = { /* RFC 2460 section 4.4; deprecated by RFC 5095 */
	FIELD(1, "reserved",  32,  32, INTEGER),
	FIELD(2, "addr[1]",   64, 128, IPV6_ADDR),
	FIELD(3, "addr[2]",  192, 128, IPV6_ADDR),
	FIELDS_END
};

static const struct field rt2_fields[] = { /* RFC 6275 section 6.4.1 */
	FIELD(1, "reserved", 32,  32, INTEGER),
	FIELD(2, "addr",     64, 128, IPV6_ADDR),
	FIELDS_END
};

static const struct field srh_fields[] = { /* RFC 8754 section 2 */
	FIELD(1, "last-entry",  32,   8, INTEGER),
	FIELD(2, "flags",       40,   8, INTEGER),
	FIELD(3, "tag",         48,  16, INTEGER),
	FIELD(4, "sid[1]",      64, 128, IPV6_ADDR),
	FIELD(5, "sid[2]",     192, 128, IPV6_ADDR),
	FIELDS_END
};

static const struct field frag_fields[] = { /* section 4.5 */
	FIELD(1, "nexthdr",         0,  8, INET_PROTO),
	FIELD(2, "reserved",        8,  8, INTEGER),
	FIELD(3, "frag-off",       16, 13, INTEGER),
	FIELD(4, "reserved2",      29,  2, INTEGER),
	FIELD(5, "more-fragments", 31,  1, INTEGER),
	FIELD(6, "id",             32, 32, INTEGER),
	FIELDS_END
};

static const struct field mh_fields[] = { /* RFC 6275 section 6.1.1 */
	FIELD(1, "nexthdr",    0,  8, INET_PROTO),
	FIELD(2, "hdrlength",  8,  8, INTEGER),
	FIELD(3, "type",      16,  8, MH_TYPE),
	FIELD(4, "reserved",  24,  8, INTEGER),
	FIELD(5, "checksum",  32, 16, INTEGER),
	FIELDS_END
};

/* ---- TCP options: RFC 9293 section 3.2 ---- */

static const struct field length_fields[] = {
	FIELD(1, "length", 8, 8, INTEGER),
	FIELDS_END
};

static const struct field maxseg_fields[] = {
	FIELD(1, "length",  8,  8, INTEGER),
	FIELD(2, "size",   16, 16, INTEGER),
	FIELDS_END
};

static const struct field window_fields[] = { /* RFC 7323 section 2.2 */
	FIELD(1, "length",  8, 8, INTEGER),
	FIELD(2, "count",  16, 8, INTEGER),
	FIELDS_END
};

/* RFC 2018 section 3: block n lies 64 bits behind block n - 1. */
static const struct field sack0_fields[] = {
	FIELD(1, "length",  8,  8, INTEGER),
	FIELD(2, "left",   16, 32, INTEGER),
	FIELD(3, "right",  48, 32, INTEGER),
	FIELDS_END
};
static const struct field sack1_fields[] = {
	FIELD(1, "length",   8,  8, INTEGER),
	FIELD(4, "left",    80, 32, INTEGER),
	FIELD(5, "right",  112, 32, INTEGER),
	FIELDS_END
};
static const struct field sack2_fields[] = {
	FIELD(1, "length",   8,  8, INTEGER),
	FIELD(6, "left",   144, 32, INTEGER),
	FIELD(7, "right",  176, 32, INTEGER),
	FIELDS_END
};
static const struct field sack3_fields[] = {
	FIELD(1, "length",   8,  8, INTEGER),
	FIELD(8, "left",   208, 32, INTEGER),
	FIELD(9, "right",  240, 32, INTEGER),
	FIELDS_END
};

static const struct field timestamp_fields[] = { /* RFC 7323 section 3.2 */
	FIELD(1, "length",  8,  8, INTEGER),
	FIELD(2, "tsval",  16, 32, INTEGER),
	FIELD(3, "tsecr",  48, 32, INTEGER),
	FIELDS_END
};

static const struct field mptcp_fields[] = { /* RFC 8684 section 3 */
	FIELD(1, "length",   8, 8, INTEGER),
	FIELD(2, "subtype", 16, 4, INTEGER),
	FIELDS_END
};

/* ---- IPv4 options: RFC 791 section 3.1; ra: RFC 2113 section 2.1 ---- */

static const struct field route_fields[] = {
	FIELD(1, "type",    0,  8, INTEGER),
	FIELD(2, "length",  8,  8, INTEGER),
	FIELD(4, "ptr",    16,  8, INTEGER),
	FIELD(5, "addr",   24, 32, INTEGER),
	FIELDS_END
};

static const struct field ra_fields[] = {
	FIELD(1, "type",    0,  8, INTEGER),
	FIELD(2, "length",  8,  8, INTEGER),
	FIELD(3, "value",  16, 16, INTEGER),
	FIELDS_END
};

/* ---- SCTP chunks: RFC 9260 section 3.2 ---- */

#define CHUNK_FIELDS \
	FIELD(0, "type",    0,  8, INTEGER), \
	FIELD(1, "flags",   8,  8, INTEGER), \
	FIELD(2, "length", 16, 16, INTEGER)

static const struct field chunk_fields[] = { CHUNK_FIELDS, FIELDS_END };

static const struct field data_fields[] = { /* section 3.3.1 */
	CHUNK_FIELDS,
	FIELD(3, "tsn",    32, 32, INTEGER),
	FIELD(4, "stream", 64, 16, INTEGER),
	FIELD(5, "ssn",    80, 16, INTEGER),
	FIELD(6, "ppid",   96, 32, INTEGER),
	FIELDS_END
};

static const struct field init_fields[] = { /* sections 3.3.2 and 3.3.3 */
	CHUNK_FIELDS,
	FIELD(3, "init-tag",              32, 32, INTEGER),
	FIELD(4, "a-rwnd",                64, 32, INTEGER),
	FIELD(5, "num-outbound-streams",  96, 16, INTEGER),
	FIELD(6, "num-inbound-streams",  112, 16, INTEGER),
	FIELD(7, "initial-tsn",          128, 32, INTEGER),
	FIELDS_END
};

static const struct field sctp_sack_fields[] = { /* section 3.3.4 */
	CHUNK_FIELDS,
	FIELD(3, "cum-tsn-ack",         32, 32, INTEGER),
	FIELD(4, "a-rwnd",              64, 32, INTEGER),
	FIELD(5, "num-gap-ack-blocks",  96, 16, INTEGER),
	FIELD(6, "num-dup-tsns",       112, 16, INTEGER),
	FIELDS_END
};

static const struct field shutdown_fields[] = { /* section 3.3.8 */
	CHUNK_FIELDS,
	FIELD(3, "cum-tsn-ack", 32, 32, INTEGER),
	FIELDS_END
};

static const struct field ecn_fields[] = { /* appendix A */
	CHUNK_FIELDS,
	FIELD(3, "lowest-tsn", 32, 32, INTEGER),
	FIELDS_END
};

static const struct field asconf_fields[] = { /* RFC 5061 section 4.1 */
	CHUNK_FIELDS,
	FIELD(3, "seqno", 32, 32, INTEGER),
	FIELDS_END
};

static const struct field forward_tsn_fields[] = { /* RFC 3758 section 3.2 */
	CHUNK_FIELDS,
	FIELD(3, "new-cum-tsn", 32, 32, INTEGER),
	FIELDS_END
};

/* ---- all of them; of several with one type, the first that has the field is listed ---- */

const struct exthdr exthdrs[] = {
	{ "hbh",               NULL, EXTHDR_IPV6,   IPPROTO_HOPOPTS,  options_fields },
	{ "rt",                NULL, EXTHDR_IPV6,   IPPROTO_ROUTING,  rt_fields },
	{ "srh",               NULL, EXTHDR_IPV6,   IPPROTO_ROUTING,  srh_fields },
	{ "rt0",               NULL, EXTHDR_IPV6,   IPPROTO_ROUTING,  rt0_fields },
	{ "rt2",               NULL, EXTHDR_IPV6,   IPPROTO_ROUTING,  rt2_fields },
	{ "frag",              NULL, EXTHDR_IPV6,   IPPROTO_FRAGMENT, frag_fields },
	{ "dst",               NULL, EXTHDR_IPV6,   IPPROTO_DSTOPTS,  options_fields },
	{ "mh",                NULL, EXTHDR_IPV6,   IPPROTO_MH,       mh_fields },

	/* Kinds: the IANA registry "TCP Option Kind Numbers". */
	{ "eol",               NULL, EXTHDR_TCPOPT, 0,  NULL },
	{ "nop",             "noop", EXTHDR_TCPOPT, 1,  NULL },
	{ "maxseg",           "mss", EXTHDR_TCPOPT, 2,  maxseg_fields },
	{ "window",            NULL, EXTHDR_TCPOPT, 3,  window_fields },
	{ "sack-perm", "sack-permitted", EXTHDR_TCPOPT, 4, length_fields },
	{ "sack",           "sack0", EXTHDR_TCPOPT, 5,  sack0_fields },
	{ "sack1",             NULL, EXTHDR_TCPOPT, 5,  sack1_fields },
	{ "sack2",             NULL, EXTHDR_TCPOPT, 5,  sack2_fields },
	{ "sack3",             NULL, EXTHDR_TCPOPT, 5,  sack3_fields },
	{ "timestamp",         NULL, EXTHDR_TCPOPT, 8,  timestamp_fields },
	/* COMPAT nft: IANA's Echo is kind 6; nft has always meant 8 by it. */
	{ "echo",              NULL, EXTHDR_TCPOPT, 8,  length_fields },
	{ "md5sig",            NULL, EXTHDR_TCPOPT, 19, length_fields },
	{ "mptcp",             NULL, EXTHDR_TCPOPT, 30, mptcp_fields },
	{ "fastopen",          NULL, EXTHDR_TCPOPT, 34, length_fields },

	/* Types: the IANA registry "IP Option Numbers", with the copied flag. */
	{ "rr",                NULL, EXTHDR_IPV4,   7,   route_fields },
	{ "lsrr",              NULL, EXTHDR_IPV4,   131, route_fields },
	{ "ssrr",              NULL, EXTHDR_IPV4,   137, route_fields },
	{ "ra",                NULL, EXTHDR_IPV4,   148, ra_fields },

	/* Types: the IANA registry "Chunk Types". */
	{ "data",              NULL, EXTHDR_SCTP,   0,   data_fields },
	{ "init",              NULL, EXTHDR_SCTP,   1,   init_fields },
	{ "init-ack",          NULL, EXTHDR_SCTP,   2,   init_fields },
	{ "sack",              NULL, EXTHDR_SCTP,   3,   sctp_sack_fields },
	{ "heartbeat",         NULL, EXTHDR_SCTP,   4,   chunk_fields },
	{ "heartbeat-ack",     NULL, EXTHDR_SCTP,   5,   chunk_fields },
	{ "abort",             NULL, EXTHDR_SCTP,   6,   chunk_fields },
	{ "shutdown",          NULL, EXTHDR_SCTP,   7,   shutdown_fields },
	{ "shutdown-ack",      NULL, EXTHDR_SCTP,   8,   chunk_fields },
	{ "error",             NULL, EXTHDR_SCTP,   9,   chunk_fields },
	{ "cookie-echo",       NULL, EXTHDR_SCTP,   10,  chunk_fields },
	{ "cookie-ack",        NULL, EXTHDR_SCTP,   11,  chunk_fields },
	{ "ecne",              NULL, EXTHDR_SCTP,   12,  ecn_fields },
	{ "cwr",               NULL, EXTHDR_SCTP,   13,  ecn_fields },
	{ "shutdown-complete", NULL, EXTHDR_SCTP,   14,  chunk_fields },
	{ "asconf-ack",        NULL, EXTHDR_SCTP,   128, asconf_fields },
	{ "forward-tsn",       NULL, EXTHDR_SCTP,   192, forward_tsn_fields },
	{ "asconf",            NULL, EXTHDR_SCTP,   193, asconf_fields },
	{ NULL,                NULL, EXTHDR_IPV6,   0,   NULL },
};

// clang-format on

const struct exthdr *exthdr_by_name(enum exthdr_op op, struct str name)
{
	for (const struct exthdr *h = exthdrs; h->name; h++)
		if (h->op == op &&
		    (str_is(name, h->name) || (h->alias && str_is(name, h->alias))))
			return h;
	return NULL;
}

const struct exthdr *exthdr_by_type(enum exthdr_op op, uint8_t type, unsigned off_bits)
{
	const struct exthdr *first = NULL;

	for (const struct exthdr *h = exthdrs; h->name; h++) {
		if (h->op != op || h->type != type)
			continue;
		if (!first)
			first = h;
		for (const struct field *f = h->fields; f && f->name; f++)
			if (f->off == off_bits)
				return h;
	}
	return first;
}

const struct field *exthdr_field_by_number(enum exthdr_op op, uint8_t type,
                                           unsigned number, const struct exthdr **hdr)
{
	for (const struct exthdr *h = exthdrs; h->name; h++) {
		const struct field *f = h->op == op && h->type == type
		                                ? field_by_number(h->fields, number)
		                                : NULL;

		if (f) {
			*hdr = h;
			return f;
		}
	}
	return NULL;
}
