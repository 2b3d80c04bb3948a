/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * An address of anybody: what is accepted is inside the bounds, is UTF-8, reads again as
 * itself, and its parts make the same address. The input is the text.
 */
#include <assert.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "herald/jid/jid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_arena a = { 0 };
	struct jid j, again, made;

	if (jid_parse((struct str){ (const char *)data, n }, &a, &j) < 0)
		return 0;
	assert(j.domain_n > 0 && jid_str(j).n <= JID_MAX && utf8_valid(jid_str(j)));
	assert(j.local_n <= JID_PART_MAX && j.domain_n <= JID_PART_MAX &&
	       j.resource_n <= JID_PART_MAX);
	int r = jid_parse(jid_str(j), &a, &again);
	assert(r == 0 && jid_eq(j, again) && again.p == j.p);
	r = jid_make(jid_local(j), jid_domain(j), jid_resource(j), &a, &made);
	assert(r == 0 && jid_eq(j, made));
	return 0;
}
