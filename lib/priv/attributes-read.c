// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel tells of a process, as lines. Most stands in /proc/PID/status; limits, scheduling
 * and I/O priority have calls of their own; and some is told to the process itself only: securebits,
 * memory policy, the signal at its parent's death. Landlock tells nobody. A line that can't be known
 * says why. Every list has the same lines in the same order, so that two can be compared.
 */
#include <errno.h>
#include <ringfence/ns.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "priv/attributes.h"

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#endif

enum { MAX_LINES = 96, TEXT_LIMIT = 1 << 20 };

struct rf_attribute_list {
	struct rf_attribute_line lines[MAX_LINES];
	size_t n;
	bool failed;
	int pid, proc_fd; /* pid 0: the caller */
	char *status;
};

struct row {
	const char *group, *key, *title, *meaning;
	void (*read)(struct rf_attribute_list *l, const struct row *row);
	const char *source; /* field of status, or file */
	int index;	    /* of the number in it; -1: the whole */
};

static struct rf_attribute_line *add(struct rf_attribute_list *l, const struct row *row)
{
	struct rf_attribute_line *line = &l->lines[l->n++];

	*line = (struct rf_attribute_line){.group = row->group, .key = row->key, .title = row->title, .meaning = row->meaning};
	return line;
}

/* Takes both over; json NULL: the value as a JSON string. */
static void put(struct rf_attribute_list *l, const struct row *row, struct str *value, struct str *json)
{
	struct rf_attribute_line *line = add(l, row);
	struct str quoted __free(str) = {0};
	char *text = NULL, *as_json = NULL;

	if (!json)
		str_add_json(&quoted, value->s ?: "");
	if (str_take(json ?: &quoted, &as_json) < 0 || str_take(value, &text) < 0)
		l->failed = true;
	line->value = text;
	line->json = as_json;
}

static void put_text(struct rf_attribute_list *l, const struct row *row, const char *text)
{
	struct str value __free(str) = {0};

	str_add(&value, text);
	put(l, row, &value, NULL);
}

static void put_number(struct rf_attribute_list *l, const struct row *row, long long n, const char *unit)
{
	struct str value __free(str) = {0}, json __free(str) = {0};

	str_addf(&value, "%lld%s", n, unit);
	str_addf(&json, "%lld", n);
	put(l, row, &value, &json);
}

static void put_unknown(struct rf_attribute_list *l, const struct row *row, const char *why)
{
	struct rf_attribute_line *line = add(l, row);

	line->json = strdup("null");
	line->why_not = why;
	if (!line->json)
		l->failed = true;
}

static const char *why_not(int err)
{
	return err == -EACCES || err == -EPERM ? "needs the rights of a tracer: be its user, or root (CAP_SYS_PTRACE)"
	     : err == -ESRCH || err == -ENOENT ? "this kernel does not show it, or the process has ended"
	     : err == -EINVAL || err == -ENODEV || err == -ENOSYS || err == -EOPNOTSUPP ? "this kernel does not have it"
	     : "can't be read";
}

/* The text of a field of status, up to the line's end; NULL where the kernel has it not. */
static const char *field(const struct rf_attribute_list *l, const char *name, size_t *ret_len)
{
	size_t n = strlen(name);

	for (const char *line = l->status; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (strncmp(line, name, n) || line[n] != ':')
			continue;
		line += n + 1;
		line += strspn(line, " \t");
		*ret_len = strcspn(line, "\n");
		while (*ret_len && line[*ret_len - 1] == ' ')
			--*ret_len;
		return line;
	}
	return NULL;
}

static void read_field(struct rf_attribute_list *l, const struct row *row)
{
	struct str value __free(str) = {0};
	size_t len;
	const char *text = field(l, row->source, &len);

	if (!text) {
		put_unknown(l, row, why_not(-ENOENT));
		return;
	}
	for (int i = 0; i < row->index; i++) {
		text += strcspn(text, " \t\n");
		text += strspn(text, " \t");
	}
	if (row->index >= 0) {
		put_number(l, row, strtoll(text, NULL, 10), "");
		return;
	}
	str_addn(&value, text, len);
	if (!len)
		str_add(&value, "none");
	put(l, row, &value, NULL);
}

