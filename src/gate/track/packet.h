/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the connection tracker must know of a packet. The caller decodes bytes into these values
 * once and applies changes to the bytes; the tracker never sees bytes, except the payload slice
 * that helpers (ftp, sip …) read.
 *
 * Ports, identifiers and numbers are in the CPU's order, addresses in network order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* An address; IPv4 stands in the first four bytes and the rest is zero. */
struct track_addr {
	union {
		uint8_t b[16];
		uint32_t w[4];
		uint64_t d[2];
	};
};

/*
 * One direction of a connection, also the key of the table. No padding: compared and hashed as
 * five words of 64 bits. The `src_port`, `dst_port` of protocols without ports:
 *   ICMP, ICMPv6     src_port = identifier, dst_port = type << 8 | code (0 where the type has none)
 *   GRE version 1    src_port = 0, dst_port = call id (key); GRE version 0 and others: both 0
 */
struct track_tuple {
	struct track_addr src, dst;
	uint16_t src_port, dst_port;
	uint16_t zone;  /* of this direction; 0 is the default zone */
	uint8_t family; /* 4 or 6 */
	uint8_t proto;  /* IPPROTO_*, behind IPv6 extension headers */
};

/* What else is true of the packet, any of them. */
enum track_packet_flag {
	TRACK_P_TRUNCATED =
		1 << 0, /* transport header does not fit in the packet, or a length
	                             * field in it is wrong: it is invalid */
	TRACK_P_BAD_CHECKSUM = 1 << 1, /* layer 4; looked at in prerouting only, see
	                                * nf_conntrack_checksum */
	TRACK_P_FRAGMENT =
		1 << 2, /* fragment with offset != 0 that was not put together */
};

enum { TRACK_SACK_MAX = 4 };

struct track_tcp {
	uint32_t seq, ack;
	uint16_t window; /* as in the header, not scaled */
	uint8_t flags; /* the header's byte: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 … */
	uint8_t sacks;                     /* SACK blocks, at most TRACK_SACK_MAX */
	uint32_t payload;                  /* bytes behind the header */
	uint32_t sack_end[TRACK_SACK_MAX]; /* right edges */
	uint8_t window_scale;              /* with has_window_scale */
	bool has_window_scale;             /* option 3 */
	bool sack_permitted;               /* option 4 */
	bool has_options;                  /* any, also such as are not read */
};

/* SCTP: the chunks in order whose heads are in the packet. */
enum { TRACK_CHUNKS_MAX = 16 };

struct track_sctp {
	uint32_t vtag;     /* verification tag of the common header */
	uint32_t init_tag; /* initiate tag of an INIT or INIT ACK chunk, else 0 */
	uint8_t chunks;    /* used of chunk[] */
	uint8_t chunk[TRACK_CHUNKS_MAX]; /* types */
	bool malformed; /* a chunk without a length, or an INIT that is cut off */
	bool abort_or_complete_t; /* the T bit of an ABORT or SHUTDOWN COMPLETE chunk */
};

/* The header inside an ICMP or ICMPv6 error, as it stands in the message. */
struct track_icmp {
	bool has_inner;           /* false: too short to tell, the error is invalid */
	struct track_tuple inner; /* zone is not used */
};

struct track_packet {
	struct track_tuple tuple; /* zone is not used: it comes from the track_ref */
	uint32_t length;          /* bytes of the network layer, header included */
	uint8_t flags;            /* enum track_packet_flag */
	union {
		struct track_tcp tcp;
		struct track_sctp sctp;
		struct track_icmp icmp; /* errors only */
	};
	struct str
		payload; /* behind the transport header; may be empty when no helper is in use */
};
