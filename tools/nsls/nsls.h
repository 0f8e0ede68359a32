/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nsls's parts share. */
#ifndef TOOLS_NSLS_NSLS_H
#define TOOLS_NSLS_NSLS_H

#include <errno.h>
#include <ringfence/ns.h>

#include "../tool.h"

/* proc.c: what /proc says of a process; empty or -1 where it says nothing (any more). */
struct process {
	int pid, ppid;
	int64_t uid;
	char command[256];
};
void process_read(int pid, struct process *ret);
/* The name of a user in /etc/passwd, else the number. */
const char *user_name(int64_t uid);

/* Say on standard error what the list could not have; not with --json or --raw. */
void nsls_warn(const struct rf_ns_list *list);

extern const struct opt_row list_options[], diff_options[];

int list_run(int argc, char **argv);
int diff_run(int argc, char **argv);
int why_run(int argc, char **argv);
int limits_run(int argc, char **argv);

#endif
