/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Scripts of connections. */
#include "gate/scenario/connection.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <string.h>

#include "base/be.h"

enum {
	DATA_PORT = 40123,
	FTP_DATA_PORT = 20, /* RFC 959 section 3.2 */
};

/* How a packet comes to be. */
enum line_how {
	HOW_FIRST,     /* as the scenario's line says */
	HOW_REPLY,     /* to the packet before */
	HOW_TO_SERVER, /* begins the data connection: client to server */
	HOW_TO_CLIENT, /* the same the other way */
	HOW_END,
};

/* What goes into a text: `%P` the port as two numbers, `%p` as one, `%A` the sender's address
 * with commas, `%a` with dots, `%N` as a number. */
struct line {
	enum line_how how;
	uint8_t flags; /* of TCP */
	const char *text;
	uint8_t l4; /* of the data connection; 0: as before */
};

enum {
	S = TCP_SYN,
	SA = TCP_SYN | TCP_ACK,
	A = TCP_ACK,
	PA = TCP_PSH | TCP_ACK,
	FA = TCP_FIN | TCP_ACK
};

static const struct line tcp[] = {
	{ HOW_FIRST, S, NULL, 0 },
	{ HOW_REPLY, SA, NULL, 0 },
	{ HOW_REPLY, A, NULL, 0 },
	{ HOW_REPLY, PA, "a question\r\n", 0 },
	{ HOW_REPLY, PA, "an answer\r\n", 0 },
	{ HOW_REPLY, FA, NULL, 0 },
	{ HOW_REPLY, FA, NULL, 0 },
	{ HOW_REPLY, A, NULL, 0 },
	{ HOW_END, 0, NULL, 0 },
};

static const struct line udp[] = {
	{ HOW_FIRST, 0, "a question", 0 },
	{ HOW_REPLY, 0, "an answer", 0 },
	{ HOW_REPLY, 0, "a question", 0 },
	{ HOW_END, 0, NULL, 0 },
};

static const struct line ping[] = {
	{ HOW_FIRST, 0, NULL, 0 },
	{ HOW_REPLY, 0, NULL, 0 },
	{ HOW_END, 0, NULL, 0 },
};

#define DATA_TCP(HOW)                                                               \
	{ HOW, S, NULL, 0 }, { HOW_REPLY, SA, NULL, 0 }, { HOW_REPLY, A, NULL, 0 }, \
		{ HOW_REPLY, PA, "data", 0 }, { HOW_REPLY, FA, NULL, 0 },           \
		{ HOW_REPLY, FA, NULL, 0 }, { HOW_REPLY, A, NULL, 0 },              \
	{                                                                           \
		HOW_END, 0, NULL, 0                                                 \
	}

/* RFC 959. */
#define FTP_LOGIN                                                                 \
	{ HOW_FIRST, S, NULL, 0 }, { HOW_REPLY, SA, NULL, 0 },                    \
		{ HOW_REPLY, A, NULL, 0 }, { HOW_REPLY, PA, "220 ready\r\n", 0 }, \
		{ HOW_REPLY, PA, "USER anonymous\r\n", 0 },                       \
		{ HOW_REPLY, PA, "331 password?\r\n", 0 },                        \
		{ HOW_REPLY, PA, "PASS guest@\r\n", 0 },                          \
	{                                                                         \
		HOW_REPLY, PA, "230 logged in\r\n", 0                             \
	}

static const struct line ftp_passive[] = {
	FTP_LOGIN,
	{ HOW_REPLY, PA, "PASV\r\n", 0 },
	{ HOW_REPLY, PA, "227 Entering Passive Mode (%A,%P)\r\n", 0 },
	DATA_TCP(HOW_TO_SERVER),
};

/* RFC 2428: IPv6 has other commands. */
static const struct line ftp_passive6[] = {
	FTP_LOGIN,
	{ HOW_REPLY, PA, "EPSV\r\n", 0 },
	{ HOW_REPLY, PA, "229 Entering Extended Passive Mode (|||%p|)\r\n", 0 },
	DATA_TCP(HOW_TO_SERVER),
};

static const struct line ftp_active[] = {
	FTP_LOGIN,
	{ HOW_REPLY, PA, "PORT %A,%P\r\n", 0 },
	{ HOW_REPLY, PA, "200 good\r\n", 0 },
	DATA_TCP(HOW_TO_CLIENT),
};

static const struct line ftp_active6[] = {
	FTP_LOGIN,
	{ HOW_REPLY, PA, "EPRT |2|%a|%p|\r\n", 0 },
	{ HOW_REPLY, PA, "200 good\r\n", 0 },
	DATA_TCP(HOW_TO_CLIENT),
};

/* RFC 1350: opcode 1 asks for a file, 3 has its blocks; they come from a port of their own. */
static const struct line tftp[] = {
	{ HOW_FIRST, 0, "%1file%0octet%0", 0 },
	{ HOW_TO_CLIENT, 0, "%3data", 0 },
	{ HOW_REPLY, 0, "%4", 0 },
	{ HOW_END, 0, NULL, 0 },
};

