/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The table of verbs. Those without a function are planned and refused by name. */
#include "gate/cli/verbs.h"

/* What makes sense whatever the verb does. */
#define TAKES_ALWAYS (OPT_BIT(OPT_ERRORS) | OPT_BIT(OPT_COLOUR) | OPT_BIT(OPT_NO_COLOUR))

// clang-format off
const struct verb verbs[] = {
	{ "check", "gate check [--interfaces NAME,...] [--kernel VERSION] [--state FILE] FILE...",
	  "check files without asking the kernel", check_options,
	  TAKES_ALWAYS | OPT_BIT(OPT_FILE) | OPT_BIT(OPT_DEFINE) | OPT_BIT(OPT_INCLUDE) |
	  OPT_BIT(OPT_CHECK) | OPT_BIT(OPT_DEBUG) | OPT_BIT(OPT_KERNEL) |
	  OPT_BIT(OPT_INTERFACES) | OPT_BIT(OPT_STATE), verb_check },
	{ "explain", "gate explain [-f FILE] [-j] [--address DEV=ADDR/LEN]... PACKET...",
	  "show the way of packets through a ruleset, without a network", explain_options,
	  TAKES_ALWAYS | OPT_BIT(OPT_FILE) | OPT_BIT(OPT_DEFINE) | OPT_BIT(OPT_INCLUDE) |
	  OPT_BIT(OPT_JSON) | OPT_BIT(OPT_INTERFACES) | OPT_BIT(OPT_LIVE) |
	  OPT_BIT(OPT_WHY_NOT) | OPT_BIT(OPT_ADDRESS) | OPT_BIT(OPT_ROUTE) |
	  OPT_BIT(OPT_ROUTER), verb_explain },
	{ "test", "gate test [--coverage] [--format FORM] [--seed N] FILE...",
	  "send the packets of scenario files through their rulesets", test_options,
	  TAKES_ALWAYS | OPT_BIT(OPT_DEFINE) | OPT_BIT(OPT_INCLUDE) | OPT_BIT(OPT_JSON) |
	  OPT_BIT(OPT_LIVE) | OPT_BIT(OPT_FORMAT) | OPT_BIT(OPT_SEED) | OPT_BIT(OPT_FILE) |
	  OPT_BIT(OPT_COVERAGE) | OPT_BIT(OPT_COVERAGE_HTML), verb_test },
	{ "replay", "gate replay [-f FILE | --live] [--against OLD] [--local ADDR]... CAPTURE",
	  "send a capture through a ruleset, or compare two on it", replay_options,
	  TAKES_ALWAYS | OPT_BIT(OPT_FILE) | OPT_BIT(OPT_DEFINE) | OPT_BIT(OPT_INCLUDE) |
	  OPT_BIT(OPT_JSON) | OPT_BIT(OPT_LIVE) | OPT_BIT(OPT_INTERFACES) | OPT_BIT(OPT_ROUTER) |
	  OPT_BIT(OPT_LOCAL) | OPT_BIT(OPT_IN) | OPT_BIT(OPT_AGAINST) | OPT_BIT(OPT_PASSED) |
	  OPT_BIT(OPT_STOPPED) | OPT_BIT(OPT_CHECKSUMS) | OPT_BIT(OPT_FLOWS), verb_replay },
	{ .name = "apply" }, { .name = "confirm" }, { .name = "rollback" },
	{ .name = "history" }, { .name = "save" }, { .name = "lint" },
	{ .name = "prove" }, { .name = "diff" },
	{ .name = "exposure" }, { .name = "top" }, { .name = "log" }, { .name = "conntrack" },
	{ .name = "ban" }, { .name = "unban" }, { .name = "bans" }, { .name = "import" },
	{ .name = "doctor" },
	{ 0 },
};
// clang-format on

const struct verb *verb_by_name(struct str name)
{
	for (const struct verb *v = verbs; v->name; v++)
		if (str_is(name, v->name))
			return v;
	return NULL;
}
