/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Running packets for `gate explain`, and the words for what came of them. */
#include "gate/cli/explain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "io/paths.h"

/* Each doubt doubles the ways; more than these are not tried. */
enum { DOUBTS_MAX = 8 };

/* ---- listening ---- */

struct str explain_address(struct arena *a, uint8_t family, const uint8_t *addr)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family == NFPROTO_IPV4 ? AF_INET : AF_INET6, addr, text, sizeof(text));
	return arena_fmt(a, "%s", text);
}

struct str explain_side(struct arena *a, const struct track_tuple *t, bool src)
{
	char text[INET6_ADDRSTRLEN];
	bool ip6 = t->family != 4;
	bool ports = t->proto == IPPROTO_TCP || t->proto == IPPROTO_UDP ||
	             t->proto == IPPROTO_SCTP || t->proto == IPPROTO_UDPLITE;

	inet_ntop(ip6 ? AF_INET6 : AF_INET, src ? t->src.b : t->dst.b, text,
	          sizeof(text));
	if (!ports)
		return arena_fmt(a, "%s", text);
	return arena_fmt(a, ip6 ? "[%s]:%u" : "%s:%u", text,
	                 src ? t->src_port : t->dst_port);
}

struct str explain_addresses(struct arena *a, const struct packet *p)
{
	struct track_packet view;

	if ((p->family != NFPROTO_IPV4 && p->family != NFPROTO_IPV6) ||
	    p->fault == FAULT_SHORT)
		return STR("");
	view_packet(p, &view);
	struct str src = explain_side(a, &view.tuple, true);
	struct str dst = explain_side(a, &view.tuple, false);
	return arena_fmt(a, STR_FMT " > " STR_FMT, STR_ARG(src), STR_ARG(dst));
}

void explain_watch(void *ctx, const struct sim_event *event)
{
	struct explain *e = ctx;
	struct explain_step step = {
		.kind = event->kind,
		.chain = event->chain,
		.rule = event->rule,
		.matched = event->matched,
		.insn = event->insn,
		.unmet = event->unmet,
		.verdict = event->verdict,
		.text = event->text ? arena_fmt(&e->c->arena, "%s", event->text)
		                    : STR(""),
		.ct = sim_state_name(event->pass),
		.is_answer = event->pass->is_answer,
	};

	struct str *hook = &e->hooks[step.is_answer];
	if (event->kind == EVENT_HOOK)
		*hook = step.text;
	else if (event->kind == EVENT_ROUTE || event->kind == EVENT_ANSWER)
		*hook = STR("");
	step.hook = *hook;
	if (event->kind == EVENT_SENT)
		step.text = event->pass->out->name;
	if (event->kind == EVENT_NAT || event->kind == EVENT_ANSWER)
		step.addresses = explain_addresses(&e->c->arena, event->pass->pkt);
	if (!step.is_answer)
		e->now->ct = step.ct;
	vec_push(&e->now->steps, step);
}

static void keep_place(void *ctx, uint32_t tag, struct span rule,
                       const struct span *pieces, size_t n)
{
	struct explain *e = ctx;

	while (e->rules.n <= tag)
		vec_push(&e->rules, (struct explain_rule){ 0 });
	e->rules.p[tag] = (struct explain_rule){
		.span = rule,
		.pieces =
			n ? arena_copy(&e->c->arena, pieces, n * sizeof(*pieces)) : NULL,
		.n_pieces = n,
	};
}

/* ---- running ---- */

static void keep_text(void *ctx, struct str text)
{
	buf_put(ctx, text.p, text.n);
}

/* A line of `list ruleset` with a handle, as `family table chain handle` to its text. */
static void keep_live_rule(struct explain *e, struct str head, struct str line)
{
	struct str mark = STR(" # handle ");
	size_t at = line.n;

	while (at > 0 && !str_starts(str_sub(line, at, line.n), mark))
		at--;
	if (at == 0)
		return;
	struct str handle = str_sub(line, at + mark.n, line.n);
	struct str key = arena_fmt(&e->c->arena, STR_FMT " " STR_FMT, STR_ARG(head),
	                           STR_ARG(handle));
	struct str *text = arena_new(&e->c->arena, struct str);
	*text = arena_str(&e->c->arena, str_trim(str_sub(line, 0, at)));
	map_put(&e->texts, key, text);
}

