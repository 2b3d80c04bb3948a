/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The C library's lookups with one kind of error, and none of its static buffers. */
#include "io/lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>

/* Room for one entry of passwd, group, services or protocols. A group's row holds all its
 * members, so the C library is asked again with more until it fits. */
enum { ENTRY_MIN = 1024, ENTRY_MAX = 1 << 20 };

static int name_copy(char *buf, size_t n, const char *name)
{
	size_t len = strlen(name);

	if (len >= n)
		return -ERANGE;
	memcpy(buf, name, len + 1);
	return 0;
}

int lookup_ifindex(const char *name, uint32_t *index)
{
	unsigned found = if_nametoindex(name);

	if (found == 0)
		return errno == ENODEV ? -ENOENT : -errno;
	*index = found;
	return 0;
}

int lookup_ifname(uint32_t index, char name[16])
{
	_Static_assert(IF_NAMESIZE == 16, "linux/if.h: IFNAMSIZ");
	if (!if_indextoname(index, name))
		return errno == ENXIO ? -ENOENT : -errno;
	return 0;
}

/* Calls `expr` (which uses `room` and `size` and gives an errno) with a growing buffer until it
 * does not say ERANGE. */
#define WITH_ROOM(r, room, size, expr)              \
	do {                                        \
		size = size ? size * 4 : ENTRY_MIN; \
		free(room);                         \
		room = malloc(size);                \
		r = room ? (expr) : ENOMEM;         \
	} while (r == ERANGE && size < ENTRY_MAX)

int lookup_user(const char *name, uint32_t *uid)
{
	struct passwd pw, *found = NULL;
	auto_free char *room = NULL;
	size_t size = 0;
	int r;

	WITH_ROOM(r, room, size, getpwnam_r(name, &pw, room, size, &found));
	if (!found)
		return r ? -r : -ENOENT;
	*uid = found->pw_uid;
	return 0;
}

int lookup_user_name(uint32_t uid, char *buf, size_t n)
{
	struct passwd pw, *found = NULL;
	auto_free char *room = NULL;
	size_t size = 0;
	int r;

	WITH_ROOM(r, room, size, getpwuid_r(uid, &pw, room, size, &found));
	if (!found)
		return r ? -r : -ENOENT;
	return name_copy(buf, n, found->pw_name);
}

int lookup_group(const char *name, uint32_t *gid)
{
	struct group gr, *found = NULL;
	auto_free char *room = NULL;
	size_t size = 0;
	int r;

	WITH_ROOM(r, room, size, getgrnam_r(name, &gr, room, size, &found));
	if (!found)
		return r ? -r : -ENOENT;
	*gid = found->gr_gid;
	return 0;
}

int lookup_group_name(uint32_t gid, char *buf, size_t n)
{
	struct group gr, *found = NULL;
	auto_free char *room = NULL;
	size_t size = 0;
	int r;

	WITH_ROOM(r, room, size, getgrgid_r(gid, &gr, room, size, &found));
	if (!found)
		return r ? -r : -ENOENT;
	return name_copy(buf, n, found->gr_name);
}

static int resolver_errno(int eai)
{
	switch (eai) {
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return -ENOENT;
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_OVERFLOW:
		return -ERANGE;
	case EAI_SYSTEM:
		return -errno;
	default: /* the C library's numbers, not ours */
		return -EIO;
	}
}

/* The address inside a socket address of the family asked for. */
static const void *address_of(const struct addrinfo *ai)
{
	if (ai->ai_family == AF_INET6)
		return &((const struct sockaddr_in6 *)(const void *)ai->ai_addr)
		                ->sin6_addr;
	return &((const struct sockaddr_in *)(const void *)ai->ai_addr)->sin_addr;
}

static bool has_address(uint8_t (*addrs)[16], size_t n, const void *addr, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(addrs[i], addr, len) == 0)
			return true;
	return false;
}

int lookup_host(const char *name, bool ip6, uint8_t (*addrs)[16], size_t *n)
{
	const struct addrinfo hints = { .ai_family = ip6 ? AF_INET6 : AF_INET,
		                        .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	size_t found = 0, len = ip6 ? 16 : 4;
	bool fits = true;

	int r = getaddrinfo(name, NULL, &hints, &list);
	if (r != 0)
		return resolver_errno(r);
	for (const struct addrinfo *ai = list; ai && fits; ai = ai->ai_next) {
		if (has_address(addrs, found, address_of(ai), len))
			continue;
		fits = found < *n;
		if (fits)
			memcpy(addrs[found++], address_of(ai), len);
	}
	freeaddrinfo(list);
	if (!fits)
		return -E2BIG;
	*n = found;
	return 0;
}

int lookup_host_name(const uint8_t *addr, size_t addr_len, char *buf, size_t n)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const void *sa = &in6;
	socklen_t len = sizeof(in6);

	if (addr_len == sizeof(in.sin_addr)) {
		memcpy(&in.sin_addr, addr, addr_len);
		sa = &in;
		len = sizeof(in);
	} else {
		memcpy(&in6.sin6_addr, addr, sizeof(in6.sin6_addr));
	}
	int r = getnameinfo(sa, len, buf, (socklen_t)n, NULL, 0, NI_NAMEREQD);
	return r == 0 ? 0 : resolver_errno(r);
}

int lookup_service(const char *name, uint16_t *port)
{
	struct servent se, *found = NULL;
	auto_free char *room = NULL;
	size_t size = 0;
	int r;

	WITH_ROOM(r, room, size, getservbyname_r(name, NULL, &se, room, size, &found));
	if (!found)
		return r ? -r : -ENOENT;
	*port = ntohs((uint16_t)found->s_port);
	return 0;
}

int lookup_service_name(uint16_t port, char *buf, size_t n)
{
	struct servent se, *found = NULL;
	auto_free char *room = NULL;
	size_t size = 0;
	int r;

	WITH_ROOM(r, room, size,
	          getservbyport_r(htons(port), NULL, &se, room, size, &found));
	if (!found)
		return r ? -r : -ENOENT;
	return name_copy(buf, n, found->s_name);
}

int lookup_protocol(const char *name, uint8_t *proto)
{
	struct protoent pe, *found = NULL;
	auto_free char *room = NULL;
	size_t size = 0;
	int r;

	WITH_ROOM(r, room, size, getprotobyname_r(name, &pe, room, size, &found));
	if (!found)
		return r ? -r : -ENOENT;
	*proto = (uint8_t)found->p_proto;
	return 0;
}
