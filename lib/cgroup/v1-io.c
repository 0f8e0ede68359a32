// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * v1's blkio in the words of v2's io. One line of io.max is four files of v1, each with lines
 * "254:0 1048576", in which 0 takes a limit away and is not kept. One line of io.stat is two files with
 * lines "254:0 Read 4096". v1 limits only what is written past the page cache.
 */
#include <ringfence/units.h>

#include "cgroup/cgroup.h"
#include "cgroup/v1.h"

/* The files of io.max, and its parts, in the order of key->v1. */
static const char *const max_parts[] = {"rbps", "wbps", "riops", "wiops"};

static int fd_of(const struct cgroup *g, const struct cgroup_v1_file *file, size_t *ret_h)
{
	int h = cgroup_hierarchy_of(g->fs, file->controller);

	if (h >= 0 && ret_h)
		*ret_h = (size_t)h;
	return h < 0 ? h : cgroup_fd(g, (size_t)h);
}

/* A line for each device that `text` begins a line with, once. */
static int add_devices(const char *text, struct str *devices)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		size_t len;

		line += *line == '\n';
		len = strcspn(line, " \n");
		if (len && line[len] == ' ' && *line >= '0' && *line <= '9' &&
		    !cgroup_nested_line(devices->s ?: "", line, len)) {
			str_addn(devices, line, len);
			str_add(devices, " \n");
		}
	}
	return devices->failed ? -ENOMEM : 0;
}

int v1_get_io_max(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	struct str out __free(str) = {0}, devices __free(str) = {0};
	char *texts[array_size(max_parts)] = {NULL}, *save = NULL;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < array_size(max_parts); i++) {
		int fd = fd_of(g, &key->v1[i], NULL);

		r = fd < 0 ? fd : cgroup_read(fd, key->v1[i].file, &texts[i]);
		if (r >= 0)
			r = add_devices(texts[i], &devices);
	}
	for (char *d = devices.s ? strtok_r(devices.s, " \n", &save) : NULL; r >= 0 && d;
	     d = strtok_r(NULL, " \n", &save)) {
		str_addf(&out, "%s%s", out.len ? "\n" : "", d);
		for (size_t i = 0; i < array_size(max_parts); i++) {
			const char *n = cgroup_nested_line(texts[i], d, strlen(d));

			str_addf(&out, " %s=%.*s", max_parts[i], n ? (int)strcspn(n, "\n") : 3, n ?: "max");
		}
	}
	for (size_t i = 0; i < array_size(max_parts); i++)
		free(texts[i]);
	return r < 0 ? r : str_take(&out, ret);
}

static int add_limit(const struct cgroup *g, const struct cgroup_setting *s, size_t part,
		     const char *number, struct cgroup_writes *out)
{
	const struct cgroup_v1_file *file = &s->key->v1[part];
	size_t h = 0, device = strcspn(s->value.line, " "), len = strcspn(number, " ");
	char *old __free(ptr) = NULL;
	const char *was;
	int fd = fd_of(g, file, &h), r = fd < 0 ? fd : cgroup_read(fd, file->file, &old);

	if (r < 0)
		return r;
	r = cgroup_writes_add(out, s, h, file->file,
			      str_format("%.*s %.*s", (int)device, s->value.line,
					 str_starts(number, "max") ? 1 : (int)len,
					 str_starts(number, "max") ? "0" : number));
	if (r < 0)
		return r;
	was = cgroup_nested_line(old, s->value.line, device);
	out->list[out->n - 1].old = str_format("%.*s %.*s", (int)device, s->value.line,
					       was ? (int)strcspn(was, "\n") : 1, was ?: "0");
	return out->list[out->n - 1].old ? 0 : -ENOMEM;
}

int v1_set_io_max(const struct cgroup *g, const struct cgroup_setting *s,
		  const struct cgroup_settings *all, struct cgroup_writes *out)
{
	const char *word = s->value.line + strcspn(s->value.line, " ");
	int r = 0;

	for (; r >= 0 && *word; word += strcspn(word, " ")) {
		size_t i = 0, len;

		word += *word == ' ';
		len = strcspn(word, "=");
		while (i < array_size(max_parts) &&
		       (strlen(max_parts[i]) != len || strncmp(max_parts[i], word, len)))
			i++;
		r = i < array_size(max_parts) ? add_limit(g, s, i, word + len + 1, out) : -EINVAL;
	}
	return r;
}

/* "254:0 Read 4096" in lines of that device: the number after the word. */
static uint64_t number_of(const char *text, const char *device, const char *word)
{
	char want[96];
	uint64_t n;

	snprintf(want, sizeof(want), "%s %s", device, word);
	n = cgroup_field(text, want);
	return n == RF_CGROUP_UNKNOWN ? 0 : n;
}

int v1_get_io_stat(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	static const struct {
		const char *part, *word;
		bool count;
	} parts[] = {
		{"rbytes", "Read", false}, {"wbytes", "Write", false}, {"rios", "Read", true},
		{"wios", "Write", true}, {"dbytes", "Discard", false}, {"dios", "Discard", true},
	};
	struct str out __free(str) = {0}, devices __free(str) = {0};
	char *bytes __free(ptr) = NULL, *counts __free(ptr) = NULL, *save = NULL;
	int fd = fd_of(g, &key->v1[0], NULL), r = fd < 0 ? fd : cgroup_read(fd, key->v1[0].file, &bytes);

	if (r >= 0)
		r = cgroup_read(fd, key->v1[1].file, &counts);
	if (r >= 0)
		r = add_devices(bytes, &devices);
	if (r < 0)
		return r;
	for (char *d = devices.s ? strtok_r(devices.s, " \n", &save) : NULL; d; d = strtok_r(NULL, " \n", &save)) {
		str_addf(&out, "%s%s", out.len ? "\n" : "", d);
		for (size_t i = 0; i < array_size(parts); i++)
			str_addf(&out, " %s=%llu", parts[i].part,
				 (unsigned long long)number_of(parts[i].count ? counts : bytes, d, parts[i].word));
	}
	return str_take(&out, ret);
}
