/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The attributes of tables, chains, rules, sets, objects and flow tables,
 * linux/netfilter/nf_tables.h: enum nft_table_attributes and so on, in the kernel's order.
 */
#include "gate/engine/kernel/attrs.h"

#include "base/cleanup.h"
#include "gate/engine/kernel/nf_compat.h"
#include "gate/engine/kernel/rows.h"

/* clang-format off */
/* Each group of rows defines BASE, the struct they describe. */
#define AT(member)      .off = offsetof(struct BASE, member), .size = sizeof(((struct BASE *)0)->member)
#define ROW(id, type, member, ...)                                                       \
	{ .attr = id, .wire = type, .when = WHEN_ALWAYS, AT(member), __VA_ARGS__ }
#define ROW_SET(id, type, member, ...)                                                   \
	{ .attr = id, .wire = type, .when = WHEN_SET, AT(member), __VA_ARGS__ }
#define ROW_HAS(id, type, member, flag, ...)                                             \
	{ .attr = id, .wire = type, .when = WHEN_HAS, AT(member),                        \
	  .has = offsetof(struct BASE, flag), __VA_ARGS__ }
#define ROW_IF(id, type, member, fn, ...)                                                \
	{ .attr = id, .wire = type, .when = WHEN_TEST, AT(member), .test = fn, __VA_ARGS__ }
#define ROW_TOLD(id, type, member)                                                       \
	{ .attr = id, .wire = type, .when = WHEN_NEVER, AT(member) }
#define ROW_NEST(id, table, ...)                                                         \
	{ .attr = id, .wire = WIRE_NEST, .when = WHEN_ALWAYS, .nest = &(table), __VA_ARGS__ }
#define KEY(p)          .part = (p), .key = true
#define PART(p)         .part = (p)
#define NO_PART         .part = PART_NONE
#define TABLE(rows)     { rows, ARRAY_LEN(rows), NULL, NULL }
/* clang-format on */

/* A handle is sent where it stands for the name, or where a chain gets a new one. */
#define IS_NAMELESS(type)                                \
	static bool type##_is_nameless(const void *base) \
	{                                                \
		const struct prog_##type *p = base;      \
		return p->name.n == 0 && p->handle != 0; \
	}
IS_NAMELESS(table)
IS_NAMELESS(set)
IS_NAMELESS(obj)
IS_NAMELESS(flowtable)

static bool chain_wants_handle(const void *base)
{
	const struct prog_chain *c = base;

	return c->handle && (c->name.n == 0 || c->new_name.n);
}

/* One device has an attribute of its own; a name with a wildcard has not. */
static bool chain_has_one_dev(const void *base)
{
	const struct prog_chain *c = base;

	return c->n_devs == 1 && !str_ends(c->devs[0], STR("*"));
}

static bool chain_has_devs(const void *base)
{
	const struct prog_chain *c = base;

	return c->n_devs && !chain_has_one_dev(base);
}

static bool obj_has_type(const void *base)
{
	const struct prog_obj *o = base;

	return o->type != 0;
}

static bool set_is_map(const void *base)
{
	const struct prog_set *s = base;

	return s->flags & NFT_SET_MAP;
}

#define BASE prog_table
static const struct attr_row table_rows[] = {
	ROW_SET(NFTA_TABLE_NAME, WIRE_STR, name, KEY(PART_NAME)),
	ROW(NFTA_TABLE_FLAGS, WIRE_BE32, flags, PART(PART_FLAGS)),
	ROW_TOLD(NFTA_TABLE_USE, WIRE_BE32, use),
	ROW_IF(NFTA_TABLE_HANDLE, WIRE_BE64, handle, table_is_nameless, KEY(PART_HANDLE)),
	ROW_SET(NFTA_TABLE_USERDATA, WIRE_BYTES, userdata, NO_PART),
};
const struct attr_table attrs_table = TABLE(table_rows);
#undef BASE

#define BASE prog_chain
static const struct attr_row hook_rows[] = {
	ROW(NFTA_HOOK_HOOKNUM, WIRE_BE32, hook, PART(PART_HOOK)),
	ROW(NFTA_HOOK_PRIORITY, WIRE_BE32, priority, PART(PART_PRIORITY)),
	ROW_IF(NFTA_HOOK_DEV, WIRE_DEV, devs, chain_has_one_dev, PART(PART_DEV),
	       .has = offsetof(struct BASE, n_devs)),
	ROW_IF(NFTA_HOOK_DEVS, WIRE_DEVS, devs, chain_has_devs, PART(PART_DEV),
	       .has = offsetof(struct BASE, n_devs)),
};
static const struct attr_table hook_table = TABLE(hook_rows);

