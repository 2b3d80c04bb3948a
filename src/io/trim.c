/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A start runs much code once: the dynamic linker, OpenSSL's and SQLite's set-up, reading the
 * configuration. While its pages are mapped the kernel takes them for used.
 */
#include "io/trim.h"

#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Whether the linker wrote into the code: such pages are nowhere else. */
static bool is_relocated(const struct dl_phdr_info *info, const ElfW(Phdr) * dynamic)
{
	const ElfW(Dyn) *d = (const void *)(info->dlpi_addr + dynamic->p_vaddr);

	for (; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_TEXTREL ||
		    (d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_TEXTREL)))
			return true;
	}
	return false;
}

static void drop_segment(uintptr_t from, uintptr_t to)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	from -= from % page;
	to += (page - to % page) % page;
	madvise((void *)from, to - from, MADV_DONTNEED); /* as good as it can */
}

/* The segments of a program or library that nobody writes to. */
static int drop_code(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size, (void)arg;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_DYNAMIC && is_relocated(info, p))
			return 0;
	}
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + p->p_vaddr;
		if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
			drop_segment(from, from + p->p_memsz);
	}
	return 0;
}

void memory_trim(void)
{
	malloc_trim(0);
	dl_iterate_phdr(drop_code, NULL);
}
