/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The engine against the running kernel, in a network namespace of the test's own: what is
 * refused is named at its place, what is asked for is answered. Skipped where a namespace
 * cannot be made.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sched.h>
#include <sys/wait.h>

#include "gate/engine/engine.h"

struct fixture {
	struct engine *e;
	struct arena a;
	struct tx *tx;
	struct tx_error *errors;
	size_t n_errors;
};

static const struct prog_table table = { .family = NFPROTO_IPV4, .name = STR_INIT("t") };
static const struct prog_chain chain = {
	.family = NFPROTO_IPV4,
	.table = STR_INIT("t"),
	.name = STR_INIT("c"),
};
static const struct prog_set set = {
	.family = NFPROTO_IPV4,
	.table = STR_INIT("t"),
	.name = STR_INIT("s"),
	.id = 1,
	.key_type = 7,
	.key_len = 4,
};

/* Each test has a namespace of its own. */
static int open_engine(void **state)
{
	static struct fixture f;

	f = (struct fixture){ 0 };
	bool alone =
		unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;

	*state = alone && engine_kernel_open(&f.e) == 0 ? &f : NULL;
	return 0;
}

static int close_engine(void **state)
{
	struct fixture *f = *state;

	if (f) {
		f->e->ops->close(f->e);
		arena_fini(&f->a);
	}
	return 0;
}

static struct fixture *need(void **state)
{
	if (!*state)
		skip(); /* no namespace, or no nf_tables */
	return *state;
}

static const struct engine_ops *begin(struct fixture *f)
{
	assert_int_equal(f->e->ops->tx_begin(f->e, 0, &f->tx), 0);
	return f->e->ops;
}

static int commit(struct fixture *f)
{
	f->n_errors = 0;
	return f->e->ops->tx_commit(f->tx, false, &f->a, &f->errors, &f->n_errors, NULL,
	                            NULL);
}

static void add_all(struct fixture *f)
{
	const struct engine_ops *ops = begin(f);

	ops->tx_table(f->tx, TX_ADD, &table, 1);
	ops->tx_chain(f->tx, TX_ADD, &chain, 2);
	ops->tx_set(f->tx, TX_ADD, &set, 3);
	assert_int_equal(commit(f), 0);
}

/* A rule with `n` counters and then one expression of that name without anything. */
static struct prog_rule rule_with(struct fixture *f, size_t n, const char *name)
{
	struct prog_rule r = { .family = NFPROTO_IPV4,
		               .table = STR("t"),
		               .chain = STR("c") };

	for (size_t i = 0; i < n; i++)
		program_add(&r.prog, &f->a, INSN_COUNTER);
	if (name)
		program_add(&r.prog, &f->a, INSN_FOREIGN)->foreign.name = str_from(name);
	return r;
}

static struct prog_elem elem(uint32_t address)
{
	struct prog_elem e = { .has_key = true, .key = { .n = 4 } };

	address = htonl(address);
	memcpy(e.key.b, &address, sizeof(address));
	return e;
}

static void add_elems(struct fixture *f, enum tx_op op, uint32_t from, uint32_t n,
                      uint32_t tag)
{
	f->e->ops->tx_elems_begin(f->tx, op, &set, tag);
	for (uint32_t i = 0; i < n; i++) {
		struct prog_elem e = elem(from + i);
		f->e->ops->tx_elem(f->tx, &e);
	}
	f->e->ops->tx_elems_end(f->tx);
}

/* ---- what callbacks saw -------------------------------------------------------------- */

struct seen {
	size_t tables, chains, rules, sets, elems, objs;
	uint64_t handle;
	char name[16];
	uint64_t packets;
	uint32_t keys; /* their sum */
};

static void keep_name(struct seen *s, struct str name)
{
	snprintf(s->name, sizeof(s->name), STR_FMT, STR_ARG(name));
}

static int see_table(void *ctx, const struct prog_table *t)
{
	struct seen *s = ctx;

	s->tables++;
	keep_name(s, t->name);
	return 0;
}

