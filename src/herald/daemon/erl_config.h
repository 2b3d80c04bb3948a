/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* ejabberd.cfg in today's words. */
#pragma once

#include "herald/daemon/erl_terms.h"
#include "herald/daemon/yaml_tree.h"

/* The terms of an ejabberd.cfg as the tree of an ejabberd.yml; nodes keep the places of the
 * terms. What has no form there gets its problem. All is in `a`. */
struct yaml *erl_config_tree(const struct term *terms, struct arena *a);
