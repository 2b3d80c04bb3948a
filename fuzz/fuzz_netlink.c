/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A netlink message from anybody: decoding must stay inside it, and what was decoded must
 * print, and be written so that it can be read again. The input is the message.
 */
#include <assert.h>

#include "fuzz.h"
#include "gate/engine/kernel/message.h"
#include "gate/engine/kernel/socket.h"
#include "gate/engine/kernel/tx.h"

struct check {
	struct kernel k;
	struct tx *tx;
	struct buf text;
	bool again; /* this is the second reading */
};

static int on_table(void *ctx, const struct prog_table *t)
{
	struct check *c = ctx;

	buf_fmt(&c->text, STR_FMT " %x %zu\n", STR_ARG(t->name), t->flags, t->userdata.n);
	if (!c->again)
		kernel_tx_table(c->tx, TX_ADD, t, 1);
	return 0;
}

static int on_chain(void *ctx, const struct prog_chain *p)
{
	struct check *c = ctx;

	buf_fmt(&c->text, STR_FMT " " STR_FMT " %u %d", STR_ARG(p->name),
	        STR_ARG(p->type), p->hook, p->priority);
	for (size_t i = 0; i < p->n_devs; i++)
		buf_str(&c->text, p->devs[i]);
	if (!c->again)
		kernel_tx_chain(c->tx, TX_ADD, p, 1);
	return 0;
}

static int on_rule(void *ctx, const struct prog_rule *r)
{
	struct check *c = ctx;

	prog_rule_dump(r, &c->text);
	if (!c->again)
		kernel_tx_rule(c->tx, TX_ADD, r, 1);
	return 0;
}

static int on_set(void *ctx, const struct prog_set *s)
{
	struct check *c = ctx;

	prog_set_dump(s, &c->text);
	prog_set_dump_new(s, &c->text);
	program_dump(&s->exprs, &c->text);
	for (size_t i = 0; i < s->n_fields; i++)
		buf_u64(&c->text, s->field_len[i]);
	if (!c->again)
		kernel_tx_set(c->tx, TX_ADD, s, 1);
	return 0;
}

static int on_elems(void *ctx, uint8_t family, struct str table, struct str set)
{
	struct check *c = ctx;

	buf_fmt(&c->text, "%u " STR_FMT " " STR_FMT "\n", family, STR_ARG(table),
	        STR_ARG(set));
	return 0;
}

static int on_elem(void *ctx, const struct prog_elem *e)
{
	static const struct prog_set set = { 0 };
	struct check *c = ctx;

	prog_elem_dump(e, &c->text);
	program_dump(&e->exprs, &c->text);
	buf_u64(&c->text, elem_hash(e));
	if (c->again)
		return 0;
	if (!c->tx->elems.set)
		kernel_tx_elems_begin(c->tx, TX_ADD, &set, 1);
	kernel_tx_elem(c->tx, e);
	return 0;
}

static int on_obj(void *ctx, const struct prog_obj *o)
{
	struct check *c = ctx;

	buf_fmt(&c->text, STR_FMT " %u %llu", STR_ARG(o->name), o->type,
	        (unsigned long long)o->counter.packets);
	if (!c->again)
		kernel_tx_obj(c->tx, TX_ADD, o, 1);
	return 0;
}

static int on_flowtable(void *ctx, const struct prog_flowtable *f)
{
	struct check *c = ctx;

	buf_fmt(&c->text, STR_FMT " %u %d", STR_ARG(f->name), f->hook, f->priority);
	for (size_t i = 0; i < f->n_devs; i++)
		buf_str(&c->text, f->devs[i]);
	if (!c->again)
		kernel_tx_flowtable(c->tx, TX_ADD, f, 1);
	return 0;
}

static const struct dump_ops ops = {
	.table = on_table,
	.chain = on_chain,
	.rule = on_rule,
	.set = on_set,
	.elems = on_elems,
	.elem = on_elem,
	.obj = on_obj,
	.flowtable = on_flowtable,
};

/* Every message of the batch, behind its begin. */
static void read_batch(struct check *c, struct arena *a)
{
	const char *p = c->tx->w.buf.p;
	size_t at = 0;
	struct nlmsghdr h;

	for (; at < c->tx->w.buf.n; at += h.nlmsg_len) {
		memcpy(&h, p + at, sizeof(h));
		int r = message_get(cursor_of(p + at, h.nlmsg_len), NULL, a, &ops, c);
		assert(r == 0 || c->tx->w.err);
	}
}

/* What the kernel points at may be anywhere. */
static void locate_everywhere(const uint8_t *data, size_t n, struct arena *a)
{
	for (uint32_t off = 0; off < n && off < 300; off++) {
		struct tx_error err = { .err = 2 };
		tx_locate(data, n, off, 0, a, &err);
	}
}

static void read_ack(const uint8_t *data, size_t n)
{
	struct nlmsghdr h;
	struct ack ack;

	if (n < sizeof(h))
		return;
	memcpy(&h, data, sizeof(h));
	if (h.nlmsg_len >= sizeof(h) && h.nlmsg_len <= n)
		ack_read((const void *)data, &ack);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct check c = { 0 };
	struct arena a = { 0 };

	if (kernel_tx_begin(&c.k.engine, 0, &c.tx) < 0)
		return 0;
	read_ack(data, n);
	locate_everywhere(data, n, &a);
	if (message_get(cursor_of(data, n), NULL, &a, &ops, &c) == 0) {
		if (c.tx->elems.set)
			kernel_tx_elems_end(c.tx);
		c.again = true;
		if (!c.tx->w.err)
			read_batch(&c, &a);
	}
	kernel_tx_abort(c.tx);
	buf_fini(&c.text);
	arena_fini(&a);
	return 0;
}
