/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Deep copies of the program form into an arena: what an engine gives or gets is gone when the
 * call returns. */
#pragma once

#include "gate/program/program.h"

void copy_program(struct arena *a, const struct program *from, struct program *to);
struct prog_table copy_table(struct arena *a, const struct prog_table *t);
struct prog_chain copy_chain(struct arena *a, const struct prog_chain *c);
struct prog_rule copy_rule(struct arena *a, const struct prog_rule *r);
struct prog_set copy_set(struct arena *a, const struct prog_set *s);
struct prog_elem copy_elem(struct arena *a, const struct prog_elem *e);
struct prog_obj copy_obj(struct arena *a, const struct prog_obj *o);
struct prog_flowtable copy_flowtable(struct arena *a, const struct prog_flowtable *f);
