#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cgctl as a user runs it, on v1, hybrid and v2: values, all or nothing, running, dying, cleaning up.
. "$(dirname "$0")/lib.sh"

root || skip_all "needs root to make control groups"
G=rf-t$$
code() { "$@" > "$T/.out" 2> "$T/.err"; echo $?; }
get() { cgctl get --json "$1" "$2" | jq -r '.. | scalars' | tail -n 1; }
groups_left() { find /sys/fs/cgroup -type d -name "$1" 2> /dev/null; }

# --- usage and bad input
refuse "no command" 2 'missing command' cgctl
refuse "an unknown command" 2 'no such command: frob' cgctl frob
refuse "no abbreviations" 2 'no such command: cre' cgctl cre x
refuse "create without a group" 2 'missing argument' cgctl create
refuse "a climbing group name" 2 '\.\.' cgctl create rf-a/../../x
check "create" cgctl create $G memory.max=64M cpu.max=50%
refuse "an unknown key" 2 'memory\.maxx' cgctl set $G memory.maxx=1
refuse "a bad size" 2 'memory\.max.*64Q|64Q.*memory\.max' cgctl set $G memory.max=64Q
refuse "a word without =" 2 'KEY=VALUE|memory\.max' cgctl set $G memory.max
refuse "a value with a line break" 2 '.' cgctl set $G "$(printf 'memory.max=1\n2')"
refuse "a group that is not there" 1 "rf-none" cgctl set rf-none memory.max=64M
refuse "getting from a group that is not there" 1 "rf-none" cgctl get rf-none memory.max
refuse "an error as JSON" 2 '"error": ' cgctl set --json $G memory.max=64Q

# --- values
equal "memory.max was set" $((64 << 20)) "$(get $G memory.max)"
check "set with another unit" cgctl set $G memory.max=0.125G
equal "memory.max has changed" $((128 << 20)) "$(get $G memory.max)"
check "set several" cgctl set $G memory.max=96M pids.max=50
equal "pids.max was set" 50 "$(get $G pids.max)"
check "no limit" cgctl set $G memory.max=max
equal "no limit is max" max "$(get $G memory.max)"
prints "the list has it" "$G" cgctl list
prints "its name alone, one a line" "^/$G\$" cgctl list --names
check "the names as JSON" sh -c "cgctl list --names --json $G | jq -e 'map(.group)[0] == \"/$G\" and (.[0] | keys == [\"group\"])'"
check "names and usage are of the same groups" sh -c "cgctl create $G/n1/n2 && cgctl create $G/n3 && cgctl list --names $G > $T/names &&
	cgctl list --json $G | jq -r '.[].group' | diff - $T/names && wc -l < $T/names | grep -qx 4; r=\$?; cgctl delete -r $G/n1; cgctl delete $G/n3; exit \$r"
refuse "names of a group that is not there" 1 'there is no group' cgctl list --names rf-none
check "the list as JSON" sh -c "cgctl list --json | jq -e '.[] | select(.group | endswith(\"$G\"))'"

# --- keys: the table is the manual
check "keys says of each what it is" sh -c "cgctl keys --json | jq -e 'length > 25 and all(.key and .controller and .meaning) and all((.value != null) == .settable)'"
check "keys of a controller" sh -c "cgctl keys --json pids | jq -e 'length > 2 and all(.controller == \"pids\")'"
check "one key" sh -c "cgctl keys --json cpu.max | jq -e '.settable and .v1_files == \"cpu.cfs_quota_us, cpu.cfs_period_us\"'"
prints "one key in words" 'an amount of CPU such as 1.5cpu' cgctl keys cpu.max
check "a key that is here can be read" sh -c "cgctl keys --json pids | jq -e 'any(.here != \"no\" and .settable)' && for k in \$(cgctl keys --json pids | jq -r '.[] | select(.here != \"no\" and .settable) | .key'); do cgctl get $G \$k || exit 1; done"
refuse "no such key" 2 'memory.maxx.*memory.max' cgctl keys memory.maxx

# --- all or nothing: the second write fails, the first is taken back
cgctl set $G memory.max=64M pids.max=50
refuse "a failing second write" 1 'pids\.max' env RINGFENCE_FAULT='write:*pids.max=EIO' cgctl set $G memory.max=32M pids.max=40
equal "the first value is as it was" $((64 << 20)) "$(get $G memory.max)"
equal "the second, too" 50 "$(get $G pids.max)"
# Killed between the two, whichever comes first: the next that sets a value puts back what was begun.
killed() { (RINGFENCE_FAULT="write:*$1=KILL" cgctl set $G memory.max=32M pids.max=40) 2> /dev/null; }
pids_file=$(find /sys/fs/cgroup -path "*/$G/pids.max")
for file in 'memory.*' pids.max; do
	cgctl set $G memory.max=64M pids.max=50
	check "killed at $file" sh -c '! "$@"' sh env RINGFENCE_FAULT="write:*$file=KILL" cgctl set $G memory.max=32M pids.max=40
	check "the next goes on from what was before" cgctl set $G memory.max=80M
	equal "what was begun is put back" "$((80 << 20)) 50" "$(get $G memory.max) $(get $G pids.max)"
	check "and nothing kept of it" test ! -e /run/ringfence/set
