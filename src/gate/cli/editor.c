/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * libedit's callbacks carry our struct as client data. While a line is edited Ctrl-C and Ctrl-Z
 * are keys like others (a signal could come in the moment before the read that it should
 * interrupt); a running command is ended by Ctrl-C as any other program is.
 */
#include "gate/cli/editor.h"

#include <errno.h>
#include <histedit.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/oom.h"

enum { HISTORY_SIZE = 1000, COLUMNS_DEFAULT = 80 };

struct editor {
	void (*complete)(struct str text, struct buf *out);
	EditLine *el; /* NULL: standard input is no terminal */
	History *history;
	char *history_path;      /* NULL: not kept */
	const struct buf *block; /* while a line is read: the lines before it */
	char prompt[7];          /* libedit wants it writable */
	char *line;              /* plain input: getline()'s */
	size_t line_size;
	bool interrupted; /* the line being read was given up */
};

static struct editor *client_of(EditLine *el)
{
	void *client = NULL;

	el_get(el, EL_CLIENTDATA, &client);
	return client;
}

static char *prompt(EditLine *el)
{
	struct editor *e = client_of(el);

	memcpy(e->prompt, e->block->n ? "....> " : "gate> ", sizeof(e->prompt));
	return e->prompt;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The word the cursor stands behind; it may be empty. Braces and the like end words. */
static struct str word_before(struct str text)
{
	size_t at = text.n;

	while (at > 0 && !is_blank(text.p[at - 1]) && !memchr("{};,", text.p[at - 1], 4))
		at--;
	return str_sub(text, at, text.n);
}

/* Cuts the first line off `rest`. */
static struct str next_line(struct str *rest)
{
	size_t end = str_find(*rest, '\n');
	struct str line = str_sub(*rest, 0, end);

	*rest = str_sub(*rest, end + 1, rest->n);
	return line;
}

/* Keeps the words of `list` that begin with `start`, and what they begin with together. */
static size_t filter_words(struct str list, struct str start, struct buf *kept,
                           struct str *common)
{
	size_t n = 0;

	while (list.n > 0) {
		struct str word = next_line(&list);
		if (!str_starts(word, start) || word.n == 0)
			continue;
		if (n++ == 0)
			*common = word;
		while (!str_starts(word, *common))
			*common = str_sub(*common, 0, common->n - 1);
		buf_str(kept, word);
		buf_char(kept, '\n');
	}
	return n;
}

static void show_words(struct str list)
{
	struct winsize size = { 0 };
	size_t width = 1, column = 0;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	size_t columns = size.ws_col ? size.ws_col : COLUMNS_DEFAULT;
	for (struct str rest = list; rest.n > 0;) {
		size_t n = next_line(&rest).n + 2;
		width = n > width ? n : width;
	}
	printf("\n");
	while (list.n > 0) {
		struct str word = next_line(&list);
		if (column > 0 && column + width > columns) {
			printf("\n");
			column = 0;
		}
		printf("%-*.*s", (int)width, (int)word.n, word.p);
		column += width;
	}
	printf("\n");
	fflush(stdout);
}

/* The Tab key. What stands before the word is the text the grammar is asked about. */
static unsigned char complete_key(EditLine *el, int key)
{
	struct editor *e = client_of(el);
	const LineInfo *info = el_line(el);
	auto_buf text = { 0 }, words = { 0 }, kept = { 0 };
	struct str line = { info->buffer, (size_t)(info->cursor - info->buffer) },
		   common = { 0 };
	struct str word = word_before(line);

	(void)key;
	buf_str(&text, buf_as_str(e->block));
	buf_put(&text, line.p, line.n - word.n);
	e->complete(buf_as_str(&text), &words);
	size_t n = filter_words(buf_as_str(&words), word, &kept, &common);
	if (n == 0)
		return CC_REFRESH_BEEP;
	if (n > 1 && common.n == word.n) {
		show_words(buf_as_str(&kept));
		return CC_REDISPLAY;
	}
	auto_buf more = { 0 };
	buf_str(&more, str_sub(common, word.n, common.n));
	if (n == 1)
		buf_char(&more, ' ');
	return el_insertstr(el, more.p) < 0 ? CC_ERROR : CC_REFRESH;
}

/* Ctrl-C. */
static unsigned char interrupt_key(EditLine *el, int key)
{
	(void)key;
	client_of(el)->interrupted = true;
	return CC_EOF;
}

/* Ctrl-Z. */
static unsigned char suspend_key(EditLine *el, int key)
{
	(void)key;
	el_set(el, EL_PREP_TERM, 0);
	raise(SIGTSTP);
	el_set(el, EL_PREP_TERM, 1);
	return CC_REDISPLAY;
}

static void start_history(struct editor *e, struct str path)
{
	HistEvent event;

	e->history = history_init();
	if (!e->history)
		base_oom();
	history(e->history, &event, H_SETSIZE, HISTORY_SIZE);
	history(e->history, &event, H_SETUNIQUE, 1);
	if (path.n) {
		e->history_path = base_calloc(path.n + 1, 1);
		memcpy(e->history_path, path.p, path.n);
		history(e->history, &event, H_LOAD, e->history_path);
	}
	el_set(e->el, EL_HIST, history, e->history);
}

struct editor *editor_new(struct str history_path,
                          void (*complete)(struct str text, struct buf *out))
{
	struct editor *e = base_calloc(1, sizeof(*e));

	e->complete = complete;
	if (!isatty(STDIN_FILENO))
		return e;
	e->el = el_init("gate", stdin, stdout, stderr);
	if (!e->el)
		base_oom();
	el_set(e->el, EL_CLIENTDATA, e);
	el_set(e->el, EL_PROMPT, prompt);
	el_set(e->el, EL_EDITOR, "emacs");
	start_history(e, history_path);
	el_set(e->el, EL_ADDFN, "gate-complete", "complete the word", complete_key);
	el_set(e->el, EL_BIND, "^I", "gate-complete", NULL);
	el_set(e->el, EL_ADDFN, "gate-interrupt", "give up the line", interrupt_key);
	el_set(e->el, EL_BIND, "^C", "gate-interrupt", NULL);
	el_set(e->el, EL_ADDFN, "gate-suspend", "stop until continued", suspend_key);
	el_set(e->el, EL_BIND, "^Z", "gate-suspend", NULL);
	el_set(e->el, EL_SETTY, "-d", "-isig", NULL); /* while editing */
	el_source(e->el, NULL); /* ~/.editrc, as every program with libedit */
	return e;
}

static int read_edited(struct editor *e, struct buf *block)
{
	HistEvent event;
	int n = 0;

	e->block = block;
	e->interrupted = false;
	const char *line = el_gets(e->el, &n);
	if (!line || n <= 0) {
		printf("\n");
		return e->interrupted ? -EINTR : 0;
	}
	struct str text = str_trim((struct str){ line, (size_t)n });
	if (text.n)
		history(e->history, &event, H_ENTER, line);
	buf_str(block, (struct str){ line, (size_t)n });
	return 1;
}

static int read_plain(struct editor *e, struct buf *block)
{
	ssize_t n = getline(&e->line, &e->line_size, stdin);

	if (n < 0)
		return 0;
	buf_str(block, (struct str){ e->line, (size_t)n });
	return 1;
}

int editor_read(struct editor *e, struct buf *block)
{
	int r = e->el ? read_edited(e, block) : read_plain(e, block);

	if (r == 1 && block->n && block->p[block->n - 1] == '\n')
		block->p[--block->n] = '\0';
	return r;
}

static void save_history(struct editor *e)
{
	HistEvent event;
	mode_t before = umask(077); /* a ruleset is nobody else's business */

	history(e->history, &event, H_SAVE, e->history_path);
	umask(before);
}

void editor_free(struct editor *e)
{
	if (!e)
		return;
	if (e->history_path)
		save_history(e);
	if (e->history)
		history_end(e->history);
	if (e->el)
		el_end(e->el);
	free(e->history_path);
	free(e->line);
	free(e);
}
