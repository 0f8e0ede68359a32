// SPDX-License-Identifier: GPL-2.0-or-later
/* The options about Landlock, as rules for the library. */
#include "confine.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { BIND = 1, CONNECT = 2 };

struct landlock_options landlock_options;

static struct rf_landlock rules = {.size = sizeof(rules)};
static struct rf_landlock_path *paths;
static struct rf_landlock_port *ports;
static bool handled_given[2];

static int add_path(const char *option, const char *rights, const char *path)
{
	struct rf_landlock_path *more = realloc(paths, (rules.n_paths + 1) * sizeof(*more));
	int r;

	if (!more)
		return tool_error(-ENOMEM, "--%s", option);
	paths = more;
	r = rf_landlock_parse(RF_LANDLOCK_FS, rights, &paths[rules.n_paths].rights);
	if (r < 0)
		return tool_error(r, "--%s", option);
	if (!path[0])
		return tool_usage_error("--%s: no path after the rights", option);
	paths[rules.n_paths++].path = path;
	rules.paths = paths;
	return 0;
}

static int add_port(const char *option, uint64_t rights, const char *word)
{
	struct rf_landlock_port *more = realloc(ports, (rules.n_ports + 1) * sizeof(*more));
	uint64_t port;

	if (!more)
		return tool_error(-ENOMEM, "--%s", option);
	ports = more;
	rules.ports = ports;
	if (str_to_u64(word, &port) < 0 || port > 65535)
		return tool_usage_error("--%s: \"%s\" is not a port from 0 to 65535", option, word);
	ports[rules.n_ports++] = (struct rf_landlock_port){rights, (uint16_t)port};
	return 0;
}

static int add_ports(const char *option, const struct opt_list *list, uint64_t rights)
{
	int r = 0;

	for (size_t i = 0; !r && i < list->n; i++) {
		char *copy __free(ptr) = strdup(list->words[i]), *rest = copy, *word;

		while (!r && copy && !str_eq(list->words[i], "none") && (word = strsep(&rest, ",")))
			r = add_port(option, rights, word);
	}
	return r;
}

static int add_fs(const char *word)
{
	const char *colon = strchr(word, ':');
	char *rights __free(ptr) = colon ? strndup(word, (size_t)(colon - word)) : NULL;

	if (!rights)
		return tool_usage_error("--fs: \"%s\" is not RIGHTS:PATH, as in ro:/usr", word);
	return add_path("fs", rights, colon + 1);
}

/* TYPE:RIGHTS:WHAT, as setpriv(1) writes it. */
static int add_rule(const char *text)
{
	char *copy __free(ptr) = strdup(text), *rest = copy, *type, *rights, all[] = "all";
	uint64_t bits;
	int r;

	if (!copy)
		return tool_error(-ENOMEM, "--landlock-rule");
	type = strsep(&rest, ":");
	rights = strsep(&rest, ":");
	/* No rights: whatever is refused. */
	if (rest && !rights[0])
		rights = all;
	if (rest && str_eq(type, "path-beneath"))
		return add_path("landlock-rule", rights, text + (rest - copy));
	if (!rest || !str_eq(type, "net-port"))
		return tool_usage_error("--landlock-rule: \"%s\" is not path-beneath:RIGHTS:PATH or net-port:RIGHTS:PORT", text);
	r = rf_landlock_parse(RF_LANDLOCK_NET, rights, &bits);
	return r < 0 ? tool_error(r, "--landlock-rule") : add_port("landlock-rule", bits, rest);
}

/* KIND, KIND: or KIND:RIGHTS, as setpriv(1) writes it. */
static int add_access(const char *text)
{
	static const char *const words[] = {
		[RF_LANDLOCK_FS] = "fs", [RF_LANDLOCK_NET] = "net", [RF_LANDLOCK_SCOPE] = "scope",
	};
	size_t len = strcspn(text, ":"), kind = 0;
	uint64_t rights;
	int r = 0;

	while (kind < array_size(words) && (strlen(words[kind]) != len || strncmp(words[kind], text, len)))
		kind++;
	if (kind == array_size(words))
		return tool_usage_error("--landlock-access: \"%s\" is not fs, net, scope, or one of them with :RIGHTS", text);
	rights = rf_landlock_all(kind);
	if (text[len] && text[len + 1])
		r = rf_landlock_parse(kind, text + len + 1, &rights);
	if (r < 0)
		return tool_error(r, "--landlock-access");
	if (kind == RF_LANDLOCK_SCOPE)
		rules.scope |= rights;
	else {
		rules.handled[kind] |= rights;
		handled_given[kind] = true;
	}
	return 0;
}

static int add_words(const char *option, const struct opt_list *list, enum rf_landlock_kind kind,
		     uint64_t *rights)
{
	for (size_t i = 0; i < list->n; i++) {
		uint64_t more;
		int r = rf_landlock_parse(kind, list->words[i], &more);

		if (r < 0)
			return tool_error(r, "--%s", option);
		*rights |= more;
	}
	return 0;
}

static int collect(const struct landlock_options *o)
{
	int r = 0;

	for (size_t i = 0; !r && i < o->access.n; i++)
		r = add_access(o->access.words[i]);
	for (size_t i = 0; !r && i < o->fs.n; i++)
		r = add_fs(o->fs.words[i]);
	for (size_t i = 0; !r && i < o->rules.n; i++)
		r = add_rule(o->rules.words[i]);
	if (!r)
		r = add_ports("tcp-bind", &o->bind, BIND);
	if (!r)
		r = add_ports("tcp-connect", &o->connect, CONNECT);
	if (!r)
		r = add_words("scope", &o->scope, RF_LANDLOCK_SCOPE, &rules.scope);
	if (!r)
		r = add_words("landlock-log", &o->log, RF_LANDLOCK_LOG, &rules.log);
	if (!handled_given[RF_LANDLOCK_FS] && rules.n_paths)
		rules.handled[RF_LANDLOCK_FS] = rf_landlock_all(RF_LANDLOCK_FS);
	if (!handled_given[RF_LANDLOCK_NET] && (rules.n_ports || o->bind.n || o->connect.n))
		rules.handled[RF_LANDLOCK_NET] = rf_landlock_all(RF_LANDLOCK_NET);
	return r;
}

static bool anything(void)
{
	return rules.handled[RF_LANDLOCK_FS] || rules.handled[RF_LANDLOCK_NET] || rules.scope;
}

int landlock_set(struct rf_confine *confine)
{
	char *left_out __free(ptr) = NULL;
	int r = collect(&landlock_options), abi;

	if (r || !anything()) {
		if (!r && rules.log)
			r = tool_usage_error("--landlock-log: nothing is restricted that could be logged");
		return r;
	}
	confine->landlock = &rules;
	if (!landlock_options.best_effort)
		return 0;
	abi = rf_landlock_abi();
	r = rf_landlock_fit(&rules, abi < 0 ? 0 : abi, &left_out);
	if (r < 0)
		return tool_error(r, "Landlock");
	if (left_out)
		tool_warn("not enforced here: %s; this kernel has %s %d", left_out,
			  abi < 0 ? "no Landlock, ABI" : "ABI", abi < 0 ? 0 : abi);
	if (!anything())
		confine->landlock = NULL;
	return 0;
}

int landlock_print_abi(void)
{
	int abi = rf_landlock_abi();

	if (abi < 0)
		return tool_error(abi, "--landlock-abi");
	printf("%d\n", abi);
	return tool_finish(0);
}
