/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `acl`, `access_rules`, `shaper` and `shaper_rules`. */
#include "herald/daemon/config_impl.h"

/* ---- conditions --------------------------------------------------------------------------- */

#define X(id, name) STR_INIT(name),
static const struct str condition_words[] = { ACL_KINDS(X) };
#undef X

/* `user: name`, and the old form `user: {name: host}`. */
static bool condition_text(struct reading *r, struct yaml *y, struct str *out)
{
	if (y->kind == YAML_MAP && y->first && !y->first->next &&
	    y->first->kind == YAML_SCALAR && y->first->key->kind == YAML_SCALAR) {
		*out = arena_fmt(&r->c->arena, STR_FMT "@" STR_FMT,
		                 STR_ARG(y->first->key->text), STR_ARG(y->first->text));
		return true;
	}
	*out = y->text;
	return is_scalar(r, y, "a text");
}

/* Reads the condition `kind: y`; what is wrong is a problem of `entry`. */
static bool read_condition(struct reading *r, struct yaml *entry, enum acl_kind kind,
                           struct yaml *y, struct acl_match *out)
{
	struct str text, why = STR("");

	if (!condition_text(r, y, &text))
		return false;
	if (acl_match_make(kind, text, &r->c->arena, out, &why) == 0)
		return true;
	complain(r, "H0004", entry, y->span, STR_FMT, STR_ARG(why));
	return false;
}

static bool read_kind(struct reading *r, struct yaml *entry, bool in_rule,
                      enum acl_kind *out)
{
	int kind = entry->key->kind == YAML_SCALAR ? acl_kind_find(entry->key->text) : -1;

	if (kind < 0 || (kind == ACL_ACL && !in_rule)) {
		unknown_word(r, entry, entry->key, EJABBERD_ACL, "condition",
		             condition_words, ARRAY_LEN(condition_words));
		return false;
	}
	*out = (enum acl_kind)kind;
	return true;
}

/* One kind of condition of an acl: any of its values will do. */
static void take_condition(struct reading *r, struct yaml *e, struct acl *acl)
{
	struct acl_match m;
	enum acl_kind kind;

	if (!read_kind(r, e, false, &kind))
		return;
	if (e->kind != YAML_LIST) {
		if (read_condition(r, e, kind, e, &m))
			vec_push(&acl->any, m);
		return;
	}
	for_each_entry(value, e) {
		if (read_condition(r, value, kind, value, &m))
			vec_push(&acl->any, m);
	}
}

static void take_conditions(struct reading *r, struct yaml *map, struct acl *acl)
{
	if (!is_map(r, map))
		return;
	for_each_entry(condition, map)
		take_condition(r, condition, acl);
}

static struct acl *find_acl(struct access_scope *scope, struct str name)
{
	vec_for_each(acl, &scope->acls) {
		if (str_eq(acl->name, name))
			return acl;
	}
	return NULL;
}

/* A new acl of that name; what is appended begins with what there is. */
static struct acl *need_acl(struct reading *r, struct str name)
{
	struct access *all = &r->c->access;
	struct access_scope *scope = access_scope(all, r->host);
	struct acl *acl = r->appends ? find_acl(scope, name) : NULL;

	if (acl)
		return acl;
	acl = vec_add(&scope->acls);
	acl->name = name;
	const struct acl *general =
		r->appends ? find_acl(access_scope(all, STR("")), name) : NULL;
	if (general)
		vec_for_each(m, &general->any)
			vec_push(&acl->any, *m);
	return acl;
}

void take_acl(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (!is_map(r, y))
		return;
	for_each_entry(e, y) {
		bool is_list = e->kind == YAML_LIST && e->first;

		if (!is_new_key(r, y, e) || (!is_list && !is_map(r, e)))
			continue;
		struct acl *acl = need_acl(r, e->key->text);
		if (!is_list) {
			take_conditions(r, e, acl);
			continue;
		}
		/* Of maps: as one condition must hold, they say the same as one. */
		for_each_entry(part, e)
			take_conditions(r, part, acl);
	}
}

/* ---- rules -------------------------------------------------------------------------------- */

static void note_name(struct reading *r, enum access_word kind, struct yaml *entry,
                      const struct yaml *at)
{
	struct access_name name = { kind, r->host, entry, at };

	vec_push(&r->names, name);
}

/* Takes what a rule's line may say before its colon; problems are `entry`'s. */
typedef bool (*value_fn)(struct reading *r, struct yaml *entry, const struct yaml *value);

static bool is_answer(struct reading *r, struct yaml *entry, const struct yaml *value)
{
	if (value->kind == YAML_SCALAR &&
	    (str_is(value->text, "allow") || str_is(value->text, "deny")))
		return true;
	complain(r, "H0004", entry, value->span, "this must be `allow` or `deny`");
	return false;
}

