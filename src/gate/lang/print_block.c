/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The blocks of a table: heads of chains and sets, objects, flow tables, elements.
 */
#include <linux/netfilter/nf_synproxy.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/print_parts.h"

static void open_block(const struct printer *p, const char *what, struct str name,
                       uint64_t handle)
{
	buf_fmt(p->out, "\t%s ", what);
	print_name(p, name);
	buf_cstr(p->out, " {");
	if (handle)
		buf_fmt(p->out, " # handle %llu", (unsigned long long)handle);
	buf_char(p->out, '\n');
}

static void close_block(const struct printer *p)
{
	buf_cstr(p->out, "\t}\n");
}

static void put_comment_line(const struct printer *p, struct str comment)
{
	if (!comment.p)
		return;
	buf_cstr(p->out, "\t\tcomment ");
	print_string(p->out, comment);
	buf_char(p->out, '\n');
}

/* ---- chains ------------------------------------------------------------------------ */

static struct str device_name(const struct expr *e)
{
	if (e->kind == EXPR_ELEM)
		e = e->elem.key;
	return e->kind == EXPR_SYMBOL || e->kind == EXPR_STRING ? e->word : STR("");
}

/* `{ a, b }` */
static void put_devices(const struct printer *p, const struct expr *devices)
{
	buf_cstr(p->out, "devices = { ");
	for (size_t i = 0; devices->kind == EXPR_SET && i < devices->list.n; i++) {
		if (i)
			buf_cstr(p->out, ", ");
		buf_str(p->out, device_name(devices->list.p[i]));
	}
	if (devices->kind != EXPR_SET)
		buf_str(p->out, device_name(devices));
	buf_cstr(p->out, " }");
}

static void put_chain_devices(const struct printer *p, const struct expr *devices)
{
	bool one = devices->kind != EXPR_SET || devices->list.n == 1;

	buf_char(p->out, ' ');
	if (!one) {
		put_devices(p, devices);
		return;
	}
	buf_cstr(p->out, "device ");
	print_string(p->out, device_name(devices->kind == EXPR_SET ? devices->list.p[0]
	                                                           : devices));
}

static void put_priority(const struct printer *p, enum family family, int hook,
                         int32_t priority)
{
	if (p->fmt->numeric_priority || p->fmt->numeric_all)
		buf_fmt(p->out, "%d", priority);
	else
		priority_print(family, hook, priority, p->out);
}

static void put_type_line(const struct printer *p, const struct chain_block *c,
                          enum family family, int hook, int32_t priority,
                          bool policy_accept)
{
	buf_fmt(p->out, "\t\ttype " STR_FMT " hook ", STR_ARG(c->type));
	if (c->hook.n)
		buf_str(p->out, c->hook);
	else
		buf_cstr(p->out, hook_name(family, (unsigned)hook));
	if (c->devices)
		put_chain_devices(p, c->devices);
	buf_cstr(p->out, " priority ");
	put_priority(p, family, hook, priority);
	buf_char(p->out, ';');
	if (c->policy.n || policy_accept)
		buf_fmt(p->out, " policy " STR_FMT ";",
		        STR_ARG(c->policy.n ? c->policy : STR("accept")));
	if (c->flags & NFT_CHAIN_HW_OFFLOAD)
		buf_cstr(p->out, " flags offload;");
	buf_char(p->out, '\n');
}

void print_chain_head(const struct printer *p, const struct chain_block *c,
                      enum family family, int hook, int32_t priority,
                      bool show_policy_accept, uint64_t handle)
{
	open_block(p, "chain", c->ref.name, handle);
	put_comment_line(p, c->comment);
	if (c->is_base)
		put_type_line(p, c, family, hook, priority, show_policy_accept);
}

/* ---- sets -------------------------------------------------------------------------- */

static const struct {
	uint32_t type;
	const char *name;
} obj_names[] = {
	{ NFT_OBJECT_COUNTER, "counter" },
	{ NFT_OBJECT_QUOTA, "quota" },
	{ NFT_OBJECT_LIMIT, "limit" },
	{ NFT_OBJECT_CT_HELPER, "ct helper" },
	{ NFT_OBJECT_CT_TIMEOUT, "ct timeout" },
	{ NFT_OBJECT_CT_EXPECT, "ct expectation" },
	{ NFT_OBJECT_SECMARK, "secmark" },
	{ NFT_OBJECT_SYNPROXY, "synproxy" },
};