static int see_chain(void *ctx, const struct prog_chain *c)
{
	struct seen *s = ctx;

	s->chains++;
	s->handle = c->handle;
	keep_name(s, c->name);
	return 0;
}

static int see_rule(void *ctx, const struct prog_rule *r)
{
	struct seen *s = ctx;

	s->rules++;
	s->handle = r->handle;
	s->name[(s->rules - 1) & 7] = (char)('0' + r->prog.n);
	return 0;
}

static int see_set(void *ctx, const struct prog_set *p)
{
	struct seen *s = ctx;

	s->sets++;
	keep_name(s, p->name);
	return 0;
}

static int see_elem(void *ctx, const struct prog_elem *e)
{
	struct seen *s = ctx;
	uint32_t key;

	memcpy(&key, e->key.b, sizeof(key));
	s->elems++;
	s->keys += ntohl(key);
	return 0;
}

static int see_obj(void *ctx, const struct prog_obj *o)
{
	struct seen *s = ctx;

	s->objs++;
	s->packets = o->counter.packets;
	return 0;
}

static void see_again(void *ctx)
{
	memset(ctx, 0, sizeof(struct seen));
}

static const struct dump_ops see = {
	.table = see_table,
	.chain = see_chain,
	.rule = see_rule,
	.set = see_set,
	.elem = see_elem,
	.obj = see_obj,
};

static int dump(struct fixture *f, enum dump_kind kind, struct dump_filter filter,
                struct seen *s)
{
	return f->e->ops->dump(f->e, kind, &filter, &see, see_again, s);
}

/* ---- the tests ----------------------------------------------------------------------- */

static void a_commit_moves_the_generation(void **state)
{
	struct fixture *f = need(state);
	uint32_t before, after;

	assert_int_equal(f->e->ops->generation(f->e, &before), 0);
	add_all(f);
	assert_int_equal(f->e->ops->generation(f->e, &after), 0);
	assert_int_not_equal(before, after);
}

static void an_old_generation_is_refused(void **state)
{
	struct fixture *f = need(state);
	uint32_t gen;

	assert_int_equal(f->e->ops->generation(f->e, &gen), 0);
	add_all(f);
	assert_int_equal(f->e->ops->tx_begin(f->e, gen, &f->tx), 0);
	f->e->ops->tx_table(f->tx, TX_ADD, &table, 1);
	assert_int_equal(commit(f), -ERESTART);
}

static void an_empty_transaction_is_fine(void **state)
{
	struct fixture *f = need(state);

	begin(f);
	assert_int_equal(commit(f), 0);
}

static void every_refusal_is_told_and_nothing_is_applied(void **state)
{
	struct fixture *f = need(state);
	struct prog_rule good = rule_with(f, 1, NULL), bad = rule_with(f, 0, NULL);
	struct seen s = { 0 };

	add_all(f);
	bad.chain = STR("nosuch");
	begin(f);
	f->e->ops->tx_rule(f->tx, TX_ADD, &bad, 11);
	f->e->ops->tx_rule(f->tx, TX_ADD, &good, 12);
	f->e->ops->tx_rule(f->tx, TX_ADD, &bad, 13);
	assert_int_equal(commit(f), -ENOENT);
	assert_int_equal(f->n_errors, 2);
	assert_int_equal(f->errors[0].tag, 11);
	assert_int_equal(f->errors[1].tag, 13);
	assert_int_equal(f->errors[0].err, ENOENT);
	assert_int_equal(f->errors[0].part, PART_CHAIN);
	assert_int_equal(dump(f, DUMP_RULES, (struct dump_filter){ 0 }, &s), 0);
	assert_int_equal(s.rules, 0);
}

static void a_missing_expression_is_named_with_its_place(void **state)
{
	struct fixture *f = need(state);
	struct prog_rule bad = rule_with(f, 3, "nosuch");

	add_all(f);
	begin(f)->tx_rule(f->tx, TX_ADD, &bad, 5);
	assert_int_equal(commit(f), -ENOENT);
	assert_int_equal(f->errors[0].part, PART_INSN);
	assert_int_equal(f->errors[0].index, 3);
	assert_str(f->errors[0].missing, "nosuch");
}

