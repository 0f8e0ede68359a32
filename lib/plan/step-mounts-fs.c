// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Operations that mount a new file system. Each belongs to a namespace: proc to a pid namespace,
 * sysfs to a network namespace, mqueue to an IPC namespace, cgroup2 to a cgroup namespace; a user
 * namespace gets one only for namespaces that it owns, and of proc and sysfs only what it could see
 * before ("VFS: Mount too revealing").
 *
 * /dev is a tmpfs. A user namespace can't make device nodes, so those of the caller are bound.
 */
#include "plan/step-mounts.h"

#include <linux/mount.h>

#include "base/resolve.h"
#include "mount/op.h"

#define NO_PROGRAMS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* The root of what mount(2) has made; of a root that is covered, "/.." is the top. */
static int find_top(struct plan_run *run, const struct mount_jobs *jobs, const struct mount_job *job)
{
	if (sys_is_dry())
		return sys_dry_fd();
	if (job->target[0])
		return resolve_dir(mount_root(run, jobs), job->target);
	if (jobs->empty_root)
		return sys_openat(AT_FDCWD, "/..", O_PATH | O_DIRECTORY, 0);
	return sys_fail(-ENOSYS, "mount", "/", "covering the root needs move_mount(2), which is refused here");
}

/* By mount(2): the new file system's root is found again, and is not what it covers. */
static int mount_fs_old(struct plan_run *run, struct rf_step *s, const struct newfs *fs, int target_fd,
			int *ret_top_fd)
{
	struct mount_job *job = mount_job_of(s);
	struct stat below = {0}, above = {.st_dev = 1};
	int r = newfs_mount_on(fs, target_fd), top __free(fd) = -EBADF;

	((struct mount_jobs *)s->data)->by_mount = true;
	if (r < 0)
		return r;
	job->mounted = true;
	if (!ret_top_fd)
		return 0;
	top = find_top(run, s->data, job);
	if (top < 0 || (r = sys_fstat(target_fd, &below)) < 0 || (r = sys_fstat(top, &above)) < 0)
		return top < 0 ? top : r;
	if (below.st_dev == above.st_dev && !sys_is_dry())
		return sys_fail(-ESTALE, "mount", job->op.target, "was exchanged while the mounts were made");
	*ret_top_fd = take_fd(&top);
	return 0;
}

static int mount_fs(struct plan_run *run, struct rf_step *s, const struct newfs *fs, int *ret_top_fd)
{
	struct mount_job *job = mount_job_of(s);
	int r, target __free(fd) = mount_job_target(mount_root(run, s->data), job, -1);
	int fd __free(fd) = -EBADF;

	if (target < 0)
		return target;
	fd = newfs_make(fs);
	r = fd < 0 ? fd : place_attach(fd, target);
	if (r == -ENOSYS)
		return mount_fs_old(run, s, fs, target, ret_top_fd);
	if (r < 0)
		return r;
	job->mounted = true;
	if (ret_top_fd)
		*ret_top_fd = take_fd(&fd);
	return 0;
}

static int mount_fs_as_root(struct plan_run *run, struct rf_step *s, const struct newfs *fs)
{
	int top = -EBADF, r = mount_fs(run, s, fs, &top);

	if (r >= 0)
		mount_cover_root(run, top);
	return r < 0 ? r : 0;
}

int mount_new_fs(struct plan_run *run, struct rf_step *s, const struct newfs *fs, int *ret_top_fd)
{
	int r = mount_job_of(s)->target[0] ? mount_fs(run, s, fs, ret_top_fd) : mount_fs_as_root(run, s, fs);

	return mount_settle(run, s, r);
}

#define KIND(var, id_, name_, why_, page_, run_)                                                   \
	const struct step_kind var = {                                                             \
		.id = id_, .name = name_, .why = why_, .page = page_, .args = args_mount, .run = run_, \
		.undo = undo_mount, .free_data = mount_jobs_free,                                  \
	}

static int run_tmpfs(struct plan_run *run, struct rf_step *s)
{
	const struct rf_mount_op *op = &mount_job_of(s)->op;
	char mode[8], size[24], inodes[24];
	struct newfs_param params[3] = {{"mode", mode}};
	struct newfs fs = {"tmpfs", params, 1, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};

	fs.attrs |= mount_attrs_set(op->attrs);
	snprintf(mode, sizeof(mode), "%04o", op->has_mode ? op->mode : 0755);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)op->size);
	snprintf(inodes, sizeof(inodes), "%llu", (unsigned long long)op->inodes);
	if (op->size)
		params[fs.n_params++] = (struct newfs_param){"size", size};
	if (op->inodes)
		params[fs.n_params++] = (struct newfs_param){"nr_inodes", inodes};
	return mount_new_fs(run, s, &fs, NULL);
}

KIND(step_tmpfs, "tmpfs", "mount an empty directory in memory",
     "What is written there is seen by nobody else, and gone with the last process inside.", "tmpfs(5)", run_tmpfs);

/* Those that have no parameters. */
static const char *const plain_types[RF_MOUNT_KINDS] = {
	[RF_MOUNT_PROC] = "proc", [RF_MOUNT_MQUEUE] = "mqueue", [RF_MOUNT_SYSFS] = "sysfs", [RF_MOUNT_CGROUPFS] = "cgroup2",
};

