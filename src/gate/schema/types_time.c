/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Times: spans (`1h30m`), dates, times of the day and days of the week. Dates and times of the
 * day are written in local time; the kernel counts both from midnight UTC.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "gate/schema/types.h"

// clang-format off
/* The kernel counts from Sunday */
const struct symbol days[] = {
	{ "Sunday",    0 },
	{ "Monday",    1 },
	{ "Tuesday",   2 },
	{ "Wednesday", 3 },
	{ "Thursday",  4 },
	{ "Friday",    5 },
	{ "Saturday",  6 },
	{ 0 },
};
// clang-format on

/* ---- spans, in milliseconds ---- */

// clang-format off
static const struct { const char *name; uint64_t ms; } units[] = {
	{ "d",  86400000 },
	{ "h",   3600000 },
	{ "m",     60000 },
	{ "s",      1000 },
	{ "ms",        1 },
};
// clang-format on

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Index of the unit that `s` starts with, or -1. */
static int unit_at(struct str s)
{
	size_t n = 0;

	while (n < s.n && !is_digit(s.p[n]))
		n++;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (str_is(str_sub(s, 0, n), units[i].name))
			return (int)i;
	return -1;
}

/* Numbers with their units, the larger ones first. -EINVAL: not so; -ERANGE: over 64 bits. */
static int span_read(struct str word, uint64_t *ms)
{
	uint64_t sum = 0, n, part;
	int last = -1;

	if (word.n == 0)
		return -EINVAL;
	while (word.n) {
		size_t digits = 0;

		while (digits < word.n && is_digit(word.p[digits]))
			digits++;
		int unit = unit_at(str_sub(word, digits, word.n));
		int r = str_to_u64(str_sub(word, 0, digits), 10, &n);

		if (r < 0)
			return r;
		if (unit <= last)
			return -EINVAL;
		if (__builtin_mul_overflow(n, units[unit].ms, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return -ERANGE;
		last = unit;
		word = str_sub(word, digits + strlen(units[unit].name), word.n);
	}
	*ms = sum;
	return 0;
}

static void span_print(uint64_t ms, bool seconds_only, struct buf *out)
{
	for (size_t i = seconds_only ? 3 : 0; i < ARRAY_LEN(units); i++) {
		uint64_t n = ms / units[i].ms;

		ms %= units[i].ms;
		if (n)
			buf_fmt(out, "%llu%s", (unsigned long long)n, units[i].name);
	}
}

/* A number alone is seconds. */
TYPE_PARSE(time_parse)
{
	struct value seconds;
	uint64_t ms = 0;
	int r = types_number(t, word, 64, a, &seconds, why);

	(void)names;
	if (r != -ENOENT && r < 0)
		return r;
	if (r == 0)
		r = __builtin_mul_overflow(value_to_u64(&seconds), 1000, &ms) ? -ERANGE
		                                                              : 0;
	else
		r = span_read(word, &ms);
	if (r == -EINVAL)
		return types_refuse(a, why,
		                    "`" STR_FMT "` is not a time: it is written like "
		                    "1d2h3m4s5ms, or as a number of seconds",
		                    STR_ARG(word));
	bits = bits ? bits : t->bits;
	if (r == -ERANGE || (bits < 64 && ms >> bits)) {
		auto_buf most = { 0 };

		span_print(bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX, false,
		           &most);
		return types_refuse(a, why, STR_FMT " is over %s, the longest time",
		                    STR_ARG(word), most.p);
	}
	value_from_u64(v, ms, bits);
	return 0;
}

TYPE_PRINT(time_print)
{
	uint64_t ms = value_to_u64(v);

	(void)t, (void)names;
	if (ms == 0)
		buf_cstr(out, "0s");
	span_print(ms, fmt->numeric_time || fmt->numeric_all, out);
}

/* ---- dates, in nanoseconds since 1970 ---- */

#define SECOND_NS UINT64_C(1000000000)

/* A date in local time; false when it is none, or one that the calendar does not have. */
static bool date_read(const char *text, time_t *seconds)
{
	static const char *const forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M",
		                             "%Y-%m-%d" };

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, forms[i], &tm);
		int day = tm.tm_mday;

		if (!end || *end != '\0')
			continue;
		tm.tm_isdst = -1;
		*seconds = mktime(&tm);
		return tm.tm_mday == day && *seconds != (time_t)-1;
	}
	return false;
}

