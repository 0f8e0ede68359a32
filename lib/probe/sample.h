/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the sampler's back end: from bpf/sample.h's records to figures. */
#ifndef LIB_PROBE_SAMPLE_H
#define LIB_PROBE_SAMPLE_H

#include "bpf/sample.h"
#include "cgroup/sample.h"

/* Which of the wanted figures the parts (enum sample_part) have, and which parts are needed for that. */
uint64_t sample_figures_of(bool v2, uint32_t parts, uint64_t wanted, uint32_t *ret_needed);

/* The figures of a record into values[], for those that are wanted. `before`: of the last sample. */
void sample_convert(const struct sample_record *r, bool v2, uint64_t wanted, const uint64_t *before, uint64_t *values);

/* Does a value fit to what a file said before and after? */
bool sample_agrees(size_t figure, uint64_t before, uint64_t value, uint64_t after);

#endif
