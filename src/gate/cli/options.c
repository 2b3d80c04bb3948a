/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * One scan over argv. Each option is found in the tables (by letter, by name, or by the
 * beginning of a name that only one option has, as getopt_long does) and then taken by one
 * switch. A verb of ours among the words adds its own table.
 */
#include "gate/cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "gate/cli/verbs.h"

// clang-format off
/* nft(8), section OPTIONS, in its order; the last group is ours. */
const struct option_row option_rows[] = {
	{ 'h', OPT_HELP, "help", NULL, "show this help" },
	{ 'v', OPT_VERSION, "version", NULL, "show the version" },
	{ 'V', OPT_VERSION_LONG, NULL, NULL, "show the version and what was built in" },
	{ 'f', OPT_FILE, "file", "FILE", "read commands from FILE (`-`: standard input); several are one transaction" },
	{ 'D', OPT_DEFINE, "define", "NAME=VALUE", "define $NAME for the files" },
	{ 'i', OPT_INTERACTIVE, "interactive", NULL, "read commands from the terminal" },
	{ 'I', OPT_INCLUDE, "includepath", "DIR", "look for included files in DIR too, after /etc" },
	{ 'c', OPT_CHECK, "check", NULL, "check only, change nothing" },
	{ 'o', OPT_OPTIMIZE, "optimize", NULL, "merge rules (not supported by gate yet)" },
	{ 'a', OPT_HANDLE, "handle", NULL, "show handles" },
	{ 's', OPT_STATELESS, "stateless", NULL, "leave out counters and other state" },
	{ 't', OPT_TERSE, "terse", NULL, "leave out the elements of sets" },
	{ 'S', OPT_SERVICE, "service", NULL, "show ports by service name" },
	{ 'N', OPT_DNS, "reversedns", NULL, "show addresses by host name (asks the resolver)" },
	{ 'u', OPT_GUID, "guid", NULL, "show users and groups by name" },
	{ 'n', OPT_NUMERIC, "numeric", NULL, "show numbers for everything" },
	{ 'y', OPT_NUMERIC_PRIORITY, "numeric-priority", NULL, "show chain priorities as numbers" },
	{ 'p', OPT_NUMERIC_PROTOCOL, "numeric-protocol", NULL, "show layer 4 protocols as numbers" },
	{ 'T', OPT_NUMERIC_TIME, "numeric-time", NULL, "show times as numbers" },
	{ 'e', OPT_ECHO, "echo", NULL, "print what was added, as the kernel has it" },
	{ 'j', OPT_JSON, "json", NULL, "JSON in and out (not supported by gate yet)" },
	{ 'd', OPT_DEBUG, "debug", "TOPICS", "`netlink` prints the byte code of rules" },
	{ 0, OPT_ERRORS, "errors", "FORM", "errors as `text` or `json`, on standard error" },
	{ 0, OPT_COLOUR, "color", NULL, "colour the errors also where no terminal is" },
	{ 0, OPT_NO_COLOUR, "no-color", NULL, "never colour the errors" },
	{ 0 },
};

static const struct { enum option_what first; const char *title; } groups[] = {
	{ OPT_HELP, "General" },
	{ OPT_FILE, "Input" },
	{ OPT_HANDLE, "Listing" },
	{ OPT_ECHO, "Output" },
	{ OPT_ERRORS, "Beyond nft" },
};

/* nft(8): -d. Only byte code makes sense here: the other stages are not nft's. */
static const char *const debug_topics[] = {
	"scanner", "parser", "eval", "netlink", "mnl", "proto-ctx", "segtree", "all",
};
// clang-format on

/* One scan. */
struct scan {
	struct options *o;
	struct arena *a;
	struct diags *diags;
	int argc;
	char **argv;
	uint32_t *off; /* where argv[i] begins in the source */
	int at;        /* the argument being read */
};

static bool row_is_end(const struct option_row *row)
{
	return !row->letter && !row->name;
}

