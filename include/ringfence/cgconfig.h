/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two configuration files of libcgroup, as data: cgconfig.conf(5), which groups there shall be,
 * and cgrules.conf(5), whose processes shall go into them. Reading touches no control group.
 *
 * Both functions take a whole file as text, which need not end with NUL, and its name for messages.
 * They return 0, or -EINVAL where the text is not of the file's form (the failure's object is
 * "NAME:LINE" and its note says what was expected), -EFBIG above 16 MiB, -ENOMEM. They need no
 * privilege. Whatever the names and values mean is for others to check.
 */
#ifndef RINGFENCE_CGCONFIG_H
#define RINGFENCE_CGCONFIG_H

#include <stddef.h>

#include <ringfence/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rf_cgconfig_kind {
	RF_CGCONFIG_MOUNT,	/* mount: the hierarchy of controller `key` at path `value` */
	RF_CGCONFIG_NAMESPACE,	/* namespace: as mount, below this path */
	RF_CGCONFIG_SYSTEMD,	/* systemd: `key` is slice, scope, setdefault, pid */
	RF_CGCONFIG_GROUP,	/* group `group` begins */
	RF_CGCONFIG_TEMPLATE,	/* template `group` begins */
	RF_CGCONFIG_DEFAULT,	/* the defaults for all groups begin */
	RF_CGCONFIG_CONTROLLER, /* `controller` is one of the group before */
	RF_CGCONFIG_VALUE,	/* its file `key` shall hold `value` */
	RF_CGCONFIG_PERM,	/* `controller` is task or admin, `key` is uid, gid, fperm or dperm */
};

/* One word of the file, in the file's order; members that the kind has no use for are NULL. */
struct rf_cgconfig_item {
	enum rf_cgconfig_kind kind;
	unsigned line; /* from 1 */
	const char *group, *controller, *key, *value;
};

struct rf_cgconfig;

RF_API int rf_cgconfig_parse(const char *name, const char *text, size_t size,
			     struct rf_cgconfig **ret_config);
/* The items and their number; they live as long as the configuration. */
RF_API const struct rf_cgconfig_item *rf_cgconfig_items(const struct rf_cgconfig *config,
							size_t *ret_n);
RF_API void rf_cgconfig_free(struct rf_cgconfig *config);

/* A rule: the first one that fits a process decides. */
struct rf_cgrule {
	unsigned line;
	const char *user;	 /* a name, "@GROUP" or "*"; of a line "%" the one before */
	const char *process;	 /* a name or path, or NULL for all */
	const char *controllers; /* "cpu,memory", or "*" */
	const char *destination; /* a group; may hold %u %U %g %G %p %P */
	const char *options;	 /* "ignore", "ignore_rt", or NULL */
};

struct rf_cgrules;

RF_API int rf_cgrules_parse(const char *name, const char *text, size_t size,
			    struct rf_cgrules **ret_rules);
RF_API const struct rf_cgrule *rf_cgrules_items(const struct rf_cgrules *rules, size_t *ret_n);
RF_API void rf_cgrules_free(struct rf_cgrules *rules);

#ifdef __cplusplus
}
#endif
#endif
