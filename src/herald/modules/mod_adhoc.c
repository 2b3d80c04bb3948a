/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0050: Ad-Hoc Commands, version 1.3.0, of a host, for its administrators. What there is to
 * run, other modules say.
 *
 * A command with fields is a session of two stages: its form, which `complete` runs, and (by
 * `next`) the form to be read over, from which `prev` leads back. When the command fails the
 * session is at its form again.
 */
#include <uv.h>

#include "base/oom.h"
#include "herald/auth/digest.h"
#include "herald/im/command.h"
#include "herald/im/im.h"
#include "herald/im/module.h"
#include "herald/modules/adhoc_session.h"
#include "herald/modules/disco.h"
#include "herald/modules/form.h"
#include "io/loop.h"

#define NS_COMMANDS "http://jabber.org/protocol/commands"

enum { TICK_MS = 10 * 1000 };

struct run {
	struct adhoc *in; /* the session */
	struct worker *w;
	struct call call;
	struct arena arena; /* of what follows */
	struct xml *asked;  /* the stanza that is answered in the end */
	struct jid accounts[ADHOC_ACCOUNTS_MAX];
	size_t n, at;
	size_t failed;
	struct buf text;
};

struct adhoc_state {
	struct adhoc_list list;
	uv_timer_t *tick; /* looks for those that have waited too long */
};

static struct adhoc_state *state_of(struct worker *w)
{
	return worker_state(w, "mod_adhoc", sizeof(struct adhoc_state));
}

static struct adhoc_list *list_of(struct worker *w)
{
	return &state_of(w)->list;
}

/* ---- what there is ------------------------------------------------------------------------ */

/* Who sees a command on this host; that the arguments name no other is seen to later. */
static bool may_see(const struct stanza *st, const struct command_node *node)
{
	bool of_host = command_host_arg(node->command) >= 0;

	return server_may(st->w->server, MAY_CONFIGURE,
	                  of_host ? jid_domain(st->to) : STR(""), st->from, NULL);
}

static bool is_node(const struct command_node *node, struct str text)
{
	struct str prefix = str_from(node->prefix);

	return str_starts(text, prefix) &&
	       str_is(str_sub(text, prefix.n, text.n), node->name);
}

static struct str node_text(const struct command_node *node, struct arena *a)
{
	return arena_fmt(a, "%s%s", node->prefix, node->name);
}

static bool find_node(const struct stanza *st, struct str text, struct command_node *out)
{
	for_each_module(m, im_setup(st))
	{
		for (size_t i = 0; m->command_node && m->command_node(st->w, i, out);
		     i++) {
			if (is_node(out, text))
				return true;
		}
	}
	return false;
}

static void put_list(const struct stanza *st, struct xml *query)
{
	struct command_node node;

	for_each_module(m, im_setup(st))
	{
		for (size_t i = 0; m->command_node && m->command_node(st->w, i, &node);
		     i++) {
			if (!may_see(st, &node))
				continue;
			struct xml *item = xml_add(st->a, query, "item", NULL);
			xml_set(st->a, item, "jid", arena_str(st->a, jid_domain(st->to)));
			xml_set(st->a, item, "node", node_text(&node, st->a));
			xml_set(st->a, item, "name", str_from(node.title));
		}
	}
}

/* Section 2.1, for those who do not look for it. */
static void put_list_node(const struct stanza *st, struct xml *query)
{
	struct xml *item;

	if (!server_setup(st->w->server, jid_domain(st->to))
	             ->tuning.report_commands_node ||
	    !server_may(st->w->server, MAY_CONFIGURE, jid_domain(st->to), st->from, NULL))
		return;
	item = xml_add(st->a, query, "item", NULL);
	xml_set(st->a, item, "jid", arena_str(st->a, jid_domain(st->to)));
	xml_set(st->a, item, "node", STR(NS_COMMANDS));
	xml_set(st->a, item, "name", STR("Commands"));
}

static void put_info(const struct stanza *st, const char *type, const char *title,
                     struct xml *query)
{
	static const char *const features[] = { NS_COMMANDS, NS_DATA };

	disco_put_identity(st->a, query, "automation", type, title);
	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		xml_set(st->a, xml_add(st->a, query, "feature", NULL), "var",
		        str_from(features[i]));
}

static enum node_answer on_node(const struct stanza *st, bool items, struct str node,
                                struct xml *query)
{
	struct command_node found;

