// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The floor of the benchmark: the system calls that a row of it can't be done without, made with
 * nothing around them; no option, no message, no clean-up, no supervisor. Not an example to follow.
 *
 *	minimal none PROGRAM		exec
 *	minimal no-new-privs PROGRAM	prctl, exec
 *	minimal mount-pid PROGRAM	clone3 into two namespaces, private mounts, exec
 *	minimal all-but-net PROGRAM	seven namespaces, id maps, private mounts, exec
 *	minimal all ROOT PROGRAM	eight, the same with ROOT as / and a new /proc, lo up
 *	minimal binds ROOT N DIR PROGRAM	user and mount namespace, ROOT as /, DIR on /1, /2 … /N
 *	minimal enter PID PROGRAM	setns into all namespaces of PID, fork, exec
 *	minimal join DIR… PROGRAM	cgroup v1: write oneself into cgroup.procs of each, exec
 *	minimal into DIR PROGRAM	cgroup v2: clone3 into the group, exec
 *	minimal set FILE VALUE		open, write, close
 *	minimal get FILE		open, read, close, write to standard output
 *	minimal mkdir DIR…		one mkdir each
 *	minimal rmdir DIR…		one rmdir each
 *
 * `minimal init ROW …` leaves a first process between, which waits for the program; it is what a
 * pid namespace gets from nsrun and from bwrap.
 *
 *	minimal mounts DIR N PROGRAM…	no row: makes N mounts below DIR for PROGRAM, in a mount
 *					namespace of its own
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/uapi.h"

#define SEVEN                                                                                      \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID |                \
	 CLONE_NEWCGROUP | CLONE_NEWTIME)

static bool with_init;

static long must(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		_exit(1);
	}
	return result;
}

static int number(const char *word)
{
	return (int)strtol(word, NULL, 10);
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

static int wait_for(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0), "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void run(char **argv)
{
	pid_t pid = with_init ? clone_into(0, -1) : 0;

	if (pid)
		_exit(wait_for(pid));
	must(execv(argv[0], argv), argv[0]);
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

static void write_maps(pid_t pid, uid_t uid, gid_t gid)
{
	char text[32];

	write_file(pid, "setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1", uid);
	write_file(pid, "uid_map", text);
	snprintf(text, sizeof(text), "0 %u 1", gid);
	write_file(pid, "gid_map", text);
}

static int clone_tree(const char *from)
{
	return (int)must(syscall(SYS_open_tree, AT_FDCWD, from,
				 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE), "open_tree");
}

/* A copy of the tree at `from` on `to`; returns it. */
static int bind_tree(const char *from, const char *to)
{
	int fd = clone_tree(from);

	must(syscall(SYS_move_mount, fd, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH), to);
	return fd;
}

static void mount_proc(const char *root)
{
	char proc[4096];
	int fs, mount_fd;

	snprintf(proc, sizeof(proc), "%s/proc", root);
	fs = (int)must(syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC), "fsopen");
	must(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig");
	mount_fd = (int)must(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
				     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), "fsmount");
	must(syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, proc, MOVE_MOUNT_F_EMPTY_PATH), proc);
}

static void change_root(int root_fd)
{
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

/* In the child: with its maps written, after which it goes on. The caller waits for it and is done. */
static void fork_with_maps(uint64_t flags)
{
	char byte;
	int fds[2];
	pid_t pid;

	must(pipe2(fds, O_CLOEXEC), "pipe2");
	pid = clone_into(flags, -1);
	if (pid) {
		write_maps(pid, geteuid(), getegid());
		must(write(fds[1], "g", 1), "write");
		_exit(wait_for(pid));
	}
	must(read(fds[0], &byte, 1), "read");
	make_private();
}

static int row_all_but_net(char **argv)
{
	fork_with_maps(SEVEN);
	run(argv);
	return 1;
}

static int row_all(char **argv)
{
	int root_fd;

	fork_with_maps(SEVEN | CLONE_NEWNET);
	root_fd = bind_tree(argv[0], argv[0]);
	mount_proc(argv[0]);
	change_root(root_fd);
	bring_lo_up();
	run(argv + 1);
	return 1;
}

/* What is mounted is opened outside, where it goes is looked for inside the new root. */
static void bind_inside(int root_fd, int tree_fd, const char *to)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)must(syscall(SYS_openat2, root_fd, to, &how, sizeof(how)), to);

	must(syscall(SYS_move_mount, tree_fd, "", fd, "",
		     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), to);
	close(fd);
	close(tree_fd);
}

