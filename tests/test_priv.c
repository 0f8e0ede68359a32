// SPDX-License-Identifier: GPL-2.0-or-later
/* Capability names, seccomp profiles, their cache, and confine's plan as data. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <ringfence/priv.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "harness.h"
#include "priv/seccomp.h"

#define CAP(name) (1ull << CAP_##name)

static const struct {
	const char *text;
	int result;
	uint64_t caps;
	const char *note; /* part of it */
} cap_rows[] = {
	{"net_admin", 0, CAP(NET_ADMIN)},
	{"CAP_NET_ADMIN", 0, CAP(NET_ADMIN)},
	{"Cap_Sys_Time,chown", 0, CAP(SYS_TIME) | CAP(CHOWN)},
	{"none", 0, 0},
	{"12", 0, CAP(NET_ADMIN)},
	{"net_admn", -EINVAL, 0, "cap_net_admin"},
	{"sys_tyme,chown", -EINVAL, 0, "cap_sys_time"},
	{"admin", -EINVAL, 0, "cap_net_admin, cap_sys_admin, cap_mac_admin"},
	{"chown,", -EINVAL, 0, "not the name"},
	{"", -EINVAL, 0, "capabilities(7)"},
	{"64", -EINVAL, 0, "not the name"},
	{"-1", -EINVAL, 0, "not the name"},
	{"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", -EINVAL, 0,
	 "not the name"},
};

TEST(cap_names)
{
	for (size_t i = 0; i < array_size(cap_rows); i++) {
		uint64_t caps = 42;
		int r = rf_caps_parse(cap_rows[i].text, &caps);

		EXPECT_EQ(cap_rows[i].result, r) { TH_LOG("\"%s\"", cap_rows[i].text); }
		EXPECT_EQ(r ? 42 : cap_rows[i].caps, caps) { TH_LOG("\"%s\"", cap_rows[i].text); }
		if (r < 0) {
			EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, cap_rows[i].note)) {
				TH_LOG("\"%s\": %s", cap_rows[i].text,
				       rf_trace_last_failure()->note);
			}
		}
	}
}

TEST(cap_words)
{
	uint64_t all = rf_caps_all();
	const struct {
		uint64_t caps;
		const char *text;
	} rows[] = {
		{0, "none"},
		{all, "all"},
		{CAP(CHOWN) | CAP(NET_ADMIN), "cap_chown,cap_net_admin"},
		{all & ~CAP(SYS_ADMIN), "all but cap_sys_admin"},
	};
	uint64_t again;

	for (size_t i = 0; i < array_size(rows); i++) {
		char *text __free(ptr) = NULL;

		ASSERT_EQ(0, rf_caps_format(rows[i].caps, &text));
		EXPECT_STREQ(rows[i].text, text);
	}
	ASSERT_EQ(0, rf_caps_parse("all", &again));
	EXPECT_EQ(all, again);
}

/* json -> part of the note of its refusal */
static const struct {
	const char *json, *note;
} bad_rows[] = {
	{"", "line 1: not JSON: it ends too early"},
	{"{\n\"defaultAction\": \"SCMP_ACT_ALLOW\",\n]", "line 3: not JSON"},
	{"{\"defaultAction\": \"SCMP_ACT_ALLOW\"} {}", "not JSON"},
	{"[]", "not a JSON object"},
	{"{}", "defaultAction: is missing"},
	{"{\"defaultAction\": 1}", "defaultAction: must be a string, not int"},
	{"{\"defaultAction\": \"SCMP_ACT_MAYBE\"}", "defaultAction: \"SCMP_ACT_MAYBE\" is not one of"},
	{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultErrnoRet\": 1}",
	 "defaultErrnoRet: the action SCMP_ACT_ALLOW has no errno"},
	{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 4096}",
	 "defaultErrnoRet: 4096 is not a number from 0 to 4095"},
	{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": -1}", "defaultErrnoRet: -1"},
	{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_Z80\"]}",
	 "architectures[0]: \"SCMP_ARCH_Z80\""},
	{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"x86_64\"]}",
	 "architectures[0]: \"x86_64\""},
	{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_S390X\"]}",
	 "architectures[0]: SCMP_ARCH_S390X can't be filtered together"},
	{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": \"SCMP_ARCH_X86\"}",
	 "architectures: must be an array, not string"},
	{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"SECCOMP_FILTER_FLAG_FAST\"]}",
	 "flags[0]: \"SECCOMP_FILTER_FLAG_FAST\""},
	{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"archMap\": [1]}", "archMap: belongs to an engine's"},
	{"{\"linux\": {\"seccomp\": {\"defaultAction\": \"X\"}}}", "linux.seccomp.defaultAction: \"X\""},
	{"{\"ociVersion\": \"1.0.2\", \"linux\": {}}", "config.json without linux.seccomp"},
	{"{\"ociVersion\": \"1.0.2\"}", "config.json without linux.seccomp"},
};