static const char *obj_name(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(obj_names); i++)
		if (obj_names[i].type == type)
			return obj_names[i].name;
	return "unknown";
}

static void put_types(const struct printer *p, const struct datatype *const *types,
                      size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_fmt(p->out, "%s%s", i ? " . " : "", types[i]->name);
}

/* Behind `:` in a map's type line. */
static void put_data_type(const struct printer *p, const struct set_block *s,
                          bool as_typeof)
{
	buf_cstr(p->out, s->data_interval ? " : interval " : " : ");
	if (s->data_obj)
		buf_cstr(p->out, obj_name(s->data_obj));
	else if (s->data_verdict)
		buf_cstr(p->out, "verdict");
	else if (as_typeof && s->data_typeof)
		print_expr(p, s->data_typeof);
	else
		put_types(p, s->data_types, s->n_data_types);
}

/* nft lists `typeof` where it knows the expressions, but for maps to intervals. */
static void put_type(const struct printer *p, const struct set_block *s)
{
	bool as_typeof = s->key_typeof && !(s->data_interval && s->n_key_types);

	if (as_typeof) {
		buf_cstr(p->out, "\t\ttypeof ");
		print_expr(p, s->key_typeof);
	} else {
		buf_cstr(p->out, "\t\ttype ");
		if (s->n_key_types)
			put_types(p, s->key_types, s->n_key_types);
		else
			buf_str(p->out, s->key_type);
	}
	if (s->is_map)
		put_data_type(p, s, as_typeof);
	buf_char(p->out, '\n');
}

/* The timeout flag alone goes without saying when there is a timeout. */
static void put_set_flags(const struct printer *p, const struct set_block *s)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} rows[] = {
		{ NFT_SET_CONSTANT, "constant" },
		{ NFT_SET_EVAL, "dynamic" },
		{ NFT_SET_INTERVAL, "interval" },
		{ NFT_SET_TIMEOUT, "timeout" },
	};
	uint32_t told = s->flags & (NFT_SET_CONSTANT | NFT_SET_EVAL | NFT_SET_INTERVAL);
	const char *with = "\t\tflags ";

	if (!s->has_timeout || s->timeout_ms == 0)
		told |= s->flags & NFT_SET_TIMEOUT;
	if (!told)
		return;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!(s->flags & rows[i].flag))
			continue;
		buf_cstr(p->out, with);
		buf_cstr(p->out, rows[i].word);
		with = ",";
	}
	buf_char(p->out, '\n');
}

static void put_time_line(const struct printer *p, const char *word, bool has,
                          uint64_t ms)
{
	if (!has || ms == 0)
		return;
	buf_fmt(p->out, "\t\t%s ", word);
	put_time(p, ms);
	buf_char(p->out, '\n');
}

/* What a `meter` statement made is listed as such. */
static const char *set_word(const struct set_block *s)
{
	if ((s->flags & NFT_SET_ANONYMOUS) && (s->flags & NFT_SET_EVAL))
		return "meter";
	return s->is_map ? "map" : "set";
}

void print_set_head(const struct printer *p, const struct set_block *s, uint64_t handle)
{
	open_block(p, set_word(s), s->ref.name, handle);
	put_type(p, s);
	if (s->has_policy && s->policy == NFT_SET_POL_MEMORY)
		buf_cstr(p->out, "\t\tpolicy memory\n");
	if (s->has_size && s->size)
		buf_fmt(p->out, "\t\tsize %u\n", s->size);
	put_set_flags(p, s);
	if (s->stmts.n) {
		struct format fmt = *p->fmt;
		struct printer stateless = *p;

		fmt.stateless = true;
		stateless.fmt = &fmt;
		buf_cstr(p->out, "\t\t");
		put_stmts(&stateless, &s->stmts);
		buf_char(p->out, '\n');
	}
	if (s->auto_merge)
		buf_cstr(p->out, "\t\tauto-merge\n");
	put_time_line(p, "timeout", s->has_timeout, s->timeout_ms);
	put_time_line(p, "gc-interval", s->has_gc, s->gc_interval_ms);
	put_comment_line(p, s->comment);
}

