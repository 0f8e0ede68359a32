// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Users and groups from /etc/passwd and /etc/group, and from nothing else: a static program must
 * not load the name service's modules, and a root made by somebody else must not choose them.
 */
#include <errno.h>
#include <ringfence/idmap.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "priv/attributes.h"
#include "priv/users.h"

enum { FILE_LIMIT = 16 << 20, MAX_GROUPS = 65536 };

static int parse_id(const char *file, const char *what, const char *text, uint32_t *ret)
{
	uint64_t n;
	uint32_t id;
	int r = str_to_u64(text, &n);

	if (r >= 0 && n < UINT32_MAX) {
		*ret = (uint32_t)n;
		return 0;
	}
	if (r >= 0 || r == -ERANGE)
		return sys_fail(-ERANGE, what, text, "ids go from 0 to 4294967294");
	if (!text[0] || strpbrk(text, ":\n"))
		return sys_fail(-EINVAL, what, text, "is neither a name nor a number");
	r = rf_idmap_user(file, text, &id);
	if (r < 0)
		return sys_fail(-EINVAL, what, text, "is neither a number nor in %s", file);
	*ret = id;
	return 0;
}

int rf_user_parse(const char *text, uint32_t *ret_uid)
{
	return parse_id("/etc/passwd", "user", text, ret_uid);
}

int rf_group_parse(const char *text, uint32_t *ret_gid)
{
	return parse_id("/etc/group", "group", text, ret_gid);
}

struct list {
	uint32_t *ids;
	size_t n;
};

static int append(struct list *l, uint32_t id)
{
	uint32_t *more;

	for (size_t i = 0; i < l->n; i++)
		if (l->ids[i] == id)
			return 0;
	if (l->n == MAX_GROUPS)
		return sys_fail(-EINVAL, "groups", "", "the kernel takes at most %d", MAX_GROUPS);
	more = realloc(l->ids, (l->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	more[l->n++] = id;
	l->ids = more;
	return 0;
}

int rf_groups_parse(const char *text, uint32_t **ret_list, size_t *ret_n)
{
	char *copy __free(ptr) = strdup(text), *at = copy, *word;
	struct list l = {0};
	int r = copy ? 0 : -ENOMEM;

	while (r >= 0 && (word = strsep(&at, ","))) {
		uint32_t gid = 0;

		r = rf_group_parse(word, &gid);
		if (r >= 0)
			r = append(&l, gid);
	}
	if (r < 0) {
		free(l.ids);
		return r;
	}
	*ret_list = l.ids;
	*ret_n = l.n;
	return 0;
}

/* Find the user's line; cut into fields by NULs, from name to shell. */
int attr_passwd_line(uint32_t uid, char **ret_text, const char *ret_fields[7])
{
	char *text __free(ptr) = NULL, *save = NULL;
	int r = file_read_at(AT_FDCWD, "/etc/passwd", FILE_LIMIT, &text, NULL);

	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *fields[7] = {"", "", "", "", "", "", ""};
		char *at = line;
		uint64_t id;

		for (size_t i = 0; i < 7 && at; i++)
			fields[i] = strsep(&at, ":");
		if (str_to_u64(fields[2], &id) < 0 || id != uid)
			continue;
		memcpy(ret_fields, fields, sizeof(fields));
		*ret_text = take_ptr(&text);
		return 0;
	}
	return sys_fail(-ENOENT, "user", "", "id %u is not in /etc/passwd", uid);
}

static int append_group(uint32_t gid, void *data)
{
	return append(data, gid);
}

static int add_memberships(struct list *l, const char *name)
{
	char *text __free(ptr) = NULL;
	int r = file_read_at(AT_FDCWD, "/etc/group", FILE_LIMIT, &text, NULL);

	return r < 0 ? r : users_each_membership(text, name, append_group, l);
}

int rf_groups_of_user(uint32_t uid, uint32_t **ret_list, size_t *ret_n)
{
	char *text __free(ptr) = NULL;
	const char *fields[7] = {0};
	struct list l = {0};
	uint64_t gid;
	int r = attr_passwd_line(uid, &text, fields);

	if (r < 0)
		return r;
	if (str_to_u64(fields[3], &gid) < 0 || gid >= UINT32_MAX)
		return sys_fail(-EINVAL, "user", fields[0], "has no group in /etc/passwd");
	r = append(&l, (uint32_t)gid);
	if (r >= 0)
		r = add_memberships(&l, fields[0]);
	if (r < 0) {
		free(l.ids);
		return r;
	}
	*ret_list = l.ids;
	*ret_n = l.n;
	return 0;
}
