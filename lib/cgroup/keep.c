// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keys that no file of a group keeps. They are set among the others, all or none; who loads the programs is
 * above this module, and has put itself into fs->keeper.
 *
 * v1's devices.allow and devices.deny add a rule to devices.rules. Several of one command are one new
 * list, so that nobody meets the state between.
 */
#include "cgroup/cgroup.h"

const char *cgroup_key_needs(const struct cgroup_key *key)
{
	return key->kept ? "cgroup" : key->pub.controller;
}

int cgroup_kept_check(const struct rf_cgroup_fs *fs, const struct cgroup_key *key)
{
	if (!fs->keeper)
		return sys_fail(-EOPNOTSUPP, "check", key->pub.name,
				"is kept by a BPF program: rf_cgroup_use_bpf() was not called");
	if (cgroup_v2_of(fs) < 0)
		return sys_fail(-ENODEV, "check", key->pub.name,
				"is kept by a BPF program on the group's directory of the v2 tree, and none can be opened here");
	return 0;
}

/* The root could be limited as any group, and with it who is to undo that. */
static int check_group(const struct cgroup *g, const struct cgroup_key *key)
{
	if (key->absent_at_root && !*g->name)
		return sys_fail(-ENOENT, "check", key->pub.name, "the root group does not have it: it would be for the whole machine");
	return cgroup_kept_check(g->fs, key);
}

int cgroup_kept_read(const struct cgroup *g, const struct cgroup_key *key, char **ret_text)
{
	int r = check_group(g, key);

	return r < 0 ? r : g->fs->keeper->read(g, key, ret_text);
}

int cgroup_kept_write(const struct cgroup *g, const struct cgroup_key *key, const char *text)
{
	int r = check_group(g, key);

	return r < 0 ? r : g->fs->keeper->write(g, key, text);
}

static int add(const struct cgroup_setting *s, size_t h, const struct cgroup_key *key, char *text, struct cgroup_writes *out)
{
	int r = cgroup_writes_add(out, s, h, key->pub.name, text);

	if (r >= 0)
		out->list[out->n - 1].kept = key;
	return r;
}

/* One rule more, behind those that an earlier setting of the same command has made, or that are there. */
static int add_rule(const struct cgroup *g, const struct cgroup_setting *s, size_t h, struct cgroup_writes *out)
{
	const struct cgroup_key *key = cgroup_key_find(CGROUP_RULES_KEY);
	const char *word = str_eq(s->name, "devices.allow") ? "allow" : "deny";
	char *now __free(ptr) = NULL, *longer __free(ptr) = NULL, *plain = NULL;
	struct cgroup_write_op *before = NULL;
	int r = 0;

	for (size_t i = 0; i < out->n; i++)
		if (out->list[i].kept == key)
			before = &out->list[i];
	if (!before)
		r = cgroup_kept_read(g, key, &now);
	if (r < 0)
		return r;
	/* v1 takes "a" for all, whatever stands behind it. */
	longer = str_format("%s\n%s %s", before ? before->text : now, word, s->value.line[0] == 'a' ? "a" : s->value.line);
	r = longer ? cgroup_rules_plain(longer, "\n", &plain) : -ENOMEM;
	if (r < 0)
		return r;
	if (!before)
		return add(s, h, key, plain, out);
	free(before->text);
	before->text = plain;
	return 0;
}

int cgroup_kept_compile(const struct cgroup *g, const struct cgroup_setting *s, size_t h, struct cgroup_writes *out)
{
	char *text = NULL;
	int r;

	if (s->key->kind == CGROUP_TRIGGER)
		return add_rule(g, s, h, out);
	if (s->key->kind != CGROUP_RULES)
		return add(s, h, s->key, strdup(s->text), out);
	r = cgroup_rules_plain(s->text, "\n", &text);
	return r < 0 ? r : add(s, h, s->key, text, out);
}
