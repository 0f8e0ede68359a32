// SPDX-License-Identifier: GPL-2.0-or-later
/* How each call is written in C. */
#include "emit-c.h"

#include <stddef.h>
#include <string.h>

static const char must_be_procfs[] =
	"/* Whoever mounts something else on /proc could have us write into any file. */\n"
	"static void must_be_procfs(int fd)\n"
	"{\n"
	"	struct statfs fs;\n"
	"\n"
	"	must(fstatfs(fd, &fs), \"fstatfs\");\n"
	"	if (fs.f_type != PROC_SUPER_MAGIC)\n"
	"		must((errno = EXDEV, -1), \"/proc is not a proc file system\");\n"
	"}\n";

static const char must_be_directory[] =
	"static void must_be_directory(const char *path)\n"
	"{\n"
	"	struct stat st;\n"
	"\n"
	"	must(fstatat(AT_FDCWD, path, &st, 0), path);\n"
	"	if (!S_ISDIR(st.st_mode))\n"
	"		must((errno = ENOTDIR, -1), path);\n"
	"}\n";

static const char detach_old_proc[] =
	"/* Or umount(8) would bring it to light again. EINVAL: the kernel has locked it, in a user namespace. */\n"
	"static void detach_old_proc(const char *path)\n"
	"{\n"
	"	for (;;) {\n"
	"		int fd = must(openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC), path), r = 0;\n"
	"		struct statfs fs;\n"
	"\n"
	"		must(fstatfs(fd, &fs), \"fstatfs\");\n"
	"		if (fs.f_type == PROC_SUPER_MAGIC)\n"
	"			r = umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);\n"
	"		if (r < 0 && errno != EINVAL)\n"
	"			must(r, \"umount2\");\n"
	"		close(fd);\n"
	"		if (r < 0 || fs.f_type != PROC_SUPER_MAGIC)\n"
	"			return;\n"
	"	}\n"
	"}\n";

static const char detach_covered[] =
	"static unsigned long long mount_of(int fd)\n"
	"{\n"
	"	struct statx st;\n"
	"\n"
	"	must(statx(fd, \"\", AT_EMPTY_PATH, STATX_MNT_ID, &st), \"statx\");\n"
	"	return st.stx_mnt_id;\n"
	"}\n"
	"\n"
	"/* On the new root's own root lies what it had covered there: \".\" means the topmost. */\n"
	"static void detach_covered(int root_fd)\n"
	"{\n"
	"	unsigned long long own = mount_of(root_fd);\n"
	"\n"
	"	for (;;) {\n"
	"		int fd = must(openat(AT_FDCWD, \"/..\", O_PATH | O_DIRECTORY | O_CLOEXEC), \"openat /..\");\n"
	"		unsigned long long top = mount_of(fd);\n"
	"\n"
	"		if (top != own)\n"
	"			must(umount2(\".\", MNT_DETACH), \"umount2\");\n"
	"		close(fd);\n"
	"		if (top == own)\n"
	"			return;\n"
	"	}\n"
	"}\n";

static const char or_there[] =
	"/* It was missing when this was printed; it may be there by now. */\n"
	"static int or_there(int result)\n"
	"{\n"
	"	return result < 0 && errno == EEXIST ? 0 : result;\n"
	"}\n";

static const char not_run[] =
	"static _Noreturn void not_run(const char *program)\n"
	"{\n"
	"	int code = errno == ENOENT ? 127 : 126;\n"
	"\n"
	"	perror(program);\n"
	"	_exit(code);\n"
	"}\n";

