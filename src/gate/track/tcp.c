/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * TCP: a machine of states whose events are the segments of both directions. A firewall sees
 * segments that the other end may refuse, and misses others. So where a segment contradicts the
 * state, the machine often lets it pass and waits for the answer, which tells who was right.
 */
#include "gate/track/tcp.h"

#include <linux/in.h>

enum { ORPHAN_EXPIRES_MIN_S = 120 };

#define NO TRACK_TCP_NONE
#define SS TRACK_TCP_SYN_SENT
#define SR TRACK_TCP_SYN_RECV
#define ES TRACK_TCP_ESTABLISHED
#define FW TRACK_TCP_FIN_WAIT
#define CW TRACK_TCP_CLOSE_WAIT
#define LA TRACK_TCP_LAST_ACK
#define TW TRACK_TCP_TIME_WAIT
#define CL TRACK_TCP_CLOSE
#define S2 TRACK_TCP_SYN_SENT2
#define IG TRACK_TCP_IGNORE /* passes, changes nothing */
#define IV TRACK_TCP_INVALID

// clang-format off
static const uint8_t transitions[2][TCP_EVENTS][TRACK_TCP_STATES] = {
	[TRACK_ORIGINAL] = {
		/*                   NO  SS  SR  ES  FW  CW  LA  TW  CL  S2 */
		[EVENT_SYN]     = { SS, SS, IG, IG, IG, IG, IG, SS, SS, S2 },
		[EVENT_SYN_ACK] = { IV, IV, SR, IV, IV, IV, IV, IV, IV, SR },
		[EVENT_FIN]     = { IV, IV, FW, FW, LA, LA, LA, TW, CL, IV },
		[EVENT_ACK]     = { ES, IV, ES, ES, CW, CW, TW, TW, CL, IV },
		[EVENT_RST]     = { IV, CL, CL, CL, CL, CL, CL, CL, CL, CL },
	},
	[TRACK_REPLY] = {
		[EVENT_SYN]     = { IV, S2, IV, IV, IV, IV, IV, SS, IV, S2 },
		[EVENT_SYN_ACK] = { IV, SR, IG, IG, IG, IG, IG, IG, IG, SR },
		[EVENT_FIN]     = { IV, IV, FW, FW, LA, LA, LA, TW, CL, IV },
		[EVENT_ACK]     = { IV, IG, SR, ES, CW, CW, TW, TW, CL, IG },
		[EVENT_RST]     = { IV, CL, CL, CL, CL, CL, CL, CL, CL, CL },
	},
};

/* The combinations of flags that exist; PSH, ECE and CWR go with any. */
static const bool flags_exist[64] = {
	[TCP_SYN] = true,
	[TCP_SYN | TCP_URG] = true,
	[TCP_SYN | TCP_ACK] = true,
	[TCP_RST] = true,
	[TCP_RST | TCP_ACK] = true,
	[TCP_FIN | TCP_ACK] = true,
	[TCP_FIN | TCP_ACK | TCP_URG] = true,
	[TCP_ACK] = true,
	[TCP_ACK | TCP_URG] = true,
};
// clang-format on

/* One segment on its way through the machine. */
struct passage {
	struct track_step *s;
	struct track_tcp_info *info;
	const struct track_tcp *tcp;
	enum tcp_event event;
	uint8_t from, to;  /* states */
	bool skip_windows; /* the windows are out of date: not looked at */
};

/* What became of a segment before its windows are looked at. */
enum course { COURSE_ON, COURSE_PASS, COURSE_REFUSE, COURSE_AGAIN };

static enum tcp_event event_of(uint8_t flags)
{
	if (flags & TCP_RST)
		return EVENT_RST;
	if (flags & TCP_SYN)
		return flags & TCP_ACK ? EVENT_SYN_ACK : EVENT_SYN;
	if (flags & TCP_FIN)
		return EVENT_FIN;
	return flags & TCP_ACK ? EVENT_ACK : EVENT_NONE;
}

static enum course pass(struct passage *m)
{
	m->s->why = TRACK_WHY_TCP_IGNORED;
	return COURSE_PASS;
}

static enum course refuse(struct passage *m, enum track_reason why)
{
	m->s->why = why;
	return COURSE_REFUSE;
}

void track_tcp_liberal(struct track_entry *e)
{
	e->tcp.side[0].flags |= SIDE_LIBERAL;
	e->tcp.side[1].flags |= SIDE_LIBERAL;
}

