/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The kernel's notifications come while the socket is in use, and what they tell of rules needs
 * more of it: so they are noted down first, and printed when the transaction is through.
 */
#include "gate/ruleset/echo.h"

#include <linux/netfilter/nf_tables.h>

#include "gate/ruleset/lister.h"
#include "gate/ruleset/objects.h"

/* One thing that was added. */
struct echoed {
	enum dump_kind kind;
	uint8_t family;
	struct str table, name;    /* name: chain of a rule, set of elements */
	uint64_t handle, position; /* position: the rule it was put beside, or 0 */
	enum tx_op how;
	struct elem_list *elems;
};

struct echo {
	struct session *s;
	enum tx_op how; /* what comes now was added */
	VEC(struct echoed) list;
	struct echoed *elems; /* the set whose elements come now; NULL: not known */
};

static void free_list(void *p)
{
	vec_fini(&((struct echo *)p)->list);
}

struct echo *echo_new(struct session *s)
{
	struct echo *e = arena_new(&s->a, struct echo);

	e->s = s;
	arena_defer(&s->a, free_list, e);
	return e;
}

static struct echoed *note(struct echo *e, enum dump_kind kind, uint8_t family,
                           struct str table, struct str name, uint64_t handle)
{
	struct arena *a = &e->s->a;

	vec_push(&e->list, (struct echoed){ .kind = kind,
	                                    .family = family,
	                                    .table = arena_str(a, table),
	                                    .name = arena_str(a, name),
	                                    .handle = handle,
	                                    .how = e->how });
	return &e->list.p[e->list.n - 1];
}

static void note_how(void *ctx, enum tx_op op)
{
	((struct echo *)ctx)->how = op;
}

static int note_table(void *ctx, const struct prog_table *t)
{
	note(ctx, DUMP_TABLES, t->family, t->name, (struct str){ 0 }, t->handle);
	return 0;
}

static int note_chain(void *ctx, const struct prog_chain *c)
{
	note(ctx, DUMP_CHAINS, c->family, c->table, c->name, c->handle);
	return 0;
}

static int note_rule(void *ctx, const struct prog_rule *r)
{
	note(ctx, DUMP_RULES, r->family, r->table, r->chain, r->handle)->position =
		r->position;
	return 0;
}

static int note_set(void *ctx, const struct prog_set *s)
{
	if (!(s->flags & NFT_SET_ANONYMOUS))
		note(ctx, DUMP_SETS, s->family, s->table, s->name, s->handle);
	return 0;
}

static int note_obj(void *ctx, const struct prog_obj *o)
{
	note(ctx, DUMP_OBJS, o->family, o->table, o->name, o->handle);
	return 0;
}

static int note_flowtable(void *ctx, const struct prog_flowtable *f)
{
	note(ctx, DUMP_FLOWTABLES, f->family, f->table, f->name, f->handle);
	return 0;
}

/* Elements of a set follow, perhaps behind others of the same set. */
static int note_elems(void *ctx, uint8_t family, struct str table, struct str set)
{
	struct echo *e = ctx;
	const struct set_info *info =
		map_get(&e->s->sets, session_key(e->s, family, table, set));

	if (e->elems && str_eq(e->elems->name, set) && str_eq(e->elems->table, table))
		return 0;
	e->elems = NULL;
	if (!info) /* a literal in a rule */
		return 0;
	e->elems = note(e, DUMP_ELEMS, family, table, set, 0);
	e->elems->elems = arena_new(&e->s->a, struct elem_list);
	elem_list_init(e->elems->elems, &e->s->a, info);
	return 0;
}

static int note_elem(void *ctx, const struct prog_elem *elem)
{
	struct echo *e = ctx;

	return e->elems ? elem_list_add(e->elems->elems, elem) : 0;
}

const struct dump_ops echo_ops = {
	.how = note_how,
	.table = note_table,
	.chain = note_chain,
	.rule = note_rule,
	.set = note_set,
	.obj = note_obj,
	.flowtable = note_flowtable,
	.elems = note_elems,
	.elem = note_elem,
};

/* ---- printing ---- */

static const char *verb(const struct echoed *x)
{
	return x->how == TX_CREATE ? "create" : x->how == TX_INSERT ? "insert" : "add";
}

/* A block as one line, as nft has it: `set inet t s { type ipv4_addr; flags interval; } `. */
static void put_block(struct buf *out, const struct echoed *x, struct str text)
{
	size_t brace = str_find(text, '{');
	struct str head = str_trim(str_sub(text, 0, brace));
	size_t kind = head.n - x->name.n; /* `ct helper h`: the words before the name */
	const char *end = x->kind == DUMP_SETS ? ";" : "";

	buf_fmt(out, STR_FMT "%s " STR_FMT " " STR_FMT " {",
	        STR_ARG(str_sub(head, 0, kind)), family_name(x->family),
	        STR_ARG(x->table), STR_ARG(x->name));
	text = str_sub(text, brace + 1, text.n);
	while (text.n) {
		size_t n = str_find(text, '\n');
		struct str line = str_trim(str_sub(text, 0, n));

		text = str_sub(text, n + 1, text.n);
		if (line.n && !str_is(line, "}"))
			buf_fmt(out, " " STR_FMT "%s", STR_ARG(line),
			        line.p[0] == '#' || line.p[line.n - 1] == ';' ? "" : end);
	}
	buf_cstr(out, " } ");
}

