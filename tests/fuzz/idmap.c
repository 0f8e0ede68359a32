// SPDX-License-Identifier: GPL-2.0-or-later
/* Id maps: what is taken has no overlap, and its text is what the kernel's parser takes. */
#include <ringfence/idmap.h>

#include "fuzz.h"

FUZZ_TARGET(idmap)
{
	struct rf_idmap map = {0};
	char *s = fuzz_string(data, size), *text = NULL;
	uint32_t outside;

	if (rf_idmap_parse(&map, s) >= 0) {
		if (!map.n || map.n > RF_IDMAP_MAX)
			abort();
		for (size_t i = 0; i < map.n; i++)
			if (rf_idmap_outside(&map, map.rows[i].inside, &outside) < 0 ||
			    outside != map.rows[i].outside)
				abort();
		if (rf_idmap_format(&map, &text) >= 0 && strlen(text) >= 4096)
			abort();
	}
	free(text);
	free(s);
	return 0;
}
