/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * TCP connections: the state table and the windows, after semantics that were measured on a live
 * kernel. A packet is in the window when it lies between what its sender may still send and what
 * its receiver may still have to answer (van Rooij, "Real Stateful TCP Packet Filtering in IP
 * Filter", section 3).
 */
#include "gate/engine/sim/conn.h"

#include <string.h>

#include "gate/engine/sim/build.h"

#define NS_PER_S UINT64_C(1000000000)

enum { WINDOW_LEAST = 66000, SCALE_MAX = 14, PICKUP_S = 300 };

enum tcp_event { EV_SYN, EV_SYNACK, EV_FIN, EV_ACK, EV_RST, EV_NONE, EVENTS };

/* What the table says beside a state. */
enum { IV = 100, IG };
// clang-format off
enum { NO = TCP_NONE, SS = TCP_SYN_SENT, SR = TCP_SYN_RECV, ES = TCP_ESTABLISHED, FW = TCP_FIN_WAIT,
       CW = TCP_CLOSE_WAIT, LA = TCP_LAST_ACK, TW = TCP_TIME_WAIT, CL = TCP_CLOSE,
       S2 = TCP_SYN_SENT2 };

/* [direction][event][state]; columns NO SS SR ES FW CW LA TW CL S2. */
static const uint8_t next_state[2][EVENTS][TCP_STATES] = {
	{
		[EV_SYN]    = { SS, SS, IG, IG, IG, IG, IG, SS, SS, S2 },
		[EV_SYNACK] = { IV, IV, SR, IV, IV, IV, IV, IV, IV, SR },
		[EV_FIN]    = { IV, IV, FW, FW, LA, LA, LA, TW, CL, IV },
		[EV_ACK]    = { ES, IV, ES, ES, CW, CW, TW, TW, CL, IV },
		[EV_RST]    = { IV, CL, CL, CL, CL, CL, CL, CL, CL, CL },
		[EV_NONE]   = { IV, IV, IV, IV, IV, IV, IV, IV, IV, IV },
	}, {
		[EV_SYN]    = { IV, S2, IV, IV, IV, IV, IV, SS, IV, S2 },
		[EV_SYNACK] = { IV, SR, IG, IG, IG, IG, IG, IG, IG, SR },
		[EV_FIN]    = { IV, IV, FW, FW, LA, LA, LA, TW, CL, IV },
		[EV_ACK]    = { IV, IG, SR, ES, CW, CW, TW, TW, CL, IG },
		[EV_RST]    = { IV, CL, CL, CL, CL, CL, CL, CL, CL, CL },
		[EV_NONE]   = { IV, IV, IV, IV, IV, IV, IV, IV, IV, IV },
	},
};
// clang-format on

/* A segment, in host order. */
struct segment {
	uint8_t flags;
	uint32_t seq, ack, sack, end;
	uint32_t win;
	uint8_t scale;
	bool has_scale, sack_ok;
};

static uint32_t be32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static void read_option(struct segment *s, uint8_t kind, const uint8_t *b, uint8_t n)
{
	if (kind == 3 && n == 3) { /* RFC 7323 section 2 */
		s->has_scale = true;
		s->scale = b[2] > SCALE_MAX ? SCALE_MAX : b[2];
	} else if (kind == 4 && n == 2) { /* RFC 2018 section 2 */
		s->sack_ok = true;
	}
	if (kind != 5 || n < 10)
		return;
	for (unsigned at = 2; at + 8 <= n;
	     at += 8) /* RFC 2018 section 3: the right edges */
		if (before(s->sack, be32(b + at + 4)))
			s->sack = be32(b + at + 4);
}

static void read_options(struct segment *s, const uint8_t *b, size_t n)
{
	for (size_t at = 0; at < n && b[at] != 0;) {
		if (b[at] == 1) {
			at++;
			continue;
		}
		if (at + 1 >= n || b[at + 1] < 2 || b[at + 1] > n - at)
			return;
		read_option(s, b[at], b + at, b[at + 1]);
		at += b[at + 1];
	}
}

/* NULL when the header is cut off or says less than itself. */
static const char *read_segment(const struct packet *p, struct segment *s)
{
	uint32_t n = packet_l4_length(p);
	const uint8_t *b = packet_at(p, p->th, 20);

	if (!b || n < 20)
		return "the TCP header is cut off";
	uint32_t header = (uint32_t)(b[12] >> 4) * 4;
	if (header < 20 || header > n)
		return "the TCP header length is wrong";
	*s = (struct segment){ .flags = b[13],
		               .seq = be32(b + 4),
		               .ack = be32(b + 8),
		               .win = (uint32_t)(b[14] << 8 | b[15]) };
	s->sack = s->ack;
	s->end = s->seq + (n - header) + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
	read_options(s, b + 20, header - 20);
	return NULL;
}

static enum tcp_event event_of(uint8_t flags)
{
	if (flags & TCP_RST)
		return EV_RST;
	if (flags & TCP_SYN)
		return flags & TCP_ACK ? EV_SYNACK : EV_SYN;
	if (flags & TCP_FIN)
		return EV_FIN;
	return flags & TCP_ACK ? EV_ACK : EV_NONE;
}

/* The combinations that mean something, once PSH, ECE and CWR are left out. */
static bool flags_are_valid(uint8_t flags)
{
	switch (flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK | TCP_URG)) {
	case TCP_SYN:
	case TCP_SYN | TCP_URG:
	case TCP_SYN | TCP_ACK:
	case TCP_RST:
	case TCP_RST | TCP_ACK:
	case TCP_FIN | TCP_ACK:
	case TCP_FIN | TCP_ACK | TCP_URG:
	case TCP_ACK:
	case TCP_ACK | TCP_URG:
		return true;
	default:
		return false;
	}
}

