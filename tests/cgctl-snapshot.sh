#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A tree of groups as a document: written, compared, restored, by each key that can be written.
. "$(dirname "$0")/lib.sh"

# --- documents that anybody may have written
cat > head << 'END'
{"schema": "ringfence-cgroup-snapshot", "version": 1, "cgroup": "v2", "root": "/rf-none",
END
doc() { { cat head; printf '"groups": %s}' "$1"; } > doc; }
bad() { doc "$2"; refuse "$1" 1 "$3" cgctl restore doc; }
refuse "no such file" 1 'No such file' cgctl restore nofile
refuse "no JSON" 1 'is not a JSON object' sh -c 'echo "group x" > doc; cgctl restore doc'
refuse "one that ends early" 1 'it ends early' sh -c 'cat head > doc; cgctl restore doc'
refuse "another schema" 1 'schema' sh -c 'echo "{\"schema\": \"x\", \"version\": 1}" > doc; cgctl restore doc'
refuse "a version to come" 1 'version.*it knows 1' sh -c 'sed "s/: 1,/: 2,/" head > doc; echo "\"groups\": []}" >> doc; cgctl restore doc'
bad "a group outside of the root" '[{"group": "/other"}]' 'not below the root'
bad "a group that climbs" '[{"group": "/rf-none/../x"}]' 'not the name of a group'
bad "a group twice" '[{"group": "/rf-none/a"}, {"group": "rf-none/a/"}]' 'is there twice'
bad "a member that is not known" '[{"group": "/rf-none", "settings": {}}]' 'settings.*no member'
bad "a key that is a path" '[{"group": "/rf-none", "values": {"../x": "1"}}]' 'not the name of a key'
bad "a value with a newline" '[{"group": "/rf-none", "values": {"pids.max": "1\n2"}}]' 'control characters'
bad "too deep" '[[[[[[[[[]]]]]]]]]' 'nesting|deep'
refuse "something behind it" 1 'behind its end|unexpected character' sh -c '{ cat head; echo "\"groups\": []} x"; } > doc; cgctl restore doc'
refuse "now and now" 2 'name a file or group beside it' cgctl diff now now
refuse "neither file nor group" 1 'there is no group /rf-nothing' cgctl diff rf-nothing /
refuse "a snapshot of nothing" 1 'there is no group' cgctl snapshot rf-nothing
refuse "a full disk" 1 'No space left|standard output' sh -c 'cgctl snapshot / > /dev/full'
check "an ordinary user may look" nobody cgctl snapshot /

given "needs root to make control groups" root
G=rf-s$$
V2=/sys/fs/cgroup; [ "$(cgroup_mode)" = v2 ] || V2=/sys/fs/cgroup/unified
# What can be written here, and its usual value.
declare -A USUAL
while IFS=$'\t' read -r key value; do USUAL[$key]=$value; done < <(cgctl keys --json | jq -r '.[] | select(.settable and .here != "no") | [.key, .usual // ""] | @tsv')
DISK=$(lsblk -dnro MAJ:MIN,TYPE 2> /dev/null | awk '$2 == "disk" {print $1; exit}')
HUGE=$(ls /sys/kernel/mm/hugepages 2> /dev/null | grep -o '2048kB' | head -1)

# --- every key that can be written: KEY=VALUE; before it what it needs, behind | of the same group
cat > keys << END
cgroup.freeze=1
cgroup.max.depth=5
cgroup.max.descendants=6
cgroup.pressure=0
cgroup.subtree_control=+$(cut -d' ' -f1 "$V2/cgroup.controllers" 2> /dev/null)
cpu.weight=77
cpu.max=20000 50000
cpu.max=20000 50000|cpu.max.burst=5000
cpu.idle=1
cpu.uclamp.min=12.50
cpu.uclamp.max=80.00
cpuset.cpus=0
cpuset.cpus=0|cpuset.cpus.exclusive=0
cpuset.mems=0
pids.max=50
memory.min=1M
memory.low=2M
memory.high=63M
memory.max=64M
memory.oom.group=1
memory.swap.high=3M
memory.max=64M|memory.swap.max=32M
memory.zswap.max=4M
memory.zswap.writeback=0
hugetlb.2MB.max=4M
hugetlb.2MB.rsvd.max=6M
io.max=$DISK rbps=1048576 wiops=99
io.weight=200
io.bfq.weight=300
io.latency=$DISK target=5000
io.prio.class=idle
net_cls.classid=7
memory.swappiness=20
memory.soft_limit_in_bytes=60M
cpuset.cpu_exclusive=1
cpuset.mem_exclusive=1
cpuset.memory_migrate=1
cpuset.sched_load_balance=0
devices.deny=a|devices.allow=c 1:3 rw|devices.allow=b *:* m
devices.rules=deny a, allow c 1:3 rw, allow b *:* m
net.max=egress=1MB/s ingress=max
END
# What has a test of its own below, or is the same in other words, or the root's, or an act, or of hardware that is not here.
APART='net.max.egress net.max.ingress cgroup.type cpuset.cpus.partition cpu.weight.nice io.cost.qos io.cost.model cgroup.kill memory.reclaim rdma.max misc.max dmem.max dmem.low dmem.min net_prio.ifpriomap'
equal "each key that can be written is looked at" "" "$(cgctl keys --json | jq -r '.[] | select(.settable) | .key' | sed 's/SIZE/2MB/' |
	while read -r key; do grep -Eq "(^|\|)$key=" keys || case " $APART " in *" $key "*) ;; *) echo "$key" ;; esac; done)"

