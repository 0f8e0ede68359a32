// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a confined program is refused, told from inside: deed WORD… prints for each "ok" or the errno's name.
 *
 *   NAME=ARGUMENT         a deed by a path, a port or a process: read=/etc/passwd, bind=80, kill=1
 *   CALL[,ARGUMENT…]      a system call by name or number with whatever arguments: getppid,5
 *
 * deed caught CALL says so when SIGSYS comes; deed thread CALL makes the call in a thread that is to die of it.
 * Static, so that what refuses nearly everything lets it start.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int closed(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

static int do_read(const char *path)
{
	return closed(open(path, O_RDONLY));
}

static int do_write(const char *path)
{
	return closed(open(path, O_WRONLY));
}

static int do_create(const char *path)
{
	return closed(open(path, O_WRONLY | O_CREAT | O_EXCL, 0666));
}

static int do_list(const char *path)
{
	DIR *dir = opendir(path);

	return dir ? closedir(dir) : -1;
}

static int do_mkdir(const char *path)
{
	return mkdir(path, 0777);
}

static int do_fifo(const char *path)
{
	return mkfifo(path, 0666);
}

static int do_symlink(const char *path)
{
	return symlink("x", path);
}

static int do_char(const char *path)
{
	return mknod(path, S_IFCHR | 0600, makedev(1, 3));
}

static int do_block(const char *path)
{
	return mknod(path, S_IFBLK | 0600, makedev(7, 200));
}

static int do_truncate(const char *path)
{
	return truncate(path, 0);
}

static int do_ioctl(const char *path)
{
	int fd = open(path, O_RDWR);
	char termios[64];

	return fd < 0 ? -1 : ioctl(fd, TCGETS, termios);
}

/* From …/a/… to …/b/…. */
static int do_rename(const char *path)
{
	char to[4096];

	snprintf(to, sizeof(to), "%s", path);
	strstr(to, "/a/")[1] = 'b';
	return rename(path, to);
}

static int do_exec(const char *path)
{
	char *argv[] = {(char *)path, NULL}, *env[] = {NULL};
	pid_t pid;

	errno = posix_spawn(&pid, path, NULL, NULL, argv, env);
	return errno || waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

static int local(const char *path, size_t hidden, int (*act)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(path);

	if (len + hidden >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path + hidden, path, len);
	len += offsetof(struct sockaddr_un, sun_path) + hidden;
	return act(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&sun, (socklen_t)len);
}

static int do_sock(const char *path)
{
	return local(path, 0, bind);
}

static int do_abstract(const char *name)
{
	return local(name, 1, connect);
}

static int tcp(const char *port, int (*act)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};

	sin.sin_port = htons((in_port_t)strtoul(port, NULL, 10));
	return act(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&sin, sizeof(sin));
}

static int do_bind(const char *port)
{
	return tcp(port, bind);
}

static int do_connect(const char *port)
{
	return tcp(port, connect);
}

static int do_kill(const char *pid)
{
	return kill((pid_t)strtol(pid, NULL, 10), 0);
}

static const struct {
	const char *name;
	int (*act)(const char *argument);
} deeds[] = {
	{"read", do_read}, {"write", do_write}, {"create", do_create}, {"list", do_list}, {"mkdir", do_mkdir},
	{"rmdir", rmdir}, {"unlink", unlink}, {"fifo", do_fifo}, {"symlink", do_symlink}, {"char", do_char},
	{"block", do_block}, {"truncate", do_truncate}, {"ioctl", do_ioctl}, {"rename", do_rename}, {"exec", do_exec},
	{"sock", do_sock}, {"abstract", do_abstract}, {"bind", do_bind}, {"connect", do_connect}, {"kill", do_kill},
};

static const struct {
	const char *name;
	long nr;
} calls[] = {
	{"getppid", SYS_getppid}, {"getpid", SYS_getpid}, {"getuid", SYS_getuid}, {"gettid", SYS_gettid}, {"mkdirat", SYS_mkdirat},
};

static long call(char *word)
{
	char *name = strsep(&word, ","), *end;
	long nr = strtol(name, &end, 10);
	unsigned long arg[6] = {0};

	if (*end)
		nr = -1;
	for (size_t i = 0; nr < 0 && i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(calls[i].name, name) == 0)
			nr = calls[i].nr;
	if (nr < 0) {
		fprintf(stderr, "deed: no call is named %s here\n", name);
		exit(2);
	}
	for (size_t i = 0; i < 6 && word; i++)
		arg[i] = strtoull(strsep(&word, ","), NULL, 0);
	return syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static long deed(char *word)
{
	char *argument = strchr(word, '=');

	if (!argument)
		return call(word);
	*argument++ = '\0';
	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++)
		if (strcmp(deeds[i].name, word) == 0)
			return deeds[i].act(argument);
	fprintf(stderr, "deed: no deed is named %s here\n", word);
	exit(2);
}

static const char *told(char *word)
{
	return deed(word) < 0 ? strerrorname_np(errno) : "ok";
}

static void trapped(int sig)
{
	if (write(STDOUT_FILENO, "trapped ", 8) != 8)
		_exit(3);
}

static void *in_thread(void *word)
{
	call(word);
	return NULL;
}

static size_t count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	size_t n = 0;

	if (!dir)
		exit(3);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2; // . and ..
}

static int outlive(char *word)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, in_thread, word))
		return 3;
	while (count_threads() > 1)
		;
	puts("the thread is gone");
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "thread") == 0)
		return outlive(argv[2]);
	if (argc == 3 && strcmp(argv[1], "caught") == 0) {
		signal(SIGSYS, trapped);
		argv++;
		argc--;
	}
	for (int i = 1; i < argc; i++)
		printf("%s%s", told(argv[i]), i + 1 < argc ? " " : "\n");
	return 0;
}
