/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* When accounts were last there, as mod_last keeps it: the map "last" of an account has one
 * value, under the empty key. */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"
#include "base/str.h"

#define LAST_MAP "last"

/* Reads the value: seconds since 1970, and with which words the account went. Errors: -EINVAL. */
MUST_USE int last_read(struct str value, int64_t *seconds, struct str *status);