/* The n-th of the words with blanks between, from 0. */
static struct str word_at(struct str line, unsigned n)
{
	line = str_trim(line);
	while (n--)
		line = str_trim(str_sub(line, str_find(line, ' '), line.n));
	return str_sub(line, 0, str_find(line, ' '));
}

/* Rules stand two tabs deep in a listing, behind `table F T {` and `chain C {`. */
static void keep_listing(struct explain *e, struct str text)
{
	struct arena *a = &e->c->arena;
	struct str table = STR(""), head = STR("");

	while (text.n) {
		size_t end = str_find(text, '\n');
		struct str line = str_sub(text, 0, end);
		text = str_sub(text, end + 1, text.n);
		if (str_starts(line, STR("table ")))
			table = arena_fmt(a, STR_FMT " " STR_FMT,
			                  STR_ARG(word_at(line, 1)),
			                  STR_ARG(word_at(line, 2)));
		else if (str_starts(line, STR("\tchain ")))
			head = arena_fmt(a, STR_FMT " " STR_FMT, STR_ARG(table),
			                 STR_ARG(word_at(line, 1)));
		else if (str_starts(line, STR("\t\t")) && head.n)
			keep_live_rule(e, head, line);
		else if (str_starts(line, STR("\t}")))
			head = STR("");
	}
}

/* The texts of the rules, as `list ruleset` prints them. */
static int list_live(struct explain *e, struct diags *diags)
{
	struct cli *c = e->c;
	struct format format = { .handles = true, .terse = true };
	struct ruleset_options options = cli_ruleset_options(c);
	struct parser *parser = cli_parser(c, &c->arena, diags);
	auto_buf text = { 0 };

	options.format = &format;
	options.write = keep_text;
	options.write_ctx = &text;
	parser_add_source(parser,
	                  sources_add(&c->sources, STR("listing"), STR("list ruleset")));
	int r = ruleset_run(&e->store->engine, parser, &c->sources, diags, &options);
	if (r == 0)
		keep_listing(e, buf_as_str(&text));
	return r;
}

/* Once: all runs see the same connections. A kernel without ctnetlink has none to tell. */
static int live_load_entries(struct explain *e, struct diags *diags)
{
	int r = e->entries.list.n ? 0 : live_read_entries(&e->entries);

	if (r == -EINVAL || r == -EOPNOTSUPP || r == -EPROTONOSUPPORT)
		return 0;
	if (r < 0 || e->entries.is_broken)
		diag_error(diags, "E0602", SPAN_NONE,
		           "cannot read the kernel's connections: %s",
		           r < 0 ? strerror(-r) : "a message is malformed");
	return r < 0 ? r : e->entries.is_broken ? -EBADMSG : 0;
}

static int load_live(struct explain *e, struct diags *diags)
{
	struct engine *kernel = NULL;
	int status = EXIT_OK;
	enum access access = run_open(e->c, &kernel, &status);

	if (access == ACCESS_NONE) {
		struct diag *d =
			diag_error(diags, "E0910", SPAN_NONE,
		                   "reading the kernel's ruleset needs CAP_NET_ADMIN");
		diag_help(diags, d, "`gate explain -f FILE` needs no privilege");
	}
	if (access != ACCESS_FULL)
		return -EPERM;
	int r = live_load_entries(e, diags);
	if (r == 0)
		r = engine_memory_load(&e->store->engine, kernel);
	kernel->ops->close(kernel);
	if (r < 0) {
		diag_error(diags, "E0602", SPAN_NONE,
		           "cannot read the kernel's ruleset: %s", strerror(-r));
		return r;
	}
	return list_live(e, diags);
}

