/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Sessions of ad-hoc commands. One waits in the list for its client's next step, or is out of it
 * while the command runs, so that nobody can act on it twice. Time is passed in.
 */
#pragma once

#include "herald/modules/adhoc.h"

enum {
	ADHOC_SESSIONS_MAX = 200,       /* of all */
	ADHOC_SESSIONS_EACH = 10,       /* of an account; then its oldest ends */
	ADHOC_LIFE_MS = 10 * 60 * 1000, /* without a step */
};

enum adhoc_stage {
	ADHOC_FORM,
	ADHOC_REVIEW,
};

struct adhoc {
	struct adhoc *next; /* that waits; newest first */
	struct arena arena; /* of who and here */
	struct jid who;     /* the full address that began it */
	struct str here;    /* the host that was asked */
	char id[33];        /* cannot be guessed */
	struct command_node node;
	enum adhoc_stage stage;
	struct arena filled; /* of the values */
	struct adhoc_values values;
	uint64_t deadline_ms;
};

/* All zero: none. */
struct adhoc_list {
	struct adhoc *waiting;
	size_t n; /* those that do not wait too */
};

/* A new one, which does not wait yet; NULL: there are too many. */
struct adhoc *adhoc_new(struct adhoc_list *l, const struct command_node *node,
                        struct jid who, struct str here);

/* It waits from now on; it waits no more. */
void adhoc_wait(struct adhoc_list *l, struct adhoc *s, uint64_t now_ms);
void adhoc_take(struct adhoc_list *l, struct adhoc *s);

/* The one that waits under that name for that client, host and node, or NULL. */
struct adhoc *adhoc_find(const struct adhoc_list *l, struct str id,
                         const struct command_node *node, struct jid who,
                         struct str here);

/* Overwrites what is secret and forgets all values. */
void adhoc_forget_values(struct adhoc *s);

/* Frees one that does not wait. */
void adhoc_free(struct adhoc_list *l, struct adhoc *s);

/* Ends those that have waited too long. */
void adhoc_expire(struct adhoc_list *l, uint64_t now_ms);
