// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who enters a container executes what he finds there. If that is a script whose interpreter is
 * /proc/self/exe, the kernel runs the entering program itself again, inside; there it can be opened by
 * /proc/PID/exe, and, when it has ended, written to by who has the rights: the program that
 * the host's root will run next time (CVE-2019-5736).
 *
 * So where the caller may write to his own program file, it is first executed again from a read-only
 * mount of that file alone, which is attached nowhere and copies nothing (open_tree(2), Linux 5.2;
 * mount_setattr(2), 5.12; both need CAP_SYS_ADMIN); else from a sealed copy in memory.
 */
#include "proc/seal.h"

#include <linux/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

static const char self[] = "/proc/self/exe";

static bool is_memory(void)
{
	char target[64];
	ssize_t n = sys_readlinkat(AT_FDCWD, self, target, sizeof(target) - 1);

	target[n < 0 ? 0 : n] = '\0';
	return str_starts(target, "/memfd:");
}

static int by_mount(void)
{
	int fd __free(fd) = sys_open_tree(AT_FDCWD, self, OPEN_TREE_CLONE), r;

	if (fd < 0)
		return fd;
	r = sys_mount_setattr(fd, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? r : take_fd(&fd);
}

static int by_copy(const char *name)
{
	int from __free(fd) = sys_openat(AT_FDCWD, self, O_RDONLY, 0), to __free(fd) = -EBADF, r;
	char buf[1 << 16];
	ssize_t n = 0;

	if (from < 0)
		return from;
	to = sys_memfd_create(name);
	if (to < 0)
		return to;
	while ((n = sys_read(from, buf, sizeof(buf))) > 0)
		if ((r = file_write_all(to, buf, (size_t)n)) < 0)
			return r;
	r = n < 0 ? (int)n : sys_seal(to);
	return r < 0 ? r : take_fd(&to);
}

int proc_seal(const char *name, char *const argv[])
{
	int r = sys_faccessat(AT_FDCWD, self, W_OK), fd __free(fd) = -EBADF;

	/* Another's, or on a read-only mount. */
	if (r == -EACCES || r == -EPERM || r == -EROFS || (r >= 0 && is_memory()))
		return sys_prctl("PR_SET_NAME", PR_SET_NAME, (unsigned long)name, 0);
	if (r < 0)
		return r;
	fd = by_mount();
	if (fd < 0)
		fd = by_copy(name);
	return fd < 0 ? fd : sys_execveat(fd, argv, environ);
}
