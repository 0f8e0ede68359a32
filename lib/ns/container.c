// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where runtimes keep what they know of a container, as one table. A row is a place and the reader
 * of what stands there; every row is tried, so that two containers of one name don't pass for one.
 *
 * A state is written once and its process may be long gone, its pid another's. Where the state has
 * the process's start time (field 22 of /proc/PID/stat, ticks after boot), that must agree; else the
 * process must have begun before the file was last written. The start that was seen goes to the
 * caller, who opens the process later and compares once more.
 */
#include "ns/container.h"

#include <ringfence/ns.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "proc/start.h"

#define RUNC .read = container_read_state, .pid_key = "init_process_pid", .start_key = "init_process_start"
#define CRUN .read = container_read_state, .pid_key = "pid", .start_key = "process-start-time"
#define YOUKI .read = container_read_state, .pid_key = "pid"

static const struct runtime runtimes[] = {
	{"runc", "/run/runc/%/state.json", RUNC},
	{"runc", "@/runc/%/state.json", RUNC},
	{"containerd's runc", "/run/containerd/runc/*/%/state.json", RUNC},
	{"docker's runc", "/run/docker/runtime-runc/*/%/state.json", RUNC},
	{"crun", "/run/crun/%/status", CRUN},
	{"crun", "@/crun/%/status", CRUN},
	{"youki", "/run/youki/%/state.json", YOUKI},
	{"youki", "@/youki/%/state.json", YOUKI},
	{"docker", "/var/lib/docker/containers/*/config.v2.json", container_read_docker},
	{"docker", "~/.local/share/docker/containers/*/config.v2.json", container_read_docker},
	{"podman", "/var/lib/containers/storage/*/containers.json", container_read_podman, .run = "/run/containers/storage"},
	{"podman", "~/.local/share/containers/storage/*/containers.json", container_read_podman, .run = "@/containers"},
	{"containerd", "/run/containerd/io.containerd.runtime.v2.task/*/%/init.pid", container_read_pidfile},
	{"systemd-machined", "/run/systemd/machines/%", container_read_machine},
	{"LXC", "/sys/fs/cgroup/lxc.payload.%/cgroup.procs", container_read_lxc},
	{"LXC", "/sys/fs/cgroup/*/lxc.payload.%/cgroup.procs", container_read_lxc},
	{"LXC", "/sys/fs/cgroup/*/lxc/%/cgroup.procs", container_read_lxc},
};

char *container_place(const char *pattern)
{
	const char *base = pattern[0] == '@' ? getenv("XDG_RUNTIME_DIR") : getenv("HOME");

	if (pattern[0] != '@' && pattern[0] != '~')
		return strdup(pattern);
	return base && base[0] == '/' ? str_format("%s%s", base, pattern + 1) : NULL;
}

int container_file(const char *path, char **ret_text, size_t *ret_len, int64_t *ret_mtime)
{
	int fd __free(fd) = sys_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;
	int r = fd < 0 ? fd : sys_fstat(fd, &st);

	if (r < 0)
		return r;
	if ((st.st_uid && st.st_uid != geteuid()) || st.st_mode & S_IWOTH)
		return -EPERM;
	if (ret_mtime)
		*ret_mtime = st.st_mtim.tv_sec;
	return file_read_fd(fd, 16 << 20, ret_text, ret_len);
}

/* In seconds of the time of day. */
static int64_t began_at(uint64_t start)
{
	struct timespec now, up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return now.tv_sec - up.tv_sec + (int64_t)(start / (uint64_t)sysconf(_SC_CLK_TCK));
}

int container_found(struct search *s, const char *path, int64_t pid, uint64_t start, int64_t mtime)
{
	struct rf_container *c = &s->found[s->n];
	uint64_t now;

	if (pid <= 0 || pid > 1 << 22 || proc_start(pid, &now) < 0 || (start && start != now) ||
	    (!start && began_at(now) > mtime + 1)) {
		str_copy(s->ended, sizeof(s->ended), path);
		return 0;
	}
	/* An engine knows it, and the runtime below it, too. */
	for (size_t i = 0; i < s->n; i++)
		if (s->found[i].pid == pid)
			return 0;
	if (s->n == MAX_FOUND)
		return 0;
	*c = (struct rf_container){.pid = (pid_t)pid, .start = now, .runtime = s->row->name};
	str_copy(c->place, sizeof(c->place), path);
	s->n++;
	return 0;
}

