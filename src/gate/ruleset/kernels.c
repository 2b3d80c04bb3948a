/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The rows name the release whose kernel/net/netfilter has the feature first. They hold for the
 * program form, so what a word of the language becomes decides, not the word.
 */
#include "gate/ruleset/kernels.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/schema/nf_compat.h"

enum {
	EXTHDR_OP_DCCP = 5,     /* linux/netfilter/nf_tables.h, 6.5: NFT_EXTHDR_OP_DCCP */
	TABLE_F_PERSIST = 4,    /* 6.9: NFT_TABLE_F_PERSIST */
	PAYLOAD_BASE_INNER = 3, /* 5.16: NFT_PAYLOAD_INNER_HEADER */
};

uint32_t kernel_parse(struct str text)
{
	uint32_t part[2] = { 0 };
	size_t i = 0;

	for (int n = 0; n < 2; n++) {
		size_t start = i;

		for (;
		     i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && i - start < 3;
		     i++)
			part[n] = part[n] * 10 + (uint32_t)(text.p[i] - '0');
		if (i == start || part[n] > 255)
			return 0;
		if (i == text.n)
			break;
		if (text.p[i] != '.')
			return n == 1 && (text.p[i] == '-' || text.p[i] == '+')
			               ? KERNEL(part[0], part[1])
			               : 0;
		i++;
	}
	return KERNEL(part[0], part[1]);
}

/* ---- what rules use ---- */

struct insn_place {
	const struct insn *in;
	enum family family;
	int hook; /* -1: none, or not known */
};

static bool is_last(const struct insn_place *p)
{
	return p->in->kind == INSN_LAST;
}

static bool is_inner_payload(const struct insn_place *p)
{
	return p->in->kind == INSN_PAYLOAD && p->in->payload.base == PAYLOAD_BASE_INNER;
}

static bool is_cgroup2(const struct insn_place *p)
{
	return p->in->kind == INSN_SOCKET && p->in->socket.key == NFT_SOCKET_CGROUPV2;
}

static bool is_sctp_chunk(const struct insn_place *p)
{
	return p->in->kind == INSN_EXTHDR && p->in->exthdr.op == NFT_EXTHDR_OP_SCTP;
}

static bool is_dccp_option(const struct insn_place *p)
{
	return p->in->kind == INSN_EXTHDR && p->in->exthdr.op == EXTHDR_OP_DCCP;
}

/* Neither read nor written: taken out of the packet. */
static bool is_option_reset(const struct insn_place *p)
{
	return p->in->kind == INSN_EXTHDR && p->in->sreg == REG_NONE &&
	       p->in->dreg == REG_NONE;
}

static bool is_broute(const struct insn_place *p)
{
	return p->in->kind == INSN_META && p->in->meta.key == META_BRI_BROUTE;
}

static bool is_bridge_hwaddr(const struct insn_place *p)
{
	return p->in->kind == INSN_META && p->in->meta.key == META_BRI_IIFHWADDR;
}

static bool is_netdev_reject(const struct insn_place *p)
{
	return p->in->kind == INSN_REJECT && p->family == FAMILY_NETDEV;
}

static bool is_ingress_reject(const struct insn_place *p)
{
	return p->in->kind == INSN_REJECT && p->family == FAMILY_INET &&
	       p->hook == NF_INET_INGRESS;
}

static bool is_egress_fwd(const struct insn_place *p)
{
	return p->in->kind == INSN_FWD && p->family == FAMILY_NETDEV &&
	       p->hook == NF_NETDEV_EGRESS;
}

static bool is_many_exprs(const struct insn_place *p)
{
	return p->in->kind == INSN_DYNSET && p->in->dynset.n_exprs > 1;
}

// clang-format off
static const struct {
	const char *what;
	uint32_t since;
	bool (*used)(const struct insn_place *p);
} insn_rows[] = {
	{ "`reject` in netdev tables",                        KERNEL(5, 11), is_netdev_reject },
	{ "`reject` at the ingress hook",                     KERNEL(5, 11), is_ingress_reject },
	{ "several statements for an element",                KERNEL(5, 11), is_many_exprs },
	{ "`socket cgroupv2`",                                KERNEL(5, 13), is_cgroup2 },
	{ "`last`",                                           KERNEL(5, 14), is_last },
	{ "`sctp chunk`",                                     KERNEL(5, 14), is_sctp_chunk },
	{ "`@ih`, what stands behind the transport header",   KERNEL(5, 16), is_inner_payload },
	{ "`fwd` at the egress hook",                         KERNEL(5, 17), is_egress_fwd },
	{ "`reset tcp option`",                               KERNEL(5, 18), is_option_reset },
	{ "`meta broute`",                                    KERNEL(6, 4),  is_broute },
	{ "`dccp option`",                                    KERNEL(6, 5),  is_dccp_option },
	{ "`meta ibrhwaddr`",                                 KERNEL(6, 18), is_bridge_hwaddr },
};

static const struct { const char *what; uint32_t since, flag; } table_rows[] = {
	{ "tables with an owner (`flags owner`)",             KERNEL(5, 12), NFT_TABLE_F_OWNER },
	{ "tables that outlive their owner (`flags persist`)", KERNEL(6, 9), TABLE_F_PERSIST },
};

