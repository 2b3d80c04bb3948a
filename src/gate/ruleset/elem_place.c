/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Elements are sent without a memory of where they came from, since there may be millions. When
 * the kernel refuses one, the text is read once more and counted.
 */
#include "gate/ruleset/elem_place.h"

struct replay {
	const struct elem_builder *b;
	uint32_t index, n;
	struct span at;
};

static void count_elem(void *ctx, const struct prog_elem *e)
{
	struct replay *r = ctx;

	(void)e;
	if (r->n++ == r->index)
		r->at = r->b->at;
}

static void replay(struct session *s, const struct tag *t, const struct set_info *info,
                   struct replay *r)
{
	struct rule_env env = { .family = t->family, .table = t->table };
	struct program unused = { 0 };
	struct elem_builder b;
	struct elems_iter it;
	struct expr *elem;
	struct lower L;
	int read;

	session_lower(s, &env, &L, &unused, &s->a);
	elem_builder_init(&b, &L, info, count_elem, r);
	b.keys_only = t->verb == CMD_DELETE;
	r->b = &b;
	for (const struct elems_part *part = t->elems; part; part = part->next) {
		elems_open(&it, s->parser, &part->text);
		while ((read = elems_next(&it, &s->a, &elem)) != 0)
			if (read > 0)
				elem_builder_add(&b, elem);
	}
	elem_builder_finish(&b);
	elem_builder_fini(&b);
	r->b = NULL;
}

bool elem_place(struct session *s, const struct tag *t, uint32_t index, struct span *at)
{
	const struct set_info *info =
		map_get(&s->sets, session_key(s, t->family, t->table, t->name));
	struct replay r = { .index = index };

	if (!info || !t->elems)
		return false;
	replay(s, t, info, &r);
	if (span_is_none(r.at))
		return false;
	*at = r.at.len ? r.at : elem_key_span(s->sources, r.at);
	return true;
}
