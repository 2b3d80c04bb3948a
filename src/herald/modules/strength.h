/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* How hard a password is to guess. */
#pragma once

#include <stdint.h>

#include "base/str.h"

/* Bits of a password whose bytes were drawn at random from the kinds of bytes it has: 10 digits,
 * 26 small and 26 capital letters, 33 other printable ones of ASCII, 128 beyond. An upper bound
 * that ejabberd's `password_strength` measures too. */
uint64_t password_bits(struct str password);
