/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What an engine offers: a transaction that takes the program form piece by piece, and a dump
 * that gives it back piece by piece. An engine never sees the language.
 *
 * Life of a transaction: tx_begin, any number of tx_* calls (nothing is sent; a failed call
 * makes the transaction fail as a whole), then tx_commit, which applies all or nothing.
 * `tag` is the caller's number for the piece; an error names it again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/program/program.h"

enum tx_op {
	TX_ADD,     /* make, or take what is there */
	TX_CREATE,  /* fail when it exists (NLM_F_EXCL) */
	TX_INSERT,  /* rules: before, not after */
	TX_REPLACE, /* rules, by handle */
	TX_DELETE,
	TX_DESTROY, /* delete; no error when missing (kernel 6.3) */
};

/* What a message is about: the place in it that the kernel's extended ACK pointed at. */
enum tx_part {
	PART_NONE,
	PART_TABLE,
	PART_CHAIN,
	PART_SET,
	PART_OBJ,
	PART_FLOWTABLE,
	PART_HANDLE,
	PART_POSITION,
	PART_TYPE,
	PART_HOOK,
	PART_PRIORITY,
	PART_POLICY,
	PART_DEV,
	PART_FLAGS,
	PART_INSN, /* `index` is the number of the insn */
	PART_ELEM, /* `index` counts the elements of that tx_elems_begin */
	PART_NAME,
};

struct tx_error {
	uint32_t tag;
	int err; /* positive errno */
	enum tx_part part;
	uint32_t index;
	struct str text;    /* the kernel's own words (NLMSGERR_ATTR_MSG), or empty */
	struct str missing; /* ENOENT: name of an expression the kernel lacks, or empty */
};

struct tx;

/* One dumped piece at a time; any callback may be NULL. Return 0 to go on, negative to stop.
 * What the pointers hold is gone when the callback returns. */
struct dump_ops {
	/* Of an echo only, before each piece: how it was added. */
	void (*how)(void *ctx, enum tx_op op);
	int (*table)(void *ctx, const struct prog_table *t);
	int (*chain)(void *ctx, const struct prog_chain *c);
	int (*rule)(void *ctx, const struct prog_rule *r);
	int (*set)(void *ctx, const struct prog_set *s);
	/* Before the elements of one message: their set. */
	int (*elems)(void *ctx, uint8_t family, struct str table, struct str set);
	int (*elem)(void *ctx, const struct prog_elem *e);
	int (*obj)(void *ctx, const struct prog_obj *o);
	int (*flowtable)(void *ctx, const struct prog_flowtable *f);
};

/* What to dump. Empty strings: all. */
struct dump_filter {
	uint8_t family;         /* 0: all */
	struct str table, name; /* name: the chain (rules), set, object or flow table */
	uint32_t obj_type;
	uint64_t handle; /* one rule */
	bool reset; /* counters and quotas go back to zero (NFT_MSG_GETOBJ_RESET …) */
};

enum dump_kind {
	DUMP_TABLES,
	DUMP_CHAINS,
	DUMP_RULES,
	DUMP_SETS,
	DUMP_ELEMS,
	DUMP_OBJS,
	DUMP_FLOWTABLES,
};

/* Somebody who is called at a hook: a base chain, or a function of the kernel. */
struct engine_hook {
	uint8_t family;
	uint32_t hook;
	int32_t priority;
	struct str device;           /* netdev */
	struct str function, module; /* empty: not told */
	uint8_t chain_family;
	struct str table, chain; /* empty: no base chain */
};

struct engine;

