/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Collecting what was reached. */
#include "gate/cli/coverage.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* Sets larger than this are counted but their intervals' ends are not looked for. */
enum { ENDS_MAX = 4096 };

void coverage_init(struct coverage *v, struct cli *c)
{
	*v = (struct coverage){ .c = c };
}

void coverage_fini(struct coverage *v)
{
	vec_fini(&v->rules);
	vec_fini(&v->elems);
	vec_fini(&v->policies);
	vec_fini(&v->files);
	map_fini(&v->index);
	arena_fini(&v->a);
}

/* The number of the thing with that key; *fresh: it gets number `next` now. */
static size_t number_of(struct coverage *v, struct str key, size_t next, bool *fresh)
{
	uintptr_t known = (uintptr_t)map_get(&v->index, key);

	*fresh = known == 0;
	if (known)
		return known - 1;
	map_put(&v->index, arena_str(&v->a, key), (void *)(uintptr_t)(next + 1));
	return next;
}

static void keep_file(struct coverage *v, const struct source *s)
{
	vec_for_each(it, &v->files)
		if (str_eq(it->name, s->name))
			return;
	vec_push(&v->files, (struct coverage_file){ s->name, s->text });
}

/* ---- rules ---- */

static void describe_rule(struct coverage *v, const struct explain *e,
                          const struct sim_rule *rule, struct coverage_rule *out)
{
	struct span span =
		rule->tag < e->rules.n ? e->rules.p[rule->tag].span : SPAN_NONE;
	const struct source *s = sources_get(&v->c->sources, span.file);

	out->text = explain_rule_text(e, rule);
	out->place = explain_rule_place(e, rule);
	out->chain = explain_chain_name(e, rule->chain);
	if (!s)
		return;
	out->file = s->name;
	out->off = span.off;
	out->len = span.len;
	keep_file(v, s);
}

static void take_rule(struct coverage *v, const struct explain *e,
                      const struct sim_rule *rule)
{
	struct span span =
		rule->tag < e->rules.n ? e->rules.p[rule->tag].span : SPAN_NONE;
	const struct source *s = sources_get(&v->c->sources, span.file);
	struct str chain = explain_chain_name(e, rule->chain);
	struct str key =
		arena_fmt(&v->a, "rule " STR_FMT " %u " STR_FMT " %llu",
	                  STR_ARG(s ? s->name : STR("")), span.off, STR_ARG(chain),
	                  s ? 0ULL : (unsigned long long)rule->r.handle);
	bool fresh;
	size_t n = number_of(v, key, v->rules.n, &fresh);

	if (fresh)
		describe_rule(v, e, rule, vec_add(&v->rules));
	v->rules.p[n].looked += rule->looked;
	v->rules.p[n].matched += rule->matched;
}

/* ---- elements ---- */

/* One field of a key as the language writes it. `ends`: sets of intervals keep all numbers with
 * the most significant byte first. */
static void put_field(const struct coverage *v, uint32_t type, const uint8_t *b, size_t n,
                      bool ends, struct buf *out)
{
	const struct datatype *t = type < TYPE_COUNT ? datatypes[type] : NULL;
	struct value value = { .bits = 0 };

	if (!t || n > 16) {
		for (size_t i = 0; i < n; i++)
			buf_fmt(out, "%02x", b[i]);
		return;
	}
	value_load(&value, (uint16_t)(n * 8),
	           ends && t->order == ORDER_HOST ? ORDER_BIG : t->order, b);
	datatype_print(t, &v->c->names, NULL, &value, out);
}

static void put_key(const struct coverage *v, const struct sim_set *set,
                    const uint8_t *key, struct buf *out)
{
	bool ends = set->set.flags & NFT_SET_INTERVAL;
	unsigned fields = 1;
	size_t at = 0;

	while (fields < 5 && set->set.key_type >> (fields * TYPE_BITS))
		fields++;
	for (unsigned i = 0; i < fields; i++) {
		uint32_t type = set->set.key_type >> ((fields - 1 - i) * TYPE_BITS) &
		                ((1u << TYPE_BITS) - 1);
		const struct datatype *t = type < TYPE_COUNT ? datatypes[type] : NULL;
		size_t n = fields == 1 ? set->set.key_len : t ? (t->bits + 7u) / 8 : 4;
		if (at + n > set->set.key_len)
			return;
		buf_cstr(out, i ? " . " : "");
		put_field(v, type, key + at, n, ends, out);
		at += (n + 3) & ~(size_t)3;
	}
}

