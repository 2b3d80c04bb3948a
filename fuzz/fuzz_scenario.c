/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A scenario file from anybody: read, its values drawn and its connections spelled out. */
#include "fuzz.h"

#include "gate/scenario/draw.h"
#include "gate/scenario/scenario.h"

enum { PACKETS_MAX = 64 };

static void make_packets(const struct step *step, struct draw *d,
                         struct sim_machine *machine, struct arena *a,
                         struct diags *diags)
{
	struct talks talks = { .next_port = 1 };
	struct packet_line drawn, line;
	struct connection_run run = { .c = &step->connection, .first = &drawn };
	struct made_packet made;

	draw_line(d, &step->line, &drawn);
	line = drawn;
	for (int i = 0; i < PACKETS_MAX; i++) {
		if (step->kind == STEP_CONNECTION &&
		    !connection_next(&run, &talks, a, &line))
			break;
		if (talk_make(&talks, &line, machine, a, diags, &made) < 0)
			break;
		packet_build(&talks.last, &made.desc);
		talks.last_arrival = made.arrival;
		talks.has_last = true;
		if (step->kind != STEP_CONNECTION)
			break;
	}
	talks_fini(&talks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sources sources = { .list = { 0 } };
	auto_arena a = { 0 };
	auto_diags diags = { 0 };
	struct sim_machine machine;
	struct scenario s;
	struct draw d;
	uint32_t file =
		sources_add(&sources, STR("x"), (struct str){ (const char *)data, n });

	machine_init(&machine, 1);
	draw_init(&d, 1, &machine);
	if (scenario_read(&sources, file, NULL, &a, &diags, &s) == 0) {
		vec_for_each(it, &s.steps)
			if (it->kind != STEP_EXPECT)
				make_packets(it, &d, &machine, &a, &diags);
	}
	scenario_fini(&s);
	draw_fini(&d);
	machine_fini(&machine);
	sources_fini(&sources);
	return 0;
}
