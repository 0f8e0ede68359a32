// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of keys: disks, other devices, and what only v1 has.
 *
 * A nested key has a line for each device, region or resource; a setting is one of these lines, and
 * leaves the others as they are. v1's net_cls, net_prio and devices have no file on v2, where BPF
 * programs (keys-bpf.c) and nftables (`socket cgroupv2`) do their work; perf_event has none at all: perf(1) takes
 * the group by name.
 */
#include "cgroup/cgroup.h"

#define IO(name_, form_, help_, read_only_, unit_, hit_, since_) \
	.pub = {name_, "io", form_, help_, read_only_, unit_, hit_, since_}
#define V1KEY(name_, controller_, form_, help_, read_only_, since_) \
	.pub = {name_, controller_, form_, help_, read_only_, NULL, NULL, since_}, .v1_only = true, \
	.how = V1_SAME, .v1 = {{controller_, name_}}

static const struct cgroup_part io_max_parts[] = {
	{"rbps", PART_BYTES, "read_bytes_per_s", "max"}, {"wbps", PART_BYTES, "write_bytes_per_s", "max"},
	{"riops", PART_COUNT, "reads_per_s", "max"}, {"wiops", PART_COUNT, "writes_per_s", "max"}, {NULL, PART_TEXT}};
static const struct cgroup_part io_latency_parts[] = {{"target", PART_TIME, "target_us", "0"}, {NULL, PART_TEXT}};
static const struct cgroup_part io_stat_parts[] = {
	{"rbytes", PART_BYTES, "read_bytes", ""}, {"wbytes", PART_BYTES, "write_bytes", ""}, {"rios", PART_COUNT, "reads", ""},
	{"wios", PART_COUNT, "writes", ""}, {"dbytes", PART_BYTES, "discard_bytes", ""}, {"dios", PART_COUNT, "discards", ""},
	{NULL, PART_TEXT}};
static const struct cgroup_part rdma_parts[] = {
	{"hca_handle", PART_COUNT, NULL, "max"}, {"hca_object", PART_COUNT, NULL, "max"}, {NULL, PART_TEXT}};
static const struct cgroup_part count_parts[] = {{NULL, PART_COUNT, NULL, "max"}, {NULL, PART_TEXT}};
static const struct cgroup_part bytes_parts[] = {{NULL, PART_BYTES, NULL, "max"}, {NULL, PART_TEXT}};
static const struct cgroup_part floor_parts[] = {{NULL, PART_BYTES, NULL, "0"}, {NULL, PART_TEXT}};
static const struct cgroup_part any_parts[] = {{NULL, PART_TEXT}};

static const char *const priorities[] = {"no-change", "promote-to-rt", "restrict-to-be", "idle", "none-to-rt", NULL};

#define NESTED(parts_) .kind = CGROUP_NESTED, .parts = parts_
#define BELOW_ROOT .absent_at_root = true

