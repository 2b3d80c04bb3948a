/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Constants beside bytes of no known field (`@nh,96,32`) are listed in hexadecimal, as nft does.
 */
#include "gate/ruleset/lift.h"

bool is_raw(const struct expr *e)
{
	while (e->kind == EXPR_BINARY)
		e = e->binary.left;
	return e->kind == EXPR_PAYLOAD && !e->payload.field;
}

/* Without leading zeros. */
static struct str hex_word(struct arena *a, const struct value *v)
{
	auto_buf text = { 0 };
	size_t n = (v->bits + 7u) / 8, i = 0;

	while (i + 1 < n && v->b[i] == 0)
		i++;
	buf_fmt(&text, "0x%x", v->b[i]);
	while (++i < n)
		buf_fmt(&text, "%02x", v->b[i]);
	return arena_str(a, buf_as_str(&text));
}

void lift_hex_masks(struct arena *a, struct expr *e)
{
	for (; e->kind == EXPR_BINARY; e = e->binary.left)
		if (e->binary.op != BINOP_SHL && e->binary.op != BINOP_SHR)
			lift_hex(a, e->binary.right);
}

void lift_hex(struct arena *a, struct expr *e)
{
	switch (e->kind) {
	case EXPR_VALUE:
		e->word = hex_word(a, &e->value);
		e->kind = EXPR_SYMBOL;
		return;
	case EXPR_RANGE:
		lift_hex(a, e->pair.left);
		lift_hex(a, e->pair.right);
		return;
	case EXPR_ELEM:
		lift_hex(a, e->elem.key);
		return;
	case EXPR_SET:
		for (size_t i = 0; i < e->list.n; i++)
			lift_hex(a, e->list.p[i]);
		return;
	default: /* no number */
		return;
	}
}
