/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Selectors that are a word and a key: meta, ct, rt, socket, osf, ipsec; and those that compute:
 * fib, numgen, jhash, symhash.
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_parts.h"

static void *fail_key(struct parse *p, const char *where, const struct key *keys)
{
	struct str names[WORDS_MAX];
	size_t n = 0;

	for (const struct key *k = keys; k->name && n < WORDS_MAX; k++)
		names[n++] = str_from(k->name);
	return fail_words(p, fail_what(p, "a word behind", where), names, n);
}

/* ---- keys -------------------------------------------------------------------------- */

struct expr *key_new(struct parse *p, enum expr_kind kind, struct span start,
                     const struct key *key)
{
	struct expr *e = expr_new(p, kind, span_join(start, lexer_next(&p->lx).span));

	e->key.key = key;
	e->key.dir = DIR_NONE;
	return e;
}

static const struct key *peek_key(struct parse *p, const struct key *keys)
{
	const struct token *t = lexer_peek(&p->lx, 0);

	return t->kind == TOKEN_WORD ? key_by_name(keys, t->text) : NULL;
}

struct expr *parse_meta(struct parse *p, const struct selector_row *row,
                        struct span start)
{
	const struct key *key = peek_key(p, meta_keys);

	if (!key)
		return fail_key(p, row->word.text, meta_keys);
	return key_new(p, EXPR_META, start, key);
}

/* `ip` or `ip6` before a key. */
static enum family take_nfproto(struct parse *p)
{
	if (take_word(p, "ip"))
		return FAMILY_IP;
	return take_word(p, "ip6") ? FAMILY_IP6 : FAMILY_UNSPEC;
}

/* `ip` and `ip6` say which kind of address a key is; `is_addr`: it is one. `needed` where the key
 * alone does not tell. */
static bool check_nfproto(struct parse *p, const char *where, const struct key *key,
                          bool is_addr, bool needed, enum family nfproto)
{
	struct span at = lexer_peek(&p->lx, 0)->span;
	struct diag *d;

	if (!is_addr && nfproto != FAMILY_UNSPEC) {
		diag_error(p->diags, "E0232", at,
		           "`%s` is no address: leave out `ip` before it", key->name);
		return false;
	}
	if (!is_addr || !needed || nfproto != FAMILY_UNSPEC)
		return true;
	d = diag_error(p->diags, "E0232", at, "`%s` needs a family", key->name);
	diag_help(p->diags, d, "`%s ip %s` or `%s ip6 %s`", where, key->name, where,
	          key->name);
	return false;
}

static bool check_ct_direction(struct parse *p, const struct key *key, int dir,
                               enum family nfproto)
{
	static const char *const protos_of[] = {
		[FAMILY_IP] = "ip ", [FAMILY_IP6] = "ip6 "
	};
	const char *proto = nfproto == FAMILY_UNSPEC ? "" : protos_of[nfproto];
	struct token t = *lexer_peek(&p->lx, 0);
	struct diag *d;

	if (dir == DIR_NONE && (key->flags & KEY_DIR_NEEDED)) {
		d = diag_error(p->diags, "E0216", t.span, "`ct %s%s` needs a direction",
		               proto, key->name);
		diag_help(p->diags, d, "`ct original %s%s` or `ct reply %s%s`", proto,
		          key->name, proto, key->name);
		return false;
	}
	if (dir != DIR_NONE && !(key->flags & (KEY_DIR | KEY_DIR_NEEDED))) {
		diag_error(p->diags, "E0216", t.span, "`ct %s` has no direction",
		           key->name);
		return false;
	}
	return true;
}

struct expr *parse_ct(struct parse *p, const struct selector_row *row, struct span start)
{
	int dir = DIR_NONE;
	enum family nfproto;
	const struct key *key;
	struct expr *e;

