// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole files and trees. Each test works in a directory of its own; those that mount do so in a
 * user and mount namespace of their own, so that none needs root.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "harness.h"
#include "sys/sys.h"
#include "userns.h"

FIXTURE(dir)
{
	int tmp, fd;
	char name[32], path[96];
};

/* By a wrapper, so that records and faults see full names. */
static int make_dir(const char *tmp, char *path, size_t size)
{
	snprintf(path, size, "%s/rf-file.XXXXXX", tmp);
	return mkdtemp(path) ? sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0) : -errno;
}

FIXTURE_SETUP(dir)
{
	const char *tmp = getenv("TMPDIR") ?: "/tmp";

	self->tmp = open(tmp, O_PATH | O_DIRECTORY | O_CLOEXEC);
	self->fd = make_dir(tmp, self->path, sizeof(self->path));
	ASSERT_GE(self->fd, 0);
	snprintf(self->name, sizeof(self->name), "%s", strrchr(self->path, '/') + 1);
}

FIXTURE_TEARDOWN(dir)
{
	rf_trace_fault("");
	EXPECT_EQ(0, file_remove_tree(self->tmp, self->name));
	sys_close(self->fd);
	close(self->tmp);
}

static int count_entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (write(fd, text, strlen(text)) < 0)
		abort();
	close(fd);
}

TEST_F(dir, read)
{
	char *text = (char *)"untouched";
	size_t len = 42;

	put(self->fd, "five", "12345");
	ASSERT_EQ(0, file_read_at(self->fd, "five", 5, &text, &len));
	EXPECT_STREQ("12345", text);
	EXPECT_EQ(5, len);
	free(text);
	text = (char *)"untouched";
	EXPECT_EQ(-EFBIG, file_read_at(self->fd, "five", 4, &text, &len));
	EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, "longer than 4 bytes"));
	EXPECT_EQ(-ENOENT, file_read_at(self->fd, "none", 5, &text, &len));
	EXPECT_EQ(-EISDIR, file_read_at(self->fd, ".", 5, &text, &len));
	ASSERT_EQ(0, rf_trace_fault("read=EIO"));
	EXPECT_EQ(-EIO, file_read_at(self->fd, "five", 5, &text, &len));
	EXPECT_STREQ("untouched", text);
	EXPECT_EQ(5, len);
}

/* Around the sizes at which the buffer grows, and over an interruption. */
TEST_F(dir, read_of_any_size)
{
	static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 100000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *in = malloc(sizes[i] + 1), *out = NULL;
		size_t len = 42;

		memset(in, 'z', sizes[i]);
		in[sizes[i]] = '\0';
		put(self->fd, "f", in);
		ASSERT_EQ(0, rf_trace_fault("read=EINTR"));
		ASSERT_EQ(0, file_read_at(self->fd, "f", sizes[i], &out, &len));
		EXPECT_EQ(sizes[i], len);
		EXPECT_STREQ(in, out);
		free(out);
		if (sizes[i])
			EXPECT_EQ(-EFBIG, file_read_at(self->fd, "f", sizes[i] - 1, &out, &len));
		free(in);
	}
}

TEST_F(dir, write_at)
{
	char *text = NULL;

	EXPECT_EQ(-ENOENT, file_write_at(self->fd, "new", "x"));
	put(self->fd, "old", "xxxxx");
	EXPECT_EQ(0, file_write_at(self->fd, "old", "yy"));
	ASSERT_EQ(0, file_read_at(self->fd, "old", 9, &text, NULL));
	EXPECT_STREQ("yyxxx", text);
	free(text);
	ASSERT_EQ(0, rf_trace_fault("write:*/old=ENOSPC"));
	EXPECT_EQ(-ENOSPC, file_write_at(self->fd, "old", "zz"));
}

TEST_F(dir, replace)
{
	char *text = NULL;
	struct stat st;

	ASSERT_EQ(0, file_replace_at(self->fd, "f", "one", 3, 0640));
	ASSERT_EQ(0, file_replace_at(self->fd, "f", "second", 6, 0600));
	ASSERT_EQ(0, file_read_at(self->fd, "f", 9, &text, NULL));
	EXPECT_STREQ("second", text);
	free(text);
	ASSERT_EQ(0, fstatat(self->fd, "f", &st, 0));
	EXPECT_EQ(0600, st.st_mode & 0777);
	EXPECT_EQ(1, count_entries(self->path));
}