void explain_read_files(struct explain *e, const struct str_list *files)
{
	struct cli *c = e->c;

	e->files = arena_array(&c->arena, uint32_t, files->n ? files->n : 1);
	if (files->n && !str_is(files->p[0], "-"))
		c->include_path.base = path_folder(files->p[0]);
	for (size_t i = 0; i < files->n; i++) {
		int r = reader_add(&c->arena, files->p[i], &c->sources,
		                   &e->files[e->n_files]);
		if (r == 0)
			e->n_files++;
		else
			diag_error(&c->diags, "E0905", SPAN_NONE,
			           "cannot read `" STR_FMT "`: %s", STR_ARG(files->p[i]),
			           strerror(-r));
	}
}

static int load_files(struct explain *e, struct diags *diags)
{
	struct cli *c = e->c;
	struct ruleset_options options = cli_ruleset_options(c);
	struct parser *parser = cli_parser(c, &c->arena, diags);

	options.simulates = true;
	options.placed = keep_place;
	options.placed_ctx = e;
	for (size_t i = 0; i < e->n_files; i++)
		parser_add_source(parser, e->files[i]);
	return ruleset_run(&e->store->engine, parser, &c->sources, diags, &options);
}

int explain_load(struct explain *e, struct diags *diags)
{
	if (!e->store) {
		e->store = store_new();
		int r = e->live ? load_live(e, diags) : load_files(e, diags);
		if (r < 0) {
			store_free(e->store);
			e->store = NULL;
			return r;
		}
	}
	store_link(e->store);
	return 0;
}

void explain_import(const struct explain *e, struct sim *sim)
{
	sim->is_live = e->live;
	if (!sim->is_live)
		return;
	live_read_sysctls(sim->track);
	sim->uptime_ns = cli_clock_ns();
	vec_for_each(it, &e->entries.list)
		sim->n_imported += track_import(sim->track, it) == 0;
	vec_for_each(it, &e->entries.expected)
		(void)!track_import_expected(sim->track, &it->master, &it->x);
}

void explain_keep_result(struct explain_packet *p, const struct sim_result *r)
{
	p->result = *r;
	if (!r->answer)
		return;
	p->answer = *r->answer;
	p->result.answer = &p->answer;
}

static int send_one(struct explain *e, struct talks *talks, struct sim *sim,
                    struct explain_packet *p, struct diags *diags)
{
	struct arena *a = &e->c->arena;
	int r = talk_make(talks, &p->line, &e->machine, a, diags, &p->made);

	if (r < 0)
		return r;
	made_build(&p->made, &talks->last);
	p->before = explain_addresses(a, &talks->last);
	p->bytes = arena_str(a, buf_as_str(&talks->last.bytes));
	p->has_frame = talks->last.has_ll;
	p->steps.n = 0;
	p->ct = "none";
	e->now = p;
	e->hooks[0] = STR("");
	unsigned doubts = sim->n_doubts;
	struct sim_result result = talk_send(talks, sim, &p->line, &p->made);
	explain_keep_result(p, &result);
	p->n_doubts = sim->n_doubts - doubts;
	p->after = explain_addresses(a, &talks->last);
	return 0;
}

/* All packets once. The doubts go as `choices` says. */
static int run_once_with(struct explain *e, uint64_t choices, unsigned *n_doubts)
{
	struct talks talks = { 0 };
	struct sim sim;
	int r = explain_load(e, &e->c->diags);

	if (r < 0)
		return r;
	sim_init(&sim, e->store, &e->machine);
	sim.choices = choices;
	explain_import(e, &sim);
	sim.watch = explain_watch;
	sim.watch_ctx = e;
	sim.asks_unmet = e->c->options.why_not.p;
	for (size_t i = 0; r == 0 && i < e->n_packets; i++) {
		r = send_one(e, &talks, &sim, &e->packets[i], &e->c->diags);
		e->packets[i].fates |= 1u << e->packets[i].result.fate;
		e->packets[i].answers |= explain_answer_bit(e->packets[i].result.answer);
	}
	*n_doubts = sim.n_doubts;
	sim_fini(&sim);
	talks_fini(&talks);
	return r;
}

