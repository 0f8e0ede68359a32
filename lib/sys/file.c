// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls on files and directories. Opens name their descriptor for the records of later calls. */
#include <errno.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sys/sys.h"

static enum sys_kind open_kind(int flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));

	return writes && !(flags & O_PATH) ? SYS_MAKE : SYS_OPEN;
}

static int named(int fd, int dirfd, const char *path)
{
	if (fd >= 0)
		sys_name_fd(fd, dirfd, path);
	return fd;
}

static int open_as(enum sys_kind kind, int dirfd, const char *path, int flags, mode_t mode)
{
	int fd = (int)SYS_CALL("openat", kind, dirfd, path,
			       openat(dirfd, path, flags | O_CLOEXEC, mode), "%s, %s, %s%s",
			       sys_at(dirfd), sys_string(path), sys_open_flags((unsigned)flags),
			       sys_open_mode((unsigned)flags, mode));

	return named(fd, dirfd, path);
}

int sys_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	return open_as(open_kind(flags), dirfd, path, flags, mode);
}

int sys_openat_made(int dirfd, const char *path, int flags)
{
	return open_as(SYS_MAKE, dirfd, path, flags, 0);
}

int sys_openat_rare(int dirfd, const char *path, int flags)
{
	int fd;

	if (unlikely(sys_mode))
		return sys_openat(dirfd, path, flags, 0);
	fd = openat(dirfd, path, flags | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : sys_openat(dirfd, path, flags, 0);
	return named(fd, dirfd, path);
}

int sys_openat2(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		.mode = mode,
		.resolve = resolve,
	};
	int fd = (int)SYS_CALL("openat2", open_kind(flags), dirfd, path,
			       syscall(SYS_openat2, dirfd, path, &how, sizeof(how)),
			       "%s, %s, {.flags = %s%s%s, .resolve = %s}", sys_at(dirfd), sys_string(path),
			       sys_open_flags((unsigned)how.flags), mode ? ", .mode = " : "",
			       mode ? sys_open_mode(O_CREAT, mode) + 2 : "", sys_resolve_flags(resolve));

	return named(fd, dirfd, path);
}

bool sys_quiet_look(const char *root, const char *path, struct stat *ret_st)
{
	const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	int top = open(root, O_PATH | O_CLOEXEC), fd = top;
	bool there;

	if (top >= 0 && path[0])
		fd = (int)syscall(SYS_openat2, top, path, &how, sizeof(how));
	/* Without the call a link may lead out of the root; it is only looked at. */
	if (top >= 0 && fd < 0 && errno == ENOSYS)
		fd = openat(top, path, O_PATH | O_CLOEXEC);
	there = fd >= 0 && fstat(fd, ret_st) == 0;
	if (fd >= 0 && fd != top)
		close(fd);
	if (top >= 0)
		close(top);
	return there;
}

int sys_statx_mount(int fd, uint64_t *ret_id)
{
	struct statx st = {0};
	int r = (int)SYS_CALL("statx", SYS_READ, fd, NULL, statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st),
			      "%s, \"\", AT_EMPTY_PATH, STATX_MNT_ID", sys_at(fd));

	if (r < 0 || sys_is_dry_fd(fd))
		return r;
	*ret_id = st.stx_mnt_id;
	return 0;
}

int sys_close(int fd)
{
	if (sys_is_whole())
		sys_whole_close(fd);
	if (sys_is_dry_fd(fd))
		return 0;
	sys_name_fd(fd, AT_FDCWD, "");
	/* Not through the seam: a close has no result that anyone could act on. */
	return close(fd) < 0 ? -errno : 0;
}

ssize_t sys_read(int fd, void *buf, size_t len)
{
	return SYS_CALL("read", SYS_READ, fd, NULL, read(fd, buf, len), "%s, …, %zu", sys_at(fd), len);
}

ssize_t sys_take(int fd, void *buf, size_t len)
{
	return SYS_CALL("read", SYS_ACT, fd, NULL, read(fd, buf, len), "%s, …, %zu", sys_at(fd), len);
}

ssize_t sys_pread(int fd, void *buf, size_t len, off_t off)
{
	return SYS_CALL("pread64", SYS_READ, fd, NULL, pread(fd, buf, len, off), "%s, …, %zu, %lld",
			sys_at(fd), len, (long long)off);
}

ssize_t sys_write(int fd, const void *buf, size_t len)
{
	ssize_t n = SYS_CALL("write", SYS_ACT, fd, NULL, write(fd, buf, len), "%s, %s, %zu", sys_at(fd),
			     sys_bytes(buf, len), len);

	return n == 0 && sys_is_dry() ? (ssize_t)len : n;
}

ssize_t sys_pwrite(int fd, const void *buf, size_t len, off_t off)
{
	ssize_t n = SYS_CALL("pwrite64", SYS_ACT, fd, NULL, pwrite(fd, buf, len, off),
			     "%s, %s, %zu, %lld", sys_at(fd), sys_bytes(buf, len), len, (long long)off);

	return n == 0 && sys_is_dry() ? (ssize_t)len : n;
}

