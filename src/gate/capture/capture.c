/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The window over the file, and telling the formats apart. */
#include "gate/capture/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "gate/capture/file.h"

enum { ROOM_FIRST = 1 << 18 };

/* ---- the window ---- */

static void make_space(struct capture *c, size_t n)
{
	if (c->from) {
		memmove(c->room, c->room + c->from, c->to - c->from);
		c->to -= c->from;
		c->from = 0;
	}
	if (n <= c->cap)
		return;
	c->cap = n;
	c->room = base_realloc(c->room, c->cap, 1);
}

int file_want(struct capture *c, size_t n)
{
	if (c->to - c->from >= n)
		return 1;
	make_space(c, n);
	while (c->to < n) {
		int64_t got = c->read(c->ctx, c->room + c->to, c->cap - c->to);
		if (got <= 0)
			return (int)got;
		c->to += (size_t)got;
	}
	return 1;
}

void file_skip(struct capture *c, size_t n)
{
	c->from += n;
	c->offset += n;
}

int file_damaged(struct capture *c, const char *why)
{
	c->why = why;
	return -EBADMSG;
}

uint16_t file_u16(const struct capture *c, const uint8_t *b)
{
	uint16_t v;

	memcpy(&v, b, sizeof(v));
	return c->swapped ? __builtin_bswap16(v) : v;
}

uint32_t file_u32(const struct capture *c, const uint8_t *b)
{
	uint32_t v;

	memcpy(&v, b, sizeof(v));
	return c->swapped ? __builtin_bswap32(v) : v;
}

/* ---- opening ---- */

/* RFC 1952 (gzip), RFC 8878 (zstd), and the first bytes of xz, bzip2 and lz4. */
static bool is_compressed(const uint8_t *b)
{
	static const struct {
		uint8_t n, bytes[4];
	} magics[] = { { 3, { 0x1f, 0x8b, 8 } },
		       { 4, { 0x28, 0xb5, 0x2f, 0xfd } },
		       { 4, { 0xfd, '7', 'z', 'X' } },
		       { 3, { 'B', 'Z', 'h' } },
		       { 4, { 4, 0x22, 0x4d, 0x18 } } };

	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (memcmp(b, magics[i].bytes, magics[i].n) == 0)
			return true;
	return false;
}

/* The magic number of pcapng reads the same in both byte orders. */
static int read_head(struct capture *c)
{
	static const uint8_t pcapng[4] = { 0x0a, 0x0d, 0x0d, 0x0a };
	int r = file_want(c, 4);

	if (r < 0)
		return r;
	if (r == 0 && c->to == c->from)
		return -ENODATA;
	if (r == 0)
		return file_damaged(c, "it is too short for a capture file");
	if (is_compressed(file_at(c)))
		return -EMEDIUMTYPE;
	c->is_pcapng = memcmp(file_at(c), pcapng, sizeof(pcapng)) == 0;
	return c->is_pcapng ? 0 : pcap_head(c);
}

int capture_open(capture_read_fn *read, void *ctx, struct capture **out)
{
	auto_ptr(capture) c = base_calloc(1, sizeof(*c));

	c->read = read;
	c->ctx = ctx;
	c->cap = ROOM_FIRST;
	c->room = base_calloc(1, c->cap);
	c->why = "";
	int r = read_head(c);
	if (r < 0)
		return r;
	*out = take(c);
	return 0;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	vec_fini(&c->devices);
	arena_fini(&c->names);
	free(c->room);
	free(c);
}

int capture_next(struct capture *c, struct capture_frame *f)
{
	return c->is_pcapng ? pcapng_next(c, f) : pcap_next(c, f);
}

bool capture_peek(const struct capture *c, struct capture_frame *f)
{
	return !c->is_pcapng && pcap_peek(c, f);
}

bool capture_is_cut(const struct capture *c)
{
	return c->is_cut;
}

const char *capture_why(const struct capture *c)
{
	return c->why;
}

uint64_t capture_offset(const struct capture *c)
{
	return c->offset;
}