/* How many elements stand in a line: nft's choice by the keys' type; 0: one. */
static const uint8_t per_line[TYPE_COUNT] = {
	[TYPE_NF_PROTO] = 5,    [TYPE_INTEGER] = 5,  [TYPE_ARP_OP] = 5,
	[TYPE_INET_PROTO] = 5,  [TYPE_MARK] = 5,     [TYPE_INET_SERVICE] = 5,
	[TYPE_TCP_FLAG] = 5,    [TYPE_CLASSID] = 5,  [TYPE_DCCP_PKTTYPE] = 5,
	[TYPE_IFACE_INDEX] = 5, [TYPE_UID] = 5,      [TYPE_GID] = 5,
	[TYPE_CT_DIR] = 5,      [TYPE_CT_STATE] = 2, [TYPE_CT_STATUS] = 2,
	[TYPE_IPV4_ADDR] = 2,   [TYPE_PKT_TYPE] = 2,
};

void elems_begin(struct elems_printer *ep, const struct printer *p,
                 const struct datatype *key)
{
	*ep = (struct elems_printer){ .p = p,
		                      .per_line = key ? per_line[key->id] : 0,
		                      .numeric = format_numeric(p->fmt) };
	if (ep->per_line == 0)
		ep->per_line = 1;
}

/* What stands before the next element. */
static void elems_delim(struct elems_printer *ep)
{
	if (ep->n == 0)
		buf_cstr(ep->p->out, "\t\telements = { ");
	else if (ep->n % ep->per_line == 0)
		buf_cstr(ep->p->out, ",\n\t\t\t     ");
	else
		buf_cstr(ep->p->out, ", ");
	ep->n++;
}

void elems_put(struct elems_printer *ep, const struct expr *elem)
{
	elems_delim(ep);
	print_expr(ep->p, elem);
}

void elems_put_bare(struct elems_printer *ep, const struct datatype *type,
                    const struct value *v, int len)
{
	bool prefix = len < v->bits;

	elems_delim(ep);
	datatype_print(type, ep->p->names, prefix ? &ep->numeric : ep->p->fmt, v,
	               ep->p->out);
	if (!prefix)
		return;
	buf_char(ep->p->out, '/');
	buf_u64(ep->p->out, (uint64_t)len);
}

void elems_put_data(struct elems_printer *ep, const struct datatype *type,
                    const struct value *v)
{
	buf_cstr(ep->p->out, " : ");
	datatype_print(type, ep->p->names, ep->p->fmt, v, ep->p->out);
}

void elems_end(struct elems_printer *ep)
{
	if (ep->n)
		buf_cstr(ep->p->out, " }\n");
}

/* ---- objects ----------------------------------------------------------------------- */

static void put_counter_body(const struct printer *p, const struct obj_block *o)
{
	if (p->fmt->stateless || !o->stmt)
		return;
	buf_fmt(p->out, "\t\tpackets %llu bytes %llu\n",
	        (unsigned long long)o->stmt->counter.packets,
	        (unsigned long long)o->stmt->counter.bytes);
}

static void put_l3proto(const struct printer *p, const struct obj_block *o)
{
	enum family l3proto = o->l3proto == FAMILY_UNSPEC ? o->ref.family : o->l3proto;

	buf_fmt(p->out, "\t\tl3proto %s\n", family_name(l3proto));
}

/* By its name whatever the options are, as nft does. */
static void put_l4proto(const struct printer *p, const struct obj_block *o)
{
	static const struct format plain = { 0 };
	struct printer by_name = *p;

	by_name.fmt = &plain;
	buf_cstr(p->out, "protocol ");
	if (o->l4proto)
		print_expr(&by_name, o->l4proto);
	buf_char(p->out, '\n');
}

static void put_helper_body(const struct printer *p, const struct obj_block *o)
{
	buf_cstr(p->out, "\t\ttype ");
	print_string(p->out, o->helper);
	buf_char(p->out, ' ');
	put_l4proto(p, o);
	put_l3proto(p, o);
}

static void put_timeout_body(const struct printer *p, const struct obj_block *o)
{
	buf_cstr(p->out, "\t\t");
	put_l4proto(p, o);
	put_l3proto(p, o);
	buf_cstr(p->out, "\t\tpolicy = { ");
	for (size_t i = 0; i < o->n_policy; i++)
		buf_fmt(p->out, "%s" STR_FMT " : %llu", i ? ", " : "",
		        STR_ARG(o->policy[i].state),
		        (unsigned long long)o->policy[i].seconds);
	buf_cstr(p->out, " }\n");
}

