#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsls as a user runs it: what it sees, by whom it is held, what two processes share.
. "$(dirname "$0")/lib.sh"

chmod 755 "$T"
if ! nsrun -r true 2> "$T/.err"; then skip_all "no user namespaces here: $(cat "$T/.err")"; fi
ns() { readlink "/proc/$1/ns/$2" | tr -dc 0-9; }
mkdir -m 777 pub; chmod 777 pub
nsrun -a -r --no-init sh -c 'echo > '"$T"'/pub/up; exec sleep 1000' < /dev/null > .start 2>&1 & HOLDER=$!
trap 'kill -9 $HOLDER 2> /dev/null; cd /; rm -rf "$T"' EXIT
await 20 test -s pub/up || { echo "# no target: $(cat .start)"; exit 1; }
TARGET=$(pgrep -P $HOLDER)

# --- usage
refuse "an unknown kind" 2 '--type: "xyz" is not user, mnt' nsls -t xyz
refuse "an unknown column" 2 '--output: "SIZE" is no column' nsls -o NS,SIZE
refuse "a relation that is none" 2 'tree: "aunt" is not' nsls --tree=aunt
refuse "no pid" 2 '"x" is neither a pid nor self' nsls diff x 1
refuse "one process alone" 2 'missing argument' nsls diff 1
refuse "no such process" 1 'no process has this pid here' nsls diff 4194000 self
refuse "no such process for --task" 1 'no process has this pid' nsls -p 4194000
refuse "no number" 2 'is not the number of a namespace' nsls net
refuse "a full disk" 1 'No space left' sh -c 'nsls > /dev/full'
prints "help" 'diff PID PID' nsls --help

# --- the list
for kind in user mnt pid net ipc uts cgroup time; do
	prints "the target's $kind namespace is listed" "^ *$(ns "$TARGET" $kind) +$kind +1 +$TARGET +.* sleep 1000\$" nsls -t $kind
	prints "and by -p" "^ *$(ns "$TARGET" $kind) +$kind" nsls -p "$TARGET"
done
equal "-p lists eight" 8 "$(nsls -n -p "$TARGET" | wc -l)"
equal "two kinds" "net uts" "$(nsls -n -o TYPE -t net,uts | sort -u | xargs)"
equal "by the options' names, too" mnt "$(nsls -n -o TYPE -t mount | sort -u)"
equal "columns as chosen" "NPROCS TYPE" "$(nsls -o NPROCS,TYPE | head -1 | xargs)"
equal "columns added" "NS TYPE NPROCS PID USER COMMAND PATH HELD" "$(nsls -o +PATH,held | head -1 | xargs)"
given "jq is not installed" command -v jq
check "JSON" sh -c "nsls -J -o all | jq -e 'length >= 16 and all(.ns > 0 and (.type | length) > 2) and any(.ns == $(ns "$TARGET" net) and .nprocs == 1 and .pid == $TARGET and .held_by == \"process\" and .command == \"sleep 1000\")'"
given "util-linux's lsns is not installed" sh -c 'command -v lsns && command -v jq'
equal "the same namespaces as lsns" "$([ -n "$SKIP_WHY" ] || lsns -n -o NS -p "$TARGET" | sort -n | xargs)" "$([ -n "$SKIP_WHY" ] || nsls -n -o NS -p "$TARGET" | sort -n | xargs)"
given
prints "the processes of one" "^ *$TARGET +[0-9]+ +[^ ]+ +sleep 1000\$" nsls "$(ns "$TARGET" net)"
check "of a number that nobody has: nothing, and exit 1" sh -c '! nsls 77'