static const struct {
	const char *what;
	uint32_t since;
	enum command_verb verb;
	enum command_object object;
} read_rows[] = {
	{ "`list hooks`",                                     KERNEL(5, 14), CMD_LIST, OBJ_HOOKS },
	{ "resetting rules",                                  KERNEL(6, 2),  CMD_RESET, OBJ_RULE },
	{ "resetting rules",                                  KERNEL(6, 2),  CMD_RESET, OBJ_RULES },
	{ "resetting elements",                               KERNEL(6, 5),  CMD_RESET, OBJ_ELEMENT },
	{ "resetting elements",                               KERNEL(6, 5),  CMD_RESET, OBJ_SET },
	{ "resetting elements",                               KERNEL(6, 5),  CMD_RESET, OBJ_MAP },
};
// clang-format on

static bool lacks(const struct session *s, uint32_t since)
{
	return s->opt->kernel && s->opt->kernel < since;
}

static bool refuse(struct diags *diags, uint32_t kernel, const char *what, uint32_t since,
                   struct span span)
{
	struct diag *d =
		diag_error(diags, "E0417", span, "kernel %u.%u is too old for %s",
	                   kernel >> 8, kernel & 255, what);

	diag_note(diags, d, "it came with Linux %u.%u", since >> 8, since & 255);
	return false;
}

/* The first instruction row that the version lacks, in a statement's own expressions too. */
static const char *lacks_insn(uint32_t kernel, const struct insn *in, enum family f,
                              int hook, uint32_t *since)
{
	const struct insn_place p = { in, f, hook };

	for (size_t i = 0; i < ARRAY_LEN(insn_rows); i++) {
		if (kernel >= insn_rows[i].since || !insn_rows[i].used(&p))
			continue;
		*since = insn_rows[i].since;
		return insn_rows[i].what;
	}
	for (size_t i = 0; in->kind == INSN_DYNSET && i < in->dynset.n_exprs; i++) {
		const char *what =
			lacks_insn(kernel, &in->dynset.exprs[i], f, hook, since);

		if (what)
			return what;
	}
	return NULL;
}

bool kernel_is_too_old(struct session *s, const struct lower *L, const struct insn *in,
                       struct span at)
{
	int hook = L->chain && L->chain->is_base ? L->chain->hook : -1;
	uint32_t since;
	const char *what =
		s->opt->running ? lacks_insn(s->opt->running, in, L->family, hook, &since)
				: NULL;

	return what && !refuse(s->diags, s->opt->running, what, since, at);
}

bool kernel_takes_rule(struct session *s, const struct lower *L,
                       const struct prog_rule *r)
{
	int hook = L->chain && L->chain->is_base ? L->chain->hook : -1;
	bool ok = true;
	uint32_t since;

	for (size_t i = 0; s->opt->kernel && i < r->prog.n; i++) {
		const struct insn *in = &r->prog.p[i];
		const char *what =
			lacks_insn(s->opt->kernel, in, L->family, hook, &since);
		struct span at =
			in->place < L->n_places ? L->places[in->place] : SPAN_NONE;

		if (what)
			ok = refuse(s->diags, s->opt->kernel, what, since, at);
	}
	return ok;
}

bool kernel_takes_table(struct session *s, const struct prog_table *t, struct span span)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_LEN(table_rows); i++)
		if (t->flags & table_rows[i].flag && lacks(s, table_rows[i].since))
			ok = refuse(s->diags, s->opt->kernel, table_rows[i].what,
			            table_rows[i].since, span);
	return ok;
}

bool kernel_takes_chain(struct session *s, const struct prog_chain *c, struct span span)
{
	if (c->is_base && c->family == FAMILY_NETDEV && c->hook == NF_NETDEV_EGRESS &&
	    lacks(s, KERNEL(5, 16)))
		return refuse(s->diags, s->opt->kernel, "the egress hook", KERNEL(5, 16),
		              span);
	if (!c->is_base && c->n_devs && lacks(s, KERNEL(6, 4)))
		return refuse(s->diags, s->opt->kernel, "chains that get devices later",
		              KERNEL(6, 4), span);
	/* 6.16 takes them in another form, which older kernels take for a plain name. */
	for (size_t i = 0; i < c->n_devs; i++)
		if (str_ends(c->devs[i], STR("*")) && lacks(s, KERNEL(6, 17)))
			return refuse(s->diags, s->opt->kernel,
			              "devices by a name with `*`", KERNEL(6, 17), span);
	return true;
}

bool kernel_takes_set(struct session *s, const struct prog_set *set, struct span span)
{
	uint32_t since;

	if (set->exprs.n > 1 && lacks(s, KERNEL(5, 11)))
		return refuse(s->diags, s->opt->kernel,
		              "several statements for an element", KERNEL(5, 11), span);
	for (size_t i = 0; s->opt->kernel && i < set->exprs.n; i++) {
		const char *what = lacks_insn(s->opt->kernel, &set->exprs.p[i],
		                              (enum family)set->family, -1, &since);
		if (what)
			return refuse(s->diags, s->opt->kernel, what, since, span);
	}
	return true;
}

static bool takes_read(struct session *s, const struct command *c, uint32_t kernel)
{
	for (size_t i = 0; i < ARRAY_LEN(read_rows); i++)
		if (read_rows[i].verb == c->verb && read_rows[i].object == c->object &&
		    kernel && kernel < read_rows[i].since)
			return refuse(s->diags, kernel, read_rows[i].what,
			              read_rows[i].since, c->span);
	return true;
}

bool kernel_takes_read(struct session *s, const struct command *c)
{
	return takes_read(s, c, s->opt->kernel);
}

bool kernel_answers_read(struct session *s, const struct command *c)
{
	return takes_read(s, c, s->opt->running);
}

bool kernel_takes_catchall(const struct lower *L, struct span span)
{
	if (!L->kernel || L->kernel >= KERNEL(5, 13))
		return true;
	return refuse(L->diags, L->kernel, "`*` elements", KERNEL(5, 13), span);
}
