/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the system knows by name: interfaces, users, groups, hosts, services, protocols. Every
 * function returns 0 or a negative errno, -ENOENT when there is no such name or number. Names
 * are written NUL-terminated into a buffer of `n` bytes; -ERANGE when it is too small.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

MUST_USE int lookup_ifindex(const char *name, uint32_t *index);
MUST_USE int lookup_ifname(uint32_t index, char name[16]);

MUST_USE int lookup_user(const char *name, uint32_t *uid);
MUST_USE int lookup_user_name(uint32_t uid, char *buf, size_t n);
MUST_USE int lookup_group(const char *name, uint32_t *gid);
MUST_USE int lookup_group_name(uint32_t gid, char *buf, size_t n);

/* Addresses of a host, in network order: 4 bytes of each row when not `ip6`, else 16. In: *n
 * rows of room; out: how many there are, each once, in the resolver's order; -E2BIG when they
 * are more than there is room for. This may ask a name server, and -EAGAIN says that none
 * answered. */
MUST_USE int lookup_host(const char *name, bool ip6, uint8_t (*addrs)[16], size_t *n);
/* The name of an address of 4 or 16 bytes. */
MUST_USE int lookup_host_name(const uint8_t *addr, size_t addr_len, char *buf, size_t n);

/* Ports in host order, by /etc/services or whatever the system asks; any protocol's row. */
MUST_USE int lookup_service(const char *name, uint16_t *port);
MUST_USE int lookup_service_name(uint16_t port, char *buf, size_t n);

MUST_USE int lookup_protocol(const char *name, uint8_t *proto);
