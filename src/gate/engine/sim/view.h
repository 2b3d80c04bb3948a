/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Between packets, which are bytes, and the connection tracker, which takes values: what it must
 * know of a packet, and writing what translation changes.
 */
#pragma once

#include "gate/engine/sim/packet.h"
#include "gate/track/nat.h"
#include "gate/track/packet.h"

/* `out->payload` points into the packet. */
void view_packet(const struct packet *p, struct track_packet *out);

/* The tuple alone, into one that is all zero. False: the packet is cut. */
bool view_tuple(const struct packet *p, struct track_tuple *t);

/* Writes a translation into the packet, checksums too where they were right. True when something
 * changed. */
bool view_write(struct packet *p, const struct track_change *change);

/* Puts another payload behind the transport header (TCP, UDP); lengths and checksums follow. */
void view_payload(struct packet *p, struct str payload);

/* Another destination port. */
void view_to_port(struct packet *p, uint16_t port);

/* Moves a segment's numbers as a helper of its connection moved the payload before. */
void view_renumber(struct packet *p, const struct track_entry *e, enum track_dir dir);
/* Moves them back. */
void view_number_back(struct packet *p, const struct track_entry *e, enum track_dir dir);
