// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Several settings, all or none:
 *
 *	repair		what one who was killed had begun (journal.c)
 *	compile		each setting into writes of files, in an order that holds
 *	remember	what those files say now, where a kill leaves it, too
 *	write		one write(2) each
 *	read back	the kernel may keep less than it was told
 *	undo		after a failure, in reverse, which passes through the same states
 */
#include <sys/file.h>

#include "base/resolve.h"
#include "cgroup/cgroup.h"

enum { LOCK_WAIT_US = 10000000 };

/*
 * One at a time: two that set the same keys at once would leave some of each. The lock is flock(2) on the
 * group's cgroup.procs (on its directory is the one of a transient group's maker), in each hierarchy that
 * has one of the keys, always in the same order. Whoever may read that file can hold it, so nobody waits
 * for good.
 */
struct locks {
	int fd[CGROUP_MAX_HIERARCHIES];
	size_t n;
};

static void cleanup_locks(struct locks *l)
{
	while (l->n)
		sys_close(l->fd[--l->n]);
}

/* *until: 0, or when all waiting is to end. */
static int take_lock(const struct cgroup *g, size_t h, uint64_t *until)
{
	int fd __free(fd) = resolve_beneath(cgroup_fd(g, h), "cgroup.procs", O_RDONLY), r;

	if (fd < 0)
		return fd;
	while ((r = sys_flock(fd, LOCK_EX | LOCK_NB)) == -EWOULDBLOCK) {
		*until = *until ?: cgroup_now_us() + LOCK_WAIT_US;
		if (cgroup_now_us() >= *until)
			break;
		sys_poll(NULL, 0, 1);
	}
	if (r == -EWOULDBLOCK) {
		char *path __free(ptr) = cgroup_path(g, h);

		return sys_fail(r, "flock", path, "%s: another holds the lock on its cgroup.procs since 10 s; lslocks(8) tells who",
				strerror(EWOULDBLOCK));
	}
	return r < 0 ? r : take_fd(&fd);
}

static int take_locks(const struct cgroup *g, const struct cgroup_settings *s, struct locks *l)
{
	uint32_t wanted = 0;
	uint64_t until = 0;

	/* Whose file a raw one is, is still to be seen. */
	for (size_t i = 0; i < s->n; i++)
		wanted |= s->list[i].key ? cgroup_key_hierarchies(g->fs, s->list[i].key) : ~0u;
	for (size_t h = 0; h < g->fs->n; h++) {
		int fd;

		if (g->fd[h] < 0 || !(wanted >> h & 1))
			continue;
		fd = take_lock(g, h, &until);
		if (fd < 0)
			return fd;
		l->fd[l->n++] = fd;
	}
	return 0;
}

int cgroup_writes_add(struct cgroup_writes *w, const struct cgroup_setting *s, size_t h,
		      const char *file, char *text)
{
	struct cgroup_write_op *more = realloc(w->list, (w->n + 1) * sizeof(*more));
	char *copy = strdup(file);

	if (more)
		w->list = more;
	if (!more || !text || !copy) {
		free(copy);
		free(text);
		return -ENOMEM;
	}
	w->list[w->n++] = (struct cgroup_write_op){.setting = s, .h = h, .file = copy, .text = text};
	return 0;
}

void cgroup_writes_done(struct cgroup_writes *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->list[i].file);
		free(w->list[i].text);
		free(w->list[i].old);
	}
	free(w->list);
	*w = (struct cgroup_writes){0};
}

/* A failure with group, key, value and cause in one place. */
static int failed(const struct cgroup *g, const struct cgroup_setting *s, size_t h,
		  const char *file, int error)
{
	char *path __free(ptr) = cgroup_path(g, h), *object __free(ptr) = NULL;
	struct str cause __free(str) = {0};

	object = path ? str_format("%s/%s", path, file) : NULL;
	g->fs->h[h].ops->explain(g, file, error, &cause);
	return sys_fail(error, error == -ENOENT ? "open" : "write", object, "%s=%s: %s%s%s", s->name,
			s->text, strerror(-error), cause.len ? ": " : "", cause.s ?: "");
}

