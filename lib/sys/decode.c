// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables from bits to the names that the kernel's headers give them. */
#include "sys/decode.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/trace.h"
#include "sys/uapi.h"

enum { RING = 8, TEXT = 208 };

static char *next_text(void)
{
	static __thread char ring[RING][TEXT];
	static __thread unsigned at;
	char *s = ring[at++ % RING];

	s[0] = '\0';
	return s;
}

const char *sys_flags(const struct sys_flag *table, uint64_t flags)
{
	char *s = next_text();
	size_t n = 0;

	for (; table->name; table++) {
		if (!table->bit || (flags & table->bit) != table->bit)
			continue;
		n += (size_t)snprintf(s + n, TEXT - n, "%s%s", n ? "|" : "", table->name);
		if (n >= TEXT)
			return s;
		flags &= ~table->bit;
	}
	if (flags || !n)
		snprintf(s + n, TEXT - n, flags ? "%s%#llx" : "%s0", n ? "|" : "",
			 (unsigned long long)flags);
	return s;
}

#define BIT(x) {x, #x}

static const struct sys_flag clone_flags[] = {
	BIT(CLONE_NEWUSER),	   BIT(CLONE_NEWNS),	BIT(CLONE_NEWPID),  BIT(CLONE_NEWNET),
	BIT(CLONE_NEWIPC),	   BIT(CLONE_NEWUTS),	BIT(CLONE_NEWCGROUP), BIT(CLONE_NEWTIME),
	BIT(CLONE_INTO_CGROUP),	   BIT(CLONE_PIDFD),	BIT(CLONE_CLEAR_SIGHAND), {0, NULL}};

static const struct sys_flag open_flags[] = {
	BIT(O_PATH),   BIT(O_TMPFILE), BIT(O_DIRECTORY), BIT(O_RDWR),	BIT(O_WRONLY), BIT(O_CREAT),
	BIT(O_EXCL),   BIT(O_TRUNC),   BIT(O_APPEND),	 BIT(O_NOFOLLOW), BIT(O_NONBLOCK), BIT(O_NOCTTY),
	BIT(O_CLOEXEC), {0, NULL}};

static const struct sys_flag resolve_flags[] = {
	BIT(RESOLVE_IN_ROOT), BIT(RESOLVE_BENEATH),	BIT(RESOLVE_NO_MAGICLINKS),
	BIT(RESOLVE_NO_XDEV), BIT(RESOLVE_NO_SYMLINKS), {0, NULL}};

static const struct sys_flag mount_flags[] = {
	BIT(MS_RDONLY), BIT(MS_NOSUID), BIT(MS_NODEV), BIT(MS_NOEXEC),	BIT(MS_REMOUNT),
	BIT(MS_BIND),	BIT(MS_MOVE),	BIT(MS_REC),   BIT(MS_PRIVATE), BIT(MS_SLAVE),
	BIT(MS_SHARED), BIT(MS_UNBINDABLE), {0, NULL}};

static const struct sys_flag mount_attrs[] = {
	BIT(MOUNT_ATTR_RDONLY), BIT(MOUNT_ATTR_NOSUID), BIT(MOUNT_ATTR_NODEV),
	BIT(MOUNT_ATTR_NOEXEC), BIT(MOUNT_ATTR__ATIME), BIT(MOUNT_ATTR_NOATIME),
	BIT(MOUNT_ATTR_NOSYMFOLLOW), BIT(MOUNT_ATTR_IDMAP), {0, NULL}};

static const struct sys_flag open_tree_flags[] = {
	BIT(OPEN_TREE_CLONE), BIT(OPEN_TREE_CLOEXEC), BIT(AT_RECURSIVE), BIT(AT_EMPTY_PATH),
	BIT(AT_SYMLINK_NOFOLLOW), {0, NULL}};

static const struct sys_flag move_mount_flags[] = {
	BIT(MOVE_MOUNT_F_EMPTY_PATH), BIT(MOVE_MOUNT_T_EMPTY_PATH), BIT(MOVE_MOUNT_F_SYMLINKS),
	BIT(MOVE_MOUNT_T_SYMLINKS), {0, NULL}};

static const struct sys_flag at_flags[] = {
	BIT(AT_SYMLINK_NOFOLLOW), BIT(AT_EMPTY_PATH), BIT(AT_RECURSIVE), BIT(AT_REMOVEDIR), {0, NULL}};

const char *sys_clone_flags(uint64_t flags)
{
	return sys_flags(clone_flags, flags);
}

const char *sys_open_flags(uint64_t flags)
{
	char *s;
	const char *rest;

	if (flags & (O_WRONLY | O_RDWR | O_PATH))
		return sys_flags(open_flags, flags);
	s = next_text();
	rest = flags ? sys_flags(open_flags, flags) : NULL;
	snprintf(s, TEXT, rest ? "O_RDONLY|%s" : "O_RDONLY", rest);
	return s;
}

