/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The program form as text, letter by letter as Debian 12's `nft --debug=netlink` prints it
 * (nft 1.0.6 with libnftnl 1.2.4), odd spaces included: the two are compared in tests.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "base/cleanup.h"
#include "gate/program/program.h"

/* nf_tables.h: enum nft_meta_keys */
static const char *const meta_keys[] = {
	"len",     "protocol", "priority",    "mark",        "iif",
	"oif",     "iifname",  "oifname",     "iiftype",     "oiftype",
	"skuid",   "skgid",    "nftrace",     "rtclassid",   "secmark",
	"nfproto", "l4proto",  "bri_iifname", "bri_oifname", "pkttype",
	"cpu",     "iifgroup", "oifgroup",    "cgroup",      "prandom",
	"secpath", "iifkind",  "oifkind",     "bri_iifpvid", "bri_iifvproto",
	"time",    "day",      "hour",        "sdif",        "sdifname",
	"broute",
};

/* enum nft_ct_keys */
static const char *const ct_keys[] = {
	"state",     "direction",  "status",  "mark",    "secmark",  "expiration",
	"helper",    "l3protocol", "src",     "dst",     "protocol", "proto_src",
	"proto_dst", "label",      "packets", "bytes",   "avgpkt",   "zone",
	"event",     "src_ip",     "dst_ip",  "src_ip6", "dst_ip6", /* id is "unknown" */
};

static const char *const payload_bases[] = { "link", "network", "transport", "inner" };
static const char *const exthdr_ops[] = { " ipv6", " tcpopt", " ipv4", "", "" };
static const char *const rt_keys[] = { "classid", "nexthop4", "nexthop6", "tcpmss",
	                               "ipsec" };
static const char *const fib_results[] = { "unspec", "oif", "oifname", "type" };
static const char *const socket_keys[] = { "transparent", "mark", "wildcard",
	                                   "cgroupv2" };
static const char *const xfrm_keys[] = { "unspec", "daddr4", "daddr6", "saddr4",
	                                 "saddr6", "reqid",  "spi" };
static const char *const numgen_types[] = { "inc", "random" };
static const char *const cmp_ops[] = { "eq", "neq", "lt", "lte", "gt", "gte" };
static const char *const shift_ops[] = { "bool", "<<", ">>" };
static const char *const byteorder_ops[] = { "ntoh", "hton" };
static const char *const dynset_ops[] = { "add", "update", "delete" };
static const char *const ct_dirs[] = { "original", "reply" };
static const char *const xfrm_dirs[] = { "in", "out" };
static const char *const tunnel_keys[] = { "path", "id" };
static const char *const nat_types[] = { "snat", "dnat" };

#define NAME(table, i) ((size_t)(i) < ARRAY_LEN(table) ? (table)[i] : "unknown")

/* Register contents as 32-bit words in the machine's order. */
static void put_words(struct buf *out, const uint8_t *b, size_t n)
{
	uint8_t padded[68] = { 0 };
	uint32_t word;

	memcpy(padded, b, n);
	for (size_t i = 0; i < n; i += 4) {
		memcpy(&word, padded + i, sizeof(word));
		buf_fmt(out, "0x%08x ", word);
	}
}

static void put_verdict(struct buf *out, const struct verdict *v)
{
	static const struct {
		int32_t code;
		const char *name;
	} codes[] = {
		{ NF_DROP, "drop" },      { NF_ACCEPT, "accept" },
		{ NF_STOLEN, "stolen" },  { NF_QUEUE, "queue" },
		{ NF_REPEAT, "repeat" },  { NF_STOP, "stop" },
		{ NFT_RETURN, "return" }, { NFT_JUMP, "jump" },
		{ NFT_GOTO, "goto" },     { NFT_CONTINUE, "continue" },
		{ NFT_BREAK, "break" },
	};
	const char *name = "unknown";

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == v->code)
			name = codes[i].name;
	buf_fmt(out, "%s ", name);
	if (v->chain.n)
		buf_fmt(out, "-> " STR_FMT " ", STR_ARG(v->chain));
}

