/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "gate/lang/rule_texts.h"

#include <stdbool.h>

static bool run_takes(const struct rule_run *run, const struct rule_text *text)
{
	return run->scope == text->scope && run->file == text->span.file &&
	       run->seq == text->seq;
}

void rule_texts_add(struct rule_texts *r, const struct rule_text *text)
{
	if (r->runs.n == 0 || !run_takes(&r->runs.p[r->runs.n - 1], text))
		vec_push(&r->runs, (struct rule_run){ text->scope, text->span.file,
		                                      text->seq, (uint32_t)r->list.n });
	vec_push(&r->list, (struct rule_part){ text->span.off, text->span.len });
}

static const struct rule_run *run_of(const struct rule_texts *r, size_t i)
{
	size_t low = 0, high = r->runs.n;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (r->runs.p[middle].first <= i)
			low = middle;
		else
			high = middle;
	}
	return &r->runs.p[low];
}

struct rule_text rule_texts_get(const struct rule_texts *r, size_t i)
{
	const struct rule_run *run = run_of(r, i);
	const struct rule_part *part = &r->list.p[i];

	return (struct rule_text){ run->scope,
		                   { run->file, part->off, part->len },
		                   run->seq };
}

void rule_texts_fini(struct rule_texts *r)
{
	vec_fini(&r->list);
	vec_fini(&r->runs);
}
