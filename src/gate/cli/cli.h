/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * One run of the command `gate`: what the parts of the command line share. Life: cli_main reads
 * the options, then exactly one of run_once (files or a command), run_interactive or a verb does
 * the work, then what was found goes to standard error.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "gate/cli/names.h"
#include "gate/cli/options.h"
#include "gate/cli/output.h"
#include "gate/cli/reader.h"
#include "gate/ruleset/ruleset.h"

/* nft(8), section EXIT STATUS. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_NO_NETLINK = 3,
};

struct cli {
	struct arena arena; /* texts, scopes and blocks: as long as the run */
	struct sources sources;
	struct diags diags;
	struct options options;
	struct output out;
	struct machine machine;
	struct names names;
	struct include_path include_path;
	struct reader reader;
};

/* The whole program; returns its exit status. */
int cli_main(int argc, char **argv);

/* ---- for the ways to run ------------------------------------------------------------ */

/* Flushes standard output, then writes the findings to standard error and forgets them.
 * Returns EXIT_FAILED when there was an error among them or output failed, else EXIT_OK. */
int cli_report(struct cli *c);

/* A parser over the run's sources with the options' definitions; what it makes is in `a`. */
struct parser *cli_parser(struct cli *c, struct arena *a, struct diags *diags);

/* Reads the -f files (and nothing else) and queues them in the order given. -EINVAL after a
 * report when one cannot be read. */
int cli_add_files(struct cli *c, struct parser *parser, const struct str_list *files);

struct ruleset_options cli_ruleset_options(struct cli *c);

/* Refuses `what` by name. */
void cli_unsupported(struct cli *c, struct span span, const char *what);

/* verb_check.c: answers for a machine with the interfaces of that list, and no others. */
void cli_set_interfaces(struct cli *c, struct str list);

/* names.c: an interface exists that the machine has not; `guests` are all of them and have room. */
void cli_add_guest(struct cli *c, struct str *guests, struct str name);

/* cli.c: CLOCK_MONOTONIC. */
uint64_t cli_clock_ns(void);
/* cli.c: the version of the running kernel as kernel_parse() gives it; 0: not known. */
uint32_t cli_running_kernel(void);
/* The same of a text, or 0: reported at `span`. */
uint32_t cli_read_kernel(struct cli *c, struct str version, struct span span);

/* run.c: the files, or the words as one source "command line". */
int run_once(struct cli *c);

/* What is known of the way to the kernel. */
enum access {
	ACCESS_FULL,
	ACCESS_NONE,   /* no privilege: what needs no kernel can still be done */
	ACCESS_BROKEN, /* no netlink socket, or no nf_tables: reported */
};

/* run.c: *engine is NULL unless ACCESS_FULL. With ACCESS_BROKEN *status is the exit status. */
enum access run_open(struct cli *c, struct engine **engine, int *status);

/* run.c: runs what the parser holds; `files` are the sources queued in it. Without an engine
 * what needs the kernel is refused, or with -c checked offline. 0, -ERESTART when somebody else
 * changed the ruleset meanwhile (nothing is reported), or another negative errno, reported. */
int run_commands(struct cli *c, struct engine *engine, struct parser *parser,
                 const uint32_t *files, size_t n_files);
/* Says what -ERESTART means to those who will not try again. */
void run_report_moved(struct cli *c);

/* interactive.c */
int run_interactive(struct cli *c);