static const char set_capabilities[] =
	"struct capabilities {\n"
	"	uint64_t effective, permitted, inheritable;\n"
	"};\n"
	"\n"
	"static void set_capabilities(struct capabilities c)\n"
	"{\n"
	"	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};\n"
	"	struct __user_cap_data_struct data[2];\n"
	"\n"
	"	for (int i = 0; i < 2; i++) {\n"
	"		data[i].effective = (uint32_t)(c.effective >> 32 * i);\n"
	"		data[i].permitted = (uint32_t)(c.permitted >> 32 * i);\n"
	"		data[i].inheritable = (uint32_t)(c.inheritable >> 32 * i);\n"
	"	}\n"
	"	must(syscall(SYS_capset, &header, data), \"capset\");\n"
	"}\n";

/* A function that changes each word of its own capabilities; what follows that is the macro's user's. */
#define CHANGE_CAPABILITIES(name, change)                                                                    \
	"static void " name "(void)\n"                                                                       \
	"{\n"                                                                                                \
	"	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};\n"         \
	"	struct __user_cap_data_struct data[2];\n"                                                     \
	"\n"                                                                                                 \
	"	must(syscall(SYS_capget, &header, data), \"capget\");\n"                                      \
	"	for (int i = 0; i < 2; i++)\n"                                                                \
	"		" change ";\n"                                                                         \
	"	must(syscall(SYS_capset, &header, data), \"capset\");\n"

static const char keep_capabilities[] =
	"/* Inheritable, then ambient: what an exec by an id other than 0 leaves. */\n"
	CHANGE_CAPABILITIES("keep_capabilities", "data[i].inheritable = data[i].permitted")
	"	for (unsigned cap = 0; cap < 64; cap++)\n"
	"		if (data[cap / 32].permitted >> cap % 32 & 1)\n"
	"			must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0), \"ambient set\");\n"
	"}\n";

static const char raise_effective[] =
	CHANGE_CAPABILITIES("raise_effective", "data[i].effective = data[i].permitted") "}\n";

static const char inherit_none[] =
	CHANGE_CAPABILITIES("inherit_none", "data[i].inheritable = 0") "}\n";

static const char hold_userns[] =
	"/* A process in a new user namespace, until the other end of the pipe is closed: its maps are what is wanted. */\n"
	"static pid_t hold_userns(const int hold[2], struct clone_args args)\n"
	"{\n"
	"	pid_t pid = must(syscall(SYS_clone3, &args, sizeof(args)), \"clone3\");\n"
	"	char byte;\n"
	"\n"
	"	if (pid)\n"
	"		return pid;\n"
	"	close(hold[1]);\n"
	"	_exit(read(hold[0], &byte, 1) != 0);\n"
	"}\n";

static const char set_scheduling[] =
	"/* As in linux/sched/types.h, which libc's sched.h can't be included with. */\n"
	"struct scheduling {\n"
	"	uint32_t size, policy;\n"
	"	uint64_t flags;\n"
	"	int32_t nice;\n"
	"	uint32_t priority;\n"
	"	uint64_t runtime, deadline, period;\n"
	"	uint32_t util_min, util_max;\n"
	"};\n"
	"\n"
	"static void set_scheduling(struct scheduling s)\n"
	"{\n"
	"	s.size = sizeof(s);\n"
	"	must(syscall(SYS_sched_setattr, 0, &s, 0), \"sched_setattr\");\n"
	"}\n";

static const char landlock_rules[] =
	"/* As in linux/landlock.h, whose fields have come one by one. */\n"
	"struct ruleset {\n"
	"	uint64_t fs, net, scoped;\n"
	"};\n"
	"struct path_rule {\n"
	"	uint64_t allowed;\n"
	"	int parent_fd;\n"
	"} __attribute__((packed));\n"
	"struct port_rule {\n"
	"	uint64_t allowed, port;\n"
	"};\n";

