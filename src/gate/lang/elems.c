/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Elements of named sets, one at a time out of their text. Files hold millions of them,
 * nearly all a bare address, a prefix or a range: these are read straight from the bytes,
 * everything else by parse_elem().
 */
#include "gate/lang/parse_parts.h"

#include <errno.h>

enum { VARIABLE_DEPTH_MAX = 16 };

struct elems_state {
	struct parse p;
	/* Sets out of variables, which stand for their elements. */
	struct {
		const struct expr_list *list;
		size_t next;
	} sets[VARIABLE_DEPTH_MAX];
	size_t n_sets;
	bool is_value_read;
	struct elems_state *next; /* among those that are not used now */
};

static void push_set(struct elems_state *s, const struct expr_list *list)
{
	if (s->n_sets == VARIABLE_DEPTH_MAX)
		return; /* values are flat when they are bound */
	s->sets[s->n_sets].list = list;
	s->sets[s->n_sets++].next = 0;
}

void elems_open(struct elems_iter *it, struct parser *parser,
                const struct elems_text *text)
{
	struct elems_state **spare = parser_spare_elems(parser), *s = *spare;

	if (s)
		*spare = s->next;
	else
		s = arena_new(parser_arena(parser), struct elems_state);
	parser_parse(parser, parser_arena(parser), text->span, text->scope, text->seq,
	             &s->p);
	s->n_sets = 0;
	s->is_value_read = false;
	lexer_newlines(&s->p.lx, true);
	*it = (struct elems_iter){ .parser = parser, .text = text, .state = s };
	if (text->expr && text->expr->kind == EXPR_SET)
		push_set(s, &text->expr->list);
}

/* ---- the fast path ------------------------------------------------------------------ */

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* Up to three digits and no more; NULL otherwise. */
static const char *read_len(const char *p, const char *end, unsigned *len)
{
	const char *from = p;

	for (*len = 0; p < end && *p >= '0' && *p <= '9' && p - from < 3; p++)
		*len = *len * 10 + (unsigned)(*p - '0');
	if (p == from || *len > 128 || (p - from > 1 && *from == '0'))
		return NULL;
	return p;
}

static struct expr *new_symbol(struct parse *p, const char *from, size_t n)
{
	struct expr *e = expr_new(p, EXPR_SYMBOL, lexer_span(&p->lx, from, from + n));

	e->word = (struct str){ from, n };
	return e;
}

/* `a/len` or `a-b` behind the word `a`; *to is moved behind it. NULL: something else. */
static struct expr *quick_interval(struct parse *p, struct expr *base, const char **to)
{
	const char *at = *to, *end = p->lx.end, *from = p->lx.start + base->span.off;
	enum token_kind kind;
	struct expr *e;
	unsigned len;
	size_t n;

	if (*at == '/') {
		at = read_len(at + 1, end, &len);
		if (!at)
			return NULL;
		e = expr_new(p, EXPR_PREFIX, lexer_span(&p->lx, from, at));
		e->prefix.base = base;
		e->prefix.len = len;
	} else {
		n = lexer_word(at + 1, end, &kind);
		if (n == 0)
			return NULL;
		e = expr_new(p, EXPR_RANGE, lexer_span(&p->lx, from, at + 1 + n));
		e->pair.left = base;
		e->pair.right = new_symbol(p, at + 1, n);
		at += 1 + n;
	}
	*to = at;
	return e;
}

/* `: 80` behind a key: a value that begins with a digit; *to is moved behind it. False:
 * something else. */
static bool quick_data(struct parse *p, struct expr *elem, const char **to)
{
	const char *end = p->lx.end, *from = skip_space(*to + 1, end);
	enum token_kind kind;
	size_t n;

	if (from == end || *from < '0' || *from > '9')
		return false;
	n = lexer_word(from, end, &kind);
	elem->elem.data = new_symbol(p, from, n);
	elem->span = span_join(elem->span, elem->elem.data->span);
	*to = skip_space(from + n, end);
	return true;
}

/* A word, prefix or range, perhaps with a value, that a comma or the end follows. NULL when it
 * is anything else, with nothing taken. */
static struct expr *quick_elem(struct parse *p)
{
	const char *end = p->lx.end, *from = skip_space(p->lx.taken, end), *to;
	enum token_kind kind;
	size_t n = lexer_word(from, end, &kind);
	struct expr *key, *e;

	if (n == 0)
		return NULL;
	key = new_symbol(p, from, n);
	to = from + n;
	if (to < end && (*to == '/' || *to == '-'))
		key = quick_interval(p, key, &to);
	if (!key)
		return NULL;
	e = expr_new(p, EXPR_ELEM, key->span);
	e->elem.key = key;
	to = skip_space(to, end);
	if (to < end && *to == ':' && !quick_data(p, e, &to))
		return NULL;
	if (to < end && *to != ',')
		return NULL;
	lexer_seek(&p->lx, to < end ? to + 1 : end);
	return e;
}

