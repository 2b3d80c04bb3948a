/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* SCTP: states by chunks, RFC 9260, and the verification tags of both directions. */
#include "gate/track/proto.h"

/* RFC 9260 section 3.2; the order is the one of the table's rows, from CHUNK_ROWS on none. */
enum {
	CHUNK_DATA = 0,
	CHUNK_INIT = 1,
	CHUNK_INIT_ACK = 2,
	CHUNK_HEARTBEAT = 4,
	CHUNK_HEARTBEAT_ACK = 5,
	CHUNK_ABORT = 6,
	CHUNK_SHUTDOWN = 7,
	CHUNK_SHUTDOWN_ACK = 8,
	CHUNK_ERROR = 9,
	CHUNK_COOKIE_ECHO = 10,
	CHUNK_COOKIE_ACK = 11,
	CHUNK_SHUTDOWN_COMPLETE = 14
};

enum {
	FLAG_HEARTBEAT_FAILED = 1
}; /* track_sctp_info.flags: a heartbeat had another tag */

#define NO TRACK_SCTP_NONE
#define CL TRACK_SCTP_CLOSED
#define CW TRACK_SCTP_COOKIE_WAIT
#define CE TRACK_SCTP_COOKIE_ECHOED
#define ES TRACK_SCTP_ESTABLISHED
#define SS TRACK_SCTP_SHUTDOWN_SENT
#define SR TRACK_SCTP_SHUTDOWN_RECD
#define SA TRACK_SCTP_SHUTDOWN_ACK_SENT
#define HS TRACK_SCTP_HEARTBEAT_SENT
#define IV TRACK_SCTP_INVALID

struct row {
	uint8_t chunk;
	uint8_t to[2][TRACK_SCTP_STATES]; /* original, reply */
};

// clang-format off
static const struct row rows[] = {
	/*                             NO  CL  CW  CE  ES  SS  SR  SA  HS */
	{ CHUNK_INIT,              { { CL, CL, CW, CE, ES, CL, CL, SA, CW },
	                             { IV, CL, CW, CE, ES, SS, SR, SA, IV } } },
	{ CHUNK_INIT_ACK,          { { CL, CL, CW, CE, ES, SS, SR, SA, CL },
	                             { IV, CW, CW, CE, ES, SS, SR, SA, IV } } },
	{ CHUNK_ABORT,             { { CL, CL, CL, CL, CL, CL, CL, CL, CL },
	                             { IV, CL, CL, CL, CL, CL, CL, CL, IV } } },
	{ CHUNK_SHUTDOWN,          { { CL, CL, CW, CE, SS, SS, SR, SA, CL },
	                             { IV, CL, CW, CE, SR, SS, SR, SA, IV } } },
	{ CHUNK_SHUTDOWN_ACK,      { { SA, CL, CW, CE, ES, SA, SA, SA, SA },
	                             { IV, CL, CW, CE, ES, SA, SA, SA, IV } } },
	{ CHUNK_ERROR,             { { CL, CL, CW, CE, ES, SS, SR, SA, CL },
	                             { IV, CL, CW, CL, ES, SS, SR, SA, IV } } },
	{ CHUNK_COOKIE_ECHO,       { { CL, CL, CE, CE, ES, SS, SR, SA, CL },
	                             { IV, CL, CE, CE, ES, SS, SR, SA, IV } } },
	{ CHUNK_COOKIE_ACK,        { { CL, CL, CW, ES, ES, SS, SR, SA, CL },
	                             { IV, CL, CW, ES, ES, SS, SR, SA, IV } } },
	{ CHUNK_SHUTDOWN_COMPLETE, { { CL, CL, CW, CE, ES, SS, SR, CL, CL },
	                             { IV, CL, CW, CE, ES, SS, SR, CL, IV } } },
	{ CHUNK_HEARTBEAT,         { { HS, CL, CW, CE, ES, SS, SR, SA, HS },
	                             { IV, CL, CW, CE, ES, SS, SR, SA, HS } } },
	{ CHUNK_HEARTBEAT_ACK,     { { CL, CL, CW, CE, ES, SS, SR, SA, HS },
	                             { IV, CL, CW, CE, ES, SS, SR, SA, ES } } },
};
// clang-format on

