// SPDX-License-Identifier: LGPL-2.1-or-later
/* A step on a control group's bandwidth, which no file of the group keeps but a BPF program. */
#include "plan/step-cgroup.h"
#include "plan/step.h"

#include <ringfence/units.h>

static void fill(uint64_t rates[RF_NET_WAYS], const struct rf_net_way *ways)
{
	for (size_t i = 0; i < RF_NET_WAYS; i++)
		rates[i] = ways[i].max_bytes_per_s;
}

static int run_net(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;
	struct rf_net_way before[RF_NET_WAYS];
	uint64_t rates[RF_NET_WAYS];
	int r = rf_net_get(state->fs, state->name, before);

	if (r >= 0)
		fill(state->net_before, before);
	/* Each way that is not named stays as it is. */
	memcpy(rates, state->net_before, sizeof(rates));
	for (size_t i = 0; i < RF_NET_WAYS; i++)
		if (state->net[i])
			rates[i] = state->net[i];
	return rf_net_set(state->fs, state->name, rates);
}

static void undo_net(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	rf_net_set(state->fs, state->name, state->net_before);
}

static void args_net(const struct rf_step *s, struct str *out)
{
	static const char *const ways[] = {"egress", "ingress"};
	const struct cgroup_run_state *state = s->data;

	str_addf(out, "/%s:", state->name);
	for (size_t i = 0; i < RF_NET_WAYS; i++)
		if (state->net[i] == RF_MAX)
			str_addf(out, " %s=max", ways[i]);
		else if (state->net[i])
			str_addf(out, " %s=%lluB/s", ways[i], (unsigned long long)state->net[i]);
}

const struct step_kind step_cgroup_net = {
	.id = "cgroup-net", .name = "limit its bandwidth",
	.why = "The kernel has no controller for the network; a program on the group's packets drops what is above the rate.",
	.page = "bpf(2)", .args = args_net, .run = run_net, .undo = undo_net,
};

int plan_split_net(struct cgroup_run_state *state, const char *const *settings, size_t n_settings, const char **words,
		   size_t *ret_n)
{
	size_t n = 0;
	int r = 0;

	state->net_before[RF_NET_EGRESS] = state->net_before[RF_NET_INGRESS] = RF_MAX;
	for (size_t i = 0; r >= 0 && i < n_settings; i++) {
		const char *word = settings[i], *eq = strchr(word, '=');
		char key[32];

		if (!str_starts(word, "net.") || !eq) {
			words[n++] = word;
			continue;
		}
		snprintf(key, sizeof(key), "%.*s", (int)(eq - word), word);
		r = rf_net_parse(key, eq + 1, state->net);
	}
	*ret_n = n;
	return r;
}

bool plan_has_net(const struct cgroup_run_state *state)
{
	return state->net[RF_NET_EGRESS] || state->net[RF_NET_INGRESS];
}

int plan_add_cgroup_net(struct rf_plan *plan, struct cgroup_run_state *state)
{
	struct rf_step *s = plan_has_net(state) ? plan_add(plan, &step_cgroup_net, false) : NULL;

	if (s)
		s->data = state;
	return s || !plan_has_net(state) ? 0 : -ENOMEM;
}
