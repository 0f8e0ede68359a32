// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Making and removing groups for good, and sweeping up transient ones.
 *
 * The maker of a transient group holds a lock (flock(2)) on its directory, and the group's name
 * says who that is: pid and start time. Its death, SIGKILL too, frees the lock. A group is swept
 * only where both agree, since a pid alone means nothing across pid namespaces, and a lock alone
 * is free for a moment after mkdir(2).
 */
#include <ringfence/units.h>

#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "cgroup/cgroup.h"

static const char transient_prefix[] = "rf-run-";

/* On v1 a group that is made for no setting yet is made where any may be set later. */
static void want_all(const struct rf_cgroup_fs *fs, struct cgroup_want *want)
{
	const struct cgroup_key *key;

	for (size_t i = 0; (key = cgroup_key_at(i)); i++)
		if (cgroup_key_is_v1(fs, key))
			want->hierarchies |= cgroup_key_hierarchies(fs, key);
	if (fs->mode == RF_CGROUP_V2)
		want->hierarchies |= 1u << cgroup_v2_of(fs);
}

int cgroup_want_new(const struct rf_cgroup_fs *fs, struct cgroup_want *want, const struct cgroup_settings *s,
		    const char *const *controllers)
{
	bool all = !controllers;
	int r = cgroup_want_settings(fs, want, s);

	for (; r >= 0 && controllers && *controllers; controllers++)
		r = cgroup_want_controller(fs, want, *controllers, true);
	if (r >= 0 && (all || !want->hierarchies))
		want_all(fs, want);
	return r;
}

int rf_cgroup_create(struct rf_cgroup_fs *fs, const char *group, const char *const *settings,
		     size_t n_settings, const char *const *controllers, rf_cgroup_note_fn *note,
		     void *data)
{
	struct cgroup_settings s __free(cgroup_settings) = {0};
	struct cgroup *g __free(cgroup) = NULL;
	struct cgroup_want want = {0};
	int r = cgroup_settings_parse(fs, settings, n_settings, &s);

	if (r >= 0)
		r = cgroup_want_new(fs, &want, &s, controllers);
	if (r >= 0)
		r = cgroup_make(fs, group, &want, &g);
	if (r < 0)
		return r;
	if (!cgroup_was_made(g)) {
		cgroup_unmake(g);
		return sys_fail(-EEXIST, "mkdirat", "", "the group /%s is there already", g->name);
	}
	r = cgroup_apply(g, &s, note, data, NULL);
	if (r < 0) {
		struct rf_call why = *rf_trace_last_failure();

		cgroup_unmake(g);
		sys_keep_failure(&why);
	}
	return r;
}

static int first_name(int dirfd, const char *name, void *data)
{
	str_addf(data, "%s", name);
	return 1;
}

/* The processes of a group, with or without those below. */
static int read_pids(int fd, bool below, struct cgroup_pids *pids);

struct below {
	struct cgroup_pids *pids;
};

static int read_pids_below(int dirfd, const char *name, void *data)
{
	int fd __free(fd) = cgroup_child(dirfd, name);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return read_pids(fd, true, ((struct below *)data)->pids);
}

static int read_pids(int fd, bool below, struct cgroup_pids *pids)
{
	struct below b = {pids};
	int r = cgroup_pids_read(fd, pids);

	return r < 0 || !below ? r : cgroup_each_child(fd, read_pids_below, &b);
}

static int check_childless(const struct cgroup *g, size_t h)
{
	struct str words __free(str) = {0};
	char *path __free(ptr) = cgroup_path(g, h);
	int r = cgroup_each_child(g->fd[h], first_name, &words);

	if (r <= 0)
		return r;
	return sys_fail(-ENOTEMPTY, "rmdir", path,
			"there are groups below it, such as %s: remove them first, or all with --recursive",
			words.s ?: "?");
}

int cgroup_check_delete(const struct cgroup *g, unsigned flags)
{
	int r = 0;

	if (!*g->name)
		return sys_fail(-EINVAL, "check", "/", "the root group can't be removed");
	for (size_t h = 0; r >= 0 && !(flags & RF_CGROUP_RECURSIVE) && h < g->fs->n; h++)
		if (g->fd[h] >= 0)
			r = check_childless(g, h);
	return r;
}

/* Before anything is removed: may this go away? */
static int check_removable(const struct cgroup *g, size_t h, unsigned flags)
{
	struct cgroup_pids pids __free(cgroup_pids) = {0};
	struct str words __free(str) = {0};
	char *path __free(ptr) = cgroup_path(g, h);
	int r = flags & RF_CGROUP_RECURSIVE ? 0 : check_childless(g, h);

	/* What a dry run has killed or moved is still there. */
	if (sys_is_dry() && (flags & (RF_CGROUP_KILL | RF_CGROUP_MOVE_UP)))
		return r;
	if (r >= 0)
		r = read_pids(g->fd[h], flags & RF_CGROUP_RECURSIVE, &pids);
	if (r < 0 || !pids.n)
		return r;
	cgroup_pids_words(&pids, &words);
	return sys_fail(-EBUSY, "rmdir", path, "it holds processes: %s", words.s ?: "?");
}

struct removal {
	const struct cgroup_hierarchy *h;
	uint64_t until_us;
};

