/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Elements of sets, from one EXPR_ELEM at a time to the kernel's form.
 *
 * The kernel's interval sets hold both ends: an element where the interval starts, and one with
 * the flag INTERVAL_END just behind its last value; an END at zero comes first unless an
 * interval starts there, and the last interval has no END when it reaches the highest value
 * (userdata then says so). That is how nft writes them, and how it reads them back.
 */
#include "gate/ruleset/sets.h"

#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "base/vec.h"
#include "gate/ruleset/kernels.h"
#include "gate/ruleset/udata.h"

/* What an interval carries besides its ends. Most carry nothing. */
struct elem_extra {
	struct prog_elem elem;
	const char *text; /* comment, kept for the END flag */
	size_t text_n;
	bool has_comment;
};

enum { NO_EXTRA = UINT32_MAX };

/* One part of a fixed width that is no text. */
static bool is_quick(const struct parts *parts)
{
	return parts->n == 1 && !type_is(parts->p[0].type, TYPE_STRING);
}

void elem_builder_init(struct elem_builder *b, struct lower *L,
                       const struct set_info *info,
                       void (*put)(void *ctx, const struct prog_elem *e), void *ctx)
{
	*b = (struct elem_builder){ .L = L, .info = info, .put = put, .ctx = ctx };
	b->merge = info->auto_merge;
	b->rec = (size_t)parts_bytes(&info->key) * 2 + 8;
	b->quick = is_quick(&info->key) &&
	           (!info->is_map || (is_quick(&info->data) && !info->data_verdict &&
	                              !info->obj_type && !info->data_interval));
	b->plain.has_key = true;
}

void elem_builder_fini(struct elem_builder *b)
{
	free(b->recs);
	free(b->extras);
	free(b->files);
	b->files = NULL;
	b->recs = NULL;
	b->extras = NULL;
}

static bool is_interval(const struct set_info *info)
{
	return (info->flags & NFT_SET_INTERVAL) && !(info->flags & NFT_SET_CONCAT);
}

/* ---- one element ---- */

static bool add_data(struct elem_builder *b, const struct expr *data,
                     struct prog_elem *out)
{
	const struct set_info *info = b->info;
	struct key_range range;

	out->has_data = true;
	if (info->data_verdict) {
		out->is_verdict = true;
		if (data->kind != EXPR_VERDICT)
			return fail(b->L, "E0523", data->span,
			            "a verdict is wanted here: accept, drop, "
			            "jump CHAIN …");
		return resolve_verdict(b->L, data, &out->verdict);
	}
	if (info->obj_type) {
		out->has_data = false;
		if (data->kind != EXPR_SYMBOL && data->kind != EXPR_STRING)
			return fail(b->L, "E0262", data->span,
			            "an object's name is wanted here");
		out->obj = data->word;
		return true;
	}
	if (data->kind == EXPR_VERDICT)
		return fail(b->L, "E0523", data->span,
		            "this map gives values, not verdicts");
	if (!resolve_key(b->L, data, &info->data, false, &range))
		return false;
	out->data = range.from;
	if (info->data_interval) {
		memcpy(out->data.b + range.from.n, range.to.b, range.to.n);
		out->data.n = (uint8_t)(range.from.n * 2);
	} else if (range.is_range) {
		struct diag *d = fail_diag(b->L, "E0524", data->span,
		                           "this map gives single values");

		diag_help(b->L->diags, d, "declare it `: interval TYPE` to give ranges");
		return false;
	}
	return true;
}

