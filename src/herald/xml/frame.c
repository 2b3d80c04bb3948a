/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The scanner behind frame.h. It looks at each byte once, whatever the pieces it comes in:
 * where it stopped is in `at` and `state`.
 */
#include "herald/xml/frame.h"

#include "herald/xml/chars.h"

enum {
	IN_TEXT,
	BEHIND_LT,
	IN_START,
	IN_QUOTES,
	IN_END,
	BEHIND_BANG,
	IN_CDATA,
	IN_DECLARATION, /* <?xml … ?> */
};

enum step {
	STEP_ON,   /* look further */
	STEP_MORE, /* bytes are wanted */
	STEP_DONE, /* the item ends at `at` */
	STEP_BAD,
};

struct scan {
	struct xml_frame *f;
	const struct xml_limits *limits;
	struct xml_item *item;
};

static enum step bad(struct scan *s, enum xml_error e)
{
	s->item->error = e;
	return STEP_BAD;
}

static enum step done(struct scan *s, enum xml_item_kind kind)
{
	s->item->kind = kind;
	return STEP_DONE;
}

static struct str rest(const struct xml_frame *f)
{
	return str_sub(f->in, f->at, f->in.n);
}

/* Goes to the byte `c`; false: it is not here yet. */
static bool go_to(struct xml_frame *f, char c)
{
	f->at += str_find(rest(f), c);
	return f->at < f->in.n;
}

static enum step in_text(struct scan *s)
{
	struct xml_frame *f = s->f;

	if (f->depth == 0 && f->at == 0 && f->in.n && f->in.p[0] != '<') {
		bool utf16 = (unsigned char)f->in.p[0] >= 0xfe && !f->began;
		return bad(s, utf16 ? XML_UNSUPPORTED_ENCODING : XML_NOT_WELL_FORMED);
	}
	if (!go_to(f, '<'))
		return STEP_MORE;
	f->at++;
	f->state = BEHIND_LT;
	return STEP_ON;
}

static enum step start_tag(struct scan *s)
{
	struct xml_frame *f = s->f;

	if (f->depth + 1 > s->limits->depth || ++f->elements > s->limits->elements)
		return bad(s, XML_TOO_MUCH);
	f->state = IN_START;
	return STEP_ON;
}

static enum step behind_lt(struct scan *s)
{
	struct xml_frame *f = s->f;
	char c = f->in.p[f->at];

	if (c == '/') {
		if (!f->opened)
			return bad(s, XML_NOT_WELL_FORMED);
		f->state = IN_END;
	} else if (c == '!') {
		f->at++;
		f->state = BEHIND_BANG;
	} else if (c == '?') {
		if (f->opened || f->began)
			return bad(s, XML_RESTRICTED);
		f->state = IN_DECLARATION;
	} else {
		return start_tag(s);
	}
	return STEP_ON;
}

/* At the `>` of a start tag. */
static enum step start_tag_ends(struct scan *s)
{
	struct xml_frame *f = s->f;
	bool empty = f->in.p[f->at - 1] == '/';

	f->at++;
	f->state = IN_TEXT;
	if (!f->opened)
		return done(s, XML_ITEM_HEADER);
	if (!empty)
		f->depth++;
	return f->depth == 0 ? done(s, XML_ITEM_STANZA) : STEP_ON;
}

static enum step in_start(struct scan *s)
{
	struct xml_frame *f = s->f;

	for (; f->at < f->in.n; f->at++) {
		char c = f->in.p[f->at];
		if (c == '>')
			return start_tag_ends(s);
		if (c == '<')
			return bad(s, XML_NOT_WELL_FORMED);
		if (c == '"' || c == '\'') {
			f->quote = c;
			f->at++;
			f->state = IN_QUOTES;
			return STEP_ON;
		}
	}
	return STEP_MORE;
}

