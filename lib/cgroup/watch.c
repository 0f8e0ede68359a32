// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One descriptor for inotify and one for each PSI trigger, all in one poll(2). What has happened is
 * queued, since one wake-up may tell of several fields: an events file is read whole and compared
 * with what it said before.
 *
 * The order matters: first the watch, then the first reading, so that nothing is lost between; a
 * change that was read already makes no second event, since nothing differs then.
 */
#include <ringfence/units.h>
#include <ringfence/watch.h>
#include <sys/inotify.h>
#include <time.h>

#include "base/options.h"
#include "base/resolve.h"
#include "cgroup/cgroup.h"

enum { MAX_FIELDS = 16, MAX_WINDOW_US = 10000000, PLAIN_WINDOW_US = 2000000 };

static const char *const events_files[] = {"memory.events", "pids.events", "cgroup.events"};

struct field {
	char name[32];
	uint64_t value;
};

/* A file whose fields are counted, a trigger, or a directory: what is polled or watched. */
struct spot {
	char *group;
	const char *file; /* of events_files; NULL: a directory, or a trigger */
	size_t h;
	int wd; /* 0: none */
	int fd; /* of a trigger, or an eventfd; -EBADF */
	const char *child; /* of the directory above: the group's name there; else NULL */
	char what[64];
	struct field fields[MAX_FIELDS];
	size_t n_fields;
	bool dead;
};

struct rf_watch {
	struct rf_cgroup_fs *fs;
	int inotify_fd;
	struct spot *spots;
	size_t n, cap;
	struct pollfd *polls;
	struct rf_watch_event *queue;
	size_t n_queue, at_queue, cap_queue;
};

DEFINE_FREE(watch, struct rf_watch *, rf_watch_close(v))

/* A window that an ordinary process may not ask for is told before the kernel says EINVAL. */
static int check_window(const char *text, const struct rf_psi_trigger *t)
{
	if (t->window_us > MAX_WINDOW_US || !t->window_us)
		return sys_fail(-EINVAL, "check", text, "the window (%llu us) must be at most 10 s",
				(unsigned long long)t->window_us);
	if (!t->stall_us || t->stall_us > t->window_us)
		return sys_fail(-EINVAL, "check", text, "the stall time must be more than nothing and at most the window");
	return 0;
}

