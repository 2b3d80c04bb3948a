/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Included files and macros. */
#include "herald/daemon/config_expand.h"

#include <errno.h>

#include "base/vec.h"

enum { MACRO_DEPTH = 2 * YAML_DEPTH };

struct expander {
	struct sources *sources;
	const struct config_loader *loader;
	struct diags *ds;
	struct arena *a;
	size_t n_files;
	size_t n_copies; /* nodes that macros made */
};

/* ---- included files ----------------------------------------------------------------------- */

static void append(struct yaml *to, struct yaml *first)
{
	struct yaml **at = &to->first;

	while (*at)
		at = &(*at)->next;
	*at = first;
}

static bool names(const struct yaml *list, struct str word)
{
	for (const struct yaml *e = list->first; e; e = e->next) {
		if (e->kind == YAML_SCALAR && str_eq(e->text, word))
			return true;
	}
	return false;
}

/* Whether the options of an include (`allow_only`, `disallow`) let a word in. */
static bool is_let_in(const struct yaml *options, struct str word)
{
	for (const struct yaml *o = options ? options->first : NULL; o; o = o->next) {
		if (str_is(o->key->text, "allow_only") && !names(o, word))
			return false;
		if (str_is(o->key->text, "disallow") && names(o, word))
			return false;
	}
	return true;
}

static bool check_include_options(struct expander *x, const struct yaml *options)
{
	for (const struct yaml *o = options ? options->first : NULL; o; o = o->next) {
		bool known = o->key && (str_is(o->key->text, "allow_only") ||
		                        str_is(o->key->text, "disallow"));
		if (known && o->kind == YAML_LIST)
			continue;
		diag_error(x->ds, "H0002", o->key ? o->key->span : o->span,
		           "an include has the options `allow_only` and `disallow`, each "
		           "a list");
		return false;
	}
	return true;
}

/* Joins maps and lists that stand in several files; other words twice are an error later. */
static void join(struct yaml *root, struct yaml *entry)
{
	for (struct yaml *e = root->first; e; e = e->next) {
		if (!str_eq(e->key->text, entry->key->text) || e->kind != entry->kind ||
		    e->kind == YAML_SCALAR)
			continue;
		append(e, entry->first);
		return;
	}
	entry->next = NULL;
	append(root, entry);
}

static struct yaml *read_tree(struct expander *x, uint32_t file);

static void include(struct expander *x, struct yaml *root, const struct yaml *path,
                    const struct yaml *options)
{
	const struct source *from = sources_get(x->sources, path->span.file);
	struct str folder = from->name, text;

	while (folder.n && folder.p[folder.n - 1] != '/')
		folder.n--;
	if (path->text.n && path->text.p[0] == '/')
		folder.n = 0;
	/* With the findings, which outlive a configuration that is refused. */
	struct str name = arena_fmt(&x->ds->arena, STR_FMT STR_FMT, STR_ARG(folder),
	                            STR_ARG(path->text));
	if (!x->loader || ++x->n_files > CONFIG_FILES_MAX) {
		diag_error(x->ds, "H0008", path->span,
		           x->loader ? "too many files are included; does one include "
		                       "itself?"
		                     : "no file can be included here");
		return;
	}
	int r = x->loader->load(x->loader->arg, name.p, &text);
	if (r < 0) {
		diag_error(x->ds, "H0008", path->span, "cannot read " STR_FMT ": %s",
		           STR_ARG(name), strerror(-r));
		return;
	}
	struct yaml *tree = read_tree(x, sources_add(x->sources, name, text)), *next;
	for (struct yaml *e = tree ? tree->first : NULL; e; e = next) {
		next = e->next;
		if (is_let_in(options, e->key->text))
			join(root, e);
	}
}

static void include_entry(struct expander *x, struct yaml *root, const struct yaml *y)
{
	if (y->kind == YAML_SCALAR) {
		include(x, root, y, NULL);
		return;
	}
	for (const struct yaml *e = y->first; e; e = e->next) {
		if (y->kind == YAML_LIST)
			include_entry(x, root, e);
		else if (check_include_options(x, e))
			include(x, root, e->key, e);
	}
}

