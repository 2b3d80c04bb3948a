/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* pcapng: blocks, each between two copies of its length. Those without frames are skipped. */
#include <errno.h>
#include <string.h>

#include "gate/capture/file.h"

/* draft-ietf-opsawg-pcapng section 11.1 */
enum {
	BLOCK_DEVICE = 1,
	BLOCK_OLD_PACKET = 2,
	BLOCK_SIMPLE = 3,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};
enum { OPTION_NAME = 2, OPTION_FLAGS = 2, OPTION_RESOLUTION = 9, OPTION_OFFSET = 14 };
enum { BLOCK_MIN = 12, ORDER_MAGIC = 0x1a2b3c4d };

/* The inside of a block. */
struct body {
	const uint8_t *b;
	size_t n;
};

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* Steps over options (section 3.5): false at the end. */
static bool next_option(const struct capture *c, struct body *at, uint16_t *code,
                        struct str *value)
{
	if (at->n < 4)
		return false;
	*code = file_u16(c, at->b);
	size_t n = file_u16(c, at->b + 2);
	if (*code == 0 || n > at->n - 4)
		return false;
	*value = (struct str){ (const char *)at->b + 4, n };
	size_t step = 4 + padded(n) < at->n ? 4 + padded(n) : at->n;
	at->b += step;
	at->n -= step;
	return true;
}

/* ---- times ---- */

static uint64_t power(uint64_t base, unsigned n)
{
	uint64_t v = 1;

	while (n--)
		v *= base;
	return v;
}

static uint64_t time_ns(const struct capture_device *d, uint32_t high, uint32_t low)
{
	uint64_t t = (uint64_t)high << 32 | low;
	unsigned n = d->resolution & 0x7f;
	uint64_t base = d->resolution & 0x80 ? 2 : 10;
	uint64_t offset = d->offset_s * 1000000000;

	if (n > (base == 2 ? 63u : 19u)) /* finer than any clock: all is 0 */
		return offset;
	__extension__ unsigned __int128 ns = (unsigned __int128)t * 1000000000;
	return (uint64_t)(ns / power(base, n)) + offset;
}

/* ---- blocks ---- */

static int read_section(struct capture *c, struct body body)
{
	if (body.n < 16)
		return file_damaged(c, "a section's head is too short");
	if (file_u16(c, body.b + 4) != 1)
		return file_damaged(c, "its version of pcapng is not 1");
	c->devices.n = 0;
	return 0;
}

static int read_device(struct capture *c, struct body body)
{
	struct capture_device d = { .resolution = 6 };
	struct str value;
	uint16_t code;

	if (body.n < 8)
		return file_damaged(c, "a device's block is too short");
	if (c->devices.n == CAPTURE_DEVICES_MAX)
		return file_damaged(c, "it has too many devices");
	d.link = file_u16(c, body.b);
	d.snap_len = file_u32(c, body.b + 4);
	body.b += 8;
	body.n -= 8;
	while (next_option(c, &body, &code, &value)) {
		const uint8_t *v = (const uint8_t *)value.p;
		if (code == OPTION_NAME)
			d.name = arena_str(&c->names, value);
		if (code == OPTION_RESOLUTION && value.n == 1)
			d.resolution = v[0];
		if (code == OPTION_OFFSET && value.n == 8)
			d.offset_s = c->swapped ? (uint64_t)file_u32(c, v) << 32 |
			                                  file_u32(c, v + 4)
			                        : (uint64_t)file_u32(c, v + 4) << 32 |
			                                  file_u32(c, v);
	}
	vec_push(&c->devices, d);
	return 0;
}

static int fill_frame(struct capture *c, uint32_t device, struct capture_frame *f)
{
	if (device >= c->devices.n)
		return file_damaged(
			c, "a frame is of a device that the file does not describe");
	const struct capture_device *d = &c->devices.p[device];
	*f = (struct capture_frame){
		.link = d->link, .device = device, .name = d->name, .swapped = c->swapped
	};
	return 1;
}

