// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ringfence/ns.h>

#include "base/cleanup.h"
#include "base/str.h"

static const struct rf_ns_kind kinds[RF_NS_KINDS] = {
	{"user", "user", CLONE_NEWUSER, "max_user_namespaces",
	 "user and group ids and capabilities"},
	{"mnt", "mount", CLONE_NEWNS, "max_mnt_namespaces", "the mount table"},
	{"pid", "pid", CLONE_NEWPID, "max_pid_namespaces", "process ids"},
	{"net", "net", CLONE_NEWNET, "max_net_namespaces",
	 "network interfaces, addresses, routes and ports"},
	{"ipc", "ipc", CLONE_NEWIPC, "max_ipc_namespaces", "System V IPC and message queues"},
	{"uts", "uts", CLONE_NEWUTS, "max_uts_namespaces", "host and domain name"},
	{"cgroup", "cgroup", CLONE_NEWCGROUP, "max_cgroup_namespaces",
	 "the root of the control group tree that is seen"},
	{"time", "time", CLONE_NEWTIME, "max_time_namespaces", "boot and monotonic clocks"},
};

const struct rf_ns_kind *rf_ns_kind(size_t index)
{
	return index < array_size(kinds) ? &kinds[index] : NULL;
}

const struct rf_ns_kind *rf_ns_kind_by_name(const char *name)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		if (str_eq(kinds[i].name, name) || str_eq(kinds[i].word, name))
			return &kinds[i];
	return NULL;
}
