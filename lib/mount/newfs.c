// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fsopen(2), the options, fsconfig(2) CREATE, fsmount(2): the mount exists and is seen by nobody
 * until move_mount(2) gives it a place. A value of fsconfig(2) has at most 255 bytes, the options of
 * mount(2) together a page.
 */
#include "mount/newfs.h"

#include <errno.h>
#include <linux/mount.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "mount/place.h"

int newfs_make(const struct newfs *fs)
{
	int r = 0, fd __free(fd) = sys_fsopen(fs->type);

	if (fd < 0)
		return fd;
	for (size_t i = 0; r >= 0 && i < fs->n_params; i++)
		r = fs->params[i].value ? sys_fsconfig_string(fd, fs->params[i].key, fs->params[i].value)
					: sys_fsconfig_flag(fd, fs->params[i].key);
	if (r >= 0)
		r = sys_fsconfig_create(fd);
	return r < 0 ? r : sys_fsmount(fd, fs->attrs);
}

int newfs_mount_at(const struct newfs *fs, const char *target)
{
	struct str data __free(str) = {0};

	for (size_t i = 0; i < fs->n_params; i++) {
		const struct newfs_param *p = &fs->params[i];

		str_addf(&data, "%s%s%s%s", i ? "," : "", p->key, p->value ? "=" : "", p->value ?: "");
	}
	if (data.failed)
		return -ENOMEM;
	return sys_mount(fs->type, target, fs->type, place_mount_flags(fs->attrs), data.s);
}

int newfs_mount_on(const struct newfs *fs, int target_fd)
{
	char target[40];

	snprintf(target, sizeof(target), "/proc/self/fd/%d", target_fd);
	return newfs_mount_at(fs, target);
}
