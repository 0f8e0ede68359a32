/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every system call that ringfence makes, under the kernel's name, one to one. All return >= 0 or
 * -errno, and all leave their trace record (sys/trace.h). Descriptors are always close-on-exec.
 */
#ifndef LIB_SYS_SYS_H
#define LIB_SYS_SYS_H

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "sys/decode.h"
#include "sys/trace.h"
#include "sys/uapi.h"

/* file.c */
int sys_openat(int dirfd, const char *path, int flags, mode_t mode);
/* Of what an earlier call of the plan has made or mounted: a dry run does not look for it. */
int sys_openat_made(int dirfd, const char *path, int flags);
/* Of what is mostly not there: that it is not leaves no record, unless each call does, and costs no words. */
int sys_openat_rare(int dirfd, const char *path, int flags);
int sys_openat2(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve);
int sys_close(int fd);
ssize_t sys_read(int fd, void *buf, size_t len);
/* As sys_read(), of a pipe: what is read is gone, and may have to be waited for. Not in a dry run. */
ssize_t sys_take(int fd, void *buf, size_t len);
ssize_t sys_pread(int fd, void *buf, size_t len, off_t off);
ssize_t sys_write(int fd, const void *buf, size_t len);
ssize_t sys_pwrite(int fd, const void *buf, size_t len, off_t off);
off_t sys_lseek(int fd, off_t off, int whence);
int sys_fstat(int fd, struct stat *ret_st);
int sys_fstatat(int dirfd, const char *path, struct stat *ret_st, int flags);
int sys_fstatfs(int fd, struct statfs *ret_fs);
int sys_faccessat(int dirfd, const char *path, int mode);
ssize_t sys_readlinkat(int dirfd, const char *path, char *buf, size_t size);
int sys_mkdirat(int dirfd, const char *path, mode_t mode);
int sys_unlinkat(int dirfd, const char *path, int flags);
int sys_renameat2(int olddir, const char *oldpath, int newdir, const char *newpath, unsigned flags);
int sys_linkat(int olddir, const char *oldpath, int newdir, const char *newpath, int flags);
int sys_symlinkat(const char *target, int dirfd, const char *path);
int sys_mknodat(int dirfd, const char *path, mode_t mode, dev_t dev);
int sys_fchmod(int fd, mode_t mode);
int sys_fchmodat(int dirfd, const char *path, mode_t mode);
int sys_fchown(int fd, uid_t uid, gid_t gid);
int sys_fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags);
int sys_utimensat(int dirfd, const char *path, const struct timespec times[2], int flags);
int sys_fsetxattr(int fd, const char *name, const void *value, size_t len);
int sys_lsetxattr(const char *path, const char *name, const void *value, size_t len);
ssize_t sys_lgetxattr(const char *path, const char *name, void *buf, size_t size);
ssize_t sys_llistxattr(const char *path, char *buf, size_t size);
/* Let `to_fd` share the blocks of `from_fd`; most file systems can't: -EOPNOTSUPP. */
int sys_clone_file(int to_fd, int from_fd);
int sys_ftruncate(int fd, off_t len);
int sys_fsync(int fd);
int sys_syncfs(int fd);
int sys_flock(int fd, int operation);
int sys_get_cloexec(int fd);
int sys_set_cloexec(int fd, bool on);
int sys_pipe(int ret_fds[2]);
int sys_memfd_create(const char *name);
/* Nothing can be written to this file of memfd_create() any more, nor its size changed. */
int sys_seal(int fd);
/* A counter that the kernel adds to; reading never waits: -EAGAIN. */
int sys_eventfd(void);
/* Reading never waits: -EAGAIN. */
int sys_inotify_init(void);
int sys_inotify_add_watch(int fd, const char *path, uint32_t mask);
/* Takes over `fd`; NULL with *ret_err set where it fails. */
DIR *sys_fdopendir(int fd, int *ret_err);