static void put_chain(struct session *s, struct buf *out, const struct echoed *x)
{
	struct prog_chain c;

	buf_fmt(out, "chain %s " STR_FMT " " STR_FMT, family_name(x->family),
	        STR_ARG(x->table), STR_ARG(x->name));
	if (session_get_chain(s, x->family, x->table, x->name, &c) < 0 || !c.is_base)
		return;
	buf_fmt(out, " { type " STR_FMT " hook %s priority ", STR_ARG(c.type),
	        hook_name(x->family, c.hook) ? hook_name(x->family, c.hook) : "?");
	priority_print(x->family, (int)c.hook, c.priority, out);
	buf_fmt(out, "; policy %s; }", c.policy == 0 ? "drop" : "accept");
}

static int print_rule_of(void *ctx, const struct prog_rule *r)
{
	struct lister *l = ctx;

	lister_rule(l, r, &l->scratch);
	return 0;
}

static void restart(void *ctx)
{
	struct lister *l = ctx;

	l->out.n = l->mark;
}

static void print_rule_line(struct session *s, struct lister *l, const struct echoed *x)
{
	static const struct dump_ops ops = { .rule = print_rule_of };
	struct dump_filter f = { .family = x->family,
		                 .table = x->table,
		                 .name = x->name,
		                 .handle = x->handle };

	buf_fmt(&l->out, "%s rule %s " STR_FMT " " STR_FMT " ", verb(x),
	        family_name(x->family), STR_ARG(x->table), STR_ARG(x->name));
	if (x->position)
		buf_fmt(&l->out, "handle %llu ", (unsigned long long)x->position);
	l->mark = l->out.n;
	s->engine->ops->dump(s->engine, DUMP_RULES, &f, &ops, restart, l);
}

static void print_elem_lines(struct lister *l, const struct echoed *x)
{
	struct expr *e;
	size_t at = 0;

	elem_list_sort(x->elems);
	while ((e = elem_list_next(x->elems, &at, &l->scratch))) {
		buf_fmt(&l->out, "%s element %s " STR_FMT " " STR_FMT " { ", verb(x),
		        family_name(x->family), STR_ARG(x->table), STR_ARG(x->name));
		print_expr(&l->printer, e);
		buf_cstr(&l->out, " }\n");
	}
	elem_list_fini(x->elems);
}

static void print_thing(struct echo *e, struct lister *l, const struct echoed *x)
{
	struct session *s = e->s;
	auto_buf block = { 0 };

	switch (x->kind) {
	case DUMP_ELEMS:
		print_elem_lines(l, x);
		return;
	case DUMP_SETS:
	case DUMP_OBJS:
	case DUMP_FLOWTABLES:
		if (!lister_block(l, x->kind, x->name))
			return;
		buf_str(&block, buf_as_str(&l->out));
		buf_reset(&l->out);
		buf_fmt(&l->out, "%s ", verb(x));
		put_block(&l->out, x, buf_as_str(&block));
		buf_char(&l->out, '\n');
		return;
	case DUMP_RULES:
		print_rule_line(s, l, x);
		break;
	case DUMP_TABLES:
		buf_fmt(&l->out, "%s table %s " STR_FMT, verb(x), family_name(x->family),
		        STR_ARG(x->table));
		break;
	case DUMP_CHAINS:
		buf_fmt(&l->out, "%s ", verb(x));
		put_chain(s, &l->out, x);
		break;
	}
	if (s->opt->format->handles && x->handle)
		buf_fmt(&l->out, " # handle %llu", (unsigned long long)x->handle);
	buf_char(&l->out, '\n');
}

/* nft's last line. Under another name nobody waits for it. */
static void put_generation(struct session *s)
{
	auto_buf line = { 0 };
	uint32_t generation;

	if (!s->opt->nft_pid || s->engine->ops->generation(s->engine, &generation) < 0)
		return;
	buf_fmt(&line, "# new generation %u by process %d (nft)\n", generation,
	        s->opt->nft_pid);
	session_write(s, &line);
}

void echo_print(struct echo *e)
{
	for (size_t i = 0; i < e->list.n; i++) {
		const struct echoed *x = &e->list.p[i];
		struct lister l;

		if (lister_open(&l, e->s, x->family, x->table) >= 0) {
			print_thing(e, &l, x);
			session_write(e->s, &l.out);
		}
		lister_close(&l);
	}
	if (e->list.n)
		put_generation(e->s);
}
