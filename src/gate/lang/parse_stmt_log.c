/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * log and reject.
 */
#include <linux/netfilter/nf_log.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_parts.h"

enum { LOG_PREFIX_MAX = 127 }; /* nf_log.h: NF_LOG_PREFIXLEN, less the NUL */

/* A `$name` inside the quotes stands for the variable's text, as in nft. */
static bool put_variable(struct parse *p, struct buf *out, struct str text, size_t *at,
                         struct span span)
{
	size_t start = *at + 1, end = start;
	const struct expr *value;
	struct str name;

	while (end < text.n &&
	       (text.p[end] == '_' || text.p[end] == '.' || text.p[end] == '-' ||
	        text.p[end] == '/' || (text.p[end] >= '0' && text.p[end] <= '9') ||
	        ((text.p[end] | 32) >= 'a' && (text.p[end] | 32) <= 'z')))
		end++;
	name = str_sub(text, start, end - start);
	value = name.n ? scope_find(p->scope, name, p->seq) : NULL;
	if (!value || (value->kind != EXPR_SYMBOL && value->kind != EXPR_STRING)) {
		diag_error(p->diags, "E0006", span, "`$" STR_FMT "` %s", STR_ARG(name),
		           value ? "is no text" : "is not defined");
		return false;
	}
	buf_str(out, value->word);
	*at = end;
	return true;
}

static bool expand_variables(struct parse *p, struct str *text, struct span span)
{
	auto_buf out = { 0 };
	size_t i = 0;

	if (str_find(*text, '$') == text->n)
		return true;
	while (i < text->n) {
		if (text->p[i] != '$')
			buf_char(&out, text->p[i++]);
		else if (!put_variable(p, &out, *text, &i, span))
			return false;
	}
	*text = arena_str(p->a, buf_as_str(&out));
	return true;
}

static bool parse_log_prefix(struct parse *p, struct stmt *s)
{
	struct str prefix;
	struct span span;
	struct diag *d;

	if (!parse_string(p, "the prefix's text", &prefix, &span) ||
	    !expand_variables(p, &prefix, span))
		return false;
	s->log.prefix = prefix;
	s->log.has_prefix = true;
	if (prefix.n <= LOG_PREFIX_MAX)
		return true;
	d = diag_error(p->diags, "E0212", span,
	               "a log prefix has at most %d bytes, this one has %zu",
	               LOG_PREFIX_MAX, prefix.n);
	diag_note(p->diags, d, "the kernel keeps no more of it");
	return false;
}

static bool parse_log_number(struct parse *p, uint64_t max, const char *what,
                             uint32_t *out, bool *has)
{
	uint64_t n;

	if (!parse_u64(p, max, what, &n))
		return false;
	*out = (uint32_t)n;
	*has = true;
	return true;
}

static bool parse_log_level(struct parse *p, struct stmt *s)
{
	struct span span;
	uint64_t level;

	if (!parse_choice(p, log_levels, "a log level", &level, &span))
		return false;
	s->log.level = (uint32_t)level;
	s->log.has_level = true;
	return true;
}

static bool parse_tcp_log_flag(struct parse *p, struct stmt *s)
{
	if (take_word(p, "sequence"))
		s->log.flags |= NF_LOG_TCPSEQ;
	else if (take_word(p, "options"))
		s->log.flags |= NF_LOG_TCPOPT;
	else
		return parse_fail(p, "E0001", "expected `sequence` or `options`") != NULL;
	return true;
}

/* Behind `flags`. */
static bool parse_log_flags(struct parse *p, struct stmt *s)
{
	if (take_word(p, "all")) {
		s->log.flags |= NF_LOG_MASK;
	} else if (take_word(p, "skuid")) {
		s->log.flags |= NF_LOG_UID;
	} else if (take_word(p, "ether")) {
		s->log.flags |= NF_LOG_MACDECODE;
	} else if (take_word(p, "ip")) {
		s->log.flags |= NF_LOG_IPOPT;
		if (!take_word(p, "options"))
			return parse_fail(p, "E0001", "expected `ip options`") != NULL;
	} else if (take_word(p, "tcp")) {
		if (!parse_tcp_log_flag(p, s))
			return false;
		return !take_punct(p, ',') || parse_tcp_log_flag(p, s);
	} else {
		parse_fail(p, "E0001",
		           "expected `all`, `ether`, `skuid`, `ip options`, "
		           "`tcp sequence` or `tcp options`");
		return false;
	}
	return true;
}

static bool parse_log_group(struct parse *p, struct stmt *s)
{
	return parse_log_number(p, UINT16_MAX, "a group", &s->log.group,
	                        &s->log.has_group);
}

static bool parse_log_snaplen(struct parse *p, struct stmt *s)
{
	return parse_log_number(p, UINT32_MAX, "a length", &s->log.snaplen,
	                        &s->log.has_snaplen);
}

static bool parse_log_threshold(struct parse *p, struct stmt *s)
{
	return parse_log_number(p, UINT16_MAX, "a number of packets", &s->log.qthreshold,
	                        &s->log.has_qthreshold);
}

static const struct {
	const char *word;
	stmt_fn parse;
} log_options[] = {
	{ "flags", parse_log_flags },     { "group", parse_log_group },
	{ "level", parse_log_level },     { "prefix", parse_log_prefix },
	{ "snaplen", parse_log_snaplen }, { "queue-threshold", parse_log_threshold },
};

bool parse_log(struct parse *p, struct stmt *s)
{
	size_t i;

	s->kind = STMT_LOG;
	do {
		for (i = 0; i < ARRAY_LEN(log_options); i++)
			if (take_any_word(p, log_options[i].word))
				break;
		if (i < ARRAY_LEN(log_options) && !log_options[i].parse(p, s))
			return false;
	} while (i < ARRAY_LEN(log_options));
	return true;
}

/* ---- reject ------------------------------------------------------------------------ */

static const struct {
	const char *word;
	int type;
	enum family family;
} reject_kinds[] = {
	{ "icmp", NFT_REJECT_ICMP_UNREACH, FAMILY_IP },
	{ "icmpv6", NFT_REJECT_ICMP_UNREACH, FAMILY_IP6 },
	{ "icmpx", NFT_REJECT_ICMPX_UNREACH, FAMILY_UNSPEC },
};

static bool parse_reject_code(struct parse *p, struct stmt *s)
{
	const struct token *t;

	take_word(p, "type");
	t = lexer_peek(&p->lx, 0);
	if (t->kind != TOKEN_WORD && t->kind != TOKEN_NUMBER &&
	    t->kind != TOKEN_VARIABLE && t->kind != TOKEN_STRING) {
		parse_fail(p, "E0001", "expected a code, such as `port-unreachable`");
		return false;
	}
	s->reject.code = parse_concat(p, MODE_VALUE);
	return s->reject.code != NULL;
}

bool parse_reject(struct parse *p, struct stmt *s)
{
	s->kind = STMT_REJECT;
	s->reject.type = -1;
	if (!take_word(p, "with"))
		return true;
	if (take_word(p, "tcp")) {
		s->reject.type = NFT_REJECT_TCP_RST;
		return take_word(p, "reset") ||
		       parse_fail(p, "E0001", "expected `tcp reset`") != NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(reject_kinds); i++) {
		if (!take_any_word(p, reject_kinds[i].word))
			continue;
		s->reject.type = reject_kinds[i].type;
		s->reject.family = reject_kinds[i].family;
		return parse_reject_code(p, s);
	}
	parse_fail(p, "E0001", "expected `icmp`, `icmpv6`, `icmpx` or `tcp reset`");
	return false;
}