n=0 SET=0 NOT=''
cgctl create $G
while read -r line; do
	n=$((n + 1)) key=${line##*|}; key=${key%%=*}
	[[ -v USUAL[${key/2MB/SIZE}] ]] || continue
	case $key in hugetlb.*) [ -n "$HUGE" ] || continue ;; esac
	IFS='|' read -ra words <<< "$line"
	[ "$key" = cgroup.subtree_control ] && cgctl create -c "${line##*+}" "$G/k$n"
	key=${words[0]%%=*}
	cgctl create "$G/k$n" "$key=${USUAL[${key/2MB/SIZE}]}" 2> /dev/null || cgctl create "$G/k$n" 2> /dev/null
	echo "$n $line" >> todo
done < keys
cgctl snapshot -o plain $G
while read -r n line; do
	IFS='|' read -ra words <<< "$line"
	if cgctl set "$G/k$n" "${words[@]}" 2> err; then SET=$((SET + 1)); else NOT="$NOT${line##*|}; "; fi
done < todo
echo "# set: $SET; not to be had here: $NOT"
check "most of them are here" [ $SET -ge 12 ]
check "a snapshot" cgctl snapshot -o set $G
check "is JSON of the form" jq -e '.schema == "ringfence-cgroup-snapshot" and .version == 1 and (.groups | length) > 12' set
check "is the same again" sh -c "cgctl snapshot $G | cmp - set"
equal "differs from before" 1 "$(cgctl diff plain set > changes; echo $?)"
equal "in each group that was set" $SET "$(cut -d' ' -f1 changes | grep -v ' hierarchies:' | sort -u | wc -l)"
prints "as JSON, too" '"key": "pids.max", *"old": "max", *"new": "50"' sh -c 'cgctl diff --json plain set || true'
check "nothing differs from now" cgctl diff set now
check "back to the plain tree" cgctl restore plain
equal "exactly" "" "$(cgctl diff plain now)"
check "and to the one that was set" cgctl restore set
check "exactly" sh -c "cgctl snapshot $G | diff - set"
check "again: there is nothing to do" sh -c 'cgctl restore --explain set 2>&1 | grep -c "write(" | grep -qx 0'
check "all of it removed" cgctl delete -r $G
check "comes back" cgctl restore set
check "exactly" sh -c "cgctl snapshot $G | diff - set"
check "under another name" cgctl restore set $G-new
check "it is the same" cgctl diff $G $G-new
cgctl delete -r $G-new; cgctl delete -r $G

