/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Elements are sent without a memory of where they came from, since there may be millions. When
 * the kernel refuses one, the text is read once more and counted.
 */
#include "gate/ruleset/elem_error.h"

#include <errno.h>
#include <string.h>

#include "gate/ruleset/near.h"

struct reread {
	const struct elem_builder *b;
	void (*fn)(void *ctx, const struct prog_elem *e, struct span at);
	void *ctx;
};

static void pass_on(void *ctx, const struct prog_elem *e)
{
	const struct reread *r = ctx;

	r->fn(r->ctx, e, r->b->at);
}

void elems_reread(struct session *s, const struct tag *t, const struct set_info *info,
                  void (*fn)(void *ctx, const struct prog_elem *e, struct span at),
                  void *ctx)
{
	struct rule_env env = { .family = t->family, .table = t->table };
	struct program unused = { 0 };
	struct elem_builder b;
	struct elems_iter it;
	struct expr *elem;
	struct lower L;
	struct reread r = { &b, fn, ctx };
	int read;

	session_lower(s, &env, &L, &unused, &s->a);
	elem_builder_init(&b, &L, info, pass_on, &r);
	b.keys_only = t->verb == CMD_DELETE;
	for (const struct elems_part *part = t->elems; part; part = part->next) {
		elems_open(&it, s->parser, &part->text);
		while ((read = elems_next(&it, &s->a, &elem)) != 0)
			if (read > 0)
				elem_builder_add(&b, elem);
	}
	elem_builder_finish(&b);
	elem_builder_fini(&b);
}

struct search {
	uint32_t index, n;
	struct span at;
};

static void count_elem(void *ctx, const struct prog_elem *e, struct span at)
{
	struct search *search = ctx;

	(void)e;
	if (search->n++ == search->index)
		search->at = at;
}

/* Where the element stands that was sent as number `index` for the tag. False, and *at untouched,
 * when it is not in the text. */
static bool elem_place(struct session *s, const struct tag *t, uint32_t index,
                       struct span *at)
{
	const struct set_info *info =
		map_get(&s->sets, session_key(s, t->family, t->table, t->name));
	struct search r = { .index = index };

	if (!info || !t->elems)
		return false;
	elems_reread(s, t, info, count_elem, &r);
	if (span_is_none(r.at))
		return false;
	*at = r.at.len ? r.at : elem_key_span(s->sources, r.at);
	return true;
}

void elem_error_target(struct session *s, struct span at)
{
	struct diag *d = diag_error(s->diags, "E0411", at,
	                            "a chain in this map cannot be jumped to");

	diag_note(s->diags, d,
	          "a chain with a hook is called by the kernel; rules jump to chains "
	          "without a `type … hook …` line");
}

/* What stands in the set already, and why it is in the way. */
static void explain_taken(struct session *s, const struct tag *t, struct span at,
                          bool exact)
{
	struct str text = sources_text(s->sources, at);
	struct diag *d;

	if (exact)
		d = diag_error(s->diags, "E0541", at,
		               "set `" STR_FMT "` has `" STR_FMT "` already, or one "
		               "that overlaps with it",
		               STR_ARG(t->name), STR_ARG(text));
	else
		d = diag_error(s->diags, "E0541", at,
		               "an element of set `" STR_FMT "` is there already, "
		               "or overlaps with one that is",
		               STR_ARG(t->name));
	if (exact)
		diag_help(s->diags, d,
		          "to see it: get element %s " STR_FMT " " STR_FMT " { " STR_FMT
		          " }",
		          family_name(t->family), STR_ARG(t->table), STR_ARG(t->name),
		          STR_ARG(text));
	else
		diag_help(s->diags, d,
		          "`get element` shows it; `flush set` empties the set");
}

/* What an element of a map leads to is not there. */
static void explain_element_target(struct session *s, const struct tag *t, struct span at)
{
	const struct set_info *info =
		map_get(&s->sets, session_key(s, t->family, t->table, t->name));
	const char *what = info && info->obj_type ? object_word(info->obj_type) : "chain";
	struct diag *d = diag_error(s->diags, "E0105", at,
	                            "table `%s " STR_FMT "` has no %s that this "
	                            "element names",
	                            family_name(t->family), STR_ARG(t->table), what);

	diag_help(s->diags, d, "add the %s before the element", what);
}

/* The run's first change of the set before tag `before`; span none when there is none. */
static struct span changed_before(struct session *s, const struct tag *of,
                                  uint32_t before)
{
	struct tag t;

	for (uint32_t i = 1; i < before; i++)
		if (tag_find(s, i, &t) && t.object == OBJ_ELEMENT &&
		    t.verb != CMD_DELETE && t.family == of->family &&
		    str_eq(t.table, of->table) && str_eq(t.name, of->name))
			return t.span;
	return SPAN_NONE;
}

static void explain_absent(struct session *s, const struct tag *t,
                           const struct tx_error *e, struct span at)
{
	struct diag *d =
		diag_error(s->diags, "E0540", at, "set `" STR_FMT "` has no such element",
	                   STR_ARG(t->name));
	struct span earlier = changed_before(s, t, e->tag);

	if (!span_is_none(earlier)) {
		diag_related(s->diags, d, earlier, "this run changes the set here");
		diag_note(
			s->diags, d,
			"what replaced an older interval in a transaction, the kernel does "
			"not find again in the same one: that needs a run of its own");
		return;
	}
	diag_help(s->diags, d, "`destroy element` takes it out if it is there");
}

void elem_error(struct session *s, const struct tag *t, const struct tx_error *e)
{
	struct span at = t->span;
	bool exact = e->part == PART_ELEM && elem_place(s, t, e->index, &at);
	struct diag *d;

	switch (e->err) {
	case EEXIST:
	case ENOTEMPTY:
		explain_taken(s, t, at, exact);
		return;
	case ENFILE:
	case ENOSPC:
		d = diag_error(s->diags, "E0542", at, "set `" STR_FMT "` is full",
		               STR_ARG(t->name));
		if (exact)
			diag_note(s->diags, d, "this is the first that does not fit");
		diag_help(s->diags, d,
		          "its `size` is the limit: make the set anew with a larger one");
		return;
	case ENOENT:
		if (t->verb != CMD_DELETE && e->part == PART_ELEM) {
			explain_element_target(s, t, at);
			return;
		}
		if (t->verb != CMD_DELETE) {
			missing_object(s, t);
			return;
		}
		explain_absent(s, t, e, at);
		return;
	case EOPNOTSUPP:
		elem_error_target(s, at);
		return;
	default:
		d = diag_error(s->diags, "E0543", at,
		               "the kernel refuses an element of `" STR_FMT "`: %s",
		               STR_ARG(t->name), strerror(e->err));
		if (e->text.n)
			diag_note(s->diags, d, "the kernel says: " STR_FMT,
			          STR_ARG(e->text));
	}
}
