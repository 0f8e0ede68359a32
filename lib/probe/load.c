// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loading eBPF programs, and what to make of a refusal.
 *
 * Some things are known before trying, and are then said plainly: missing capabilities (an error:
 * the caller can do something about it) and a kernel without BTF. What else the kernel refuses
 * comes as EPERM, EINVAL or EACCES from somewhere inside libbpf, and the reason stands only in
 * the log: its last telling line goes into the failure's note.
 *
 * No memory limit is raised: since 5.11 maps are charged to the loader's memory group, and libbpf's
 * advice to raise 'ulimit -l' is wrong.
 */
#include "probe/load.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

uint64_t probe_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static __thread struct str *log_text;

__attribute__((format(printf, 2, 0)))
static int keep_log(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[1024];

	if (level == LIBBPF_DEBUG || !log_text)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	str_add(log_text, line);
	return 0;
}

/* Lines that say nothing about the cause. */
static bool is_noise(const char *line)
{
	static const char *const noise[] = {
		"processed ", "-- END", "-- BEGIN", "libbpf: failed to load object",
		"libbpf: pinning", "verification time", "stack depth", "ulimit",
	};

	for (size_t i = 0; i < array_size(noise); i++)
		if (strstr(line, noise[i]))
			return true;
	return !*line;
}

/* The verifier's last words, else libbpf's first: it starts with the cause, ends with "failed". */
static void pick_line(char *text, char *buf, size_t size)
{
	bool in_log = false, found = false;
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strstr(line, "-- BEGIN PROG LOAD LOG")) {
			in_log = true;
			found = false;
		}
		if (strstr(line, "-- END PROG LOAD LOG") && found)
			return;
		if (is_noise(line) || (found && !in_log))
			continue;
		str_copy(buf, size, str_starts(line, "libbpf: ") ? line + 8 : line);
		found = true;
	}
}

/* Make a call into libbpf and on failure put its words into the record. */
static int with_log(int (*act)(struct bpf_object_skeleton *s), const char *call, const char *name,
		    struct bpf_object_skeleton *s)
{
	libbpf_print_fn_t before = libbpf_set_print(keep_log);
	struct str text __free(str) = {0};
	char line[160] = "";
	int r;

	log_text = &text;
	r = (int)SYS_CALL(call, SYS_ACT, SYS_NOFD, name, act(s), "%s", name);
	log_text = NULL;
	libbpf_set_print(before);
	if (r >= 0)
		return r;
	if (text.s)
		pick_line(text.s, line, sizeof(line));
	return sys_fail(r, call, name, "the kernel refused the %s probe: %s%s%s", name,
			strerror(-r), line[0] ? ": " : "", line);
}

int probe_load(const char *name, struct bpf_object_skeleton *skeleton)
{
	return with_log(bpf_object__load_skeleton, "bpf_load", name, skeleton);
}

int probe_attach(const char *name, struct bpf_object_skeleton *skeleton)
{
	return with_log(bpf_object__attach_skeleton, "bpf_attach", name, skeleton);
}

/* Capability numbers as in linux/capability.h; the mask may come from another user namespace. */
int probe_check_capabilities(const char *name)
{
	enum { SYS_ADMIN = 21, PERFMON = 38, BPF = 39 };
	char *text __free(ptr) = NULL;
	uint64_t mask;
	const char *line;
	int r = file_read_at(AT_FDCWD, "/proc/self/status", 65536, &text, NULL);

	if (r < 0)
		return r;
	line = strstr(text, "\nCapEff:");
	mask = line ? strtoull(line + 8, NULL, 16) : 0;
	if (mask >> SYS_ADMIN & 1 || (mask >> BPF & 1 && mask >> PERFMON & 1))
		return 0;
	return sys_fail(-EPERM, "bpf_load", name,
			"the %s probe needs CAP_BPF and CAP_PERFMON; without them only the group's files can be read (RF_PROBE_FILES, --source files)",
			name);
}