/* A number, or the name of a shaper, which is looked up when all are read. */
static bool is_measure(struct reading *r, struct yaml *entry, const struct yaml *value)
{
	if (value->kind == YAML_SCALAR && value->text.n) {
		note_name(r, WORD_SHAPER, entry, value);
		return true;
	}
	complain(r, "H0004", entry, value->span,
	         "this must be a number or the name of a shaper");
	return false;
}

/* The name of an acl, which is looked up when all are read. */
static void add_acl(struct reading *r, struct yaml *name, struct access_line *line)
{
	struct acl_match m = { .kind = ACL_ACL, .text = name->text };

	vec_push(&line->all, m);
	note_name(r, WORD_ACL, name, name);
}

static void add_conditions(struct reading *r, struct yaml *map, struct access_line *line)
{
	struct acl_match m;
	enum acl_kind kind;

	for_each_entry(e, map) {
		if (!read_kind(r, e, true, &kind) || !read_condition(r, e, kind, e, &m))
			continue;
		vec_push(&line->all, m);
		if (kind == ACL_ACL)
			note_name(r, WORD_ACL, e, e);
	}
}

/* For whom a value is: the name of an acl, conditions, or a list of both; all must hold. */
static void take_whom(struct reading *r, struct yaml *y, struct access_line *line)
{
	if (y->kind == YAML_SCALAR)
		add_acl(r, y, line);
	else if (y->kind == YAML_MAP)
		add_conditions(r, y, line);
	else
		for_each_entry(e, y) {
			if (e->kind == YAML_MAP)
				add_conditions(r, e, line);
			else if (is_scalar(r, e, "the name of an acl, or conditions"))
				add_acl(r, e, line);
		}
}

static void take_line(struct reading *r, struct yaml *entry, struct yaml *value,
                      struct yaml *whom, value_fn good, struct access_rule *rule)
{
	struct access_line line = { .value = value->text };

	if (!good(r, entry, value))
		return;
	if (whom) {
		take_whom(r, whom, &line);
	} else {
		struct acl_match everybody = { .kind = ACL_ACL, .text = STR("all") };
		vec_push(&line.all, everybody);
	}
	vec_push(&rule->lines, line);
}

/* `value: whom` lines in a map, or in a list of such, where a value alone is for everybody. */
static void take_rule(struct reading *r, struct yaml *y, value_fn good,
                      struct access_rule *rule)
{
	if (y->kind == YAML_SCALAR) {
		take_line(r, y, y, NULL, good, rule);
		return;
	}
	for_each_entry(e, y) {
		if (y->kind == YAML_MAP)
			take_line(r, e, e->key, e, good, rule);
		else if (e->kind == YAML_SCALAR)
			take_line(r, e, e, NULL, good, rule);
		else if (is_map(r, e))
			for_each_entry(line, e)
				take_line(r, line, line->key, line, good, rule);
	}
}

static struct access_rule *find_rule(struct access_scope *scope, struct str name)
{
	vec_for_each(rule, &scope->rules) {
		if (str_eq(rule->name, name))
			return rule;
	}
	return NULL;
}

/* The same of rules: the lines that are appended come last, as in ejabberd. */
static struct access_rule *need_rule(struct reading *r, struct str name)
{
	struct access *all = &r->c->access;
	struct access_scope *scope = access_scope(all, r->host);
	struct access_rule *rule = r->appends ? find_rule(scope, name) : NULL;

	if (rule)
		return rule;
	rule = vec_add(&scope->rules);
	rule->name = name;
	const struct access_rule *general =
		r->appends ? find_rule(access_scope(all, STR("")), name) : NULL;
	if (general) {
		vec_for_each(from, &general->lines) {
			struct access_line line = { .value = from->value };
			vec_for_each(m, &from->all)
				vec_push(&line.all, *m);
			vec_push(&rule->lines, line);
		}
	}
	return rule;
}

static void take_rules(struct reading *r, struct yaml *y, value_fn good)
{
	if (!is_map(r, y))
		return;
	for_each_entry(e, y) {
		if (!is_new_key(r, y, e))
			continue;
		take_rule(r, e, good, need_rule(r, e->key->text));
	}
}

void take_access_rules(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	take_rules(r, y, is_answer);
}

void take_shaper_rules(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	take_rules(r, y, is_measure);
}

/* The name of a rule, or the rule itself in its place, which then has its text for a name: so
 * whoever kept the name over a reload finds the same rule or none. */
static void take_rule_here(struct reading *r, struct yaml *y, value_fn good,
                           struct str *name)
{
	auto_buf text = { 0 };

