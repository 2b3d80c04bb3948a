/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>

#include "io/pool.h"

/* A door that jobs wait at, so that the test says when they end. */
struct door {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool is_open;
};

struct job {
	struct pool_job base; /* first: the pool's job is ours */
	struct door *door;
	pthread_t worked_by, done_by;
	int done;
};

static void work(struct pool_job *base)
{
	struct job *job = (struct job *)base;

	pthread_mutex_lock(&job->door->lock);
	while (!job->door->is_open)
		pthread_cond_wait(&job->door->opened, &job->door->lock);
	pthread_mutex_unlock(&job->door->lock);
	job->worked_by = pthread_self();
}

static void done(struct pool_job *base)
{
	struct job *job = (struct job *)base;

	job->done++;
	job->done_by = pthread_self();
}

static void open_door(struct door *door)
{
	pthread_mutex_lock(&door->lock);
	door->is_open = true;
	pthread_cond_broadcast(&door->opened);
	pthread_mutex_unlock(&door->lock);
}

enum { JOBS = 6 };

static void a_full_queue_refuses_and_the_rest_is_done(void **state)
{
	struct door door = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
	struct job jobs[JOBS] = { 0 };
	struct inbox inbox;
	struct pool *pool;
	size_t accepted = 0, finished = 0;

	(void)state;
	inbox_init(&inbox, NULL, NULL);
	assert_int_equal(pool_new(1, 1, &pool), 0);
	for (size_t i = 0; i < JOBS; i++) {
		jobs[i] = (struct job){
			.base = { .work = work, .done = done, .to = &inbox },
			.door = &door
		};
		int r = pool_submit(pool, &jobs[i].base);
		assert_true(r == 0 || r == -EBUSY);
		accepted += r == 0;
	}
	/* One at work, or not taken yet, and two that wait. */
	assert_in_range(accepted, 2, 3);
	open_door(&door);
	while (finished < accepted)
		finished += inbox_wait(&inbox, 30000);
	for (size_t i = 0; i < accepted; i++) {
		assert_int_equal(jobs[i].done, 1);
		assert_true(pthread_equal(jobs[i].done_by, pthread_self()));
		assert_false(pthread_equal(jobs[i].worked_by, pthread_self()));
	}
	for (size_t i = accepted; i < JOBS; i++)
		assert_int_equal(jobs[i].done, 0);
	pool_free(pool);
	inbox_fini(&inbox);
}

static void freeing_finishes_what_was_submitted(void **state)
{
	struct door door = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, true };
	struct job jobs[JOBS] = { 0 };
	struct inbox inbox;
	struct pool *pool;

	(void)state;
	inbox_init(&inbox, NULL, NULL);
	assert_int_equal(pool_new(3, JOBS, &pool), 0);
	for (size_t i = 0; i < JOBS; i++) {
		jobs[i] = (struct job){
			.base = { .work = work, .done = done, .to = &inbox },
			.door = &door
		};
		assert_int_equal(pool_submit(pool, &jobs[i].base), 0);
	}
	pool_free(pool);
	assert_int_equal(inbox_run(&inbox), JOBS);
	inbox_fini(&inbox);
	pool_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_full_queue_refuses_and_the_rest_is_done),
		UNIT(freeing_finishes_what_was_submitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
