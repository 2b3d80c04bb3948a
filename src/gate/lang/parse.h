/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the parser's files share. parser.c drives (files, commands, kept texts), define.c
 * has definitions and includes, block.c what all blocks have in common; parse.c stands
 * below them all. Every parse_* function returns its node (or true), or NULL (or false)
 * after it has reported an error; the caller passes that on, and the driver skips to the
 * end of the statement.
 */
#pragma once

#include "base/word.h"
#include "gate/lang/lexer.h"
#include "gate/lang/parser.h"

/* One place to parse from: a lexer, where nodes go, and which names are known. */
struct parse {
	struct lexer lx;
	struct arena *a; /* nodes */
	struct diags *diags;
	const struct names *names;
	struct scope *scope;
	uint32_t seq; /* definitions with a smaller number are seen */
	int depth;    /* nesting of parentheses, sets and `jump { }`: bounded to 64 */
	struct parser *parser; /* for `include` and `define` inside blocks */
	bool leave;    /* an item found that its block must have ended before it */
	bool unclosed; /* a missing `}` was reported: enclosing blocks say nothing */
	/* Completion (NULL: not now): words compared with the end of the text are added
	 * here. */
	struct buf *expected;
};

/* scope.c: names from define. A binding is never changed: redefine adds a newer one. */
struct scope *scope_new(struct arena *a, struct scope *parent);
/* `value` NULL: undefine. */
void scope_bind(struct scope *s, struct arena *a, struct str name, struct expr *value,
                struct span span, uint32_t seq);
/* The newest binding before `seq` here or further out; NULL: none. The expression is
 * shared. */
struct expr *scope_find(const struct scope *s, struct str name, uint32_t seq);
/* Where the name was bound, for messages: in sight, or in this very scope. */
struct span scope_place(const struct scope *s, struct str name, uint32_t seq);
struct span scope_place_here(const struct scope *s, struct str name, uint32_t seq);
/* What lives as long as the scope belongs there. */
struct arena *scope_arena(const struct scope *s);
/* Nearest known name, for messages; empty when none is near. */
struct str scope_nearest(const struct scope *s, struct str name);

/* words.c */
/* Whether nft's grammar keeps the word for itself, so that no name may be spelt so. */
bool word_is_reserved(struct str word);

/* Small helpers on the lexer (parse.c). */
/* Completion: `word` could have come where the text ends. */
COLD void note_expected(struct parse *p, const char *word);

/* Whether the next token is that bare word; take_ also takes it. */
static ALWAYS_INLINE bool at_key(struct parse *p, uint64_t key, const char *word)
{
	const struct token *t = lexer_peek(&p->lx, 0);

	if (p->expected && t->kind == TOKEN_END)
		note_expected(p, word);
	return t->key == key && (t->text.n < sizeof(key) || str_is_word(t->text, word));
}

static ALWAYS_INLINE bool take_key(struct parse *p, uint64_t key, const char *word)
{
	if (!at_key(p, key, word))
		return false;
	lexer_next(&p->lx);
	return true;
}

/* The word is a literal: a rule asks for dozens, and each is the comparison of a number. */
#define at_word(p, word)   at_key((p), WORD_KEY(word), "" word)
#define take_word(p, word) take_key((p), WORD_KEY(word), "" word)

/* The same for a table's word. */
static inline bool at_any_word(struct parse *p, const char *word)
{
	return at_key(p, word_key(str_from(word)), word);
}

static inline bool take_any_word(struct parse *p, const char *word)
{
	return take_key(p, word_key(str_from(word)), word);
}

static inline bool at_punct(struct parse *p, int punct)
{
	const struct token *t = lexer_peek(&p->lx, 0);

	return t->kind == TOKEN_PUNCT && t->punct == punct;
}

static inline bool take_punct(struct parse *p, int punct)
{
	if (!at_punct(p, punct))
		return false;
	lexer_next(&p->lx);
	return true;
}
/* Takes it or reports E0001 "expected `what`" at the next token. */
bool expect_punct(struct parse *p, int punct, const char *what);
bool at_end_of_stmt(struct parse *p); /* end, newline, `;` or `}` */
/* Reports `E…: message` at the next token (names the token found, says what was
 * expected). */
