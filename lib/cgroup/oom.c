// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A kill in the kernel's log is many lines (mm/oom_kill.c, mm/memcontrol.c):
 *
 *	python3 invoked oom-killer: gfp_mask=…		who asked for a page, and got none
 *	memory: usage 8192kB, limit 8192kB, failcnt 182	of the group whose limit it was
 *	memory+swap: …, kmem: … (v1), swap: … (v2)
 *	Memory cgroup stats for /a:			then a line for each
 *	Tasks state (memory values in pages):		then the heading, then a row for each process
 *	oom-kill:constraint=CONSTRAINT_MEMCG,…,oom_memcg=/a,task_memcg=/a/b,task=python3,pid=7,uid=0
 *	Memory cgroup out of memory: Killed process 7 (python3) total-vm:…kB, anon-rss:…kB, …
 *
 * Where the machine was full, it says global_oom in the place of oom_memcg, and "Out of memory:".
 * With memory.oom.group, "Tasks in /a are going to be killed" and a line for each. The table's
 * columns differ among kernels (6.8 divides rss), so they are found by the heading. Other lines
 * may come in between. The name of a process may hold blanks, and it comes last.
 *
 * Each read(2) of /dev/kmsg is a record "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;MESSAGE\n" with its
 * fields in lines that begin with a blank. EPIPE: a record was overwritten before it was read.
 */
#include <errno.h>
#include <unistd.h>

#include "cgroup/oom.h"

enum { COLUMNS = 16, RECORD = 8192, LOG_LIMIT = 32 << 20 };

struct parser {
	struct oom_log *log;
	struct oom_kill *now; /* under way; NULL */
	int column[COLUMNS];  /* what the table's columns are, by their order */
	size_t n_columns;
	bool in_table;
};

enum column { COLUMN_OTHER, COLUMN_UID, COLUMN_RSS, COLUMN_SWAP, COLUMN_SCORE };

static const struct { const char *name; enum column is; } columns[] = {
	{"uid", COLUMN_UID}, {"rss", COLUMN_RSS}, {"swapents", COLUMN_SWAP}, {"oom_score_adj", COLUMN_SCORE},
};

static struct oom_kill *begin(struct parser *p, uint64_t time_us)
{
	struct oom_log *log = p->log;
	struct oom_kill *more = log->list;

	if (!(log->n & (log->n - 1)))
		more = realloc(log->list, (log->n ? log->n * 2 : 1) * sizeof(*more));
	if (!more)
		return NULL;
	log->list = more;
	p->now = &log->list[log->n++];
	*p->now = (struct oom_kill){
		.time_us = time_us, .uid = RF_CGROUP_UNKNOWN, .total_vm_bytes = RF_CGROUP_UNKNOWN,
		.anon_bytes = RF_CGROUP_UNKNOWN, .file_bytes = RF_CGROUP_UNKNOWN, .shmem_bytes = RF_CGROUP_UNKNOWN,
		.usage_bytes = RF_CGROUP_UNKNOWN, .limit_bytes = RF_CGROUP_UNKNOWN, .hits = RF_CGROUP_UNKNOWN,
		.swap_usage_bytes = RF_CGROUP_UNKNOWN, .swap_limit_bytes = RF_CGROUP_UNKNOWN,
	};
	p->in_table = false;
	return p->now;
}

static void copy(char to[OOM_NAME], const char *from, size_t len)
{
	snprintf(to, OOM_NAME, "%.*s", (int)(len < OOM_NAME ? len : OOM_NAME - 1), from);
}

/* The number behind `mark`, in kB; RF_MAX where it is what the kernel prints for "no limit". */
static uint64_t kilobytes(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);
	uint64_t n;

	if (!at)
		return RF_CGROUP_UNKNOWN;
	n = strtoull(at + strlen(mark), NULL, 10);
	return n >= (uint64_t)INT64_MAX / 1024 - 64 ? RF_MAX : n * 1024;
}

/* What stands between two marks. NULL `end`: up to the end of the text. */
static char *between(const char *text, const char *mark, const char *end)
{
	const char *at = strstr(text, mark), *stop;

	if (!at)
		return NULL;
	at += strlen(mark);
	stop = end ? strstr(at, end) : NULL;
	return stop ? strndup(at, (size_t)(stop - at)) : strdup(at);
}

