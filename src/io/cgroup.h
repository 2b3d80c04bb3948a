/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Control groups of the second kind by path and by number. The number is what the kernel's
 * socket expression compares: the inode of the group's folder. Paths are relative to
 * /sys/fs/cgroup.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Errors: -ENOENT no such group, -ENOTSUP a folder that is not a group of the second kind. */
MUST_USE int cgroup_id(const char *path, uint64_t *id);

/* Writes the path NUL-terminated into `buf` of `n` bytes. Errors: -ENOENT, -ERANGE. */
MUST_USE int cgroup_path(uint64_t id, char *buf, size_t n);
