// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Around the operations of a mount tree. The order of the calls:
 *
 *	caller	id-mapped clones of sources, since only who has CAP_SYS_ADMIN over their file system
 *		may shift owners; the child inherits the descriptors
 *	child	clones of all other sources (open_tree(2)), before anything covers them
 *		a new empty root, attached on top of "/": whoever stands in the old root goes on seeing
 *		that, since a walk from "/" begins below
 *		the operations, each on a detached tree that is attached when it is as it shall be
 *
 * A mount namespace made together with a user namespace may be given no mount from outside by
 * descriptor, save a detached one; hence the clones are made inside of it.
 *
 * Where the caller's own ids have no name inside, files are made as the ids that the program will have:
 * the others would be owned by nobody, and a tmpfs of the user namespace refuses them (EOVERFLOW).
 */
#include "plan/step-mounts.h"

#include <linux/mount.h>
#include <limits.h>
#include <sys/sysmacros.h>

#include "base/resolve.h"
#include "mount/idmapped.h"
#include "mount/op.h"

const struct mount_device mount_devices[DEVICES] = {
	[DEVICE_NULL] = {"null", 1, 3},	    [DEVICE_ZERO] = {"zero", 1, 5},
	[DEVICE_FULL] = {"full", 1, 7},	    [DEVICE_RANDOM] = {"random", 1, 8},
	[DEVICE_URANDOM] = {"urandom", 1, 9}, [DEVICE_TTY] = {"tty", 5, 0},
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		sys_close(take_fd(fd));
}

static void free_job(struct mount_job *job)
{
	close_fd(&job->fd);
	for (size_t i = 0; i < job->n_layer_fds; i++)
		close_fd(&job->layer_fds[i]);
	free(job->layer_fds);
	for (size_t i = 0; i < job->op.n_lowers; i++)
		free((char *)(uintptr_t)job->op.lowers[i]);
	free((void *)(uintptr_t)job->op.lowers);
	free((char *)(uintptr_t)job->op.upper);
	free((char *)(uintptr_t)job->op.work);
	free((char *)(uintptr_t)job->op.source);
	free((char *)(uintptr_t)job->op.target);
	free(job->target);
}

void mount_jobs_free(void *data)
{
	struct mount_jobs *jobs = data;

	if (--jobs->refs)
		return;
	for (size_t i = 0; i < jobs->n; i++)
		free_job(&jobs->jobs[i]);
	for (size_t i = 0; i < DEVICES; i++)
		close_fd(&jobs->device_fds[i]);
	close_fd(&jobs->root_fd);
	free(jobs->cwd);
	free(jobs->root);
	free(jobs->jobs);
	free(jobs);
}

struct mount_job *mount_job_of(const struct rf_step *step)
{
	const struct mount_jobs *jobs = step->data;

	return &jobs->jobs[step->num[0]];
}

int mount_root(const struct plan_run *run, const struct mount_jobs *jobs)
{
	return run->root_fd >= 0 ? run->root_fd : jobs->root_fd;
}

int mount_job_target(int root_fd, struct mount_job *job, int type_fd)
{
	struct stat st = {.st_mode = S_IFDIR};
	int r, fd = place_open(root_fd, job->target, 0, &job->made);

	if (fd != -ENOENT)
		return fd;
	r = type_fd < 0 ? 0 : sys_fstat(type_fd, &st);
	if (r < 0)
		return r;
	if (sys_is_dry_fd(type_fd))
		mounts_foresee_source(job, &st);
	return place_open(root_fd, job->target, S_ISDIR(st.st_mode) ? S_IFDIR : S_IFREG, &job->made);
}

void undo_mount(struct plan_run *run, struct rf_step *step)
{
	struct mount_job *job = mount_job_of(step);

	if (job->mounted)
		place_unmount(mount_root(run, step->data), job->target);
	place_remove(mount_root(run, step->data), job->target, &job->made);
}

static int set_propagation(int mount_fd, unsigned long how)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", mount_fd);
	return sys_mount(NULL, path, NULL, how, NULL);
}

static int set_job_propagation(struct plan_run *run, struct mount_jobs *jobs, const struct mount_job *job,
			       unsigned long how)
{
	int fd __free(fd) = resolve_path(mount_root(run, jobs), job->target);

	return fd < 0 ? fd : set_propagation(fd, how);
}

