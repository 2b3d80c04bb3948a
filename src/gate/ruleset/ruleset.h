/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * From syntax tree to program form and back, and what runs a file's commands on an engine:
 * changes become one transaction, reads are answered after it.
 */
#pragma once

#include "base/buf.h"
#include "base/diag.h"
#include "gate/engine/engine.h"
#include "gate/lang/parser.h"

struct ruleset_options {
	const struct names *names;
	const struct format *format;
	bool check; /* -c: everything but the commit */
	bool simulates; /* no kernel will say what a hook does not take: it is looked at as with `check` */
	uint32_t kernel; /* check for that version (0x601: 6.1) as well; 0: any */
	uint32_t
		running; /* the version that answers, to explain a refusal; 0: not known */
	bool closed_interfaces; /* names->ifindex knows all that there are */
	bool debug_netlink; /* --debug netlink: print the byte code of rules as they are lowered */
	int nft_pid; /* of this process when it is called nft: an echo names it; else 0 */
	/* Where text goes: called with each piece of output as it is ready. */
	void (*write)(void *ctx, struct str text);
	void *write_ctx;
	/* Where a rule that was sent stands: its tag (engine.h), its text, and the pieces of it
	 * that insn.place counts. May be NULL; the pieces are gone when it returns. */
	void (*placed)(void *ctx, uint32_t tag, struct span rule,
	               const struct span *pieces, size_t n);
	void *placed_ctx;
};

/* Runs all commands `parser` holds. `engine` NULL: offline check only (what only a kernel can
 * refuse is noted in `diags`). Returns 0; -EINVAL when the text is wrong (diagnosed, nothing
 * applied); -ERESTART when the kernel's ruleset changed meanwhile (not diagnosed, nothing applied:
 * try again with a new parser); another negative errno when the engine refused (diagnosed, nothing
 * applied). */
int ruleset_run(struct engine *engine, struct parser *parser,
                const struct sources *sources, struct diags *diags,
                const struct ruleset_options *options);