const char *sys_open_mode(uint64_t flags, unsigned mode)
{
	char *s = next_text();

	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		snprintf(s, TEXT, ", %#o", mode);
	return s;
}

const char *sys_resolve_flags(uint64_t flags)
{
	return sys_flags(resolve_flags, flags);
}

const char *sys_mount_flags(uint64_t flags)
{
	return sys_flags(mount_flags, flags);
}

const char *sys_mount_attrs(uint64_t flags)
{
	return sys_flags(mount_attrs, flags);
}

const char *sys_open_tree_flags(uint64_t flags)
{
	return sys_flags(open_tree_flags, flags);
}

const char *sys_move_mount_flags(uint64_t flags)
{
	return sys_flags(move_mount_flags, flags);
}

const char *sys_at_flags(uint64_t flags)
{
	return sys_flags(at_flags, flags);
}

const char *sys_at(int fd)
{
	char *s;

	if (fd == AT_FDCWD)
		return "AT_FDCWD";
	s = next_text();
	if (sys_is_whole())
		snprintf(s, TEXT, "fd#%d", fd);
	else if (sys_is_dry_fd(fd))
		snprintf(s, TEXT, "fd%d", fd - SYS_DRY_FDS + 1);
	else
		snprintf(s, TEXT, "%d", fd);
	return s;
}

const char *sys_pid(int pid)
{
	char *s = next_text();

	if (sys_is_whole())
		snprintf(s, TEXT, pid == getpid() ? "getpid()" : "pid#%d", pid);
	else if (pid == SYS_DRY_PIDS)
		snprintf(s, TEXT, "PID");
	else if (sys_is_dry_pid(pid))
		snprintf(s, TEXT, "PID%d", pid - SYS_DRY_PIDS + 1);
	else
		snprintf(s, TEXT, "%d", pid);
	return s;
}

const char *sys_number(unsigned long n)
{
	char *s = next_text();

	snprintf(s, TEXT, "%lu", n);
	return s;
}

const char *sys_signal(int sig)
{
	char *s = next_text();
	const char *name = sigabbrev_np(sig);

	if (name)
		snprintf(s, TEXT, "SIG%s", name);
	else
		snprintf(s, TEXT, "%d", sig);
	return s;
}

/* Texts of any length have a ring of their own, which takes them over. */
static __thread unsigned kept;

static char *keep_text(char *s)
{
	static __thread char *ring[RING];
	char **slot = &ring[kept++ % RING];

	free(*slot);
	*slot = s;
	return s;
}

/* Octal, since C reads on behind \x as long as there are digits; "??=" would be a trigraph. */
static size_t put_escaped(char *to, unsigned char c, bool after_mark, bool text)
{
	static const char plain[] = "\n\t\"\\", letters[] = "nt\"\\";
	const char *p = c ? strchr(plain, c) : NULL;

	if (p || (c == '?' && after_mark)) {
		to[0] = '\\';
		to[1] = p ? letters[p - plain] : '?';
		return 2;
	}
	if (c < ' ' || c == 0x7f || (c > '~' && !text))
		return (size_t)snprintf(to, 5, "\\%03o", c);
	to[0] = (char)c;
	return 1;
}

static const char *quote(const void *data, size_t len, bool text)
{
	const unsigned char *p = data;
	size_t n = 0, i, room = sys_is_whole() ? len * 4 + 8 : TEXT;
	char *s = sys_is_whole() ? keep_text(malloc(room)) : next_text();

	if (!s)
		return "\"\"";
	s[n++] = '"';
	for (i = 0; i < len && n < room - 8; i++)
		n += put_escaped(s + n, p[i], i && p[i - 1] == '?', text);
	s[n++] = '"';
	snprintf(s + n, room - n, i < len ? "…" : "");
	return s;
}

const char *sys_bytes(const void *data, size_t len)
{
	return quote(data, len, false);
}

const char *sys_string(const char *s)
{
	return s ? quote(s, strlen(s), true) : "NULL";
}

const char *sys_words(char *const words[])
{
	size_t n = 1, room = 16;
	char *s;

	if (!sys_is_whole()) {
		s = next_text();
		snprintf(s, TEXT, words[0] && words[1] ? "[%s, …]" : "[%s]",
			 words[0] ? sys_string(words[0]) : "");
		return s;
	}
	for (size_t i = 0; words[i]; i++)
		room += strlen(words[i]) * 4 + 16;
	s = malloc(room);
	if (!s)
		return "{NULL}";
	s[0] = '{';
	/* One place in the ring for all of them: the call's other texts are in it, too. */
	for (size_t i = 0; words[i]; i++, kept--)
		n += (size_t)snprintf(s + n, room - n, "%s, ", sys_string(words[i]));
	snprintf(s + n, room - n, "NULL}");
	return keep_text(s);
}
