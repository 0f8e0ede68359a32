// SPDX-License-Identifier: LGPL-2.1-or-later
/* From names of what is to be kept, or let go, to steps. */
#include <ringfence/pin.h>

#include <dirent.h>

#include "ns/pin.h"
#include "plan/build.h"

static size_t index_of(uint64_t kind)
{
	size_t i = 0;

	while (i < RF_NS_KINDS && rf_ns_kind(i)->flag != kind)
		i++;
	return i;
}

int plan_add_pin_set(struct rf_plan *plan, const char *set, uint64_t kinds)
{
	char *dir __free(ptr) = NULL;
	int r;

	if (!kinds)
		return sys_fail(-EINVAL, "pin", set, "no new namespace is asked for that could be kept there");
	r = ns_pin_path(set, &dir);
	if (r >= 0)
		r = plan_add_text(plan, &step_pin_set, false, dir);
	if (r >= 0)
		plan->steps[plan->n - 1].num[0] = !strchr(set, '/');
	return r;
}

static int add_pin(struct rf_plan *plan, size_t index, const char *path, bool in_set)
{
	int r = plan_add_text(plan, &step_pin_namespace, false, path);

	if (r < 0)
		return r;
	plan->steps[plan->n - 1].num[0] = (int64_t)index;
	plan->steps[plan->n - 1].num[2] = in_set;
	return 0;
}

static int add_pins_of_set(struct rf_plan *plan, const char *set, uint64_t kinds)
{
	char *dir __free(ptr) = NULL;
	int r = ns_pin_path(set, &dir);

	for (size_t i = 0; r >= 0 && i < RF_NS_KINDS; i++) {
		char *path __free(ptr) = str_format("%s/%s", dir, rf_ns_kind(i)->name);

		if (!path)
			return -ENOMEM;
		if (kinds & rf_ns_kind(i)->flag)
			r = add_pin(plan, i, path, true);
	}
	return r;
}

int plan_add_pins(struct rf_plan *plan, const char *set, uint64_t kinds, const struct rf_pin *pins, size_t n_pins)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n_pins; i++) {
		size_t index = index_of(pins[i].kind);

		if (index == RF_NS_KINDS)
			return sys_fail(-EINVAL, "pin", pins[i].path, "is given for no kind of namespace");
		r = add_pin(plan, index, pins[i].path, false);
	}
	return r < 0 || !set ? r : add_pins_of_set(plan, set, kinds);
}

/* What is in the directory of a set, as steps; someone else's file ends it. */
static int add_unpins(struct rf_plan *plan, const char *dir, DIR *entries)
{
	struct dirent *e;
	int r = 0;

	while (r >= 0 && (e = readdir(entries))) {
		char *path __free(ptr) = str_format("%s/%s", dir, e->d_name);
		const struct rf_ns_kind *kind = rf_ns_kind_by_name(e->d_name);

		if (!path)
			return -ENOMEM;
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		r = kind && str_eq(kind->name, e->d_name) ? ns_pin_look(AT_FDCWD, path) : NS_PIN_OTHER;
		if (r == NS_PIN_OTHER || r == NS_PIN_SET)
			return sys_fail(-ENOTEMPTY, "unpin", path, "was not made by nsrun --pin: nothing is removed");
		if (r >= 0)
			r = plan_add_text(plan, &step_unpin_namespace, false, path);
	}
	return r;
}

static int unpin_set(struct rf_plan *plan, const char *path)
{
	int r = 0, fd __free(fd) = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *entries __free(dir) = fd < 0 ? NULL : sys_fdopendir(fd, &r);

	if (!entries)
		return fd < 0 ? fd : r;
	take_fd(&fd);
	r = add_unpins(plan, path, entries);
	return r < 0 ? r : plan_add_text(plan, &step_unpin_set, false, path);
}

int rf_plan_unpin(struct rf_plan *plan, const char *set_or_file)
{
	char *path __free(ptr) = NULL;
	int r = ns_pin_path(set_or_file, &path);

	if (r >= 0)
		r = ns_pin_look(AT_FDCWD, path);
	if (r == NS_PIN_SET)
		return unpin_set(plan, path);
	if (r == NS_PIN_NAMESPACE || r == NS_PIN_EMPTY)
		return plan_add_text(plan, &step_unpin_namespace, false, path);
	if (r == -ENOENT)
		return sys_fail(r, "unpin", path, "No such file or directory: nothing is kept there (nsls --persistent lists what is)");
	return r < 0 ? r : sys_fail(-EINVAL, "unpin", path, "is neither a set that nsrun --pin made nor the file of a namespace");
}