struct engine_ops {
	const char *name;
	void (*close)(struct engine *e);
	/* Whether TX_DESTROY works: kernels from 6.3 on know it. */
	bool (*destroys)(struct engine *e);
	/* Number of the present ruleset; a transaction that names an older one is refused. */
	int (*generation)(struct engine *e, uint32_t *gen);
	/* A full dump of one kind; starts over by itself when the kernel was interrupted, so the
	 * callbacks must be able to begin again: `restart` is called first each time. */
	int (*dump)(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
	            const struct dump_ops *ops, void (*restart)(void *ctx), void *ctx);
	/* One object by name, without a dump (-ENOENT). The callback is called once. */
	int (*get)(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
	           const struct dump_ops *ops, void *ctx);
	/* Elements of a set by key; interval sets give the containing interval's two ends. */
	int (*get_elems)(struct engine *e, const struct prog_set *set,
	                 const struct prog_elem *keys, size_t n, bool reset,
	                 const struct dump_ops *ops, void *ctx, size_t *bad);

	/* Who is called at one hook (`device`: for netdev), first to last. NULL for engines without
	 * hooks. -EOPNOTSUPP: the kernel does not tell. */
	int (*hooks)(struct engine *e, uint8_t family, uint32_t hook, struct str device,
	             int (*fn)(void *ctx, const struct engine_hook *h), void *ctx);

	/* gen 0: not checked */
	int (*tx_begin)(struct engine *e, uint32_t gen, struct tx **tx);
	void (*tx_table)(struct tx *tx, enum tx_op op, const struct prog_table *t,
	                 uint32_t tag);
	/* new_name given: renames the chain with that handle. Deleting with devs given takes only
	 * these devices from the chain (kernel 6.4) or flow table. */
	void (*tx_chain)(struct tx *tx, enum tx_op op, const struct prog_chain *c,
	                 uint32_t tag);
	void (*tx_rule)(struct tx *tx, enum tx_op op, const struct prog_rule *r,
	                uint32_t tag);
	void (*tx_set)(struct tx *tx, enum tx_op op, const struct prog_set *s,
	               uint32_t tag);
	/* The named set that this transaction has made under that id gets NFT_SET_EVAL: rules that
	 * come behind it change it. */
	void (*tx_set_dynamic)(struct tx *tx, uint32_t id);
	void (*tx_obj)(struct tx *tx, enum tx_op op, const struct prog_obj *o,
	               uint32_t tag);
	void (*tx_flowtable)(struct tx *tx, enum tx_op op, const struct prog_flowtable *f,
	                     uint32_t tag);
	/* Elements stream: begin, any number of tx_elem, end. The encoder splits messages and
	 * lists as netlink's 16-bit lengths want. delete without elements: flush the set. `s` must
	 * stay until the end. */
	void (*tx_elems_begin)(struct tx *tx, enum tx_op op, const struct prog_set *s,
	                       uint32_t tag);
	void (*tx_elem)(struct tx *tx, const struct prog_elem *e);
	void (*tx_elems_end)(struct tx *tx);
	/* Sends it, waits for the answer; `check`: the kernel judges it and applies nothing.
	 * Returns 0, or a negative errno with *errors (in `a`) filled; -ERESTART: the generation
	 * moved. `echo` (may be NULL) gets what was added, with the handles the kernel gave. The
	 * tx is freed in every case. */
	int (*tx_commit)(struct tx *tx, bool check, struct arena *a,
	                 struct tx_error **errors, size_t *n_errors,
	                 const struct dump_ops *echo, void *ctx);
	void (*tx_abort)(struct tx *tx);
};

struct engine {
	const struct engine_ops *ops;
};

/* The kernel's nf_tables. Things to delete are named by name, or by handle when the name is
 * empty; rules by handle: without it the chain's, without a chain the table's rules; a table
 * without both: all tables of the family. Errors: -EPERM without CAP_NET_ADMIN,
 * -EPROTONOSUPPORT without nf_tables. */
int engine_kernel_open(struct engine **out);

/* An empty ruleset in memory: holds what it is given and judges it by the kernel's rules about
 * names, uses, elements and jumps. It filters nothing. Never fails. */
struct engine *engine_memory_new(void);
/* Copies all that `from` holds into the empty ruleset in memory, with its handles. 0, or the
 * negative errno of a dump. */
int engine_memory_load(struct engine *memory, struct engine *from);
