/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Selectors: what a packet, its connection or its socket is asked for. The words are the
 * schema's; here stands only in which order they come. Header fields are read here, the rest
 * in parse_key.c and parse_exthdr.c.
 */
#include "gate/lang/parse_parts.h"

/* ---- messages ---------------------------------------------------------------------- */

void *fail_words(struct parse *p, const char *what, const struct str *names, size_t n)
{
	struct token t = *lexer_peek(&p->lx, 0);

	for (size_t i = 0; p->expected && i < n; i++)
		at_any_word(p, names[i].p);
	if (t.kind != TOKEN_WORD)
		return parse_fail(p, "E0001", "expected %s", what);
	return fail_choice(p, t.span, what, t.text, names, n);
}

const char *fail_what(struct parse *p, const char *what, const char *where)
{
	return arena_fmt(&p->diags->arena, "%s `%s`", what, where).p;
}

void *fail_field(struct parse *p, const char *where, const struct field *fields)
{
	struct str names[WORDS_MAX];
	size_t n = 0;

	for (const struct field *f = fields; f && (f->name || f->bits); f++)
		if (f->name && n < WORDS_MAX)
			names[n++] = str_from(f->name);
	return fail_words(p, fail_what(p, "a field of", where), names, n);
}

void *fail_unsupported(struct parse *p, struct span span, const char *what)
{
	diag_error(p->diags, "E0900", span, "not supported by gate yet: %s", what);
	return NULL;
}

/* ---- payload ----------------------------------------------------------------------- */

static struct expr *payload_new(struct parse *p, struct span span,
                                const struct proto *proto, const struct field *field)
{
	struct expr *e = expr_new(p, EXPR_PAYLOAD, span);

	e->payload.proto = proto;
	e->payload.field = field;
	e->payload.base = proto->base;
	e->payload.off = field->off;
	e->payload.len = field->bits;
	return e;
}

static struct expr *parse_payload(struct parse *p, const struct selector_row *row,
                                  struct span start)
{
	const struct proto *proto = protos[row->arg];
	const struct token *t = lexer_peek(&p->lx, 0);
	const struct field *field = NULL;

	if (t->kind == TOKEN_WORD)
		field = field_by_name(proto->fields, t->text);
	if (!field)
		return fail_field(p, row->word.text, proto->fields);
	return payload_new(p, span_join(start, lexer_next(&p->lx).span), proto, field);
}

/* `arp saddr ip`, `arp daddr ether`: fields of two words. */
static struct expr *parse_arp(struct parse *p, const struct selector_row *row,
                              struct span start)
{
	const struct token *t = lexer_peek(&p->lx, 0), *kind = lexer_peek(&p->lx, 1);
	const struct field *field;
	struct str name;

	if (t->kind != TOKEN_WORD || kind->kind != TOKEN_WORD ||
	    (!str_is(t->text, "saddr") && !str_is(t->text, "daddr")))
		return parse_payload(p, row, start);
	name = arena_fmt(p->a, STR_FMT " " STR_FMT, STR_ARG(t->text),
	                 STR_ARG(kind->text));
	field = field_by_name(protos[PROTO_ARP]->fields, name);
	if (!field)
		return fail_field(p, row->word.text, protos[PROTO_ARP]->fields);
	lexer_next(&p->lx);
	return payload_new(p, span_join(start, lexer_next(&p->lx).span),
	                   protos[PROTO_ARP], field);
}

static struct expr *parse_ip(struct parse *p, const struct selector_row *row,
                             struct span start)
{
	if (take_word(p, "option"))
		return parse_ip_option(p, start);
	return parse_payload(p, row, start);
}

static struct expr *parse_tcp(struct parse *p, const struct selector_row *row,
                              struct span start)
{
	if (take_word(p, "option"))
		return parse_tcp_option(p, start, false);
	return parse_payload(p, row, start);
}

static struct expr *parse_sctp(struct parse *p, const struct selector_row *row,
                               struct span start)
{
	if (take_word(p, "chunk"))
		return parse_sctp_chunk(p, start);
	return parse_payload(p, row, start);
}