int rf_psi_trigger_parse(const char *text, struct rf_psi_trigger *ret_trigger)
{
	static const char *const resources[] = {"memory", "cpu", "io", "irq"};
	struct rf_psi_trigger t = {.resource = resources[0]};
	char copy[64], *save = NULL, *words[5] = {0}, **w = words;
	size_t n = 0;

	if (str_copy(copy, sizeof(copy), text) >= 0)
		for (char *p = strtok_r(copy, " ", &save); p && n < array_size(words); p = strtok_r(NULL, " ", &save))
			words[n++] = p;
	for (size_t i = 0; n == 4 && i < array_size(resources); i++)
		if (str_eq(words[0], resources[i])) {
			t.resource = resources[i];
			w = words + 1;
		}
	t.full = n >= 3 && str_eq(w[0], "full");
	if (n != (w == words ? 3u : 4u) || (!t.full && !str_eq(w[0], "some")) ||
	    rf_parse_time_us(w[1], &t.stall_us) < 0 || rf_parse_time_us(w[2], &t.window_us) < 0)
		return sys_fail(-EINVAL, "check", text, "is not [cpu|memory|io|irq] some|full STALL WINDOW, such as \"memory some 150ms 2s\"");
	if (check_window(text, &t) < 0)
		return -EINVAL;
	*ret_trigger = t;
	return 0;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

static int push(struct rf_watch *w, enum rf_watch_kind kind, const char *group, const char *what, uint64_t before, uint64_t now)
{
	struct rf_watch_event *e;

	if (w->n_queue == w->cap_queue) {
		size_t cap = w->cap_queue ? w->cap_queue * 2 : 16;
		struct rf_watch_event *more = realloc(w->queue, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		w->queue = more;
		w->cap_queue = cap;
	}
	e = &w->queue[w->n_queue++];
	*e = (struct rf_watch_event){.kind = kind, .time_us = now_us(), .before = before, .now = now};
	str_copy(e->group, sizeof(e->group), group);
	str_copy(e->what, sizeof(e->what), what);
	return 0;
}

static struct spot *add(struct rf_watch *w, const char *group, size_t h)
{
	struct spot *s;

	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 16;
		struct spot *more = realloc(w->spots, cap * sizeof(*more));

		if (!more)
			return NULL;
		w->spots = more;
		w->cap = cap;
	}
	s = &w->spots[w->n];
	*s = (struct spot){.group = strdup(group), .h = h, .fd = -EBADF};
	if (!s->group)
		return NULL;
	w->n++;
	return s;
}

static int open_in(const struct rf_watch *w, const struct spot *s, const char *file, int flags)
{
	char *path __free(ptr) = str_format("%s%s%s", s->group, *s->group && *file ? "/" : "", file);

	return path ? resolve_beneath(w->fs->h[s->h].fd, *path ? path : ".", flags) : -ENOMEM;
}

static int watch_fd(struct rf_watch *w, struct spot *s, int fd, uint32_t mask)
{
	char path[40];
	int wd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	wd = sys_inotify_add_watch(w->inotify_fd, path, mask);
	s->wd = wd < 0 ? 0 : wd;
	return wd < 0 ? wd : 0;
}

/* Read the fields; those that differ from the ones known are events, where `tell`. */
static int compare(struct rf_watch *w, struct spot *s, bool tell)
{
	char *text __free(ptr) = NULL, *save = NULL, what[64];
	char *file __free(ptr) = str_format("%s%s%s", s->group, *s->group ? "/" : "", s->file);
	int r = file ? cgroup_read(w->fs->h[s->h].fd, file, &text) : -ENOMEM;
	size_t n = 0;

	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? 0 : r;
	for (char *line = strtok_r(text, "\n", &save); r >= 0 && line && n < MAX_FIELDS; line = strtok_r(NULL, "\n", &save)) {
		struct field *f = &s->fields[n++];
		char *space = strchr(line, ' ');
		uint64_t now;

		if (!space || str_to_u64(space + 1, &now) < 0)
			continue;
		*space = '\0';
		snprintf(what, sizeof(what), "%.24s %.32s", s->file, line);
		if (tell && str_eq(f->name, line) && f->value != now)
			r = push(w, RF_WATCH_COUNTER, s->group, what, f->value, now);
		str_copy(f->name, sizeof(f->name), line);
		f->value = now;
	}
	s->n_fields = n;
	return r;
}

/* v2 and v1 both tell of these by inotify; -ENOENT where the group has no such file. */
static int add_events_file(struct rf_watch *w, const char *group, size_t h, const char *name)
{
	struct spot *s = add(w, group, h);

	if (!s)
		return -ENOMEM;

	int fd __free(fd) = open_in(w, s, name, O_RDONLY), r = fd;

	s->file = name;
	if (r >= 0)
		r = watch_fd(w, s, fd, IN_MODIFY);
	if (r >= 0)
		r = compare(w, s, false);
	if (r < 0) {
		free(s->group);
		w->n--;
	}
	return r;
}

/* v1: "EVENTFD FILE" into cgroup.event_control. Not built into kernels without v1's memory files. */
static int add_v1_oom(struct rf_watch *w, const char *group, size_t h)
{
	struct spot *s = add(w, group, h);
	char text[32];

	if (!s)
		return -ENOMEM;

	int file __free(fd) = open_in(w, s, "memory.oom_control", O_RDONLY);
	int control __free(fd) = file >= 0 ? open_in(w, s, "cgroup.event_control", O_WRONLY) : file;
	ssize_t n = control;

	if (control >= 0)
		n = s->fd = sys_eventfd();
	if (n >= 0) {
		int len = snprintf(text, sizeof(text), "%d %d", s->fd, file);

		n = sys_write(control, text, (size_t)len);
	}
	if (n < 0) {
		if (s->fd >= 0)
			sys_close(s->fd);
		free(s->group);
		w->n--;
	} else {
		str_copy(s->what, sizeof(s->what), "memory.oom_control under_oom");
	}
	return n < 0 ? (int)n : 0;
}

static int add_directory(struct rf_watch *w, const char *group, size_t h)
{
	struct spot *s = add(w, group, h);

	if (!s)
		return -ENOMEM;

	int fd __free(fd) = open_in(w, s, "", O_RDONLY | O_DIRECTORY);
	int r = fd < 0 ? fd : watch_fd(w, s, fd, IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MASK_ADD | IN_ONLYDIR);

	if (r < 0) {
		free(s->group);
		w->n--;
	}
	return r;
}

/* Before Linux 7 a control group's own directory does not tell that it is gone; the one above does. */
static int add_above(struct rf_watch *w, const char *group, size_t h)
{
	const char *slash = strrchr(group, '/');
	char *above __free(ptr) = str_format("%.*s", slash ? (int)(slash - group) : 1, slash ? group : ".");
	struct spot *s = *group ? add(w, group, h) : NULL;
	int fd __free(fd) = s && above ? resolve_beneath(w->fs->h[h].fd, above, O_RDONLY | O_DIRECTORY) : -ENOMEM;
	int r = fd < 0 ? fd : watch_fd(w, s, fd, IN_DELETE | IN_MASK_ADD | IN_ONLYDIR);

	if (!*group)
		return 0;
	if (r < 0 && s) {
		free(s->group);
		w->n--;
	} else if (s) {
		s->child = s->group + (slash ? slash + 1 - group : 0);
	}
	return r;
}

static int add_events(struct rf_watch *w, const char *group)
{
	bool directory = false;

	for (size_t h = 0; h < w->fs->n; h++) {
		int r = directory ? 0 : add_directory(w, group, h);

		if (r >= 0 && !directory)
			r = add_above(w, group, h);
		if (r < 0 && r != -ENOENT)
			return r;
		directory |= r >= 0;
		for (size_t i = 0; i < array_size(events_files); i++) {
			r = add_events_file(w, group, h, events_files[i]);
			if (r < 0 && r != -ENOENT)
				return r;
		}
		/* Kernels built without it are no reason to tell nothing else. */
		if (!w->fs->h[h].ops->v2 && cgroup_has_word(w->fs->h[h].controllers, "memory"))
			add_v1_oom(w, group, h);
	}
	return directory ? 0 : sys_fail(-ENOENT, "cgroup", group, "there is no such group");
}

/* The line ends with a newline: the kernel overwrites the last byte it was given. */
static int arm(struct rf_watch *w, struct spot *s, const struct rf_psi_trigger *t)
{
	char file[32], text[64];
	int len;
	ssize_t n;

	snprintf(file, sizeof(file), "%.16s.pressure", t->resource);
	s->fd = open_in(w, s, file, O_RDWR | O_NONBLOCK);
	if (s->fd < 0)
		return s->fd == -ENOENT ? sys_fail(-ENOENT, "cgroup", s->group, "it has no %s: no pressure is counted for it here (Linux 4.20 with CONFIG_PSI, cgroup v2)", file)
					: s->fd;
	len = snprintf(text, sizeof(text), "%s %llu %llu\n", t->full ? "full" : "some", (unsigned long long)t->stall_us,
		       (unsigned long long)t->window_us);
	n = sys_write(s->fd, text, (size_t)len);
	if (n == -EINVAL && t->window_us % PLAIN_WINDOW_US)
		return sys_fail(-EINVAL, "trigger", s->group, "the kernel refuses a window of %llu ms: without CAP_SYS_RESOURCE it must be a multiple of 2 s",
				(unsigned long long)t->window_us / 1000);
	snprintf(s->what, sizeof(s->what), "%.16s %s", t->resource, t->full ? "full" : "some");
	return n < 0 ? (int)n : 0;
}

static int add_trigger(struct rf_watch *w, const char *group, const struct rf_psi_trigger *t)
{
	int h = cgroup_v2_of(w->fs);
	struct spot *s = h < 0 ? NULL : add(w, group, (size_t)h);

	if (h < 0)
		return sys_fail(-EOPNOTSUPP, "cgroup", group, "cgroup v1 counts no pressure for groups");
	return s ? arm(w, s, t) : -ENOMEM;
}

static int add_group(struct rf_watch *w, const struct rf_watch_options *o, const char *word)
{
	char *name __free(ptr) = NULL;
	int r = cgroup_name(word, &name);

	if (r >= 0)
		r = rf_cgroup_exists(w->fs, name);
	if (!r)
		return sys_fail(-ENOENT, "cgroup", word, "there is no such group");
	if (r > 0 && o->events)
		r = add_events(w, name);
	for (size_t i = 0; r >= 0 && i < o->n_triggers; i++)
		r = add_trigger(w, name, &o->triggers[i]);
	return r < 0 ? r : 0;
}

int rf_watch_open(struct rf_cgroup_fs *fs, const struct rf_watch_options *options, struct rf_watch **ret_watch)
{
	struct rf_watch *w __free(watch) = NULL;
	int r = options_check(options, "rf_watch_options");

	if (r >= 0 && !options->events && !options->n_triggers)
		r = sys_fail(-EINVAL, "check", "watch", "neither events nor a trigger are asked for");
	if (r < 0)
		return r;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->fs = fs;
	w->inotify_fd = sys_inotify_init();
	r = w->inotify_fd < 0 ? w->inotify_fd : 0;
	for (size_t i = 0; r >= 0 && i < options->n_groups; i++)
		r = add_group(w, options, options->groups[i]);
	if (r < 0)
		return r;
	w->polls = calloc(w->n + 1, sizeof(*w->polls));
	if (!w->polls)
		return -ENOMEM;
	*ret_watch = take_ptr(&w);
	return 0;
}

void rf_watch_close(struct rf_watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++) {
		if (w->spots[i].fd >= 0)
			sys_close(w->spots[i].fd);
		free(w->spots[i].group);
	}
	if (w->inotify_fd >= 0)
		sys_close(w->inotify_fd);
	free(w->spots);
	free(w->polls);
	free(w->queue);
	free(w);
}

