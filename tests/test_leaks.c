// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fault sweep within one process: each job of the library is run once while its calls are
 * noted, then again with each of them failing once with each of some errnos. After each run this
 * process has the descriptors that it had before and no child, and a result that a failed function
 * was to give is untouched. With SAN=1 memory is counted, too.
 *
 * The notes are in shared memory: a call that fails in a child of the job is as good as one here.
 * What that child itself leaves open ends with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <ringfence/cgroup.h>
#include <ringfence/child.h>
#include <ringfence/layer.h>
#include <ringfence/priv.h>
#include <ringfence/probe.h>
#include <ringfence/sandbox.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "harness.h"
#include "layout.h"
#include "userns.h"

int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

enum { MAX_CALLS = 400, MAX_FDS = 256, ROUNDS_TIME = 240 };

/* What is refused, and what is missing, first: in a machine of another kernel these are all. */
static const char *const errnos[] = {"EPERM", "ENOSYS", "ENOMEM", "EINTR", "EMFILE", "ENOSPC", "EBUSY", "EIO"};

/* What calls have told, here and in children. */
struct notes {
	unsigned n;
	struct note {
		char name[32], object[112];
	} call[MAX_CALLS];
	char name[32]; /* looked for, with this result */
	int64_t result;
	bool met;
};

struct world {
	struct notes *notes;
	char path[64], layout[96], store[96], target[96], profile[96], group[32];
	const char *touched; /* by a function that failed */
};

static char *const program[] = {(char *)"/bin/true", NULL};

/* Results start as this and must stay it on failure. */
#define UNTOUCHED ((void *)w->notes)
#define CHECK(what, r, ptr) ((r) < 0 && (void *)(ptr) != UNTOUCHED ? (void)(w->touched = (what)) : (void)0)

/* What a test does for itself is neither noted nor refused. */
static void no_faults(void)
{
	rf_trace_fault("");
	rf_trace_set(NULL, NULL);
}

static int make_plan(struct world *w, struct rf_plan **ret)
{
	struct rf_plan *plan = UNTOUCHED;
	int r = rf_plan_new(&plan);

	CHECK("rf_plan_new", r, plan);
	if (r >= 0)
		*ret = plan;
	return r;
}

