/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Building and committing a transaction: see struct engine_ops for what the functions promise.
 */
#pragma once

#include "base/vec.h"
#include "gate/engine/kernel/elem.h"
#include "gate/engine/kernel/socket.h"

/* What is known of the messages of the batch; a message's number is its sequence number's
 * distance from the batch's begin. A run stands for messages whose tags count up, as those of a
 * chain's rules do: there may be hundreds of thousands. */
struct tx_run {
	uint32_t number, tag; /* of the run's first message */
	uint32_t
		first; /* elements: the number of the first one in this message, a run of its own */
};

/* Where in the batch the flags of a set lie that may still become dynamic. */
struct tx_set_flags {
	uint32_t id;
	size_t at;
};

struct tx {
	struct kernel *k;
	struct wire w;
	uint32_t first_seq; /* of the batch's begin */
	size_t n_messages;  /* behind the begin, which has no number */
	VEC(struct tx_run) runs;
	VEC(struct tx_set_flags) set_flags;
	size_t last; /* where the last message starts */
	bool failed; /* a message was too long */
	uint32_t failed_tag;
	struct {
		const struct prog_set *set; /* NULL: none is open */
		enum tx_op op;
		uint32_t tag, count;
		size_t message, list; /* 0: not open */
	} elems;
};

MUST_USE int kernel_tx_begin(struct engine *e, uint32_t gen, struct tx **tx);
void kernel_tx_table(struct tx *tx, enum tx_op op, const struct prog_table *t,
                     uint32_t tag);
void kernel_tx_chain(struct tx *tx, enum tx_op op, const struct prog_chain *c,
                     uint32_t tag);
void kernel_tx_rule(struct tx *tx, enum tx_op op, const struct prog_rule *r,
                    uint32_t tag);
void kernel_tx_set(struct tx *tx, enum tx_op op, const struct prog_set *s, uint32_t tag);
void kernel_tx_set_dynamic(struct tx *tx, uint32_t id);
void kernel_tx_obj(struct tx *tx, enum tx_op op, const struct prog_obj *o, uint32_t tag);
void kernel_tx_flowtable(struct tx *tx, enum tx_op op, const struct prog_flowtable *f,
                         uint32_t tag);
void kernel_tx_elems_begin(struct tx *tx, enum tx_op op, const struct prog_set *s,
                           uint32_t tag);
void kernel_tx_elem(struct tx *tx, const struct prog_elem *e);
void kernel_tx_elems_end(struct tx *tx);
MUST_USE int kernel_tx_commit(struct tx *tx, bool check, struct arena *a,
                              struct tx_error **errors, size_t *n_errors,
                              const struct dump_ops *echo, void *ctx);
/* Tag and number of the first element of message `number`. */
void tx_find(const struct tx *tx, uint32_t number, uint32_t *tag, uint32_t *first);
void kernel_tx_abort(struct tx *tx);

/* Fills part, index and missing: what stands at `off` in the message of `n` bytes at `msg`.
 * `first`: the number of the first element in it. Slices go into `a`. */
void tx_locate(const uint8_t *msg, size_t n, uint32_t off, uint32_t first,
               struct arena *a, struct tx_error *err);
