/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* UTF-8 decoding, RFC 3629 section 4. */
#include "base/utf8.h"

/* Lead bytes by the length of their sequence; `min` refuses overlong forms. */
static const struct {
	uint8_t mask, lead;
	uint8_t n; /* continuation bytes */
	int32_t min;
} forms[] = {
	{ 0x80, 0x00, 0, 0x0 },
	{ 0xe0, 0xc0, 1, 0x80 },
	{ 0xf0, 0xe0, 2, 0x800 },
	{ 0xf8, 0xf0, 3, 0x10000 },
};

int32_t utf8_next(struct str s, size_t *at)
{
	const uint8_t *p = (const uint8_t *)s.p + *at;
	size_t left = s.n - *at, form = 0;

	*at += 1;
	while (form < ARRAY_LEN(forms) && (p[0] & forms[form].mask) != forms[form].lead)
		form++;
	if (form == ARRAY_LEN(forms) || left <= forms[form].n)
		return -1;
	int32_t c = p[0] & (uint8_t)~forms[form].mask;
	for (size_t i = 1; i <= forms[form].n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < forms[form].min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return -1;
	*at += forms[form].n;
	return c;
}

bool utf8_valid(struct str s)
{
	for (size_t i = 0; i < s.n;) {
		if (utf8_next(s, &i) < 0)
			return false;
	}
	return true;
}

size_t utf8_columns(struct str s)
{
	size_t columns = 0;

	for (size_t i = 0; i < s.n; columns++)
		utf8_next(s, &i);
	return columns;
}