static void a_missing_set_is_not_a_missing_expression(void **state)
{
	struct fixture *f = need(state);
	struct prog_rule bad = rule_with(f, 1, NULL);
	struct insn *i = program_add(&bad.prog, &f->a, INSN_LOOKUP);

	i->sreg = 0;
	i->lookup.set.name = STR("nosuch");
	add_all(f);
	begin(f)->tx_rule(f->tx, TX_ADD, &bad, 5);
	assert_int_equal(commit(f), -ENOENT);
	assert_int_equal(f->errors[0].part, PART_INSN);
	assert_int_equal(f->errors[0].index, 1);
	assert_str(f->errors[0].missing, "");
}

static void a_bad_element_is_counted_over_messages(void **state)
{
	struct fixture *f = need(state);

	add_all(f);
	begin(f);
	add_elems(f, TX_CREATE, 0x0a001e61, 1, 1); /* the 7777th of the next */
	add_elems(f, TX_CREATE, 0x0a000000, 20000, 2);
	assert_int_equal(commit(f), -EEXIST);
	assert_int_equal(f->n_errors, 1);
	assert_int_equal(f->errors[0].tag, 2);
	assert_int_equal(f->errors[0].part, PART_ELEM);
	assert_int_equal(f->errors[0].index, 7777);
}

static void elements_come_back_and_go(void **state)
{
	struct fixture *f = need(state);
	struct dump_filter filter = { .family = NFPROTO_IPV4,
		                      .table = set.table,
		                      .name = set.name };
	struct seen s = { 0 };

	add_all(f);
	begin(f);
	add_elems(f, TX_ADD, 1, 20000, 1);
	assert_int_equal(commit(f), 0);
	assert_int_equal(dump(f, DUMP_ELEMS, filter, &s), 0);
	assert_int_equal(s.elems, 20000);
	assert_int_equal(s.keys, 20000u * 20001 / 2);
	begin(f);
	add_elems(f, TX_DELETE, 1, 19999, 1);
	assert_int_equal(commit(f), 0);
	assert_int_equal(dump(f, DUMP_ELEMS, filter, &s), 0);
	assert_int_equal(s.elems, 1);
	assert_int_equal(s.keys, 20000);
	begin(f);
	add_elems(f, TX_DELETE, 1, 0, 1); /* none named: all */
	assert_int_equal(commit(f), 0);
	assert_int_equal(dump(f, DUMP_ELEMS, filter, &s), 0);
	assert_int_equal(s.elems, 0);
}

/* The kernel is still moving a hash table's elements then, and dumps some twice. */
static void a_large_set_is_whole_right_after_its_load(void **state)
{
	struct fixture *f = need(state);
	struct dump_filter filter = { .family = NFPROTO_IPV4,
		                      .table = set.table,
		                      .name = set.name };
	struct seen s = { 0 };
	uint64_t n = 150000;

	add_all(f);
	begin(f);
	add_elems(f, TX_ADD, 1, (uint32_t)n, 1);
	assert_int_equal(commit(f), 0);
	assert_int_equal(dump(f, DUMP_ELEMS, filter, &s), 0);
	assert_int_equal(s.elems, n);
	assert_int_equal(s.keys, (uint32_t)(n * (n + 1) / 2));
}

static void elements_are_got_by_key(void **state)
{
	struct fixture *f = need(state);
	struct prog_elem keys[300];
	struct seen s = { 0 };
	size_t bad = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(keys); i++)
		keys[i] = elem(1 + i);
	add_all(f);
	begin(f);
	add_elems(f, TX_ADD, 1, 299, 1);
	assert_int_equal(commit(f), 0);
	assert_int_equal(
		f->e->ops->get_elems(f->e, &set, keys, 299, false, &see, &s, &bad), 0);
	assert_int_equal(s.elems, 299);
	assert_int_equal(s.keys, 299 * 300 / 2);
	assert_int_equal(
		f->e->ops->get_elems(f->e, &set, keys, 300, false, &see, &s, &bad),
		-ENOENT);
	assert_int_equal(bad, 299);
}

