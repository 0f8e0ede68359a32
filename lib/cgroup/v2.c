// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cgroup v2: one tree. A group has a controller's files only where its parent lists the controller
 * in cgroup.subtree_control, and that parent's parent too, up to the root: controllers are enabled
 * on the way down, those that are needed and no others. A group that has enabled a domain
 * controller for its children can hold no process itself (EBUSY both ways).
 *
 * cgroup.kill (Linux 5.14) kills a subtree at once; before it, the group is frozen so that nothing
 * forks, and each process is killed. cgroup.events tells by poll(2) when the last one is gone.
 */
#include "cgroup/cgroup.h"

#include "base/file.h"

/* hugetlb prints "no limit" as what its counter can hold, less a page of any size. */
static int no_limit_as_max(char **text)
{
	uint64_t n;
	char *max;

	if (str_to_u64(*text, &n) < 0 || n < (uint64_t)INT64_MAX - (1u << 30))
		return 0;
	max = strdup("max");
	if (!max)
		return -ENOMEM;
	free(*text);
	*text = max;
	return 0;
}

static int v2_read(const struct cgroup *g, const struct cgroup_key *key, char **ret_text)
{
	int h = cgroup_v2_of(g->fs), fd = h < 0 ? h : cgroup_fd(g, (size_t)h);
	int r;

	if (fd < 0)
		return fd;
	if (key->kept)
		return cgroup_kept_read(g, key, ret_text);
	r = cgroup_read(fd, key->pub.name, ret_text);
	if (r == -ENOENT && key->alias)
		r = cgroup_read(fd, key->alias, ret_text);
	if (r >= 0 && key->kind == CGROUP_BYTES && !key->pub.read_only && no_limit_as_max(ret_text) < 0) {
		free(*ret_text);
		*ret_text = NULL;
		r = -ENOMEM;
	}
	return r;
}

static int v2_compile(const struct cgroup *g, const struct cgroup_setting *s,
		      const struct cgroup_settings *all, struct cgroup_writes *out)
{
	int h = cgroup_v2_of(g->fs), fd = h < 0 ? h : cgroup_fd(g, (size_t)h);
	struct str text __free(str) = {0};
	const char *file = s->key->pub.name;
	char *taken;

	if (fd < 0)
		return fd;
	if (s->key->kept)
		return cgroup_kept_compile(g, s, (size_t)h, out);
	if (s->key->alias && !cgroup_has_file(fd, file) && cgroup_has_file(fd, s->key->alias))
		file = s->key->alias;
	cgroup_value_write(s->key, &s->value, &text);
	return str_take(&text, &taken) < 0 ? -ENOMEM
					   : cgroup_writes_add(out, s, (size_t)h, file, taken);
}

/* The caller's error, with who is in the way. */
static int explain_enable(const struct cgroup *g, int fd, const char *controller, int error)
{
	struct cgroup_pids pids __free(cgroup_pids) = {0};
	struct str words __free(str) = {0};
	char object[128];

	snprintf(object, sizeof(object), "%s/cgroup.subtree_control", sys_fd_name(fd) ?: "");
	if (error == -EBUSY && cgroup_pids_read(fd, &pids) >= 0 && pids.n) {
		cgroup_pids_words(&pids, &words);
		return sys_fail(error, "write", object,
				"\"+%s\": a group with processes can't give controllers to its children; it holds %s",
				controller, words.s ?: "some");
	}
	return sys_fail(error, "write", object, "\"+%s\": %s", controller, strerror(-error));
}

/*
 * To pass cpu or pids on from a group with processes is no error to the kernel: it makes the group a
 * threaded domain, and those below it invalid until they are made threaded. Nobody who asks for a
 * limit means that.
 */
static int check_populated(const struct cgroup *g, int fd, const char *controller)
{
	struct cgroup_pids pids __free(cgroup_pids) = {0};
	char *type __free(ptr) = NULL;
	int r;

	/* The root has no type, and may hold processes. */
	if (sys_is_dry_fd(fd) || cgroup_read(fd, "cgroup.type", &type) < 0 || !str_eq(type, "domain"))
		return 0;
	r = cgroup_pids_read(fd, &pids);
	return r < 0 || !pids.n ? r : explain_enable(g, fd, controller, -EBUSY);
}