static const struct attr_row chain_rows[] = {
	ROW_SET(NFTA_CHAIN_TABLE, WIRE_STR, table, KEY(PART_TABLE)),
	ROW_IF(NFTA_CHAIN_HANDLE, WIRE_BE64, handle, chain_wants_handle,
	       KEY(PART_HANDLE)),
	ROW_SET(NFTA_CHAIN_NAME, WIRE_STR, name, KEY(PART_NAME)),
	{ .attr = NFTA_CHAIN_HOOK,
	  .wire = WIRE_NEST,
	  .when = WHEN_HAS,
	  .nest = &hook_table,
	  .has = offsetof(struct BASE, is_base),
	  PART(PART_HOOK) },
	ROW_HAS(NFTA_CHAIN_POLICY, WIRE_BE32, policy, has_policy, PART(PART_POLICY)),
	ROW_TOLD(NFTA_CHAIN_USE, WIRE_BE32, use),
	ROW_SET(NFTA_CHAIN_TYPE, WIRE_STR, type, PART(PART_TYPE)),
	ROW_SET(NFTA_CHAIN_FLAGS, WIRE_BE32, flags, PART(PART_FLAGS)),
	ROW_SET(NFTA_CHAIN_ID, WIRE_BE32, id, NO_PART),
	ROW_SET(NFTA_CHAIN_USERDATA, WIRE_BYTES, userdata, NO_PART),
};
const struct attr_table attrs_chain = TABLE(chain_rows);
#undef BASE

#define BASE prog_rule
static const struct attr_row rule_rows[] = {
	ROW_SET(NFTA_RULE_TABLE, WIRE_STR, table, KEY(PART_TABLE)),
	ROW_SET(NFTA_RULE_CHAIN, WIRE_STR, chain, KEY(PART_CHAIN)),
	ROW_SET(NFTA_RULE_HANDLE, WIRE_BE64, handle, KEY(PART_HANDLE)),
	ROW(NFTA_RULE_EXPRESSIONS, WIRE_EXPRS, prog, PART(PART_INSN)),
	ROW_SET(NFTA_RULE_POSITION, WIRE_BE64, position, PART(PART_POSITION)),
	ROW_SET(NFTA_RULE_USERDATA, WIRE_BYTES, userdata, NO_PART),
	ROW_SET(NFTA_RULE_ID, WIRE_BE32, id, .key = true),
	ROW_SET(NFTA_RULE_POSITION_ID, WIRE_BE32, position_id, PART(PART_POSITION)),
	ROW_SET(NFTA_RULE_CHAIN_ID, WIRE_BE32, chain_id, KEY(PART_CHAIN)),
};
ROWS_CODE(rule_rows)
const struct attr_table attrs_rule = {
	rule_rows,
	ARRAY_LEN(rule_rows),
	rule_rows_put,
	rule_rows_get,
};
#undef BASE

#define BASE prog_set
static const struct attr_row desc_rows[] = {
	ROW_HAS(NFTA_SET_DESC_SIZE, WIRE_BE32, size, has_size, NO_PART),
	ROW(NFTA_SET_DESC_CONCAT, WIRE_FIELDS, field_len,
	    .has = offsetof(struct BASE, n_fields)),
};
static const struct attr_table desc_table = TABLE(desc_rows);

