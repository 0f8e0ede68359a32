// SPDX-License-Identifier: GPL-2.0-or-later
/* Profiles in JSON, as text and compiled, to the filter; nothing is loaded. */
#include <ringfence/priv.h>

#include "fuzz.h"

FUZZ_TARGET(seccomp)
{
	struct rf_seccomp *filter = NULL;
	char *s = fuzz_string(data, size);
	int r = rf_seccomp_compile(s, size, "fuzz", &filter);

	if ((r >= 0) != (filter != NULL))
		abort();
	rf_seccomp_free(filter);
	free(s);
	return 0;
}
