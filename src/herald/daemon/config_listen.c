/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `listen:` */
#include "herald/daemon/config_impl.h"

/* ejabberd's listeners can be UDP and UNIX too; clients come by TCP. */
static void take_transport(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (is_scalar(r, y, "`tcp`") && !str_is(y->text, "tcp"))
		wrong(r, y, "`tcp`: clients come no other way");
}

static void take_backlog(struct reading *r, struct yaml *y, void *to)
{
	uint64_t v;

	if (read_number(r, y, 1, 65535, "a number from 1 to 65535", &v))
		*(uint64_t *)to = v;
}

static void take_nothing(struct reading *r, struct yaml *y, void *to)
{
	(void)r, (void)y, (void)to; /* `module` was read before the others */
}

#define FIELD(name) offsetof(struct config_listener, name)
static const struct option listener_options[] = {
	{ "port", take_port, FIELD(port) },
	{ "ip", take_text, FIELD(ip) },
	{ "module", take_nothing, 0 },
	{ "transport", take_transport, 0 },
	{ "tls", take_bool, FIELD(tls) },
	{ "starttls", take_bool, FIELD(starttls) },
	{ "starttls_required", take_bool, FIELD(starttls_required) },
	{ "max_stanza_size", take_size, FIELD(max_stanza_size) },
	{ "backlog", take_backlog, FIELD(backlog) },
	{ "tls_verify", take_bool, FIELD(tls_verify) },
	{ "use_proxy_protocol", take_bool, FIELD(use_proxy_protocol) },
	{ "access", take_access, FIELD(access) },
	{ "shaper", take_measure, FIELD(shaper) },
	{ 0 },
};
#undef FIELD

static const struct config_listener listener_default = {
	.ip = STR_INIT("::"),
	.starttls = true,
	.starttls_required = true,
	.max_stanza_size = 262144,
	.backlog = 200,
};

struct config_listener listener_of_port(uint16_t port, bool tls)
{
	struct config_listener l = listener_default;

	l.port = port;
	l.tls = tls;
	return l;
}

/* A listener of another kind is refused as one, not option by option. */
static bool is_ours(struct reading *r, struct yaml *listener)
{
	static const struct str kinds[] = { STR_INIT("ejabberd_c2s") };

	for_each_entry(e, listener) {
		if (e->key->kind != YAML_SCALAR || !str_is(e->key->text, "module") ||
		    !is_scalar(r, e, "the name of a listener's module") ||
		    str_eq(e->text, kinds[0]))
			continue;
		unknown_word(r, listener, e, EJABBERD_LISTENER, "listener", kinds, 1);
		return false;
	}
	return true;
}

void take_listeners(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (!is_list(r, y))
		return;
	for_each_entry(e, y) {
		struct config_listener l = listener_default;
		if (!is_map(r, e) || !is_ours(r, e))
			continue;
		take_map(r, e, listener_options, EJABBERD_LISTENER_OPTION,
		         "option of a listener", &l);
		if (!l.port)
			complain(r, "H0004", e, e->span, "this listener has no `port`");
		vec_push(&r->c->listeners, l);
	}
}
