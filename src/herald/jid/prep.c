/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/jid/prep.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <stringprep.h>

#include "base/utf8.h"

/* What a profile does to ASCII, so that most addresses never see libidn. */
struct profile {
	const Stringprep_profile *tables;
	const char *forbidden; /* printable ASCII it refuses */
	bool folds;            /* upper case becomes lower case */
	bool takes_space;
};

static const struct profile profiles[] = {
	[PREP_NODE] = { stringprep_xmpp_nodeprep, "\"&'/:<>@", true, false },
	[PREP_RESOURCE] = { stringprep_xmpp_resourceprep, "", false, true },
	[PREP_NAME] = { stringprep_nameprep, "", true, true },
	[PREP_SASL] = { stringprep_saslprep, "", false, true },
};

enum ascii {
	ASCII_SAME,
	ASCII_FOLD, /* differs by upper case only */
	ASCII_BAD,
	ASCII_NOT, /* other bytes are in it */
};

static enum ascii ascii_char(const struct profile *p, unsigned char c)
{
	if (c >= 0x80)
		return ASCII_NOT;
	if (c < 0x20 || c == 0x7f || (c == ' ' && !p->takes_space) ||
	    strchr(p->forbidden, c))
		return ASCII_BAD;
	return p->folds && c >= 'A' && c <= 'Z' ? ASCII_FOLD : ASCII_SAME;
}

static enum ascii ascii_look(const struct profile *p, struct str s)
{
	enum ascii worst = ASCII_SAME;

	for (size_t i = 0; i < s.n && worst != ASCII_NOT; i++) {
		enum ascii one = ascii_char(p, (unsigned char)s.p[i]);
		if (one > worst)
			worst = one;
	}
	return worst;
}

static struct str ascii_fold(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.n);

	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + ('a' - 'A')
		                                             : s.p[i]);
	return (struct str){ p, s.n };
}

/* One run of libidn over the NUL-terminated text in `p`, which has room for `max` + 1. */
static int run(const struct profile *profile, enum prep_mode mode, char *p, size_t max)
{
	Stringprep_profile_flags flags =
		mode == PREP_STORED ? STRINGPREP_NO_UNASSIGNED : 0;
	int r = stringprep(p, max + 1, flags, profile->tables);

	if (r == STRINGPREP_OK)
		return 0;
	return r == STRINGPREP_TOO_SMALL_BUFFER ? -ENAMETOOLONG : -EINVAL;
}

/* The profiles are not quite idempotent; what a second run would change again has no normal
 * form, and two spellings of one name would differ. */
static int run_stable(const struct profile *profile, enum prep_mode mode, struct str s,
                      size_t max, struct arena *a, struct str *out)
{
	size_t room = s.n > max ? s.n : max;
	char *once = arena_alloc(a, room + 1), *twice = arena_alloc(a, room + 1);

	memcpy(once, s.p, s.n);
	int r = run(profile, mode, once, room);
	if (r < 0)
		return r;
	size_t n = strlen(once);
	if (n > max)
		return -ENAMETOOLONG;
	memcpy(twice, once, n);
	r = run(profile, mode, twice, room);
	if (r < 0 || strcmp(once, twice) != 0)
		return -EINVAL;
	*out = str_eq((struct str){ once, n }, s) ? s : (struct str){ once, n };
	return 0;
}

int prep(enum prep_profile which, enum prep_mode mode, struct str s, size_t max,
         struct arena *a, struct str *out)
{
	const struct profile *profile = &profiles[which];

	if (s.n > 3 * max)
		return -ENAMETOOLONG;
	enum ascii kind = ascii_look(profile, s);
	if (kind == ASCII_BAD)
		return -EINVAL;
	if (kind != ASCII_NOT && s.n > max)
		return -ENAMETOOLONG;
	if (kind != ASCII_NOT) {
		*out = kind == ASCII_FOLD ? ascii_fold(s, a) : s;
		return 0;
	}
	if (!utf8_valid(s) || memchr(s.p, '\0', s.n))
		return -EINVAL;
	return run_stable(profile, mode, s, max, a, out);
}