static void one_thing_is_got_by_name(void **state)
{
	struct fixture *f = need(state);
	struct dump_filter filter = { .family = NFPROTO_IPV4,
		                      .table = set.table,
		                      .name = set.name };
	struct seen s = { 0 };

	add_all(f);
	assert_int_equal(f->e->ops->get(f->e, DUMP_SETS, &filter, &see, &s), 0);
	assert_int_equal(s.sets, 1);
	assert_string_equal(s.name, "s");
	filter.name = STR("nosuch");
	assert_int_equal(f->e->ops->get(f->e, DUMP_SETS, &filter, &see, &s), -ENOENT);
	filter.name = STR("");
	assert_int_equal(f->e->ops->get(f->e, DUMP_TABLES, &filter, &see, &s), 0);
	assert_string_equal(s.name, "t");
	filter.name = STR("c");
	assert_int_equal(f->e->ops->get(f->e, DUMP_CHAINS, &filter, &see, &s), 0);
	assert_string_equal(s.name, "c");
}

static void an_echo_tells_the_handles(void **state)
{
	struct fixture *f = need(state);
	struct prog_rule r = rule_with(f, 2, NULL);
	struct seen echoed = { 0 }, s = { 0 };
	const struct engine_ops *ops = begin(f);

	ops->tx_table(f->tx, TX_ADD, &table, 1);
	ops->tx_chain(f->tx, TX_ADD, &chain, 2);
	ops->tx_rule(f->tx, TX_ADD, &r, 3);
	assert_int_equal(ops->tx_commit(f->tx, false, &f->a, &f->errors, &f->n_errors,
	                                &see, &echoed),
	                 0);
	assert_int_equal(echoed.tables, 1);
	assert_int_equal(echoed.chains, 1);
	assert_int_equal(echoed.rules, 1);
	assert_int_equal(dump(f, DUMP_RULES, (struct dump_filter){ 0 }, &s), 0);
	assert_int_equal(echoed.handle, s.handle);
}

static void a_check_applies_nothing(void **state)
{
	struct fixture *f = need(state);
	struct seen s = { 0 };
	const struct engine_ops *ops = begin(f);

	ops->tx_table(f->tx, TX_ADD, &table, 1);
	assert_int_equal(
		ops->tx_commit(f->tx, true, &f->a, &f->errors, &f->n_errors, NULL, NULL),
		0);
	assert_int_equal(dump(f, DUMP_TABLES, (struct dump_filter){ 0 }, &s), 0);
	assert_int_equal(s.tables, 0);
	begin(f)->tx_chain(f->tx, TX_ADD, &chain, 1);
	assert_int_equal(
		ops->tx_commit(f->tx, true, &f->a, &f->errors, &f->n_errors, NULL, NULL),
		-ENOENT);
	assert_int_equal(f->errors[0].part, PART_TABLE);
}

static void rules_are_placed_and_replaced(void **state)
{
	struct fixture *f = need(state);
	struct prog_rule r;
	struct seen s = { 0 };

	add_all(f);
	begin(f);
	for (size_t n = 1; n <= 2; n++) {
		r = rule_with(f, n, NULL);
		f->e->ops->tx_rule(f->tx, TX_ADD, &r, 1);
	}
	r = rule_with(f, 3, NULL);
	f->e->ops->tx_rule(f->tx, TX_INSERT, &r, 2);
	assert_int_equal(commit(f), 0);
	assert_int_equal(dump(f, DUMP_RULES, (struct dump_filter){ 0 }, &s), 0);
	assert_string_equal(s.name, "312");
	r = rule_with(f, 4, NULL);
	r.position = s.handle; /* of the last */
	begin(f)->tx_rule(f->tx, TX_INSERT, &r, 3);
	r = rule_with(f, 5, NULL);
	r.handle = s.handle;
	f->e->ops->tx_rule(f->tx, TX_REPLACE, &r, 4);
	assert_int_equal(commit(f), 0);
	assert_int_equal(dump(f, DUMP_RULES, (struct dump_filter){ 0 }, &s), 0);
	assert_string_equal(s.name, "3145");
	r = (struct prog_rule){ .family = NFPROTO_IPV4,
		                .table = STR("t"),
		                .chain = STR("c") };
	begin(f)->tx_rule(f->tx, TX_DELETE, &r, 5);
	assert_int_equal(commit(f), 0);
	assert_int_equal(dump(f, DUMP_RULES, (struct dump_filter){ 0 }, &s), 0);
	assert_int_equal(s.rules, 0);
}

