/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Packets in words. */
#include "gate/scenario/packet_line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum { FAMILY_V4 = FAMILY_IP, FAMILY_V6 = FAMILY_IP6 };

/* The words of one line, taken one by one. */
struct reader {
	const struct sources *sources;
	struct span span;
	const struct names *names;
	struct arena *a;
	struct diags *diags;
	struct packet_line *line;
	struct str text;
	size_t at;   /* the byte to read next */
	size_t from; /* where the word read last begins */
	bool failed;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word, empty at the end. */
static struct str peek(const struct reader *r)
{
	size_t at = r->at, end;

	while (at < r->text.n && is_blank(r->text.p[at]))
		at++;
	for (end = at; end < r->text.n && !is_blank(r->text.p[end]);)
		end++;
	return str_sub(r->text, at, end - at);
}

static struct str next(struct reader *r)
{
	struct str word = peek(r);

	while (r->at < r->text.n && is_blank(r->text.p[r->at]))
		r->at++;
	r->from = r->at;
	r->at += word.n;
	return word;
}

static bool take_if(struct reader *r, const char *word)
{
	if (!str_is(peek(r), word))
		return false;
	next(r);
	return true;
}

static struct span word_span(const struct reader *r)
{
	return (struct span){ r->span.file, r->span.off + (uint32_t)r->from,
		              (uint32_t)(r->at - r->from) };
}

/* "`WORD` MESSAGE". */
static struct diag *wrong(struct reader *r, const char *code, const char *message,
                          struct str word)
{
	r->failed = true;
	return diag_error(r->diags, code, word_span(r), "`" STR_FMT "` %s", STR_ARG(word),
	                  message);
}

static struct diag *wrong_here(struct reader *r, const char *code, const char *message)
{
	r->failed = true;
	return diag_error(r->diags, code, word_span(r), "%s", message);
}

/* ---- words ---- */

bool address_read(struct str word, uint8_t *family, uint8_t addr[16])
{
	char text[INET6_ADDRSTRLEN];

	if (word.n == 0 || word.n >= sizeof(text))
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	memset(addr, 0, 16);
	*family = FAMILY_V4;
	if (inet_pton(AF_INET, text, addr) == 1)
		return true;
	*family = FAMILY_V6;
	return inet_pton(AF_INET6, text, addr) == 1;
}

struct unit {
	const char *name;
	uint64_t ns;
};

bool duration_read(struct str word, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "ms", 1000000 },    { "d", 86400000000000 }, { "h", 3600000000000 },
		{ "m", 60000000000 }, { "s", 1000000000 },
	};
	uint64_t sum = 0, n;
	size_t at = 0;

	if (str_to_u64(word, 10, &n) == 0 && n <= UINT32_MAX) {
		*ns = n * 1000000000;
		return true;
	}
	while (at < word.n) {
		size_t end = at, u = 0;
		while (end < word.n && word.p[end] >= '0' && word.p[end] <= '9')
			end++;
		if (str_to_u64(str_sub(word, at, end - at), 10, &n) < 0 || n > UINT32_MAX)
			return false;
		while (u < ARRAY_LEN(units) &&
		       !str_starts(str_sub(word, end, word.n), str_from(units[u].name)))
			u++;
		if (u == ARRAY_LEN(units))
			return false;
		sum += n * units[u].ns;
		at = end + strlen(units[u].name);
	}
	*ns = sum;
	return word.n > 0;
}

static uint64_t number(struct reader *r, const char *what, uint64_t max)
{
	struct str word = next(r);
	uint64_t n;

	if (str_to_u64(word, 0, &n) == 0 && n <= max)
		return n;
	r->failed = true;
	diag_error(r->diags, "E0921", word_span(r), "`%s` wants a number up to %llu",
	           what, (unsigned long long)max);
	return 0;
}

static struct str device(struct reader *r)
{
	struct str word = next(r);