static bool row_is_ours(const struct option_row *row)
{
	return row->what >= OPT_ERRORS;
}

static struct span arg_span(const struct scan *s, int i)
{
	return (struct span){ s->o->line_file, s->off[i], (uint32_t)strlen(s->argv[i]) };
}

/* argv as one source, with the program's name but not its folder. */
static void add_line(struct scan *s, struct sources *sources)
{
	auto_buf line = { 0 };

	s->off = arena_array(s->a, uint32_t, (size_t)s->argc + 1);
	for (int i = 0; i < s->argc; i++) {
		if (i > 0)
			buf_char(&line, ' ');
		s->off[i] = (uint32_t)line.n;
		const char *slash = i == 0 ? strrchr(s->argv[0], '/') : NULL;
		buf_cstr(&line, slash ? slash + 1 : s->argv[i]);
	}
	struct str text = arena_str(s->a, buf_as_str(&line));
	s->o->line_file = sources_add(sources, STR("command line"), text);
}

/* Row of the `i`th option: the common table, then the verb's. NULL behind the last. */
static const struct option_row *row_at(const struct options *o, size_t i)
{
	size_t common = 0;

	while (!row_is_end(&option_rows[common]))
		common++;
	if (i < common)
		return &option_rows[i];
	const struct option_row *own = o->verb ? o->verb->options : NULL;
	if (!own || row_is_end(&own[i - common]))
		return NULL;
	return &own[i - common];
}

static const struct option_row *find_letter(const struct options *o, char letter)
{
	const struct option_row *row;

	for (size_t i = 0; (row = row_at(o, i)); i++)
		if (row->letter == letter)
			return row;
	return NULL;
}

/* Rows whose names begin with `name`, nft's or ours; *n counts them. An equal name is the one. */
static const struct option_row *find_start(const struct options *o, struct str name,
                                           bool ours, size_t *n)
{
	const struct option_row *row, *found = NULL;

	*n = 0;
	for (size_t i = 0; (row = row_at(o, i)); i++) {
		if (!row->name || row_is_ours(row) != ours ||
		    !str_starts(str_from(row->name), name))
			continue;
		found = row;
		if (strlen(row->name) == name.n) {
			*n = 1;
			return row;
		}
		++*n;
	}
	return found;
}

static void report_unknown(struct scan *s, struct str name)
{
	struct str names[64];
	size_t n = 0;
	const struct option_row *row;

	for (size_t i = 0; (row = row_at(s->o, i)) && n < ARRAY_LEN(names); i++)
		if (row->name)
			names[n++] = str_from(row->name);
	struct diag *d = diag_error(s->diags, "E0900", arg_span(s, s->at),
	                            "there is no option `--" STR_FMT "`", STR_ARG(name));
	struct str near = str_nearest(name, names, n);
	if (near.n)
		diag_help(s->diags, d, "did you mean `--" STR_FMT "`?", STR_ARG(near));
	else
		diag_help(s->diags, d,
		          "`--help` lists the options; behind `--` everything "
		          "is taken as words of the command");
}

static void report_ambiguous(struct scan *s, struct str name)
{
	auto_buf list = { 0 };
	const struct option_row *row;

	for (size_t i = 0; (row = row_at(s->o, i)); i++)
		if (row->name && str_starts(str_from(row->name), name))
			buf_fmt(&list, "%s`--%s`", list.n ? ", " : "", row->name);
	struct diag *d =
		diag_error(s->diags, "E0901", arg_span(s, s->at),
	                   "several options begin with `--" STR_FMT "`", STR_ARG(name));
	diag_help(s->diags, d, "one of %s", list.p);
}