int probe_check_kernel(const char *name)
{
	int r = sys_faccessat(AT_FDCWD, KERNEL_BTF, R_OK);

	if (r < 0)
		return sys_fail(-ENOTSUP, "bpf_load", name,
				"the kernel does not describe its types: no %s (CONFIG_DEBUG_INFO_BTF)",
				KERNEL_BTF);
	return 0;
}

static int load(struct probe *p, const struct probe_kind *kind, void *self,
		const struct rf_probe_options *options)
{
	int r;

	if (options->source == RF_PROBE_FILES) {
		p->source = RF_PROBE_FILES;
		str_copy(p->why_files, sizeof(p->why_files), "asked for");
		return 0;
	}
	r = probe_check_capabilities(kind->name);
	if (r < 0)
		return r;
	p->source = RF_PROBE_TP_BTF;
	r = probe_check_kernel(kind->name);
	if (r >= 0)
		r = kind->load(self, options);
	if (r >= 0)
		return 0;
	kind->unload(self);
	if (options->source != RF_PROBE_AUTO || r == -ENOMEM)
		return r;
	p->names = NULL;
	p->source = RF_PROBE_FILES;
	str_copy(p->why_files, sizeof(p->why_files), rf_trace_last_failure()->note);
	rf_trace_forget();
	return 0;
}

int probe_open(struct probe *p, const struct probe_kind *kind, void *self,
	       const struct rf_probe_options *options)
{
	int r;

	p->group.root_fd = -EBADF;
	p->group.fd = -EBADF;
	if (!options || options->size != sizeof(*options) || options->source > RF_PROBE_FILES)
		return -EINVAL;
	r = probe_group_open(&p->group, options->group, kind->controller);
	if (r < 0)
		return r;
	r = load(p, kind, self, options);
	if (r < 0) {
		probe_close(p);
		return r;
	}
	p->start_ns = probe_now_ns();
	return 0;
}

void probe_close(struct probe *p)
{
	probe_free_paths(p);
	probe_group_close(&p->group);
}

int probe_phase(struct probe *p, uint64_t times_populated)
{
	int r = probe_group_populated(&p->group);

	if (r < 0)
		return r;
	/* The program has also seen what came and went between two looks. */
	if (r || times_populated)
		p->was_populated = true;
	return r ? RF_PROBE_POPULATED : p->was_populated ? RF_PROBE_EMPTIED : RF_PROBE_UNUSED;
}

void probe_info(const struct probe *p, uint64_t records_dropped, struct rf_probe_info *ret)
{
	*ret = (struct rf_probe_info){
		.source = p->source,
		.why_files = p->why_files[0] ? p->why_files : NULL,
		.group = p->group.path,
		.directory = p->group.directory,
		.elapsed_us = (probe_now_ns() - p->start_ns) / 1000,
		.records_dropped = records_dropped,
	};
}

int probe_lookup(const struct bpf_map *map, const void *key, void *value)
{
	const char *name = bpf_map__name(map);

	return (int)SYS_CALL("bpf_lookup", SYS_READ, SYS_NOFD, name,
			     bpf_map_lookup_elem(bpf_map__fd(map), key, value), "%s", name);
}

static int next_key(const struct bpf_map *map, const void *before, void *key)
{
	const char *name = bpf_map__name(map);

	return (int)SYS_CALL("bpf_next_key", SYS_READ, SYS_NOFD, name,
			     bpf_map_get_next_key(bpf_map__fd(map), before, key), "%s", name);
}

int probe_each_record(const struct bpf_map *map, void *key, void *value,
		      int (*fn)(const void *key, const void *value, void *data), void *data)
{
	void *before = NULL;
	int r;

	/* No record is ever deleted, so the walk can't lose its place. */
	while ((r = next_key(map, before, key)) >= 0) {
		before = key;
		r = probe_lookup(map, key, value);
		if (r >= 0)
			r = fn(key, value, data);
		if (r < 0)
			return r;
	}
	return r == -ENOENT ? 0 : r;
}