static void put_payload(const struct insn *i, struct buf *out)
{
	const char *base = NAME(payload_bases, i->payload.base);

	if (i->sreg == REG_NONE) {
		buf_fmt(out, "load %ub @ %s header + %u => reg %u ", i->payload.len, base,
		        i->payload.off, reg_number(i->dreg));
		return;
	}
	buf_fmt(out,
	        "write reg %u => %ub @ %s header + %u csum_type %u csum_off %u csum_flags 0x%x ",
	        reg_number(i->sreg), i->payload.len, base, i->payload.off,
	        i->payload.csum_type, i->payload.csum_off, i->payload.csum_flags);
}

static void put_exthdr(const struct insn *i, struct buf *out)
{
	const char *op = NAME(exthdr_ops, i->exthdr.op);
	const char *present = i->exthdr.flags & NFT_EXTHDR_F_PRESENT ? " present" : "";

	if (i->dreg != REG_NONE)
		buf_fmt(out, "load%s %ub @ %u + %u%s => reg %u ", op, i->exthdr.len,
		        i->exthdr.type, i->exthdr.off, present, reg_number(i->dreg));
	else if (i->sreg != REG_NONE)
		buf_fmt(out, "write%s reg %u => %ub @ %u + %u ", op, reg_number(i->sreg),
		        i->exthdr.len, i->exthdr.type, i->exthdr.off);
	else
		buf_fmt(out, "reset%s %u ", op, i->exthdr.type);
}

static void put_meta(const struct insn *i, struct buf *out)
{
	const char *key = NAME(meta_keys, i->meta.key);

	if (i->sreg != REG_NONE)
		buf_fmt(out, "set %s with reg %u ", key, reg_number(i->sreg));
	else
		buf_fmt(out, "load %s => reg %u ", key, reg_number(i->dreg));
}

static void put_ct(const struct insn *i, struct buf *out)
{
	const char *key = NAME(ct_keys, i->ct.key);

	if (i->sreg != REG_NONE)
		buf_fmt(out, "set %s with reg %u ", key, reg_number(i->sreg));
	else
		buf_fmt(out, "load %s => reg %u ", key, reg_number(i->dreg));
	if (i->ct.dir >= 0)
		buf_fmt(out, ", dir %s ", NAME(ct_dirs, i->ct.dir));
}

static void put_rt(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "load %s => reg %u ", NAME(rt_keys, i->rt.key), reg_number(i->dreg));
}

static void put_fib(const struct insn *i, struct buf *out)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {
		{ NFTA_FIB_F_SADDR, "saddr " }, { NFTA_FIB_F_DADDR, "daddr " },
		{ NFTA_FIB_F_MARK, "mark " },   { NFTA_FIB_F_IIF, "iif " },
		{ NFTA_FIB_F_OIF, "oif " },
	};
	const char *sep = "";

	for (size_t k = 0; k < ARRAY_LEN(flags); k++)
		if (i->fib.flags & flags[k].flag) {
			buf_fmt(out, "%s%s", sep, flags[k].name);
			sep = ". ";
		}
	buf_fmt(out, "%s%s => reg %u ", NAME(fib_results, i->fib.result),
	        i->fib.flags & NFTA_FIB_F_PRESENT ? " present" : "", reg_number(i->dreg));
}

static void put_socket(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "load %s => reg %u ", NAME(socket_keys, i->socket.key),
	        reg_number(i->dreg));
	if (i->socket.level)
		buf_fmt(out, "level %u ", i->socket.level);
}

static void put_osf(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "dreg %u ", reg_number(i->dreg));
}

static void put_xfrm(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "load %s %u %s => reg %u ", NAME(xfrm_dirs, i->xfrm.dir),
	        i->xfrm.spnum, NAME(xfrm_keys, i->xfrm.key), reg_number(i->dreg));
}

