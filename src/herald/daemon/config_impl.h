/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the files that read the configuration share. A reading goes over the tree, driven by
 * rows: a word, and what takes its value. What cannot be taken is said in the diags and noted
 * in the tree's entry; an entry with a problem is passed over, so that a second reading of the
 * same tree sees only what is good (that is how import-config works).
 */
#pragma once

#include "herald/daemon/config.h"
#include "herald/daemon/ejabberd.h"
#include "herald/daemon/yaml_tree.h"

/* A word of a rule that may have been defined elsewhere, which is looked up when all is read. */
enum access_word {
	WORD_ACL,
	WORD_SHAPER,
};

struct access_name {
	enum access_word kind;
	struct str host;    /* as the reading's */
	struct yaml *entry; /* what cannot be taken if there is no such thing */
	const struct yaml *at;
};

struct reading {
	struct config *c;
	struct diags *ds;
	const struct yaml *root;
	/* Whose options are read: a host's, or (host empty) what holds for all. */
	struct str host;
	struct host_setup *setup;
	bool appends; /* append_host_config: to what holds for the host, not instead */
	VEC(struct access_name) names;
};

/* Takes the value `y` of its option into `to`, a part of the configuration. */
typedef void (*take_fn)(struct reading *r, struct yaml *y, void *to);

struct option {
	const char *name;
	take_fn fill;
	size_t offset; /* of what it fills in `to` */
};

/* Says that `entry` cannot be taken because of what is at `span`. */
struct diag *complain(struct reading *r, const char *code, struct yaml *entry,
                      struct span span, const char *fmt, ...) PRINTF(5, 6);

/* "this must be …" */
void wrong(struct reading *r, struct yaml *y, const char *what);

/* The word `at` of `entry` is none of the `n` words: says so, with the nearest, or that it is
 * ejabberd's. `kind`: what ejabberd calls such; `what`: people. */
void unknown_word(struct reading *r, struct yaml *entry, const struct yaml *at,
                  enum ejabberd_word kind, const char *what, const struct str *words,
                  size_t n);

bool is_scalar(struct reading *r, struct yaml *y, const char *what);
bool is_list(struct reading *r, struct yaml *y);
bool is_map(struct reading *r, struct yaml *y);

/* The key of an entry is a word, and was not there before in `map`; says so otherwise. */
bool is_new_key(struct reading *r, const struct yaml *map, struct yaml *entry);

/* Goes over a map by the rows. */
void take_map(struct reading *r, struct yaml *y, const struct option *rows,
              enum ejabberd_word kind, const char *what, void *to);

/* for_each_entry(e, y) { … }: those without a problem. */
#define for_each_entry(e, y)                              \
	for (struct yaml *e = (y)->first; e; e = e->next) \
		if (!e->problem.n)

/* ---- kinds of values ---------------------------------------------------------------------- */

bool read_bool(const struct yaml *y, bool *out);
bool read_number(struct reading *r, struct yaml *y, uint64_t min, uint64_t max,
                 const char *what, uint64_t *out);
/* `infinity` and its like are UINT64_MAX where `endless`. */
bool read_time(struct yaml *y, bool endless, uint64_t *ms);

void take_bool(struct reading *r, struct yaml *y, void *to); /* bool */
void take_port(struct reading *r, struct yaml *y, void *to); /* uint16_t */
void take_size(struct reading *r, struct yaml *y, void *to); /* uint64_t */
void take_time(struct reading *r, struct yaml *y, void *to); /* uint64_t, milliseconds */
void take_count(struct reading *r, struct yaml *y,
                void *to); /* uint64_t, may be `infinity` */
void take_text(struct reading *r, struct yaml *y, void *to);  /* struct str */
void take_level(struct reading *r, struct yaml *y, void *to); /* enum log_level */

/* ---- parts -------------------------------------------------------------------------------- */

void take_modules(struct reading *r, struct yaml *y, void *to);
/* What modules do when nothing is said of them; all of them are on. */
void setup_defaults(struct host_setup *setup);
void setup_copy(struct host_setup *to, const struct host_setup *from);
void setup_fini(struct host_setup *setup);
void take_disabled(struct reading *r, struct yaml *y, void *to);
void take_auth_method(struct reading *r, struct yaml *y, void *to);
void take_password_format(struct reading *r, struct yaml *y, void *to);
/* `host_config` and `append_host_config`, when all that holds for all hosts was read. */
void take_own(struct reading *r);
/* The entry of that name in a map that may be NULL; NULL: none, or one with a problem. */
struct yaml *entry_of(const struct yaml *map, const char *name);
/* Calls fn for the whole tree, then for the map of each host that has something of its own, with
 * r->host set. */
typedef void (*part_fn)(struct reading *r, const struct yaml *map, void *arg);
void each_part(struct reading *r, part_fn fn, void *arg);
void take_listeners(struct reading *r, struct yaml *y, void *to);
struct config_listener listener_of_port(uint16_t port, bool tls);

void take_acl(struct reading *r, struct yaml *y, void *to);
void take_access_rules(struct reading *r, struct yaml *y, void *to);
void take_shaper(struct reading *r, struct yaml *y, void *to);
void take_shaper_rules(struct reading *r, struct yaml *y, void *to);
/* An option that names a rule of access_rules or shaper_rules, or says it at once. struct str:
 * the rule's name. */
void take_access(struct reading *r, struct yaml *y, void *to);
void take_measure(struct reading *r, struct yaml *y, void *to);
/* Names that rules use and nobody defines. After everything was read. */
void check_access(struct reading *r);
/* `y` is the value of such an option. */
void check_shaper_name(struct reading *r, struct yaml *y); /* a shaper too */
void check_rule_name(struct reading *r, struct yaml *y);
