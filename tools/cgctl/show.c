// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl show: one page on a group. What has its usual value is left out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"
#include "cgroup/cgroup.h"

enum { SHOWN_MAX = 20 };

const struct opt_row show_options[] = {OPT_COMMON_JSON, {0}};

struct page {
	struct rf_cgroup_fs *fs;
	struct cgroup *g;
	struct str out, values;
	const char *name;
};

static void member(struct page *p, const char *title, const char *key, const char *value)
{
	if (!tool_state.json) {
		str_addf(&p->out, "%-14s %s\n", title, *value ? value : "-");
		return;
	}
	str_addf(&p->out, "%s\"%s\": ", p->out.len ? ", " : "", key);
	str_add_json(&p->out, value);
}

static void head(struct page *p)
{
	struct str where __free(str) = {0}, v1 __free(str) = {0};
	char *type __free(ptr) = NULL, *here __free(ptr) = NULL, *enabled __free(ptr) = NULL;
	int v2 = cgroup_v2_of(p->fs);

	for (size_t h = 0; h < p->fs->n; h++) {
		char *path __free(ptr) = cgroup_path(p->g, h);

		if (p->g->fd[h] < 0 || !path)
			continue;
		str_addf(&where, "%s%s", where.len ? " " : "", path);
		if (!p->fs->h[h].ops->v2)
			str_addf(&v1, "%s%s", v1.len ? " " : "", p->fs->h[h].controllers);
	}
	member(p, "group", "group", p->name);
	member(p, "directories", "directories", where.s ?: "");
	if (v1.len)
		member(p, "v1 controllers", "v1_controllers", v1.s);
	if (v2 < 0 || p->g->fd[v2] < 0)
		return;
	if (cgroup_read(p->g->fd[v2], "cgroup.type", &type) < 0)
		type = strdup(*p->g->name ? "domain" : "root");
	cgroup_read(p->g->fd[v2], "cgroup.controllers", &here);
	cgroup_read(p->g->fd[v2], "cgroup.subtree_control", &enabled);
	member(p, "type", "type", type ?: "");
	member(p, "controllers", "controllers", here ?: "");
	member(p, "  for children", "subtree_control", enabled ?: "");
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static int processes(struct page *p)
{
	struct cgroup_pids all __free(cgroup_pids) = {0};
	size_t n = 0;
	int r = 0;

	for (size_t h = 0; r >= 0 && h < p->fs->n; h++)
		if (p->g->fd[h] >= 0)
			r = cgroup_pids_read(p->g->fd[h], &all);
	if (r < 0)
		return r;
	if (all.n)
		qsort(all.list, all.n, sizeof(*all.list), by_number);
	for (size_t i = 0; i < all.n; i++)
		if (!i || all.list[i] != all.list[n - 1])
			all.list[n++] = all.list[i];
	if (tool_state.json)
		str_add(&p->out, ", \"processes\": [");
	else
		str_addf(&p->out, "%-14s %zu%s", "processes", n, n ? ":" : "");
	for (size_t i = 0; i < n && (tool_state.json || i < SHOWN_MAX); i++) {
		struct cgroup_pids one = {&all.list[i], 1};

		if (tool_state.json) {
			str_addf(&p->out, "%s%d", i ? ", " : "", (int)all.list[i]);
		} else {
			str_add(&p->out, i ? ", " : " ");
			cgroup_pids_words(&one, &p->out);
		}
	}
	if (n > SHOWN_MAX && !tool_state.json)
		str_addf(&p->out, " and %zu more", n - SHOWN_MAX);
	str_add(&p->out, tool_state.json ? "]" : "\n");
	return 0;
}

/* A key that can be set, and was. */
static int value(const char *name, void *data)
{
	struct page *p = data;
	struct cgroup_key_copy copy;
	const struct cgroup_key *key = cgroup_key_for(cgroup_key_find(name), name, &copy);
	char *text __free(ptr) = NULL;

	if (key->pub.read_only || key->kind == CGROUP_TRIGGER || key->kind == CGROUP_TOGGLES || key->kind == CGROUP_RATE ||
	    rf_cgroup_get(p->fs, p->g->name, name, &text) < 0 || cgroup_is_usual(key, text))
		return 0;
	if (tool_state.json) {
		cgctl_json_value(&p->values, name, text);
		return 0;
	}
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		str_addf(&p->values, "  %-24s %s\n", name, line);
	return 0;
}

static int fill(struct page *p)
{
	const struct cgroup_key *key;
	int r = cgroup_open(p->fs, p->name, &p->g);

	if (r < 0)
		return r;
	head(p);
	r = processes(p);
	for (size_t i = 0; r >= 0 && (key = cgroup_key_at(i)); i++)
		r = cgroup_key_names(key, value, p);
	return r < 0 ? r : p->out.failed || p->values.failed ? -ENOMEM : 0;
}

int show_run(int argc, char **argv)
{
	char *name __free(ptr) = cgctl_name(argv[0]);
	struct page p = {.name = name};
	int r = name ? cgctl_open(false, &p.fs) : tool_error(-ENOMEM, "show");

	if (r)
		return r;
	r = fill(&p);
	if (r < 0)
		r = cgctl_error(r, "show", name);
	else if (tool_state.json)
		printf("{%s, \"values\": {%s}}\n", p.out.s, p.values.s ?: "");
	else
		printf("%s%s%s", p.out.s, p.values.len ? "set here\n" : "set here       nothing\n", p.values.s ?: "");
	cgroup_close(p.g);
	str_done(&p.out);
	str_done(&p.values);
	rf_cgroup_fs_free(p.fs);
	return r;
}
