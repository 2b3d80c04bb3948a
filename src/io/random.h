/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The kernel's random source, for everything that must not be guessed. */
#pragma once

#include <stddef.h>

/* Fills `n` bytes; cannot fail once the system is up (it waits for that). */
void random_fill(void *p, size_t n);
