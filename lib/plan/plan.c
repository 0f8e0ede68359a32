// SPDX-License-Identifier: LGPL-2.1-or-later
/* A plan as data: appending steps, listing them. Running it is run.c. */
#include "plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int rf_plan_new(struct rf_plan **ret_plan)
{
	struct rf_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return -ENOMEM;
	*ret_plan = plan;
	return 0;
}

void rf_plan_free(struct rf_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n; i++) {
		struct rf_step *s = &plan->steps[i];

		for (size_t t = 0; t < array_size(s->text); t++)
			free(s->text[t]);
		free(s->args_text);
		if (s->kind->free_data && s->data)
			s->kind->free_data(s->data);
	}
	if (plan->run)
		plan_close_rest(plan->run);
	free(plan->run);
	free(plan->steps);
	free(plan);
}

size_t rf_plan_length(const struct rf_plan *plan)
{
	return plan->n;
}

struct rf_step *plan_add(struct rf_plan *plan, const struct step_kind *kind, bool in_child)
{
	struct rf_step *s;

	if (plan->n == plan->cap) {
		size_t cap = plan->cap ? plan->cap * 2 : 32;

		s = realloc(plan->steps, cap * sizeof(*s));
		if (!s)
			return NULL;
		plan->steps = s;
		plan->cap = cap;
	}
	s = &plan->steps[plan->n++];
	*s = (struct rf_step){.kind = kind, .in_child = in_child};
	return s;
}

int step_text(struct rf_step *step, int i, const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		return -ENOMEM;
	free(step->text[i]);
	step->text[i] = copy;
	return 0;
}

static const char *args_text(struct rf_step *step)
{
	struct str out __free(str) = {0};

	if (step->args_text)
		return step->args_text;
	if (step->kind->args)
		step->kind->args(step, &out);
	else if (step->text[0])
		str_add(&out, step->text[0]);
	if (str_take(&out, &step->args_text) < 0)
		return "";
	return step->args_text;
}

int rf_plan_step(const struct rf_plan *plan, size_t index, struct rf_step_info *ret_info)
{
	struct rf_step *s;

	if (index >= plan->n)
		return -ERANGE;
	s = &plan->steps[index];
	*ret_info = (struct rf_step_info){
		.id = s->kind->id,
		.name = s->kind->name,
		.why = s->kind->why,
		.page = s->kind->page,
		.args = args_text(s),
		.in_child = s->in_child,
	};
	return 0;
}