	if (!node.n) {
		put_list_node(st, query);
		return NODE_UNKNOWN;
	}
	if (str_is(node, NS_COMMANDS)) {
		if (items)
			put_list(st, query);
		else
			put_info(st, "command-list", "Commands", query);
		return NODE_KNOWN;
	}
	if (!find_node(st, node, &found))
		return NODE_UNKNOWN;
	if (!may_see(st, &found))
		return NODE_FORBIDDEN;
	if (!items)
		put_info(st, "command-node", found.title, query);
	return NODE_KNOWN;
}

/* ---- sessions ----------------------------------------------------------------------------- */

static void on_tick(uv_timer_t *timer)
{
	struct worker *w = timer->data;

	adhoc_expire(list_of(w), loop_now_ms(w->loop));
	if (!list_of(w)->waiting)
		uv_timer_stop(timer);
}

static void wait_for_step(struct worker *w, struct adhoc *s)
{
	struct adhoc_state *state = state_of(w);

	adhoc_wait(&state->list, s, loop_now_ms(w->loop));
	if (!state->tick) {
		state->tick = base_calloc(1, sizeof(*state->tick));
		state->tick->data = w;
		uv_timer_init(&w->loop->uv, state->tick);
	}
	if (!uv_is_active((const uv_handle_t *)state->tick))
		uv_timer_start(state->tick, on_tick, TICK_MS, TICK_MS);
}

/* ---- answers ------------------------------------------------------------------------------ */

/* Section 4.4: the error, and what exactly is wrong. */
static void refuse(const struct stanza *st, enum stanza_error e, const char *condition)
{
	struct xml *x = stanza_error(st, e);

	xml_add(st->a, xml_child(x, "error", NULL), condition, NS_COMMANDS);
	im_route(st->w, x, st->a);
}

static struct xml *put_command(const struct stanza *st, const struct adhoc *s,
                               const char *status, struct xml *reply)
{
	struct xml *x = xml_add(st->a, reply, "command", NS_COMMANDS);

	xml_set(st->a, x, "node", node_text(&s->node, st->a));
	xml_set(st->a, x, "sessionid", str_from(s->id));
	xml_set(st->a, x, "status", str_from(status));
	return x;
}

static void put_actions(const struct stanza *st, const struct adhoc *s, struct xml *x)
{
	struct xml *actions = xml_add(st->a, x, "actions", NULL);

	xml_set(st->a, actions, "execute", STR("complete"));
	xml_add(st->a, actions, s->stage == ADHOC_FORM ? "next" : "prev", NULL);
	xml_add(st->a, actions, "complete", NULL);
}

/* Those that the asker is an administrator of. */
static struct adhoc_hosts his_hosts(const struct stanza *st, struct str here)
{
	const struct server *server = st->w->server;
	struct str *p = arena_array(st->a, struct str, server->hosts.n);
	size_t n = 0;

	vec_for_each(host, &server->hosts) {
		if (server_may(server, MAY_CONFIGURE, host->name, st->from, NULL))
			p[n++] = host->name;
	}
	return (struct adhoc_hosts){ p, n, here };
}

/* The stage, with (not empty) what was wrong with the last step. The session waits. */
static void show(const struct stanza *st, struct adhoc *s, struct str trouble)
{
	struct adhoc_hosts hosts = his_hosts(st, s->here);
	struct xml *reply = stanza_result(st);
	struct xml *x = put_command(st, s, "executing", reply);

	put_actions(st, s, x);
	if (trouble.n)
		adhoc_put_note(st->a, x, "error", trouble);
	if (s->stage == ADHOC_FORM)
		adhoc_put_form(&s->node, &s->values, &hosts, st->a, x);
	else
		adhoc_put_review(&s->node, &s->values, st->a, x);
	wait_for_step(st->w, s);
	im_route(st->w, reply, st->a);
}

/* ---- running ------------------------------------------------------------------------------ */

static void run_free(struct run *r)
{
	buf_fini(&r->text);
	arena_fini(&r->arena);
	free(r);
}

static bool has_fields(const struct adhoc *s)
{
	return s->node.fields[0];
}

