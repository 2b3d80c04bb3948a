/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Statements and rules. The first word says which statement it is; every other begins with a
 * selector and is a match, a `set` or a `vmap`.
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_parts.h"

/* ---- matches ----------------------------------------------------------------------- */

static const struct {
	struct str word;
	int punct;
	enum relop op;
} relops[] = {
	{ STR_INIT("eq"), PUNCT_EQ, REL_EQ }, { STR_INIT("ne"), PUNCT_NE, REL_NE },
	{ STR_INIT("lt"), '<', REL_LT },      { STR_INIT("gt"), '>', REL_GT },
	{ STR_INIT("le"), PUNCT_LE, REL_LE }, { STR_INIT("ge"), PUNCT_GE, REL_GE },
};

static enum relop take_relop(struct parse *p)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	bool is_word = t->kind == TOKEN_WORD && t->text.n == 2;

	if (!is_word && t->kind != TOKEN_PUNCT)
		return REL_IMPLICIT;
	for (size_t i = 0; i < ARRAY_LEN(relops); i++) {
		if (is_word ? str_eq(t->text, relops[i].word)
		            : t->punct == relops[i].punct) {
			lexer_next(&p->lx);
			return relops[i].op;
		}
	}
	return REL_IMPLICIT;
}

/* `ip saddr ! 10.0.0.1`: negation is for flags. */
static bool check_negation(struct parse *p, const struct expr *left,
                           const struct expr *right)
{
	struct diag *d;

	if (right->kind != EXPR_NOT || !expr_row_type(left) || expr_is_bitmask(left))
		return true;
	d = diag_error(p->diags, "E0207", right->span, "`!` is for flags only");
	diag_help(p->diags, d, "write `!=` for \"anything but\"");
	return false;
}

/* `flags / mask` is for flags; elsewhere a `/` makes a prefix. */
static bool check_flagcmp(struct parse *p, const struct expr *left,
                          const struct expr *right)
{
	struct diag *d;

	if (right->kind != EXPR_FLAGCMP || !expr_row_type(left) || expr_is_bitmask(left))
		return true;
	d = diag_error(p->diags, "E0219", right->span,
	               "`value / mask` is for flags only");
	diag_help(p->diags, d, "put the mask on the left: `… & MASK == VALUE`");
	return false;
}

/* `eth+` */
static bool check_wildcard(struct parse *p, const struct expr *right)
{
	struct diag *d;

	if (!at_punct(p, '+') ||
	    (right->kind != EXPR_SYMBOL && right->kind != EXPR_STRING))
		return true;
	d = diag_error(p->diags, "E0130", lexer_peek(&p->lx, 0)->span,
	               "`+` is the iptables wildcard");
	diag_help(p->diags, d, "\"" STR_FMT "*\"", STR_ARG(right->word));
	return false;
}

/* `1000:2000`, which the lexer takes for a traffic class, or `ssh:http`. */
static bool check_port_range(struct parse *p, const struct expr *left,
                             const struct expr *right)
{
	const struct datatype *type = expr_row_type(left);
	struct str from = right->kind == EXPR_SYMBOL ? right->word : STR(""), to;
	size_t colon;
	struct diag *d;

	if (!type || type->id != TYPE_INET_SERVICE)
		return true;
	colon = str_find(from, ':');
	if (colon == from.n && !at_punct(p, ':'))
		return true;
	to = colon < from.n ? str_sub(from, colon + 1, from.n)
	                    : lexer_peek(&p->lx, 1)->text;
	d = diag_error(p->diags, "E0223", right->span,
	               "port ranges are written with `-`");
	if (from.n)
		diag_help(p->diags, d, "`" STR_FMT "-" STR_FMT "`",
		          STR_ARG(str_sub(from, 0, colon)), STR_ARG(to));
	return false;
}

/* `tcp dport = 22` */
static bool check_single_equals(struct parse *p)
{
	struct diag *d;

	if (!at_punct(p, '='))
		return true;
	d = diag_error(p->diags, "E0220", lexer_peek(&p->lx, 0)->span,
	               "`=` defines, it does not compare");
	diag_help(p->diags, d, "write `==`, or leave it out");
	return false;
}

