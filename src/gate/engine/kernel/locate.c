/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Which piece of a message the kernel's extended acknowledgement points at: the same rows that
 * wrote the message say what each attribute is about.
 */
#include <errno.h>

#include "gate/engine/kernel/message.h"
#include "gate/engine/kernel/nf_compat.h"
#include "gate/engine/kernel/tx.h"

struct place {
	const uint8_t *at; /* what the kernel pointed at */
	uint32_t first;
	struct arena *a;
	struct tx_error *err;
};

/* The attribute among those of `c` that `at` lies in. */
static bool find_attr(struct cursor c, const uint8_t *at, struct attr *found,
                      uint32_t *index)
{
	struct attr a;

	for (*index = 0; attr_next(&c, &a); ++*index)
		if (at >= a.p - NLA_HDRLEN && at < a.p + (a.n ? a.n : 1)) {
			*found = a;
			return true;
		}
	return false;
}

/* Expressions that refer to something else by name: what is missing may be that. */
static bool refers(enum insn_kind kind)
{
	return kind == INSN_LOOKUP || kind == INSN_DYNSET || kind == INSN_OBJREF ||
	       kind == INSN_IMMEDIATE || kind == INSN_FLOW_OFFLOAD;
}

static void locate_insn(const struct place *p, const struct attr *list)
{
	struct attr item, a;
	uint32_t index;
	struct cursor c;

	if (!find_attr(attr_cursor(list), p->at, &item, &index))
		return;
	p->err->index = index;
	c = attr_cursor(&item);
	while (p->err->err == ENOENT && attr_next(&c, &a))
		if (a.type == NFTA_EXPR_NAME && !refers(insn_by_name(attr_str(&a))))
			p->err->missing = arena_str(p->a, attr_str(&a));
}

static void locate_index(const struct place *p, const struct attr *list, uint32_t first)
{
	struct attr item;
	uint32_t index;

	if (find_attr(attr_cursor(list), p->at, &item, &index))
		p->err->index = first + index;
}

static void locate(const struct place *p, const struct attr_table *t, struct cursor c)
{
	struct attr a;
	uint32_t index;

	if (!find_attr(c, p->at, &a, &index))
		return;
	for (size_t i = 0; i < t->n; i++) {
		const struct attr_row *row = &t->rows[i];
		if (row->attr != a.type)
			continue;
		p->err->part = (enum tx_part)row->part;
		if (row->wire == WIRE_NEST)
			locate(p, row->nest, attr_cursor(&a));
		else if (row->wire == WIRE_EXPRS)
			locate_insn(p, &a);
		else if (row->part == PART_ELEM)
			locate_index(p, &a, p->first);
		else if (row->wire == WIRE_DEVS)
			locate_index(p, &a, 0);
		return;
	}
}

void tx_locate(const uint8_t *msg, size_t n, uint32_t off, uint32_t first,
               struct arena *a, struct tx_error *err)
{
	struct place p = { .at = msg + off, .first = first, .a = a, .err = err };
	struct cursor c = cursor_of(msg, n);
	struct nlmsghdr h;
	enum dump_kind kind;

	cursor_copy(&c, &h, sizeof(h));
	cursor_skip(&c, sizeof(struct nfgenmsg));
	if (c.failed || off >= n || !message_kind_of((uint8_t)h.nlmsg_type, &kind))
		return;
	locate(&p, message_kind(kind)->attrs, c);
}