static int read_place(struct search *s, const char *path)
{
	int r = s->row->read(s, path);

	if (r == -EACCES)
		str_copy(s->denied, sizeof(s->denied), path);
	if (r == -EPERM)
		str_copy(s->doubtful, sizeof(s->doubtful), path);
	return r == -ENOMEM ? r : 0;
}

/* What a pattern's first * may stand for, one by one; then the next. */
static int walk(struct search *s, const char *pattern)
{
	const char *star = strchr(pattern, '*');
	char *dir_path __free(ptr) = star ? str_format("%.*s", (int)(star - pattern), pattern) : NULL;
	int r = 0, fd __free(fd) = -EBADF;
	DIR *dir __free(dir) = NULL;
	struct dirent *e;

	if (!star)
		return read_place(s, pattern);
	if (!dir_path)
		return -ENOMEM;
	fd = sys_openat(AT_FDCWD, dir_path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -EACCES)
		str_copy(s->denied, sizeof(s->denied), dir_path);
	dir = fd >= 0 ? sys_fdopendir(fd, &r) : NULL;
	if (!dir)
		return 0;
	take_fd(&fd);
	while (r >= 0 && (e = readdir(dir))) {
		char *next __free(ptr) = NULL;

		if (e->d_name[0] == '.' || strchr(e->d_name, '*'))
			continue;
		next = str_format("%s%s%s", dir_path, e->d_name, star + 1);
		r = next ? walk(s, next) : -ENOMEM;
	}
	return r;
}

static int look(struct search *s, const struct runtime *row)
{
	char *place __free(ptr) = container_place(row->place), *full __free(ptr) = NULL;
	const char *mark = place ? strchr(place, '%') : NULL;

	/* Without a home or XDG_RUNTIME_DIR there is no such place. */
	if (!place)
		return 0;
	s->row = row;
	if (!mark)
		return walk(s, place);
	full = str_format("%.*s%s%s", (int)(mark - place), place, s->name, mark + 1);
	return full ? walk(s, full) : -ENOMEM;
}

static int decide(struct search *s, struct rf_container *ret)
{
	struct str list __free(str) = {0};

	if (s->n == 1) {
		*ret = s->found[0];
		return 0;
	}
	for (size_t i = 0; i < s->n; i++)
		str_addf(&list, "%spid %d (%s)", i ? ", " : "", (int)s->found[i].pid, s->found[i].runtime);
	if (s->n)
		return sys_fail(-ENOTUNIQ, "container", s->name, "several have this name: %s; take one by --target", list.s ?: "");
	if (s->ended[0])
		return sys_fail(-ESRCH, "container", s->name, "%s knows it, but its process has ended", s->ended);
	if (s->doubtful[0])
		return sys_fail(-EACCES, "container", s->name, "%s is not believed: it must belong to you or root, and not be writable for all", s->doubtful);
	if (s->denied[0])
		return sys_fail(-EACCES, "container", s->name, "none is found, but %s and perhaps more can't be looked into: be root", s->denied);
	return sys_fail(-ENOENT, "container", s->name, "none of this name runs under runc, crun, youki, containerd, docker, podman, systemd-machined or LXC, where they keep their state by default");
}

int rf_container_find(const char *name, struct rf_container *ret_container)
{
	struct search s = {.name = name};
	int r = 0;

	if (!name[0] || name[0] == '.' || strlen(name) > 128 ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-:")])
		return sys_fail(-EINVAL, "container", name, "is no container's name: letters, digits and _ . + - :");
	for (size_t i = 0; r >= 0 && i < array_size(runtimes); i++)
		r = look(&s, &runtimes[i]);
	return r < 0 ? r : decide(&s, ret_container);
}