/* One entry of "syscalls" behind a good one. */
static const struct {
	const char *entry, *note;
} bad_entries[] = {
	{"1", "syscalls[1]: must be an object"},
	{"{\"names\": [\"mkdir\"]}", "syscalls[1].action: is missing"},
	{"{\"action\": \"SCMP_ACT_TRAP\"}", "syscalls[1].names: is missing"},
	{"{\"names\": [], \"action\": \"SCMP_ACT_TRAP\"}", "syscalls[1].names: is empty"},
	{"{\"names\": [3], \"action\": \"SCMP_ACT_TRAP\"}", "syscalls[1].names[0]: must be a string"},
	{"{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_TRAP\", \"errnoRet\": 1}",
	 "syscalls[1].errnoRet: the action SCMP_ACT_TRAP has no errno"},
	{"{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_TRAP\", \"includes\": {\"caps\": [\"X\"]}}",
	 "syscalls[1].includes: belongs to"},
#define ARGS(text)                                                                                 \
	"{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_TRAP\", \"args\": [" text "]}"
	{ARGS("5"), "syscalls[1].args[0]: must be an object"},
	{ARGS("{\"value\": 1, \"op\": \"SCMP_CMP_EQ\"}"), "syscalls[1].args[0].index: is missing"},
	{ARGS("{\"index\": 6, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}"),
	 "syscalls[1].args[0].index: 6 is not a number from 0 to 5"},
	{ARGS("{\"index\": 0, \"op\": \"SCMP_CMP_EQ\"}"), "syscalls[1].args[0].value: is missing"},
	{ARGS("{\"index\": 0, \"value\": -1, \"op\": \"SCMP_CMP_EQ\"}"), "args[0].value: -1 is not"},
	{ARGS("{\"index\": 0, \"value\": 1}"), "syscalls[1].args[0].op: is missing"},
	{ARGS("{\"index\": 0, \"value\": 1, \"op\": \"EQ\"}"), "syscalls[1].args[0].op: \"EQ\""},
};

static int compile(const char *json, struct rf_seccomp **ret)
{
	return rf_seccomp_compile(json, strlen(json), "profile.json", ret);
}

static bool refused_with(const char *json, const char *note)
{
	struct rf_seccomp *s = NULL;
	int r = compile(json, &s);
	const struct rf_call *why = rf_trace_last_failure();

	if (r == -EINVAL && !s && why->result == r && strstr(why->note, note) &&
	    !strcmp(why->object, "profile.json"))
		return true;
	fprintf(stderr, "# %s: %d, \"%s\", want \"%s\"\n", json, r, why->note, note);
	rf_seccomp_free(s);
	return false;
}

TEST(bad_profiles)
{
	for (size_t i = 0; i < array_size(bad_rows); i++) {
		EXPECT_TRUE(refused_with(bad_rows[i].json, bad_rows[i].note));
	}
	for (size_t i = 0; i < array_size(bad_entries); i++) {
		char *json __free(ptr) = str_format(
			"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"rmdir\"], \"action\": \"SCMP_ACT_ERRNO\"}, %s]}",
			bad_entries[i].entry);

		EXPECT_TRUE(refused_with(json, bad_entries[i].note));
	}
}

