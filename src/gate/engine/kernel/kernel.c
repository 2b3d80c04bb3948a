/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The kernel engine: nf_tables over netlink.
 *
 * attrs*.c say how things lie on the wire, codec_*.c and elem.c write and read them, message.c
 * knows the messages, tx.c builds a transaction, commit.c sends it and locate.c finds what an
 * error is about; dump.c reads the ruleset, socket.c talks.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "base/oom.h"
#include "gate/engine/kernel/dump.h"
#include "gate/engine/kernel/hooks.h"
#include "gate/engine/kernel/tx.h"

static void kernel_close(struct engine *e)
{
	struct kernel *k = (struct kernel *)e;

	kernel_sockets_close(k);
	pagebuf_fini(&k->request.buf);
	arena_fini(&k->arena);
	free(k);
}

static bool kernel_destroys(struct engine *e)
{
	struct utsname u;

	(void)e;
	if (uname(&u) < 0)
		return false;
	char *dot;
	unsigned long major = strtoul(u.release, &dot, 10);
	unsigned long minor = *dot == '.' ? strtoul(dot + 1, NULL, 10) : 0;

	return major > 6 || (major == 6 && minor >= 3);
}

static const struct engine_ops kernel_ops = {
	.name = "kernel",
	.close = kernel_close,
	.generation = kernel_generation,
	.dump = kernel_dump,
	.get = kernel_get,
	.destroys = kernel_destroys,
	.get_elems = kernel_get_elems,
	.hooks = kernel_hooks,
	.tx_begin = kernel_tx_begin,
	.tx_table = kernel_tx_table,
	.tx_chain = kernel_tx_chain,
	.tx_rule = kernel_tx_rule,
	.tx_set = kernel_tx_set,
	.tx_set_dynamic = kernel_tx_set_dynamic,
	.tx_obj = kernel_tx_obj,
	.tx_flowtable = kernel_tx_flowtable,
	.tx_elems_begin = kernel_tx_elems_begin,
	.tx_elem = kernel_tx_elem,
	.tx_elems_end = kernel_tx_elems_end,
	.tx_commit = kernel_tx_commit,
	.tx_abort = kernel_tx_abort,
};

/* What the first question's refusal means: nfnetlink answers EINVAL for a subsystem it has
 * not. */
static int open_error(int r)
{
	if (r == -EINVAL || r == -EOPNOTSUPP)
		return -EPROTONOSUPPORT;
	return r;
}

int engine_kernel_open(struct engine **out)
{
	struct kernel *k = base_calloc(1, sizeof(*k));
	uint32_t gen;
	int r;

	k->engine.ops = &kernel_ops;
	pagebuf_init(&k->request.buf, 0);
	r = kernel_sockets_open(k);
	if (r == 0)
		r = kernel_generation(&k->engine, &gen);
	if (r < 0) {
		kernel_close(&k->engine);
		return open_error(r);
	}
	*out = &k->engine;
	return 0;
}