# --- relations
own=$(ns self user)
prints "its user namespace belongs to ours" "^ *$(ns "$TARGET" user) +user +$own +$own\$" nsls -o NS,TYPE,ONS,PNS -p "$TARGET"
prints "its network to its user namespace" "^ *$(ns "$TARGET" net) +net +$(ns "$TARGET" user) +-\$" nsls -o NS,TYPE,ONS,PNS -p "$TARGET"
prints "its pid namespace is below ours" "^ *$(ns "$TARGET" pid) +pid +$(ns "$TARGET" user) +$(ns self pid)\$" nsls -o NS,TYPE,ONS,PNS -p "$TARGET"
nsls -T -o NS,TYPE > tree
check "in the tree of owners it stands below" awk -v user="$(ns "$TARGET" user)" -v net="$(ns "$TARGET" net)" '$1 == user { u = NR; d = index($0, "user") } $1 == net { exit !(u && NR > u && index($0, "net") > d) } ' tree
equal "a tree has them all" "$(nsls -n -o NS | sort | xargs)" "$(nsls -n -T -o NS --no-descriptors | sort | xargs)"

# --- without a process
given "needs root: bind mounts" root
held=none keeper=none number=none
if [ -z "$SKIP_WHY" ]; then
	touch pin; number=$(ns "$TARGET" uts)
	mount --bind "/proc/$TARGET/ns/uts" "$T/pin"
	netns=$(python3 - << 'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None)
own = os.open("/proc/self/ns/net", os.O_RDONLY)
libc.unshare(0x40000000)
held = os.open("/proc/self/ns/net", os.O_RDONLY)
libc.setns(own, 0)
pid = os.fork()
if pid == 0:
    os.close(1)
    os.execvp("sleep", ["sleep", "300"]) if os.set_inheritable(held, True) is None else None
print(pid, os.fstat(held).st_ino)
PY
)
	keeper=${netns% *} held=${netns#* }
fi
prints "one that a descriptor holds" "^ *$held +net +0 +$keeper .*/proc/$keeper/fd/[0-9]+ +descriptor\$" nsls -o NS,TYPE,NPROCS,PID,PATH,HELD
equal "is not seen without looking at descriptors" 0 "$(nsls -n --no-descriptors -o NS | grep -c "$held")"
prints "it has no process" "^ *$held" nsls -P
[ -n "$SKIP_WHY" ] || kill "$keeper"
[ -n "$SKIP_WHY" ] || { kill -9 $HOLDER; wait $HOLDER 2> /dev/null; await 10 sh -c "! [ -e /proc/$TARGET ]"; }
prints "one that is mounted and outlives its process" "^ *$number +uts +0 +- +- +- +$T/pin +mount\$" nsls -o +PATH,HELD -t uts
prints "can be joined there" "^$number\$" sh -c "nsjoin --uts=$T/pin readlink /proc/self/ns/uts | tr -dc 0-9"
prints "the user namespace it belongs to lives on by it" "user +0 .* child\$" nsls -T -o +HELD
[ -n "$SKIP_WHY" ] || umount pin
given
root || { kill -9 $HOLDER; wait $HOLDER 2> /dev/null; }

# --- two processes
nsrun -r -u -n --no-init sh -c 'echo > '"$T"'/pub/up2; exec sleep 1000' < /dev/null > .start 2>&1 & HOLDER=$!
await 20 test -s pub/up2
TARGET=$HOLDER
prints "diff: shared, and what it means" '^mnt +[0-9]+ +[0-9]+ +yes +A mount by one is seen by the other' sh -c "nsls diff self $TARGET; true"
prints "diff: not shared" '^net +[0-9]+ +[0-9]+ +no +Each has interfaces' sh -c "nsls diff self $TARGET; true"
check "exit 1 where they differ" sh -c "nsls diff self $TARGET; [ \$? = 1 ]"
check "exit 0 where they don't" nsls diff self $$
check "as JSON" sh -c "nsls diff -J self $TARGET | jq -e 'length == 8 and (map(select(.shared | not) | .type) | sort) == [\"net\", \"user\", \"uts\"]'"
prints "why: what differs" '^uts .*Each may have a host name of its own' sh -c "nsls why $TARGET; true"
prints "why: how to get there" "nsjoin -t $TARGET --all" sh -c "nsls why $TARGET; true"
equal "why: nothing that is shared" 0 "$(nsls why "$TARGET" | grep -c '^mnt ')"
prints "limits" '^net +[0-9]+ +[0-9]+ +[0-9]+ +user.max_net_namespaces' nsls limits
kill -9 $HOLDER; wait $HOLDER 2> /dev/null

finish
