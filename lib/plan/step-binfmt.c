// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Interpreters of a user namespace (binfmt_misc(5), since Linux 6.7 one for each): which program runs
 * files of another machine or kind. It is mounted detached, told by its own descriptor, and attached
 * last; it is told before the root changes, because with the flag F the kernel opens the interpreter
 * at that moment, in the caller's root, where it usually is. Without F its path is looked up at each
 * exec, in the root of who runs the file.
 */
#include "plan/build.h"

#include <linux/mount.h>

#include "base/file.h"
#include "base/resolve.h"

static int tell(int dir, const char *lines)
{
	int r = 0;

	while (r >= 0 && *lines) {
		size_t len = strcspn(lines, "\n");
		char *one __free(ptr) = strndup(lines, len);

		r = one ? file_write_at(dir, "register", one) : -ENOMEM;
		lines += len + (lines[len] == '\n');
	}
	return r;
}

static int open_target(const struct plan_run *run, const char *path)
{
	if (run->root_fd < 0)
		return sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	return resolve_dir(run->root_fd, path + strspn(path, "/"));
}

/* What is mounted on a directory, to which its descriptor no longer leads: by its name in the one above. */
static int open_on_top(int target, const char *path)
{
	const char *name = strrchr(path, '/');
	int above __free(fd) = sys_openat(target, "..", O_PATH | O_DIRECTORY, 0);

	return above < 0 ? above : sys_openat(above, name ? name + 1 : path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* Without the new mount API: attached first, then told. */
static int mount_old(int target, const char *path, const char *interpreters)
{
	char at[40];
	int r, dir __free(fd) = -EBADF;

	snprintf(at, sizeof(at), "/proc/self/fd/%d", target);
	r = sys_mount("binfmt_misc", at, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (r < 0)
		return r;
	dir = open_on_top(target, path);
	return dir < 0 ? dir : tell(dir, interpreters);
}

static int mount_new(int fs, int target, const char *interpreters)
{
	int mnt __free(fd) = -EBADF, r = sys_fsconfig_create(fs);

	if (r < 0)
		return r;
	mnt = sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (mnt < 0)
		return mnt;
	r = tell(mnt, interpreters);
	return r < 0 ? r : sys_move_mount(mnt, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static int run_mount_binfmt(struct plan_run *run, struct rf_step *s)
{
	const char *interpreters = s->text[1] ?: "";
	int target __free(fd) = open_target(run, s->text[0]), fs __free(fd) = -EBADF, r;

	if (target < 0)
		return target;
	fs = sys_fsopen("binfmt_misc");
	r = fs == -ENOSYS ? mount_old(target, s->text[0], interpreters) : fs < 0 ? fs : mount_new(fs, target, interpreters);
	if (r == -EPERM && rf_trace_last_failure()->name[0] != 'w')
		return sys_fail(r, "mount", "binfmt_misc", "Operation not permitted: only since Linux 6.7 has each user namespace one of its own");
	return r;
}

static void args_binfmt(const struct rf_step *s, struct str *out)
{
	str_add(out, s->text[0]);
	for (const char *p = s->text[1] ?: ""; *p; p += strcspn(p, "\n"), p += *p == '\n')
		str_addf(out, ", %.*s", (int)strcspn(p, "\n"), p);
}

const struct step_kind step_mount_binfmt = {
	.id = "mount-binfmt", .name = "mount a binfmt_misc of its own",
	.why = "Which interpreter runs a file of another kind is said for this user namespace alone.",
	.page = "binfmt_misc(5)", .args = args_binfmt, .run = run_mount_binfmt,
};

/* :name:type:offset:magic:mask:interpreter:flags, any character being the one between. */
static bool is_interpreter(const char *word)
{
	size_t n = 0;

	for (const char *p = word; *p; p++)
		n += *p == word[0];
	return n == 7 && !strchr(word, '\n');
}

int plan_add_binfmt(struct rf_plan *plan, bool in_child, const char *mount_point, const char *const *interpreters, size_t n)
{
	struct str lines __free(str) = {0};
	int r;

	for (size_t i = 0; i < n; i++) {
		if (!is_interpreter(interpreters[i]))
			return sys_fail(-EINVAL, "binfmt_misc", interpreters[i], "is not :NAME:TYPE:OFFSET:MAGIC:MASK:INTERPRETER:FLAGS");
		str_addf(&lines, "%s%s", i ? "\n" : "", interpreters[i]);
	}
	r = lines.failed ? -ENOMEM : plan_add_text(plan, &step_mount_binfmt, in_child, mount_point ?: "/proc/sys/fs/binfmt_misc");
	return r < 0 || !lines.s ? r : step_text(&plan->steps[plan->n - 1], 1, lines.s);
}