static enum step in_quotes(struct scan *s)
{
	if (!go_to(s->f, s->f->quote))
		return STEP_MORE;
	s->f->at++;
	s->f->state = IN_START;
	return STEP_ON;
}

static enum step in_end(struct scan *s)
{
	struct xml_frame *f = s->f;

	if (!go_to(f, '>'))
		return STEP_MORE;
	f->at++;
	f->state = IN_TEXT;
	if (f->depth == 0)
		return done(s, XML_ITEM_END);
	return --f->depth == 0 ? done(s, XML_ITEM_STANZA) : STEP_ON;
}

/* Only CDATA may follow, and only inside a stanza. */
static enum step behind_bang(struct scan *s)
{
	static const struct str cdata = STR_INIT("[CDATA[");
	struct xml_frame *f = s->f;
	struct str got = str_sub(rest(f), 0, cdata.n);

	if (got.n == 0)
		return STEP_MORE;
	if (got.p[0] != '[')
		return bad(s, XML_RESTRICTED);
	if (!str_starts(cdata, got) || f->depth == 0)
		return bad(s, XML_NOT_WELL_FORMED);
	if (got.n < cdata.n)
		return STEP_MORE;
	f->at += cdata.n;
	f->state = IN_CDATA;
	return STEP_ON;
}

static enum step in_cdata(struct scan *s)
{
	struct xml_frame *f = s->f;
	struct str left = rest(f);
	const char *end = left.n ? memmem(left.p, left.n, "]]>", 3) : NULL;

	if (!end) {
		f->at += left.n > 2 ? left.n - 2 : 0;
		return STEP_MORE;
	}
	f->at += (size_t)(end - left.p) + 3;
	f->state = IN_TEXT;
	return STEP_ON;
}

/* ---- the XML declaration ------------------------------------------------------------------ */

/* ` name = "value"` at the front of *s. */
static bool pseudo_attr(struct str *s, const char *name, struct str *value)
{
	struct str at = *s, key = str_from(name);
	size_t n = 0;

	while (n < at.n && xml_is_space(at.p[n]))
		n++;
	at = str_sub(at, n, at.n);
	if (n == 0 || !str_starts(at, key))
		return false;
	at = str_trim(str_sub(at, key.n, at.n));
	if (at.n == 0 || at.p[0] != '=')
		return false;
	at = str_trim(str_sub(at, 1, at.n));
	if (at.n == 0 || (at.p[0] != '"' && at.p[0] != '\''))
		return false;
	struct str body = str_sub(at, 1, at.n);
	n = str_find(body, at.p[0]);
	if (n == body.n)
		return false;
	*value = str_sub(body, 0, n);
	*s = str_sub(body, n + 1, body.n);
	return true;
}

static bool is_version(struct str v)
{
	for (size_t i = 2; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
	}
	return v.n > 2 && str_starts(v, STR("1."));
}

/* XML 1.0 production XMLDecl; RFC 6120 section 11.6 wants UTF-8. `s` is what stands between
 * `<?` and `?>`. */
static enum xml_error check_declaration(struct str s)
{
	struct str version, encoding, standalone;

	if (!str_starts(s, STR("xml")))
		return XML_RESTRICTED; /* an instruction to somebody else */
	s = str_sub(s, 3, s.n);
	if (s.n == 0 || !xml_is_space(s.p[0]))
		return XML_RESTRICTED;
	if (!pseudo_attr(&s, "version", &version) || !is_version(version))
		return XML_NOT_WELL_FORMED;
	if (pseudo_attr(&s, "encoding", &encoding) &&
	    (encoding.n != 5 || strncasecmp(encoding.p, "utf-8", 5) != 0))
		return XML_UNSUPPORTED_ENCODING;
	if (pseudo_attr(&s, "standalone", &standalone) && !str_is(standalone, "yes") &&
	    !str_is(standalone, "no"))
		return XML_NOT_WELL_FORMED;
	return str_trim(s).n == 0 ? XML_OK : XML_NOT_WELL_FORMED;
}