	if (word.n == 0 || word.n > 15)
		wrong(r, "E0922", "is no name of an interface", word);
	return word;
}

static bool read_port(struct reader *r, struct str word, uint16_t *port)
{
	char name[64];
	uint64_t n;

	if (str_to_u64(word, 10, &n) == 0 && n <= UINT16_MAX) {
		*port = (uint16_t)n;
		return true;
	}
	if (word.n >= sizeof(name) || !r->names || !r->names->service)
		return false;
	memcpy(name, word.p, word.n);
	name[word.n] = '\0';
	return word.n && r->names->service(r->names->ctx, name, port) == 0;
}

/* ---- who to whom ---- */

struct endpoint {
	bool has_addr, has_port;
	uint8_t family, addr[16];
	uint16_t port;
};

/* `192.0.2.1`, `192.0.2.1:80`, `:80`, `fd00::1`, `[fd00::1]:80`. */
static bool split_endpoint(struct str word, struct str *addr, struct str *port)
{
	size_t close = str_find(word, ']'), colon = str_find(word, ':');
	bool is_ip6 = colon < word.n && str_find(str_sub(word, colon + 1, word.n), ':') <
	                                        word.n - colon - 1;

	*port = STR("");
	*addr = word;
	if (word.n && word.p[0] == '[') {
		*addr = str_sub(word, 1, close > 0 ? close - 1 : 0);
		struct str rest = str_sub(word, close + 1, word.n);
		*port = str_sub(rest, 1, rest.n);
		return close < word.n && (rest.n == 0 || rest.p[0] == ':');
	}
	if (is_ip6 || colon == word.n)
		return true;
	*addr = str_sub(word, 0, colon);
	*port = str_sub(word, colon + 1, word.n);
	return true;
}

static bool read_endpoint(struct reader *r, struct str word, struct endpoint *e)
{
	struct str addr, port;

	*e = (struct endpoint){ 0 };
	if (!split_endpoint(word, &addr, &port)) {
		wrong(r, "E0923", "is no address", word);
		return false;
	}
	e->has_addr = addr.n > 0;
	if (e->has_addr && !address_read(addr, &e->family, e->addr)) {
		wrong(r, "E0923", "is no address", addr);
		return false;
	}
	e->has_port = port.n > 0;
	if (e->has_port && !read_port(r, port, &e->port)) {
		wrong(r, "E0923", "is no port", port);
		return false;
	}
	return true;
}

static bool looks_like_endpoint(struct str word)
{
	uint8_t family, addr[16];
	struct str host, port;

	return word.n && (word.p[0] == ':' || word.p[0] == '[' ||
	                  (split_endpoint(word, &host, &port) &&
	                   address_read(host, &family, addr)));
}

static void take_source(struct packet_line *line, const struct endpoint *e)
{
	if (e->has_addr) {
		memcpy(line->desc.src, e->addr, 16);
		line->desc.family = e->family;
		line->seen |= SEEN_SRC;
	}
	if (e->has_port) {
		line->desc.sport = e->port;
		line->seen |= SEEN_SPORT;
	}
}

static void take_destination(struct packet_line *line, const struct endpoint *e)
{
	if (e->has_addr) {
		memcpy(line->desc.dst, e->addr, 16);
		line->desc.family = e->family;
		line->seen |= SEEN_DST;
	}
	if (e->has_port) {
		line->desc.dport = e->port;
		line->seen |= SEEN_DPORT;
	}
}

/* `A > B`, `> B`, `A >`. */
static void read_endpoints(struct reader *r)
{
	struct endpoint from = { 0 }, to = { 0 };

	if (looks_like_endpoint(peek(r)) && !read_endpoint(r, next(r), &from))
		return;
	if (!take_if(r, ">")) {
		if (from.has_addr || from.has_port)
			wrong_here(r, "E0924",
			           "behind the source comes `>` and the destination");
		return;
	}
	if (looks_like_endpoint(peek(r)) && !read_endpoint(r, next(r), &to))
		return;
	if (from.has_addr && to.has_addr && from.family != to.family) {
		wrong_here(r, "E0924", "source and destination are not of one family");
		return;
	}
	take_source(r->line, &from);
	take_destination(r->line, &to);
}

