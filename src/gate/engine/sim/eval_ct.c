/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* ct keys: what the connection tracker knows of a packet's entry. */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/sim/eval.h"
#include "gate/track/count.h"
#include "gate/track/expect.h"

static enum step store(struct exec *x, const struct insn *i, const void *v, size_t n)
{
	reg_store(x, i->dreg, v, n);
	return STEP_ON;
}

static enum step store8(struct exec *x, const struct insn *i, uint8_t v)
{
	return store(x, i, &v, sizeof(v));
}

static enum step store32(struct exec *x, const struct insn *i, uint32_t v)
{
	return store(x, i, &v, sizeof(v));
}

static enum step store64(struct exec *x, const struct insn *i, uint64_t v)
{
	return store(x, i, &v, sizeof(v));
}

static enum step unknown(struct exec *x, const struct insn *i, const char *what)
{
	reg_unknown(x, i->dreg, 4, what);
	return STEP_ON;
}

static enum step store_port(struct exec *x, const struct insn *i, uint16_t port)
{
	uint8_t b[2] = { (uint8_t)(port >> 8), (uint8_t)port };

	return store(x, i, b, 2);
}

static enum step store_addr(struct exec *x, const struct insn *i,
                            const struct track_addr *a, size_t n, bool fits)
{
	return fits ? store(x, i, a->b, n) : STEP_BREAK;
}

static enum step load_tuple(struct exec *x, const struct insn *i)
{
	const struct track_tuple *t = &x->pass->ref.entry->tuple[i->ct.dir > 0];
	bool v4 = t->family == 4;

	switch (i->ct.key) {
	case NFT_CT_SRC:
		return store_addr(x, i, &t->src, v4 ? 4 : 16, true);
	case NFT_CT_DST:
		return store_addr(x, i, &t->dst, v4 ? 4 : 16, true);
	case NFT_CT_SRC_IP:
		return store_addr(x, i, &t->src, 4, v4);
	case NFT_CT_DST_IP:
		return store_addr(x, i, &t->dst, 4, v4);
	case NFT_CT_SRC_IP6:
		return store_addr(x, i, &t->src, 16, !v4);
	case NFT_CT_DST_IP6:
		return store_addr(x, i, &t->dst, 16, !v4);
	case NFT_CT_PROTO_SRC:
		return store_port(x, i, t->src_port);
	case NFT_CT_PROTO_DST: /* of ICMP type and code stand there */
		return store_port(x, i, t->dst_port);
	default:
		return unknown(x, i, "a ct key that gate does not know");
	}
}

static NOINLINE enum step load_helper(struct exec *x, const struct insn *i)
{
	const struct track_entry *e = x->pass->ref.entry;
	/* It asks whose announcement the connection follows, not what it announces itself. */
	struct str helper =
		track_helper_name(e->master ? e->master->helper : TRACK_HELPER_NONE);
	char name[16] = { 0 };

	if (!helper.n)
		return STEP_BREAK;
	memcpy(name, helper.p, helper.n < sizeof(name) - 1 ? helper.n : sizeof(name) - 1);
	return store(x, i, name, sizeof(name));
}

static uint64_t sum(const uint64_t *v, int8_t dir)
{
	return dir < 0 ? v[0] + v[1] : v[dir ? 1 : 0];
}

static enum step load_counts(struct exec *x, const struct insn *i)
{
	const struct track_entry *e = x->pass->ref.entry;

	if (!e->accounted)
		return STEP_BREAK; /* net.netfilter.nf_conntrack_acct is 0 */
	uint64_t packets = sum(e->packets, i->ct.dir), bytes = sum(e->bytes, i->ct.dir);
	if (i->ct.key == NFT_CT_PKTS)
		return store64(x, i, packets);
	if (i->ct.key == NFT_CT_BYTES)
		return store64(x, i, bytes);
	return store64(x, i, packets ? bytes / packets : 0);
}

/* The timeout of an entry that is not in the table yet does not run yet; the kernel takes it for a
 * point of its clock all the same (nf_ct_expires()), which begins five minutes below 0: what comes
 * out hangs on how long it has been up, until 2^31 ticks, of 1 ms at least, turn the sign. */
static enum step load_new_expiration(struct exec *x, const struct insn *i,
                                     uint64_t left_ns)
{
	const uint64_t below_ns = UINT64_C(300) * 1000000000;
	const uint64_t turn_ns = (UINT64_C(1) << 31) * 1000000;
	const struct sim *sim = x->pass->sim;
	uint64_t up_ns = sim->uptime_ns + sim->now_ns;

	if (!sim->uptime_ns || up_ns >= turn_ns)
		return unknown(x, i, "ct expiration of a connection that only begins");
	left_ns += below_ns;
	return store32(x, i,
	               left_ns > up_ns ? (uint32_t)((left_ns - up_ns) / 1000000) : 0);
}

static enum step load_expiration(struct exec *x, const struct insn *i)
{
	const struct track_entry *e = x->pass->ref.entry;
	uint64_t left_ns = track_expires_ns(x->pass->sim->track, e);