static void read_caps(struct rf_attribute_list *l, const struct row *row)
{
	size_t len;
	const char *text = field(l, row->source, &len);
	char *words __free(ptr) = NULL;

	if (!text)
		put_unknown(l, row, why_not(-ENOENT));
	else if (rf_caps_format(strtoull(text, NULL, 16), &words) < 0)
		l->failed = true;
	else
		put_text(l, row, words);
}

static void read_seccomp(struct rf_attribute_list *l, const struct row *row)
{
	static const char *const modes[] = {"off", "strict", "filter"};
	size_t len;
	const char *text = field(l, row->source, &len);
	unsigned mode = text ? (unsigned)strtoul(text, NULL, 10) : 0;

	if (!text || mode >= array_size(modes))
		put_unknown(l, row, why_not(-ENOSYS));
	else
		put_text(l, row, modes[mode]);
}

static void read_securebits(struct rf_attribute_list *l, const struct row *row)
{
	struct str value __free(str) = {0};
	int bits = l->pid ? -1 : sys_prctl_get("PR_GET_SECUREBITS", PR_GET_SECUREBITS, 0, 0, 0, 0);

	if (bits < 0) {
		put_unknown(l, row, "not readable for another process");
		return;
	}
	attr_securebits_words((uint32_t)bits, &value);
	put(l, row, &value, NULL);
}

static void read_pdeathsig(struct rf_attribute_list *l, const struct row *row)
{
	struct str value __free(str) = {0};
	int sig = 0;

	if (l->pid || sys_prctl_get("PR_GET_PDEATHSIG", PR_GET_PDEATHSIG, (unsigned long)(uintptr_t)&sig, 0, 0, 0) < 0) {
		put_unknown(l, row, "not readable for another process");
		return;
	}
	str_addf(&value, sig ? "SIG%s" : "none", sigabbrev_np(sig) ?: "?");
	put(l, row, &value, NULL);
}

static void read_landlock(struct rf_attribute_list *l, const struct row *row)
{
	put_unknown(l, row, "the kernel tells nobody, not even the process itself");
}