static int enable(struct cgroup *g, size_t level, int fd, const char *controller, bool needed)
{
	char *has __free(ptr) = NULL, *enabled __free(ptr) = NULL, text[64];
	int r = cgroup_read(fd, "cgroup.controllers", &has);

	if (r >= 0)
		r = cgroup_read(fd, "cgroup.subtree_control", &enabled);
	if (r < 0)
		return r;
	if (cgroup_has_word(enabled, controller))
		return 0;
	if (!cgroup_has_word(has, controller) && !sys_is_dry_fd(fd))
		return needed ? sys_fail(-ENODEV, "check", sys_fd_name(fd),
					 "the controller %s is not in cgroup.controllers here",
					 controller)
			      : 0;
	snprintf(text, sizeof(text), "+%s", controller);
	r = check_populated(g, fd, controller);
	if (r < 0)
		return needed ? r : 0;
	r = cgroup_write(fd, "cgroup.subtree_control", text);
	/* A report does without what can't be had. */
	if (r < 0)
		return needed ? explain_enable(g, fd, controller, r) : 0;
	if (g->n_enabled < array_size(g->enabled)) {
		g->enabled[g->n_enabled].level = level;
		g->enabled[g->n_enabled++].controller = controller;
	}
	return 0;
}

static int v2_prepare_parent(struct cgroup *g, size_t h, size_t level, int parent_fd)
{
	const struct cgroup_want *w = g->want;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < w->n_needed; i++)
		r = enable(g, level, parent_fd, w->needed[i], true);
	for (size_t i = 0; r >= 0 && i < w->n_optional; i++)
		r = enable(g, level, parent_fd, w->optional[i], false);
	return r;
}

static int v2_prepare_child(const struct cgroup_hierarchy *h, int parent_fd, int child_fd)
{
	return 0;
}

static int kill_all(int dirfd, const char *name, void *data)
{
	int fd __free(fd) = cgroup_child(dirfd, name);
	int r = fd < 0 ? fd : cgroup_kill_each(fd);

	return r < 0 ? (r == -ENOENT ? 0 : r) : cgroup_each_child(fd, kill_all, NULL);
}

/* With all below. A threaded group holds threads, and only whole processes can be killed. */
static int v2_kill(int group_fd)
{
	int r = cgroup_write(group_fd, "cgroup.kill", "1"), thaw;

	if (r == -EOPNOTSUPP)
		return sys_fail(r, "write", sys_fd_name(group_fd),
				"cgroup.kill: %s: the group is threaded: kill its domain, the group above that is not",
				strerror(EOPNOTSUPP));
	if (r != -ENOENT)
		return r;
	r = cgroup_write(group_fd, "cgroup.freeze", "1");
	if (r < 0)
		return r;
	r = kill_all(group_fd, ".", NULL);
	/* SIGKILL reaches frozen processes, but the group may live on. */
	thaw = cgroup_write(group_fd, "cgroup.freeze", "0");
	return r < 0 ? r : thaw;
}

/* Until a field of cgroup.events has the value, or the time is up. */
static int wait_event(int group_fd, const char *field, uint64_t value, uint64_t until_us)
{
	int fd __free(fd) = sys_openat(group_fd, "cgroup.events", O_RDONLY, 0);
	struct pollfd p = {.fd = fd, .events = POLLPRI};

	if (fd < 0)
		return fd;
	for (;;) {
		char *text __free(ptr) = NULL;
		uint64_t now = cgroup_now_us();
		off_t at = sys_lseek(fd, 0, SEEK_SET);
		int r = at < 0 ? (int)at : file_read_fd(fd, 4096, &text, NULL);

		if (r < 0)
			return r;
		if (cgroup_field(text, field) == value)
			return 0;
		if (now >= until_us)
			return -EBUSY;
		r = sys_poll(&p, 1, (int)((until_us - now) / 1000) + 1);
		if (r < 0 && r != -EINTR)
			return r;
	}
}

