// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Groups of system calls by what they are for, as profiles name them: @file-read. Made from the
 * kernel's tables of system calls; a call may be in several groups. Names that only other
 * architectures have stand here too, since a profile leaves out what a machine does not know.
 */
#include "priv/seccomp.h"

#include "base/cleanup.h"
#include "base/str.h"

static const char *const basic_calls[] = {
	"execve", "execveat", "exit", "exit_group", "brk", "mmap", "munmap", "mprotect", "mremap",
	"madvise", "arch_prctl", "set_tid_address", "set_robust_list", "get_robust_list", "rseq",
	"getrandom", "read", "write", "readv", "writev", "close", "fstat", "newfstatat", "statx",
	"lseek", "pread64", "pwrite64", "access", "faccessat", "faccessat2", "openat", "open",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "restart_syscall", "sigaltstack",
	"futex", "futex_waitv", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid",
	"getegid", "prlimit64", "getrlimit", "uname", "sysinfo", "fcntl", "ioctl", "dup", "dup2",
	"dup3", "poll", "getcwd", "sched_yield", "membarrier", "mseal", "riscv_flush_icache",
	"riscv_hwprobe", NULL,
};

static const char *const file_read_calls[] = {
	"open", "openat", "openat2", "read", "readv", "pread64", "preadv", "preadv2", "lseek",
	"stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "statmount",
	"listmount", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents",
	"getdents64", "getcwd", "chdir", "fchdir", "close", "close_range", "getxattr",
	"lgetxattr", "fgetxattr", "getxattrat", "listxattr", "llistxattr", "flistxattr",
	"listxattrat", "readahead", "fadvise64", "name_to_handle_at", "file_getattr", "cachestat",
	NULL,
};

static const char *const file_write_calls[] = {
	"creat", "write", "writev", "pwrite64", "pwritev", "pwritev2", "truncate", "ftruncate",
	"fallocate", "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "link",
	"linkat", "symlink", "symlinkat", "unlink", "unlinkat", "mknod", "mknodat", "chmod",
	"fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime",
	"utimes", "utimensat", "futimesat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat",
	"removexattr", "lremovexattr", "fremovexattr", "removexattrat", "umask", "fsync",
	"fdatasync", "sync", "syncfs", "sync_file_range", "flock", "copy_file_range", "sendfile",
	"splice", "tee", "vmsplice", "file_setattr", NULL,
};

static const char *const descriptors_calls[] = {
	"dup", "dup2", "dup3", "fcntl", "ioctl", "pipe", "pipe2", "poll", "ppoll", "select",
	"pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_wait",
	"epoll_wait_old", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "signalfd",
	"signalfd4", "timerfd_create", "timerfd_settime", "timerfd_gettime", "inotify_init",
	"inotify_init1", "inotify_add_watch", "inotify_rm_watch", "memfd_create", "memfd_secret",
	"close", "close_range", NULL,
};

static const char *const sockets_calls[] = {
	"socket", "socketpair", "bind", "listen", "accept", "accept4", "connect", "getsockname",
	"getpeername", "getsockopt", "setsockopt", "send", "sendto", "sendmsg", "sendmmsg",
	"recv", "recvfrom", "recvmsg", "recvmmsg", "shutdown", NULL,
};

static const char *const memory_calls[] = {
	"brk", "mmap", "munmap", "mprotect", "pkey_alloc", "pkey_free", "pkey_mprotect", "mremap",
	"madvise", "process_madvise", "mincore", "mlock", "mlock2", "mlockall", "munlock",
	"munlockall", "msync", "membarrier", "mseal", "map_shadow_stack", "remap_file_pages",
	"get_mempolicy", "set_mempolicy", "mbind", "set_mempolicy_home_node", NULL,
};

static const char *const signals_calls[] = {
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend",
	"rt_sigtimedwait", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sigaltstack", "kill", "tkill",
	"tgkill", "pause", "pidfd_send_signal", "restart_syscall", NULL,
};

static const char *const process_calls[] = {
	"clone", "clone3", "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4",
	"waitid", "set_tid_address", "set_robust_list", "get_robust_list", "rseq", "futex",
	"futex_waitv", "futex_wake", "futex_wait", "futex_requeue", "getpid", "gettid", "getppid",
	"getpgid", "getpgrp", "setpgid", "getsid", "setsid", "pidfd_open", "prctl", "arch_prctl",
	"getrusage", "times", "getrlimit", "setrlimit", "prlimit64", "getpriority", "setpriority",
	"sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam",
	"sched_setparam", "sched_getscheduler", "sched_setscheduler", "sched_getattr",
	"sched_setattr", "sched_get_priority_max", "sched_get_priority_min",
	"sched_rr_get_interval", "ioprio_get", "ioprio_set", "getcpu", "uname", "sysinfo", NULL,
};

static const char *const ids_calls[] = {
	"getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "setuid",
	"setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
	"setgroups", "capget", NULL,
};

static const char *const time_calls[] = {
	"time", "gettimeofday", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
	"alarm", "getitimer", "setitimer", "timer_create", "timer_delete", "timer_settime",
	"timer_gettime", "timer_getoverrun", "timerfd_create", "timerfd_settime",
	"timerfd_gettime", NULL,
};

