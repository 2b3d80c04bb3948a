/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The expressions' attributes, linux/netfilter/nf_tables.h: enum nft_payload_attributes and so
 * on, attributes in the kernel's order.
 */
#include "base/cleanup.h"
#include "gate/engine/kernel/attrs.h"
#include "gate/engine/kernel/nf_compat.h"
#include "gate/engine/kernel/rows.h"

/* clang-format off */
#define AT(member)   .off = offsetof(struct insn, member), .size = sizeof(((struct insn *)0)->member)
#define ROW(id, type, member)       { .attr = id, .wire = type, .when = WHEN_ALWAYS, AT(member) }
#define ROW_SET(id, type, member)   { .attr = id, .wire = type, .when = WHEN_SET, AT(member) }
#define ROW_HAS(id, type, member, flag)                                                  \
	{ .attr = id, .wire = type, .when = WHEN_HAS, AT(member), .has = offsetof(struct insn, flag) }
#define ROW_TELL(id, type, member, flag)                                                 \
	{ .attr = id, .wire = type, .when = WHEN_SET_TELL, AT(member),                   \
	  .has = offsetof(struct insn, flag) }
#define ROW_IF(id, type, member, fn)                                                     \
	{ .attr = id, .wire = type, .when = WHEN_TEST, AT(member), .test = fn }
#define ROW_WRITE(id, type, member)                                                      \
	{ .attr = id, .wire = type, .when = WHEN_REG, AT(member),                        \
	  .has = offsetof(struct insn, sreg) }
#define ROW_PAD(id)                 { .attr = id, .wire = WIRE_IGNORE }
#define SREG(id)                    ROW_SET(id, WIRE_REG, sreg)
#define DREG(id)                    ROW_SET(id, WIRE_REG, dreg)
/* clang-format on */

/* Not for `reset tcp option`, which takes no part of it. */
static bool exthdr_moves_data(const void *base)
{
	const struct insn *i = base;

	return i->sreg != REG_NONE || i->dreg != REG_NONE;
}

static bool ct_has_dir(const void *base)
{
	const struct insn *i = base;

	return i->ct.dir >= 0;
}

static bool bitwise_masks(const void *base)
{
	const struct insn *i = base;

	return i->bitwise.op == NFT_BITWISE_BOOL;
}

static bool objref_by_name(const void *base)
{
	const struct insn *i = base;

	return i->objref.set.name.n == 0;
}

static bool queue_by_number(const void *base)
{
	const struct insn *i = base;

	return i->queue.sreg_from == REG_NONE;
}

static const struct attr_row payload_rows[] = {
	DREG(NFTA_PAYLOAD_DREG),
	ROW(NFTA_PAYLOAD_BASE, WIRE_BE32, payload.base),
	ROW(NFTA_PAYLOAD_OFFSET, WIRE_BE32, payload.off),
	ROW(NFTA_PAYLOAD_LEN, WIRE_BE32, payload.len),
	SREG(NFTA_PAYLOAD_SREG),
	ROW_WRITE(NFTA_PAYLOAD_CSUM_TYPE, WIRE_BE32, payload.csum_type),
	ROW_WRITE(NFTA_PAYLOAD_CSUM_OFFSET, WIRE_BE32, payload.csum_off),
	ROW_SET(NFTA_PAYLOAD_CSUM_FLAGS, WIRE_BE32, payload.csum_flags),
};

static const struct attr_row exthdr_rows[] = {
	DREG(NFTA_EXTHDR_DREG),
	ROW(NFTA_EXTHDR_TYPE, WIRE_U8, exthdr.type),
	ROW_IF(NFTA_EXTHDR_OFFSET, WIRE_BE32, exthdr.off, exthdr_moves_data),
	ROW_IF(NFTA_EXTHDR_LEN, WIRE_BE32, exthdr.len, exthdr_moves_data),
	ROW_SET(NFTA_EXTHDR_FLAGS, WIRE_BE32, exthdr.flags),
	ROW(NFTA_EXTHDR_OP, WIRE_BE32, exthdr.op),
	SREG(NFTA_EXTHDR_SREG),
};

static const struct attr_row meta_rows[] = {
	DREG(NFTA_META_DREG),
	ROW(NFTA_META_KEY, WIRE_BE32, meta.key),
	SREG(NFTA_META_SREG),
};

