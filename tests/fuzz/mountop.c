// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mount operations from words: a letter for the kind, then the word. What is taken is complete, stays
 * below the root, and is taken again. With 'z', the rest is a mountinfo, whose first mount's subtree is
 * looked for: no path of it leaves that mount.
 */
#include <limits.h>
#include <ringfence/mounts.h>

#include "fuzz.h"
#include "mount/op.h"
#include "mount/subtree.h"

static void check_op(const struct rf_mount_op *op)
{
	char target[PATH_MAX];

	if (mount_op_check(op) < 0)
		abort();
	if ((op->attrs & RF_MOUNT_RO && op->attrs & RF_MOUNT_RW) || op->mode > 07777 || op->fd < 0)
		abort();
	for (size_t i = 0; i < op->n_lowers; i++)
		if (!op->lowers[i][0])
			abort();
	if (mount_is_proc_list(op))
		return;
	if (mount_target(op->target, target) < 0 || target[0] == '/' || strlen(target) >= strlen(op->target))
		abort();
	for (char *save = NULL, *part = strtok_r(target, "/", &save); part; part = strtok_r(NULL, "/", &save))
		if (!strcmp(part, "..") || !strcmp(part, "."))
			abort();
}

static int check_path(const char *path, uint64_t id, void *data)
{
	if (path[0] == '/' || id == *(uint64_t *)data)
		abort();
	return 0;
}

FUZZ_TARGET(mountop)
{
	struct rf_mounts mounts = {0};
	char *s = size ? fuzz_string(data + 1, size - 1) : NULL;
	unsigned kind = size ? (unsigned)(data[0] - 'a') : RF_MOUNT_KINDS;
	uint64_t id = s ? strtoull(s, NULL, 10) : 0;

	if (s && kind == 'z' - 'a') {
		mount_subtree_paths(s, id, check_path, &id);
	} else if (s && kind < RF_MOUNT_KINDS) {
		int r = rf_mounts_parse(&mounts, kind, 0, s);

		if (mounts.n != (r >= 0))
			abort();
		if (r >= 0)
			check_op(&mounts.ops[0]);
		/* A list goes on after a word that was refused. */
		if (rf_mounts_parse(&mounts, kind, 0, s) != r)
			abort();
	}
	rf_mounts_free(&mounts);
	if (mounts.n || mounts.texts)
		abort();
	free(s);
	return 0;
}
