// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rules in order to classic BPF. The first rule whose conditions hold decides, which libseccomp
 * can't promise for rules that overlap: so this form is compiled here.
 *
 *   another architecture, or x32 on x86-64	kill: its numbers mean other calls
 *   a tree by number				calls with one answer, joined into ranges
 *   at a leaf					its rules, one after the other, each with a return
 *
 * A call's argument is 64 bits wide and BPF's words are 32: each comparison looks at the high word
 * and, where that does not decide, at the low one. A test jumps at most 255 instructions, which
 * the limit on conditions keeps; the tree's far jumps are unconditional and have no limit.
 */
#include "priv/seccomp.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { X32_BIT = 0x40000000 };

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum { HIGH = 0, LOW = 4 };
#else
enum { HIGH = 4, LOW = 0 };
#endif

int seccomp_add_rule(struct rf_seccomp *s, int nr, uint32_t action,
		     const struct scmp_arg_cmp *conditions, size_t n, const char *where)
{
	struct seccomp_rule *all, rule = {.nr = nr, .action = action, .n = n};

	/* The kernel's word for an action is libseccomp's, but for the one that says "trap". */
	all = reallocarray(s->rules, s->n_rules + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	s->rules = all;
	rule.where = strdup(where);
	rule.conditions = calloc(n + 1, sizeof(*conditions));
	if (!rule.where || !rule.conditions) {
		free(rule.where);
		free(rule.conditions);
		return -ENOMEM;
	}
	if (n)
		memcpy(rule.conditions, conditions, n * sizeof(*conditions));
	s->rules[s->n_rules++] = rule;
	return 0;
}

static bool holds(const struct scmp_arg_cmp *c, const struct seccomp_data *call)
{
	uint64_t v = call->args[c->arg];

	switch (c->op) {
	case SCMP_CMP_EQ:
		return v == c->datum_a;
	case SCMP_CMP_NE:
		return v != c->datum_a;
	case SCMP_CMP_LT:
		return v < c->datum_a;
	case SCMP_CMP_LE:
		return v <= c->datum_a;
	case SCMP_CMP_GT:
		return v > c->datum_a;
	case SCMP_CMP_GE:
		return v >= c->datum_a;
	default:
		return (v & c->datum_a) == c->datum_b; /* SCMP_CMP_MASKED_EQ */
	}
}

const struct seccomp_rule *seccomp_deciding_rule(const struct rf_seccomp *s,
						 const struct seccomp_data *call, uint32_t action)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct seccomp_rule *r = &s->rules[i];
		size_t held = 0;

		if (r->nr != call->nr || r->action != action || call->arch != seccomp_native_arch())
			continue;
		while (held < r->n && holds(&r->conditions[held], call))
			held++;
		if (held == r->n)
			return r;
	}
	return NULL;
}

struct code {
	struct sock_filter *f;
	size_t n, cap;
	bool failed;
};

static size_t emit(struct code *c, uint16_t op, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 128;
		struct sock_filter *f = reallocarray(c->f, cap, sizeof(*f));

		if (!f) {
			c->failed = true;
			return 0;
		}
		c->f = f;
		c->cap = cap;
	}
	c->f[c->n] = (struct sock_filter){op, jt, jf, k};
	return c->n++;
}