/* process.c */
int sys_unshare(uint64_t flags);
/* clone3(2) with exit signal SIGCHLD, into the group of cgroup_fd where that is >= 0. */
pid_t sys_clone3(uint64_t flags, int cgroup_fd);
pid_t sys_fork(void);
/* A sibling: the new process is a child of the caller's parent. */
pid_t sys_clone_parent(void);
int sys_execveat(int fd, char *const argv[], char *const envp[]);
int sys_execvpe(const char *file, char *const argv[], char *const envp[]);
pid_t sys_waitpid(pid_t pid, int *ret_status, int options);
pid_t sys_wait4(pid_t pid, int *ret_status, int options, struct rusage *ret_usage);
int sys_pidfd_open(pid_t pid);
int sys_pidfd_send_signal(int pidfd, int sig);
int sys_kill(pid_t pid, int sig);
int sys_prctl(const char *name, int option, unsigned long a, unsigned long b);
int sys_seccomp_filter(unsigned flags, const struct sock_fprog *prog);
/* Load it and send its listener in `message`, whose address the filter may know; the listener. */
int sys_seccomp_listen(unsigned flags, const struct sock_fprog *prog, int socket_fd,
		       const struct msghdr *message);
int sys_setresuid(uid_t r, uid_t e, uid_t s);
int sys_setresgid(gid_t r, gid_t e, gid_t s);
int sys_setgroups(size_t n, const gid_t *list);
/* For access to files only. The kernel reports no failure; -EPERM where the id is not taken on. */
int sys_setfsuid(uid_t uid);
int sys_setfsgid(gid_t gid);
/* The mask before. */
int sys_umask(mode_t mask);
int sys_sethostname(const char *name);
int sys_uname(struct utsname *ret_name);
int sys_close_range(unsigned first, unsigned last, unsigned flags);
int sys_chdir(const char *path);
int sys_fchdir(int fd);
int sys_sigprocmask(int how, const sigset_t *set, sigset_t *ret_old);
int sys_sigwaitinfo(const sigset_t *set, siginfo_t *ret_info);
/* -EAGAIN where the time is up. */
int sys_sigtimedwait(const sigset_t *set, siginfo_t *ret_info, const struct timespec *timeout);
/* Have SIGIO sent to this process when there is something to read; reading no longer waits. */
int sys_set_async(int fd);
int sys_poll(struct pollfd *fds, unsigned n, int timeout_ms);
/* The id of the mount that an open file stands on (5.8). */
int sys_statx_mount(int fd, uint64_t *ret_id);
int sys_getrlimit(int resource, struct rlimit *ret_limit);
int sys_signal_default(int sig);
/* Without SA_RESTART: a wait under way ends. */
int sys_signal_handler(int sig, void (*handler)(int));
int sys_signal_ignore(int sig);
/* For what carries the records themselves: past the seam, whole messages, no errors but the end. */
/* For a dry run: what `path` is below this directory, or the file itself where it is empty; false: nothing is there. */
bool sys_quiet_look(const char *root, const char *path, struct stat *ret_st);
void sys_quiet_send(int fd, const void *data, size_t len);
bool sys_quiet_receive(int fd, void *data, size_t len);
/* A signal that came while it was blocked, is not ignored and asks a program to end; 0: none. */
int sys_quiet_ending(void);
/* Set IFF_UP on the interface by an ioctl on a throw-away socket. */
int sys_link_up(const char *ifname);

/* socket.c; `words` is the address for the records */
struct sockaddr;
int sys_socket(int domain, int type);
int sys_bind(int fd, const struct sockaddr *address, unsigned len, const char *words);
int sys_connect(int fd, const struct sockaddr *address, unsigned len, const char *words);
int sys_listen(int fd, int backlog);
/* Reading and writing on it never wait. */
int sys_accept(int fd);
int sys_reuse_address(int fd);

/* attributes.c; `name`, `words` and such are what the record says in place of numbers */
struct sys_sched_attr { /* struct sched_attr of sched_setattr(2), with the fields of 5.3 */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* nanoseconds */
	uint32_t util_min, util_max;
};
int sys_prlimit_get(pid_t pid, const char *name, int resource, struct rlimit64 *ret);
int sys_prlimit_set(const char *name, int resource, const struct rlimit64 *want);
int sys_setpriority(int nice);
int sys_getpriority(void); /* -20 to 19; 0 where it can't be asked */
int sys_sched_setattr(const struct sys_sched_attr *attr);
int sys_sched_getattr(pid_t pid, struct sys_sched_attr *ret);
/* How many CPUs this thread may run on; 1 where that can't be told. */
int sys_count_cpus(void);
int sys_sched_setaffinity(size_t size, const unsigned long *mask);
int sys_ioprio_set(int ioprio);
int sys_ioprio_get(pid_t pid);
int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long bits);
/* Of the calling thread. */
int sys_get_mempolicy(int *ret_mode, unsigned long *nodes, unsigned long bits);
int sys_personality(unsigned long persona);
int sys_personality_get(void);
/* A prctl(2) that only looks. */
int sys_prctl_get(const char *name, int option, unsigned long a, unsigned long b, unsigned long c,
		  unsigned long d);
