/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Names from define, redefine and undefine. A scope belongs to a block; the outermost one
 * to the parser. Bindings are only ever added: text that is read later (rules, elements)
 * remembers how many there were when it was met, and sees those.
 */
#include "gate/lang/parse.h"

#include "base/map.h"

struct binding {
	struct expr *value; /* NULL: undefined from here on */
	struct span span;
	uint32_t seq;
	struct binding *older; /* of the same name */
};

struct scope {
	struct scope *parent;
	struct arena *a;
	struct map names; /* to the newest binding of each */
};

static void release_names(void *arg)
{
	map_fini(arg);
}

struct scope *scope_new(struct arena *a, struct scope *parent)
{
	struct scope *s = arena_new(a, struct scope);

	s->parent = parent;
	s->a = a;
	return s;
}

struct arena *scope_arena(const struct scope *s)
{
	return s->a;
}

void scope_bind(struct scope *s, struct arena *a, struct str name, struct expr *value,
                struct span span, uint32_t seq)
{
	struct binding *b = arena_new(a, struct binding);

	if (s->names.cap == 0)
		arena_defer(s->a, release_names, &s->names);
	*b = (struct binding){ value, span, seq, map_get(&s->names, name) };
	map_put(&s->names, name, b);
}

/* The newest binding of `name` before `seq` in `s` alone. */
static const struct binding *find_here(const struct scope *s, struct str name,
                                       uint32_t seq)
{
	const struct binding *b = map_get(&s->names, name);

	while (b && b->seq >= seq)
		b = b->older;
	return b;
}

static const struct binding *find(const struct scope *s, struct str name, uint32_t seq)
{
	for (; s; s = s->parent) {
		const struct binding *b = find_here(s, name, seq);

		if (b && b->value)
			return b;
	}
	return NULL;
}

struct expr *scope_find(const struct scope *s, struct str name, uint32_t seq)
{
	const struct binding *b = find(s, name, seq);

	return b ? b->value : NULL;
}

struct span scope_place(const struct scope *s, struct str name, uint32_t seq)
{
	const struct binding *b = find(s, name, seq);

	return b ? b->span : SPAN_NONE;
}

struct span scope_place_here(const struct scope *s, struct str name, uint32_t seq)
{
	const struct binding *b = find_here(s, name, seq);

	return b && b->value ? b->span : SPAN_NONE;
}

struct str scope_nearest(const struct scope *s, struct str name)
{
	VEC(struct str) words = { 0 };
	struct str nearest;

	for (; s; s = s->parent)
		map_for_each(it, &s->names)
			if (((const struct binding *)it->value)->value)
				vec_push(&words, it->key);
	nearest = str_nearest(name, words.p, words.n);
	vec_fini(&words);
	return nearest;
}