/* A group is gone: nothing of it will tell anything any more. */
static int bury(struct rf_watch *w, const char *group)
{
	bool told = false;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < w->n; i++) {
		struct spot *s = &w->spots[i];

		if (s->dead || !str_eq(s->group, group))
			continue;
		s->dead = true;
		if (s->fd >= 0)
			sys_close(take_fd(&s->fd));
		if (!told)
			r = push(w, RF_WATCH_REMOVED, group, "", 0, 0);
		told = true;
	}
	return r;
}

static int on_directory(struct rf_watch *w, const struct spot *s, const struct inotify_event *e)
{
	char *name __free(ptr) = NULL;

	if (e->mask & (IN_DELETE_SELF | IN_IGNORED))
		return bury(w, s->group);
	if (!(e->mask & IN_ISDIR) || !e->len)
		return 0;
	name = str_format("%s%s%s", s->group, *s->group ? "/" : "", e->name);
	if (!name)
		return -ENOMEM;
	/* One that is watched itself tells it itself. */
	for (size_t i = 0; e->mask & IN_DELETE && i < w->n; i++)
		if (str_eq(w->spots[i].group, name))
			return bury(w, name);
	return push(w, e->mask & IN_CREATE ? RF_WATCH_MADE : RF_WATCH_REMOVED, name, "", 0, 0);
}