int explain_run(struct explain *e)
{
	unsigned n = 0, more = 0;
	int r = run_once_with(e, 0, &n);

	/* Every way the doubts could go; the last is the first again, for it is what is shown. */
	n = n < DOUBTS_MAX ? n : DOUBTS_MAX;
	for (uint64_t choices = (UINT64_C(1) << n) - 1;
	     r == 0 && n && choices != UINT64_MAX; choices--) {
		r = run_once_with(e, choices, &more);
		if (more > n && n < DOUBTS_MAX) { /* another way has more doubts */
			n = more < DOUBTS_MAX ? more : DOUBTS_MAX;
			choices = UINT64_C(1) << n;
		}
	}
	return r;
}

void explain_fini(struct explain *e)
{
	for (size_t i = 0; i < e->n_packets; i++)
		vec_fini(&e->packets[i].steps);
	vec_fini(&e->rules);
	map_fini(&e->texts);
	vec_fini(&e->entries.list);
	vec_fini(&e->entries.expected);
	store_free(e->store);
	machine_fini(&e->machine);
}

/* ---- words ---- */

/* Blanks, line ends and continuation marks become one blank. */
static struct str one_line(struct arena *a, struct str text)
{
	auto_buf out = { 0 };

	for (size_t i = 0; i < text.n; i++) {
		char ch = text.p[i];
		bool blank = ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r' ||
		             (ch == '\\' && i + 1 < text.n && text.p[i + 1] == '\n');
		if (!blank)
			buf_char(&out, ch);
		else if (out.n && out.p[out.n - 1] != ' ')
			buf_char(&out, ' ');
	}
	return str_trim(arena_str(a, buf_as_str(&out)));
}

static const struct explain_rule *place_of(const struct explain *e,
                                           const struct sim_rule *rule)
{
	static const struct explain_rule nowhere;

	return rule->tag < e->rules.n ? &e->rules.p[rule->tag] : &nowhere;
}

struct str explain_rule_text(const struct explain *e, const struct sim_rule *rule)
{
	struct span span = place_of(e, rule)->span;
	struct str name = explain_chain_name(e, rule->chain);

	if (e->live) {
		struct str key = arena_fmt(&e->c->arena, STR_FMT " %llu", STR_ARG(name),
		                           (unsigned long long)rule->r.handle);
		const struct str *text = map_get(&e->texts, key);
		return text ? *text : STR("(a rule of a chain without a name)");
	}

	return one_line(&e->c->arena, sources_text(&e->c->sources, span));
}

struct str explain_rule_place(const struct explain *e, const struct sim_rule *rule)
{
	struct span span = place_of(e, rule)->span;
	const struct source *s = sources_get(&e->c->sources, span.file);

	if (!s && e->live)
		return arena_fmt(&e->c->arena, "handle %llu",
		                 (unsigned long long)rule->r.handle);
	if (!s)
		return STR("");
	return arena_fmt(&e->c->arena, STR_FMT ":%u", STR_ARG(s->name),
	                 source_place(s, span.off).line);
}

/* Without the source, the instruction itself. */
static struct str live_piece(const struct explain *e, const struct sim_rule *rule,
                             uint32_t insn)
{
	struct program one = { .p = rule->r.prog.p + insn, .n = 1 };
	auto_buf text = { 0 };

	if (!e->live || insn >= rule->r.prog.n)
		return STR("");
	program_dump(&one, &text);
	return one_line(&e->c->arena, buf_as_str(&text));
}

struct str explain_piece(const struct explain *e, const struct sim_rule *rule,
                         uint32_t insn)
{
	const struct explain_rule *place = place_of(e, rule);
	uint16_t at = insn < rule->r.prog.n ? rule->r.prog.p[insn].place : UINT16_MAX;

	if (at >= place->n_pieces)
		return live_piece(e, rule, insn);
	return one_line(&e->c->arena, sources_text(&e->c->sources, place->pieces[at]));
}

struct str explain_chain_name(const struct explain *e, const struct sim_chain *c)
{
	return arena_fmt(&e->c->arena, "%s " STR_FMT " " STR_FMT,
	                 family_name((enum family)c->table->t.family),
	                 STR_ARG(c->table->t.name), STR_ARG(c->c.name));
}

struct str explain_verdict(const struct explain_packet *p)
{
	if (p->fates & (p->fates - 1))
		return p->fates & 1u << FATE_UNKNOWN ? STR("unknown") : STR("sometimes");
	return str_from(fate_name(p->result.fate));
}

