// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Settings between v1 and v2. Which file belongs to which key stands in the table of keys (key->v1 and
 * key->how); here is what a value becomes, in both directions, and what is only on one side.
 */
#include <ringfence/cgconvert.h>
#include <ringfence/units.h>

#include "cgroup/cgroup.h"

struct word {
	const char *text, *value;
	char key[64];
	bool used; /* with another one */
};

struct conversion {
	enum rf_weight_policy policy;
	struct word *words;
	size_t n;
	rf_converted_fn *fn; /* NULL: only checked */
	void *data;
	int lost;
};

/* What v1 has and the table of keys doesn't. */
static const struct {
	const char *name, *note;
} v1_lost[] = {
	{"memory.swappiness", "v2 has it for the whole system only: sysctl vm.swappiness"},
	{"memory.oom_control", "v2 can't do without the OOM killer; memory.high slows a group down before it comes"},
	{"memory.move_charge_at_immigrate", "v2 leaves memory where it was charged"},
	{"memory.use_hierarchy", "on v2 limits always hold for what is below, too"},
	{"memory.kmem.limit_in_bytes", "v2 counts kernel memory in memory.max"},
	{"memory.kmem.tcp.limit_in_bytes", "v2 counts socket buffers in memory.max"},
	{"memory.force_empty", "v2: memory.reclaim=SIZE"},
	{"cpu.rt_runtime_us", "v2 gives realtime processes no share by groups"},
	{"cpu.rt_period_us", "v2 gives realtime processes no share by groups"},
	{"cpuset.memory_migrate", "v2 always moves pages along"},
	{"cpuset.sched_load_balance", "v2: cpuset.cpus.partition=isolated"},
	{"cpuset.mem_exclusive", "v2 has no exclusive memory nodes"},
	{"cpuset.mem_hardwall", "v2 has no such rule"},
	{"cpuset.memory_spread_page", "v2 has no such rule"},
	{"cpuset.memory_spread_slab", "v2 has no such rule"},
	{"net_cls.classid", "v2: nftables matches the group itself (socket cgroupv2 level N \"PATH\")"},
	{"net_prio.ifpriomap", "v2: a BPF program of type cgroup/sock_create sets the priority"},
	{"notify_on_release", "v2: poll(2) on cgroup.events, as cgctl does"},
	{"cgroup.clone_children", "v2 has no such rule"},
};

static void tell(struct conversion *c, int to, const char *from, const char *key, const char *value,
		 const char *note)
{
	struct rf_converted result = {from, key, value, note, to};

	c->lost += !value;
	if (c->fn)
		c->fn(&result, c->data);
}

static int bad(const struct word *w, const char *allowed)
{
	return sys_fail(-EINVAL, "check", w->key, "\"%s\" is not %s", w->value, allowed);
}

static struct word *find(struct conversion *c, const char *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->words[i].key, key))
			return &c->words[i];
	return NULL;
}

/* v1's sizes: -1 and what its counter can't hold is no limit. */
static int v1_bytes(const struct word *w, uint64_t *ret)
{
	if (str_eq(w->value, "-1")) {
		*ret = RF_MAX;
		return 0;
	}
	if (rf_parse_bytes(w->value, ret) < 0)
		return bad(w, "a size such as 64M, or -1");
	/* As any page size of up to 64 KiB rounds it. */
	if (*ret >= INT64_MAX / 65536 * 65536)
		*ret = RF_MAX;
	return 0;
}

static void tell_number(struct conversion *c, int to, const char *from, const char *key, uint64_t n,
			const char *none)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	tell(c, to, from, key, n == RF_MAX ? none : text, NULL);
}

