/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A connection, as `ct` expressions and `conntrack -L` see it. Fields marked "read only" belong to
 * the tracker; mark, labels and secmark may be written freely.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/track/packet.h"

enum track_dir { TRACK_ORIGINAL, TRACK_REPLY };

/* nf_tables' bits of `ct state`. */
enum track_state {
	TRACK_INVALID = 1,
	TRACK_ESTABLISHED = 2,
	TRACK_RELATED = 4,
	TRACK_NEW = 8,
	TRACK_UNTRACKED = 64,
};
/* `established` …, the word of `ct state`; "none" for what is no state. */
const char *track_state_name(unsigned state);

/* The kernel's bits of `ct status` (linux/netfilter/nf_conntrack_common.h). */
enum track_status {
	TRACK_S_EXPECTED = 1 << 0,
	TRACK_S_SEEN_REPLY = 1 << 1,
	TRACK_S_ASSURED = 1 << 2,
	TRACK_S_CONFIRMED = 1 << 3,
	TRACK_S_SRC_NAT = 1 << 4,
	TRACK_S_DST_NAT = 1 << 5,
	TRACK_S_SEQ_ADJUST = 1 << 6,
	TRACK_S_SRC_NAT_DONE = 1 << 7,
	TRACK_S_DST_NAT_DONE = 1 << 8,
	TRACK_S_DYING = 1 << 9,
	TRACK_S_FIXED_TIMEOUT = 1 << 10,
	TRACK_S_TEMPLATE = 1 << 11,
	TRACK_S_UNTRACKED = 1 << 12,
	TRACK_S_HELPER = 1 << 13,
	TRACK_S_OFFLOAD = 1 << 14,
};

/* States of TCP, in the order of the table in tcp.c; the number is also the one ctnetlink tells. */
enum track_tcp_state {
	TRACK_TCP_NONE,
	TRACK_TCP_SYN_SENT,
	TRACK_TCP_SYN_RECV,
	TRACK_TCP_ESTABLISHED,
	TRACK_TCP_FIN_WAIT,
	TRACK_TCP_CLOSE_WAIT,
	TRACK_TCP_LAST_ACK,
	TRACK_TCP_TIME_WAIT,
	TRACK_TCP_CLOSE,
	TRACK_TCP_SYN_SENT2,
	TRACK_TCP_STATES,
	TRACK_TCP_IGNORE = TRACK_TCP_STATES, /* in the table only */
	TRACK_TCP_INVALID,
};

enum track_sctp_state {
	TRACK_SCTP_NONE,
	TRACK_SCTP_CLOSED,
	TRACK_SCTP_COOKIE_WAIT,
	TRACK_SCTP_COOKIE_ECHOED,
	TRACK_SCTP_ESTABLISHED,
	TRACK_SCTP_SHUTDOWN_SENT,
	TRACK_SCTP_SHUTDOWN_RECD,
	TRACK_SCTP_SHUTDOWN_ACK_SENT,
	TRACK_SCTP_HEARTBEAT_SENT,
	TRACK_SCTP_STATES,
	TRACK_SCTP_INVALID = TRACK_SCTP_STATES, /* in the table only */
};

/* One direction's window. */
struct track_tcp_side {
	uint32_t end;     /* highest sequence number + length sent */
	uint32_t max_end; /* highest the peer's window allows */
	uint32_t max_win; /* largest window told, scaled */
	uint32_t max_ack; /* highest acknowledgement sent, with TRACK_TF_MAX_ACK */
	uint8_t scale;
	uint8_t flags; /* TRACK_TF_* in tcp.h */
};

struct track_tcp_info {
	struct track_tcp_side side[2];
	uint8_t state;      /* enum track_tcp_state */
	uint8_t last_dir;   /* of the last packet */
	uint8_t last_index; /* its event: enum in tcp.c */
	uint8_t retrans;
	uint32_t last_seq, last_ack, last_end;
	uint16_t last_win;
	/* of the last SYN that was ignored because the connection was not known to be dead */
	uint8_t last_scale, last_flags;
};

struct track_sctp_info {
	uint32_t vtag[2];
	uint8_t state; /* enum track_sctp_state */
	uint8_t last_dir;
	uint8_t init[2]; /* an INIT was seen from this direction */
	uint8_t flags;
};

struct track_gre_info {
	uint32_t timeout_s, stream_timeout_s;
};

enum track_helper {
	TRACK_HELPER_NONE,
	TRACK_HELPER_FTP,
	TRACK_HELPER_TFTP,
	TRACK_HELPER_IRC,
	TRACK_HELPER_SIP,
	TRACK_HELPERS,
};

/*
 * A value that the kernel would draw by chance or by a secret hash: the entry has one of the
 * possible ones, a comparison with a kernel accepts any in the range.
 */
struct track_choice {
	bool port; /* the port is a free choice in port_min .. port_max */
	bool addr; /* the address is, in addr_min .. addr_max */
	uint16_t port_min, port_max;
	struct track_addr addr_min, addr_max;
};

struct track_extra; /* what few entries have: helper data, expectations, NAT choices */
struct track_timeout_policy;

enum { TRACK_CACHE_LINE = 64 };

/* What each packet of a connection asks for lies in the first three cache lines. */
struct track_entry {
	/* read only: the keys; of the reply as NAT makes it */
	_Alignas(TRACK_CACHE_LINE) struct track_tuple tuple[2]; /* [enum track_dir] */
	uintptr_t next[2];    /* chains of the table: an entry's address | direction */
	uint64_t deadline_ns; /* confirmed: when it ends; before: the timeout in ns */
	uint32_t status;      /* enum track_status */
	uint32_t refs;
	const struct track_timeout_policy
		*timeouts; /* `ct timeout set`; NULL: the sysctls */
	uint32_t mark;     /* free to write */
	bool has_labels;
	bool accounted;    /* nf_conntrack_acct was 1 when it began */
	bool has_expected; /* `ct expectation set` ran: it gets no helper any more */
	uint8_t helper;    /* enum track_helper */
	union {
		struct track_tcp_info tcp;
		struct track_sctp_info sctp;
		struct track_gre_info gre;
		uint64_t stream_from_ns; /* UDP: from when on it counts as a stream */
	};
	/* free to write */
	uint64_t labels[2]; /* bit 0 of labels[0] is label 0 */
	uint32_t secmark;
	/* read only */
	uint64_t id; /* the kernel's `ct id` is secret: this one counts from 1 */
	uint64_t packets[2], bytes[2];
	uint64_t created_ns;
	struct track_entry
		*master; /* whose expectation it fulfilled, NULL if none (or gone) */
	struct track_entry *timer_next, **timer_at; /* its place in the wheel */
	uint64_t timer_s;                           /* the second of that place */
	struct track_extra *extra;                  /* NULL for most */
};

_Static_assert(offsetof(struct track_entry, labels) <= (size_t)3 * TRACK_CACHE_LINE,
               "what each packet asks for");

/* The free choices made for this entry's NAT, of source (0) or destination (1); all false for a
 * value that the kernel would have chosen too. */
struct track_choice track_entry_choice(const struct track_entry *e, bool destination);

/* The zone, whichever direction it is for. */
static inline uint16_t track_entry_zone(const struct track_entry *e)
{
	return e->tuple[TRACK_ORIGINAL].zone ? e->tuple[TRACK_ORIGINAL].zone
	                                     : e->tuple[TRACK_REPLY].zone;
}
