/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What a host says of itself in service discovery, for those who answer with it or hash it. */
#pragma once

#include "base/buf.h"
#include "herald/im/module.h"
#include "herald/xml/xml.h"

void disco_put_identity(struct arena *a, struct xml *query, const char *category,
                        const char *type, const char *name);

/* Identity, features and contact addresses (XEP-0157) into a query. */
void disco_put_host(const struct host_setup *host, struct xml *query, struct arena *a);

/* XEP-0115 section 5.1: the text that is hashed for a query's content, and its hash in
 * base 64. Features and fields may come in any order. */
void disco_caps_text(const struct xml *query, struct arena *a, struct buf *out);
struct str disco_caps_hash(const struct xml *query, struct arena *a);

/* The node in front of `#`. */
#define DISCO_CAPS_NODE "urn:gatehouse:herald"