static const struct attr_row ct_rows[] = {
	DREG(NFTA_CT_DREG),
	ROW(NFTA_CT_KEY, WIRE_BE32, ct.key),
	ROW_IF(NFTA_CT_DIRECTION, WIRE_U8, ct.dir, ct_has_dir),
	SREG(NFTA_CT_SREG),
};

static const struct attr_row rt_rows[] = {
	DREG(NFTA_RT_DREG),
	ROW(NFTA_RT_KEY, WIRE_BE32, rt.key),
};

static const struct attr_row fib_rows[] = {
	DREG(NFTA_FIB_DREG),
	ROW(NFTA_FIB_RESULT, WIRE_BE32, fib.result),
	ROW(NFTA_FIB_FLAGS, WIRE_BE32, fib.flags),
};

static const struct attr_row socket_rows[] = {
	ROW(NFTA_SOCKET_KEY, WIRE_BE32, socket.key),
	DREG(NFTA_SOCKET_DREG),
	ROW_SET(NFTA_SOCKET_LEVEL, WIRE_BE32, socket.level),
};

static const struct attr_row osf_rows[] = {
	DREG(NFTA_OSF_DREG),
	ROW(NFTA_OSF_TTL, WIRE_U8, osf.ttl),
	ROW_SET(NFTA_OSF_FLAGS, WIRE_BE32, osf.flags),
};

static const struct attr_row xfrm_rows[] = {
	DREG(NFTA_XFRM_DREG),
	ROW(NFTA_XFRM_KEY, WIRE_BE32, xfrm.key),
	ROW(NFTA_XFRM_DIR, WIRE_U8, xfrm.dir),
	ROW(NFTA_XFRM_SPNUM, WIRE_BE32, xfrm.spnum),
};

static const struct attr_row numgen_rows[] = {
	DREG(NFTA_NG_DREG),
	ROW(NFTA_NG_MODULUS, WIRE_BE32, numgen.modulus),
	ROW(NFTA_NG_TYPE, WIRE_BE32, numgen.type),
	ROW_SET(NFTA_NG_OFFSET, WIRE_BE32, numgen.offset),
};

static const struct attr_row hash_rows[] = {
	SREG(NFTA_HASH_SREG),
	DREG(NFTA_HASH_DREG),
	ROW_SET(NFTA_HASH_LEN, WIRE_BE32, hash.len),
	ROW(NFTA_HASH_MODULUS, WIRE_BE32, hash.modulus),
	ROW_HAS(NFTA_HASH_SEED, WIRE_BE32, hash.seed, hash.has_seed),
	ROW_SET(NFTA_HASH_OFFSET, WIRE_BE32, hash.offset),
	ROW(NFTA_HASH_TYPE, WIRE_BE32, hash.type),
};

static const struct attr_row tunnel_rows[] = {
	ROW(NFTA_TUNNEL_KEY, WIRE_BE32, tunnel.key),
	DREG(NFTA_TUNNEL_DREG),
	ROW_SET(NFTA_TUNNEL_MODE, WIRE_BE32, tunnel.mode),
};

static const struct attr_row immediate_rows[] = {
	DREG(NFTA_IMMEDIATE_DREG),
	ROW(NFTA_IMMEDIATE_DATA, WIRE_IMMEDIATE, immediate),
};

static const struct attr_row cmp_rows[] = {
	SREG(NFTA_CMP_SREG),
	ROW(NFTA_CMP_OP, WIRE_BE32, cmp.op),
	ROW(NFTA_CMP_DATA, WIRE_DATA, cmp.data),
};

static const struct attr_row range_rows[] = {
	SREG(NFTA_RANGE_SREG),
	ROW(NFTA_RANGE_OP, WIRE_BE32, range.op),
	ROW(NFTA_RANGE_FROM_DATA, WIRE_DATA, range.from),
	ROW(NFTA_RANGE_TO_DATA, WIRE_DATA, range.to),
};

static const struct attr_row bitwise_rows[] = {
	SREG(NFTA_BITWISE_SREG),
	DREG(NFTA_BITWISE_DREG),
	ROW(NFTA_BITWISE_LEN, WIRE_BE32, bitwise.len),
	ROW_IF(NFTA_BITWISE_MASK, WIRE_DATA, bitwise.mask, bitwise_masks),
	ROW_IF(NFTA_BITWISE_XOR, WIRE_DATA, bitwise.xor, bitwise_masks),
	ROW(NFTA_BITWISE_OP, WIRE_BE32, bitwise.op),
	ROW_SET(NFTA_BITWISE_DATA, WIRE_DATA, bitwise.shift),
};

