/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Whole connections in one line: who says what, packet by packet, made of a row of a table for
 * each kind. Each packet but the first answers the one before or begins the data connection.
 */
#pragma once

#include "gate/scenario/talk.h"

enum connection_kind {
	CONNECTION_TCP,  /* handshake, a question, an answer, close */
	CONNECTION_UDP,  /* question, answer, question */
	CONNECTION_PING, /* echo request and reply, twice */
	CONNECTION_FTP,  /* log in, PASV or PORT, then the data connection */
	CONNECTION_TFTP, /* read request, then data from another port */
	CONNECTION_IRC,  /* log in, DCC SEND, then the receiver's connection */
	CONNECTION_SIP,  /* INVITE and its answer, then the audio */
	CONNECTION_KINDS
};
struct str connection_name(enum connection_kind kind);

struct connection {
	enum connection_kind kind;
	bool active;        /* FTP: PORT instead of PASV */
	uint16_t data_port; /* 0: the kind's own */
};

/* A connection that is being made. */
struct connection_run {
	const struct connection *c;
	const struct packet_line *first;
	unsigned at;    /* the packet to make next */
	bool is_data;   /* the packet made last begins the data connection */
	size_t control; /* number of the talk that announced it */
	/* how the first packet came and went */
	struct sim_arrival arrival;
	const struct sim_dev *left_by;
};

/* The next packet's line; false behind the last. `talks` knows what was said so far: the packet
 * before must have been sent. Texts are in `a`. */
bool connection_next(struct connection_run *r, const struct talks *talks, struct arena *a,
                     struct packet_line *out);
/* Whether a second connection is expected because of what is said in the first. */
bool connection_has_data(enum connection_kind kind);
