/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Inside herald/stream only: what stream.c and negotiate.c ask of each other. */
#pragma once

#include "herald/stream/stream.h"

/* Ends the stream with an error. */
void stream_fail(struct stream *s, enum stream_error e, const char *text);

void stream_send_features(struct stream *s);

/* Expects a header next. */
void stream_restart(struct stream *s, bool drop);

/* An element in STREAM_NEGOTIATE or STREAM_RESPONSE, in STREAM_BIND, in STREAM_OPEN. */
void stream_on_negotiate(struct stream *s, struct xml *x, struct arena *a);
void stream_on_bind(struct stream *s, struct xml *x, struct arena *a);
void stream_on_open(struct stream *s, struct xml *x, struct arena *a);
