// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ringfence/ns.h>

#include "base/cleanup.h"
#include "base/str.h"

static const struct rf_ns_kind kinds[RF_NS_KINDS] = {
	{"user", "user", CLONE_NEWUSER, "max_user_namespaces",
	 "user and group ids and capabilities",
	 "Ids and capabilities mean the same to both.",
	 "An id of one is another id, or none, to the other; capabilities of the inner one end at its border."},
	{"mnt", "mount", CLONE_NEWNS, "max_mnt_namespaces", "the mount table",
	 "A mount by one is seen by the other, and paths lead to the same files unless roots differ.",
	 "A mount by one is not seen by the other, unless it propagates."},
	{"pid", "pid", CLONE_NEWPID, "max_pid_namespaces", "process ids",
	 "Each can signal and see the other by its pid, as far as its rights go.",
	 "The outer one sees the other under another pid; the inner one does not see the outer one at all."},
	{"net", "net", CLONE_NEWNET, "max_net_namespaces",
	 "network interfaces, addresses, routes and ports",
	 "They have the same addresses and ports: what one listens on at 127.0.0.1 the other reaches.",
	 "Each has interfaces, routes, ports and abstract sockets of its own."},
	{"ipc", "ipc", CLONE_NEWIPC, "max_ipc_namespaces", "System V IPC and message queues",
	 "System V shared memory and POSIX message queues of one can be opened by the other.",
	 "Neither finds the other's shared memory segments or message queues."},
	{"uts", "uts", CLONE_NEWUTS, "max_uts_namespaces", "host and domain name",
	 "A host name set by one is the other's host name.",
	 "Each may have a host name of its own."},
	{"cgroup", "cgroup", CLONE_NEWCGROUP, "max_cgroup_namespaces",
	 "the root of the control group tree that is seen",
	 "Paths of control groups in /proc begin at the same place.",
	 "One sees control group paths cut off at its own root, or beginning with /.. beyond it."},
	{"time", "time", CLONE_NEWTIME, "max_time_namespaces", "boot and monotonic clocks",
	 "Their monotonic and boot-time clocks agree.",
	 "Their monotonic and boot-time clocks may differ; the time of day does not."},
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
