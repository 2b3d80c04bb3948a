/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The verbs gate has beside nft's commands: one row each, one file each. */
#pragma once

#include "base/str.h"
#include "gate/cli/options.h"

struct cli;

struct verb {
	const char *name; /* NULL ends the table */
	const char *usage, *help;
	const struct option_row *options; /* its own, or NULL */
	uint64_t takes;                   /* OPT_BIT of all options it obeys */
	/* Returns the exit status. NULL: not supported yet. */
	int (*run)(struct cli *c);
};

extern const struct verb verbs[];

/* NULL: the word is not a verb of ours. */
const struct verb *verb_by_name(struct str name);

/* verb_explain.c */
extern const struct option_row explain_options[];
int verb_explain(struct cli *c);

/* verb_check.c */
extern const struct option_row check_options[];
int verb_check(struct cli *c);

/* verb_test.c */
extern const struct option_row test_options[];
int verb_test(struct cli *c);

/* verb_replay.c */
extern const struct option_row replay_options[];
int verb_replay(struct cli *c);
