/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * SIGPIPE stays as it was: a listing whose reader has gone ends at once, as nft's does. Where
 * the parent ignores the signal, the write's EPIPE is the remembered error.
 */
#include "gate/cli/output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* Writes all of it; also on descriptors that someone made non-blocking. */
static int write_all(int fd, struct str text)
{
	while (text.n > 0) {
		ssize_t r = write(fd, text.p, text.n);
		if (r < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };
			poll(&p, 1, -1);
			continue;
		}
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		text = str_sub(text, (size_t)r, text.n);
	}
	return 0;
}

int output_flush(struct output *o)
{
	if (o->err == 0)
		o->err = write_all(o->fd, (struct str){ o->room, o->n });
	o->n = 0;
	return o->err;
}

void output_put(struct output *o, struct str text)
{
	if (text.n > sizeof(o->room) - o->n)
		output_flush(o);
	if (text.n > sizeof(o->room)) {
		if (o->err == 0)
			o->err = write_all(o->fd, text);
		return;
	}
	memcpy(o->room + o->n, text.p, text.n);
	o->n += text.n;
}
