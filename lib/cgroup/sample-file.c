// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which files have which figures, on v2 and on v1, and what their lines mean. No kernel here: text
 * to numbers.
 *
 * The order of the table is the order in which files get a descriptor of their own: short files
 * first, for which opening costs ten times the reading; memory.stat last, where the kernel spends
 * its time formatting.
 */
#include "cgroup/sample.h"

#include <ringfence/units.h>

static const struct rf_figure_info infos[RF_FIGURES] = {
#define COUNTER(figure, key, title, help) [figure] = {key, title, help, true, false, false}
#define SPENT(figure, key, title, help) [figure] = {key, title, help, true, false, true}
#define LEVEL(figure, key, title, help) [figure] = {key, title, help, false, false, false}
#define SIZE(figure, key, title, help) [figure] = {key, title, help, false, true, false}
	SPENT(RF_CPU_US, "cpu_us", "CPU", "CPU time used"),
	SPENT(RF_CPU_USER_US, "cpu_user_us", "USER", "CPU time used in user mode"),
	SPENT(RF_CPU_SYSTEM_US, "cpu_system_us", "SYSTEM", "CPU time used in the kernel"),
	COUNTER(RF_NR_PERIODS, "nr_periods", "PERIODS", "periods of the CPU quota in which the group ran"),
	COUNTER(RF_NR_THROTTLED, "nr_throttled", "THROTTLED", "periods in which its quota ran out"),
	SPENT(RF_THROTTLED_US, "throttled_us", "THROTTLED TIME", "time it was kept from running by its quota, summed over CPUs"),
	[RF_CPU_QUOTA_US] = {"cpu_quota_us", "QUOTA", "CPU time it may use in a period", false, false, true},
	[RF_CPU_PERIOD_US] = {"cpu_period_us", "PERIOD", "length of a period", false, false, true},
	SPENT(RF_CPU_SOME_US, "cpu_some_us", "CPU SOME", "time in which some task waited for a CPU"),
	SPENT(RF_CPU_FULL_US, "cpu_full_us", "CPU FULL", "time in which all tasks waited for a CPU"),
	SIZE(RF_MEMORY_BYTES, "memory_bytes", "MEMORY", "memory charged to the group and those below"),
	SIZE(RF_MEMORY_MAX_BYTES, "memory_max_bytes", "LIMIT", "its own memory limit"),
	SIZE(RF_SWAP_BYTES, "swap_bytes", "SWAP", "swap charged to it"),
	COUNTER(RF_MEMORY_HIGH_EVENTS, "memory_high_events", "HIGH", "times it was slowed down at memory.high"),
	COUNTER(RF_MEMORY_MAX_EVENTS, "memory_max_events", "MAX", "times its use was about to pass memory.max"),
	COUNTER(RF_OOM_EVENTS, "oom_events", "OOM", "times its limit was reached and an allocation about to fail"),
	COUNTER(RF_OOM_KILLS, "oom_kills", "KILLED", "processes killed for want of memory"),
	SIZE(RF_ANON_BYTES, "anon_bytes", "ANON", "memory that has no file behind it"),
	SIZE(RF_FILE_BYTES, "file_bytes", "FILE", "page cache, tmpfs and shared memory"),
	SIZE(RF_KERNEL_BYTES, "kernel_bytes", "KERNEL", "memory of the kernel for it"),
	COUNTER(RF_REFAULTS, "refaults", "REFAULTS", "pages read again soon after they were reclaimed"),
	COUNTER(RF_MAJOR_FAULTS, "major_faults", "MAJFLT", "page faults that had to read"),
	COUNTER(RF_PAGES_SCANNED, "pages_scanned", "SCANNED", "pages that reclaim looked at"),
	SPENT(RF_MEMORY_SOME_US, "memory_some_us", "MEM SOME", "time in which some task waited for memory"),
	SPENT(RF_MEMORY_FULL_US, "memory_full_us", "MEM FULL", "time in which all tasks waited for memory"),
	[RF_IO_READ_BYTES] = {"io_read_bytes", "READ", "bytes read from devices", true, true, false},
	[RF_IO_WRITE_BYTES] = {"io_write_bytes", "WRITTEN", "bytes written to devices", true, true, false},
	COUNTER(RF_IO_READS, "io_reads", "READS", "read operations"),
	COUNTER(RF_IO_WRITES, "io_writes", "WRITES", "write operations"),
	SPENT(RF_IO_SOME_US, "io_some_us", "IO SOME", "time in which some task waited for a device"),
	SPENT(RF_IO_FULL_US, "io_full_us", "IO FULL", "time in which all tasks waited for a device"),
	LEVEL(RF_PIDS, "pids", "PIDS", "processes and threads in it and below"),
	LEVEL(RF_PIDS_MAX, "pids_max", "PIDS LIMIT", "its own limit on them"),
	COUNTER(RF_PIDS_MAX_EVENTS, "pids_max_events", "PIDS MAX", "forks refused at the limit"),
#undef COUNTER
#undef SPENT
#undef LEVEL
#undef SIZE
};