static int on_inotify(struct rf_watch *w)
{
	char buf[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = sys_read(w->inotify_fd, buf, sizeof(buf));
	int r = n < 0 && n != -EAGAIN && n != -EINTR ? (int)n : 0;

	for (char *p = buf; r >= 0 && p < buf + n;) {
		const struct inotify_event *e = (const void *)p;

		/* Two names of one file have one watch: each spot looks. */
		for (size_t i = 0; r >= 0 && i < w->n; i++) {
			struct spot *s = &w->spots[i];

			if (s->dead || (s->wd != e->wd && !(e->mask & IN_Q_OVERFLOW)))
				continue;
			if (s->child && !(e->mask & IN_IGNORED) && !(e->mask & IN_DELETE && e->len && str_eq(e->name, s->child)))
				continue;
			if (s->child)
				r = bury(w, s->group);
			else if (s->file)
				r = e->mask & IN_IGNORED ? bury(w, s->group) : compare(w, s, true);
			else if (s->wd == e->wd)
				r = on_directory(w, s, e);
		}
		p += sizeof(*e) + e->len;
	}
	return r;
}

static int on_poll(struct rf_watch *w, struct spot *s, short revents)
{
	uint64_t n;

	/* A trigger whose group is gone. */
	if (revents & (POLLERR | POLLNVAL))
		return bury(w, s->group);
	if (revents & POLLPRI)
		return push(w, RF_WATCH_PRESSURE, s->group, s->what, 0, 0);
	/* An eventfd: v1 writes to it also when the group is removed. */
	if (revents & POLLIN && sys_read(s->fd, &n, sizeof(n)) == sizeof(n)) {
		struct spot probe = {.group = s->group, .h = s->h};
		int fd __free(fd) = open_in(w, &probe, "", O_RDONLY | O_DIRECTORY);

		return fd < 0 ? bury(w, s->group) : push(w, RF_WATCH_COUNTER, s->group, s->what, 0, n);
	}
	return 0;
}

/* Wait once. 0 where nothing has come. */
static int wait_once(struct rf_watch *w, int timeout_ms)
{
	size_t alive = 0;
	int r;

	w->polls[0] = (struct pollfd){.fd = w->inotify_fd, .events = POLLIN};
	for (size_t i = 0; i < w->n; i++) {
		/* A pressure file can be read at any time: only the exception counts. */
		w->polls[i + 1] = (struct pollfd){.fd = w->spots[i].fd, .events = str_starts(w->spots[i].what, "memory.oom") ? POLLIN : POLLPRI};
		alive += !w->spots[i].dead;
	}
	if (!alive)
		return sys_fail(-ENOENT, "cgroup", "watch", "all groups that were watched have been removed");
	r = sys_poll(w->polls, (unsigned)w->n + 1, timeout_ms);
	if (r <= 0)
		return r;
	r = w->polls[0].revents ? on_inotify(w) : 0;
	for (size_t i = 0; r >= 0 && i < w->n; i++)
		if (w->polls[i + 1].revents && !w->spots[i].dead)
			r = on_poll(w, &w->spots[i], w->polls[i + 1].revents);
	return r < 0 ? r : 1;
}

int rf_watch_next(struct rf_watch *w, uint64_t timeout_us, struct rf_watch_event *ret_event)
{
	uint64_t until = timeout_us == UINT64_MAX ? UINT64_MAX : cgroup_now_us() + timeout_us;

	while (w->at_queue == w->n_queue) {
		uint64_t now = cgroup_now_us(), left = until > now ? until - now : 0;
		int r;

		w->at_queue = w->n_queue = 0;
		r = wait_once(w, until == UINT64_MAX ? -1 : (int)((left < 1000000000 ? left : 1000000000) / 1000 + (left > 0)));
		if (r < 0)
			return r;
		if (!r && until <= cgroup_now_us())
			return 0;
	}
	*ret_event = w->queue[w->at_queue++];
	return 1;
}
