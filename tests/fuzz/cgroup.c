// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel prints about control groups, and what users type. The first byte says what the
 * rest is: a value, a list of processes, /proc/PID/cgroup, a table of mounts, the name of a group,
 * settings one a line, or the files of a v1 group with NUL between them.
 */
#include <ringfence/units.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "fuzz.h"

enum { FILES = 3, WORDS_MAX = 16 };

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static bool is_number(const struct cgroup_key *key)
{
	return cgroup_kind_is_number(key->kind);
}

/* What was understood is written so that it is understood again, as the same. */
static void check_round(const struct cgroup_key *key, const struct cgroup_value *v)
{
	struct str text __free(str) = {0};
	struct cgroup_value again;

	cgroup_value_write(key, v, &text);
	EXPECT(text.s);
	/* Words that are only written are not read back; a weight of one device is a line of its own. */
	if (key->kind == CGROUP_TOGGLES || key->kind == CGROUP_TRIGGER || v->line[0])
		return;
	EXPECT(cgroup_value_read(key, text.s, &again) >= 0);
	if (is_number(key))
		EXPECT(again.number == v->number && again.period == v->period);
	if (!key->pub.read_only)
		EXPECT(cgroup_value_compare(key, v, &again) == 0);
}

static void fuzz_value(char *text, size_t size)
{
	static const char *const fields[] = {"usage_usec", "oom_kill", "populated", "", "some"};
	const struct cgroup_key *key;

	for (size_t i = 0; (key = cgroup_key_at(i)); i++) {
		struct cgroup_value v = {.number = 42, .period = 42};

		if (cgroup_value_read(key, text, &v) < 0)
			EXPECT(v.number == 42 && v.period == 42);
		else if (is_number(key))
			check_round(key, &v);
		v = (struct cgroup_value){.number = 42};
		if (cgroup_value_parse(key, text, &v) < 0)
			EXPECT(v.number == 42);
		else if (*text)
			check_round(key, &v);
	}
	/* What stands in no line as a whole number is unknown. */
	for (size_t i = 0; i < array_size(fields); i++)
		if (cgroup_field(text, fields[i]) != RF_CGROUP_UNKNOWN)
			EXPECT(strstr(text, fields[i]) && strpbrk(text, "0123456789"));
	EXPECT(!cgroup_has_word(text, "a b"));
}

static void fuzz_pids(char *text, size_t size)
{
	struct cgroup_pids pids __free(cgroup_pids) = {0};
	struct str words __free(str) = {0};

	cgroup_pids_parse(text, &pids);
	for (size_t i = 0; i < pids.n; i++)
		EXPECT(pids.list[i] >= 0);
	cgroup_pids_words(&(struct cgroup_pids){pids.list, pids.n < 3 ? pids.n : 3}, &words);
}

static void fuzz_hierarchies(char *text, size_t size)
{
	struct rf_cgroup_fs fs = {0};

	cgroup_parse_hierarchies(text, &fs);
	EXPECT(fs.n <= CGROUP_MAX_HIERARCHIES);
	for (size_t i = 0; i < fs.n; i++)
		EXPECT(fs.h[i].fd < 0 && fs.h[i].ops->v2 == !fs.h[i].controllers[0] &&
		       !strpbrk(fs.h[i].controllers, ":=\n"));
	cgroup_hierarchy_of(&fs, "memory");
	cgroup_v2_of(&fs);
}

static void fuzz_mounts(char *text, size_t size)
{
	struct cgroup_hierarchy all[] = {
		{.ops = &cgroup_v1_ops, .controllers = "cpu,cpuacct"},
		{.ops = &cgroup_v2_ops},
	};

	for (size_t i = 0; size && i < array_size(all); i++) {
		FILE *table __free(file) = fmemopen(text, size, "r");

		while (table && cgroup_next_mount(table, &all[i]) >= 0)
			EXPECT(strlen(all[i].path) < sizeof(all[i].path));
	}
}

static void fuzz_name(char *text, size_t size)
{
	char *name __free(ptr) = NULL, *again __free(ptr) = NULL;

	if (cgroup_name(text, &name) < 0)
		return;
	EXPECT(*name != '/' && !strstr(name, "//") && !strpbrk(name, "\n\t\033"));
	EXPECT(!str_eq(name, "..") && !str_starts(name, "../") && !strstr(name, "/../"));
	EXPECT(!*name || name[strlen(name) - 1] != '/');
	EXPECT(cgroup_name(name, &again) >= 0 && str_eq(name, again));
}

#define V1_ALL "cpu,cpuacct,cpuset,memory,blkio,pids,freezer"