static const struct attr_row byteorder_rows[] = {
	SREG(NFTA_BYTEORDER_SREG),
	DREG(NFTA_BYTEORDER_DREG),
	ROW(NFTA_BYTEORDER_OP, WIRE_BE32, byteorder.op),
	ROW(NFTA_BYTEORDER_LEN, WIRE_BE32, byteorder.len),
	ROW(NFTA_BYTEORDER_SIZE, WIRE_BE32, byteorder.size),
};

static const struct attr_row lookup_rows[] = {
	ROW(NFTA_LOOKUP_SET, WIRE_STR, lookup.set.name),
	SREG(NFTA_LOOKUP_SREG),
	DREG(NFTA_LOOKUP_DREG),
	ROW_SET(NFTA_LOOKUP_SET_ID, WIRE_BE32, lookup.set.id),
	ROW_TELL(NFTA_LOOKUP_FLAGS, WIRE_BE32, lookup.flags, lookup.has_flags),
};

static const struct attr_row dynset_rows[] = {
	ROW(NFTA_DYNSET_SET_NAME, WIRE_STR, dynset.set.name),
	ROW_SET(NFTA_DYNSET_SET_ID, WIRE_BE32, dynset.set.id),
	ROW(NFTA_DYNSET_OP, WIRE_BE32, dynset.op),
	ROW_SET(NFTA_DYNSET_SREG_KEY, WIRE_REG, sreg),
	ROW_SET(NFTA_DYNSET_SREG_DATA, WIRE_REG, dynset.sreg_data),
	ROW_TELL(NFTA_DYNSET_TIMEOUT, WIRE_BE64, dynset.timeout_ms, dynset.has_timeout),
	ROW(NFTA_DYNSET_EXPR, WIRE_DYN_EXPR, dynset),
	ROW_PAD(NFTA_DYNSET_PAD),
	ROW_SET(NFTA_DYNSET_FLAGS, WIRE_BE32, dynset.flags),
	ROW(NFTA_DYNSET_EXPRESSIONS, WIRE_DYN_EXPRS, dynset),
};

static const struct attr_row objref_rows[] = {
	ROW_IF(NFTA_OBJREF_IMM_TYPE, WIRE_BE32, objref.type, objref_by_name),
	ROW_SET(NFTA_OBJREF_IMM_NAME, WIRE_STR, objref.name),
	ROW_SET(NFTA_OBJREF_SET_SREG, WIRE_REG, sreg),
	ROW_SET(NFTA_OBJREF_SET_NAME, WIRE_STR, objref.set.name),
	ROW_SET(NFTA_OBJREF_SET_ID, WIRE_BE32, objref.set.id),
};

static const struct attr_row counter_rows[] = {
	ROW_SET(NFTA_COUNTER_BYTES, WIRE_BE64, counter.bytes),
	ROW_SET(NFTA_COUNTER_PACKETS, WIRE_BE64, counter.packets),
	ROW_PAD(NFTA_COUNTER_PAD),
};

static const struct attr_row limit_rows[] = {
	ROW(NFTA_LIMIT_RATE, WIRE_BE64, limit.rate),
	ROW(NFTA_LIMIT_UNIT, WIRE_BE64, limit.unit_s),
	ROW(NFTA_LIMIT_BURST, WIRE_BE32, limit.burst),
	ROW(NFTA_LIMIT_TYPE, WIRE_BE32, limit.type),
	ROW(NFTA_LIMIT_FLAGS, WIRE_BE32, limit.flags),
	ROW_PAD(NFTA_LIMIT_PAD),
};

static const struct attr_row quota_rows[] = {
	ROW(NFTA_QUOTA_BYTES, WIRE_BE64, quota.bytes),
	ROW(NFTA_QUOTA_FLAGS, WIRE_BE32, quota.flags),
	ROW_PAD(NFTA_QUOTA_PAD),
	ROW(NFTA_QUOTA_CONSUMED, WIRE_BE64, quota.used),
};

