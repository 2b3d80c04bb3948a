/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Capture files, frame by frame: pcap (draft-ietf-opsawg-pcap) and pcapng
 * (draft-ietf-opsawg-pcapng), of either byte order. Bytes come from a function, so that pipes and
 * files of any size are read with the same bounded memory. Unlike libpcap it tells a frame's
 * direction and the name of its device, which pcapng has.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/str.h"

/* As read(2): bytes put at `to`, 0 at the end, or a negative errno. */
typedef int64_t capture_read_fn(void *ctx, void *to, size_t n);

enum capture_direction { CAPTURE_ANY_WAY, CAPTURE_IN, CAPTURE_OUT };

struct capture_frame {
	struct str bytes; /* as captured; valid until the next call */
	uint32_t length;  /* on the wire, at least bytes.n */
	uint64_t at_ns;   /* since 1970, UTC */
	uint32_t link;    /* LINKTYPE_*, see link.h */
	uint32_t device;  /* counts the file's devices from 0 */
	struct str name;  /* the device's; empty when the file does not tell */
	bool swapped;     /* the file's byte order is not ours */
	enum capture_direction direction;
};

struct capture;

/* Reads the head. -ENODATA: there is nothing; -EMEDIUMTYPE: it is compressed; -EBADMSG: it is no
 * capture file, or a version nobody knows; or the error of `read`. */
MUST_USE int capture_open(capture_read_fn *read, void *ctx, struct capture **out);
void capture_free(struct capture *c);
DEFINE_AUTO_PTR(capture)

/* The next frame: 1; 0 at the end; -EBADMSG when the file is damaged (capture_why says how), or
 * the error of `read`. The file may end within a frame: then it is 0, and capture_is_cut. */
MUST_USE int capture_next(struct capture *c, struct capture_frame *f);

/* The frame behind the last one, as the next call of capture_next will give it, where it is in memory
 * already; both are valid until that call. False: one has to wait for it. */
bool capture_peek(const struct capture *c, struct capture_frame *f);

/* Whether the last frame is not all there: the capturing program was killed. */
bool capture_is_cut(const struct capture *c);
/* What is wrong, as a phrase. */
const char *capture_why(const struct capture *c);
/* Bytes read so far. */
uint64_t capture_offset(const struct capture *c);
