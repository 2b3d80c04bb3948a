/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Which rules, elements and policies any packet of any scenario came to. A ruleset that several
 * scenarios use counts once: a rule is known by the place of its text, an element by its key.
 */
#pragma once

#include "gate/cli/explain.h"

struct coverage_rule {
	struct str file, text,
		chain; /* file: the source's name; empty for a live ruleset */
	struct str place;
	uint32_t off, len; /* its text in the file */
	uint64_t looked, matched;
};

struct coverage_elem {
	struct str set;  /* `inet filter banned`, `the set of server.nft:67` */
	struct str text; /* `10.0.0.0/8`, `22 : accept` */
	uint64_t hits;
};

struct coverage_policy {
	struct str chain, verdict;
	uint64_t decided;
};

struct coverage_file {
	struct str name, text;
};

struct coverage {
	struct cli *c;
	struct arena a;
	VEC(struct coverage_rule) rules;
	VEC(struct coverage_elem) elems;
	VEC(struct coverage_policy) policies;
	VEC(struct coverage_file) files;
	struct map index; /* a thing's key to its number + 1 in its list */
};

void coverage_init(struct coverage *v, struct cli *c);
void coverage_fini(struct coverage *v);
/* Adds what happened in the store since it was loaded. */
void coverage_take(struct coverage *v, const struct explain *e);

struct coverage_sum {
	size_t rules, rules_met, elems, elems_met, policies, policies_met;
};
struct coverage_sum coverage_sum(const struct coverage *v);

/* coverage_report.c */
void coverage_print(const struct coverage *v, struct buf *out);
void coverage_json(const struct coverage *v, struct buf *out);
/* A page of its own, with the ruleset's text in colours. */
void coverage_html(const struct coverage *v, struct buf *out);
