#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Eight processes set values of one group at the same time: each set is all there, or not at all.
. "$(dirname "$0")/lib.sh"

root || skip_all "needs root to make control groups"
G=rf-s$$ WRITERS=8 ROUNDS=25
cgctl create -c memory -c pids $G memory.max=100M pids.max=100 2> /dev/null

# A pair of values that belong together: pids.max=N and memory.max=N mebibytes.
writer() {
	for i in $(seq $ROUNDS); do
		n=$((100 + $1 * ROUNDS + i))
		cgctl set $G memory.max=${n}M pids.max=$n >> "$T/out.$1" 2>&1 || echo "exit $?" >> "$T/out.$1"
	done
}
for w in $(seq $WRITERS); do writer "$w" & done
look() { cgctl get --json $G memory.max pids.max | jq -e '.values | .["memory.max"] == .["pids.max"] * 1048576' > /dev/null; }
wait
equal "no set has failed" "" "$(cat "$T"/out.* 2> /dev/null)"
check "the values of one and the same set stand there" look
equal "and are one of those that were set last" yes "$(n=$(cgctl get --json $G pids.max | jq '.values["pids.max"]'); for w in $(seq $WRITERS); do [ "$n" = $((100 + w * ROUNDS + ROUNDS)) ] && echo yes; done)"

# Sets that fail half-way among sets that don't: what they wrote first is never left.
failing() { for i in $(seq $ROUNDS); do RINGFENCE_FAULT='write:*pids.max=EIO' cgctl set $G memory.max=$((900 + $1))M pids.max=$((900 + $1)) > /dev/null 2>&1 && echo "did not fail"; done; }
for w in 1 2 3 4; do failing "$w" >> "$T/failing" & writer "$w" & done
wait
equal "those that shall fail do" "" "$(cat "$T/failing")"
equal "and no other" "" "$(cat "$T"/out.* 2> /dev/null)"
check "nothing of them is left" look

# The lock is on each hierarchy that has one of the keys: whoever sets one of them alone waits for who sets several.
lock_of() { for d in /sys/fs/cgroup/$G /sys/fs/cgroup/"$1"/$G /sys/fs/cgroup/unified/$G; do [ ! -d "$d" ] || { echo "$d/cgroup.procs"; return; }; done; }
waits() { flock "$(lock_of "$1")" timeout 1 cgctl set $G "${@:2}"; [ $? = 124 ]; }
check "one key waits for its hierarchy's lock" waits pids pids.max=90
check "several keys wait for the lock of each" waits pids memory.max=100M pids.max=90
check "of the other one, too" waits memory memory.max=100M pids.max=90
check "nothing was written meanwhile" look
check "and a free lock is taken" cgctl set $G memory.max=100M pids.max=100
cgctl delete $G
finish
