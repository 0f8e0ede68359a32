// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Landlock in two steps: the ruleset is made while the caller's privilege still opens every path,
 * and put in force after the capabilities are gone and no_new_privs is set, which stands in for
 * CAP_SYS_ADMIN. The ruleset's descriptor is close-on-exec, so nothing needs undoing but on failure.
 */
#include "plan/step.h"

#include "priv/landlock.h"

static int run_make(struct plan_run *run, struct rf_step *s)
{
	struct landlock_state *state = s->data;
	int fd = landlock_make(state->rules);

	if (fd < 0)
		return fd;
	state->fd = fd;
	return 0;
}

static void undo_make(struct plan_run *run, struct rf_step *s)
{
	struct landlock_state *state = s->data;

	if (state->fd >= 0)
		sys_close(take_fd(&state->fd));
}

static void add_kind(struct str *out, const char *label, enum rf_landlock_kind kind, uint64_t rights)
{
	if (!rights)
		return;
	str_addf(out, "%s%s ", out->len ? "; " : "", label);
	landlock_format(kind, rights, out);
}

static void args_make(const struct rf_step *s, struct str *out)
{
	const struct rf_landlock *rules = ((const struct landlock_state *)s->data)->rules;

	str_addf(out, "ABI %d", ((const struct landlock_state *)s->data)->abi);
	add_kind(out, "refuse", RF_LANDLOCK_FS, rules->handled[RF_LANDLOCK_FS]);
	add_kind(out, "refuse", RF_LANDLOCK_NET, rules->handled[RF_LANDLOCK_NET]);
	add_kind(out, "keep within", RF_LANDLOCK_SCOPE, rules->scope);
	for (size_t i = 0; i < rules->n_paths; i++) {
		add_kind(out, "allow", RF_LANDLOCK_FS,
			 rules->paths[i].rights & rules->handled[RF_LANDLOCK_FS]);
		str_addf(out, " below %s", rules->paths[i].path);
	}
	for (size_t i = 0; i < rules->n_ports; i++) {
		add_kind(out, "allow", RF_LANDLOCK_NET, rules->ports[i].rights);
		str_addf(out, " at %u", rules->ports[i].port);
	}
}

const struct step_kind step_landlock_rules = {
	.id = "landlock-rules", .name = "write down what may be reached",
	.why = "The paths are opened now, while the caller's own rights still reach them.",
	.page = "landlock(7)", .args = args_make, .run = run_make, .undo = undo_make,
	.free_data = free,
};

static int run_restrict(struct plan_run *run, struct rf_step *s)
{
	const struct landlock_state *state = s->data;

	return sys_landlock_restrict_self(state->fd, (unsigned)state->rules->log);
}

const struct step_kind step_landlock_restrict = {
	.id = "landlock-restrict", .name = "give up all else",
	.why = "What the program never needs to reach shall be out of reach, whoever it runs as.",
	.page = "landlock_restrict_self(2)", .run = run_restrict,
};