static void take_usage(struct oom_kill *k, const char *m, bool swap)
{
	const char *failures = strstr(m, "failcnt ");

	*(swap ? &k->swap_usage_bytes : &k->usage_bytes) = kilobytes(m, "usage ");
	*(swap ? &k->swap_limit_bytes : &k->limit_bytes) = kilobytes(m, "limit ");
	/* v1 counts a hit at the limit of both together there, not at that of memory. */
	if (failures && (!swap || *m == 'm'))
		k->hits = (k->hits == RF_CGROUP_UNKNOWN ? 0 : k->hits) + strtoull(failures + 8, NULL, 10);
}

static void take_heading(struct parser *p, const char *m)
{
	const char *at = strchr(m, ']');

	p->n_columns = 0;
	p->in_table = at != NULL;
	for (at = at ? at + 1 : ""; *(at += strspn(at, " ")) && p->n_columns < COLUMNS; at += strcspn(at, " ")) {
		size_t len = strcspn(at, " ");
		int is = COLUMN_OTHER;

		if (len == 4 && !memcmp(at, "name", 4))
			break;
		for (size_t i = 0; i < array_size(columns); i++)
			if (strlen(columns[i].name) == len && !memcmp(columns[i].name, at, len))
				is = columns[i].is;
		p->column[p->n_columns++] = is;
	}
}

