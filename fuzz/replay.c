/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Replays a corpus without libFuzzer: each file of the folder named in argv[1] goes through
 * the target once, as a TAP test of its own. What the target must not do (crash, leak, read
 * out of bounds) ends the process, which fails the test run.
 */
#include <dirent.h>
#include <stdio.h>

#include "base/buf.h"
#include "fuzz.h"

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The whole file. Exact size: a read behind the end must be seen by AddressSanitizer. */
static uint8_t *read_all(const char *folder, const char *name, size_t *n)
{
	auto_buf path = { 0 };

	buf_fmt(&path, "%s/%s", folder, name);
	FILE *file = fopen(path.p, "rbe");
	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	uint8_t *data = size < 0 ? NULL : malloc(size ? (size_t)size : 1);
	rewind(file);
	*n = data ? fread(data, 1, (size_t)size, file) : 0;
	fclose(file);
	return data;
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int count = argc == 2 ? scandir(argv[1], &names, is_input, alphasort) : -1;

	if (count < 0) {
		printf("Bail out! usage: replay FOLDER\n");
		return 1;
	}
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		size_t n = 0;
		auto_free uint8_t *data = read_all(argv[1], names[i]->d_name, &n);
		if (data)
			LLVMFuzzerTestOneInput(data, n);
		printf("%s %d - %s\n", data ? "ok" : "not ok", i + 1, names[i]->d_name);
		fflush(stdout);
		free(names[i]);
	}
	free(names);
	return 0;
}
