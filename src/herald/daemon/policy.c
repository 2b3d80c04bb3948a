/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Numbers of shaper_rules. */
#include "herald/route/policy.h"

#include "herald/daemon/daemon.h"

uint64_t daemon_number(const struct policy *p, struct jid account,
                       enum policy_number which, uint64_t otherwise)
{
	const struct daemon *d =
		(const struct daemon *)(const void *)((const char *)p -
	                                              offsetof(struct daemon, policy));
	struct access_who who = { .jid = account, .local = true };
	struct str rule = STR("");
	uint64_t number;

	switch (which) {
	case POLICY_SESSIONS:
		rule = STR("max_user_sessions");
		break;
	case POLICY_OFFLINE_MESSAGES:
		rule = d->config.offline_rule;
		break;
	}
	struct str value =
		access_value(&d->config.access, jid_domain(account), rule, &who);
	if (str_is(value, "infinity") || str_is(value, "unlimited"))
		return UINT64_MAX;
	return str_to_u64(value, 10, &number) == 0 ? number : otherwise;
}
