/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Writes pcapng: frames keep their link type, device, direction and time in nanoseconds, which
 * pcap could not hold in one file. Bytes go into a buffer that the caller writes out.
 */
#pragma once

#include "base/buf.h"
#include "base/vec.h"
#include "gate/capture/capture.h"

struct writer_device {
	uint32_t link;
	struct str name;
};

struct capture_writer {
	struct buf out; /* take what is in it at any time */
	VEC(struct writer_device) devices;
	bool has_head;
};

void writer_put(struct capture_writer *w, const struct capture_frame *f);
/* The head alone, where no frame came. */
void writer_head(struct capture_writer *w);
/* Devices' names must live until then. */
void writer_fini(struct capture_writer *w);
