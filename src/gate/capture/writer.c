/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Blocks of pcapng, in this machine's byte order. */
#include "gate/capture/writer.h"

enum { SECTION = 0x0a0d0d0a, DEVICE = 1, PACKET = 6, ORDER_MAGIC = 0x1a2b3c4d };
enum { OPTION_END = 0, OPTION_NAME = 2, OPTION_FLAGS = 2, OPTION_RESOLUTION = 9 };
enum { NANOSECONDS = 9 };

static void put32(struct buf *b, uint32_t v)
{
	buf_put(b, &v, sizeof(v));
}

static void put16(struct buf *b, uint16_t v)
{
	buf_put(b, &v, sizeof(v));
}

static void pad(struct buf *b, size_t from)
{
	while ((b->n - from) % 4)
		buf_char(b, 0);
}

static void put_option(struct buf *b, uint16_t code, const void *value, size_t n)
{
	size_t from = b->n;

	put16(b, code);
	put16(b, (uint16_t)n);
	buf_put(b, value, n);
	pad(b, from);
}

static size_t begin(struct buf *b, uint32_t type)
{
	size_t from = b->n;

	put32(b, type);
	put32(b, 0);
	return from;
}

static void end(struct buf *b, size_t from)
{
	uint32_t n = (uint32_t)(b->n - from) + 4;

	put32(b, n);
	memcpy(b->p + from + 4, &n, sizeof(n));
}

void writer_head(struct capture_writer *w)
{
	static const uint64_t unknown = UINT64_MAX;

	if (w->has_head)
		return;
	w->has_head = true;
	size_t from = begin(&w->out, SECTION);
	put32(&w->out, ORDER_MAGIC);
	put16(&w->out, 1);
	put16(&w->out, 0);
	buf_put(&w->out, &unknown, sizeof(unknown)); /* the section's length */
	end(&w->out, from);
}

static void put_device(struct capture_writer *w, const struct writer_device *d)
{
	static const uint8_t resolution = NANOSECONDS;
	size_t from = begin(&w->out, DEVICE);

	put16(&w->out, (uint16_t)d->link);
	put16(&w->out, 0);
	put32(&w->out, 0); /* no limit to frames */
	if (d->name.n)
		put_option(&w->out, OPTION_NAME, d->name.p, d->name.n);
	put_option(&w->out, OPTION_RESOLUTION, &resolution, 1);
	put_option(&w->out, OPTION_END, NULL, 0);
	end(&w->out, from);
}

static uint32_t device_of(struct capture_writer *w, const struct capture_frame *f)
{
	for (size_t i = 0; i < w->devices.n; i++)
		if (w->devices.p[i].link == f->link &&
		    str_eq(w->devices.p[i].name, f->name))
			return (uint32_t)i;
	struct writer_device d = { f->link, f->name };
	put_device(w, &d);
	vec_push(&w->devices, d);
	return (uint32_t)w->devices.n - 1;
}

void writer_put(struct capture_writer *w, const struct capture_frame *f)
{
	writer_head(w);
	uint32_t device = device_of(w, f),
		 flags = f->direction; /* 1 in, 2 out, as there */
	size_t from = begin(&w->out, PACKET);

	put32(&w->out, device);
	put32(&w->out, (uint32_t)(f->at_ns >> 32));
	put32(&w->out, (uint32_t)f->at_ns);
	put32(&w->out, (uint32_t)f->bytes.n);
	put32(&w->out, f->length);
	buf_str(&w->out, f->bytes);
	pad(&w->out, from);
	if (flags) {
		put_option(&w->out, OPTION_FLAGS, &flags, sizeof(flags));
		put_option(&w->out, OPTION_END, NULL, 0);
	}
	end(&w->out, from);
}

void writer_fini(struct capture_writer *w)
{
	buf_fini(&w->out);
	vec_fini(&w->devices);
}
