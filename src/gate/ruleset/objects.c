/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Named objects, both directions of each kind side by side.
 */
#include "gate/ruleset/objects.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "gate/ruleset/lift.h"
#include "gate/ruleset/udata.h"

/* ---- counter, quota, limit, synproxy: as the statement ---- */

static bool lower_as_stmt(struct lower *L, const struct obj_block *b,
                          struct prog_obj *out)
{
	struct insn in = { 0 };

	if (!b->stmt) {
		if (b->type == NFT_OBJECT_COUNTER)
			return true;
		return fail(L, "E0530", b->span, "`" STR_FMT "` needs its values",
		            STR_ARG(b->ref.name));
	}
	if (b->type == NFT_OBJECT_SYNPROXY) {
		out->synproxy.mss = b->stmt->synproxy.mss;
		out->synproxy.wscale = b->stmt->synproxy.wscale;
		out->synproxy.flags = b->stmt->synproxy.flags;
		return true;
	}
	if (!lower_stateful(L, b->stmt, &in))
		return false;
	if (b->type == NFT_OBJECT_COUNTER) {
		out->counter.packets = in.counter.packets;
		out->counter.bytes = in.counter.bytes;
	} else if (b->type == NFT_OBJECT_QUOTA) {
		out->quota.bytes = in.quota.bytes;
		out->quota.used = in.quota.used;
		out->quota.flags = in.quota.flags;
	} else {
		out->limit.rate = in.limit.rate;
		out->limit.unit_s = in.limit.unit_s;
		out->limit.burst = in.limit.burst;
		out->limit.type = in.limit.type;
		out->limit.flags = in.limit.flags;
	}
	return true;
}

static int lift_as_stmt(struct arena *a, const struct prog_obj *o, struct obj_block *out)
{
	struct insn in = { 0 };

	if (o->type == NFT_OBJECT_COUNTER) {
		in.kind = INSN_COUNTER;
		in.counter.packets = o->counter.packets;
		in.counter.bytes = o->counter.bytes;
	} else if (o->type == NFT_OBJECT_QUOTA) {
		in.kind = INSN_QUOTA;
		in.quota.bytes = o->quota.bytes;
		in.quota.used = o->quota.used;
		in.quota.flags = o->quota.flags;
	} else if (o->type == NFT_OBJECT_LIMIT) {
		in.kind = INSN_LIMIT;
		in.limit.rate = o->limit.rate;
		in.limit.unit_s = o->limit.unit_s;
		in.limit.burst = o->limit.burst;
		in.limit.type = o->limit.type;
		in.limit.flags = o->limit.flags;
	} else {
		in.kind = INSN_SYNPROXY;
		in.synproxy.mss = o->synproxy.mss;
		in.synproxy.wscale = o->synproxy.wscale;
		in.synproxy.flags = o->synproxy.flags;
	}
	out->stmt = lift_simple(a, &in);
	return out->stmt ? 0 : -EOPNOTSUPP;
}

/* ---- connection tracking ---- */

static bool lower_l4proto(struct lower *L, const struct obj_block *b, uint8_t *out)
{
	struct part part = { datatypes[TYPE_INET_PROTO], 8, ORDER_BIG, 0 };

	if (!b->l4proto)
		return fail(L, "E0531", b->span, "`" STR_FMT "` needs a `protocol`",
		            STR_ARG(b->ref.name));
	const struct value *v = resolve_value(L, b->l4proto, &part);

	if (v)
		*out = (uint8_t)value_to_u64(v);
	return v;
}

static struct expr *lift_l4proto(struct arena *a, uint8_t proto)
{
	struct part part = { datatypes[TYPE_INET_PROTO], 8, ORDER_BIG, 0 };
	struct value v;

	value_from_u64(&v, proto, 8);
	return expr_value(a, SPAN_NONE, &part, &v);
}

