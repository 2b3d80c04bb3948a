/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The forwarding database of the machine's bridges (IEEE 802.1Q section 8.8): behind which port a
 * hardware address is. It begins with the stations the machine was told of; a frame's source is
 * learnt, and forgotten when nothing was heard of it for 300 seconds, the kernel's default.
 */
#pragma once

#include "gate/engine/sim/machine.h"

struct fdb;

/* Holds the machine's stations, who never age. */
struct fdb *fdb_new(const struct sim_machine *m);
void fdb_free(struct fdb *f);

/* `mac` is behind that port of a bridge. A station that was told moves too, as in the kernel. */
void fdb_learn(struct fdb *f, const struct sim_dev *port, const uint8_t mac[6],
               uint64_t now_ns);
/* The port of `bridge` behind which `mac` is, or NULL: not known. */
const struct sim_dev *fdb_find(const struct fdb *f, const struct sim_dev *bridge,
                               const uint8_t mac[6], uint64_t now_ns);