# --- order: children after and before their parents, value by value
cgctl create $G/p/c pids.max=10 memory.max=16M cpu.max=20%
cgctl set $G/p pids.max=20 memory.max=32M cpu.max=30%
cgctl create $G/gone pids.max=7; cgctl delegate nobody $G/p/c
cgctl snapshot -o small $G
cgctl set $G/p pids.max=max memory.max=max cpu.max=max; cgctl set $G/p/c pids.max=200 memory.max=64M cpu.max=90%
cgctl delegate --undo $G/p/c; cgctl snapshot -o big $G
order() { cgctl restore --explain "$1" 2>&1 | grep -o "set its values: /$G[^ :]*"; }
equal "lower: the child first" "/$G/p/c /$G/p" "$(order small | sed 's/.*: //' | one_line)"
check "it is so" cgctl diff small now
equal "raise: the parent first" "/$G/p /$G/p/c" "$(order big | sed 's/.*: //' | one_line)"
check "it is so, too" cgctl diff big now

# --- all or nothing over the tree
cgctl create $G/extra pids.max=9
cgctl delete $G/gone
cgctl snapshot -o before $G
for key in pids.max memory.max memory.limit_in_bytes; do
	for at in p p/c; do
		find /sys/fs/cgroup -path "*/$G/$at/$key" 2> /dev/null | grep -q . || continue
		refuse "a write of $at/$key that fails" 1 'Input/output' env RINGFENCE_FAULT="write:*/$G/$at/$key=EIO" cgctl restore --prune small
		equal "leaves all as it was" "" "$(cgctl diff before now)"
	done
done
check "a dry run changes nothing" sh -c "cgctl restore --prune --dry-run small > dry && cgctl diff before now"
for at in pids.max cgroup.procs; do
	env RINGFENCE_FAULT="write:*/$G/p/$at=KILL" cgctl restore --prune small > /dev/null 2>&1
	check "killed in the middle, the next one completes it" sh -c "cgctl restore --prune small && cgctl diff small now"
	env RINGFENCE_FAULT="write:*/$G/p/pids.max=KILL" cgctl set $G/p cpu.max=20% pids.max=33 > /dev/null 2>&1
	check "what a set that was killed has begun is restored, too" sh -c "cgctl restore --prune small && cgctl diff small now"
	check "and not put back later" test ! -e /run/ringfence/set
	cgctl restore --prune before
done

# --- prune
check "without --prune nothing is removed" sh -c "cgctl restore small && cgctl get $G/extra pids.max"
sleep 1000 & P=$!
cgctl move $G/extra $P
refuse "what is not empty is not removed" 1 "$G/extra is not in the snapshot and not empty: it holds $P" cgctl restore --prune small
check "and stays as it is" cgctl get $G/extra pids.max
kill $P; wait $P 2> /dev/null
await 10 sh -c "! grep -q . /sys/fs/cgroup/pids/$G/extra/cgroup.procs 2> /dev/null"
check "an empty one is" cgctl restore --prune small
check "nothing is left of it" cgctl diff small now

# --- what this system can't have
jq '.groups[0].values["no.such"] = "1"' small > odd
refuse "a key that nobody knows" 2 "/$G: there is no such key" cgctl restore odd
check "is told and left out" sh -c 'cgctl restore --best-effort odd 2>&1 | grep -q "no.such is left out"'
jq '.groups[0].values["pids.max"] = "many"' small > odd
refuse "a value that is none" 2 'pids.max.*many' cgctl restore odd
jq '.groups[0].values["net_prio.prioidx"] = "1"' small > odd
refuse "one that is only read" 2 'can be read but not set|no v1 hierarchy' cgctl restore odd
jq '.groups[0].owners["v2:memory.max"] = "0:0 0666"' small > odd
refuse "a file that is not given away" 2 'may be given away' cgctl restore odd
jq '.groups[0].v1_files["memory/memory.force_empty"] = "1"' small > odd
refuse "a file that is not restored" 2 'is no file that is restored' cgctl restore odd
refuse "an ordinary user" 1 'Permission denied|Operation not permitted' sh -c "cgctl set $G pids.max=30; cd /; setpriv --reuid 65534 --regid 65534 --clear-groups cgctl restore - < $T/small"
check "by standard input" sh -c 'cgctl restore - < small'