static void fuzz_settings(char *text, size_t size)
{
	const struct rf_cgroup_fs all[] = {
		{RF_CGROUP_V2, 1, {{&cgroup_v2_ops, "cpuset cpu io memory pids", "/", -EBADF}}},
		{RF_CGROUP_V1, 1, {{&cgroup_v1_ops, V1_ALL, "/", -EBADF}}},
		{RF_CGROUP_HYBRID, 2, {{&cgroup_v1_ops, "memory", "/", -EBADF},
				       {&cgroup_v2_ops, "cpu io", "/", -EBADF}}},
	};
	const char *words[WORDS_MAX];
	char *save = NULL;
	size_t n = 0;

	while (n < WORDS_MAX && (words[n] = strtok_r(n ? NULL : text, "\n", &save)))
		n++;
	for (size_t i = 0; i < array_size(all); i++) {
		struct cgroup_settings s __free(cgroup_settings) = {0};
		struct cgroup_want want = {0};

		if (cgroup_settings_parse(&all[i], words, n, &s) < 0) {
			EXPECT(!s.n && !s.list);
			continue;
		}
		EXPECT(s.n == n);
		for (size_t j = 0; j < s.n; j++)
			if (s.list[j].key && *s.list[j].text)
				check_round(s.list[j].key, &s.list[j].value);
		cgroup_want_settings(&all[i], &want, &s);
	}
}

/* A group in which every v1 file is a link to one of a few, by its place in the key's row. */
static int make_group(int files[FILES])
{
	const struct cgroup_key *key;
	int dir = fuzz_scratch();

	for (int i = 0; i < FILES; i++) {
		char name[8] = {(char)('0' + i)};

		files[i] = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		EXPECT(files[i] >= 0);
		for (size_t k = 0; (key = cgroup_key_at(k)); k++)
			for (size_t v = 0; v < array_size(key->v1) && key->v1[v].file; v++)
				if ((int)v % FILES == i)
					linkat(dir, name, dir, key->v1[v].file, 0);
	}
	return dir;
}

/* Settings that depend on the old values. */
static void compile(const struct cgroup *g)
{
	static const char *const words[] = {"memory.max=64M", "memory.swap.max=1M", "cpu.max=50%",
					    "cpu.weight=7"};

	for (size_t n = 1; n <= array_size(words); n++) {
		struct cgroup_settings s __free(cgroup_settings) = {0};
		struct cgroup_writes w __free(cgroup_writes) = {0};

		EXPECT(cgroup_settings_parse(g->fs, words, n, &s) >= 0);
		for (size_t i = 0; i < s.n; i++)
			if (cgroup_v1_ops.compile(g, &s.list[i], &s, &w) < 0)
				break;
		for (size_t i = 0; i < w.n; i++)
			EXPECT(w.list[i].text[strspn(w.list[i].text, "-0123456789")] == '\0');
	}
}

static void fuzz_v1(char *text, size_t size)
{
	static int dir = -1, files[FILES];
	struct rf_cgroup_fs fs = {RF_CGROUP_V1, 1, {{&cgroup_v1_ops, V1_ALL, "/", -EBADF}}};
	struct cgroup g = {.fs = &fs, .name = (char[]){"group"}};
	const struct cgroup_key *key;

	if (dir < 0)
		dir = make_group(files);
	g.fd[0] = dir;
	for (int i = 0; i < FILES; i++) {
		size_t len = strnlen(text, size);

		EXPECT(ftruncate(files[i], 0) == 0 && pwrite(files[i], text, len, 0) == (ssize_t)len);
		text += len < size ? len + 1 : len;
		size -= len < size ? len + 1 : len;
	}
	for (size_t i = 0; (key = cgroup_key_at(i)); i++) {
		char *read __free(ptr) = NULL;
		struct cgroup_value v;

		if (cgroup_v1_ops.read(&g, key, &read) < 0)
			EXPECT(!read);
		else if (key->how != V1_SAME && is_number(key))
			EXPECT(cgroup_value_read(key, read, &v) >= 0 &&
			       (key->kind != CGROUP_NUMBER ||
				(v.number >= key->min && v.number <= key->max)));
	}
	compile(&g);
}

FUZZ_TARGET(cgroup)
{
	static const struct {
		char letter;
		void (*run)(char *text, size_t size);
	} parts[] = {
		{'v', fuzz_value}, {'p', fuzz_pids},	 {'h', fuzz_hierarchies}, {'m', fuzz_mounts},
		{'n', fuzz_name},  {'s', fuzz_settings}, {'1', fuzz_v1},
	};
	char *text;

	for (size_t i = 0; size && i < array_size(parts); i++)
		if (parts[i].letter == data[0]) {
			text = fuzz_string(data + 1, size - 1);
			parts[i].run(text, size - 1);
			free(text);
		}
	return 0;
}