static const char *const ipc_calls[] = {
	"msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl",
	"shmget", "shmat", "shmdt", "shmctl", "mq_open", "mq_unlink", "mq_timedsend",
	"mq_timedreceive", "mq_notify", "mq_getsetattr", NULL,
};

static const char *const aio_calls[] = {
	"io_setup", "io_destroy", "io_submit", "io_cancel", "io_getevents", "io_pgetevents",
	"io_uring_setup", "io_uring_enter", "io_uring_register", NULL,
};

static const char *const sandbox_calls[] = {
	"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
	"capset", NULL,
};

static const char *const mount_calls[] = {
	"mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount",
	"fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", NULL,
};

static const char *const namespaces_calls[] = {
	"unshare", "setns", NULL,
};

static const char *const clock_calls[] = {
	"settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "stime", NULL,
};

static const char *const module_calls[] = {
	"init_module", "finit_module", "delete_module", NULL,
};

static const char *const raw_io_calls[] = {
	"ioperm", "iopl", "pciconfig_iobase", "pciconfig_read", "pciconfig_write",
	"s390_pci_mmio_read", "s390_pci_mmio_write", NULL,
};

static const char *const reboot_calls[] = {
	"reboot", "kexec_load", "kexec_file_load", NULL,
};

static const char *const swap_calls[] = {
	"swapon", "swapoff", NULL,
};

static const char *const keyring_calls[] = {
	"add_key", "request_key", "keyctl", NULL,
};

static const char *const debug_calls[] = {
	"ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd",
	"perf_event_open", "lookup_dcookie", "process_mrelease", NULL,
};

static const char *const bpf_calls[] = {
	"bpf", "userfaultfd", NULL,
};

static const char *const privileged_calls[] = {
	"acct", "quotactl", "quotactl_fd", "sethostname", "setdomainname", "syslog", "vhangup",
	"fanotify_init", "fanotify_mark", "open_by_handle_at", "migrate_pages", "move_pages",
	"nfsservctl", "lsm_set_self_attr", NULL,
};

static const char *const obsolete_calls[] = {
	"_sysctl", "afs_syscall", "bdflush", "break", "create_module", "ftime", "get_kernel_syms",
	"getpmsg", "gtty", "idle", "lock", "modify_ldt", "mpx", "prof", "profil", "putpmsg",
	"query_module", "security", "sgetmask", "ssetmask", "stty", "sysfs", "tuxcall", "ulimit",
	"uselib", "ustat", "vserver", NULL,
};

static const struct rf_seccomp_group groups[] = {
	{"basic", "What every program needs to start, to run and to end.",
	 basic_calls},
	{"file-read", "Opening and looking at files and directories.",
	 file_read_calls},
	{"file-write", "Changing files and directories, their names, owners, times and attributes.",
	 file_write_calls},
	{"descriptors", "Copying, waiting on and making descriptors that are no files.",
	 descriptors_calls},
	{"sockets", "Talking through sockets of any family.",
	 sockets_calls},
	{"memory", "Mapping memory, protecting it and advising on it.",
	 memory_calls},
	{"signals", "Sending, handling and awaiting signals.",
	 signals_calls},
	{"process", "Making processes and threads, and waiting for them.",
	 process_calls},
	{"ids", "Reading and changing the users and groups that a process acts as.",
	 ids_calls},
	{"time", "Reading clocks, sleeping and timers.",
	 time_calls},
	{"ipc", "System V and POSIX message queues, semaphores and shared memory.",
	 ipc_calls},
	{"aio", "Asynchronous input and output; io_uring does calls that no filter sees.",
	 aio_calls},
	{"sandbox", "Giving up privilege.",
	 sandbox_calls},
	{"mount", "Mounting, unmounting and changing roots.",
	 mount_calls},
	{"namespaces", "Making and entering namespaces.",
	 namespaces_calls},
	{"clock", "Setting the system's clocks.",
	 clock_calls},
	{"module", "Loading and removing kernel modules.",
	 module_calls},
	{"raw-io", "Reaching the hardware's ports and memory.",
	 raw_io_calls},
	{"reboot", "Restarting the machine, and loading another kernel.",
	 reboot_calls},
	{"swap", "Switching swap areas on and off.",
	 swap_calls},
	{"keyring", "The kernel's store of keys.",
	 keyring_calls},
	{"debug", "Looking into other processes and measuring the system.",
	 debug_calls},
	{"bpf", "Programs in the kernel, and user-mode page faults.",
	 bpf_calls},
	{"privileged", "Administration of other kinds: accounting, quotas, host names, tracing of file access.",
	 privileged_calls},
	{"obsolete", "Calls that no present program needs, or that only return an error.",
	 obsolete_calls},
	{0},
};

const struct rf_seccomp_group *rf_seccomp_groups(void)
{
	return groups;
}

const char *const *seccomp_group(const char *name)
{
	for (const struct rf_seccomp_group *g = groups; g->name; g++)
		if (str_eq(g->name, name))
			return g->calls;
	return NULL;
}