static struct expr *parse_dccp(struct parse *p, const struct selector_row *row,
                               struct span start)
{
	if (at_word(p, "option"))
		return fail_unsupported(p, lexer_peek(&p->lx, 0)->span, "`dccp option`");
	return parse_payload(p, row, start);
}

static const struct raw_base {
	const char *word;
	enum payload_base base;
} raw_bases[] = {
	{ "ll", PAYLOAD_LL },
	{ "nh", PAYLOAD_NH },
	{ "th", PAYLOAD_TH },
	{ "ih", PAYLOAD_INNER },
};

static const struct raw_base *raw_base_find(struct str word)
{
	for (size_t i = 0; i < ARRAY_LEN(raw_bases); i++)
		if (str_is(word, raw_bases[i].word))
			return &raw_bases[i];
	return NULL;
}

/* `@th,16,16` is `th dport`, and has its type. */
static void name_ports(struct expr *e)
{
	for (const struct field *f = protos[PROTO_TH]->fields; f->name; f++) {
		if (e->payload.base != PAYLOAD_TH || f->off != e->payload.off ||
		    f->bits != e->payload.len)
			continue;
		e->payload.proto = protos[PROTO_TH];
		e->payload.field = f;
	}
}

/* `@th,16,32`: base, offset and length in bits. */
static struct expr *parse_raw_payload(struct parse *p, struct span start)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	const struct raw_base *base =
		t->kind == TOKEN_WORD ? raw_base_find(t->text) : NULL;
	struct expr *e = expr_new(p, EXPR_PAYLOAD, start);
	uint64_t off, len;

	if (!base)
		return parse_fail(p, "E0001",
		                  "expected `ll`, `nh`, `th` or `ih` behind `@`");
	lexer_next(&p->lx);
	if (!expect_punct(p, ',', ",") ||
	    !parse_u64(p, 65535, "an offset in bits", &off) || !expect_punct(p, ',', ","))
		return NULL;
	e->span = span_join(start, lexer_peek(&p->lx, 0)->span);
	if (!parse_u64(p, 512, "a length in bits", &len))
		return NULL;
	if (len == 0) {
		diag_error(p->diags, "E0001", e->span, "the length cannot be 0");
		return NULL;
	}
	e->payload.base = base->base;
	e->payload.off = (uint32_t)off;
	e->payload.len = (uint32_t)len;
	name_ports(e);
	return e;
}

static struct expr *parse_exthdr_word(struct parse *p, const struct selector_row *row,
                                      struct span start)
{
	(void)row;
	return parse_exthdr_exists(p, start);
}

static struct expr *parse_ipv6_header(struct parse *p, const struct selector_row *row,
                                      struct span start)
{
	return parse_ipv6_exthdr(p, start, str_from(row->word.text));
}

/* Words of newer releases. */
static struct expr *parse_newer(struct parse *p, const struct selector_row *row,
                                struct span start)
{
	diag_error(p->diags, "E0900", start, "not supported by gate yet: `%s`",
	           row->word.text);
	return NULL;
}

/* What a listing shows of iptables' rules. */
static struct expr *parse_xt(struct parse *p, const struct selector_row *row,
                             struct span start)
{
	(void)row;
	struct diag *d = diag_error(p->diags, "E0912", start,
	                            "matches and targets of iptables can be "
	                            "listed but not loaded");

	diag_help(p->diags, d,
	          "let iptables-restore load them, or write the rule in nftables' words: "
	          "`iptables-translate` shows how");
	return NULL;
}

/* ---- all of them ------------------------------------------------------------------- */

