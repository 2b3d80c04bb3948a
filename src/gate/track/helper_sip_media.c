/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The streams that a session description, RFC 8866, announces. They are expected between the two
 * hosts that talk here only (the kernel's sip_direct_media, which is on).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>

#include "gate/track/helper_sip.h"

enum { MEDIA_LINES_MAX = 3, STREAM_PORT_MIN = 1024 };

static const struct {
	struct str name;
	uint8_t class;
} streams[] = {
	{ STR_INIT("audio "), CLASS_AUDIO },
	{ STR_INIT("video "), CLASS_VIDEO },
	{ STR_INIT("image "), CLASS_IMAGE },
};

/* One stream: where its media go, and where the port stands. */
struct media {
	struct track_addr addr;
	uint16_t port;
	uint8_t class;
	struct str digits;
};

/* ---- writing ------------------------------------------------------------------------------ */

/* RFC 3261 section 20.14: how long the description is by now. */
static void write_length(struct sip_message *m)
{
	struct str at = m->text, value, body = sip_description(m->text);
	uint64_t old;
	char text[24];
	size_t n;

	if (!sip_header(&at, "Content-Length", 'l', &value))
		return;
	n = track_helper_number(value, UINT32_MAX, &old);
	int length = snprintf(text, sizeof(text), "%zu", body.n);
	if (n)
		sip_replace(m, str_sub(value, 0, n),
		            (struct str){ text, (size_t)length });
}

static void write_port(struct sip_message *m, const struct media *media, uint16_t port)
{
	char text[8];
	int n = snprintf(text, sizeof(text), "%u", port);

	sip_replace(m, media->digits, (struct str){ text, (size_t)n });
	write_length(m);
}

/* The address of the next line of that type from `off` on, before a stream's line; false: none. */
static bool find_address(const struct sip_message *m, size_t off, char type,
                         struct str *found, struct track_addr *addr)
{
	uint8_t family = m->r->e->tuple[TRACK_ORIGINAL].family;
	const struct str kind = family == 6 ? STR("IN IP6 ") : STR("IN IP4 ");
	struct str at = sip_from(m, off), value;
	size_t n = 0;

	if (!sip_description_line(&at, type, 'm', &value))
		return false;
	while (value.n && !str_starts(value, kind))
		value = str_sub(value, 1, value.n);
	if (value.n)
		n = sip_addr(str_sub(value, kind.n, value.n), family, addr);
	*found = str_sub(value, kind.n, n);
	return n > 0;
}

static bool write_address(struct sip_message *m, size_t off, char type,
                          const struct track_addr *addr)
{
	auto_buf text = { 0 };
	struct track_addr old;
	struct str at;

	if (!find_address(m, off, type, &at, &old))
		return false;
	sip_write(&text, m->r->e->tuple[TRACK_ORIGINAL].family, addr, 0);
	sip_replace(m, at, buf_as_str(&text));
	write_length(m);
	return true;
}

/* ---- expecting ---------------------------------------------------------------------------- */

static struct track_expect expectation(const struct sip_message *m,
                                       const struct media *media)
{
	return (struct track_expect){
		.tuple = { .src = m->r->e->tuple[!m->r->dir].src,
		           .dst = media->addr,
		           .dst_port = media->port,
		           .proto = IPPROTO_UDP },
		.class = media->class,
		.shared = true,
	};
}

/* RTP on an even port, RTCP on the next; both or none. */
static int expect_pair(struct sip_message *m, const struct media *to, bool translated,
                       uint16_t known_port, const struct track_addr *known)
{
	struct track_reading *r = m->r;
	int e = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct track_expect x = expectation(m, to);
		x.tuple.dst_port = (uint16_t)(to->port + i);
		track_helper_prepare(r, &x, x.tuple.dst_port);
		x.nat &= translated;
		x.tuple.dst = *known;
		x.tuple.dst_port = (uint16_t)(known_port + i);
		e = track_expect_add(r->t, r->e, &x);
		/* Announced twice is fine, where nothing is written about it. */
		if (e == -EALREADY && !translated)
			e = 0;
		if (e && i == 1)
			track_expectations_remove(r->t, r->t->expected.n - 1);
		if (e)
			break;
	}
	return e;
}

/* The other side sends to the address it knows, to the same ports when they are free. */
static enum track_verdict expect_translated(struct sip_message *m, struct media *media)
{
	struct track_reading *r = m->r;
	struct track_addr known = r->e->tuple[!r->dir].dst;
	uint32_t port = media->port;
	int e = -EEXIST;