/* ---- any element -------------------------------------------------------------------- */

/* After a mistake: behind the next comma that stands in no braces. */
static void skip_elem(struct lexer *lx)
{
	const char *p = lx->taken;

	while (p < lx->end && *p != ',') {
		if (*p == '{')
			p = lexer_find_close(p + 1, lx->end);
		else if (*p == '"')
			p = memchr(p + 1, '"', (size_t)(lx->end - p - 1));
		else if (*p == '#')
			p = memchr(p, '\n', (size_t)(lx->end - p));
		p = p ? p + 1 : lx->end;
	}
	lexer_seek(lx, p < lx->end ? p + 1 : lx->end);
}

static struct expr *slow_elem(struct parse *p)
{
	size_t errors = p->diags->errors;
	int skip_newlines = p->lx.skip_newlines, depth = p->depth;
	struct expr *e = parse_elem(p);

	if (e && parse_elem_end(p, e) && p->diags->errors == errors)
		return e;
	p->lx.skip_newlines = skip_newlines;
	p->depth = depth;
	skip_elem(&p->lx);
	return NULL;
}

/* `$set` as an element: all of its elements, read where they are. False: it is something
 * else, or wrong, and parse_elem() will say so. */
static bool take_set_variable(struct elems_state *s)
{
	const struct token *t = lexer_peek(&s->p.lx, 0);
	const struct expr *value = NULL;

	if (t->kind == TOKEN_VARIABLE)
		value = scope_find(s->p.scope, t->text, s->p.seq);
	if (!value || value->kind != EXPR_SET)
		return false;
	t = lexer_peek(&s->p.lx, 1);
	if (t->kind != TOKEN_END && !(t->kind == TOKEN_PUNCT && t->punct == ','))
		return false;
	lexer_next(&s->p.lx);
	take_punct(&s->p, ',');
	push_set(s, &value->list);
	return true;
}

/* The next element of the innermost variable, or NULL at its end. */
static struct expr *next_of_variable(struct elems_state *s)
{
	while (s->n_sets) {
		const struct expr_list *list = s->sets[s->n_sets - 1].list;
		size_t i = s->sets[s->n_sets - 1].next++;

		if (i < list->n)
			return expr_copy(s->p.a, list->p[i]);
		s->n_sets--;
	}
	return NULL;
}

/* `elements = $one`: a variable that holds one value. */
static struct expr *wrap_value(struct elems_state *s, const struct expr *value)
{
	struct expr *e = expr_new(&s->p, EXPR_ELEM, value->span);

	e->elem.key = expr_copy(s->p.a, value);
	return e;
}

static void close_state(struct elems_iter *it)
{
	struct elems_state **spare = parser_spare_elems(it->parser), *s = it->state;

	s->next = *spare;
	*spare = s;
	it->state = NULL;
}

/* A set in the set stands for its elements too; it outlives the one just read. */
static void push_nested(struct elems_state *s, const struct expr *set)
{
	push_set(s, &expr_copy(parser_arena(s->p.parser), set)->list);
}

static int next_of_text(struct elems_state *s, struct expr **elem)
{
	for (;;) {
		struct expr *e = next_of_variable(s);

		if (!e)
			e = quick_elem(&s->p);
		if (!e && lexer_peek(&s->p.lx, 0)->kind == TOKEN_END)
			return 0;
		if (!e && take_set_variable(s))
			continue;
		if (!e)
			e = slow_elem(&s->p);
		if (!e)
			return -EINVAL;
		*elem = e;
		if (e->elem.key->kind != EXPR_SET || e->elem.data)
			return 1;
		push_nested(s, e->elem.key);
	}
}

/* `elements = $x`: the elements of its set, or its one value. */
static int next_of_value(struct elems_state *s, const struct expr *value,
                         struct expr **elem)
{
	struct expr *e = next_of_variable(s);

	if (!e && value->kind != EXPR_SET && !s->is_value_read)
		e = wrap_value(s, value);
	s->is_value_read = true;
	if (!e)
		return 0;
	*elem = e;
	return 1;
}

int elems_next(struct elems_iter *it, struct arena *a, struct expr **elem)
{
	struct elems_state *s = it->state;
	int r;

	if (!s)
		return 0;
	s->p.a = a;
	r = it->text->expr ? next_of_value(s, it->text->expr, elem)
	                   : next_of_text(s, elem);
	if (r == 0)
		close_state(it);
	return r;
}