static void put_expectation_body(const struct printer *p, const struct obj_block *o)
{
	buf_cstr(p->out, "\t\t");
	put_l4proto(p, o);
	if (o->dport) {
		buf_cstr(p->out, "\t\tdport ");
		print_expr(p, o->dport);
		buf_char(p->out, '\n');
	}
	put_time_line(p, "timeout", o->has_timeout, o->timeout_ms);
	if (o->has_size)
		buf_fmt(p->out, "\t\tsize %u\n", o->size);
	put_l3proto(p, o);
}

static void put_synproxy_body(const struct printer *p, const struct obj_block *o)
{
	uint32_t flags = o->stmt->synproxy.flags;
	bool ts = flags & NF_SYNPROXY_OPT_TIMESTAMP,
	     sack = flags & NF_SYNPROXY_OPT_SACK_PERM;

	if (flags & NF_SYNPROXY_OPT_MSS)
		buf_fmt(p->out, "\t\tmss %u\n", o->stmt->synproxy.mss);
	if (flags & NF_SYNPROXY_OPT_WSCALE)
		buf_fmt(p->out, "\t\twscale %u\n", o->stmt->synproxy.wscale);
	if (ts || sack) /* nft leaves the blank behind `timestamp` */
		buf_fmt(p->out, "\t\t%s%s\n", ts ? "timestamp " : "",
		        sack ? "sack-perm" : "");
}

static void put_limit_body(const struct printer *p, const struct obj_block *o)
{
	buf_cstr(p->out, "\t\t");
	put_limit(p, o->stmt);
	buf_char(p->out, '\n');
}

static void put_quota_body(const struct printer *p, const struct obj_block *o)
{
	buf_cstr(p->out, "\t\t");
	put_quota(p, o->stmt);
	buf_char(p->out, '\n');
}

static void put_secmark_body(const struct printer *p, const struct obj_block *o)
{
	buf_cstr(p->out, "\t\t");
	print_string(p->out, o->secmark);
	buf_char(p->out, '\n');
}

static void (*const obj_bodies[])(const struct printer *p, const struct obj_block *o) = {
	[NFT_OBJECT_COUNTER] = put_counter_body,
	[NFT_OBJECT_QUOTA] = put_quota_body,
	[NFT_OBJECT_CT_HELPER] = put_helper_body,
	[NFT_OBJECT_LIMIT] = put_limit_body,
	[NFT_OBJECT_CT_TIMEOUT] = put_timeout_body,
	[NFT_OBJECT_SECMARK] = put_secmark_body,
	[NFT_OBJECT_CT_EXPECT] = put_expectation_body,
	[NFT_OBJECT_SYNPROXY] = put_synproxy_body,
};

void print_obj(const struct printer *p, const struct obj_block *o, uint64_t handle)
{
	open_block(p, obj_name(o->type), o->ref.name, handle);
	put_comment_line(p, o->comment);
	if (o->type < ARRAY_LEN(obj_bodies) && obj_bodies[o->type])
		obj_bodies[o->type](p, o);
	close_block(p);
}

/* ---- flow tables ------------------------------------------------------------------- */

static int32_t flowtable_priority(const struct flowtable_block *f)
{
	int32_t value = 0;
	uint64_t n;
	struct str word;
	bool negative;

	if (!f->priority)
		return f->priority_offset;
	if (f->priority->kind == EXPR_VALUE)
		return (int32_t)value_to_u64(&f->priority->value) + f->priority_offset;
	word = device_name(f->priority);
	negative = str_starts(word, STR("-"));
	if (str_to_u64(str_sub(word, negative, word.n), 0, &n) == 0)
		value = negative ? -(int32_t)n : (int32_t)n;
	else
		priority_by_name(FAMILY_NETDEV, 0, word, &value);
	return value + f->priority_offset;
}

void print_flowtable(const struct printer *p, const struct flowtable_block *f,
                     uint64_t handle)
{
	open_block(p, "flowtable", f->ref.name, handle);
	buf_fmt(p->out, "\t\thook " STR_FMT " priority ", STR_ARG(f->hook));
	put_priority(p, FAMILY_NETDEV, 0, flowtable_priority(f));
	buf_char(p->out, '\n');
	if (f->devices) {
		buf_cstr(p->out, "\t\t");
		put_devices(p, f->devices);
		buf_char(p->out, '\n');
	}
	if (f->flags & NFT_FLOWTABLE_HW_OFFLOAD)
		buf_cstr(p->out, "\t\tflags offload\n");
	if (f->counter)
		buf_cstr(p->out, "\t\tcounter\n");
	close_block(p);
}
