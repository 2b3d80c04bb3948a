/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* One round trip from <authenticate/> to a bound stream. */
#include "herald/c2s/sasl2.h"

#include "herald/c2s/client.h"
#include "herald/c2s/csi.h"
#include "herald/c2s/sm.h"
#include "herald/im/module.h"

#define NS_CARBONS "urn:xmpp:carbons:2"

enum { TAG_MAX = 64 };

/* ---- the feature -------------------------------------------------------------------------- */

/* What can be turned on inside <bind/>, with the module that does it. */
static const struct {
	const char *ns, *module;
} inlines[] = {
	{ NS_CARBONS, "mod_carboncopy" },
	{ NS_CSI, "mod_client_state" },
	{ NS_SM, "mod_stream_mgmt" },
};

void sasl2_put_feature(struct client *c, struct buf *out)
{
	const struct host_setup *host = client_setup(c);

	buf_cstr(out, "<authentication xmlns='" NS_SASL2 "'>");
	client_put_mechanisms(c, out);
	buf_cstr(out, "<inline><bind xmlns='" NS_BIND2 "'><inline>");
	for (size_t i = 0; i < ARRAY_LEN(inlines); i++) {
		if (module_is_on(host, inlines[i].module))
			buf_fmt(out, "<feature var='%s'/>", inlines[i].ns);
	}
	buf_cstr(out, "</inline></bind>");
	if (module_is_on(host, "mod_stream_mgmt"))
		buf_cstr(out, "<sm xmlns='" NS_SM "'/>");
	buf_cstr(out, "<fast xmlns='" NS_FAST "'>");
	fast_put_mechanisms(c, out);
	buf_cstr(out, "</fast></inline></authentication>");
}

void sasl2_authenticate(void *ctx, const struct xml *x, struct str mechanism,
                        const struct str *initial)
{
	struct client *c = ctx;
	struct negotiation *n = c->negotiation;

	arena_reset(&n->wish_arena);
	n->wish = xml_copy(&n->wish_arena, x);
	n->token = (struct str){ 0 };
	n->fast_key = (struct str){ 0 };
	if (!fast_login(c, mechanism, initial))
		client_auth(ctx, mechanism, initial);
}

/* ---- success ------------------------------------------------------------------------------ */

static struct xml *wished(const struct client *c, const char *name, const char *ns)
{
	return xml_child(c->negotiation->wish, name, ns);
}

static void finish(struct client *c)
{
	struct negotiation *n = c->negotiation;
	bool bound = c->session.user;
	auto_buf in = { 0 };
	auto_arena a = { 0 };

	buf_str(&in, n->failed);
	if (bound) {
		buf_cstr(&in, "<bound xmlns='" NS_BIND2 "'>");
		if (c->sm)
			sm_put_enabled(c, &in);
		buf_cstr(&in, "</bound>");
	}
	buf_str(&in, n->token);
	struct str jid =
		bound ? jid_str(c->session.jid)
		      : arena_fmt(&a, "%s@" STR_FMT, c->account, STR_ARG(c->stream.host));
	struct str data = arena_str(&a, n->data);
	if (bound)
		client_negotiation_free(c);
	else
		n->wish = NULL;
	stream_auth2_success(&c->stream, data, jid, buf_as_str(&in), bound, &a);
	client_later(c);
}

void sasl2_try_finish(struct client *c)
{
	struct negotiation *n = c->negotiation;

	if (!n || !n->finishing || c->over || !c->sm->is_stored)
		return;
	finish(c);
}

static void turn_on(struct client *c, const struct xml *bind)
{
	const struct host_setup *host = client_setup(c);
	struct xml *sm = xml_child(bind, "enable", NS_SM);

	if (xml_child(bind, "enable", NS_CARBONS) && module_is_on(host, "mod_carboncopy"))
		c->session.carbons = true;
	if (xml_child(bind, "inactive", NS_CSI) && module_is_on(host, "mod_client_state"))
		csi_on_element(c, xml_child(bind, "inactive", NS_CSI));
	if (sm && module_is_on(host, "mod_stream_mgmt"))
		sm_enable(c, sm);
}

static void on_user(void *arg, struct user *u)
{
	struct client *c = arg;
	auto_arena a = { 0 };

	c->binding = false;
	if (!c->over && !client_join(c, u)) {
		stream_auth_failure(&c->stream, "temporary-auth-failure", &a);
	} else if (!c->over) {
		turn_on(c, wished(c, "bind", NS_BIND2));
		if (c->sm)
			c->negotiation->finishing = true;
		else
			finish(c);
	}
	free(c->resource);
	c->resource = NULL;
	client_later(c);
}

/* XEP-0386 section 3.2: the server makes the resource; the tag may say which program it is. */
static void bind_new(struct client *c, const struct xml *x)
{
	auto_arena a = { 0 };
	struct str tag = xml_text(xml_child(x, "tag", NS_BIND2), &a), prepared;
	char *random = client_random_resource(c);
	struct jid bare;

	if (tag.n > TAG_MAX || jid_prep_resource(tag, &a, &prepared) < 0)
		prepared = STR("");
	struct str resource =
		prepared.n ? arena_fmt(&a, STR_FMT ".%s", STR_ARG(prepared), random)
			   : str_from(random);
	c->resource = strndup(resource.p, resource.n);
	free(random);
	if (jid_make(str_from(c->account), c->stream.host, STR(""), &a, &bare) < 0) {
		stream_auth_failure(&c->stream, "temporary-auth-failure", &a);
		return;
	}
	c->binding = true;
	user_with(c->session.worker, bare, on_user, c);
}

static void bind_or_finish(struct client *c)
{
	const struct xml *x = wished(c, "bind", NS_BIND2);

	if (x)
		bind_new(c, x);
	else
		finish(c);
}

void sasl2_on_login(struct client *c, struct str data)
{
	struct negotiation *n = c->negotiation;
	struct xml *resume = wished(c, "resume", NS_SM);

	n->data = arena_str(&n->wish_arena, data);
	n->failed = STR("");
	fast_on_login(c);
	if (resume && module_is_on(client_setup(c), "mod_stream_mgmt"))
		sm_on_resume(c, resume);
	else
		bind_or_finish(c);
}

void sasl2_on_resume_failed(struct client *c, const char *condition)
{
	struct negotiation *n = c->negotiation;

	n->failed = arena_fmt(&n->wish_arena,
	                      "<failed xmlns='" NS_SM "'><%s xmlns='" NS_STANZAS
	                      "'/></failed>",
	                      condition);
	bind_or_finish(c);
}

void sasl2_put_resumed(struct client *c, struct client *to, struct str resumed)
{
	struct negotiation *n = c->negotiation;
	auto_buf in = { 0 };
	auto_arena a = { 0 };

	buf_str(&in, resumed);
	buf_str(&in, n->token);
	stream_auth2_success(&to->stream, n->data, jid_str(to->session.jid),
	                     buf_as_str(&in), true, &a);
}
