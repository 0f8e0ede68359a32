// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules on devices and rates of the network: what is taken reads the same again from how it is written. */
#include <ringfence/net.h>
#include <ringfence/units.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "fuzz.h"

static void rates(const char *text)
{
	static const char *const keys[] = {"net.max", "net.max.egress", "net.max.ingress"};

	for (size_t i = 0; i < array_size(keys); i++) {
		uint64_t got[RF_NET_WAYS] = {1, 1};
		int r = rf_net_parse(keys[i], text, got);

		for (size_t way = 0; way < RF_NET_WAYS; way++)
			if (got[way] != 1 && (r < 0 || got[way] < 1000 || (got[way] > 16000000000 && got[way] != RF_MAX)))
				abort();
	}
}

FUZZ_TARGET(rules)
{
	static struct cgroup_rules rules, again;
	char *text __free(ptr) = fuzz_string(data, size), *plain __free(ptr) = NULL;
	struct str out __free(str) = {0}, same __free(str) = {0};

	rates(text);
	/* A path is of this machine's devices. */
	if (strchr(text, '/') || cgroup_rules_parse(text, &rules) < 0)
		return 0;
	if (rules.n > CGROUP_RULES_MAX)
		abort();
	cgroup_rules_write(&rules, "\n", &out);
	if (cgroup_rules_parse(out.s, &again) < 0 || again.n != rules.n)
		abort();
	cgroup_rules_write(&again, "\n", &same);
	if (strcmp(out.s, same.s) || cgroup_rules_plain(out.s, "\n", &plain) < 0 || strcmp(plain, out.s))
		abort();
	return 0;
}