static uint16_t l3proto(const struct obj_block *b)
{
	return (uint16_t)(b->l3proto ? b->l3proto : b->ref.family);
}

static bool lower_helper(struct lower *L, const struct obj_block *b, struct prog_obj *out)
{
	if (b->helper.n == 0)
		return fail(L, "E0531", b->span,
		            "`" STR_FMT "` needs a `type \"helper\" protocol …`",
		            STR_ARG(b->ref.name));
	if (b->helper.n > 15)
		return fail(L, "E0532", b->helper_span, "no helper has a name this long");
	out->ct_helper.name = b->helper;
	out->ct_helper.l3proto = l3proto(b);
	return lower_l4proto(L, b, &out->ct_helper.l4proto);
}

static int lift_helper(struct arena *a, const struct prog_obj *o, struct obj_block *out)
{
	out->helper = arena_str(a, o->ct_helper.name);
	out->l3proto = o->ct_helper.l3proto;
	out->l4proto = lift_l4proto(a, o->ct_helper.l4proto);
	return 0;
}

static const struct symbol *timeout_states(uint8_t l4proto)
{
	return l4proto == IPPROTO_TCP   ? ct_timeout_tcp
	       : l4proto == IPPROTO_UDP ? ct_timeout_udp
	                                : NULL;
}

static bool lower_timeout(struct lower *L, const struct obj_block *b,
                          struct prog_obj *out)
{
	if (!lower_l4proto(L, b, &out->ct_timeout.l4proto))
		return false;
	const struct symbol *states = timeout_states(out->ct_timeout.l4proto);

	if (!states)
		return fail(L, "E0533", b->l4proto->span,
		            "timeouts can be set for tcp and udp");
	out->ct_timeout.l3proto = l3proto(b);
	for (unsigned i = 0; i < b->n_policy; i++) {
		const struct symbol *st = symbol_by_name(states, b->policy[i].state);

		if (!st || st->value >= ARRAY_LEN(out->ct_timeout.timeout)) {
			auto_buf names = { 0 };

			for (st = states; st->name; st++)
				buf_fmt(&names, "%s%s", names.n ? ", " : "", st->name);
			struct diag *d =
				fail_diag(L, "E0534", b->policy[i].span,
			                  "`" STR_FMT "` is not a state with a timeout",
			                  STR_ARG(b->policy[i].state));
			diag_help(L->diags, d, "they are %.*s", (int)names.n, names.p);
			return false;
		}
		out->ct_timeout.timeout[st->value] = (uint32_t)b->policy[i].seconds;
		out->ct_timeout.present |= (uint16_t)(1u << st->value);
	}
	return true;
}

/* nf_conntrack's defaults in seconds; nft leaves those values out of its listing. */
static const uint32_t tcp_defaults[] = { 120, 60, 432000, 120, 60, 30,
	                                 120, 10, 120,    300, 300 };
static const uint32_t udp_defaults[] = { 30, 120 };

static int lift_timeout(struct arena *a, const struct prog_obj *o, struct obj_block *out)
{
	bool tcp = o->ct_timeout.l4proto == IPPROTO_TCP;
	const struct symbol *states = timeout_states(o->ct_timeout.l4proto);
	const uint32_t *defaults = tcp ? tcp_defaults : udp_defaults;
	size_t n = tcp ? ARRAY_LEN(tcp_defaults) : ARRAY_LEN(udp_defaults);

	out->l3proto = o->ct_timeout.l3proto;
	out->l4proto = lift_l4proto(a, o->ct_timeout.l4proto);
	for (unsigned i = 0; states && i < n; i++) {
		const char *name = symbol_name(states, i);

		if (!name || !(o->ct_timeout.present & 1u << i) ||
		    o->ct_timeout.timeout[i] == defaults[i] || out->n_policy == 16)
			continue;
		out->policy[out->n_policy].state = str_from(name);
		out->policy[out->n_policy++].seconds = o->ct_timeout.timeout[i];
	}
	return 0;
}

