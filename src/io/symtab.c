/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* One pass counts the lines, a second keeps those that are rows. */
#include "io/symtab.h"

#include <errno.h>
#include <stdbool.h>

#include "io/file.h"

/* Cuts the first line off `rest`. */
static struct str next_line(struct str *rest)
{
	size_t end = str_find(*rest, '\n');
	struct str line = str_sub(*rest, 0, end);

	*rest = str_sub(*rest, end + 1, rest->n);
	return line;
}

/* Cuts the first word off `rest`; blanks are spaces and tabs. */
static struct str next_word(struct str *rest)
{
	size_t n = 0;

	*rest = str_trim(*rest);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	struct str word = str_sub(*rest, 0, n);
	*rest = str_sub(*rest, n, rest->n);
	return word;
}

static bool parse_row(struct str line, struct arena *a, struct symtab_row *row)
{
	line = str_sub(line, 0, str_find(line, '#'));
	struct str number = next_word(&line), name = next_word(&line);
	bool is_hex = str_starts(number, STR("0x"));

	if (name.n == 0 || str_trim(line).n != 0)
		return false;
	if (str_to_u64(is_hex ? str_sub(number, 2, number.n) : number, is_hex ? 16 : 10,
	               &row->value) < 0)
		return false;
	row->name = str_dup_c(a, name);
	return true;
}

void symtab_parse(struct symtab *t, struct arena *a, struct str text)
{
	size_t lines = 1;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	*t = (struct symtab){ .rows = arena_array(a, struct symtab_row, lines) };
	while (text.n > 0)
		t->n += parse_row(next_line(&text), a, &t->rows[t->n]);
}

void symtab_load(struct symtab *t, struct arena *a, const char *const *paths)
{
	struct str text;

	*t = (struct symtab){ 0 };
	for (; *paths; paths++) {
		if (file_read(*paths, &text) < 0)
			continue;
		symtab_parse(t, a, text);
		file_release(text);
		return;
	}
}

int symtab_value(const struct symtab *t, const char *name, uint64_t *value)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->rows[i].name, name) == 0) {
			*value = t->rows[i].value;
			return 0;
		}
	}
	return -ENOENT;
}

const char *symtab_name(const struct symtab *t, uint64_t value)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].value == value)
			return t->rows[i].name;
	return NULL;
}
