// SPDX-License-Identifier: GPL-2.0-or-later
/* Mounts from options: all of them append to one list, and the list's order is that of the words. */
#include <stdio.h>
#include <string.h>

#include "nsrun.h"

struct mount_word mount_words[RO_BIND_WORD + 1] = {
	[RF_MOUNT_BIND] = {RF_MOUNT_BIND, 0, "bind"},
	[RF_MOUNT_BIND_FD] = {RF_MOUNT_BIND_FD, 0, "bind-fd"},
	[RF_MOUNT_TMPFS] = {RF_MOUNT_TMPFS, 0, "tmpfs"},
	[RF_MOUNT_PROC] = {RF_MOUNT_PROC, 0, "proc"},
	[RF_MOUNT_DEV] = {RF_MOUNT_DEV, 0, "dev"},
	[RF_MOUNT_DEVPTS] = {RF_MOUNT_DEVPTS, 0, "devpts"},
	[RF_MOUNT_MQUEUE] = {RF_MOUNT_MQUEUE, 0, "mqueue"},
	[RF_MOUNT_SYSFS] = {RF_MOUNT_SYSFS, 0, "sysfs"},
	[RF_MOUNT_CGROUPFS] = {RF_MOUNT_CGROUPFS, 0, "cgroupfs"},
	[RF_MOUNT_OVERLAY] = {RF_MOUNT_OVERLAY, 0, "overlay"},
	[RF_MOUNT_SYMLINK] = {RF_MOUNT_SYMLINK, 0, "symlink"},
	[RF_MOUNT_DIR] = {RF_MOUNT_DIR, 0, "dir"},
	[RF_MOUNT_FILE] = {RF_MOUNT_FILE, 0, "file"},
	[RF_MOUNT_MASK] = {RF_MOUNT_MASK, 0, "mask"},
	[RF_MOUNT_READ_ONLY] = {RF_MOUNT_READ_ONLY, 0, "read-only"},
	[RO_BIND_WORD] = {RF_MOUNT_BIND, RF_MOUNT_RO, "ro-bind"},
};

static struct rf_mounts mounts;
static struct {
	const struct mount_word *option;
	const char *word;
	int error;
	char note[sizeof(((struct rf_call *)0)->note)];
} first_error;

int take_mount(const char *word, void *to)
{
	const struct mount_word *w = to;
	int r;

	if (first_error.error)
		return 0;
	r = rf_mounts_parse(&mounts, w->kind, w->attrs, word);
	if (r != -EINVAL)
		return r;
	first_error.option = w;
	first_error.word = word;
	first_error.error = r;
	snprintf(first_error.note, sizeof(first_error.note), "%s", rf_trace_last_failure()->note);
	return 0;
}

int set_mounts(struct rf_sandbox *box)
{
	if (first_error.error)
		return tool_usage_error("--%s: \"%s\": %s", first_error.option->option, first_error.word,
					first_error.note);
	for (size_t i = 0; i < mounts.n; i++) {
		const struct rf_mount_op *op = &mounts.ops[i];
		bool given = op->kind == RF_MOUNT_BIND_FD || op->kind == RF_MOUNT_FILE;
		int r = given ? tool_descriptor(mount_words[op->kind].option, op->fd) : 0;

		if (r)
			return r;
	}
	box->mounts = mounts.ops;
	box->n_mounts = mounts.n;
	return 0;
}
