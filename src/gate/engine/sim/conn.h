/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Connections as nf_conntrack keeps them, and NAT on them. Times are passed in. An entry is made
 * when a packet is looked up, and enters the table when the packet has passed (conn_confirm);
 * one whose packet was dropped before is given back (conn_forget).
 */
#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "gate/engine/sim/packet.h"

/* No padding: the bytes are the key. */
struct tuple {
	uint8_t family, l4;
	uint16_t zone;
	uint16_t sport, dport; /* ICMP: id, type << 8 | code; ports in host order */
	uint8_t src[16], dst[16];
};

/* linux/netfilter/nf_conntrack_tcp.h */
enum tcp_state {
	TCP_NONE,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_SYN_SENT2,
	TCP_STATES,
};

/* What one end of a TCP connection has sent. */
struct tcp_end {
	uint32_t end, max_end, max_win, max_ack;
	uint8_t scale;
	bool has_scale, sack, liberal, has_max_ack, close_init;
	bool is_unanswered; /* it sent what was not acknowledged yet */
};

enum ct_dir { CT_ORIGINAL, CT_REPLY };

/* linux/netfilter/nf_conntrack_common.h: IPS_*; `ct status`. */
enum conn_status {
	CONN_EXPECTED = 1,
	CONN_SEEN_REPLY = 2,
	CONN_ASSURED = 4,
	CONN_CONFIRMED = 8,
	CONN_SRC_NAT = 16,
	CONN_DST_NAT = 32,
	CONN_SEQ_ADJUST = 64,
	CONN_SRC_NAT_DONE = 128,
	CONN_DST_NAT_DONE = 256,
	CONN_DYING = 512,
};

struct conn {
	struct tuple tuple[2];
	uint32_t status, mark, id;
	uint8_t labels[16];
	uint64_t expires_ns, made_ns, last_ns;
	uint64_t packets[2], bytes[2];
	struct conn *master;
	struct str helper;
	enum tcp_state tcp;
	struct tcp_end end[2];
	uint8_t tcp_last_dir, tcp_last_event, tcp_retrans;
	uint32_t tcp_last_seq, tcp_last_ack, tcp_last_end;
	uint16_t tcp_last_win;
	uint8_t ignored_syn_dir;
	bool has_ignored_syn;
	bool is_stream;
	uint32_t random_port; /* NAT chose one at random: which, only the kernel knows */
	struct conn *next_free;
};

enum ct_info { CT_NONE, CT_NEW, CT_ESTABLISHED, CT_RELATED, CT_INVALID, CT_UNTRACKED };
const char *ct_info_name(enum ct_info i);

/* Seconds, net.netfilter.nf_conntrack_*. */
struct conn_timeouts {
	uint32_t tcp[TCP_STATES], tcp_max_retrans, tcp_unacknowledged;
	uint32_t udp, udp_stream, icmp, icmpv6, generic, gre, gre_stream, sctp;
};

struct conns {
	struct arena a;
	struct map by_tuple; /* tuple to conn, both directions; confirmed ones only */
	struct conn *free;
	uint32_t next_id, count, max;
	bool tcp_loose, tcp_liberal, check_sums, accounts;
	uint8_t tcp_max_retrans_count;
	struct conn_timeouts timeouts;
};

void conns_init(struct conns *c);
void conns_fini(struct conns *c);

/* What a look-up found. `dir` is that of the packet. */
struct conn_found {
	struct conn *conn; /* NULL: invalid or untracked */
	enum ct_info info;
	enum ct_dir dir;
	bool is_new;     /* not in the table yet */
	const char *why; /* of an invalid packet */
};

/* Looks the packet up as at priority -200 and lets the protocol's tracker judge it. */
struct conn_found conn_lookup(struct conns *c, const struct packet *p, uint16_t zone,
                              bool prerouting, uint64_t now_ns);
/* Enters it into the table, if it is not there. False: another has the place, drop the packet. */
bool conn_confirm(struct conns *c, struct conn *conn, uint64_t now_ns);
/* Gives back one that is not in the table. */
void conn_forget(struct conns *c, struct conn *conn);

/* The packet's tuple; false when it has none. */
bool tuple_of(const struct packet *p, uint16_t zone, struct tuple *t);
bool tuple_invert(const struct tuple *t, struct tuple *out);
struct conn *conn_find(const struct conns *c, const struct tuple *t, uint64_t now_ns,
                       enum ct_dir *dir);
/* The direction the packet's tuple has in `conn`. */
enum ct_dir conn_dir(const struct conn *conn, const struct tuple *t);

/* conn_tcp.c: a TCP packet of an entry. Gives NULL when it is fine, else why it is invalid.
 * *again: the entry is over and gone, look up anew. */
const char *conn_tcp_new(struct conns *c, struct conn *conn, const struct packet *p,
                         uint64_t now_ns);
const char *conn_tcp_packet(struct conns *c, struct conn *conn, enum ct_dir dir,
                            const struct packet *p, uint64_t now_ns, bool *again);
void conn_drop(struct conns *c, struct conn *conn);

/* ---- NAT ---- */

enum nat_manip { NAT_SRC, NAT_DST };

struct nat_range {
	uint32_t flags; /* linux/netfilter/nf_nat.h: NF_NAT_RANGE_* */
	uint8_t min[16], max[16];
	uint16_t port_min, port_max, port_base; /* host order */
};

/* Chooses the new tuple, once for each kind of a new entry. False: the packet is dropped.
 * `range` NULL: nothing is to change, but a clash still makes the port another. */
bool conn_nat_setup(struct conns *c, struct conn *conn, const struct nat_range *range,
                    enum nat_manip manip, uint64_t now_ns);
/* Rewrites the packet at a hook of that kind. True when something changed. */
bool conn_nat_packet(const struct conn *conn, enum ct_dir dir, enum nat_manip manip,
                     struct packet *p, bool is_error);
