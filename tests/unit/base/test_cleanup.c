/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Release by scope. */
#include "unit.h"

#include <fcntl.h>

struct thing {
	int *freed;
};

static void thing_free(struct thing *t)
{
	if (t)
		++*t->freed;
}

DEFINE_AUTO_PTR(thing)

static void an_owner_releases_at_the_end_of_its_scope(void **state)
{
	int freed = 0;
	struct thing t = { &freed };

	(void)state;
	{
		auto_ptr(thing) owner = &t;
		auto_ptr(thing) nobody = NULL;
		auto_free char *text = malloc(10);
		(void)nobody;
		assert_non_null(text);
		assert_int_equal(*owner->freed, 0);
	}
	assert_int_equal(freed, 1);
}

static void what_is_taken_is_not_released(void **state)
{
	int freed = 0;
	struct thing t = { &freed }, *kept;

	(void)state;
	{
		auto_ptr(thing) owner = &t;
		kept = take(owner);
		assert_null(owner);
	}
	assert_ptr_equal(kept, &t);
	assert_int_equal(freed, 0);
}

static void a_descriptor_is_closed(void **state)
{
	int number;

	(void)state;
	{
		auto_close int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		auto_close int none = -1;
		(void)none;
		assert_true(fd >= 0);
		number = fd;
	}
	assert_int_equal(fcntl(number, F_GETFD), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(an_owner_releases_at_the_end_of_its_scope),
		UNIT(what_is_taken_is_not_released),
		UNIT(a_descriptor_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