static bool add_options(struct elem_builder *b, const struct expr *e,
                        struct prog_elem *out)
{
	if (e->elem.has_timeout) {
		if (!(b->info->flags & NFT_SET_TIMEOUT)) {
			struct diag *d = fail_diag(b->L, "E0525", e->span,
			                           "this set has no timeouts");

			diag_help(b->L->diags, d, "add `flags timeout` to the set");
			return false;
		}
		out->has_timeout = true;
		out->timeout_ms = e->elem.timeout_ms;
	}
	if (e->elem.has_expires)
		out->expiration_ms = e->elem.expires_ms;
	if (e->elem.stmts.n && !lower_stateful_list(b->L, &e->elem.stmts, &out->exprs))
		return false;
	if (e->elem.comment.n > 128)
		return fail(b->L, "E0255", e->span,
		            "the comment has %zu characters; at most 128 fit",
		            e->elem.comment.n);
	return true;
}

static uint32_t add_extra(struct elem_builder *b, const struct prog_elem *elem,
                          struct str comment)
{
	struct elem_extra *x = arena_new(b->L->a, struct elem_extra);

	x->elem = *elem;
	x->text = comment.p;
	x->text_n = comment.n;
	x->has_comment = comment.p != NULL;
	b->extras = vec_grow(b->extras, sizeof(*b->extras), b->n_extras, &b->cap_extras);
	b->extras[b->n_extras] = x;
	return (uint32_t)b->n_extras++;
}

/* Elements come from one file mostly; their places keep four bytes, for all files together. */
static uint32_t place_of_span(struct elem_builder *b, struct span span)
{
	struct elem_file *last = b->n_files ? &b->files[b->n_files - 1] : NULL;

	if (!last || last->file != span.file) {
		const struct source *before =
			last ? sources_get(b->L->sources, last->file) : NULL;
		uint32_t base = last ? last->base + 1 : 0;

		if (before)
			base += (uint32_t)before->text.n;
		b->files =
			vec_grow(b->files, sizeof(*b->files), b->n_files, &b->cap_files);
		last = &b->files[b->n_files++];
		*last = (struct elem_file){ base, span.file };
	}
	return last->base + span.off;
}

static struct span span_of_place(const struct elem_builder *b, uint32_t place)
{
	size_t i = b->n_files;

	while (i > 1 && b->files[i - 1].base > place)
		i--;
	return i ? (struct span){ b->files[i - 1].file, place - b->files[i - 1].base, 0 }
	         : SPAN_NONE;
}

static void add_interval(struct elem_builder *b, const struct key_range *k,
                         uint32_t extra, struct span span)
{
	size_t n = k->from.n;
	uint32_t off = place_of_span(b, span);

	b->recs = vec_grow(b->recs, b->rec, b->n, &b->cap);
	uint8_t *r = b->recs + b->n++ * b->rec;

	memcpy(r, k->from.b, n);
	memcpy(r + n, k->to.b, n);
	memcpy(r + 2 * n, &extra, 4);
	memcpy(r + 2 * n + 4, &off, 4);
}

/* Among intervals it waits for their end: nothing is sent before that. */
static bool add_catchall(struct elem_builder *b, struct prog_elem *elem,
                         struct str comment)
{
	elem->flags |= NFT_SET_ELEM_CATCHALL;
	if (is_interval(b->info) && !b->single_keys) {
		if (b->catchall)
			return fail(b->L, "E0501", b->at, "`*` is listed twice");
		b->catchall = add_extra(b, elem, comment) + 1;
		return true;
	}
	elem->userdata = udata_elem(b->L->a, comment, 0);
	b->put(b->ctx, elem);
	b->emitted++;
	return true;
}

static bool needs_interval_flag(struct elem_builder *b, const struct expr *key)
{
	struct diag *d = fail_diag(b->L, "E0526", key->span,
	                           "this set holds single values, and "
	                           "this is a range");

	diag_help(b->L->diags, d, "add `flags interval` to set `" STR_FMT "`",
	          STR_ARG(b->info->name));
	return false;
}