/* All that were made unbindable; one that another covers isn't found, and can stay. */
static int set_all_propagations(struct plan_run *run, struct mount_jobs *jobs, unsigned long how)
{
	int r = run->root_unbindable && !run->root_covers ? set_propagation(run->root_fd, how) : 0;

	for (size_t i = 0; r >= 0 && i < jobs->n; i++) {
		if (jobs->jobs[i].unbindable)
			r = set_job_propagation(run, jobs, &jobs->jobs[i], how);
		if (r == -EINVAL || r == -ENOENT || r == -ENOTDIR)
			r = 0;
	}
	return r;
}

/*
 * A clone by open_tree(2) is made before the first operation; a bind by mount(2) when it is its turn,
 * and takes along what was mounted below its source by then. It leaves out what is unbindable; that a
 * mount is for the other operations only.
 */
static int settle(struct plan_run *run, struct mount_jobs *jobs, struct mount_job *job)
{
	int r = 0;

	if (job == &jobs->jobs[jobs->n - 1])
		return set_all_propagations(run, jobs, MS_PRIVATE);
	if (job->target[0] && job->mounted) {
		r = set_job_propagation(run, jobs, job, MS_UNBINDABLE);
		job->unbindable = r >= 0;
	}
	return r;
}

int mount_settle(struct plan_run *run, struct rf_step *step, int result)
{
	struct mount_jobs *jobs = step->data;

	if (result >= 0 && jobs->by_mount && !sys_is_dry())
		result = settle(run, jobs, mount_job_of(step));
	step->half_done = result < 0;
	return result;
}

int mount_unsettled(struct plan_run *run, struct rf_step *step, int (*act)(struct plan_run *run, struct rf_step *step))
{
	struct mount_jobs *jobs = step->data;
	bool bindable = !jobs->by_mount || sys_is_dry();
	int r = bindable ? 0 : set_all_propagations(run, jobs, MS_PRIVATE);

	if (r >= 0)
		r = act(run, step);
	return r >= 0 && !bindable ? set_all_propagations(run, jobs, MS_UNBINDABLE) : r;
}

static const struct {
	uint64_t bit;
	const char *name;
} attr_names[] = {
	{RF_MOUNT_RO, "ro"}, {RF_MOUNT_RW, "rw"}, {RF_MOUNT_NOREC, "norec"},
	{RF_MOUNT_NOSUID, "nosuid"}, {RF_MOUNT_NODEV, "nodev"}, {RF_MOUNT_NOEXEC, "noexec"},
	{RF_MOUNT_NOATIME, "noatime"}, {RF_MOUNT_NOSYMFOLLOW, "nosymfollow"},
	{RF_MOUNT_IDMAP, "idmap"}, {RF_MOUNT_USERXATTR, "userxattr"},
};

void args_mount(const struct rf_step *step, struct str *out)
{
	const struct rf_mount_op *op = &mount_job_of(step)->op;

	if (op->kind == RF_MOUNT_FILE || op->kind == RF_MOUNT_BIND_FD)
		str_addf(out, "descriptor %d on ", op->fd);
	else if (op->kind == RF_MOUNT_SYMLINK)
		str_addf(out, "to %s: ", op->source);
	else if (op->source)
		str_addf(out, "%s on ", op->source);
	for (size_t i = 0; i < op->n_lowers; i++)
		str_addf(out, "%s%s", i ? ", " : "", op->lowers[i]);
	if (op->upper)
		str_addf(out, ", changes to %s", op->upper);
	str_addf(out, "%s%s", op->n_lowers ? " on " : "", op->target);
	for (size_t i = 0; i < array_size(attr_names); i++)
		if (op->attrs & attr_names[i].bit)
			str_addf(out, ", %s", attr_names[i].name);
	if (op->size)
		str_addf(out, ", %llu bytes", (unsigned long long)op->size);
	if (op->inodes)
		str_addf(out, ", %llu inodes", (unsigned long long)op->inodes);
	if (op->has_mode)
		str_addf(out, ", mode %04o", op->mode);
}

static unsigned tree_flags(const struct mount_job *job)
{
	return OPEN_TREE_CLONE | (job->op.attrs & RF_MOUNT_NOREC ? 0 : AT_RECURSIVE);
}

/* Without open_tree(2) the source itself, for mount(2). */
static int open_path(struct mount_jobs *jobs, struct mount_job *job, const char *path)
{
	job->fd = sys_open_tree(AT_FDCWD, path, tree_flags(job));
	job->is_tree = job->fd != -ENOSYS;
	jobs->by_mount |= !job->is_tree;
	if (!job->is_tree)
		job->fd = sys_openat(AT_FDCWD, path, O_PATH, 0);
	return job->fd < 0 ? job->fd : 0;
}