/* The row of a long name or its beginning, or NULL after a report. */
static const struct option_row *find_name(struct scan *s, struct str name)
{
	size_t theirs, ours;
	const struct option_row *row = find_start(s->o, name, false, &theirs);
	const struct option_row *own = find_start(s->o, name, true, &ours);

	/* Whatever nft takes must go on meaning the same, whatever we add. */
	if (own && ours == 1 && (theirs == 0 || strlen(own->name) == name.n))
		return own;
	if (theirs == 1)
		return row;
	if (theirs + ours == 0)
		report_unknown(s, name);
	else
		report_ambiguous(s, name);
	return NULL;
}

static void list_add(struct scan *s, struct str_list *l, struct str value)
{
	if (!l->p) /* no list is longer than argv */
		l->p = arena_array(s->a, struct str, (size_t)s->argc);
	l->p[l->n++] = value;
}

static void take_define(struct scan *s, struct str value)
{
	size_t eq = str_find(value, '=');
	struct str name = str_sub(value, 0, eq);
	bool is_name = name.n > 0 && !memchr("0123456789/-", name.p[0], 12);

	for (size_t i = 0; i < name.n; i++)
		is_name &=
			isalnum((unsigned char)name.p[i]) || memchr("_/.-", name.p[i], 4);
	if (eq < value.n && is_name) {
		list_add(s, &s->o->defines, value);
		return;
	}
	struct diag *d = diag_error(s->diags, "E0903", arg_span(s, s->at),
	                            "`-D` wants a definition");
	diag_help(s->diags, d, "-D name=value, for example -D lan=192.168.1.0/24");
}

static void take_topic(struct scan *s, struct str topic)
{
	struct str names[ARRAY_LEN(debug_topics)];

	for (size_t i = 0; i < ARRAY_LEN(debug_topics); i++)
		names[i] = str_from(debug_topics[i]);
	if (str_is(topic, "netlink")) {
		s->o->debug_netlink = true;
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(topic, names[i])) {
			struct diag *no = diag_error(
				s->diags, "E0909", arg_span(s, s->at),
				"not supported by gate yet: `--debug=" STR_FMT "`",
				STR_ARG(topic));
			diag_help(s->diags, no, "`--debug=netlink` prints the byte code");
			return;
		}
	}
	struct diag *d =
		diag_error(s->diags, "E0904", arg_span(s, s->at),
	                   "there is no debug topic `" STR_FMT "`", STR_ARG(topic));
	struct str near = str_nearest(topic, names, ARRAY_LEN(names));
	if (near.n)
		diag_help(s->diags, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
}

static void take_debug(struct scan *s, struct str topics)
{
	for (;;) {
		size_t comma = str_find(topics, ',');
		take_topic(s, str_sub(topics, 0, comma));
		if (comma == topics.n)
			return;
		topics = str_sub(topics, comma + 1, topics.n);
	}
}

static void take_errors(struct scan *s, struct str form)
{
	if (str_is(form, "json") || str_is(form, "text")) {
		s->o->errors_json = str_is(form, "json");
		return;
	}
	struct diag *d =
		diag_error(s->diags, "E0904", arg_span(s, s->at),
	                   "errors cannot be written as `" STR_FMT "`", STR_ARG(form));
	diag_help(s->diags, d, "--errors text, or --errors json");
}

static void take_numeric(struct format *f)
{
	f->numeric_all = f->numeric_priority = f->numeric_proto = f->numeric_time = true;
}