/* Takes the first `n` bytes away. */
static void consume(struct xml_frame *f, size_t n)
{
	f->in = str_sub(f->in, n, f->in.n);
	f->at = 0;
}

static enum step in_declaration(struct scan *s)
{
	struct xml_frame *f = s->f;

	if (!go_to(f, '>'))
		return STEP_MORE;
	struct str all = str_sub(f->in, 2, f->at - 2);
	if (!str_ends(all, STR("?")))
		return bad(s, XML_NOT_WELL_FORMED);
	enum xml_error e = check_declaration(str_sub(all, 0, all.n - 1));
	if (e != XML_OK)
		return bad(s, e);
	consume(f, f->at + 1);
	f->began = true;
	f->state = IN_TEXT;
	return STEP_ON;
}

/* ---- the loop ------------------------------------------------------------------------------ */

/* Blanks in front of the first header leave no room for an XML declaration; those in front of
 * one behind a restart are still the old stream's (go-sendxmpp ends every element with one). */
static void skip_blanks(struct xml_frame *f)
{
	size_t n = 0;

	while (n < f->in.n && xml_is_space(f->in.p[n]))
		n++;
	if (n) {
		consume(f, n);
		f->began = f->began || !f->restarted;
	}
}

static enum step step(struct scan *s)
{
	static enum step (*const steps[])(struct scan *) = {
		[IN_TEXT] = in_text,   [BEHIND_LT] = behind_lt,
		[IN_START] = in_start, [IN_QUOTES] = in_quotes,
		[IN_END] = in_end,     [BEHIND_BANG] = behind_bang,
		[IN_CDATA] = in_cdata, [IN_DECLARATION] = in_declaration,
	};
	struct xml_frame *f = s->f;

	if (f->depth == 0 && f->state == IN_TEXT && f->at == 0)
		skip_blanks(f);
	return f->at < f->in.n ? steps[f->state](s) : STEP_MORE;
}

static bool give_error(struct xml_frame *f, struct xml_item *item)
{
	item->kind = XML_ITEM_ERROR;
	f->failed = true;
	return true;
}

bool xml_frame_next(struct xml_frame *f, const struct xml_limits *limits,
                    struct xml_item *item)
{
	struct scan s = { f, limits, item };
	enum step r = STEP_ON;

	if (f->failed)
		return false;
	while (r == STEP_ON)
		r = step(&s);
	if (r != STEP_BAD && f->at > limits->size)
		r = bad(&s, XML_TOO_MUCH);
	if (r == STEP_BAD)
		return give_error(f, item);
	if (r == STEP_MORE)
		return false;
	item->text = str_sub(f->in, 0, f->at);
	consume(f, f->at);
	f->opened = true;
	f->began = true;
	f->depth = f->elements = 0;
	return true;
}

void xml_frame_feed(struct xml_frame *f, struct str bytes)
{
	f->in = bytes;
	if (f->pending.n) {
		buf_str(&f->pending, bytes);
		f->in = buf_as_str(&f->pending);
	}
}

void xml_frame_keep(struct xml_frame *f)
{
	struct buf old = f->pending;

	if (f->failed || f->in.n == 0) {
		buf_fini(&f->pending);
	} else if (f->in.p != old.p) {
		f->pending = (struct buf){ 0 };
		buf_str(&f->pending, f->in);
		buf_fini(&old);
	}
	f->in = (struct str){ NULL, 0 };
}

void xml_frame_restart(struct xml_frame *f, bool drop)
{
	if (drop)
		consume(f, f->in.n);
	f->opened = f->began = false;
	f->restarted = true;
	f->state = IN_TEXT;
	f->depth = f->elements = 0;
}

void xml_frame_fini(struct xml_frame *f)
{
	buf_fini(&f->pending);
	*f = (struct xml_frame){ 0 };
}
