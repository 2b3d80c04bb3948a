/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* For modules that keep an element for an account and give it back: private XML, vCards. */
#pragma once

#include "herald/im/im.h"

/* Answers with what is kept under `key` in the map `name` of the account, inside a copy of the
 * way to it: `wrap` (NULL: none) around the element; what is not kept is answered with `empty`,
 * or (NULL) with item-not-found. */
void kept_get(struct stanza *st, struct user *u, const char *name, struct str key,
              struct xml *wrap, struct xml *empty);

/* Keeps the element, and answers when it is stored. */
void kept_set(struct stanza *st, struct user *u, const char *name, struct str key,
              const struct xml *x);