/* The first boundary behind the key that ends an interval: its last member is one less. */
static bool find_end(const struct sim_set *set, const struct sim_elem *e, uint8_t *last)
{
	const struct sim_elem *best = NULL;
	size_t n = set->set.key_len;

	if (set->elems.n > ENDS_MAX)
		return false;
	vec_for_each(it, &set->elems)
		if (((*it)->e.flags & NFT_SET_ELEM_INTERVAL_END) &&
		    memcmp((*it)->e.key.b, e->e.key.b, n) > 0 &&
		    (!best || memcmp((*it)->e.key.b, best->e.key.b, n) < 0))
			best = *it;
	if (!best) {
		memset(last, 0xff, n);
		return true;
	}
	memcpy(last, best->e.key.b, n);
	while (n-- > 0)
		if (last[n]-- != 0)
			break;
	return true;
}

/* The length of the prefix that is exactly this range, or -1. */
static int prefix_of(const uint8_t *from, const uint8_t *to, size_t n)
{
	int len = 0, bits = (int)n * 8;

	while (len < bits && !((from[len / 8] ^ to[len / 8]) >> (7 - len % 8) & 1))
		len++;
	for (int i = len; i < bits; i++)
		if ((from[i / 8] >> (7 - i % 8) & 1) || !(to[i / 8] >> (7 - i % 8) & 1))
			return -1;
	return len;
}

static void put_range(const struct coverage *v, const struct sim_set *set,
                      const uint8_t *from, const uint8_t *to, struct buf *out)
{
	size_t n = set->set.key_len;
	int prefix = prefix_of(from, to, n);

	put_key(v, set, from, out);
	if (memcmp(from, to, n) == 0)
		return;
	if (prefix >= 0 && (n == 4 || n == 16)) {
		buf_fmt(out, "/%d", prefix);
		return;
	}
	buf_char(out, '-');
	put_key(v, set, to, out);
}

static void put_verdict(const struct verdict *verdict, struct buf *out)
{
	const char *word = verdict->code == NF_ACCEPT    ? "accept"
	                   : verdict->code == NF_DROP    ? "drop"
	                   : verdict->code == NFT_JUMP   ? "jump "
	                   : verdict->code == NFT_GOTO   ? "goto "
	                   : verdict->code == NFT_RETURN ? "return"
	                                                 : "continue";

	buf_fmt(out, " : %s", word);
	if (verdict->code == NFT_JUMP || verdict->code == NFT_GOTO)
		buf_str(out, verdict->chain);
}

static struct str elem_text(struct coverage *v, const struct sim_set *set,
                            const struct sim_elem *e)
{
	auto_buf out = { 0 };
	uint8_t last[64];
	bool concat = set->set.n_fields > 1;

	if (e->e.flags & NFT_SET_ELEM_CATCHALL)
		buf_char(&out, '*');
	else if (e->e.has_key_end)
		put_range(v, set, e->e.key.b, e->e.key_end.b, &out);
	else if ((set->set.flags & NFT_SET_INTERVAL) && !concat && find_end(set, e, last))
		put_range(v, set, e->e.key.b, last, &out);
	else
		put_key(v, set, e->e.key.b, &out);
	if (e->e.is_verdict)
		put_verdict(&e->e.verdict, &out);
	return arena_str(&v->a, buf_as_str(&out));
}

/* Sets without a name belong to the one rule that has them. */
static struct str set_name(struct coverage *v, const struct explain *e,
                           const struct sim_set *set)
{
	if (!(set->set.flags & NFT_SET_ANONYMOUS))
		return arena_fmt(&v->a, "%s " STR_FMT " " STR_FMT,
		                 family_name((enum family)set->table->t.family),
		                 STR_ARG(set->table->t.name), STR_ARG(set->set.name));
	vec_for_each(chain, &set->table->chains) {
		vec_for_each(rule, &(*chain)->rules) {
			for (size_t i = 0; i < (*rule)->r.prog.n; i++) {
				if ((*rule)->runs[i].set != set)
					continue;
				struct str place = explain_rule_place(e, *rule);
				return arena_fmt(&v->a,
				                 "the set of " STR_FMT " (" STR_FMT ")",
				                 STR_ARG(place), STR_ARG(set->set.name));
			}
		}
	}
	return STR("a set without a name");
}

