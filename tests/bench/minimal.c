// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The floor of the benchmark: the system calls that a row of it can't be done without, made with
 * nothing around them; no option, no message, no clean-up, no supervisor. Not an example to follow.
 *
 *	minimal none PROGRAM		exec
 *	minimal mount-pid PROGRAM	clone3 into two namespaces, private mounts, exec
 *	minimal all-but-net PROGRAM	seven namespaces, id maps, private mounts, exec
 *	minimal all ROOT PROGRAM	eight, the same with ROOT as / and a new /proc, lo up
 *	minimal join DIR… PROGRAM	cgroup v1: write oneself into cgroup.procs of each, exec
 *	minimal into DIR PROGRAM	cgroup v2: clone3 into the group, exec
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/uapi.h"

#define SEVEN                                                                                      \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID |                \
	 CLONE_NEWCGROUP | CLONE_NEWTIME)

static long must(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		_exit(1);
	}
	return result;
}

static pid_t clone_into(uint64_t flags, int cgroup_fd)
{
	struct clone_args args = {
		.flags = flags | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)(cgroup_fd >= 0 ? cgroup_fd : 0),
	};

	return (pid_t)must(syscall(SYS_clone3, &args, sizeof(args)), "clone3");
}

static void run(char **argv)
{
	must(execv(argv[0], argv), argv[0]);
}

static int wait_for(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0), "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void make_private(void)
{
	struct mount_attr attr = {.propagation = MS_PRIVATE};

	must(syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)),
	     "mount_setattr");
}

static void write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);
	must(write(fd, text, strlen(text)), path);
	close(fd);
}

static void write_maps(pid_t pid)
{
	char text[32];

	write_file(pid, "setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1", geteuid());
	write_file(pid, "uid_map", text);
	snprintf(text, sizeof(text), "0 %u 1", getegid());
	write_file(pid, "gid_map", text);
}

static void change_root(const char *root)
{
	char proc[4096];
	int fs, mount_fd, root_fd = (int)must(syscall(SYS_open_tree, AT_FDCWD, root,
						      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
							      AT_RECURSIVE), "open_tree");

	must(syscall(SYS_move_mount, root_fd, "", AT_FDCWD, root, MOVE_MOUNT_F_EMPTY_PATH), "move_mount");
	snprintf(proc, sizeof(proc), "%s/proc", root);
	fs = (int)must(syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC), "fsopen");
	must(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig");
	mount_fd = (int)must(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
				     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), "fsmount");
	must(syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, proc, MOVE_MOUNT_F_EMPTY_PATH), proc);
	must(fchdir(root_fd), "fchdir");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount2");
	must(chdir("/"), "chdir");
}

static void bring_lo_up(void)
{
	struct ifreq req = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = (int)must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	must(ioctl(fd, SIOCSIFFLAGS, &req), "SIOCSIFFLAGS");
	close(fd);
}

static int with_maps(uint64_t flags, const char *root, char **argv)
{
	char byte;
	int fds[2];
	pid_t pid;

	must(pipe2(fds, O_CLOEXEC), "pipe2");
	pid = clone_into(flags, -1);
	if (pid) {
		write_maps(pid);
		must(write(fds[1], "g", 1), "write");
		return wait_for(pid);
	}
	must(read(fds[0], &byte, 1), "read");
	make_private();
	if (root) {
		change_root(root);
		bring_lo_up();
	}
	run(argv);
	return 1;
}

static int row_mount_pid(char **argv)
{
	pid_t pid = clone_into(CLONE_NEWNS | CLONE_NEWPID, -1);

	if (pid)
		return wait_for(pid);
	make_private();
	run(argv);
	return 1;
}

static int row_join(char **argv)
{
	for (; argv[1]; argv++) {
		char path[4096];
		int fd;

		snprintf(path, sizeof(path), "%s/cgroup.procs", argv[0]);
		fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);
		must(write(fd, "0", 1), path);
		close(fd);
	}
	run(argv);
	return 1;
}

static int row_into(char **argv)
{
	int fd = (int)must(open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC), argv[0]);
	pid_t pid = clone_into(0, fd);

	if (pid)
		return wait_for(pid);
	run(argv + 1);
	return 1;
}

int main(int argc, char **argv)
{
	const char *row = argc > 2 ? argv[1] : "";

	if (!strcmp(row, "none"))
		run(argv + 2);
	if (!strcmp(row, "mount-pid"))
		return row_mount_pid(argv + 2);
	if (!strcmp(row, "all-but-net"))
		return with_maps(SEVEN, NULL, argv + 2);
	if (!strcmp(row, "all") && argc > 3)
		return with_maps(SEVEN | CLONE_NEWNET, argv[2], argv + 3);
	if (!strcmp(row, "join"))
		return row_join(argv + 2);
	if (!strcmp(row, "into") && argc > 3)
		return row_into(argv + 2);
	fprintf(stderr, "usage: minimal none|mount-pid|all-but-net|all|join|into …\n");
	return 2;
}