static uint32_t answer(const struct rf_seccomp *s, int nr, uint64_t arg0, uint64_t arg1)
{
	struct seccomp_data call = {.nr = nr, .args = {arg0, arg1}};
	uint32_t action = 0xdeadbeef;

#if defined(__x86_64__)
	call.arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
	call.arch = AUDIT_ARCH_AARCH64;
#endif
	rf_seccomp_answer(s, &call, &action);
	return action;
}

TEST(answers)
{
	struct rf_seccomp *s __free(seccomp) = NULL;
	struct rf_seccomp_info info;

	ASSERT_EQ(0, compile("{\"ociVersion\": \"1.0.2\", \"linux\": {\"seccomp\": {"
			     "\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38,"
			     "\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"], \"syscalls\": ["
			     "{\"names\": [\"execve\", \"frobnicate\"], \"action\": \"SCMP_ACT_ALLOW\"},"
			     "{\"names\": [\"getpid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38},"
			     "{\"names\": [\"mkdirat\"], \"action\": \"SCMP_ACT_ERRNO\"},"
			     "{\"names\": [\"kill\"], \"action\": \"SCMP_ACT_KILL_PROCESS\", \"args\": ["
			     "  {\"index\": 1, \"value\": 9, \"op\": \"SCMP_CMP_EQ\"},"
			     "  {\"index\": 1, \"value\": 15, \"op\": \"SCMP_CMP_EQ\"}]},"
			     "{\"names\": [\"lseek\"], \"action\": \"SCMP_ACT_TRAP\", \"args\": ["
			     "  {\"index\": 0, \"value\": 18446744073709551615, \"op\": \"SCMP_CMP_EQ\"},"
			     "  {\"index\": 1, \"value\": 15, \"valueTwo\": 5, \"op\": \"SCMP_CMP_MASKED_EQ\"}]}"
			     "]}}}", &s));
	EXPECT_EQ(SECCOMP_RET_ALLOW, answer(s, SYS_execve, 0, 0));
	EXPECT_EQ(SECCOMP_RET_ERRNO | ENOSYS, answer(s, SYS_getpid, 0, 0));
	EXPECT_EQ(SECCOMP_RET_ERRNO | ENOSYS, answer(s, SYS_getppid, 0, 0));
	EXPECT_EQ(SECCOMP_RET_ERRNO | EPERM, answer(s, SYS_mkdirat, 0, 0));
	/* Two conditions on one argument are alternatives; on different ones, both must hold. */
	EXPECT_EQ(SECCOMP_RET_KILL_PROCESS, answer(s, SYS_kill, 1, 9));
	EXPECT_EQ(SECCOMP_RET_KILL_PROCESS, answer(s, SYS_kill, 1, 15));
	EXPECT_EQ(SECCOMP_RET_ERRNO | ENOSYS, answer(s, SYS_kill, 1, 1));
	EXPECT_EQ(SECCOMP_RET_TRAP, answer(s, SYS_lseek, UINT64_MAX, 0x25));
	EXPECT_EQ(SECCOMP_RET_ERRNO | ENOSYS, answer(s, SYS_lseek, UINT64_MAX, 0x26));
	EXPECT_EQ(SECCOMP_RET_ERRNO | ENOSYS, answer(s, SYS_lseek, UINT32_MAX, 0x25));
	rf_seccomp_info(s, &info);
	EXPECT_STREQ("frobnicate", info.unknown);
	EXPECT_FALSE(info.from_cache);
	EXPECT_FALSE(info.needs_listener);
	EXPECT_EQ(SECCOMP_FILTER_FLAG_LOG, s->flags);
}

