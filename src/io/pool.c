/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "io/pool.h"

#include <assert.h>
#include <errno.h>

#include "base/oom.h"

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct pool_job *first, **last;
	size_t waiting, max_waiting;
	bool ending;
	size_t n_threads;
	pthread_t threads[];
};

static void on_done(struct inbox_item *item)
{
	struct pool_job *job =
		(struct pool_job *)((char *)item - offsetof(struct pool_job, item));

	job->done(job);
}

/* The next job, or NULL when the pool ends and nothing waits. */
static struct pool_job *next_job(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	while (!p->first && !p->ending)
		pthread_cond_wait(&p->filled, &p->lock);
	struct pool_job *job = p->first;
	if (job) {
		p->first = job->next;
		if (!p->first)
			p->last = &p->first;
		p->waiting--;
	}
	pthread_mutex_unlock(&p->lock);
	return job;
}

static void *work(void *arg)
{
	struct pool *p = arg;
	struct pool_job *job;

	while ((job = next_job(p))) {
		job->work(job);
		job->item.fn = on_done;
		inbox_post(job->to, &job->item);
	}
	return NULL;
}

int pool_new(size_t threads, size_t queue, struct pool **out)
{
	assert(threads >= 1 && threads <= 64);
	auto_ptr(pool) p = base_calloc(1, sizeof(*p) + threads * sizeof(p->threads[0]));

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->filled, NULL);
	p->last = &p->first;
	p->max_waiting =
		queue + threads; /* an idle thread may not have taken its job yet */
	for (; p->n_threads < threads; p->n_threads++) {
		int r = pthread_create(&p->threads[p->n_threads], NULL, work, p);
		if (r != 0)
			return -r;
	}
	*out = take(p);
	return 0;
}

int pool_submit(struct pool *p, struct pool_job *job)
{
	int r = 0;

	job->next = NULL;
	pthread_mutex_lock(&p->lock);
	if (p->waiting >= p->max_waiting) {
		r = -EBUSY;
	} else {
		*p->last = job;
		p->last = &job->next;
		p->waiting++;
	}
	pthread_mutex_unlock(&p->lock);
	if (r == 0)
		pthread_cond_signal(&p->filled); /* who wakes finds the lock free */
	return r;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->filled);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->filled);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