bool track_tcp_closing(const struct track_entry *e)
{
	switch ((enum track_tcp_state)e->tcp.state) {
	case TRACK_TCP_FIN_WAIT:
	case TRACK_TCP_CLOSE_WAIT:
	case TRACK_TCP_LAST_ACK:
	case TRACK_TCP_TIME_WAIT:
	case TRACK_TCP_CLOSE:
		return true;
	case TRACK_TCP_NONE:
	case TRACK_TCP_SYN_SENT:
	case TRACK_TCP_SYN_RECV:
	case TRACK_TCP_ESTABLISHED:
	case TRACK_TCP_SYN_SENT2:
	case TRACK_TCP_IGNORE:
	case TRACK_TCP_INVALID:
		break;
	}
	return false;
}

/* The first segment of an entry. */
static enum course begin(struct passage *m)
{
	uint8_t to = transitions[TRACK_ORIGINAL][m->event][TRACK_TCP_NONE];

	if (to >= TRACK_TCP_STATES)
		return refuse(m, TRACK_WHY_TCP_FIRST);
	if (to != TRACK_TCP_SYN_SENT && !m->s->t->sysctl.tcp_loose)
		return refuse(m, TRACK_WHY_TCP_NOT_LOOSE);
	tcp_window_begin(m->info, m->tcp);
	return COURSE_ON;
}

/* A SYN-ACK answers the SYN that was ignored: it was right and the entry was not. */
static void resynchronise(struct passage *m)
{
	struct track_tcp_side *client = &m->info->side[m->info->last_dir];
	struct track_tcp_side *server = &m->info->side[m->s->dir];

	m->from = TRACK_TCP_SYN_SENT;
	m->to = TRACK_TCP_SYN_RECV;
	m->info->last_flags &= (uint8_t)~LAST_CHALLENGE;
	client->end = client->max_end = m->info->last_end;
	client->max_win = m->info->last_win ? m->info->last_win : 1;
	client->scale = m->info->last_scale;
	client->flags = m->info->last_flags;
	/* The server's side begins with this segment; what was picked up stays unchecked. */
	*server = (struct track_tcp_side){ .flags = server->flags & SIDE_LIBERAL };
}

/* Keeps what an ignored SYN said, for resynchronise(). */
static void remember_syn(struct passage *m)
{
	struct track_tcp_side syn = { 0 };

	tcp_options(&syn, m->tcp);
	m->info->last_flags = syn.flags;
	m->info->last_scale = syn.flags & SIDE_SCALE ? syn.scale : 0;
	if (m->from == TRACK_TCP_LAST_ACK)
		m->info->last_flags |= LAST_CHALLENGE;
}

/* A segment that the state has no use for, but that the other end may answer. */
static enum course ignore(struct passage *m)
{
	struct track_tcp_info *info = m->info;

	if (m->event == EVENT_SYN_ACK && info->last_index == EVENT_SYN &&
	    info->last_dir != m->s->dir && m->tcp->ack == info->last_end) {
		resynchronise(m);
		return COURSE_ON;
	}
	info->last_index = m->event;
	info->last_dir = m->s->dir;
	info->last_seq = m->tcp->seq;
	info->last_end = tcp_end(m->tcp);
	info->last_win = m->tcp->window;
	if (m->event == EVENT_SYN && m->s->dir == TRACK_ORIGINAL)
		remember_syn(m);
	if (m->event == EVENT_ACK && m->s->dir == TRACK_REPLY &&
	    m->from == TRACK_TCP_SYN_SENT)
		info->last_ack = m->tcp->ack;
	return pass(m);
}

/* A SYN that may begin the connection anew when the old one is known to be over. */
static enum course reopen(struct passage *m)
{
	struct track_tcp_info *info = m->info;

	if (m->from < TRACK_TCP_TIME_WAIT)
		return COURSE_ON;
	if ((info->side[0].flags | info->side[1].flags) & SIDE_CLOSE_INIT ||
	    (info->last_dir == m->s->dir && info->last_index == EVENT_RST)) {
		track_entry_kill(m->s->t, m->s->e, m->s->t->now_ns);
		return COURSE_AGAIN;
	}
	return ignore(m);
}

/* An ACK that seems to acknowledge the last FIN may be the challenge to a stray SYN. */
static enum course linger(struct passage *m)
{
	struct track_tcp_info *info = m->info;

	if (m->from != TRACK_TCP_LAST_ACK || m->event != EVENT_ACK ||
	    info->last_dir == m->s->dir || info->last_index != EVENT_SYN ||
	    !(info->last_flags & LAST_CHALLENGE))
		return COURSE_ON;
	info->last_flags &= (uint8_t)~LAST_CHALLENGE;
	return pass(m);
}

static bool settled(const struct passage *m)
{
	return m->info->state == TRACK_TCP_ESTABLISHED &&
	       m->s->e->status & TRACK_S_ASSURED;
}

/* An RST beside what the other end acknowledged: COURSE_PASS leaves the rest to the caller. */
static enum course reset_sequence(struct passage *m)
{
	const struct track_tcp_info *info = m->info;
	uint32_t wanted = info->side[!m->s->dir].max_ack, seq = m->tcp->seq;

