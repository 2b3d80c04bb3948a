/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Names are looked for in the kernel and in what this run makes; both may be empty.
 */
#include "gate/ruleset/near.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <strings.h>

enum { NAMES_MAX = 128, NAMES_SHOWN = 20 };

struct near {
	struct session *s;
	enum dump_kind kind;
	enum family family;
	struct str table, name;
	uint32_t obj_type;
	struct str names[NAMES_MAX]; /* of the table, in `s->a` */
	size_t n;
	bool is_loaded; /* the names being taken are the kernel's */
	uint32_t without,
		with; /* set flags: a set with one of `without`, or without one of
	                              * `with`, is of another kind than was asked for */
	bool maps;    /* a map was asked for */
	const char *other_kind; /* "map": the name is there, as that; NULL: it is not */
	bool deleted;         /* the name is there until this transaction takes it away */
	struct str elsewhere; /* "inet g": another table that has the name */
};

static void take_name(struct near *n, uint8_t family, struct str table, struct str name)
{
	bool here = family == n->family && str_eq(table, n->table);

	if (!here && str_eq(name, n->name) && n->elsewhere.n == 0)
		n->elsewhere = arena_fmt(&n->s->a, "%s " STR_FMT, family_name(family),
		                         STR_ARG(table));
	if (here && str_eq(name, n->name))
		n->deleted |= n->is_loaded; /* by this transaction, before */
	if (!here || n->n == NAMES_MAX || str_eq(name, n->name))
		return;
	for (size_t i = 0; i < n->n; i++)
		if (str_eq(n->names[i], name))
			return;
	n->names[n->n++] = arena_str(&n->s->a, name);
}

static int take_chain(void *ctx, const struct prog_chain *c)
{
	if (!(c->flags & NFT_CHAIN_BINDING))
		take_name(ctx, c->family, c->table, c->name);
	return 0;
}

static int take_set(void *ctx, const struct prog_set *set)
{
	struct near *n = ctx;
	bool here = set->family == n->family && str_eq(set->table, n->table);

	if (set->flags & NFT_SET_ANONYMOUS)
		return 0;
	bool is_map = set->flags & (NFT_SET_MAP | NFT_SET_OBJECT);

	if (set->flags & n->without || (set->flags & n->with) != n->with ||
	    (n->maps && !is_map)) {
		if (here && str_eq(set->name, n->name))
			n->other_kind = is_map ? "map" : "set";
		return 0;
	}
	take_name(n, set->family, set->table, set->name);
	return 0;
}

static int take_obj(void *ctx, const struct prog_obj *o)
{
	struct near *n = ctx;

	if (n->obj_type == 0 || n->obj_type == o->type)
		take_name(n, o->family, o->table, o->name);
	return 0;
}

static int take_flowtable(void *ctx, const struct prog_flowtable *f)
{
	take_name(ctx, f->family, f->table, f->name);
	return 0;
}

static void restart(void *ctx)
{
	((struct near *)ctx)->n = 0;
}

static bool tag_is(const struct tag *t, enum dump_kind kind, uint32_t obj_type)
{
	switch (t->object) {
	case OBJ_CHAIN:
		return kind == DUMP_CHAINS;
	case OBJ_SET:
	case OBJ_MAP:
		return kind == DUMP_SETS;
	case OBJ_NAMED:
		return kind == DUMP_OBJS && (obj_type == 0 || obj_type == t->obj_type);
	case OBJ_FLOWTABLE:
		return kind == DUMP_FLOWTABLES;
	default: /* what has no name of its own */
		return false;
	}
}

static void collect(struct near *n)
{
	static const struct dump_ops ops = { .chain = take_chain,
		                             .set = take_set,
		                             .obj = take_obj,
		                             .flowtable = take_flowtable };
	struct dump_filter all = { 0 };
	struct session *s = n->s;

	if (s->engine && !s->flushed)
		s->engine->ops->dump(s->engine, n->kind, &all, &ops, restart, n);
	n->is_loaded = false;
	for (size_t i = 0; i < s->tags.n; i++) {
		const struct tag *t = &s->tags.p[i];

		if ((t->verb == CMD_ADD || t->verb == CMD_CREATE) &&
		    tag_is(t, n->kind, n->obj_type))
			take_name(n, (uint8_t)t->family, t->table, t->name);
	}
}

