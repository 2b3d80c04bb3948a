/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Both versions are longer than version 2's signature, which tells them apart. */
#include "io/proxy_header.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "base/str.h"

enum { SIGNATURE = 12, V2_FIXED = 16, V1_MAX = 107 };

static const uint8_t signature[SIGNATURE] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
	                                      0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

static bool is_v2(const struct proxy_header *h)
{
	return h->n >= SIGNATURE && memcmp(h->in, signature, SIGNATURE) == 0;
}

static size_t v2_length(const struct proxy_header *h)
{
	return V2_FIXED + ((size_t)h->in[14] << 8 | h->in[15]);
}

size_t proxy_header_wants(const struct proxy_header *h)
{
	if (h->done)
		return 0;
	if (h->n < SIGNATURE)
		return SIGNATURE - h->n;
	if (!is_v2(h))
		return 1;
	return (h->n < V2_FIXED ? V2_FIXED : v2_length(h)) - h->n;
}

/* ---- version 1 ---------------------------------------------------------------------------- */

static struct str word(struct str *line)
{
	size_t n = str_find(*line, ' ');
	struct str w = str_sub(*line, 0, n);

	*line = str_sub(*line, n + 1, line->n);
	return w;
}

static int read_address(struct str address, struct str port, int family,
                        struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (void *)out;
	struct sockaddr_in *four = (void *)out;
	char text[INET6_ADDRSTRLEN];
	uint64_t number;

	if (address.n >= sizeof(text) || str_to_u64(port, 10, &number) < 0 ||
	    number > 65535)
		return -EINVAL;
	memcpy(text, address.n ? address.p : "", address.n);
	text[address.n] = '\0';
	out->ss_family = (sa_family_t)family;
	four->sin_port = htons((uint16_t)number); /* at the same place in both */
	return inet_pton(family, text,
	                 family == AF_INET ? (void *)&four->sin_addr
	                                   : (void *)&six->sin6_addr) == 1
	               ? 0
	               : -EINVAL;
}

/* "PROXY TCP4 source destination sport dport\r\n" */
static int read_v1(struct proxy_header *h)
{
	struct str line = { (const char *)h->in, h->n - 2 };
	struct str first = word(&line), kind = word(&line), source = word(&line);
	int family = str_is(kind, "TCP4") ? AF_INET : AF_INET6;
	struct sockaddr_storage destination = { 0 };
	int r;

	h->done = true;
	if (!str_is(first, "PROXY"))
		return -EINVAL;
	if (str_is(kind, "UNKNOWN"))
		return 0;
	if (!str_is(kind, "TCP4") && !str_is(kind, "TCP6"))
		return -EINVAL;
	struct str to = word(&line), sport = word(&line), dport = word(&line);
	if (line.n)
		return -EINVAL;
	r = read_address(source, sport, family, &h->source);
	if (r == 0)
		r = read_address(to, dport, family, &destination);
	h->has_source = r == 0;
	return r;
}

static int take_v1(struct proxy_header *h)
{
	if (memcmp(h->in, "PROXY ", 6) != 0)
		return -EINVAL;
	if (h->in[h->n - 1] == '\n')
		return h->in[h->n - 2] == '\r' ? read_v1(h) : -EINVAL;
	return h->n >= V1_MAX ? -EINVAL : 0;
}

/* ---- version 2 ---------------------------------------------------------------------------- */

static int read_source(struct proxy_header *h)
{
	struct sockaddr_in6 *six = (void *)&h->source;
	struct sockaddr_in *four = (void *)&h->source;
	const uint8_t *at = h->in + V2_FIXED;
	size_t n = h->n - V2_FIXED;

	if (h->in[13] == 0x11 && n >= 12) { /* TCP over IPv4 */
		four->sin_family = AF_INET;
		memcpy(&four->sin_addr, at, 4);
		memcpy(&four->sin_port, at + 8, 2);
	} else if (h->in[13] == 0x21 && n >= 36) { /* over IPv6 */
		six->sin6_family = AF_INET6;
		memcpy(&six->sin6_addr, at, 16);
		memcpy(&six->sin6_port, at + 32, 2);
	} else {
		return -EINVAL;
	}
	h->has_source = true;
	return 0;
}

static int take_v2(struct proxy_header *h)
{
	if (h->n < V2_FIXED)
		return 0;
	if (h->in[12] >> 4 != 2 || (h->in[12] & 15) > 1 ||
	    v2_length(h) > PROXY_HEADER_MAX)
		return -EINVAL;
	if (h->n < v2_length(h))
		return 0;
	h->done = true;
	/* LOCAL is the proxy's own (a check of its); AF_UNSPEC says nothing. */
	if ((h->in[12] & 15) == 0 || h->in[13] == 0)
		return 0;
	return read_source(h);
}

int proxy_header_take(struct proxy_header *h, const void *bytes, size_t n)
{
	if (n > proxy_header_wants(h) || h->n + n > PROXY_HEADER_MAX)
		return -EINVAL;
	memcpy(h->in + h->n, bytes, n);
	h->n += n;
	if (h->n < SIGNATURE)
		return 0;
	return is_v2(h) ? take_v2(h) : take_v1(h);
}
