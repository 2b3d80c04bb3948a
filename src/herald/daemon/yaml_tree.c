/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* libyaml's document as our tree. */
#include "herald/daemon/yaml_tree.h"

#include <errno.h>

#include <yaml.h>

#include "base/utf8.h"

struct reader {
	yaml_document_t *doc;
	struct str text;
	uint32_t file;
	struct diags *ds;
	struct arena *a;
	size_t nodes;
};

/* libyaml counts characters; spans are bytes. */
static uint32_t offset_of(struct str text, size_t line, size_t column)
{
	size_t at = 0;

	while (line && at < text.n) {
		at += str_find(str_sub(text, at, text.n), '\n') + 1;
		line--;
	}
	while (column-- && at < text.n)
		utf8_next(text, &at);
	return (uint32_t)(at < text.n ? at : text.n);
}

static struct span span_of(const struct reader *r, const yaml_node_t *node)
{
	uint32_t from =
		offset_of(r->text, node->start_mark.line, node->start_mark.column);
	uint32_t to = offset_of(r->text, node->end_mark.line, node->end_mark.column);

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
	uint32_t at = offset_of(r->text, p->problem_mark.line, p->problem_mark.column);
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

	yaml_parser_initialize(&p);
	yaml_parser_set_input_string(&p, (const unsigned char *)r.text.p, r.text.n);
	if (!yaml_parser_load(&p, &doc)) {
		result = refuse(&r, &p);
		yaml_parser_delete(&p);
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
	return result;
}
