/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0004: Data Forms, version 2.13.1: making forms, and reading what comes back. */
#pragma once

#include <stdbool.h>

#include "herald/xml/xml.h"

#define NS_DATA "jabber:x:data"

/* A new form in `parent`: "form", "result". */
struct xml *form_add(struct arena *a, struct xml *parent, const char *type);

/* A new field; `type` NULL: none is said, as in results. */
struct xml *form_add_field(struct arena *a, struct xml *form, const char *type,
                           struct str var);
void form_add_value(struct arena *a, struct xml *field, struct str value);

/* A choice of a list. */
void form_add_option(struct arena *a, struct xml *field, struct str value);

/* The hidden field that says which form it is. */
void form_add_type(struct arena *a, struct xml *form, const char *form_type);

/* The form among the children of `parent` with that type, or NULL. */
struct xml *form_find(const struct xml *parent, const char *type);

/* The values of a field, in `a`, several as lines; empty when there are none. */
struct str form_value(const struct xml *form, struct str var, struct arena *a);
