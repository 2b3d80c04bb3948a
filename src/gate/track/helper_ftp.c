/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* FTP, RFC 959 and 2428: PORT and EPRT of the client, 227 and 229 of the server name the address
 * of the data connection that the other one will make. */
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <strings.h>

#include "gate/track/helper.h"
#include "gate/track/tcp.h"

enum { PORT_NUMBERS = 6, LINE_ENDS = 2 };

/* What an announcement says; begins as the sender's own address. */
struct target {
	struct track_addr addr;
	uint8_t family;
	uint16_t port;
	struct str text; /* where it stands */
};

/* Reads the announcement's argument: whether it is whole. */
typedef bool read_fn(struct str s, struct target *target);
/* The same for another address. */
typedef void write_fn(struct buf *out, const struct target *target);

/* "192,168,1,2,10,20" and then `end`, or anything when that is 0. */
static bool read_numbers(struct str s, char end, struct target *target)
{
	uint64_t v[PORT_NUMBERS] = { 0 };

	target->text = s;
	for (unsigned i = 0; i < PORT_NUMBERS; i++) {
		size_t n = track_helper_number(s, UINT32_MAX, &v[i]);
		s = str_sub(s, n, s.n);
		if (!n || !s.n)
			return false;
		if (i == PORT_NUMBERS - 1)
			break;
		if (s.p[0] != ',')
			return false;
		s = str_sub(s, 1, s.n);
	}
	if (end && s.p[0] != end)
		return false;
	target->text.n = (size_t)(s.p - target->text.p);
	/* The kernel shifts without a look at the size, RFC 959 has no larger numbers. */
	target->family = 4;
	target->addr = (struct track_addr){ .b = { (uint8_t)v[0], (uint8_t)v[1],
		                                   (uint8_t)v[2], (uint8_t)v[3] } };
	target->port = (uint16_t)(v[4] << 8 | v[5]);
	return true;
}

static bool read_port(struct str s, struct target *target)
{
	return read_numbers(s, '\r', target);
}

/* The text of 227 varies: the numbers begin with the first digit. */
static bool read_227(struct str s, struct target *target)
{
	while (s.n && !isdigit((unsigned char)s.p[0]))
		s = str_sub(s, 1, s.n);
	return read_numbers(s, 0, target);
}

static bool read_delimited_port(struct str s, char delimiter, struct target *target)
{
	uint64_t port;
	size_t n = track_helper_number(s, UINT16_MAX, &port);

	if (!n || n >= s.n || s.p[n] != delimiter || !port)
		return false;
	target->port = (uint16_t)port;
	target->text.n = (size_t)(s.p + n + 1 - target->text.p);
	return true;
}

/* "|||6446|" */
static bool read_epsv(struct str s, struct target *target)
{
	char d = (char)(s.n ? s.p[0] : 0);

	if (s.n <= 3 || isdigit((unsigned char)d) || d < 33 || d > 126 || s.p[1] != d ||
	    s.p[2] != d)
		return false;
	target->text = s;
	return read_delimited_port(str_sub(s, 3, s.n), d, target);
}

/* "|1|132.235.1.2|6275|", "|2|1080::8:800:200C:417A|5282|" */
static bool read_eprt(struct str s, struct target *target)
{
	char d = (char)(s.n ? s.p[0] : 0), text[INET6_ADDRSTRLEN] = "";
	size_t n;

	if (s.n <= 3 || isdigit((unsigned char)d) || d < 33 || d > 126 || s.p[2] != d ||
	    s.p[1] != (target->family == 6 ? '2' : '1'))
		return false;
	target->text = s;
	s = str_sub(s, 3, s.n);
	n = str_find(s, d);
	if (n == s.n || n >= sizeof(text))
		return false;
	memcpy(text, s.p, n);
	target->addr = (struct track_addr){ 0 };
	if (inet_pton(target->family == 6 ? AF_INET6 : AF_INET, text, target->addr.b) !=
	    1)
		return false;
	return read_delimited_port(str_sub(s, n + 1, s.n), d, target);
}

static void write_numbers(struct buf *out, const struct target *t)
{
	for (unsigned i = 0; i < 4; i++)
		buf_fmt(out, "%u,", t->addr.b[i]);
	buf_fmt(out, "%u,%u", t->port >> 8, t->port & 0xff);
}

static void write_epsv(struct buf *out, const struct target *t)
{
	buf_fmt(out, "|||%u|", t->port);
}

/* The kernel writes IPv6 addresses without shortening them. */
static void write_eprt(struct buf *out, const struct target *t)
{
	const uint8_t *b = t->addr.b;

	if (t->family == 4) {
		buf_fmt(out, "|1|%u.%u.%u.%u|%u|", b[0], b[1], b[2], b[3], t->port);
		return;
	}
	for (unsigned i = 0; i < 16; i += 2)
		buf_fmt(out, "%s%02x%02x", i ? ":" : "|2|", b[i], b[i + 1]);
	buf_fmt(out, "|%u|", t->port);
}

struct announcement {
	struct str word;
	char skip; /* the argument begins behind this */
	read_fn *read;
	write_fn *write;
};

