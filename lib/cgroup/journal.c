// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What several values were before they were set, for the case that who sets them is killed in between: the next
 * call that sets values of the group puts back first what the killed one had begun.
 *
 *	DEVICE-INODE	one file for a group, named after its directory; strings, each with a NUL behind it:
 *			the group, then of each write the group's directory in that hierarchy, its device and inode,
 *			the file or kept key, the value before, the value wanted
 *
 * Who sets values holds flock(2) on the file: one that nobody holds is of the dead. It is complete before it
 * has its name, lies in /run, which a boot empties, and is there for as long as the writes take. Nothing depends
 * on it: where it can't be written, values are set as well.
 */
#include <sys/file.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "cgroup/cgroup.h"

#define UNFINISHED ".new"

enum { JOURNAL_MAX = 1 << 20, TRIES = 3 };

/* Below /run, or the user's own; NULL where he has none. Every set asks for it: root's takes no formatting. */
static char *place_path(void)
{
	const char *base;

	if (!geteuid())
		return strdup("/run/ringfence/set");
	base = getenv("XDG_RUNTIME_DIR");
	return base && base[0] == '/' ? str_format("%s/ringfence/set", base) : NULL;
}

static int open_place(bool make)
{
	char *path __free(ptr) = place_path();
	int fd = path ? sys_openat_rare(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) : -ENOENT;

	if (fd != -ENOENT || !make || !path)
		return fd;
	path[strlen(path) - strlen("/set")] = '\0';
	sys_mkdirat(AT_FDCWD, path, 0755);
	path[strlen(path)] = '/';
	sys_mkdirat(AT_FDCWD, path, 0700);
	return sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* Once the last file is gone; where another has come meanwhile it stays. */
static void remove_place(void)
{
	char *path __free(ptr) = place_path();

	if (path)
		sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

static int file_name(int group_fd, char name[CGROUP_JOURNAL_NAME])
{
	struct stat st;
	int r = sys_fstat(group_fd, &st);

	if (r >= 0)
		snprintf(name, CGROUP_JOURNAL_NAME, "%u.%u-%llu", major(st.st_dev), minor(st.st_dev), (unsigned long long)st.st_ino);
	return r;
}

static void add_string(struct str *out, const char *s)
{
	str_addn(out, s, strlen(s) + 1);
}

/* *ret_name is of the first write's group. */
static int make_text(const struct cgroup *g, const struct cgroup_writes *w, char ret_name[CGROUP_JOURNAL_NAME], struct str *out)
{
	char name[CGROUP_JOURNAL_NAME];

	ret_name[0] = '\0';
	add_string(out, g->name);
	for (size_t i = 0; i < w->n; i++) {
		const struct cgroup_write_op *op = &w->list[i];
		char *path __free(ptr) = op->old ? cgroup_path(g, op->h) : NULL;
		int r;

		if (!op->old)
			continue;
		r = path ? file_name(cgroup_fd(g, op->h), name) : -ENOMEM;
		if (r < 0)
			return r;
		if (!ret_name[0])
			str_copy(ret_name, CGROUP_JOURNAL_NAME, name);
		add_string(out, path);
		add_string(out, name);
		add_string(out, op->file);
		add_string(out, op->old);
		add_string(out, op->text);
	}
	return out->failed ? -ENOMEM : 0;
}

static int write_file(struct cgroup_journal *j, const struct str *text)
{
	char unfinished[CGROUP_JOURNAL_NAME + sizeof(UNFINISHED)];
	int r, fd __free(fd) = -EBADF;

	snprintf(unfinished, sizeof(unfinished), "%s" UNFINISHED, j->name);
	fd = sys_openat(j->dir_fd, unfinished, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	r = fd < 0 ? fd : sys_flock(fd, LOCK_EX | LOCK_NB);
	if (r >= 0)
		r = file_write_all(fd, text->s, text->len);
	if (r >= 0)
		r = sys_renameat2(j->dir_fd, unfinished, j->dir_fd, j->name, 0);
	if (r < 0 && fd >= 0)
		sys_unlinkat(j->dir_fd, unfinished, 0);
	if (r >= 0)
		j->fd = take_fd(&fd);
	return r;
}

void cgroup_journal_begin(const struct cgroup *g, const struct cgroup_writes *w, struct cgroup_journal *j)
{
	struct str text __free(str) = {0};
	int r = -ENOENT;
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->list[i].old != NULL;
	/* One write is all or nothing by itself; a group that we have made goes as a whole. */
	if (n < 2 || sys_is_dry() || cgroup_was_made(g) || make_text(g, w, j->name, &text) < 0)
		return;
	/* Another may just have removed the place. */
	for (int i = 0; i < TRIES && r == -ENOENT; i++) {
		if (j->dir_fd >= 0)
			sys_close(take_fd(&j->dir_fd));
		j->dir_fd = open_place(true);
		r = j->dir_fd < 0 ? j->dir_fd : write_file(j, &text);
	}
}

void cgroup_journal_end(struct cgroup_journal *j)
{
	struct rf_call why;

	if (j->dir_fd < 0)
		return;
	why = *rf_trace_last_failure();
	if (j->fd >= 0) {
		sys_unlinkat(j->dir_fd, j->name, 0);
		sys_close(take_fd(&j->fd));
	}
	sys_close(take_fd(&j->dir_fd));
	remove_place();
	sys_keep_failure(&why);
}

/* The next string at *at; NULL at the end, and of what is cut off. */
static const char *next(const char **at, const char *end)
{
	const char *s = *at, *nul = s < end ? memchr(s, '\0', (size_t)(end - s)) : NULL;

	if (!nul)
		return NULL;
	*at = nul + 1;
	return s;
}

struct entry {
	const char *directory, *group, *file, *old, *text;
};

static bool next_entry(const char **at, const char *end, struct entry *ret)
{
	ret->directory = next(at, end);
	ret->group = ret->directory ? next(at, end) : NULL;
	ret->file = ret->group ? next(at, end) : NULL;
	ret->old = ret->file ? next(at, end) : NULL;
	ret->text = ret->old ? next(at, end) : NULL;
	return ret->text;
}

/* The group's directory, if it is still the same group; -ENOENT. */
static int open_group(const struct entry *e)
{
	int fd __free(fd) = sys_openat(AT_FDCWD, e->directory, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	char name[CGROUP_JOURNAL_NAME];

	return fd < 0 ? fd : file_name(fd, name) >= 0 && str_eq(name, e->group) ? take_fd(&fd) : -ENOENT;
}

/* Is it what was written, as the kernel may have kept it: in whole pages, or among other lines? */
static bool is_of_us(const char *now, const char *text)
{
	const uint64_t page = 4096, largest = 65536;
	uint64_t kept, wanted;

	if (str_eq(now, text) || strchr(text, ' ') || strchr(now, '\n'))
		return true;
	return str_to_u64(now, &kept) >= 0 && str_to_u64(text, &wanted) >= 0 && kept && kept % page == 0 &&
	       kept < wanted && wanted - kept < largest;
}

static const struct cgroup_key *kept_key(const struct entry *e)
{
	const struct cgroup_key *key = cgroup_key_find(e->file);

	return key && key->kept ? key : NULL;
}

static bool kept_is_of_us(const struct cgroup_key *key, const char *now, const char *text)
{
	struct cgroup_value wanted, kept;

	return cgroup_value_parse(key, text, &wanted) >= 0 && cgroup_value_read(key, now, &kept) >= 0 &&
	       cgroup_value_compare(key, &wanted, &kept) >= 0;
}

/* Was it put back? What someone has set since stays. */
static bool put_one_back(const struct cgroup *g, const struct entry *e)
{
	const struct cgroup_key *key = kept_key(e);
	int fd __free(fd) = open_group(e);
	char *now __free(ptr) = NULL;

	if (fd < 0 || (key ? cgroup_kept_read(g, key, &now) : cgroup_read(fd, e->file, &now)) < 0 || str_eq(now, e->old))
		return false;
	if (key)
		return kept_is_of_us(key, now, e->text) && cgroup_kept_write(g, key, e->old) >= 0;
	return is_of_us(now, e->text) && cgroup_write(fd, e->file, e->old) >= 0;
}

/* The last one first. */
static void put_back(const struct cgroup *g, const char *at, const char *end, rf_cgroup_note_fn *note, void *data)
{
	struct entry e;

	if (!next_entry(&at, end, &e))
		return;
	put_back(g, at, end, note, data);
	if (put_one_back(g, &e) && note)
		note(e.file, NULL, e.old, data);
}

/* Values that a program keeps are left to who can load one. */
static bool needs_keeper(const struct cgroup *g, const char *at, const char *end)
{
	struct entry e;

	while (next_entry(&at, end, &e))
		if (kept_key(&e) && !g->fs->keeper)
			return true;
	return false;
}

/* One file: of this group, or of one that is gone. What is left of it is removed. */
static void look_at(const struct cgroup *g, bool forget, int dir_fd, const char *name, rf_cgroup_note_fn *note, void *data)
{
	int fd __free(fd) = sys_openat(dir_fd, name, O_RDWR | O_NOFOLLOW, 0), group __free(fd) = -EBADF;
	const char *at, *writes, *of, *end;
	char *text __free(ptr) = NULL;
	struct entry first;
	size_t len = 0;

	if (fd < 0 || sys_flock(fd, LOCK_EX | LOCK_NB) < 0 || file_read_fd(fd, JOURNAL_MAX, &text, &len) < 0)
		return;
	at = text;
	end = text + len;
	of = next(&at, end);
	writes = at;
	/* One that is not finished is of writes that had not begun. */
	if (of && !strstr(name, UNFINISHED) && next_entry(&at, end, &first)) {
		group = open_group(&first);
		if (group >= 0 && (!str_eq(of, g->name) || (!forget && needs_keeper(g, writes, end))))
			return;
		if (group >= 0 && !forget)
			put_back(g, writes, end, note, data);
	}
	sys_unlinkat(dir_fd, name, 0);
}

void cgroup_journal_repair(const struct cgroup *g, bool forget, rf_cgroup_note_fn *note, void *data)
{
	int r, dir_fd __free(fd) = sys_is_dry() ? -ENOENT : open_place(false);
	int list_fd __free(fd) = dir_fd < 0 ? -EBADF : sys_openat(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir __free(dir) = list_fd < 0 ? NULL : sys_fdopendir(list_fd, &r);
	struct dirent *e;

	if (dir) {
		take_fd(&list_fd);
		while ((e = readdir(dir)))
			if (e->d_name[0] != '.')
				look_at(g, forget, dir_fd, e->d_name, note, data);
		remove_place();
	}
	rf_trace_forget();
}
