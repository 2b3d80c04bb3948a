/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Inside of the tracker's hook. */
#pragma once

#include "gate/track/table.h"

/* The zone that the ref gives to a direction; 0 is the default. */
static inline uint16_t track_ref_zone(const struct track_ref *ref, enum track_dir dir)
{
	bool on = dir == TRACK_ORIGINAL ? ref->zone_original : ref->zone_reply;

	return on ? ref->zone : 0;
}

/* The live entry of a packet's tuple as the ref's zones have it. */
struct track_entry *track_lookup_zoned(struct track *t, const struct track_ref *ref,
                                       struct track_tuple tuple, enum track_dir *dir);