/* A setting whose files are in a hierarchy where the group is not. */
static int not_there(const struct cgroup *g, const struct cgroup_setting *s, int error)
{
	const struct rf_call *why = rf_trace_last_failure();

	if (error != -ENOENT || (why->result == error && why->note[0]))
		return error;
	return sys_fail(error, "open", s->name, "there is no group /%s in the %s hierarchy", g->name,
			s->key->pub.controller);
}

static int compile_raw(const struct cgroup *g, const struct cgroup_setting *s,
		       struct cgroup_writes *out)
{
	int found = -1;

	for (size_t h = 0; h < g->fs->n; h++) {
		int fd = cgroup_fd(g, h);

		if (fd < 0 || (!sys_is_dry_fd(fd) && !cgroup_has_file(fd, s->name)))
			continue;
		if (found >= 0 && !sys_is_dry_fd(fd))
			return sys_fail(-EINVAL, "check", s->name,
					"is a file of several hierarchies (%s, %s): write to it directly",
					g->fs->h[found].controllers, g->fs->h[h].controllers);
		found = found < 0 ? (int)h : found;
	}
	if (found < 0)
		return cgroup_unknown_key(s->name);
	return cgroup_writes_add(out, s, (size_t)found, s->name, strdup(s->text));
}

static const struct cgroup_ops *ops_for(const struct rf_cgroup_fs *fs, const struct cgroup_key *key)
{
	return cgroup_key_is_v1(fs, key) ? &cgroup_v1_ops : &cgroup_v2_ops;
}

static int compile(const struct cgroup *g, const struct cgroup_settings *s,
		   struct cgroup_writes *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct cgroup_setting *one = &s->list[i];
		int r;

		rf_trace_forget();
		r = one->key ? ops_for(g->fs, one->key)->compile(g, one, s, out)
			     : compile_raw(g, one, out);
		if (r < 0)
			return one->key ? not_there(g, one, r) : r;
	}
	return 0;
}

static int remember(const struct cgroup *g, struct cgroup_writes *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct cgroup_write_op *op = &w->list[i];
		const struct cgroup_key *key = op->setting->key;
		char *old __free(ptr) = NULL;
		int r = 0;

		if (op->kept)
			r = cgroup_kept_read(g, op->kept, &old);
		/* An act has no value to put back, but its file must be there. */
		else if (key && key->kind == CGROUP_TRIGGER)
			r = sys_faccessat(cgroup_fd(g, op->h), op->file, F_OK);
		else
			r = cgroup_read(cgroup_fd(g, op->h), op->file, &old);
		/* A raw file that is only written to has nothing to restore. */
		if (r < 0 && !key && (r == -EINVAL || r == -EACCES))
			continue;
		if (r < 0)
			return op->kept ? r : failed(g, op->setting, op->h, op->file, r);
		if (old && !op->old)
			op->old = key && !op->kept && g->fs->h[op->h].ops->v2 ? cgroup_value_before(key, &op->setting->value, old)
								 : take_ptr(&old);
	}
	return 0;
}

static int write_op(const struct cgroup *g, const struct cgroup_write_op *op, const char *text)
{
	return op->kept ? cgroup_kept_write(g, op->kept, text) : cgroup_write(cgroup_fd(g, op->h), op->file, text);
}

/* Put the first n back, last one first. The failure that led here stays the last one. */
static void undo(const struct cgroup *g, const struct cgroup_writes *w, size_t n, bool only_kept)
{
	struct rf_call why = *rf_trace_last_failure();
	struct str lost __free(str) = {0};

	while (n-- > 0) {
		const struct cgroup_write_op *op = &w->list[n];

		if (op->old && (op->kept || !only_kept) && write_op(g, op, op->old) < 0)
			str_addf(&lost, "; %s could not be put back to %s", op->file, op->old);
	}
	sys_keep_failure(&why);
	if (lost.len)
		sys_fail((int)why.result, why.name, why.object, "%s%s", why.note, lost.s ?: "");
}