static const char *past_tense(enum sim_fate f)
{
	switch (f) {
	case FATE_ACCEPT:
		return "Accepted";
	case FATE_DROP:
		return "Dropped";
	case FATE_REJECT:
		return "Rejected";
	case FATE_QUEUE:
		return "Handed to a program in user space, which decides";
	case FATE_STOLEN:
		return "Taken out of the way";
	case FATE_UNKNOWN:
		return "Not known";
	}
	return "";
}

static void say_rule(const struct explain *e, const struct sim_rule *rule,
                     struct buf *out)
{
	struct str place = explain_rule_place(e, rule);
	struct str text = explain_rule_text(e, rule);

	buf_fmt(out, " by rule `" STR_FMT "`", STR_ARG(text));
	if (place.n)
		buf_fmt(out, " (" STR_FMT ")", STR_ARG(place));
}

static void say_why(const struct explain *e, const struct sim_result *r, struct buf *out)
{
	switch (r->by) {
	case BY_RULE:
		say_rule(e, r->rule, out);
		return;
	case BY_POLICY: {
		struct str chain = explain_chain_name(e, r->chain);
		buf_fmt(out,
		        ": no rule of chain " STR_FMT " took it, and its policy is drop",
		        STR_ARG(chain));
		return;
	}
	case BY_STACK:
		buf_fmt(out, " by the IP stack: %s", r->reason);
		return;
	case BY_CONNTRACK:
		buf_fmt(out, " by connection tracking: %s", r->reason);
		return;
	case BY_NAT:
		buf_fmt(out, " by address translation: %s", r->reason);
		return;
	case BY_END:
		buf_cstr(out, r->chain ? ": no rule took it, and the policy is accept"
		                       : ": the ruleset has nothing to say about it");
		return;
	}
}

/* Whether the sender of a rejected packet hears of it. */
static void say_answer(const struct explain *e, const struct explain_packet *p,
                       struct buf *out)
{
	const struct sim_result *r = &p->result, *answer = r->answer;

	if (p->answers & (p->answers - 1)) {
		buf_fmt(out, "; whether the sender is told depends on %s",
		        answer && answer->doubt ? answer->doubt : "what is not known");
	} else if (answer && answer->fate == FATE_ACCEPT) {
		buf_cstr(out, ", and the sender is told");
	} else if (answer) {
		buf_fmt(out, "; the sender is not told, for the answer is %s",
		        answer->fate == FATE_UNKNOWN ? "met by something that is not "
		                                       "known here"
		                                     : "stopped");
		if (answer->fate != FATE_UNKNOWN)
			say_why(e, answer, out);
	} else if (r->silence) {
		buf_fmt(out, "; the sender is not told: %s", r->silence);
	}
}

static void say_sometimes(const struct explain_packet *p, struct buf *out)
{
	const char *sep = "";

	buf_cstr(out, "Sometimes ");
	for (unsigned f = 0; f <= FATE_UNKNOWN; f++) {
		if (!(p->fates & 1u << f))
			continue;
		buf_fmt(out, "%s%s", sep,
		        f == FATE_UNKNOWN ? "something nobody can know" : fate_name(f));
		sep = ", sometimes ";
	}
	buf_fmt(out, ": it depends on %s, which nobody outside of the kernel knows.",
	        p->result.doubt ? p->result.doubt : "what came before");
}

struct str explain_sentence(const struct explain *e, const struct explain_packet *p)
{
	auto_buf out = { 0 };

	if (p->fates & (p->fates - 1)) {
		say_sometimes(p, &out);
	} else if (p->result.fate == FATE_UNKNOWN && p->result.doubt) {
		buf_fmt(&out, "Not known: it meets %s; gate cannot say what that does.",
		        p->result.doubt);
	} else {
		buf_cstr(&out, past_tense(p->result.fate));
		say_why(e, &p->result, &out);
		say_answer(e, p, &out);
		buf_char(&out, '.');
	}
	return arena_str(&e->c->arena, buf_as_str(&out));
}