/* v1 counts CPU time in nanoseconds or in ticks of 1/100 s; swap only together with memory. */
static const struct sample_file files[] = {
	{"memory", "memory.current", true, SAMPLE_ONE, {{"", RF_MEMORY_BYTES}}},
	{"memory", "memory.usage_in_bytes", false, SAMPLE_ONE, {{"", RF_MEMORY_BYTES}}},
	{"pids", "pids.current", true, SAMPLE_ONE, {{"", RF_PIDS}}},
	{"pids", "pids.current", false, SAMPLE_ONE, {{"", RF_PIDS}}},
	{"cpuacct", "cpuacct.usage", false, SAMPLE_ONE, {{"", RF_CPU_US, 1, 1000}}},
	{"", "cpu.stat", true, SAMPLE_LINES,
	 {{"usage_usec", RF_CPU_US}, {"user_usec", RF_CPU_USER_US}, {"system_usec", RF_CPU_SYSTEM_US},
	  {"nr_periods", RF_NR_PERIODS}, {"nr_throttled", RF_NR_THROTTLED}, {"throttled_usec", RF_THROTTLED_US}}},
	{"cpu", "cpu.stat", false, SAMPLE_LINES,
	 {{"nr_periods", RF_NR_PERIODS}, {"nr_throttled", RF_NR_THROTTLED}, {"throttled_time", RF_THROTTLED_US, 1, 1000}}, true},
	{"memory", "memory.events", true, SAMPLE_LINES,
	 {{"high", RF_MEMORY_HIGH_EVENTS}, {"max", RF_MEMORY_MAX_EVENTS}, {"oom", RF_OOM_EVENTS}, {"oom_kill", RF_OOM_KILLS}}, true},
	{"memory", "memory.failcnt", false, SAMPLE_ONE, {{"", RF_MEMORY_MAX_EVENTS}}, true},
	{"memory", "memory.oom_control", false, SAMPLE_LINES, {{"oom_kill", RF_OOM_KILLS}}, true},
	{"", "memory.pressure", true, SAMPLE_PRESSURE, {{"some", RF_MEMORY_SOME_US}, {"full", RF_MEMORY_FULL_US}}},
	{"", "cpu.pressure", true, SAMPLE_PRESSURE, {{"some", RF_CPU_SOME_US}, {"full", RF_CPU_FULL_US}}},
	{"", "io.pressure", true, SAMPLE_PRESSURE, {{"some", RF_IO_SOME_US}, {"full", RF_IO_FULL_US}}},
	{"memory", "memory.max", true, SAMPLE_ONE, {{"", RF_MEMORY_MAX_BYTES}}},
	{"memory", "memory.limit_in_bytes", false, SAMPLE_ONE, {{"", RF_MEMORY_MAX_BYTES}}},
	{"memory", "memory.swap.current", true, SAMPLE_ONE, {{"", RF_SWAP_BYTES}}},
	{"cpu", "cpu.max", true, SAMPLE_QUOTA, {{"", RF_CPU_QUOTA_US}, {"", RF_CPU_PERIOD_US}}},
	{"cpu", "cpu.cfs_quota_us", false, SAMPLE_ONE, {{"", RF_CPU_QUOTA_US}}},
	{"cpu", "cpu.cfs_period_us", false, SAMPLE_ONE, {{"", RF_CPU_PERIOD_US}}},
	{"cpuacct", "cpuacct.stat", false, SAMPLE_LINES, {{"user", RF_CPU_USER_US, 10000, 1}, {"system", RF_CPU_SYSTEM_US, 10000, 1}}},
	{"pids", "pids.max", true, SAMPLE_ONE, {{"", RF_PIDS_MAX}}},
	{"pids", "pids.max", false, SAMPLE_ONE, {{"", RF_PIDS_MAX}}},
	{"pids", "pids.events", true, SAMPLE_LINES, {{"max", RF_PIDS_MAX_EVENTS}}},
	{"pids", "pids.events", false, SAMPLE_LINES, {{"max", RF_PIDS_MAX_EVENTS}}},
	{"io", "io.stat", true, SAMPLE_NESTED,
	 {{"rbytes", RF_IO_READ_BYTES}, {"wbytes", RF_IO_WRITE_BYTES}, {"rios", RF_IO_READS}, {"wios", RF_IO_WRITES}}},
	{"blkio", "blkio.throttle.io_service_bytes_recursive", false, SAMPLE_BLKIO, {{"Read", RF_IO_READ_BYTES}, {"Write", RF_IO_WRITE_BYTES}}},
	{"blkio", "blkio.throttle.io_serviced_recursive", false, SAMPLE_BLKIO, {{"Read", RF_IO_READS}, {"Write", RF_IO_WRITES}}},
	{"memory", "memory.stat", true, SAMPLE_LINES,
	 {{"anon", RF_ANON_BYTES}, {"file", RF_FILE_BYTES}, {"kernel", RF_KERNEL_BYTES}, {"workingset_refault_anon", RF_REFAULTS},
	  {"workingset_refault_file", RF_REFAULTS}, {"pgmajfault", RF_MAJOR_FAULTS}, {"pgscan", RF_PAGES_SCANNED}}, true},
	{"memory", "memory.stat", false, SAMPLE_LINES,
	 {{"total_rss", RF_ANON_BYTES}, {"total_cache", RF_FILE_BYTES}, {"total_swap", RF_SWAP_BYTES}, {"total_workingset_refault_anon", RF_REFAULTS},
	  {"total_workingset_refault_file", RF_REFAULTS}, {"total_pgmajfault", RF_MAJOR_FAULTS}}, true},
};

