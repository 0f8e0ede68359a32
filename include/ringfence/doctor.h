/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is wrong with control groups, or will be: rules, each a question that files answer. Nothing
 * is changed. The files are read once, in cgroup v2's words on every system, and the rules then
 * judge what was read; so a copied tree of files is judged as the system that it came from.
 *
 * Source: cgroups(7), the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/. Kernel
 * 5.6 or newer; what an older kernel does not tell is not judged. No capability is needed, but what
 * the caller can't read is not seen: other users' processes where /proc hides them.
 */
#ifndef RINGFENCE_DOCTOR_H
#define RINGFENCE_DOCTOR_H

#include <stddef.h>

#include <ringfence/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rf_severity {
	RF_NOTE,    /* worth knowing; may be wanted */
	RF_WARNING, /* does not do what it seems to, or will fail soon */
	RF_ERROR,   /* is failing now, or was killed or refused for it */
};

struct rf_doctor_rule {
	const char *id;	    /* "high-without-swap" */
	enum rf_severity severity;
	const char *title;  /* what is wrong, in one sentence without full stop */
	const char *remedy; /* what helps, in one or two sentences */
};

/* The rules by index; NULL beyond the last. */
RF_API const struct rf_doctor_rule *rf_doctor_rule(size_t index);

/* Valid during the call that is told it. */
struct rf_finding {
	const struct rf_doctor_rule *rule;
	const char *group;    /* "/web/db"; "/" too for what is of the whole system */
	const char *evidence; /* what was read, lines without the last newline */
	const char *command;  /* that would change it; NULL where no single one does */
};

/* A result other than 0 ends the examination and is returned. */
typedef int rf_finding_fn(const struct rf_finding *finding, void *data);

/* Set `size`; the rest may be zero. */
struct rf_doctor {
	size_t size;
	const char *group;	  /* this and those below; NULL: all */
	const char *root;	  /* a directory that has copies of /proc and /sys/fs/cgroup; NULL: this system */
	const char *const *rules; /* ids; NULL: all */
	size_t n_rules;
	enum rf_severity least;	  /* leave out what is less grave */
};

/*
 * Groups come parents first, findings of one group in the order of the rules. Result: the number of
 * findings, or -errno: -EINVAL for an id that is no rule or a bad name, -ENOENT for a group that is
 * not there.
 */
RF_API int rf_doctor_examine(const struct rf_doctor *doctor, rf_finding_fn *fn, void *data);

#ifdef __cplusplus
}
#endif
#endif
