// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files of a group: one open, one read or one write(2), relative to the group's descriptor. */
#include "cgroup/cgroup.h"

#include "base/file.h"
#include "base/resolve.h"

int cgroup_read(int dirfd, const char *file, char **ret_text)
{
	int fd __free(fd) = resolve_beneath(dirfd, file, O_RDONLY);
	char *text = NULL;
	size_t len = 0;
	int r = fd < 0 ? fd : file_read_fd(fd, CGROUP_FILE_LIMIT, &text, &len);

	if (r < 0)
		return r;
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	*ret_text = text;
	return 0;
}

int cgroup_read_number(int dirfd, const char *file, uint64_t *ret_number)
{
	char *text __free(ptr) = NULL;
	int r = cgroup_read(dirfd, file, &text);

	if (r < 0)
		return r;
	/* Nothing: a dry run. */
	if (!*text && sys_is_dry())
		*ret_number = 0;
	else if (str_to_u64(text, ret_number) < 0)
		return sys_fail(-EINVAL, "read", file, "\"%s\" is not a number", text);
	return 0;
}

int cgroup_write(int dirfd, const char *file, const char *text)
{
	int fd __free(fd) = resolve_beneath(dirfd, file, O_WRONLY);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return fd;
	/* A write of no bytes would not reach the file's handler. */
	n = sys_write(fd, len ? text : "\n", len ?: 1);
	if (n < 0)
		return (int)n;
	return (size_t)n == (len ?: 1) ? 0 : -EIO;
}

bool cgroup_has_file(int dirfd, const char *file)
{
	return sys_faccessat(dirfd, file, F_OK) >= 0;
}

static uint64_t field_number(const char *s)
{
	char number[24];
	size_t len = strspn(s, "0123456789");
	uint64_t n;

	if (len >= sizeof(number) || (s[len] && s[len] != '\n'))
		return RF_CGROUP_UNKNOWN;
	memcpy(number, s, len);
	number[len] = '\0';
	return str_to_u64(number, &n) < 0 ? RF_CGROUP_UNKNOWN : n;
}

uint64_t cgroup_field(const char *text, const char *field)
{
	size_t len = strlen(field);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, field, len) && line[len] == ' ')
			return field_number(line + len + 1);
	}
	return RF_CGROUP_UNKNOWN;
}