/* A descriptor of the caller's mount namespace: by its path in this one, which must lead to the same. */
static int open_descriptor(struct mount_jobs *jobs, struct mount_job *job)
{
	char link[40], path[PATH_MAX];
	ssize_t n;
	int r;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", job->op.fd);
	n = sys_readlinkat(AT_FDCWD, link, path, sizeof(path) - 1);
	if (n < 0)
		return n == -ENOENT ? sys_fail(-EBADF, "bind-fd", job->op.target, "descriptor %d is not open: Bad file descriptor", job->op.fd)
				    : (int)n;
	path[n] = '\0';
	if (path[0] != '/')
		return sys_fail(-EINVAL, "bind-fd", path, "is no file that has a path");
	r = open_path(jobs, job, path);
	return r < 0 ? r : place_same(job->fd, job->op.fd, path);
}

static int open_layers(struct mount_job *job)
{
	const struct rf_mount_op *op = &job->op;

	for (size_t i = 0; i < job->n_layer_fds; i++) {
		const char *path = i < op->n_lowers ? op->lowers[i] : i == op->n_lowers ? op->upper : op->work;

		job->layer_fds[i] = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
		if (job->layer_fds[i] < 0)
			return job->layer_fds[i];
	}
	return 0;
}

/* Not a link, and by its number the device: what is bound is what was looked at. */
static int open_device(struct mount_jobs *jobs, int i)
{
	const struct mount_device *d = &mount_devices[i];
	struct stat st = {0};
	char path[32];
	int r, fd __free(fd) = -EBADF;

	if (jobs->device_fds[i] >= 0)
		return 0;
	snprintf(path, sizeof(path), "/dev/%s", d->name);
	fd = sys_openat(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0);
	r = fd < 0 ? fd : sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(d->major, d->minor))
		return sys_fail(-ENODEV, "device", path, "is not the device %u:%u: it will not be bound", d->major, d->minor);
	jobs->device_fds[i] = take_fd(&fd);
	return 0;
}

static int open_source(struct mount_jobs *jobs, struct mount_job *job)
{
	struct stat st;
	int r = 0;

	switch (job->op.kind) {
	case RF_MOUNT_BIND:
		return job->fd >= 0 ? 0 : open_path(jobs, job, job->op.source);
	case RF_MOUNT_BIND_FD:
		return open_descriptor(jobs, job);
	case RF_MOUNT_OVERLAY:
		return open_layers(job);
	case RF_MOUNT_FILE:
		return sys_fstat(job->op.fd, &st);
	case RF_MOUNT_MASK:
		return open_device(jobs, DEVICE_NULL);
	case RF_MOUNT_DEV:
		for (int i = 0; r >= 0 && i < DEVICES; i++)
			r = open_device(jobs, i);
		return r;
	default:
		return 0;
	}
}

/* Where the root stays, so does the working directory, by its path. */
static int open_own_root(struct mount_jobs *jobs)
{
	char cwd[PATH_MAX] = "/";
	int r = sys_getcwd(cwd, sizeof(cwd));

	/* It may have been removed. */
	if (r < 0 && r != -ENOENT)
		return r;
	free(jobs->cwd);
	jobs->cwd = strdup(r < 0 ? "/" : cwd);
	if (!jobs->cwd)
		return -ENOMEM;
	jobs->root_fd = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	return jobs->root_fd < 0 ? jobs->root_fd : 0;
}

static int run_open_sources(struct plan_run *run, struct rf_step *s)
{
	struct mount_jobs *jobs = s->data;
	int r = run->root_fd < 0 && !jobs->empty_root ? open_own_root(jobs) : 0;

	for (size_t i = 0; r >= 0 && i < jobs->n; i++)
		r = open_source(jobs, &jobs->jobs[i]);
	return r;
}

const struct step_kind step_open_sources = {
	.id = "open-sources", .name = "open what will be mounted",
	.why = "Sources are the caller's, as they are before any of the mounts covers them.",
	.page = "open_tree(2)", .run = run_open_sources, .free_data = mount_jobs_free,
};

