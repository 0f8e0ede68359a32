// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same bytes as a cgconfig.conf and as a cgrules.conf. What is given back has the members that
 * its kind promises, in the order of its lines.
 */
#include <ringfence/cgconfig.h>

#include "fuzz.h"

static void look_at(const struct rf_cgconfig_item *item, unsigned line)
{
	bool perm = item->kind == RF_CGCONFIG_PERM, value = item->kind == RF_CGCONFIG_VALUE;
	bool pair = perm || value || item->kind <= RF_CGCONFIG_SYSTEMD;

	if (item->line < line || pair != (item->key && item->value) || pair != (item->key || item->value))
		abort();
	if ((perm || value || item->kind == RF_CGCONFIG_CONTROLLER) != (item->controller != NULL))
		abort();
	if ((item->kind == RF_CGCONFIG_GROUP || item->kind == RF_CGCONFIG_TEMPLATE || value) && !item->group)
		abort();
	if (perm && strcmp(item->controller, "task") && strcmp(item->controller, "admin"))
		abort();
}

FUZZ_TARGET(cgconfig)
{
	struct rf_cgconfig *config = NULL;
	struct rf_cgrules *rules = NULL;
	size_t n = 0;

	if (rf_cgconfig_parse("fuzz", (const char *)data, size, &config) >= 0) {
		const struct rf_cgconfig_item *items = rf_cgconfig_items(config, &n);

		for (size_t i = 0; i < n; i++)
			look_at(&items[i], i ? items[i - 1].line : 1);
		rf_cgconfig_free(config);
	}
	if (rf_cgrules_parse("fuzz", (const char *)data, size, &rules) >= 0) {
		const struct rf_cgrule *items = rf_cgrules_items(rules, &n);

		for (size_t i = 0; i < n; i++)
			if (!items[i].user[0] || !items[i].controllers[0] || !items[i].destination[0] ||
			    (i && items[i].line <= items[i - 1].line))
				abort();
		rf_cgrules_free(rules);
	}
	return 0;
}