/* What is there or not is compared with `exists`, `missing`, 0 and 1 only. */
static bool check_existence(struct parse *p, const struct expr *left)
{
	static const struct str words[] = { STR_INIT("exists"), STR_INIT("missing") };
	const struct token *t = lexer_peek(&p->lx, 0);

	if (left->kind != EXPR_EXTHDR || !left->exthdr.exists || t->kind != TOKEN_WORD ||
	    str_eq(t->text, words[0]) || str_eq(t->text, words[1]))
		return true;
	fail_words(p, "`exists` or `missing`", words, ARRAY_LEN(words));
	return false;
}

/* `ct label 1 / 1,5`: labels are numbers, and behind the first `/` stood a prefix length until
 * the comma. `e` itself where it is no such list. */
static struct expr *numbered_mask(struct parse *p, const struct expr *left,
                                  struct expr *e)
{
	struct expr *prefix = e && e->kind == EXPR_LIST ? e->list.p[0] : NULL;

	if (!prefix || prefix->kind != EXPR_PREFIX || !expr_is_bitmask(left))
		return e;
	struct expr *first = expr_new(p, EXPR_SYMBOL, prefix->span);
	struct expr *cmp = expr_new(p, EXPR_FLAGCMP, e->span);

	first->word = arena_fmt(p->a, "%u", prefix->prefix.len);
	e->list.p[0] = first;
	cmp->pair.left = prefix->prefix.base;
	cmp->pair.right = e;
	return cmp;
}

static bool parse_match_rest(struct parse *p, struct stmt *s, struct expr *left)
{
	s->kind = STMT_MATCH;
	s->match.left = left;
	s->match.op = take_relop(p);
	if (!check_single_equals(p) || !check_existence(p, left))
		return false;
	s->match.right = numbered_mask(p, left, parse_rhs(p));
	return s->match.right && check_negation(p, left, s->match.right) &&
	       check_flagcmp(p, left, s->match.right) &&
	       check_wildcard(p, s->match.right) &&
	       check_port_range(p, left, s->match.right);
}

static bool is_target(const struct expr *e)
{
	return e->kind == EXPR_META || e->kind == EXPR_CT || e->kind == EXPR_PAYLOAD ||
	       (e->kind == EXPR_EXTHDR && !e->exthdr.exists);
}

/* `ip protocol set igmp`: the protocol's number, and no field of it. */
static bool is_protocol_name(struct parse *p, const struct expr *target)
{
	const struct token *t = lexer_peek(&p->lx, 0), *next = lexer_peek(&p->lx, 1);
	const struct proto *proto = NULL;

	if (target->kind != EXPR_PAYLOAD || !target->payload.field ||
	    target->payload.field->type != TYPE_INET_PROTO || t->kind != TOKEN_WORD)
		return false;
	if (!symbol_by_name(datatypes[TYPE_INET_PROTO]->symbols, t->text))
		return false;
	for (int i = 0; i < PROTO_COUNT && !proto; i++)
		if (protos[i] && str_is(t->text, protos[i]->name))
			proto = protos[i];
	return next->kind != TOKEN_WORD || !proto ||
	       !field_by_name(proto->fields, next->text);
}

static bool parse_set_value(struct parse *p, struct stmt *s, struct expr *target)
{
	if (!is_target(target)) {
		diag_error(p->diags, "E0218", target->span, "this cannot be set");
		return false;
	}
	if (target->kind == EXPR_META && target->key.key->number == NFT_META_SECMARK &&
	    !(at_word(p, "ct") && str_is(lexer_peek(&p->lx, 1)->text, "secmark")))
		return parse_objref(p, s, NFT_OBJECT_SECMARK);
	s->kind = STMT_SET_VALUE;
	s->set.target = target;
	s->set.value =
		is_protocol_name(p, target) ? parse_literal(p) : parse_expr_list(p);
	return s->set.value != NULL;
}

