/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * One run of commands: what the files of this folder share while they fill a transaction and
 * answer reads. session.c dispatches, add.c and del.c fill, kernel_error.c explains a refusal,
 * list*.c answer.
 */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "gate/ruleset/ruleset.h"
#include "gate/ruleset/sets.h"

/* What a message came from, by its tag: to say it again when the kernel refuses it. */
struct tag {
	enum command_verb verb;
	enum command_object object;
	enum family family;
	struct span span;
	struct str table, name;         /* name: chain, set, object … */
	uint32_t obj_type;              /* of OBJ_NAMED: NFT_OBJECT_… */
	struct rule_text rule;          /* span.len 0: no rule */
	const struct elems_part *elems; /* NULL: no elements */
	/* Of a rule: what it is placed at, replaces, or deletes. */
	uint64_t rule_handle;
	uint32_t rule_id;  /* the same, of this run: its tag */
	struct span place; /* of a rule: its handle where it is written; else none */
	/* The rules of a block share one: numbers `first` and what follows are theirs. */
	uint32_t first;
	const struct rule_texts *rules; /* NULL: of one message */
};

/* Lists of elements that are sent as one. */
struct elems_part {
	struct elems_text text;
	struct elems_part *next;
};

struct session {
	struct engine *engine; /* NULL: offline */
	struct parser *parser;
	const struct sources *sources;
	struct diags *diags;
	const struct ruleset_options *opt;
	struct arena a;       /* as long as the run */
	struct arena scratch; /* one rule or element list */
	struct tx *tx;        /* NULL: nothing to change yet */
	VEC(struct tag) tags;
	VEC(struct command) reads; /* answered after the commit */
	struct map sets;           /* "family table set" -> struct set_info */
	struct map chains;         /* "family table chain" -> struct chain_info */
	struct map tables;         /* "family table" -> struct span *: made in this run */
	uint32_t next_set_id, next_chain_id, next_tag;
	struct program spare; /* room for a rule's instructions, used again and again */
	struct rule_env *env; /* of the rule being lowered */
	struct map
		fresh; /* "family table" made or emptied in this run: nothing else is in it */
	struct map elem_logs; /* "family table set" -> struct elem_log: see elem_log.h */
	VEC(struct str)
	unchecked;         /* offline: names that only the kernel knows, in words */
	bool offline;      /* there is no engine, not only for a while */
	bool follow_jumps; /* a chain without a hook has what works at some hooks only */
	bool flushed;      /* `flush ruleset` came: the kernel's objects do not count */
	size_t changes;
	uint32_t generation;
};

/* Offline: whether the kernel's table may have what this run does not show. */
bool session_is_blind(struct session *s, enum family f, struct str table);
/* Keeps "chain `c` of table `ip t`" for the note on what was not checked. */
void session_unchecked(struct session *s, const char *what, enum family f,
                       struct str table, struct str name);

/* A chain that an element leads to. */
struct lead {
	struct str chain;
	struct lead *next;
};

/* Puts the element's chain before `list`, in `a`; the list as it was when it leads to none. */
struct lead *lead_add(struct lead *list, struct arena *a, const struct prog_elem *e);

/* The lowering context's callbacks for one table. */
struct rule_env {
	struct session *s;
	enum family family;
	struct str table;
	uint32_t tag;
	struct lower *L;
	struct lower_env lower;
	bool reread;        /* a rule is read once more; only then: */
	bool find_twice;    /* a literal's key that stands twice is looked for */
	struct lead *leads; /* where its literals' verdicts lead */
	struct span first, twice;
};

/* A big text is given back while it is read: `left` is the part that is not yet, `off` the place
 * in the file that was reached. */
void session_passed(struct session *s, struct span *left, uint32_t off);

/* Gives the number of the tag, or of its first rule. */
uint32_t tag_add(struct session *s, const struct tag *t);
/* What a number stands for; false for none ever given. */
bool tag_find(const struct session *s, uint32_t number, struct tag *out);
/* Opens the transaction when it is not; false after an error. */
bool session_tx(struct session *s);
/* Key of s->sets, chains and tables, good until the scratch memory is reset; session_put keeps
 * a copy. */
