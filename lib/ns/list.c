// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which namespaces there are, and by what: processes, files of nsfs in the mount table, descriptors,
 * other namespaces. The links in /proc are read, not followed: their text has kind and number, and
 * following them would make an inode for each. Only one of each namespace is opened, to ask for its
 * relations and its id.
 *
 * Where the kernel lists them itself (listns.c), what is missing in the end is held by something that
 * can't be seen here: a thread, a message under way. Its list does not spare a look at the descriptors
 * of every process: a network that only a socket has is not in it (7.3).
 *
 * With 10,000 processes the time is the kernel's, in walking to their links: 8 of /proc/PID/ns, one
 * for each descriptor.
 */
#include <errno.h>
#include <mntent.h>
#include <ringfence/ns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "ns/listns.h"
#include "ns/peer.h"
#include "ns/table.h"

DEFINE_FREE(ns_list, struct rf_ns_list *, rf_ns_list_free(v))

/* "net:[4026531840]": the number; 0 for another text. */
static uint64_t number_in(const char *text, const char *name)
{
	size_t len = strlen(name);
	char *end;
	uint64_t n;

	if (strncmp(text, name, len) || text[len] != ':' || text[len + 1] != '[')
		return 0;
	n = strtoull(text + len + 2, &end, 10);
	return *end == ']' ? n : 0;
}

/* The link's number; 0 with *ret_error where it can't be read. */
static uint64_t read_link(int dirfd, const char *path, const char *name, int *ret_error)
{
	char text[64];
	ssize_t n = sys_readlinkat(dirfd, path, text, sizeof(text) - 1);

	*ret_error = n < 0 ? (int)n : 0;
	if (n < 0)
		return 0;
	text[n] = '\0';
	return number_in(text, name);
}