/* ---- what else ---- */

struct flag_word {
	const char *name;
	uint8_t bit;
};

static const struct flag_word flag_words[] = {
	{ "fin", TCP_FIN }, { "syn", TCP_SYN }, { "rst", TCP_RST }, { "psh", TCP_PSH },
	{ "ack", TCP_ACK }, { "urg", TCP_URG }, { "ecn", TCP_ECE }, { "cwr", TCP_CWR },
};

/* `syn`, `syn,ack`, `none`. */
static bool read_flags(struct str word, uint8_t *flags)
{
	uint8_t sum = 0;

	if (str_is(word, "none")) {
		*flags = 0;
		return true;
	}
	while (word.n) {
		size_t comma = str_find(word, ','), i = 0;
		while (i < ARRAY_LEN(flag_words) &&
		       !str_is(str_sub(word, 0, comma), flag_words[i].name))
			i++;
		if (i == ARRAY_LEN(flag_words))
			return false;
		sum |= flag_words[i].bit;
		word = str_sub(word, comma + 1, word.n);
	}
	*flags = sum;
	return true;
}

static bool is_icmp(const struct packet_line *line)
{
	return line->desc.l4 == IPPROTO_ICMP || line->desc.l4 == IPPROTO_ICMPV6;
}

static bool read_icmp_type(const struct packet_line *line, struct str word, uint8_t *type)
{
	const struct datatype *t =
		datatypes[line->desc.l4 == IPPROTO_ICMP ? TYPE_ICMP_TYPE
	                                                : TYPE_ICMPV6_TYPE];
	const struct symbol *s = symbol_by_name(t->symbols, word);

	if (s)
		*type = (uint8_t)s->value;
	return s != NULL;
}

/* Words for one packet_desc member each. */
enum setting {
	SET_SEQ,
	SET_ACKSEQ,
	SET_WINDOW,
	SET_LENGTH,
	SET_TTL,
	SET_DSCP,
	SET_MARK,
	SET_UID,
	SET_GID,
	SET_TYPE,
	SET_CODE,
	SET_ID,
	SET_FRAG,
	SET_VLAN,
	SET_ABOUT,
	SET_BAD,
	SET_DF,
	SET_REQUEST,
	SET_ARP_REPLY,
	SET_MORE,
};

struct setting_word {
	const char *name;
	enum setting what;
};

static const struct setting_word setting_words[] = {
	{ "seq", SET_SEQ },    { "ackseq", SET_ACKSEQ },   { "window", SET_WINDOW },
	{ "len", SET_LENGTH }, { "ttl", SET_TTL },         { "hoplimit", SET_TTL },
	{ "dscp", SET_DSCP },  { "mark", SET_MARK },       { "uid", SET_UID },
	{ "gid", SET_GID },    { "type", SET_TYPE },       { "code", SET_CODE },
	{ "id", SET_ID },      { "frag", SET_FRAG },       { "more", SET_MORE },
	{ "vlan", SET_VLAN },  { "about", SET_ABOUT },     { "bad-checksum", SET_BAD },
	{ "df", SET_DF },      { "request", SET_REQUEST }, { "answer", SET_ARP_REPLY },
};

static void read_type(struct reader *r)
{
	struct str word = peek(r);
	uint64_t n;

	r->line->seen |= SEEN_TYPE;
	if (read_icmp_type(r->line, word, &r->line->desc.icmp_type)) {
		next(r);
		return;
	}
	n = number(r, "type", UINT8_MAX);
	r->line->desc.icmp_type = (uint8_t)n;
}

