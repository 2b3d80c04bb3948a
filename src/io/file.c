/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Mapping and spooling. Every text is a mapping of its own, so one munmap() releases it. */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static int map_file(int fd, size_t n, struct str *text)
{
	if (n > FILE_READ_MAX)
		return -EFBIG;
	void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	/* A huge page of which file_forget() took a part would come back whole. */
	if (n > FILE_SMALL_MAX)
		madvise(p, n, MADV_NOHUGEPAGE); /* at worst nothing happens */
	*text = (struct str){ p, n };
	return 0;
}

/* Reads until `p` is full or the input ends; returns how much that was, or a negative errno. */
static ssize_t read_full(int fd, char *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = read(fd, p + done, n - done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

static int write_full(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = write(fd, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

/* A file without a name: on disk where a folder allows it, else in memory. */
static int open_spool(void)
{
	const char *folders[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (!folders[i] || !*folders[i])
			continue;
		int fd = open(folders[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
	}
	int fd = memfd_create("gate-input", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* `head` holds the first FILE_SMALL_MAX bytes and is the copy buffer from then on. */
static int spool(int fd, char *head, struct str *text)
{
	auto_close int out = open_spool();
	size_t total = FILE_SMALL_MAX;
	ssize_t n = (ssize_t)FILE_SMALL_MAX;

	if (out < 0)
		return out;
	for (;;) {
		int r = write_full(out, head, (size_t)n);
		if (r < 0)
			return r;
		n = read_full(fd, head, FILE_SMALL_MAX);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return map_file(out, total, text);
		total += (size_t)n;
		if (total > FILE_READ_MAX)
			return -EFBIG;
	}
}

/* Takes the first `n` bytes of the buffer as the text and gives the other pages back. */
static void keep_small(char *head, size_t n, struct str *text)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), kept = (n + page - 1) / page * page;

	if (kept < FILE_SMALL_MAX)
		munmap(head + kept, FILE_SMALL_MAX - kept);
	*text = n ? (struct str){ head, n } : STR("");
}

static int read_stream(int fd, struct str *text)
{
	char *head = mmap(NULL, FILE_SMALL_MAX, PROT_READ | PROT_WRITE,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (head == MAP_FAILED)
		return -errno;
	ssize_t n = read_full(fd, head, FILE_SMALL_MAX);
	if (n >= 0 && (size_t)n < FILE_SMALL_MAX) {
		keep_small(head, (size_t)n, text);
		return 0;
	}
	int r = n < 0 ? (int)n : spool(fd, head, text);
	munmap(head, FILE_SMALL_MAX);
	return r;
}

int file_read_fd(int fd, struct str *text)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	/* Files of /proc and /sys are regular and say they are empty. */
	if (S_ISREG(st.st_mode) && st.st_size > 0 && lseek(fd, 0, SEEK_CUR) == 0)
		return map_file(fd, (size_t)st.st_size, text);
	return read_stream(fd, text);
}

int file_read(const char *path, struct str *text)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : file_read_fd(fd, text);
}

/* Whole pages only: what the part begins or ends within may be in use. */
void file_forget(struct str part)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)part.p + page - 1) / page * page;
	uintptr_t to = (uintptr_t)(part.p + part.n) / page * page;

	if (part.n && to > from)
		madvise((void *)from, to - from,
		        MADV_DONTNEED); /* at worst nothing happens */
}

void file_release(struct str text)
{
	union {
		const char *in;
		void *out;
	} p = { text.p }; /* munmap() wants it without const, and -Wcast-qual a reason */

	if (text.n)
		munmap(p.out, text.n);
}
