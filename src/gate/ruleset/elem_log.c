/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Keys are session_key()'s; a name that is missing in one stands for all of them. */
#include "gate/ruleset/elem_log.h"

static struct elem_log *log_at(struct session *s, enum family f, struct str table,
                               struct str name)
{
	struct str key = session_key(s, f, table, name);
	struct elem_log *log = map_get(&s->elem_logs, key);

	if (!log) {
		log = arena_new(&s->a, struct elem_log);
		session_put(s, &s->elem_logs, key, log);
	}
	return log;
}

static bool is_emptied(struct session *s, enum family f, struct str table)
{
	const struct elem_log *log =
		map_get(&s->elem_logs, session_key(s, f, table, STR("")));

	return log && log->emptied;
}

struct elem_log *elem_log_of(struct session *s, const struct prog_set *set)
{
	enum family f = (enum family)set->family;
	struct elem_log *log =
		map_get(&s->elem_logs, session_key(s, f, set->table, set->name));

	if (log)
		return log;
	log = log_at(s, f, set->table, set->name);
	log->emptied = is_emptied(s, f, set->table) || is_emptied(s, f, STR("")) ||
	               is_emptied(s, FAMILY_UNSPEC, STR(""));
	return log;
}

void elem_log_put(struct elem_log *log, const struct elem_builder *b, bool added)
{
	size_t n = parts_bytes(&b->info->key);

	for (size_t i = 0; i < b->n; i++) {
		buf_put(&log->recs, b->recs + i * b->rec, 2 * n);
		buf_char(&log->recs, added ? 1 : 0);
	}
}

static void empty(struct elem_log *log)
{
	held_elems_free(log->held);
	log->held = NULL;
	log->emptied = true;
	buf_reset(&log->recs);
}

void elem_log_emptied(struct session *s, const struct prog_set *set)
{
	empty(log_at(s, (enum family)set->family, set->table, set->name));
}

void elem_log_gone(struct session *s, enum family f, struct str table)
{
	struct str all = session_key(s, f, table, STR(""));

	/* The key of one table ends with a 0, so that no other table's begins with it. */
	all.n = f == FAMILY_UNSPEC ? 0 : table.n ? all.n : 1;
	map_for_each(it, &s->elem_logs)
		if (str_starts(it->key, all))
			empty(it->value);
	empty(log_at(s, f, table, STR("")));
}

void elem_log_fini(struct session *s)
{
	map_for_each(it, &s->elem_logs) {
		struct elem_log *log = it->value;

		held_elems_free(log->held);
		buf_fini(&log->recs);
	}
	map_fini(&s->elem_logs);
}