static void read_vlan(struct reader *r)
{
	struct packet_desc *d = &r->line->desc;
	uint16_t id = (uint16_t)number(r, "vlan", 4095);

	if (d->n_vlans == DESC_VLANS_MAX)
		wrong_here(r, "E0925", "more than two VLAN tags cannot be written");
	else
		d->vlans[d->n_vlans++] = id;
}

static void read_about(struct reader *r)
{
	if (take_if(r, "last"))
		r->line->quotes_last = true;
	else
		wrong_here(r, "E0925",
		           "`about last`: an ICMP error is about the packet before it");
}

static void take_setting(struct reader *r, enum setting what)
{
	struct packet_line *line = r->line;
	struct packet_desc *d = &line->desc;

	switch (what) {
	case SET_SEQ:
		d->seq = (uint32_t)number(r, "seq", UINT32_MAX);
		line->seen |= SEEN_SEQ;
		return;
	case SET_ACKSEQ:
		d->ack = (uint32_t)number(r, "ackseq", UINT32_MAX);
		line->seen |= SEEN_ACKSEQ;
		return;
	case SET_WINDOW:
		d->window = (uint16_t)number(r, "window", UINT16_MAX);
		return;
	case SET_LENGTH:
		d->payload_zeros = (uint32_t)number(r, "len", 65000);
		return;
	case SET_TTL:
		d->ttl = (uint8_t)number(r, "ttl", UINT8_MAX);
		return;
	case SET_DSCP:
		d->tos = (uint8_t)(number(r, "dscp", 63) << 2);
		return;
	case SET_MARK:
		line->mark = (uint32_t)number(r, "mark", UINT32_MAX);
		return;
	case SET_UID:
		line->uid = (uint32_t)number(r, "uid", UINT32_MAX);
		line->seen |= SEEN_UID;
		return;
	case SET_GID:
		line->gid = (uint32_t)number(r, "gid", UINT32_MAX);
		line->seen |= SEEN_UID;
		return;
	case SET_TYPE:
		read_type(r);
		return;
	case SET_CODE:
		d->icmp_code = (uint8_t)number(r, "code", UINT8_MAX);
		return;
	case SET_ID:
		d->icmp_id = d->ip_id = (uint16_t)number(r, "id", UINT16_MAX);
		return;
	case SET_FRAG:
		d->frag_off = (uint16_t)(number(r, "frag", 65528) & 0xfff8);
		return;
	case SET_MORE:
		d->more_fragments = true;
		return;
	case SET_VLAN:
		read_vlan(r);
		return;
	case SET_ABOUT:
		read_about(r);
		return;
	case SET_BAD:
		d->bad_checksum = true;
		return;
	case SET_DF:
		d->dont_fragment = true;
		return;
	case SET_REQUEST:
		d->arp_op = 1;
		return;
	case SET_ARP_REPLY:
		d->arp_op = 2;
		return;
	}
}