	if (y->kind == YAML_SCALAR) {
		*name = y->text;
		return;
	}
	if (!y->first) {
		wrong(r, y,
		      "the name of a rule, or lines of a rule such as `- allow: local`");
		return;
	}
	yaml_write(&text, y);
	*name = arena_str(&r->c->arena, buf_as_str(&text));
	struct access_rule *rule = vec_add(&access_scope(&r->c->access, r->host)->rules);
	rule->name = *name;
	take_rule(r, y, good, rule);
}

void take_access(struct reading *r, struct yaml *y, void *to)
{
	take_rule_here(r, y, is_answer, to);
}

void take_measure(struct reading *r, struct yaml *y, void *to)
{
	take_rule_here(r, y, is_measure, to);
}

/* ---- shapers ------------------------------------------------------------------------------ */

static void take_rate(struct reading *r, struct yaml *y, void *to)
{
	if (str_is(y->text, "none") || str_is(y->text, "infinity") ||
	    str_is(y->text, "unlimited"))
		*(uint64_t *)to = 0;
	else
		read_number(r, y, 1, 1 << 30, "bytes a second: a number, or `none`", to);
}

#define FIELD(name) offsetof(struct config_shaper, name)
static const struct option shaper_options[] = {
	{ "rate", take_rate, FIELD(rate) },
	{ "burst_size", take_rate, FIELD(burst) },
	{ 0 },
};
#undef FIELD

void take_shaper(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (!is_map(r, y))
		return;
	for_each_entry(e, y) {
		struct config_shaper s = { 0 };
		if (!is_new_key(r, y, e))
			continue;
		if (e->kind == YAML_MAP)
			take_map(r, e, shaper_options, EJABBERD_OTHER,
			         "option of a shaper", &s);
		else
			take_rate(r, e, &s.rate);
		s.name = e->key->text;
		s.burst = s.burst ? s.burst : s.rate;
		vec_push(&r->c->shapers, s);
	}
}

/* ---- names -------------------------------------------------------------------------------- */

static bool is_shaper(const struct config *c, struct str name)
{
	if (str_is(name, "none") || str_is(name, "infinity") || str_is(name, "unlimited"))
		return true;
	vec_for_each(s, &c->shapers) {
		if (str_eq(s->name, name))
			return true;
	}
	return false;
}

static void check_shaper(struct reading *r, const struct access_name *name)
{
	struct str value = name->at->text, names[64];
	uint64_t number;
	size_t n = 0;

	if (str_is(value, "allow") || str_is(value, "deny") || is_shaper(r->c, value) ||
	    str_to_u64(value, 10, &number) == 0)
		return;
	vec_for_each(s, &r->c->shapers) {
		if (n < ARRAY_LEN(names))
			names[n++] = s->name;
	}
	struct str near = str_nearest(value, names, n);
	struct diag *d = complain(r, "H0006", name->entry, name->at->span,
	                          "there is no shaper `" STR_FMT "`", STR_ARG(value));
	if (near.n)
		diag_help(r->ds, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
}

/* An acl that nobody defined holds for nobody; ejabberd's own file has one. */
static void check_acl(struct reading *r, const struct access_name *name)
{
	struct str acl = name->at->text;

	if (!access_has_acl(&r->c->access, name->host, acl))
		diag_warn(r->ds, "H0007", name->at->span,
		          "the acl `" STR_FMT "` is nowhere defined: nobody is in it",
		          STR_ARG(acl));
}

void check_access(struct reading *r)
{
	vec_for_each(name, &r->names) {
		switch (name->kind) {
		case WORD_ACL:
			check_acl(r, name);
			break;
		case WORD_SHAPER:
			check_shaper(r, name);
			break;
		}
	}
}

void check_shaper_name(struct reading *r, struct yaml *y)
{
	if (y->kind == YAML_SCALAR && !is_shaper(r->c, y->text))
		check_rule_name(r, y);
}

void check_rule_name(struct reading *r, struct yaml *y)
{
	struct str names[64];
	size_t n = 0;

	if (y->kind != YAML_SCALAR || str_is(y->text, "all") || str_is(y->text, "none") ||
	    access_rule_find(&r->c->access, r->host, y->text))
		return;
	vec_for_each(scope, &r->c->access.scopes) {
		vec_for_each(rule, &scope->rules) {
			bool has_name = str_find(rule->name, '\n') == rule->name.n;
			if (has_name && n < ARRAY_LEN(names))
				names[n++] = rule->name;
		}
	}
	struct diag *d = complain(r, "H0006", y, y->span,
	                          "there is no rule `" STR_FMT "`", STR_ARG(y->text));
	struct str near = str_nearest(y->text, names, n);
	if (near.n)
		diag_help(r->ds, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
}
