/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Forms of ad-hoc commands. */
#include "herald/modules/adhoc.h"

#include <errno.h>

#include "herald/auth/digest.h"
#include "herald/modules/form.h"

#define NS_ADMIN "http://jabber.org/protocol/admin"

/* What is known of fields; one that is not here is a line of text that must be filled in, with
 * its name for a label. */
struct field {
	const char *name, *type, *label;
	bool may_be_empty;
	const char *choices;
};

static const struct field fields[] = {
	{ "user", "text-single", "Name of the account", false, NULL },
	{ "host", "list-single", "Host", false, NULL },
	{ "localuser", "text-single", "Name of the account", false, NULL },
	{ "localhost", "list-single", "Host", false, NULL },
	{ "server", "list-single", "Host", false, NULL },
	{ "password", "text-private", "Password", false, NULL },
	{ "password-verify", "text-private", "The password again", false, NULL },
	{ "newpass", "text-private", "New password", false, NULL },
	{ "accountjid", "jid-single", "Account", false, NULL },
	{ "accountjids", "jid-multi", "Accounts", false, NULL },
	{ "days", "text-single", "How many days", false, NULL },
	{ "num", "text-single", "Number of the session, from 1", false, NULL },
	{ "status", "list-single", "Presence", false,
	  "available chat away xa dnd unavailable all" },
	{ "max_items", "text-single", "How many at most", true, NULL },
	{ "reason", "text-single", "Reason", true, NULL },
	{ "subject", "text-single", "Subject", true, NULL },
	{ "body", "text-multi", "Text", false, NULL },
	{ "announcement", "text-multi", "Text", false, NULL },
	{ "motd", "text-multi", "Text", false, NULL },
	{ "nick", "text-single", "Name in the roster", true, NULL },
	{ "group", "text-single", "Groups, with ; between", true, NULL },
	{ "subs", "list-single", "Subscription", false, "none to from both" },
	{ "type", "list-single", "Type", false, "normal chat headline" },
	{ "loglevel", "list-single", "Level", false,
	  "none emergency alert critical error warning notice info debug" },
	{ "--dry-run", "boolean", "Only check it", true, NULL },
};

/* A field of a node: for (struct place p = place_at(node); next_field(&p); p.i++) { … } */
struct place {
	struct str words; /* that follow */
	size_t i;
	struct str name;
	bool optional, is_flag;
	struct field is;
};

static struct place place_at(const struct command_node *node)
{
	return (struct place){ .words = str_from(node->fields) };
}

static bool next_field(struct place *p)
{
	struct command_arg arg;

	if (p->i == COMMAND_ARGS_MAX || !command_next_arg(&p->words, &arg))
		return false;
	p->name = arg.name;
	p->optional = arg.optional;
	p->is_flag = arg.is_flag;
	p->is = (struct field){ NULL, "text-single", NULL, false, NULL };
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (str_is(arg.name, fields[i].name))
			p->is = fields[i];
	}
	return true;
}

static bool is_secret(const struct place *p)
{
	return strcmp(p->is.type, "text-private") == 0;
}

static bool is_required(const struct place *p)
{
	return !p->optional && !p->is.may_be_empty;
}

static struct str label(const struct place *p)
{
	return p->is.label ? str_from(p->is.label) : p->name;
}

/* The value of a field; p == NULL when the node has none of that name. */
static struct str value_of(const struct command_node *node, const struct adhoc_values *v,
                           struct str name)
{
	for (struct place p = place_at(node); next_field(&p); p.i++) {
		if (str_eq(p.name, name))
			return v->p[p.i].p ? v->p[p.i] : STR("");
	}
	return (struct str){ NULL, 0 };
}

/* ---- lines -------------------------------------------------------------------------------- */

/* The next line, taken off *text; false behind the last. */
static bool next_line(struct str *text, struct str *line)
{
	if (!text->n)
		return false;
	*line = str_sub(*text, 0, str_find(*text, '\n'));
	*text = str_sub(*text, line->n + 1, text->n);
	return true;
}

static void put_lines(struct arena *a, struct xml *field, struct str text)
{
	struct str line;

	while (next_line(&text, &line))
		form_add_value(a, field, line);
}

/* ---- asking ------------------------------------------------------------------------------- */

/* Other commands' fields are nobody's standard. */
static void put_type(const struct command_node *node, struct arena *a, struct xml *form)
{
	if (str_starts(str_from(node->prefix), STR(NS_ADMIN)))
		form_add_type(a, form, NS_ADMIN);
}

static struct xml *put_head(const struct command_node *node, struct arena *a,
                            struct xml *parent)
{
	struct xml *form = form_add(a, parent, "form");

	xml_add_text(a, form, "title", NULL, str_from(node->title));
	xml_add_text(a, form, "instructions", NULL, str_from(node->command->help));
	put_type(node, a, form);
	return form;
}

