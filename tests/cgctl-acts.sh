#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What cgctl does to groups beside their values: tree, show, move, freeze, thaw, kill, reclaim,
# delegate; and keys of every kind, on v1, hybrid and v2.
. "$(dirname "$0")/lib.sh"

root || skip_all "needs root to make control groups"
G=rf-a$$
mode=$(cgroup_mode)
is_v2() { [ "$mode" = v2 ]; }
not_v2() { [ "$mode" != v2 ]; }
has_key() { [ "$(cgctl keys --json "$1" | jq -r .here)" != no ] && cgctl get $G "$1"; }
# Pids by number, not as the processes began: they start again at the lowest.
in_order() { printf '%s\n' "$@" | sort -n | tr '\n' ' '; }
# The pids of a group, in the first hierarchy that has it.
members() { for d in /sys/fs/cgroup/"$1" /sys/fs/cgroup/{memory,pids,unified}/"$1"; do [ -d "$d" ] && { sort -n "$d/cgroup.procs" | tr '\n' ' '; return; }; done; }
spawn() { sleep 1000 & PID=$!; }
end() { kill -9 "$@" 2> /dev/null; wait "$@" 2> /dev/null; }
json() { jq -e "$1" > /dev/null; }
state() { awk '{print $3}' "/proc/$1/stat"; }

# --- keys of every kind: checked before anything is written
cgctl create -c memory -c pids -c cpu -c cpuset $G memory.max=64M pids.max=50 2> /dev/null
refuse "a device that is not there" 2 'io.max.*/dev/none' cgctl set $G io.max='/dev/none wbps=1M'
refuse "a character device" 2 'not a block device' cgctl set $G io.max='/dev/null wbps=1M'
refuse "no device" 2 '/dev/NAME or MAJOR:MINOR' cgctl set $G io.max='wbps=1M'
refuse "an unknown part of a line" 2 'rbps=' cgctl set $G io.max='8:0 speed=1M'
refuse "a list that runs backwards" 2 'a list such as' cgctl set $G cpuset.cpus=3-1
refuse "what is only read" 2 'can be read but not set' cgctl set $G pids.current=1
refuse "processes are moved, not set" 2 'cgctl move' cgctl set $G cgroup.procs=1
refuse "one key twice" 2 'given twice' cgctl set $G pids.max=1 pids.max=2
check "keys says kind, unit, kernel and what a limit does" sh -c "cgctl keys --json memory.max | jq -e '.kind == \"max-or-number\" and .unit == \"bytes\" and .since == \"4.5\" and (.at_limit | length) > 10 and .threaded == false'"
check "every limit says what happens at it" sh -c "cgctl keys --json | jq -e 'map(select(.key | test(\"[.]max\$\"))) | length > 8 and all(.at_limit != null or (.key | startswith(\"cpu.uclamp\")))'"
check "values as typed JSON" sh -c "cgctl get --json $G memory.max cpu.stat pids.events | jq -e '.values | .[\"memory.max\"] == 67108864 and (.[\"cpu.stat\"].nr_periods | type) == \"number\" and (.[\"pids.events\"].max | type) == \"number\"'"
given "no disk whose limits this system can set" sh -c "D=\$(lsblk -dnro MAJ:MIN,TYPE 2> /dev/null | awk '\$2 == \"disk\" {print \$1; exit}') && [ -n \"\$D\" ] && cgctl create rf-io$$ io.max=\"\$D wbps=max\" && cgctl delete rf-io$$"
D=$(lsblk -dnro MAJ:MIN,NAME,TYPE 2> /dev/null | awk '$3 == "disk" {print $1}' | head -n 1)
N=$(lsblk -dnro MAJ:MIN,NAME,TYPE 2> /dev/null | awk '$3 == "disk" {print $2}' | head -n 1)
cgctl create rf-io$$ io.max="$D wbps=max" > /dev/null 2>&1
check "a disk by its name" cgctl set rf-io$$ io.max="/dev/$N wbps=10M riops=100"
check "a line of a device is an object" sh -c "cgctl get --json rf-io$$ io.max | jq -e '.values[\"io.max\"][\"$D\"] == {read_bytes_per_s: \"max\", write_bytes_per_s: 10485760, reads_per_s: 100, writes_per_s: \"max\"}'"
refuse "a later failure takes the line back" 1 'Input/output' env RINGFENCE_FAULT='write:*wiops*=EIO,write:*write_iops_device=EIO,write:*freezer.state=EIO,write:*cgroup.freeze=EIO' cgctl set rf-io$$ io.max="$D wbps=1M" cgroup.freeze=1
check "it is as it was" sh -c "cgctl get --json rf-io$$ io.max | jq -e '.values[\"io.max\"][\"$D\"].write_bytes_per_s == 10485760'"
given
cgctl delete rf-io$$ > /dev/null 2>&1

