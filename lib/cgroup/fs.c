// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which hierarchies there are, and where. /proc/self/cgroup has a line for each:
 *
 *	4:memory:/jobs		v1: id, controllers, the caller's group
 *	9:name=systemd:/	v1 without a controller: of no use here
 *	0::/jobs		v2; on a hybrid system with the controllers that v1 left
 *
 * It does not say where they are mounted. The usual places are tried first and known by the file
 * system's magic number; only where that fails is the mount table read, by getmntent(3), which
 * unlike libmount costs a tool no library.
 */
#include "cgroup/cgroup.h"

#include <mntent.h>

#include "base/file.h"
#include "base/resolve.h"

bool cgroup_has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n = strcspn(list, ", \n");

		if (n == len && !memcmp(list, word, n))
			return true;
		list += n;
		list += strspn(list, ", \n");
	}
	return false;
}

int cgroup_open_mount(const char *path, long magic)
{
	int fd __free(fd) = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	struct statfs fs;
	int r;

	if (fd < 0)
		return fd;
	r = sys_fstatfs(fd, &fs);
	if (r < 0)
		return r;
	return fs.f_type == magic ? take_fd(&fd) : -ENODEV;
}

/* Does a mount's option list have each of the controllers? */
static bool has_controllers(const char *options, const char *controllers)
{
	char copy[192], *save = NULL;

	if (str_copy(copy, sizeof(copy), controllers) < 0)
		return false;
	for (char *c = strtok_r(copy, ",", &save); c; c = strtok_r(NULL, ",", &save))
		if (!cgroup_has_word(options, c))
			return false;
	return true;
}

int cgroup_next_mount(FILE *table, struct cgroup_hierarchy *h)
{
	const char *type = h->ops->v2 ? "cgroup2" : "cgroup";
	struct mntent entry;
	char buf[4096];

	while (getmntent_r(table, &entry, buf, sizeof(buf)))
		if (str_eq(entry.mnt_type, type) &&
		    (h->ops->v2 || has_controllers(entry.mnt_opts, h->controllers)) &&
		    str_copy(h->path, sizeof(h->path), entry.mnt_dir) >= 0)
			return 0;
	return -ENOENT;
}

/* Not here, or not for us: there may be another place, or none. Any other failure tells nothing of that. */
static bool is_elsewhere(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -ENOTDIR || r == -EACCES || r == -ENAMETOOLONG;
}

static int open_from_table(struct cgroup_hierarchy *h, long magic)
{
	FILE *table __free(file) = setmntent("/proc/self/mounts", "re");
	int r = -ENOENT;

	while (table && is_elsewhere(r) && cgroup_next_mount(table, h) >= 0) {
		h->fd = cgroup_open_mount(h->path, magic);
		r = h->fd < 0 ? h->fd : 0;
	}
	return r;
}

/* Where a hierarchy usually is: its controllers, or the first of them, below /sys/fs/cgroup. */
static int open_usual(struct cgroup_hierarchy *h, const char *ends)
{
	static const char top[] = "/sys/fs/cgroup/";
	const size_t len = sizeof(top) - 1;

	memcpy(h->path, top, len);
	if (!str_cut(h->path + len, sizeof(h->path) - len, h->controllers, ends))
		return -ENAMETOOLONG;
	h->fd = cgroup_open_mount(h->path, RF_CGROUP_SUPER_MAGIC);
	return h->fd < 0 ? h->fd : 0;
}

static int open_v1(struct cgroup_hierarchy *h)
{
	int r = open_usual(h, "");

	if (is_elsewhere(r))
		r = open_usual(h, ",");
	return is_elsewhere(r) ? open_from_table(h, RF_CGROUP_SUPER_MAGIC) : r;
}

static int open_v2(struct cgroup_hierarchy *h)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char *list __free(ptr) = NULL;
	int r = -ENOENT;

	for (size_t i = 0; is_elsewhere(r) && i < array_size(places); i++) {
		snprintf(h->path, sizeof(h->path), "%s", places[i]);
		h->fd = cgroup_open_mount(places[i], RF_CGROUP2_SUPER_MAGIC);
		r = h->fd < 0 ? h->fd : 0;
	}
	if (is_elsewhere(r))
		r = open_from_table(h, RF_CGROUP2_SUPER_MAGIC);
	if (r >= 0)
		r = cgroup_read(h->fd, "cgroup.controllers", &list);
	return r < 0 ? r : str_copy(h->controllers, sizeof(h->controllers), list);
}