static void answer_run(struct run *r, const struct stanza *st)
{
	struct adhoc *s = r->in;
	struct str text = str_trim(buf_as_str(&r->text));
	bool all_failed = r->failed == (r->n ? r->n : 1);

	if (all_failed && has_fields(s)) {
		s->stage = ADHOC_FORM;
		show(st, s, text);
		return;
	}
	struct xml *reply = stanza_result(st);
	struct xml *x = put_command(st, s, "completed", reply);
	if (r->failed)
		adhoc_put_note(st->a, x, all_failed ? "error" : "warn", text);
	else
		adhoc_put_result(&s->node, &s->values, text, s->here, st->a, x);
	im_route(st->w, reply, st->a);
	adhoc_free(list_of(st->w), s);
}

static void run_ends(struct run *r)
{
	struct stanza st = { .w = r->w, .a = &r->arena, .x = r->asked };

	if (stanza_read(&st) == 0)
		answer_run(r, &st);
	else
		adhoc_free(list_of(r->w), r->in);
	run_free(r);
}

static void run_next(struct run *r);

static void take_answer(struct run *r, bool ok, struct str text)
{
	r->failed += !ok;
	buf_cstr(&r->text, r->text.n ? "\n" : "");
	if (!ok && r->n > 1)
		buf_fmt(&r->text, STR_FMT ": ", STR_ARG(jid_str(r->accounts[r->at])));
	buf_str(&r->text, text);
	if (++r->at < r->n)
		run_next(r);
	else
		run_ends(r);
}

/* The command does not hold its own copies of secrets any longer than this. */
static void on_answer(struct call *call, bool ok, struct str text)
{
	struct run *r = call->arg;
	auto_arena a = { 0 };
	struct str said = arena_str(&a, text);

	for (size_t i = 0; i < call->n_args; i++)
		secret_wipe((void *)(uintptr_t)call->args[i].p, call->args[i].n);
	arena_fini(&call->arena);
	take_answer(r, ok, said);
}

/* Whether the asker is an administrator of the host that the arguments name. */
static bool may_run(const struct run *r, const struct command *command)
{
	int at = command_host_arg(command);
	auto_arena a = { 0 };
	struct str host = STR("");

	if (at >= 0 && jid_prep_domain(r->call.args[at], &a, &host) < 0)
		return true; /* the command has words for that */
	return server_may(r->w->server, MAY_CONFIGURE, host, r->in->who, NULL);
}

static void run_next(struct run *r)
{
	const struct adhoc *s = r->in;
	struct jid none = { 0 }, account = r->n ? r->accounts[r->at] : none;
	const struct command *command = adhoc_command(&s->node, account);

	r->call = (struct call){ .daemon = r->w->server->daemon,
		                 .answer = on_answer,
		                 .arg = r };
	adhoc_fill(&s->node, &s->values, account, s->here, &r->call);
	if (may_run(r, command))
		command->run(&r->call);
	else
		on_answer(&r->call, false, STR("you are no administrator of that host"));
}

/* Enough of the stanza to answer it; secrets in its form are not kept. */
static struct xml *without_form(const struct stanza *st, struct arena *a)
{
	struct xml *x = stanza_new(a, "iq", "set", st->from, st->to);

	xml_set(a, x, "id", arena_str(a, xml_get(st->x, "id")));
	xml_add(a, x, "command", NS_COMMANDS);
	return x;
}

/* Takes the session, which is in no list. */
static void run(const struct stanza *st, struct adhoc *s)
{
	struct run *r = base_calloc(1, sizeof(*r));
	struct str why;

	r->in = s;
	r->w = st->w;
	if (adhoc_accounts(&s->node, &s->values, &r->arena, r->accounts, &r->n, &why) <
	    0) {
		s->stage = ADHOC_FORM;
		show(st, s, arena_str(st->a, why));
		run_free(r);
		return;
	}
	log_line(&st->w->server->log, LOG_LEVEL_NOTICE, "admin.command",
	         STR_FMT " runs %s%s%s", STR_ARG(jid_str(st->from)),
	         s->node.command->name, r->n ? " for " : "",
	         r->n ? str_dup_c(&r->arena, jid_str(r->accounts[0])) : "");
	r->asked = without_form(st, &r->arena);
	run_next(r);
}

/* ---- steps -------------------------------------------------------------------------------- */

enum action {
	ACTION_EXECUTE,
	ACTION_CANCEL,
	ACTION_PREV,
	ACTION_NEXT,
	ACTION_COMPLETE,
	ACTION_UNKNOWN,
};

