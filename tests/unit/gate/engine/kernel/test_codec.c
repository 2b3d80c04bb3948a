/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Every expression: filled in all its members by its own rows, it comes back the same; and what
 * the rows do not know is kept as it came.
 */
#include "unit.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/engine/kernel/codec.h"

static struct wire new_wire(void)
{
	struct wire w = { 0 };

	pagebuf_init(&w.buf, 0);
	return w;
}

static void fill_data(struct data *d, uint8_t seed)
{
	d->n = (uint8_t)(seed % 16 + 1);
	memset(d->b, seed, d->n);
}

/* A value in the row's member that is never zero and fits its wire type. */
static void fill_row(const struct attr_row *row, struct insn *i, uint8_t seed)
{
	uint8_t *p = (uint8_t *)i + row->off;

	if (row->wire == WIRE_REG)
		*p = seed % REG_WORDS;
	else if (row->wire == WIRE_STR)
		*(struct str *)(void *)p = STR("a name");
	else if (row->wire == WIRE_DATA)
		fill_data((struct data *)(void *)p, seed);
	else if (row->wire == WIRE_IMMEDIATE)
		fill_data(&i->immediate.data, seed);
	else if (row->wire <= WIRE_BOOL32)
		*p = row->wire == WIRE_BOOL32
		             ? 1
		             : (uint8_t)(seed % 100 + 1); /* little or big end */
	if (row->when == WHEN_HAS || row->when == WHEN_SET_TELL)
		*((uint8_t *)i + row->has) = true;
}

/* All members; of those that shut each other out one is left empty. */
static void fill(struct insn *i, enum insn_kind kind)
{
	const struct attr_table *t = attrs_insn(kind);

	insn_init(i, kind);
	for (size_t k = 0; k < t->n; k++)
		fill_row(&t->rows[k], i, (uint8_t)((size_t)kind * 7 + k * 3 + 1));
	if (kind == INSN_OBJREF)
		i->objref.set = (struct set_ref){ 0 };
	if (kind == INSN_QUEUE)
		i->queue.sreg_from = REG_NONE;
	if (kind == INSN_CT)
		i->ct.dir = 1;
	if (kind == INSN_BITWISE)
		i->bitwise.op = NFT_BITWISE_BOOL;
}

static bool same_row(const struct attr_row *row, const struct insn *a,
                     const struct insn *b)
{
	const uint8_t *p = (const uint8_t *)a + row->off,
		      *q = (const uint8_t *)b + row->off;

	if (row->wire == WIRE_STR)
		return str_eq(*(const struct str *)(const void *)p,
		              *(const struct str *)(const void *)q);
	if (row->wire == WIRE_IMMEDIATE)
		return memcmp(&a->immediate.data, &b->immediate.data,
		              sizeof(struct data)) == 0 &&
		       a->immediate.verdict.code == b->immediate.verdict.code &&
		       str_eq(a->immediate.verdict.chain, b->immediate.verdict.chain);
	if (row->wire == WIRE_DYN_EXPR || row->wire == WIRE_DYN_EXPRS)
		return a->dynset.n_exprs == b->dynset.n_exprs;
	return row->wire == WIRE_IGNORE || memcmp(p, q, row->size) == 0;
}

static void round_trip(const struct insn *i)
{
	const struct attr_table *t = attrs_insn(i->kind);
	struct wire w = new_wire();
	struct arena a = { 0 };
	struct insn got;
	size_t refused = 0;

	codec_put_insn(&w, i);
	assert_int_equal(w.err, 0);
	assert_int_equal(codec_get_insn(cursor_of(w.buf.p, w.buf.n), &a, &got), 0);
	if (got.kind != i->kind)
		fail_msg("%s came back as %s", insn_name(i->kind), insn_name(got.kind));
	for (size_t k = 0; k < t->n; k++)
		if (!same_row(&t->rows[k], i, &got))
			fail_msg("%s: attribute %d differs", insn_name(i->kind),
			         t->rows[k].attr);
	for (size_t n = 0; n < w.buf.n; n++) {
		auto_free uint8_t *cut =
			malloc(n ? n : 1); /* so that a read behind is seen */
		memcpy(cut, w.buf.p, n);
		refused += codec_get_insn(cursor_of(cut, n), &a, &got) < 0;
	}
	assert_true(refused > 0);
	pagebuf_fini(&w.buf);
	arena_fini(&a);
}

static void every_expression_comes_back(void **state)
{
	struct insn i;

	(void)state;
	for (enum insn_kind kind = 0; kind < INSN_FOREIGN; kind++) {
		fill(&i, kind);
		round_trip(&i);
	}
}

static void every_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (enum insn_kind kind = 0; kind < INSN_FOREIGN; kind++)
		assert_int_equal(insn_by_name(str_from(insn_name(kind))), kind);
	assert_int_equal(insn_by_name(STR("match")), INSN_FOREIGN);
	assert_int_equal(insn_by_name(STR("")), INSN_FOREIGN);
}