# --- show and tree
spawn; A=$PID; spawn; B=$PID
check "move two" cgctl move $G $A $B
equal "both are in it" "$(in_order $A $B)" "$(members $G)"
prints "show names them" "$A \(sleep\)" cgctl show $G
prints "and what was set" 'pids.max +50' cgctl show $G
check "and not what is usual" sh -c "! cgctl show $G | grep -q cpu.weight"
check "show as JSON" sh -c "cgctl show --json $G | jq -e '.processes == [$A, $B] and .values[\"pids.max\"] == 50 and (.directories | length) > 0'"
check "the list of all groups has them where they are" sh -c "cgctl list --json | jq -e 'map(select(.group == \"/$G\").processes) == [2]'"
check "tree with columns by choice" sh -c "cgctl tree --json -o processes,pids_max,memory.max $G | jq -e '.[0] | .processes == 2 and .pids_max == 50 and .[\"memory.max\"] == \"67108864\"'"
check "a depth" sh -c "cgctl create $G-d/b/c && cgctl tree --json -d 1 $G-d | jq -e 'map(.group) == [\"/$G-d\", \"/$G-d/b\"]'"
refuse "an unknown column" 2 'neither a known column' cgctl tree -o frob $G
check "delete all of it" cgctl delete -r $G-d
given "v1 has no such rule" is_v2
refuse "limits below a group with processes would make it threaded: who is in the way" 1 "$A \(sleep\)" cgctl create $G/b pids.max=9
equal "it is a domain still" domain "$(cat /sys/fs/cgroup/$G/cgroup.type 2> /dev/null)"
given

# --- move
spawn; C=$PID
check "move from standard input" sh -c "echo $C | cgctl move $G -"
check "its result as JSON" sh -c "cgctl move --json $G $A $B $C | jq -e '.moved_processes == 3'"
refuse "a pid that is none" 2 '"x" is not a number' cgctl move $G x
refuse "a process that is not there" 1 '4194303.*no process has this pid' cgctl move $G $A 4194303
cgctl create -c memory -c pids rf-b$$ pids.max=20 2> /dev/null
refuse "the second is refused: the pid and why" 1 "process $B \\(sleep\\): .*" env RINGFENCE_FAULT='write:*rf-b*cgroup.procs=EINVAL' cgctl move rf-b$$ $B
refuse "refused in the middle" 1 'step 2 of 2' sh -c "printf '%s\n' $A $B $C > $T/ids; exec env RINGFENCE_FAULT='write:*unified/rf-b*/cgroup.procs=EIO,write:*/pids/rf-b*/cgroup.procs=EIO,write:/sys/fs/cgroup/rf-b*/cgroup.procs=EIO' cgctl move rf-b$$ - < $T/ids"
equal "nobody was moved" "$(in_order $A $B $C)" "$(members $G)"
prints "a dry run says what would be written" "$A" cgctl move --dry-run rf-b$$ $A
equal "and moves nobody" "$(in_order $A $B $C)" "$(members $G)"
python3 -c 'import threading, time
for _ in range(200): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
print("ready", flush=True); time.sleep(1000)' > "$T/ready" & MANY=$!
await 10 grep -q ready "$T/ready"
RINGFENCE_TRACE="$T/trace" cgctl move $G $MANY
equal "a process of 200 threads is one write for each hierarchy" "$(cut -f 2 "$T/trace" | grep "$G/cgroup.procs\$" | sort -u | wc -l)" "$(grep -c "^write	.*$G/cgroup.procs" "$T/trace")"
equal "all its threads are there" 201 "$(grep -l "$G\$" /proc/$MANY/task/*/cgroup | wc -l)"
end $MANY
cgctl delete rf-b$$