int rf_ns_of_process(int pid, uint64_t ret_inodes[RF_NS_KINDS])
{
	char path[40];
	int dir __free(fd) = -EBADF;

	snprintf(path, sizeof(path), "/proc/%d/ns", pid);
	dir = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (dir < 0)
		return dir == -ENOENT ? sys_fail(-ESRCH, "process", path, "no process has this pid here") : dir;
	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		int r;

		ret_inodes[i] = read_link(dir, rf_ns_kind(i)->name, rf_ns_kind(i)->name, &r);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

static int count_in(struct rf_ns_list *l, size_t kind, uint64_t inode, int pid)
{
	struct rf_ns_entry *e = l->n ? &l->entries[l->last[kind]] : NULL;
	bool is_new = false;
	int r = 0;

	if (!e || e->inode != inode)
		r = ns_table_add(l, rf_ns_kind(kind), inode, &e, &is_new);
	if (r < 0)
		return r;
	l->last[kind] = (size_t)(e - l->entries);
	e->processes++;
	if (!e->pid || pid < e->pid)
		e->pid = pid;
	return 0;
}

static int add_process(struct rf_ns_list *l, int proc_fd, const char *name)
{
	char path[40];
	int pid = (int)strtol(name, NULL, 10), error = 0, r = 0, dir __free(fd) = -EBADF;

	snprintf(path, sizeof(path), "%.16s/ns", name);
	dir = sys_openat(proc_fd, path, O_PATH | O_DIRECTORY, 0);
	for (size_t i = 0; dir >= 0 && r >= 0 && i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *kind = rf_ns_kind(i);
		uint64_t inode = read_link(dir, kind->name, kind->name, &error);

		if (error == -EACCES || error == -EPERM) {
			l->hidden++;
			return 0;
		}
		/* It has ended meanwhile, or the kernel lacks this kind. */
		if (inode)
			r = count_in(l, i, inode, pid);
	}
	return r;
}

static int add_held(struct rf_ns_list *l, const struct rf_ns_kind *kind, uint64_t inode, const char *pid,
		    const char *fd)
{
	struct rf_ns_entry *e;
	bool is_new = false;
	int r = ns_table_add(l, kind, inode, &e, &is_new);

	if (r < 0 || !is_new)
		return r;
	e->held = RF_NS_BY_DESCRIPTOR;
	e->pid = (int)strtol(pid, NULL, 10);
	return ns_table_path(l, e, str_format("/proc/%s/fd/%s", pid, fd));
}

/*
 * A descriptor of a file where a namespace was mounted has that file's path as its text, and after it
 * was unmounted only "/". So has one of the root directory, or of what else was unmounted: to open that
 * may wait, or set a device off, so it is looked at first.
 */
static int add_unmounted(struct rf_ns_list *l, int dirfd, const char *pid, const char *name)
{
	int fd __free(fd) = -EBADF;
	const struct rf_ns_kind *kind;
	struct stat st, own;
	uint64_t inode;

	if (sys_fstatat(dirfd, name, &st, 0) < 0 || sys_fstatat(AT_FDCWD, "/proc/self/ns/mnt", &own, 0) < 0 ||
	    st.st_dev != own.st_dev)
		return 0;
	fd = sys_openat(dirfd, name, O_RDONLY, 0);
	if (fd < 0 || ns_kind_of(fd, &kind, &inode) < 0)
		return 0;
	return add_held(l, kind, inode, pid, name);
}

static int relate(struct rf_ns_list *l, size_t index, int fd);

/*
 * A socket stays in the network that it was made in, wherever its process goes. Only a copy of it can
 * be asked; who may read a process's links may not always take one (ptrace_scope of Yama): then it
 * isn't seen.
 */
static int add_socket(struct rf_ns_list *l, int pidfd, const char *pid, const char *name)
{
	int socket __free(fd) = sys_pidfd_getfd(pidfd, (int)strtol(name, NULL, 10));
	int net __free(fd) = socket >= 0 ? sys_socket_get_netns(socket) : -EBADF;
	const struct rf_ns_kind *kind;
	struct rf_ns_entry *e;
	bool is_new = false;
	uint64_t inode;
	int r;

	if (net < 0 || ns_kind_of(net, &kind, &inode) < 0)
		return 0;
	r = ns_table_add(l, kind, inode, &e, &is_new);
	if (r < 0 || !is_new)
		return r;
	e->held = RF_NS_BY_SOCKET;
	r = ns_table_path(l, e, str_format("/proc/%s/fd/%s", pid, name));
	return r < 0 ? r : relate(l, (size_t)(e - l->entries), net);
}

struct holder {
	const char *pid;
	int dirfd, pidfd;
};

static int add_descriptor(struct rf_ns_list *l, struct holder *h, const char *name, const char *text)
{
	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		uint64_t inode = number_in(text, rf_ns_kind(i)->name);

		if (inode)
			return add_held(l, rf_ns_kind(i), inode, h->pid, name);
	}
	if (str_eq(text, "/"))
		return add_unmounted(l, h->dirfd, h->pid, name);
	if (!str_starts(text, "socket:["))
		return 0;
	/* -1: it could not be opened, and isn't tried again. */
	if (h->pidfd == -EBADF && (h->pidfd = sys_pidfd_open((pid_t)strtol(h->pid, NULL, 10))) < 0)
		h->pidfd = -1;
	return h->pidfd >= 0 ? add_socket(l, h->pidfd, h->pid, name) : 0;
}

/* Call fn for each name in a directory; what has gone meanwhile is passed over. */
static int each(int at, const char *path, int (*fn)(struct rf_ns_list *l, int at, const char *name),
		struct rf_ns_list *l)
{
	int r = 0, fd __free(fd) = sys_openat(at, path, O_RDONLY | O_DIRECTORY, 0);
	DIR *dir __free(dir) = fd >= 0 ? sys_fdopendir(fd, &r) : NULL;
	struct dirent *e;

	if (!dir)
		return fd < 0 ? fd : r;
	take_fd(&fd);
	while (r >= 0 && (e = readdir(dir)))
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9')
			r = fn(l, dirfd(dir), e->d_name);
	return r;
}