static enum action read_action(const struct xml *payload)
{
	static const char *const names[] = { "execute", "cancel", "prev", "next",
		                             "complete" };
	struct str name = xml_get(payload, "action");

	if (!name.p)
		return ACTION_EXECUTE;
	for (int i = 0; i < ACTION_UNKNOWN; i++) {
		if (str_is(name, names[i]))
			return (enum action)i;
	}
	return ACTION_UNKNOWN;
}

static void begin(const struct stanza *st, const struct command_node *node,
                  enum action action)
{
	if (action != ACTION_EXECUTE) {
		refuse(st, ERROR_BAD_REQUEST, "bad-action");
		return;
	}
	struct adhoc *s = adhoc_new(list_of(st->w), node, st->from, jid_domain(st->to));
	if (!s)
		im_fail(st, ERROR_RESOURCE_CONSTRAINT);
	else if (has_fields(s))
		show(st, s, STR(""));
	else
		run(st, s);
}

/* The form is filled in: on to reading it over, or to running. */
static void take_form(const struct stanza *st, struct adhoc *s, const struct xml *form,
                      enum action action)
{
	struct str why = STR("");

	adhoc_forget_values(s);
	int r = adhoc_read_form(&s->node, form, &s->filled, &s->values, &why);
	adhoc_take(list_of(st->w), s);
	if (r < 0) {
		show(st, s, arena_str(st->a, why));
	} else if (action == ACTION_NEXT) {
		s->stage = ADHOC_REVIEW;
		show(st, s, STR(""));
	} else {
		run(st, s);
	}
}

static void cancel(const struct stanza *st, struct adhoc *s)
{
	struct xml *reply = stanza_result(st);

	put_command(st, s, "canceled", reply);
	im_route(st->w, reply, st->a);
	adhoc_take(list_of(st->w), s);
	adhoc_free(list_of(st->w), s);
}

static void go_on(const struct stanza *st, struct adhoc *s, const struct xml *payload,
                  enum action action)
{
	const struct xml *form = form_find(payload, "submit");

	if (action == ACTION_CANCEL) {
		cancel(st, s);
	} else if (action == (s->stage == ADHOC_FORM ? ACTION_PREV : ACTION_NEXT)) {
		refuse(st, ERROR_BAD_REQUEST, "bad-action");
	} else if (s->stage == ADHOC_FORM) {
		if (form)
			take_form(st, s, form, action);
		else
			refuse(st, ERROR_BAD_REQUEST, "bad-payload");
	} else {
		adhoc_take(list_of(st->w), s);
		if (action == ACTION_PREV) {
			s->stage = ADHOC_FORM;
			show(st, s, STR(""));
		} else {
			run(st, s);
		}
	}
}

static void on_command(struct stanza *st, struct xml *payload, struct user *u)
{
	enum action action = read_action(payload);
	struct command_node node;
	struct adhoc *s;

	(void)u;
	if (!find_node(st, xml_get(payload, "node"), &node)) {
		im_fail(st, ERROR_ITEM_NOT_FOUND);
	} else if (!may_see(st, &node)) {
		im_fail(st, ERROR_FORBIDDEN);
	} else if (action == ACTION_UNKNOWN) {
		refuse(st, ERROR_BAD_REQUEST, "malformed-action");
	} else if (!xml_has(payload, "sessionid")) {
		begin(st, &node, action);
	} else {
		s = adhoc_find(list_of(st->w), xml_get(payload, "sessionid"), &node,
		               st->from, jid_domain(st->to));
		if (s)
			go_on(st, s, payload, action);
		else
			refuse(st, ERROR_BAD_REQUEST, "bad-sessionid");
	}
}

static void on_tick_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_stop(struct worker *w)
{
	struct adhoc_state *state = state_of(w);

	adhoc_expire(&state->list, UINT64_MAX);
	if (state->tick)
		uv_close((uv_handle_t *)state->tick, on_tick_closed);
	state->tick = NULL;
}

extern const struct module mod_adhoc;
const struct module mod_adhoc = {
	.name = "mod_adhoc",
	.host_features = NAMES(NS_COMMANDS),
	.iq = LIST(struct iq_handler,
	           { TYPE_SET, TO_HOST, NS_COMMANDS, "command", on_command }),
	.on_node = on_node,
	.on_stop = on_stop,
};
