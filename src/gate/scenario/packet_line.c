/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Packets in words. */
#include "gate/scenario/packet_line.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd };
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

/* Also a line that goes on behind a backslash. */
static bool blank_at(struct str text, size_t at)
{
	char c = text.p[at];

	return c == ' ' || c == '\t' || c == '\n' || c == '\r' ||
	       (c == '\\' && at + 1 < text.n && text.p[at + 1] == '\n');
}

/* The next word, empty at the end. */
static struct str peek(const struct reader *r)
{
	size_t at = r->at, end;

	while (at < r->text.n && blank_at(r->text, at))
		at++;
	for (end = at; end < r->text.n && !blank_at(r->text, end);)
		end++;
	return str_sub(r->text, at, end - at);
}

static struct str next(struct reader *r)
{
	struct str word = peek(r);

	while (r->at < r->text.n && blank_at(r->text, r->at))
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

size_t quoted_read(struct str text, struct buf *out)
{
	static const char from[] = "rnt0\"\\", to[] = "\r\n\t\0\"\\";
	size_t at = 1;

	if (text.n == 0 || text.p[0] != '"')
		return 0;
	for (; at < text.n && text.p[at] != '"'; at++) {
		const char *escape = text.p[at] == '\\' && at + 1 < text.n
		                             ? memchr(from, text.p[at + 1], 6)
		                             : NULL;
		buf_char(out, (char)(escape ? to[escape - from] : text.p[at]));
		at += escape != NULL;
	}
	return at < text.n ? at + 1 : 0;
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

/* ---- who to whom ---- */

static bool take_endpoint(struct reader *r, struct endpoint *e)
{
	struct str bad;
	const char *what;

	if (!endpoint_is_meant(peek(r)))
		return true;
	if (endpoint_read(next(r), r->names, e, &bad, &what))
		return true;
	r->failed = true;
	struct diag *d = diag_error(r->diags, "E0923", word_span(r),
	                            "`" STR_FMT "` is no %s", STR_ARG(bad), what);
	if (str_find(bad, ':') < bad.n)
		diag_help(r->diags, d, "with a port it has brackets: [fd00::12]:22");
	return false;
}

void packet_line_end(struct packet_line *line, enum packet_end which,
                     const struct endpoint *e)
{
	bool src = which == END_SRC;
	struct packet_desc *d = &line->desc;

	line->ends[which] = *e;
	if (e->addr.family)
		d->family = e->addr.family;
	if (e->addr.given) {
		memcpy(src ? d->src : d->dst, e->addr.from, 16);
		line->seen |= src ? SEEN_SRC : SEEN_DST;
	}
	if (e->port.given) {
		*(src ? &d->sport : &d->dport) = e->port.from;
		line->seen |= src ? SEEN_SPORT : SEEN_DPORT;
	}
}

bool packet_line_is_drawn(const struct packet_line *line)
{
	bool drawn = false;

	for (unsigned i = 0; i < ARRAY_LEN(line->ends); i++)
		drawn |= addr_range_is_drawn(&line->ends[i].addr) ||
		         port_range_is_drawn(&line->ends[i].port);
	return drawn;
}

/* `A > B`, `> B`, `A >`. */
static void read_endpoints(struct reader *r)
{
	struct endpoint from = { .port = { .given = false } }, to = from;

	if (!take_endpoint(r, &from))
		return;
	if (!take_if(r, ">")) {
		if (from.addr.given || from.port.given)
			wrong_here(r, "E0924",
			           "behind the source comes `>` and the destination");
		return;
	}
	if (!take_endpoint(r, &to))
		return;
	if (from.addr.family && to.addr.family && from.addr.family != to.addr.family) {
		wrong_here(r, "E0924", "source and destination are not of one family");
		return;
	}
	packet_line_end(r->line, END_SRC, &from);
	packet_line_end(r->line, END_DST, &to);
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
	SET_DATA,
	SET_ETHER,
	SET_CHUNK,
	SET_VTAG,
	SET_TAG,
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
	{ "data", SET_DATA },  { "ether", SET_ETHER },     { "chunk", SET_CHUNK },
	{ "vtag", SET_VTAG },  { "tag", SET_TAG },
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

/* `data "…"`: the payload, with \r, \n, \0, \" and \\ in it. */
static void read_data(struct reader *r)
{
	struct str from = str_sub(r->text, r->at, r->text.n);
	auto_buf out = { 0 };
	size_t used = quoted_read(str_trim(from), &out);

	if (!used) {
		next(r);
		wrong_here(r, "E0925", "`data` wants a text in quotes");
		return;
	}
	while (blank_at(r->text, r->at))
		r->at++;
	r->at += used;
	r->line->desc.payload = arena_str(r->a, buf_as_str(&out));
}

static void read_mac(struct reader *r, uint8_t mac[6], uint32_t bit)
{
	struct str word = next(r);

	if (!mac_read(word, mac))
		wrong(r, "E0923", "is no hardware address: 02:00:00:00:00:11", word);
	r->line->seen |= bit;
}

/* `ether A > B`, `ether > B`, `ether A >`. */
static void read_ether(struct reader *r)
{
	if (!str_is(peek(r), ">"))
		read_mac(r, r->line->desc.mac_src, SEEN_MAC_SRC);
	if (!r->failed && !take_if(r, ">")) {
		next(r);
		wrong_here(r, "E0924", "behind the source's hardware address comes `>`");
	}
	if (!r->failed && str_find(peek(r), ':') < peek(r).n)
		read_mac(r, r->line->desc.mac_dst, SEEN_MAC_DST);
}

/* A chunk of SCTP by the name that the language has for it. */
static void read_chunk(struct reader *r)
{
	struct packet_desc *d = &r->line->desc;
	const struct exthdr *chunk = exthdr_by_name(EXTHDR_SCTP, next(r));

	if (!chunk) {
		wrong_here(r, "E0925",
		           "`chunk` wants the name of a chunk: init, cookie-echo, data");
		return;
	}
	d->chunk = chunk->type;
	d->has_chunk = true;
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
	case SET_DATA:
		read_data(r);
		return;
	case SET_ETHER:
		read_ether(r);
		return;
	case SET_CHUNK:
		read_chunk(r);
		return;
	case SET_VTAG:
		d->vtag = (uint32_t)number(r, "vtag", UINT32_MAX);
		d->has_vtag = true;
		return;
	case SET_TAG:
		d->init_tag = (uint32_t)number(r, "tag", UINT32_MAX);
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

/* ---- bytes ---- */

static int hex_digit(char ch)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF", *at = strchr(digits, ch);

	return ch && at ? (int)((at - digits) % 16) : -1;
}

/* Two digits a byte; colons between bytes mean nothing. */
static bool read_hex(struct str word, struct buf *out)
{
	for (size_t i = 0; i < word.n; i += 2) {
		i += word.p[i] == ':' && out->n;
		int high = i < word.n ? hex_digit(word.p[i]) : -1;
		int low = i + 1 < word.n ? hex_digit(word.p[i + 1]) : -1;
		if (high < 0 || low < 0)
			return false;
		buf_char(out, (char)(high << 4 | low));
	}
	return out->n > 0;
}

static void read_bytes(struct reader *r, bool has_ll)
{
	struct packet_raw *raw = &r->line->raw;
	struct str word = next(r);
	auto_buf bytes = { 0 };

	if (!read_hex(word, &bytes)) {
		wrong(r, "E0925", "is no packet in hexadecimal digits, two a byte", word);
		return;
	}
	raw->bytes = arena_str(r->a, buf_as_str(&bytes));
	raw->has_ll = has_ll;
	raw->ethertype = raw->bytes.p[0] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
}

/* What may stand behind bytes: all else they say themselves. */
static void read_beside(struct reader *r)
{
	struct packet_line *line = r->line;

	while (!r->failed && peek(r).n) {
		if (take_if(r, "mark")) {
			line->mark = (uint32_t)number(r, "mark", UINT32_MAX);
		} else if (take_if(r, "uid")) {
			line->uid = (uint32_t)number(r, "uid", UINT32_MAX);
			line->seen |= SEEN_UID;
		} else if (take_if(r, "gid")) {
			line->gid = (uint32_t)number(r, "gid", UINT32_MAX);
		} else {
			struct str word = next(r);
			wrong(r, "E0926", "cannot stand behind a packet's bytes", word);
		}
	}
}

/* True: the packet is given as bytes. */
static bool read_raw(struct reader *r)
{
	struct packet_raw *raw = &r->line->raw;

	if (take_if(r, "frame")) {
		read_bytes(r, true);
	} else if (take_if(r, "packet")) {
		read_bytes(r, false);
	} else if (take_if(r, "capture")) {
		raw->capture = arena_str(r->a, next(r));
		raw->number = number(r, "capture FILE", UINT32_MAX);
		if (!r->failed && !raw->number)
			wrong_here(r, "E0921", "frames count from 1");
	} else {
		return false;
	}
	r->line->is_raw = true;
	if (!r->failed)
		read_beside(r);
	return true;
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
	} else if (!r.failed && !read_raw(&r)) {
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
	if (!r.failed && !line.is_raw)
		read_rest(&r);
	if (r.failed)
		return -EINVAL;
	*out = line;
	return 0;
}