COLD void *parse_fail(struct parse *p, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct expr *expr_new(struct parse *p, enum expr_kind kind, struct span span);
/* A deep copy: the checker writes types into trees, so a variable's value is never
 * shared. */
struct expr *expr_copy(struct arena *a, const struct expr *e);
/* Number token or $variable holding one, at most `max`. */
bool parse_u64(struct parse *p, uint64_t max, const char *what, uint64_t *out);
/* `1d2h3m4s`, `500ms`, plain seconds, "quoted" or not, or $variable; milliseconds. */
bool parse_time(struct parse *p, uint64_t *ms);
/* A word, a "string" or a $variable holding one; *span is its place. */
bool parse_string(struct parse *p, const char *what, struct str *out, struct span *span);
/* A name of a table, chain, set …: refuses reserved words (E0007). $variable allowed. */
bool parse_name(struct parse *p, const char *what, struct str *out, struct span *span);
/* A copy of the variable's expression, or NULL after E0006 "`$x` is not defined". Takes
 * the token. */
struct expr *parse_variable(struct parse *p);
/* The same without the copy: only to be read. */
const struct expr *parse_variable_shared(struct parse *p);
/* One word of `table` (also from a $variable), or E0011 with what was expected. */
bool parse_choice(struct parse *p, const struct symbol *table, const char *what,
                  uint64_t *value, struct span *span);
/* Words of `table` with commas between, or'ed. */
bool parse_flags(struct parse *p, const struct symbol *table, const char *what,
                 uint32_t *flags, struct span *span);
/* E0011 "`word` is not WHAT" at `span`, with the nearest of the names and all of them.
 * NULL. */
COLD void *fail_choice(struct parse *p, struct span span, const char *what,
                       struct str word, const struct str *names, size_t n);
/* E0012 "X is given twice" with the earlier place. False. */
COLD bool fail_twice(struct parse *p, struct span span, const char *what,
                     struct span earlier);
/* The same as a warning, W0012, where nft takes the last one without a word. */
void warn_twice(struct parse *p, struct span span, const char *what, struct span earlier);
/* The end of a simple statement, or E0001. The separator stays. */
bool expect_end(struct parse *p);
/* Goes back to `from`, where a statement with a mistake began, and skips it. */
void parse_skip(struct parse *p, const char *from);

/* block.c: what blocks of all kinds have in common. */
/* One kind of line in a block: its first word, and what reads the rest. `at` is the
 * word. */
struct line_row {
	struct word word;
	bool (*parse)(struct parse *p, void *block, struct span at);
};
/* The row whose word comes, taken and read: -1 when there is none, else whether it went
 * well. */
int parse_line(struct parse *p, const struct line_row *rows, size_t n, void *block);
/* Whether what comes can only stand further out: `chain x {`, `add table …`. */
bool at_outer_line(struct parse *p);
/* What begins no line of the block `where` is E0011, with the nearest of its words:
 * false. If it belongs further out, the block is left: true. */
COLD bool fail_line(struct parse *p, const struct line_row *rows, size_t n,
                    const char *where);
/* `comment "text"` of a block, once. */
bool parse_block_comment(struct parse *p, struct str *comment, struct span at);
/* One statement of a block; false after it has reported an error it could not go on
 * from. */
typedef bool (*item_fn)(struct parse *p, void *block);
/* Items up to the block's `}`, which is taken; `open` is its `{`. Definitions made inside
 * end with it. Goes on after mistakes (they are in p->diags); false only when the text
 * ended. */
bool parse_block(struct parse *p, struct span open, item_fn item, void *block);
/* E0003 for the `{` of this text that is most likely the one never closed. False. */
COLD bool fail_unclosed(struct parse *p, struct span open);

/* define.c */
/* `define`, `redefine`, `undefine` or `include`: -1 when none begins here, else whether
 * it went well. An included file is read with `item`; without it the parser goes on in
 * it. */
int parse_common(struct parse *p, item_fn item, void *block);
/* The items of a whole file, which closes no brace of the file that includes it. */
void parse_items(struct parse *p, item_fn item, void *block);

/* parser.c: files that are open. */
/* Sets p->lx to the file's start, or reports that it cannot be read, is open already, or
 * that files are nested too deeply. `at` is where its name stands. */
bool parser_open(struct parse *p, struct str path, struct span at);
void parser_close(struct parse *p);
/* Goes on in the files, one after the other, before what comes next in this one. */
bool parser_include(struct parse *p, const struct str *paths, size_t n, struct span at);
const struct reader *parser_reader(const struct parser *parser);
struct arena *parser_arena(const struct parser *parser);
/* Makes *p a place to parse kept text from. */
void parser_parse(struct parser *parser, struct arena *a, struct span text,
                  struct scope *scope, uint32_t seq, struct parse *p);
/* From here on words that could come at the end of the text go to `words`. */
void parser_expect(struct parser *parser, struct buf *words);
/* elems.c keeps what it can use again here. */
struct elems_state;
struct elems_state **parser_spare_elems(struct parser *parser);
/* The number of the next definition. */
uint32_t parser_count(struct parser *parser);

/* parse_expr.c */
/* Left side or value of any kind: primary . primary, & | ^ << >>, map, parentheses. */
struct expr *parse_expr(struct parse *p);
/* Right side: values, `a-b`, `a/b`, `a, b`, `{ … }`, `@set`, $var. */
struct expr *parse_rhs(struct parse *p);
/* `{` just seen: a set or map literal (EXPR_SET of EXPR_ELEM). */
struct expr *parse_set_literal(struct parse *p);
/* One element: key [timeout …] [expires …] [comment "…"] [counter …] [: data]. */
struct expr *parse_elem(struct parse *p);
/* accept, drop, continue, return, jump X, goto X; NULL without error when none starts
 * here. */
struct expr *parse_verdict(struct parse *p);
bool at_verdict(struct parse *p);
/* `typeof` operand of a set: an expression, or a concatenation of them. */
struct expr *parse_typeof(struct parse *p);
/* Selector that starts here (`tcp dport`, `iifname`, `ct state` …), or NULL and no error
 * when the words start none. */
struct expr *parse_selector(struct parse *p);

/* parse_stmt.c */
struct stmt *parse_stmt(struct parse *p);
/* counter, limit, quota, ct count, last: what a set or element may carry; NULL and no
 * error when none starts here. */
struct stmt *parse_stateful(struct parse *p);
bool parse_rule_body(struct parse *p,
                     struct rule *rule); /* all statements to the end, comment */

/* parse_block.c, parse_chain.c, parse_named_set.c, parse_obj.c. The block's span is its
 * `{` when the body begins, and the whole when it ended. */
bool parse_chain_body(struct parse *p, struct chain_block *c); /* behind `{` */
bool parse_set_body(struct parse *p, struct set_block *s);
bool parse_obj_body(struct parse *p, struct obj_block *o);
bool parse_flowtable_body(struct parse *p, struct flowtable_block *f);
bool parse_table_body(struct parse *p, struct table_block *t);
/* Without braces: `add counter t c packets 1 bytes 2`. */
bool parse_obj_line(struct parse *p, struct obj_block *o);
/* `{ … }` or `$set`, behind `elements =` and in `add element`: the text is kept. */
bool parse_elems_text(struct parse *p, struct elems_text *elems);
/* `priority` value: number, name, name and number, variable. */
bool parse_priority(struct parse *p, struct expr **priority, int32_t *offset,
                    struct span *span);
/* `{ a, "b*" }`, `$devices` or one name. */
struct expr *parse_devices(struct parse *p);
/* Ends of named things: makes room for one more pointer and puts `item` there. */
#define list_push(list, n, cap, arena, item)                                \
	((list) = list_room((list), sizeof(*(list)), (n), &(cap), (arena)), \
	 (list)[(n)++] = (item))
void *list_room(void *list, size_t size, size_t n, size_t *cap, struct arena *a);

/* A word that begins a statement and could be no name. */
bool at_rule_word(struct parse *p);
/* complete.c: what may come where the text of a rule ends, if that is where all text
 * ends. */
void complete_rule(struct parse *p, struct span text);
/* Whether the text ends where a statement could begin. */
bool at_new_statement(const struct parse *p);

/* Behind the word `ct`: which kind of object, NFT_OBJECT_*. */
bool parse_ct_kind(struct parse *p, uint32_t *type);
/* `{` opens a block: 1, and *open is its place; 0: there is none. */
bool take_open(struct parse *p, struct span *open);
/* … at the beginning of the next line, where nft wants none. */
bool take_open_below(struct parse *p, struct span *open);

/* parse_command.c */
bool parse_command(struct parse *p, struct command *cmd);
