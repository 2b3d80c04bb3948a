/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The sources of connections that went through source NAT, by address and port: a source that
 * has a mapping keeps it. */
#pragma once

#include "gate/track/table.h"

void track_sources_add(struct track *t, struct track_entry *e);
/* Harmless when it is not in. */
void track_sources_del(struct track *t, struct track_entry *e);

/* The newest entries with this source first; NULL at the end. Compare with track_source_eq. */
struct track_entry *track_sources_first(const struct track *t,
                                        const struct track_tuple *source);
bool track_source_eq(const struct track_tuple *a, const struct track_tuple *b);
