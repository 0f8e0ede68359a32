/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values between cgroup v1 and v2, as text; nothing is read or written. Units and names are those of the
 * kernel's files. Sources: cgroups(7), Documentation/admin-guide/cgroup-v1/, cgroup-v2.rst.
 */
#ifndef RINGFENCE_CGCONVERT_H
#define RINGFENCE_CGCONVERT_H

#include <stddef.h>
#include <stdint.h>

#include <ringfence/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * How cpu.shares (2 to 262144, 1024 is usual) and cpu.weight (1 to 10000, 100 is usual) meet. There is no
 * right answer, and other software has changed its own:
 *	OCI_OLD	 1 + (s - 2) * 9999 / 262142: the ends meet, 1024 becomes 39 (runc before 1.3.2, crun before 1.23)
 *	LINEAR	 s * 100 / 1024 within the range: the defaults meet (systemd, libcgroup, and cgctl set on v1)
 *	OCI_2025 a curve through both ends and the defaults (runc 1.3.2, crun 1.23)
 */
enum rf_weight_policy { RF_WEIGHT_OCI_OLD, RF_WEIGHT_LINEAR, RF_WEIGHT_OCI_2025, RF_WEIGHT_POLICIES };

/* 0 is "not set" on both sides. Values beyond the range count as its end. */
RF_API uint64_t rf_cpu_shares_to_weight(enum rf_weight_policy policy, uint64_t shares);
/* Shares that become this weight again by the same policy. */
RF_API uint64_t rf_cpu_weight_to_shares(enum rf_weight_policy policy, uint64_t weight);
/* blkio.weight (10 to 1000) and io.weight (1 to 10000), so that the ends meet. */
RF_API uint64_t rf_blkio_weight_to_io(uint64_t weight);
RF_API uint64_t rf_io_weight_to_blkio(uint64_t weight);
/*
 * memory.swap.max from v1's limit on memory and on memory and swap together: RF_MAX is no limit, 0 "not
 * set". -EINVAL where swap is limited without memory, or together they are less than memory alone.
 */
RF_API int rf_memsw_to_swap_max(uint64_t limit, uint64_t memsw, uint64_t *ret_swap_max);

/* One result. `value` NULL: there is no such thing on the other side, and `note` says what to do. */
struct rf_converted {
	const char *from;  /* "cpu.shares=512", or two such words where both make one value */
	const char *key;   /* "cpu.weight" */
	const char *value; /* "50" */
	const char *note;  /* what is lost or else; NULL: nothing */
	int to_version;	   /* 1 or 2 */
};
typedef void rf_converted_fn(const struct rf_converted *result, void *data);

/*
 * Each "KEY=VALUE" to the other version: v1's keys to v2's and the other way round; what is the same on
 * both is taken as of v1. Pairs that make one value (cfs_quota_us and cfs_period_us, limit_in_bytes
 * and memsw.limit_in_bytes) belong into one call. Result: how many have nothing on the other side,
 * or -EINVAL: an unknown key or bad value, by the failure's note, and nothing was told.
 */
RF_API int rf_cgroup_convert(enum rf_weight_policy policy, const char *const *settings, size_t n_settings,
			     rf_converted_fn *fn, void *data);

#ifdef __cplusplus
}
#endif
#endif