static int run_plain(struct plan_run *run, struct rf_step *s)
{
	const struct rf_mount_op *op = &mount_job_of(s)->op;
	const struct newfs fs = {plain_types[op->kind], NULL, 0, NO_PROGRAMS | mount_attrs_set(op->attrs)};

	return mount_new_fs(run, s, &fs, NULL);
}

KIND(step_proc, "mount-proc", "mount a new proc file system",
     "The old one shows the processes of the pid namespace that it was mounted in.", "pid_namespaces(7)", run_plain);
KIND(step_mqueue, "mqueue", "mount the message queues",
     "Those of the new IPC namespace are files there.", "mq_overview(7)", run_plain);
KIND(step_sysfs, "sysfs", "mount a new sysfs",
     "Its network devices are those of the new network namespace.", "sysfs(5)", run_plain);
KIND(step_cgroupfs, "cgroupfs", "mount the control groups",
     "Seen from the root of the cgroup namespace.", "cgroups(7)", run_plain);

static const struct newfs_param devpts_params[] = {{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}};
static const struct newfs devpts = {"devpts", devpts_params, 3, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
static const struct newfs_param shm_params[] = {{"mode", "1777"}};
static const struct newfs shm = {"tmpfs", shm_params, 1, NO_PROGRAMS};

static int run_devpts(struct plan_run *run, struct rf_step *s)
{
	return mount_new_fs(run, s, &devpts, NULL);
}

KIND(step_devpts, "devpts", "mount new terminals",
     "Nobody inside can reach a terminal of the caller's by its number.", "pts(4)", run_devpts);

/* What is in /dev beside the devices: names, and what they lead to. */
static const struct {
	const char *name, *to;
} links[] = {
	{"ptmx", "pts/ptmx"}, {"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
};

static int mount_in_dev(int dev_fd, const char *name, const struct newfs *fs)
{
	struct place_made made = {0};
	int r = place_make(dev_fd, name, S_IFDIR | 0755, &made), fd __free(fd) = -EBADF;
	int target __free(fd) = -EBADF;

	if (r < 0)
		return r;
	fd = newfs_make(fs);
	r = fd < 0 ? fd : sys_move_mount(fd, "", dev_fd, name, MOVE_MOUNT_F_EMPTY_PATH);
	if (r != -ENOSYS)
		return r;
	target = sys_openat(dev_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	return target < 0 ? target : newfs_mount_on(fs, target);
}

static int fill_dev(struct mount_jobs *jobs, int dev_fd)
{
	struct place_made made = {0};
	int r = 0;

	for (int i = 0; r >= 0 && i < DEVICES; i++) {
		r = place_make(dev_fd, mount_devices[i].name, S_IFREG | 0644, &made);
		if (r >= 0)
			r = mount_bind_onto(jobs->device_fds[i], dev_fd, mount_devices[i].name);
	}
	for (size_t i = 0; r >= 0 && i < array_size(links); i++)
		r = sys_symlinkat(links[i].to, dev_fd, links[i].name);
	if (r >= 0)
		r = mount_in_dev(dev_fd, "pts", &devpts);
	return r < 0 ? r : mount_in_dev(dev_fd, "shm", &shm);
}

static int run_dev(struct plan_run *run, struct rf_step *s)
{
	static const struct newfs_param mode[] = {{"mode", "0755"}};
	const struct newfs fs = {"tmpfs", mode, 1, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
	int top __free(fd) = -EBADF;
	int r = mount_new_fs(run, s, &fs, &top);

	if (r >= 0)
		r = fill_dev(s->data, top);
	s->half_done = r < 0;
	return r;
}

KIND(step_dev, "dev", "make a /dev of few devices",
     "Programs need these; the disks and terminals of the machine they do not.", "null(4)", run_dev);

/* Layers by their descriptors: short, without ':' and ',', and not covered by what was mounted since. */
static void add_layer(struct str *out, int fd)
{
	str_addf(out, "%s/proc/self/fd/%d", out->len ? ":" : "", fd);
}

static int run_overlay(struct plan_run *run, struct rf_step *s)
{
	const struct mount_jobs *jobs = s->data;
	struct mount_job *job = mount_job_of(s);
	struct str lowers __free(str) = {0};
	char upper[40], work[40];
	struct newfs_param params[4] = {{"lowerdir", ""}};
	struct newfs fs = {"overlay", params, 1, job->op.upper ? 0 : MOUNT_ATTR_RDONLY};

	for (size_t i = 0; i < job->op.n_lowers; i++)
		add_layer(&lowers, job->layer_fds[i]);
	if (lowers.failed)
		return -ENOMEM;
	params[0].value = lowers.s;
	if (job->op.upper) {
		snprintf(upper, sizeof(upper), "/proc/self/fd/%d", job->layer_fds[job->op.n_lowers]);
		snprintf(work, sizeof(work), "/proc/self/fd/%d", job->layer_fds[job->op.n_lowers + 1]);
		params[fs.n_params++] = (struct newfs_param){"upperdir", upper};
		params[fs.n_params++] = (struct newfs_param){"workdir", work};
	}
	if (jobs->in_userns || job->op.attrs & RF_MOUNT_USERXATTR)
		params[fs.n_params++] = (struct newfs_param){"userxattr", NULL};
	return mount_new_fs(run, s, &fs, NULL);
}

KIND(step_overlay, "overlay", "stack directories",
     "The topmost of each name is seen, and every change goes to the upper directory.",
     "overlayfs (kernel documentation)", run_overlay);