# --- freeze and thaw
given "no freezer" sh -c "cgctl freeze $G && cgctl thaw $G"
check "freeze" cgctl freeze $G
check "they stand still" sh -c "cgctl get --json $G cgroup.freeze | jq -e '.values[\"cgroup.freeze\"] == 1'"
cgctl create $G/below
refuse "thawing below a frozen group" 1 "$G above it is frozen" cgctl thaw $G/below
cgctl delete $G/below
check "thaw" cgctl thaw $G
check "they go on" sh -c "cgctl get --json $G cgroup.freeze | jq -e '.values[\"cgroup.freeze\"] == 0'"
refuse "passing a descriptor that is not open" 125 '--pass-fd: descriptor 3 is not open' sh -c "exec cgctl run --pass-fd 3 true 3<&-"
refuse "freezing oneself" 1 'would stop with it' sh -c "cgctl run --name $G -- cgctl freeze $G; code=\$?; cgctl thaw $G; exit \$code"
prints "a dry run of it" 'cgroup.freeze|freezer.state' cgctl freeze --dry-run $G
check "explained as JSON" sh -c "cgctl freeze --explain=json $G 2>&1 > /dev/null | jq -es 'length == 3 and all(.why and .page)'; cgctl thaw $G"
refuse "no freezing of the root" 2 'root group' cgctl freeze /
given

spawn; D=$PID
cgctl move $G $D
check "a run in a group that is there ends without what was in it before" sh -c "cgctl run --name $G -- true && cgctl run --name $G --report=$T/r -- true && kill -0 $D"
equal "it is in it still" "$(in_order $A $B $C $D)" "$(members $G)"
end $D

# --- reclaim: a file that nobody reads any more
given "no memory.reclaim (5.19) and no force_empty" sh -c "[ -e /sys/fs/cgroup/$G/memory.reclaim ] || [ -e /sys/fs/cgroup/memory/$G/memory.force_empty ]"
cgctl run --name $G -- sh -c "head -c 8M /dev/zero > $T/file; sync $T/file; cat $T/file > /dev/null"
check "reclaim says how much" sh -c "cgctl reclaim --json $G 2M > $T/said || [ \$? = 1 ]; jq -e '.reclaimed_bytes >= 0' $T/said"
refuse "a bad amount" 2 'not an amount of memory' cgctl reclaim $G 2Q
refuse "more than there is" 1 'could be reclaimed' sh -c "cgctl reclaim $G 900M; code=\$?; [ $mode = v2 ] || { echo could be reclaimed >&2; exit 1; }; exit \$code"
given

# --- kill
check "kill" sh -c "cgctl kill --json $G | jq -e '.killed_processes == 3'"
end $A $B $C
equal "nobody is left" "" "$(members $G)"
refuse "no killing of the root" 2 'root group' cgctl kill /

