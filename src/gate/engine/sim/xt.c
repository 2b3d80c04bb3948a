/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The table of matches and targets, and finding them in an instruction. */
#include "gate/engine/sim/xt.h"

#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_CONNMARK.h>
#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_MARK.h>
#include <linux/netfilter/xt_TCPMSS.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_hashlimit.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/be.h"

enum { INFO_MAX = 4096 };

// clang-format off
static const struct xt_row rows[] = {
	{ false, "addrtype",  1, 0, sizeof(struct xt_addrtype_info_v1), xt_addrtype },
	{ false, "comment",   0, 0, 0, xt_comment },
	{ false, "connmark",  1, 0, sizeof(struct xt_connmark_mtinfo1), xt_connmark },
	{ false, "conntrack", 1, 0, sizeof(struct xt_conntrack_mtinfo1), xt_conntrack1 },
	{ false, "conntrack", 2, 0, sizeof(struct xt_conntrack_mtinfo2), xt_conntrack2 },
	{ false, "conntrack", 3, 0, sizeof(struct xt_conntrack_mtinfo3), xt_conntrack3 },
	{ false, "hashlimit", 1, 0, offsetof(struct xt_hashlimit_mtinfo1, hinfo), xt_hashlimit1 },
	{ false, "hashlimit", 2, 0, offsetof(struct xt_hashlimit_mtinfo2, hinfo), xt_hashlimit2 },
	{ false, "hashlimit", 3, 0, offsetof(struct xt_hashlimit_mtinfo3, hinfo), xt_hashlimit3 },
	{ false, "icmp",      0, NFPROTO_IPV4, sizeof(struct ipt_icmp), xt_icmp },
	{ false, "icmp6",     0, NFPROTO_IPV6, sizeof(struct ipt_icmp), xt_icmp },
	{ false, "limit",     0, 0, offsetof(struct xt_rateinfo, prev), xt_limit },
	{ false, "mark",      1, 0, sizeof(struct xt_mark_mtinfo1), xt_mark },
	{ false, "multiport", 1, 0, sizeof(struct xt_multiport_v1), xt_multiport },
	{ false, "recent",    0, 0, sizeof(struct xt_recent_mtinfo), xt_recent0 },
	{ false, "recent",    1, 0, sizeof(struct xt_recent_mtinfo_v1), xt_recent1 },
	{ false, "state",     0, 0, sizeof(struct xt_state_info), xt_state },
	{ false, "tcp",       0, 0, sizeof(struct xt_tcp), xt_tcp },
	{ false, "udp",       0, 0, sizeof(struct xt_udp), xt_udp },
	{ true, "CONNMARK",   1, 0, sizeof(struct xt_connmark_tginfo1), xt_set_connmark1 },
	{ true, "CONNMARK",   2, 0, sizeof(struct xt_connmark_tginfo2), xt_set_connmark2 },
	{ true, "DNAT",       0, NFPROTO_IPV4, sizeof(struct nf_nat_ipv4_multi_range_compat), xt_nat_old },
	{ true, "DNAT",       1, 0, sizeof(struct nf_nat_range), xt_nat1 },
	{ true, "DNAT",       2, 0, sizeof(struct nf_nat_range2), xt_nat2 },
	{ true, "LOG",        0, 0, sizeof(struct xt_log_info), xt_log },
	{ true, "MARK",       2, 0, sizeof(struct xt_mark_tginfo2), xt_set_mark },
	{ true, "MASQUERADE", 0, NFPROTO_IPV4, sizeof(struct nf_nat_ipv4_multi_range_compat), xt_masquerade4 },
	{ true, "MASQUERADE", 0, NFPROTO_IPV6, sizeof(struct nf_nat_range), xt_masquerade6 },
	{ true, "REDIRECT",   0, NFPROTO_IPV4, sizeof(struct nf_nat_ipv4_multi_range_compat), xt_redirect4 },
	{ true, "REDIRECT",   0, NFPROTO_IPV6, sizeof(struct nf_nat_range), xt_redirect6 },
	{ true, "REJECT",     0, NFPROTO_IPV4, sizeof(struct ipt_reject_info), xt_reject4 },
	{ true, "REJECT",     0, NFPROTO_IPV6, sizeof(struct ip6t_reject_info), xt_reject6 },
	{ true, "SNAT",       0, NFPROTO_IPV4, sizeof(struct nf_nat_ipv4_multi_range_compat), xt_nat_old },
	{ true, "SNAT",       1, 0, sizeof(struct nf_nat_range), xt_nat1 },
	{ true, "SNAT",       2, 0, sizeof(struct nf_nat_range2), xt_nat2 },
	{ true, "TCPMSS",     0, 0, sizeof(struct xt_tcpmss_info), xt_tcpmss },
};