/* One line of /proc/PID/cgroup; those of named hierarchies are of no use. */
static void parse_line(char *line, struct rf_cgroup_fs *fs)
{
	struct cgroup_hierarchy *h = &fs->h[fs->n];
	char *controllers = strchr(line, ':'), *end;

	end = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!end || fs->n == CGROUP_MAX_HIERARCHIES)
		return;
	*end = '\0';
	controllers++;
	if (strchr(controllers, '='))
		return;
	*h = (struct cgroup_hierarchy){.ops = *controllers ? &cgroup_v1_ops : &cgroup_v2_ops, .fd = -EBADF};
	if (str_copy(h->controllers, sizeof(h->controllers), controllers) >= 0)
		fs->n++;
}

void cgroup_parse_hierarchies(char *text, struct rf_cgroup_fs *fs)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		parse_line(line, fs);
}

/* A hierarchy that is mounted nowhere is left out; of one that is not known about, nothing may be said. */
static int open_hierarchies(struct rf_cgroup_fs *fs)
{
	size_t n = fs->n;

	fs->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct cgroup_hierarchy h = fs->h[i];
		int r = h.ops->v2 ? open_v2(&h) : open_v1(&h);

		if (r >= 0)
			fs->h[fs->n++] = h;
		else if (h.fd >= 0)
			sys_close(h.fd);
		if (r < 0 && !is_elsewhere(r))
			return r;
	}
	return 0;
}

static int set_mode(struct rf_cgroup_fs *fs)
{
	bool v1 = false, v2 = false;

	for (size_t i = 0; i < fs->n; i++)
		*(fs->h[i].ops->v2 ? &v2 : &v1) = true;
	if (!v1 && !v2)
		return sys_fail(-ENOENT, "cgroup", "/sys/fs/cgroup",
				"no control group file system is mounted");
	fs->mode = !v1 ? RF_CGROUP_V2 : v2 ? RF_CGROUP_HYBRID : RF_CGROUP_V1;
	return 0;
}

static int read_hierarchies(struct rf_cgroup_fs **ret_fs)
{
	char *text __free(ptr) = NULL;
	int r = file_read_at(AT_FDCWD, "/proc/self/cgroup", CGROUP_FILE_LIMIT, &text, NULL);

	if (r < 0)
		return r;
	*ret_fs = calloc(1, sizeof(**ret_fs));
	if (!*ret_fs)
		return -ENOMEM;
	cgroup_parse_hierarchies(text, *ret_fs);
	return 0;
}

int rf_cgroup_fs_open(struct rf_cgroup_fs **ret_fs)
{
	struct rf_cgroup_fs *fs = NULL;
	int r = read_hierarchies(&fs);

	if (r < 0)
		return r;
	r = open_hierarchies(fs);
	if (r >= 0)
		r = set_mode(fs);
	if (r < 0) {
		rf_cgroup_fs_free(fs);
		return r;
	}
	*ret_fs = fs;
	return 0;
}

static const struct cgroup_key *key_of(const char *word)
{
	char name[64];

	return str_cut(name, sizeof(name), word, "=") ? cgroup_key_find(name) : NULL;
}

/* The hierarchies that are v1's and have all of the keys, as bits; 0: it is not so simple. */
static uint32_t v1_of_keys(const struct rf_cgroup_fs *fs, const char *const *words, size_t n)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < n; i++) {
		const struct cgroup_key *key = key_of(words[i]);
		uint32_t of_key = key && cgroup_key_is_v1(fs, key) ? cgroup_key_hierarchies(fs, key) : 0;

		if (!of_key)
			return 0;
		bits |= of_key;
	}
	return bits;
}

/* The one controller that keeps all of the keys on v1, or NULL. */
static const char *v1_controller_of(const char *const *words, size_t n)
{
	const char *one = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct cgroup_key *key = key_of(words[i]);

		if (!key || !key->v1[0].file)
			return NULL;
		for (size_t k = 0; k < array_size(key->v1) && key->v1[k].file; k++) {
			one = one ?: key->v1[k].controller;
			if (!one || !key->v1[k].controller || !str_eq(one, key->v1[k].controller))
				return NULL;
		}
	}
	return one;
}

static bool has_group(int fd, const char *group)
{
	group += strspn(group, "/");
	return sys_faccessat(fd, *group ? group : ".", F_OK) >= 0;
}

/* Leave out of fs what is not in `bits`; false where one can't be opened, or does not have the group. */
static bool open_some(struct rf_cgroup_fs *fs, uint32_t bits, const char *group)
{
	size_t n = fs->n;

	fs->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct cgroup_hierarchy h = fs->h[i];

		if (!(bits >> i & 1))
			continue;
		if (open_v1(&h) < 0)
			return false;
		fs->h[fs->n++] = h;
		if (!has_group(h.fd, group))
			return false;
	}
	return bits;
}

/*
 * One hierarchy, where it usually is, needs no looking up: for a process of its own /proc/self/cgroup
 * takes as long as the rest. Several ones have to be in the kernel's order, for the locks on them.
 */
