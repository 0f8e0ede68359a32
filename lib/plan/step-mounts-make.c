// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Operations that make something in the tree: directories, links, and files with given content.
 *
 * A file stands on a tmpfs of its own, so that the file system of the target gets no copy. A bind needs
 * a mount that has a place in the namespace; before Linux 6.15 it can't be taken from a detached one.
 * There the tmpfs is attached on top of "/" for as long as that takes, where no walk from "/" meets it.
 */
#include "plan/step-mounts.h"

#include <linux/mount.h>
#include <limits.h>

#include "base/file.h"
#include "base/resolve.h"

enum { FILE_MAX = 256 << 20 };

#define DATA "data"

static int make_directory(int root_fd, struct mount_job *job)
{
	int parent __free(fd) = place_open_parent(root_fd, job->target, &job->made);
	int r, there;

	if (parent < 0)
		return parent;
	r = place_make(parent, place_name(job->target), S_IFDIR | (job->op.has_mode ? job->op.mode : 0755), &job->made);
	if (r != -EEXIST)
		return r;
	there = resolve_dir(root_fd, job->target);
	if (there < 0)
		return there;
	sys_close(there);
	return 0;
}

static int run_dir(struct plan_run *run, struct rf_step *s)
{
	return mount_settle(run, s, make_directory(mount_root(run, s->data), mount_job_of(s)));
}

const struct step_kind step_dir = {
	.id = "dir", .name = "make a directory", .why = "It was to be there.", .page = "mkdir(2)",
	.args = args_mount, .run = run_dir, .undo = undo_mount, .free_data = mount_jobs_free,
};

static int make_link(int root_fd, struct mount_job *job)
{
	int parent __free(fd) = place_open_parent(root_fd, job->target, &job->made);
	const char *name = place_name(job->target);
	char text[PATH_MAX];
	ssize_t n;
	int r;

	if (parent < 0)
		return parent;
	r = sys_symlinkat(job->op.source, parent, name);
	if (r >= 0) {
		job->made.n++;
		job->made.leaf_is_file = true;
	}
	if (r != -EEXIST)
		return r;
	/* The one that is wanted may stay. */
	n = sys_readlinkat(parent, name, text, sizeof(text) - 1);
	if (n == (ssize_t)strlen(job->op.source) && !memcmp(text, job->op.source, (size_t)n))
		return 0;
	return sys_fail(-EEXIST, "symlink", job->op.target, "File exists, and is not this link");
}

static int run_symlink(struct plan_run *run, struct rf_step *s)
{
	return mount_settle(run, s, make_link(mount_root(run, s->data), mount_job_of(s)));
}

const struct step_kind step_symlink = {
	.id = "symlink", .name = "make a symbolic link", .why = "It was to be there.", .page = "symlink(2)",
	.args = args_mount, .run = run_symlink, .undo = undo_mount, .free_data = mount_jobs_free,
};

static const struct newfs_param holder_params[] = {{"mode", "0755"}, {"nr_inodes", "2"}};
static const struct newfs holder = {"tmpfs", holder_params, 2, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};

static int write_data(int dir_fd, const struct mount_job *job, const char *text, size_t len)
{
	int r, fd __free(fd) = sys_openat(dir_fd, DATA, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return fd;
	r = file_write_all(fd, text, len);
	return r < 0 ? r : sys_fchmod(fd, job->op.has_mode ? job->op.mode : 0644);
}

/* Take the holder, on which this process then stands for a moment, out of the namespace. */
static int drop_holder(int holder_fd)
{
	int back __free(fd) = sys_openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
	int r = back < 0 ? back : sys_fchdir(holder_fd);

	if (r >= 0)
		r = sys_umount2(".", MNT_DETACH);
	return back >= 0 && sys_fchdir(back) < 0 && r >= 0 ? -ENOENT : r;
}

/* The file as a tree of its own; -ENOSYS where mount(2) must do it. */
static int data_tree(const struct mount_jobs *jobs, int holder_fd)
{
	int r, tree __free(fd) = sys_open_tree(holder_fd, DATA, OPEN_TREE_CLONE);

	if (tree != -EINVAL)
		return take_fd(&tree);
	if (jobs->shared)
		return sys_fail(-EINVAL, "file", "/", "on this kernel a file from a descriptor needs --propagation private or slave");
	r = sys_move_mount(holder_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (r < 0)
		return r;
	tree = sys_open_tree(holder_fd, DATA, OPEN_TREE_CLONE);
	r = drop_holder(holder_fd);
	return tree >= 0 && r < 0 ? r : take_fd(&tree);
}

static int file_new(const struct mount_jobs *jobs, struct mount_job *job, int target_fd, const char *text,
		    size_t len)
{
	int r, fd __free(fd) = newfs_make(&holder), tree __free(fd) = -EBADF;

	r = fd < 0 ? fd : write_data(fd, job, text, len);
	if (r < 0)
		return r;
	tree = data_tree(jobs, fd);
	return tree < 0 ? tree : place_attach(tree, target_fd);
}

static int file_old(const struct mount_jobs *jobs, struct mount_job *job, int target_fd, const char *text,
		    size_t len)
{
	int r, fd __free(fd) = -EBADF, data __free(fd) = -EBADF;

	if (jobs->shared)
		return sys_fail(-EINVAL, "file", "/", "on this kernel a file from a descriptor needs --propagation private or slave");
	r = newfs_mount_at(&holder, "/");
	if (r < 0)
		return r;
	fd = sys_openat(AT_FDCWD, "/..", O_PATH | O_DIRECTORY, 0);
	r = fd < 0 ? fd : write_data(fd, job, text, len);
	if (r < 0)
		return r;
	data = sys_openat_made(fd, DATA, O_PATH | O_NOFOLLOW);
	r = data < 0 ? data : place_bind_old(data, target_fd, false);
	return r < 0 ? r : drop_holder(fd);
}

/* In a dry run not: it would take away what the real one needs. */
static int read_content(int fd, char **ret_text, size_t *ret_len)
{
	ssize_t n;

	if (!sys_is_dry())
		return file_read_fd(fd, FILE_MAX, ret_text, ret_len);
	n = sys_take(fd, NULL, 0);
	*ret_text = n < 0 ? NULL : str_format("what descriptor %d holds", fd);
	*ret_len = *ret_text ? strlen(*ret_text) : 0;
	return n < 0 ? (int)n : *ret_text ? 0 : -ENOMEM;
}

static int make_file(struct plan_run *run, struct mount_jobs *jobs, struct mount_job *job)
{
	char *text __free(ptr) = NULL;
	struct place_made *made = &job->made;
	size_t len = 0;
	int r, target __free(fd) = place_open(mount_root(run, jobs), job->target, S_IFREG, made);

	if (target < 0)
		return target;
	r = read_content(job->op.fd, &text, &len);
	if (r < 0)
		return r;
	r = file_new(jobs, job, target, text, len);
	jobs->by_mount |= r == -ENOSYS;
	if (r == -ENOSYS)
		r = file_old(jobs, job, target, text, len);
	job->mounted = r >= 0;
	return r;
}

static int run_file(struct plan_run *run, struct rf_step *s)
{
	return mount_settle(run, s, make_file(run, s->data, mount_job_of(s)));
}

const struct step_kind step_file = {
	.id = "file", .name = "make a file from a descriptor",
	.why = "Its content is the caller's to give, and no file of his has to hold it.", .page = "move_mount(2)",
	.args = args_mount, .run = run_file, .undo = undo_mount, .free_data = mount_jobs_free,
};
