/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * SIP, RFC 3261: a call's messages describe the streams that will follow, registrations where calls
 * will come in. Streams are expected between the two hosts that talk here only (the kernel's
 * sip_direct_media and sip_direct_signalling, both on).
 */
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <strings.h>

#include "gate/track/helper.h"
#include "gate/track/sip_text.h"

enum { CLASS_SIGNALLING, CLASS_AUDIO, CLASS_VIDEO, CLASS_IMAGE };
enum { SIP_TIMEOUT_S = 3600, MEDIA_LINES_MAX = 3, STREAM_PORT_MIN = 1024 };

/* One message. */
struct message {
	struct track_reading *r;
	struct str text;
	uint32_t cseq;
	unsigned code; /* of an answer */
};

typedef enum track_verdict message_fn(struct message *m);

static enum track_verdict description(struct message *m);
static enum track_verdict invite(struct message *m);
static enum track_verdict invite_answer(struct message *m);
static enum track_verdict bye(struct message *m);
static enum track_verdict registration(struct message *m);
static enum track_verdict registration_answer(struct message *m);

struct method {
	const char *name;
	message_fn *request, *answer;
};

static const struct method methods[] = {
	{ "INVITE", invite, invite_answer },
	{ "UPDATE", description, invite_answer },
	{ "ACK", description, NULL },
	{ "PRACK", description, invite_answer },
	{ "BYE", bye, NULL },
	{ "REGISTER", registration, registration_answer },
};

/* ---- streams ------------------------------------------------------------------------------ */

static const struct {
	struct str name;
	uint8_t class;
} streams[] = {
	{ STR_INIT("audio "), CLASS_AUDIO },
	{ STR_INIT("video "), CLASS_VIDEO },
	{ STR_INIT("image "), CLASS_IMAGE },
};

/* Ends the entry's expectations of calls (or of registrations, of which there is one). */
static void forget(struct message *m, bool calls)
{
	struct track *t = m->r->t;

	for (size_t i = 0; i < t->expected.n;) {
		const struct track_pending *pending = &t->expected.p[i];
		if (pending->master == m->r->e &&
		    (pending->x.class != CLASS_SIGNALLING) == calls)
			track_expectations_remove(t, i);
		else
			i++;
	}
}

static int expect_port(struct message *m, const struct track_addr *addr, uint16_t port,
                       uint8_t class)
{
	const struct track_entry *e = m->r->e;
	struct track_expect x = {
		.tuple = { .src = e->tuple[!m->r->dir].src,
		           .dst = *addr,
		           .dst_port = port,
		           .proto = IPPROTO_UDP },
		.class = class,
	};

	return track_helper_add(m->r, &x, port);
}

/* RTP on an even port, RTCP on the next. A stream that is announced twice is fine. */
static enum track_verdict expect_stream(struct message *m, const struct track_addr *addr,
                                        uint16_t port, uint8_t class)
{
	int rtp, rtcp;

	if (!track_addr_eq(addr, &m->r->e->tuple[m->r->dir].src))
		return TRACK_ACCEPT;
	port &= 0xfffe;
	rtp = expect_port(m, addr, port, class);
	if (rtp && rtp != -EALREADY)
		return TRACK_DROP;
	rtcp = expect_port(m, addr, (uint16_t)(port + 1), class);
	return rtcp && rtcp != -EALREADY ? TRACK_DROP : TRACK_ACCEPT;
}

/* The address of the next "c=IN IP4 ADDRESS" before a stream's line. */
static bool connection(struct str at, uint8_t family, struct track_addr *addr)
{
	const struct str kind = family == 6 ? STR("IN IP6 ") : STR("IN IP4 ");
	struct str value;

	return sip_description_line(&at, 'c', 'm', &value) && str_starts(value, kind) &&
	       sip_addr(str_sub(value, kind.n, value.n), family, addr);
}

/* "audio 6000 RTP/AVP 0": 1 a stream, 0 none that matters, -1 a wrong port. */
static int stream(struct str value, uint16_t *port, uint8_t *class)
{
	uint64_t number = 0;

	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		if (value.n < streams[i].name.n ||
		    strncasecmp(value.p, streams[i].name.p, streams[i].name.n) != 0)
			continue;
		value = str_sub(value, streams[i].name.n, value.n);
		if (!track_helper_number(value, UINT32_MAX, &number) || !number)
			return 0; /* an inactive one */
		if (number < STREAM_PORT_MIN || number > UINT16_MAX)
			return -1;
		*port = (uint16_t)number;
		*class = streams[i].class;
		return 1;
	}
	return 0;
}

static enum track_verdict description(struct message *m)
{
	uint8_t family = m->r->e->tuple[TRACK_ORIGINAL].family, class = 0;
	struct str at = sip_description(m->text), value;
	struct track_addr session, own;
	bool has_session = connection(at, family, &session);
	uint16_t port = 0;

