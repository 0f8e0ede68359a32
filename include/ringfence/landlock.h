/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Landlock: what a program may reach, below paths and at ports, given up by the program itself.
 * For rf_plan_confine(). Source: landlock(7), and the kernel's userspace-api/landlock.
 */
#ifndef RINGFENCE_LANDLOCK_H
#define RINGFENCE_LANDLOCK_H

#include <ringfence/plan.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rf_landlock_kind { RF_LANDLOCK_FS, RF_LANDLOCK_NET, RF_LANDLOCK_SCOPE, RF_LANDLOCK_LOG };

struct rf_landlock_path {
	uint64_t rights; /* as the kernel numbers LANDLOCK_ACCESS_FS_… */
	const char *path;
};

struct rf_landlock_port {
	uint64_t rights; /* LANDLOCK_ACCESS_NET_… */
	uint16_t port;
};

/*
 * All of a kind's rights that `handled` names are refused, but for what a rule grants. Set `size`.
 */
struct rf_landlock {
	size_t size;		     /* sizeof(struct rf_landlock) */
	uint64_t handled[2];	     /* by kind: RF_LANDLOCK_FS, RF_LANDLOCK_NET; 0: unrestricted */
	uint64_t scope;		     /* LANDLOCK_SCOPE_…: what is kept within */
	uint64_t log;		     /* LANDLOCK_RESTRICT_SELF_LOG_… */
	const struct rf_landlock_path *paths;
	size_t n_paths;
	const struct rf_landlock_port *ports;
	size_t n_ports;
};

/*
 * The kernel's ABI number, from 1. -ENOSYS: the kernel is built without Landlock, or too old (before
 * 5.13); -EOPNOTSUPP: it is built in and not switched on (lsm= at boot). The note tells.
 */
RF_API int rf_landlock_abi(void);

/*
 * Names of rights with commas between them: the kernel's in small letters ("write_file", with "-"
 * for "_" if you like), "all", and for paths "ro", "rx", "rw". 0; -EINVAL (the note lists them).
 */
RF_API int rf_landlock_parse(enum rf_landlock_kind kind, const char *text, uint64_t *ret_rights);

/* Every right of a kind that this library knows. */
RF_API uint64_t rf_landlock_all(enum rf_landlock_kind kind);

/*
 * Compare with what a kernel of `abi` can enforce (0: none at all). Without `ret_left_out`:
 * -EOPNOTSUPP where anything is too new; the note names the rights and the ABI each needs. With it:
 * what is too new is taken out of *rules, and *ret_left_out says what that was (free(3) it), or is
 * NULL where nothing was. 0; -ENOMEM.
 */
RF_API int rf_landlock_fit(struct rf_landlock *rules, int abi, char **ret_left_out);

#ifdef __cplusplus
}
#endif
#endif