static void put_choices(struct arena *a, struct xml *field, const struct field *f,
                        const struct adhoc_hosts *hosts)
{
	struct str words = str_from(f->choices ? f->choices : "");

	for (struct str word; (word = command_next_word(&words)).n;)
		form_add_option(a, field, word);
	for (size_t i = 0; !f->choices && i < hosts->n; i++)
		form_add_option(a, field, hosts->p[i]);
}

void adhoc_put_form(const struct command_node *node, const struct adhoc_values *v,
                    const struct adhoc_hosts *hosts, struct arena *a, struct xml *parent)
{
	struct xml *form = put_head(node, a, parent);

	for (struct place p = place_at(node); next_field(&p); p.i++) {
		struct xml *field = form_add_field(a, form, p.is.type, p.name);
		bool list = strcmp(p.is.type, "list-single") == 0;
		xml_set(a, field, "label", label(&p));
		if (is_required(&p))
			xml_add(a, field, "required", NULL);
		if (v->p[p.i].n && !is_secret(&p))
			put_lines(a, field, v->p[p.i]);
		else if (list && !p.is.choices)
			form_add_value(a, field, hosts->here);
		if (list)
			put_choices(a, field, &p.is, hosts);
	}
}

void adhoc_put_review(const struct command_node *node, const struct adhoc_values *v,
                      struct arena *a, struct xml *parent)
{
	struct xml *form = put_head(node, a, parent);

	for (struct place p = place_at(node); next_field(&p); p.i++) {
		struct str value = is_secret(&p) ? STR("(not shown)") : v->p[p.i];
		if (!v->p[p.i].n)
			continue;
		struct xml *field = xml_add(a, form, "field", NULL);
		xml_set(a, field, "type", STR("fixed"));
		form_add_value(a, field,
		               arena_fmt(a, STR_FMT ": " STR_FMT, STR_ARG(label(&p)),
		                         STR_ARG(value)));
	}
}

/* ---- reading ------------------------------------------------------------------------------ */

/* XEP-0004 section 3.3: a boolean that is not set is nothing. */
static struct str read_value(const struct xml *form, const struct place *p,
                             struct arena *a)
{
	struct str value = form_value(form, p->name, a);

	if (!p->is_flag)
		return value;
	return str_is(value, "1") || str_is(value, "true") ? p->name : STR("");
}

int adhoc_read_form(const struct command_node *node, const struct xml *form,
                    struct arena *a, struct adhoc_values *v, struct str *why)
{
	int r = 0;

	*v = (struct adhoc_values){ 0 };
	for (struct place p = place_at(node); next_field(&p); p.i++) {
		v->p[p.i] = read_value(form, &p, a);
		if (r < 0 || v->p[p.i].n || !is_required(&p))
			continue;
		*why = arena_fmt(a, "`" STR_FMT "` is missing", STR_ARG(label(&p)));
		r = -EINVAL;
	}
	struct str again = value_of(node, v, STR("password-verify"));
	if (r == 0 && again.p && !str_eq(again, value_of(node, v, STR("password")))) {
		*why = STR("the two passwords are not the same");
		r = -EINVAL;
	}
	return r;
}

void adhoc_wipe(const struct command_node *node, struct adhoc_values *v)
{
	for (struct place p = place_at(node); next_field(&p); p.i++) {
		if (is_secret(&p) && v->p[p.i].n)
			secret_wipe((void *)(uintptr_t)v->p[p.i].p, v->p[p.i].n);
	}
}

int adhoc_accounts(const struct command_node *node, const struct adhoc_values *v,
                   struct arena *a, struct jid *out, size_t *n, struct str *why)
{
	struct str text = value_of(node, v, STR("accountjid")), line;
	bool one = text.p;

	text = one ? text : value_of(node, v, STR("accountjids"));

	*n = 0;
	while (next_line(&text, &line)) {
		line = str_trim(line);
		if (!line.n)
			continue;
		if (*n == (one ? 1 : ADHOC_ACCOUNTS_MAX)) {
			*why = arena_fmt(a, "at most %zu accounts at once", *n);
			return -EINVAL;
		}
		if (jid_parse(line, a, &out[*n]) < 0 || !out[*n].local_n ||
		    (out[*n].resource_n && !node->session_command)) {
			*why = arena_fmt(a,
			                 "`" STR_FMT
			                 "` is not the address of an account, "
			                 "such as alice@example.org",
			                 STR_ARG(line));
			return -EINVAL;
		}
		(*n)++;
	}
	return 0;
}

/* ---- arguments ---------------------------------------------------------------------------- */

static struct str argument(const struct command_node *node, const struct adhoc_values *v,
                           struct jid account, struct str here, struct str word)
{
	if (str_is(word, "@user"))
		return jid_local(account);
	if (str_is(word, "@host"))
		return jid_domain(account);
	if (str_is(word, "@resource"))
		return jid_resource(account);
	if (str_is(word, "@here"))
		return here;
	if (str_starts(word, STR("=")))
		return str_sub(word, 1, word.n);
	return value_of(node, v, word);
}

const struct command *adhoc_command(const struct command_node *node, struct jid account)
{
	return account.resource_n ? node->session_command : node->command;
}