static void put_numgen(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "reg %u = %s mod %u ", reg_number(i->dreg),
	        NAME(numgen_types, i->numgen.type), i->numgen.modulus);
	if (i->numgen.offset)
		buf_fmt(out, "offset %u ", i->numgen.offset);
}

static void put_hash(const struct insn *i, struct buf *out)
{
	if (i->hash.type == NFT_HASH_SYM)
		buf_fmt(out, "reg %u = symhash() %% mod %u ", reg_number(i->dreg),
		        i->hash.modulus);
	else
		buf_fmt(out, "reg %u = jhash(reg %u, %u, 0x%x) %% mod %u ",
		        reg_number(i->dreg), reg_number(i->sreg), i->hash.len,
		        i->hash.seed, i->hash.modulus);
	if (i->hash.offset)
		buf_fmt(out, "offset %u ", i->hash.offset);
}

static void put_tunnel(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "load %s => reg %u ", NAME(tunnel_keys, i->tunnel.key),
	        reg_number(i->dreg));
}

static void put_immediate(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "reg %u ", reg_number(i->dreg));
	if (i->dreg == REG_VERDICT)
		put_verdict(out, &i->immediate.verdict);
	else
		put_words(out, i->immediate.data.b, i->immediate.data.n);
}

static void put_cmp(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "%s reg %u ", NAME(cmp_ops, i->cmp.op), reg_number(i->sreg));
	put_words(out, i->cmp.data.b, i->cmp.data.n);
}

static void put_range(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "%s reg %u ", NAME(cmp_ops, i->range.op), reg_number(i->sreg));
	put_words(out, i->range.from.b, i->range.from.n);
	put_words(out, i->range.to.b, i->range.to.n);
}

static void put_bitwise(const struct insn *i, struct buf *out)
{
	if (i->bitwise.op == NFT_BITWISE_BOOL) {
		buf_fmt(out, "reg %u = ( reg %u & ", reg_number(i->dreg),
		        reg_number(i->sreg));
		put_words(out, i->bitwise.mask.b, i->bitwise.mask.n);
		buf_cstr(out, ") ^ ");
		put_words(out, i->bitwise.xor.b, i->bitwise.xor.n);
		return;
	}
	buf_fmt(out, "reg %u = ( reg %u %s ", reg_number(i->dreg), reg_number(i->sreg),
	        NAME(shift_ops, i->bitwise.op));
	put_words(out, i->bitwise.shift.b, i->bitwise.shift.n);
	buf_cstr(out, ") ");
}

static void put_byteorder(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "reg %u = %s(reg %u, %u, %u) ", reg_number(i->dreg),
	        NAME(byteorder_ops, i->byteorder.op), reg_number(i->sreg),
	        i->byteorder.size, i->byteorder.len);
}

static void put_lookup(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "reg %u set " STR_FMT " ", reg_number(i->sreg),
	        STR_ARG(i->lookup.set.name));
	if (i->dreg != REG_NONE)
		buf_fmt(out, "dreg %u ", reg_number(i->dreg));
	if (i->lookup.flags || i->lookup.has_flags)
		buf_fmt(out, "0x%x ", i->lookup.flags);
}

static void put_insn(const struct insn *i, struct buf *out);

static void put_dynset(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "%s reg_key %u set " STR_FMT " ", NAME(dynset_ops, i->dynset.op),
	        reg_number(i->sreg), STR_ARG(i->dynset.set.name));
	if (i->dynset.sreg_data != REG_NONE)
		buf_fmt(out, "sreg_data %u ", reg_number(i->dynset.sreg_data));
	if (i->dynset.timeout_ms || i->dynset.has_timeout)
		buf_fmt(out, "timeout %llums ", (unsigned long long)i->dynset.timeout_ms);
	for (size_t k = 0; k < i->dynset.n_exprs; k++) {
		buf_cstr(out, "expr [ ");
		put_insn(&i->dynset.exprs[k], out);
		buf_cstr(out, "] ");
	}
}

