/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values as people write them: 64M, 50%, 1.5cpu, 10ms, max. Each function returns 0 and sets its
 * result, or -EINVAL (not of this form) or -ERANGE (does not fit); the result is then untouched.
 */
#ifndef RINGFENCE_UNITS_H
#define RINGFENCE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include <ringfence/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RF_MAX UINT64_MAX /* what "max" parses to: no limit */

/* Bytes: a whole number or decimal fraction with an optional K, M, G, T, P (powers of 1024), or
 * "max". "1.5G" is 1610612736. */
RF_API int rf_parse_bytes(const char *s, uint64_t *ret_bytes);

/* Microseconds: a number with us, ms, s, min or h. A bare number has no unit and is refused. */
RF_API int rf_parse_time_us(const char *s, uint64_t *ret_us);

/* CPU time per time, in millionths of one CPU: "1.5cpu", "1.5", "150%", or "max". */
RF_API int rf_parse_cpu(const char *s, uint64_t *ret_micro_cpus);

/* A whole number, or "max". */
RF_API int rf_parse_count(const char *s, uint64_t *ret_count);

/* Into words for people: "64.0 MiB", "1.234 s". `size` of 32 is always enough; returns `buf`. */
RF_API const char *rf_format_bytes(uint64_t bytes, char *buf, size_t size);
RF_API const char *rf_format_time_us(uint64_t us, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
