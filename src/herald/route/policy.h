/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Numbers that the configuration's rules give an account. */
#pragma once

#include <stdint.h>

#include "herald/jid/jid.h"
#include "herald/route/worker.h"

enum policy_number {
	POLICY_SESSIONS,         /* that may be connected at a time */
	POLICY_OFFLINE_MESSAGES, /* that may wait */
};

struct policy {
	/* UINT64_MAX: no limit; `otherwise` when no rule says a number. */
	uint64_t (*number)(const struct policy *p, struct jid account,
	                   enum policy_number which, uint64_t otherwise);
};

/* A server without policy (in tests) has the defaults. */
static inline uint64_t server_number(const struct server *s, struct jid account,
                                     enum policy_number which, uint64_t otherwise)
{
	return s->policy ? s->policy->number(s->policy, account, which, otherwise)
	                 : otherwise;
}
