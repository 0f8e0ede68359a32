// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Joining the target's control groups: one door is opened in each hierarchy by the caller, and
 * closed again by the one who went through it.
 */
#include "base/file.h"
#include "cgroup/cgroup.h"
#include "plan/step-join.h"
#include "plan/step.h"

DEFINE_FREE(cgroup_fs, struct rf_cgroup_fs *, rf_cgroup_fs_free(v))

static int run_open_cgroup(struct plan_run *run, struct rf_step *s)
{
	struct join_state *j = s->data;
	struct rf_cgroup_fs *fs __free(cgroup_fs) = NULL;
	char *text __free(ptr) = NULL;
	int r = rf_cgroup_fs_open(&fs);

	if (r >= 0)
		r = file_read_at(j->proc_fd, "cgroup", CGROUP_FILE_LIMIT, &text, NULL);
	for (size_t h = 0; r >= 0 && h < fs->n; h++) {
		int fd = cgroup_open_door(fs, h, text);

		/* Without this hierarchy: the target is in a group that is not seen here. */
		if (fd < 0)
			return fd;
		j->cgroup_fd[j->n_cgroup_fds++] = fd;
	}
	return r;
}

static void args_target(const struct rf_step *s, struct str *out)
{
	join_target_words(s->data, out);
}

const struct step_kind step_open_cgroup = {
	.id = "open-cgroup", .name = "open the target's control groups for joining",
	.why = "Whether a process may join is checked against the one who opened the file.",
	.page = "cgroups(7)", .args = args_target, .run = run_open_cgroup,
};

static int run_join_cgroup(struct plan_run *run, struct rf_step *s)
{
	struct join_state *j = s->data;
	ssize_t n = 0;

	while (n >= 0 && j->n_cgroup_fds) {
		n = sys_write(j->cgroup_fd[j->n_cgroup_fds - 1], "0", 1);
		/* Open, it would let the program move others into the group. */
		if (n >= 0)
			sys_close(j->cgroup_fd[--j->n_cgroup_fds]);
	}
	return n < 0 ? (int)n : 0;
}

const struct step_kind step_join_cgroup = {
	.id = "join-cgroup", .name = "join the target's control groups",
	.why = "What the program uses shall count where the target's use counts.",
	.page = "cgroups(7)", .run = run_join_cgroup,
};
