/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The modules there are. */
#pragma once

#include "herald/im/module.h"

/* In the order their hooks run, ended by NULL. */
extern const struct module *const modules_all[];

/* The module of that configuration name, or NULL. */
const struct module *module_find(struct str name);
