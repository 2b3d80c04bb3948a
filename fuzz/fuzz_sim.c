/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Frames from anybody through the simulated kernel, and programs from anybody on them. The first
 * byte says how long the program is; then come six bytes an instruction; the rest is frames, each
 * behind its length in one byte; bits of its first byte say whether it leaves (0x80), is IPv6
 * (0x40), and goes by a bridge (0x20).
 */
#include "fuzz.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "base/cursor.h"
#include "gate/engine/sim/sim.h"

enum { INSNS_MAX = 24, FRAMES_MAX = 8 };

/* The kernel lets no program past that leaves the registers: neither do we. */
static uint8_t bounded(uint8_t v, uint8_t max)
{
	return (uint8_t)(v % (max + 1));
}

static void fill(struct insn *i, struct cursor *c)
{
	uint8_t a = cursor_u8(c), b = cursor_u8(c), len = bounded(cursor_u8(c), 64);
	uint32_t off = cursor_u8(c), key = cursor_u8(c);

	i->dreg = a & 1 ? REG_NONE : bounded(b, REG_WORDS - 1);
	i->sreg = i->dreg == REG_NONE ? bounded(b, REG_WORDS - 1) : REG_NONE;
	switch (i->kind) {
	case INSN_PAYLOAD:
		i->payload.base = a >> 1 & 3;
		i->payload.off = off;
		i->payload.len = len;
		i->payload.csum_type = key & 1;
		i->payload.csum_flags = key >> 1 & 1;
		return;
	case INSN_EXTHDR:
		i->exthdr.op = a >> 1 & 7;
		i->exthdr.type = (uint8_t)key;
		i->exthdr.off = off;
		i->exthdr.len = len;
		i->exthdr.flags = a >> 4 & 1;
		return;
	case INSN_META:
		i->meta.key = key % 36;
		return;
	case INSN_CT:
		i->ct.key = key % 26;
		i->ct.dir = (int8_t)(a >> 1 & 1);
		return;
	case INSN_FIB:
		i->dreg = bounded(b, REG_WORDS - 1);
		i->fib.result = 1 + key % 3;
		i->fib.flags = off;
		return;
	case INSN_CMP:
		i->sreg = bounded(b, REG_WORDS - 1);
		i->cmp.op = key % 6;
		i->cmp.data.n = len;
		return;
	case INSN_BITWISE:
	case INSN_BYTEORDER:
		i->dreg = i->sreg = bounded(b, REG_WORDS - 1);
		if (i->kind == INSN_BITWISE) {
			i->bitwise.op = key % 4;
			i->bitwise.len = len;
			memset(i->bitwise.mask.b, a, 64);
		} else {
			i->byteorder.len = len;
			i->byteorder.size = 1u << (key % 4);
		}
		return;
	case INSN_NAT:
		i->nat.type = key & 1;
		i->nat.family = a & 2 ? NFPROTO_IPV6 : NFPROTO_IPV4;
		i->nat.flags = off & 0x7f;
		i->nat.addr_min = i->nat.addr_max = bounded(b, REG_WORDS - 1);
		i->nat.proto_min = i->nat.proto_max =
			a & 4 ? bounded(len, REG_WORDS - 1) : REG_NONE;
		return;
	case INSN_IMMEDIATE:
		i->dreg = a & 2 ? REG_VERDICT : bounded(b, REG_WORDS - 1);
		i->immediate.data.n = len;
		i->immediate.verdict.code =
			a & 2 ? (key & 4 ? NFT_RETURN : (int32_t)(key & 1)) : 0;
		return;
	default: /* the others take what insn_init() gives */
		i->dreg = i->sreg = bounded(b, REG_WORDS - 1);
		return;
	}
}

static void read_program(struct program *prog, struct arena *a, struct cursor *c)
{
	static const enum insn_kind kinds[] = {
		INSN_PAYLOAD, INSN_EXTHDR,  INSN_META,      INSN_CT,     INSN_FIB,
		INSN_CMP,     INSN_BITWISE, INSN_BYTEORDER, INSN_NAT,    INSN_IMMEDIATE,
		INSN_MASQ,    INSN_REDIR,   INSN_NOTRACK,   INSN_REJECT, INSN_SOCKET,
		INSN_NUMGEN,  INSN_HASH,    INSN_LIMIT,     INSN_QUOTA,
	};
	size_t n = bounded(cursor_u8(c), INSNS_MAX);

	for (size_t i = 0; i < n; i++) {
		uint8_t kind = cursor_u8(c);
		fill(program_add(prog, a, kinds[kind % ARRAY_LEN(kinds)]), c);
	}
}

