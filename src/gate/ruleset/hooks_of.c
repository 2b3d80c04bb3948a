/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The rows are the `validate` functions of net/netfilter/nft_*.c, tried on 6.1 and 6.18. */
#include "gate/ruleset/hooks_of.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/xfrm.h>

#include "gate/schema/nf_compat.h"

enum {
	PRE = 1 << NF_INET_PRE_ROUTING,
	IN = 1 << NF_INET_LOCAL_IN,
	FORWARD = 1 << NF_INET_FORWARD,
	OUT = 1 << NF_INET_LOCAL_OUT,
	POST = 1 << NF_INET_POST_ROUTING,
	INGRESS = 1 << NF_INET_INGRESS, /* in inet tables */
	DEV_INGRESS = 1 << NF_NETDEV_INGRESS,

	L3 = 1, /* ip, ip6, inet */
	BRIDGE = 2,
	NETDEV = 4,
	ARP = 8,
};

static bool is_snat(const struct insn *in)
{
	return in->nat.type == NFT_NAT_SNAT;
}

static bool is_dnat(const struct insn *in)
{
	return in->nat.type == NFT_NAT_DNAT;
}

/* Which way a packet came can only be asked while it comes. */
static bool fib_looks_back(const struct insn *in)
{
	return in->fib.result != NFT_FIB_RESULT_ADDRTYPE ||
	       in->fib.flags & NFTA_FIB_F_IIF;
}

static bool fib_looks_ahead(const struct insn *in)
{
	return in->fib.result == NFT_FIB_RESULT_ADDRTYPE &&
	       in->fib.flags & NFTA_FIB_F_OIF;
}

static bool is_tcpmss(const struct insn *in)
{
	return in->rt.key == NFT_RT_TCPMSS;
}

static bool is_xfrm_in(const struct insn *in)
{
	return in->xfrm.dir == XFRM_POLICY_IN;
}

static bool is_xfrm_out(const struct insn *in)
{
	return in->xfrm.dir == XFRM_POLICY_OUT;
}

static bool sets_pkttype(const struct insn *in)
{
	return in->sreg != REG_NONE && in->meta.key == NFT_META_PKTTYPE;
}

static bool sets_broute(const struct insn *in)
{
	return in->sreg != REG_NONE && in->meta.key == META_BRI_BROUTE;
}

struct hooks_row {
	bool (*is)(const struct insn *in); /* NULL: all of the kind */
	unsigned families, hooks;
	const char *what, *works; /* `works`: where, in words */
};

enum { ROWS_MAX = 5 }; /* of one kind, with the empty one that ends them */

// clang-format off
/* For one instruction and family the first row counts. */
static const struct hooks_row rows[INSN_FOREIGN + 1][ROWS_MAX] = {
	[INSN_MASQ] = { { NULL, L3, POST, "`masquerade`", "postrouting" } },
	[INSN_NAT] = {
		{ is_snat, L3, IN | POST, "`snat`", "postrouting and input" },
		{ is_dnat, L3, PRE | OUT, "`dnat`", "prerouting and output" },
	},
	[INSN_REDIR] = { { NULL, L3, PRE | OUT, "`redirect`", "prerouting and output" } },
	[INSN_REJECT] = {
		{ NULL, L3, PRE | IN | FORWARD | OUT | INGRESS, "`reject`",
		  "prerouting, input, forward and output" },
		{ NULL, BRIDGE, PRE | IN, "`reject`", "prerouting and input in bridge tables" },
		{ NULL, NETDEV, DEV_INGRESS, "`reject`", "ingress in netdev tables" },
	},
	[INSN_TPROXY] = { { NULL, L3, PRE, "`tproxy`", "prerouting" } },
	[INSN_SOCKET] = {
		{ NULL, L3, PRE | IN | OUT, "`socket`", "prerouting, input and output" },
	},
	[INSN_FIB] = {
		{ fib_looks_back, L3, PRE | IN | FORWARD, "`fib` for the way a packet came",
		  "prerouting, input and forward" },
		{ fib_looks_ahead, L3, FORWARD | OUT | POST, "`fib` for the way a packet goes",
		  "forward, output and postrouting" },
		{ NULL, L3, PRE | IN | FORWARD | OUT | POST, "`fib`", "all hooks but ingress" },
		{ fib_looks_back, NETDEV, DEV_INGRESS, "`fib` for the way a packet came",
		  "ingress" },
	},
	[INSN_OSF] = {
		{ NULL, L3, PRE | IN | FORWARD, "`osf`", "prerouting, input and forward" },
	},
	[INSN_SYNPROXY] = { { NULL, L3, IN | FORWARD, "`synproxy`", "input and forward" } },
	[INSN_RT] = {
		{ is_tcpmss, L3, FORWARD | OUT | POST, "`rt mtu`",
		  "forward, output and postrouting" },
	},
	[INSN_XFRM] = {
		{ is_xfrm_in, L3, PRE | IN | FORWARD, "`ipsec in`",
		  "prerouting, input and forward" },
		{ is_xfrm_out, L3, FORWARD | OUT | POST, "`ipsec out`",
		  "forward, output and postrouting" },
	},
	[INSN_META] = {
		{ sets_pkttype, L3 | BRIDGE, PRE, "`meta pkttype set`", "prerouting" },
		{ sets_pkttype, NETDEV, DEV_INGRESS, "`meta pkttype set`", "ingress" },
		{ sets_broute, BRIDGE, PRE, "`meta broute set`", "prerouting in bridge tables" },
	},
	[INSN_FLOW_OFFLOAD] = { { NULL, L3, FORWARD, "`flow add`", "forward" } },
};
// clang-format on

