/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Selectors of IPv6 extension headers, IP and TCP options and SCTP chunks: a field of one, or
 * whether it is there at all.
 */
#include <stdio.h>

#include "gate/lang/parse_parts.h"

enum { NAMES_MAX = 64, NAME_LEN = 64 };

/* `hdr` NULL: a TCP option by number. */
static struct expr *exthdr_new(struct parse *p, struct span span, enum exthdr_op op,
                               const struct exthdr *hdr)
{
	struct expr *e = expr_new(p, EXPR_EXTHDR, span);

	e->exthdr.hdr = hdr;
	e->exthdr.op = op;
	e->exthdr.type = hdr ? hdr->type : 0;
	return e;
}

static struct expr *exthdr_exists(struct expr *e)
{
	e->exthdr.exists = true;
	return e;
}

static void *fail_exthdr(struct parse *p, const char *what, enum exthdr_op op)
{
	struct str names[NAMES_MAX];
	size_t n = 0;

	for (const struct exthdr *h = exthdrs; h->name && n < NAMES_MAX; h++)
		if (h->op == op)
			names[n++] = str_from(h->name);
	return fail_words(p, what, names, n);
}

static const struct exthdr *peek_exthdr(struct parse *p, enum exthdr_op op)
{
	const struct token *t = lexer_peek(&p->lx, 0);

	return t->kind == TOKEN_WORD ? exthdr_by_name(op, t->text) : NULL;
}

/* `addr[1]`, `sid[2]`: each index has its own row. */
static const struct field *indexed_field(struct parse *p, const struct field *fields,
                                         struct str word)
{
	const struct token *open = lexer_peek(&p->lx, 1), *index = lexer_peek(&p->lx, 2);
	char name[NAME_LEN];

	if (open->kind != TOKEN_PUNCT || open->punct != '[' ||
	    index->kind != TOKEN_NUMBER)
		return NULL;
	snprintf(name, sizeof(name), STR_FMT "[" STR_FMT "]", STR_ARG(word),
	         STR_ARG(index->text));
	return field_by_name(fields, str_from(name));
}

static void set_field(struct expr *e, const struct field *field)
{
	e->exthdr.field = field;
	e->exthdr.off = field->off;
	e->exthdr.len = field->bits;
}

/* Reads the field's name and index; NULL and no error when the next word is no field. */
static struct expr *parse_field(struct parse *p, struct expr *e)
{
	const struct field *fields = e->exthdr.hdr->fields, *field;
	struct str word = lexer_peek(&p->lx, 0)->text;

	if (!fields || lexer_peek(&p->lx, 0)->kind != TOKEN_WORD)
		return NULL;
	field = indexed_field(p, fields, word);
	if (field) {
		set_field(e, field);
		lexer_next(&p->lx);
		lexer_next(&p->lx);
		lexer_next(&p->lx);
		e->span = span_join(e->span, lexer_peek(&p->lx, 0)->span);
		return expect_punct(p, ']', "]") ? e : NULL;
	}
	field = field_by_name(fields, word);
	if (!field)
		return NULL;
	set_field(e, field);
	e->span = span_join(e->span, lexer_next(&p->lx).span);
	return e;
}

struct expr *parse_ipv6_exthdr(struct parse *p, struct span start, struct str name)
{
	const struct exthdr *hdr = exthdr_by_name(EXTHDR_IPV6, name);
	struct expr *e, *field;
	size_t errors = p->diags->errors;

	if (!hdr)
		return fail_exthdr(p, "an extension header", EXTHDR_IPV6);
	e = exthdr_new(p, start, EXTHDR_IPV6, hdr);
	field = parse_field(p, e);
	if (!field && p->diags->errors == errors)
		return fail_field(p, hdr->name, hdr->fields);
	return field;
}

struct expr *parse_exthdr_exists(struct parse *p, struct span start)
{
	const struct exthdr *hdr = peek_exthdr(p, EXTHDR_IPV6);

	if (!hdr)
		return fail_exthdr(p, "an extension header", EXTHDR_IPV6);
	return exthdr_exists(exthdr_new(p, span_join(start, lexer_next(&p->lx).span),
	                                EXTHDR_IPV6, hdr));
}

