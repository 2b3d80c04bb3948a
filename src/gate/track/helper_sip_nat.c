/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * SIP through translation: where a header names an end of the connection as the sender knows it,
 * the other side reads what it knows. RFC 3261 sections 18.2 and 20, RFC 3581.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include "gate/track/helper_sip.h"

void sip_write(struct buf *out, uint8_t family, const struct track_addr *addr,
               uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family == 6 ? AF_INET6 : AF_INET, addr->b, text, sizeof(text));
	if (!port)
		buf_fmt(out, "%s", text);
	else
		buf_fmt(out, family == 6 ? "[%s]:%u" : "%s:%u", text, port);
}

static uint8_t family_of(const struct sip_message *m)
{
	return m->r->e->tuple[TRACK_ORIGINAL].family;
}

static bool is_end(const struct sip_address *a, const struct sip_end *end)
{
	return track_addr_eq(&a->addr, &end->addr) && a->port == end->port;
}

static void write_end(struct sip_message *m, const struct sip_address *a,
                      const struct track_addr *addr, uint16_t port)
{
	auto_buf text = { 0 };

	if (track_addr_eq(&a->addr, addr) && a->port == port)
		return;
	sip_write(&text, family_of(m), addr, port);
	sip_replace(m, a->text, buf_as_str(&text));
}

/* The sender as it is known behind the translation, the receiver as it is. */
static void map(struct sip_message *m, const struct sip_address *a)
{
	const struct sip_end *end = is_end(a, &m->sender)     ? &m->sender
	                            : is_end(a, &m->receiver) ? &m->receiver
	                                                      : NULL;

	if (end)
		write_end(m, a, &end->becomes_addr, end->becomes_port);
}

/* The URI of a request's first line. False: it cannot be read. */
static void map_request(struct sip_message *m)
{
	struct str at = m->text, line = sip_line(&at);
	struct sip_address a;

	if (sip_uri(str_sub(line, str_find(line, ' ') + 1, line.n), family_of(m), &a) > 0)
		map(m, &a);
}

static void map_header(struct sip_message *m, const char *name, char compact)
{
	struct str at = m->text, value;
	struct sip_address a;

	if (sip_header(&at, name, compact, &value) &&
	    sip_uri(value, family_of(m), &a) > 0)
		map(m, &a);
}

/* All of them; what was written moves what follows. */
static void map_contacts(struct sip_message *m)
{
	size_t off = 0;

	for (;;) {
		struct str at = sip_from(m, off), value;
		struct sip_address a;
		if (!sip_header(&at, "Contact", 'm', &value))
			return;
		while (value.n && sip_uri(value, family_of(m), &a) > 0) {
			size_t left = a.rest.n, end = (size_t)(a.rest.p - m->text.p);
			size_t before = m->text.n;
			map(m, &a);
			end += m->text.n - before;
			value = str_sub(sip_from(m, end), 0, left);
			at = str_sub(m->text, end + left, m->text.n);
			size_t comma = str_find(value, ',');
			value = str_sub(value, comma + 1, value.n);
		}
		off = (size_t)(at.p - m->text.p);
	}
}

/* ---- Via ---------------------------------------------------------------------------------- */

/* "UDP ADDRESS:PORT" in the topmost one. */
static bool read_via(const struct sip_message *m, struct sip_address *a)
{
	const char *transport =
		m->r->e->tuple[TRACK_ORIGINAL].proto == IPPROTO_TCP ? "TCP " : "UDP ";
	struct str at = m->text, value;

	if (!sip_header(&at, "Via", 'v', &value))
		return false;
	while (value.n >= 4 && strncasecmp(value.p, transport, 4) != 0)
		value = str_sub(value, 1, value.n);
	return value.n >= 4 &&
	       sip_address(str_sub(value, 4, value.n), family_of(m), a) > 0;
}

/* The rest of the topmost Via from its parameters on. */
static struct str via_rest(const struct sip_message *m)
{
	struct sip_address a;
	struct str at;

	if (!read_via(m, &a))
		return STR("");
	at = a.rest;
	return sip_line(&at);
}

/* A parameter that is the end's address. */
static void map_param(struct sip_message *m, const char *name, const struct sip_end *end,
                      bool brackets)
{
	const struct track_addr *from = &end->addr, *to = &end->becomes_addr;
	struct track_addr addr;
	struct str value;
	auto_buf text = { 0 };
	size_t n;

	if (!sip_param(via_rest(m), name, &value))
		return;
	n = sip_addr(value, family_of(m), &addr);
	if (!n || !track_addr_eq(&addr, from) || track_addr_eq(&addr, to))
		return;
	bool six = brackets && family_of(m) == 6;
	buf_fmt(&text, six ? "[" : "");
	sip_write(&text, family_of(m), to, 0);
	buf_fmt(&text, six ? "]" : "");
	sip_replace(m, str_sub(value, 0, n), buf_as_str(&text));
}