	for (; e == -EEXIST && port <= UINT16_MAX; port += 2)
		e = expect_pair(m, media, true, (uint16_t)port, &known);
	if (e)
		return TRACK_DROP;
	port -= 2;
	if (port != media->port)
		write_port(m, media, (uint16_t)port);
	media->addr = known;
	return TRACK_ACCEPT;
}

/* Whether another call wants the same: several phones can be asked for one call. */
static bool is_expected(const struct sip_message *m, const struct media *media)
{
	struct track_expect want = expectation(m, media);
	const struct track_pending *found;

	want.tuple.zone = track_entry_zone(m->r->e);
	want.tuple.family = m->r->e->tuple[TRACK_ORIGINAL].family;
	found = track_expectations_find(m->r->t, &want.tuple);
	return found && found->master != m->r->e &&
	       found->master->helper == m->r->e->helper && found->x.class == media->class;
}

static enum track_verdict expect_stream(struct sip_message *m, struct media *media)
{
	if (!track_addr_eq(&media->addr, &m->r->e->tuple[m->r->dir].src) ||
	    is_expected(m, media))
		return TRACK_ACCEPT;
	media->port &= 0xfffe;
	if (track_helper_translates(m->r))
		return expect_translated(m, media);
	return expect_pair(m, media, false, media->port, &media->addr) ? TRACK_DROP
	                                                               : TRACK_ACCEPT;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* "audio 6000 RTP/AVP 0": 1 a stream, 0 none that matters, -1 a wrong port. */
static int read_stream(struct str value, struct media *media)
{
	uint64_t number = 0;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		if (value.n < streams[i].name.n ||
		    strncasecmp(value.p, streams[i].name.p, streams[i].name.n) != 0)
			continue;
		value = str_sub(value, streams[i].name.n, value.n);
		n = track_helper_number(value, UINT32_MAX, &number);
		if (!n || !number)
			return 0; /* an inactive one */
		if (number < STREAM_PORT_MIN || number > UINT16_MAX)
			return -1;
		media->port = (uint16_t)number;
		media->class = streams[i].class;
		media->digits = str_sub(value, 0, n);
		return 1;
	}
	return 0;
}

enum track_verdict sip_describe(struct sip_message *m)
{
	struct str body = sip_description(m->text), value, found;
	size_t start = (size_t)(body.p - m->text.p), off = start;
	struct media media = { .port = 0 };
	struct track_addr session;
	bool has_session = find_address(m, start, 'c', &found, &session);
	bool translates = track_helper_translates(m->r);

	if (!body.n)
		return TRACK_ACCEPT;
	for (unsigned i = 0; i < MEDIA_LINES_MAX;) {
		struct str at = sip_from(m, off);
		if (!sip_description_line(&at, 'm', 0, &value))
			break;
		off = (size_t)(value.p - m->text.p);
		int kind = read_stream(value, &media);
		if (kind == 0)
			continue;
		if (kind < 0)
			return TRACK_DROP;
		bool has_own = find_address(m, off, 'c', &found, &media.addr);
		if (!has_own && !has_session)
			return TRACK_DROP;
		if (!has_own)
			media.addr = session;
		if (expect_stream(m, &media) == TRACK_DROP)
			return TRACK_DROP;
		if (has_own && translates)
			write_address(m, off, 'c', &media.addr);
		i++;
	}
	if (!translates || !media.port)
		return TRACK_ACCEPT;
	/* Who made the description, and where all goes that says nothing else. */
	if (!write_address(m, start, 'o', &media.addr))
		return TRACK_DROP;
	write_address(m, start, 'c', &media.addr);
	return TRACK_ACCEPT;
}

/* ---- back --------------------------------------------------------------------------------- */

/* Every line of the type that names the sender as the other side knows it. */
static void restore_lines(struct sip_message *m, size_t start, char type)
{
	struct str at, value, found;
	struct track_addr addr;

	for (size_t off = start;; off = (size_t)(value.p - m->text.p)) {
		at = sip_from(m, off);
		if (!sip_description_line(&at, type, 0, &value))
			return;
		size_t line = (size_t)(value.p - m->text.p) - 2;
		if (find_address(m, line, type, &found, &addr) &&
		    track_addr_eq(&addr, &m->sender.addr))
			write_address(m, line, type, &m->sender.becomes_addr);
		at = sip_from(m, line);
		(void)sip_description_line(&at, type, 0, &value);
	}
}

void sip_restore_description(struct sip_message *m)
{
	struct str body = sip_description(m->text);

	if (!body.n || track_addr_eq(&m->sender.addr, &m->sender.becomes_addr) ||
	    !sip_is_described(m))
		return;
	restore_lines(m, (size_t)(body.p - m->text.p), 'o');
	body = sip_description(m->text);
	restore_lines(m, (size_t)(body.p - m->text.p), 'c');
}