	if (!(e->status & TRACK_S_CONFIRMED))
		return load_new_expiration(x, i, left_ns);
	return store32(x, i, (uint32_t)(left_ns / 1000000));
}

static enum step load_zone(struct exec *x, const struct insn *i)
{
	const struct track_entry *e = x->pass->ref.entry;
	uint16_t zone = i->ct.dir < 0 ? track_entry_zone(e) : e->tuple[i->ct.dir].zone;

	return store(x, i, &zone, sizeof(zone));
}

static NOINLINE enum step load_entry(struct exec *x, const struct insn *i)
{
	const struct pass *p = x->pass;
	const struct track_entry *e = p->ref.entry;

	switch (i->ct.key) {
	case NFT_CT_DIRECTION:
		return store8(x, i, p->ref.dir);
	case NFT_CT_STATUS:
		return store32(x, i, e->status);
	case NFT_CT_MARK:
		return store32(x, i, e->mark);
	case NFT_CT_SECMARK:
		return store32(x, i, e->secmark);
	case NFT_CT_EXPIRATION:
		return load_expiration(x, i);
	case NFT_CT_HELPER:
		return load_helper(x, i);
	case NFT_CT_L3PROTOCOL:
		return store8(x, i,
		              e->tuple[0].family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	case NFT_CT_PROTOCOL:
		return store8(x, i, e->tuple[0].proto);
	case NFT_CT_LABELS:
		return store(x, i, e->labels, sizeof(e->labels));
	case NFT_CT_PKTS:
	case NFT_CT_BYTES:
	case NFT_CT_AVGPKT:
		return load_counts(x, i);
	case NFT_CT_ZONE:
		return load_zone(x, i);
	case NFT_CT_EVENTMASK:
		return unknown(x, i, "ct event");
	case NFT_CT_ID:
		return unknown(x, i, "ct id");
	default:
		return load_tuple(x, i);
	}
}

static NOINLINE enum step set_ct(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;
	struct track_entry *e = p->ref.entry;
	uint16_t zone;

	if (i->ct.key == NFT_CT_ZONE) {
		memcpy(&zone, reg(x, i->sreg), sizeof(zone));
		track_zone_set(&p->ref, zone, i->ct.dir != 1, i->ct.dir != 0);
		return STEP_ON;
	}
	if (!e)
		return STEP_ON;
	if (i->ct.key == NFT_CT_MARK)
		memcpy(&e->mark, reg(x, i->sreg), sizeof(e->mark));
	if (i->ct.key == NFT_CT_SECMARK)
		memcpy(&e->secmark, reg(x, i->sreg), sizeof(e->secmark));
	if (i->ct.key == NFT_CT_LABELS) {
		uint64_t more[2]; /* those that are there stay */
		memcpy(more, reg(x, i->sreg), sizeof(more));
		e->labels[0] |= more[0];
		e->labels[1] |= more[1];
		e->has_labels = true;
	}
	return STEP_ON;
}

enum step eval_ct(struct exec *x, const struct insn *i)
{
	if (i->dreg >= REG_WORDS)
		return set_ct(x, i);
	if (i->ct.key == NFT_CT_STATE)
		return store32(x, i, (uint32_t)track_state_of(&x->pass->ref));
	return x->pass->ref.entry ? load_entry(x, i) : STEP_BREAK;
}

void eval_notrack(struct exec *x)
{
	track_notrack(&x->pass->ref);
}

static void free_counter(void *counter)
{
	track_counter_free(counter);
}

/* Whether the statement matches with so many connections: up to N, or `over` N. */
static bool fits_limit(const struct insn *i, uint32_t n)
{
	bool over = i->connlimit.flags & NFT_CONNLIMIT_F_INV;

	return (n > i->connlimit.count) == over;
}

/* What the tally says; where that hangs on the kernel's ticks, it is decided for good. */
static bool judge_tally(struct exec *x, const struct insn *i, struct track_counter *c,
                        struct track_tally tally)
{
	bool fits = fits_limit(i, tally.most);

	if (fits == fits_limit(i, tally.least))
		return fits;
	bool answer =
		sim_doubt(x->pass, "ct count: whether two packets came in one of the "
	                           "kernel's ticks of 1 to 10 ms");
	track_counter_settle(c, answer == fits);
	return answer;
}

enum step eval_connlimit(struct exec *x, const struct insn *i, union sim_state *s)
{
	struct pass *p = x->pass;
	struct track_packet view;

	if (p->sim->is_live)
		return sim_doubt(p, "ct count: how many connections there are")
		               ? STEP_ON
		               : STEP_BREAK;
	if (p->pf == NFPROTO_BRIDGE && !p->ref.entry) {
		x->verdict = NF_DROP; /* the kernel asks for a tuple of family bridge */
		return STEP_ON;
	}
	if (!s->connlimit.list) {
		s->connlimit.list = track_counter_new();
		arena_defer(&p->sim->store->a, free_counter, s->connlimit.list);
	}
	view_packet(p->pkt, &view);
	struct track_tally tally =
		track_counter_add(p->sim->track, s->connlimit.list, &p->ref, &view);
	return judge_tally(x, i, s->connlimit.list, tally) ? STEP_ON : STEP_BREAK;
}