static int add_descriptors_of(struct rf_ns_list *l, int proc_fd, const char *pid)
{
	char path[40];
	int r = 0, fd __free(fd) = -EBADF;
	struct holder h = {.pid = pid, .pidfd = -EBADF};
	DIR *dir __free(dir) = NULL;
	struct dirent *e;

	snprintf(path, sizeof(path), "%.16s/fd", pid);
	fd = sys_openat(proc_fd, path, O_RDONLY | O_DIRECTORY, 0);
	dir = fd >= 0 ? sys_fdopendir(fd, &r) : NULL;
	/* Ended, or not ours to look into: counted already. */
	if (!dir)
		return 0;
	take_fd(&fd);
	h.dirfd = dirfd(dir);
	while (r >= 0 && (e = readdir(dir))) {
		char text[64];
		ssize_t n = e->d_name[0] == '.' ? -ENOENT : sys_readlinkat(h.dirfd, e->d_name, text, sizeof(text) - 1);

		if (n <= 0)
			continue;
		text[n] = '\0';
		r = add_descriptor(l, &h, e->d_name, text);
	}
	if (h.pidfd >= 0)
		sys_close(h.pidfd);
	return r;
}

static int add_mount(struct rf_ns_list *l, const char *target)
{
	int r, fd __free(fd) = sys_openat(AT_FDCWD, target, O_RDONLY, 0);
	const struct rf_ns_kind *kind;
	struct rf_ns_entry *e;
	uint64_t inode;
	bool is_new = false;

	/* Covered by another mount, or beyond our rights: then it is not seen. */
	if (fd < 0 || ns_kind_of(fd, &kind, &inode) < 0)
		return 0;
	r = ns_table_add(l, kind, inode, &e, &is_new);
	if (r < 0)
		return r;
	if (is_new)
		e->held = RF_NS_BY_MOUNT;
	r = ns_table_path(l, e, strdup(target));
	return r < 0 ? r : ns_table_mounted(l, e, target);
}

static int add_mounts(struct rf_ns_list *l)
{
	FILE *table __free(file) = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char buf[4096];
	int r = 0;

	while (r >= 0 && table && getmntent_r(table, &entry, buf, sizeof(buf)))
		if (str_eq(entry.mnt_type, "nsfs"))
			r = add_mount(l, entry.mnt_dir);
	return r;
}

static int open_entry(const struct rf_ns_entry *e)
{
	char path[40];

	/* That path is the socket's. */
	if (e->held == RF_NS_BY_SOCKET)
		return -ENXIO;
	if (e->path)
		return sys_openat(AT_FDCWD, e->path, O_RDONLY, 0);
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", e->pid, e->kind->name);
	return sys_openat(AT_FDCWD, path, O_RDONLY, 0);
}

/* The namespace that a descriptor stands for, known by another's relation to it. */
static int add_relative(struct rf_ns_list *l, int fd, uint64_t *ret_inode)
{
	const struct rf_ns_kind *kind;
	struct rf_ns_entry *e;
	bool is_new = false;
	int r = ns_kind_of(fd, &kind, ret_inode);

	if (r >= 0)
		r = ns_table_add(l, kind, *ret_inode, &e, &is_new);
	if (r < 0 || !is_new)
		return r;
	e->held = RF_NS_BY_CHILD;
	return relate(l, (size_t)(e - l->entries), fd);
}

static int relate(struct rf_ns_list *l, size_t index, int fd)
{
	uint64_t flag = l->entries[index].kind->flag, owner = 0, parent = 0;
	int r = 0, up = sys_ns_get_userns(fd);

	/* EPERM: above of what the caller may see. */
	if (up >= 0) {
		r = add_relative(l, up, &owner);
		sys_close(up);
	}
	up = flag == CLONE_NEWUSER || flag == CLONE_NEWPID ? sys_ns_get_parent(fd) : -EPERM;
	if (up >= 0) {
		if (r >= 0)
			r = add_relative(l, up, &parent);
		sys_close(up);
	}
	if (r < 0)
		return r;
	l->entries[index].owner = owner;
	l->entries[index].parent = parent;
	if (flag == CLONE_NEWUSER)
		sys_ns_get_owner_uid(fd, &l->entries[index].owner_uid);
	if (flag == CLONE_NEWNET && l->netlink_fd >= 0)
		ns_peer_id(l->netlink_fd, fd, &l->entries[index].peer_id);
	/* Before Linux 6.18 there are none. */
	sys_ns_get_id(fd, &l->entries[index].id);
	return 0;
}

