/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A transaction is one buffer: the batch's begin, a message a piece, the batch's end. Nothing
 * is kept beside it but a tag for each message. The buffer is reserved address space, so it
 * grows without copies, and it goes to the kernel in one send.
 */
#include "gate/engine/kernel/tx.h"

#include <errno.h>

#include "base/oom.h"
#include "gate/engine/kernel/message.h"
#include "gate/engine/kernel/nf_compat.h"

int kernel_tx_begin(struct engine *e, uint32_t gen, struct tx **out)
{
	struct tx *tx = base_calloc(1, sizeof(*tx));
	size_t begin;

	tx->k = (struct kernel *)e;
	pagebuf_init(&tx->w.buf, PAGEBUF_MAX);
	tx->first_seq = ++tx->k->seq;
	begin = wire_message(&tx->w, NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, tx->first_seq,
	                     0, NFNL_SUBSYS_NFTABLES);
	if (gen)
		wire_be32(&tx->w, NFNL_BATCH_GENID, gen);
	wire_message_end(&tx->w, begin);
	*out = tx;
	return 0;
}

static void note_failure(struct tx *tx, uint32_t tag)
{
	if (!tx->w.err || tx->failed)
		return;
	tx->failed = true;
	tx->failed_tag = tag;
}

/* `first`: see struct tx_run. */
static void note_message(struct tx *tx, uint32_t tag, uint32_t first)
{
	uint32_t number = (uint32_t)tx->n_messages++;
	const struct tx_run *last = tx->runs.n ? &tx->runs.p[tx->runs.n - 1] : NULL;

	if (!last || first || last->first || tag - last->tag != number - last->number)
		vec_push(&tx->runs, (struct tx_run){ number, tag, first });
}

void tx_find(const struct tx *tx, uint32_t number, uint32_t *tag, uint32_t *first)
{
	size_t low = 0, high = tx->runs.n;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (tx->runs.p[middle].number <= number)
			low = middle;
		else
			high = middle;
	}
	*tag = tx->runs.p[low].tag + (number - tx->runs.p[low].number);
	*first = tx->runs.p[low].first;
}

static size_t open_message(struct tx *tx, uint8_t msg, uint16_t flags, uint8_t family,
                           uint32_t tag, uint32_t first)
{
	uint32_t seq;

	note_message(tx, tag, first);
	seq = tx->first_seq + (uint32_t)tx->n_messages; /* whatever is asked meanwhile */
	tx->last = wire_message(&tx->w, NFT_TYPE(msg), NLM_F_REQUEST | flags, seq, family,
	                        0);
	return tx->last;
}

static void close_message(struct tx *tx, size_t message, uint32_t tag)
{
	wire_message_end(&tx->w, message);
	note_failure(tx, tag);
}

static bool op_deletes(enum tx_op op)
{
	return op == TX_DELETE || op == TX_DESTROY;
}

static uint8_t op_message(enum dump_kind kind, enum tx_op op)
{
	const struct message_kind *m = message_kind(kind);

	switch (op) {
	case TX_ADD:
	case TX_CREATE:
	case TX_INSERT:
	case TX_REPLACE:
		return m->make;
	case TX_DELETE:
		return m->del;
	case TX_DESTROY:
		return m->destroy;
	}
	return m->make;
}

static uint16_t op_flags(enum dump_kind kind, enum tx_op op)
{
	switch (op) {
	case TX_ADD:
		return kind == DUMP_RULES ? NLM_F_CREATE | NLM_F_APPEND : NLM_F_CREATE;
	case TX_CREATE:
		return kind == DUMP_RULES ? NLM_F_CREATE | NLM_F_APPEND
		                          : NLM_F_CREATE | NLM_F_EXCL;
	case TX_INSERT:
		return NLM_F_CREATE;
	case TX_REPLACE:
		return NLM_F_REPLACE;
	case TX_DELETE:
	case TX_DESTROY:
		return 0;
	}
	return 0;
}

static void put_thing(struct tx *tx, enum dump_kind kind, enum tx_op op, uint8_t family,
                      const void *thing, uint32_t tag)
{
	const struct attr_table *t = message_kind(kind)->attrs;
	size_t message = open_message(tx, op_message(kind, op), op_flags(kind, op),
	                              family, tag, 0);

	if (op_deletes(op))
		codec_put_key(&tx->w, t, thing);
	else
		codec_put(&tx->w, t, thing);
	close_message(tx, message, tag);
}

/* Offset in the batch of what that attribute of the last message holds. */
static size_t last_attr(const struct tx *tx, uint16_t type)
{
	struct nlmsghdr *message = (struct nlmsghdr *)((char *)tx->w.buf.p + tx->last);
	struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == type)
			break;
	return (size_t)((const char *)mnl_attr_get_payload(attr) -
	                (const char *)tx->w.buf.p);
}

void kernel_tx_table(struct tx *tx, enum tx_op op, const struct prog_table *t,
                     uint32_t tag)
{
	put_thing(tx, DUMP_TABLES, op, t->family, t, tag);
}