// clang-format off
static void take_option(struct scan *s, enum option_what what, struct str value)
{
	struct options *o = s->o;

	o->seen |= OPT_BIT(what);
	switch (what) {
	case OPT_HELP:             o->action = ACTION_HELP; return;
	case OPT_VERSION:          o->action = ACTION_VERSION; return;
	case OPT_VERSION_LONG:     o->action = ACTION_VERSION_LONG; return;
	case OPT_FILE:             list_add(s, &o->files, value); return;
	case OPT_DEFINE:           take_define(s, value); return;
	case OPT_INTERACTIVE:      o->interactive = true; return;
	case OPT_INCLUDE:          list_add(s, &o->include_dirs, value); return;
	case OPT_CHECK:            o->check = true; return;
	case OPT_OPTIMIZE:         return; /* refused by name, from `seen` */
	case OPT_HANDLE:           o->format.handles = true; return;
	case OPT_STATELESS:        o->format.stateless = true; return;
	case OPT_TERSE:            o->format.terse = true; return;
	case OPT_SERVICE:          o->format.names_service = true; return;
	case OPT_DNS:              o->format.names_dns = true; return;
	case OPT_GUID:             o->format.names_guid = true; return;
	case OPT_NUMERIC:          take_numeric(&o->format); return;
	case OPT_NUMERIC_PRIORITY: o->format.numeric_priority = true; return;
	case OPT_NUMERIC_PROTOCOL: o->format.numeric_proto = true; return;
	case OPT_NUMERIC_TIME:     o->format.numeric_time = true; return;
	case OPT_ECHO:             o->format.echo = true; return;
	case OPT_JSON:             o->json = true; return; /* refused but by verbs that take it */
	case OPT_DEBUG:            take_debug(s, value); return;
	case OPT_ERRORS:           take_errors(s, value); return;
	case OPT_COLOUR:           o->colour = COLOUR_ALWAYS; return;
	case OPT_NO_COLOUR:        o->colour = COLOUR_NEVER; return;
	case OPT_KERNEL:           o->kernel = value; return;
	case OPT_INTERFACES:       o->interfaces = value; return;
	case OPT_STATE:            o->state = value; return;
	case OPT_LIVE:             o->live = true; return;
	case OPT_ROUTER:           o->router = true; return;
	case OPT_WHY_NOT:          o->why_not = value; return;
	case OPT_ADDRESS:          list_add(s, &o->addresses, value); return;
	case OPT_BRIDGE:           list_add(s, &o->bridges, value); return;
	case OPT_ROUTE:            list_add(s, &o->routes, value); return;
	case OPT_FORMAT:           o->test_format = value; return;
	case OPT_SEED:             o->seed = value; return;
	case OPT_COVERAGE:         o->coverage = true; return;
	case OPT_COVERAGE_HTML:    o->coverage_html = value; return;
	case OPT_LOCAL:            list_add(s, &o->locals, value); return;
	case OPT_IN:               list_add(s, &o->ins, value); return;
	case OPT_AGAINST:          o->against = value; return;
	case OPT_PASSED:           o->passed = value; return;
	case OPT_STOPPED:          o->stopped = value; return;
	case OPT_CHECKSUMS:        o->checksums = true; return;
	case OPT_FLOWS:            o->flows = value; return;
	}
}
// clang-format on

/* The argument an option wants from the next word; false after a report. */
static bool next_value(struct scan *s, const char *shown, const struct option_row *row,
                       struct str *value)
{
	if (s->at + 1 < s->argc) {
		*value = str_from(s->argv[++s->at]);
		return true;
	}
	diag_error(s->diags, "E0902", arg_span(s, s->at), "`%s` wants its %s", shown,
	           row->argument);
	return false;
}

static void scan_long(struct scan *s, struct str text)
{
	size_t eq = str_find(text, '=');
	struct str value = str_sub(text, eq + 1, text.n);
	const struct option_row *row = find_name(s, str_sub(text, 0, eq));

	if (!row)
		return;
	if (eq < text.n && !row->argument) {
		diag_error(s->diags, "E0902", arg_span(s, s->at), "`--%s` takes no value",
		           row->name);
		return;
	}
	if (eq < text.n || !row->argument ||
	    next_value(s, arena_fmt(s->a, "--%s", row->name).p, row, &value))
		take_option(s, row->what, value);
}