static bool differs_in_case(struct str a, struct str b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static void suggest(struct near *n, struct diag *d)
{
	struct str best = str_nearest(n->name, n->names, n->n);
	struct diags *ds = n->s->diags;
	auto_buf list = { 0 };

	for (size_t i = 0; i < n->n && i < NAMES_SHOWN; i++)
		buf_fmt(&list, "%s" STR_FMT, list.n ? ", " : "", STR_ARG(n->names[i]));
	if (n->n > NAMES_SHOWN)
		buf_cstr(&list, " …");
	if (n->other_kind)
		diag_note(ds, d, "`" STR_FMT "` is a %s", STR_ARG(n->name),
		          n->other_kind);
	if (n->deleted)
		diag_note(ds, d, "it is there now; this transaction deletes it before");
	if (best.n && !n->deleted)
		diag_help(ds, d, "%sdid you mean `" STR_FMT "`?   (there are: %.*s)",
		          differs_in_case(best, n->name) ? "names are case sensitive; "
		                                         : "",
		          STR_ARG(best), (int)list.n, list.p);
	else if (list.n)
		diag_help(ds, d, "there are: %.*s", (int)list.n, list.p);
	if (n->elsewhere.n)
		diag_note(ds, d,
		          "table `" STR_FMT
		          "` has one of this name; tables do not see into each "
		          "other",
		          STR_ARG(n->elsewhere));
}

static const char *code_of(enum dump_kind kind)
{
	return kind == DUMP_SETS ? "E0102" : kind == DUMP_OBJS ? "E0105" : "E0101";
}

bool table_exists(struct session *s, enum family f, struct str table)
{
	struct dump_filter filter = { .family = (uint8_t)f, .table = table };
	static const struct dump_ops none;

	if (map_has(&s->tables, session_key(s, f, table, STR(""))))
		return true;
	return s->engine && !s->flushed &&
	       s->engine->ops->get(s->engine, DUMP_TABLES, &filter, &none, NULL) !=
	               -ENOENT;
}

static void report(struct near *n, const char *what, struct span span)
{
	struct session *s = n->s;
	struct diag *d;

	if (!table_exists(s, n->family, n->table)) {
		no_such_table(s, (uint8_t)n->family, n->table, span);
		return;
	}
	d = diag_error(s->diags, code_of(n->kind), span,
	               "table `%s " STR_FMT "` has no %s `" STR_FMT "`",
	               family_name(n->family), STR_ARG(n->table), what, STR_ARG(n->name));
	n->is_loaded = true;
	collect(n);
	suggest(n, d);
}

void no_such_name(struct session *s, enum dump_kind kind, const char *what, enum family f,
                  struct str table, struct str name, uint32_t obj_type, struct span span)
{
	struct near *n = arena_new(&s->a, struct near);

	*n = (struct near){ .s = s,
		            .kind = kind,
		            .family = f,
		            .table = table,
		            .name = name,
		            .obj_type = obj_type };
	report(n, what, span);
}

const char *object_word(uint32_t obj_type)
{
	switch (obj_type) {
	case NFT_OBJECT_COUNTER:
		return "counter";
	case NFT_OBJECT_QUOTA:
		return "quota";
	case NFT_OBJECT_CT_HELPER:
		return "ct helper";
	case NFT_OBJECT_LIMIT:
		return "limit";
	case NFT_OBJECT_CT_TIMEOUT:
		return "ct timeout";
	case NFT_OBJECT_SECMARK:
		return "secmark";
	case NFT_OBJECT_CT_EXPECT:
		return "ct expectation";
	case NFT_OBJECT_SYNPROXY:
		return "synproxy";
	default: /* a kind that gate does not write */
		return "object";
	}
}

void no_such_object(struct session *s, const struct command *c)
{
	static const struct {
		enum command_object object;
		enum dump_kind kind;
		const char *word;
		uint32_t without, with;
	} rows[] = {
		{ OBJ_CHAIN, DUMP_CHAINS, "chain", 0, 0 },
		{ OBJ_RULE, DUMP_CHAINS, "chain", 0, 0 },
		{ OBJ_RULES, DUMP_CHAINS, "chain", 0, 0 },
		{ OBJ_SET, DUMP_SETS, "set", NFT_SET_MAP | NFT_SET_OBJECT, 0 },
		{ OBJ_MAP, DUMP_SETS, "map", 0, 0 },
		{ OBJ_METER, DUMP_SETS, "meter", 0, NFT_SET_EVAL },
		{ OBJ_ELEMENT, DUMP_SETS, "set", 0, 0 },
		{ OBJ_FLOWTABLE, DUMP_FLOWTABLES, "flow table", 0, 0 },
	};
	struct near *n = arena_new(&s->a, struct near);
	const char *word = object_word(c->obj_type);

	*n = (struct near){ .s = s,
		            .kind = DUMP_OBJS,
		            .family = c->ref.family,
		            .table = c->ref.table,
		            .name = c->ref.name,
		            .obj_type = c->obj_type };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].object != c->object)
			continue;
		n->kind = rows[i].kind;
		n->without = rows[i].without;
		n->with = rows[i].with;
		n->maps = c->object == OBJ_MAP;
		word = rows[i].word;
	}
	report(n, word, c->ref.name_span);
}