off_t sys_lseek(int fd, off_t off, int whence)
{
	return SYS_CALL("lseek", SYS_READ, fd, NULL, lseek(fd, off, whence), "%s, %lld, %d", sys_at(fd),
			(long long)off, whence);
}

int sys_fstat(int fd, struct stat *ret_st)
{
	return (int)SYS_CALL("fstat", SYS_READ, fd, NULL, fstat(fd, ret_st), "%s", sys_at(fd));
}

int sys_fstatat(int dirfd, const char *path, struct stat *ret_st, int flags)
{
	return (int)SYS_CALL("newfstatat", SYS_READ, dirfd, path,
			     fstatat(dirfd, path, ret_st, flags), "%s, %s, %s", sys_at(dirfd),
			     sys_string(path), sys_at_flags((unsigned)flags));
}

int sys_fstatfs(int fd, struct statfs *ret_fs)
{
	return (int)SYS_CALL("fstatfs", SYS_READ, fd, NULL, fstatfs(fd, ret_fs), "%s", sys_at(fd));
}

int sys_faccessat(int dirfd, const char *path, int mode)
{
	return (int)SYS_CALL("faccessat", SYS_READ, dirfd, path, faccessat(dirfd, path, mode, 0),
			     "%s, %s, %d", sys_at(dirfd), sys_string(path), mode);
}

ssize_t sys_readlinkat(int dirfd, const char *path, char *buf, size_t size)
{
	return SYS_CALL("readlinkat", SYS_READ, dirfd, path, readlinkat(dirfd, path, buf, size),
			"%s, %s, …, %zu", sys_at(dirfd), sys_string(path), size);
}

int sys_mkdirat(int dirfd, const char *path, mode_t mode)
{
	return (int)SYS_CALL("mkdirat", SYS_ACT, dirfd, path, mkdirat(dirfd, path, mode),
			     "%s, %s, %#o", sys_at(dirfd), sys_string(path), mode);
}

int sys_unlinkat(int dirfd, const char *path, int flags)
{
	return (int)SYS_CALL("unlinkat", SYS_ACT, dirfd, path, unlinkat(dirfd, path, flags),
			     "%s, %s, %s", sys_at(dirfd), sys_string(path),
			     flags & AT_REMOVEDIR ? "AT_REMOVEDIR" : "0");
}

int sys_renameat2(int olddir, const char *oldpath, int newdir, const char *newpath, unsigned flags)
{
	return (int)SYS_CALL("renameat2", SYS_ACT, newdir, newpath,
			     renameat2(olddir, oldpath, newdir, newpath, flags),
			     "%s, %s, %s, %s, %#x", sys_at(olddir), sys_string(oldpath), sys_at(newdir),
			     sys_string(newpath), flags);
}

int sys_linkat(int olddir, const char *oldpath, int newdir, const char *newpath, int flags)
{
	return (int)SYS_CALL("linkat", SYS_ACT, newdir, newpath,
			     linkat(olddir, oldpath, newdir, newpath, flags),
			     "%s, %s, %s, %s, %s", sys_at(olddir), sys_string(oldpath), sys_at(newdir),
			     sys_string(newpath), sys_at_flags((unsigned)flags));
}

int sys_symlinkat(const char *target, int dirfd, const char *path)
{
	return (int)SYS_CALL("symlinkat", SYS_ACT, dirfd, path, symlinkat(target, dirfd, path),
			     "%s, %s, %s", sys_string(target), sys_at(dirfd), sys_string(path));
}

int sys_mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)
{
	return (int)SYS_CALL("mknodat", SYS_ACT, dirfd, path, mknodat(dirfd, path, mode, dev),
			     "%s, %s, %#o, %#llx", sys_at(dirfd), sys_string(path), mode,
			     (unsigned long long)dev);
}

int sys_fchmod(int fd, mode_t mode)
{
	return (int)SYS_CALL("fchmod", SYS_ACT, fd, NULL, fchmod(fd, mode), "%s, %#o", sys_at(fd), mode);
}

int sys_fchmodat(int dirfd, const char *path, mode_t mode)
{
	return (int)SYS_CALL("fchmodat", SYS_ACT, dirfd, path, fchmodat(dirfd, path, mode, 0),
			     "%s, %s, %#o", sys_at(dirfd), sys_string(path), mode);
}

int sys_fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)SYS_CALL("fchown", SYS_ACT, fd, NULL, fchown(fd, uid, gid), "%s, %u, %u", sys_at(fd),
			     uid, gid);
}

int sys_fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags)
{
	return (int)SYS_CALL("fchownat", SYS_ACT, dirfd, path,
			     fchownat(dirfd, path, uid, gid, flags), "%s, %s, %u, %u, %s",
			     sys_at(dirfd), sys_string(path), uid, gid, sys_at_flags((unsigned)flags));
}

int sys_utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	return (int)SYS_CALL("utimensat", SYS_ACT, dirfd, path,
			     path ? utimensat(dirfd, path, times, flags) : futimens(dirfd, times),
			     "%s, %s, …, %s", sys_at(dirfd), sys_string(path),
			     sys_at_flags((unsigned)flags));
}