/* The program that a plan has started. Waiting may be what fails: then it is ended from here. */
static int finish_program(pid_t pid)
{
	int status, r = pid > 0 ? rf_child_wait(pid, &status, NULL) : pid;

	if (pid > 0 && r < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return r;
}

static int run_box(struct world *w, const struct rf_sandbox *box)
{
	struct rf_failure failure;
	struct rf_plan *plan;
	int r = make_plan(w, &plan);

	if (r < 0)
		return r;
	r = rf_plan_sandbox(plan, box);
	if (r >= 0)
		r = finish_program(rf_plan_run(plan, NULL, &failure));
	rf_plan_free(plan);
	return r;
}

static struct rf_sandbox box_with(uint32_t outside_uid, uint32_t outside_gid, uint32_t count)
{
	struct rf_sandbox box = {
		.size = sizeof(box),
		.namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNET,
		.proc = "/proc", .hostname = "leaks", .workdir = "/", .fork = true, .argv = program,
	};

	rf_idmap_add(&box.uid_map, 0, outside_uid, count);
	rf_idmap_add(&box.gid_map, 0, outside_gid, count);
	return box;
}

static int sandbox(struct world *w)
{
	struct rf_sandbox box = box_with(geteuid(), getegid(), 1);

	return run_box(w, &box);
}

static int mapped_sandbox(struct world *w)
{
	struct rf_sandbox box = box_with(100000, 100000, 1000);

	return run_box(w, &box);
}

static int confined(struct world *w)
{
	struct rf_plan_options options = {.size = sizeof(options), .dry_run = true};
	struct rf_confine confine = {.size = sizeof(confine), .has_keep = true, .argv = program};
	struct rf_seccomp *filter = UNTOUCHED;
	struct rf_plan *plan = NULL;
	char *cache __free(ptr) = str_format("%s/ringfence", w->path);
	int r;

	/* Compiled each time, not found from the run before. */
	r = rf_seccomp_open(w->profile, 0, &filter);

	CHECK("rf_seccomp_open", r, filter);
	if (r < 0)
		return r;
	confine.seccomp = filter;
	r = make_plan(w, &plan);
	if (r >= 0)
		r = rf_plan_confine(plan, &confine);
	if (r >= 0)
		r = rf_plan_run(plan, &options, NULL);
	rf_plan_free(plan);
	rf_seccomp_free(filter);
	no_faults();
	layout_remove_tmp(cache);
	return r;
}

static int open_groups(struct world *w, struct rf_cgroup_fs **ret)
{
	struct rf_cgroup_fs *fs = UNTOUCHED;
	int r = rf_cgroup_fs_open(&fs);

	CHECK("rf_cgroup_fs_open", r, fs);
	if (r >= 0)
		*ret = fs;
	return r;
}

static int count_group(const char *group, void *data)
{
	return ++*(int *)data > 3;
}

static int read_groups(struct world *w)
{
	struct rf_cgroup_usage usage = {.size = sizeof(usage)};
	char *value = UNTOUCHED;
	struct rf_cgroup_fs *fs;
	int n = 0, r = open_groups(w, &fs);

	if (r < 0)
		return r;
	r = rf_cgroup_walk(fs, "", count_group, &n);
	if (r >= 0)
		r = rf_cgroup_usage(fs, "", &usage);
	if (r >= 0) {
		r = rf_cgroup_get(fs, "", "cgroup.procs", &value);
		CHECK("rf_cgroup_get", r, value);
		if (r >= 0)
			free(value);
	}
	rf_cgroup_fs_free(fs);
	return r;
}

static int make_group(struct world *w)
{
	static const char *const settings[] = {"memory.max=64M", "pids.max=50"};
	static const char *const others[] = {"memory.max=32M", "pids.max=40"};
	struct rf_cgroup_fs *fs;
	int r = open_groups(w, &fs);

	if (r < 0)
		return r;
	r = rf_cgroup_create(fs, w->group, settings, 2, NULL, NULL, NULL);
	if (r >= 0) {
		r = rf_cgroup_set(fs, w->group, others, 2, NULL, NULL);
		if (r >= 0)
			r = rf_cgroup_delete(fs, w->group, 0, 0);
	} else {
		no_faults();
		if (rf_cgroup_exists(fs, w->group))
			w->touched = "rf_cgroup_create (a group is left)";
	}
	no_faults();
	rf_cgroup_delete(fs, w->group, 0, 0);
	rf_cgroup_fs_free(fs);
	return r;
}

static int run_in_group(struct world *w)
{
	static const char *const settings[] = {"pids.max=50"};
	struct rf_cgroup_run run = {.size = sizeof(run), .settings = settings, .n_settings = 1, .argv = program};
	struct rf_plan *plan = NULL;
	int r = open_groups(w, &run.fs);

	if (r < 0)
		return r;
	run.group = w->group;
	r = make_plan(w, &plan);
	if (r >= 0)
		r = rf_plan_cgroup_run(plan, &run);
	if (r >= 0) {
		r = finish_program(rf_plan_run(plan, NULL, NULL));
		no_faults();
		rf_plan_undo(plan);
	}
	rf_plan_free(plan);
	no_faults();
	rf_cgroup_delete(run.fs, w->group, RF_CGROUP_KILL, 0);
	rf_cgroup_fs_free(run.fs);
	return r;
}

static int open_store(struct world *w, unsigned flags, struct rf_store **ret)
{
	struct rf_store *store = UNTOUCHED;
	int r = rf_store_open(w->store, flags, &store);

	CHECK("rf_store_open", r, store);
	if (r >= 0)
		*ret = store;
	return r;
}

static int clear_store(struct world *w)
{
	no_faults();
	umount2(w->target, MNT_DETACH);
	return layout_remove_tmp(w->store);
}

static int count_blob(const struct rf_verify_info *blob, void *data)
{
	return 0;
}

static int import(struct world *w)
{
	struct rf_import_options options = {.size = sizeof(options), .name = "i"};
	struct rf_import_result result;
	struct rf_store *store;
	uint64_t bytes;
	char *config = UNTOUCHED;
	int r = open_store(w, RF_STORE_CREATE, &store);

	if (r >= 0) {
		r = rf_store_import(store, w->layout, &options, &result);
		if (r >= 0) {
			r = rf_store_config(store, "i", &config);
			CHECK("rf_store_config", r, config);
			if (r >= 0)
				free(config);
		}
		if (r >= 0)
			r = rf_store_verify(store, NULL, count_blob, NULL);
		if (r >= 0)
			r = rf_store_remove(store, "i", &bytes);
		rf_store_close(store);
	}
	clear_store(w);
	return r;
}

static int count_mount(const struct rf_mount_info *mount, void *data)
{
	return 0;
}

static int mount_image(struct world *w)
{
	struct rf_layer_mount mount = {.size = sizeof(mount), .image = "i", .target = w->target};
	struct rf_plan *plan = NULL;
	struct rf_store *store;
	int r = open_store(w, 0, &store);

	if (r < 0)
		return r;
	r = make_plan(w, &plan);
	if (r >= 0)
		r = rf_plan_layer_mount(plan, store, &mount);
	if (r >= 0)
		r = rf_plan_run(plan, NULL, NULL);
	rf_plan_free(plan);
	if (r >= 0)
		r = rf_store_each_mount(store, count_mount, NULL);
	if (r >= 0)
		r = rf_store_umount(store, w->target, 0);
	no_faults();
	rf_store_umount(store, w->target, 0);
	rf_store_clean(store);
	rf_store_close(store);
	return r;
}

static int probe_files(struct world *w)
{
	struct rf_probe_options options = {.size = sizeof(options), .source = RF_PROBE_FILES};
	struct rf_probe_cpu_report report;
	struct rf_probe_cpu *probe = UNTOUCHED;
	int r = rf_probe_cpu_open(&options, &probe);

	CHECK("rf_probe_cpu_open", r, probe);
	if (r < 0)
		return r;
	r = rf_probe_cpu_phase(probe);
	if (r >= 0)
		r = rf_probe_cpu_read(probe, &report);
	rf_probe_cpu_free(probe);
	return r;
}

/*
 * Numbers differ between runs, and their lengths, too: 999 comes before 1000. What has a meaning in
 * a specification stands for any.
 */
static void make_pattern(char *pattern, size_t size, const char *object)
{
	const char *end = pattern + size - 2;
	char *p = pattern;

	for (; *object && p < end; object++) {
		if (!strchr("0123456789", *object))
			*p++ = strchr("*[]?,=\\", *object) ? '?' : *object;
		else if (p == pattern || p[-1] != '*')
			*p++ = '*';
	}
	if (*object)
		*p++ = '*';
	*p = '\0';
}

static void note(const struct rf_call *call, void *data)
{
	struct notes *t = data;
	struct note new = {0};
	unsigned n;

	if (!strcmp(call->name, t->name) && call->result == t->result)
		t->met = true;
	/* Told by sys_fail(): what became of a call. */
	if (t->n >= MAX_CALLS || (call->result < 0 && !call->args[0]))
		return;
	str_copy(new.name, sizeof(new.name), call->name);
	make_pattern(new.object, sizeof(new.object), call->object);
	for (unsigned i = 0; i < t->n; i++)
		if (!memcmp(&t->call[i], &new, sizeof(new)))
			return;
	/* A child may note at the same time. */
	n = __atomic_fetch_add(&t->n, 1, __ATOMIC_RELAXED);
	if (n < MAX_CALLS)
		t->call[n] = new;
}

/* A bit per descriptor. */
static void open_fds(bool is_open[MAX_FDS])
{
	for (int fd = 0; fd < MAX_FDS; fd++)
		is_open[fd] = fcntl(fd, F_GETFD) >= 0;
}

FIXTURE(job)
{
	struct world w;
};

FIXTURE_VARIANT(job)
{
	int (*run)(struct world *w);
	bool needs_root, in_userns, needs_image;
};

#define JOB(name, ...) FIXTURE_VARIANT_ADD(job, name) {.run = name, __VA_ARGS__}
JOB(sandbox, .needs_root = false);
JOB(mapped_sandbox, .needs_root = true);
JOB(confined, .needs_root = false);
JOB(read_groups, .needs_root = false);
JOB(make_group, .needs_root = true);
JOB(run_in_group, .needs_root = true);
JOB(import, .in_userns = true);
JOB(mount_image, .in_userns = true, .needs_image = true);
JOB(probe_files, .needs_root = false);

static int put_image(struct world *w)
{
	struct rf_import_options options = {.size = sizeof(options), .name = "i"};
	struct rf_import_result result;
	struct rf_store *store;
	int r = rf_store_open(w->store, RF_STORE_CREATE, &store);

	if (r < 0)
		return r;
	r = rf_store_import(store, w->layout, &options, &result);
	rf_store_close(store);
	return r;
}

FIXTURE_SETUP(job)
{
	static const char profile[] = "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": "
				      "[{\"names\": [\"reboot\"], \"action\": \"SCMP_ACT_ERRNO\"}]}";
	struct world *w = &self->w;
	int dir __free(fd) = -EBADF;

	if (variant->needs_root && geteuid() != 0)
		SKIP(return, "needs root: wide id maps and control groups are not for everyone");
	if (variant->in_userns && userns_enter(CLONE_NEWNS, 0) < 0)
		SKIP(return, "no user namespace may be made here");
	w->notes = mmap(NULL, sizeof(*w->notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, w->notes);
	snprintf(w->path, sizeof(w->path), "%s/rf-leaks.XXXXXX", getenv("TMPDIR") ?: "/tmp");
	ASSERT_NE(NULL, mkdtemp(w->path));
	snprintf(w->layout, sizeof(w->layout), "%s/layout", w->path);
	snprintf(w->store, sizeof(w->store), "%s/store", w->path);
	snprintf(w->target, sizeof(w->target), "%s/target", w->path);
	snprintf(w->profile, sizeof(w->profile), "%s/profile.json", w->path);
	snprintf(w->group, sizeof(w->group), "leaks-%d", getpid());
	setenv("XDG_CACHE_HOME", w->path, 1);
	dir = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_EQ(0, layout_make(dir));
	ASSERT_EQ(0, file_mkdir_p(dir, "target", 0755));
	ASSERT_EQ(0, file_replace_at(dir, "profile.json", profile, strlen(profile), 0644));
	if (variant->needs_image)
		ASSERT_EQ(0, put_image(w));
}

FIXTURE_TEARDOWN(job)
{
	no_faults();
	if (self->w.path[0])
		EXPECT_EQ(0, layout_remove_tmp(self->w.path));
}

/* One run with one fault; what it left. */
static void try(struct __test_metadata *_metadata, FIXTURE_DATA(job) *self,
		const FIXTURE_VARIANT(job) *variant, const struct note *call, const char *error)
{
	bool before[MAX_FDS], after[MAX_FDS];
	struct world *w = &self->w;
	char spec[192];
	sigset_t none;

	snprintf(spec, sizeof(spec), "%s%s%s=%s", call->name, call->object[0] ? ":" : "", call->object, error);
	open_fds(before);
	ASSERT_EQ(0, rf_trace_fault(spec)) { TH_LOG("%s", spec); }
	rf_trace_set(note, w->notes);
	w->touched = NULL;
	variant->run(w);
	no_faults();
	open_fds(after);
	for (int fd = 0; fd < MAX_FDS; fd++) {
		char link[40], target[128] = "";

		if (before[fd] == after[fd])
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		EXPECT_LT(-2, readlink(link, target, sizeof(target) - 1));
		EXPECT_EQ(before[fd], after[fd]) { TH_LOG("%s: descriptor %d: %s", spec, fd, target); }
		close(fd);
	}
	EXPECT_EQ(NULL, w->touched) { TH_LOG("%s: %s", spec, w->touched); }
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG)) { TH_LOG("%s: a child is left", spec); }
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

TEST_F_TIMEOUT(job, leaves_nothing, ROUNDS_TIME)
{
	size_t n_errnos = getenv("RINGFENCE_VM") ? 2 : array_size(errnos);
	struct notes *notes = self->w.notes;
	unsigned n, met = 0;
	char unmet[32] = "";

	/* The harness comes here also where the set-up has skipped. */
	if (!notes)
		return;
	if (n_errnos < array_size(errnos))
		TH_LOG("which errno it is makes no difference to a kernel: %zu of %zu here, all on the host", n_errnos, array_size(errnos));
	rf_trace_set(note, notes);
	ASSERT_LE(0, variant->run(&self->w)) {
		TH_LOG("without faults: %s: %s", rf_trace_last_failure()->name, rf_trace_last_failure()->note);
	}
	no_faults();
	n = notes->n;
	ASSERT_LT(0, n);
	ASSERT_GT(MAX_CALLS, n);
	for (unsigned i = 0; i < n; i++) {
		struct note call = notes->call[i];

		str_copy(notes->name, sizeof(notes->name), call.name);
		for (size_t e = 0; e < n_errnos; e++) {
			for (int err = 1; err < 134; err++)
				if (strerrorname_np(err) && str_eq(strerrorname_np(err), errnos[e]))
					notes->result = -err;
			notes->met = false;
			try(_metadata, self, variant, &call, errnos[e]);
			met += notes->met;
			if (!notes->met)
				str_copy(unmet, sizeof(unmet), call.name);
		}
	}
	/* Calls that only sometimes happen are few. */
	EXPECT_LE(n * n_errnos * 9 / 10, met) {
		TH_LOG("%u of %zu faults were met; not, to the last, %s", met, n * n_errnos, unmet);
	}
	if (__lsan_do_recoverable_leak_check)
		EXPECT_EQ(0, __lsan_do_recoverable_leak_check());
}

TEST_HARNESS_MAIN
