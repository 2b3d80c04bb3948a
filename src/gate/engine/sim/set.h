/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Set elements: membership as the kernel decides it, for plain sets, intervals, concatenations
 * with ranges, and the catch-all element; time limits by the clock that is passed in.
 */
#pragma once

#include "gate/engine/sim/store.h"

/* Adds an element whose slices outlive the set, and that is known to be new. */
void set_take(struct sim_store *store, struct sim_set *s, const struct prog_elem *e);
/* Adds a copy of the element. `create`: an equal one is an error. -EEXIST, or -ENFILE when the set
 * has its size; -EAGAIN: it has, unless the kernel has swept it meanwhile. An equal element stays as
 * it is otherwise. */
int set_add(struct sim_store *store, struct sim_set *s, const struct prog_elem *e,
            bool create, struct sim_elem **out);
/* -ENOENT when there is no such element. */
int set_remove(struct sim_set *s, const struct prog_elem *e);
/* The kernel has swept the set: what was gone for longest takes no room any more. */
void set_sweep(struct sim_set *s, uint64_t now_ns);
/* Whether that is sure of what is gone since then. */
bool set_surely_swept(const struct sim_set *s, uint64_t gone_ns, uint64_t now_ns);
/* The element takes no room any more, and is not found. */
void set_bury(struct sim_set *s, struct sim_elem *e);
/* As a rule does it: the set has room for another one only when the kernel has swept it. */
int set_kill(struct sim_set *s, const struct prog_elem *e, uint64_t now_ns);
/* The element that holds `key` (key_len bytes), the catch-all one when none does, or NULL. */
struct sim_elem *set_find(struct sim_set *s, const uint8_t *key, uint64_t now_ns);
/* Whether `e` has not run out by then. */
bool elem_lives(const struct sim_elem *e, uint64_t now_ns);
void set_fini(struct sim_set *s);
