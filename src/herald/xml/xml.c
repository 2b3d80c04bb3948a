/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Trees of XML: looking into them and making them. */
#include "herald/xml/xml.h"

bool xml_is(const struct xml *x, const char *name, const char *ns)
{
	return str_is(x->name, name) && str_is(x->ns, ns);
}

static struct xml_attr *find_attr(const struct xml *x, struct str ns, const char *name)
{
	for (size_t i = 0; i < x->n_attrs; i++) {
		if (str_is(x->attrs[i].name, name) && str_eq(x->attrs[i].ns, ns))
			return &x->attrs[i];
	}
	return NULL;
}

struct str xml_get(const struct xml *x, const char *name)
{
	const struct xml_attr *attr = find_attr(x, STR(""), name);

	return attr ? attr->value : (struct str){ NULL, 0 };
}

bool xml_has(const struct xml *x, const char *name)
{
	return find_attr(x, STR(""), name) != NULL;
}

struct str xml_lang(const struct xml *x)
{
	const struct xml_attr *attr = find_attr(x, STR(XML_NS), "lang");

	return attr ? attr->value : (struct str){ NULL, 0 };
}

static struct xml *element_from(struct xml *x)
{
	while (x && xml_is_text(x))
		x = x->next;
	return x;
}

struct xml *xml_first(const struct xml *x)
{
	return element_from(x->first);
}

struct xml *xml_next(const struct xml *x)
{
	return element_from(x->next);
}

struct xml *xml_child(const struct xml *x, const char *name, const char *ns)
{
	xml_for_each(c, x)
	{
		if ((!name || str_is(c->name, name)) && (!ns || str_is(c->ns, ns)))
			return c;
	}
	return NULL;
}

struct str xml_text(const struct xml *x, struct arena *a)
{
	auto_buf all = { 0 };

	if (!x || !x->first)
		return STR("");
	if (!x->first->next)
		return x->first->text; /* of one piece, or an element, which has none */
	for (const struct xml *c = x->first; c; c = c->next)
		buf_str(&all, c->text);
	return arena_str(a, buf_as_str(&all));
}

struct xml *xml_new(struct arena *a, const char *name, const char *ns)
{
	struct xml *x = arena_new(a, struct xml);

	x->name = str_from(name);
	x->ns = str_from(ns);
	return x;
}

/* Whatever changes below a root, its bytes are no longer what it says. */
static void changed(struct xml *x)
{
	while (x->parent)
		x = x->parent;
	x->inner_stands = false;
}

void xml_append(struct xml *parent, struct xml *child)
{
	child->parent = parent;
	child->next = NULL;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	changed(parent);
}

void xml_remove(struct xml *child)
{
	struct xml *parent = child->parent, *before = NULL;

	for (struct xml *c = parent->first; c != child; c = c->next)
		before = c;
	if (before)
		before->next = child->next;
	else
		parent->first = child->next;
	if (parent->last == child)
		parent->last = before;
	child->parent = NULL;
	child->next = NULL;
	changed(parent);
}

struct xml *xml_add(struct arena *a, struct xml *parent, const char *name, const char *ns)
{
	struct xml *x = xml_new(a, name, ns);

	if (!ns)
		x->ns = parent->ns;
	xml_append(parent, x);
	return x;
}

void xml_put_text(struct arena *a, struct xml *x, struct str text)
{
	struct xml *node = arena_new(a, struct xml);

	node->text = text;
	xml_append(x, node);
}

struct xml *xml_add_text(struct arena *a, struct xml *parent, const char *name,
                         const char *ns, struct str text)
{
	struct xml *x = xml_add(a, parent, name, ns);

	if (text.n)
		xml_put_text(a, x, text);
	return x;
}

static void drop_attr(struct xml *x, struct xml_attr *attr)
{
	struct xml_attr *end = x->attrs + x->n_attrs;

	memmove(attr, attr + 1, (size_t)(end - attr - 1) * sizeof(*attr));
	x->n_attrs--;
}

void xml_set(struct arena *a, struct xml *x, const char *name, struct str value)
{
	struct xml_attr *attr = find_attr(x, STR(""), name);

	if (x->parent)
		changed(x);
	if (attr && !value.p) {
		drop_attr(x, attr);
	} else if (attr) {
		attr->value = value;
	} else if (value.p) {
		struct xml_attr *more = arena_array(a, struct xml_attr, x->n_attrs + 1);
		if (x->n_attrs)
			memcpy(more, x->attrs, x->n_attrs * sizeof(*more));
		more[x->n_attrs++] =
			(struct xml_attr){ .name = str_from(name), .value = value };
		x->attrs = more;
	}
}

static struct xml *copy_node(struct arena *a, const struct xml *x)
{
	struct xml *c = arena_new(a, struct xml);

	c->name = x->name.n ? arena_str(a, x->name) : x->name;
	c->ns = arena_str(a, x->ns);
	c->text = arena_str(a, x->text);
	c->attrs = arena_array(a, struct xml_attr, x->n_attrs);
	c->n_attrs = x->n_attrs;
	for (size_t i = 0; i < x->n_attrs; i++) {
		c->attrs[i].ns = arena_str(a, x->attrs[i].ns);
		c->attrs[i].name = arena_str(a, x->attrs[i].name);
		c->attrs[i].value = arena_str(a, x->attrs[i].value);
	}
	return c;
}

struct xml *xml_copy(struct arena *a, const struct xml *x)
{
	struct xml *copy = copy_node(a, x);

	for (const struct xml *c = x->first; c; c = c->next)
		xml_append(copy, xml_copy(a, c));
	if (x->inner_stands && !x->parent) {
		copy->inner = arena_str(a, x->inner);
		copy->inner_stands = true;
	}
	return copy;
}