static const struct attr_row connlimit_rows[] = {
	ROW(NFTA_CONNLIMIT_COUNT, WIRE_BE32, connlimit.count),
	ROW(NFTA_CONNLIMIT_FLAGS, WIRE_BE32, connlimit.flags),
};

static const struct attr_row last_rows[] = {
	ROW_SET(NFTA_LAST_SET, WIRE_BOOL32, last.set),
	ROW_SET(NFTA_LAST_MSECS, WIRE_BE64, last.msecs),
	ROW_PAD(NFTA_LAST_PAD),
};

static const struct attr_row log_rows[] = {
	ROW_HAS(NFTA_LOG_GROUP, WIRE_BE16, log.group, log.has_group),
	ROW_SET(NFTA_LOG_PREFIX, WIRE_STR, log.prefix),
	ROW_HAS(NFTA_LOG_SNAPLEN, WIRE_BE32, log.snaplen, log.has_snaplen),
	ROW_HAS(NFTA_LOG_QTHRESHOLD, WIRE_BE16, log.qthreshold, log.has_qthreshold),
	ROW_HAS(NFTA_LOG_LEVEL, WIRE_BE32, log.level, log.has_level),
	ROW_SET(NFTA_LOG_FLAGS, WIRE_BE32, log.flags),
};

static const struct attr_row reject_rows[] = {
	ROW(NFTA_REJECT_TYPE, WIRE_BE32, reject.type),
	ROW(NFTA_REJECT_ICMP_CODE, WIRE_U8, reject.code),
};

static const struct attr_row nat_rows[] = {
	ROW(NFTA_NAT_TYPE, WIRE_BE32, nat.type),
	ROW(NFTA_NAT_FAMILY, WIRE_BE32, nat.family),
	ROW_SET(NFTA_NAT_REG_ADDR_MIN, WIRE_REG, nat.addr_min),
	ROW_SET(NFTA_NAT_REG_ADDR_MAX, WIRE_REG, nat.addr_max),
	ROW_SET(NFTA_NAT_REG_PROTO_MIN, WIRE_REG, nat.proto_min),
	ROW_SET(NFTA_NAT_REG_PROTO_MAX, WIRE_REG, nat.proto_max),
	ROW_SET(NFTA_NAT_FLAGS, WIRE_BE32, nat.flags),
};

static const struct attr_row masq_rows[] = {
	ROW_SET(NFTA_MASQ_FLAGS, WIRE_BE32, nat.flags),
	ROW_SET(NFTA_MASQ_REG_PROTO_MIN, WIRE_REG, nat.proto_min),
	ROW_SET(NFTA_MASQ_REG_PROTO_MAX, WIRE_REG, nat.proto_max),
};

static const struct attr_row redir_rows[] = {
	ROW_SET(NFTA_REDIR_REG_PROTO_MIN, WIRE_REG, nat.proto_min),
	ROW_SET(NFTA_REDIR_REG_PROTO_MAX, WIRE_REG, nat.proto_max),
	ROW_SET(NFTA_REDIR_FLAGS, WIRE_BE32, nat.flags),
};

static const struct attr_row tproxy_rows[] = {
	ROW(NFTA_TPROXY_FAMILY, WIRE_BE32, tproxy.family),
	ROW_SET(NFTA_TPROXY_REG_ADDR, WIRE_REG, tproxy.addr),
	ROW_SET(NFTA_TPROXY_REG_PORT, WIRE_REG, tproxy.port),
};

static const struct attr_row synproxy_rows[] = {
	ROW(NFTA_SYNPROXY_MSS, WIRE_BE16, synproxy.mss),
	ROW(NFTA_SYNPROXY_WSCALE, WIRE_U8, synproxy.wscale),
	ROW(NFTA_SYNPROXY_FLAGS, WIRE_BE32, synproxy.flags),
};

static const struct attr_row dup_rows[] = {
	ROW_SET(NFTA_DUP_SREG_ADDR, WIRE_REG, dup.addr),
	ROW_SET(NFTA_DUP_SREG_DEV, WIRE_REG, dup.dev),
};

static const struct attr_row fwd_rows[] = {
	ROW_SET(NFTA_FWD_SREG_DEV, WIRE_REG, dup.dev),
	ROW_SET(NFTA_FWD_SREG_ADDR, WIRE_REG, dup.addr),
	ROW_SET(NFTA_FWD_NFPROTO, WIRE_BE32, dup.family),
};

