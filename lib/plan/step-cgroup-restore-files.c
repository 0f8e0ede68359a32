// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps that restore what is no key with a value: files of v1 as they stand, owners and modes, and the
 * devices of v1. A group that allows all devices lists none; one that denies all lists what it allows.
 * Between the two there is only "a", for all, which needs a group without children (EINVAL). To allow more
 * than the group above does is EPERM, and what a group loses the groups below lose with it.
 */
#include "plan/step-cgroup-restore.h"

int restore_add_file(struct restore_state *s, size_t h, bool owner, const char *file, const char *text)
{
	struct restore_file *more = realloc(s->files, (s->n_files + 1) * sizeof(*more)), *f;

	if (!more)
		return -ENOMEM;
	s->files = more;
	f = &more[s->n_files++];
	*f = (struct restore_file){.h = h, .owner = owner, .file = strdup(file), .text = strdup(text)};
	return f->file && f->text ? 0 : -ENOMEM;
}

static int read_owner(int fd, const char *file, char **ret)
{
	struct stat st;
	int r = str_eq(file, ".") ? sys_fstat(fd, &st) : sys_fstatat(fd, file, &st, AT_SYMLINK_NOFOLLOW);

	if (r < 0)
		return r;
	*ret = str_format("%u:%u %04o", st.st_uid, st.st_gid, st.st_mode & 07777);
	return *ret ? 0 : -ENOMEM;
}

static int write_owner(int fd, const char *file, const char *text)
{
	unsigned uid, gid, mode;
	int r;

	if (sscanf(text, "%u:%u %o", &uid, &gid, &mode) != 3)
		return -EINVAL;
	if (str_eq(file, ".")) {
		r = sys_fchown(fd, uid, gid);
		return r < 0 ? r : sys_fchmod(fd, mode);
	}
	r = sys_fchownat(fd, file, uid, gid, AT_SYMLINK_NOFOLLOW);
	return r < 0 ? r : sys_fchmodat(fd, file, mode);
}

static int restore_file(const struct restore_state *s, const struct cgroup *g, struct restore_file *f)
{
	int fd = cgroup_fd(g, f->h), r;
	char *now __free(ptr) = NULL;

	if (fd < 0)
		return sys_fail(-ENOENT, "open", f->file, "there is no group /%s in the %s hierarchy", s->name,
				s->fs->h[f->h].ops->v2 ? "v2" : s->fs->h[f->h].controllers);
	if (!sys_is_dry_fd(fd)) {
		r = f->owner ? read_owner(fd, f->file, &f->old) : snapshot_read_file(fd, f->file, &f->old);
		if (r < 0 || str_eq(f->old, f->text)) {
			free(f->old);
			f->old = NULL;
			return r;
		}
	}
	r = f->owner ? write_owner(fd, f->file, f->text) : cgroup_write(fd, f->file, f->text);
	if (r < 0 || f->owner || sys_is_dry())
		return r;
	r = snapshot_read_file(fd, f->file, &now);
	if (r >= 0 && !str_eq(now, f->text))
		return sys_fail(-EIO, "read back", f->file, "group /%s: set to %s, but it is %s", s->name, f->text, now);
	return r;
}

int restore_files(struct restore_state *s, struct cgroup *g)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < s->n_files; i++) {
		r = restore_file(s, g, &s->files[i]);
		if (r < 0)
			r = restore_leave(s, s->files[i].file, r);
	}
	return r;
}

void restore_files_back(struct restore_state *s, struct cgroup *g)
{
	struct rf_call why = *rf_trace_last_failure();

	for (size_t i = s->n_files; i-- > 0;) {
		struct restore_file *f = &s->files[i];
		int fd = cgroup_fd(g, f->h);

		if (!f->old || fd < 0)
			continue;
		if (f->owner)
			write_owner(fd, f->file, f->old);
		else
			cgroup_write(fd, f->file, f->old);
	}
	sys_keep_failure(&why);
}

static int run_files(struct plan_run *run, struct rf_step *step)
{
	struct cgroup *g __free(cgroup) = NULL;
	int r = restore_open(run, step, &g);

	if (r >= 0)
		r = restore_files(step->data, g);
	step->half_done = r < 0;
	return r;
}

static void undo_files(struct plan_run *run, struct rf_step *step)
{
	struct restore_state *s = step->data;
	struct cgroup *g __free(cgroup) = NULL;

	if (cgroup_open(s->fs, s->name, &g) >= 0)
		restore_files_back(s, g);
}