static uint8_t next_state(enum track_dir dir, uint8_t state, uint8_t chunk)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].chunk == chunk)
			return rows[i].to[dir][state];
	return state; /* data and the rest */
}

static bool has(const struct track_sctp *sctp, uint8_t chunk)
{
	for (unsigned i = 0; i < sctp->chunks; i++)
		if (sctp->chunk[i] == chunk)
			return true;
	return false;
}

static bool stands_alone(uint8_t chunk)
{
	return chunk == CHUNK_INIT || chunk == CHUNK_INIT_ACK ||
	       chunk == CHUNK_SHUTDOWN_COMPLETE;
}

/* RFC 9260 section 3: some chunks stand alone, cookies come first. */
static bool chunks_fit(const struct track_sctp *sctp)
{
	for (unsigned i = 1; i < sctp->chunks; i++)
		if (sctp->chunk[i] == CHUNK_COOKIE_ACK ||
		    sctp->chunk[i] == CHUNK_COOKIE_ECHO || stands_alone(sctp->chunk[i]) ||
		    stands_alone(sctp->chunk[i - 1]))
			return false;
	return sctp->chunks > 0 && !sctp->malformed;
}

/* RFC 9260 section 8.4: what may come out of the blue. */
static bool begin(struct track_sctp_info *info, const struct track_sctp *sctp)
{
	*info = (struct track_sctp_info){ 0 };
	if (has(sctp, CHUNK_ABORT) || has(sctp, CHUNK_SHUTDOWN_COMPLETE) ||
	    has(sctp, CHUNK_COOKIE_ACK))
		return false;
	for (unsigned i = 0; i < sctp->chunks; i++) {
		uint8_t to = next_state(TRACK_ORIGINAL, TRACK_SCTP_NONE, sctp->chunk[i]);
		if (to == TRACK_SCTP_NONE || to == TRACK_SCTP_INVALID)
			return false;
		if (sctp->chunk[i] == CHUNK_INIT) {
			if (sctp->vtag)
				return false; /* its own tag is learnt as from any INIT */
		} else if (sctp->chunk[i] == CHUNK_HEARTBEAT ||
		           sctp->chunk[i] == CHUNK_HEARTBEAT_ACK) {
			info->vtag[TRACK_ORIGINAL] = sctp->vtag;
		} else {
			info->vtag[TRACK_REPLY] = sctp->vtag;
		}
	}
	return true;
}

/* Chunks with rules of their own about the tag, RFC 9260 section 8.5.1. */
static bool tag_is_special(const struct track_sctp *sctp)
{
	static const uint8_t special[] = { CHUNK_INIT,         CHUNK_SHUTDOWN_COMPLETE,
		                           CHUNK_COOKIE_ECHO,  CHUNK_ABORT,
		                           CHUNK_SHUTDOWN_ACK, CHUNK_HEARTBEAT,
		                           CHUNK_HEARTBEAT_ACK };

	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (has(sctp, special[i]))
			return true;
	return false;
}

enum tag { TAG_GOOD, TAG_BAD, TAG_LATER };

/* A path's other end may have begun anew: one heartbeat with a strange tag is let through. */
static enum tag heartbeat_tag(struct track_sctp_info *info, const struct track_sctp *sctp,
                              enum track_dir dir, bool later)
{
	if (!info->vtag[dir]) {
		info->vtag[dir] = sctp->vtag;
	} else if (info->vtag[dir] != sctp->vtag) {
		if (has(sctp, CHUNK_DATA) || later)
			return TAG_BAD;
		info->flags |= FLAG_HEARTBEAT_FAILED;
		info->last_dir = dir;
		return TAG_LATER;
	} else {
		info->flags &= (uint8_t)~FLAG_HEARTBEAT_FAILED;
	}
	return TAG_GOOD;
}

static enum tag heartbeat_ack_tag(struct track_sctp_info *info,
                                  const struct track_sctp *sctp, enum track_dir dir,
                                  bool later)
{
	if (!info->vtag[dir]) {
		info->vtag[dir] = sctp->vtag;
	} else if (info->vtag[dir] != sctp->vtag) {
		if (has(sctp, CHUNK_DATA) || later ||
		    !(info->flags & FLAG_HEARTBEAT_FAILED) || info->last_dir == dir)
			return TAG_BAD;
		info->flags &= (uint8_t)~FLAG_HEARTBEAT_FAILED;
		info->vtag[dir] = sctp->vtag;
		info->vtag[!dir] = 0;
	} else {
		info->flags &= (uint8_t)~FLAG_HEARTBEAT_FAILED;
	}
	return TAG_GOOD;
}