/* A file of /proc/PID; lines are joined. */
static void read_file(struct rf_attribute_list *l, const struct row *row)
{
	char *text __free(ptr) = NULL, *save = NULL;
	struct str value __free(str) = {0};
	int r = file_read_at(l->proc_fd, row->source, TEXT_LIMIT, &text, NULL);

	if (r < 0) {
		put_unknown(l, row, why_not(r));
		return;
	}
	if (row->index >= 0) {
		put_number(l, row, strtoll(text, NULL, 10), str_eq(row->key, "timer_slack_ns") ? " ns" : "");
		return;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		str_addf(&value, "%s%s", value.len ? " " : "", line);
	put(l, row, &value, NULL);
}

static void read_personality(struct rf_attribute_list *l, const struct row *row)
{
	char *text __free(ptr) = NULL, *words __free(ptr) = NULL;
	int r = file_read_at(l->proc_fd, "personality", 64, &text, NULL);

	if (r < 0)
		put_unknown(l, row, why_not(r));
	else if (attr_personality_words(strtoul(text, NULL, 16), &words) < 0)
		l->failed = true;
	else
		put_text(l, row, words);
}

static void read_sched(struct rf_attribute_list *l, const struct row *row)
{
	struct sys_sched_attr attr = {0};
	struct str value __free(str) = {0};
	int r = sys_sched_getattr(l->pid, &attr);

	if (r < 0) {
		put_unknown(l, row, why_not(r));
		return;
	}
	if (str_eq(row->key, "nice")) {
		put_number(l, row, attr.nice, "");
	} else if (str_eq(row->key, "reset_on_fork")) {
		put_number(l, row, attr.flags & 1, "");
	} else if (str_eq(row->key, "utilization_clamp")) {
		if (!attr.util_min && !attr.util_max) { /* the kernel's default is 0 to 1024 */
			put_unknown(l, row, why_not(-ENOSYS));
			return;
		}
		str_addf(&value, "%u:%u", attr.util_min, attr.util_max);
		put(l, row, &value, NULL);
	} else {
		struct rf_sched s = {(int)attr.policy, attr.priority, attr.runtime, attr.deadline, attr.period};

		/* For the fair policies newer kernels tell their time slice in the same place. */
		if (attr.policy != 6)
			s.runtime_ns = s.deadline_ns = s.period_ns = 0;
		attr_sched_words(&s, &value);
		put(l, row, &value, NULL);
	}
}

static void read_ioprio(struct rf_attribute_list *l, const struct row *row)
{
	struct str value __free(str) = {0};
	int r = sys_ioprio_get(l->pid);

	if (r < 0) {
		put_unknown(l, row, why_not(r));
		return;
	}
	attr_ioprio_words(r, &value);
	put(l, row, &value, NULL);
}

static void read_cookie(struct rf_attribute_list *l, const struct row *row)
{
	struct str value __free(str) = {0};
	uint64_t cookie = 0;
	int r = sys_prctl_get("PR_SCHED_CORE, PR_SCHED_CORE_GET", PR_SCHED_CORE, 0, (unsigned long)l->pid, 0,
			      (unsigned long)(uintptr_t)&cookie);

	if (r < 0) {
		put_unknown(l, row, r == -ENODEV ? "this machine's cores have one thread each" : why_not(r));
		return;
	}
	str_addf(&value, cookie ? "%#llx" : "none", (unsigned long long)cookie);
	put(l, row, &value, NULL);
}

/* Of another process: the policies of its mappings, each once. */
static void read_numa_maps(struct rf_attribute_list *l, const struct row *row)
{
	char *text __free(ptr) = NULL, *save = NULL;
	struct str value __free(str) = {0};
	int r = file_read_at(l->proc_fd, "numa_maps", 16 << 20, &text, NULL);

	if (r < 0) {
		put_unknown(l, row, why_not(r));
		return;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *word = strchr(line, ' ');

		if (!word)
			continue;
		word[1 + strcspn(word + 1, " ")] = '\0';
		if (!value.s || !strstr(value.s, word + 1))
			str_addf(&value, "%s%s", value.len ? " " : "", word + 1);
	}
	if (value.len)
		put(l, row, &value, NULL);
	else
		put_unknown(l, row, "it has no memory of its own (a kernel thread)");
}

static void read_mempolicy(struct rf_attribute_list *l, const struct row *row)
{
	struct rf_mempolicy m = {0};
	struct str value __free(str) = {0};
	int r;

	if (l->pid) {
		read_numa_maps(l, row);
		return;
	}
	r = sys_get_mempolicy(&m.mode, m.nodes.words, RF_LIST_BITS);
	if (r < 0) {
		put_unknown(l, row, why_not(r));
		return;
	}
	attr_mempolicy_words(&m, &value);
	put(l, row, &value, NULL);
}

#define IDS "ids"
#define CAPS "capabilities"
#define GUARDS "guards"
#define SCHED "scheduling"
#define MEMORY "memory"
#define PLACE "place"
#define WHO "It decides whose files each may open and whom each may signal."
#define MAY "One may do, or can come to do at exec, what the other can't."

static const struct row head[] = {
	{IDS, "real_uid", "real user", WHO, read_field, "Uid", 0},
	{IDS, "effective_uid", "effective user", WHO, read_field, "Uid", 1},
	{IDS, "saved_uid", "saved user", "The one with the stronger saved id can take it on again.", read_field, "Uid", 2},
	{IDS, "real_gid", "real group", WHO, read_field, "Gid", 0},
	{IDS, "effective_gid", "effective group", WHO, read_field, "Gid", 1},
	{IDS, "saved_gid", "saved group", "The one with the stronger saved id can take it on again.", read_field, "Gid", 2},
	{IDS, "groups", "supplementary groups", "Files of a group are open to its members only.", read_field, "Groups", -1},
	{CAPS, "inheritable", "inheritable", "A file's capabilities give more to the one that may inherit more.", read_caps, "CapInh", 0},
	{CAPS, "permitted", "permitted", MAY, read_caps, "CapPrm", 0},
	{CAPS, "effective", "effective", "One may do now what the other can't.", read_caps, "CapEff", 0},
	{CAPS, "bounding", "bounding", "What is not in it can't be gained by any exec.", read_caps, "CapBnd", 0},
	{CAPS, "ambient", "ambient", "The programs that one of them starts keep these without being root's.", read_caps, "CapAmb", 0},
	{CAPS, "securebits", "securebits", "User 0 is special for one of them and not for the other.", read_securebits, NULL, 0},
	{GUARDS, "no_new_privs", "no_new_privs", "Only the one without it can gain privilege by set-user-ID programs.", read_field, "NoNewPrivs", 0},
	{GUARDS, "seccomp_mode", "seccomp", "System calls of one are filtered in another way.", read_seccomp, "Seccomp", 0},
	{GUARDS, "seccomp_filters", "seccomp filters", "Each filter can only take away; more of them is stricter, or slower.", read_field, "Seccomp_filters", 0},
	{GUARDS, "landlock", "Landlock", "", read_landlock, NULL, 0},
	{GUARDS, "speculation_store_bypass", "store bypass", "One pays for a guard against Spectre v4.", read_field, "Speculation_Store_Bypass", -1},
	{GUARDS, "speculation_indirect_branch", "indirect branches", "One pays for a guard against Spectre v2.", read_field, "SpeculationIndirectBranch", -1},
	{GUARDS, "lsm_label", "security label", "Another policy of the security module holds for each.", read_file, "attr/current", -1},
	{GUARDS, "parent_death_signal", "signal at parent's death", "One of them ends with its parent.", read_pdeathsig, NULL, 0},
};

static const struct row tail[] = {
	{SCHED, "policy", "policy", "The policy decides before any weight does which of them runs first.", read_sched, NULL, 0},
	{SCHED, "nice", "nice", "The lower value gets about a quarter more CPU time a step, where both want it.", read_sched, NULL, 0},
	{SCHED, "reset_on_fork", "children begin anew", "Only the children of one take on its policy.", read_sched, NULL, 0},
	{SCHED, "utilization_clamp", "utilization clamp", "The CPU's frequency and choice of core follow other bounds.", read_sched, NULL, 0},
	{SCHED, "cpus", "CPUs", "They can meet only on CPUs that both may use.", read_field, "Cpus_allowed_list", -1},
	{SCHED, "io_priority", "I/O priority", "Disks with a scheduler that knows priorities serve one first.", read_ioprio, NULL, 0},
	{SCHED, "core_cookie", "core scheduling cookie", "They never run on the threads of one core at the same time.", read_cookie, NULL, 0},
	{SCHED, "timer_slack_ns", "timer slack", "Timers of one may come later.", read_file, "timerslack_ns", 0},
	{MEMORY, "oom_score_adj", "OOM score adjustment", "The higher one is killed first when memory runs out.", read_file, "oom_score_adj", 0},
	{MEMORY, "oom_score", "OOM score", "The higher one is killed first when memory runs out.", read_file, "oom_score", 0},
	{MEMORY, "memory_policy", "memory policy", "Their pages come from different NUMA nodes.", read_mempolicy, NULL, 0},
	{MEMORY, "memory_nodes", "NUMA nodes", "Their pages come from different NUMA nodes.", read_field, "Mems_allowed_list", -1},
	{MEMORY, "huge_pages", "transparent huge pages", "One is kept from them: less memory, more page faults.", read_field, "THP_enabled", 0},
	{PLACE, "cgroup", "control group", "Other limits and weights hold for each.", read_file, "cgroup", -1},
	{PLACE, "umask", "umask", "New files of one are open to others than those of the other.", read_field, "Umask", -1},
	{PLACE, "personality", "personality", "Addresses or the machine's name look different to one of them.", read_personality, NULL, 0},
};

static void read_namespaces(struct rf_attribute_list *l)
{
	uint64_t its[RF_NS_KINDS], ours[RF_NS_KINDS];
	int r = rf_ns_of_process(l->pid ?: getpid(), its), mine = rf_ns_of_process(getpid(), ours);

	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *kind = rf_ns_kind(i);
		struct row row = {"namespaces", kind->word, kind->word, kind->separate};
		struct str value __free(str) = {0}, json __free(str) = {0};

		if (r < 0 || !its[i]) {
			put_unknown(l, &row, why_not(r < 0 ? r : -ENOSYS));
			continue;
		}
		str_addf(&value, "%s:[%llu]%s", kind->name, (unsigned long long)its[i],
			 mine < 0 || its[i] == ours[i] ? "" : " (not the caller's)");
		str_addf(&json, "%llu", (unsigned long long)its[i]);
		put(l, &row, &value, &json);
	}
}