static void load(struct sim_store *s, const struct program *prog)
{
	static const struct {
		uint8_t family;
		const char *name, *type;
		uint32_t hook;
		int32_t priority;
	} chains[] = {
		{ NFPROTO_INET, "raw", "filter", NF_INET_PRE_ROUTING, -300 },
		{ NFPROTO_INET, "pre", "nat", NF_INET_PRE_ROUTING, -100 },
		{ NFPROTO_INET, "in", "filter", NF_INET_LOCAL_IN, 0 },
		{ NFPROTO_INET, "fwd", "filter", NF_INET_FORWARD, 0 },
		{ NFPROTO_INET, "out", "filter", NF_INET_LOCAL_OUT, 0 },
		{ NFPROTO_INET, "post", "nat", NF_INET_POST_ROUTING, 100 },
		{ NFPROTO_BRIDGE, "pre", "filter", NF_INET_PRE_ROUTING, 0 },
		{ NFPROTO_BRIDGE, "in", "filter", NF_INET_LOCAL_IN, 0 },
		{ NFPROTO_BRIDGE, "fwd", "filter", NF_INET_FORWARD, 1 },
		{ NFPROTO_BRIDGE, "out", "filter", NF_INET_LOCAL_OUT, 0 },
		{ NFPROTO_BRIDGE, "post", "filter", NF_INET_POST_ROUTING, 0 },
	};
	const struct engine_ops *ops = s->engine.ops;
	struct prog_table t = { .family = NFPROTO_INET, .name = STR("t") };
	struct prog_table bridge = { .family = NFPROTO_BRIDGE, .name = STR("t") };
	struct tx_error *errors;
	size_t n;
	struct tx *tx;
	auto_arena a = { 0 };

	ops->tx_begin(&s->engine, 0, &tx);
	ops->tx_table(tx, TX_ADD, &t, 1);
	ops->tx_table(tx, TX_ADD, &bridge, 1);
	for (size_t i = 0; i < ARRAY_LEN(chains); i++) {
		struct prog_chain c = { .family = chains[i].family,
			                .table = STR("t"),
			                .name = str_from(chains[i].name),
			                .type = str_from(chains[i].type),
			                .is_base = true,
			                .hook = chains[i].hook,
			                .priority = chains[i].priority };
		struct prog_rule r = { .family = chains[i].family,
			               .table = STR("t"),
			               .chain = c.name,
			               .prog = *prog };
		ops->tx_chain(tx, TX_ADD, &c, 2);
		ops->tx_rule(tx, TX_ADD, &r, 3);
	}
	if (ops->tx_commit(tx, false, &a, &errors, &n, NULL, NULL) < 0)
		abort();
	store_link(s);
}

static void send_frames(struct sim *sim, struct cursor *c)
{
	struct sim_arrival in = { .way = WAY_IN,
		                  .in = machine_dev(sim->machine, STR("eth0"), 2) };
	struct sim_arrival out = { .way = WAY_OUT, .out = in.in };
	struct sim_arrival in_port = { .way = WAY_IN,
		                       .in = machine_find(sim->machine, STR("p0")) };
	struct sim_arrival out_bridge = { .way = WAY_OUT, .out = in_port.in->bridge };
	struct packet p = { 0 };

	for (int i = 0; i < FRAMES_MAX && cursor_left(c); i++) {
		size_t n = cursor_u8(c);
		n = n < cursor_left(c) ? n : cursor_left(c);
		const uint8_t *b = cursor_bytes(c, n);
		bool leaves = n && b[0] & 0x80, bridged = n && b[0] & 0x20;
		buf_reset(&p.bytes);
		buf_put(&p.bytes, n ? b + 1 : b, n ? n - 1 : 0);
		p.has_ll = !leaves;
		p.ethertype = n && b[0] & 0x40 ? 0x86dd : 0x0800;
		packet_decode(&p);
		if (leaves && p.fault != FAULT_NONE)
			continue; /* no socket sends that */
		sim->now_ns += UINT64_C(100000000);
		sim->choices = n;
		sim_packet(sim,
		           leaves ? (bridged ? &out_bridge : &out)
		                  : (bridged ? &in_port : &in),
		           &p);
	}
	packet_fini(&p);
}

static void add_bridge(struct sim_machine *m)
{
	static const char *const ports[] = { "p0", "p1", "p2" };
	const struct sim_dev *bridge = machine_dev(m, STR("br0"), 3);

	for (uint32_t i = 0; i < ARRAY_LEN(ports); i++)
		machine_add_port(m, bridge, machine_dev(m, str_from(ports[i]), i + 4));
	m->knows_devices = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cursor c = cursor_of(data, n);
	struct sim_store *store = store_new();
	struct sim_machine machine;
	struct program prog = { 0 };
	auto_arena a = { 0 };
	struct sim sim;

	machine_init(&machine, 1);
	add_bridge(&machine);
	read_program(&prog, &a, &c);
	load(store, &prog);
	sim_init(&sim, store, &machine);
	send_frames(&sim, &c);
	sim_fini(&sim);
	machine_fini(&machine);
	store_free(store);
	return 0;
}
