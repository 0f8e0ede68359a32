// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of keys: what no file of a group keeps but a BPF program on its directory of the v2 tree. On a
 * hybrid system the group must be there, too. Who can load programs reads and writes them (struct cgroup_keeper).
 */
#include "cgroup/cgroup.h"

#define RATE_FORM "a rate such as 10Mbit or 1MB/s, from 1kB/s to 16GB/s, or max"
#define RATE_UNIT "bytes per second"
#define DROPS "Packets are dropped, and the senders slow down"

const struct cgroup_key cgroup_keys_bpf[] = {
	{.pub = {CGROUP_RULES_KEY, "devices", "rules such as \"deny a, allow c 1:3 rwm, allow /dev/zero r\"; the last that is of a device decides",
		 "Device nodes that may be opened or made, besides what the groups above deny", false, NULL,
		 "Opening or making one fails: EPERM", "5.7"},
	 .kind = CGROUP_RULES, .kept = true, .absent_at_root = true, .usual = CGROUP_RULES_USUAL},
	{.pub = {"net.max", "net", RATE_FORM ", or egress=RATE ingress=RATE",
		 "Limit on what its sockets send and receive, each", false, RATE_UNIT, DROPS, "5.7"},
	 .kind = CGROUP_RATES, .kept = true, .usual = "egress=max ingress=max"},
	{.pub = {"net.max.egress", "net", RATE_FORM, "Limit on what its sockets send", false, RATE_UNIT, DROPS, "5.7"},
	 .kind = CGROUP_RATE, .kept = true, .usual = "max", .after = "net.max"},
	{.pub = {"net.max.ingress", "net", RATE_FORM, "Limit on what its sockets receive", false, RATE_UNIT, DROPS, "5.7"},
	 .kind = CGROUP_RATE, .kept = true, .usual = "max", .after = "net.max"},
	{.pub = {"net.stat", "net", "", "What has passed and was dropped since a limit was first set", true, "bytes and packets",
		 NULL, "5.7"},
	 .kind = CGROUP_STAT, .kept = true},
	{{NULL}},
};