static void read_limits(struct rf_attribute_list *l)
{
	for (size_t i = 0; i < RF_RLIMITS; i++) {
		const struct rf_rlimit_kind *kind = rf_rlimit_kind(i);
		struct row row = {"limits", kind->name, kind->name, "One reaches its limit earlier, or may raise it further."};
		struct str value __free(str) = {0}, json __free(str) = {0};
		struct rlimit64 limit;
		int r = sys_prlimit_get(l->pid, kind->name, kind->resource, &limit);

		if (r < 0) {
			put_unknown(l, &row, why_not(r));
			continue;
		}
		attr_limit_words(kind, limit.rlim_cur, &value);
		str_add(&value, " soft, ");
		attr_limit_words(kind, limit.rlim_max, &value);
		str_addf(&value, " hard (%s)", kind->limits);
		str_add(&json, "{\"soft\": ");
		str_addf(&json, limit.rlim_cur == RLIM64_INFINITY ? "null" : "%llu", (unsigned long long)limit.rlim_cur);
		str_addf(&json, limit.rlim_max == RLIM64_INFINITY ? ", \"hard\": null}" : ", \"hard\": %llu}",
			 (unsigned long long)limit.rlim_max);
		put(l, &row, &value, &json);
	}
}

static int read_all(struct rf_attribute_list *l)
{
	int r = file_read_at(l->proc_fd, "status", TEXT_LIMIT, &l->status, NULL);

	if (r < 0)
		return r;
	for (size_t i = 0; i < array_size(head); i++)
		head[i].read(l, &head[i]);
	read_namespaces(l);
	read_limits(l);
	for (size_t i = 0; i < array_size(tail); i++)
		tail[i].read(l, &tail[i]);
	return l->failed ? -ENOMEM : 0;
}

