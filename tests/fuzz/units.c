// SPDX-License-Identifier: GPL-2.0-or-later
/* Values with units: never a crash, and a refused value leaves the result as it was. */
#include <ringfence/units.h>

#include "fuzz.h"

FUZZ_TARGET(units)
{
	static int (*const parse[])(const char *, uint64_t *) = {
		rf_parse_bytes, rf_parse_time_us, rf_parse_cpu, rf_parse_count,
	};
	char *s = fuzz_string(data, size), buf[32];

	for (size_t i = 0; i < sizeof(parse) / sizeof(parse[0]); i++) {
		uint64_t v = 0x5a5a5a5a5a5a5a5a;

		if (parse[i](s, &v) < 0 && v != 0x5a5a5a5a5a5a5a5a)
			abort();
		rf_format_bytes(v, buf, sizeof(buf));
		rf_format_time_us(v, buf, sizeof(buf));
	}
	free(s);
	return 0;
}