static const struct line irc[] = {
	{ HOW_FIRST, S, NULL, 0 },
	{ HOW_REPLY, SA, NULL, 0 },
	{ HOW_REPLY, A, NULL, 0 },
	{ HOW_REPLY, PA, ":server 001 me :welcome\r\n", 0 },
	{ HOW_REPLY, PA, "PRIVMSG you :\001DCC SEND file %N %p 100\001\r\n", 0 },
	{ HOW_REPLY, A, NULL, 0 },
	DATA_TCP(HOW_TO_CLIENT),
};

/* RFC 3261, RFC 4566: the audio goes to the port that the other end's SDP names. */
static const struct line sip[] = {
	{ HOW_FIRST, 0,
	  "INVITE sip:you@example.net SIP/2.0\r\n"
	  "Via: SIP/2.0/UDP %a:5060;branch=z9hG4bKgate\r\n"
	  "From: <sip:me@example.net>;tag=1\r\nTo: <sip:you@example.net>\r\n"
	  "Call-ID: 1@example.net\r\nCSeq: 1 INVITE\r\nContact: <sip:me@%a>\r\n"
	  "Content-Type: application/sdp\r\nContent-Length: %L\r\n\r\n"
	  "v=0\r\no=me 1 1 IN IP%v %a\r\ns=-\r\nc=IN IP%v %a\r\nt=0 0\r\n"
	  "m=audio %p RTP/AVP 0\r\n",
	  0 },
	{ HOW_REPLY, 0,
	  "SIP/2.0 200 OK\r\n"
	  "Via: SIP/2.0/UDP %d:5060;branch=z9hG4bKgate\r\n"
	  "From: <sip:me@example.net>;tag=1\r\nTo: <sip:you@example.net>;tag=2\r\n"
	  "Call-ID: 1@example.net\r\nCSeq: 1 INVITE\r\nContact: <sip:you@%a>\r\n"
	  "Content-Type: application/sdp\r\nContent-Length: %L\r\n\r\n"
	  "v=0\r\no=you 1 1 IN IP%v %a\r\ns=-\r\nc=IN IP%v %a\r\nt=0 0\r\n"
	  "m=audio %p RTP/AVP 0\r\n",
	  0 },
	{ HOW_TO_SERVER, 0, "audio", IPPROTO_UDP },
	{ HOW_REPLY, 0, "audio", 0 },
	{ HOW_END, 0, NULL, 0 },
};

struct str connection_name(enum connection_kind kind)
{
	static const struct str names[CONNECTION_KINDS] = {
		STR_INIT("tcp"),  STR_INIT("udp"), STR_INIT("ping"), STR_INIT("ftp"),
		STR_INIT("tftp"), STR_INIT("irc"), STR_INIT("sip"),
	};
	return names[kind];
}

bool connection_has_data(enum connection_kind kind)
{
	return kind >= CONNECTION_FTP && kind < CONNECTION_KINDS;
}

static const struct line *script_of(const struct connection *c, bool ip6)
{
	switch (c->kind) {
	case CONNECTION_TCP:
		return tcp;
	case CONNECTION_UDP:
		return udp;
	case CONNECTION_PING:
		return ping;
	case CONNECTION_FTP:
		if (c->active)
			return ip6 ? ftp_active6 : ftp_active;
		return ip6 ? ftp_passive6 : ftp_passive;
	case CONNECTION_TFTP:
		return tftp;
	case CONNECTION_IRC:
		return irc;
	case CONNECTION_SIP:
		return sip;
	case CONNECTION_KINDS:
		break;
	}
	return tcp;
}

static uint16_t data_port(const struct connection *c)
{
	return c->data_port ? c->data_port : DATA_PORT;
}

/* ---- texts ---- */

static void put_address(struct buf *out, bool ip6, const uint8_t *addr, char between)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(ip6 ? AF_INET6 : AF_INET, addr, text, sizeof(text));
	for (char *c = text; *c; c++)
		buf_char(out, (char)(*c == '.' ? between : *c));
}

/* One `%` of a template. `self` and `peer` are the addresses of who says it and to whom. */
static void put_field(struct buf *out, char what, const struct connection *c, bool ip6,
                      const uint8_t *self, const uint8_t *peer)
{
	uint16_t port = data_port(c);
	uint32_t number = be32(self);

	if (what >= '0' &&
	    what <= '9') { /* TFTP's opcode, and a block's number behind it */
		if (what != '0')
			buf_char(out, 0);
		buf_char(out, (char)(what - '0'));
		if (what > '1')
			buf_put(out, "\0\1", 2);
	} else if (what == 'A' || what == 'a') {
		put_address(out, ip6, self, what == 'A' ? ',' : '.');
	} else if (what == 'd') {
		put_address(out, ip6, peer, '.');
	} else if (what == 'P') {
		buf_fmt(out, "%u,%u", port >> 8, port & 0xff);
	} else if (what == 'p') {
		buf_fmt(out, "%u", port);
	} else if (what == 'N') {
		buf_fmt(out, "%u", number);
	} else if (what == 'v') {
		buf_char(out, ip6 ? '6' : '4');
	}
}

