/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Inside of the helper for SIP: helper_sip.c reads messages, helper_sip_media.c the streams they
 * describe, helper_sip_nat.c writes other addresses into their headers. */
#pragma once

#include "gate/track/helper.h"
#include "gate/track/sip_text.h"

enum sip_class { CLASS_SIGNALLING, CLASS_AUDIO, CLASS_VIDEO, CLASS_IMAGE };

/* An end of the connection, as one side names it and as the other one does. */
struct sip_end {
	struct track_addr addr, becomes_addr;
	uint16_t port, becomes_port;
};

/* One message; `text` is good until something is replaced in it. */
struct sip_message {
	struct track_reading *r;
	struct sip_end sender, receiver; /* while headers are written */
	size_t at;                       /* where it begins in the payload */
	struct str text;
	uint32_t cseq;
	unsigned code; /* of an answer */
};

/* Puts other bytes in the place of a slice of m->text. */
void sip_replace(struct sip_message *m, struct str what, struct str by);

/* The slice that begins so many bytes behind the text's start. */
static inline struct str sip_from(const struct sip_message *m, size_t off)
{
	return str_sub(m->text, off, m->text.n);
}

/* Expects the streams of the message's description. */
enum track_verdict sip_describe(struct sip_message *m);

/* Translates the addresses in the headers. */
enum track_verdict sip_translate(struct sip_message *m);

/* Writes what the sender wrote into a translated message. */
void sip_restore(struct sip_message *m);
/* The same of its description. */
void sip_restore_description(struct sip_message *m);

/* Whether the message is one whose streams are expected. */
bool sip_is_described(struct sip_message *m);
/* Whether it is a request. */
bool sip_is_request(const struct sip_message *m);

/* Remembers the port that a request wants the answer on, when it is not the one it came from. */
void sip_keep_via(struct sip_message *m);

/* An address as SIP writes it, with its port where that is not 0. */
void sip_write(struct buf *out, uint8_t family, const struct track_addr *addr,
               uint16_t port);