	for (unsigned i = 0;
	     i < MEDIA_LINES_MAX && sip_description_line(&at, 'm', 0, &value);) {
		int kind = stream(value, &port, &class);
		if (kind == 0)
			continue;
		if (kind < 0)
			return TRACK_DROP;
		if (!connection(at, family, &own)) {
			if (!has_session)
				return TRACK_DROP;
			own = session;
		}
		if (expect_stream(m, &own, port, class) == TRACK_DROP)
			return TRACK_DROP;
		i++;
	}
	return TRACK_ACCEPT;
}

/* ---- calls -------------------------------------------------------------------------------- */

static enum track_verdict invite(struct message *m)
{
	enum track_verdict verdict;

	forget(m, true);
	verdict = description(m);
	if (verdict == TRACK_ACCEPT)
		track_entry_extra(m->r->t, m->r->e)->sip.invite_cseq = m->cseq;
	return verdict;
}

static enum track_verdict invite_answer(struct message *m)
{
	if (m->code >= 100 && m->code <= 299)
		return description(m);
	if (track_entry_extra(m->r->t, m->r->e)->sip.invite_cseq == m->cseq)
		forget(m, true);
	return TRACK_ACCEPT;
}

static enum track_verdict bye(struct message *m)
{
	forget(m, true);
	return TRACK_ACCEPT;
}

/* ---- registrations ------------------------------------------------------------------------ */

/* A contact's address, protocol and time. */
struct contact {
	struct track_addr addr;
	uint16_t port;
	uint8_t proto;
	uint32_t expires_s;
};

/* The message's "Expires:", 0 when there is none. */
static uint32_t expires_of(struct str text)
{
	struct str value;
	uint64_t seconds = 0;

	if (sip_header(&text, "Expires", 0, &value))
		track_helper_number(value, UINT32_MAX, &seconds);
	return (uint32_t)seconds;
}

/* What follows a contact's address; false for a transport that is not followed. */
static bool contact_params(const struct message *m, struct str rest, struct contact *c)
{
	struct str value;
	uint64_t seconds;

	c->proto = m->r->e->tuple[TRACK_ORIGINAL].proto;
	if (sip_param(rest, "transport=", &value)) {
		if (value.n >= 3 && strncasecmp(value.p, "TCP", 3) == 0)
			c->proto = IPPROTO_TCP;
		else if (value.n >= 3 && strncasecmp(value.p, "UDP", 3) == 0)
			c->proto = IPPROTO_UDP;
		else
			return false;
	}
	if (sip_param(rest, "expires=", &value) &&
	    track_helper_number(value, UINT32_MAX, &seconds))
		c->expires_s = (uint32_t)seconds;
	return true;
}

static enum track_verdict registration(struct message *m)
{
	struct track_reading *r = m->r;
	uint8_t family = r->e->tuple[TRACK_ORIGINAL].family;
	struct str at = m->text, value, rest;
	struct contact c = { .expires_s = expires_of(m->text) };
	int found;

	/* A call that came in does not register. */
	if (r->e->status & TRACK_S_EXPECTED || !sip_header(&at, "Contact", 'm', &value))
		return TRACK_ACCEPT;
	found = sip_uri(value, family, &c.addr, &c.port, &rest);
	if (found < 0)
		return TRACK_DROP;
	if (!found || !track_addr_eq(&c.addr, &r->e->tuple[r->dir].src) ||
	    !contact_params(m, rest, &c))
		return TRACK_ACCEPT;
	if (c.expires_s) {
		struct track_expect x = {
			.tuple = { .src = r->e->tuple[!r->dir].src,
			           .dst = c.addr,
			           .dst_port = c.port,
			           .proto = c.proto },
			.class = CLASS_SIGNALLING,
			.flags = TRACK_X_PERMANENT | TRACK_X_INACTIVE,
			.helper = r->e->helper,
			.deadline_ns = SIP_TIMEOUT_S * TRACK_NS_PER_S,
		};
		if (track_helper_add(r, &x, c.port))
			return TRACK_DROP;
	}
	track_entry_extra(r->t, r->e)->sip.register_cseq = m->cseq;
	return TRACK_ACCEPT;
}

/* The registrar agreed: calls may come for so long. */
static bool confirm(const struct message *m, const struct contact *c)
{
	struct track *t = m->r->t;

	vec_for_each(pending, &t->expected) {
		struct track_expect *x = &pending->x;
		if (pending->master != m->r->e || x->class != CLASS_SIGNALLING ||
		    !track_addr_eq(&x->tuple.dst, &c->addr) ||
		    x->tuple.proto != c->proto || x->tuple.dst_port != c->port)
			continue;
		x->flags &= (uint8_t)~TRACK_X_INACTIVE;
		x->deadline_ns = t->now_ns + c->expires_s * TRACK_NS_PER_S;
		return true;
	}
	return false;
}