static bool lower_expect(struct lower *L, const struct obj_block *b, struct prog_obj *out)
{
	struct part port = { datatypes[TYPE_INET_SERVICE], 16, ORDER_BIG, 0 };
	const struct value *v;

	if (!b->dport || !b->has_timeout || !b->has_size)
		return fail(L, "E0535", b->span,
		            "an expectation needs protocol, dport, timeout and "
		            "size");
	v = resolve_value(L, b->dport, &port);
	if (!v)
		return false;
	out->ct_expect.dport = (uint16_t)value_to_u64(v);
	out->ct_expect.l3proto = l3proto(b);
	out->ct_expect.timeout_ms = (uint32_t)b->timeout_ms;
	out->ct_expect.size = b->size;
	return lower_l4proto(L, b, &out->ct_expect.l4proto);
}

static int lift_expect(struct arena *a, const struct prog_obj *o, struct obj_block *out)
{
	struct part port = { datatypes[TYPE_INET_SERVICE], 16, ORDER_BIG, 0 };
	struct value v;

	value_from_u64(&v, o->ct_expect.dport, 16);
	out->dport = expr_value(a, SPAN_NONE, &port, &v);
	out->l3proto = o->ct_expect.l3proto;
	out->l4proto = lift_l4proto(a, o->ct_expect.l4proto);
	out->timeout_ms = o->ct_expect.timeout_ms;
	out->has_timeout = true;
	out->size = o->ct_expect.size;
	out->has_size = true;
	return 0;
}

static bool lower_secmark(struct lower *L, const struct obj_block *b,
                          struct prog_obj *out)
{
	(void)L;
	out->secmark.ctx = b->secmark;
	return true;
}

static int lift_secmark(struct arena *a, const struct prog_obj *o, struct obj_block *out)
{
	out->secmark = arena_str(a, o->secmark.ctx);
	return 0;
}

static const struct {
	uint32_t type;
	bool (*lower)(struct lower *L, const struct obj_block *b, struct prog_obj *out);
	int (*lift)(struct arena *a, const struct prog_obj *o, struct obj_block *out);
} rows[] = {
	{ NFT_OBJECT_COUNTER, lower_as_stmt, lift_as_stmt },
	{ NFT_OBJECT_QUOTA, lower_as_stmt, lift_as_stmt },
	{ NFT_OBJECT_CT_HELPER, lower_helper, lift_helper },
	{ NFT_OBJECT_LIMIT, lower_as_stmt, lift_as_stmt },
	{ NFT_OBJECT_CT_TIMEOUT, lower_timeout, lift_timeout },
	{ NFT_OBJECT_SECMARK, lower_secmark, lift_secmark },
	{ NFT_OBJECT_CT_EXPECT, lower_expect, lift_expect },
	{ NFT_OBJECT_SYNPROXY, lower_as_stmt, lift_as_stmt },
};

bool object_lower(struct lower *L, const struct obj_block *b, struct prog_obj *out)
{
	out->family = (uint8_t)b->ref.family;
	out->table = b->ref.table;
	out->name = b->ref.name;
	out->type = b->type;
	out->userdata = udata_comment(L->a, b->comment);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == b->type)
			return rows[i].lower(L, b, out);
	return fail(L, "E0900", b->span,
	            "not supported by gate yet: this kind of object");
}

int object_lift(struct arena *a, const struct prog_obj *o, struct obj_block *out)
{
	*out = (struct obj_block){ .type = o->type };
	out->ref.family = o->family;
	out->ref.table = arena_str(a, o->table);
	out->ref.name = arena_str(a, o->name);
	struct str comment = udata_get_comment(o->userdata, UDATA_COMMENT);

	if (comment.p)
		out->comment = arena_str(a, comment);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == o->type)
			return rows[i].lift(a, o, out);
	return -EOPNOTSUPP;
}
