/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The list of sessions. */
#include "herald/modules/adhoc_session.h"

#include <stdio.h>

#include "base/oom.h"
#include "io/random.h"

void adhoc_forget_values(struct adhoc *s)
{
	adhoc_wipe(&s->node, &s->values);
	s->values = (struct adhoc_values){ 0 };
	arena_fini(&s->filled);
}

void adhoc_free(struct adhoc_list *l, struct adhoc *s)
{
	adhoc_forget_values(s);
	arena_fini(&s->arena);
	free(s);
	l->n--;
}

void adhoc_wait(struct adhoc_list *l, struct adhoc *s, uint64_t now_ms)
{
	s->next = l->waiting;
	l->waiting = s;
	s->deadline_ms = now_ms + ADHOC_LIFE_MS;
}

void adhoc_take(struct adhoc_list *l, struct adhoc *s)
{
	struct adhoc **at = &l->waiting;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
}

void adhoc_expire(struct adhoc_list *l, uint64_t now_ms)
{
	for (struct adhoc *s = l->waiting, *next; s; s = next) {
		next = s->next;
		if (now_ms < s->deadline_ms)
			continue;
		adhoc_take(l, s);
		adhoc_free(l, s);
	}
}

/* An account that leaves its sessions lying about loses the oldest. */
static void make_room(struct adhoc_list *l, struct jid who)
{
	struct adhoc *oldest = NULL;
	size_t n = 0;

	for (struct adhoc *s = l->waiting; s; s = s->next) {
		if (!jid_bare_eq(s->who, who))
			continue;
		oldest = s;
		n++;
	}
	if (n < ADHOC_SESSIONS_EACH)
		return;
	adhoc_take(l, oldest);
	adhoc_free(l, oldest);
}

struct adhoc *adhoc_new(struct adhoc_list *l, const struct command_node *node,
                        struct jid who, struct str here)
{
	uint8_t bytes[16];

	make_room(l, who);
	if (l->n >= ADHOC_SESSIONS_MAX)
		return NULL;
	struct adhoc *s = base_calloc(1, sizeof(*s));
	s->who = jid_copy(who, &s->arena);
	s->here = arena_str(&s->arena, here);
	s->node = *node;
	random_fill(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(s->id + 2 * i, 3, "%02x", bytes[i]);
	l->n++;
	return s;
}

static bool is_same_node(const struct command_node *a, const struct command_node *b)
{
	return strcmp(a->prefix, b->prefix) == 0 && strcmp(a->name, b->name) == 0;
}

struct adhoc *adhoc_find(const struct adhoc_list *l, struct str id,
                         const struct command_node *node, struct jid who, struct str here)
{
	for (struct adhoc *s = l->waiting; s; s = s->next) {
		if (str_is(id, s->id) && jid_eq(s->who, who) && str_eq(s->here, here) &&
		    is_same_node(&s->node, node))
			return s;
	}
	return NULL;
}
