/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `gate test`: scenario files run against their rulesets. verb_test.c has the options and the
 * files, test_world.c makes the machine and finds what expectations speak of, test_run.c sends
 * the packets, test_judge.c compares, test_report.c and test_formats.c tell.
 *
 * A file is run as often as there are ways that unknown things could go (sim.h: doubts), and once
 * more to explain what failed; each run begins with a fresh ruleset and draws the same values.
 */
#pragma once

#include "gate/cli/coverage.h"
#include "gate/cli/explain.h"
#include "gate/scenario/draw.h"
#include "gate/scenario/scenario.h"

enum { TEST_DECIDERS = 24, TEST_MATCHED = 64, TEST_LOGS = 16, TEST_SENT = 8 };

/* What became of one packet. */
struct taken {
	struct sim_result result, answer; /* the second with has_answer */
	bool has_answer;
	const char *ct;
	const struct sim_dev *out;
	uint32_t mark, ct_mark;
	bool has_entry;
	const struct sim_rule
		*deciders[TEST_DECIDERS]; /* gave their base chain a verdict */
	size_t n_deciders;
	const struct sim_rule *matched[TEST_MATCHED]; /* the last so many */
	size_t n_matched;                             /* all */
	struct str logs[TEST_LOGS];                   /* prefixes */
	size_t n_logs;
	const struct sim_dev *sent[TEST_SENT]; /* a bridge may send several copies */
	size_t n_sent;
	struct track_tuple tuple; /* as it left */
	struct str packet;        /* in the failure: which packet of a connection */
};

/* One try of a step: a packet, a connection; a step has several when it is repeated or draws. */
struct test_try {
	unsigned fates;    /* bit n: enum sim_fate n came out in some run */
	unsigned answers;  /* of what was answered: explain_answer_bit() */
	uint64_t holds;    /* bit n: group n of the expectations, but for the verdict */
	struct str *wrong; /* [group]: why it does not hold; empty where it does */
	struct str was;    /* what became of it, as a sentence */
	struct str drawn;  /* the values drawn, as words; empty: none */
};

struct test_step {
	const struct step *step;
	VEC(struct test_try) tries;
	bool failed;
	size_t failed_try;
	struct str message; /* what was expected and what came */
	struct str detail;  /* the packet's way */
};

struct test_file {
	struct cli *c;
	struct str path;
	struct arena a;
	struct scenario scenario;
	struct explain e;
	struct draw draw;
	uint64_t seed;
	struct test_step *steps;
	size_t n_steps;
	size_t failed;
	uint64_t packets; /* sent in all runs */
	bool is_declared; /* its interfaces are all there are */
	bool is_broken;   /* not run: the mistakes are in the cli's diags */
};

/* What the command line asks for, and what all files share. */
struct test {
	struct cli *c;
	uint64_t seed;
	bool has_seed;
	struct coverage coverage;
	struct test_file *files;
	size_t n_files;
	uint64_t elapsed_ns;
};

/* ---- test_world.c ---- */
/* The machine, and the ruleset once, to find out whether what the expectations name is there.
 * -EINVAL after errors in the cli's diags. */
int test_prepare(struct test_file *f);
/* The rule's comment, or empty. */
struct str rule_comment(const struct sim_rule *rule);
struct sim_set *test_find_set(const struct test_file *f, const struct expect *x);
struct sim_obj *test_find_counter(const struct test_file *f, const struct expect *x);
/* Whether the expectation `by …` means that rule. */
bool test_is_rule(const struct test_file *f, const struct expect *x,
                  const struct sim_rule *rule);
/* The file's sysctls; -EINVAL after an error. */
int test_set_sysctls(struct test_file *f, struct track *t);

/* ---- test_run.c ---- */
/* All steps in all ways; fills the tries. Errors are in the cli's diags. */
int test_run(struct test *t, struct test_file *f);
/* Once more, to fill in the details of the steps that failed. */
int test_explain(struct test *t, struct test_file *f);

/* ---- test_judge.c ---- */
/* Compares everything but the verdict, right after the packet; taken NULL: only the ruleset. */
void test_look(struct test_file *f, const struct step *step, const struct taken *taken,
               struct test_try *try);
/* Compares the verdicts when all runs are over. */
void test_judge(struct test_file *f);
/* `accept by rule …`, for failures. */
struct str test_was(struct test_file *f, const struct taken *taken);

/* ---- test_report.c, test_formats.c ---- */
void test_report(struct test *t);
void test_report_people(const struct test *t, struct buf *out);
void test_report_tap(const struct test *t, struct buf *out);
void test_report_junit(const struct test *t, struct buf *out);
void test_report_json(const struct test *t, struct buf *out);
/* The step's text in one line, without its comment. */
struct str test_step_text(const struct test_file *f, const struct test_step *s);
/* `server.test:12` */
struct str test_step_place(const struct test_file *f, const struct test_step *s);
