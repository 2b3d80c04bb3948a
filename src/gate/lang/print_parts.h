/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the printer's files share: print.c, print_expr.c, print_stmt.c, print_block.c.
 */
#pragma once

#include "gate/lang/print.h"

/* A time as the format wants it: `1h30m`, or in seconds. */
void put_time(const struct printer *p, uint64_t ms);
/* ` comment "…"` when there is one. */
void put_comment(const struct printer *p, struct str comment);
/* What a rate or a quota is: `5 mbytes`, in the largest unit that leaves no rest. */
void put_bytes(const struct printer *p, uint64_t bytes);
/* A value of several flags has three forms, by its place: `a,b` (print_expr), `a | b` and 0x3. */
bool is_several_flags(const struct expr *e);
void put_flags_union(const struct printer *p, const struct expr *e);
void put_flags_number(const struct printer *p, const struct expr *e);
/* The same, but without names. */
struct format format_numeric(const struct format *fmt);
/* Statements with blanks between. */
void put_stmts(const struct printer *p, const struct stmt_list *stmts);
/* `rate over 5/second burst 7 packets` of a limit, `over 5 mbytes used 3 bytes` of a quota. */
void put_limit(const struct printer *p, const struct stmt *s);
void put_quota(const struct printer *p, const struct stmt *s);
