/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A packet in words from anybody: read, made whole and built. */
#include "fuzz.h"

#include "gate/scenario/talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sources sources = { 0 };
	auto_arena a = { 0 };
	auto_diags diags = { 0 };
	struct talks talks = { 0 };
	struct sim_machine machine;
	struct made_packet made;
	struct packet_line line;
	uint32_t file =
		sources_add(&sources, STR("x"), (struct str){ (const char *)data, n });
	struct span span = { file, 0, (uint32_t)n };

	machine_init(&machine, 1);
	if (packet_line_read(&sources, span, NULL, &a, &diags, &line) == 0 &&
	    talk_make(&talks, &line, &machine, &a, &diags, &made) == 0)
		packet_build(&talks.last, &made.desc);
	talks_fini(&talks);
	machine_fini(&machine);
	sources_fini(&sources);
	return 0;
}
