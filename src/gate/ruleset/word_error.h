/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A word that is no value of the type wanted: what to type instead. */
#pragma once

#include "gate/ruleset/lower.h"

/* Reports it; `why` is what datatype_parse says. */
void word_error(struct lower *L, const struct expr *e, const struct part *want,
                struct str why);
