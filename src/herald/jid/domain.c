/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The domain part. It is kept in Unicode: A-labels (xn--…) and their Unicode form are one name,
 * RFC 6122 section 2.2. Names are host names, with the underscore that private networks use;
 * IPv6 addresses stand in brackets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <idna.h>

#include "base/utf8.h"
#include "herald/jid/jid.h"
#include "herald/jid/prep.h"

enum { LABEL_MAX = 63 };

static bool is_ldh(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Of a prepared label that is all ASCII. */
static bool label_ok(struct str label)
{
	if (label.n == 0 || label.n > LABEL_MAX)
		return false;
	if (label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!is_ldh(label.p[i]))
			return false;
	return true;
}

static bool labels_ok(struct str name)
{
	size_t at = 0;

	for (;;) {
		size_t n = str_find(str_sub(name, at, name.n), '.');
		if (!label_ok(str_sub(name, at, n)))
			return false;
		at += n + 1;
		if (at > name.n)
			return true;
	}
}

static bool has_a_label(struct str name)
{
	for (size_t i = 0; i + 4 <= name.n; i++)
		if ((i == 0 || name.p[i - 1] == '.') &&
		    memcmp(name.p + i, "xn--", 4) == 0)
			return true;
	return false;
}

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static void fold(char *p)
{
	for (; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
}

/* By A-labels and back, each label by itself (nameprep over a whole name would refuse one
 * label from right to left beside another from left to right). What ToUnicode gives is the one
 * spelling of the name, if it leads to the same A-labels; labels that only look encoded stay
 * `xn--` and are refused. */
static int to_unicode(struct str name, struct arena *a, struct str *out)
{
	auto_free char *ascii = NULL;
	auto_free char *unicode = NULL;
	auto_free char *again = NULL;

	if (name.n > JID_MAX)
		return -ENAMETOOLONG;
	if (!utf8_valid(name) || memchr(name.p, '\0', name.n) ||
	    idna_to_ascii_8z(str_dup_c(a, name), &ascii, IDNA_ALLOW_UNASSIGNED) !=
	            IDNA_SUCCESS)
		return -EINVAL;
	fold(ascii);
	if (!labels_ok(str_from(ascii)) ||
	    idna_to_unicode_8z8z(ascii, &unicode, IDNA_ALLOW_UNASSIGNED) !=
	            IDNA_SUCCESS ||
	    idna_to_ascii_8z(unicode, &again, IDNA_ALLOW_UNASSIGNED) != IDNA_SUCCESS)
		return -EINVAL;
	struct str s = str_from(unicode);
	if (strcmp(ascii, again) != 0 || has_a_label(s))
		return -EINVAL;
	if (s.n > JID_PART_MAX)
		return -ENAMETOOLONG;
	*out = str_eq(s, name) ? name : arena_str(a, s);
	return 0;
}

static int literal_v6(struct str s, struct arena *a, struct str *out)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.n < 3 || s.n - 2 >= sizeof(text) || s.p[s.n - 1] != ']')
		return -EINVAL;
	memcpy(text, s.p + 1, s.n - 2);
	text[s.n - 2] = '\0';
	if (strlen(text) != s.n - 2 || inet_pton(AF_INET6, text, &address) != 1)
		return -EINVAL;
	inet_ntop(AF_INET6, &address, text, sizeof(text));
	struct str normal = arena_fmt(a, "[%s]", text);
	*out = str_eq(normal, s) ? s : normal;
	return 0;
}

static int prep_name(struct str s, struct arena *a, struct str *out)
{
	if (!is_ascii(s))
		return to_unicode(s, a, out);
	int r = prep(PREP_NAME, PREP_QUERY, s, JID_PART_MAX, a, &s);
	if (r < 0)
		return r;
	if (has_a_label(s))
		return to_unicode(s, a, out);
	if (!labels_ok(s))
		return -EINVAL;
	*out = s;
	return 0;
}

int jid_prep_domain(struct str s, struct arena *a, struct str *out)
{
	/* The dot of the root adds nothing, RFC 7622 section 3.2. */
	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	if (s.n == 0)
		return -EINVAL;
	return s.p[0] == '[' ? literal_v6(s, a, out) : prep_name(s, a, out);
}