static bool add_one(struct elem_builder *b, const struct expr *e, const struct expr *key)
{
	const struct set_info *info = b->info;
	struct prog_elem elem = { 0 };
	struct key_range k;
	bool interval = (info->flags & NFT_SET_INTERVAL) != 0;

	if (info->is_map && !e->elem.data && !b->keys_only)
		return fail(b->L, "E0527", e->span,
		            "an element of a map is `key : value`");
	if (!info->is_map && e->elem.data)
		return fail(b->L, "E0527", e->elem.data->span,
		            "a set's element has no `: value`; "
		            "a map has");
	if ((e->elem.data && !add_data(b, e->elem.data, &elem)) ||
	    !add_options(b, e, &elem))
		return false;
	if (key->kind == EXPR_CATCHALL)
		return kernel_takes_catchall(b->L, key->span) &&
		       add_catchall(b, &elem, e->elem.comment);
	if (!resolve_key(b->L, key, &info->key, interval, &k))
		return false;
	if (k.is_range && !interval)
		return needs_interval_flag(b, key);
	bool plain = !e->elem.data && !e->elem.comment.p && !elem.has_timeout &&
	             !elem.exprs.n && !elem.expiration_ms;

	if (is_interval(info) && !b->single_keys) {
		add_interval(b, &k,
		             plain ? NO_EXTRA : add_extra(b, &elem, e->elem.comment),
		             key->span);
		return true;
	}
	elem.has_key = true;
	elem.key = k.from;
	if (info->flags & NFT_SET_CONCAT) {
		elem.has_key_end = true;
		elem.key_end = k.to;
	}
	if (e->elem.comment.p)
		elem.userdata = udata_elem(b->L->a, e->elem.comment, 0);
	b->put(b->ctx, &elem);
	b->emitted++;
	return true;
}

/* A host name of several addresses stands for one element each. */
static bool add_hosts(struct elem_builder *b, const struct expr *e,
                      const struct expr *set)
{
	for (size_t i = 0; i < set->list.n; i++)
		if (!add_one(b, e, set->list.p[i]->elem.key))
			return false;
	return true;
}

/* The value of a map's element that is one word, into b->plain. */
static bool add_quick_data(struct elem_builder *b, const struct expr *data)
{
	const struct part *part = &b->info->data.p[0];
	struct value v;
	struct str why;

	b->plain.has_data = data != NULL;
	if (!data)
		return !b->info->is_map || b->keys_only;
	if (!b->info->is_map || data->kind != EXPR_SYMBOL ||
	    datatype_parse(part->type, b->L->names, data->word, part->bits, b->L->a, &v,
	                   &why) < 0)
		return false;
	b->plain.data.n = (uint8_t)((part->bits + 7) / 8);
	value_store(&v, part->order, b->plain.data.b);
	return true;
}

/* Most elements of large sets are one word, or a word and a prefix length, and nothing else: no
 * tree is made of these. False: not that simple, or wrong; the long way says what. */
static bool add_quick(struct elem_builder *b, const struct expr *e)
{
	const struct part *part = &b->info->key.p[0];
	const struct expr *key = e->elem.key, *word = key;
	struct key_range k;
	struct value from, mask;
	struct str why;

	if (key->kind == EXPR_PREFIX)
		word = key->prefix.base;
	if (!b->quick || word->kind != EXPR_SYMBOL || e->elem.comment.p ||
	    e->elem.has_timeout || e->elem.has_expires || e->elem.stmts.n ||
	    datatype_parse(part->type, b->L->names, word->word, part->bits, b->L->a,
	                   &from, &why) < 0)
		return false;
	enum byteorder order =
		b->info->flags & NFT_SET_INTERVAL ? ORDER_BIG : part->order;

	k.from.n = (uint8_t)((part->bits + 7) / 8);
	if (!is_interval(b->info) || b->single_keys) {
		if (word != key || !add_quick_data(b, e->elem.data))
			return false;
		b->plain.key.n = k.from.n;
		value_store(&from, order, b->plain.key.b);
		b->put(b->ctx, &b->plain);
		b->emitted++;
		return true;
	}
	struct value to = from;

	if (b->info->is_map)
		return false;
	if (word != key) {
		if (key->prefix.len > part->bits)
			return false;
		value_prefix_mask(&mask, part->bits, key->prefix.len);
		value_and(&from, &mask);
		value_not(&mask);
		value_or(&to, &mask);
	}
	value_store(&from, order, k.from.b);
	value_store(&to, order, k.to.b);
	add_interval(b, &k, NO_EXTRA, key->span);
	return true;
}

