/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Which code points are letters, marks or digits: what the name of an account may be made of. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Letters, marks and decimal digits of Unicode 3.2 (categories Ll Lu Lo Lm Mn Mc Nd), as RFC
 * 8264 section 9.1 (LetterDigits) has them; 3.2 because stringprep knows no later one. */
bool letter_is(uint32_t code_point);