static void load(struct code *c, size_t offset)
{
	emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

enum { FAIL = 255 }; /* a jump to the next rule, set when its place is known */

static void emit_condition(struct code *c, const struct scmp_arg_cmp *a)
{
	const uint16_t eq = BPF_JMP | BPF_JEQ | BPF_K, gt = BPF_JMP | BPF_JGT | BPF_K,
		       ge = BPF_JMP | BPF_JGE | BPF_K;
	size_t arg = offsetof(struct seccomp_data, args) + 8 * a->arg;
	bool masked = a->op == SCMP_CMP_MASKED_EQ;
	uint64_t v = masked ? a->datum_b : a->datum_a;
	uint32_t high = (uint32_t)(v >> 32), low = (uint32_t)v;
	bool less = a->op == SCMP_CMP_LT || a->op == SCMP_CMP_LE;

	load(c, arg + HIGH);
	if (masked)
		emit(c, BPF_ALU | BPF_AND | BPF_K, (uint32_t)(a->datum_a >> 32), 0, 0);
	if (a->op == SCMP_CMP_EQ || masked)
		emit(c, eq, high, 0, FAIL);
	else if (a->op == SCMP_CMP_NE)
		emit(c, eq, high, 0, 2);
	else
		emit(c, gt, high, less ? FAIL : 3, 0);
	if (a->op != SCMP_CMP_EQ && a->op != SCMP_CMP_NE && !masked)
		emit(c, eq, high, 0, less ? 2 : FAIL);
	load(c, arg + LOW);
	if (masked)
		emit(c, BPF_ALU | BPF_AND | BPF_K, (uint32_t)a->datum_a, 0, 0);
	if (a->op == SCMP_CMP_EQ || masked)
		emit(c, eq, low, 0, FAIL);
	else if (a->op == SCMP_CMP_NE)
		emit(c, eq, low, FAIL, 0);
	else if (less)
		emit(c, a->op == SCMP_CMP_LT ? ge : gt, low, FAIL, 0);
	else
		emit(c, a->op == SCMP_CMP_GT ? gt : ge, low, 0, FAIL);
}

static void emit_rule(struct code *c, const struct seccomp_rule *r)
{
	size_t start = c->n;

	for (size_t i = 0; i < r->n; i++)
		emit_condition(c, &r->conditions[i]);
	emit(c, BPF_RET | BPF_K, r->action, 0, 0);
	for (size_t i = start; !c->failed && i < c->n; i++) {
		if (c->f[i].jt == FAIL)
			c->f[i].jt = (uint8_t)(c->n - i - 1);
		if (c->f[i].jf == FAIL)
			c->f[i].jf = (uint8_t)(c->n - i - 1);
	}
}

/* Calls from `first` to the next leaf's: one answer, or one call with rules that have conditions. */
struct leaf {
	uint32_t first;
	uint32_t answer;
	bool conditional;
};

struct tree {
	const struct rf_seccomp *s;
	uint32_t default_action;
	struct leaf *leaves;
	size_t n;
};

static void emit_leaf(struct code *c, const struct tree *t, const struct leaf *l)
{
	for (size_t i = 0; l->conditional && i < t->s->n_rules; i++) {
		const struct seccomp_rule *r = &t->s->rules[i];

		if ((uint32_t)r->nr != l->first)
			continue;
		emit_rule(c, r);
		/* What follows a rule without conditions is never asked. */
		if (!r->n)
			return;
	}
	if (l->conditional)
		emit(c, BPF_RET | BPF_K, t->default_action, 0, 0);
	else
		emit(c, BPF_RET | BPF_K, l->answer, 0, 0);
}

/* As deep as the logarithm of the number of calls. */
static void emit_tree(struct code *c, const struct tree *t, size_t from, size_t to)
{
	size_t middle = from + (to - from) / 2, jump;

	if (to - from == 1) {
		emit_leaf(c, t, &t->leaves[from]);
		return;
	}
	emit(c, BPF_JMP | BPF_JGE | BPF_K, t->leaves[middle].first, 0, 1);
	jump = emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_tree(c, t, from, middle);
	if (!c->failed)
		c->f[jump].k = (uint32_t)(c->n - jump - 1);
	emit_tree(c, t, middle, to);
}

static void add_leaf(struct tree *t, uint32_t first, uint32_t answer, bool conditional)
{
	struct leaf *last = t->n ? &t->leaves[t->n - 1] : NULL;

	/* The call before had rules of its own, and nothing stands between. */
	if (last && last->first == first)
		*last = (struct leaf){first, answer, conditional};
	else if (!last || conditional || last->conditional || last->answer != answer)
		t->leaves[t->n++] = (struct leaf){first, answer, conditional};
}

static int by_number(const void *a, const void *b, void *rules)
{
	const struct seccomp_rule *r = rules;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;

	if (r[i].nr != r[j].nr)
		return r[i].nr < r[j].nr ? -1 : 1;
	return i < j ? -1 : i > j;
}

static int make_leaves(struct tree *t)
{
	const struct rf_seccomp *s = t->s;
	size_t *order __free(ptr) = calloc(s->n_rules + 1, sizeof(*order));

	t->leaves = calloc(2 * s->n_rules + 1, sizeof(*t->leaves));
	if (!order || !t->leaves)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_rules; i++)
		order[i] = i;
	qsort_r(order, s->n_rules, sizeof(*order), by_number, s->rules);
	add_leaf(t, 0, t->default_action, false);
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct seccomp_rule *r = &s->rules[order[i]];

		/* Only the first of a call's rules: the leaf looks for the others. */
		if (i && s->rules[order[i - 1]].nr == r->nr)
			continue;
		add_leaf(t, (uint32_t)r->nr, r->action, r->n > 0);
		add_leaf(t, (uint32_t)r->nr + 1, t->default_action, false);
	}
	return 0;
}

int seccomp_compile_rules(struct rf_seccomp *s, uint32_t default_action)
{
	struct tree t = {.s = s, .default_action = default_action};
	struct code c = {0};
	int r = make_leaves(&t);

	if (r >= 0) {
		load(&c, offsetof(struct seccomp_data, arch));
		emit(&c, BPF_JMP | BPF_JEQ | BPF_K, seccomp_native_arch(), 1, 0);
		emit(&c, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
		load(&c, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
		emit(&c, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
		emit(&c, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
#endif
		emit_tree(&c, &t, 0, t.n);
	}
	free(t.leaves);
	if (r < 0 || c.failed || c.n > BPF_MAXINSNS) {
		free(c.f);
		return r < 0	  ? r
		       : c.failed ? -ENOMEM
				  : sys_fail(-E2BIG, "seccomp profile", s->name,
					     "it compiles to %zu instructions, and the kernel takes %d",
					     c.n, BPF_MAXINSNS);
	}
	s->filter = c.f;
	s->n = c.n;
	return 0;
}
