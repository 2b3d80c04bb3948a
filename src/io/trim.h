/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#pragma once

/* Gives back what a start has taken and what follows does not need: free memory of the heap, and
 * the pages of code and constants that were used so far. Those that are used again come back, at
 * once, from the system's cache of files. */
void memory_trim(void);