const struct cgroup_key cgroup_keys_io[] = {
	{IO("io.max", "DEVICE with rbps=, wbps= (sizes), riops=, wiops= (numbers), such as \"/dev/sda wbps=10M\"",
	    "Limits on bytes and operations of a disk in a second", false, NULL,
	    "Its requests wait; buffered writes are slowed where the file system supports it", "4.5"),
	 NESTED(io_max_parts), .device = true, BELOW_ROOT, .how = V1_IO_MAX,
	 .v1 = {{"blkio", "blkio.throttle.read_bps_device"}, {"blkio", "blkio.throttle.write_bps_device"},
		{"blkio", "blkio.throttle.read_iops_device"}, {"blkio", "blkio.throttle.write_iops_device"}}},
	{IO("io.weight", "a whole number from 1 to 10000, alone or after a DEVICE, or \"DEVICE default\"",
	    "Share of the disks against siblings, or of one disk", false, NULL, NULL, "4.5"),
	 .kind = CGROUP_WEIGHTS, .device = true, .min = 1, .max = 10000, BELOW_ROOT, .alias = "io.bfq.weight",
	 .how = V1_IO_WEIGHT, .v1 = {{"blkio", "blkio.bfq.weight"}}},
	{IO("io.bfq.weight", "a whole number from 1 to 1000, alone or after a DEVICE, or \"DEVICE default\"",
	    "The share with the disk scheduler BFQ", false, NULL, NULL, "5.0"),
	 .kind = CGROUP_WEIGHTS, .device = true, .min = 1, .max = 1000, BELOW_ROOT, .how = V1_SAME,
	 .v1 = {{"blkio", "blkio.bfq.weight"}}},
	{IO("io.latency", "DEVICE target=TIME such as \"/dev/sda target=10ms\"; 0: none",
	    "Latency that the group shall have; siblings with higher targets are slowed for it", false, "us",
	    "Siblings get a shallower queue until the target is met", "4.19"),
	 NESTED(io_latency_parts), .device = true, BELOW_ROOT},
	{IO("io.prio.class", "no-change, promote-to-rt, restrict-to-be or idle",
	    "What becomes of the I/O priorities that its processes ask for", false, NULL, NULL, "5.14"),
	 .kind = CGROUP_WORD, .words = priorities, BELOW_ROOT},
	{IO("io.cost.qos", "DEVICE with enable=, ctrl=, rpct=, rlat=, wpct=, wlat=, min=, max=",
	    "When the cost controller is to hold io.weight on a disk, and how hard", false, NULL, NULL, "5.4"),
	 NESTED(any_parts), .device = true, .only_at_root = true},
	{IO("io.cost.model", "DEVICE with ctrl=, model=linear, rbps=, rseqiops=, rrandiops=, wbps=, wseqiops=, wrandiops=",
	    "What a disk can do, for the cost controller", false, NULL, NULL, "5.4"),
	 NESTED(any_parts), .device = true, .only_at_root = true, .after = "io.cost.qos"},
	{IO("io.stat", "", "Bytes and operations of each disk", true, "bytes", NULL, "4.5"),
	 NESTED(io_stat_parts), .device = true, .how = V1_IO_STAT,
	 .v1 = {{"blkio", "blkio.throttle.io_service_bytes_recursive"},
		{"blkio", "blkio.throttle.io_serviced_recursive"}}},

	{.pub = {"rdma.max", "rdma", "DEVICE with hca_handle=, hca_object= (numbers or max)",
		 "Limits on the handles and objects of an RDMA device", false, NULL, "Making one more fails: EAGAIN", "4.11"},
	 NESTED(rdma_parts), BELOW_ROOT},
	{.pub = {"rdma.current", "rdma", "", "Handles and objects in use", true, NULL, NULL, "4.11"},
	 NESTED(rdma_parts), BELOW_ROOT},
	{.pub = {"rdma.peak", "rdma", "", "Most that ever were in use", true, NULL, NULL, NULL},
	 NESTED(rdma_parts), BELOW_ROOT},
	{.pub = {"misc.capacity", "misc", "", "How much of each resource the machine has", true, NULL, NULL, "5.13"},
	 NESTED(count_parts), .only_at_root = true},
	{.pub = {"misc.max", "misc", "RESOURCE and a number or max, such as \"sev 5\"",
		 "Limit on a resource such as encrypted machines' ids", false, NULL, "Asking for one more fails: EBUSY", "5.13"},
	 NESTED(count_parts), BELOW_ROOT},
	{.pub = {"misc.current", "misc", "", "What is in use", true, NULL, NULL, "5.13"}, NESTED(count_parts)},
	{.pub = {"misc.peak", "misc", "", "Most that ever was in use", true, NULL, NULL, "6.11"}, NESTED(count_parts)},
	{.pub = {"misc.events", "misc", "", "How often the limit was reached, here and below", true, NULL, NULL, "5.16"},
	 .kind = CGROUP_STAT, BELOW_ROOT},
	{.pub = {"misc.events.local", "misc", "", "How often the group's own limit was reached", true, NULL, NULL, "6.11"},
	 .kind = CGROUP_STAT, BELOW_ROOT},
	{.pub = {"dmem.capacity", "dmem", "", "Memory of each device's region", true, "bytes", NULL, "6.14"},
	 NESTED(bytes_parts), .only_at_root = true},
	{.pub = {"dmem.max", "dmem", "REGION and a size, such as \"drm/0000:03:00.0/vram0 1G\"",
		 "Limit on the memory of a device", false, "bytes", "The driver moves buffers out, or the request fails", "6.14"},
	 NESTED(bytes_parts), BELOW_ROOT, .after = "dmem.low"},
	{.pub = {"dmem.low", "dmem", "REGION and a size", "Device memory not taken while others have some to give", false,
		 "bytes", NULL, "6.14"},
	 NESTED(floor_parts), BELOW_ROOT, .after = "dmem.min"},
	{.pub = {"dmem.min", "dmem", "REGION and a size", "Device memory that is never taken away", false, "bytes", NULL,
		 "6.14"},
	 NESTED(floor_parts), BELOW_ROOT},
	{.pub = {"dmem.current", "dmem", "", "Device memory in use", true, "bytes", NULL, "6.14"}, NESTED(bytes_parts)},

	/* On v2 each is one more rule of devices.rules. */
	{.pub = {"devices.allow", "devices", "TYPE MAJOR:MINOR ACCESS such as \"c 1:3 rwm\", or a",
		 "Device nodes that may be opened or made beside those that could be", false, NULL, NULL, "2.6.26"},
	 .kind = CGROUP_TRIGGER, .kept = true, .after = "devices.deny", .how = V1_SAME, .v1 = {{"devices", "devices.allow"}}},
	{.pub = {"devices.deny", "devices", "TYPE MAJOR:MINOR ACCESS such as \"b *:* rw\", or a",
		 "Device nodes that may no longer be opened or made", false, NULL, NULL, "2.6.26"},
	 .kind = CGROUP_TRIGGER, .kept = true, .after = "cgroup.kill", .how = V1_SAME, .v1 = {{"devices", "devices.deny"}}},
	{V1KEY("devices.list", "devices", "", "Device nodes that may be opened or made", true, "2.6.26"),
	 .kind = CGROUP_STAT},
	{V1KEY("net_cls.classid", "net_cls", "a whole number from 0 to 4294967295",
	       "The class of the group's packets, for tc(8) and iptables", false, "2.6.29"),
	 .kind = CGROUP_NUMBER, .max = UINT32_MAX},
	{V1KEY("net_prio.prioidx", "net_prio", "", "The group's number inside of the kernel", true, "3.3"),
	 .kind = CGROUP_COUNT},
	{V1KEY("net_prio.ifpriomap", "net_prio", "INTERFACE and a number, such as \"eth0 5\"",
	       "Priority of the group's packets on each interface", false, "3.3"),
	 NESTED(count_parts)},
	{V1KEY("memory.swappiness", "memory", "a whole number from 0 to 200",
	       "How readily its memory is swapped out rather than files dropped", false, "2.6.29"),
	 .kind = CGROUP_NUMBER, .max = 200, .usual = "60"},
	{.pub = {"memory.soft_limit_in_bytes", "memory", "a size such as 64M, 1.5G or max",
		 "Memory down to which it is reclaimed from first when all is short", false, "bytes", NULL, "2.6.32"},
	 .kind = CGROUP_BYTES, .v1_only = true, .how = V1_LIMIT, .v1 = {{"memory", "memory.soft_limit_in_bytes"}}},
	{V1KEY("cpuset.cpu_exclusive", "cpuset", "0 or 1", "Whether no sibling may have its CPUs", false, "2.6.24"),
	 .kind = CGROUP_NUMBER, .max = 1, .after = "cpuset.cpus"},
	{V1KEY("cpuset.mem_exclusive", "cpuset", "0 or 1", "Whether no sibling may have its memory nodes", false, "2.6.24"),
	 .kind = CGROUP_NUMBER, .max = 1, .after = "cpuset.mems"},
	{V1KEY("cpuset.memory_migrate", "cpuset", "0 or 1", "Whether pages follow when cpuset.mems changes", false, "2.6.24"),
	 .kind = CGROUP_NUMBER, .max = 1},
	{V1KEY("cpuset.sched_load_balance", "cpuset", "0 or 1", "Whether the scheduler balances its CPUs", false, "2.6.24"),
	 .kind = CGROUP_NUMBER, .max = 1, .usual = "1"},
	{{NULL}},
};
