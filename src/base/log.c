/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Lines for a log. */
#include "base/log.h"

#include "base/buf.h"
#include "base/utf8.h"

static const char *const names[] = {
#define X(id, name) name,
	LOG_LEVELS(X)
#undef X
};

const char *log_level_name(enum log_level level)
{
	return names[level];
}

int log_level_find(struct str name)
{
	/* ejabberd's numbers: none, critical, error, warning, info, debug. */
	static const enum log_level numbers[] = { LOG_LEVEL_NONE,  LOG_LEVEL_CRITICAL,
		                                  LOG_LEVEL_ERROR, LOG_LEVEL_WARNING,
		                                  LOG_LEVEL_INFO,  LOG_LEVEL_DEBUG };
	uint64_t number;

	if (str_to_u64(name, 10, &number) == 0)
		return number < ARRAY_LEN(numbers) ? (int)numbers[number] : -1;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_is(name, names[i]))
			return (int)i;
	}
	return -1;
}

/* Copies what no reader obeys. */
static void put_safe(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t from = i;
		int32_t c = utf8_next(s, &i);
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
			buf_char(out, '?');
		else
			buf_put(out, s.p + from, i - from);
	}
}

void log_line(const struct logger *log, enum log_level level, const char *event,
              const char *fmt, ...)
{
	auto_buf text = { 0 }, line = { 0 };
	va_list args;

	if (level > log->max || !log->write)
		return;
	va_start(args, fmt);
	buf_vfmt(&text, fmt, args);
	va_end(args);
	buf_fmt(&line, "[%s] %s: ", names[level], event);
	put_safe(&line, buf_as_str(&text));
	log->write(log->arg, level, buf_as_str(&line));
}