	/* An answer to a SYN that was let through. */
	if (seq == 0 && !settled(m))
		return COURSE_ON;
	if (tcp_before(seq, wanted) && !m->s->t->sysctl.tcp_ignore_invalid_rst)
		return refuse(m, TRACK_WHY_TCP_RST);
	if (!settled(m) || seq == wanted)
		return COURSE_ON;
	/* The end of a train: data, then RST. */
	if (info->last_index == EVENT_ACK && info->last_dir == m->s->dir &&
	    seq == info->last_end)
		return COURSE_ON;
	/* RFC 5961 section 3.2: the peer will answer with a challenge. */
	m->to = m->from;
	return COURSE_PASS;
}

/* Whether an RST answers what the other side was let through with: a SYN, an ACK, or (RFC 5961
 * section 4) the challenge ACK to this side's SYN. */
static bool answers_ignored(const struct passage *m)
{
	const struct track_tcp_info *info = m->info;
	uint32_t status = m->s->e->status;

	if (m->from == TRACK_TCP_SYN_SENT && info->last_index == EVENT_ACK &&
	    info->last_dir == TRACK_REPLY && m->tcp->seq == info->last_ack)
		return true;
	return m->tcp->ack == info->last_end &&
	       ((status & TRACK_S_SEEN_REPLY && info->last_index == EVENT_SYN &&
	         info->last_dir != m->s->dir) ||
	        (!(status & TRACK_S_ASSURED) && info->last_index == EVENT_ACK));
}

static enum course reset(struct passage *m)
{
	const struct track_tcp_info *info = m->info;

	if (m->event != EVENT_RST)
		return COURSE_ON;
	if (track_tcp_closing(m->s->e)) {
		m->skip_windows = true;
		return COURSE_ON;
	}
	if (info->side[!m->s->dir].flags & SIDE_MAX_ACK &&
	    info->last_index != EVENT_SYN) {
		enum course course = reset_sequence(m);
		if (course != COURSE_PASS)
			return course;
	}
	m->skip_windows = answers_ignored(m);
	return COURSE_ON;
}

/* What the new state asks for beyond the table. */
static enum course consider(struct passage *m)
{
	switch ((enum track_tcp_state)m->to) {
	case TRACK_TCP_SYN_SENT:
		return reopen(m);
	case TRACK_TCP_IGNORE:
		return ignore(m);
	case TRACK_TCP_INVALID:
		return refuse(m, TRACK_WHY_TCP_STATE);
	case TRACK_TCP_TIME_WAIT:
		return linger(m);
	case TRACK_TCP_SYN_SENT2:
		m->info->last_flags |= LAST_SIMULTANEOUS;
		return COURSE_ON;
	case TRACK_TCP_SYN_RECV:
		if (m->s->dir == TRACK_REPLY && m->event == EVENT_ACK &&
		    m->info->last_flags & LAST_SIMULTANEOUS)
			m->to = TRACK_TCP_ESTABLISHED;
		return COURSE_ON;
	case TRACK_TCP_CLOSE:
		return reset(m);
	case TRACK_TCP_NONE:
	case TRACK_TCP_ESTABLISHED:
	case TRACK_TCP_FIN_WAIT:
	case TRACK_TCP_CLOSE_WAIT:
	case TRACK_TCP_LAST_ACK:
		break;
	}
	return COURSE_ON;
}

static uint32_t timeout_of(const struct passage *m, unsigned index)
{
	return track_entry_timeout(m->s->e, index, m->s->t->sysctl.tcp[index]);
}

/* FIN and RST out of window in both directions: the entry has lost track, so it ends sooner. */
static void doubt(struct passage *m)
{
	struct track_entry *e = m->s->e;
	struct track_tcp_info *info = m->info;
	uint64_t left = track_expires_ns(m->s->t, e);
	uint64_t cut = timeout_of(m, TRACK_TCP_T_UNACK) * TRACK_NS_PER_S;

	if (!(e->status & TRACK_S_ASSURED) || e->status & TRACK_S_FIXED_TIMEOUT)
		return;
	if (m->event != EVENT_RST && m->event != EVENT_FIN)
		return;
	if (info->last_dir == m->s->dir ||
	    (info->last_index != EVENT_FIN && info->last_index != EVENT_RST)) {
		info->last_index = m->event;
		info->last_dir = m->s->dir;
		return;
	}
	if (left >= ORPHAN_EXPIRES_MIN_S * TRACK_NS_PER_S && left > cut)
		track_entry_deadline(m->s->t, e, m->s->t->now_ns + cut);
}