static const char contents[] =
	"static char *content;\n"
	"static size_t content_len;\n"
	"\n"
	"static void read_all(int fd)\n"
	"{\n"
	"	size_t room = 0, n;\n"
	"\n"
	"	content_len = 0;\n"
	"	do {\n"
	"		if (content_len == room) {\n"
	"			room = room ? room * 4 : 1024;\n"
	"			content = realloc(content, room + 1);\n"
	"			must(content ? 0 : -1, \"realloc\");\n"
	"		}\n"
	"		n = (size_t)must(read(fd, content + content_len, room - content_len), \"read\");\n"
	"		content_len += n;\n"
	"		if (content_len > 256 << 20)\n"
	"			must((errno = EFBIG, -1), \"read\");\n"
	"	} while (n);\n"
	"	content[content_len] = '\\0';\n"
	"}\n"
	"\n"
	"static void write_all(int fd, const char *text, size_t len)\n"
	"{\n"
	"	for (size_t at = 0; at < len;)\n"
	"		at += (size_t)must(write(fd, text + at, len - at), \"write\");\n"
	"}\n";

static const char tell[] =
	"static void tell_map(FILE *out, const char *name)\n"
	"{\n"
	"	unsigned inside, outside, count;\n"
	"	char path[48];\n"
	"	int used, fd;\n"
	"\n"
	"	snprintf(path, sizeof(path), \"/proc/%d/%s\", child_pid, name);\n"
	"	fd = must(openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC), path);\n"
	"	read_all(fd);\n"
	"	close(fd);\n"
	"	fprintf(out, \", \\\"%s\\\": [\", name);\n"
	"	for (char *at = content; sscanf(at, \"%u %u %u%n\", &inside, &outside, &count, &used) == 3; at += used)\n"
	"		fprintf(out, \"%s{\\\"inside\\\": %u, \\\"outside\\\": %u, \\\"count\\\": %u}\", at == content ? \"\" : \", \",\n"
	"			inside, outside, count);\n"
	"	fputs(\"]\", out);\n"
	"}\n"
	"\n"
	"/* A line of JSON: which process the child is, its namespaces, its maps. */\n"
	"static void tell(int fd)\n"
	"{\n"
	"	static const char *const kinds[] = {\"user\", \"mnt\", \"pid\", \"net\", \"ipc\", \"uts\", \"cgroup\", \"time\"};\n"
	"	int pidfd = must(pidfd_open(child_pid, 0), \"pidfd_open\");\n"
	"	char path[48], *line = NULL;\n"
	"	const char *comma = \"\";\n"
	"	struct stat st;\n"
	"	size_t len = 0;\n"
	"	FILE *out = open_memstream(&line, &len);\n"
	"\n"
	"	must(out ? 0 : -1, \"open_memstream\");\n"
	"	must(fstat(pidfd, &st), \"fstat\");\n"
	"	fprintf(out, \"{\\\"pid\\\": %d, \\\"pidfd_inode\\\": %llu\", child_pid, (unsigned long long)st.st_ino);\n"
	"	fputs(\", \\\"namespaces\\\": {\", out);\n"
	"	for (int i = 0; i < 8; i++) {\n"
	"		snprintf(path, sizeof(path), \"/proc/%d/ns/%s\", child_pid, kinds[i]);\n"
	"		if (fstatat(AT_FDCWD, path, &st, 0) < 0)\n"
	"			continue;\n"
	"		fprintf(out, \"%s\\\"%s\\\": %llu\", comma, kinds[i], (unsigned long long)st.st_ino);\n"
	"		comma = \", \";\n"
	"	}\n"
	"	fputs(\"}\", out);\n"
	"	tell_map(out, \"uid_map\");\n"
	"	tell_map(out, \"gid_map\");\n"
	"	fputs(\"}\\n\", out);\n"
	"	must(fclose(out), \"open_memstream\");\n"
	"	write_all(fd, line, len);\n"
	"	free(line);\n"
	"	close(pidfd);\n"
	"}\n";

#define CAPS "linux/capability.h stdint.h sys/syscall.h"

