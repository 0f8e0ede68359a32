// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * When a value is set while a tree is restored. For each value by itself: what grows is set from the root
 * down, what shrinks from the leaves up, since the kernel refuses a child more than its parent has (v1's
 * cpu.max and cpusets) or would let the tree use more in between than before and after. A list that
 * loses some and gains others is first made both, then what it shall be.
 *
 * Some values do not limit their own group but stand in the way of others: exclusive CPUs, partitions, a
 * burst above the new quota, an idle group's weight. They are let go first, and taken last.
 */
#include "plan/cgrestore.h"

#include <ringfence/units.h>

static const struct {
	const char *key, *loose; /* the value that stands in nobody's way */
	enum restore_phase let_go, take;
} special[] = {
	{"cgroup.freeze", "0", RESTORE_THAW, RESTORE_FREEZE},
	{"cgroup.type", "domain", RESTORE_MAKE, RESTORE_MAKE},
	{"cpu.idle", "0", RESTORE_RELEASE, RESTORE_HOLD},
	{"cpuset.cpu_exclusive", "0", RESTORE_RELEASE, RESTORE_HOLD},
	{"cpuset.mem_exclusive", "0", RESTORE_RELEASE, RESTORE_HOLD},
	{"cpuset.cpus.partition", "member", RESTORE_RELEASE, RESTORE_HOLD},
};