static bool parse_vmap(struct parse *p, struct stmt *s, struct expr *left)
{
	s->kind = STMT_VERDICT;
	s->verdict = parse_mapping(p, left);
	return s->verdict != NULL;
}

/* What begins with a selector. */
static bool parse_match(struct parse *p, struct stmt *s)
{
	struct expr *left = parse_left(p);

	if (!left)
		return false;
	if (take_word(p, "set"))
		return parse_set_value(p, s, left);
	if (take_word(p, "vmap"))
		return parse_vmap(p, s, left);
	return parse_match_rest(p, s, left);
}

/* ---- others ------------------------------------------------------------------------ */

static bool parse_verdict_stmt(struct parse *p, struct stmt *s)
{
	s->kind = STMT_VERDICT;
	s->verdict = parse_verdict(p);
	return s->verdict != NULL;
}

static const struct {
	const char *word;
	uint32_t obj_type;
} ct_objects[] = {
	{ "helper", NFT_OBJECT_CT_HELPER },
	{ "timeout", NFT_OBJECT_CT_TIMEOUT },
	{ "expectation", NFT_OBJECT_CT_EXPECT },
};

static uint32_t peek_ct_object(struct parse *p)
{
	struct str word = lexer_peek(&p->lx, 1)->text;
	const struct token *set = lexer_peek(&p->lx, 2);

	if (set->kind != TOKEN_WORD || !str_is(set->text, "set"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(ct_objects); i++)
		if (str_is(word, ct_objects[i].word))
			return ct_objects[i].obj_type;
	return 0;
}

/* `ct helper set "ftp"`, `ct count 10`; every other begins a match. */
static bool parse_ct_stmt(struct parse *p, struct stmt *s)
{
	uint32_t obj_type = peek_ct_object(p);

	if (obj_type) {
		lexer_next(&p->lx);
		lexer_next(&p->lx);
		lexer_next(&p->lx);
		return parse_objref(p, s, obj_type);
	}
	if (!str_is(lexer_peek(&p->lx, 1)->text, "count"))
		return parse_match(p, s);
	lexer_next(&p->lx);
	lexer_next(&p->lx);
	return parse_ct_count(p, s);
}

static bool parse_notrack(struct parse *p, struct stmt *s)
{
	(void)p;
	s->kind = STMT_NOTRACK;
	return true;
}

/* `reset tcp option X` */
static bool parse_optstrip(struct parse *p, struct stmt *s)
{
	struct span start = lexer_peek(&p->lx, 0)->span;

	s->kind = STMT_OPTSTRIP;
	if (!take_word(p, "tcp") || !take_word(p, "option")) {
		parse_fail(p, "E0001", "expected `tcp option NAME` behind `reset`");
		return false;
	}
	s->optstrip.opt = parse_tcp_option(p, start, true);
	return s->optstrip.opt != NULL;
}

/* ---- which one --------------------------------------------------------------------- */

struct stmt_row {
	struct word word;
	stmt_fn parse;
	bool keeps_word; /* the function reads the word itself */
};

/* Sorted. */
// clang-format off
static const struct stmt_row stmts[] = {
	{ WORD("accept"),     parse_verdict_stmt,   true },
	{ WORD("add"),        parse_dynset_add,     false },
	{ WORD("continue"),   parse_verdict_stmt,   true },
	{ WORD("counter"),    parse_counter,        false },
	{ WORD("ct"),         parse_ct_stmt,        true },
	{ WORD("delete"),     parse_dynset_delete,  false },
	{ WORD("dnat"),       parse_dnat,           false },
	{ WORD("drop"),       parse_verdict_stmt,   true },
	{ WORD("dup"),        parse_dup,            false },
	{ WORD("flow"),       parse_flow,           false },
	{ WORD("fwd"),        parse_fwd,            false },
	{ WORD("goto"),       parse_verdict_stmt,   true },
	{ WORD("jump"),       parse_verdict_stmt,   true },
	{ WORD("last"),       parse_last,           false },
	{ WORD("limit"),      parse_limit,          false },
	{ WORD("log"),        parse_log,            false },
	{ WORD("masquerade"), parse_masquerade,     false },
	{ WORD("meter"),      parse_meter,          false },
	{ WORD("notrack"),    parse_notrack,        false },
	{ WORD("queue"),      parse_queue,          false },
	{ WORD("quota"),      parse_quota,          false },
	{ WORD("redirect"),   parse_redirect,       false },
	{ WORD("reject"),     parse_reject,         false },
	{ WORD("reset"),      parse_optstrip,       false },
	{ WORD("return"),     parse_verdict_stmt,   true },
	{ WORD("set"),        parse_old_set,        false },
	{ WORD("snat"),       parse_snat,           false },
	{ WORD("synproxy"),   parse_synproxy,       false },
	{ WORD("tproxy"),     parse_tproxy,         false },
	{ WORD("update"),     parse_dynset_update,  false },
};
// clang-format on

enum { PROTOS_LEN = 200 };

/* Protocols that have a field called `word`: "tcp dport, udp dport". */
static bool field_owners(struct str word, struct buf *out)
{
	size_t n = 0;

	for (int i = 0; i < PROTO_COUNT; i++) {
		if (i == PROTO_TH || !protos[i] ||
		    !field_by_name(protos[i]->fields, word))
			continue;
		if (out->n < PROTOS_LEN)
			buf_fmt(out, "%s`%s " STR_FMT "`", n ? ", " : "", protos[i]->name,
			        STR_ARG(word));
		n++;
	}
	return n > 0;
}

/* `dport 22`: the field without its protocol. */
static bool fail_bare_field(struct parse *p, const struct token *t)
{
	auto_buf owners = { 0 };
	struct diag *d;

	if (!field_owners(t->text, &owners))
		return false;
	d = diag_error(p->diags, "E0204", t->span, "`" STR_FMT "` needs its protocol",
	               STR_ARG(t->text));
	if (field_by_name(protos[PROTO_TH]->fields, t->text))
		diag_help(
			p->diags, d,
			"%s; for both TCP and UDP `meta l4proto { tcp, udp } th " STR_FMT
			"`",
			owners.p, STR_ARG(t->text));
	else
		diag_help(p->diags, d, "%s", owners.p);
	return true;
}

/* `l4proto tcp`, `state new`: a key without the word before it. */
static bool fail_bare_key(struct parse *p, const struct token *t)
{
	const char *head = NULL;
	struct diag *d;

	if (key_by_name(meta_keys, t->text))
		head = "meta";
	else if (key_by_name(ct_keys, t->text))
		head = "ct";
	if (!head)
		return false;
	d = diag_error(p->diags, "E0204", t->span, "`" STR_FMT "` needs `%s` before it",
	               STR_ARG(t->text), head);
	diag_help(p->diags, d, "`%s " STR_FMT "`", head, STR_ARG(t->text));
	return true;
}

/* `-p tcp --dport 22 -j ACCEPT` */
static const struct {
	const char *option, *words;
} iptables_options[] = {
	{ "p", "`meta l4proto tcp`, or straight `tcp dport …`" },
	{ "s", "`ip saddr`" },
	{ "d", "`ip daddr`" },
	{ "i", "`iifname`" },
	{ "o", "`oifname`" },
	{ "j", "`accept`, `drop`, `reject`, `jump CHAIN`" },
	{ "sport", "`tcp sport`" },
	{ "dport", "`tcp dport`" },
	{ "ctstate", "`ct state`" },
	{ "state", "`ct state`" },
	{ "m", "no modules are named: write what to match" },
};

/* Whether an iptables option comes; then it has been reported. */
static bool fail_iptables(struct parse *p)
{
	const struct token *t = lexer_peek(&p->lx, 0), *word = lexer_peek(&p->lx, 1);
	struct diag *d;

	if (word->kind == TOKEN_PUNCT && word->punct == '-')
		word = lexer_peek(&p->lx, 2);
	if (!at_punct(p, '-') || word->kind != TOKEN_WORD)
		return false;
	d = diag_error(p->diags, "E0131", span_join(t->span, word->span),
	               "this is an option of iptables");
	for (size_t i = 0; i < ARRAY_LEN(iptables_options); i++)
		if (str_is(word->text, iptables_options[i].option))
			diag_help(p->diags, d, "here: %s", iptables_options[i].words);
	return true;
}

static const struct {
	const char *word, *of;
} options[] = {
	{ "prefix", "log" },   { "level", "log" },           { "snaplen", "log" },
	{ "group", "log" },    { "queue-threshold", "log" }, { "rate", "limit" },
	{ "burst", "limit" },  { "packets", "counter" },     { "with", "reject" },
	{ "bypass", "queue" }, { "fanout", "queue" },
};

void *fail_unknown_word(struct parse *p)
{
	struct token t = *lexer_peek(&p->lx, 0);
	struct str words[WORDS_MAX], near;
	struct diag *d;
	size_t n = selector_words(words, WORDS_MAX - ARRAY_LEN(stmts));

	for (size_t i = 0; i < ARRAY_LEN(stmts); i++)
		words[n++] = str_from(stmts[i].word.text);
	for (size_t i = 0; p->expected && i < n; i++)
		at_any_word(p, words[i].p);
	if (fail_iptables(p))
		return NULL;
	if (t.kind != TOKEN_WORD)
		return parse_fail(p, "E0001", "expected a statement");
	if (fail_bare_field(p, &t) || fail_bare_key(p, &t))
		return NULL;
	d = diag_error(p->diags, "E0009", t.span, "`" STR_FMT "` begins no statement",
	               STR_ARG(t.text));
	near = str_nearest(t.text, words, n);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (!str_is(t.text, options[i].word))
			continue;
		diag_help(p->diags, d, "it is an option of `%s`, and stands behind that",
		          options[i].of);
		return NULL;
	}
	if (near.n)
		diag_help(p->diags, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
	return NULL;
}

/* The statement's function for what comes; NULL: none begins so. A word that is no
 * statement's is a selector's, or parse_match() says what is wrong with it. */
static stmt_fn peek_stmt(struct parse *p, bool *keeps_word)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	const struct stmt_row *row;

	*keeps_word = true;
	if (t->kind == TOKEN_PUNCT)
		return t->punct == '(' || t->punct == '@' ? parse_match : NULL;
	if (t->kind != TOKEN_WORD)
		return NULL;
	row = WORD_FIND(stmts, t->key, t->text);
	if (!row)
		return parse_match;
	*keeps_word = row->keeps_word;
	return row->parse;
}

struct stmt *parse_stmt(struct parse *p)
{
	bool keeps_word;
	stmt_fn parse = peek_stmt(p, &keeps_word);
	struct stmt *s;

	if (!parse)
		return fail_unknown_word(p);
	s = arena_new(p->a, struct stmt);
	s->span = lexer_peek(&p->lx, 0)->span;
	if (!keeps_word)
		lexer_next(&p->lx);
	if (!parse(p, s))
		return NULL;
	s->span = span_to_here(p, s->span);
	return s;
}

bool parse_rule_body(struct parse *p, struct rule *rule)
{
	rule->span = lexer_peek(&p->lx, 0)->span;
	while (!at_end_of_stmt(p) && !at_word(p, "comment")) {
		struct stmt *s = parse_stmt(p);

		if (!s)
			return false;
		stmt_list_add(&rule->stmts, p->a, s);
	}
	if (rule->stmts.n == 0) {
		parse_fail(p, "E0001", "expected a statement");
		return false;
	}
	if (take_word(p, "comment") && !parse_comment(p, &rule->comment))
		return false;
	rule->span = span_to_here(p, rule->span);
	if (at_end_of_stmt(p))
		return true;
	parse_fail(p, "E0001", "expected the end of the rule behind its comment");
	return false;
}