/* Seconds that the entry lives on after this segment. */
static uint32_t timeout(const struct passage *m)
{
	const struct track_tcp_info *info = m->info;
	uint32_t state = timeout_of(m, m->to);
	uint32_t retrans = timeout_of(m, TRACK_TCP_T_RETRANS);
	uint32_t unacked = timeout_of(m, TRACK_TCP_T_UNACK);

	if (info->retrans >= m->s->t->sysctl.tcp_max_retrans && state > retrans)
		return retrans;
	if (m->event == EVENT_RST)
		return timeout_of(m, TRACK_TCP_CLOSE);
	if ((info->side[0].flags | info->side[1].flags) & SIDE_UNACKED && state > unacked)
		return unacked;
	if (info->last_win == 0 && state > retrans)
		return retrans;
	return state;
}

/* Picked up and without an answer, it may be nothing: it gets less time. */
static uint32_t timeout_picked_up(const struct passage *m, uint32_t seconds)
{
	uint32_t unacked = timeout_of(m, TRACK_TCP_T_UNACK);

	if (m->s->e->status & TRACK_S_SEEN_REPLY || m->to != TRACK_TCP_ESTABLISHED)
		return seconds;
	return seconds < unacked ? seconds : unacked;
}

/* The segment is good: the entry takes its new state. */
static void accept(struct passage *m)
{
	struct track_entry *e = m->s->e;

	m->info->last_index = m->event;
	m->info->last_dir = m->s->dir;
	m->info->state = m->to;
	if (m->from != m->to) {
		if (m->to == TRACK_TCP_FIN_WAIT)
			m->info->side[m->s->dir].flags |= SIDE_CLOSE_INIT;
		track_event(m->s->t, e, TRACK_E_PROTOINFO);
	}
	if (!(e->status & TRACK_S_SEEN_REPLY)) {
		if (m->tcp->flags & TCP_RST) {
			track_entry_account(e, m->s->dir, m->s->p->length);
			track_entry_kill(m->s->t, e, m->s->t->now_ns);
			return;
		}
		/* A client that tries again and again keeps no entry alive. */
		if (m->event == EVENT_SYN && m->from == TRACK_TCP_SYN_SENT)
			return;
	} else if (!(e->status & TRACK_S_ASSURED) && m->to == TRACK_TCP_ESTABLISHED &&
	           (m->from == TRACK_TCP_SYN_RECV || m->from == TRACK_TCP_ESTABLISHED)) {
		track_assure(m->s);
	}
	track_entry_refresh(m->s->t, e, timeout_picked_up(m, timeout(m)));
	track_entry_account(e, m->s->dir, m->s->p->length);
}

void track_tcp_close(struct track *t, struct track_ref *ref)
{
	struct track_entry *e = ref->entry;
	bool was_closed;

	if (!e || e->tuple[TRACK_ORIGINAL].proto != IPPROTO_TCP ||
	    !track_entry_confirmed(e))
		return;
	was_closed = e->tcp.state == TRACK_TCP_CLOSE;
	e->tcp.state = TRACK_TCP_CLOSE;
	if (!was_closed && !(e->status & TRACK_S_FIXED_TIMEOUT))
		track_entry_refresh(t, e,
		                    track_entry_timeout(e, TRACK_TCP_CLOSE,
		                                        t->sysctl.tcp[TRACK_TCP_CLOSE]));
}

static enum track_outcome advance(struct passage *m)
{
	enum course course;

	m->from = m->info->state;
	m->to = transitions[m->s->dir][m->event][m->from];
	course = consider(m);
	switch (course) {
	case COURSE_ON:
		break;
	case COURSE_PASS:
		return TRACK_OK;
	case COURSE_REFUSE:
		return TRACK_REFUSED;
	case COURSE_AGAIN:
		return TRACK_AGAIN;
	}
	if (!m->skip_windows) {
		enum tcp_fit fit = tcp_window(m->s, m->event);
		if (fit == FIT_IGNORE)
			return TRACK_OK;
		if (fit == FIT_OUT) {
			doubt(m);
			return TRACK_REFUSED;
		}
	}
	m->s->why = TRACK_WHY_NONE;
	accept(m);
	return TRACK_OK;
}

enum track_outcome track_tcp(struct track_step *s)
{
	struct passage m = {
		.s = s,
		.info = &s->e->tcp,
		.tcp = &s->p->tcp,
		.event = event_of(s->p->tcp.flags),
	};
	const uint8_t masked =
		s->p->tcp.flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK | TCP_URG);

	if (!flags_exist[masked] || m.event == EVENT_NONE) {
		s->why = TRACK_WHY_TCP_FLAGS;
		return TRACK_REFUSED;
	}
	if (!track_entry_confirmed(s->e) && begin(&m) != COURSE_ON)
		return TRACK_REFUSED;
	return advance(&m);
}