static void unknown_word(struct reader *r, struct str word)
{
	struct str names[ARRAY_LEN(setting_words) + ARRAY_LEN(flag_words)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(setting_words); i++)
		names[n++] = str_from(setting_words[i].name);
	for (size_t i = 0; i < ARRAY_LEN(flag_words); i++)
		names[n++] = str_from(flag_words[i].name);
	struct str near = str_nearest(word, names, n);
	struct diag *d = wrong(r, "E0926", "says nothing about a packet", word);
	if (near.n)
		diag_help(r->diags, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
}

static void read_rest(struct reader *r)
{
	struct str word;

	while (!r->failed && (word = next(r)).n) {
		size_t i = 0;
		while (i < ARRAY_LEN(setting_words) &&
		       !str_is(word, setting_words[i].name))
			i++;
		if (i < ARRAY_LEN(setting_words)) {
			take_setting(r, setting_words[i].what);
		} else if (read_flags(word, &r->line->desc.tcp_flags)) {
			r->line->seen |= SEEN_FLAGS;
		} else if (is_icmp(r->line) &&
		           read_icmp_type(r->line, word, &r->line->desc.icmp_type)) {
			r->line->seen |= SEEN_TYPE;
		} else {
			unknown_word(r, word);
		}
	}
}

/* ---- the line ---- */

struct proto_word {
	const char *name;
	uint8_t family, l4; /* family 0: either */
};

static const struct proto_word proto_words[] = {
	{ "tcp", 0, IPPROTO_TCP },           { "udp", 0, IPPROTO_UDP },
	{ "icmp", FAMILY_V4, IPPROTO_ICMP }, { "icmpv6", FAMILY_V6, IPPROTO_ICMPV6 },
	{ "igmp", FAMILY_V4, IPPROTO_IGMP }, { "sctp", 0, IPPROTO_SCTP },
	{ "dccp", 0, IPPROTO_DCCP },         { "udplite", 0, IPPROTO_UDPLITE },
	{ "esp", 0, IPPROTO_ESP },           { "ah", 0, IPPROTO_AH },
	{ "gre", 0, IPPROTO_GRE },           { "arp", FAMILY_ARP, 0 },
};

/* `proto 47` is any other IP protocol. */
static void read_proto(struct reader *r)
{
	struct str names[ARRAY_LEN(proto_words)], word = next(r);

	r->line->seen |= SEEN_PROTO;
	if (str_is(word, "proto")) {
		r->line->desc.l4 = (uint8_t)number(r, "proto", UINT8_MAX);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(proto_words); i++) {
		names[i] = str_from(proto_words[i].name);
		if (!str_eq(names[i], word))
			continue;
		r->line->desc.family = proto_words[i].family;
		r->line->desc.l4 = proto_words[i].l4;
		return;
	}
	struct str near = str_nearest(word, names, ARRAY_LEN(names));
	struct diag *d = word.n ? wrong(r, "E0927",
	                                "is no protocol a packet can be written in", word)
	                        : wrong_here(r, "E0927", "a protocol is missing");
	if (near.n)
		diag_help(r->diags, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
	else
		diag_help(r->diags, d,
		          "tcp, udp, icmp, icmpv6, igmp, sctp, dccp, udplite, esp, ah, "
		          "gre, arp, `proto NUMBER`, or `reply`");
}

static void read_way(struct reader *r)
{
	struct packet_line *line = r->line;

	if (take_if(r, "at")) {
		struct str word = next(r);
		line->seen |= SEEN_TIME;
		if (!duration_read(word, &line->time_ns))
			wrong(r, "E0928", "is no time", word);
	}
	if (take_if(r, "in"))
		line->in = device(r);
	if (take_if(r, "out"))
		line->out = device(r);
}

int packet_line_read(const struct sources *sources, struct span span,
                     const struct names *names, struct arena *a, struct diags *diags,
                     struct packet_line *out)
{
	struct packet_line line = { .span = span };
	struct reader r = { .sources = sources,
		            .span = span,
		            .names = names,
		            .a = a,
		            .diags = diags,
		            .line = &line,
		            .text = sources_text(sources, span) };

	read_way(&r);
	if (!r.failed && take_if(&r, "reply")) {
		line.is_reply = true;
	} else if (!r.failed) {
		uint8_t family;
		read_proto(&r);
		family = line.desc.family;
		if (!r.failed)
			read_endpoints(&r);
		uint8_t got = line.desc.family;
		bool arp =
			family == FAMILY_ARP && (got == FAMILY_V4 || got == FAMILY_ARP);
		if (!r.failed && family && got != family && !arp)
			wrong_here(&r, "E0924",
			           "this protocol has addresses of the other family");
		if (arp)
			line.desc.family = FAMILY_ARP;
	}
	if (!r.failed)
		read_rest(&r);
	if (r.failed)
		return -EINVAL;
	*out = line;
	return 0;
}