static void forms_that_shut_out_the_filled_one_come_back(void **state)
{
	struct insn i, inner[2];

	(void)state;
	insn_init(&i, INSN_OBJREF);
	i.sreg = 4;
	i.objref.set = (struct set_ref){ STR("map"), 7 };
	round_trip(&i);
	insn_init(&i, INSN_QUEUE);
	i.queue.sreg_from = 5;
	round_trip(&i);
	insn_init(&i, INSN_IMMEDIATE);
	i.dreg = REG_VERDICT;
	i.immediate.verdict = (struct verdict){ .code = NFT_GOTO, .chain = STR("chain") };
	round_trip(&i);
	insn_init(&i, INSN_BITWISE);
	i.sreg = i.dreg = 0;
	i.bitwise.op = NFT_BITWISE_LSHIFT;
	i.bitwise.shift = (struct data){ .n = 4, .b = { 3 } };
	round_trip(&i);
	insn_init(&i, INSN_EXTHDR);
	i.exthdr.op = NFT_EXTHDR_OP_TCPOPT;
	i.exthdr.type = 34;
	round_trip(&i);
	insn_init(&inner[0], INSN_COUNTER);
	insn_init(&inner[1], INSN_CONNLIMIT);
	for (uint8_t n = 0; n <= 2; n++) {
		insn_init(&i, INSN_DYNSET);
		i.sreg = 0;
		i.dynset.set.name = STR("s");
		i.dynset.exprs = inner;
		i.dynset.n_exprs = n;
		if (n == 2)
			i.dynset.flags = NFT_DYNSET_F_EXPR; /* the encoder adds it */
		round_trip(&i);
	}
}

static void registers_have_the_kernels_numbers(void **state)
{
	static const struct {
		uint8_t reg;
		uint32_t number;
	} rows[] = { { REG_VERDICT, NFT_REG_VERDICT },
		     { 0, NFT_REG_1 },
		     { 4, NFT_REG_2 },
		     { 12, NFT_REG_4 },
		     { 1, NFT_REG32_01 },
		     { 15, NFT_REG32_15 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(reg_number(rows[i].reg), rows[i].number);
}

/* An expression of that name with one attribute. */
static void put_raw(struct wire *w, const char *name, uint16_t attr, uint32_t v)
{
	size_t nest;

	wire_str(w, NFTA_EXPR_NAME, str_from(name));
	nest = wire_nest(w, NFTA_EXPR_DATA);
	wire_be32(w, attr, v);
	wire_end(w, nest);
}

static void what_is_not_known_stays_as_it_came(void **state)
{
	static const struct {
		const char *name;
		uint16_t attr;
		uint32_t v;
	} rows[] = {
		{ "match", 1, 5 },                   /* an expression of others */
		{ "meta", 9, 5 },                    /* a newer attribute */
		{ "meta", NFTA_META_DREG, 77 },      /* no such register */
		{ "ct", NFTA_CT_DIRECTION, 1 },      /* four bytes where one belongs */
		{ "exthdr", NFTA_EXTHDR_OP, 0x100 }, /* more than the member holds */
	};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct wire w = new_wire(), again = new_wire();
		struct arena a = { 0 };
		struct insn i;
		put_raw(&w, rows[k].name, rows[k].attr, rows[k].v);
		assert_int_equal(codec_get_insn(cursor_of(w.buf.p, w.buf.n), &a, &i), 0);
		assert_int_equal(i.kind, INSN_FOREIGN);
		assert_str(i.foreign.name, rows[k].name);
		codec_put_insn(&again, &i);
		assert_int_equal(again.buf.n, w.buf.n);
		assert_memory_equal(again.buf.p, w.buf.p, w.buf.n);
		pagebuf_fini(&w.buf);
		pagebuf_fini(&again.buf);
		arena_fini(&a);
	}
}

static void lists_in_lists_without_end_are_not_followed(void **state)
{
	struct wire w = new_wire();
	struct arena a = { 0 };
	size_t nests[2 * 1000], n = 0;
	struct insn i;

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(nests) / 2; k++) {
		wire_str(&w, NFTA_EXPR_NAME, STR("dynset"));
		nests[n++] = wire_nest(&w, NFTA_EXPR_DATA);
		nests[n++] = wire_nest(&w, NFTA_DYNSET_EXPR);
	}
	while (n)
		wire_end(&w, nests[--n]);
	assert_int_equal(codec_get_insn(cursor_of(w.buf.p, w.buf.n), &a, &i), 0);
	assert_int_equal(i.kind, INSN_FOREIGN);
	pagebuf_fini(&w.buf);
	arena_fini(&a);
}

static void without_a_name_it_is_no_expression(void **state)
{
	struct arena a = { 0 };
	struct insn i;

	(void)state;
	assert_int_equal(codec_get_insn(cursor_of(NULL, 0), &a, &i), -EBADMSG);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(every_expression_comes_back),
		UNIT(every_kind_has_a_name_of_its_own),
		UNIT(forms_that_shut_out_the_filled_one_come_back),
		UNIT(registers_have_the_kernels_numbers),
		UNIT(what_is_not_known_stays_as_it_came),
		UNIT(lists_in_lists_without_end_are_not_followed),
		UNIT(without_a_name_it_is_no_expression),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