/* A reader with the old file open keeps the old content: the file itself is never written over. */
TEST_F(dir, replace_leaves_the_old_file_to_its_readers)
{
	char buf[8] = "";
	int old;

	put(self->fd, "f", "old");
	old = openat(self->fd, "f", O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(0, file_replace_at(self->fd, "f", "new", 3, 0644));
	EXPECT_EQ(3, read(old, buf, sizeof(buf)));
	EXPECT_STREQ("old", buf);
	close(old);
}

TEST_F(dir, replace_does_not_follow_a_planted_link)
{
	char name[32], *text = NULL;

	put(self->fd, "victim", "safe");
	snprintf(name, sizeof(name), "f.%d.tmp", (int)getpid());
	ASSERT_EQ(0, symlinkat("victim", self->fd, name));
	EXPECT_EQ(-ELOOP, file_replace_at(self->fd, "f", "x", 1, 0644));
	ASSERT_EQ(0, file_read_at(self->fd, "victim", 9, &text, NULL));
	EXPECT_STREQ("safe", text);
	free(text);
}

static const struct {
	const char *call, *fault;
	int error;
} replace_rows[] = {
	{"openat", "openat:*.tmp=EACCES", -EACCES},
	{"write", "write:*.tmp=ENOSPC", -ENOSPC},
	{"fsync", "fsync:*.tmp=EIO", -EIO},
	{"renameat2", "renameat2:*/f=EXDEV", -EXDEV},
};

/* Wherever it fails, the old content stays, and no temporary file. */
TEST_F(dir, replace_fails)
{
	for (size_t i = 0; i < sizeof(replace_rows) / sizeof(replace_rows[0]); i++) {
		char *text = NULL;

		put(self->fd, "f", "old");
		ASSERT_EQ(0, rf_trace_fault(replace_rows[i].fault));
		EXPECT_EQ(replace_rows[i].error, file_replace_at(self->fd, "f", "new", 3, 0644));
		/* The record is of the call that failed, not of the clean-up. */
		EXPECT_STREQ(replace_rows[i].call, rf_trace_last_failure()->name);
		EXPECT_EQ(replace_rows[i].error, rf_trace_last_failure()->result);
		rf_trace_fault("");
		ASSERT_EQ(0, file_read_at(self->fd, "f", 9, &text, NULL));
		EXPECT_STREQ("old", text);
		EXPECT_EQ(1, count_entries(self->path));
		free(text);
	}
}

TEST_F(dir, mkdir_p)
{
	struct stat st;

	EXPECT_EQ(0, file_mkdir_p(self->fd, "a/b/c", 0750));
	EXPECT_EQ(0, file_mkdir_p(self->fd, "a/b/c", 0700));
	EXPECT_EQ(0, file_mkdir_p(self->fd, "a//b/d/", 0750));
	ASSERT_EQ(0, fstatat(self->fd, "a/b/c", &st, 0));
	EXPECT_EQ(0750, st.st_mode & 0777);
	EXPECT_EQ(0, fstatat(self->fd, "a/b/d", &st, 0));
	EXPECT_EQ(-ENOENT, file_mkdir_p(self->fd, "", 0755));
	EXPECT_EQ(0, file_mkdir_p(self->fd, ".", 0755));
	EXPECT_EQ(0, file_mkdir_p(self->fd, self->path, 0755));
	ASSERT_EQ(0, rf_trace_fault("mkdirat:*x/y=ENOSPC"));
	EXPECT_EQ(-ENOSPC, file_mkdir_p(self->fd, "x/y/z", 0755));
}

TEST_F(dir, mkdir_p_where_a_file_is)
{
	put(self->fd, "file", "");
	EXPECT_EQ(-ENOTDIR, file_mkdir_p(self->fd, "file", 0755));
	EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, "not a directory"));
	EXPECT_EQ(-ENOTDIR, file_mkdir_p(self->fd, "file/below", 0755));
}

TEST_F(dir, remove_tree)
{
	ASSERT_EQ(0, file_mkdir_p(self->fd, "t/a/b", 0755));
	put(self->fd, "t/a/b/f", "");
	put(self->fd, "t/g", "");
	EXPECT_EQ(0, file_remove_tree(self->fd, "t"));
	EXPECT_EQ(0, count_entries(self->path));
	/* What is not there is removed; a single file, too. */
	EXPECT_EQ(0, file_remove_tree(self->fd, "t"));
	put(self->fd, "f", "");
	EXPECT_EQ(0, file_remove_tree(self->fd, "f"));
	EXPECT_EQ(0, count_entries(self->path));
}

TEST_F(dir, remove_tree_follows_no_link)
{
	ASSERT_EQ(0, file_mkdir_p(self->fd, "outside", 0755));
	put(self->fd, "outside/kept", "");
	ASSERT_EQ(0, file_mkdir_p(self->fd, "t", 0755));
	ASSERT_EQ(0, symlinkat("../outside", self->fd, "t/link"));
	EXPECT_EQ(0, file_remove_tree(self->fd, "t"));
	EXPECT_EQ(0, faccessat(self->fd, "outside/kept", F_OK, 0));
	ASSERT_EQ(0, symlinkat("outside", self->fd, "top"));
	EXPECT_EQ(0, file_remove_tree(self->fd, "top"));
	EXPECT_EQ(0, faccessat(self->fd, "outside/kept", F_OK, 0));
}

/* A file that may not be removed is reported as that, not as "not a directory". */
TEST_F(dir, remove_tree_says_what_was_refused)
{
	ASSERT_EQ(0, file_mkdir_p(self->fd, "t", 0755));
	put(self->fd, "t/f", "");
	ASSERT_EQ(0, rf_trace_fault("unlinkat:*f=EPERM"));
	EXPECT_EQ(-EPERM, file_remove_tree(self->fd, "t"));
	EXPECT_STREQ("unlinkat", rf_trace_last_failure()->name);
	ASSERT_EQ(0, rf_trace_fault("unlinkat:*f=EROFS"));
	EXPECT_EQ(-EROFS, file_remove_tree(self->fd, "t"));
}

TEST_F(dir, remove_tree_stays_on_its_mount)
{
	char path[128];
	int r, fd;

	ASSERT_EQ(0, file_mkdir_p(self->fd, "t/mnt", 0755));
	r = userns_enter(CLONE_NEWNS, 0);
	if (r < 0)
		SKIP(return, "no user namespace here: %s", strerror(-r));
	snprintf(path, sizeof(path), "%s/t/mnt", self->path);
	ASSERT_EQ(0, mount("t", path, "tmpfs", 0, NULL));
	/* self->fd is of the old mount namespace, which does not have this mount. */
	fd = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(fd, "t/mnt/kept", "");
	EXPECT_EQ(-EXDEV, file_remove_tree(fd, "t"));
	EXPECT_EQ(0, faccessat(fd, "t/mnt/kept", F_OK, 0));
	EXPECT_EQ(0, umount(path));
	close(fd);
}

TEST_HARNESS_MAIN
