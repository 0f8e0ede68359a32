// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of keys, which stands in keys-*.c. Setting, reading, checking, conversion, help and JSON
 * all read it; a new key is a new row.
 *
 * `after` is an order of writes that holds on both versions. Acts come last: what only is written
 * can't be taken back where a later write fails.
 */
#include "cgroup/cgroup.h"

static const struct cgroup_key *const tables[] = {
	cgroup_keys_core, cgroup_keys_cpu, cgroup_keys_memory, cgroup_keys_io,
	cgroup_keys_bpf,
};

static const char size_word[] = "SIZE";

/* What is known of a controller beside its keys. */
static const struct {
	const char *name;
	const char *v1; /* v1's name, where it is another */
	bool threaded;	/* it can divide the threads of a process among groups */
} controllers[] = {
	{"cgroup", NULL, true}, {"cpu", NULL, true}, {"cpuset", NULL, true}, {"perf_event", NULL, true},
	{"pids", NULL, true}, {"io", "blkio", false},
};

const struct cgroup_key *cgroup_key_at(size_t index)
{
	for (size_t t = 0; t < array_size(tables); t++)
		for (const struct cgroup_key *k = tables[t]; k->pub.name; k++)
			if (!index--)
				return k;
	return NULL;
}

const struct rf_cgroup_key *rf_cgroup_key(size_t index)
{
	const struct cgroup_key *key = cgroup_key_at(index);

	return key ? &key->pub : NULL;
}

/* The length of the size that stands in `name` where `pattern` says SIZE; 0: it isn't of it. */
static size_t match_size(const char *pattern, const char *name, size_t *ret_at)
{
	const char *at = strstr(pattern, size_word);
	size_t before = at ? (size_t)(at - pattern) : 0, len;

	if (!at || strncmp(pattern, name, before))
		return 0;
	*ret_at = before;
	name += before;
	len = strspn(name, "0123456789");
	if (!len || !strchr("KMG", name[len]) || name[len + 1] != 'B')
		return 0;
	len += 2;
	return str_eq(name + len, at + sizeof(size_word) - 1) ? len : 0;
}

const struct cgroup_key *cgroup_key_find(const char *name)
{
	size_t at;

	for (size_t t = 0; t < array_size(tables); t++)
		for (const struct cgroup_key *k = tables[t]; k->pub.name; k++)
			if (str_eq(k->pub.name, name) || match_size(k->pub.name, name, &at))
				return k;
	return NULL;
}

const struct cgroup_key *cgroup_key_for(const struct cgroup_key *row, const char *name,
					struct cgroup_key_copy *copy)
{
	size_t at = 0, len = row ? match_size(row->pub.name, name, &at) : 0;

	if (!len || len > 16)
		return row;
	*copy = (struct cgroup_key_copy){.key = *row};
	snprintf(copy->name, sizeof(copy->name), "%s", name);
	copy->key.pub.name = copy->name;
	for (size_t i = 0; i < array_size(copy->file) && row->v1[i].file; i++) {
		const char *file = row->v1[i].file, *word = strstr(file, size_word);

		if (!word)
			continue;
		snprintf(copy->file[i], sizeof(copy->file[i]), "%.*s%.*s%s", (int)(word - file), file,
			 (int)len, name + at, word + sizeof(size_word) - 1);
		copy->key.v1[i].file = copy->file[i];
	}
	return &copy->key;
}

struct names {
	const char *pattern;
	int (*fn)(const char *name, void *data);
	void *data;
};

/* "hugepages-2048kB" is the size 2MB of the keys. */
static int each_size(int dirfd, const char *dir, void *data)
{
	const struct names *n = data;
	const char *word = strstr(n->pattern, size_word);
	uint64_t kb = str_starts(dir, "hugepages-") ? strtoull(dir + 10, NULL, 10) : 0;
	char name[96];

	if (!kb)
		return 0;
	snprintf(name, sizeof(name), "%.*s%llu%s%s", (int)(word - n->pattern), n->pattern,
		 (unsigned long long)(kb >= 1 << 20 ? kb >> 20 : kb >= 1 << 10 ? kb >> 10 : kb),
		 kb >= 1 << 20 ? "GB" : kb >= 1 << 10 ? "MB" : "KB", word + sizeof(size_word) - 1);
	return n->fn(name, n->data);
}

int cgroup_key_names(const struct cgroup_key *row, int (*fn)(const char *name, void *data), void *data)
{
	struct names n = {row->pub.name, fn, data};
	int fd __free(fd) = -EBADF;

	if (!strstr(row->pub.name, size_word))
		return fn(row->pub.name, data);
	fd = sys_openat(AT_FDCWD, "/sys/kernel/mm/hugepages", O_RDONLY | O_DIRECTORY, 0);
	/* A kernel without huge pages. */
	return fd < 0 ? 0 : cgroup_each_child(fd, each_size, &n);
}