/* One contact of the answer: 1 it was confirmed, 0 not, -1 it cannot be read. */
static int answered_contact(const struct message *m, struct str value, uint32_t expires_s)
{
	const struct track_entry *e = m->r->e;
	struct contact c = { .expires_s = expires_s };
	struct str rest;
	int found =
		sip_uri(value, e->tuple[TRACK_ORIGINAL].family, &c.addr, &c.port, &rest);

	if (found <= 0)
		return found;
	if (!track_addr_eq(&c.addr, &e->tuple[m->r->dir].dst) ||
	    !contact_params(m, rest, &c) || !c.expires_s)
		return 0;
	return confirm(m, &c);
}

static enum track_verdict registration_answer(struct message *m)
{
	struct str at = m->text, value;

	if (track_entry_extra(m->r->t, m->r->e)->sip.register_cseq != m->cseq ||
	    (m->code >= 100 && m->code <= 199))
		return TRACK_ACCEPT;
	while (m->code >= 200 && m->code <= 299 &&
	       sip_header(&at, "Contact", 'm', &value)) {
		while (value.n) {
			size_t comma = str_find(value, ',');
			int done = answered_contact(m, value, expires_of(m->text));
			if (done)
				return done < 0 ? TRACK_DROP : TRACK_ACCEPT;
			value = str_sub(value, comma + 1, value.n);
		}
	}
	forget(m, false);
	return TRACK_ACCEPT;
}

/* ---- messages ----------------------------------------------------------------------------- */

/* "CSeq: 1 INVITE"; false when it is missing or no number. */
static bool sequence(struct message *m, struct str *method)
{
	struct str at = m->text, value;
	uint64_t number = 0;
	size_t n;

	if (!sip_header(&at, "CSeq", 0, &value))
		return false;
	n = track_helper_number(value, UINT32_MAX, &number);
	*method = str_sub(value, n + 1, value.n);
	m->cseq = (uint32_t)number;
	return n > 0;
}

static bool begins(struct str s, const char *method)
{
	return s.n >= strlen(method) && strncasecmp(s.p, method, strlen(method)) == 0;
}

static enum track_verdict request(struct message *m)
{
	struct str method;

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		size_t n = strlen(methods[i].name);
		if (m->text.n < n + 2 || !begins(m->text, methods[i].name) ||
		    m->text.p[n] != ' ' || !isalpha((unsigned char)m->text.p[n + 1]))
			continue;
		return sequence(m, &method) ? methods[i].request(m) : TRACK_DROP;
	}
	return TRACK_ACCEPT;
}

static enum track_verdict answer(struct message *m, struct str code)
{
	struct str method;
	uint64_t number = 0;

	if (!track_helper_number(code, UINT16_MAX, &number) || !number ||
	    !sequence(m, &method))
		return TRACK_DROP;
	m->code = (unsigned)number;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (methods[i].answer && begins(method, methods[i].name))
			return methods[i].answer(m);
	return TRACK_ACCEPT;
}

static enum track_verdict message(struct track_reading *r, struct str text)
{
	const struct str version = STR("SIP/2.0 ");
	struct message m = { .r = r, .text = text };

	if (begins(text, version.p))
		return answer(&m, str_sub(text, version.n, text.n));
	return request(&m);
}

/* The length of the first message of a stream, 0 when it is not whole. */
static size_t message_length(struct str text)
{
	const struct str blank = STR("\r\n\r\n");
	struct str at = text, value;
	uint64_t body = 0;

	if (!sip_header(&at, "Content-Length", 'l', &value) ||
	    !track_helper_number(value, UINT32_MAX, &body))
		return 0;
	for (size_t i = 0; i + blank.n <= text.n; i++)
		if (str_starts(str_sub(text, i, text.n), blank))
			return text.n - i - blank.n >= body ? i + blank.n + (size_t)body
			                                    : 0;
	return 0;
}

enum track_verdict track_sip(struct track_reading *r)
{
	const struct str shortest = STR("SIP/2.0 200");
	struct str text = r->p->payload;
	size_t n;

	if (!text.n)
		return TRACK_ACCEPT;
	if (r->e->tuple[TRACK_ORIGINAL].proto == IPPROTO_UDP) {
		track_entry_refresh(r->t, r->e, SIP_TIMEOUT_S);
		return text.n < shortest.n ? TRACK_ACCEPT : message(r, text);
	}
	if (r->state != TRACK_ESTABLISHED)
		return TRACK_ACCEPT;
	track_entry_refresh(r->t, r->e, SIP_TIMEOUT_S);
	while (text.n >= shortest.n && (n = message_length(text))) {
		if (message(r, str_sub(text, 0, n)) == TRACK_DROP)
			return TRACK_DROP;
		text = str_sub(text, n, text.n);
	}
	return TRACK_ACCEPT;
}