static void take_elem(struct coverage *v, struct str name, const struct sim_set *set,
                      const struct sim_elem *e)
{
	auto_buf key = { 0 };
	bool fresh;

	if (e->dead || (e->e.flags & NFT_SET_ELEM_INTERVAL_END))
		return;
	buf_fmt(&key, "elem " STR_FMT " %u ", STR_ARG(name), e->e.flags);
	buf_put(&key, e->e.key.b, e->e.key.n);
	buf_put(&key, e->e.key_end.b, e->e.key_end.n);
	size_t n = number_of(v, buf_as_str(&key), v->elems.n, &fresh);
	if (fresh)
		vec_push(&v->elems, (struct coverage_elem){
					    .set = name, .text = elem_text(v, set, e) });
	v->elems.p[n].hits += e->hits;
}

/* What rules add while packets run is no part of the ruleset: such sets are left out. */
static void take_set(struct coverage *v, const struct explain *e,
                     const struct sim_set *set)
{
	if (set->set.flags & NFT_SET_EVAL)
		return;
	struct str name = set_name(v, e, set);
	vec_for_each(it, &set->elems)
		take_elem(v, name, set, *it);
	if (set->catchall)
		take_elem(v, name, set, set->catchall);
}

/* ---- policies ---- */

/* A rule that takes every packet: the policy is never asked. */
static bool takes_all(const struct sim_rule *rule)
{
	for (size_t i = 0; i < rule->r.prog.n; i++) {
		const struct insn *in = &rule->r.prog.p[i];
		if (in->kind == INSN_REJECT)
			return true;
		if (in->kind == INSN_IMMEDIATE && in->dreg == REG_VERDICT)
			return in->immediate.verdict.code >= 0;
		if (in->kind != INSN_COUNTER && in->kind != INSN_LOG &&
		    in->kind != INSN_LAST && in->kind != INSN_IMMEDIATE)
			return false;
	}
	return false;
}

static bool asks_policy(const struct sim_chain *c)
{
	vec_for_each(it, &c->rules)
		if (takes_all(*it))
			return false;
	return true;
}

static void take_policy(struct coverage *v, const struct explain *e,
                        const struct sim_chain *c)
{
	struct str name = explain_chain_name(e, c);
	struct str key = arena_fmt(&v->a, "policy " STR_FMT, STR_ARG(name));
	bool fresh;
	size_t n = number_of(v, key, v->policies.n, &fresh);

	if (fresh)
		vec_push(&v->policies,
		         (struct coverage_policy){ .chain = name,
		                                   .verdict = c->c.policy == NF_DROP
		                                                      ? STR("drop")
		                                                      : STR("accept") });
	v->policies.p[n].decided += c->by_policy;
}

void coverage_take(struct coverage *v, const struct explain *e)
{
	if (!v->c->options.coverage)
		return;
	vec_for_each(table, &e->store->tables) {
		vec_for_each(chain, &(*table)->chains) {
			vec_for_each(rule, &(*chain)->rules)
				take_rule(v, e, *rule);
			if ((*chain)->c.is_base && asks_policy(*chain))
				take_policy(v, e, *chain);
		}
		vec_for_each(set, &(*table)->sets)
			take_set(v, e, *set);
	}
}

struct coverage_sum coverage_sum(const struct coverage *v)
{
	struct coverage_sum sum = { .rules = v->rules.n,
		                    .elems = v->elems.n,
		                    .policies = v->policies.n };

	vec_for_each(it, &v->rules)
		sum.rules_met += it->matched > 0;
	vec_for_each(it, &v->elems)
		sum.elems_met += it->hits > 0;
	vec_for_each(it, &v->policies)
		sum.policies_met += it->decided > 0;
	return sum;
}
