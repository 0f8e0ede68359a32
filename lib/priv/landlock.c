// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Landlock: a thread gives up access by itself, for good, for what it starts too.
 *
 *   landlock_create_ruleset	names the rights that are refused from now on ("handled")
 *   landlock_add_rule		grants some of them below a path, or at a TCP port
 *   landlock_restrict_self	puts it in force; needs no_new_privs or CAP_SYS_ADMIN
 *
 * Each kernel has an ABI number, and each right the number that brought it. A right that a kernel
 * does not know makes its ruleset fail as a whole (EINVAL), without a word about which one: so the
 * number is asked first and the rights are compared here.
 *
 * A right is refused only where it is handled. "refer" is special: moving a file between
 * directories is refused under every ruleset, handled or not, save where a rule grants it. A path
 * that is no directory takes only the rights that make sense for files: the others are left off.
 * What is open already stays usable, so descriptors are closed before.
 */
#include "priv/landlock.h"

#include <sys/stat.h>

#include "base/cleanup.h"

struct right {
	const char *name;
	uint64_t bit;
	int abi;
	bool of_files; /* not of directories only */
};

static const struct right fs_rights[] = {
	{"execute", 1 << 0, 1, true},	    {"write_file", 1 << 1, 1, true},
	{"read_file", 1 << 2, 1, true},	    {"read_dir", 1 << 3, 1, false},
	{"remove_dir", 1 << 4, 1, false},   {"remove_file", 1 << 5, 1, false},
	{"make_char", 1 << 6, 1, false},    {"make_dir", 1 << 7, 1, false},
	{"make_reg", 1 << 8, 1, false},	    {"make_sock", 1 << 9, 1, false},
	{"make_fifo", 1 << 10, 1, false},   {"make_block", 1 << 11, 1, false},
	{"make_sym", 1 << 12, 1, false},    {"refer", 1 << 13, 2, false},
	{"truncate", 1 << 14, 3, true},	    {"ioctl_dev", 1 << 15, 5, true},
	{0},
};

static const struct right net_rights[] = {
	{"bind_tcp", 1 << 0, 4, false}, {"connect_tcp", 1 << 1, 4, false}, {0},
};

static const struct right scopes[] = {
	{"abstract_unix_socket", 1 << 0, 6, false}, {"signal", 1 << 1, 6, false}, {0},
};

static const struct right logs[] = {
	{"same_exec_off", 1 << 0, 7, false}, {"new_exec_on", 1 << 1, 7, false},
	{"subdomains_off", 1 << 2, 7, false}, {0},
};

static const struct {
	const char *what;
	const struct right *rights;
} kinds[] = {
	[RF_LANDLOCK_FS] = {"a right on paths", fs_rights},
	[RF_LANDLOCK_NET] = {"a right on ports", net_rights},
	[RF_LANDLOCK_SCOPE] = {"a scope", scopes},
	[RF_LANDLOCK_LOG] = {"a way to log", logs},
};

enum { READ = 1 << 2 | 1 << 3, WRITE = 1 << 1, EXECUTE = 1 << 0, DEVICES = 1 << 6 | 1 << 11 | 1 << 15 };

int rf_landlock_abi(void)
{
	int abi = sys_landlock_abi();

	if (abi == -ENOSYS)
		return sys_fail(abi, "landlock_create_ruleset", "Landlock",
				"this kernel is built without it, or is older than 5.13, or a seccomp filter hides it");
	if (abi == -EOPNOTSUPP)
		return sys_fail(abi, "landlock_create_ruleset", "Landlock",
				"it is built into this kernel and not switched on: add landlock to lsm= of the kernel's command line");
	/* A dry run under a fault or a dry descriptor never gives a number below 1. */
	return abi;
}

uint64_t rf_landlock_all(enum rf_landlock_kind kind)
{
	uint64_t all = 0;

	for (const struct right *r = kinds[kind].rights; r->name; r++)
		all |= r->bit;
	return all;
}

/* Words that stand for several rights; of paths only, but "all". */
static uint64_t set_of_rights(enum rf_landlock_kind kind, const char *word)
{
	uint64_t all = rf_landlock_all(kind);

	if (str_eq(word, "all"))
		return all;
	if (kind != RF_LANDLOCK_FS)
		return 0;
	if (str_eq(word, "ro"))
		return READ;
	/* setpriv(1) takes beginnings of names, and this one is written. */
	if (str_eq(word, "write"))
		return WRITE;
	if (str_eq(word, "rx"))
		return READ | EXECUTE;
	/* Everything but to run what was written, and to make or steer devices. */
	return str_eq(word, "rw") ? all & ~(uint64_t)(EXECUTE | DEVICES) : 0;
}

/* The kernel's names, with '-' as good as '_'. */
static bool same_name(const char *name, const char *word)
{
	while (*name && (*name == *word || (*name == '_' && *word == '-'))) {
		name++;
		word++;
	}
	return !*name && !*word;
}

