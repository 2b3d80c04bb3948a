/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Cutting. */
#include "gate/engine/sim/pieces.h"

#include <linux/netfilter.h>
#include <string.h>

#include "base/be.h"
#include "gate/engine/sim/checksum.h"

enum { IP4_BYTES = 20, IP6_BYTES = 40, FRAGMENT_BYTES = 8, ID_AT = 4 };
enum { MORE4 = 0x2000, DONT4 = 0x4000, MORE6 = 1 };

static bool is_ip6(const struct packet *p)
{
	return p->family == NFPROTO_IPV6;
}

/* A home address is an option of destination options before the fragment header: RFC 6275
 * section 6.3. */
static bool has_home_address(const struct packet *p, uint32_t at)
{
	enum { PAD1 = 0, HOME_ADDRESS = 201 };
	const uint8_t *b = packet_at(p, at, 8);
	uint32_t end = at + (b[1] + 1u) * 8;

	for (at += 2; at < end && (b = packet_at(p, at, 2));)
		if (*b == HOME_ADDRESS)
			return true;
		else
			at += *b == PAD1 ? 1 : b[1] + 2u;
	return false;
}

/* The headers before the fragment header, as the kernel has them: also destination options, unless
 * a routing header stands before. */
static void find_header6(struct cut *c)
{
	const struct packet *p = c->whole;
	const uint8_t *b;
	bool routes = false;

	c->header = IP6_BYTES;
	c->names = 6;
	for (;;) {
		uint8_t next = *packet_at(p, p->nh + c->names, 1);
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING &&
		    next != IPPROTO_DSTOPTS)
			return;
		b = packet_at(p, p->nh + c->header, 8);
		if (!b || (next == IPPROTO_DSTOPTS && routes &&
		           !has_home_address(p, p->nh + c->header)))
			return;
		routes |= next == IPPROTO_ROUTING;
		c->names = c->header;
		c->header += (b[1] + 1u) * 8;
	}
}

/* Bytes of content in a piece of `most`. */
static uint32_t room(const struct cut *c, uint32_t most)
{
	uint32_t header = c->header + (is_ip6(c->whole) ? FRAGMENT_BYTES : 0);

	return most > header ? most - header : 0;
}

static uint32_t content(const struct cut *c)
{
	uint32_t n = packet_length(c->whole);

	return n > c->header ? n - c->header : 0;
}

void cut_anew(struct cut *c, const struct packet *p, uint32_t most)
{
	*c = (struct cut){ .whole = p, .header = p->th - p->nh };
	if (is_ip6(p))
		find_header6(c);
	uint32_t all = content(c), space = room(c, most);
	c->each = space & ~7u;
	if (space >= all) {
		c->each = all + 1;
		c->n = 1;
	} else if (c->each) { /* the last may take all the space */
		c->n = (all - space + c->each - 1) / c->each + 1;
	}
}

static bool parts_fit(const struct cut *c, uint32_t most)
{
	const struct packet *p = c->whole;
	uint32_t space = room(c, most), sum = 0;

	for (size_t i = 0; i < p->parts.n; i++) {
		uint32_t n = p->parts.p[i], header = i ? 0 : c->header;
		if (n < header || n - header > space)
			return false;
		if ((n - header) % 8 && i + 1 < p->parts.n)
			return false;
		sum += n;
	}
	return p->parts.n > 1 && sum == packet_length(p);
}

void cut_as_it_came(struct cut *c, const struct packet *p, uint32_t most)
{
	cut_anew(c, p, most);
	if (!parts_fit(c, most))
		return;
	c->each = 0;
	c->n = p->parts.n;
}

bool cut_wants_room(const struct cut *c)
{
	return !c->each && c->header > c->whole->least_header;
}

/* Where the i-th piece's content lies in the whole's. */
static void place(const struct cut *c, size_t i, uint32_t *off, uint32_t *n)
{
	const struct packet *p = c->whole;
	uint32_t all = content(c);

	if (c->each) {
		*off = (uint32_t)i * c->each;
		*n = i + 1 < c->n ? c->each : all - *off;
		return;
	}
	*off = 0;
	for (size_t k = 0; k < i; k++)
		*off += p->parts.p[k] - (k ? 0 : c->header);
	*n = p->parts.p[i] - (i ? 0 : c->header);
}

/* RFC 791 section 3.1: without the copied bit, they are for the first piece only. */
static void drop_options(uint8_t *b, uint32_t header)
{
	enum { END = 0, NOTHING = 1, COPIED = 0x80 };

	for (uint32_t at = IP4_BYTES; at < header && b[at] != END;) {
		uint32_t n = b[at] == NOTHING ? 1 : at + 1 < header ? b[at + 1] : 0;
		if (!n || (n < 2 && b[at] != NOTHING) || n > header - at)
			return;
		if (!(b[at] & COPIED))
			memset(b + at, NOTHING, n);
		at += n;
	}
}

static void finish4(const struct cut *c, struct packet *out, uint32_t off, bool more)
{
	uint8_t *b = (uint8_t *)out->bytes.p + out->nh;

	put_be16(b + 2, (uint32_t)out->bytes.n - out->nh);
	put_be16(b + 6,
	         off / 8 | (more ? MORE4 : 0) | (c->forbids && c->each ? DONT4 : 0));
	if (off && c->drops_options)
		drop_options(b, c->header);
	packet_checksum_ip(out);
}

static void finish6(const struct cut *c, struct packet *out)
{
	uint8_t *b = (uint8_t *)out->bytes.p + out->nh;

	b[c->names] = IPPROTO_FRAGMENT;
	put_be16(b + 4, (uint32_t)out->bytes.n - out->nh - IP6_BYTES);
	out->hidden_id = c->header + ID_AT;
}

void cut_piece(const struct cut *c, size_t i, struct packet *out)
{
	const struct packet *p = c->whole;
	uint32_t from = p->nh + c->header, off, n;
	bool more = i + 1 < c->n;

	place(c, i, &off, &n);
	packet_copy(out, p);
	packet_forget_pieces(out);
	out->bytes.n = from;
	if (is_ip6(p)) {
		uint8_t fragment[FRAGMENT_BYTES] = { 0 };
		fragment[0] = *packet_at(p, p->nh + c->names, 1);
		put_be16(fragment + 2, off | (more ? MORE6 : 0));
		buf_put(&out->bytes, fragment, sizeof(fragment));
	}
	buf_put(&out->bytes, p->bytes.p + from + off, n);
	if (is_ip6(p))
		finish6(c, out);
	else
		finish4(c, out, off, more);
	packet_decode(out);
}