static void a_chain_is_renamed(void **state)
{
	struct fixture *f = need(state);
	struct prog_chain c = chain;
	struct seen s = { 0 };

	add_all(f);
	assert_int_equal(dump(f, DUMP_CHAINS, (struct dump_filter){ 0 }, &s), 0);
	c.handle = s.handle;
	c.new_name = STR("d");
	begin(f)->tx_chain(f->tx, TX_ADD, &c, 1);
	assert_int_equal(commit(f), 0);
	assert_int_equal(dump(f, DUMP_CHAINS, (struct dump_filter){ 0 }, &s), 0);
	assert_string_equal(s.name, "d");
}

static void things_are_deleted_by_handle(void **state)
{
	struct fixture *f = need(state);
	struct prog_chain c = { .family = NFPROTO_IPV4, .table = STR("t") };
	struct seen s = { 0 };

	add_all(f);
	assert_int_equal(dump(f, DUMP_CHAINS, (struct dump_filter){ 0 }, &s), 0);
	c.handle = s.handle;
	begin(f)->tx_chain(f->tx, TX_DELETE, &c, 1);
	assert_int_equal(commit(f), 0);
	assert_int_equal(dump(f, DUMP_CHAINS, (struct dump_filter){ 0 }, &s), 0);
	assert_int_equal(s.chains, 0);
	begin(f)->tx_chain(f->tx, TX_DELETE, &c, 7);
	assert_int_equal(commit(f), -ENOENT);
	assert_int_equal(f->errors[0].part, PART_HANDLE);
}

static void a_counter_is_reset(void **state)
{
	struct fixture *f = need(state);
	struct prog_obj o = { .family = NFPROTO_IPV4,
		              .table = STR("t"),
		              .name = STR("o"),
		              .type = NFT_OBJECT_COUNTER,
		              .counter = { .packets = 5, .bytes = 6 } };
	struct dump_filter filter = { .family = NFPROTO_IPV4,
		                      .table = STR("t"),
		                      .name = STR("o"),
		                      .obj_type = NFT_OBJECT_COUNTER,
		                      .reset = true };
	struct seen s = { 0 };

	add_all(f);
	begin(f)->tx_obj(f->tx, TX_CREATE, &o, 1);
	assert_int_equal(commit(f), 0);
	assert_int_equal(f->e->ops->get(f->e, DUMP_OBJS, &filter, &see, &s), 0);
	assert_int_equal(s.packets, 5);
	assert_int_equal(f->e->ops->get(f->e, DUMP_OBJS, &filter, &see, &s), 0);
	assert_int_equal(s.packets, 0);
	assert_int_equal(dump(f, DUMP_OBJS, filter, &s), 0);
	assert_int_equal(s.objs, 1);
	begin(f)->tx_obj(f->tx, TX_CREATE, &o, 1);
	assert_int_equal(commit(f), -EEXIST);
	assert_int_equal(f->errors[0].part, PART_NAME);
}

/* Stops at the second rule; the engine must be usable afterwards. */
static int stop_at_second(void *ctx, const struct prog_rule *r)
{
	(void)r;
	return ++*(int *)ctx == 2 ? -ECANCELED : 0;
}