static void fill(struct buf *out, const char *text, const struct connection *c, bool ip6,
                 const uint8_t *self, const uint8_t *peer)
{
	auto_buf body = { 0 };
	const char *rest = strstr(text, "\r\n\r\n");

	for (; *text; text++) {
		if (*text != '%') {
			buf_char(out, *text);
		} else if (*++text == 'L' && rest) { /* what follows the empty line */
			fill(&body, rest + 4, c, ip6, self, peer);
			buf_fmt(out, "%zu", body.n);
		} else {
			put_field(out, *text, c, ip6, self, peer);
		}
	}
}

static struct str text_of(struct arena *a, const char *text, const struct connection *c,
                          bool ip6, const uint8_t *self, const uint8_t *peer)
{
	auto_buf out = { 0 };

	fill(&out, text, c, ip6, self, peer);
	return arena_str(a, buf_as_str(&out));
}

/* ---- lines ---- */

static struct str name_of(const struct sim_dev *dev)
{
	return dev ? dev->name : STR("");
}

/* The devices: as the first packet's, or turned round. */
static void data_way(const struct connection_run *r, bool to_server,
                     struct packet_line *out)
{
	const struct sim_arrival *a = &r->arrival;

	if (to_server) {
		out->in = name_of(a->in);
		out->out = name_of(a->out);
	} else if (a->way == WAY_OUT) {
		out->in = name_of(r->left_by ? r->left_by : a->out);
	} else if (a->out) {
		out->in = name_of(a->out);
		out->out = name_of(a->in);
	} else if (r->left_by) {
		out->in = name_of(r->left_by);
	} else {
		out->out = name_of(a->in);
	}
}

/* The data connection between the ends as they know each other: what the client was told of the
 * server and the other way round, so that it is translated as the first one was. */
static void begin_data(struct connection_run *r, const struct talks *t,
                       const struct line *l, struct packet_line *out)
{
	const struct talk *k = &t->list.p[r->control];
	bool to_server = l->how == HOW_TO_SERVER;
	bool turned = !to_server && !k->has_sent[1];
	struct track_packet last; /* as it came out: as the server knows the client */
	const struct track_tuple *ends = turned ? &last.tuple : &k->sent[!to_server];
	struct packet_desc *d = &out->desc;
	bool from_ftp = r->c->kind == CONNECTION_FTP,
	     tftp_block = r->c->kind == CONNECTION_TFTP;

	view_packet(&t->last, &last);
	*d = (struct packet_desc){ .family = r->first->desc.family,
		                   .l4 = l->l4 ? l->l4 : r->first->desc.l4 };
	if (!d->family)
		d->family = ends->family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	memcpy(d->src, turned ? ends->dst.b : ends->src.b, 16);
	memcpy(d->dst, turned ? ends->src.b : ends->dst.b, 16);
	d->dport =
		tftp_block ? (turned ? ends->src_port : ends->dst_port) : data_port(r->c);
	d->sport = tftp_block               ? data_port(r->c)
	           : from_ftp && !to_server ? FTP_DATA_PORT
	                                    : 0;
	out->seen = SEEN_SRC | SEEN_DST | SEEN_DPORT | SEEN_PROTO |
	            (d->sport ? SEEN_SPORT : 0);
	data_way(r, to_server, out);
	if (r->c->kind == CONNECTION_SIP) {
		d->sport = data_port(r->c);
		out->seen |= SEEN_SPORT;
	}
}

bool connection_next(struct connection_run *r, const struct talks *talks, struct arena *a,
                     struct packet_line *out)
{
	bool ip6 = r->first->desc.family == NFPROTO_IPV6 ||
	           (r->at && talks->last.family == NFPROTO_IPV6);
	const struct line *l = &script_of(r->c, ip6)[r->at];
	const uint8_t *self = r->first->desc.src, *peer = r->first->desc.dst;
	struct track_packet last;

	if (l->how == HOW_END)
		return false;
	if (r->at == 1) {
		r->arrival = talks->last_arrival;
		r->left_by = talks->last_out;
	}
	*out = (struct packet_line){ .span = r->first->span };
	r->is_data = false;
	if (l->how == HOW_FIRST) {
		*out = *r->first;
	} else if (l->how == HOW_REPLY) {
		out->is_reply = true;
		view_packet(&talks->last, &last);
		self = last.tuple.dst.b; /* turned round: it is the other's turn */
		peer = last.tuple.src.b;
	} else {
		r->control = talks->last_talk;
		r->is_data = true;
		begin_data(r, talks, l, out);
		self = out->desc.src;
		peer = out->desc.dst;
	}
	if (l->flags) {
		out->desc.tcp_flags = l->flags;
		out->seen |= SEEN_FLAGS;
	}
	if (l->text)
		out->desc.payload = text_of(a, l->text, r->c, ip6, self, peer);
	r->at++;
	return true;
}