static void put_objref(const struct insn *i, struct buf *out)
{
	if (i->objref.set.name.n)
		buf_fmt(out, "sreg %u set " STR_FMT " ", reg_number(i->sreg),
		        STR_ARG(i->objref.set.name));
	else
		buf_fmt(out, "type %u name " STR_FMT " ", i->objref.type,
		        STR_ARG(i->objref.name));
}

static void put_counter(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "pkts %llu bytes %llu ", (unsigned long long)i->counter.packets,
	        (unsigned long long)i->counter.bytes);
}

static void put_limit(const struct insn *i, struct buf *out)
{
	static const struct {
		uint64_t s;
		const char *name;
	} units[] = {
		{ 1, "second" },  { 60, "minute" },   { 3600, "hour" },
		{ 86400, "day" }, { 604800, "week" },
	};
	const char *unit = "error";

	for (size_t k = 0; k < ARRAY_LEN(units); k++)
		if (units[k].s == i->limit.unit_s)
			unit = units[k].name;
	buf_fmt(out, "rate %llu/%s burst %u type %s flags 0x%x ",
	        (unsigned long long)i->limit.rate, unit, i->limit.burst,
	        i->limit.type == NFT_LIMIT_PKT_BYTES ? "bytes" : "packets",
	        i->limit.flags);
}

static void put_quota(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "bytes %llu consumed %llu flags %u ",
	        (unsigned long long)i->quota.bytes, (unsigned long long)i->quota.used,
	        i->quota.flags);
}

static void put_connlimit(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "count %u flags %x ", i->connlimit.count, i->connlimit.flags);
}

static void put_last(const struct insn *i, struct buf *out)
{
	if (i->last.set)
		buf_fmt(out, "%llu ", (unsigned long long)i->last.msecs);
	else
		buf_cstr(out, "never ");
}

static void put_log(const struct insn *i, struct buf *out)
{
	static const char *const flags[] = { "tcpseq", "tcpopt", "ipopt",
		                             "uid",    "nflog",  "macdecode" };

	if (i->log.prefix.n)
		buf_fmt(out, "prefix " STR_FMT " ", STR_ARG(i->log.prefix));
	if (i->log.has_group) {
		buf_fmt(out, "group %u snaplen %u qthreshold %u ", i->log.group,
		        i->log.snaplen, i->log.qthreshold);
		return;
	}
	if (i->log.has_level)
		buf_fmt(out, "level %u ", i->log.level);
	for (size_t k = 0; k < ARRAY_LEN(flags); k++)
		if (i->log.flags & 1u << k && k != 4)
			buf_fmt(out, "%s ", flags[k]);
}

static void put_reject(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "type %u code %u ", i->reject.type, i->reject.code);
}

static const char *family_name(uint32_t family)
{
	static const char *const names[] = {
		[NFPROTO_INET] = "inet",     [NFPROTO_IPV4] = "ip",
		[NFPROTO_ARP] = "arp",       [NFPROTO_NETDEV] = "netdev",
		[NFPROTO_BRIDGE] = "bridge", [NFPROTO_IPV6] = "ip6",
	};

	return family < ARRAY_LEN(names) && names[family] ? names[family] : "unknown";
}

static void put_reg(struct buf *out, const char *what, uint8_t reg)
{
	if (reg != REG_NONE)
		buf_fmt(out, "%s reg %u ", what, reg_number(reg));
}

static void put_nat(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "%s %s ", NAME(nat_types, i->nat.type), family_name(i->nat.family));
	put_reg(out, "addr_min", i->nat.addr_min);
	put_reg(out, "addr_max", i->nat.addr_max);
	put_reg(out, "proto_min", i->nat.proto_min);
	put_reg(out, "proto_max", i->nat.proto_max);
	if (i->nat.flags)
		buf_fmt(out, "flags 0x%x ", i->nat.flags);
}