const char *cgroup_kind_word(const struct cgroup_key *key)
{
	static const char *const words[] = {
		[CGROUP_BYTES] = "max-or-number", [CGROUP_CPU] = "max-or-number",
		[CGROUP_COUNT] = "max-or-number", [CGROUP_NUMBER] = "number", [CGROUP_LIST] = "list",
		[CGROUP_STAT] = "stat", [CGROUP_TIME] = "number", [CGROUP_NICE] = "number",
		[CGROUP_PERCENT] = "max-or-number", [CGROUP_WORD] = "word", [CGROUP_TOGGLES] = "list",
		[CGROUP_NESTED] = "nested", [CGROUP_WEIGHTS] = "key-value", [CGROUP_PRESSURE] = "pressure",
		[CGROUP_TRIGGER] = "trigger", [CGROUP_IDS] = "ids",
		[CGROUP_RULES] = "rules", [CGROUP_RATES] = "key-value", [CGROUP_RATE] = "rate",
	};

	/* What is only read has no "max" but in a limit. */
	if (key->kind <= CGROUP_COUNT && key->kind != CGROUP_CPU && key->pub.read_only)
		return "number";
	return key->kind == CGROUP_NESTED && key->parts && !key->parts[0].name && key->parts[0].kind != PART_TEXT
		       ? "key-value"
		       : words[key->kind];
}

const char *cgroup_key_usual(const struct cgroup_key *key)
{
	static const char *const usual[] = {
		[CGROUP_BYTES] = "max", [CGROUP_CPU] = "max 100000", [CGROUP_COUNT] = "max", [CGROUP_NUMBER] = "0",
		[CGROUP_TIME] = "0", [CGROUP_NICE] = "0", [CGROUP_PERCENT] = "0.00", [CGROUP_WEIGHTS] = "default 100",
	};

	if (key->usual)
		return key->usual;
	if (key->kind == CGROUP_WORD)
		return key->words[0];
	return (size_t)key->kind < array_size(usual) && usual[key->kind] ? usual[key->kind] : "";
}

bool cgroup_is_usual(const struct cgroup_key *key, const char *text)
{
	const char *usual = cgroup_key_usual(key);

	/* v1 says a weight without the word. */
	return str_eq(text, usual) || (str_starts(usual, "default ") && str_eq(text, usual + 8)) ||
	       (key->kind == CGROUP_WORD && str_starts(text, usual) && text[strlen(usual)] == ' ');
}

bool cgroup_key_threaded(const struct cgroup_key *key)
{
	for (size_t i = 0; i < array_size(controllers); i++)
		if (str_eq(controllers[i].name, key->pub.controller))
			return controllers[i].threaded;
	/* Programs are asked by the thread's own group. */
	return key->kept;
}

static const char *v1_controller(const struct cgroup_key *key)
{
	if (key->v1[0].controller)
		return key->v1[0].controller;
	for (size_t i = 0; i < array_size(controllers); i++)
		if (controllers[i].v1 && str_eq(controllers[i].name, key->pub.controller))
			return controllers[i].v1;
	return key->pub.controller;
}

bool cgroup_key_is_v1(const struct rf_cgroup_fs *fs, const struct cgroup_key *key)
{
	int h = cgroup_hierarchy_of(fs, v1_controller(key));

	/* No file of v1 has it either. */
	if (key->kept && key->how == V1_NONE)
		return false;
	return h >= 0 && !fs->h[h].ops->v2;
}

uint32_t cgroup_key_hierarchies(const struct rf_cgroup_fs *fs, const struct cgroup_key *key)
{
	uint32_t bits = 0;
	int h;

	if (!cgroup_key_is_v1(fs, key)) {
		bool core = str_eq(cgroup_key_needs(key), "cgroup");

		if (key->v1_only)
			return 0;
		h = core ? cgroup_v2_of(fs) : cgroup_hierarchy_of(fs, key->pub.controller);
		/* The CPU time of a group is counted on v2 even without the controller. */
		if (h < 0 && fs->mode == RF_CGROUP_V2 && str_starts(key->pub.name, "cpu.stat"))
			h = cgroup_v2_of(fs);
		return h < 0 ? 0 : 1u << h;
	}
	for (size_t i = 0; i < array_size(key->v1) && key->v1[i].file; i++) {
		h = cgroup_hierarchy_of(fs, key->v1[i].controller);
		if (h >= 0)
			bits |= 1u << h;
	}
	return bits;
}