static const struct attr_row set_rows[] = {
	ROW_SET(NFTA_SET_TABLE, WIRE_STR, table, KEY(PART_TABLE)),
	ROW_SET(NFTA_SET_NAME, WIRE_STR, name, KEY(PART_NAME)),
	ROW(NFTA_SET_FLAGS, WIRE_BE32, flags, PART(PART_FLAGS)),
	ROW(NFTA_SET_KEY_TYPE, WIRE_BE32, key_type, PART(PART_TYPE)),
	ROW(NFTA_SET_KEY_LEN, WIRE_BE32, key_len, PART(PART_TYPE)),
	ROW_IF(NFTA_SET_DATA_TYPE, WIRE_BE32, data_type, set_is_map, PART(PART_TYPE)),
	ROW_IF(NFTA_SET_DATA_LEN, WIRE_BE32, data_len, set_is_map, PART(PART_TYPE)),
	ROW_HAS(NFTA_SET_POLICY, WIRE_BE32, policy, has_policy, PART(PART_POLICY)),
	ROW_NEST(NFTA_SET_DESC, desc_table, NO_PART),
	ROW(NFTA_SET_ID, WIRE_BE32, id, NO_PART),
	ROW_SET(NFTA_SET_TIMEOUT, WIRE_BE64, timeout_ms, NO_PART),
	ROW_HAS(NFTA_SET_GC_INTERVAL, WIRE_BE32, gc_interval_ms, has_gc, NO_PART),
	ROW_SET(NFTA_SET_USERDATA, WIRE_BYTES, userdata, NO_PART),
	ROW_SET(NFTA_SET_OBJ_TYPE, WIRE_BE32, obj_type, PART(PART_TYPE)),
	ROW_IF(NFTA_SET_HANDLE, WIRE_BE64, handle, set_is_nameless, KEY(PART_HANDLE)),
	ROW(NFTA_SET_EXPR, WIRE_EXPR, exprs, NO_PART),
	ROW(NFTA_SET_EXPRESSIONS, WIRE_EXPR_LIST, exprs, NO_PART),
	ROW_TOLD(SET_COUNT, WIRE_BE32, count),
};
const struct attr_table attrs_set = TABLE(set_rows);

static const struct attr_row elem_list_rows[] = {
	ROW_SET(NFTA_SET_ELEM_LIST_TABLE, WIRE_STR, table, PART(PART_TABLE)),
	ROW_SET(NFTA_SET_ELEM_LIST_SET, WIRE_STR, name, PART(PART_SET)),
	{ .attr = NFTA_SET_ELEM_LIST_ELEMENTS, .wire = WIRE_IGNORE, PART(PART_ELEM) },
	ROW_SET(NFTA_SET_ELEM_LIST_SET_ID, WIRE_BE32, id, PART(PART_SET)),
};
const struct attr_table attrs_elem_list = TABLE(elem_list_rows);
#undef BASE

#define BASE prog_obj
static const struct attr_row counter_rows[] = {
	ROW(NFTA_COUNTER_BYTES, WIRE_BE64, counter.bytes, NO_PART),
	ROW(NFTA_COUNTER_PACKETS, WIRE_BE64, counter.packets, NO_PART),
};
static const struct attr_row quota_rows[] = {
	ROW(NFTA_QUOTA_BYTES, WIRE_BE64, quota.bytes, NO_PART),
	ROW(NFTA_QUOTA_FLAGS, WIRE_BE32, quota.flags, NO_PART),
	ROW(NFTA_QUOTA_CONSUMED, WIRE_BE64, quota.used, NO_PART),
};
static const struct attr_row ct_helper_rows[] = {
	ROW(NFTA_CT_HELPER_NAME, WIRE_STR, ct_helper.name, NO_PART),
	ROW_SET(NFTA_CT_HELPER_L3PROTO, WIRE_BE16, ct_helper.l3proto, NO_PART),
	ROW(NFTA_CT_HELPER_L4PROTO, WIRE_U8, ct_helper.l4proto, NO_PART),
};
static const struct attr_row limit_rows[] = {
	ROW(NFTA_LIMIT_RATE, WIRE_BE64, limit.rate, NO_PART),
	ROW(NFTA_LIMIT_UNIT, WIRE_BE64, limit.unit_s, NO_PART),
	ROW(NFTA_LIMIT_BURST, WIRE_BE32, limit.burst, NO_PART),
	ROW(NFTA_LIMIT_TYPE, WIRE_BE32, limit.type, NO_PART),
	ROW(NFTA_LIMIT_FLAGS, WIRE_BE32, limit.flags, NO_PART),
};
static const struct attr_row ct_timeout_rows[] = {
	ROW(NFTA_CT_TIMEOUT_L3PROTO, WIRE_BE16, ct_timeout.l3proto, NO_PART),
	ROW(NFTA_CT_TIMEOUT_L4PROTO, WIRE_U8, ct_timeout.l4proto, NO_PART),
	ROW(NFTA_CT_TIMEOUT_DATA, WIRE_TIMEOUTS, ct_timeout, NO_PART),
};
static const struct attr_row secmark_rows[] = {
	ROW(NFTA_SECMARK_CTX, WIRE_STR, secmark.ctx, NO_PART),
};
static const struct attr_row ct_expect_rows[] = {
	ROW(NFTA_CT_EXPECT_L3PROTO, WIRE_BE16, ct_expect.l3proto, NO_PART),
	ROW(NFTA_CT_EXPECT_L4PROTO, WIRE_U8, ct_expect.l4proto, NO_PART),
	ROW(NFTA_CT_EXPECT_DPORT, WIRE_BE16, ct_expect.dport, NO_PART),
	ROW(NFTA_CT_EXPECT_TIMEOUT, WIRE_HOST32, ct_expect.timeout_ms, NO_PART),
	ROW(NFTA_CT_EXPECT_SIZE, WIRE_U8, ct_expect.size, NO_PART),
};
static const struct attr_row synproxy_rows[] = {
	ROW(NFTA_SYNPROXY_MSS, WIRE_BE16, synproxy.mss, NO_PART),
	ROW(NFTA_SYNPROXY_WSCALE, WIRE_U8, synproxy.wscale, NO_PART),
	ROW(NFTA_SYNPROXY_FLAGS, WIRE_BE32, synproxy.flags, NO_PART),
};

