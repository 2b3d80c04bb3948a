/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Encodes and decodes the program form by the rows of attrs.h. Decoded slices point into the
 * message, lists lie in the arena given.
 */
#pragma once

#include "base/arena.h"
#include "gate/engine/kernel/attrs.h"
#include "gate/engine/kernel/nf_compat.h"
#include "gate/engine/kernel/wire.h"

/* Appends the attributes that `base` has. */
void codec_put_rows(struct wire *w, const struct attr_table *t, const void *base);
static inline void codec_put(struct wire *w, const struct attr_table *t, const void *base)
{
	if (t->put)
		t->put(w, base);
	else
		codec_put_rows(w, t, base);
}
/* Only those that identify the object. */
void codec_put_key(struct wire *w, const struct attr_table *t, const void *base);
/* Only the row with that attribute number, if `base` has it. */
void codec_put_one(struct wire *w, const struct attr_table *t, uint16_t attr,
                   const void *base);

/* One row that `base` has. */
void codec_put_row(struct wire *w, const struct attr_row *row, const void *base);
/* The row's attribute; false when it is malformed. */
MUST_USE bool codec_get_row(const struct attr_row *row, const struct attr *at,
                            bool strict, struct arena *a, void *base);
/* reg_number() back; false when it names none. nf_tables.h: enum nft_registers */
static inline bool reg_by_number(uint32_t v, uint8_t *reg)
{
	if (v - NFT_REG_1 <= NFT_REG_4 - NFT_REG_1)
		*reg = (uint8_t)((v - NFT_REG_1) * 4);
	else if (v == NFT_REG_VERDICT)
		*reg = REG_VERDICT;
	else if (v - NFT_REG32_00 <= NFT_REG32_15 - NFT_REG32_00)
		*reg = (uint8_t)(v - NFT_REG32_00);
	else
		return false;
	return true;
}

/* Reads attributes into the zeroed `base`. `strict`: one that no row names is an error.
 * Errors: -EBADMSG malformed (or unknown, when strict). `*base` is then undefined. */
MUST_USE int codec_get_rows(const struct attr_table *t, struct cursor c, bool strict,
                            struct arena *a, void *base);
MUST_USE static inline int codec_get(const struct attr_table *t, struct cursor c,
                                     bool strict, struct arena *a, void *base)
{
	return t->get ? t->get(c, strict, a, base)
	              : codec_get_rows(t, c, strict, a, base);
}

/* One expression: NFTA_EXPR_NAME and NFTA_EXPR_DATA. */
void codec_put_insn(struct wire *w, const struct insn *i);
/* What is not understood fully becomes INSN_FOREIGN with its bytes. Errors: -EBADMSG. */
MUST_USE int codec_get_insn(struct cursor c, struct arena *a, struct insn *i);

/* NFTA_DATA_VALUE, or NFTA_DATA_VERDICT, inside an attribute. */
void codec_put_data(struct wire *w, uint16_t attr, const struct data *d);
/* The same at `to`, where DATA_ROOM bytes are free; returns the new end. */
enum { DATA_ROOM = NLA_HDRLEN + NLA_HDRLEN + sizeof(((struct data *)0)->b) + 4 };
uint8_t *codec_data_put(uint8_t *to, uint16_t attr, const struct data *d);
/* NFTA_DATA_VALUE alone; false when it is another or malformed. */
MUST_USE bool codec_data_get(const struct attr *at, struct data *d);
void codec_put_verdict(struct wire *w, uint16_t attr, const struct verdict *v);
/* *is_verdict says which of the two it was. */
MUST_USE int codec_get_data(struct cursor c, struct data *d, struct verdict *v,
                            bool *is_verdict);

/* A list of expressions, NFTA_LIST_ELEM each. */
void codec_put_exprs(struct wire *w, uint16_t attr, const struct insn *p, size_t n);
/* Appends a list's expressions. Errors: -EBADMSG. */
MUST_USE int codec_get_exprs(struct cursor c, struct arena *a, struct program *prog);
/* Where the kernel has one attribute for a single expression and another for several. */
void codec_put_stateful(struct wire *w, uint16_t one, uint16_t several,
                        const struct program *prog);