static int run_idmap_sources(struct plan_run *run, struct rf_step *s)
{
	struct mount_jobs *jobs = s->data;
	int r = 0, ns __free(fd) = -EBADF;

	for (size_t i = 0; i < jobs->n; i++) {
		struct mount_job *job = &jobs->jobs[i];

		if (!(job->op.attrs & RF_MOUNT_IDMAP))
			continue;
		job->is_tree = true;
		job->fd = sys_open_tree(AT_FDCWD, job->op.source, tree_flags(job));
		if (job->fd < 0)
			return job->fd;
	}
	ns = mount_make_userns(&jobs->uid_map, &jobs->gid_map);
	if (ns < 0)
		return ns;
	for (size_t i = 0; r >= 0 && i < jobs->n; i++)
		if (jobs->jobs[i].op.attrs & RF_MOUNT_IDMAP)
			r = mount_set_idmap_of(jobs->jobs[i].fd, ns, !(jobs->jobs[i].op.attrs & RF_MOUNT_NOREC));
	return r;
}

static void args_idmap(const struct rf_step *s, struct str *out)
{
	const struct mount_jobs *jobs = s->data;

	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->jobs[i].op.attrs & RF_MOUNT_IDMAP)
			str_addf(out, "%s%s", out->len ? ", " : "", jobs->jobs[i].op.source);
}

const struct step_kind step_idmap_sources = {
	.id = "idmap-sources", .name = "shift the owners of what will be mounted",
	.why = "Only who has the file system may do it; inside, its owners then are those of the id map.",
	.page = "mount_setattr(2)", .args = args_idmap, .run = run_idmap_sources,
	.free_data = mount_jobs_free,
};

void mount_cover_root(struct plan_run *run, int top_fd)
{
	sys_close(run->root_fd);
	run->root_fd = top_fd;
	run->root_covers = true;
}

/* Binds by mount(2) are made when it is there already: one of "/" would take it along. */
int mount_empty_root_unbindable(struct plan_run *run)
{
	int r = sys_mount(NULL, "/..", NULL, MS_UNBINDABLE, NULL);

	run->root_unbindable = r >= 0;
	return r;
}

/* "/.." is the mount on top of the root that this process stands in. */
static int empty_root_old(struct plan_run *run, const struct newfs *fs)
{
	int r = newfs_mount_at(fs, "/");

	if (r < 0)
		return r;
	run->root_fd = sys_openat_made(AT_FDCWD, "/..", O_PATH | O_DIRECTORY);
	return run->root_fd < 0 ? run->root_fd : mount_empty_root_unbindable(run);
}

static int run_empty_root(struct plan_run *run, struct rf_step *s)
{
	static const struct newfs_param mode[] = {{"mode", "0755"}};
	const struct newfs fs = {"tmpfs", mode, 1, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
	int r, fd __free(fd) = newfs_make(&fs);

	r = fd < 0 ? fd : sys_move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (r == -ENOSYS)
		return empty_root_old(run, &fs);
	if (r < 0)
		return r;
	run->root_fd = take_fd(&fd);
	return ((struct mount_jobs *)s->data)->by_mount ? mount_empty_root_unbindable(run) : 0;
}

const struct step_kind step_empty_root = {
	.id = "empty-root", .name = "make an empty root",
	.why = "What the program shall see is put into it; all else is not there.",
	.page = "tmpfs(5)", .run = run_empty_root, .free_data = mount_jobs_free,
};

static int run_renew_wd(struct plan_run *run, struct rf_step *s)
{
	const struct mount_jobs *jobs = s->data;
	/* "(unreachable)" stands before a path outside of the root. */
	int r = jobs->cwd[0] == '/' ? sys_chdir(jobs->cwd) : -ENOENT;

	/* Covered, or hidden; in a dry run nothing is. */
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES ? sys_chdir("/") : r;
}

const struct step_kind step_renew_wd = {
	.id = "renew-wd", .name = "enter the working directory again",
	.why = "The one it stands in may lie below the new mounts, and would lead past them.",
	.page = "chdir(2)", .run = run_renew_wd, .free_data = mount_jobs_free,
};

static int run_file_ids(struct plan_run *run, struct rf_step *s)
{
	int r = 0;

	if (s->num[1] >= 0)
		r = sys_setfsgid((gid_t)s->num[1]);
	if (r >= 0 && s->num[0] >= 0)
		r = sys_setfsuid((uid_t)s->num[0]);
	return r;
}

static void args_file_ids(const struct rf_step *s, struct str *out)
{
	if (s->num[0] >= 0)
		str_addf(out, "uid %u", (uid_t)s->num[0]);
	if (s->num[1] >= 0)
		str_addf(out, "%sgid %u", out->len ? ", " : "", (gid_t)s->num[1]);
}

const struct step_kind step_file_ids = {
	.id = "file-ids", .name = "make files as a mapped id",
	.why = "What the caller would own has no owner inside.",
	.page = "setfsuid(2)", .args = args_file_ids, .run = run_file_ids,
};
