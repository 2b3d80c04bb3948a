/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Making the names of files as durable as their bytes. */
#pragma once

#include "base/cleanup.h"

/* Syncs the folder that `path` lies in, so that a file made or renamed there is found after a
 * crash. Errors: those of open(2) and fsync(2). */
MUST_USE int sync_folder_of(const char *path);
