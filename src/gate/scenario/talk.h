/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A conversation: packets in words, one after the other, made whole and sent through the
 * simulated kernel. It remembers what was said, so that a reply goes to whom the packet came
 * from and TCP's sequence numbers fit.
 */
#pragma once

#include "gate/engine/sim/sim.h"
#include "gate/scenario/packet_line.h"

/* One TCP connection as its ends see it. */
struct talk {
	struct track_tuple sent[2]; /* as the one and the other end wrote it */
	bool has_sent[2];
	uint32_t next_seq[2]; /* what each sends next */
	uint32_t shift[2]; /* how much further that lies for the other: a helper wrote */
};

struct talks {
	VEC(struct talk) list;
	struct map sent; /* a tuple to twice the talk's number + its side + 1 */
	struct arena a;
	struct packet last; /* as it came out */
	struct sim_arrival last_arrival;
	size_t last_talk;
	int last_side;
	const struct sim_dev *last_out; /* the device it left by */
	bool has_last, has_talk, last_is_raw;
	uint16_t next_port; /* for sources that say none; 0: always 40000 */
};

/* A packet ready to be sent, and what was filled in for it. */
struct made_packet {
	struct sim_arrival arrival;
	struct packet_desc desc;
	const struct packet_raw *raw; /* the bytes instead of the description, or NULL */
	struct str filled;            /* `source port 40000, …`, empty: nothing */
};

/* Makes the line whole: addresses, ports and devices of the machine where they are obvious, the
 * packet before where it is a reply. -EINVAL after an error in `diags`. */
int talk_make(struct talks *t, const struct packet_line *line,
              struct sim_machine *machine, struct arena *a, struct diags *diags,
              struct made_packet *out);
/* Its bytes, decoded. */
void made_build(const struct made_packet *made, struct packet *p);
/* Builds it and sends it through. The packet stays in t->last, as it came out. */
struct sim_result talk_send(struct talks *t, struct sim *sim,
                            const struct packet_line *line,
                            const struct made_packet *made);
void talks_fini(struct talks *t);