int sys_fsetxattr(int fd, const char *name, const void *value, size_t len)
{
	return (int)SYS_CALL("fsetxattr", SYS_ACT, fd, NULL, fsetxattr(fd, name, value, len, 0),
			     "%s, %s, %s, %zu", sys_at(fd), sys_string(name), sys_bytes(value, len), len);
}

int sys_lsetxattr(const char *path, const char *name, const void *value, size_t len)
{
	return (int)SYS_CALL("lsetxattr", SYS_ACT, SYS_NOFD, path,
			     lsetxattr(path, name, value, len, 0), "%s, %s, %s, %zu", sys_string(path),
			     sys_string(name), sys_bytes(value, len), len);
}

ssize_t sys_lgetxattr(const char *path, const char *name, void *buf, size_t size)
{
	return SYS_CALL("lgetxattr", SYS_READ, SYS_NOFD, path, lgetxattr(path, name, buf, size),
			"%s, %s, ..., %zu", sys_string(path), sys_string(name), size);
}

ssize_t sys_llistxattr(const char *path, char *buf, size_t size)
{
	return SYS_CALL("llistxattr", SYS_READ, SYS_NOFD, path, llistxattr(path, buf, size),
			"%s, ..., %zu", sys_string(path), size);
}

int sys_clone_file(int to_fd, int from_fd)
{
	return (int)SYS_CALL("ioctl", SYS_ACT, to_fd, NULL, ioctl(to_fd, FICLONE, from_fd),
			     "%s, FICLONE, %s", sys_at(to_fd), sys_at(from_fd));
}

int sys_ftruncate(int fd, off_t len)
{
	return (int)SYS_CALL("ftruncate", SYS_ACT, fd, NULL, ftruncate(fd, len), "%s, %lld", sys_at(fd),
			     (long long)len);
}

int sys_fsync(int fd)
{
	return (int)SYS_CALL("fsync", SYS_ACT, fd, NULL, fsync(fd), "%s", sys_at(fd));
}

int sys_syncfs(int fd)
{
	return (int)SYS_CALL("syncfs", SYS_ACT, fd, NULL, syncfs(fd), "%s", sys_at(fd));
}

int sys_flock(int fd, int operation)
{
	return (int)SYS_CALL("flock", SYS_ACT, fd, NULL, flock(fd, operation), "%s, %d", sys_at(fd),
			     operation);
}

int sys_get_cloexec(int fd)
{
	return (int)SYS_CALL("fcntl", SYS_READ, fd, NULL, fcntl(fd, F_GETFD), "%s, F_GETFD", sys_at(fd));
}

int sys_set_cloexec(int fd, bool on)
{
	return (int)SYS_CALL("fcntl", SYS_ACT, fd, NULL, fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0),
			     "%s, F_SETFD, %s", sys_at(fd), on ? "FD_CLOEXEC" : "0");
}

int sys_pipe(int ret_fds[2])
{
	int fds[2] = {-EBADF, -EBADF}, r;

	if (sys_is_dry())
		for (int i = 0; i < 2; i++)
			fds[i] = sys_dry_fd();
	r = (int)SYS_CALL("pipe2", SYS_ACT, SYS_NOFD, NULL, pipe2(fds, O_CLOEXEC), "[%s, %s], O_CLOEXEC",
			  sys_at(fds[0]), sys_at(fds[1]));
	if (r < 0)
		return r;
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

int sys_memfd_create(const char *name)
{
	int fd = (int)SYS_CALL("memfd_create", SYS_MAKE, SYS_NOFD, name,
			       memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING),
			       "%s, MFD_CLOEXEC|MFD_ALLOW_SEALING", sys_string(name));

	return named(fd, AT_FDCWD, name);
}

int sys_seal(int fd)
{
	return (int)SYS_CALL("fcntl", SYS_ACT, fd, NULL,
			     fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
			     "%d, F_ADD_SEALS, F_SEAL_SEAL|F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_WRITE", fd);
}

DIR *sys_fdopendir(int fd, int *ret_err)
{
	DIR *dir = NULL;
	long r;

	if (sys_is_dry_fd(fd)) {
		*ret_err = -ENOENT;
		return NULL;
	}
	r = SYS_CALL("fdopendir", SYS_READ, fd, NULL, (dir = fdopendir(fd)) ? 0 : -1, "%s", sys_at(fd));
	if (!dir)
		*ret_err = r < 0 ? (int)r : -ENOENT;
	return dir;
}

int sys_inotify_init(void)
{
	return named((int)SYS_CALL("inotify_init1", SYS_MAKE, SYS_NOFD, NULL, inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
				   "IN_CLOEXEC|IN_NONBLOCK"), AT_FDCWD, "inotify");
}

int sys_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	return (int)SYS_CALL("inotify_add_watch", SYS_ACT, fd, path, inotify_add_watch(fd, path, mask),
			     "%d, \"%s\", 0x%x", fd, path, mask);
}

int sys_eventfd(void)
{
	return named((int)SYS_CALL("eventfd2", SYS_MAKE, SYS_NOFD, NULL, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
				   "0, EFD_CLOEXEC|EFD_NONBLOCK"), AT_FDCWD, "eventfd");
}
