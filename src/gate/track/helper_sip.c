/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "gate/track/helper.h"

enum track_verdict track_sip(struct track_reading *r)
{
	(void)r;
	return TRACK_ACCEPT;
}
