/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A PROXY header of any bytes: it ends, and takes no more than it wanted. */
#include <assert.h>

#include "base/str.h"
#include "fuzz.h"
#include "io/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct proxy_header h = { 0 };
	size_t at = 0;

	while (!h.done) {
		size_t wanted = proxy_header_wants(&h);
		assert(wanted > 0);
		if (wanted > n - at)
			return 0;
		if (proxy_header_take(&h, data + at, wanted) < 0)
			return 0;
		at += wanted;
	}
	assert(proxy_header_wants(&h) == 0 && at <= PROXY_HEADER_MAX);
	assert(!h.has_source || h.source.ss_family != 0);
	return 0;
}
