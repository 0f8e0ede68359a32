// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Compiled filters of earlier runs. Compiling costs a hundred times what loading does.
 *
 * A file stands for one profile as compiled by one libseccomp for one machine: header, filter, the
 * names left out, and the profile's own bytes, which are compared in full, so that the hash in its
 * name only has to find it. Who could write such a file could lift every restriction: directory and
 * file must belong to the caller and be closed to others. Files are replaced by rename, so a reader
 * sees a whole one or none. Nothing here is an error to anyone: without cache it is compiled.
 */
#include "priv/seccomp.h"

#include <seccomp.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { FORMAT = 1, FILE_LIMIT = 8 << 20, UNKNOWN_LIMIT = 1 << 20 };

struct header {
	char magic[8];
	uint32_t format, libseccomp[3], arch;
	uint32_t flags, needs_listener, n, unknown_len;
	uint32_t pad;
	uint64_t profile_len;
	uint64_t sum; /* over header and body, with 0 here */
};

static const char magic[8] = "rf-scmp";

static char *cache_path(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		return strdup(xdg);
	if (geteuid() == 0)
		return strdup("/var/cache");
	return home && home[0] == '/' ? str_format("%s/.cache", home) : NULL;
}

static bool only_ours(int fd, mode_t forbidden)
{
	struct stat st;

	return sys_fstat(fd, &st) >= 0 && st.st_uid == geteuid() && !(st.st_mode & forbidden);
}

/* Where there is no place for caches, as in most images, none is made. */
static int open_cache(bool make)
{
	char *path __free(ptr) = cache_path();
	int base __free(fd) = -EBADF, fd __free(fd) = -EBADF;
	int r = 0;

	if (!path)
		return -ENOENT;
	base = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (base >= 0 && make)
		r = file_mkdir_p(base, "ringfence/seccomp", 0700);
	if (base < 0 || r < 0)
		return base < 0 ? base : r;
	fd = sys_openat(base, "ringfence/seccomp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd >= 0 && !only_ours(fd, 0077))
		return -EACCES;
	return take_fd(&fd);
}

static void entry_name(const char *json, size_t len, char *buf, size_t size)
{
	snprintf(buf, size, "seccomp-%016llx-%zu", (unsigned long long)str_hash(str_hash_start, json, len), len);
}

static struct header make_header(size_t profile_len)
{
	const struct scmp_version *v = seccomp_version();
	struct header h = {
		.format = FORMAT,
		.libseccomp = {v->major, v->minor, v->micro},
		.arch = seccomp_arch_native(),
		.profile_len = profile_len,
	};

	memcpy(h.magic, magic, sizeof(magic));
	return h;
}

static uint64_t checksum(struct header h, const char *body, size_t len)
{
	h.sum = 0;
	return str_hash(str_hash(str_hash_start, &h, sizeof(h)), body, len);
}

static bool fits(const struct header *h, const struct header *want, size_t size)
{
	uint64_t body = (uint64_t)h->n * sizeof(struct sock_filter) + h->unknown_len +
			h->profile_len;

	return !memcmp(h, want, offsetof(struct header, flags)) &&
	       h->profile_len == want->profile_len && h->n && h->n <= BPF_MAXINSNS &&
	       h->unknown_len <= UNKNOWN_LIMIT && size - sizeof(*h) == body;
}

static int take_entry(const char *data, size_t size, const char *json, size_t len,
		      struct rf_seccomp *s)
{
	struct header h, want = make_header(len);
	const char *body = data + sizeof(h);
	size_t filter_size;

	if (size < sizeof(h))
		return -EINVAL;
	memcpy(&h, data, sizeof(h));
	if (!fits(&h, &want, size) || h.sum != checksum(h, body, size - sizeof(h)))
		return -EINVAL;
	filter_size = h.n * sizeof(struct sock_filter);
	if (memcmp(body + filter_size + h.unknown_len, json, len))
		return -EINVAL;
	s->flags = h.flags;
	s->needs_listener = h.needs_listener;
	return seccomp_fill(s, body, h.n, h.unknown_len);
}

static int find(const char *json, size_t len, struct rf_seccomp *s)
{
	int dir __free(fd) = open_cache(false), fd __free(fd) = -EBADF;
	char name[64], *data __free(ptr) = NULL;
	size_t size;
	int r;

	if (dir < 0)
		return dir;
	entry_name(json, len, name, sizeof(name));
	fd = sys_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	if (!only_ours(fd, 0022))
		return -EACCES;
	r = file_read_fd(fd, FILE_LIMIT, &data, &size);
	return r < 0 ? r : take_entry(data, size, json, len, s);
}

int seccomp_cache_find(const char *json, size_t len, struct rf_seccomp *s)
{
	int r = find(json, len, s);

	/* A miss is no failure that a later error could have come from. */
	if (r < 0)
		rf_trace_forget();
	return r;
}

static int store(const char *json, size_t len, const struct rf_seccomp *s)
{
	int dir __free(fd) = open_cache(true);
	struct header h = make_header(len);
	struct str data __free(str) = {0};
	char name[64];

	if (dir < 0)
		return dir;
	h.flags = s->flags;
	h.needs_listener = s->needs_listener;
	h.n = (uint32_t)s->n;
	h.unknown_len = (uint32_t)strlen(s->unknown);
	str_addn(&data, (const char *)&h, sizeof(h));
	str_addn(&data, (const char *)s->filter, s->n * sizeof(*s->filter));
	str_add(&data, s->unknown);
	str_addn(&data, json, len);
	if (data.failed)
		return -ENOMEM;
	h.sum = checksum(h, data.s + sizeof(h), data.len - sizeof(h));
	memcpy(data.s, &h, sizeof(h));
	entry_name(json, len, name, sizeof(name));
	return file_replace_at(dir, name, data.s, data.len, 0600);
}

void seccomp_cache_store(const char *json, size_t len, const struct rf_seccomp *s)
{
	if (strlen(s->unknown) <= UNKNOWN_LIMIT)
		(void)store(json, len, s);
	rf_trace_forget();
}
