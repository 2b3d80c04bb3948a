/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "gate/track/sip_text.h"

#include <arpa/inet.h>
#include <strings.h>

#include "gate/track/helper.h"

enum { SIP_PORT = 5060 };

struct str sip_line(struct str *text)
{
	size_t n = str_find(*text, '\n');
	struct str line = str_sub(*text, 0, n);

	*text = str_sub(*text, n + 1, text->n);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool name_is(struct str s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

static bool starts_with(struct str s, const char *word)
{
	size_t n = strlen(word);

	return s.n >= n && strncasecmp(s.p, word, n) == 0;
}

bool sip_header(struct str *at, const char *name, char compact, struct str *value)
{
	const char letter[] = { compact, 0 };

	while (at->n) {
		struct str line = sip_line(at);
		size_t colon = str_find(line, ':');
		struct str found = str_trim(str_sub(line, 0, colon));

		if (colon == line.n ||
		    (!name_is(found, name) && !(compact && name_is(found, letter))))
			continue;
		*value = str_trim(str_sub(line, colon + 1, line.n));
		return true;
	}
	return false;
}

size_t sip_addr(struct str text, uint8_t family, struct track_addr *addr)
{
	char copy[INET6_ADDRSTRLEN];
	size_t n = 0;
	bool bracket = text.n && text.p[0] == '[';

	if (bracket)
		text = str_sub(text, 1, text.n);
	while (n < text.n && n < sizeof(copy) - 1 &&
	       (strchr("0123456789.", text.p[n]) ||
	        (family == 6 && strchr("abcdefABCDEF:", text.p[n]))))
		n++;
	memcpy(copy, text.p, n);
	copy[n] = 0;
	*addr = (struct track_addr){ 0 };
	if (!n || inet_pton(family == 6 ? AF_INET6 : AF_INET, copy, addr->b) != 1)
		return 0;
	if (bracket && (n >= text.n || text.p[n] != ']'))
		return 0;
	return n + (bracket ? 2 : 0);
}

/* Behind "sip:": the user's part ends with an at sign, before the line does. */
static struct str skip_user(struct str s)
{
	size_t at = str_find(s, '@');

	return at < s.n ? str_sub(s, at + 1, s.n) : s;
}

int sip_address(struct str text, uint8_t family, struct sip_address *out)
{
	struct str from = text;
	uint64_t number = SIP_PORT;
	size_t n = sip_addr(text, family, &out->addr);

	if (!n)
		return -1;
	text = str_sub(text, n, text.n);
	if (text.n && text.p[0] == ':') {
		n = track_helper_number(str_sub(text, 1, text.n), UINT16_MAX, &number);
		if (!n || number < 1024)
			return -1;
		text = str_sub(text, n + 1, text.n);
	}
	out->port = (uint16_t)number;
	out->text = (struct str){ from.p, (size_t)(text.p - from.p) };
	out->rest = text;
	return 1;
}

int sip_uri(struct str value, uint8_t family, struct sip_address *out)
{
	while (value.n && !starts_with(value, "sip:"))
		value = str_sub(value, 1, value.n);
	if (!value.n)
		return 0;
	value = str_sub(value, 4, value.n);
	/* A comma or the bracket's end belongs to the next contact. */
	value = str_find(value, '@') < str_find(value, ',') ? skip_user(value) : value;
	return sip_address(value, family, out);
}

bool sip_param(struct str rest, const char *name, struct str *value)
{
	rest = str_sub(rest, 0, str_find(rest, ','));
	for (; rest.n; rest = str_sub(rest, 1, rest.n)) {
		if (!starts_with(rest, name))
			continue;
		*value = str_sub(rest, strlen(name), rest.n);
		return true;
	}
	return false;
}

struct str sip_description(struct str message)
{
	while (message.n && !starts_with(message, "v="))
		sip_line(&message);
	return message;
}

bool sip_description_line(struct str *at, char type, char until, struct str *value)
{
	struct str rest = *at;

	while (rest.n) {
		struct str line = sip_line(&rest);
		if (line.n < 2 || line.p[1] != '=')
			continue;
		if (until && line.p[0] == until)
			return false;
		if (line.p[0] != type)
			continue;
		*value = str_sub(line, 2, line.n);
		*at = rest;
		return true;
	}
	return false;
}
