/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The words of ejabberd's configuration that herald does not have yet. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

bool ejabberd_knows(struct str word);
