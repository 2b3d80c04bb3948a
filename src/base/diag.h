/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What is told to people about a source text: where, what, why, and what to type instead.
 * `struct sources` holds the texts, `struct diags` collects the findings while a compiler
 * works, and two writers print them: for people (diags_print) and for programs (diags_json).
 * Nothing here prints by itself.
 *
 * The message is one sentence without a full stop; words of the language stand in `backticks`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

/* A range of bytes in one source. File 0 is "no place". */
struct span {
	uint32_t file; /* index into sources */
	uint32_t off;  /* bytes from the start of the text */
	uint32_t len;  /* bytes; 0 marks a point, such as the end of the text */
};

#define SPAN_NONE ((struct span){ 0 })

static inline bool span_is_none(struct span s)
{
	return s.file == 0;
}

/* From the start of `a` to the end of `b`, both in one file; one that is none gives the other. */
static inline struct span span_join(struct span a, struct span b)
{
	uint32_t off = a.off < b.off ? a.off : b.off;
	uint32_t a_end = a.off + a.len, b_end = b.off + b.len;

	if (a.file != b.file)
		return span_is_none(a) ? b : a;
	return (struct span){ a.file, off, (a_end > b_end ? a_end : b_end) - off };
}

struct source {
	struct str name; /* as given: a path, "command line", "standard input" */
	struct str text;
	void (*forget)(struct str part); /* NULL, or what sources_passed() calls */
};

struct sources {
	VEC(struct source) list; /* list.p[0] stands for file 1 */
};

/* Returns the file's number for spans. Name and text must live as long as the sources. */
uint32_t sources_add(struct sources *s, struct str name, struct str text);

/* The text of that file can be read again at the price of a read: `forget` gives a part of it
 * back until then. */
void sources_forget_by(struct sources *s, uint32_t file, void (*forget)(struct str part));

/* That part was read, and is needed again only for messages. */
void sources_passed(const struct sources *s, struct span part);

/* The source, or NULL for 0 and for numbers never given out. */
const struct source *sources_get(const struct sources *s, uint32_t file);

/* The bytes of a span, cut to what is there; empty for no place. */
struct str sources_text(const struct sources *s, struct span span);

void sources_fini(struct sources *s);

/* A place for people: both from 1, columns in characters (a tab is one). */
struct place {
	uint32_t line, column;
};

struct place source_place(const struct source *s, uint32_t off);

enum diag_level {
	DIAG_ERROR,
	DIAG_WARNING,
	DIAG_NOTE,
};
/* "error", "warning" or "note". */
const char *diag_level_name(enum diag_level level);

enum diag_note_kind {
	DIAG_NOTE_WHY,     /* = note: why it is so */
	DIAG_NOTE_HELP,    /* = help: what to type */
	DIAG_NOTE_RELATED, /* another place, with its line */
};

struct diag_note {
	enum diag_note_kind kind;
	struct span span; /* DIAG_NOTE_RELATED */
	struct str text;
};

struct diag {
	char code[8]; /* "E0101"; may be empty */
	enum diag_level level;
	struct span span;
	struct str message;
	VEC(struct diag_note) notes;
	size_t number; /* in order of adding */
};

/* All zero is the empty collector. */
struct diags {
	struct arena arena;             /* the texts and the diags themselves */
	VEC(struct diag *) list;        /* what is kept */
	size_t errors, warnings, notes; /* all that were added, duplicates left out */
	struct diag spare;              /* given out when nothing more is kept */
};

/* Of each level so many are kept (the rest is counted), and so many printed. */
enum { DIAGS_KEEP = 1000, DIAGS_PRINT = 20 };

#define auto_diags __attribute__((cleanup(diags_fini))) struct diags

/* Adds a finding and returns it, for notes to be tied to. The same code at the same place is
 * taken once: the second goes nowhere, its notes too. Never NULL. */
COLD struct diag *diag_add(struct diags *ds, enum diag_level level, const char *code,
                           struct span span, const char *fmt, ...) PRINTF(5, 6);
COLD struct diag *diag_error(struct diags *ds, const char *code, struct span span,
                             const char *fmt, ...) PRINTF(4, 5);
COLD struct diag *diag_warn(struct diags *ds, const char *code, struct span span,
                            const char *fmt, ...) PRINTF(4, 5);

void diag_note(struct diags *ds, struct diag *d, const char *fmt, ...) PRINTF(3, 4);
void diag_help(struct diags *ds, struct diag *d, const char *fmt, ...) PRINTF(3, 4);
/* The text may be empty: then only the words are underlined. */
void diag_related(struct diags *ds, struct diag *d, struct span span, const char *fmt,
                  ...) PRINTF(4, 5);

static inline bool diags_failed(const struct diags *ds)
{
	return ds->errors > 0;
}

/* Writes all findings, ordered by place, for people:
 *
 *   error[E0101]: table `inet filter` has no chain `INPUT`
 *    --> rules.nft:3:22
 *     |
 *   3 | add rule inet filter INPUT tcp dport 22 accept
 *     |                      ^^^^^
 *     = help: did you mean `input`?
 *
 * Bytes a terminal would obey are shown as `?`. At most DIAGS_PRINT of a level are printed,
 * then "and N more errors". */
void diags_print(const struct diags *ds, const struct sources *sources, struct buf *out,
                 bool colour);

/* One finding alone, in the same form. */
void diag_print(const struct diag *d, const struct sources *sources, struct buf *out,
                bool colour);

/* Writes one JSON array: objects with code, level, message, file, line, column, end_line,
 * end_column (behind the last character), notes, helps (both of strings), related (of objects
 * with file, line, column, end_line, end_column, message). Without a place, file is null and
 * there are no numbers. */
void diags_json(const struct diags *ds, const struct sources *sources, struct buf *out);

/* The findings ordered by file and offset, then as they were added; in `a`, ds->list.n of them. */
const struct diag **diags_sorted(const struct diags *ds, struct arena *a);

void diags_fini(struct diags *ds);