# --- owners, threads, partitions
check "owners come back" sh -c "cgctl delegate --undo $G/p/c && cgctl restore small && stat -c %U /sys/fs/cgroup/pids/$G/p/c /sys/fs/cgroup/$G/p/c 2> /dev/null | grep -qx nobody"
cgctl delete -r $G

# --- v1: exclusive CPUs, which need a parent that has them so, and go from child to parent
given "cpusets of v1 with CPUs that nobody else has" sh -c "cgctl create $G/x && cgctl set $G cpuset.cpu_exclusive=1 && cgctl set $G/x cpuset.cpu_exclusive=1"
check "exclusive CPUs" sh -c "cgctl snapshot -o excl $G && jq '.groups[].values[\"cpuset.cpu_exclusive\"] = \"0\"' excl > shared && cgctl restore shared && cgctl diff shared now"
check "and back" sh -c "cgctl restore excl && cgctl diff excl now && cgctl delete -r $G && cgctl restore excl && cgctl diff excl now"
given
cgctl delete -r $G 2> /dev/null

# --- v1: no file that keeps a value is missing
given "there is no v1 hierarchy" [ "$(cgroup_mode)" != v2 ]
COUNTERS='cgroup.procs tasks freezer.state cpuacct.usage .*failcnt .*max_usage_in_bytes memory.use_hierarchy memory.kmem.limit_in_bytes memory.shown_ram_in_bytes blkio.bfq.weight_device'
cgctl create $G 2> /dev/null
equal "every file of v1 that can be read and written is looked at" "" "$(cgctl snapshot $G | jq -r '.groups[0].v1_files | keys[] | sub(".*/"; "")' > files
	cgctl keys --json | jq -r '.[] | select(.settable) | .v1_files // empty' | sed 's/SIZE/2MB/' | tr -s ', ' '\n' | sed 's,.*/,,' >> files
	for f in $COUNTERS; do echo "$f"; done >> files
	find /sys/fs/cgroup/*/$G -type f -perm -600 2> /dev/null | grep -v unified/ | sed 's,.*/,,' | grep -vxf files | sort -u)"
cgctl delete $G 2> /dev/null

if [ "$(cgroup_mode)" = v2 ]; then
	cgctl create $G/t cpu.weight=50; echo threaded > $V2/$G/t/cgroup.type; cgctl snapshot -o thread $G
fi
given "cgroup v2 needed for threaded groups" [ "$(cgroup_mode)" = v2 ]
check "a threaded group" sh -c "cgctl delete -r $G && cgctl restore thread && cgctl diff thread now"
refuse "is none again" 1 'does not become a domain again' sh -c "jq '(.groups[] | select(.group | endswith(\"/t\")) | .values[\"cgroup.type\"]) = \"domain\"' thread > odd; cgctl restore odd"
cgctl delete -r $G 2> /dev/null
given "partitions need cgroup v2 with cpuset and two CPUs" sh -c "[ $(cgroup_mode) = v2 ] && [ $(nproc) -ge 2 ] && grep -qw cpuset $V2/cgroup.controllers"
check "a partition" sh -c "cgctl create $G cpuset.cpus=1 && cgctl set $G cpuset.cpus.partition=root && cgctl snapshot -o part $G && cgctl delete $G && cgctl restore part && cgctl diff part now"
check "let go again" sh -c "jq '.groups[0].values[\"cpuset.cpus.partition\"] = \"member\"' part > member && cgctl restore member && cgctl diff member now"
cgctl delete -r $G 2> /dev/null
finish