static const struct attr_table objects[] = {
	[NFT_OBJECT_COUNTER] = TABLE(counter_rows),
	[NFT_OBJECT_QUOTA] = TABLE(quota_rows),
	[NFT_OBJECT_CT_HELPER] = TABLE(ct_helper_rows),
	[NFT_OBJECT_LIMIT] = TABLE(limit_rows),
	[NFT_OBJECT_CT_TIMEOUT] = TABLE(ct_timeout_rows),
	[NFT_OBJECT_SECMARK] = TABLE(secmark_rows),
	[NFT_OBJECT_CT_EXPECT] = TABLE(ct_expect_rows),
	[NFT_OBJECT_SYNPROXY] = TABLE(synproxy_rows),
};

const struct attr_table *attrs_object(uint32_t type)
{
	return type < ARRAY_LEN(objects) && objects[type].n ? &objects[type] : NULL;
}

static const struct attr_row obj_rows[] = {
	ROW_SET(NFTA_OBJ_TABLE, WIRE_STR, table, KEY(PART_TABLE)),
	ROW_SET(NFTA_OBJ_NAME, WIRE_STR, name, KEY(PART_NAME)),
	ROW_SET(NFTA_OBJ_TYPE, WIRE_BE32, type, KEY(PART_TYPE)),
	{ .attr = NFTA_OBJ_DATA,
	  .wire = WIRE_OBJECT,
	  .when = WHEN_TEST,
	  .test = obj_has_type },
	ROW_TOLD(NFTA_OBJ_USE, WIRE_BE32, use),
	ROW_IF(NFTA_OBJ_HANDLE, WIRE_BE64, handle, obj_is_nameless, KEY(PART_HANDLE)),
	ROW_SET(NFTA_OBJ_USERDATA, WIRE_BYTES, userdata, NO_PART),
};
const struct attr_table attrs_obj = TABLE(obj_rows);
#undef BASE

#define BASE prog_flowtable
static const struct attr_row flow_hook_rows[] = {
	ROW(NFTA_FLOWTABLE_HOOK_NUM, WIRE_BE32, hook, PART(PART_HOOK)),
	ROW(NFTA_FLOWTABLE_HOOK_PRIORITY, WIRE_BE32, priority, PART(PART_PRIORITY)),
	ROW(NFTA_FLOWTABLE_HOOK_DEVS, WIRE_DEVS, devs, PART(PART_DEV),
	    .has = offsetof(struct BASE, n_devs)),
};
static const struct attr_table flow_hook_table = TABLE(flow_hook_rows);

static const struct attr_row flowtable_rows[] = {
	ROW_SET(NFTA_FLOWTABLE_TABLE, WIRE_STR, table, KEY(PART_TABLE)),
	ROW_SET(NFTA_FLOWTABLE_NAME, WIRE_STR, name, KEY(PART_NAME)),
	ROW_NEST(NFTA_FLOWTABLE_HOOK, flow_hook_table, PART(PART_HOOK)),
	ROW_TOLD(NFTA_FLOWTABLE_USE, WIRE_BE32, use),
	ROW_IF(NFTA_FLOWTABLE_HANDLE, WIRE_BE64, handle, flowtable_is_nameless,
	       KEY(PART_HANDLE)),
	ROW_SET(NFTA_FLOWTABLE_FLAGS, WIRE_BE32, flags, PART(PART_FLAGS)),
};
const struct attr_table attrs_flowtable = TABLE(flowtable_rows);
#undef BASE
