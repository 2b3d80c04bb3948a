/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Inside of the reader: its window over the bytes, and what it knows of the file. */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "gate/capture/capture.h"

/* No capture program makes larger frames (libpcap's MAXIMUM_SNAPLEN); blocks that are no frames
 * may be larger. */
enum {
	CAPTURE_FRAME_MAX = 1 << 18,
	CAPTURE_BLOCK_MAX = 1 << 24,
	CAPTURE_DEVICES_MAX = 4096
};

struct capture_device {
	uint32_t link, snap_len;
	struct str name;
	uint64_t offset_s;  /* added to times */
	uint8_t resolution; /* of times: 10^-n s, with the highest bit 2^-n s */
};

struct capture {
	capture_read_fn *read;
	void *ctx;
	uint8_t *room;
	size_t cap, from, to; /* bytes from..to are not read yet */
	uint64_t offset;
	bool swapped, is_pcapng, nanoseconds, is_cut;
	uint32_t link;                      /* pcap */
	VEC(struct capture_device) devices; /* pcapng */
	struct arena names;
	const char *why;
};

/* Makes `n` bytes available at file_at(): 1, or 0 when the file ends before, or an error. */
int file_want(struct capture *c, size_t n);

static inline const uint8_t *file_at(const struct capture *c)
{
	return c->room + c->from;
}
void file_skip(struct capture *c, size_t n);
int file_damaged(struct capture *c, const char *why);

/* Numbers in the file's byte order. */
uint16_t file_u16(const struct capture *c, const uint8_t *b);
uint32_t file_u32(const struct capture *c, const uint8_t *b);

/* The two formats: the head is available; the magic number was looked at. */
int pcap_head(struct capture *c);
int pcap_next(struct capture *c, struct capture_frame *f);
bool pcap_peek(const struct capture *c, struct capture_frame *f);
int pcapng_next(struct capture *c, struct capture_frame *f);
