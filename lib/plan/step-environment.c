// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An environment as after a login: the terminal's name of the old one, and what /etc/passwd says of
 * the user that the program runs as. The program is looked for on the new PATH.
 */
#include <stdlib.h>
#include <unistd.h>

#include "plan/step-attributes.h"
#include "priv/attributes.h"

enum { VARIABLES = 7 };

static void free_environment(void *data)
{
	char **words = data;

	for (size_t i = 0; words[i]; i++)
		free(words[i]);
	free(words);
}

static int run_reset_env(struct plan_run *run, struct rf_step *s)
{
	run->environment = s->data;
	return 0;
}

static void args_reset_env(const struct rf_step *s, struct str *out)
{
	char **words = s->data;

	for (size_t i = 0; words[i]; i++)
		str_addf(out, "%s%s", i ? " " : "", words[i]);
}

static const struct step_kind step_reset_env = {
	.id = "reset-environment", .name = "begin with a fresh environment",
	.why = "Variables of the caller steer loaders, shells and libraries of the program.",
	.page = "environ(7)", .args = args_reset_env, .run = run_reset_env, .free_data = free_environment,
};

int plan_add_reset_env(struct rf_plan *plan, bool in_child, const struct rf_attributes *a)
{
	const char *fields[7] = {"", "", "", "", "", "/", "/bin/sh"}, *term = getenv("TERM");
	char *text __free(ptr) = NULL, **words;
	uint32_t uid = a && a->given & RF_ATTR_RUID ? a->ruid : getuid();
	struct rf_step *step;
	size_t n = 0;

	if (!a || !(a->given & RF_ATTR_RESET_ENV))
		return 0;
	/* Who has no line there has no name and no home either. */
	attr_passwd_line(uid, &text, fields);
	step = plan_add(plan, &step_reset_env, in_child);
	words = step ? calloc(VARIABLES, sizeof(*words)) : NULL;
	if (!words)
		return -ENOMEM;
	step->data = words;
	words[n++] = str_format("PATH=%s", uid ? "/usr/local/bin:/bin:/usr/bin"
						: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	words[n++] = str_format("HOME=%s", fields[5]);
	words[n++] = str_format("SHELL=%s", fields[6][0] ? fields[6] : "/bin/sh");
	if (fields[0][0]) {
		words[n++] = str_format("USER=%s", fields[0]);
		words[n++] = str_format("LOGNAME=%s", fields[0]);
	}
	if (term)
		words[n++] = str_format("TERM=%s", term);
	for (size_t i = 0; i < n; i++)
		if (!words[i])
			return -ENOMEM;
	return 0;
}
