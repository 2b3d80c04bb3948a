/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* One run of `gate replay`: verb_replay.c runs, replay_output.c writes captures, replay_report.c
 * tells. */
#pragma once

#include "gate/capture/writer.h"
#include "gate/cli/explain.h"
#include "gate/replay/replay.h"

/* A capture file that is written. */
struct replay_output {
	struct str path;  /* p NULL: none */
	int fd, err;      /* err: negative errno of the first failure */
	bool is_nameless; /* it gets its name when it is whole */
	struct capture_writer writer;
};

struct replay_run {
	struct cli *c;
	struct explain e, old; /* the rulesets; old with --against */
	/* the same again, for what is not known */
	VEC(struct explain) ways, old_ways;
	struct sim_machine machine;
	struct replay replay;
	int fd;        /* of the capture */
	uint64_t size; /* bytes; 0: nobody knows */
	struct capture *capture;
	struct capture_frame first; /* read before the rulesets are */
	bool has_first, is_device_assumed;
	bool is_sent; /* nothing was wrong before */
	bool can_rewind,
		restarts; /* more unknown was met than is tried: all begins anew */
	unsigned doubts;  /* then for so many of a packet */
	struct replay_output passed, stopped;
	uint64_t flows_shown;
	uint64_t elapsed_ns;
};

/* Opens the file, where a path is given; reports what fails. */
void output_open(struct replay_run *r, struct replay_output *o, struct str path);
void output_frame(struct replay_output *o, const struct capture_frame *f);
/* A file can be begun anew, a pipe or a device cannot. */
bool output_can_restart(const struct replay_output *o);
void output_restart(struct replay_output *o);
/* Writes the rest and gives the file its name; reports what failed. */
void output_close(struct replay_run *r, struct replay_output *o);

void replay_report(struct replay_run *r);
void replay_report_json(struct replay_run *r);