static unsigned family_bit(enum family f)
{
	switch (f) {
	case FAMILY_INET:
	case FAMILY_IP:
	case FAMILY_IP6:
		return L3;
	case FAMILY_BRIDGE:
		return BRIDGE;
	case FAMILY_NETDEV:
		return NETDEV;
	case FAMILY_ARP:
		return ARP;
	case FAMILY_UNSPEC:
		return 0;
	}
	return 0;
}

static const struct hooks_row *find_row(enum family f, const struct insn *in)
{
	for (const struct hooks_row *row = rows[in->kind]; row->what; row++)
		if (row->families & family_bit(f) && (!row->is || row->is(in)))
			return row;
	return NULL;
}

static bool wants_nat(const struct insn *in)
{
	return in->kind == INSN_MASQ || in->kind == INSN_NAT || in->kind == INSN_REDIR;
}

bool hooks_take_insn(const struct lower *L, const struct insn *in, struct span at)
{
	const struct chain_info *c = L->chain;
	const struct hooks_row *row = c && c->is_base ? find_row(L->family, in) : NULL;
	bool wrong_type = row && wants_nat(in) && !str_is(c->type, "nat");
	struct diag *d;

	if (!row || (row->hooks & 1u << c->hook && !wrong_type))
		return true;
	const char *hook = hook_name(L->family, (unsigned)c->hook);

	if (wrong_type)
		d = diag_error(L->diags, "E0401", at,
		               "%s only works in a chain of type nat", row->what);
	else
		d = diag_error(L->diags, "E0411", at, "%s does not work at the %s hook",
		               row->what, hook);
	diag_note(L->diags, d, "`" STR_FMT "` is `type " STR_FMT " hook %s`",
	          STR_ARG(c->name), STR_ARG(c->type), hook);
	diag_help(L->diags, d, "it works at %s: put the rule into a chain there",
	          row->works);
	return false;
}

bool hooks_matter(const struct lower *L, const struct prog_rule *r)
{
	for (size_t i = 0; i < r->prog.n; i++)
		if (find_row(L->family, &r->prog.p[i]))
			return true;
	return false;
}

bool hooks_take_rule(const struct lower *L, const struct prog_rule *r)
{
	bool ok = true;

	if (!L->chain || !L->chain->is_base)
		return true;
	for (size_t i = 0; i < r->prog.n; i++) {
		const struct insn *in = &r->prog.p[i];

		ok &= hooks_take_insn(L, in,
		                      in->place < L->n_places ? L->places[in->place]
		                                              : SPAN_NONE);
	}
	return ok;
}

bool hooks_explain(struct diags *diags, enum family f, const struct insn *in,
                   struct span at)
{
	const struct hooks_row *row = find_row(f, in);

	if (!row)
		return false;
	struct diag *d = diag_error(diags, "E0411", at, "%s works at %s only", row->what,
	                            row->works);

	diag_note(diags, d,
	          "a chain with another hook, or of another type, leads to this rule");
	diag_help(diags, d, "jump to this chain from there alone, or move the rule");
	return true;
}