static void init_end(struct tcp_end *e, const struct segment *s)
{
	*e = (struct tcp_end){ .end = s->end,
		               .max_end = s->end,
		               .max_win = s->win ? s->win : 1,
		               .scale = s->scale,
		               .has_scale = s->has_scale,
		               .sack = s->sack_ok };
}

static void live_for(struct conn *conn, uint64_t now_ns, uint32_t seconds)
{
	conn->expires_ns = now_ns + seconds * NS_PER_S;
}

const char *conn_tcp_new(struct conns *c, struct conn *conn, const struct packet *p,
                         uint64_t now_ns)
{
	struct segment s;
	const char *why = read_segment(p, &s);

	if (why)
		return why;
	if (!flags_are_valid(s.flags))
		return "a combination of TCP flags that means nothing";
	uint8_t next = next_state[CT_ORIGINAL][event_of(s.flags)][TCP_NONE];
	if (next == IV)
		return "no TCP connection begins like this";
	if (next == TCP_SYN_SENT) {
		init_end(&conn->end[CT_ORIGINAL], &s);
		live_for(conn, now_ns, c->timeouts.tcp[TCP_SYN_SENT]);
	} else if (!c->tcp_loose) {
		return "a TCP connection begins with a SYN, and nf_conntrack_tcp_loose is 0";
	} else { /* picked up in its middle: what it said before is not known */
		init_end(&conn->end[CT_ORIGINAL], &s);
		conn->end[CT_ORIGINAL].max_end += conn->end[CT_ORIGINAL].max_win;
		conn->end[0].liberal = conn->end[1].liberal = true;
		conn->end[0].sack = conn->end[1].sack = true;
		uint32_t seconds = c->timeouts.tcp[next];
		live_for(conn, now_ns, seconds < PICKUP_S ? seconds : PICKUP_S);
	}
	conn->tcp = next;
	conn->tcp_last_event = (uint8_t)event_of(s.flags);
	conn->tcp_last_dir = CT_ORIGINAL;
	return NULL;
}

/* The end that has not spoken yet says its first word. */
static bool first_word(struct conn *conn, struct tcp_end *from, struct tcp_end *to,
                       const struct segment *s)
{
	if (s->flags & TCP_SYN) {
		bool liberal = from->liberal;
		init_end(from, s);
		from->liberal = liberal;
		if (!(from->has_scale && to->has_scale))
			from->scale = to->scale = 0;
		return !(s->flags &
		         TCP_ACK); /* both open at once: nothing to compare with */
	}
	from->end = s->end;
	uint32_t win = s->win << from->scale;
	from->max_win = win ? win : 1;
	from->max_end = s->end + from->max_win;
	if (to->max_win == 0)
		to->end = to->max_end = s->sack;
	else if (s->sack == to->end + 1)
		to->end++; /* it answers a keep-alive */
	(void)conn;
	return false;
}

