// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * System calls by name: libseccomp's table, and after it the calls that a libseccomp of 2022 does
 * not know. Since Linux 5.1 a new call has the same number on every architecture, so one table
 * does. Without it a profile that denies a group would let the group's newest calls pass.
 */
#include "priv/seccomp.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { LAST_NR = 600 };

static const struct {
	const char *name;
	int nr;
} newer[] = {
	{"quotactl_fd", 443},	    {"memfd_secret", 447},	   {"process_mrelease", 448},
	{"futex_waitv", 449},	    {"set_mempolicy_home_node", 450}, {"cachestat", 451},
	{"fchmodat2", 452},	    {"map_shadow_stack", 453},	   {"futex_wake", 454},
	{"futex_wait", 455},	    {"futex_requeue", 456},	   {"statmount", 457},
	{"listmount", 458},	    {"lsm_get_self_attr", 459},	   {"lsm_set_self_attr", 460},
	{"lsm_list_modules", 461},  {"mseal", 462},		   {"setxattrat", 463},
	{"getxattrat", 464},	    {"listxattrat", 465},	   {"removexattrat", 466},
	{"open_tree_attr", 467},    {"file_getattr", 468},	   {"file_setattr", 469},
	{"listns", 470},
};

int seccomp_call_number(const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);

	for (size_t i = 0; nr < 0 && i < array_size(newer); i++)
		if (str_eq(newer[i].name, name))
			return newer[i].nr;
	if (nr >= 0)
		return nr;
	return nr == __NR_SCMP_ERROR ? -ENOENT : -ENOSYS;
}

int rf_seccomp_call_name(int nr, char **ret_name)
{
	char *known = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), nr);

	for (size_t i = 0; !known && i < array_size(newer); i++)
		if (newer[i].nr == nr)
			known = strdup(newer[i].name);
	if (!known)
		known = str_format("#%d", nr);
	if (!known)
		return -ENOMEM;
	*ret_name = known;
	return 0;
}

void seccomp_add_near(const char *word, struct str *out)
{
	for (const struct rf_seccomp_group *g = rf_seccomp_groups(); word[0] == '@' && g->name; g++)
		if (str_is_near(word + 1, g->name))
			str_addf(out, "%s@%s", out->len ? ", " : "", g->name);
	for (int nr = 0; word[0] != '@' && nr < LAST_NR; nr++) {
		char *name __free(ptr) = NULL;

		if (rf_seccomp_call_name(nr, &name) >= 0 && name[0] != '#' && str_is_near(word, name))
			str_addf(out, "%s%s", out->len ? ", " : "", name);
	}
}