static void a_dump_can_be_stopped(void **state)
{
	struct fixture *f = need(state);
	static const struct dump_ops stop = { .rule = stop_at_second };
	struct dump_filter all = { 0 };
	struct prog_rule r = rule_with(f, 100, NULL);
	struct seen s = { 0 };
	int calls = 0;

	add_all(f);
	begin(f);
	for (size_t i = 0; i < 100; i++)
		f->e->ops->tx_rule(f->tx, TX_ADD, &r, 1);
	assert_int_equal(commit(f), 0);
	assert_int_equal(f->e->ops->dump(f->e, DUMP_RULES, &all, &stop, NULL, &calls),
	                 -ECANCELED);
	assert_int_equal(calls, 2);
	assert_int_equal(dump(f, DUMP_RULES, all, &s), 0);
	assert_int_equal(s.rules, 100);
}

static void an_overlong_rule_is_refused_before_it_is_sent(void **state)
{
	struct fixture *f = need(state);
	static uint8_t zeros[70000];
	struct prog_rule r = rule_with(f, 0, "x");

	r.prog.p[0].foreign.attrs = zeros;
	r.prog.p[0].foreign.n = sizeof(zeros);
	begin(f)->tx_table(f->tx, TX_ADD, &table, 1);
	f->e->ops->tx_rule(f->tx, TX_ADD, &r, 9);
	assert_int_equal(commit(f), -EMSGSIZE);
	assert_int_equal(f->errors[0].tag, 9);
}

/* Runs `child` in a process of its own; its exit code 77 means that it could not try. */
static void in_child(int (*child)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* In a user namespace the send buffer cannot be forced. */
static int send_too_much(void)
{
	struct fixture f = { 0 };
	int r;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 || engine_kernel_open(&f.e) < 0)
		return 77;
	begin(&f);
	f.e->ops->tx_table(f.tx, TX_ADD, &table, 1);
	f.e->ops->tx_set(f.tx, TX_ADD, &set, 2);
	add_elems(&f, TX_ADD, 0, 8 << 20, 3);
	r = commit(&f);
	if (r == 0)
		return 77; /* wmem_max is large here */
	if (r != -EMSGSIZE || f.n_errors != 1)
		return 1;
	return memmem(f.errors[0].text.p, f.errors[0].text.n, "net.core.wmem_max", 17)
	               ? 0
	               : 2;
}

static void a_send_above_the_limit_says_what_to_raise(void **state)
{
	need(state);
	in_child(send_too_much);
}

static int open_as_nobody(void)
{
	struct engine *e;

	if (getuid() != 0 || setresuid(65534, 65534, 65534) < 0)
		return 77;
	return engine_kernel_open(&e) == -EPERM ? 0 : 1;
}

static void without_privilege_opening_is_refused_as_such(void **state)
{
	need(state);
	in_child(open_as_nobody);
}

#define LIVE(function) \
	cmocka_unit_test_setup_teardown(function, open_engine, close_engine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE(a_commit_moves_the_generation),
		LIVE(an_old_generation_is_refused),
		LIVE(an_empty_transaction_is_fine),
		LIVE(every_refusal_is_told_and_nothing_is_applied),
		LIVE(a_missing_expression_is_named_with_its_place),
		LIVE(a_missing_set_is_not_a_missing_expression),
		LIVE(a_bad_element_is_counted_over_messages),
		LIVE(elements_come_back_and_go),
		LIVE(a_large_set_is_whole_right_after_its_load),
		LIVE(elements_are_got_by_key),
		LIVE(one_thing_is_got_by_name),
		LIVE(an_echo_tells_the_handles),
		LIVE(a_check_applies_nothing),
		LIVE(rules_are_placed_and_replaced),
		LIVE(a_chain_is_renamed),
		LIVE(things_are_deleted_by_handle),
		LIVE(a_counter_is_reset),
		LIVE(a_dump_can_be_stopped),
		LIVE(an_overlong_rule_is_refused_before_it_is_sent),
		LIVE(a_send_above_the_limit_says_what_to_raise),
		LIVE(without_privilege_opening_is_refused_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
