/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The program form: names of the expressions, and building a rule's list of them.
 */
#include "gate/program/program.h"

#include <string.h>

#include "base/word.h"

static const struct word names[] = {
#define X(id, name) WORD(name),
	INSN_LIST(X)
#undef X
		WORD("foreign"),
};

const char *insn_name(enum insn_kind kind)
{
	return names[kind].text;
}

enum insn_kind insn_by_name(struct str name)
{
	uint64_t key = word_key(name);

	for (size_t i = 0; i < INSN_FOREIGN; i++)
		if (word_is(&names[i], key, name))
			return (enum insn_kind)i;
	return INSN_FOREIGN;
}

void insn_init(struct insn *i, enum insn_kind kind)
{
	memset(i, 0, sizeof(*i));
	i->kind = kind;
	i->dreg = i->sreg = REG_NONE;
	switch (kind) {
	case INSN_CT:
		i->ct.dir = -1;
		return;
	case INSN_DYNSET:
		i->dynset.sreg_data = REG_NONE;
		return;
	case INSN_NAT:
	case INSN_MASQ:
	case INSN_REDIR:
		i->nat.addr_min = i->nat.addr_max = REG_NONE;
		i->nat.proto_min = i->nat.proto_max = REG_NONE;
		return;
	case INSN_TPROXY:
		i->tproxy.addr = i->tproxy.port = REG_NONE;
		return;
	case INSN_DUP:
	case INSN_FWD:
		i->dup.addr = i->dup.dev = REG_NONE;
		return;
	case INSN_QUEUE:
		i->queue.sreg_from = REG_NONE;
		return;
	default: /* no registers in the union */
		return;
	}
}

struct insn *program_room(struct program *prog, struct arena *a)
{
	if (prog->n == prog->cap) {
		size_t cap = prog->cap ? prog->cap * 2 : 8;
		struct insn *p = arena_array(a, struct insn, cap);

		if (prog->n)
			memcpy(p, prog->p, prog->n * sizeof(*p));
		prog->p = p;
		prog->cap = cap;
	}
	return &prog->p[prog->n++];
}

struct insn *program_add(struct program *prog, struct arena *a, enum insn_kind kind)
{
	struct insn *i = program_room(prog, a);

	insn_init(i, kind);
	return i;
}
