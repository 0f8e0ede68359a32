// SPDX-License-Identifier: GPL-2.0-or-later
/* Rights of Landlock by name: what is taken is of its kind, and a kernel's ABI takes none away twice. */
#include <ringfence/landlock.h>
#include <stdlib.h>

#include "fuzz.h"

static void try_fit(const struct rf_landlock *all, int abi)
{
	struct rf_landlock rules = *all;
	char *left_out = NULL;

	if (rf_landlock_fit(&rules, abi, &left_out) < 0)
		abort();
	if ((rules.handled[0] | rules.handled[1] | rules.scope | rules.log) && !abi)
		abort();
	free(left_out);
	if (rf_landlock_fit(&rules, abi, NULL) < 0)
		abort();
}

FUZZ_TARGET(landlock)
{
	char *s = fuzz_string(data, size);
	struct rf_landlock rules = {.size = sizeof(rules)};
	uint64_t *const into[] = {&rules.handled[0], &rules.handled[1], &rules.scope, &rules.log};

	for (int kind = 0; kind < 4; kind++) {
		uint64_t rights;

		if (rf_landlock_parse((enum rf_landlock_kind)kind, s, &rights) < 0)
			continue;
		if (!rights || rights & ~rf_landlock_all((enum rf_landlock_kind)kind))
			abort();
		*into[kind] = rights;
	}
	for (int abi = 0; abi < 9; abi++)
		try_fit(&rules, abi);
	free(s);
	return 0;
}