/* A narrower row stands before a wider one. */
static const struct emit_row rows[] = {
	/* processes */
	{"clone3", "fork", NULL, "linux/sched.h signal.h sys/syscall.h",
	 "=$v = must(syscall(SYS_clone3, &(struct clone_args)$1, sizeof(struct clone_args)), \"clone3\");\n"
	 "if (!$v)\n\tchild();\n", NULL, 0},
	{"fork", "fork", NULL, "", "=$v = must(fork(), \"fork\");\nif (!$v) {\n", NULL, 0},
	{"clone", "fork", NULL, "sched.h signal.h sys/syscall.h sys/wait.h",
	 "=$v = must(syscall(SYS_clone, $1, 0, 0, 0, 0), \"clone\");\nif (!$v) {\nclose(say_pipe[1]);\nclose(say_pipe[0]);\nchild();\n}\n"
	 "must(write(say_pipe[1], &$v, sizeof($v)), \"write\");\n_exit(0);\n}\nclose(say_pipe[1]);\n"
	 "if (read(say_pipe[0], &$v, sizeof($v)) != sizeof($v))\n\t_exit(125);\nclose(say_pipe[0]);\n"
	 "must(waitpid(middle_pid, NULL, 0), \"waitpid\");\n", NULL, 0},
	{"clone3", NULL, NULL, "linux/sched.h signal.h sys/syscall.h",
	 "=$v = hold_userns($p, (struct clone_args)$1);\n", hold_userns, 0},
	{"fork", "init", NULL, "",
	 "=$v = must(fork(), \"fork\");\nif ($v)\n\tbe_init($v);\n", NULL, 0},
	{"clone", "be-born", NULL, "sched.h signal.h sys/syscall.h",
	 "=$v = must(syscall(SYS_clone, $1, 0, 0, 0, 0), \"clone\");\n"
	 "if ($v) {\nmust(write(successor_pipe[1], &$v, sizeof($v)), \"write\");\n_exit(0);\n}\n", NULL, 0},
	{"unshare", NULL, NULL, "sched.h", "unshare($*)", NULL, 0},
	{"setns", NULL, NULL, "sched.h", "setns($*)", NULL, 0},
	{"pidfd_open", "tell", NULL, "", "=", NULL, 0}, /* with what it looks at, in tell() */
	{"pidfd_open", NULL, NULL, "sys/pidfd.h", "pidfd_open($*)", NULL, 0},
	{"pidfd_send_signal", NULL, NULL, "signal.h sys/pidfd.h",
	 "pidfd_send_signal($*, NULL, 0)", NULL, 0},
	{"wait4", NULL, NULL, "sys/wait.h", "waitpid($1, NULL, $3)", NULL, 0},
	{"kill", NULL, NULL, "signal.h", "kill($*)", NULL, 0},
	{"execve", NULL, NULL, "errno.h",
	 "=$eexecvp($1, (char *[])$2);\nnot_run($1);\n", not_run, 0},
	{"execveat", NULL, NULL, "errno.h fcntl.h",
	 "=$eexecveat($1, $2, (char *[])$3, environ, $4);\nnot_run(\"execveat\");\n", not_run, 0},
	{"poll", "die-with-caller", NULL, "poll.h",
	 "=/* Is it dead already? */\nif (must(poll(&(struct pollfd)$1, $2, $3), \"poll\") > 0)\n\t_exit(125);\n", NULL, 0},
	{"prctl", "init", "PR_SET_DUMPABLE", "sys/prctl.h", "=", NULL, 0}, /* in be_init() */
	{"prctl", "keep-capabilities", NULL, "",
	 "=", NULL, 0}, /* in keep_capabilities(), as capset */
	{"capset", "keep-capabilities", NULL, "", "=", NULL, 0},
	{"prctl", NULL, "PR_CAPBSET_DROP", "linux/capability.h sys/prctl.h",
	 "prctl($1, $2, 0, 0, 0)", NULL, 2},
	{"prctl", NULL, "PR_CAP_AMBIENT", "linux/capability.h sys/prctl.h",
	 "prctl($1, $2, $3, 0, 0)", NULL, 3},
	{"prctl", NULL, "PR_GET_SECUREBITS", "sys/prctl.h", "prctl($1, 0, 0, 0, 0)", NULL, 1},
	{"prctl", NULL, "PR_SCHED_CORE", "linux/prctl.h sys/prctl.h", "prctl($*, 0)", NULL, 2},
	{"prctl", NULL, NULL, "signal.h sys/prctl.h", "prctl($1, $2, $3, 0, 0)", NULL, 1},
	{"seccomp", NULL, NULL, "linux/filter.h linux/seccomp.h sys/syscall.h",
	 "syscall(SYS_seccomp, $1, $2, &(struct sock_fprog)$3)", NULL, 0},
	{"capget", "effective-capabilities", NULL, CAPS, "=raise_effective();\n", raise_effective, 0},
	{"capset", "effective-capabilities", NULL, "", "=", NULL, 0},
	{"capget", "settle-capabilities", NULL, CAPS, "=inherit_none();\n", inherit_none, 0},
	{"capset", "settle-capabilities", NULL, "", "=", NULL, 0},
	{"capget", "keep-capabilities", NULL, CAPS " sys/prctl.h",
	 "=keep_capabilities();\n", keep_capabilities, 0},
	{"capset", NULL, NULL, CAPS,
	 "=set_capabilities((struct capabilities)$1);\n", set_capabilities, 0},
	{"setresuid", NULL, NULL, "", "setresuid($*)", NULL, 0},
	{"setresgid", NULL, NULL, "", "setresgid($*)", NULL, 0},
	{"setgroups", "take-ids", NULL, "errno.h grp.h",
	 "=/* Denied in that user namespace, it is denied to all in it. */\n"
	 "if (setgroups($*) < 0 && errno != EPERM)\n\tmust(-1, \"setgroups\");\n", NULL, 0},
	{"setgroups", NULL, NULL, "grp.h", "setgroups($*)", NULL, 0},
	{"prlimit64", NULL, "…", "sys/resource.h", "prlimit($1, $2, NULL, &(struct rlimit){0})", NULL, 2},
	{"prlimit64", NULL, NULL, "sys/resource.h", "prlimit($1, $2, &(struct rlimit)$3, $4)", NULL, 2},
	{"setpriority", NULL, NULL, "sys/resource.h", "setpriority($*)", NULL, 0},
	{"getpriority", NULL, NULL, "sys/resource.h", "=getpriority($*);\n", NULL, 0},
	{"ioprio_set", NULL, NULL, "linux/ioprio.h sys/syscall.h", "syscall(SYS_ioprio_set, $*)", NULL, 0},
	{"sched_setaffinity", NULL, NULL, "sys/syscall.h",
	 "syscall(SYS_sched_setaffinity, $1, $2, (unsigned long[$2 / 8])$3)", NULL, 0},
	{"set_mempolicy", NULL, "NULL", "linux/mempolicy.h sys/syscall.h", "syscall(SYS_set_mempolicy, $*)", NULL, 1},
	{"set_mempolicy", NULL, NULL, "linux/mempolicy.h sys/syscall.h",
	 "syscall(SYS_set_mempolicy, $1, (unsigned long[$3 / 64])$2, $3)", NULL, 1},
	{"sched_getattr", NULL, NULL, "sys/syscall.h", "syscall(SYS_sched_getattr, $1, (char[56]){0}, 56, 0)", NULL, 0},
	{"sched_setattr", NULL, NULL, "sched.h stdint.h sys/syscall.h",
	 "=set_scheduling((struct scheduling)$2);\n", set_scheduling, 0},
	{"personality", NULL, NULL, "sys/personality.h", "personality($*)", NULL, 0},
	{"landlock_create_ruleset", NULL, NULL, "linux/landlock.h stdint.h sys/syscall.h",
	 "syscall(SYS_landlock_create_ruleset, &(struct ruleset)$1, sizeof(struct ruleset), $2)", landlock_rules, 0},
	{"landlock_add_rule", NULL, "LANDLOCK_RULE_NET_PORT", "",
	 "syscall(SYS_landlock_add_rule, $1, 2 /* $2 */, &(struct port_rule)$3, $4)", NULL, 0},
	{"landlock_add_rule", NULL, NULL, "",
	 "syscall(SYS_landlock_add_rule, $1, $2, &(struct path_rule)$3, $4)", NULL, 0},
	{"landlock_restrict_self", NULL, NULL, "sys/syscall.h", "syscall(SYS_landlock_restrict_self, $*)", NULL, 0},
	{"sethostname", NULL, NULL, "", "sethostname($*)", NULL, 0},
	{"rt_sigprocmask", NULL, "SIG_BLOCK", "signal.h",
	 "=sigfillset(&all_signals);\nmust(sigprocmask(SIG_BLOCK, &all_signals, &old_signals), \"sigprocmask\");\n",
	 "static sigset_t all_signals, old_signals;\n", 0},
	{"rt_sigprocmask", NULL, "SIG_SETMASK", "signal.h",
	 "sigprocmask(SIG_SETMASK, &old_signals, NULL)", NULL, 0},
	{"rt_sigaction", NULL, "SIG_DFL", "signal.h", "=signal($1, SIG_DFL);\n", NULL, 0},
	{"rt_sigaction", NULL, "SIG_IGN", "signal.h", "=signal($1, SIG_IGN);\n", NULL, 0},

	/* descriptors and files */
	{"pipe2", NULL, NULL, "fcntl.h", "pipe2($p, $2)", NULL, 0},
	{"close_range", NULL, NULL, "linux/close_range.h", "close_range($*)", NULL, 0},
	{"fcntl", NULL, NULL, "fcntl.h", "fcntl($*)", NULL, 1},
	{"openat", "pivot-root", NULL, "", "=", NULL, 0}, /* in detach_covered() */
	{"openat", "tell", NULL, "", "=", NULL, 0},
	{"openat", NULL, NULL, "fcntl.h", "openat($1, $2, $3 | O_CLOEXEC$4-)", NULL, 2},
	{"openat2", NULL, NULL, "fcntl.h linux/openat2.h sys/syscall.h",
	 "syscall(SYS_openat2, $1, $2, &(struct open_how)$3, sizeof(struct open_how))", NULL, 2},
	{"read", "await-release", NULL, "",
	 "=/* End of file: the caller has failed or was killed. */\n"
	 "if (must(read($1, &(char){0}, $3), \"read\") != 1)\n\t_exit(125);\n", NULL, 0},
	{"read", "block", NULL, "", "read($1, &(char){0}, $3)", NULL, 0},
	{"read", "file", NULL, "errno.h stdlib.h", "=read_all($1);\n", contents, 0},
	{"read", "tell", NULL, "errno.h stdlib.h", "=", contents, 0},
	{"read", NULL, NULL, "", "read($1, (char[$3]){0}, $3)", NULL, 0},
	{"readlinkat", NULL, NULL, "fcntl.h", "readlinkat($1, $2, (char[$4]){0}, $4)", NULL, 2},
	{"getcwd", NULL, NULL, "sys/syscall.h", "syscall(SYS_getcwd, (char[$2]){0}, $2)", NULL, 0},
	{"write", "file", NULL, "", "=write_all($1, content, content_len);\n", NULL, 0},
	{"write", "tell", NULL, "fcntl.h sys/pidfd.h sys/stat.h", "=tell($1);\n", tell, 0},
	{"write", NULL, NULL, "", "write($*)", NULL, 0},
	{"fstat", "tell", NULL, "", "=", NULL, 0},
	{"fstat", NULL, NULL, "sys/stat.h", "fstat($1, &(struct stat){0})", NULL, 0},
	{"fstatfs", "deny-setgroups", NULL, "errno.h linux/magic.h sys/vfs.h",
	 "=must_be_procfs($1);\n", must_be_procfs, 0},
	{"fstatfs", "write-uid-map", NULL, "errno.h linux/magic.h sys/vfs.h",
	 "=must_be_procfs($1);\n", must_be_procfs, 0},
	{"fstatfs", "write-gid-map", NULL, "errno.h linux/magic.h sys/vfs.h",
	 "=must_be_procfs($1);\n", must_be_procfs, 0},
	{"fstatfs", NULL, NULL, "sys/vfs.h", "fstatfs($1, &(struct statfs){0})", NULL, 0},
	{"newfstatat", "tell", NULL, "", "=", NULL, 0},
	{"newfstatat", "attach-root", NULL, "errno.h fcntl.h sys/stat.h",
	 "=must_be_directory($2);\n", must_be_directory, 0},
	{"newfstatat", NULL, NULL, "fcntl.h sys/stat.h",
	 "fstatat($1, $2, &(struct stat){0}, $3)", NULL, 2},
	{"faccessat", NULL, NULL, "fcntl.h", "faccessat($1, $2, $3, 0)", NULL, 2},
	{"mkdirat", NULL, NULL, "errno.h fcntl.h sys/stat.h", "or_there(mkdirat($*))", or_there, 2},
	{"mknodat", NULL, NULL, "errno.h fcntl.h sys/stat.h", "or_there(mknodat($*))", or_there, 2},
	{"unlinkat", NULL, NULL, "fcntl.h", "unlinkat($*)", NULL, 2},
	{"symlinkat", NULL, NULL, "fcntl.h", "symlinkat($*)", NULL, 3},
	{"linkat", NULL, NULL, "fcntl.h", "linkat($*)", NULL, 4},
	{"renameat2", NULL, NULL, "fcntl.h", "renameat2($*)", NULL, 4},
	{"fchmod", NULL, NULL, "sys/stat.h", "fchmod($*)", NULL, 0},
	{"fchmodat", NULL, NULL, "fcntl.h sys/stat.h", "fchmodat($1, $2, $3, 0)", NULL, 2},
	{"fchown", NULL, NULL, "", "fchown($*)", NULL, 0},
	{"fchownat", NULL, NULL, "fcntl.h", "fchownat($*)", NULL, 2},
	{"ftruncate", NULL, NULL, "", "ftruncate($*)", NULL, 0},
	{"fsync", NULL, NULL, "", "fsync($*)", NULL, 0},
	{"memfd_create", NULL, NULL, "sys/mman.h",
	 "memfd_create($1, MFD_CLOEXEC | MFD_ALLOW_SEALING)", NULL, 1},

	/* a terminal: proc_pty_imitate() is the part's imitate() */
	{"ioctl", NULL, "TIOCSPTLCK", "sys/ioctl.h", "ioctl($1, $2, &(int){$3})", NULL, 2},
	{"ioctl", NULL, "TIOCGPTPEER", "fcntl.h sys/ioctl.h", "=must(ioctl($*), \"TIOCGPTPEER\");\nimitate(pty_inner);\n", NULL, 0},
	{"ioctl", "pty-open", NULL, "", "=", NULL, 0},
	{"ioctl", NULL, "TIOCSCTTY", "sys/ioctl.h", "ioctl($*)", NULL, 2},
	{"dup2", NULL, NULL, "", "dup2($*)", NULL, 0},
	{"setsid", NULL, NULL, "", "setsid()", NULL, 0},

	/* mounts and roots */
	{"mount", NULL, NULL, "sys/mount.h", "mount($*)", NULL, 2},
	{"pidfd_getfd", NULL, NULL, "sys/pidfd.h", "pidfd_getfd($*)", NULL, 0},
	{"setfsuid", NULL, NULL, "sys/fsuid.h", "=setfsuid($*);\n", NULL, 0},
	{"setfsgid", NULL, NULL, "sys/fsuid.h", "=setfsgid($*);\n", NULL, 0},
	{"umask", NULL, NULL, "sys/stat.h", "=umask($*);\n", NULL, 0},
	{"umount2", "mount-proc", NULL, "errno.h fcntl.h linux/magic.h sys/mount.h sys/vfs.h",
	 "=detach_old_proc($1);\n", detach_old_proc, 0},
	{"umount2", NULL, NULL, "sys/mount.h", "umount2($*)", NULL, 1},
	{"open_tree", NULL, NULL, "fcntl.h sys/mount.h",
	 "open_tree($1, $2, $3 | OPEN_TREE_CLOEXEC)", NULL, 2},
	{"move_mount", NULL, NULL, "fcntl.h sys/mount.h", "move_mount($*)", NULL, 4},
	{"fsopen", NULL, NULL, "sys/mount.h", "fsopen($*)", NULL, 1},
	{"fsconfig", NULL, "FSCONFIG_SET_STRING", "sys/mount.h", "fsconfig($*, 0)", NULL, 3},
	{"fsconfig", NULL, "FSCONFIG_SET_FLAG", "sys/mount.h", "fsconfig($*, NULL, 0)", NULL, 3},
	{"fsconfig", NULL, "FSCONFIG_SET_FD", "sys/mount.h",
	 "fsconfig($1, $2, $3, NULL, $4)", NULL, 3},
	{"fsconfig", NULL, "FSCONFIG_CMD_CREATE", "sys/mount.h",
	 "fsconfig($*, NULL, NULL, 0)", NULL, 2},
	{"fsmount", NULL, NULL, "sys/mount.h", "fsmount($*)", NULL, 0},
	{"mount_setattr", NULL, NULL, "fcntl.h sys/mount.h",
	 "mount_setattr($1, $2, $3, &(struct mount_attr)$4, sizeof(struct mount_attr))", NULL, 2},
	{"statx", "pivot-root", NULL, "fcntl.h sys/mount.h sys/stat.h", "1detach_covered($1);\n", detach_covered, 0},
	{"pivot_root", NULL, NULL, "sys/syscall.h", "syscall(SYS_pivot_root, $*)", NULL, 0},
	{"chroot", NULL, NULL, "", "chroot($*)", NULL, 1},
	{"chdir", NULL, NULL, "", "chdir($*)", NULL, 1},
	{"fchdir", NULL, NULL, "", "fchdir($*)", NULL, 0},

	/* network and namespaces that exist */
	{"socket", NULL, NULL, "sys/socket.h", "socket($*)", NULL, 0},
	{"ioctl", NULL, "SIOCSIFFLAGS", "net/if.h sys/ioctl.h",
	 "ioctl($1, $2, &(struct ifreq)$3)", NULL, 2},
	{"ioctl", NULL, "NS_GET_NSTYPE", "linux/nsfs.h sys/ioctl.h", "ioctl($*)", NULL, 2},
	{"ioctl", NULL, "NS_GET_USERNS", "linux/nsfs.h sys/ioctl.h", "ioctl($*)", NULL, 2},
	{"ioctl", NULL, "NS_GET_PARENT", "linux/nsfs.h sys/ioctl.h", "ioctl($*)", NULL, 2},
	{NULL, NULL, NULL, NULL, NULL, NULL, 0},
};

const struct emit_row *emit_row(const char *call, const char *step,
				bool (*has_word)(const char *word, void *data), void *data)
{
	for (const struct emit_row *r = rows; r->call; r++)
		if (!strcmp(r->call, call) && (!r->step || !strcmp(r->step, step)) &&
		    (!r->word || has_word(r->word, data)))
			return r;
	return NULL;
}

static const struct {
	const char *step, *why;
} refused[] = {
	{"drop-capabilities", "what there is to drop is known only inside"},
	{"read-environment", "the environment is the target's at that moment"},
};

const char *emit_refusal(const char *step)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!strcmp(refused[i].step, step))
			return refused[i].why;
	return NULL;
}
