#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cgctl watch: events of groups as they happen.
. "$(dirname "$0")/lib.sh"

top=rf-watch-$$
cgctl create $top 2> .err || skip_all "no groups can be made here: $(cat .err)"
trap 'cgctl delete -r --kill $top > /dev/null 2>&1; cd /; rm -rf "$T"' EXIT

refuse "a trigger in another form" 2 'is not \[cpu\|memory\|io\|irq\] some\|full' cgctl watch --psi 'some 1' $top
refuse "a resource that is none" 2 'is not \[cpu' cgctl watch --psi 'disk some 1ms 2s' $top
refuse "a time without a unit" 2 'is not \[cpu' cgctl watch --psi 'cpu some 150 2s' $top
refuse "a window that is too long" 2 'at most 10 s' cgctl watch --psi 'cpu some 1s 11s' $top
refuse "a stall longer than the window" 2 'at most the window' cgctl watch --psi 'cpu some 3s 2s' $top
refuse "no stall at all" 2 'more than nothing' cgctl watch --psi 'cpu some 0ms 2s' $top
refuse "a group that is not there" 1 'no such group' cgctl watch rf-none
refuse "no group" 2 'GROUP' cgctl watch
cgctl watch --timeout 50ms $top; equal "nothing happens" 1 $?

# begin OPTION…: in the background, until it waits (poll(2) is 7). What it says is in ./said.
waits() { local p nr; p=$(pgrep -P $watcher); [ -n "$p" ] && read -r nr _ < "/proc/$p/syscall" && [ "$nr" = 7 ]; }
begin() { : > said; timeout 120 cgctl watch "$@" > said 2> watcher.err & watcher=$!; await 20 waits; }
end() { kill $watcher 2> /dev/null; wait $watcher 2> /dev/null; }
says() { check "$1" await 10 grep -Eq "$2" said; }

begin $top
cgctl create $top/a; says "a group that is made" "/$top/a made$"
cgctl delete $top/a; says "and removed" "/$top/a removed$"
end

begin $top
given "no pids controller here" sh -c "cgctl set $top pids.max=1"
cgctl run --name $top -- sh -c '(:) & (:) & wait' > /dev/null 2>&1
given "only cgroup v2 tells that pids.events has changed" sh -c "[ -z '$SKIP_WHY' ] && [ $(cgroup_mode) = v2 ] && cgctl get $top pids.events"
says "a fork that was refused" "/$top pids.events max: [0-9]+ -> [0-9]+$"
given; cgctl set $top pids.max=max 2> /dev/null
end

given "no memory controller here" sh -c "cgctl set $top memory.max=8M memory.swap.max=0 || cgctl set $top memory.max=8M; cgctl get $top memory.max | grep -q 8388608"
begin $top
cgctl run --name $top -- python3 -c 'b = bytearray(100 << 20)' > /dev/null 2>&1
says "a kill for memory, or that the limit is reached" "/$top (memory.events oom_kill: [0-9]+ -> [0-9]+|memory.oom_control under_oom)"
end
given

given "populated is counted on cgroup v2" sh -c "cgctl get $top cgroup.events"
begin $top
cgctl run --name $top true
says "a group that is populated" "/$top cgroup.events populated: 0 -> 1$"
says "and empty again" "/$top cgroup.events populated: 1 -> 0$"
end
given

# --- what is done with them
given "jq is not installed" command -v jq
begin --json -n 2 $top
cgctl create $top/b; cgctl delete $top/b
wait $watcher
equal "-n ends it" 0 $?
equal "--json" "made /$top/b|removed /$top/b" "$(jq -r '"\(.kind) \(.group)"' said | paste -sd'|')"
given
begin -n 1 --exec 'echo "$RF_GROUP $RF_EVENT" > ran' $top
cgctl create $top/c
wait $watcher
equal "--exec has the event in its environment" "/$top/c made" "$(cat ran)"
begin -n 1 --exec 'exit 3' $top
cgctl delete $top/c
wait $watcher
equal "its failure is no end" 0 $?
check "but is told" grep -q 'ended with exit code 3' watcher.err

begin $top
cgctl delete $top
wait $watcher
equal "when the last group is gone, it ends" 0 $?
check "and says so" grep -q "/$top removed" said
cgctl create $top

# --- pressure
given "no pressure is counted for groups here" sh -c "cgctl get $top cpu.pressure"
fires() {
	local burners='' i
	begin -n 1 --psi 'cpu some 10ms 2s' $top
	for i in 1 2 3 4; do cgctl run --name $top -- timeout 60 sh -c 'while :; do :; done' & burners="$burners $!"; done
	await 60 grep -q "/$top cpu some: waited" said
	i=$?
	kill $burners; wait $burners 2> /dev/null
	end
	return $i
}
check "a trigger fires" fires
plain() { if root; then setpriv --bounding-set=-sys_resource "$@"; else "$@"; fi; }
refuse "a window that needs privilege" 1 'without CAP_SYS_RESOURCE it must be a multiple of 2 s' plain cgctl watch --psi 'cpu some 10ms 3s' $top
given

cgctl delete -r --kill $top
finish
