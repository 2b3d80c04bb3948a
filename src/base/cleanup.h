/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Release by scope, and the few attributes every file wants. An owner is marked where it is
 * declared (auto_free, auto_close, auto_ptr) and given away visibly (take).
 */
#pragma once

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUST_USE      __attribute__((warn_unused_result))
#define ALWAYS_INLINE inline __attribute__((always_inline))
/* What runs once, at an error or when memory grows: kept out of the way of what runs always. */
#define COLD __attribute__((cold))
/* What is rarer than its callers run: it does not make their frames larger. */
#define NOINLINE         __attribute__((noinline))
#define PRINTF(fmt, va)  __attribute__((format(printf, fmt, va)))
#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define auto_free      __attribute__((cleanup(cleanup_free)))
#define auto_close     __attribute__((cleanup(cleanup_close)))
#define auto_ptr(type) __attribute__((cleanup(type##_cleanup))) struct type *

/* Declares the clean-up of `struct type`; type_free(NULL) must do nothing. */
#define DEFINE_AUTO_PTR(type)                                  \
	static inline void type##_cleanup(struct type **owner) \
	{                                                      \
		type##_free(*owner);                           \
	}

/* The pointer's value; the owner is NULL afterwards and releases nothing. */
#define take(owner)                                 \
	__extension__({                             \
		__typeof__(owner) taken_ = (owner); \
		(owner) = NULL;                     \
		taken_;                             \
	})

/* For auto_free: `owner` points at a pointer of any type. */
static inline void cleanup_free(void *owner)
{
	void *p;

	memcpy(&p, owner, sizeof(p));
	free(p);
}

/* For auto_close: a descriptor below 0 is none. */
static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