static const char *const trackers[] = {
	"conntrack", "state", "connmark", "CONNMARK", "DNAT", "SNAT", "MASQUERADE", "REDIRECT",
	"CT", "NOTRACK", "connlimit", "connbytes", "connlabel", "helper", "nat", "cluster",
};
// clang-format on

/* The attributes of linux/netfilter/nf_tables_compat.h; targets have the same numbers. */
struct fields {
	struct str name;
	uint32_t revision;
	struct str info;
};

static struct fields read_fields(const struct insn *i)
{
	struct fields f = { 0 };
	const char *p = (const char *)i->foreign.attrs;
	size_t left = i->foreign.n;
	struct nlattr a;

	while (left >= sizeof(a)) {
		memcpy(&a, p, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > left)
			break;
		struct str v = { p + sizeof(a), a.nla_len - sizeof(a) };
		const uint8_t *b = (const uint8_t *)v.p;
		unsigned type = a.nla_type & NLA_TYPE_MASK;
		if (type == NFTA_MATCH_NAME)
			f.name = str_sub(v, 0, strnlen(v.p, v.n));
		else if (type == NFTA_MATCH_REV && v.n == 4)
			f.revision = be32(b);
		else if (type == NFTA_MATCH_INFO)
			f.info = v;
		size_t step = (a.nla_len + 3u) & ~(size_t)3;
		step = step < left ? step : left;
		p += step;
		left -= step;
	}
	return f;
}

static bool is_match(const struct insn *i)
{
	return str_is(i->foreign.name, "match");
}

struct str xt_name(const struct insn *i)
{
	if (i->kind != INSN_FOREIGN ||
	    (!is_match(i) && !str_is(i->foreign.name, "target")))
		return STR("");
	return read_fields(i).name;
}

struct str xt_info(const struct insn *i, uint32_t *revision)
{
	struct fields f = read_fields(i);

	*revision = f.revision;
	return f.info;
}

bool xt_tracks(const struct insn *i)
{
	struct str name = xt_name(i);

	for (size_t k = 0; k < ARRAY_LEN(trackers); k++)
		if (str_is(name, trackers[k]))
			return true;
	return false;
}

static const struct xt_row *find_row(const struct fields *f, bool is_target,
                                     uint8_t family)
{
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		const struct xt_row *r = &rows[k];
		if (r->is_target == is_target && r->revision == f->revision &&
		    str_is(f->name, r->name) && (!r->family || r->family == family) &&
		    f->info.n >= r->size && f->info.n <= INFO_MAX)
			return r;
	}
	return NULL;
}

/* Once a rule: the structure is copied to where it is aligned. */
static struct xt *decode(struct exec *x, const struct insn *i)
{
	struct arena *a = &x->pass->sim->store->a;
	struct xt *m = arena_new(a, struct xt);
	struct fields f = read_fields(i);

	m->row = find_row(&f, !is_match(i), x->chain->table->t.family);
	if (m->row && f.info.n)
		m->info = arena_copy(a, f.info.p, f.info.n);
	return m;
}

bool eval_xt(struct exec *x, const struct insn *i, struct sim_run *run, enum step *step)
{
	if (!is_match(i) && !str_is(i->foreign.name, "target"))
		return false;
	if (!run->xt)
		run->xt = decode(x, i);
	if (!run->xt->row)
		return false;
	switch (run->xt->row->run(x, run->xt)) {
	case XT_NO:
		*step = STEP_BREAK;
		return true;
	case XT_YES:
		*step = STEP_ON;
		return true;
	case XT_HOTDROP:
		x->verdict = NF_DROP;
		*step = STEP_ON;
		return true;
	}
	return false;
}

const uint8_t *xt_transport(const struct exec *x, uint32_t n)
{
	const struct packet *p = x->pass->pkt;

	if (!p->has_l4 || p->frag_off || packet_l4_length(p) < n)
		return NULL;
	return packet_at(p, p->th, n);
}