bool elem_builder_add(struct elem_builder *b, const struct expr *e)
{
	const struct expr *key = e->elem.key;

	b->at = key->span;
	if (add_quick(b, e))
		return true;

	if (key->kind == EXPR_SETREF)
		return fail(b->L, "E0528", key->span,
		            "a set cannot be an element of a set");
	if (key->kind == EXPR_SYMBOL && b->info->key.n == 1) {
		struct expr *r = resolve(b->L, key, &b->info->key.p[0]);

		if (!r)
			return false;
		if (r->kind == EXPR_SET)
			return add_hosts(b, e, r);
		key = r;
	}
	return add_one(b, e, key);
}

/* ---- intervals ---- */

/* What starts at the same key: the shorter interval first, then the one written first. */
static int compare_recs(const void *a, const void *b, void *n)
{
	size_t key_n = *(size_t *)n;
	const uint8_t *x = a, *y = b;
	uint32_t at_x, at_y;
	int c = memcmp(x + key_n, y + key_n, key_n);

	memcpy(&at_x, x + 2 * key_n + 4, sizeof(at_x));
	memcpy(&at_y, y + 2 * key_n + 4, sizeof(at_y));
	return c ? c : at_x < at_y ? -1 : at_x > at_y;
}

static bool is_sorted(const struct elem_builder *b, size_t n)
{
	for (size_t i = 1; i < b->n; i++)
		if (memcmp(b->recs + (i - 1) * b->rec, b->recs + i * b->rec, n) > 0)
			return false;
	return true;
}

static uint8_t *rec_at(const struct elem_builder *b, size_t i)
{
	return b->recs + i * b->rec;
}

static uint32_t rec_u32(const struct elem_builder *b, const uint8_t *r, size_t at)
{
	uint32_t v;

	memcpy(&v, r + (b->rec - 8) + at, 4);
	return v;
}

bool key_after(uint8_t *key, size_t n)
{
	while (n--)
		if (++key[n] != 0)
			return true;
	return false;
}

bool key_before(uint8_t *key, size_t n)
{
	while (n--)
		if (key[n]-- != 0)
			return true;
	return false;
}

void elem_builder_add_range(struct elem_builder *b, const uint8_t *from,
                            const uint8_t *to)
{
	struct key_range k = { .is_range = true };

	k.from.n = k.to.n = (uint8_t)parts_bytes(&b->info->key);
	memcpy(k.from.b, from, k.from.n);
	memcpy(k.to.b, to, k.to.n);
	add_interval(b, &k, NO_EXTRA, SPAN_NONE);
}

/* Bytes of the word, prefix or range that starts the text. */
static size_t key_length(struct str text)
{
	size_t n = 0, more;

	for (;;) {
		while (n < text.n && !strchr(" \t\r\n,;}", text.p[n]))
			n++;
		for (more = n; more < text.n && text.p[more] == ' ';)
			more++;
		if (more == n || more == text.n || !strchr("-/", text.p[more]))
			return n;
		for (n = more + 1; n < text.n && text.p[n] == ' ';)
			n++;
	}
}

struct span elem_key_span(const struct sources *sources, struct span at)
{
	at.len = UINT32_MAX;
	at.len = (uint32_t)key_length(sources_text(sources, at));
	return at;
}

static struct span rec_span(const struct elem_builder *b, const uint8_t *r)
{
	return elem_key_span(b->L->sources, span_of_place(b, rec_u32(b, r, 4)));
}

