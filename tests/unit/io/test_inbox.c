/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "io/inbox.h"

struct note {
	struct inbox_item item; /* first: the item is the note */
	struct log *log;
	int number;
};

struct log {
	struct inbox inbox;
	int seen[8];
	size_t n, wakes;
	struct note again;
};

static void on_wake(void *arg)
{
	struct log *log = arg;

	log->wakes++;
}

static void on_note(struct inbox_item *item)
{
	struct note *note = (struct note *)item;

	note->log->seen[note->log->n++] = note->number;
}

static void on_note_posts_another(struct inbox_item *item)
{
	struct note *note = (struct note *)item;

	on_note(item);
	note->log->again = (struct note){ { NULL, on_note }, note->log, 9 };
	inbox_post(&note->log->inbox, &note->log->again.item);
}

static void items_run_in_order_with_one_wake(void **state)
{
	struct log log = { 0 };
	struct note a = { { NULL, on_note }, &log, 1 },
		    b = { { NULL, on_note }, &log, 2 },
		    c = { { NULL, on_note }, &log, 3 };

	(void)state;
	inbox_init(&log.inbox, on_wake, &log);
	inbox_post(&log.inbox, &a.item);
	b.item.next = &c.item;
	inbox_post_chain(&log.inbox, &b.item, &c.item);
	assert_int_equal(log.wakes, 1);
	assert_int_equal(log.n, 0);
	assert_int_equal(inbox_run(&log.inbox), 3);
	assert_int_equal(log.seen[0], 1);
	assert_int_equal(log.seen[1], 2);
	assert_int_equal(log.seen[2], 3);
	assert_int_equal(inbox_run(&log.inbox), 0);
	inbox_fini(&log.inbox);
}

static void what_is_posted_while_running_wakes_again(void **state)
{
	struct log log = { 0 };
	struct note a = { { NULL, on_note_posts_another }, &log, 1 };

	(void)state;
	inbox_init(&log.inbox, on_wake, &log);
	inbox_post(&log.inbox, &a.item);
	assert_int_equal(inbox_run(&log.inbox), 1);
	assert_int_equal(log.wakes, 2);
	assert_int_equal(inbox_run(&log.inbox), 1);
	assert_int_equal(log.seen[1], 9);
	inbox_fini(&log.inbox);
}

static void *post_later(void *arg)
{
	struct note *note = arg;

	inbox_post(&note->log->inbox, &note->item);
	return NULL;
}

static void waiting_ends_with_an_item_or_with_time(void **state)
{
	struct log log = { 0 };
	struct note a = { { NULL, on_note }, &log, 1 };
	pthread_t thread;

	(void)state;
	inbox_init(&log.inbox, NULL, NULL);
	assert_int_equal(inbox_wait(&log.inbox, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, post_later, &a), 0);
	assert_int_equal(inbox_wait(&log.inbox, 30000), 1);
	pthread_join(thread, NULL);
	inbox_fini(&log.inbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(items_run_in_order_with_one_wake),
		UNIT(what_is_posted_while_running_wakes_again),
		UNIT(waiting_ends_with_an_item_or_with_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