void adhoc_fill(const struct command_node *node, const struct adhoc_values *v,
                struct jid account, struct str here, struct call *call)
{
	const char *given = account.resource_n ? node->session_args : node->args;
	struct str words = str_from(given ? given : node->fields);
	struct str args = str_from(adhoc_command(node, account)->args);
	struct command_arg word, arg;

	call->n_args = 0;
	while (call->n_args < COMMAND_ARGS_MAX && command_next_arg(&words, &word) &&
	       command_next_arg(&args, &arg)) {
		struct str value = argument(node, v, account, here, word.name);
		if (value.n || !arg.optional)
			call->args[call->n_args++] = arena_str(&call->arena, value);
	}
}

/* ---- results ------------------------------------------------------------------------------ */

/* As many lines as a stanza should have. */
static struct str first_lines(struct str text, uint64_t most)
{
	size_t n = 0;

	while (n < text.n && (text.p[n] != '\n' || --most > 0))
		n++;
	return str_sub(text, 0, n);
}

/* XML has no other control characters. */
static struct str clean(struct str text, struct arena *a)
{
	char *copy = str_dup_c(a, text);

	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)copy[i] < 0x20 && copy[i] != '\n' && copy[i] != '\t')
			copy[i] = ' ';
	}
	return (struct str){ copy, text.n };
}

void adhoc_put_note(struct arena *a, struct xml *parent, const char *type,
                    struct str text)
{
	struct xml *note = xml_add_text(a, parent, "note", NULL, clean(text, a));

	xml_set(a, note, "type", str_from(type));
}

/* XEP-0133's lists have addresses, commands names, and more columns behind the first. */
static void put_named(const struct command_node *node, struct str answer, struct str here,
                      struct arena *a, struct xml *form)
{
	bool jids = str_ends(str_from(node->result), STR("jids"));
	struct xml *field = form_add_field(a, form, jids ? "jid-multi" : "text-single",
	                                   str_from(node->result));
	struct str line;

	xml_set(a, field, "label", str_from(node->title));
	while (next_line(&answer, &line)) {
		line = str_sub(line, 0, str_find(line, '\t'));
		if (jids && str_find(line, '@') == line.n)
			line = arena_fmt(a, STR_FMT "@" STR_FMT, STR_ARG(line),
			                 STR_ARG(here));
		form_add_value(a, field, line);
	}
}

/* Lines of a field and a value; a field may have several. */
static void put_fields(struct str answer, struct arena *a, struct xml *form)
{
	struct xml *field = NULL;
	struct str name = STR(""), line;

	while (next_line(&answer, &line)) {
		size_t tab = str_find(line, '\t');
		if (!field || !str_eq(name, str_sub(line, 0, tab))) {
			name = str_sub(line, 0, tab);
			field = form_add_field(a, form, "text-multi", name);
		}
		form_add_value(a, field, str_sub(line, tab + 1, line.n));
	}
}

static void put_table(const char *columns, struct str answer, struct arena *a,
                      struct xml *form)
{
	struct xml *reported = xml_add(a, form, "reported", NULL);
	struct str words = str_from(columns), line;

	for (struct str word; (word = command_next_word(&words)).n;)
		xml_set(a, form_add_field(a, reported, "text-single", word), "label",
		        word);
	while (next_line(&answer, &line)) {
		struct xml *item = xml_add(a, form, "item", NULL);
		words = str_from(columns);
		for (struct str word; (word = command_next_word(&words)).n;) {
			struct str cell = str_sub(line, 0, str_find(line, '\t'));
			form_add_value(a, form_add_field(a, item, NULL, word), cell);
			line = str_sub(line, cell.n + 1, line.n);
		}
	}
}

void adhoc_put_result(const struct command_node *node, const struct adhoc_values *v,
                      struct str answer, struct str here, struct arena *a,
                      struct xml *parent)
{
	const char *columns = node->command->columns;
	bool lines = str_find(answer, '\n') < answer.n;
	uint64_t most = 0;

	answer = clean(answer, a);
	if (!node->result && !columns[0] && !lines) {
		adhoc_put_note(a, parent, "info", answer.n ? answer : STR("It is done."));
		return;
	}
	struct xml *form = form_add(a, parent, "result");
	xml_add_text(a, form, "title", NULL, str_from(node->title));
	put_type(node, a, form);
	if (str_to_u64(value_of(node, v, STR("max_items")), 10, &most) < 0 || !most)
		most = UINT64_MAX;
	struct str all = first_lines(answer, most);
	answer = first_lines(all, ADHOC_LINES_MAX);
	if (answer.n < all.n)
		adhoc_put_note(
			a, parent, "warn",
			arena_fmt(a, "These are the first %d lines.", ADHOC_LINES_MAX));
	if (node->result)
		put_named(node, answer, here, a, form);
	else if (strcmp(columns, COMMAND_FIELDS) == 0)
		put_fields(answer, a, form);
	else if (columns[0])
		put_table(columns, answer, a, form);
	else
		put_lines(a, form_add_field(a, form, "text-multi", STR("result")),
		          answer);
}