static bool report_overlap(struct elem_builder *b, const uint8_t *first,
                           const uint8_t *second, size_t n)
{
	const uint8_t *inner = second, *outer = first;
	const struct sources *sources = b->L->sources;

	if (memcmp(first, second, n) == 0 && memcmp(second + n, first + n, n) > 0) {
		inner = first;
		outer = second;
	}
	struct str in = sources_text(sources, rec_span(b, inner));
	struct str out = sources_text(sources, rec_span(b, outer));
	bool twice = memcmp(first, second, 2 * n) == 0;
	bool inside = memcmp(inner + n, outer + n, n) <= 0;
	struct diag *d = fail_diag(b->L, "E0501", rec_span(b, inner),
	                           STR_FMT " %s " STR_FMT, STR_ARG(in),
	                           twice    ? "is listed twice, also as"
	                           : inside ? "lies inside"
	                                    : "overlaps with",
	                           STR_ARG(out));

	diag_related(b->L->diags, d, rec_span(b, outer), "%s", "");
	diag_help(b->L->diags, d, "remove one of them%s",
	          b->info->is_map ? "" : ", or add `auto-merge` to the set");
	return false;
}

static bool same_data(const struct elem_builder *b, const uint8_t *x, const uint8_t *y)
{
	uint32_t i = rec_u32(b, x, 0), k = rec_u32(b, y, 0);

	if (i == NO_EXTRA || k == NO_EXTRA)
		return i == k;
	const struct prog_elem *p = &b->extras[i]->elem, *q = &b->extras[k]->elem;

	return !b->extras[i]->has_comment && !b->extras[k]->has_comment && !p->exprs.n &&
	       !q->exprs.n && p->has_timeout == q->has_timeout &&
	       p->timeout_ms == q->timeout_ms && p->has_data == q->has_data &&
	       p->data.n == q->data.n && memcmp(p->data.b, q->data.b, p->data.n) == 0 &&
	       p->is_verdict == q->is_verdict && p->verdict.code == q->verdict.code &&
	       str_eq(p->verdict.chain, q->verdict.chain) && str_eq(p->obj, q->obj);
}

/* Joins what overlaps or touches; reports an overlap where it may not be joined. */
static bool merge_intervals(struct elem_builder *b, size_t n)
{
	size_t kept = 0;
	bool ok = true;

	for (size_t i = 1; i < b->n; i++) {
		uint8_t *last = rec_at(b, kept), *r = rec_at(b, i), behind[64];
		bool overlaps = memcmp(r, last + n, n) <= 0;
		bool same = memcmp(r, last, 2 * n) == 0;

		memcpy(behind, last + n, n);
		bool touches =
			b->merge && key_after(behind, n) && memcmp(behind, r, n) == 0;

		if (overlaps && same && (!b->info->is_map || same_data(b, last, r))) {
			if (rec_u32(b, last, 0) == NO_EXTRA)
				memcpy(last, r, b->rec); /* a comment stays */
			continue;                        /* the same element twice */
		}
		if ((overlaps || touches) && b->merge &&
		    (!b->info->is_map || same_data(b, last, r))) {
			if (memcmp(r + n, last + n, n) > 0)
				memcpy(last + n, r + n, n);
			continue;
		}
		if (overlaps)
			ok = report_overlap(b, last, r, n);
		kept++;
		if (kept != i)
			memcpy(rec_at(b, kept), r, b->rec);
	}
	if (b->n)
		b->n = kept + 1;
	return ok;
}

static void emit_end(struct elem_builder *b, const uint8_t *key, size_t n)
{
	struct prog_elem e = { .flags = NFT_SET_ELEM_INTERVAL_END, .has_key = true };

	memcpy(e.key.b, key, n);
	e.key.n = (uint8_t)n;
	b->put(b->ctx, &e);
}

