/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Bob Jenkins' lookup3 as the kernel's jhash() has it (public domain, burtleburtle.net). */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint32_t jhash(const void *key, size_t n, uint32_t seed);
