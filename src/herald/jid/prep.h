/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The stringprep profiles, RFC 3454, as jid.h and SASL want them: strict UTF-8 first (libidn
 * once read past the end of what was not), plain ASCII without libidn at all.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

enum prep_profile {
	PREP_NODE,     /* RFC 6122 appendix A */
	PREP_RESOURCE, /* RFC 6122 appendix B */
	PREP_NAME,     /* RFC 3491 */
	PREP_SASL,     /* RFC 4013 */
};

/* Code points that Unicode 3.2 did not know: let through where something is compared, refused
 * where something is stored for others to compare with (RFC 3454 section 7). */
enum prep_mode {
	PREP_QUERY,
	PREP_STORED,
};

/* At most `max` bytes come out and at most 3 * `max` go in. *out points into `s` when the
 * profile changes nothing in it, else into `a`.
 * Errors: -EINVAL not UTF-8, a NUL, or forbidden; -ENAMETOOLONG. */
MUST_USE int prep(enum prep_profile profile, enum prep_mode mode, struct str s,
                  size_t max, struct arena *a, struct str *out);