struct str session_key(struct session *s, enum family f, struct str table,
                       struct str name);
void session_put(struct session *s, struct map *map, struct str key, void *value);
/* A lowering context for `table`; the program goes to `prog`. */
void session_lower(struct session *s, struct rule_env *env, struct lower *L,
                   struct program *prog, struct arena *a);
/* The set of that name: made in this run, or the kernel's; NULL after an error at `span`. */
const struct set_info *session_set(struct session *s, enum family f, struct str table,
                                   struct str name, struct span span);
/* Asks the kernel for one chain, set …; 0, -ENOENT, or another negative errno. */
int session_get_chain(struct session *s, enum family f, struct str table, struct str name,
                      struct prog_chain *out);

bool run_add(struct session *s, const struct command *c);
bool run_delete(struct session *s, const struct command *c);
bool run_flush(struct session *s, const struct command *c);
bool run_rename(struct session *s, const struct command *c);
bool run_replace(struct session *s, const struct command *c);
bool run_read(struct session *s, const struct command *c);

/* add.c and its neighbours */
/* Whether the kernel can hold a name this long; false after a report. */
bool name_fits(struct session *s, const char *what, struct str name, struct span span);
enum command_verb tx_verb(enum tx_op op);
bool add_chain_block(struct session *s, const struct chain_block *b, enum tx_op op);
bool add_flowtable_block(struct session *s, const struct flowtable_block *b,
                         enum tx_op op);
bool add_set_block(struct session *s, const struct set_block *b, enum tx_op op);
/* What is known of a rule's chain: from this run, else from the kernel; NULL: nothing. */
const struct chain_info *chain_of_rule(struct session *s, enum family f, struct str table,
                                       struct str chain);
/* Where a rule goes: behind or before `position`, in the place of `handle`, or at an end. */
struct rule_place {
	enum family family;
	struct str table, chain;
	uint32_t chain_id;         /* of a chain without a name, or 0 */
	uint64_t position, handle; /* 0: none */
	uint32_t position_id; /* instead of position: a rule of this run, by its tag */
	struct span place;    /* where `position` or `handle` is written; or none */
	enum tx_op op;
	uint32_t tag;                  /* 0: make one */
	const struct chain_info *info; /* of the chain, where it is known */
};
bool add_rule_text(struct session *s, const struct rule_place *at,
                   const struct rule_text *text);
bool add_elems(struct session *s, enum family f, struct str table,
               const struct set_info *info, const struct elems_text *text, enum tx_op op,
               struct span name_span);
/* Sends the elements held back, of one set, or of all (NULL). False after an error. */
bool send_held_elems(struct session *s, const struct prog_set *set);

/* Reads and lowers a refused rule once more, sending nothing: for the places of its pieces. */
bool rule_relower(struct session *s, const struct tag *t, struct lower *L,
                  struct program *prog);
/* Reads the elements of a tag once more, sending nothing: `fn` gets each and its place. */
void elems_reread(struct session *s, const struct tag *t, const struct set_info *info,
                  void (*fn)(void *ctx, const struct prog_elem *e, struct span at),
                  void *ctx);
/* Reports the key that a literal of a refused rule has twice; false when there is none. */
bool rule_explain_twice(struct session *s, const struct tag *t);
/* Where a chain, set or object that is still used is used. */
void explain_uses(struct session *s, const struct tag *t, struct diag *d);
/* `chain`, `set` … */
const char *object_name(enum command_object o);
/* Reports the object of a refused message, or what that was to be in, as not there. */
void missing_object(struct session *s, const struct tag *t);
/* Says what the kernel refused, at its place. */
void explain_errors(struct session *s, const struct tx_error *errors, size_t n, int err);

/* Sends text to the caller. */
void session_write(struct session *s, struct buf *out);