/* A field, or existence when `exists`, `missing` or a number comes. */
static struct expr *parse_field_or_exists(struct parse *p, struct expr *e)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	size_t errors = p->diags->errors;
	struct expr *field;

	if (t->kind != TOKEN_WORD || str_is(t->text, "exists") ||
	    str_is(t->text, "missing"))
		return exthdr_exists(e);
	field = parse_field(p, e);
	if (!field && p->diags->errors == errors) {
		if (str_is(t->text, "map") || str_is(t->text, "vmap"))
			return exthdr_exists(e);
		return fail_field(p, e->exthdr.hdr->name, e->exthdr.hdr->fields);
	}
	return field;
}

struct expr *parse_ip_option(struct parse *p, struct span start)
{
	const struct exthdr *hdr = peek_exthdr(p, EXTHDR_IPV4);

	if (!hdr)
		return fail_exthdr(p, "an IP option", EXTHDR_IPV4);
	return parse_field_or_exists(
		p, exthdr_new(p, span_join(start, lexer_next(&p->lx).span), EXTHDR_IPV4,
	                      hdr));
}

struct expr *parse_sctp_chunk(struct parse *p, struct span start)
{
	const struct exthdr *hdr = peek_exthdr(p, EXTHDR_SCTP);

	if (!hdr)
		return fail_exthdr(p, "an SCTP chunk", EXTHDR_SCTP);
	return parse_field_or_exists(
		p, exthdr_new(p, span_join(start, lexer_next(&p->lx).span), EXTHDR_SCTP,
	                      hdr));
}

/* `tcp option @254,8,8`: kind, offset and length in bits. */
static struct expr *parse_raw_option(struct parse *p, struct span start)
{
	struct expr *e = exthdr_new(p, start, EXTHDR_TCPOPT, NULL);
	const struct exthdr *hdr = peek_exthdr(p, EXTHDR_TCPOPT);
	uint64_t kind, off, len;

	if (hdr) {
		lexer_next(&p->lx);
		kind = hdr->type;
	} else if (!parse_u64(p, 255, "an option's number", &kind)) {
		return NULL;
	}
	if (!expect_punct(p, ',', ",") ||
	    !parse_u64(p, 2048, "an offset in bits", &off) || !expect_punct(p, ',', ","))
		return NULL;
	e->span = span_join(start, lexer_peek(&p->lx, 0)->span);
	if (!parse_u64(p, 512, "a length in bits", &len))
		return NULL;
	e->exthdr.type = (uint8_t)kind;
	e->exthdr.off = (uint32_t)off;
	e->exthdr.len = (uint32_t)len;
	return e;
}

/* `tcp option 254 exists` */
static struct expr *parse_numbered_option(struct parse *p, struct span start)
{
	struct expr *e = exthdr_new(p, start, EXTHDR_TCPOPT, NULL);
	uint64_t kind;

	e->span = span_join(start, lexer_peek(&p->lx, 0)->span);
	if (!parse_u64(p, 255, "an option's number", &kind))
		return NULL;
	e->exthdr.type = (uint8_t)kind;
	if (at_word(p, "length") || at_word(p, "kind")) {
		diag_error(p->diags, "E0011", lexer_peek(&p->lx, 0)->span,
		           "an option given by number has no named fields");
		return NULL;
	}
	return exthdr_exists(e);
}

struct expr *parse_tcp_option(struct parse *p, struct span start, bool whole)
{
	const struct exthdr *hdr = peek_exthdr(p, EXTHDR_TCPOPT);
	const struct token *t = lexer_peek(&p->lx, 0);
	struct expr *e;

	if (t->kind == TOKEN_NUMBER || t->kind == TOKEN_VARIABLE)
		return parse_numbered_option(p, start);
	if (!whole && take_punct(p, '@'))
		return parse_raw_option(p, start);
	if (!hdr)
		return fail_exthdr(p, "a TCP option", EXTHDR_TCPOPT);
	e = exthdr_new(p, span_join(start, lexer_next(&p->lx).span), EXTHDR_TCPOPT, hdr);
	return whole ? exthdr_exists(e) : parse_field_or_exists(p, e);
}