/* Whether the interval behind `r` starts at `end`: nft leaves the end out of a literal then. */
static bool touches_next(const struct elem_builder *b, const uint8_t *r,
                         const uint8_t *end, size_t n)
{
	const uint8_t *next = r + b->rec;

	return b->info->anonymous && next < b->recs + b->n * b->rec &&
	       memcmp(next, end, n) == 0;
}

/* Whether a field of fewer bits than its bytes hold its highest value. */
static bool reaches_top(const struct set_info *info, const uint8_t *key, size_t n)
{
	unsigned odd = info->key.n == 1 ? info->key.p[0].bits % 8 : 0;

	if (odd == 0 || key[0] != (1u << odd) - 1)
		return false;
	for (size_t i = 1; i < n; i++)
		if (key[i] != 0xff)
			return false;
	return true;
}

static void emit_interval(struct elem_builder *b, const uint8_t *r, size_t n)
{
	uint32_t at = rec_u32(b, r, 0);
	struct elem_extra *x = at == NO_EXTRA ? NULL : b->extras[at];
	struct prog_elem e = { 0 };
	uint8_t end[64];

	b->at = span_of_place(b, rec_u32(b, r, 4));
	if (x)
		e = x->elem;
	e.has_key = true;
	memcpy(e.key.b, r, n);
	e.key.n = (uint8_t)n;
	memcpy(end, r + n, n);
	bool closed = !reaches_top(b->info, end, n) && key_after(end, n);

	if (!closed || (x && x->has_comment))
		e.userdata = udata_elem(b->L->a,
		                        x && x->has_comment
		                                ? (struct str){ x->text, x->text_n }
		                                : (struct str){ 0 },
		                        closed ? 0 : UDATA_ELEM_INTERVAL_OPEN);
	b->put(b->ctx, &e);
	if (closed && !touches_next(b, r, end, n))
		emit_end(b, end, n);
	b->emitted++;
}

static void emit_catchall(struct elem_builder *b)
{
	struct elem_extra *x = b->extras[b->catchall - 1];

	if (x->has_comment)
		x->elem.userdata =
			udata_elem(b->L->a, (struct str){ x->text, x->text_n }, 0);
	b->put(b->ctx, &x->elem);
	b->emitted++;
}

bool elem_builder_finish(struct elem_builder *b)
{
	size_t n = parts_bytes(&b->info->key);
	static const uint8_t zero[64];

	if (is_interval(b->info) && b->catchall)
		emit_catchall(b);
	if (!is_interval(b->info) || b->n == 0)
		return true;
	if (!is_sorted(b, n))
		sort_records(b->recs, b->n, b->rec, n, compare_recs, &n);
	if (!merge_intervals(b, n))
		return false;
	/* It stays when intervals go: others of the set need it. */
	if (!b->keys_only && memcmp(b->recs, zero, n) != 0)
		emit_end(b, zero, n);
	for (size_t i = 0; i < b->n; i++)
		emit_interval(b, rec_at(b, i), n);
	return true;
}

bool elems_have_ranges(struct lower *L, const struct parts *key, const struct expr *set,
                       bool *ranges)
{
	*ranges = false;
	for (size_t i = 0; i < set->list.n; i++) {
		const struct expr *k = set->list.p[i]->elem.key;
		struct key_range range;

		if (k->kind == EXPR_CATCHALL)
			continue;
		if (k->kind == EXPR_SYMBOL && key->n == 1) {
			struct expr *r = resolve(L, k, &key->p[0]);

			if (!r)
				return false;
			*ranges |= r->kind == EXPR_PREFIX;
			continue;
		}
		if (k->kind == EXPR_SETREF)
			return fail(L, "E0528", k->span,
			            "a set cannot be an element of a set");
		if (!resolve_key(L, k, key, false, &range))
			return false;
		*ranges |= range.is_range;
	}
	return true;
}