/* Section 4.3; the obsolete block of appendix A is alike but for its first word. */
static int read_packet(struct capture *c, struct body body, bool old,
                       struct capture_frame *f)
{
	if (body.n < 20)
		return file_damaged(c, "a frame's block is too short");
	int r = fill_frame(c, old ? file_u16(c, body.b) : file_u32(c, body.b), f);
	if (r < 0)
		return r;
	uint32_t n = file_u32(c, body.b + 12), length = file_u32(c, body.b + 16);
	if (n > body.n - 20 || n > CAPTURE_FRAME_MAX)
		return file_damaged(c, "a frame claims more bytes than its block has");
	f->at_ns = time_ns(&c->devices.p[f->device], file_u32(c, body.b + 4),
	                   file_u32(c, body.b + 8));
	f->bytes = (struct str){ (const char *)body.b + 20, n };
	f->length = length > n ? length : n;
	struct body options = { body.b + 20, body.n - 20 };
	size_t skip = padded(n) < options.n ? padded(n) : options.n;
	options.b += skip;
	options.n -= skip;
	struct str value;
	uint16_t code;
	while (next_option(c, &options, &code, &value))
		if (code == OPTION_FLAGS && value.n == 4) {
			uint32_t way = file_u32(c, (const uint8_t *)value.p) & 3;
			f->direction = way == 1   ? CAPTURE_IN
			               : way == 2 ? CAPTURE_OUT
			                          : CAPTURE_ANY_WAY;
		}
	return 1;
}

/* Section 4.4: without a time, of the first device. */
static int read_simple(struct capture *c, struct body body, struct capture_frame *f)
{
	if (body.n < 4)
		return file_damaged(c, "a frame's block is too short");
	int r = fill_frame(c, 0, f);
	if (r < 0)
		return r;
	uint32_t snap = c->devices.p[0].snap_len, length = file_u32(c, body.b);
	size_t n = body.n - 4;
	n = length < n ? length : n;
	n = snap && snap < n ? snap : n;
	if (n > CAPTURE_FRAME_MAX)
		return file_damaged(c, "a frame claims more bytes than any has");
	f->bytes = (struct str){ (const char *)body.b + 4, n };
	f->length = length > n ? length : (uint32_t)n;
	return 1;
}

/* 1: `f` is a frame; 0: the block has none. */
static int read_block(struct capture *c, uint32_t type, struct body body,
                      struct capture_frame *f)
{
	switch (type) {
	case BLOCK_SECTION:
		return read_section(c, body);
	case BLOCK_DEVICE:
		return read_device(c, body);
	case BLOCK_PACKET:
	case BLOCK_OLD_PACKET:
		return read_packet(c, body, type == BLOCK_OLD_PACKET, f);
	case BLOCK_SIMPLE:
		return read_simple(c, body, f);
	default:
		return 0;
	}
}

/* A section's head says the byte order of itself and of what follows. */
static int order_of_section(struct capture *c)
{
	c->swapped = false;
	if (file_u32(c, file_at(c) + 8) == ORDER_MAGIC)
		return 0;
	c->swapped = true;
	if (file_u32(c, file_at(c) + 8) == ORDER_MAGIC)
		return 0;
	return file_damaged(c, "a section's byte order cannot be told");
}

/* The block's length, or 0 at the end of the file, or an error. */
static int64_t next_length(struct capture *c, uint32_t *type)
{
	int r = file_want(c, BLOCK_MIN);

	if (r <= 0) {
		c->is_cut |= r == 0 && c->to > c->from;
		return r;
	}
	*type = file_u32(c, file_at(c));
	if (*type == BLOCK_SECTION)
		r = order_of_section(c);
	if (r < 0)
		return r;
	uint32_t n = file_u32(c, file_at(c) + 4);
	if (n < BLOCK_MIN || n % 4 || n > CAPTURE_BLOCK_MAX)
		return file_damaged(c, "a block's length is impossible");
	return n;
}

int pcapng_next(struct capture *c, struct capture_frame *f)
{
	for (;;) {
		uint32_t type = 0;
		int64_t n = next_length(c, &type);
		if (n <= 0)
			return (int)n;
		int r = file_want(c, (size_t)n);
		c->is_cut |= r == 0;
		if (r <= 0)
			return r;
		const uint8_t *b = file_at(c);
		if (file_u32(c, b + n - 4) != (uint32_t)n)
			return file_damaged(c, "a block's two lengths differ");
		r = read_block(c, type, (struct body){ b + 8, (size_t)n - BLOCK_MIN }, f);
		if (r < 0)
			return r;
		file_skip(c, (size_t)n);
		if (r > 0)
			return 1;
	}
}