static bool open_one(const char *controller, const char *group, struct rf_cgroup_fs *fs)
{
	struct cgroup_hierarchy h = {.ops = &cgroup_v1_ops, .fd = -EBADF};

	if (!controller || str_copy(h.controllers, sizeof(h.controllers), controller) < 0 || open_usual(&h, "") < 0)
		return false;
	fs->h[fs->n++] = h;
	return has_group(h.fd, group);
}

int cgroup_fs_open_for(const char *group, const char *const *words, size_t n, struct rf_cgroup_fs **ret_fs)
{
	struct rf_cgroup_fs *fs = calloc(1, sizeof(*fs));
	bool found;
	int r = 0;

	if (!fs)
		return -ENOMEM;
	found = open_one(v1_controller_of(words, n), group, fs);
	if (!found) {
		rf_cgroup_fs_free(fs);
		fs = NULL;
		r = read_hierarchies(&fs);
		found = r >= 0 && open_some(fs, v1_of_keys(fs, words, n), group);
	}
	if (found) {
		fs->mode = RF_CGROUP_V1;
		*ret_fs = fs;
		return 0;
	}
	rf_cgroup_fs_free(fs);
	return r < 0 ? r : rf_cgroup_fs_open(ret_fs);
}

void rf_cgroup_fs_free(struct rf_cgroup_fs *fs)
{
	if (!fs)
		return;
	for (size_t i = 0; i < fs->n; i++)
		if (fs->h[i].fd >= 0)
			sys_close(fs->h[i].fd);
	free(fs);
}

enum rf_cgroup_mode rf_cgroup_fs_mode(const struct rf_cgroup_fs *fs)
{
	return fs->mode;
}

/* The line "ID:CONTROLLERS:PATH" of a hierarchy; -ENOENT where the process is not in it. */
int cgroup_path_in(const char *text, const struct cgroup_hierarchy *h, char **ret_path)
{
	const char *controllers = h->ops->v2 ? "" : h->controllers;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		const char *at = memchr(line, ':', len), *end;

		end = at ? memchr(at + 1, ':', len - (size_t)(at + 1 - line)) : NULL;
		if (!end || (size_t)(end - at - 1) != strlen(controllers) ||
		    strncmp(at + 1, controllers, strlen(controllers)))
			continue;
		*ret_path = strndup(end + 1, len - (size_t)(end + 1 - line));
		return *ret_path ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

/* The hierarchies that tell most, the one of v2 being asked where it has them. */
static const char *const telling[] = {"memory", "cpu", "cpuacct", "pids"};

static int name_in(const struct rf_cgroup_fs *fs, const char *text, int h, char **ret_name)
{
	char *path __free(ptr) = NULL;
	int r = h < 0 ? -ENOENT : cgroup_path_in(text, &fs->h[h], &path);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* "/..": a group outside of the tree that is seen. */
	if (str_eq(path, "/") || str_starts(path, "/.."))
		return 0;
	*ret_name = take_ptr(&path);
	return 1;
}

int rf_cgroup_of_process(const struct rf_cgroup_fs *fs, pid_t pid, char **ret_name)
{
	char path[40] = "/proc/self/cgroup", *text __free(ptr) = NULL;
	int r;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	r = file_read_at(AT_FDCWD, path, CGROUP_FILE_LIMIT, &text, NULL);
	for (size_t i = 0; !r && i < array_size(telling); i++)
		r = name_in(fs, text, cgroup_hierarchy_of(fs, telling[i]), ret_name);
	return r ? r : name_in(fs, text, cgroup_v2_of(fs), ret_name);
}

int cgroup_open_door(const struct rf_cgroup_fs *fs, size_t h, const char *text)
{
	const struct cgroup_hierarchy *at = &fs->h[h];
	char *path __free(ptr) = NULL, *file __free(ptr) = NULL;
	int r = cgroup_path_in(text, at, &path);

	if (r < 0)
		return r == -ENOENT ? sys_fail(r, "cgroup", at->path, "the process is in no group of it") : r;
	if (str_starts(path, "/.."))
		return sys_fail(-EXDEV, "cgroup", path, "the target's group lies outside of the tree that is seen at %s", at->path);
	file = str_format("%s%s%s", path + 1, path[1] ? "/" : "", at->ops->join_file);
	return file ? resolve_beneath(at->fd, file, O_WRONLY) : -ENOMEM;
}

int cgroup_hierarchy_of(const struct rf_cgroup_fs *fs, const char *controller)
{
	for (size_t i = 0; i < fs->n; i++)
		if (cgroup_has_word(fs->h[i].controllers, controller))
			return (int)i;
	return -ENOENT;
}

int cgroup_v2_of(const struct rf_cgroup_fs *fs)
{
	for (size_t i = 0; i < fs->n; i++)
		if (fs->h[i].ops->v2)
			return (int)i;
	return -ENOENT;
}