/* Takes the entries of that name out. */
static struct yaml *take_out(struct yaml *root, const char *name)
{
	struct yaml *taken = NULL, **last = &taken;

	for (struct yaml **at = &root->first; *at;) {
		struct yaml *e = *at;
		if (!e->key || e->key->kind != YAML_SCALAR ||
		    !str_is(e->key->text, name)) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		e->next = NULL;
		*last = e;
		last = &e->next;
	}
	return taken;
}

static struct yaml *read_tree(struct expander *x, uint32_t file)
{
	struct yaml *root = NULL;

	if (yaml_read(x->sources, file, x->ds, x->a, &root) < 0 || !root)
		return NULL;
	if (root->kind != YAML_MAP) {
		diag_error(x->ds, "H0004", root->span,
		           "this must be a map: lines of `option: value`");
		return NULL;
	}
	struct yaml *includes = take_out(root, "include_config_file");
	for (const struct yaml *y = includes; y; y = y->next)
		include_entry(x, root, y);
	return root;
}

/* ---- macros ------------------------------------------------------------------------------- */

static struct yaml *copy(struct expander *x, const struct yaml *y, size_t depth)
{
	struct yaml *to = arena_new(x->a, struct yaml), **at = &to->first;

	*to = *y;
	to->first = to->next = NULL;
	if (depth > YAML_DEPTH || ++x->n_copies > YAML_NODES)
		return to;
	for (const struct yaml *e = y->first; e; e = e->next) {
		*at = copy(x, e, depth + 1);
		at = &(*at)->next;
	}
	return to;
}

static const struct yaml *find_macro(const struct yaml *macros, struct str name)
{
	for (const struct yaml *m = macros; m; m = m->next) {
		for (const struct yaml *e = m->first; e; e = e->next) {
			if (e->key && str_eq(e->key->text, name))
				return e;
		}
	}
	return NULL;
}

/* ejabberd's rule: a value that is a macro's name, as a whole, stands for its value. */
static void put_macros(struct expander *x, const struct yaml *macros, struct yaml *y,
                       size_t depth)
{
	const struct yaml *m =
		y->kind == YAML_SCALAR ? find_macro(macros, y->text) : NULL;

	if (depth > MACRO_DEPTH || x->n_copies > YAML_NODES) {
		diag_error(x->ds, "H0009", y->span,
		           "macros make this too large; does one stand for itself?");
		return;
	}
	if (m) {
		const struct yaml *value = copy(x, m, 0);
		y->kind = value->kind;
		y->text = value->text;
		y->quoted = value->quoted;
		y->first = value->first;
		put_macros(x, macros, y, depth + 1);
		return;
	}
	for (struct yaml *e = y->first; e; e = e->next)
		put_macros(x, macros, e, depth + 1);
}

static void expand_macros(struct expander *x, struct yaml *root)
{
	struct yaml *macros = take_out(root, "define_macro");

	for (const struct yaml *m = macros; m; m = m->next) {
		if (m->kind != YAML_MAP) {
			diag_error(x->ds, "H0004", m->span,
			           "this must be a map: lines of `MACRO: value`");
			return;
		}
	}
	if (macros)
		put_macros(x, macros, root, 0);
}

void config_put_macros(struct diags *ds, struct arena *a, struct yaml *root)
{
	struct expander x = { .ds = ds, .a = a };

	expand_macros(&x, root);
}

int config_tree(struct sources *sources, uint32_t file,
                const struct config_loader *loader, struct diags *ds, struct arena *a,
                struct yaml **out)
{
	struct expander x = { sources, loader, ds, a, 0, 0 };
	struct yaml *root = read_tree(&x, file);

	if (root)
		expand_macros(&x, root);
	if (diags_failed(ds) && !root)
		return -EINVAL;
	*out = root;
	return 0;
}
