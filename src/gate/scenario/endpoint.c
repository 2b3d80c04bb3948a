/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Addresses and ports in words. */
#include "gate/scenario/endpoint.h"

#include <arpa/inet.h>
#include <string.h>

static size_t addr_bytes(uint8_t family)
{
	return family == FAMILY_IP ? 4 : 16;
}

bool address_read(struct str word, uint8_t *family, uint8_t addr[16])
{
	char text[INET6_ADDRSTRLEN];

	if (word.n == 0 || word.n >= sizeof(text))
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	memset(addr, 0, 16);
	*family = FAMILY_IP;
	if (inet_pton(AF_INET, text, addr) == 1)
		return true;
	*family = FAMILY_IP6;
	return inet_pton(AF_INET6, text, addr) == 1;
}

bool mac_read(struct str word, uint8_t mac[6])
{
	bool ok = word.n == 17;

	for (size_t i = 0; i < 6 && ok; i++) {
		uint64_t n;
		ok = str_to_u64(str_sub(word, i * 3, 2), 16, &n) == 0 &&
		     (i == 5 || word.p[i * 3 + 2] == ':');
		mac[i] = ok ? (uint8_t)n : 0;
	}
	return ok;
}

bool prefix_read(struct str word, uint8_t *family, uint8_t addr[16], uint8_t *prefix)
{
	size_t slash = str_find(word, '/');
	uint64_t n;

	if (!address_read(str_sub(word, 0, slash), family, addr))
		return false;
	*prefix = (uint8_t)(addr_bytes(*family) * 8);
	if (slash == word.n)
		return true;
	if (str_to_u64(str_sub(word, slash + 1, word.n), 10, &n) < 0 || n > *prefix)
		return false;
	*prefix = (uint8_t)n;
	return true;
}

/* The first and the last address of a network. */
static void spread(struct addr_range *r, uint8_t prefix)
{
	for (unsigned bit = prefix; bit < addr_bytes(r->family) * 8; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> (bit % 8));
		r->from[bit / 8] &= (uint8_t)~mask;
		r->to[bit / 8] |= mask;
	}
}

static bool read_addr(struct str word, struct addr_range *r)
{
	size_t dash = str_find(word, '-');
	uint8_t prefix, family;

	r->given = true;
	r->any = str_is(word, "any");
	if (r->any)
		return true;
	if (dash < word.n)
		return address_read(str_sub(word, 0, dash), &r->family, r->from) &&
		       address_read(str_sub(word, dash + 1, word.n), &family, r->to) &&
		       family == r->family &&
		       memcmp(r->from, r->to, addr_bytes(family)) <= 0;
	if (!prefix_read(word, &r->family, r->from, &prefix))
		return false;
	memcpy(r->to, r->from, sizeof(r->to));
	spread(r, prefix);
	return true;
}

static bool read_port(struct str word, const struct names *names, uint16_t *port)
{
	char name[64];
	uint64_t n;

	if (str_to_u64(word, 10, &n) == 0 && n <= UINT16_MAX) {
		*port = (uint16_t)n;
		return true;
	}
	if (word.n == 0 || word.n >= sizeof(name) || !names || !names->service)
		return false;
	memcpy(name, word.p, word.n);
	name[word.n] = '\0';
	return names->service(names->ctx, name, port) == 0;
}

static bool read_ports(struct str word, const struct names *names, struct port_range *r)
{
	size_t dash = str_find(word, '-');

	r->given = true;
	r->any = str_is(word, "any");
	if (r->any)
		return true;
	if (read_port(word, names, &r->from)) { /* names may have a dash in them */
		r->to = r->from;
		return true;
	}
	return dash < word.n && read_port(str_sub(word, 0, dash), names, &r->from) &&
	       read_port(str_sub(word, dash + 1, word.n), names, &r->to) &&
	       r->from <= r->to;
}

/* Parts the word at the colon before the port; an IPv6 address with a port has brackets. */
static bool split(struct str word, struct str *addr, struct str *port)
{
	size_t close = str_find(word, ']'), colon = str_find(word, ':');
	bool is_ip6 = colon < word.n && str_find(str_sub(word, colon + 1, word.n), ':') <
	                                        word.n - colon - 1;

	*port = STR("");
	*addr = word;
	if (word.n && word.p[0] == '[') {
		*addr = str_sub(word, 1, close > 0 ? close - 1 : 0);
		struct str rest = str_sub(word, close + 1, word.n);
		*port = str_sub(rest, 1, rest.n);
		return close < word.n && (rest.n == 0 || rest.p[0] == ':');
	}
	if (is_ip6 || colon == word.n)
		return true;
	*addr = str_sub(word, 0, colon);
	*port = str_sub(word, colon + 1, word.n);
	return true;
}

bool endpoint_read(struct str word, const struct names *names, struct endpoint *out,
                   struct str *wrong, const char **what)
{
	struct str addr, port;

	*out = (struct endpoint){ .port = { .given = false } };
	*wrong = word;
	*what = "address";
	if (!split(word, &addr, &port))
		return false;
	*wrong = addr;
	if (addr.n && !read_addr(addr, &out->addr))
		return false;
	*wrong = port;
	*what = "port";
	return port.n == 0 || read_ports(port, names, &out->port);
}

bool endpoint_is_meant(struct str word)
{
	return str_find(word, ':') < word.n || str_find(word, '.') < word.n ||
	       str_is(word, "any");
}

bool addr_range_is_drawn(const struct addr_range *r)
{
	return r->any || (r->given && memcmp(r->from, r->to, sizeof(r->from)) != 0);
}

bool port_range_is_drawn(const struct port_range *r)
{
	return r->any || (r->given && r->from != r->to);
}

bool addr_range_has(const struct addr_range *r, uint8_t family, const uint8_t *addr)
{
	size_t n = addr_bytes(family);

	return !r->given || r->any ||
	       (family == r->family && memcmp(addr, r->from, n) >= 0 &&
	        memcmp(addr, r->to, n) <= 0);
}

bool port_range_has(const struct port_range *r, uint16_t port)
{
	return !r->given || r->any || (port >= r->from && port <= r->to);
}