static int relate_all(struct rf_ns_list *l)
{
	size_t n = l->n;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		int fd __free(fd) = open_entry(&l->entries[i]);

		/* It has ended meanwhile. */
		if (fd >= 0)
			r = relate(l, i, fd);
	}
	return r;
}

static int by_inode(const void *a, const void *b)
{
	const struct rf_ns_entry *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* Which of the kernel's list are known. */
static int meet(struct rf_ns_list *l, struct ns_ids *ids)
{
	for (size_t i = 0; i < ids->n; i++) {
		int fd __free(fd) = sys_ns_open(ids->ids[i], 0, 0);
		const struct rf_ns_kind *kind;
		struct rf_ns_entry *e;
		uint64_t inode;

		if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
			return fd;
		/* ESTALE: gone by now. */
		ids->met[i] = fd == -ESTALE;
		if (fd < 0 || ns_kind_of(fd, &kind, &inode) < 0)
			continue;
		e = ns_table_find(l, inode);
		if (e)
			e->id = ids->ids[i];
		ids->met[i] = e;
	}
	return 0;
}

/* What nothing else has led to. */
static int add_rest(struct rf_ns_list *l, struct ns_ids *ids)
{
	int r = 0;

	for (size_t i = 0; i < l->n; i++)
		ns_ids_meet(ids, l->entries[i].id);
	for (size_t i = 0; r >= 0 && i < ids->n; i++) {
		int fd __free(fd) = ids->met[i] ? -EBADF : sys_ns_open(ids->ids[i], 0, 0);
		const struct rf_ns_kind *kind;
		struct rf_ns_entry *e;
		uint64_t inode;
		bool is_new = false;

		l->unopened += fd < 0 && fd != -EBADF && fd != -ESTALE;
		if (fd < 0 || ns_kind_of(fd, &kind, &inode) < 0)
			continue;
		r = ns_table_add(l, kind, inode, &e, &is_new);
		if (r < 0 || !is_new)
			continue;
		e->held = RF_NS_UNSEEN;
		r = relate(l, (size_t)(e - l->entries), fd);
	}
	return r;
}

static int read_list(struct rf_ns_list *l, int proc, struct ns_ids *ids, unsigned flags)
{
	int r = each(proc, ".", add_process, l);

	if (r >= 0)
		r = add_mounts(l);
	if (r >= 0 && flags & RF_NS_DESCRIPTORS)
		r = each(proc, ".", add_descriptors_of, l);
	if (r >= 0)
		r = ns_ids_read(ids);
	if (r >= 0)
		r = meet(l, ids);
	if (r == -ENOSYS)
		r = 0;
	if (r >= 0 && flags & RF_NS_RELATIONS)
		r = relate_all(l);
	return r < 0 ? r : add_rest(l, ids);
}

int rf_ns_list_read(unsigned flags, struct rf_ns_list **ret_list)
{
	struct rf_ns_list *l __free(ns_list) = calloc(1, sizeof(*l));
	int proc __free(fd) = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0), r;
	struct ns_ids ids = {0};

	if (!l || proc < 0)
		return !l ? -ENOMEM : proc;
	l->netlink_fd = flags & RF_NS_PEER_IDS ? ns_peer_open() : -EBADF;
	if (flags & RF_NS_PEER_IDS && l->netlink_fd < 0)
		return l->netlink_fd;
	r = read_list(l, proc, &ids, flags);
	ns_ids_done(&ids);
	if (r < 0)
		return r;
	/* The slots and the order of `paths` are no more needed. */
	if (l->n)
		qsort(l->entries, l->n, sizeof(*l->entries), by_inode);
	*ret_list = take_ptr(&l);
	return 0;
}