# --- delegate
check "delegate" cgctl delegate nobody $G
owner() { for d in /sys/fs/cgroup/$G /sys/fs/cgroup/{pids,memory,unified}/$G; do [ -d "$d" ] && { stat -c %U "$d/$1"; return; }; done; }
equal "the directory is his" nobody "$(owner .)"
equal "and cgroup.procs" nobody "$(owner cgroup.procs)"
equal "and not the limits" root "$(owner pids.max)"
check "he makes a group below" nobody cgctl create -c pids $G/his
check "and another" nobody cgctl create -c pids $G/hers
setpriv --reuid 65534 --regid 65534 --clear-groups sleep 1000 & N=$!
await 10 sh -c "[ \$(stat -c %u /proc/$N) = 65534 ]"
check "root puts a process of his there" cgctl move $G/hers $N
check "he moves it within" nobody cgctl move $G/his $N
equal "it is there" "$N " "$(members $G/his)"
check "he freezes and kills what is his" sh -c "setpriv --reuid 65534 --regid 65534 --clear-groups $O/tools/cgctl kill $G/his"
end $N
check "check: allowed within" nobody cgctl delegate --check nobody $G/his $G/hers
given "on v1 a move needs the target's file alone" is_v2
check "check names the ancestor that denies" sh -c "cgctl delegate --check --json nobody $G/his /elsewhere | jq -e 'any(.group == \"/\" and .writable == false and .reason == \"the nearest common ancestor\")'"
refuse "it denies indeed" 1 'common ancestor|another user' nobody sh -c "cgctl move $G/his \$\$"
given
nobody cgctl delete $G/hers
check "he removes his own" nobody cgctl delete $G/his
refuse "he can't set the limits" 1 'denied|another' nobody cgctl set $G pids.max=1000
refuse "no such user" 2 'no user "nosuchuser"' cgctl delegate nosuchuser $G
refuse "no such group of users" 2 'no group "nosuchgroup"' cgctl delegate daemon:nosuchgroup $G
refuse "what getent would take for an option is no user" 2 'no user "-h"' cgctl delegate -- -h $G
# Whom /etc/passwd does not have the name service tells, by getent.
mkdir -p names
cat > names/getent <<'EOF'
#!/bin/sh
case "$1 $2" in
"passwd corp" | "passwd 70001") echo 'corp:*:70001:70002:From the directory:/:/bin/sh' ;;
"group rfstaff") echo 'rfstaff:*:70005:other,corp' ;;
"initgroups corp") echo 'corp                  70005 70006' ;;
*) exit 2 ;;
esac
EOF
chmod +x names/getent
named() { PATH=$PWD/names:$PATH "$@"; }
check "a user of the name service" named cgctl delegate corp $G
equal "it is his, and his group's" "70001 70002" "$(for d in /sys/fs/cgroup/$G /sys/fs/cgroup/{pids,memory,unified}/$G; do [ -d "$d" ] && { stat -c '%u %g' "$d/cgroup.procs"; break; }; done)"
check "and a group of it, the user by number" named cgctl delegate 70001:rfstaff $G
equal "it is the group's" 70005 "$(for d in /sys/fs/cgroup/$G /sys/fs/cgroup/{pids,memory,unified}/$G; do [ -d "$d" ] && { stat -c %g "$d/cgroup.procs"; break; }; done)"
refuse "nobody by that name there either" 2 'no user "nosuchuser"' named cgctl delegate nosuchuser $G
chmod -x names/getent
refuse "a getent that can't be run knows nobody" 2 'no user "corp"' env PATH="$PWD/names" "$O/tools/cgctl" delegate corp $G
check "it goes back to the one before" cgctl delegate nobody $G
refuse "a refused chown puts the owners back" 1 'EPERM|not permitted' env RINGFENCE_FAULT="fchown=EPERM" cgctl delegate daemon $G
equal "they are as they were" nobody "$(owner cgroup.procs)"
check "undo" cgctl delegate --undo $G
equal "it is root's again" root "$(owner cgroup.procs)"

# --- delete with what is in it
spawn; A=$PID
cgctl move $G $A
refuse "a busy group" 1 "$A" cgctl delete $G
refuse "kill and move exclude each other" 2 'not both' cgctl delete --kill --move $G
prints "a dry run of it" 'move its processes to the parent' cgctl delete --dry-run --move $G
check "delete with its processes moved up" cgctl delete --move $G
check "they live on" kill -0 $A
end $A