TYPE_PARSE(time_date_parse)
{
	struct value number;
	uint64_t ns;
	time_t seconds = 0;
	int r = types_number(t, word, 64, a, &number, why);

	(void)names;
	if (r != -ENOENT && r < 0)
		return r;
	if (r == 0)
		seconds = (time_t)value_to_u64(&number);
	else if (!date_read(str_dup_c(a, word), &seconds))
		return types_refuse(a, why,
		                    "`" STR_FMT "` is not a date: it is written like "
		                    "\"2023-12-31 23:59:59\"",
		                    STR_ARG(word));
	if (seconds < 0 || __builtin_mul_overflow((uint64_t)seconds, SECOND_NS, &ns))
		return types_refuse(a, why,
		                    "the kernel's clock does not reach " STR_FMT
		                    ": it runs from 1970 to 2554",
		                    STR_ARG(word));
	value_from_u64(v, ns, bits ? bits : t->bits);
	return 0;
}

TYPE_PRINT(time_date_print)
{
	time_t seconds = (time_t)(value_to_u64(v) / SECOND_NS);
	char text[64];
	struct tm tm;

	(void)names, (void)fmt;
	if (localtime_r(&seconds, &tm) && strftime(text, sizeof(text), "\"%F %T\"", &tm))
		buf_cstr(out, text);
	else
		types_put_number(t, v, out);
}

/* ---- times of the day, in seconds ---- */

enum { DAY_S = 86400 };

/* Seconds that local time is ahead of UTC now, modulo a day. The kernel compares with UTC and
 * knows no zone, so a rule keeps the offset of the day it was loaded on. */
static unsigned zone_offset(void)
{
	time_t now = time(NULL);
	struct tm tm = { 0 };

	localtime_r(&now, &tm);
	return (unsigned)((tm.tm_gmtoff % DAY_S + DAY_S) % DAY_S);
}

/* HH:MM or HH:MM:SS */
static bool clock_read(struct str word, unsigned *seconds)
{
	static const uint64_t limits[] = { 24, 60, 60 };
	unsigned sum = 0, parts = 0;

	for (;;) {
		size_t colon = str_find(word, ':');
		uint64_t n;

		if (parts == 3 || colon > 2 ||
		    str_to_u64(str_sub(word, 0, colon), 10, &n) < 0 || n >= limits[parts])
			return false;
		sum = sum * 60 + (unsigned)n;
		parts++;
		if (colon == word.n)
			break;
		word = str_sub(word, colon + 1, word.n);
	}
	*seconds = parts == 2 ? sum * 60 : sum;
	return parts > 1;
}

/* As in nft, a number alone is seconds since midnight UTC. */
TYPE_PARSE(time_hour_parse)
{
	unsigned seconds;
	struct value number;
	int r = types_number(t, word, bits, a, &number, why);

	(void)names;
	if (r == 0 && value_to_u64(&number) >= DAY_S)
		return types_refuse(a, why,
		                    STR_FMT " is over %d, the last second of a day",
		                    STR_ARG(word), DAY_S - 1);
	if (r == 0)
		*v = number;
	if (r != -ENOENT)
		return r;
	if (!clock_read(word, &seconds))
		return types_refuse(a, why,
		                    "`" STR_FMT "` is not a time of day: it is written "
		                    "\"HH:MM\" or \"HH:MM:SS\", up to \"23:59:59\"",
		                    STR_ARG(word));
	value_from_u64(v, (seconds + DAY_S - zone_offset()) % DAY_S,
	               bits ? bits : t->bits);
	return 0;
}

TYPE_PRINT(time_hour_print)
{
	unsigned s = (unsigned)((value_to_u64(v) + zone_offset()) % DAY_S);

	(void)t, (void)names, (void)fmt;
	buf_fmt(out, "\"%02u:%02u", s / 3600, s / 60 % 60);
	if (s % 60)
		buf_fmt(out, ":%02u", s % 60);
	buf_char(out, '"');
}

/* ---- days of the week ---- */

TYPE_PARSE(time_day_parse)
{
	struct value day;
	int r = types_constant(t, word, bits, a, &day, why);

	(void)names;
	if (r == -ENOENT)
		return types_not_a(t, word, a, why);
	if (r == 0 && value_to_u64(&day) > 6)
		return types_over(t, word, 6, a, why);
	if (r == 0)
		*v = day;
	return r;
}