static int write_all(const struct cgroup *g, const struct cgroup_writes *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct cgroup_write_op *op = &w->list[i];
		int r = write_op(g, op, op->text);

		if (r < 0) {
			/* The keeper has said it all. */
			if (!op->kept)
				failed(g, op->setting, op->h, op->file, r);
			undo(g, w, i, false);
			return r;
		}
	}
	return 0;
}

static int read_back(const struct cgroup *g, const struct cgroup_setting *s,
		     rf_cgroup_note_fn *note, void *data)
{
	char *text __free(ptr) = NULL;
	struct cgroup_value got;
	int r = ops_for(g->fs, s->key)->read(g, s->key, &text);

	if (r >= 0)
		r = cgroup_value_read(s->key, text, &got);
	if (r < 0)
		return r;
	/* v1 has fewer weights than v2: nothing was lost that the file could have kept. */
	if (s->key->how == V1_IO_WEIGHT && cgroup_key_is_v1(g->fs, s->key) && !s->value.line[0])
		r = got.number <= s->value.number && s->value.number - got.number < 11
			    ? got.number != s->value.number
			    : -EIO;
	else
		r = cgroup_value_compare(s->key, &s->value, &got);
	if (r < 0)
		return sys_fail(r, "read back", s->name, "group /%s: set to %s, but it is %s", g->name,
				s->text, text);
	if (r > 0 && note)
		note(s->name, s->text, text, data);
	return 0;
}

void cgroup_revert(const struct cgroup *g, const struct cgroup_writes *w)
{
	undo(g, w, w->n, false);
}

void cgroup_revert_kept(const struct cgroup *g, const struct cgroup_writes *w)
{
	undo(g, w, w->n, true);
}

static int write_and_read_back(const struct cgroup *g, const struct cgroup_settings *s, const struct cgroup_writes *w,
			       rf_cgroup_note_fn *note, void *data)
{
	int r = write_all(g, w);

	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < s->n && !sys_is_dry(); i++)
		if (s->list[i].key && s->list[i].key->kind != CGROUP_TRIGGER)
			r = read_back(g, &s->list[i], note, data);
	if (r < 0)
		undo(g, w, w->n, false);
	return r;
}

int cgroup_apply(struct cgroup *g, const struct cgroup_settings *s, rf_cgroup_note_fn *note,
		 void *data, struct cgroup_writes *ret_writes)
{
	struct cgroup_writes w __free(cgroup_writes) = {0};
	struct cgroup_journal journal = CGROUP_NO_JOURNAL;
	struct locks locks __free(locks) = {0};
	int r = take_locks(g, s, &locks);

	if (r >= 0 && !cgroup_was_made(g))
		cgroup_journal_repair(g, s->whole, note, data);
	if (r >= 0)
		r = compile(g, s, &w);
	if (r >= 0)
		r = remember(g, &w);
	if (r >= 0 && !s->whole)
		cgroup_journal_begin(g, &w, &journal);
	if (r >= 0)
		r = write_and_read_back(g, s, &w, note, data);
	cgroup_journal_end(&journal);
	if (r >= 0 && ret_writes) {
		*ret_writes = w;
		w = (struct cgroup_writes){0};
	}
	return r < 0 ? r : 0;
}

int rf_cgroup_set(struct rf_cgroup_fs *fs, const char *group, const char *const *settings,
		  size_t n_settings, rf_cgroup_note_fn *note, void *data)
{
	struct cgroup_settings s __free(cgroup_settings) = {0};
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_settings_parse(fs, settings, n_settings, &s);

	if (r >= 0)
		r = cgroup_open(fs, group, &g);
	return r < 0 ? r : cgroup_apply(g, &s, note, data, NULL);
}
