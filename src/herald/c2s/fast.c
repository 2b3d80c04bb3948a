/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0484: Fast Authentication Streamlining Tokens, version 0.2.0. A token belongs to an account
 * and a user agent (its id). A fresh one is given out beside the one in use and takes its place
 * when it is used, so that a client that never got it can still come with the old one.
 *
 * In the store: map "fast" of the account, key the agent's id, value one line for each token,
 * the one in use first: "MECHANISM EXPIRY MADE COUNT TOKEN", times in seconds since 1970.
 */
#include <time.h>

#include "base/base64.h"
#include "base/oom.h"
#include "herald/auth/accounts.h"
#include "herald/auth/digest.h"
#include "herald/auth/ht.h"
#include "herald/c2s/client.h"
#include "herald/c2s/sasl2.h"
#include "io/random.h"

/* ejabberd's token_lifetime and token_refresh_age. */
enum { LIFETIME_S = 30 * 86400, REFRESH_S = 86400, AGENT_MAX = 128, TOKEN_BYTES = 32 };

struct token {
	int mech; /* -1: none */
	uint64_t expiry, made, count;
	struct str text;
};

/* A login by token: the look-up, then whether the account may log in at all. */
struct attempt {
	struct arena arena;
	struct client *client;
	struct str user;
	int mech;
	uint8_t proof[HT_SIZE];
	uint64_t count;
	bool has_count;
	struct token tokens[2]; /* in use, fresh */
	int which;              /* that was proven */
	uint8_t answer[HT_SIZE];
};

static const char *const reasons[] = { "the token does not fit",
	                               "the account does not exist or is disabled",
	                               "this is no login by token",
	                               "the access rule of this port does not allow it" };

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

/* ---- records ------------------------------------------------------------------------------ */

static struct str word(struct str *s)
{
	size_t n = str_find(*s, ' ');
	struct str w = str_sub(*s, 0, n);

	*s = str_sub(*s, n + 1, s->n);
	return w;
}

static struct token read_token(struct str line)
{
	struct token t = { 0 };

	t.mech = sasl_mech_find(word(&line));
	if (str_to_u64(word(&line), 10, &t.expiry) < 0 ||
	    str_to_u64(word(&line), 10, &t.made) < 0 ||
	    str_to_u64(word(&line), 10, &t.count) < 0 || line.n == 0)
		t.mech = -1;
	t.text = line;
	return t;
}

static void read_tokens(struct str value, struct token out[2])
{
	for (int i = 0; i < 2; i++) {
		size_t n = str_find(value, '\n');
		out[i] = read_token(str_sub(value, 0, n));
		value = str_sub(value, n + 1, value.n);
	}
}

static void put_token(struct buf *out, const struct token *t)
{
	if (t->mech < 0)
		return;
	buf_fmt(out, "%s %llu %llu %llu " STR_FMT "\n",
	        sasl_mech_name((enum sasl_mech)t->mech), (unsigned long long)t->expiry,
	        (unsigned long long)t->made, (unsigned long long)t->count,
	        STR_ARG(t->text));
}

static struct store_place place(const struct client *c, struct str user)
{
	return (struct store_place){ c->stream.host, user, STR("fast") };
}

static void keep(struct client *c, const struct token tokens[2])
{
	struct store_place at = place(c, str_from(c->account));
	auto_buf value = { 0 };

	for (int i = 0; i < 2; i++)
		put_token(&value, &tokens[i]);
	tx_put(worker_tx(c->session.worker), &at, c->negotiation->fast_key,
	       buf_as_str(&value));
}

/* ---- offering and giving ------------------------------------------------------------------ */

static bool may_use(const struct client *c, int mech)
{
	const struct sasl_peer *peer = &c->negotiation->peer;
	enum sasl_binding b;

	if (mech < 0 || !ht_is((enum sasl_mech)mech) || !peer->encrypted ||
	    (client_setup(c)->disabled_mechanisms & SASL_MASK(mech)))
		return false;
	b = ht_binding((enum sasl_mech)mech);
	return b == SASL_BIND_COUNT || peer->bindings[b].n > 0;
}