/* cpu.max from its two files, of which one may be missing. */
static int cpu_max(struct conversion *c, struct word *w)
{
	struct word *quota = find(c, "cpu.cfs_quota_us"), *period = find(c, "cpu.cfs_period_us");
	char *from __free(ptr) = str_format("%s%s%s", quota ? quota->text : "", quota && period ? " " : "",
					    period ? period->text : "");
	uint64_t q = RF_MAX, p = 100000;
	char text[64] = "max";

	if (!from)
		return -ENOMEM;
	if (quota && !str_eq(quota->value, "-1") && (str_to_u64(quota->value, &q) < 0 || q < 1000))
		return bad(quota, "a whole number from 1000 on, or -1");
	if (period && (str_to_u64(period->value, &p) < 0 || p < 1000 || p > 1000000))
		return bad(period, "a whole number from 1000 to 1000000");
	if (q != RF_MAX)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)q);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), " %llu", (unsigned long long)p);
	tell(c, 2, from, "cpu.max", text, NULL);
	if (quota && period)
		(w == quota ? period : quota)->used = true;
	return 0;
}

static int swap_max(struct conversion *c, struct word *w)
{
	struct word *limit = find(c, "memory.limit_in_bytes");
	char *from __free(ptr) = str_format("%s%s%s", w->text, limit ? " " : "", limit ? limit->text : "");
	uint64_t both, memory = 0, swap;
	int r = from ? v1_bytes(w, &both) : -ENOMEM;

	if (r >= 0 && limit)
		r = v1_bytes(limit, &memory);
	if (r >= 0)
		r = rf_memsw_to_swap_max(memory, both, &swap);
	if (r < 0)
		return r == -ENODATA ? bad(w, "a limit: 0 would let nothing be used") : r;
	tell_number(c, 2, from, "memory.swap.max", swap, "max");
	return 0;
}

static int io_max(struct conversion *c, const struct word *w, size_t part)
{
	static const char *const parts[] = {"rbps", "wbps", "riops", "wiops"};
	const char *blank = strchr(w->value, ' ');
	char text[96];
	uint64_t n;

	if (!blank || blank - w->value > 24 || str_to_u64(blank + 1, &n) < 0)
		return bad(w, "MAJOR:MINOR and a number");
	snprintf(text, sizeof(text), "%.*s %s=%.*s", (int)(blank - w->value), w->value, parts[part],
		 n ? 20 : 3, n ? blank + 1 : "max");
	tell(c, 2, w->text, "io.max", text, NULL);
	return 0;
}

static int weight(struct conversion *c, const struct word *w, int to, const char *key,
		  uint64_t (*fn)(const struct conversion *c, uint64_t n), uint64_t min, uint64_t max)
{
	char allowed[64];
	uint64_t n;

	snprintf(allowed, sizeof(allowed), "a whole number from %llu to %llu", (unsigned long long)min,
		 (unsigned long long)max);
	if (str_to_u64(w->value, &n) < 0 || n < min || n > max)
		return bad(w, allowed);
	tell_number(c, to, w->text, key, fn(c, n), "max");
	return 0;
}

static uint64_t to_weight(const struct conversion *c, uint64_t n)
{
	return rf_cpu_shares_to_weight(c->policy, n);
}

static uint64_t to_shares(const struct conversion *c, uint64_t n)
{
	return rf_cpu_weight_to_shares(c->policy, n);
}

static uint64_t to_io(const struct conversion *c, uint64_t n)
{
	return rf_blkio_weight_to_io(n);
}

static uint64_t to_blkio(const struct conversion *c, uint64_t n)
{
	return rf_io_weight_to_blkio(n);
}

static bool is_rule(const struct word *w)
{
	return str_eq(w->key, "devices.allow") || str_eq(w->key, "devices.deny");
}

