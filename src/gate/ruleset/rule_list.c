/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The tags say what was sent, in its order; played upon the kernel's list they give what the
 * kernel will have at this point.
 */
#include "gate/ruleset/rule_list.h"

#include <errno.h>
#include <string.h>

#include "gate/ruleset/normalize.h"

struct reading {
	struct session *s;
	const struct command *c;
	bool texts;
	const struct format *fmt;
	struct rule_list *out;
};

static int keep_rule(void *ctx, const struct prog_rule *r)
{
	struct reading *rd = ctx;
	struct lister *l = &rd->out->l;
	struct rule_entry e = { .handle = r->handle };

	if (rd->texts) {
		buf_reset(&l->out);
		lister_rule(l, r, &l->scratch);
		e.text = arena_str(&rd->s->scratch, buf_as_str(&l->out));
		e.code = program_code(&rd->s->scratch, &r->prog);
		arena_reset(&l->scratch);
	}
	vec_push(&rd->out->list, e);
	return 0;
}

static void restart(void *ctx)
{
	((struct reading *)ctx)->out->list.n = 0;
}

static int read_loaded(struct reading *rd)
{
	static const struct dump_ops ops = { .rule = keep_rule };
	struct session *s = rd->s;
	struct dump_filter f = { .family = (uint8_t)rd->c->ref.family,
		                 .table = rd->c->ref.table,
		                 .name = rd->c->ref.name };
	int r = lister_open(&rd->out->l, s, rd->c->ref.family, rd->c->ref.table);

	rd->out->l.printer.fmt = rd->fmt;
	if (r < 0 || s->flushed)
		return r == -ENOENT ? 0 : r;
	r = s->engine->ops->dump(s->engine, DUMP_RULES, &f, &ops, restart, rd);
	return r == -ENOENT ? 0
	                    : r; /* the table or the chain is made in this transaction */
}

/* ---- what the transaction does to them ---- */

static bool is_about(const struct reading *rd, const struct tag *t)
{
	const struct name_ref *ref = &rd->c->ref;

	if (t->object == OBJ_RULESET)
		return t->verb == CMD_FLUSH &&
		       (t->family == 0 || t->family == ref->family);
	if (t->family != ref->family || !str_eq(t->table, ref->table))
		return false;
	return t->object == OBJ_TABLE ||
	       ((t->object == OBJ_CHAIN || t->object == OBJ_RULE) &&
	        str_eq(t->name, ref->name));
}

static size_t find_entry(const struct rule_list *l, uint64_t handle, uint32_t id)
{
	size_t i = 0;

	while (i < l->list.n && (id ? l->list.p[i].id != id
	                            : l->list.p[i].id || l->list.p[i].handle != handle))
		i++;
	return i;
}

static void put_entry(struct rule_list *l, size_t at, const struct rule_entry *e)
{
	vec_push(&l->list, *e);
	memmove(l->list.p + at + 1, l->list.p + at,
	        (l->list.n - 1 - at) * sizeof(*l->list.p));
	l->list.p[at] = *e;
}

static void drop_entry(struct rule_list *l, size_t at)
{
	if (at == l->list.n)
		return;
	memmove(l->list.p + at, l->list.p + at + 1,
	        (l->list.n - at - 1) * sizeof(*l->list.p));
	l->list.n--;
}

static void play_new_rule(struct rule_list *l, const struct tag *t, uint32_t number)
{
	struct rule_entry e = { .id = number, .source = t->rule };
	bool placed = t->rule_handle || t->rule_id;
	size_t at = placed ? find_entry(l, t->rule_handle, t->rule_id) : l->list.n;

	if (t->verb == CMD_REPLACE && at < l->list.n) {
		l->list.p[at] = e;
		return;
	}
	if (t->verb == CMD_INSERT && !placed)
		at = 0;
	else if (t->verb != CMD_INSERT && at < l->list.n)
		at++;
	put_entry(l, at, &e);
}

static void play_rule(struct rule_list *l, const struct tag *t, uint32_t number)
{
	switch (t->verb) {
	case CMD_ADD:
	case CMD_CREATE:
	case CMD_INSERT:
	case CMD_REPLACE:
		play_new_rule(l, t, number);
		return;
	case CMD_DELETE:
	case CMD_DESTROY:
		drop_entry(l, find_entry(l, t->rule_handle, t->rule_id));
		return;
	default: /* changes no rules */
		return;
	}
}

static void play(struct reading *rd)
{
	struct tag t;

	for (uint32_t i = 1; i < rd->s->next_tag; i++) {
		if (!tag_find(rd->s, i, &t) || !is_about(rd, &t))
			continue;
		if (t.object == OBJ_RULE)
			play_rule(rd->out, &t, i);
		else if (t.verb == CMD_FLUSH || t.verb == CMD_DELETE ||
		         t.verb == CMD_DESTROY)
			rd->out->list.n = 0;
	}
}

/* A rule that was right when it was sent stays right: nothing is reported twice. */
static void add_text(struct reading *rd, struct rule_entry *e)
{
	struct session *s = rd->s;
	struct diags *diags = s->diags;
	auto_diags nowhere = { 0 };
	struct normal_rule n;

	s->diags = &nowhere;
	if (rule_normalize(s, rd->c->ref.family, rd->c->ref.table, &e->source,
	                   &rd->out->l, &n)) {
		e->text = n.text;
		e->code = n.code;
	}
	s->diags = diags;
}

bool rule_list_read(struct session *s, const struct command *c, bool texts,
                    struct span at, struct rule_list *out)
{
	struct reading rd = { .s = s, .c = c, .texts = texts, .out = out };

	*out = (struct rule_list){ 0 };
	struct format *fmt = arena_copy(&s->scratch, s->opt->format, sizeof(*fmt));

	fmt->stateless = true;
	rd.fmt = fmt;
	int r = read_loaded(&rd);

	if (r < 0) {
		diag_error(s->diags, "E0602", at, "cannot read the chain: %s",
		           strerror(-r));
		return false;
	}
	play(&rd);
	for (size_t i = 0; texts && i < out->list.n; i++)
		if (out->list.p[i].id)
			add_text(&rd, &out->list.p[i]);
	return true;
}

void rule_list_fini(struct rule_list *r)
{
	vec_fini(&r->list);
	lister_close(&r->l);
}