static void put_masq(const struct insn *i, struct buf *out)
{
	put_reg(out, "proto_min", i->nat.proto_min);
	put_reg(out, "proto_max", i->nat.proto_max);
	if (i->nat.flags)
		buf_fmt(out, "flags 0x%x ", i->nat.flags);
}

static void put_tproxy(const struct insn *i, struct buf *out)
{
	if (i->tproxy.family != NFPROTO_UNSPEC)
		buf_fmt(out, "%s ", family_name(i->tproxy.family));
	put_reg(out, "addr", i->tproxy.addr);
	put_reg(out, "port", i->tproxy.port);
}

static void put_synproxy(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "mss %u wscale %u ", i->synproxy.mss, i->synproxy.wscale);
}

static void put_notrack(const struct insn *i, struct buf *out)
{
	(void)i;
	(void)out;
}

static void put_dup(const struct insn *i, struct buf *out)
{
	if (i->dup.addr != REG_NONE)
		buf_fmt(out, "sreg_addr %u ", reg_number(i->dup.addr));
	if (i->dup.dev != REG_NONE)
		buf_fmt(out, "sreg_dev %u ", reg_number(i->dup.dev));
}

static void put_fwd(const struct insn *i, struct buf *out)
{
	if (i->dup.dev != REG_NONE)
		buf_fmt(out, "sreg_dev %u ", reg_number(i->dup.dev));
	if (i->dup.addr != REG_NONE)
		buf_fmt(out, "sreg_addr %u ", reg_number(i->dup.addr));
	if (i->dup.family)
		buf_fmt(out, "nfproto %u ", i->dup.family);
}

static void put_queue(const struct insn *i, struct buf *out)
{
	unsigned last = (unsigned)i->queue.num + i->queue.total - 1;

	if (i->queue.sreg_from != REG_NONE)
		buf_fmt(out, "sreg_qnum %u ", reg_number(i->queue.sreg_from));
	else if (i->queue.total > 1)
		buf_fmt(out, "num %u-%u ", i->queue.num, last);
	else
		buf_fmt(out, "num %u ", i->queue.num);
	if (i->queue.flags & NFT_QUEUE_FLAG_BYPASS)
		buf_cstr(out, "bypass ");
	if (i->queue.flags & NFT_QUEUE_FLAG_CPU_FANOUT)
		buf_cstr(out, "fanout ");
}

static void put_flow(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "flowtable " STR_FMT " ", STR_ARG(i->flow.table));
}

static void put_foreign(const struct insn *i, struct buf *out)
{
	buf_fmt(out, "%zu bytes ", i->foreign.n);
}

static void (*const writers[])(const struct insn *i, struct buf *out) = {
	[INSN_PAYLOAD] = put_payload,
	[INSN_EXTHDR] = put_exthdr,
	[INSN_META] = put_meta,
	[INSN_CT] = put_ct,
	[INSN_RT] = put_rt,
	[INSN_FIB] = put_fib,
	[INSN_SOCKET] = put_socket,
	[INSN_OSF] = put_osf,
	[INSN_XFRM] = put_xfrm,
	[INSN_NUMGEN] = put_numgen,
	[INSN_HASH] = put_hash,
	[INSN_TUNNEL] = put_tunnel,
	[INSN_IMMEDIATE] = put_immediate,
	[INSN_CMP] = put_cmp,
	[INSN_RANGE] = put_range,
	[INSN_BITWISE] = put_bitwise,
	[INSN_BYTEORDER] = put_byteorder,
	[INSN_LOOKUP] = put_lookup,
	[INSN_DYNSET] = put_dynset,
	[INSN_OBJREF] = put_objref,
	[INSN_COUNTER] = put_counter,
	[INSN_LIMIT] = put_limit,
	[INSN_QUOTA] = put_quota,
	[INSN_CONNLIMIT] = put_connlimit,
	[INSN_LAST] = put_last,
	[INSN_LOG] = put_log,
	[INSN_REJECT] = put_reject,
	[INSN_NAT] = put_nat,
	[INSN_MASQ] = put_masq,
	[INSN_REDIR] = put_masq,
	[INSN_TPROXY] = put_tproxy,
	[INSN_SYNPROXY] = put_synproxy,
	[INSN_NOTRACK] = put_notrack,
	[INSN_DUP] = put_dup,
	[INSN_FWD] = put_fwd,
	[INSN_QUEUE] = put_queue,
	[INSN_FLOW_OFFLOAD] = put_flow,
	[INSN_FOREIGN] = put_foreign,
};