	if (take_word(p, "original"))
		dir = DIR_ORIGINAL;
	else if (take_word(p, "reply"))
		dir = DIR_REPLY;
	nfproto = take_nfproto(p);
	key = peek_key(p, ct_keys);
	if (!key)
		return fail_key(p, row->word.text, ct_keys);
	if (!check_nfproto(p, "ct original", key, key->type == TYPE_INVALID, false,
	                   nfproto) ||
	    !check_ct_direction(p, key, dir, nfproto))
		return NULL;
	e = key_new(p, EXPR_CT, start, key);
	e->key.dir = dir;
	e->key.nfproto = nfproto;
	return e;
}

/* `rt` is both the routing decision and the IPv6 routing header. */
struct expr *parse_rt(struct parse *p, const struct selector_row *row, struct span start)
{
	enum family nfproto = take_nfproto(p);
	const struct key *key = peek_key(p, rt_keys);
	struct expr *e;

	if (!key && nfproto != FAMILY_UNSPEC)
		return fail_key(p, row->word.text, rt_keys);
	if (!key)
		return parse_ipv6_exthdr(p, start, str_from(row->word.text));
	if (!check_nfproto(p, "rt", key, key->type == TYPE_IPV4_ADDR, false, nfproto))
		return NULL;
	e = key_new(p, EXPR_RT, start, key);
	e->key.nfproto = nfproto;
	return e;
}

struct expr *parse_socket(struct parse *p, const struct selector_row *row,
                          struct span start)
{
	const struct key *key = peek_key(p, socket_keys);
	uint64_t level;
	struct expr *e;

	if (!key)
		return fail_key(p, row->word.text, socket_keys);
	e = key_new(p, EXPR_SOCKET, start, key);
	if (key->type != TYPE_CGROUPV2)
		return e;
	if (!take_word(p, "level"))
		return parse_fail(p, "E0001",
		                  "expected `level NUMBER` behind `cgroupv2`");
	e->span = span_join(start, lexer_peek(&p->lx, 0)->span);
	if (!parse_u64(p, 255, "a level", &level))
		return NULL;
	e->key.arg = (uint32_t)level;
	return e;
}

struct expr *parse_osf(struct parse *p, const struct selector_row *row, struct span start)
{
	uint32_t ttl = 0;
	const struct key *key;
	struct expr *e;

	if (take_word(p, "ttl")) {
		if (take_word(p, "loose"))
			ttl = 1;
		else if (take_word(p, "skip"))
			ttl = 2;
		else
			return parse_fail(p, "E0001",
			                  "expected `loose` or `skip` behind `ttl`");
	}
	key = peek_key(p, osf_keys);
	if (!key)
		return fail_key(p, row->word.text, osf_keys);
	e = key_new(p, EXPR_OSF, start, key);
	e->key.arg = ttl;
	return e;
}

/* `ipsec in [spnum N] [ip|ip6] KEY`; `ipsec exists` is a meta key. */
struct expr *parse_ipsec(struct parse *p, const struct selector_row *row,
                         struct span start)
{
	const struct key *key = key_by_name(meta_keys, str_from(row->word.text));
	struct expr *e;
	enum family nfproto;
	uint64_t spnum = 0;
	int dir;

	if (!at_word(p, "in") && !at_word(p, "out")) {
		e = expr_new(p, EXPR_META, start);
		e->key.key = key;
		e->key.dir = DIR_NONE;
		return key ? e : parse_fail(p, "E0001", "expected `in` or `out`");
	}
	dir = take_word(p, "in") ? 0 : (take_word(p, "out"), 1);
	if (take_word(p, "spnum") && !parse_u64(p, 255, "a number", &spnum))
		return NULL;
	nfproto = take_nfproto(p);
	key = peek_key(p, ipsec_keys);
	if (!key)
		return fail_key(p, row->word.text, ipsec_keys);
	if (!check_nfproto(p, dir ? "ipsec out" : "ipsec in", key,
	                   key->type == TYPE_IPV4_ADDR, true, nfproto))
		return NULL;
	if (nfproto == FAMILY_IP6)
		key++; /* the row behind an IPv4 address: the IPv6 one of that name */
	e = key_new(p, EXPR_IPSEC, start, key);
	e->key.dir = dir;
	e->key.nfproto = nfproto;
	e->key.arg = (uint32_t)spnum;
	return e;
}

/* ---- fib, numgen, hash ------------------------------------------------------------- */

