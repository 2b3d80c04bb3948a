/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* pcap: a head of 24 bytes, then records of 16 bytes and the frame. */
#include "gate/capture/file.h"

enum { HEAD_BYTES = 24, RECORD_BYTES = 16 };

/* draft-ietf-opsawg-pcap section 4: the byte order is the writer's. */
static bool read_magic(struct capture *c)
{
	static const struct {
		uint32_t magic;
		bool nanoseconds;
	} magics[] = { { 0xa1b2c3d4, false }, { 0xa1b23c4d, true } };

	for (unsigned swapped = 0; swapped < 2; swapped++) {
		c->swapped = swapped;
		for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
			c->nanoseconds = magics[i].nanoseconds;
			if (file_u32(c, file_at(c)) == magics[i].magic)
				return true;
		}
	}
	return false;
}

int pcap_head(struct capture *c)
{
	if (!read_magic(c))
		return file_damaged(c, "it is no pcap and no pcapng file");
	int r = file_want(c, HEAD_BYTES);
	if (r < 0)
		return r;
	if (r == 0)
		return file_damaged(c, "its head is cut off");
	if (file_u16(c, file_at(c) + 4) != 2)
		return file_damaged(c, "its version of pcap is not 2");
	c->link = file_u32(c, file_at(c) + 20) & 0xffff;
	file_skip(c, HEAD_BYTES);
	return 0;
}

/* 1; 0 and cut when something but not enough is left. */
static int want_or_cut(struct capture *c, size_t n)
{
	int r = file_want(c, n);

	c->is_cut |= r == 0 && c->to > c->from;
	return r;
}

/* The frame of a record that is there with its `n` bytes. */
static struct capture_frame frame_of(const struct capture *c, uint32_t n)
{
	const uint8_t *b = file_at(c);
	uint32_t length = file_u32(c, b + 12);

	return (struct capture_frame){
		.bytes = { (const char *)b + RECORD_BYTES, n },
		.length = length > n ? length : n,
		.at_ns = file_u32(c, b) * UINT64_C(1000000000) +
		         file_u32(c, b + 4) * (c->nanoseconds ? UINT64_C(1) : 1000),
		.link = c->link,
		.swapped = c->swapped,
	};
}

bool pcap_peek(const struct capture *c, struct capture_frame *f)
{
	size_t have = c->to - c->from;
	uint32_t n = have < RECORD_BYTES ? 0 : file_u32(c, file_at(c) + 8);

	if (have < RECORD_BYTES || n > CAPTURE_FRAME_MAX || n > have - RECORD_BYTES)
		return false;
	*f = frame_of(c, n);
	return true;
}

int pcap_next(struct capture *c, struct capture_frame *f)
{
	int r = want_or_cut(c, RECORD_BYTES);

	if (r <= 0)
		return r;
	uint32_t n = file_u32(c, file_at(c) + 8);
	if (n > CAPTURE_FRAME_MAX)
		return file_damaged(c, "a frame claims more bytes than any has");
	r = want_or_cut(c, RECORD_BYTES + n);
	if (r <= 0)
		return r;
	*f = frame_of(c, n);
	file_skip(c, RECORD_BYTES + n);
	return 1;
}