void fast_put_mechanisms(const struct client *c, struct buf *out)
{
	for (int m = 0; m < SASL_MECH_COUNT; m++) {
		if (may_use(c, m))
			buf_fmt(out, "<mechanism>%s</mechanism>",
			        sasl_mech_name((enum sasl_mech)m));
	}
}

static struct str agent_of(const struct xml *wish)
{
	const struct xml *agent = xml_child(wish, "user-agent", NULL);
	struct str id = agent ? xml_get(agent, "id") : STR("");

	return id.n <= AGENT_MAX ? id : STR("");
}

static struct token new_token(struct client *c, int mech)
{
	struct token t = { .mech = mech,
		           .made = now_s(),
		           .expiry = now_s() + LIFETIME_S };
	uint8_t bytes[TOKEN_BYTES];
	auto_buf text = { 0 };

	random_fill(bytes, sizeof(bytes));
	base64_encode(&text, (struct str){ (char *)bytes, sizeof(bytes) });
	t.text = arena_str(&c->negotiation->wish_arena, buf_as_str(&text));
	return t;
}

static void put_out(struct client *c, const struct token *t)
{
	time_t expiry = (time_t)t->expiry;
	struct tm tm;
	char text[32];

	gmtime_r(&expiry, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	c->negotiation->token =
		arena_fmt(&c->negotiation->wish_arena,
	                  "<token xmlns='" NS_FAST "' expiry='%s' token='" STR_FMT "'/>",
	                  text, STR_ARG(t->text));
}

void fast_on_login(struct client *c)
{
	struct negotiation *n = c->negotiation;
	const struct xml *request = xml_child(n->wish, "request-token", NS_FAST);
	struct token tokens[2] = { { .mech = -1 }, { .mech = -1 } };
	int mech = request ? sasl_mech_find(xml_get(request, "mechanism")) : -1;

	if (n->fast_key.n || !may_use(c, mech) || agent_of(n->wish).n == 0)
		return; /* it came with a token: that is done already */
	n->fast_key = agent_of(n->wish);
	tokens[0] = new_token(c, mech);
	keep(c, tokens);
	put_out(c, &tokens[0]);
}

/* ---- logging in --------------------------------------------------------------------------- */

static void attempt_free(struct attempt *t)
{
	secret_wipe(t->answer, sizeof(t->answer));
	arena_fini(&t->arena);
	free(t);
}

/* `result`: of the store, whose trouble is no fault of the client's. */
static void refuse(struct attempt *t, int result, const char *reason)
{
	enum sasl_failure failure =
		result < 0 ? SASL_FAIL_TEMPORARY_AUTH_FAILURE : SASL_FAIL_NOT_AUTHORIZED;
	struct client *c = t->client;
	auto_arena a = { 0 };

	client_log_failure(c, t->user, failure,
	                   result < 0 ? store_error_text(result) : reason);
	stream_auth_failure(&c->stream, sasl_failure_name(failure), &a);
	client_later(c);
}

/* The fresh token takes the place of the old one; an old one gets a fresh one beside it. */
static void rotate(struct attempt *t)
{
	struct client *c = t->client;
	struct negotiation *n = c->negotiation;
	const struct xml *fast = xml_child(n->wish, "fast", NS_FAST);
	const struct xml *request = xml_child(n->wish, "request-token", NS_FAST);
	struct store_place at = place(c, t->user);

	if (str_is(xml_get(fast, "invalidate"), "true") ||
	    str_is(xml_get(fast, "invalidate"), "1")) {
		tx_del(worker_tx(c->session.worker), &at, n->fast_key);
		return;
	}
	if (t->which == 1) {
		t->tokens[0] = t->tokens[1];
		t->tokens[1].mech = -1;
	}
	if (t->has_count)
		t->tokens[0].count = t->count;
	if (request || now_s() - t->tokens[0].made >= REFRESH_S) {
		int mech = request ? sasl_mech_find(xml_get(request, "mechanism"))
		                   : t->tokens[0].mech;
		if (may_use(c, mech)) {
			t->tokens[1] = new_token(c, mech);
			put_out(c, &t->tokens[1]);
		}
	}
	keep(c, t->tokens);
}

static void on_account(void *arg, int result, const struct sasl_account *account)
{
	struct attempt *t = arg;
	struct client *c = t->client;

	c->binding = false;
	if (!c->over && (result < 0 || !account->exists || account->disabled)) {
		refuse(t, result, reasons[1]);
	} else if (!c->over && !client_may_login(c, t->user)) {
		refuse(t, 0, reasons[3]);
	} else if (!c->over) {
		client_logged_in(c, t->user);
		rotate(t);
		sasl2_on_login(c, (struct str){ (char *)t->answer, HT_SIZE });
	}
	client_later(c);
	attempt_free(t);
}

static bool proves(const struct attempt *t, const struct token *token)
{
	const struct sasl_peer *peer = &t->client->negotiation->peer;
	enum sasl_binding b = ht_binding((enum sasl_mech)t->mech);

	return token->mech == t->mech && token->expiry > now_s() &&
	       (t->has_count ? t->count > token->count : token->count == 0) &&
	       ht_proof_ok(token->text, b < SASL_BIND_COUNT ? peer->bindings[b] : STR(""),
	                   (struct str){ (const char *)t->proof, HT_SIZE });
}

static void on_record(void *arg, int result, const struct store_rows *rows)
{
	struct attempt *t = arg;
	struct client *c = t->client;
	enum sasl_binding b = ht_binding((enum sasl_mech)t->mech);

	c->binding = false;
	if (c->over) {
		client_later(c);
		attempt_free(t);
		return;
	}
	if (result == 0 && rows->n)
		read_tokens(arena_str(&t->arena, rows->p[0].value), t->tokens);
	t->which = proves(t, &t->tokens[0]) ? 0 : proves(t, &t->tokens[1]) ? 1 : -1;
	if (t->which < 0) {
		refuse(t, result, reasons[0]);
		attempt_free(t);
		return;
	}
	ht_answer(t->tokens[t->which].text,
	          b < SASL_BIND_COUNT ? c->negotiation->peer.bindings[b] : STR(""),
	          t->answer);
	c->binding = true;
	accounts_load(c->session.worker->server->accounts, c->stream.host, t->user,
	              worker_inbox(c->session.worker), on_account, t);
}

static void look_up(void *arg, int result)
{
	struct attempt *t = arg;
	struct client *c = t->client;
	struct store_place at = place(c, t->user);

	(void)result;
	if (c->over) {
		c->binding = false;
		client_later(c);
		attempt_free(t);
		return;
	}
	store_get(c->session.worker->server->store, &at, c->negotiation->fast_key,
	          worker_inbox(c->session.worker), on_record, t);
}

/* What the client's message says; false: it cannot be. */
static bool read_attempt(struct attempt *t, const struct str *initial)
{
	struct client *c = t->client;
	struct negotiation *n = c->negotiation;
	const struct xml *fast = xml_child(n->wish, "fast", NS_FAST);
	struct ht_message m;

	if (!fast || !initial || ht_read(*initial, &m) < 0 ||
	    jid_prep_local(m.authcid, &t->arena, &t->user) < 0)
		return false;
	t->user = arena_str(&t->arena, t->user);
	memcpy(t->proof, m.proof.p, HT_SIZE);
	t->has_count = xml_has(fast, "count");
	if (t->has_count && str_to_u64(xml_get(fast, "count"), 10, &t->count) < 0)
		return false;
	n->fast_key = agent_of(n->wish);
	return n->fast_key.n > 0 && may_use(c, t->mech);
}

bool fast_login(struct client *c, struct str mechanism, const struct str *initial)
{
	int mech = sasl_mech_find(mechanism);

	if (mech < 0 || !ht_is((enum sasl_mech)mech))
		return false;
	struct attempt *t = base_calloc(1, sizeof(*t));
	t->client = c;
	t->mech = mech;
	t->tokens[0].mech = t->tokens[1].mech = -1;
	if (!read_attempt(t, initial)) {
		refuse(t, 0, reasons[2]);
		attempt_free(t);
		return true;
	}
	c->binding = true;
	worker_settled(c->session.worker, look_up, t);
	return true;
}