/* A new name for the chain with that handle. */
static void put_rename(struct tx *tx, const struct prog_chain *c, uint32_t tag)
{
	struct prog_chain renamed = *c;
	size_t message = open_message(tx, NFT_MSG_NEWCHAIN, 0, c->family, tag, 0);

	renamed.name = c->new_name;
	codec_put_key(&tx->w, &attrs_chain, &renamed);
	close_message(tx, message, tag);
}

/* Deletion of a whole thing, or only of devices from it. */
static void put_deletion(struct tx *tx, enum dump_kind kind, enum tx_op op,
                         uint8_t family, const void *thing, uint16_t hook, uint32_t tag)
{
	const struct attr_table *t = message_kind(kind)->attrs;
	size_t message = open_message(tx, op_message(kind, op), 0, family, tag, 0);

	codec_put_key(&tx->w, t, thing);
	if (hook)
		codec_put_one(&tx->w, t, hook, thing);
	close_message(tx, message, tag);
}

void kernel_tx_chain(struct tx *tx, enum tx_op op, const struct prog_chain *c,
                     uint32_t tag)
{
	if (c->new_name.n)
		put_rename(tx, c, tag);
	else if (op_deletes(op))
		put_deletion(tx, DUMP_CHAINS, op, c->family, c,
		             c->n_devs ? NFTA_CHAIN_HOOK : 0, tag);
	else
		put_thing(tx, DUMP_CHAINS, op, c->family, c, tag);
}

void kernel_tx_rule(struct tx *tx, enum tx_op op, const struct prog_rule *r, uint32_t tag)
{
	put_thing(tx, DUMP_RULES, op, r->family, r, tag);
}

void kernel_tx_set(struct tx *tx, enum tx_op op, const struct prog_set *s, uint32_t tag)
{
	put_thing(tx, DUMP_SETS, op, s->family, s, tag);
	if (!op_deletes(op) && s->id && !(s->flags & NFT_SET_ANONYMOUS))
		vec_push(&tx->set_flags,
		         (struct tx_set_flags){ s->id, last_attr(tx, NFTA_SET_FLAGS) });
}

void kernel_tx_set_dynamic(struct tx *tx, uint32_t id)
{
	for (size_t i = tx->set_flags.n; i-- > 0;) {
		if (tx->set_flags.p[i].id != id)
			continue;
		uint32_t *flags =
			(uint32_t *)((char *)tx->w.buf.p + tx->set_flags.p[i].at);

		*flags |= htobe32(NFT_SET_EVAL);
		return;
	}
}

void kernel_tx_obj(struct tx *tx, enum tx_op op, const struct prog_obj *o, uint32_t tag)
{
	put_thing(tx, DUMP_OBJS, op, o->family, o, tag);
}

void kernel_tx_flowtable(struct tx *tx, enum tx_op op, const struct prog_flowtable *f,
                         uint32_t tag)
{
	if (op_deletes(op))
		put_deletion(tx, DUMP_FLOWTABLES, op, f->family, f,
		             f->n_devs ? NFTA_FLOWTABLE_HOOK : 0, tag);
	else
		put_thing(tx, DUMP_FLOWTABLES, op, f->family, f, tag);
}

void kernel_tx_elems_begin(struct tx *tx, enum tx_op op, const struct prog_set *s,
                           uint32_t tag)
{
	tx->elems.set = s;
	tx->elems.op = op;
	tx->elems.tag = tag;
	tx->elems.count = 0;
	tx->elems.message = tx->elems.list = 0;
}

static void open_elems(struct tx *tx)
{
	const struct prog_set *s = tx->elems.set;
	enum tx_op op = tx->elems.op;

	tx->elems.message =
		open_message(tx, op_message(DUMP_ELEMS, op), op_flags(DUMP_ELEMS, op),
	                     s->family, tx->elems.tag, tx->elems.count);
	codec_put(&tx->w, &attrs_elem_list, s);
}

static void close_elems(struct tx *tx)
{
	if (tx->elems.list)
		wire_end(&tx->w, tx->elems.list);
	close_message(tx, tx->elems.message, tx->elems.tag);
	tx->elems.message = tx->elems.list = 0;
}

void kernel_tx_elem(struct tx *tx, const struct prog_elem *e)
{
	size_t start = tx->w.buf.n;

	if (tx->elems.list) {
		elem_put(&tx->w, e);
		if (tx->w.buf.n - tx->elems.list <= UINT16_MAX) {
			tx->elems.count++;
			return;
		}
		tx->w.buf.n = start; /* the list is full: this one begins the next */
		close_elems(tx);
	}
	open_elems(tx);
	tx->elems.list = wire_nest(&tx->w, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem_put(&tx->w, e);
	tx->elems.count++;
}

void kernel_tx_elems_end(struct tx *tx)
{
	if (!tx->elems.message && !tx->elems.count && op_deletes(tx->elems.op))
		open_elems(tx); /* without a list: all elements */
	if (tx->elems.message)
		close_elems(tx);
	tx->elems.set = NULL;
}

void kernel_tx_abort(struct tx *tx)
{
	pagebuf_fini(&tx->w.buf);
	vec_fini(&tx->runs);
	vec_fini(&tx->set_flags);
	free(tx);
}
