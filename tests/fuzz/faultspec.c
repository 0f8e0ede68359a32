// SPDX-License-Identifier: GPL-2.0-or-later
/* The specification of faults. */
#include <ringfence/trace.h>

#include "fuzz.h"

FUZZ_TARGET(faultspec)
{
	char *s = fuzz_string(data, size);

	rf_trace_fault(s);
	rf_trace_fault("");
	free(s);
	return 0;
}
