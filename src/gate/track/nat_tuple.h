/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The search for a tuple that a translation may use. */
#pragma once

#include "gate/track/nat.h"
#include "gate/track/table.h"

/* The side of a header that is changed. */
enum track_manip { TRACK_MANIP_SRC, TRACK_MANIP_DST };

/* From `from` (what goes out so far) to `*to`, one that no other connection uses where there is
 * one. `*choice` says what was drawn by chance. */
void track_nat_pick(struct track *t, const struct track_entry *e,
                    const struct track_tuple *from, const struct track_nat_range *range,
                    enum track_manip manip, struct track_tuple *to,
                    struct track_choice *choice);
