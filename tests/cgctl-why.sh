#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cgctl why: on kept logs, on this system; and what the doctor says of it.
. "$(dirname "$0")/lib.sh"

DATA=$TOP/tests/data

# --- the doctor
check "the doctor of this system, as anybody" sh -c 'cgctl doctor --json > out.json; [ $? -le 1 ] && jq -e "type == \"array\"" out.json'
check "and without a newer call" sh -c 'RINGFENCE_FAULT="openat2=ENOSYS!" cgctl doctor --json > out.json; [ $? -le 1 ] && jq -e "type == \"array\"" out.json'

# --- why --oom on kept logs
for log in v1-6.18 v1-6.18-parent; do
	check "a kill of $log" sh -c "cgctl why --oom --json --log $DATA/oom/$log | jq -e '.constraint == \"CONSTRAINT_MEMCG\" and .pid > 0 and .anon_bytes > 0 and .limit_bytes > 0 and (.tasks | length) > 0 and .name == \"python3\"'"
done
check "it is the limit of the group above" sh -c "cgctl why --oom --json --log $DATA/oom/v1-6.18-parent | jq -e '.limit_group != .group and (.group | startswith(\$ARGS.positional[0] // \"/\"))'"
prints "in words" 'Killed: [0-9]+ \(python3\), by the memory limit of /rf-why' cgctl why --oom --log "$DATA/oom/v1-6.18-parent"
prints "with who was there" 'python3  <- killed' cgctl why --oom --log "$DATA/oom/v1-6.18-parent"
prints "and what to do" 'cgctl set /rf-why[0-9]+ memory.max=[0-9]+' cgctl why --oom --log "$DATA/oom/v1-6.18-parent"
echo 'nothing of the kind' > empty
check "a log without a kill is a no" sh -c 'cgctl why --oom --log empty > out; [ $? -eq 1 ] && grep -q "no kill" out'
check "and null" sh -c 'cgctl why --oom --json --log empty > out; [ $? -eq 1 ] && [ "$(cat out)" = null ]'
refuse "a log that is not there" 1 'No such file' cgctl why --oom --log nosuch
refuse "a log that can't be read" 1 "kernel's log.*not permitted" env RINGFENCE_FAULT='openat:/dev/kmsg=EPERM' cgctl why --oom

# --- why
refuse "nothing asked" 2 'process id or a group' cgctl why
refuse "a process that is not there" 1 'no such process' cgctl why 2147483646
refuse "a number that is no process" 2 'no process id' cgctl why 99999999999
refuse "a group that is not there" 1 'no hierarchy has this group' cgctl why /nosuch
# The root of v2 has no limits.
check "this process" sh -c 'cgctl why --json $$ | jq -e ".pid == $$ and (.answer | length) > 0 and (.group == \"/\" or (.limits | length) > 0)"'
check "as an ordinary user" nobody sh -c 'cgctl why --json $$ | jq -e ".pid == $$"'
check "a log that can't be read is told, and the rest too" sh -c 'RINGFENCE_FAULT="openat:/dev/kmsg=EPERM" cgctl why / > out && grep -q "log can.t be read" out && grep -q "processes, the largest" out'

given "needs root to make control groups" root
G=rf-y$$
root && cgctl create -c memory -c pids -c cpu $G/b memory.max=64M pids.max=30 2> /dev/null
root && cgctl set $G memory.max=16M pids.max=10 > /dev/null
limit() { cgctl why --json "$1" | jq -e --arg k "$2" --arg f "$3" ".limits[] | select(.key == \$k) | .[\$f]" | tr -d '"'; }
equal "the lower limit is the one above" "/$G" "$(limit $G/b memory.max set_by)"
equal "its number" 16777216 "$(limit $G/b memory.max limit_bytes)"
equal "of processes, too" "/$G 10" "$(limit $G/b pids.max set_by) $(limit $G/b pids.max limit)"
equal "the command names that group" "cgctl set /$G pids.max=21" "$(limit $G/b pids.max command)"
check "one that is lower below is its own" sh -c "cgctl set $G/b pids.max=4 && cgctl why --json $G/b | jq -e '.limits[] | select(.key == \"pids.max\") | .set_by == \"/$G/b\" and .limit == 4'"
# Which files there are not is learnt from one group: it must not be held against others that have them.
root && cgctl create -c pids $G/a
check "the doctor looks into every group for what another one lacks" sh -c "cgctl doctor --json --only memory-above-ancestor $G > out; [ \$? -eq 1 ] && jq -e 'map(.group) == [\"/$G/b\"]' out"
root && cgctl delete $G/a
sleep 1000 & A=$!
root && cgctl move $G/b $A
check "a process by its number" sh -c "cgctl why --json $A | jq -e '.group == \"/$G/b\" and .pid == $A and .name == \"sleep\" and .processes[0].name == \"sleep\"'"
given "this system can't freeze here" sh -c "root() { [ \$(id -u) = 0 ]; }; root && cgctl freeze $G"
prints "frozen by the group above" "^Frozen: /$G " cgctl why $G/b
check "the doctor sees it" sh -c "cgctl doctor --json --only frozen-waiting $G > out; [ \$? -eq 1 ] && jq -e '.[0].group == \"/$G\"' out"
cgctl thaw $G > /dev/null 2>&1
given "needs root to make control groups" root
kill -9 $A; wait $A 2> /dev/null
given "no group can be limited in memory here" sh -c "[ \$(id -u) = 0 ] && cgctl get $G/b memory.max"
root && cgctl set $G/b pids.max=max > /dev/null
# With swap to go to it would take long to die.
root && cgctl set $G memory.swap.max=0 > /dev/null 2>&1
root && (exec 2> /dev/null; timeout 60 cgctl run --name $G/b -- python3 -c 'b = [bytearray(1 << 20) for i in range(400)]' > /dev/null; true)
prints "a kill comes first" "^Killed: 1 process for want of memory" cgctl why $G/b
check "the doctor sees the kill" sh -c "cgctl doctor --json --only oom-kills $G > out; [ \$? -eq 1 ] && jq -e '.[0].group == \"/$G/b\"' out"
given "the kernel's log can't be read here" sh -c "[ \$(id -u) = 0 ] && cgctl why --oom $G/b"
check "whose limit, and who" sh -c "cgctl why --json $G/b | jq -e '.kills[0] | .limit_group == \"/$G\" and .group == \"/$G/b\" and .name == \"python3\" and .limit_bytes == 16777216 and (.tasks | length) > 0'"
prints "the same by --oom" "by the memory limit of /$G" cgctl why --oom $G/b
given
root && cgctl delete -r $G > /dev/null 2>&1
finish