/* Many rules make a tree of comparisons: each number must come out at its own leaf. */
TEST(every_number)
{
	struct rf_seccomp *s __free(seccomp) = NULL;
	struct str json __free(str) = {0};
	bool ruled[512] = {0};
	int n = 0;

	str_add(&json, "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [");
	for (int nr = 0; nr < 440; nr += nr % 5 + 1) {
		char *name __free(ptr) = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);

		if (!name || nr == SYS_execve)
			continue;
		str_addf(&json, "%s{\"names\": [\"%s\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": %d}",
			 n++ ? "," : "", name, nr + 1);
		ruled[nr] = true;
	}
	str_add(&json, "]}");
	ASSERT_LT(50, n);
	ASSERT_EQ(0, compile(json.s, &s));
	for (int nr = 0; nr < 512; nr++) {
		uint32_t want = ruled[nr] ? SECCOMP_RET_ERRNO | (uint32_t)(nr + 1) : SECCOMP_RET_ALLOW;

		EXPECT_EQ(want, answer(s, nr, 0, 0)) {
			TH_LOG("call %d", nr);
		}
	}
}

static char *read_default(size_t *ret_len)
{
	char *text = NULL;

	file_read_at(AT_FDCWD, "examples/seccomp-default.json", 1 << 20, &text, ret_len);
	return text;
}

TEST(default_profile)
{
	struct rf_seccomp *s __free(seccomp) = NULL;
	static const int denied[] = {SYS_mount, SYS_bpf, SYS_kexec_load, SYS_init_module,
				     SYS_keyctl, SYS_perf_event_open, SYS_userfaultfd,
				     SYS_clock_settime, SYS_reboot, SYS_swapon, SYS_ptrace,
				     SYS_move_mount, SYS_unshare, SYS_io_uring_setup};
	static const int allowed[] = {SYS_execve, SYS_openat, SYS_clock_gettime, SYS_clone};

	ASSERT_EQ(0, rf_seccomp_open("examples/seccomp-default.json", RF_SECCOMP_NO_CACHE | RF_SECCOMP_NO_STORE, &s));
	for (size_t i = 0; i < array_size(denied); i++) {
		EXPECT_EQ(SECCOMP_RET_ERRNO | EPERM, answer(s, denied[i], 0, 0)) {
			TH_LOG("call %d", denied[i]);
		}
	}
	for (size_t i = 0; i < array_size(allowed); i++) {
		EXPECT_EQ(SECCOMP_RET_ALLOW, answer(s, allowed[i], 0, 0));
	}
	/* glibc falls back to clone(2), whose flags the filter can see. */
	EXPECT_EQ(SECCOMP_RET_ERRNO | ENOSYS, answer(s, SYS_clone3, 0, 0));
	EXPECT_EQ(SECCOMP_RET_ERRNO | EPERM, answer(s, SYS_clone, 0x10000000 | 17, 0));
	/* The kernel cuts an ioctl's request to 32 bits; the filter must too (CVE-2019-10063). */
	EXPECT_EQ(SECCOMP_RET_ERRNO | EPERM, answer(s, SYS_ioctl, 0, TIOCSTI));
	EXPECT_EQ(SECCOMP_RET_ERRNO | EPERM, answer(s, SYS_ioctl, 0, TIOCSTI | 1ull << 32));
	EXPECT_EQ(SECCOMP_RET_ERRNO | EPERM, answer(s, SYS_ioctl, 0, 0x541c | 1ull << 40));
	EXPECT_EQ(SECCOMP_RET_ALLOW, answer(s, SYS_ioctl, 0, TIOCGWINSZ));
}

/* Nothing that is cut short is a profile, and nothing damaged makes the parser fall over. */
TEST(damaged_json)
{
	size_t len;
	char *json __free(ptr) = read_default(&len);

	ASSERT_NE(NULL, json);
	for (size_t n = 0; n + 2 < len; n += 7) {
		struct rf_seccomp *s = NULL;

		EXPECT_EQ(-EINVAL, rf_seccomp_compile(json, n, "cut", &s));
		EXPECT_EQ(NULL, s);
	}
	for (size_t i = 0; i < len; i += 13) {
		struct rf_seccomp *s = NULL;
		char kept = json[i];
		int r;

		json[i] ^= 0x15;
		r = rf_seccomp_compile(json, len, "damaged", &s);
		EXPECT_TRUE(r == 0 || r == -EINVAL);
		EXPECT_EQ(r == 0, s != NULL);
		rf_seccomp_free(s);
		json[i] = kept;
	}
}