// clang-format off
static const struct announcement announcements[2][2] = {
	[TRACK_ORIGINAL] = {
		{ STR_INIT("PORT"), ' ', read_port, write_numbers },
		{ STR_INIT("EPRT"), ' ', read_eprt, write_eprt },
	},
	[TRACK_REPLY] = {
		{ STR_INIT("227 "), 0,   read_227, write_numbers },
		{ STR_INIT("229 "), '(', read_epsv, write_epsv },
	},
};
// clang-format on

enum found { FOUND_NOT, FOUND, FOUND_HALF };

static enum found find(struct str s, const struct announcement *a, struct target *target)
{
	size_t n = s.n < a->word.n ? s.n : a->word.n;
	struct target copy = *target;

	if (strncasecmp(s.p, a->word.p, n) != 0)
		return FOUND_NOT;
	if (s.n <= a->word.n)
		return FOUND_HALF;
	s = str_sub(s, a->word.n, s.n);
	if (a->skip)
		s = str_sub(s, str_find(s, a->skip) + 1, s.n);
	if (!s.n || !a->read(s, &copy))
		return FOUND_HALF;
	*target = copy;
	return FOUND;
}

/* Expects the connection to the sender of this as the other side knows it, and tells it so. */
static enum track_verdict announce(struct track_reading *r, const struct announcement *a,
                                   const struct target *said)
{
	struct target known = { .addr = r->e->tuple[!r->dir].dst,
		                .family = said->family };
	struct track_expect x = { .tuple = { .src = r->e->tuple[!r->dir].src,
		                             .dst = known.addr,
		                             .dst_port = said->port,
		                             .proto = IPPROTO_TCP } };
	auto_buf text = { 0 };

	if (track_helper_add(r, &x, said->port))
		return TRACK_DROP;
	if (!track_helper_translates(r))
		return TRACK_ACCEPT;
	known.port = x.tuple.dst_port;
	a->write(&text, &known);
	track_helper_replace(r, (size_t)(said->text.p - r->p->payload.p), said->text.n,
	                     buf_as_str(&text));
	return TRACK_ACCEPT;
}

/* An announcement in two halves cannot be read: the packet is dropped, and TCP sends it again. */
static enum track_verdict read_line(struct track_reading *r)
{
	struct track_entry *e = r->e;
	struct target target = { .addr = e->tuple[r->dir].src,
		                 .family = e->tuple[r->dir].family };

	for (size_t i = 0; i < ARRAY_LEN(announcements[0]); i++) {
		enum found found =
			find(r->p->payload, &announcements[r->dir][i], &target);
		if (found == FOUND_NOT)
			continue;
		if (found == FOUND_HALF)
			return TRACK_DROP;
		/* Another host's address would open holes to it. */
		if (target.family != e->tuple[0].family ||
		    !track_addr_eq(&target.addr, &e->tuple[r->dir].src))
			return TRACK_ACCEPT;
		return announce(r, &announcements[r->dir][i], &target);
	}
	return TRACK_ACCEPT;
}

bool track_ftp_restore(const struct track_entry *e, enum track_dir dir,
                       struct str payload, struct buf *out)
{
	const struct track_addr *known = &e->tuple[!dir].dst;
	auto_buf text = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(announcements[0]); i++) {
		const struct announcement *a = &announcements[dir][i];
		struct target said = { .addr = *known, .family = e->tuple[dir].family };
		if (find(payload, a, &said) != FOUND ||
		    said.family != e->tuple[dir].family ||
		    !track_addr_eq(&said.addr, known))
			continue;
		said.addr = e->tuple[dir].src;
		a->write(&text, &said);
		track_helper_splice(out, payload, said.text, buf_as_str(&text));
		return true;
	}
	return false;
}

/* Only what begins behind a line's end is a command. */
static bool begins_line(const struct track_extra *x, enum track_dir dir, uint32_t seq)
{
	for (unsigned i = 0; i < x->ftp.known[dir]; i++)
		if (x->ftp.after_newline[dir][i] == seq)
			return true;
	return false;
}

static void remember_line_end(struct track_extra *x, enum track_dir dir, uint32_t seq)
{
	uint32_t *at = x->ftp.after_newline[dir];

	if (begins_line(x, dir, seq))
		return;
	if (x->ftp.known[dir] < LINE_ENDS)
		at[x->ftp.known[dir]++] = seq;
	else
		at[tcp_before(at[1], at[0])] = seq; /* the older one */
}

enum track_verdict track_ftp(struct track_reading *r)
{
	struct track_extra *x;
	struct str s = r->p->payload;
	enum track_verdict verdict = TRACK_ACCEPT;

	if (r->state != TRACK_ESTABLISHED || !s.n)
		return TRACK_ACCEPT;
	x = track_entry_extra(r->t, r->e);
	if (begins_line(x, r->dir, r->p->tcp.seq))
		verdict = read_line(r);
	if (verdict == TRACK_ACCEPT && s.p[s.n - 1] == '\n')
		remember_line_end(x, r->dir, r->p->tcp.seq + (uint32_t)s.n);
	return verdict;
}