/* The port that an answer names as the one it goes to. */
struct ports {
	uint16_t from, to;
};

static void map_rport(struct sip_message *m, const struct ports *ports)
{
	struct str value;
	uint64_t number = 0;
	auto_buf text = { 0 };
	size_t n;

	if (ports->from == ports->to || !sip_param(via_rest(m), "rport=", &value))
		return;
	n = track_helper_number(value, UINT32_MAX, &number);
	if (!n || number != ports->from)
		return;
	buf_fmt(&text, "%u", ports->to);
	sip_replace(m, str_sub(value, 0, n), buf_as_str(&text));
}

/* That of a request names its sender, that of an answer who the answer goes to. */
static void map_via(struct sip_message *m, const struct ports *ports)
{
	bool is_request = sip_is_request(m);
	struct sip_address a;

	if (!read_via(m, &a) || !is_end(&a, is_request ? &m->sender : &m->receiver))
		return;
	map(m, &a);
	map_param(m, "maddr=", &m->sender, true);
	map_param(m, "received=", &m->receiver, false);
	map_rport(m, ports);
}

bool sip_is_request(const struct sip_message *m)
{
	const struct str version = STR("SIP/2.0");

	return m->text.n < version.n || strncasecmp(m->text.p, version.p, version.n) != 0;
}

static void map_headers(struct sip_message *m, const struct ports *of_receiver)
{
	if (sip_is_request(m))
		map_request(m);
	map_via(m, of_receiver);
	map_contacts(m);
	map_header(m, "From", 'f');
	map_header(m, "To", 't');
}

/* The port that answers go to instead of the sender's own; 0: to that. */
static uint16_t forced_port(const struct sip_message *m)
{
	return m->r->e->extra ? m->r->e->extra->sip.forced_dst_port : 0;
}

static struct sip_end end_of(const struct track_addr *addr, uint16_t port,
                             const struct track_addr *becomes_addr, uint16_t becomes_port)
{
	return (struct sip_end){ *addr, *becomes_addr, port, becomes_port };
}

enum track_verdict sip_translate(struct sip_message *m)
{
	const struct track_tuple *here = &m->r->e->tuple[m->r->dir],
				 *there = &m->r->e->tuple[!m->r->dir];
	uint16_t forced = forced_port(m);

	m->sender = end_of(&here->src, here->src_port, &there->dst, there->dst_port);
	m->receiver = end_of(&here->dst, here->dst_port, &there->src,
	                     forced ? forced : there->src_port);
	map_headers(m, &(struct ports){ here->dst_port, there->src_port });
	if (m->r->dir == TRACK_REPLY)
		m->r->rewrite->dst_port = forced;
	return TRACK_ACCEPT;
}

/* Some phones send from any port and hear the answer on the one that Via names: that, or 0. */
static uint16_t via_port(const struct sip_message *m)
{
	const struct track_tuple *here = &m->r->e->tuple[m->r->dir];
	struct sip_address a;

	return here->proto == IPPROTO_UDP && read_via(m, &a) &&
	                       a.port != here->src_port &&
	                       track_addr_eq(&a.addr, &here->src)
	               ? a.port
	               : 0;
}

/* ---- back --------------------------------------------------------------------------------- */

/* A phone registers with its own address, and another one was written whatever the port. */
static void restore_registration(struct sip_message *m, uint16_t port)
{
	const struct str method = STR("REGISTER ");
	struct str at = m->text, value;
	struct sip_address a;

	if (str_starts(at, method) && sip_header(&at, "Contact", 'm', &value) &&
	    sip_uri(value, family_of(m), &a) > 0 &&
	    track_addr_eq(&a.addr, &m->sender.addr))
		write_end(m, &a, &m->sender.becomes_addr,
		          a.port == m->sender.port ? port : a.port);
}

void sip_restore(struct sip_message *m)
{
	const struct track_tuple *here = &m->r->e->tuple[m->r->dir],
				 *there = &m->r->e->tuple[!m->r->dir];
	uint16_t forced = forced_port(m), own = via_port(m);

	m->sender = end_of(&there->dst, there->dst_port, &here->src, here->src_port);
	m->receiver = end_of(&there->src, forced ? forced : there->src_port, &here->dst,
	                     here->dst_port);
	restore_registration(m, own ? own : here->src_port);
	map_headers(m, &(struct ports){ there->src_port, here->dst_port });
	sip_restore_description(m);
}

void sip_keep_via(struct sip_message *m)
{
	uint16_t port = via_port(m);

	if (port)
		track_entry_extra(m->r->t, m->r->e)->sip.forced_dst_port = port;
}