/* `-an`, `-fFILE`, `-af FILE`. */
static void scan_letters(struct scan *s, struct str letters)
{
	for (size_t i = 0; i < letters.n && s->o->action == ACTION_RUN; i++) {
		const char shown[] = { '-', letters.p[i], '\0' };
		const struct option_row *row = find_letter(s->o, letters.p[i]);
		struct str value = str_sub(letters, i + 1, letters.n);
		if (!row) {
			struct diag *d = diag_error(s->diags, "E0900", arg_span(s, s->at),
			                            "there is no option `%s`", shown);
			diag_help(s->diags, d,
			          "`--help` lists the options; behind `--` "
			          "everything is taken as words of the command");
			return;
		}
		if (!row->argument) {
			take_option(s, row->what, STR(""));
			continue;
		}
		if (value.n || next_value(s, shown, row, &value))
			take_option(s, row->what, value);
		return;
	}
}

/* `-a`, `--anything`; neither `-` nor `-300` nor `-$x`. */
static bool is_option(const char *word)
{
	return word[0] == '-' && (word[1] == '-' || isalpha((unsigned char)word[1]));
}

static void take_word(struct scan *s)
{
	struct options *o = s->o;

	if (o->words.n == 0) {
		o->word_off = arena_array(s->a, uint32_t, (size_t)s->argc);
		if (!o->as_nft)
			o->verb = verb_by_name(str_from(s->argv[s->at]));
	}
	o->word_off[o->words.n] = s->off[s->at];
	list_add(s, &o->words, str_from(s->argv[s->at]));
}

int options_parse(struct options *o, int argc, char **argv, struct arena *a,
                  struct sources *sources, struct diags *diags)
{
	struct scan s = { .o = o, .a = a, .diags = diags, .argc = argc, .argv = argv };
	bool options_end = false;

	add_line(&s, sources);
	for (s.at = 1; s.at < argc && o->action == ACTION_RUN; s.at++) {
		const char *word = argv[s.at];
		if (options_end || !is_option(word)) {
			options_end |= strchr(word, '{') != NULL;
			take_word(&s);
		} else if (strcmp(word, "--") == 0) {
			options_end = true;
		} else if (word[1] == '-') {
			scan_long(&s, str_from(word + 2));
		} else {
			scan_letters(&s, str_from(word + 1));
		}
	}
	return diags_failed(diags) ? -EINVAL : 0;
}

struct span options_word_span(const struct options *o, size_t i)
{
	return (struct span){ o->line_file, o->word_off[i], (uint32_t)o->words.p[i].n };
}

static void help_row(const struct option_row *row, struct buf *out)
{
	size_t start = out->n;

	if (row->letter)
		buf_fmt(out, "  -%c%s", row->letter, row->name ? ", " : "");
	else
		buf_cstr(out, "      ");
	if (row->name)
		buf_fmt(out, "--%s", row->name);
	if (row->argument)
		buf_fmt(out, " %s", row->argument);
	size_t width = out->n - start;
	buf_repeat(out, ' ', width < 30 ? 30 - width : 1);
	buf_fmt(out, "%s\n", row->help);
}

static void help_verbs(struct buf *out)
{
	buf_cstr(out, "\nVerbs:\n");
	for (const struct verb *v = verbs; v->name; v++) {
		if (!v->run)
			continue;
		buf_fmt(out, "  %s\n      %s\n", v->usage, v->help);
		for (const struct option_row *row = v->options; row && !row_is_end(row);
		     row++)
			help_row(row, out);
	}
}

void options_help(const struct options *o, struct buf *out)
{
	size_t group = 0;

	buf_fmt(out, "Usage: %s [OPTION]... COMMAND\n", o->as_nft ? "nft" : "gate");
	buf_fmt(out, "       %s [OPTION]... -f FILE\n", o->as_nft ? "nft" : "gate");
	for (const struct option_row *row = option_rows; !row_is_end(row); row++) {
		if (group < ARRAY_LEN(groups) && groups[group].first == row->what)
			buf_fmt(out, "\n%s:\n", groups[group++].title);
		help_row(row, out);
	}
	if (!o->as_nft)
		help_verbs(out);
}
