/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Inside of expectations: how the table meets them. */
#pragma once

#include "gate/track/table.h"

/* A new entry fulfils an expectation, if there is one: it gets master, mark, helper, NAT. */
void track_expectations_meet(struct track *t, struct track_entry *e);

/* Takes away those that are over, those of a master that ended. */
void track_expectations_expire(struct track *t);
void track_expectations_forget(struct track *t, const struct track_entry *master);

/* How many a master has. */
uint32_t track_expectations_of(const struct track *t, const struct track_entry *master);

/* The one that such a packet would fulfil, active or not; NULL: none. */
const struct track_pending *track_expectations_find(const struct track *t,
                                                    const struct track_tuple *tuple);

/* Takes away the i-th of the list. */
void track_expectations_remove(struct track *t, size_t i);

/* The helper's limits: seconds an expectation of this class lives, how many at once. */
struct track_expect_policy {
	uint32_t seconds;
	uint8_t max;
};
struct track_expect_policy track_helper_policy(enum track_helper helper, uint8_t class);
