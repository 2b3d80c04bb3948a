/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Runs a command and prints what it took to file descriptor 3: exit code, user and system CPU in
 * microseconds, peak memory in KiB, wall time in microseconds. A small parent of its own, since a
 * process's peak memory starts with that of the process it was forked from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long micros(struct timeval t)
{
	return t.tv_sec * 1000000ll + t.tv_usec;
}

int main(int argc, char **argv)
{
	struct timespec start, end;
	struct rusage use;
	int status;

	if (argc < 2)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid_t pid = fork();

	if (pid < 0)
		return 2;
	if (pid == 0) {
		close(3);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &use) < 0)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &end);
	long long wall = (end.tv_sec - start.tv_sec) * 1000000ll +
	                 (end.tv_nsec - start.tv_nsec) / 1000;

	dprintf(3, "%d %lld %lld %ld %lld\n",
	        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
	        micros(use.ru_utime), micros(use.ru_stime), use.ru_maxrss, wall);
	return 0;
}
