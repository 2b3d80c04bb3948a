/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Another configuration for a server that runs. */
#pragma once

#include "base/buf.h"
#include "base/cleanup.h"

struct daemon;

/* Reads the configuration file again and goes over to it, or keeps the present one. `said` gets
 * what there is to say for people: findings with their places, or why it cannot be.
 * Errors: -EINVAL the file, or what needs a restart; those of hall_new and door_open. */
MUST_USE int daemon_reload(struct daemon *d, struct buf *said);
