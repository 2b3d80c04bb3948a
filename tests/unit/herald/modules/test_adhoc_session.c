/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sessions of ad-hoc commands: whose they are, how many, how long. */
#include "unit.h"

#include "herald/modules/adhoc_session.h"

static const struct command add = { "add", "user password", "", "add one", NULL };
static const struct command_node node = {
	.prefix = "p/",
	.name = "add",
	.title = "Add",
	.command = &add,
	.fields = "user password",
};

static struct jid address(const char *text, struct arena *a)
{
	struct jid jid;

	assert_int_equal(jid_parse(str_from(text), a, &jid), 0);
	return jid;
}

static struct adhoc *begin(struct adhoc_list *l, struct jid who, uint64_t now_ms)
{
	struct adhoc *s = adhoc_new(l, &node, who, STR("b"));

	if (s)
		adhoc_wait(l, s, now_ms);
	return s;
}

static void a_session_is_found_by_its_owner_alone(void **state)
{
	struct command_node other = node;
	struct adhoc_list l = { 0 };
	auto_arena a = { 0 };
	struct jid who = address("a@b/c", &a);
	struct adhoc *s = begin(&l, who, 0), *second = begin(&l, who, 0);
	struct str id = str_from(s->id), here = STR("b");

	(void)state;
	assert_int_equal(id.n, 32);
	assert_string_not_equal(s->id, second->id);
	assert_ptr_equal(adhoc_find(&l, id, &node, who, here), s);
	assert_null(adhoc_find(&l, STR(""), &node, who, here));
	assert_null(adhoc_find(&l, id, &node, address("a@b/d", &a), here));
	assert_null(adhoc_find(&l, id, &node, who, STR("c")));
	other.prefix = "q/";
	assert_null(adhoc_find(&l, id, &other, who, here));
	adhoc_take(&l, s); /* it runs */
	assert_null(adhoc_find(&l, id, &node, who, here));
	adhoc_free(&l, s);
	adhoc_expire(&l, UINT64_MAX);
	assert_int_equal(l.n, 0);
}

static void a_session_ends_when_nothing_happens(void **state)
{
	struct adhoc_list l = { 0 };
	auto_arena a = { 0 };
	struct adhoc *s = begin(&l, address("a@b/c", &a), 100);
	char secret[] = "s3cr3t";

	(void)state;
	s->values.p[1] = (struct str){ secret, 6 };
	adhoc_expire(&l, 100 + ADHOC_LIFE_MS - 1);
	assert_int_equal(l.n, 1);
	adhoc_take(&l, s);
	adhoc_wait(&l, s, 200); /* a step */
	adhoc_expire(&l, 100 + ADHOC_LIFE_MS);
	assert_int_equal(l.n, 1);
	adhoc_expire(&l, 200 + ADHOC_LIFE_MS);
	assert_int_equal(l.n, 0);
	assert_null(l.waiting);
	assert_memory_equal(secret, "\0\0\0\0\0\0", 6);
}

static void there_are_so_many_of_an_account_and_of_all(void **state)
{
	struct adhoc_list l = { 0 };
	auto_arena a = { 0 };
	struct jid who = address("a@b/c", &a);
	struct str first = arena_str(&a, str_from(begin(&l, who, 0)->id));

	(void)state;
	for (int i = 1; i < ADHOC_SESSIONS_EACH; i++)
		begin(&l, address("a@b/other", &a), 0);
	assert_non_null(adhoc_find(&l, first, &node, who, STR("b")));
	begin(&l, who, 0);
	assert_int_equal(l.n, ADHOC_SESSIONS_EACH);
	assert_null(adhoc_find(&l, first, &node, who, STR("b"))); /* the oldest */
	for (size_t i = l.n; i < ADHOC_SESSIONS_MAX; i++)
		assert_non_null(
			begin(&l, address(arena_fmt(&a, "u%zu@b/c", i).p, &a), 0));
	assert_null(begin(&l, address("last@b/c", &a), 0));
	assert_non_null(begin(&l, who, 0)); /* in the place of its own oldest */
	adhoc_expire(&l, UINT64_MAX);
	assert_int_equal(l.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_session_is_found_by_its_owner_alone),
		UNIT(a_session_ends_when_nothing_happens),
		UNIT(there_are_so_many_of_an_account_and_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