static void args_files(const struct rf_step *step, struct str *out)
{
	const struct restore_state *s = step->data;

	str_addf(out, "/%s:", s->name);
	for (size_t i = 0; i < s->n_files; i++) {
		char name[32];

		snapshot_hierarchy_name(&s->fs->h[s->files[i].h], name, sizeof(name));
		str_addf(out, "%s %s%c%s=%s", i ? "," : "", name, s->files[i].owner ? ':' : '/', s->files[i].file,
			 s->files[i].text);
	}
}

const struct step_kind step_restore_files = {
	.id = "restore-files", .name = "set its files of v1",
	.why = "They say what v2 has no word for, or say it finer.",
	.page = "cgroups(7)", .args = args_files, .run = run_files, .undo = undo_files, .free_data = restore_state_free,
};

const struct step_kind step_restore_owners = {
	.id = "restore-owners", .name = "set its owners and modes",
	.why = "Who owns the directory and its files may divide the group.",
	.page = "cgroups(7)", .args = args_files, .run = run_files, .undo = undo_files, .free_data = restore_state_free,
};

static const char all[] = "a *:* rwm";

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (strcspn(at, "\n") == len && !strncmp(at, line, len))
			return true;
	return false;
}

/* Write each line of `text` that `except` does not have. */
static int write_lines(int fd, const char *file, const char *text, const char *except)
{
	int r = 0;

	for (const char *at = text; r >= 0 && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		size_t len = strcspn(at, "\n");
		char *line __free(ptr) = has_line(except, at, len) ? NULL : strndup(at, len);

		if (line)
			r = cgroup_write(fd, file, line);
	}
	return r;
}

/* What is denied is denied whole: of a rule that lost a letter the rest is allowed again. */
static int change_devices(int fd, const char *now, const char *want, bool deny)
{
	int r;

	if (str_eq(now, want))
		return 0;
	if (str_eq(want, all))
		return deny ? 0 : cgroup_write(fd, "devices.allow", "a");
	if (!deny)
		return str_eq(now, all) ? 0 : write_lines(fd, "devices.allow", want, now);
	r = str_eq(now, all) ? cgroup_write(fd, "devices.deny", "a") : write_lines(fd, "devices.deny", now, want);
	return r < 0 ? r : write_lines(fd, "devices.allow", want, "");
}

static int devices_fd(const struct restore_state *s, const struct cgroup *g)
{
	int h = cgroup_hierarchy_of(s->fs, "devices");

	return h < 0 ? h : cgroup_fd(g, (size_t)h);
}

static int run_devices(struct plan_run *run, struct rf_step *step)
{
	struct restore_state *s = step->data;
	struct cgroup *g __free(cgroup) = NULL;
	int r = restore_open(run, step, &g), fd = r < 0 ? r : devices_fd(s, g);

	r = fd < 0 ? fd : cgroup_read(fd, "devices.list", &s->old_lines);
	if (r >= 0)
		r = change_devices(fd, s->old_lines, s->lines, s->deny);
	step->half_done = r < 0 && s->old_lines;
	return r < 0 ? restore_leave(s, "devices.list", r) : r;
}

static void undo_devices(struct plan_run *run, struct rf_step *step)
{
	struct restore_state *s = step->data;
	struct rf_call why = *rf_trace_last_failure();
	struct cgroup *g __free(cgroup) = NULL;
	char *now __free(ptr) = NULL;
	int fd = cgroup_open(s->fs, s->name, &g) < 0 ? -ENOENT : devices_fd(s, g);

	if (fd >= 0 && cgroup_read(fd, "devices.list", &now) >= 0) {
		change_devices(fd, now, s->old_lines, false);
		change_devices(fd, now, s->old_lines, true);
	}
	sys_keep_failure(&why);
}

static void args_devices(const struct rf_step *step, struct str *out)
{
	const struct restore_state *s = step->data;

	str_addf(out, "/%s:", s->name);
	for (const char *at = s->lines; *at; at += strcspn(at, "\n"), at += *at == '\n')
		str_addf(out, "%s %.*s", at == s->lines ? "" : ",", (int)strcspn(at, "\n"), at);
}

const struct step_kind step_restore_devices = {
	.id = "restore-devices", .name = "allow and deny devices",
	.why = "A group can't allow what the one above denies, so allowing goes down the tree and denying up.",
	.page = "cgroups(7)", .args = args_devices, .run = run_devices, .undo = undo_devices,
	.free_data = restore_state_free,
};