int sys_core_sched(const char *word, int command, pid_t pid);

/* priv.c */
/* The ABI number that the running kernel has, from 1. */
int sys_landlock_abi(void);
int sys_landlock_create_ruleset(const struct sys_landlock_ruleset *rules);
int sys_landlock_add_path(int ruleset_fd, uint64_t allowed, int path_fd);
int sys_landlock_add_port(int ruleset_fd, uint64_t allowed, uint16_t port);
int sys_landlock_restrict_self(int ruleset_fd, unsigned flags);
/* For a supervisor: the next call that waits, and the answer to one. */
int sys_seccomp_receive(int listener_fd, struct seccomp_notif *ret_call);
int sys_seccomp_send(int listener_fd, struct seccomp_notif_resp *answer);
int sys_seccomp_id_valid(int listener_fd, uint64_t id);
int sys_socketpair(int ret_fds[2]);
/* A descriptor from a message of one byte; -ENODATA: there comes none. */
int sys_receive_fd(int socket_fd);
int sys_signalfd(const sigset_t *set);

/* ns.c */
int sys_setns(int fd, uint64_t flags);
int sys_chroot(const char *path);
/* The length with the NUL. Outside of the root the text begins with "(unreachable)". */
int sys_getcwd(char *buf, size_t size);
/* Of a namespace: the user namespace that owns it, its parent, its CLONE_NEW… flag. */
int sys_ns_get_userns(int ns_fd);
int sys_ns_get_parent(int ns_fd);
int sys_ns_get_type(int ns_fd);
int sys_ns_get_owner_uid(int ns_fd, uint32_t *ret_uid);
/* Its 64-bit id, never given out twice (6.18). */
int sys_ns_get_id(int ns_fd, uint64_t *ret_id);
/* The namespace of this id (6.19; 6.18 wants kind and inode as well). -ESTALE: there is none. */
int sys_ns_open(uint64_t id, uint64_t kind, uint32_t inode);
/* The ids above `after` of the namespaces that the caller may list, ascending: how many (6.19). */
ssize_t sys_listns(uint64_t after, uint64_t *ids, size_t n);
/* The network namespace of a socket (4.9). */
int sys_pidfd_getfd(int pidfd, int target_fd); /* a descriptor of that process; 5.6 */
int sys_socket_get_netns(int socket_fd);

/* tty.c */
struct termios;
struct winsize;
int sys_setsid(void);
int sys_dup2(int fd, int to); /* `to` stays open at exec */
/* Readable while a signal of the set is pending. */
int sys_pty_unlock(int master_fd);
int sys_pty_number(int master_fd, unsigned *ret_number);
/* The other side of the pair, without a path to it (4.13). */
int sys_pty_peer(int master_fd);
/* Make it the controlling terminal of this session's leader. */
int sys_tty_control(int fd);
/* The foreground process group. */
int sys_tty_group(int fd);
int sys_tty_get_size(int fd, struct winsize *ret_size);
int sys_tty_set_size(int fd, const struct winsize *size);
int sys_tty_get(int fd, struct termios *ret_settings);
int sys_tty_set(int fd, const struct termios *settings);

/* mount.c */
int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *data);
int sys_umount2(const char *target, int flags);
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_open_tree(int dirfd, const char *path, unsigned flags);
int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int sys_fsopen(const char *type);
int sys_fsconfig_string(int fs_fd, const char *key, const char *value);
int sys_fsconfig_flag(int fs_fd, const char *key);
int sys_fsconfig_create(int fs_fd);
int sys_fsmount(int fs_fd, uint64_t attrs);
int sys_mount_setattr(int dirfd, const char *path, unsigned flags, uint64_t set, uint64_t clear,
		      uint64_t propagation);
/* Set the id map of the user namespace on a detached mount; with AT_RECURSIVE below, too. */
int sys_mount_setattr_idmap(int tree_fd, int userns_fd, unsigned flags);

#endif
