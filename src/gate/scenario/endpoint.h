/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * One end of a packet as people write it: `192.0.2.1`, `192.0.2.1:80`, `:80`, `fd00::1`,
 * `[fd00::1]:80`; and where a value is to be drawn `any`, `10.0.0.0/8`, `192.0.2.1-192.0.2.9`,
 * `:1024-65535`, `any:any`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "gate/schema/schema.h"

/* The values it may have. One alone: from is to. `any`: neither counts. */
struct addr_range {
	bool given, any;
	uint8_t family; /* NFPROTO_IPV4, _IPV6; 0 with `any` */
	uint8_t from[16], to[16];
};

struct port_range {
	bool given, any;
	uint16_t from, to;
};

struct endpoint {
	struct addr_range addr;
	struct port_range port;
};

/* Reads a word; `names` resolves ports by name and may be NULL. False: `*wrong` is the part that
 * is no good and *what says what it should be ("address", "port"). */
bool endpoint_read(struct str word, const struct names *names, struct endpoint *out,
                   struct str *wrong, const char **what);

/* Whether a word can only be meant as an endpoint. */
bool endpoint_is_meant(struct str word);

/* `192.0.2.1` or `fd00::1` to family (NFPROTO_*) and bytes; false: neither. */
bool address_read(struct str word, uint8_t *family, uint8_t addr[16]);
/* `192.0.2.0/24`; without a length it is the whole address's. */
bool prefix_read(struct str word, uint8_t *family, uint8_t addr[16], uint8_t *prefix);

/* `02:00:00:00:00:01`; false: it is no hardware address. */
bool mac_read(struct str word, uint8_t mac[6]);

/* Whether several values are possible. */
bool addr_range_is_drawn(const struct addr_range *r);
bool port_range_is_drawn(const struct port_range *r);
/* Whether the range holds that value; what was not given holds all. `addr` has 4 or 16 bytes. */
bool addr_range_has(const struct addr_range *r, uint8_t family, const uint8_t *addr);
bool port_range_has(const struct port_range *r, uint16_t port);