static int row_binds(char **argv)
{
	char to[16];
	int root_fd, n = number(argv[1]), *trees = calloc((size_t)n + 1, sizeof(*trees));
	uid_t uid = geteuid();
	gid_t gid = getegid();

	must(unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare");
	write_maps(getpid(), uid, gid);
	make_private();
	root_fd = bind_tree(argv[0], argv[0]);
	for (int i = 1; i <= n; i++)
		trees[i] = clone_tree(argv[2]);
	for (int i = 1; i <= n; i++) {
		snprintf(to, sizeof(to), "%d", i);
		bind_inside(root_fd, trees[i], to);
	}
	change_root(root_fd);
	run(argv + 3);
	return 1;
}

static int row_mounts(char **argv)
{
	char to[4096];
	int n = number(argv[1]);

	must(unshare(CLONE_NEWNS), "unshare");
	make_private();
	must(mount("tmpfs", argv[0], "tmpfs", 0, NULL), argv[0]);
	for (int i = 1; i <= n; i++) {
		snprintf(to, sizeof(to), "%s/%d", argv[0], i);
		must(mkdir(to, 0755), to);
		must(mount("tmpfs", to, "tmpfs", 0, "size=4k"), to);
	}
	run(argv + 2);
	return 1;
}

static int row_enter(char **argv)
{
	int fd = (int)must(syscall(SYS_pidfd_open, number(argv[0]), 0), "pidfd_open");
	pid_t pid;

	must(setns(fd, SEVEN | CLONE_NEWNET), "setns");
	pid = clone_into(0, -1);
	if (pid)
		return wait_for(pid);
	run(argv + 1);
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

static int row_set(char **argv)
{
	int fd = (int)must(open(argv[0], O_WRONLY | O_CLOEXEC), argv[0]);

	must(write(fd, argv[1], strlen(argv[1])), argv[0]);
	close(fd);
	return 0;
}

static int row_get(char **argv)
{
	char text[4096];
	int fd = (int)must(open(argv[0], O_RDONLY | O_CLOEXEC), argv[0]);
	ssize_t n = must(read(fd, text, sizeof(text)), argv[0]);

	close(fd);
	must(write(STDOUT_FILENO, text, (size_t)n), "write");
	return 0;
}

static int row_mkdir(char **argv)
{
	for (; *argv; argv++)
		must(mkdir(*argv, 0755), *argv);
	return 0;
}

static int row_rmdir(char **argv)
{
	for (; *argv; argv++)
		must(rmdir(*argv), *argv);
	return 0;
}

static int row_no_new_privs(char **argv)
{
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
	run(argv);
	return 1;
}

static int row_none(char **argv)
{
	run(argv);
	return 1;
}

static const struct {
	const char *name;
	int args; /* before PROGRAM, or before the last one */
	int (*run)(char **argv);
} rows[] = {
	{"none", 0, row_none},
	{"no-new-privs", 0, row_no_new_privs},
	{"mount-pid", 0, row_mount_pid},
	{"all-but-net", 0, row_all_but_net},
	{"all", 1, row_all},
	{"binds", 3, row_binds},
	{"enter", 1, row_enter},
	{"join", 1, row_join},
	{"into", 1, row_into},
	{"mounts", 2, row_mounts},
	{"set", 1, row_set},
	{"get", 0, row_get},
	{"mkdir", 0, row_mkdir},
	{"rmdir", 0, row_rmdir},
};

int main(int argc, char **argv)
{
	with_init = argc > 1 && !strcmp(argv[1], "init");
	argv += with_init;
	argc -= with_init;
	for (size_t i = 0; argc > 2 && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].name, argv[1]) && argc > 2 + rows[i].args)
			return rows[i].run(argv + 2);
	fprintf(stderr, "usage: minimal [init] none|no-new-privs|mount-pid|all-but-net|all|binds|enter|join|into|mounts|set|get|mkdir|rmdir …\n");
	return 2;
}
