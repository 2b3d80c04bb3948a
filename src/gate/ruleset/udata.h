/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * nft's userdata: what the kernel keeps for the listing and does not look at. TLVs of one byte
 * type, one byte length and the value; numbers in the CPU's order (libnftnl's udata.h).
 */
#pragma once

#include "base/arena.h"
#include "gate/lang/ast.h"
#include "gate/program/program.h"
#include "gate/ruleset/lower.h"

/* Type 0 everywhere but in sets, where a comment is type 7. */
enum { UDATA_COMMENT = 0, UDATA_ELEM_FLAGS = 1, UDATA_SET_COMMENT = 7 };
enum { UDATA_ELEM_INTERVAL_OPEN = 1 };

/* Userdata that is only a comment; empty when there is none. */
struct userdata udata_comment(struct arena *a, struct str comment);
/* The comment of `type`, p NULL when there is none. */
struct str udata_get_comment(struct userdata u, unsigned type);
/* An element's: comment, and the flag of an interval without end. */
struct userdata udata_elem(struct arena *a, struct str comment, uint32_t flags);

/* A set's: byte orders, auto-merge, typeof expressions, comment. */
struct userdata udata_set(struct arena *a, const struct set_info *info,
                          struct str comment);
/* Reads it back: orders, auto_merge, data_interval, key_expr and data_expr (typed, NULL when
 * not there or not known). */
struct udata_set {
	uint32_t key_order, data_order; /* 0 none, 1 host, 2 network */
	bool auto_merge, data_interval;
	struct expr *key_expr, *data_expr;
	struct str comment;
};
void udata_set_read(struct arena *a, struct userdata u, struct udata_set *out);