static const struct attr_row queue_rows[] = {
	ROW_IF(NFTA_QUEUE_NUM, WIRE_BE16, queue.num, queue_by_number),
	ROW_IF(NFTA_QUEUE_TOTAL, WIRE_BE16, queue.total, queue_by_number),
	ROW_SET(NFTA_QUEUE_FLAGS, WIRE_BE16, queue.flags),
	ROW_SET(NFTA_QUEUE_SREG_QNUM, WIRE_REG, queue.sreg_from),
};

static const struct attr_row flow_rows[] = {
	ROW(NFTA_FLOW_TABLE_NAME, WIRE_STR, flow.table),
};

ROWS_CODE(payload_rows)
ROWS_CODE(exthdr_rows)
ROWS_CODE(meta_rows)
ROWS_CODE(ct_rows)
ROWS_CODE(rt_rows)
ROWS_CODE(fib_rows)
ROWS_CODE(socket_rows)
ROWS_CODE(osf_rows)
ROWS_CODE(xfrm_rows)
ROWS_CODE(numgen_rows)
ROWS_CODE(hash_rows)
ROWS_CODE(tunnel_rows)
ROWS_CODE(immediate_rows)
ROWS_CODE(cmp_rows)
ROWS_CODE(range_rows)
ROWS_CODE(bitwise_rows)
ROWS_CODE(byteorder_rows)
ROWS_CODE(lookup_rows)
ROWS_CODE(dynset_rows)
ROWS_CODE(objref_rows)
ROWS_CODE(counter_rows)
ROWS_CODE(limit_rows)
ROWS_CODE(quota_rows)
ROWS_CODE(connlimit_rows)
ROWS_CODE(last_rows)
ROWS_CODE(log_rows)
ROWS_CODE(reject_rows)
ROWS_CODE(nat_rows)
ROWS_CODE(masq_rows)
ROWS_CODE(redir_rows)
ROWS_CODE(tproxy_rows)
ROWS_CODE(synproxy_rows)
ROWS_CODE(dup_rows)
ROWS_CODE(fwd_rows)
ROWS_CODE(queue_rows)
ROWS_CODE(flow_rows)

#define TABLE(id, rows) [INSN_##id] = { rows, ARRAY_LEN(rows), rows##_put, rows##_get }
static const struct attr_table tables[INSN_FOREIGN + 1] = {
	TABLE(PAYLOAD, payload_rows),
	TABLE(EXTHDR, exthdr_rows),
	TABLE(META, meta_rows),
	TABLE(CT, ct_rows),
	TABLE(RT, rt_rows),
	TABLE(FIB, fib_rows),
	TABLE(SOCKET, socket_rows),
	TABLE(OSF, osf_rows),
	TABLE(XFRM, xfrm_rows),
	TABLE(NUMGEN, numgen_rows),
	TABLE(HASH, hash_rows),
	TABLE(TUNNEL, tunnel_rows),
	TABLE(IMMEDIATE, immediate_rows),
	TABLE(CMP, cmp_rows),
	TABLE(RANGE, range_rows),
	TABLE(BITWISE, bitwise_rows),
	TABLE(BYTEORDER, byteorder_rows),
	TABLE(LOOKUP, lookup_rows),
	TABLE(DYNSET, dynset_rows),
	TABLE(OBJREF, objref_rows),
	TABLE(COUNTER, counter_rows),
	TABLE(LIMIT, limit_rows),
	TABLE(QUOTA, quota_rows),
	TABLE(CONNLIMIT, connlimit_rows),
	TABLE(LAST, last_rows),
	TABLE(LOG, log_rows),
	TABLE(REJECT, reject_rows),
	TABLE(NAT, nat_rows),
	TABLE(MASQ, masq_rows),
	TABLE(REDIR, redir_rows),
	TABLE(TPROXY, tproxy_rows),
	TABLE(SYNPROXY, synproxy_rows),
	[INSN_NOTRACK] = { 0 },
	TABLE(DUP, dup_rows),
	TABLE(FWD, fwd_rows),
	TABLE(QUEUE, queue_rows),
	TABLE(FLOW_OFFLOAD, flow_rows),
	[INSN_FOREIGN] = { 0 },
};

const struct attr_table *attrs_insn(enum insn_kind kind)
{
	return &tables[kind];
}