static const char *out_of_window(const struct tcp_end *from, const struct tcp_end *to,
                                 const struct segment *s)
{
	uint32_t back = from->max_win > WINDOW_LEAST ? from->max_win : WINDOW_LEAST;

	if (before(from->max_end, s->seq))
		return "the sequence number is beyond the window";
	if (to->max_win && before(s->end, from->end - to->max_win))
		return "the sequence number is before the window";
	if (before(to->end, s->sack))
		return "it acknowledges what was not sent";
	if (before(s->sack, to->end - back))
		return "it acknowledges what is long past";
	return NULL;
}

static void learn_window(struct tcp_end *from, struct tcp_end *to,
                         const struct segment *s)
{
	uint32_t win = s->flags & TCP_SYN ? s->win : s->win << from->scale;
	uint32_t told = win + (s->sack - s->ack);

	if (from->max_win < told)
		from->max_win = told;
	if (before(from->end, s->end)) {
		from->end = s->end;
		from->is_unanswered = true;
	}
	if (s->ack == to->end)
		to->is_unanswered = false;
	if ((s->flags & TCP_ACK) &&
	    (!from->has_max_ack || before(from->max_ack, s->ack))) {
		from->max_ack = s->ack;
		from->has_max_ack = true;
	}
	if (to->max_win && before(from->max_end, s->end))
		to->max_win += s->end - from->max_end;
	if (before(to->max_end - 1, s->sack + win)) {
		to->max_end = s->sack + win;
		if (win == 0)
			to->max_end++;
	}
}

/* NULL: in the window. */
static const char *check_window(struct conns *c, struct conn *conn, enum ct_dir dir,
                                struct segment *s)
{
	struct tcp_end *from = &conn->end[dir], *to = &conn->end[!dir];
	const char *why;

	if (!from->sack)
		s->sack = s->ack;
	if (from->max_win == 0) {
		if (first_word(conn, from, to, s))
			return NULL;
	} else if (((conn->tcp == TCP_SYN_SENT && dir == CT_ORIGINAL) ||
	            (conn->tcp == TCP_SYN_RECV && dir == CT_REPLY)) &&
	           before(from->end, s->end)) {
		bool liberal = from->liberal; /* it begins anew */
		init_end(from, s);
		from->liberal = liberal;
	}
	if (!(s->flags & TCP_ACK) || ((s->flags & TCP_RST) && s->ack == 0))
		s->ack = s->sack = to->end;
	if ((s->flags & TCP_RST) && s->seq == 0 && conn->tcp == TCP_SYN_SENT)
		s->seq = s->end = from->end;
	why = out_of_window(from, to, s);
	if (why && !from->liberal && !c->tcp_liberal) {
		if (before(from->end, s->end) &&
		    !before(from->max_end + to->max_win, s->end))
			from->end =
				s->end; /* a little beyond: invalid, but it was sent */
		return why;
	}
	learn_window(from, to, s);
	return NULL;
}

static uint32_t timeout_of(const struct conns *c, const struct conn *conn, uint8_t state,
                           enum tcp_event event)
{
	const struct conn_timeouts *t = &c->timeouts;
	uint32_t seconds = t->tcp[state];
	bool unanswered = conn->end[0].is_unanswered || conn->end[1].is_unanswered;

	if (conn->tcp_retrans >= c->tcp_max_retrans_count && seconds > t->tcp_max_retrans)
		return t->tcp_max_retrans;
	if (event == EV_RST)
		return t->tcp[TCP_CLOSE];
	if (unanswered && seconds > t->tcp_unacknowledged)
		return t->tcp_unacknowledged;
	if (conn->tcp_last_win == 0 && seconds > t->tcp_max_retrans)
		return t->tcp_max_retrans;
	return seconds;
}

