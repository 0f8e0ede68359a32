// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A compiled filter as a file of its own, for places where neither profile nor cache shall be:
 *
 *   header	magic, version, AUDIT_ARCH_… of the machine, flags, sizes, checksum
 *   body	the instructions as the kernel takes them, then the names left out
 *
 * In the machine's byte order: it fits no other architecture anyway. The checksum finds damage, not
 * malice: whoever may write the file decides what the filter is, as with any profile.
 *
 * And the instructions alone, as others write them (enosys --dump) and setpriv --seccomp-filter takes.
 */
#include "priv/seccomp.h"

#include <errno.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { VERSION = 1 };

static const char magic[8] = "rf-bpf\n";

struct header {
	char magic[8];
	uint32_t version, arch;
	uint32_t flags, needs_listener, n, unknown_len;
	uint64_t sum; /* over header and body, with 0 here */
};

static uint64_t checksum(struct header h, const char *body, size_t len)
{
	h.sum = 0;
	return str_hash(str_hash(str_hash_start, &h, sizeof(h)), body, len);
}

bool seccomp_is_compiled(const char *data, size_t len)
{
	return len >= sizeof(magic) && !memcmp(data, magic, sizeof(magic));
}

static int bad(const struct rf_seccomp *s, const char *text)
{
	return sys_fail(-EINVAL, "compiled filter", s->name, "%s", text);
}

int seccomp_from_compiled(const char *data, size_t len, struct rf_seccomp *s)
{
	const char *body = data + sizeof(struct header);
	struct header h;
	size_t size;

	if (len < sizeof(h))
		return bad(s, "is damaged: it ends too early");
	memcpy(&h, data, sizeof(h));
	if (h.version != VERSION)
		return bad(s, "has the format of another version: compile the profile again");
	if (h.arch != seccomp_native_arch())
		return bad(s, "was compiled for another architecture: compile the profile here");
	size = (size_t)h.n * sizeof(*s->filter);
	if (!h.n || h.n > BPF_MAXINSNS || len - sizeof(h) != size + h.unknown_len ||
	    h.sum != checksum(h, body, len - sizeof(h)))
		return bad(s, "is damaged: its checksum or its length is wrong");
	s->flags = h.flags;
	s->needs_listener = h.needs_listener;
	return seccomp_fill(s, body, h.n, h.unknown_len);
}

/* The kernel judges the rest when it loads them: jumps, offsets, the end. */
int seccomp_from_raw(const char *data, size_t len, struct rf_seccomp *s)
{
	if (!len || len % sizeof(*s->filter))
		return sys_fail(-EINVAL, "filter", s->name,
				"holds no instructions: their size is %zu bytes each, the file's %zu; a profile is taken by --seccomp",
				sizeof(*s->filter), len);
	if (len / sizeof(*s->filter) > BPF_MAXINSNS)
		return sys_fail(-E2BIG, "filter", s->name, "has %zu instructions, the kernel takes %d",
				len / sizeof(*s->filter), BPF_MAXINSNS);
	s->filter = malloc(len);
	if (!s->filter)
		return -ENOMEM;
	memcpy(s->filter, data, len);
	s->n = len / sizeof(*s->filter);
	s->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < s->n; i++)
		if (s->filter[i].code == (BPF_RET | BPF_K) &&
		    (s->filter[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			s->needs_listener = true;
	return 0;
}

int rf_seccomp_save(const struct rf_seccomp *s, const char *path)
{
	const char *unknown = s->unknown ?: "";
	struct header h = {
		.version = VERSION,
		.arch = seccomp_native_arch(),
		.flags = s->flags,
		.needs_listener = s->needs_listener,
		.n = (uint32_t)s->n,
		.unknown_len = (uint32_t)strlen(unknown),
	};
	struct str data __free(str) = {0};

	memcpy(h.magic, magic, sizeof(magic));
	str_addn(&data, (const char *)&h, sizeof(h));
	str_addn(&data, (const char *)s->filter, s->n * sizeof(*s->filter));
	str_add(&data, unknown);
	if (data.failed)
		return -ENOMEM;
	h.sum = checksum(h, data.s + sizeof(h), data.len - sizeof(h));
	memcpy(data.s, &h, sizeof(h));
	return file_replace_at(AT_FDCWD, path, data.s, data.len, 0644);
}
