/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Set elements: what is written is read back the same. */
#include "unit.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/engine/kernel/elem.h"

static struct data bytes(uint8_t n, uint8_t first)
{
	struct data d = { .n = n };

	for (uint8_t i = 0; i < n; i++)
		d.b[i] = (uint8_t)(first + i);
	return d;
}

static void assert_data(const struct data *a, const struct data *b)
{
	assert_int_equal(a->n, b->n);
	assert_memory_equal(a->b, b->b, a->n);
}

static void assert_same(const struct prog_elem *a, const struct prog_elem *b)
{
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->has_key, b->has_key);
	assert_int_equal(a->has_key_end, b->has_key_end);
	assert_int_equal(a->has_data, b->has_data);
	assert_int_equal(a->is_verdict, b->is_verdict);
	assert_int_equal(a->has_timeout, b->has_timeout);
	assert_int_equal(a->timeout_ms, b->timeout_ms);
	assert_int_equal(a->expiration_ms, b->expiration_ms);
	assert_data(&a->key, &b->key);
	assert_data(&a->key_end, &b->key_end);
	assert_data(&a->data, &b->data);
	assert_int_equal(a->verdict.code, b->verdict.code);
	assert_true(str_eq(a->verdict.chain, b->verdict.chain));
	assert_true(str_eq(a->obj, b->obj));
	assert_int_equal(a->userdata.n, b->userdata.n);
	assert_int_equal(a->exprs.n, b->exprs.n);
}

/* Writes it, reads it back, whole and cut short at every byte. */
static void round_trip(const struct prog_elem *e)
{
	struct wire w = { 0 };
	struct arena a = { 0 };
	struct prog_elem got;
	struct cursor c;
	struct attr item = { 0 };
	size_t refused = 0;

	pagebuf_init(&w.buf, 0);
	elem_put(&w, e);
	assert_int_equal(w.err, 0);
	c = cursor_of(w.buf.p, w.buf.n);
	assert_true(attr_next(&c, &item));
	assert_int_equal(item.type, NFTA_LIST_ELEM);
	assert_int_equal(cursor_left(&c), 0);
	assert_int_equal(elem_get(attr_cursor(&item), &a, &got), 0);
	assert_same(e, &got);
	for (size_t n = 0; n < item.n; n++) {
		auto_free uint8_t *cut =
			malloc(n ? n : 1); /* so that a read behind is seen */
		memcpy(cut, item.p, n);
		refused += elem_get(cursor_of(cut, n), &a, &got) < 0;
	}
	assert_true(refused > 0);
	pagebuf_fini(&w.buf);
	arena_fini(&a);
}

static void a_bare_key_is_sixteen_bytes_and_itself(void **state)
{
	struct prog_elem e = { .has_key = true, .key = bytes(4, 1) };
	struct wire w = { 0 };

	(void)state;
	pagebuf_init(&w.buf, 0);
	elem_put(&w, &e);
	assert_int_equal(w.buf.n, 16);
	pagebuf_fini(&w.buf);
	for (uint8_t n = 1; n <= 64; n++) {
		e.key = bytes(n, 1);
		round_trip(&e);
	}
}

static void every_part_comes_back(void **state)
{
	static const uint8_t user[255] = { 0, 3, 'h', 'i', 0 };
	struct arena a = { 0 };
	struct prog_elem e = { .has_key = true, .key = bytes(5, 1) };

	(void)state;
	e.flags = NFT_SET_ELEM_INTERVAL_END;
	round_trip(&e);
	e.flags = 0;
	e.has_key_end = true;
	e.key_end = bytes(64, 9);
	round_trip(&e);
	e.has_timeout = true;
	round_trip(&e);
	e.timeout_ms = 5000;
	e.expiration_ms = 4000;
	round_trip(&e);
	e.userdata = (struct userdata){ user, sizeof(user) };
	round_trip(&e);
	e.has_data = true;
	e.data = bytes(64, 77);
	round_trip(&e);
	e.data.n = 0;
	e.data = (struct data){ 0 };
	e.is_verdict = true;
	e.verdict = (struct verdict){ .code = NFT_JUMP, .chain = STR("a-chain") };
	round_trip(&e);
	program_add(&e.exprs, &a, INSN_COUNTER)->counter.packets = 1;
	round_trip(&e);
	program_add(&e.exprs, &a, INSN_LIMIT)->limit.rate = 5;
	program_add(&e.exprs, &a, INSN_QUOTA)->quota.bytes = 5;
	round_trip(&e);
	arena_fini(&a);
	e = (struct prog_elem){ .has_key = true,
		                .key = bytes(4, 1),
		                .obj = STR("object") };
	round_trip(&e);
	e = (struct prog_elem){ .flags = NFT_SET_ELEM_CATCHALL };
	round_trip(&e);
}

static void what_differs_hashes_differently(void **state)
{
	struct prog_elem a = { .has_key = true, .key = bytes(4, 1) }, b = a;

	(void)state;
	assert_int_equal(elem_hash(&a), elem_hash(&b));
	b.flags = NFT_SET_ELEM_INTERVAL_END;
	assert_int_not_equal(elem_hash(&a), elem_hash(&b));
	b = a;
	b.has_key_end = true;
	b.key_end = bytes(4, 1);
	assert_int_not_equal(elem_hash(&a), elem_hash(&b));
	b = a;
	b.key.b[3]++;
	assert_int_not_equal(elem_hash(&a), elem_hash(&b));
}

static void overlong_keys_are_refused(void **state)
{
	struct wire w = { 0 };
	struct arena a = { 0 };
	struct prog_elem got;
	uint8_t key[65] = { 0 };
	size_t nest;

	(void)state;
	pagebuf_init(&w.buf, 0);
	nest = wire_nest(&w, NFTA_SET_ELEM_KEY);
	wire_bytes(&w, NFTA_DATA_VALUE, key, sizeof(key));
	wire_end(&w, nest);
	assert_int_equal(elem_get(cursor_of(w.buf.p, w.buf.n), &a, &got), -EBADMSG);
	pagebuf_fini(&w.buf);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_bare_key_is_sixteen_bytes_and_itself),
		UNIT(every_part_comes_back),
		UNIT(what_differs_hashes_differently),
		UNIT(overlong_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
