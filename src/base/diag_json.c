/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Findings for programs: one JSON array (RFC 8259). Columns count characters, from 1. */
#include "base/diag.h"

/* "file": …, and the place's numbers where there is one. */
static void put_place(struct buf *out, const struct sources *sources, struct span span)
{
	const struct source *s = sources_get(sources, span.file);

	buf_cstr(out, "\"file\": ");
	if (!s) {
		buf_cstr(out, "null");
		return;
	}
	struct place from = source_place(s, span.off);
	struct place to = source_place(s, span.off + span.len);
	buf_json(out, s->name);
	buf_fmt(out,
	        ", \"line\": %u, \"column\": %u, \"end_line\": %u, \"end_column\": %u",
	        from.line, from.column, to.line, to.column);
}

/* "key": [ the texts of the notes of one kind ] */
static void put_texts(struct buf *out, const char *key, const struct diag *d,
                      enum diag_note_kind kind)
{
	const char *comma = "";

	buf_fmt(out, ", \"%s\": [", key);
	vec_for_each(note, &d->notes) {
		if (note->kind != kind)
			continue;
		buf_cstr(out, comma);
		buf_json(out, note->text);
		comma = ", ";
	}
	buf_char(out, ']');
}

static void put_related(struct buf *out, const struct diag *d,
                        const struct sources *sources)
{
	const char *comma = "";

	buf_cstr(out, ", \"related\": [");
	vec_for_each(note, &d->notes) {
		if (note->kind != DIAG_NOTE_RELATED)
			continue;
		buf_fmt(out, "%s{", comma);
		put_place(out, sources, note->span);
		buf_cstr(out, ", \"message\": ");
		buf_json(out, note->text);
		buf_char(out, '}');
		comma = ", ";
	}
	buf_char(out, ']');
}

void diags_json(const struct diags *ds, const struct sources *sources, struct buf *out)
{
	auto_arena a = { 0 };
	const struct diag **sorted = diags_sorted(ds, &a);

	buf_char(out, '[');
	for (size_t i = 0; i < ds->list.n; i++) {
		const struct diag *d = sorted[i];
		buf_cstr(out, i ? ",\n {\"code\": " : "{\"code\": ");
		buf_json(out, str_from(d->code));
		buf_fmt(out,
		        ", \"level\": \"%s\", \"message\": ", diag_level_name(d->level));
		buf_json(out, d->message);
		buf_cstr(out, ", ");
		put_place(out, sources, d->span);
		put_texts(out, "notes", d, DIAG_NOTE_WHY);
		put_texts(out, "helps", d, DIAG_NOTE_HELP);
		put_related(out, d, sources);
		buf_char(out, '}');
	}
	buf_cstr(out, "]\n");
}
