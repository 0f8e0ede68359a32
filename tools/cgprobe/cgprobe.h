/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of cgprobe share. */
#ifndef TOOLS_CGPROBE_CGPROBE_H
#define TOOLS_CGPROBE_CGPROBE_H

#include <ringfence/probe.h>

#include "../tool.h"

struct watch_options {
	const char *group;
	uint64_t duration_us; /* 0: no end */
	bool until_empty;
	int64_t ready_fd; /* < 0: none */
	int source;	  /* enum rf_probe_source */
	int64_t max_records;
};

extern struct watch_options watch_options;
extern const char *const watch_sources[];

#define WATCH_OPTIONS                                                                              \
	{'G', "group", OPT_STRING, &watch_options.group, "GROUP",                                  \
	 "watch this group and those below it, by its path from the root, as /demo; the root unless given"}, \
	{'d', "duration", OPT_TIME, &watch_options.duration_us, "TIME", "end after this time"},    \
	{0, "until-empty", OPT_FLAG, &watch_options.until_empty, NULL,                             \
	 "end when the group has had processes and has none any more"},                            \
	{0, "ready-fd", OPT_INT, &watch_options.ready_fd, "N",                                     \
	 "write a newline to descriptor N once everything counts", 0, 0, 1 << 20},                 \
	{0, "source", OPT_CHOICE, &watch_options.source, "auto|tp_btf|files",                      \
	 "eBPF programs on tracepoints, the group's own files (no threads), or files where the kernel refuses eBPF (auto)", \
	 0, 0, 0, watch_sources},                                                                  \
	{0, "max-records", OPT_INT, &watch_options.max_records, "N",                               \
	 "keep up to N threads or limit hits; 8192 unless given", 0, 1, 1 << 20},                  \
	OPT_COMMON_JSON

/* The options as the library wants them. */
struct rf_probe_options watch_probe_options(void);

/* From here on SIGINT and SIGTERM end the watch and not the program. */
int watch_prepare(void);

/*
 * Say that the probe is ready, then call `look`, which returns an enum rf_probe_phase or -errno,
 * ten times a second until the watch ends. 0 or an exit code; errors are printed.
 */
int watch(const struct rf_probe_info *info, int (*look)(void *probe), void *probe);

/* What was lost on the way, on standard error. */
void watch_warn(const struct rf_probe_info *info);

/* RF_PROBE_UNKNOWN is no value. */
void cell_number(struct table *t, uint64_t value);
const char *source_name(const struct rf_probe_info *info);

int cpu_command(int argc, char **argv);
int memory_command(int argc, char **argv);
extern const struct opt_row cpu_options[], memory_options[];

#endif