static void note_repeat(struct conn *conn, enum ct_dir dir, enum tcp_event event,
                        const struct segment *s)
{
	bool same = event == EV_ACK && conn->tcp_last_dir == dir &&
	            conn->tcp_last_seq == s->seq && conn->tcp_last_ack == s->ack &&
	            conn->tcp_last_end == s->end && conn->tcp_last_win == s->win;

	conn->tcp_retrans =
		same ? (uint8_t)(conn->tcp_retrans + (conn->tcp_retrans < 255)) : 0;
	conn->tcp_last_dir = (uint8_t)dir;
	conn->tcp_last_event = (uint8_t)event;
	conn->tcp_last_seq = s->seq;
	conn->tcp_last_ack = s->ack;
	conn->tcp_last_end = s->end;
	conn->tcp_last_win = (uint16_t)s->win;
}

/* RFC 5961 section 3.2: a reset must fit what the peer acknowledged. */
static const char *check_reset(const struct conn *conn, enum ct_dir dir,
                               const struct segment *s, uint8_t *state)
{
	const struct tcp_end *peer = &conn->end[!dir];

	if (!peer->has_max_ack)
		return NULL;
	if (before(s->seq, peer->max_ack))
		return "the reset is older than what was acknowledged";
	bool follows = conn->tcp_last_event == EV_ACK && conn->tcp_last_dir == dir &&
	               s->seq == conn->tcp_last_end;
	if (conn->tcp == TCP_ESTABLISHED && s->seq != peer->max_ack && !follows)
		*state = TCP_ESTABLISHED; /* maybe not true: the peer will ask */
	return NULL;
}

/* A new SYN on what is over begins anew. */
static bool begins_anew(const struct conn *conn, enum ct_dir dir, uint8_t next)
{
	if (next != TCP_SYN_SENT ||
	    (conn->tcp != TCP_TIME_WAIT && conn->tcp != TCP_CLOSE))
		return false;
	return conn->end[0].close_init || conn->end[1].close_init ||
	       conn->tcp == TCP_TIME_WAIT ||
	       (conn->tcp_last_dir == dir && conn->tcp_last_event == EV_RST);
}

static void ignored(struct conn *conn, enum ct_dir dir, enum tcp_event event,
                    const struct segment *s)
{
	conn->tcp_last_dir = (uint8_t)dir;
	conn->tcp_last_event = (uint8_t)event;
	conn->tcp_last_seq = s->seq;
	conn->tcp_last_end = s->end;
	conn->tcp_last_win = (uint16_t)s->win;
}

static void settle(struct conn *conn, uint8_t old, uint8_t next, enum tcp_event event)
{
	bool answered = conn->status & CONN_SEEN_REPLY;

	conn->tcp = next;
	if (next == TCP_ESTABLISHED && event == EV_ACK && answered &&
	    (old == TCP_SYN_RECV || old == TCP_ESTABLISHED))
		conn->status |= CONN_ASSURED;
}

const char *conn_tcp_packet(struct conns *c, struct conn *conn, enum ct_dir dir,
                            const struct packet *p, uint64_t now_ns, bool *again)
{
	struct segment s;
	const char *why = read_segment(p, &s);

	if (why)
		return why;
	if (!flags_are_valid(s.flags))
		return "a combination of TCP flags that means nothing";
	enum tcp_event event = event_of(s.flags);
	uint8_t old = conn->tcp, next = next_state[dir][event][old];

	if (next == IV)
		return "the TCP connection is not at that point";
	if (begins_anew(conn, dir, next)) {
		conn_drop(c, conn);
		*again = true;
		return NULL;
	}
	if (next == IG) {
		ignored(conn, dir, event, &s);
		return NULL;
	}
	if (event == EV_RST && !(conn->status & CONN_SEEN_REPLY) && dir == CT_ORIGINAL) {
		conn_drop(c, conn); /* nobody ever answered */
		return NULL;
	}
	why = event == EV_RST ? check_reset(conn, dir, &s, &next) : NULL;
	if (!why)
		why = check_window(c, conn, dir, &s);
	if (why)
		return why;
	bool repeats_syn = old == TCP_SYN_SENT && next == TCP_SYN_SENT;
	if (event == EV_FIN)
		conn->end[dir].close_init = true;
	note_repeat(conn, dir, event, &s);
	settle(conn, old, next, event);
	if (!repeats_syn)
		live_for(conn, now_ns, timeout_of(c, conn, next, event));
	return NULL;
}