static void put_insn(const struct insn *i, struct buf *out)
{
	if (i->kind == INSN_FOREIGN)
		buf_fmt(out, STR_FMT " ", STR_ARG(i->foreign.name));
	else
		buf_fmt(out, "%s ", insn_name(i->kind));
	writers[i->kind](i, out);
}

void program_dump(const struct program *prog, struct buf *out)
{
	for (size_t i = 0; i < prog->n; i++) {
		buf_cstr(out, "  [ ");
		put_insn(&prog->p[i], out);
		buf_cstr(out, "]\n");
	}
}

/* Printable bytes as they are, all others as \xNN. */
static void put_userdata(struct buf *out, const struct userdata *u)
{
	buf_cstr(out, "  userdata = { ");
	for (size_t i = 0; i < u->n; i++)
		buf_fmt(out, u->p[i] >= ' ' && u->p[i] < 127 ? "%c" : "\\x%02x", u->p[i]);
	buf_cstr(out, " }");
}

void prog_rule_dump(const struct prog_rule *r, struct buf *out)
{
	buf_fmt(out, "%s " STR_FMT " " STR_FMT, family_name(r->family), STR_ARG(r->table),
	        STR_ARG(r->chain));
	if (r->handle)
		buf_fmt(out, " %llu", (unsigned long long)r->handle);
	if (r->position)
		buf_fmt(out, " %llu", (unsigned long long)r->position);
	buf_char(out, '\n');
	program_dump(&r->prog, out);
	if (r->userdata.n)
		put_userdata(out, &r->userdata);
	buf_char(out, '\n');
}

void prog_set_dump(const struct prog_set *s, struct buf *out)
{
	buf_fmt(out, "%s " STR_FMT " @" STR_FMT "\n", family_name(s->family),
	        STR_ARG(s->table), STR_ARG(s->name));
}

void prog_set_dump_new(const struct prog_set *s, struct buf *out)
{
	buf_fmt(out, STR_FMT " " STR_FMT " %x", STR_ARG(s->name), STR_ARG(s->table),
	        s->flags);
	if (s->timeout_ms)
		buf_fmt(out, " timeout %llums", (unsigned long long)s->timeout_ms);
	if (s->has_gc)
		buf_fmt(out, " gc_interval %ums", s->gc_interval_ms);
	if (s->has_policy)
		buf_fmt(out, " policy %u", s->policy);
	if (s->has_size)
		buf_fmt(out, " size %u", s->size);
	buf_char(out, '\n');
}

static void put_elem_data(struct buf *out, const struct data *d)
{
	uint8_t padded[68] = { 0 };
	uint32_t word;

	memcpy(padded, d->b, d->n);
	for (size_t i = 0; i < d->n; i += 4) {
		memcpy(&word, padded + i, sizeof(word));
		buf_fmt(out, "%08x ", word);
	}
}

void prog_elem_dump(const struct prog_elem *e, struct buf *out)
{
	buf_cstr(out, "\telement ");
	put_elem_data(out, &e->key);
	if (e->has_key_end) {
		buf_cstr(out, " - ");
		put_elem_data(out, &e->key_end);
	}
	buf_cstr(out, " : ");
	if (e->has_data && e->is_verdict)
		put_verdict(out, &e->verdict);
	else if (e->has_data)
		put_elem_data(out, &e->data);
	buf_fmt(out, "%u [end]", e->flags);
	if (e->userdata.n)
		put_userdata(out, &e->userdata);
}