/* Sorted. Meta keys that stand alone are not here: see bare_key(). */
// clang-format off
static const struct selector_row selectors[] = {
	{ WORD("ah"),      parse_payload,     PROTO_AH },
	{ WORD("arp"),     parse_arp,         PROTO_ARP },
	{ WORD("comp"),    parse_payload,     PROTO_COMP },
	{ WORD("ct"),      parse_ct,          0 },
	{ WORD("dccp"),    parse_dccp,        PROTO_DCCP },
	{ WORD("dst"),     parse_ipv6_header, 0 },
	{ WORD("esp"),     parse_payload,     PROTO_ESP },
	{ WORD("ether"),   parse_payload,     PROTO_ETHER },
	{ WORD("exthdr"),  parse_exthdr_word, 0 },
	{ WORD("fib"),     parse_fib,         0 },
	{ WORD("frag"),    parse_ipv6_header, 0 },
	{ WORD("geneve"),  parse_newer,       0 },
	{ WORD("gre"),     parse_newer,       0 },
	{ WORD("gretap"),  parse_newer,       0 },
	{ WORD("hbh"),     parse_ipv6_header, 0 },
	{ WORD("icmp"),    parse_payload,     PROTO_ICMP },
	{ WORD("icmpv6"),  parse_payload,     PROTO_ICMPV6 },
	{ WORD("igmp"),    parse_payload,     PROTO_IGMP },
	{ WORD("ip"),      parse_ip,          PROTO_IP },
	{ WORD("ip6"),     parse_payload,     PROTO_IP6 },
	{ WORD("ipsec"),   parse_ipsec,       0 },
	{ WORD("jhash"),   parse_jhash,       0 },
	{ WORD("meta"),    parse_meta,        0 },
	{ WORD("mh"),      parse_ipv6_header, 0 },
	{ WORD("numgen"),  parse_numgen,      0 },
	{ WORD("osf"),     parse_osf,         0 },
	{ WORD("rt"),      parse_rt,          0 },
	{ WORD("rt0"),     parse_ipv6_header, 0 },
	{ WORD("rt2"),     parse_ipv6_header, 0 },
	{ WORD("sctp"),    parse_sctp,        PROTO_SCTP },
	{ WORD("socket"),  parse_socket,      0 },
	{ WORD("srh"),     parse_ipv6_header, 0 },
	{ WORD("symhash"), parse_symhash,     0 },
	{ WORD("tcp"),     parse_tcp,         PROTO_TCP },
	{ WORD("th"),      parse_payload,     PROTO_TH },
	{ WORD("tunnel"),  parse_newer,       0 },
	{ WORD("udp"),     parse_payload,     PROTO_UDP },
	{ WORD("udplite"), parse_payload,     PROTO_UDPLITE },
	{ WORD("vlan"),    parse_payload,     PROTO_VLAN },
	{ WORD("vxlan"),   parse_newer,       0 },
	{ WORD("xt"),      parse_xt,          0 },
};
// clang-format on

static const struct key *bare_key(struct str word)
{
	const struct key *key = key_by_name(meta_keys, word);

	return key && (key->flags & KEY_BARE) ? key : NULL;
}

static bool at_raw_payload(struct parse *p)
{
	const struct token *base = lexer_peek(&p->lx, 1), *comma = lexer_peek(&p->lx, 2);

	return base->kind == TOKEN_WORD && comma->kind == TOKEN_PUNCT &&
	       comma->punct == ',';
}

bool take_selector(struct parse *p, enum expr_mode mode, struct expr **e)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	const struct selector_row *row;
	const struct key *key = NULL;

	if (at_punct(p, '@') && at_raw_payload(p)) {
		*e = parse_raw_payload(p, lexer_next(&p->lx).span);
		return true;
	}
	if (t->kind != TOKEN_WORD)
		return false;
	row = WORD_FIND(selectors, t->key, t->text);
	if (row && mode == MODE_ANY && lexer_peek(&p->lx, 1)->kind != TOKEN_WORD)
		return false; /* as an argument, `tcp` alone is a value */
	if (!row)
		key = bare_key(t->text);
	if (row)
		*e = row->parse(p, row, lexer_next(&p->lx).span);
	else if (key)
		*e = key_new(p, EXPR_META, t->span, key);
	return row || key;
}

struct expr *parse_selector(struct parse *p)
{
	struct expr *e;

	return take_selector(p, MODE_LEFT, &e) ? e : NULL;
}

size_t selector_words(struct str *words, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(selectors) && n < max; i++)
		if (selectors[i].parse != parse_newer && selectors[i].parse != parse_xt)
			words[n++] = str_from(selectors[i].word.text);
	for (const struct key *k = meta_keys; k->name && n < max; k++)
		if (k->flags & KEY_BARE)
			words[n++] = str_from(k->name);
	return n;
}