done
first=pids.max; cgctl set $G memory.max=64M pids.max=50; killed 'memory.*'; [ "$(get $G pids.max)" = 40 ] || first=memory.max
given "memory.max is written before pids.max here" test $first = pids.max
echo 11 > "$pids_file"
check "someone else has set it since" cgctl set $G memory.max=80M
equal "it stays" 11 "$(get $G pids.max)"
cgctl set $G memory.max=64M pids.max=50; killed 'memory.*'
refuse "it is said" 0 'pids.max is put back to 50 first' cgctl set $G memory.max=64M
given
mkdir -p /run/ringfence/set && printf 'rf-gone\0/sys/fs/cgroup/rf-gone\0000.1-1\0pids.max\0001\0002\0' > /run/ringfence/set/0.1-1
printf 'rf' > /run/ringfence/set/0.1-2.new
check "of a group that is gone, and one not finished" cgctl set $G memory.max=64M pids.max=50
check "nothing is kept" test ! -e /run/ringfence/set
refuse "no room for the group" 1 'No space|ENOSPC|full' env RINGFENCE_FAULT='mkdirat=ENOSPC!' cgctl create rf-full$$
equal "nothing was made" "" "$(groups_left rf-full$$)"
refuse "no room below a group that was just made" 1 'No space' env RINGFENCE_FAULT='mkdirat:*/b=ENOSPC' cgctl create rf-full$$/a/b
equal "its parents are gone again" "" "$(groups_left rf-full$$)"

# --- run
equal "exit code" 7 "$(code cgctl run -- sh -c 'exit 7')"
equal "not found" 127 "$(code cgctl run -- /no/such)"
equal "not executable" 126 "$(code cgctl run -- /etc/passwd)"
equal "bad usage of run" 125 "$(code cgctl run --frob true)"
equal "a bad value" 125 "$(code cgctl run -p memory.max=64Q true)"
equal "died of SIGTERM" 143 "$(sh -c 'cgctl run -- sh -c "kill -TERM \$\$"' > /dev/null 2>&1; echo $?)"
prints "the program is in the group" "$G" cgctl run --name $G -- cat /proc/self/cgroup
check "a report as JSON" sh -c "cgctl run -p memory.max=64M --json --report=$T/report -- true && jq -e '.exit_code == 0 and .memory_max_bytes == 67108864 and .wall_us > 0' $T/report"
cgctl run -p memory.max=16M -p memory.swap.max=0 --json --report="$T/oom" -- \
	sh -c 's=0123456789abcdef; while :; do s=$s$s; done' > /dev/null 2>&1
check "an OOM kill is in the report" jq -e '.oom_kills >= 1' "$T/oom"
check "CPU time is in the report" sh -c "cgctl run -p cpu.max=20% --json --report=$T/cpu -- timeout 1 sh -c 'while :; do :; done'; jq -e '.cpu_us > 0 and .nr_throttled > 0 and .throttled_us > 0' $T/cpu"
equal "transient groups are gone" "" "$(groups_left 'rf-run-*')"
prints "a dry run tells the steps" 'memory' cgctl run --dry-run -p memory.max=64M true
equal "and makes nothing" "" "$(groups_left 'rf-run-*')"
check "explained as JSON" sh -c "cgctl run --explain=json -p memory.max=64M true 2>&1 > /dev/null | jq -es 'length > 3 and all(.id and .why and .page)'"
check "without clone3" env RINGFENCE_FAULT='clone3=ENOSYS!' cgctl run -p memory.max=64M true

# --- kill -9: the program goes too, and the next command removes the group
cgctl run -- sh -c "echo \$\$ > $T/pid; exec sleep 1000" &
cg=$!
await 10 test -s "$T/pid"
kill -9 $cg
wait $cg 2> /dev/null
check "the program is gone with cgctl" await 10 sh -c "! kill -0 $(cat "$T/pid")"
cgctl list > /dev/null 2> "$T/swept"
equal "the next command removes the group" "" "$(groups_left 'rf-run-*')"
check "and says so" grep -q 'rf-run-' "$T/swept"

# --- a signal that comes before there is a program: what was begun is undone, and then it is died of
undone() { interrupted "$@"; groups_left "$G-s"; }
for at in "mkdirat:*/$G-s" "write:*/$G-s/pids.max" "openat:*/$G-s/[tc]*"; do
	equal "SIGTERM at ${at%%:*}" "143" "$(undone TERM "$at" cgctl run --name $G-s -p pids.max=50 -- true)"
done
equal "SIGHUP" "129" "$(undone HUP "write:*/$G-s/pids.max" cgctl run --name $G-s -p pids.max=50 -- true)"
equal "one that is ignored does not end it" "0" "$(trap '' HUP; undone HUP "write:*/$G-s/pids.max" cgctl run --name $G-s -p pids.max=50 -- true)"
equal "SIGTERM in the middle of cgctl create" "143" "$(undone TERM "write:*/$G-s/pids.max" cgctl create $G-s pids.max=50)"

# --- delete
sleep 1000 & busy=$!
for f in /sys/fs/cgroup/memory/$G/cgroup.procs /sys/fs/cgroup/$G/cgroup.procs; do [ -e $f ] && echo $busy > $f; done
refuse "a busy group" 1 "$busy|$G" cgctl delete $G
check "delete with its processes" cgctl delete --kill $G
wait $busy 2> /dev/null
equal "it is gone" "" "$(groups_left $G)"
refuse "deleting what is not there" 1 "$G" cgctl delete $G
finish
