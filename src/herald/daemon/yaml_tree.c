/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* libyaml's document as our tree. */
#include "herald/daemon/yaml_tree.h"

#include <errno.h>

#include <yaml.h>

#include "base/utf8.h"
#include "base/vec.h"

struct reader {
	yaml_document_t *doc;
	struct str text;
	uint32_t file;
	struct diags *ds;
	struct arena *a;
	size_t nodes;
	VEC(size_t) lines; /* where each begins */
};

static void find_lines(struct reader *r)
{
	for (size_t at = 0; at <= r->text.n;) {
		vec_push(&r->lines, at);
		at += str_find(str_sub(r->text, at, r->text.n), '\n') + 1;
	}
}

/* libyaml counts characters; spans are bytes. */
static uint32_t offset_of(const struct reader *r, yaml_mark_t mark)
{
	size_t at = mark.line < r->lines.n ? r->lines.p[mark.line] : r->text.n;

	for (size_t column = mark.column; column && at < r->text.n; column--)
		utf8_next(r->text, &at);
	return (uint32_t)(at < r->text.n ? at : r->text.n);
}

static struct span span_of(const struct reader *r, const yaml_node_t *node)
{
	uint32_t from = offset_of(r, node->start_mark);
	uint32_t to = offset_of(r, node->end_mark);

	return (struct span){ r->file, from,
		              node->type == YAML_SCALAR_NODE ? to - from : 1 };
}

static struct yaml *convert(struct reader *r, int index, size_t depth);

static bool convert_list(struct reader *r, const yaml_node_t *node, struct yaml *y,
                         size_t depth)
{
	struct yaml **at = &y->first;

	for (yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++) {
		*at = convert(r, *i, depth + 1);
		if (!*at)
			return false;
		at = &(*at)->next;
	}
	return true;
}

static bool convert_map(struct reader *r, const yaml_node_t *node, struct yaml *y,
                        size_t depth)
{
	struct yaml **at = &y->first;

	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top; p++) {
		struct yaml *key = convert(r, p->key, depth + 1);
		*at = key ? convert(r, p->value, depth + 1) : NULL;
		if (!*at)
			return false;
		(*at)->key = key;
		at = &(*at)->next;
	}
	return true;
}

static struct yaml *convert(struct reader *r, int index, size_t depth)
{
	const yaml_node_t *node = yaml_document_get_node(r->doc, index);
	struct yaml *y = arena_new(r->a, struct yaml);

	y->span = span_of(r, node);
	if (depth > YAML_DEPTH || ++r->nodes > YAML_NODES) {
		diag_error(r->ds, "H0001", y->span,
		           "this is nested too deep or too large");
		return NULL;
	}
	switch (node->type) {
	case YAML_SCALAR_NODE:
		y->kind = YAML_SCALAR;
		y->text = arena_str(r->a,
		                    (struct str){ (const char *)node->data.scalar.value,
		                                  node->data.scalar.length });
		y->quoted = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
		return y;
	case YAML_SEQUENCE_NODE:
		y->kind = YAML_LIST;
		return convert_list(r, node, y, depth) ? y : NULL;
	case YAML_MAPPING_NODE:
		y->kind = YAML_MAP;
		return convert_map(r, node, y, depth) ? y : NULL;
	case YAML_NO_NODE:
		break;
	}
	return NULL;
}

static int refuse(struct reader *r, const yaml_parser_t *p)
{
	uint32_t at = offset_of(r, p->problem_mark);
	struct span span = { r->file, at, at < r->text.n ? 1 : 0 };
	struct diag *d = diag_error(r->ds, "H0001", span, "this is not YAML: %s",
	                            p->problem ? p->problem : "it cannot be read");

	if (memchr(r->text.n ? r->text.p : "", '\t', r->text.n))
		diag_help(r->ds, d, "YAML forbids tabs; indent with blanks");
	return -EINVAL;
}

int yaml_read(const struct sources *sources, uint32_t file, struct diags *ds,
              struct arena *a, struct yaml **out)
{
	struct reader r = {
		.text = sources_get(sources, file)->text, .file = file, .ds = ds, .a = a
	};
	yaml_parser_t p;
	yaml_document_t doc;
	int result = 0;

	find_lines(&r);
	yaml_parser_initialize(&p);
	yaml_parser_set_input_string(&p, (const unsigned char *)r.text.p, r.text.n);
	if (!yaml_parser_load(&p, &doc)) {
		result = refuse(&r, &p);
		yaml_parser_delete(&p);
		vec_fini(&r.lines);
		return result;
	}
	r.doc = &doc;
	struct yaml *root = yaml_document_get_root_node(&doc) ? convert(&r, 1, 1) : NULL;
	if (!root && yaml_document_get_root_node(&doc))
		result = -EINVAL;
	else
		*out = root;
	yaml_document_delete(&doc);
	yaml_parser_delete(&p);
	vec_fini(&r.lines);
	return result;
}