int rf_attributes_read(int pid, struct rf_attribute_list **ret_list)
{
	struct rf_attribute_list *l = calloc(1, sizeof(*l));
	char path[32] = "/proc/self";
	int r;

	if (!l)
		return -ENOMEM;
	if (pid)
		snprintf(path, sizeof(path), "/proc/%d", pid);
	l->pid = pid == getpid() ? 0 : pid;
	l->proc_fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	r = l->proc_fd;
	if (r == -ENOENT)
		r = sys_fail(-ESRCH, "process", path + strlen("/proc/"), "there is no such process here, or no /proc");
	if (r >= 0) {
		r = read_all(l);
		sys_close(l->proc_fd);
	}
	if (r < 0) {
		rf_attributes_free(l);
		return r;
	}
	*ret_list = l;
	return 0;
}

size_t rf_attributes_lines(const struct rf_attribute_list *list, const struct rf_attribute_line **ret_lines)
{
	*ret_lines = list->lines;
	return list->n;
}

void rf_attributes_free(struct rf_attribute_list *list)
{
	for (size_t i = 0; list && i < list->n; i++) {
		free((void *)(uintptr_t)list->lines[i].value);
		free((void *)(uintptr_t)list->lines[i].json);
	}
	if (list)
		free(list->status);
	free(list);
}