/* All of v1's rules are one list of v2, in their order. */
static int to_rules(struct conversion *c, struct word *w)
{
	struct str from __free(str) = {0}, rules __free(str) = {0};
	char *plain __free(ptr) = NULL;
	int r;

	for (struct word *one = w; one < c->words + c->n; one++) {
		char *copy __free(ptr) = is_rule(one) ? strdup(one->value) : NULL, *save = NULL;

		if (!is_rule(one))
			continue;
		str_addf(&from, "%s%s", from.len ? " " : "", one->text);
		for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
			str_addf(&rules, "%s %s\n", one->key + strlen("devices."), *line == 'a' ? "a" : line);
		one->used = one != w;
	}
	if (from.failed || rules.failed)
		return -ENOMEM;
	r = cgroup_rules_plain(rules.s ?: "", ", ", &plain);
	if (r < 0)
		return r == -EINVAL ? bad(w, "TYPE MAJOR:MINOR ACCESS such as \"c 1:3 rwm\", or a") : r;
	tell(c, 2, from.s, CGROUP_RULES_KEY, plain, "a BPF program: on v2 a rule is not taken back by its opposite, the last that is of a device decides");
	return 0;
}

static int from_rules(struct conversion *c, const struct word *w)
{
	char *plain __free(ptr) = NULL, *save = NULL;
	int r = cgroup_rules_plain(w->value, "\n", &plain);

	for (char *line = r < 0 ? NULL : strtok_r(plain, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		bool allow = str_starts(line, "allow ");
		const char *rule = line + (allow ? strlen("allow ") : strlen("deny ")), *key = allow ? "devices.allow" : "devices.deny";

		/* "a" is everything to v1, with all that stands behind it. */
		if (*rule == 'a' && !str_eq(rule, "a *:* rwm")) {
			char buf[32];

			for (const char *type = "bc"; *type; type++) {
				snprintf(buf, sizeof(buf), "%c%.20s", *type, rule + 1);
				tell(c, 1, w->text, key, buf, NULL);
			}
			continue;
		}
		tell(c, 1, w->text, key, *rule == 'a' ? "a" : rule, NULL);
	}
	return r;
}

/* A file of v1 that belongs to a key. `i` says which of the key's files. */
static int from_v1(struct conversion *c, struct word *w, const struct cgroup_key *key, size_t i)
{
	struct cgroup_value v;
	uint64_t n;
	int r;

	switch (key->how) {
	case V1_CPU_MAX:
		return cpu_max(c, w);
	case V1_CPU_WEIGHT:
		return weight(c, w, 2, key->pub.name, to_weight, 2, 262144);
	case V1_SWAP_MAX:
		return swap_max(c, w);
	case V1_IO_MAX:
		return io_max(c, w, i);
	case V1_FREEZE:
		if (!str_eq(w->value, "FROZEN") && !str_eq(w->value, "THAWED"))
			return bad(w, "FROZEN or THAWED");
		tell(c, 2, w->text, key->pub.name, str_eq(w->value, "FROZEN") ? "1" : "0", NULL);
		return 0;
	case V1_MEMORY_MAX:
	case V1_LIMIT:
		r = v1_bytes(w, &n);
		if (r >= 0)
			tell_number(c, 2, w->text, key->pub.name, n, "max");
		return r;
	default:
		r = cgroup_value_parse(key, w->value, &v);
		if (r >= 0)
			tell(c, 2, w->text, key->pub.name, w->value, NULL);
		return r;
	}
}

/* What stands in two tables, or is the nearest and not the same. */
static int from_v1_special(struct conversion *c, struct word *w)
{
	uint64_t n;
	int r;

	if (str_eq(w->key, "blkio.weight"))
		return weight(c, w, 2, "io.weight", to_io, 10, 1000);
	if (str_eq(w->key, "blkio.bfq.weight"))
		return weight(c, w, 2, "io.weight", to_io, 1, 1000);
	if (str_eq(w->key, "cpuset.cpu_exclusive")) {
		if (!str_eq(w->value, "0") && !str_eq(w->value, "1"))
			return bad(w, "0 or 1");
		tell(c, 2, w->text, "cpuset.cpus.partition", w->value[0] == '1' ? "root" : "member", NULL);
		return 0;
	}
	if (!str_eq(w->key, "memory.soft_limit_in_bytes"))
		return 1;
	r = v1_bytes(w, &n);
	if (r >= 0 && n == RF_MAX)
		n = 0;
	if (r >= 0) {
		char text[24];

		snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
		tell(c, 2, w->text, "memory.low", text,
		     "the nearest: what is below it is spared as long as others have more (libcgroup takes memory.high, which slows the group down)");
	}
	return r;
}

static int to_v1_io_max(struct conversion *c, const struct word *w, const struct cgroup_key *key)
{
	static const char *const parts[] = {"rbps=", "wbps=", "riops=", "wiops="};
	struct cgroup_value v;
	int r = cgroup_value_parse(key, w->value, &v);

	for (size_t i = 0; r >= 0 && i < array_size(parts); i++) {
		const char *at = strstr(v.line, parts[i]);
		char text[64];

		if (!at)
			continue;
		at += strlen(parts[i]);
		snprintf(text, sizeof(text), "%.*s %.*s", (int)strcspn(v.line, " "), v.line,
			 str_starts(at, "max") ? 1 : (int)strcspn(at, " "), str_starts(at, "max") ? "0" : at);
		tell(c, 1, w->text, key->v1[i].file, text, NULL);
	}
	return r;
}

/* Limits in bytes. v1's one on swap is the sum with memory's. */
static int to_v1_bytes(struct conversion *c, const struct word *w, const struct cgroup_key *key)
{
	struct word *limit = find(c, "memory.max");
	struct cgroup_value v, memory = {.number = RF_MAX};
	int r = cgroup_value_parse(key, w->value, &v);

	if (r >= 0 && key->how == V1_SWAP_MAX && limit)
		r = cgroup_value_parse(cgroup_key_find("memory.max"), limit->value, &memory);
	if (r < 0)
		return r;
	if (key->how == V1_SWAP_MAX) {
		char *from __free(ptr) = str_format("%s%s%s", w->text, limit ? " " : "", limit ? limit->text : "");

		if (v.number != RF_MAX && memory.number == RF_MAX)
			return sys_fail(-EINVAL, "check", w->key,
					"v1 limits memory and swap together: give memory.max, too");
		if (v.number != RF_MAX && __builtin_add_overflow(v.number, memory.number, &v.number))
			v.number = RF_MAX;
		tell_number(c, 1, from ?: w->text, key->v1[0].file, v.number, "-1");
		return 0;
	}
	tell_number(c, 1, w->text, key->v1[0].file, v.number, "-1");
	return 0;
}

static int to_v1_cpu_max(struct conversion *c, const struct word *w, const struct cgroup_key *key)
{
	struct cgroup_value v;
	int r = cgroup_value_parse(key, w->value, &v);

	if (r < 0)
		return r;
	tell_number(c, 1, w->text, key->v1[0].file, v.number, "-1");
	tell_number(c, 1, w->text, key->v1[1].file, v.period, "-1");
	return 0;
}

static int to_v1(struct conversion *c, struct word *w, const struct cgroup_key *key)
{
	struct cgroup_value v;
	int r;

	if (str_eq(w->key, "memory.low"))
		key = cgroup_key_find("memory.soft_limit_in_bytes");
	switch (key->how) {
	case V1_CPU_MAX:
		return to_v1_cpu_max(c, w, key);
	case V1_CPU_WEIGHT:
		return weight(c, w, 1, key->v1[0].file, to_shares, 1, 10000);
	case V1_IO_WEIGHT:
		return weight(c, w, 1, "blkio.weight", to_blkio, 1, 10000);
	case V1_IO_MAX:
		return to_v1_io_max(c, w, key);
	case V1_SWAP_MAX:
	case V1_MEMORY_MAX:
	case V1_LIMIT:
		return to_v1_bytes(c, w, key);
	case V1_FREEZE:
		r = cgroup_value_parse(key, w->value, &v);
		if (r >= 0)
			tell(c, 1, w->text, key->v1[0].file, v.number ? "FROZEN" : "THAWED", NULL);
		return r;
	default:
		r = cgroup_value_parse(key, w->value, &v);
		if (r >= 0 && str_eq(w->key, "cpuset.cpus.partition"))
			tell(c, 1, w->text, "cpuset.cpu_exclusive", str_eq(w->value, "member") ? "0" : "1", NULL);
		else if (r >= 0)
			tell(c, 1, w->text, w->key, NULL, "v1 has nothing like it");
		return r;
	}
}

static int convert_word(struct conversion *c, struct word *w)
{
	struct cgroup_key_copy copy;
	const struct cgroup_key *key = NULL;
	int r = from_v1_special(c, w);

	if (r <= 0)
		return r;
	if (is_rule(w))
		return to_rules(c, w);
	if (str_eq(w->key, CGROUP_RULES_KEY))
		return from_rules(c, w);
	for (size_t i = 0; i < array_size(v1_lost); i++)
		if (str_eq(v1_lost[i].name, w->key)) {
			tell(c, 2, w->text, w->key, NULL, v1_lost[i].note);
			return 0;
		}
	for (size_t k = 0; (key = cgroup_key_at(k)); k++)
		for (size_t i = 0; !key->pub.read_only && i < array_size(key->v1) && key->v1[i].file; i++) {
			if (str_eq(key->v1[i].file, w->key) && !(key->how == V1_SWAP_MAX && i))
				return from_v1(c, w, key, i);
		}
	if (str_starts(w->key, "hugetlb.") && strstr(w->key, "limit_in_bytes")) {
		char *name __free(ptr) = str_format("%.*smax", (int)(strstr(w->key, "limit_in_bytes") - w->key), w->key);

		key = name ? cgroup_key_for(cgroup_key_find(name), name, &copy) : NULL;
		return key ? from_v1(c, w, key, 0) : cgroup_unknown_key(w->key);
	}
	key = cgroup_key_for(cgroup_key_find(w->key), w->key, &copy);
	return key ? to_v1(c, w, key) : cgroup_unknown_key(w->key);
}

static int cut(struct word *w, const char *text)
{
	const char *eq = strchr(text, '=');

	if (!eq || eq == text)
		return sys_fail(-EINVAL, "check", text, "is not of the form KEY=VALUE");
	if ((size_t)(eq - text) >= sizeof(w->key))
		return cgroup_unknown_key(text);
	*w = (struct word){.text = text, .value = eq + 1};
	memcpy(w->key, text, (size_t)(eq - text));
	return 0;
}

static int convert_all(struct conversion *c)
{
	int r = 0;

	c->lost = 0;
	for (size_t i = 0; i < c->n; i++)
		c->words[i].used = false;
	for (size_t i = 0; r >= 0 && i < c->n; i++)
		if (!c->words[i].used)
			r = convert_word(c, &c->words[i]);
	return r < 0 ? r : c->lost;
}

int rf_cgroup_convert(enum rf_weight_policy policy, const char *const *settings, size_t n_settings,
		      rf_converted_fn *fn, void *data)
{
	struct word *words __free(ptr) = calloc(n_settings + 1, sizeof(*words));
	struct conversion c = {.policy = policy, .words = words, .n = n_settings, .data = data};
	int r = words ? 0 : -ENOMEM;

	if (r >= 0 && (unsigned)policy >= RF_WEIGHT_POLICIES)
		r = sys_fail(-EINVAL, "check", "policy", "there is no such policy: %d", (int)policy);
	for (size_t i = 0; r >= 0 && i < n_settings; i++)
		r = cut(&words[i], settings[i]);
	/* First all is looked at, then told. */
	if (r >= 0)
		r = convert_all(&c);
	c.fn = fn;
	return r < 0 || !fn ? r : convert_all(&c);
}