static const struct {
	const char *word;
	uint32_t flag;
} fib_flags[] = {
	{ "saddr", NFTA_FIB_F_SADDR }, { "daddr", NFTA_FIB_F_DADDR },
	{ "mark", NFTA_FIB_F_MARK },   { "iif", NFTA_FIB_F_IIF },
	{ "oif", NFTA_FIB_F_OIF },
};

static bool parse_fib_flag(struct parse *p, uint32_t *flags)
{
	for (size_t i = 0; i < ARRAY_LEN(fib_flags); i++) {
		if (!take_any_word(p, fib_flags[i].word))
			continue;
		*flags |= fib_flags[i].flag;
		return true;
	}
	parse_fail(p, "E0001", "expected `saddr`, `daddr`, `mark`, `iif` or `oif`");
	return false;
}

struct expr *parse_fib(struct parse *p, const struct selector_row *row, struct span start)
{
	uint32_t flags = 0;
	const struct key *result;
	struct expr *e;

	do {
		if (!parse_fib_flag(p, &flags))
			return NULL;
	} while (take_punct(p, '.'));
	if (at_word(p, "check"))
		return fail_unsupported(p, lexer_peek(&p->lx, 0)->span, "`fib … check`");
	result = peek_key(p, fib_results);
	if (!result)
		return fail_key(p, row->word.text, fib_results);
	e = expr_new(p, EXPR_FIB, span_join(start, lexer_next(&p->lx).span));
	e->fib.flags = flags;
	e->fib.result = result;
	return e;
}

static bool parse_u32(struct parse *p, const char *what, uint32_t *out, struct span *end)
{
	uint64_t n;

	*end = lexer_peek(&p->lx, 0)->span;
	if (!parse_u64(p, UINT32_MAX, what, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool parse_modulus(struct parse *p, uint32_t *mod, struct span *end)
{
	if (!take_word(p, "mod")) {
		parse_fail(p, "E0001", "expected `mod NUMBER`");
		return false;
	}
	if (!parse_u32(p, "a modulus", mod, end))
		return false;
	if (*mod == 0)
		diag_error(p->diags, "E0001", *end, "the modulus cannot be 0");
	return *mod != 0;
}

struct expr *parse_numgen(struct parse *p, const struct selector_row *row,
                          struct span start)
{
	struct expr *e = expr_new(p, EXPR_NUMGEN, start);
	struct span end;

	e->numgen.random = take_word(p, "random");
	if (!e->numgen.random && !take_word(p, "inc"))
		return parse_fail(p, "E0001", "expected `inc` or `random` behind `%s`",
		                  row->word.text);
	if (!parse_modulus(p, &e->numgen.mod, &end))
		return NULL;
	if (take_word(p, "offset") && !parse_u32(p, "an offset", &e->numgen.offset, &end))
		return NULL;
	e->span = span_join(start, end);
	return e;
}

struct expr *parse_jhash(struct parse *p, const struct selector_row *row,
                         struct span start)
{
	struct expr *e = expr_new(p, EXPR_HASH, start);
	struct span end;

	(void)row;
	e->hash.of = parse_concat(p, MODE_LEFT);
	if (!e->hash.of || !parse_modulus(p, &e->hash.mod, &end))
		return NULL;
	e->hash.has_seed = take_word(p, "seed");
	if (e->hash.has_seed && !parse_u32(p, "a seed", &e->hash.seed, &end))
		return NULL;
	if (take_word(p, "offset") && !parse_u32(p, "an offset", &e->hash.offset, &end))
		return NULL;
	e->span = span_join(start, end);
	return e;
}

struct expr *parse_symhash(struct parse *p, const struct selector_row *row,
                           struct span start)
{
	struct expr *e = expr_new(p, EXPR_HASH, start);
	struct span end;

	(void)row;
	e->hash.sym = true;
	if (!parse_modulus(p, &e->hash.mod, &end))
		return NULL;
	if (take_word(p, "offset") && !parse_u32(p, "an offset", &e->hash.offset, &end))
		return NULL;
	e->span = span_join(start, end);
	return e;
}
