/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Fills schema's struct names from this machine: its interfaces, users, resolver, services and
 * tables under /etc. With a list of interfaces it answers for another machine: those exist, in
 * that order from 1, and no others.
 */
#pragma once

#include "gate/schema/schema.h"
#include "io/symtab.h"

enum { MACHINE_TABLES = 4, GUEST_INDEX = 1000 };

struct machine {
	struct arena *a;
	const struct str *interfaces; /* NULL: the kernel's own */
	size_t n_interfaces;
	const struct str *
		guests; /* interfaces that only the command line names: from GUEST_INDEX on */
	size_t n_guests;
	struct symtab tables[MACHINE_TABLES];
	bool is_loaded[MACHINE_TABLES];
};

/* `m` must live as long as `names`. */
void names_init(struct names *names, struct machine *m);
