/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The engine's face: collecting a transaction's pieces. */
#include "gate/engine/memory/memory.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>

#include "base/oom.h"
#include "gate/program/copy.h"

static struct memory *memory_of(struct engine *e)
{
	return (struct memory *)e;
}

void memory_fini(struct memory *m)
{
	map_fini(&m->handles);
	state_fini(&m->now);
	arena_fini(&m->a);
}

static void memory_close(struct engine *e)
{
	memory_fini(memory_of(e));
	free(e);
}

static bool memory_destroys(struct engine *e)
{
	(void)e;
	return true;
}

static int memory_generation(struct engine *e, uint32_t *gen)
{
	*gen = memory_of(e)->next_tx;
	return 0;
}

/* ---- a transaction ---- */

static int memory_tx_begin(struct engine *e, uint32_t gen, struct tx **out)
{
	struct tx *tx = base_calloc(1, sizeof(*tx));

	(void)gen; /* nobody else changes it */
	tx->m = memory_of(e);
	tx->number = ++tx->m->next_tx;
	*out = tx;
	return 0;
}

/* A copy that lasts: what a piece is made of is gone when the call returns. */
#define KEEP(tx, copy, x)                                       \
	({                                                      \
		__auto_type kept_ = copy(&(tx)->m->a, (x));     \
		arena_copy(&(tx)->m->a, &kept_, sizeof(kept_)); \
	})

static struct piece *add_piece(struct tx *tx, enum dump_kind kind, enum tx_op op,
                               uint32_t tag)
{
	struct piece *p = vec_add(&tx->pieces);

	p->kind = kind;
	p->op = op;
	p->tag = tag;
	return p;
}

static void memory_tx_table(struct tx *tx, enum tx_op op, const struct prog_table *t,
                            uint32_t tag)
{
	add_piece(tx, DUMP_TABLES, op, tag)->table = KEEP(tx, copy_table, t);
}

static void memory_tx_chain(struct tx *tx, enum tx_op op, const struct prog_chain *c,
                            uint32_t tag)
{
	add_piece(tx, DUMP_CHAINS, op, tag)->chain = KEEP(tx, copy_chain, c);
}

static void memory_tx_rule(struct tx *tx, enum tx_op op, const struct prog_rule *r,
                           uint32_t tag)
{
	add_piece(tx, DUMP_RULES, op, tag)->rule = KEEP(tx, copy_rule, r);
}

static void memory_tx_set(struct tx *tx, enum tx_op op, const struct prog_set *s,
                          uint32_t tag)
{
	add_piece(tx, DUMP_SETS, op, tag)->set = KEEP(tx, copy_set, s);
}

static void memory_tx_set_dynamic(struct tx *tx, uint32_t id)
{
	for (size_t i = tx->pieces.n; i-- > 0;) {
		struct piece *p = &tx->pieces.p[i];

		if (p->kind != DUMP_SETS || p->set->id != id)
			continue;
		struct prog_set set = *p->set;

		set.flags |= NFT_SET_EVAL;
		p->set = arena_copy(&tx->m->a, &set, sizeof(set));
		return;
	}
}

static void memory_tx_obj(struct tx *tx, enum tx_op op, const struct prog_obj *o,
                          uint32_t tag)
{
	add_piece(tx, DUMP_OBJS, op, tag)->obj = KEEP(tx, copy_obj, o);
}

static void memory_tx_flowtable(struct tx *tx, enum tx_op op,
                                const struct prog_flowtable *f, uint32_t tag)
{
	add_piece(tx, DUMP_FLOWTABLES, op, tag)->flowtable = KEEP(tx, copy_flowtable, f);
}

static void memory_tx_elems_begin(struct tx *tx, enum tx_op op, const struct prog_set *s,
                                  uint32_t tag)
{
	add_piece(tx, DUMP_ELEMS, op, tag)->set = KEEP(tx, copy_set, s);
}

static void memory_tx_elem(struct tx *tx, const struct prog_elem *e)
{
	struct piece *p = &tx->pieces.p[tx->pieces.n - 1];

	vec_push(&p->elems, KEEP(tx, copy_elem, e));
}

static void memory_tx_elems_end(struct tx *tx)
{
	(void)tx;
}

static void memory_tx_abort(struct tx *tx)
{
	for (size_t i = 0; i < tx->pieces.n; i++)
		vec_fini(&tx->pieces.p[i].elems);
	vec_fini(&tx->pieces);
	vec_fini(&tx->errors);
	state_fini(&tx->s);
	free(tx);
}

int tx_fail(struct tx *tx, int err, enum tx_part part, uint32_t index)
{
	vec_push(&tx->errors, (struct tx_error){ .tag = tx->piece ? tx->piece->tag : 0,
	                                         .err = err,
	                                         .part = part,
	                                         .index = index });
	return -err;
}

static int memory_tx_commit(struct tx *tx, bool check, struct arena *a,
                            struct tx_error **errors, size_t *n_errors,
                            const struct dump_ops *echo, void *ctx)
{
	struct memory *m = tx->m;

	(void)echo; /* nobody listens: a check adds nothing, a state is given */
	(void)ctx;
	state_copy(&tx->s, &m->now);
	int r = tx_apply(tx);
	*n_errors = tx->errors.n;
	if (tx->errors.n)
		*errors =
			arena_copy(a, tx->errors.p, tx->errors.n * sizeof(*tx->errors.p));
	if (r >= 0 && !check) {
		state_forget_ids(&tx->s, &m->a);
		struct state old = m->now;
		m->now = tx->s;
		tx->s = old;
	}
	memory_tx_abort(tx);
	return r;
}

static const struct engine_ops memory_ops = {
	.name = "memory",
	.close = memory_close,
	.destroys = memory_destroys,
	.generation = memory_generation,
	.dump = memory_dump,
	.get = memory_get,
	.get_elems = memory_get_elems,
	.tx_begin = memory_tx_begin,
	.tx_table = memory_tx_table,
	.tx_chain = memory_tx_chain,
	.tx_rule = memory_tx_rule,
	.tx_set = memory_tx_set,
	.tx_set_dynamic = memory_tx_set_dynamic,
	.tx_obj = memory_tx_obj,
	.tx_flowtable = memory_tx_flowtable,
	.tx_elems_begin = memory_tx_elems_begin,
	.tx_elem = memory_tx_elem,
	.tx_elems_end = memory_tx_elems_end,
	.tx_commit = memory_tx_commit,
	.tx_abort = memory_tx_abort,
};

void memory_init(struct memory *m)
{
	*m = (struct memory){ .engine.ops = &memory_ops };
}

struct engine *engine_memory_new(void)
{
	struct memory *m = base_calloc(1, sizeof(*m));

	memory_init(m);
	return &m->engine;
}