static int add(struct restore_words *words, const char *key, const char *text)
{
	char **more = realloc(words->list, (words->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	words->list = more;
	more[words->n] = str_format("%s=%s", key, text);
	return more[words->n] ? (int)++words->n : -ENOMEM;
}

/* Below 0: less than before; 0: the same or no number. */
static int compare_numbers(const struct cgroup_key *key, const char *text, const char *old)
{
	struct cgroup_value a = {0}, b = {0};
	unsigned __int128 x, y;

	if (cgroup_value_read(key, text, &a) < 0 || cgroup_value_read(key, old, &b) < 0)
		return 0;
	x = a.number;
	y = b.number;
	/* Quotas count by their period, unless there is none. */
	if (key->kind == CGROUP_CPU && a.number != RF_MAX && b.number != RF_MAX) {
		x *= b.period;
		y *= a.period;
	}
	return x < y ? -1 : x > y;
}

static enum restore_phase phase_of(const struct cgroup_key *key, const struct restore_item *item)
{
	if (!item->old || !cgroup_kind_is_number(key->kind) ||
	    compare_numbers(key, item->row->text, item->old->text) >= 0)
		return RESTORE_RAISE;
	/* A quota below the burst is refused. */
	return str_eq(key->pub.name, "cpu.max.burst") ? RESTORE_RELEASE : RESTORE_LOWER;
}

static int list_words(const struct restore_item *item, enum restore_phase phase, struct restore_words *words)
{
	const char *text = item->row->text, *old = item->old ? item->old->text : item->inherits ?: "";
	const char *key = item->row->key;
	char *both __free(ptr) = NULL;

	/* On v2 an empty list is all that the group above has. */
	if (!*text || !*old || cgroup_list_within(old, text))
		return phase == RESTORE_RAISE ? add(words, key, text) : 0;
	if (cgroup_list_within(text, old))
		return phase == RESTORE_LOWER ? add(words, key, text) : 0;
	both = str_format("%s,%s", old, text);
	if (!both)
		return -ENOMEM;
	return phase == RESTORE_RAISE ? add(words, key, both) : phase == RESTORE_LOWER ? add(words, key, text) : 0;
}

/* "+cpu -io": what is missing and what is too much. */
static int toggle_words(const struct restore_item *item, enum restore_phase phase, struct restore_words *words)
{
	const char *old = item->old ? item->old->text : "", *from = phase == RESTORE_MAKE ? item->row->text : old;
	const char *other = phase == RESTORE_MAKE ? old : item->row->text;
	struct str out __free(str) = {0};

	if (phase != RESTORE_MAKE && phase != RESTORE_OFF)
		return 0;
	for (const char *at = from; *at; at += strcspn(at, " "), at += *at == ' ') {
		char *word __free(ptr) = strndup(at, strcspn(at, " "));

		if (!word)
			return -ENOMEM;
		if (!cgroup_has_word(other, word))
			str_addf(&out, "%s%c%s", out.len ? " " : "", phase == RESTORE_MAKE ? '+' : '-', word);
	}
	return out.failed ? -ENOMEM : out.len ? add(words, item->row->key, out.s) : 0;
}

static int add_lines(const struct cgroup_key *key, const char *text, struct restore_words *words)
{
	int r = 0;

	for (const char *at = text; r >= 0 && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		char *line __free(ptr) = strndup(at, strcspn(at, "\n"));

		r = line ? add(words, key->pub.name, line) : -ENOMEM;
	}
	return r;
}

/* All rules are one value, in one line where it is set; what a new group has is no rule. */
static int kept_words(const struct cgroup_key *key, const struct restore_item *item, struct restore_words *words)
{
	char *line __free(ptr) = NULL;
	int r;

	if (!item->old && cgroup_is_usual(key, item->row->text))
		return 0;
	if (key->kind != CGROUP_RULES)
		return add(words, key->pub.name, item->row->text);
	r = cgroup_rules_plain(item->row->text, ", ", &line);
	return r < 0 ? r : add(words, key->pub.name, line);
}

/* A line that shall not be there is set to what says so. */
static int line_words(const struct cgroup_key *key, const struct restore_item *item, struct restore_words *words)
{
	int r = add_lines(key, item->row->text, words);

	for (const char *at = item->old ? item->old->text : ""; r >= 0 && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		char *line __free(ptr) = strndup(at, strcspn(at, "\n")), *back __free(ptr) = NULL;
		struct cgroup_value v = {0};

		if (!line)
			return -ENOMEM;
		if (cgroup_nested_line(item->row->text, at, strcspn(at, " ")) || cgroup_value_parse(key, line, &v) < 0 ||
		    !v.line[0])
			continue;
		back = cgroup_value_before(key, &v, item->row->text);
		r = back ? add(words, key->pub.name, back) : -ENOMEM;
	}
	return r;
}

static int special_words(size_t i, const struct restore_item *item, enum restore_phase phase,
			 struct restore_words *words)
{
	bool loose = str_eq(item->row->text, special[i].loose);

	/* What a new group has by itself. */
	if (loose && !item->old)
		return 0;
	return phase == (loose ? special[i].let_go : special[i].take) ? add(words, item->row->key, item->row->text) : 0;
}

int restore_words(const struct restore_item *item, const struct restore_item *of_memory, enum restore_phase phase,
		  struct restore_words *words)
{
	struct cgroup_key_copy copy;
	const struct cgroup_key *key = cgroup_key_for(cgroup_key_find(item->row->key), item->row->key, &copy);

	if (item->old && str_eq(item->old->text, item->row->text))
		return 0;
	for (size_t i = 0; i < array_size(special); i++)
		if (str_eq(special[i].key, item->row->key))
			return special_words(i, item, phase, words);
	if (key->kind == CGROUP_LIST)
		return list_words(item, phase, words);
	if (key->kind == CGROUP_TOGGLES)
		return toggle_words(item, phase, words);
	if (snapshot_has_lines(item->row->key))
		return phase == RESTORE_RAISE ? line_words(key, item, words) : 0;
	if (key->kept)
		return phase == RESTORE_RAISE ? kept_words(key, item, words) : 0;
	if (of_memory && str_eq(item->row->key, "memory.swap.max"))
		return phase == phase_of(cgroup_key_find("memory.max"), of_memory) ? add(words, item->row->key, item->row->text) : 0;
	return phase == phase_of(key, item) ? add(words, item->row->key, item->row->text) : 0;
}

enum restore_phase restore_phase_of_file(const struct restore_item *item)
{
	uint64_t a, b;

	return item->old && str_to_u64(item->row->text, &a) >= 0 && str_to_u64(item->old->text, &b) >= 0 && a < b
		       ? RESTORE_LOWER
		       : RESTORE_RAISE;
}