const struct rf_figure_info *rf_figure(size_t figure)
{
	return figure < RF_FIGURES ? &infos[figure] : NULL;
}

const struct sample_file *sample_file_at(size_t index)
{
	return index < array_size(files) ? &files[index] : NULL;
}

uint64_t sample_file_figures(const struct sample_file *file)
{
	uint64_t figures = 0;

	for (size_t i = 0; i < SAMPLE_MAX_FIELDS && file->fields[i].name; i++)
		figures |= RF_FIGURE_BIT(file->fields[i].figure);
	return figures;
}

/* Up to the first byte that is no digit; RF_MAX for "max", -1 and what v1 prints for no limit. */
static const char *read_number(const char *s, uint64_t *ret_n)
{
	const uint64_t v1_no_limit = 0x7ffffffffffff000;
	uint64_t n = 0;

	if (str_starts(s, "max") || str_starts(s, "-1")) {
		*ret_n = RF_MAX;
		return s + (*s == 'm' ? 3 : 2);
	}
	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	*ret_n = n >= v1_no_limit ? RF_MAX : n;
	return s;
}

struct out {
	uint64_t wanted, *values;
};

/* Several lines, and several fields, may make one figure. */
static void put(const struct sample_field *f, uint64_t n, struct out *out)
{
	uint64_t *to = &out->values[f->figure];

	if (!(out->wanted & RF_FIGURE_BIT(f->figure)))
		return;
	if (n != RF_MAX && f->div)
		n = n * f->mul / f->div;
	*to = *to == RF_CGROUP_UNKNOWN || *to == RF_MAX || n == RF_MAX ? n : *to + n;
}

static const struct sample_field *find(const struct sample_file *file, const char *word, size_t len)
{
	for (size_t i = 0; i < SAMPLE_MAX_FIELDS && file->fields[i].name; i++)
		if (!strncmp(file->fields[i].name, word, len) && !file->fields[i].name[len])
			return &file->fields[i];
	return NULL;
}

/* "word", one of `separators`, number, at the start of a text. */
static void parse_pair(const struct sample_file *file, const char *s, const char *separators, struct out *out)
{
	size_t len = strcspn(s, separators);
	const struct sample_field *f = s[len] ? find(file, s, len) : NULL;
	uint64_t n;

	if (f && read_number(s + len + 1, &n))
		put(f, n, out);
}

static void parse_nested(const struct sample_file *file, const char *line, struct out *out)
{
	for (line += strcspn(line, " \n"); *line == ' '; line += strcspn(line, " \n"))
		parse_pair(file, ++line, "= \n", out);
}

static void parse_pressure(const struct sample_file *file, const char *line, struct out *out)
{
	const struct sample_field *f = find(file, line, strcspn(line, " \n"));
	const char *total = f ? strstr(line, " total=") : NULL, *end = strchr(line, '\n');
	uint64_t n;

	if (total && (!end || total < end) && read_number(total + 7, &n))
		put(f, n, out);
}

static void parse_line(const struct sample_file *file, const char *line, struct out *out)
{
	switch (file->form) {
	case SAMPLE_LINES:
		parse_pair(file, line, " \n", out);
		break;
	case SAMPLE_NESTED:
		parse_nested(file, line, out);
		break;
	case SAMPLE_BLKIO:
		line += strcspn(line, " \n");
		if (*line == ' ')
			parse_pair(file, line + 1, " \n", out);
		break;
	case SAMPLE_PRESSURE:
		parse_pressure(file, line, out);
		break;
	case SAMPLE_ONE:
	case SAMPLE_QUOTA:
		break;
	}
}

static bool is_sum(const struct sample_file *file)
{
	return file->form == SAMPLE_NESTED || file->form == SAMPLE_BLKIO;
}

void sample_parse(const struct sample_file *file, const char *text, uint64_t wanted, uint64_t *values)
{
	struct out to = {wanted, values}, *out = &to;
	uint64_t n;

	if (file->form == SAMPLE_ONE || file->form == SAMPLE_QUOTA) {
		text = read_number(text, &n);
		if (text)
			put(&file->fields[0], n, out);
		if (text && file->form == SAMPLE_QUOTA && *text == ' ' && read_number(text + 1, &n))
			put(&file->fields[1], n, out);
		return;
	}
	/* Summed up over the devices that have a line: none has before the first operation. */
	for (size_t i = 0; is_sum(file) && i < SAMPLE_MAX_FIELDS && file->fields[i].name; i++)
		if (values[file->fields[i].figure] == RF_CGROUP_UNKNOWN)
			put(&file->fields[i], 0, out);
	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		parse_line(file, line, out);
}
