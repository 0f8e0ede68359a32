#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cgprobe as a user runs it: what it sees of loads made for it, what it says where it may not look.
. "$(dirname "$0")/lib.sh"

root || skip_all "needs root to load eBPF programs and make control groups"
G=rf-p$$

# probe CONTROLLER [OPTION…]: attached to $G before the program runs; its JSON goes to $T/seen
probe() { rm -f ready; mkfifo ready; exec 4<> ready; cgprobe "$@" --json --group $G --until-empty --ready-fd 4 > "$T/seen" 2> "$T/probe.err" & P=$!; read -r -t 60 <&4; exec 4<&-; }

refuse "no command" 2 'missing command' cgprobe
refuse "a group that is not there" 1 'rf-none' cgprobe cpu --group rf-none --duration 10ms
refuse "a descriptor that is not open" 2 '--ready-fd: descriptor 3 is not open' sh -c 'exec cgprobe cpu --group / --ready-fd 3 --duration 10ms 3<&-'
refuse "a bad duration" 2 'not a time' cgprobe cpu --duration 10
cgctl create $G cpu.max=20% memory.max=16M memory.swap.max=0

probe cpu
cgctl run --name $G -- timeout 1 sh -c 'while :; do :; done' > /dev/null 2>&1
wait $P
equal "the probe ends well" 0 $?
source=$(jq -r .summary.source seen)
equal "it stands on tracepoints" tp_btf "$source"
check "threads were throttled" jq -e '[.threads[] | select(.throttle_count > 0 and .throttled_us > 0 and .run_us > 0)] | length > 0' seen
check "as the kernel has it" jq -e '.summary | .throttled_us > .kernel_throttled_us / 2 and .throttled_us < .kernel_throttled_us * 4' seen
check "the quota stands beside it" jq -e '.summary.quota_us == 20000 and .summary.period_us == 100000' seen

probe memory
cgctl run --name $G -- sh -c 's=0123456789abcdef; while :; do s=$s$s; done' > /dev/null 2>&1
wait $P
check "limit hits with process and limit" jq -e '[.hits[] | select(.hit_count > 0 and .limit_bytes == 16777216 and (.limit_group | endswith("'$G'")))] | length > 0' seen
check "the OOM kill" jq -e '.oom_kills | length > 0 and .[0].comm == "sh" and .[0].limit_bytes == 16777216 and .[0].usage_bytes <= 16777216' seen
check "what the victim held is less than the limit" jq -e '.oom_kills[0].anon_bytes <= 16777216' seen

# The limit is the parent's. A pair of groups of its own: on v2 a group whose children have
# controllers can't hold processes itself, as the next tests want it of $G.
G1=$G G=rf-q$$
cgctl create $G memory.max=16M memory.swap.max=0
cgctl create $G/leaf memory.max=max
probe memory
cgctl run --name $G/leaf -- sh -c 's=0123456789abcdef; while :; do s=$s$s; done' > /dev/null 2>&1
wait $P
check "the limiting ancestor is named" jq -e '.oom_kills[0] | (.group | endswith("leaf")) and (.limit_group | endswith("'$G'"))' seen
cgctl delete -r --kill $G
G=$G1

probe cpu --source files
cgctl run --name $G -- timeout 1 sh -c 'while :; do :; done' > /dev/null 2>&1
wait $P
check "files alone know the group" jq -e '.summary.source == "files" and .summary.kernel_throttled_us > 0 and (.threads | length) == 0' seen
RINGFENCE_FAULT='bpf_load=EPERM!' probe cpu
cgctl run --name $G -- timeout 1 sh -c "while :; do :; done" > /dev/null 2>&1
wait $P
check "refused programs fall back to files, and it says why" jq -e '.summary.source == "files" and .summary.why_files != null' seen

cgprobe cpu --group $G --json --duration 1h > seen 2> probe.err & P=$!
await 10 grep -q . /proc/$P/comm
sleep 0.3
kill -TERM $P
wait $P
equal "SIGTERM ends it with its report" 0 "$(jq -e .summary seen > /dev/null; echo $?)"
refuse "without privilege, by eBPF alone" 1 '[Pp]ermi|CAP_|EPERM' setpriv --bounding-set=-all --inh-caps=-all --reuid 65534 --clear-groups cgprobe cpu --source tp_btf --group $G --duration 10ms
cgctl delete -r --kill $G
finish
