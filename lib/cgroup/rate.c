// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rates of the network, as tc(8) writes them: decimal units, of bits or bytes a second. */
#include <ringfence/net.h>
#include <ringfence/units.h>

#include "cgroup/cgroup.h"

enum { RATE_MIN = 1000 };

static const uint64_t rate_max = 16000000000;

static int parse_rate(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t factor, per; /* bytes a second */
	} units[] = {{"kbit", 1000, 8}, {"Mbit", 1000000, 8}, {"Gbit", 1000000000, 8}, {"B/s", 1, 1},
		     {"kB/s", 1000, 1}, {"MB/s", 1000000, 1}, {"GB/s", 1000000000, 1}};
	size_t digits = strspn(text, "0123456789");
	char number[16];
	uint64_t n;

	if (str_eq(text, "max")) {
		*ret = RF_MAX;
		return 0;
	}
	if (!digits || digits > 11)
		return -EINVAL;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (str_to_u64(number, &n) < 0)
		return -EINVAL;
	for (size_t i = 0; i < array_size(units); i++)
		if (str_eq(text + digits, units[i].name)) {
			n = n > rate_max * 8 / units[i].factor ? RF_MAX : n * units[i].factor / units[i].per;
			if (n < RATE_MIN || n > rate_max)
				return -EINVAL;
			*ret = n;
			return 0;
		}
	return -EINVAL;
}

int rf_net_parse(const char *key, const char *text, uint64_t rates[RF_NET_WAYS])
{
	static const char *const ways[] = {"egress", "ingress"};
	char copy[96], *save = NULL;
	uint64_t got[RF_NET_WAYS] = {rates[0], rates[1]};
	bool one = !str_eq(key, "net.max");
	int r = str_copy(copy, sizeof(copy), text), n = 0;

	if (one && !str_eq(key, "net.max.egress") && !str_eq(key, "net.max.ingress"))
		return sys_fail(-EINVAL, "check", key, "no such key; keys are net.max, net.max.egress, net.max.ingress");
	for (char *w = r < 0 ? NULL : strtok_r(copy, " ", &save); w && r >= 0; w = strtok_r(NULL, " ", &save), n++) {
		const char *eq = strchr(w, '=');

		r = eq || n ? -EINVAL : parse_rate(w, &got[one && str_eq(key, "net.max.ingress")]);
		if (r >= 0 && !one)
			got[RF_NET_INGRESS] = got[RF_NET_EGRESS];
		for (size_t i = 0; eq && !one && i < RF_NET_WAYS; i++)
			if (strlen(ways[i]) == (size_t)(eq - w) && !strncmp(ways[i], w, (size_t)(eq - w)))
				r = parse_rate(eq + 1, &got[i]);
	}
	if (r < 0 || !n)
		return sys_fail(-EINVAL, "check", key,
				"\"%.80s\" is not a rate such as 10Mbit or 1MB/s, from 1kB/s to 16GB/s, or max%s", text,
				one ? "" : ", nor egress=RATE ingress=RATE");
	memcpy(rates, got, sizeof(got));
	return 0;
}