static int v2_wait_empty(int group_fd, uint64_t until_us)
{
	return wait_event(group_fd, "populated", 0, until_us);
}

static int v2_freeze(int group_fd, bool on)
{
	return cgroup_write(group_fd, "cgroup.freeze", on ? "1" : "0");
}

static int v2_wait_frozen(int group_fd, bool on, uint64_t until_us)
{
	return wait_event(group_fd, "frozen", on, until_us);
}

/* The controller of a file that is missing: which ancestor does not pass it on? */
static void explain_missing(const struct cgroup *g, size_t h, const char *file, struct str *out)
{
	int fd __free(fd) = cgroup_child(g->fs->h[h].fd, ".");
	char controller[32], *at = g->name;

	snprintf(controller, sizeof(controller), "%.*s", (int)strcspn(file, "."), file);
	if (!*g->name) {
		str_add(out, "no root group does");
		return;
	}
	while (fd >= 0 && *at) {
		char *enabled __free(ptr) = NULL, part[256];
		size_t n = strcspn(at, "/");
		int child;

		if (cgroup_read(fd, "cgroup.subtree_control", &enabled) < 0)
			return;
		if (!cgroup_has_word(enabled, controller)) {
			str_addf(out, "the controller %s is not enabled in cgroup.subtree_control of /%.*s",
				 controller, (int)(at - g->name) - (at > g->name), g->name);
			return;
		}
		memcpy(part, at, n);
		part[n] = '\0';
		child = cgroup_child(fd, part);
		sys_close(fd);
		fd = child;
		at += n + (at[n] == '/');
	}
	str_add(out, "this kernel has no such file");
}

/* Files that need no controller. */
static bool is_core(const char *file)
{
	const struct cgroup_key *key = cgroup_key_find(file);

	return str_starts(file, "cgroup.") || (key && str_eq(key->pub.controller, "cgroup"));
}

static void v2_explain(const struct cgroup *g, const char *file, int error, struct str *out)
{
	int h = cgroup_v2_of(g->fs);

	if (h < 0)
		return;
	if (error == -ENOENT && !is_core(file))
		explain_missing(g, (size_t)h, file, out);
	else if (error == -EBUSY && str_eq(file, "cgroup.subtree_control"))
		str_add(out, "a group with processes can't give controllers to its children");
	else if (error == -EOPNOTSUPP && str_eq(file, "cgroup.subtree_control"))
		str_add(out, "it is part of a threaded subtree, which only cpu, cpuset, perf_event and pids can divide");
	else if (error == -ENOENT && str_eq(file, "cgroup.subtree_control"))
		str_add(out, "a controller that is not in cgroup.controllers of this group can't be passed on");
	else if (error == -EOPNOTSUPP && str_eq(file, "cgroup.type"))
		str_add(out, "the group or its parent has domain controllers for those below");
	else if ((error == -ERANGE || error == -EINVAL) && str_starts(file, "cpuset."))
		str_add(out, "there are no such CPUs or memory nodes");
	else if (error == -ENOSPC && str_starts(file, "cpuset."))
		str_add(out, "processes in the group would be left without CPUs");
	else if (error == -ENODEV && str_starts(file, "io."))
		str_add(out, "there is no such disk, or it is a partition: limits are those of the whole disk");
	else if (error == -EAGAIN && str_eq(file, "memory.reclaim"))
		str_add(out, "less than that could be reclaimed");
}

const struct cgroup_ops cgroup_v2_ops = {
	.v2 = true,
	.join_file = "cgroup.procs",
	.read = v2_read,
	.compile = v2_compile,
	.prepare_parent = v2_prepare_parent,
	.prepare_child = v2_prepare_child,
	.kill = v2_kill,
	.wait_empty = v2_wait_empty,
	.freeze = v2_freeze,
	.wait_frozen = v2_wait_frozen,
	.frozen_file = "cgroup.freeze",
	.explain = v2_explain,
};