static int add_word(enum rf_landlock_kind kind, const char *word, uint64_t *rights)
{
	struct str names __free(str) = {0};
	uint64_t set = set_of_rights(kind, word);

	for (const struct right *r = kinds[kind].rights; !set && r->name; r++)
		if (same_name(r->name, word))
			set = r->bit;
	*rights |= set;
	if (set)
		return 0;
	for (const struct right *r = kinds[kind].rights; r->name; r++)
		str_addf(&names, "%s, ", r->name);
	return sys_fail(-EINVAL, "landlock", word[0] ? word : "\"\"", "is not %s: %s%sall", kinds[kind].what,
			kind == RF_LANDLOCK_FS ? "ro, rx, rw, " : "", names.s ?: "");
}

int rf_landlock_parse(enum rf_landlock_kind kind, const char *text, uint64_t *ret_rights)
{
	char *copy __free(ptr) = strdup(text), *rest = copy, *word;
	uint64_t rights = 0;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	while (r >= 0 && (word = strsep(&rest, ",")))
		r = add_word(kind, word, &rights);
	if (r >= 0)
		*ret_rights = rights;
	return r;
}

void landlock_format(enum rf_landlock_kind kind, uint64_t rights, struct str *out)
{
	const char *comma = "";

	for (const struct right *r = kinds[kind].rights; r->name; r++) {
		if (!(rights & r->bit))
			continue;
		str_addf(out, "%s%s", comma, r->name);
		comma = ",";
	}
}

/* Of these rights, those that the ABI has; the others are named in `out`: "a, b (ABI 1), c (ABI 2)". */
static uint64_t known(enum rf_landlock_kind kind, uint64_t rights, int abi, struct str *out)
{
	int last = 0;

	for (const struct right *r = kinds[kind].rights; r->name; r++) {
		if (!(rights & r->bit) || r->abi <= abi)
			continue;
		rights &= ~r->bit;
		if (last && last != r->abi)
			str_addf(out, " (ABI %d)", last);
		last = r->abi;
		str_addf(out, "%s%s", out->len ? ", " : "", r->name);
	}
	if (last)
		str_addf(out, " (ABI %d)", last);
	return rights;
}

int rf_landlock_fit(struct rf_landlock *rules, int abi, char **ret_left_out)
{
	struct str out __free(str) = {0};
	struct rf_landlock fit = *rules;

	fit.handled[RF_LANDLOCK_FS] = known(RF_LANDLOCK_FS, fit.handled[RF_LANDLOCK_FS], abi, &out);
	fit.handled[RF_LANDLOCK_NET] =
		known(RF_LANDLOCK_NET, fit.handled[RF_LANDLOCK_NET], abi, &out);
	fit.scope = known(RF_LANDLOCK_SCOPE, fit.scope, abi, &out);
	fit.log = known(RF_LANDLOCK_LOG, fit.log, abi, &out);
	if (out.failed)
		return -ENOMEM;
	if (!ret_left_out)
		return out.len ? sys_fail(-EOPNOTSUPP, "landlock", "Landlock",
					  "this kernel has ABI %d and can't enforce %s", abi, out.s)
			       : 0;
	*ret_left_out = NULL;
	if (out.len && str_take(&out, ret_left_out) < 0)
		return -ENOMEM;
	*rules = fit;
	return 0;
}

static int add_path(int ruleset_fd, const struct rf_landlock *rules,
		    const struct rf_landlock_path *p)
{
	int fd __free(fd) = sys_openat(AT_FDCWD, p->path, O_PATH, 0);
	uint64_t rights = p->rights & rules->handled[RF_LANDLOCK_FS], of_files = 0;
	struct stat st = {0};
	int r;

	r = fd < 0 ? fd : sys_fstat(fd, &st);
	if (r < 0)
		return r;
	for (const struct right *f = fs_rights; f->name; f++)
		of_files |= f->of_files ? f->bit : 0;
	if (!S_ISDIR(st.st_mode) && !sys_is_dry_fd(fd)) {
		if (!(p->rights & of_files))
			return sys_fail(-ENOTDIR, "landlock", p->path,
					"is no directory, and the rights given hold in directories only");
		rights &= of_files;
	}
	/* What is not handled is not refused, and needs no grant. */
	return rights ? sys_landlock_add_path(ruleset_fd, rights, fd) : 0;
}

int landlock_make(const struct rf_landlock *rules)
{
	const struct sys_landlock_ruleset set = {
		.handled_fs = rules->handled[RF_LANDLOCK_FS],
		.handled_net = rules->handled[RF_LANDLOCK_NET],
		.scoped = rules->scope,
	};
	int fd __free(fd) = sys_landlock_create_ruleset(&set);
	int r = fd < 0 ? fd : 0;

	for (size_t i = 0; r >= 0 && i < rules->n_paths; i++)
		r = add_path(fd, rules, &rules->paths[i]);
	for (size_t i = 0; r >= 0 && i < rules->n_ports; i++) {
		uint64_t rights = rules->ports[i].rights & set.handled_net;

		if (rights)
			r = sys_landlock_add_port(fd, rights, rules->ports[i].port);
	}
	return r < 0 ? r : take_fd(&fd);
}
