#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What libcgroup's tools are known to do wrong, beside cgctl: the same is asked of both, and cgctl
# has to do it right whether or not they do.
. "$(dirname "$0")/lib.sh"
host_only

root || skip_all "needs root to make control groups"
G=rf-l$$
dirs() { find /sys/fs/cgroup -type d -name "$1" 2> /dev/null; }

# --- errors: group, key, value and cause, never "Success" and never a code out of the library
cgctl create -c memory -c pids $G memory.max=64M pids.max=50 2> /dev/null
for call in "set $G memory.max=64Q" "set $G pids.max=x" "set rf-none$$ pids.max=5" "get $G no.such" "get rf-none$$ pids.max" "delete rf-none$$" "move $G 4194303"; do
	# shellcheck disable=SC2086
	cgctl $call > "$T/out" 2> "$T/err"; code=$?
	equal "cgctl $call: exits 1 or 2" yes "$([ $code = 1 ] || [ $code = 2 ] && echo yes)"
	equal "cgctl $call: does not say Success" "" "$(grep -i success "$T/err")"
	check "cgctl $call: names what it is about" grep -Eq "$G|rf-none$$|memory.max|pids.max|no.such|4194303" "$T/err"
done
check "as nobody the cause is told, not that the parameter is missing" sh -c "setpriv --reuid 65534 --regid 65534 --clear-groups $O/tools/cgctl set $G pids.max=5 2>&1 | grep -q 'Permission denied'"
given "cgroup-tools and v1 are not both here" sh -c "command -v cgset && [ -d /sys/fs/cgroup/pids ]"
check "libcgroup as nobody says what is not so, or has been mended" sh -c "setpriv --reuid 65534 --regid 65534 --clear-groups cgset -r pids.max=5 $G > $T/lc 2>&1; grep -Eq 'does not exist|[Pp]ermission denied' $T/lc"
given

# --- a group in two hierarchies is removed from both (cgdelete -g A,B:x leaves B and exits 0)
check "delete" cgctl delete $G
equal "it is nowhere" "" "$(dirs $G)"
given "cgroup-tools and v1's memory and pids are not all here" sh -c "command -v cgdelete && [ -d /sys/fs/cgroup/memory ] && [ -d /sys/fs/cgroup/pids ]"
cgcreate -g memory,pids:$G 2> /dev/null
cgdelete -g memory,pids:$G > /dev/null 2>&1; LC=$(dirs $G)
check "cgctl removes what cgdelete has left, if it has" sh -c "[ -z '$LC' ] || cgctl delete $G"
equal "it is nowhere now" "" "$(dirs $G)"
given

# --- a process of 200 threads is one write (libcgroup: one for each thread, and the threads that start meanwhile stay)
cgctl create -c pids $G pids.max=1000
python3 -c 'import threading, time
for _ in range(199): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
print("ready", flush=True); time.sleep(1000)' > "$T/ready" & P=$!
await 10 grep -q ready "$T/ready"
RINGFENCE_TRACE="$T/trace" cgctl move $G $P
equal "one write in each hierarchy that has the group" "$(dirs $G | wc -l)" "$(grep -c '^write	' "$T/trace")"
equal "and all 200 threads are in it" 200 "$(cat /proc/$P/task/*/cgroup | grep -c "$G\$" | awk -v d="$(dirs $G | wc -l)" '{print $1 / d}')"
given "cgroup-tools, strace and v1 are not all here" sh -c "command -v cgclassify && command -v strace && [ -d /sys/fs/cgroup/pids ]"
strace -f -e trace=write,openat -o "$T/strace" cgclassify -g pids:$G $P > /dev/null 2>&1
check "cgclassify's writes are no fewer" sh -c "[ \$(grep -c 'write(.*\"[0-9]*' $T/strace) -ge 1 ]"
echo "# writes of cgclassify for 200 threads: $(grep -cE 'write\([0-9]+, "[0-9]+' "$T/strace")"
given
kill -9 $P; wait $P 2> /dev/null
cgctl delete $G

# --- order and all or nothing: the first value does not stay where the second is bad
cgctl create -c memory -c pids $G memory.max=64M pids.max=50 2> /dev/null
value() { cgctl get --json $G "$1" | jq -r ".values[\"$1\"]"; }
cgctl set $G pids.max=20 memory.max=64Q > /dev/null 2>&1
equal "a bad second value: the first is as it was" 50 "$(value pids.max)"
RINGFENCE_FAULT='write:*pids.max=EINVAL' cgctl set $G memory.max=32M pids.max=20 > /dev/null 2>&1
equal "a refused second write: the first is as it was" $((64 << 20)) "$(value memory.max)"
given "cgroup-tools and v1's memory are not both here" sh -c "command -v cgset && [ -d /sys/fs/cgroup/memory ]"
cgset -r memory.limit_in_bytes=32M -r memory.memsw.limit_in_bytes=1 $G > /dev/null 2>&1
echo "# after a failed cgset of two values the first is $(value memory.max) (was $((64 << 20)))"
check "cgctl puts it right" cgctl set $G memory.max=64M
given "v1's memory is not here, or counts no swap" sh -c "[ -e /sys/fs/cgroup/memory/$G/memory.memsw.limit_in_bytes ]"
# memory.memsw must be raised before and lowered after memory.limit, in whatever order they are given.
check "both limits up, the sum given last" cgctl set $G memory.max=128M memory.swap.max=64M
check "both down, the sum given first" cgctl set $G memory.swap.max=16M memory.max=32M
equal "the sum is right" $((48 << 20)) "$(cat /sys/fs/cgroup/memory/$G/memory.memsw.limit_in_bytes)"
given
cgctl delete $G

# --- what is printed restores (cgsnapshot's output has read-only keys, and is refused as a whole)
cgctl create -c memory -c pids $G memory.max=64M pids.max=50 2> /dev/null
cgctl export $G > "$T/conf"
check "no key of the export is read-only" sh -c "! grep -E 'current|usage_in_bytes|\.stat|events' $T/conf"
cgctl delete $G
check "the export makes the group again" cgctl import --apply "$T/conf"
equal "with its values" "50 $((64 << 20))" "$(value pids.max) $(value memory.max)"
given "cgroup-tools and v1's memory and pids are not all here" sh -c "command -v cgconfigparser && [ -d /sys/fs/cgroup/memory ] && [ -d /sys/fs/cgroup/pids ]"
cgctl delete $G
check "libcgroup reads what cgctl writes" cgconfigparser -l "$T/conf"
equal "to the same values" "50 $((64 << 20))" "$(value pids.max) $(value memory.max)"
given
cgctl delete $G
finish