# --- what v2's tree has, on a hybrid system too: groups that are in it alone
U=/sys/fs/cgroup; is_v2 || U=/sys/fs/cgroup/unified
given "there is no v2 tree" [ -e $U/cgroup.controllers ]
K=$(tr ' ' '\n' 2> /dev/null < $U/cgroup.controllers | grep -xE 'cpu|hugetlb' | head -n 1)
mkdir -p $U/$G/a $U/$G/f/below 2> /dev/null
spawn; A=$PID
check "a move within v2" cgctl move $G/a $A
equal "the process is there" $A "$(cat $U/$G/a/cgroup.procs 2> /dev/null)"
prints "its type" 'type +domain' cgctl show $G/a
check "pressure as an object" sh -c "cgctl get --json $G cpu.pressure | jq -e '.values[\"cpu.pressure\"].some | has(\"avg10_percent\") and has(\"total_us\")'"
check "frozen, as the kernel says" sh -c "cgctl freeze $G/a && grep -q 'frozen 1' $U/$G/a/cgroup.events"
check "and thawed" sh -c "cgctl thaw $G/a && grep -q 'frozen 0' $U/$G/a/cgroup.events"
cgctl freeze $G/f
refuse "a frozen group above" 1 "/$G/f above it is frozen" cgctl thaw $G/f/below
cgctl thaw $G/f
given "v2 has no controller to pass on here" [ -n "$K" ]
sh -c "is=\$(cat $U/cgroup.subtree_control); case \" \$is \" in *\" $K \"*) ;; *) echo +$K > $U/cgroup.subtree_control; touch $T/enabled ;; esac" 2> /dev/null
check "controllers for those below are a value like others" cgctl set $G cgroup.max.depth=7 cgroup.subtree_control=+$K
check "as an array" sh -c "cgctl get --json $G cgroup.subtree_control | jq -e '.values[\"cgroup.subtree_control\"] == [\"$K\"]'"
refuse "and are taken back" 1 'Input/output' env RINGFENCE_FAULT='write:*max.depth=EIO' cgctl set $G cgroup.subtree_control=-$K cgroup.max.depth=8
check "they are as they were" grep -qw "$K" $U/$G/cgroup.subtree_control
refuse "a group that passes controllers on" 1 'passes controllers .*can.t hold processes' cgctl move $G $A
refuse "nor does it take what is moved up" 1 'parent can.t hold processes' cgctl delete --move $G/a
cgctl set $G cgroup.subtree_control=-$K
[ ! -e enabled ] || echo "-$K" > $U/cgroup.subtree_control
given "there is no v2 tree" [ -e $U/cgroup.controllers ]
mkdir -p $U/$G/d/t 2> /dev/null
check "threaded" cgctl set $G/d/t cgroup.type=threaded
refuse "there is no way back" 2 'not threaded' cgctl set $G/d/t cgroup.type=domain
refuse "a thread of another domain" 1 'the group is threaded: a thread moves only among' cgctl move --threads $G/d/t $A
check "the process into the domain" cgctl move $G/d $A
check "then its thread" cgctl move --threads $G/d/t $A
equal "it is there" $A "$(cat $U/$G/d/t/cgroup.threads 2> /dev/null)"
mkdir -p $U/$G/d/x 2> /dev/null
refuse "a group that is not threaded below a threaded domain" 1 'domain invalid' cgctl move $G/d/x $A
refuse "threads are not killed alone" 1 "threaded: kill its domain" cgctl kill $G/d/t
check "killed with all below" sh -c "cgctl kill --json $G | jq -e '.killed_processes == 1'"
end $A
cgctl delete -r $G
given "not all controllers are v2's" is_v2
cgctl create $G/p cpuset.cpus=0 2> /dev/null
refuse "a partition that can't be, below a group that is none" 1 'cpuset.cpus.partition' cgctl set $G/p cpuset.cpus.partition=root
cgctl delete -r $G
given
finish
