// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Freezing and reclaiming. A group is frozen when all of its processes have come to a standstill,
 * which is some time after it was asked for, or never, where one waits for a disk that doesn't
 * answer. v2 tells in cgroup.events, by poll(2). v1's freezer notifies nobody: reading freezer.state
 * is what moves it from FREEZING to FROZEN, so it is read until then. A group stays frozen while one above
 * it is.
 */
#include "base/file.h"
#include "base/resolve.h"
#include "cgroup/cgroup.h"

int cgroup_freezer_of(const struct cgroup *g)
{
	int h = cgroup_hierarchy_of(g->fs, "freezer");

	if (h >= 0 && g->fd[h] >= 0)
		return h;
	h = cgroup_v2_of(g->fs);
	if (h >= 0 && g->fd[h] >= 0)
		return h;
	return sys_fail(-ENOENT, "open", "cgroup.freeze",
			"group /%s is in no hierarchy that can freeze: v2, or v1's freezer", g->name);
}

/* Who stops himself can't say that it is done, nor continue. */
static int check_not_mine(const struct cgroup *g, size_t h)
{
	char *text __free(ptr) = NULL, *mine __free(ptr) = NULL;
	size_t len = strlen(g->name);
	int r = file_read_at(AT_FDCWD, "/proc/self/cgroup", CGROUP_FILE_LIMIT, &text, NULL);

	if (r >= 0)
		r = cgroup_path_in(text, &g->fs->h[h], &mine);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (!strncmp(mine + 1, g->name, len) && (!len || !mine[1 + len] || mine[1 + len] == '/'))
		return sys_fail(-EDEADLK, "freeze", g->fs->h[h].path,
				"the caller is in group /%s itself, and would stop with it", g->name);
	return 0;
}

/* Which group above was told to freeze? */
static int check_above(const struct cgroup *g, size_t h)
{
	const struct cgroup_hierarchy *hi = &g->fs->h[h];

	for (const char *slash = strchr(g->name, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *file __free(ptr) = str_format("%.*s/%s", (int)(slash - g->name), g->name, hi->ops->frozen_file);
		char *text __free(ptr) = NULL;

		if (!file)
			return -ENOMEM;
		if (cgroup_read(hi->fd, file, &text) >= 0 && str_eq(text, "1"))
			return sys_fail(-EBUSY, "thaw", hi->path, "group /%.*s above it is frozen: thaw that one",
					(int)(slash - g->name), g->name);
	}
	return 0;
}

int cgroup_freeze(const struct cgroup *g, bool on)
{
	int h = cgroup_freezer_of(g), r;

	if (h < 0)
		return h;
	if (!*g->name)
		return sys_fail(-EINVAL, "check", "/", "the root group is not frozen");
	r = on ? check_not_mine(g, (size_t)h) : check_above(g, (size_t)h);
	return r < 0 ? r : g->fs->h[h].ops->freeze(cgroup_fd(g, (size_t)h), on);
}

int cgroup_await_frozen(const struct cgroup *g, bool on, uint64_t wait_us)
{
	int h = cgroup_freezer_of(g), r;
	char *path __free(ptr) = h < 0 ? NULL : cgroup_path(g, (size_t)h);

	if (h < 0 || sys_is_dry())
		return h < 0 ? h : 0;
	r = g->fs->h[h].ops->wait_frozen(g->fd[h], on, cgroup_now_us() + wait_us);
	if (r == -EBUSY)
		return sys_fail(-ETIMEDOUT, on ? "freeze" : "thaw", path,
				"%s: after %llu ms not all of its processes %s; one may wait in the kernel (state D)",
				strerror(ETIMEDOUT), (unsigned long long)wait_us / 1000, on ? "stand still" : "go on");
	return r;
}

int rf_cgroup_freeze(struct rf_cgroup_fs *fs, const char *group, bool on, uint64_t wait_us)
{
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_open(fs, group, &g);

	if (r >= 0)
		r = cgroup_freeze(g, on);
	if (r < 0)
		return r;
	r = cgroup_await_frozen(g, on, wait_us);
	if (r < 0) {
		struct rf_call why = *rf_trace_last_failure();

		cgroup_freeze(g, !on);
		sys_keep_failure(&why);
	}
	return r;
}

int rf_cgroup_reclaim(struct rf_cgroup_fs *fs, const char *group, uint64_t bytes, uint64_t *ret_reclaimed)
{
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_open(fs, group, &g), h = cgroup_hierarchy_of(fs, "memory");
	uint64_t before = 0, after = 0;
	const char *use;
	char text[24];
	bool v2, known;

	if (r >= 0 && (h < 0 || g->fd[h] < 0))
		r = sys_fail(-ENOENT, "open", "memory.reclaim", "group /%s is not in a hierarchy with the memory controller",
			     g->name);
	if (r < 0)
		return r;
	v2 = fs->h[h].ops->v2;
	use = v2 ? "memory.current" : "memory.usage_in_bytes";
	snprintf(text, sizeof(text), "%llu", v2 ? (unsigned long long)bytes : 0);
	known = cgroup_read_number(cgroup_fd(g, (size_t)h), use, &before) >= 0;
	r = cgroup_write(cgroup_fd(g, (size_t)h), v2 ? "memory.reclaim" : "memory.force_empty", text);
	if ((r >= 0 || r == -EAGAIN) && ret_reclaimed && known) {
		struct rf_call why = *rf_trace_last_failure();

		if (cgroup_read_number(g->fd[h], use, &after) >= 0)
			*ret_reclaimed = before > after ? before - after : 0;
		sys_keep_failure(&why);
	}
	if (r == -EAGAIN)
		return sys_fail(r, "write", rf_trace_last_failure()->object,
				"%s: less than that could be reclaimed: the rest is in use, locked, or has no swap to go to",
				strerror(EAGAIN));
	return r;
}
