// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * getpwnam(3) loads the name service's modules, which a static program can't: they want the C library
 * that they were built with. So /etc/passwd and /etc/group are read here, and for who is not there
 * getent(1) is asked, a program of the C library's own that goes by /etc/nsswitch.conf; its answer is
 * a line of the same form. Each question is put once.
 *
 * Where a root is somebody else's, nothing but its files may be asked: attributes-ids.c does that.
 */
#include "priv/users.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { FILE_LIMIT = 16 << 20, FIELDS = 4 };

static const struct {
	const char *name, *file;
} databases[] = {
	[USERS_PASSWD] = {"passwd", "/etc/passwd"},
	[USERS_GROUP] = {"group", "/etc/group"},
};

/* What `getent DATABASE KEY` prints; "" where it is not installed, or knows nothing. */
static int ask_getent(const char *database, const char *key, char **ret_text)
{
	char *argv[] = {(char *)"getent", (char *)database, (char *)key, NULL};
	int ends[2], r = sys_pipe(ends), status;
	int from __free(fd) = r < 0 ? -EBADF : ends[0], to __free(fd) = r < 0 ? -EBADF : ends[1];
	pid_t pid = r < 0 ? r : sys_fork();

	if (pid < 0)
		return pid;
	if (!pid) {
		if (sys_dup2(to, STDOUT_FILENO) >= 0)
			sys_execvpe(argv[0], argv, environ);
		_exit(127);
	}
	sys_close(take_fd(&to));
	r = file_read_fd(from, FILE_LIMIT, ret_text, NULL);
	sys_close(take_fd(&from));
	/* By its exit code it says no more than by saying nothing. */
	while (sys_waitpid(pid, &status, 0) == -EINTR)
		;
	return r;
}

/* Cut a line at its colons; fields that are missing are "". */
static void cut(char *line, const char *fields[FIELDS])
{
	for (size_t i = 0; i < FIELDS; i++)
		fields[i] = line ? strsep(&line, ":") : "";
}

static bool is_id(const char *text, uint32_t *ret_id)
{
	uint64_t n;

	if (str_to_u64(text, &n) < 0 || n >= UINT32_MAX)
		return false;
	*ret_id = (uint32_t)n;
	return true;
}

/* Take the entry from the line of `text` that has `key` for its name, or its number. 1, 0, -ENOMEM. */
static int take_line(struct users_entry *e, const char *text, bool by_id)
{
	for (const char *line = text; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		char *copy __free(ptr) = strndup(line, strcspn(line, "\n"));
		const char *fields[FIELDS];

		if (!copy)
			return -ENOMEM;
		cut(copy, fields);
		if (!str_eq(fields[by_id ? 2 : 0], e->key) || !is_id(fields[2], &e->id))
			continue;
		if (e->database == USERS_PASSWD && !is_id(fields[3], &e->gid))
			continue;
		e->name = fields[0];
		e->members = fields[3];
		e->text = take_ptr(&copy);
		return 1;
	}
	return 0;
}

static int look_up(struct users *u, struct users_entry *e)
{
	bool number = !e->key[strspn(e->key, "0123456789")];
	char **file = &u->file[e->database], *answer __free(ptr) = NULL;
	int r = *file ? 0 : file_read_at(AT_FDCWD, databases[e->database].file, FILE_LIMIT, file, NULL);

	if (r < 0 && r != -ENOENT)
		return r;
	/* It would read the first as an option, and no name has the others. */
	if (!*e->key || *e->key == '-' || strpbrk(e->key, ":\n"))
		return 0;
	r = take_line(e, *file, false);
	if (!r && number)
		r = take_line(e, *file, true);
	if (r)
		return r;
	r = ask_getent(databases[e->database].name, e->key, &answer);
	return r < 0 ? r : take_line(e, answer, number);
}

static void free_entry(struct users_entry *e)
{
	free(e->key);
	free(e->text);
	free(e);
}

int users_find(struct users *u, enum users_database database, const char *key, const struct users_entry **ret_entry)
{
	struct users_entry *e = u->entries;
	int r;

	while (e && (e->database != database || !str_eq(e->key, key)))
		e = e->next;
	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			return -ENOMEM;
		e->database = database;
		e->key = strdup(key);
		r = e->key ? look_up(u, e) : -ENOMEM;
		if (r < 0) {
			free_entry(e);
			return r;
		}
		e->next = u->entries;
		u->entries = e;
	}
	if (e->text)
		*ret_entry = e;
	return e->text != NULL;
}

int users_find_id(struct users *u, enum users_database database, uint32_t id, const struct users_entry **ret_entry)
{
	char key[16];

	snprintf(key, sizeof(key), "%u", id);
	return users_find(u, database, key, ret_entry);
}

bool users_is_member(const struct users_entry *group, const char *user)
{
	size_t len = strlen(user);

	for (const char *at = group->members; *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == len && !memcmp(at, user, len))
			return true;
	return false;
}

int users_each_membership(const char *text, const char *user, int (*fn)(uint32_t gid, void *data), void *data)
{
	int r = 0;

	for (const char *line = text; r >= 0 && line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		char *copy __free(ptr) = strndup(line, strcspn(line, "\n"));
		struct users_entry e = {0};
		const char *fields[FIELDS];

		if (!copy)
			return -ENOMEM;
		cut(copy, fields);
		e.members = fields[3];
		if (is_id(fields[2], &e.id) && users_is_member(&e, user))
			r = fn(e.id, data);
	}
	return r;
}

struct gids {
	uint32_t *list;
	size_t max, n;
};

static int add_gid(uint32_t gid, void *data)
{
	struct gids *g = data;

	for (size_t i = 0; i < g->n; i++)
		if (g->list[i] == gid)
			return 0;
	if (g->n < g->max)
		g->list[g->n++] = gid;
	return 0;
}

/* "alice 100 27": what the name service says of all databases. */
static void add_answer(struct gids *g, char *answer)
{
	char *save = NULL;
	uint32_t gid;

	strtok_r(answer, " \t\n", &save);
	for (char *word; (word = strtok_r(NULL, " \t\n", &save));)
		if (is_id(word, &gid))
			add_gid(gid, g);
}

int users_groups(struct users *u, const struct users_entry *user, uint32_t *gids, size_t max)
{
	char *answer __free(ptr) = NULL, **file = &u->file[USERS_GROUP];
	struct gids g = {gids, max, 0};
	int r = ask_getent("initgroups", user->name, &answer);

	if (r < 0)
		return r;
	add_gid(user->gid, &g);
	add_answer(&g, answer);
	/* It may not be there, or not know this database. */
	r = *file ? 0 : file_read_at(AT_FDCWD, databases[USERS_GROUP].file, FILE_LIMIT, file, NULL);
	if (r >= 0 || r == -ENOENT)
		r = users_each_membership(*file, user->name, add_gid, &g);
	return r < 0 ? r : (int)g.n;
}

void users_done(struct users *u)
{
	for (struct users_entry *e = u->entries, *next; e; e = next) {
		next = e->next;
		free_entry(e);
	}
	free(u->file[USERS_PASSWD]);
	free(u->file[USERS_GROUP]);
	*u = (struct users){0};
}