static int remove_below(int dirfd, const char *name, void *data)
{
	struct removal *rm = data;
	int fd __free(fd) = cgroup_child(dirfd, name);
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = cgroup_each_child(fd, remove_below, rm);
	return r < 0 ? r : cgroup_rmdir(rm->h, dirfd, name, rm->until_us);
}

static int remove_in(const struct cgroup *g, size_t h, uint64_t until_us)
{
	struct removal rm = {&g->fs->h[h], until_us};
	int r = cgroup_each_child(g->fd[h], remove_below, &rm);

	return r < 0 ? r : cgroup_rmdir(rm.h, rm.h->fd, g->name, until_us);
}

static int wait_below(int dirfd, const char *name, void *data)
{
	struct removal *rm = data;
	int fd __free(fd) = cgroup_child(dirfd, name);
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = cgroup_each_child(fd, wait_below, rm);
	if (r >= 0)
		r = rm->h->ops->wait_empty(fd, rm->until_us);
	return r == -EBUSY || r == -ENODEV ? 0 : r;
}

int rf_cgroup_delete(struct rf_cgroup_fs *fs, const char *group, unsigned flags, uint64_t wait_us)
{
	struct cgroup *g __free(cgroup) = NULL;
	uint64_t until = cgroup_now_us() + wait_us;
	int r = cgroup_open(fs, group, &g);

	/* Who is told to kill shall not kill and then fail for groups below. */
	if (r >= 0)
		r = cgroup_check_delete(g, flags);
	if (r >= 0 && (flags & RF_CGROUP_KILL))
		r = rf_cgroup_kill(fs, group, NULL);
	if (r >= 0 && (flags & RF_CGROUP_MOVE_UP))
		r = cgroup_move_up(g, flags & RF_CGROUP_RECURSIVE);
	for (size_t h = 0; r >= 0 && wait_us && !sys_is_dry() && h < fs->n; h++) {
		struct removal rm = {&fs->h[h], until};

		if (g->fd[h] >= 0)
			r = wait_below(g->fd[h], ".", &rm);
	}
	for (size_t h = 0; r >= 0 && h < fs->n; h++)
		if (g->fd[h] >= 0)
			r = check_removable(g, h, flags);
	for (size_t h = 0; r >= 0 && h < fs->n; h++)
		if (g->fd[h] >= 0)
			r = remove_in(g, h, cgroup_now_us() + 1000000);
	return r < 0 ? r : 0;
}

/* The 22nd field of /proc/PID/stat: start time in clock ticks after boot. */
static int start_time(const char *pid, uint64_t *ret_time)
{
	char path[64], *text __free(ptr) = NULL, *p;
	int r;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	r = file_read_at(AT_FDCWD, path, 4096, &text, NULL);
	if (r < 0)
		return r;
	/* The second field is a name that may hold anything; it ends at the last bracket. */
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -EINVAL;
	*ret_time = strtoull(p + 1, NULL, 10);
	return 0;
}

int rf_cgroup_transient_name(char *buf, size_t size)
{
	uint64_t started;
	int n, r = start_time("self", &started);

	if (r < 0)
		return r;
	n = snprintf(buf, size, "%s%d-%llu", transient_prefix, (int)getpid(),
		     (unsigned long long)started);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* Is this the name of a transient group whose maker is not there? */
static bool maker_gone(const char *name)
{
	char pid[24];
	uint64_t n, said, started;
	const char *dash;

	if (!str_starts(name, transient_prefix))
		return false;
	name += sizeof(transient_prefix) - 1;
	dash = strchr(name, '-');
	if (!dash || (size_t)(dash - name) >= sizeof(pid))
		return false;
	memcpy(pid, name, (size_t)(dash - name));
	pid[dash - name] = '\0';
	if (str_to_u64(pid, &n) < 0 || !n || str_to_u64(dash + 1, &said) < 0)
		return false;
	return start_time(pid, &started) < 0 || started != said;
}

struct sweep {
	struct rf_cgroup_fs *fs;
	struct str *found;
};

static int find_stale(int dirfd, const char *name, void *data)
{
	int fd __free(fd) = -EBADF;

	if (!maker_gone(name))
		return 0;
	fd = cgroup_child(dirfd, name);
	/* Held: the maker lives in another pid namespace. */
	if (fd < 0 || sys_flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	str_addf(data, "%s\n", name);
	return 0;
}

int rf_cgroup_sweep(struct rf_cgroup_fs *fs, rf_cgroup_swept_fn *fn, void *data)
{
	struct str found __free(str) = {0};
	char *save = NULL, *last = NULL;
	int n = 0;

	if (sys_is_dry())
		return 0;
	for (size_t h = 0; h < fs->n; h++)
		cgroup_each_child(fs->h[h].fd, find_stale, &found);
	for (char *name = found.s ? strtok_r(found.s, "\n", &save) : NULL; name;
	     name = strtok_r(NULL, "\n", &save)) {
		size_t killed = 0;
		int r;

		if (rf_cgroup_exists(fs, name) <= 0 || (last && str_eq(last, name)))
			continue;
		last = name;
		r = rf_cgroup_kill(fs, name, &killed);
		if (r >= 0)
			r = rf_cgroup_delete(fs, name, RF_CGROUP_RECURSIVE, 1000000);
		n += r >= 0;
		if (fn)
			fn(name, killed, r, data);
	}
	return n;
}