FIXTURE(cache)
{
	char dir[64], file[96];
};

static const char cached_json[] =
	"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
	"{\"names\": [\"mkdirat\", \"frobnicate\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 13}]}";

FIXTURE_SETUP(cache)
{
	snprintf(self->dir, sizeof(self->dir), "/tmp/rf-test-priv.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->file, sizeof(self->file), "%s/profile.json", self->dir);
	ASSERT_EQ(0, file_replace_at(AT_FDCWD, self->file, cached_json, strlen(cached_json), 0600));
	setenv("XDG_CACHE_HOME", self->dir, 1);
}

FIXTURE_TEARDOWN(cache)
{
	int tmp __free(fd) = open("/tmp", O_RDONLY | O_DIRECTORY);

	EXPECT_EQ(0, file_remove_tree(tmp, self->dir + strlen("/tmp/")));
}

/* Open the profile; was it found in the cache? -errno where it could not even be compiled. */
static int from_cache(const char *file, unsigned flags)
{
	struct rf_seccomp *s __free(seccomp) = NULL;
	struct rf_seccomp_info info;
	int r = rf_seccomp_open(file, flags, &s);

	if (r < 0)
		return r;
	rf_seccomp_info(s, &info);
	if (answer(s, SYS_mkdirat, 0, 0) != (SECCOMP_RET_ERRNO | EACCES) ||
	    answer(s, SYS_openat, 0, 0) != SECCOMP_RET_ALLOW || strcmp(info.unknown, "frobnicate"))
		return -EBADMSG;
	return info.from_cache;
}

static char *the_entry(const char *dir)
{
	char *path __free(ptr) = str_format("%s/ringfence/seccomp", dir);
	DIR *d __free(dir) = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			return str_format("%s/%s", path, e->d_name);
	return NULL;
}

TEST_F(cache, second_time_found)
{
	EXPECT_EQ(0, from_cache(self->file, 0));
	EXPECT_EQ(1, from_cache(self->file, 0));
	EXPECT_EQ(0, from_cache(self->file, RF_SECCOMP_NO_CACHE));
}

TEST_F(cache, nothing_stored_unless_allowed)
{
	char *entry __free(ptr) = NULL;

	EXPECT_EQ(0, from_cache(self->file, RF_SECCOMP_NO_STORE));
	entry = the_entry(self->dir);
	EXPECT_EQ(NULL, entry);
}

TEST_F(cache, damaged_entry_is_ignored)
{
	char *entry __free(ptr) = NULL, *data __free(ptr) = NULL;
	size_t len;

	ASSERT_EQ(0, from_cache(self->file, 0));
	entry = the_entry(self->dir);
	ASSERT_NE(NULL, entry);
	ASSERT_EQ(0, file_read_at(AT_FDCWD, entry, 1 << 20, &data, &len));
	for (size_t i = 0; i < len; i++) {
		data[i] ^= 1;
		ASSERT_EQ(0, file_replace_at(AT_FDCWD, entry, data, len, 0600));
		data[i] ^= 1;
		EXPECT_EQ(0, from_cache(self->file, RF_SECCOMP_NO_STORE)) {
			TH_LOG("byte %zu of %zu", i, len);
		}
	}
	for (size_t n = 0; n < len; n += 9) {
		ASSERT_EQ(0, file_replace_at(AT_FDCWD, entry, data, n, 0600));
		EXPECT_EQ(0, from_cache(self->file, RF_SECCOMP_NO_STORE));
	}
	EXPECT_EQ(0, from_cache(self->file, 0));
	EXPECT_EQ(1, from_cache(self->file, 0));
}

TEST_F(cache, open_to_others_is_ignored)
{
	char *dir __free(ptr) = str_format("%s/ringfence/seccomp", self->dir), *entry __free(ptr) = NULL;

	ASSERT_EQ(0, from_cache(self->file, 0));
	entry = the_entry(self->dir);
	ASSERT_EQ(0, chmod(entry, 0622));
	EXPECT_EQ(0, from_cache(self->file, RF_SECCOMP_NO_STORE));
	ASSERT_EQ(0, chmod(entry, 0600));
	EXPECT_EQ(1, from_cache(self->file, RF_SECCOMP_NO_STORE));
	ASSERT_EQ(0, chmod(dir, 0755));
	EXPECT_EQ(0, from_cache(self->file, 0));
	ASSERT_EQ(0, chmod(dir, 0700));
	EXPECT_EQ(1, from_cache(self->file, 0));
}

/* The file's name is a hash, which may collide: what decides is the profile itself. */
TEST_F(cache, other_profile_under_its_name)
{
	char *mine __free(ptr) = NULL, *others __free(ptr) = NULL, *json = strdupa(cached_json);
	struct rf_seccomp *s __free(seccomp) = NULL;

	ASSERT_EQ(0, from_cache(self->file, 0));
	mine = the_entry(self->dir);
	ASSERT_EQ(0, unlink(mine));
	*strstr(json, "13}") = '2';
	ASSERT_EQ(0, file_replace_at(AT_FDCWD, self->file, json, strlen(json), 0600));
	ASSERT_EQ(0, rf_seccomp_open(self->file, 0, &s));
	EXPECT_EQ(SECCOMP_RET_ERRNO | 23, answer(s, SYS_mkdirat, 0, 0));
	others = the_entry(self->dir);
	ASSERT_EQ(0, rename(others, mine));
	ASSERT_EQ(0, file_replace_at(AT_FDCWD, self->file, cached_json, strlen(cached_json), 0600));
	EXPECT_EQ(0, from_cache(self->file, 0));
	EXPECT_EQ(1, from_cache(self->file, 0));
}

TEST_F(cache, unwritable_is_no_error)
{
	setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
	EXPECT_EQ(0, from_cache(self->file, 0));
	EXPECT_EQ(0, from_cache(self->file, 0));
	setenv("XDG_CACHE_HOME", self->dir, 1);
	ASSERT_EQ(0, rf_trace_fault("mkdirat=EROFS!"));
	EXPECT_EQ(0, from_cache(self->file, 0));
	ASSERT_EQ(0, rf_trace_fault("fsync=ENOSPC"));
	EXPECT_EQ(0, from_cache(self->file, 0));
	ASSERT_EQ(0, rf_trace_fault(""));
	EXPECT_EQ(0, from_cache(self->file, 0));
	EXPECT_EQ(1, from_cache(self->file, 0));
	EXPECT_STREQ("", rf_trace_last_failure()->name);
}

TEST_F(cache, too_long)
{
	struct rf_seccomp *s = NULL;

	ASSERT_EQ(0, truncate(self->file, 5 << 20));
	EXPECT_EQ(-EFBIG, rf_seccomp_open(self->file, 0, &s));
	EXPECT_EQ(NULL, s);
	EXPECT_EQ(-ENOENT, rf_seccomp_open("/nowhere/profile.json", 0, &s));
}

TEST_F(cache, raw_instructions)
{
	static const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct rf_seccomp *s __free(seccomp) = NULL, *other = NULL;

	ASSERT_EQ(0, file_replace_at(AT_FDCWD, self->file, (const char *)filter, sizeof(filter), 0600));
	ASSERT_EQ(0, rf_seccomp_open(self->file, RF_SECCOMP_RAW, &s));
	EXPECT_EQ(SECCOMP_RET_ERRNO | EDOM, answer(s, SYS_mkdirat, 0, 0));
	ASSERT_EQ(0, truncate(self->file, sizeof(filter) - 1));
	EXPECT_EQ(-EINVAL, rf_seccomp_open(self->file, RF_SECCOMP_RAW, &other));
	EXPECT_EQ(NULL, other);
}

/* The ids of the plan's steps in a row; "" where there is no plan. */
static char *plan_ids(const struct rf_confine *c, int *ret_result)
{
	struct rf_plan *plan;
	struct str out __free(str) = {0};
	char *ids = NULL;

	if (rf_plan_new(&plan) < 0)
		return NULL;
	*ret_result = rf_plan_confine(plan, c);
	for (size_t i = 0; *ret_result >= 0 && i < rf_plan_length(plan); i++) {
		struct rf_step_info info;

		rf_plan_step(plan, i, &info);
		str_addf(&out, "%s%s", i ? " " : "", info.id);
	}
	rf_plan_free(plan);
	str_add(&out, "");
	str_take(&out, &ids);
	return ids;
}

TEST(plans)
{
	char *argv[] = {(char[]){"true"}, NULL};
	struct rf_confine c = {.size = sizeof(c), .argv = argv};
	struct rf_seccomp *s __free(seccomp) = NULL;
	struct rf_caps have;
	bool setpcap, admin;
	int r = 0;

	ASSERT_EQ(0, rf_caps_get(&have));
	setpcap = have.effective & CAP(SETPCAP);
	admin = have.effective & CAP(SYS_ADMIN);
	ASSERT_EQ(0, compile(cached_json, &s));
#define EXPECT_PLAN(want)                                                                          \
	({                                                                                         \
		char *ids __free(ptr) = plan_ids(&c, &r);                                          \
		EXPECT_EQ(0, r);                                                                   \
		EXPECT_STREQ(want, ids);                                                           \
	})
	EXPECT_PLAN("close-descriptors exec");
	c.no_new_privs = true;
	EXPECT_PLAN("close-descriptors no-new-privs exec");
	c.no_new_privs = false;
	c.seccomp = s;
	EXPECT_PLAN(admin ? "close-descriptors seccomp exec"
			  : "close-descriptors no-new-privs seccomp exec");
	c.drop = CAP(SYS_ADMIN);
	/* Who gives up CAP_SYS_ADMIN can load a filter only under no_new_privs. */
	EXPECT_PLAN(setpcap ? "close-descriptors drop-bounding set-capabilities no-new-privs seccomp exec"
			    : "close-descriptors set-capabilities no-new-privs seccomp exec");
	c.seccomp = NULL;
	EXPECT_PLAN(setpcap ? "close-descriptors drop-bounding set-capabilities exec"
			    : "close-descriptors set-capabilities no-new-privs exec");
	c.drop = 0;
	c.ambient = CAP(CHOWN);
	if (have.permitted & CAP(CHOWN)) {
		EXPECT_PLAN("close-descriptors set-capabilities raise-ambient exec");
	}
}

TEST(refused_plans)
{
	char *argv[] = {(char[]){"true"}, NULL};
	struct rf_confine c = {.size = sizeof(c), .argv = argv};
	static const struct {
		const char *profile;
		int result;
		const char *note;
	} rows[] = {
		{"{\"defaultAction\": \"SCMP_ACT_ERRNO\"}", -EACCES, "it refuses execve"},
		{"{\"defaultAction\": \"SCMP_ACT_KILL\"}", -EACCES, "it kills for execve"},
		{"{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}", -EOPNOTSUPP, "needs a supervisor"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"execve\"], \"action\": \"SCMP_ACT_TRAP\"}]}",
		 -EACCES, "it traps execve"},
	};
	int r;

	for (size_t i = 0; i < array_size(rows); i++) {
		struct rf_seccomp *s __free(seccomp) = NULL;
		char *ids __free(ptr) = NULL;

		ASSERT_EQ(0, compile(rows[i].profile, &s));
		c.seccomp = s;
		ids = plan_ids(&c, &r);
		EXPECT_EQ(rows[i].result, r);
		EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, rows[i].note)) {
			TH_LOG("%s", rf_trace_last_failure()->note);
		}
	}
	c.seccomp = NULL;
	c.drop = c.ambient = CAP(CHOWN);
	free(plan_ids(&c, &r));
	EXPECT_EQ(-EINVAL, r);
	c.ambient = 1ull << 63;
	free(plan_ids(&c, &r));
	EXPECT_EQ(-EPERM, r);
	argv[0] = NULL;
	c.ambient = 0;
	free(plan_ids(&c, &r));
	EXPECT_EQ(-EINVAL, r);
}

TEST_HARNESS_MAIN
