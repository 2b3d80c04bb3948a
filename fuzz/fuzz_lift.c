/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A dump from anybody: the input is the netlink messages of a whole ruleset, in any order. It
 * must list, whatever the byte code says, and what is listed must be taken as any text is: it
 * is read and lowered again, or refused.
 */
#include <errno.h>

#include "fuzz.h"
#include "gate/engine/kernel/message.h"
#include "gate/ruleset/ruleset.h"

/* An engine that answers every dump out of the input. */
struct dump {
	struct engine engine; /* first */
	const uint8_t *data;
	size_t n;
	struct arena a; /* of one message */
};

static int generation(struct engine *e, uint32_t *gen)
{
	(void)e;
	*gen = 1;
	return 0;
}

/* The messages of a kind; a message that lies about its length ends the dump. */
static int dump(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
                const struct dump_ops *ops, void (*restart)(void *ctx), void *ctx)
{
	struct dump *d = (struct dump *)e;
	struct nlmsghdr h;
	enum dump_kind is;
	int r = 0;

	if (restart)
		restart(ctx);
	for (size_t at = 0; r >= 0 && at + sizeof(h) <= d->n;
	     at += NLMSG_ALIGN(h.nlmsg_len)) {
		memcpy(&h, d->data + at, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > d->n - at)
			return -EBADMSG;
		arena_reset(&d->a);
		if (message_kind_of(h.nlmsg_type & 0xff, &is) && is == kind)
			r = message_get(cursor_of(d->data + at, h.nlmsg_len), f, &d->a,
			                ops, ctx);
	}
	return r;
}

static int get(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
               const struct dump_ops *ops, void *ctx)
{
	return dump(e, kind, f, ops, NULL, ctx);
}

static const struct engine_ops answers = {
	.name = "dump", .generation = generation, .dump = dump, .get = get
};

static void keep(void *ctx, struct str text)
{
	buf_str(ctx, text);
}

/* Runs `text`; what it prints is added to `out`. */
static void run(struct engine *e, struct str text, struct buf *out)
{
	static const struct names names;
	static const struct format format;
	auto_arena a = { 0 };
	struct sources sources = { 0 };
	auto_diags diags = { 0 };
	const struct parser_options parsing = { .names = &names };
	struct parser *p = parser_new(&a, &sources, &diags, &parsing);
	const struct ruleset_options options = { .names = &names,
		                                 .format = &format,
		                                 .check = true,
		                                 .write = keep,
		                                 .write_ctx = out };

	parser_add_source(p, sources_add(&sources, STR("fuzz"), text));
	(void)ruleset_run(e, p, &sources, &diags, &options); /* a refusal is fine */
	sources_fini(&sources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct dump d = { .engine = { &answers }, .data = data, .n = n };
	auto_buf listing = { 0 }, nothing = { 0 };

	run(&d.engine, STR("list ruleset"), &listing);
	run(NULL, buf_as_str(&listing), &nothing);
	arena_fini(&d.a);
	return 0;
}