/* ---- tables ---- */

static int take_table(void *ctx, const struct prog_table *t)
{
	struct near *n = ctx;

	if (str_eq(t->name, n->name) && t->family != n->family && n->elsewhere.n == 0)
		n->elsewhere = str_from(family_name(t->family));
	if (n->n < NAMES_MAX)
		n->names[n->n++] = arena_fmt(&n->s->a, "%s " STR_FMT,
		                             family_name(t->family), STR_ARG(t->name));
	return 0;
}

/* The full name of the table whose own name is nearest: families do not make names alike. */
static struct str nearest_table(const struct near *n)
{
	struct str own[NAMES_MAX], best;

	for (size_t i = 0; i < n->n; i++)
		own[i] = str_sub(n->names[i], str_find(n->names[i], ' ') + 1,
		                 n->names[i].n);
	best = str_nearest(n->name, own, n->n);
	for (size_t i = 0; best.n && i < n->n; i++)
		if (own[i].p == best.p)
			return n->names[i];
	return (struct str){ 0 };
}

static void suggest_table(struct near *n, struct diag *d)
{
	struct diags *ds = n->s->diags;
	struct str full = arena_fmt(&n->s->a, "%s " STR_FMT, family_name(n->family),
	                            STR_ARG(n->name));
	struct str best = nearest_table(n);
	auto_buf list = { 0 };

	for (size_t i = 0; i < n->n && i < NAMES_SHOWN; i++)
		buf_fmt(&list, "%s" STR_FMT, list.n ? ", " : "", STR_ARG(n->names[i]));
	if (n->elsewhere.n)
		diag_help(ds, d,
		          "there is a table `" STR_FMT " " STR_FMT "`: write the family",
		          STR_ARG(n->elsewhere), STR_ARG(n->name));
	else if (best.n)
		diag_help(ds, d, "did you mean `" STR_FMT "`?", STR_ARG(best));
	if (list.n)
		diag_note(ds, d, "tables here: %.*s", (int)list.n, list.p);
	else
		diag_note(ds, d, "there is no table at all; make one: add table " STR_FMT,
		          STR_ARG(full));
}

void no_such_table(struct session *s, uint8_t family, struct str table, struct span span)
{
	static const struct dump_ops ops = { .table = take_table };
	struct dump_filter all = { 0 };
	struct near *n = arena_new(&s->a, struct near);
	struct diag *d =
		diag_error(s->diags, "E0100", span, "there is no table `%s " STR_FMT "`",
	                   family_name(family), STR_ARG(table));

	*n = (struct near){ .s = s, .family = (enum family)family, .name = table };
	if (s->flushed) {
		diag_note(s->diags, d,
		          "`flush ruleset` above takes all tables away; make it again: "
		          "add table %s " STR_FMT,
		          family_name(family), STR_ARG(table));
		return;
	}
	if (s->engine &&
	    s->engine->ops->dump(s->engine, DUMP_TABLES, &all, &ops, restart, n) >= 0)
		suggest_table(n, d);
}