static enum tag chunk_tag(struct track_sctp_info *info, const struct track_sctp *sctp,
                          enum track_dir dir, uint8_t chunk, bool later)
{
	bool good = true;

	switch (chunk) {
	case CHUNK_INIT:
		good = sctp->vtag == 0;
		break;
	case CHUNK_ABORT:
	case CHUNK_SHUTDOWN_COMPLETE:
		good = sctp->vtag == info->vtag[sctp->abort_or_complete_t ? !dir : dir];
		break;
	case CHUNK_COOKIE_ECHO:
		good = sctp->vtag == info->vtag[dir];
		break;
	case CHUNK_HEARTBEAT:
		return heartbeat_tag(info, sctp, dir, later);
	case CHUNK_HEARTBEAT_ACK:
		return heartbeat_ack_tag(info, sctp, dir, later);
	default:
		break;
	}
	return good ? TAG_GOOD : TAG_BAD;
}

/* Tags that the handshake tells. An INIT with a new tag lets the answer name another one, unless
 * both sides began at once (RFC 9260 section 5.2.1); other INIT ACKs must name the known tag,
 * else it is false. */
static bool learn_tag(struct track_sctp_info *info, const struct track_sctp *sctp,
                      enum track_dir dir, uint8_t chunk)
{
	uint32_t *tag = &info->vtag[!dir];

	if (chunk == CHUNK_INIT) {
		info->init[dir] |= *tag != sctp->init_tag;
		*tag = sctp->init_tag;
	} else if (chunk == CHUNK_INIT_ACK) {
		bool free = info->init[!dir] && !info->init[dir];
		if (*tag && !free && *tag != sctp->init_tag)
			return false;
		*tag = sctp->init_tag;
	} else if (chunk == CHUNK_COOKIE_ACK) {
		info->init[0] = info->init[1] = 0;
	}
	return true;
}

static enum track_outcome refuse(struct track_step *s, enum track_reason why)
{
	s->why = why;
	return TRACK_REFUSED;
}

static void enter(struct track_step *s, uint8_t state)
{
	if (state == s->e->sctp.state)
		return;
	s->e->sctp.state = state;
	track_event(s->t, s->e, TRACK_E_PROTOINFO);
	if (state == TRACK_SCTP_ESTABLISHED)
		track_assure(s);
}

enum track_outcome track_sctp(struct track_step *s)
{
	struct track_sctp_info *info = &s->e->sctp;
	const struct track_sctp *sctp = &s->p->sctp;
	uint8_t to = TRACK_SCTP_NONE;
	bool later = false;

	if (!chunks_fit(sctp))
		return refuse(s, TRACK_WHY_SCTP_CHUNKS);
	if (!track_entry_confirmed(s->e) && !begin(info, sctp))
		return refuse(s, TRACK_WHY_SCTP_STATE);
	if (!tag_is_special(sctp) && sctp->vtag != info->vtag[s->dir])
		return refuse(s, TRACK_WHY_SCTP_TAG);
	for (unsigned i = 0; i < sctp->chunks; i++) {
		enum tag tag = chunk_tag(info, sctp, s->dir, sctp->chunk[i], later);
		if (tag == TAG_BAD)
			return refuse(s, TRACK_WHY_SCTP_TAG);
		if (tag == TAG_LATER) {
			later = true;
			continue;
		}
		to = next_state(s->dir, info->state, sctp->chunk[i]);
		if (to == TRACK_SCTP_INVALID)
			return refuse(s, TRACK_WHY_SCTP_STATE);
		if (!learn_tag(info, sctp, s->dir, sctp->chunk[i]))
			return refuse(s, TRACK_WHY_SCTP_TAG);
		enter(s, to);
	}
	if (later)
		return TRACK_OK;
	track_entry_refresh(s->t, s->e,
	                    track_entry_timeout(s->e, to, s->t->sysctl.sctp[to]));
	track_entry_account(s->e, s->dir, s->p->length);
	return TRACK_OK;
}
