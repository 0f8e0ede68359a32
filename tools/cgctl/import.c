// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl import: what cgconfig.conf and cgrules.conf want, as a plan that is shown, or run. */
#include <errno.h>
#include <fcntl.h>
#include <ringfence/cgimport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "cgctl.h"

enum { FILE_LIMIT = 16 << 20 };

static const char *const policies[] = {"oci-old", "linear", "oci-2025", NULL};
static int policy = RF_WEIGHT_LINEAR;
static bool apply;
static struct opt_list rules;

const struct opt_row import_options[] = {
	{'a', "apply", OPT_FLAG, &apply, NULL, "do it, all or nothing; else the steps are printed"},
	{'R', "rules", OPT_LIST, &rules, "FILE",
	 "move the processes of now as this cgrules.conf says (repeat it); FILE… alone are of cgconfig.conf's form, - for none"},
	{'p', "policy", OPT_CHOICE, &policy, "POLICY", "how cpu.shares become cpu.weight, as for convert", 0, 0, 0,
	 policies},
	OPT_CGCTL_ACT,
	{0},
};

static const struct column columns[] = {
	{"step", "STEP", CELL_NUMBER}, {"name", "WHAT", CELL_TEXT}, {"args", "ON", CELL_TEXT}, {0}};

static const char *file_now;

static void left(unsigned line, const char *what, const char *why, void *data)
{
	tool_warn("%s:%u: %s is left out: %s", file_now, line, what, why);
}

static void gone(pid_t id, void *data)
{
	tool_warn("%d ended before it was moved", (int)id);
}

static int read_file(const char *file, char **ret_text, size_t *ret_len)
{
	file_now = file;
	return file_read_at(AT_FDCWD, file, FILE_LIMIT, ret_text, ret_len);
}

static int add_config(struct rf_cgimport *import, struct rf_plan *plan, const char *file)
{
	char *text __free(ptr) = NULL;
	struct rf_cgconfig *config = NULL;
	size_t len = 0;
	int r = read_file(file, &text, &len);

	if (r >= 0)
		r = rf_cgconfig_parse(file, text, len, &config);
	if (r >= 0)
		r = rf_cgimport_config(import, config, plan);
	rf_cgconfig_free(config);
	return r;
}

static int add_rules(struct rf_cgimport *import, struct rf_plan *plan, const char *file)
{
	char *text __free(ptr) = NULL;
	struct rf_cgrules *list = NULL;
	size_t len = 0;
	int r = read_file(file, &text, &len);

	if (r >= 0)
		r = rf_cgrules_parse(file, text, len, &list);
	if (r >= 0)
		r = rf_cgimport_rules(import, list, plan);
	rf_cgrules_free(list);
	return r;
}

static int show(struct rf_plan *plan)
{
	struct table *t = table_new(columns);
	struct rf_step_info info;

	for (size_t i = 0; rf_plan_step(plan, i, &info) >= 0; i++) {
		table_number(t, i + 1);
		table_text(t, info.name);
		table_text(t, info.args);
	}
	table_print(t);
	return 0;
}

static int build(struct rf_cgimport *import, struct rf_plan *plan, int argc, char **argv)
{
	int r = 0;

	for (int i = 0; r >= 0 && i < argc; i++)
		if (strcmp(argv[i], "-"))
			r = add_config(import, plan, argv[i]);
	for (size_t i = 0; r >= 0 && i < rules.n; i++)
		r = add_rules(import, plan, rules.words[i]);
	if (r < 0) {
		int code = tool_error(r, "import %s", file_now);

		return r == -EINVAL ? EXIT_USAGE : code;
	}
	return apply || tool_state.dry_run ? -tool_run_plan(plan) : show(plan);
}

int import_run(int argc, char **argv)
{
	struct rf_cgimport_options options = {
		.size = sizeof(options), .policy = (enum rf_weight_policy)policy, .left = left,
		.note = cgctl_note, .gone = gone,
	};
	struct rf_cgimport *import = NULL;
	struct rf_plan *plan = NULL;
	int r = cgctl_open(apply, &options.fs);

	if (r)
		return r;
	r = rf_plan_new(&plan);
	if (r >= 0)
		r = rf_cgimport_new(&options, &import);
	r = r < 0 ? tool_error(r, "import") : build(import, plan, argc, argv);
	rf_plan_free(plan);
	rf_cgimport_free(import);
	rf_cgroup_fs_free(options.fs);
	return r;
}
