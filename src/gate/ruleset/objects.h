/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Named objects: counter, quota, limit, ct helper, ct timeout, ct expectation, synproxy, secmark. */
#pragma once

#include "gate/ruleset/lower.h"

bool object_lower(struct lower *L, const struct obj_block *b, struct prog_obj *out);
/* The block to print; lives in `a`. -EOPNOTSUPP for a type gate does not know. */
int object_lift(struct arena *a, const struct prog_obj *o, struct obj_block *out);
