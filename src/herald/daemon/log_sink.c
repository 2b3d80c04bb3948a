/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Writing lines of the log. */
#include "herald/daemon/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/oom.h"

struct log_sink {
	int fd; /* of the file; -1: stderr */
	char *path;
	enum log_format format;
	bool journal;
};

struct log_sink *log_sink_new(void)
{
	struct log_sink *s = base_calloc(1, sizeof(*s));

	s->fd = -1;
	s->journal = getenv("JOURNAL_STREAM") != NULL; /* systemd.exec(5) */
	return s;
}

static void close_file(struct log_sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void log_sink_free(struct log_sink *s)
{
	if (!s)
		return;
	close_file(s);
	free(s->path);
	free(s);
}

/* Errors: those of open(). */
static int open_log(const char *path, struct buf *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd >= 0)
		return fd;
	int r = -errno;
	buf_fmt(why, "cannot write the log %s: %s", path, strerror(errno));
	return r;
}

int log_sink_set(struct log_sink *s, struct str folder, enum log_format format,
                 struct buf *why)
{
	auto_buf path = { 0 };
	int fd = -1;

	if (folder.n) {
		buf_str(&path, folder);
		mkdir(path.p, 0750); /* open() says what is wrong */
		buf_cstr(&path, "/herald.log");
		fd = open_log(path.p, why);
		if (fd < 0)
			return fd;
	}
	close_file(s);
	free(s->path);
	s->fd = fd;
	s->path = folder.n ? strdup(path.p) : NULL;
	s->format = format;
	return 0;
}

int log_sink_reopen(struct log_sink *s, struct buf *why)
{
	int fd = s->path ? open_log(s->path, why) : -1;

	if (s->path && fd < 0)
		return fd;
	close_file(s);
	s->fd = fd;
	return 0;
}

/* What the journal and syslog call our levels. */
static int priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_NONE:
	case LOG_LEVEL_EMERGENCY:
		return LOG_EMERG;
	case LOG_LEVEL_ALERT:
		return LOG_ALERT;
	case LOG_LEVEL_CRITICAL:
		return LOG_CRIT;
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARNING:
		return LOG_WARNING;
	case LOG_LEVEL_NOTICE:
		return LOG_NOTICE;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_INFO;
}

static void put_time(struct buf *out)
{
	struct timespec now;
	struct tm tm;
	char stamp[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_fmt(out, "%s.%03ldZ", stamp, now.tv_nsec / 1000000);
}

/* log_line's form is "[level] event: message". */
static void put_json(struct buf *out, enum log_level level, struct str line)
{
	struct str rest = str_sub(line, strlen(log_level_name(level)) + 3, line.n);
	size_t colon = str_find(rest, ':');

	buf_cstr(out, "{\"time\":\"");
	put_time(out);
	buf_fmt(out, "\",\"level\":\"%s\",\"event\":", log_level_name(level));
	buf_json(out, str_sub(rest, 0, colon));
	buf_cstr(out, ",\"message\":");
	buf_json(out, str_sub(rest, colon + 2, rest.n));
	buf_cstr(out, "}\n");
}

static void put_text(struct buf *out, struct str line)
{
	put_time(out);
	buf_fmt(out, " " STR_FMT "\n", STR_ARG(line));
}

void log_sink_write(void *arg, enum log_level level, struct str line)
{
	const struct log_sink *s = arg;
	auto_buf out = { 0 };

	if (s->fd < 0 && s->journal)
		buf_fmt(&out, "<%d>", priority(level));
	if (s->format == LOG_FORMAT_JSON)
		put_json(&out, level, line);
	else if (s->fd < 0 && s->journal)
		buf_fmt(&out, STR_FMT "\n", STR_ARG(line));
	else
		put_text(&out, line);
	/* One write, so that lines do not mix; a full disk must not stop the server. */
	if (write(s->fd < 0 ? STDERR_FILENO : s->fd, out.p, out.n) < 0)
		return;
}
