// SPDX-License-Identifier: LGPL-2.1-or-later
/* Steps around the first process of a pid namespace, and around those who wait for it outside. */
#include <ringfence/ns.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"
#include "plan/step.h"
#include "proc/init.h"

static int run_status_pipe(struct plan_run *run, struct rf_step *s)
{
	int r = sys_pipe(run->status_fd);

	for (int i = 0; r >= 0 && i < 2; i++)
		sys_name_fd(run->status_fd[i], AT_FDCWD, "the pipe of statuses");
	return r;
}

const struct step_kind step_status_pipe = {
	.id = "status-pipe", .name = "make a pipe for the program's end",
	.why = "The caller waits for an init, but wants to know how the program itself has ended.",
	.page = "pipe(7)", .run = run_status_pipe,
};

static int run_init(struct plan_run *run, struct rf_step *s)
{
	pid_t pid = sys_fork();

	if (pid <= 0)
		return (int)pid;
	/* What root has made, root alone may look into: its file is the host's (CVE-2019-5736). An
	 * ordinary user's sandbox must stay open to himself: he could not join it. */
	if (s->num[0])
		sys_prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0, 0);
	if (sys_is_dry())
		return 0;
	proc_be_init(pid, run->status_fd[1]);
}

const struct step_kind step_init = {
	.id = "init", .name = "leave an init behind as pid 1",
	.why = "Pid 1 must reap orphans, and gets no signal without a handler: few programs are made for that.",
	.page = "pid_namespaces(7)", .run = run_init,
};

static int run_block(struct plan_run *run, struct rf_step *s)
{
	char byte;
	ssize_t n;

	do
		n = sys_take((int)s->num[0], &byte, 1);
	while (n == -EINTR);
	return n < 0 ? (int)n : 0;
}

static void args_fd(const struct rf_step *s, struct str *out)
{
	str_addf(out, "descriptor %d", (int)s->num[0]);
}

const struct step_kind step_block = {
	.id = "block", .name = "wait for a byte or the end of a descriptor",
	.why = "Someone outside has something to prepare before the program may run.",
	.page = "pipe(7)", .args = args_fd, .run = run_block,
};

static void add_map(struct str *out, const char *key, const char *text)
{
	unsigned inside, outside, count;
	int used = 0;

	str_addf(out, ", \"%s\": [", key);
	for (const char *at = text; at && sscanf(at, "%u %u %u%n", &inside, &outside, &count, &used) == 3; at += used)
		str_addf(out, "%s{\"inside\": %u, \"outside\": %u, \"count\": %u}", at == text ? "" : ", ",
			 inside, outside, count);
	str_add(out, "]");
}

static int add_namespaces(pid_t pid, struct str *out)
{
	char path[40];
	struct stat st = {0};
	bool first = true;

	str_add(out, ", \"namespaces\": {");
	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *kind = rf_ns_kind(i);
		int r;

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind->name);
		r = sys_fstatat(AT_FDCWD, path, &st, 0);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		str_addf(out, "%s\"%s\": %llu", first ? "" : ", ", kind->name, (unsigned long long)st.st_ino);
		first = false;
	}
	str_add(out, "}");
	return 0;
}

static int run_tell(struct plan_run *run, struct rf_step *s)
{
	struct str out __free(str) = {0};
	char path[40], *map __free(ptr) = NULL, *gids __free(ptr) = NULL;
	int r, pidfd __free(fd) = -EBADF;
	struct stat st = {0};

	pidfd = sys_pidfd_open(run->child);
	if (pidfd < 0 || (r = sys_fstat(pidfd, &st)) < 0)
		return pidfd < 0 ? pidfd : r;
	str_addf(&out, "{\"pid\": %d, \"pidfd_inode\": %llu", (int)run->child, (unsigned long long)st.st_ino);
	r = add_namespaces(run->child, &out);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)run->child);
	if (r >= 0)
		r = file_read_at(AT_FDCWD, path, 1 << 16, &map, NULL);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)run->child);
	if (r >= 0)
		r = file_read_at(AT_FDCWD, path, 1 << 16, &gids, NULL);
	if (r < 0)
		return r;
	add_map(&out, "uid_map", map);
	add_map(&out, "gid_map", gids);
	str_add(&out, "}\n");
	return out.failed ? -ENOMEM : file_write_all((int)s->num[0], out.s, out.len);
}

const struct step_kind step_tell = {
	.id = "tell", .name = "say which process and namespaces these are",
	.why = "Who prepares something for the program has to know whom to prepare it for.",
	.page = "nsrun(1)", .args = args_fd, .run = run_tell,
};
