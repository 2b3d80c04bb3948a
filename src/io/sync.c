/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "io/sync.h"

#include <errno.h>
#include <fcntl.h>

#include "base/arena.h"

int sync_folder_of(const char *path)
{
	auto_arena a = { 0 };
	const char *slash = strrchr(path, '/');
	const char *folder = ".";

	if (slash == path)
		folder = "/";
	else if (slash)
		folder = str_dup_c(&a, (struct str){ path, (size_t)(slash - path) });
	auto_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}
