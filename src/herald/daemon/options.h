/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What the command lines of herald and heraldctl share. */
#pragma once

#include "herald/daemon/config.h"

#define OPTIONS_CONFIG "/etc/herald/herald.yml"

/* Reads the configuration file; what is wrong with it goes to stderr.
 * Errors: those of file_read and config_read. */
MUST_USE int options_read_config(const char *path, struct config *out);