static int take_row(struct parser *p, const char *m)
{
	struct oom_kill *k = p->now;
	struct oom_task t = {.uid = RF_CGROUP_UNKNOWN, .rss_bytes = RF_CGROUP_UNKNOWN, .swap_bytes = 0}, *more = k->tasks;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	char *end;

	t.pid = (pid_t)strtol(m + 1, &end, 10);
	if (*end != ']')
		return 0;
	end++;
	for (size_t i = 0; i < p->n_columns; i++) {
		const char *at = end;
		int64_t n = strtoll(at, &end, 10);

		if (end == at)
			return 0;
		if (p->column[i] == COLUMN_UID)
			t.uid = (uint64_t)n;
		else if (p->column[i] == COLUMN_RSS)
			t.rss_bytes = (uint64_t)n * page;
		else if (p->column[i] == COLUMN_SWAP)
			t.swap_bytes = (uint64_t)n * page;
		else if (p->column[i] == COLUMN_SCORE)
			t.score_adj = n;
	}
	end += strspn(end, " ");
	copy(t.name, end, strlen(end));
	if (!(k->n_tasks & (k->n_tasks - 1)))
		more = realloc(k->tasks, (k->n_tasks ? k->n_tasks * 2 : 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	k->tasks = more;
	k->tasks[k->n_tasks++] = t;
	return 0;
}

static void take_summary(struct oom_kill *k, const char *m)
{
	char *constraint __free(ptr) = between(m, "constraint=", ","), *pid __free(ptr) = between(m, ",pid=", ",");
	char *task __free(ptr) = between(m, ",task=", ",pid=");

	free(k->limit_group);
	free(k->task_group);
	k->limit_group = between(m, ",oom_memcg=", ",task_memcg=");
	k->task_group = between(m, ",task_memcg=", ",task=");
	if (constraint)
		copy(k->constraint, constraint, strlen(constraint));
	if (task)
		copy(k->victim, task, strlen(task));
	if (pid)
		k->pid = (pid_t)strtol(pid, NULL, 10);
}

static void take_victim(struct oom_kill *k, const char *m)
{
	const char *at = strstr(m, "Killed process ") + 15, *name = strchr(at, '('), *end = strstr(at, ") total-vm:");
	const char *uid = strstr(m, " UID:"), *score = strstr(m, " oom_score_adj:");

	pid_t pid = (pid_t)strtol(at, NULL, 10);

	/* The first is the one that was chosen; the others die with it, and it may be named again among them. */
	if (k->n_killed && pid == k->pid)
		return;
	if (k->n_killed++)
		return;
	k->pid = pid;
	if (name && end && end > name)
		copy(k->victim, name + 1, (size_t)(end - name - 1));
	k->total_vm_bytes = kilobytes(m, "total-vm:");
	k->anon_bytes = kilobytes(m, "anon-rss:");
	k->file_bytes = kilobytes(m, "file-rss:");
	k->shmem_bytes = kilobytes(m, "shmem-rss:");
	if (uid)
		k->uid = strtoull(uid + 5, NULL, 10);
	if (score)
		k->score_adj = strtoll(score + 15, NULL, 10);
	if (!*k->constraint)
		copy(k->constraint, str_starts(m, "Memory cgroup") ? "CONSTRAINT_MEMCG" : "CONSTRAINT_NONE", 16);
}

static int take_message(struct parser *p, uint64_t time_us, const char *m)
{
	const char *invoked = strstr(m, " invoked oom-killer:");

	if (invoked) {
		if (!begin(p, time_us))
			return -ENOMEM;
		copy(p->now->invoker, m, (size_t)(invoked - m));
		return 0;
	}
	if ((str_starts(m, "oom-kill:constraint=") || strstr(m, "ut of memory: Killed process ")) &&
	    (!p->now || (p->now->n_killed && str_starts(m, "oom-kill:"))) && !begin(p, time_us))
		return -ENOMEM;
	if (!p->now)
		return 0;
	if (str_starts(m, "memory: usage "))
		take_usage(p->now, m, false);
	else if (str_starts(m, "swap: usage ") || str_starts(m, "memory+swap: usage "))
		take_usage(p->now, m, true), p->now->memsw = *m == 'm';
	else if (str_starts(m, "[  pid  ]"))
		take_heading(p, m);
	else if (p->in_table && *m == '[')
		return take_row(p, m);
	else if (str_starts(m, "oom-kill:constraint="))
		take_summary(p->now, m);
	else if (strstr(m, "due to memory.oom.group set"))
		p->now->whole_group = true;
	else if (strstr(m, "ut of memory: Killed process "))
		take_victim(p->now, m);
	return 0;
}

/* "[   12.345678] message", perhaps with "<6>" in front. NULL where it is not that. */
static char *behind_dmesg(char *line, uint64_t *ret_us)
{
	char *at = line, *end;
	uint64_t s, us;

	if (*at == '<' && (end = strchr(at, '>')))
		at = end + 1;
	if (*at != '[')
		return NULL;
	s = strtoull(at + 1, &end, 10);
	if (*end != '.')
		return NULL;
	us = strtoull(end + 1, &end, 10);
	if (*end != ']')
		return NULL;
	*ret_us = s * 1000000 + us;
	return end + 1 + (end[1] == ' ');
}

static char *message_of(char *line, uint64_t *ret_us)
{
	char *semicolon = strchr(line, ';'), *found;
	unsigned long long us;

	*ret_us = RF_CGROUP_UNKNOWN;
	if (semicolon && *line >= '0' && *line <= '9' && sscanf(line, "%*u,%*u,%llu", &us) == 1) {
		*ret_us = us;
		return semicolon + 1;
	}
	found = strstr(line, " kernel: ");
	if (found)
		line = found + 9;
	found = behind_dmesg(line, ret_us);
	return found ?: line;
}

int oom_parse(const char *text, struct oom_log *ret)
{
	struct parser p = {.log = ret};
	int r = 0;

	for (const char *at = text; r >= 0 && *at; at += *at == '\n') {
		size_t len = strcspn(at, "\n");
		char *line __free(ptr) = strndup(at, len);
		char *message;
		uint64_t us;

		if (!line)
			return -ENOMEM;
		at += len;
		/* A field of a record. */
		if (*line == ' ')
			continue;
		message = message_of(line, &us);
		message[strcspn(message, "\r")] = '\0';
		r = take_message(&p, us, message);
	}
	return r;
}

void oom_log_done(struct oom_log *log)
{
	for (size_t i = 0; i < log->n; i++) {
		free(log->list[i].limit_group);
		free(log->list[i].task_group);
		free(log->list[i].tasks);
	}
	free(log->list);
}

int oom_read_log(char **ret_text)
{
	int fd __free(fd) = sys_openat(AT_FDCWD, "/dev/kmsg", O_RDONLY | O_NONBLOCK, 0);
	struct str text __free(str) = {0};
	char record[RECORD];

	if (fd < 0)
		return fd;
	while (text.len < LOG_LIMIT) {
		ssize_t n = sys_read(fd, record, sizeof(record));

		if (n == -EPIPE || n == -EINTR)
			continue;
		if (n == -EAGAIN || !n)
			break;
		if (n < 0)
			return (int)n;
		str_addn(&text, record, (size_t)n);
	}
	return str_take(&text, ret_text);
}

static bool is_within(const char *inner, const char *outer)
{
	size_t len = strlen(outer);

	return !len || (!strncmp(inner, outer, len) && (!inner[len] || inner[len] == '/'));
}

bool oom_concerns(const struct oom_kill *k, const char *group)
{
	const char *limit = k->limit_group ? k->limit_group + (*k->limit_group == '/') : NULL;
	const char *task = k->task_group ? k->task_group + (*k->task_group == '/') : NULL;

	return (task && is_within(task, group)) || (limit && *limit && (is_within(group, limit) || is_within(limit, group)));
}
