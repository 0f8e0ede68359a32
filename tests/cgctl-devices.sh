#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The devices of a group by eBPF: set, felt by open() and mknod(), changed in one step, undone, gone with the group. In a
# mount namespace of its own with its own bpffs. On a hybrid system the key is one of the v2 tree.
if [ -z "${IN_NS:-}" ] && [ "$(id -u)" = 0 ]; then
	IN_NS=1 exec unshare -m --propagation private bash "$0"
fi
if [ -n "${IN_NS:-}" ]; then
	umount /sys/fs/bpf 2> /dev/null
	mount -t bpf bpf /sys/fs/bpf 2> /dev/null
fi
. "$(dirname "$0")/lib.sh"

G=rf-devices-$$
V2=/sys/fs/cgroup; [ "$(cgroup_mode)" = v2 ] || V2=/sys/fs/cgroup/unified
PINS=/sys/fs/bpf/ringfence
pins() { find $PINS -mindepth 1 2> /dev/null | wc -l; }
groups() { find /sys/fs/cgroup -name "$1" 2> /dev/null; }
programs() { bpftool prog show 2> /dev/null | grep -c 'cgroup_device .*name device '; }

# --- what is refused, before anything is looked for
for rules in fast 'c 1:3 rwm' 'allow' 'permit a' 'allow c' 'allow c 1' 'allow c 1:x' 'allow x 1:3' 'allow c 1:3 rwx' 'deny a 1:3' 'deny a; allow c 1:3' ''; do
	refuse "no rules: \"$rules\"" 2 'is not allow or deny, then a, "c MAJOR:MINOR"' cgctl set $G "devices.rules=$rules"
done
refuse "a file that is no device" 2 '/etc/passwd is no device' cgctl set $G 'devices.rules=allow /etc/passwd r'
refuse "a file that is not there" 2 '/dev/rf-none: No such file' cgctl set $G 'devices.rules=allow /dev/rf-none r'
refuse "too many" 2 'at most 128 rules' cgctl set $G "devices.rules=$(seq -f 'deny c %g:1' -s, 129)"
refuse "given twice" 2 'is given twice' cgctl set $G devices.rules='deny a' devices.rules='allow a'
prints "a row of the table" '^MEANING +Device nodes' cgctl keys devices.rules
prints "words of v1 are one list" '^devices.rules=deny a \*:\* rwm, allow c 1:3 rw, allow b 8:0 r$' cgctl convert devices.deny=a 'devices.allow=c 1:3 rw' 'devices.allow=b 8:0 r'
prints "and back" '^devices.allow=c 1:3 rw$' cgctl convert 'devices.rules=deny a, allow c 1:3 rw'
refuse "no rule of v1" 2 'devices.allow.*"c 1".*not TYPE' cgctl convert 'devices.allow=c 1'

given "needs root, a v2 tree and the right to load BPF" sh -c "[ $(id -u) = 0 ] && [ -e $V2/cgroup.procs ] && bpftool prog show"
umount /sys/fs/bpf 2> /dev/null
refuse "no bpffs: the way out" 1 'mount -t bpf bpf /sys/fs/bpf' cgctl create -c cgroup $G 'devices.rules=deny a'
equal "and no group" "" "$(groups $G)"
root && mount -t bpf bpf /sys/fs/bpf 2> /dev/null
given "no bpffs or BPF program for devices of groups here" sh -c "cgctl create -c cgroup $G 'devices.rules=deny a' && cgctl delete $G"
equal "gone with the group" 0 "$(pins)"

# --- a refused bpf(2): said, and nothing left
for fault in 'bpf_load:*=EPERM|CAP_BPF' 'bpf_load:*=ENOSYS|no bpf\(2\)' 'bpf_attach:*=EPERM|CAP_BPF' 'bpf_attach:*=EINVAL|CONFIG_CGROUP_BPF' \
	'bpf_update:rules=ENOMEM|Cannot allocate' 'bpf_pin:*rules=ENOSPC|No space' 'bpf_pin:*device=ENOSPC|No space'; do
	refuse "refused: ${fault%%|*}" 1 "${fault#*|}" env RINGFENCE_FAULT="${fault%%|*}" cgctl create -c cgroup $G 'devices.rules=deny a'
	equal "no group is left" "" "$(groups $G)"
	equal "and no pin" 0 "$(pins)"
done

refuse "the root has none" 1 'the root group does not have it' cgctl set --dry-run / 'devices.rules=deny a'
refuse "nor does it say so" 1 'does not have it' cgctl get / devices.rules

# --- read, set, felt
check "a group without rules" cgctl create -c cgroup $G
prints "all is allowed" '^devices.rules +allow a \*:\* rwm' cgctl get $G devices.rules
check "a dry run pins nothing" sh -c "cgctl set --dry-run $G 'devices.rules=deny a' > dry && grep -q bpf_load dry"
equal "none" 0 "$(pins)"
check "as in the manual page" sh -c "cgctl create -c cgroup $G-b 'devices.rules=deny a, allow a m, allow /dev/null, allow /dev/urandom, allow c 136:*' && cgctl delete $G-b"
check "set" cgctl set $G 'devices.rules=deny a, allow c 1:3 rw, allow /dev/zero r, allow c 1:7 m'
equal "get" 'deny a *:* rwm,allow c 1:3 rw,allow c 1:5 r,allow c 1:7 m' "$(cgctl get $G devices.rules | sed -n 's/^devices.rules *//p' | sed 's/ *$//' | paste -sd,)"
equal "as JSON" '{"allow":true,"type":"c","major":1,"minor":3,"access":"rw"}' "$(cgctl get --json $G devices.rules | jq -c '.values["devices.rules"][1]')"
prints "on the page" 'devices.rules +allow c 1:5 r' cgctl show $G
prints "among all" '^devices.rules +allow c 1:5 r' cgctl get $G
check "pinned" sh -c "ls $PINS/devices-*/rules $PINS/devices-*/device"
[ -z "$SKIP_WHY" ] && prints "on the group, with those of others" 'cgroup_device +multi' bpftool cgroup show "$V2/$G"

# inside GROUP COMMAND…: as a process of the group. What it does with devices is the shell's own doing.
inside() { (echo 0 > "$V2/$1/cgroup.procs" && shift && exec "$@") 2> "$T/in.err" < /dev/null; }
may() { check "$1 may: $2" inside "$1" bash -c "$2"; }
# Perl says which error it was.
may_not() { equal "$1 may not: $2" EPERM "$(inside "$1" bash -c "$2" > /dev/null && echo done || grep -q 'Operation not permitted' "$T/in.err" && echo EPERM || cat "$T/in.err")"; }
may $G 'exec 3< /dev/null'
may $G 'exec 3> /dev/null'
may $G 'exec 3< /dev/zero'
may_not $G 'echo x > /dev/zero'
may_not $G 'exec 3<> /dev/zero'
may_not $G 'exec 3< /dev/full'
may_not $G 'exec 3< /dev/urandom'
may_not $G "mknod $T/null c 1 3"
may $G "mknod $T/full c 1 7 && rm $T/full"
may $G "mkfifo $T/fifo && rm $T/fifo"
may $G "exec 3> $T/file"
check "outside all is as before" sh -c 'head -c 1 /dev/urandom > /dev/null'

if root; then
	refuse "an ordinary user may not look at them" 1 'Permission denied' nobody cgctl get $G devices.rules
	check "but at all else" sh -c "setpriv --reuid 65534 --regid 65534 --clear-groups cgctl get $G > all && grep -q cgroup.events all && ! grep devices.rules all"
	refuse "nor set them" 1 'Permission denied|not permitted' nobody cgctl set $G 'devices.rules=allow a'
	check "nor undo them so" sh -c "cgctl get $G devices.rules | grep -q 'deny a'"
fi

# --- groups below: each above must agree
check "a group below" cgctl create -c cgroup $G/below
may_not $G/below 'exec 3< /dev/full'
check "that allows itself all else" cgctl set $G/below 'devices.rules=deny c 1:3'
may_not $G/below 'exec 3< /dev/full'
may_not $G/below 'exec 3< /dev/null'
may $G/below 'exec 3< /dev/zero'
may $G 'exec 3< /dev/null'

# --- changed: in one step, by the word of v1 too, all or nothing with other keys
check "new rules" cgctl set $G 'devices.rules=deny a, allow c 1:3, allow c 1:5'
may $G 'echo x > /dev/zero'
if [ ! -e /sys/fs/cgroup/devices/devices.allow ]; then
	check "v1's words add rules" cgctl set $G 'devices.deny=c 1:5 w' 'devices.allow=c 1:7 rw'
	equal "behind those that are there" 'deny a *:* rwm,allow c 1:3 rwm,allow c 1:5 rwm,deny c 1:5 w,allow c 1:7 rw' "$(cgctl get $G devices.rules | sed -n 's/^devices.rules *//p' | sed 's/ *$//' | paste -sd,)"
	may $G 'exec 3<> /dev/full'
	may_not $G 'echo x > /dev/zero'
	refuse "with a file that fails" 1 'Input/output' env RINGFENCE_FAULT="write:*/cgroup.max.depth=EIO" cgctl set $G 'devices.allow=c 1:5 rwm' cgroup.max.depth=3
	refuse "or a rate" 1 'No space' env RINGFENCE_FAULT="bpf_pin:*ingress=ENOSPC" cgctl set $G 'devices.allow=c 1:5 rwm' net.max=1MB/s
	refuse "or a refused update" 1 'Input/output' env RINGFENCE_FAULT="bpf_update:rules=EIO" cgctl set $G 'devices.allow=c 1:5 rwm' cgroup.max.depth=3
	prints "and the file is as before" 'max' cgctl get $G cgroup.max.depth
	equal "nothing is added" 'deny a *:* rwm,allow c 1:3 rwm,allow c 1:5 rwm,deny c 1:5 w,allow c 1:7 rw' "$(cgctl get $G devices.rules | sed -n 's/^devices.rules *//p' | sed 's/ *$//' | paste -sd,)"
	refuse "devices.list is v1's" 1 'is a key of cgroup v1' cgctl get $G devices.list
	check "v1's words for all" cgctl set $G devices.deny=a 'devices.allow=c 1:3 rwm' 'devices.allow=c 1:5 rwm'
fi
before=$(cgctl get $G devices.rules net.max)
refuse "a file after it that fails" 1 'cgroup.max.depth.*Input/output' env RINGFENCE_FAULT="write:*/cgroup.max.depth=EIO" cgctl set $G 'devices.rules=allow a' net.max=1MB/s cgroup.max.depth=3
equal "leaves the rules and the rate" "$before" "$(cgctl get $G devices.rules net.max)"
refuse "a program after it that fails" 1 'No space' env RINGFENCE_FAULT="bpf_pin:*ingress=ENOSPC" cgctl set $G cgroup.max.depth=3 'devices.rules=allow a' net.max=1MB/s
equal "leaves them, too" "$before" "$(cgctl get $G devices.rules net.max)"
prints "and the file" 'max' cgctl get $G cgroup.max.depth
refuse "a bad value among them" 2 'pids.max' cgctl set $G 'devices.rules=allow a' pids.max=x
equal "is refused first" "$before" "$(cgctl get $G devices.rules net.max)"
check "file, rules and rate at once" cgctl set $G cgroup.max.depth=3 'devices.rules=deny a, allow c 1:3 rw, allow c 1:5 rw' net.max=1MB/s
prints "all of it" 'egress=1000000B/s' cgctl get $G cgroup.max.depth devices.rules net.max
check "the rate goes alone" cgctl set $G net.max=max
# Both lists allow null and neither allows full: whoever meets a moment without rules, or half of them, sees it.
cat > look.py << 'END_PY'
import errno, sys
bad = n = 0
print("ready", flush=True)
while not open(sys.argv[1]).read():
    for path, may in (("/dev/null", True), ("/dev/full", False)):
        try:
            open(path).close()
            bad += not may
        except PermissionError:
            bad += may
        n += 1
print(bad, n > 100)
END_PY
: > stop
if [ -z "$SKIP_WHY" ]; then
	inside $G python3 look.py "$T/stop" > seen & P=$!
	await 10 grep -q ready seen
	for i in 1 2 3 4 5 6 7 8 9 10; do
		cgctl set $G 'devices.rules=allow c 1:3, allow c 2:*, deny a, allow c 1:3 rw' && cgctl set $G 'devices.rules=deny c 1:7, deny b *:*, deny c 5:*'
	done
	echo stop > stop; wait $P
fi
equal "no moment without rules in 20 changes" "0 True" "$(tail -1 seen 2> /dev/null)"
check "the first rules again" cgctl set $G 'devices.rules=deny a, allow c 1:3 rw'

# --- snapshots
check "a snapshot has them" sh -c "cgctl snapshot -o snap $G && jq -e '.groups[0].values[\"devices.rules\"] == [\"deny a *:* rwm\", \"allow c 1:3 rw\"]' snap"
check "other rules" sh -c "cgctl set $G 'devices.rules=allow a' && cgctl set $G/below 'devices.rules=deny b *:*'"
prints "are a difference, in a line" "^/$G devices.rules: deny a \*:\* rwm, allow c 1:3 rw -> allow a \*:\* rwm\$" sh -c 'cgctl diff snap now || true'
check "that is restored" sh -c 'cgctl restore snap && cgctl diff snap now'
check "removed, it comes back" sh -c "cgctl delete -r $G && [ -z \"\$(ls $PINS)\" ] && cgctl restore snap && cgctl diff snap now"
may_not $G 'exec 3< /dev/full'

# --- killed in the middle
n=$(pins)
for at in 'bpf_load:*' 'bpf_pin:*rules' 'bpf_attach:*' 'bpf_pin:*device'; do
	RINGFENCE_FAULT="$at=KILL" cgctl create -c cgroup $G-b 'devices.rules=deny a' > /dev/null 2>&1
	prints "killed at $at: nothing holds, and get says so" 'allow a \*:\* rwm' cgctl get $G-b devices.rules
	check "the next set completes it" sh -c "cgctl set $G-b 'devices.rules=deny a' && cgctl get $G-b devices.rules | grep -q 'deny a'"
	cgctl delete $G-b
	equal "and it is gone with the group" "$n" "$(pins)"
done
RINGFENCE_FAULT='bpf_update:rules=KILL' cgctl set $G 'devices.rules=allow a, deny b *:*' > /dev/null 2>&1
prints "killed before a change: the old rules" 'allow c 1:3 rw' cgctl get $G devices.rules
for at in "write:*/cgroup.max.depth" bpf_update:rules; do
	[ -n "$SKIP_WHY" ] || (RINGFENCE_FAULT="$at=KILL" cgctl set $G cgroup.max.depth=7 'devices.rules=allow a, deny b *:*') > /dev/null 2>&1
	check "killed at $at, the next that sets a value begins with what was before" cgctl set $G cgroup.max.descendants=max
	prints "the old rules are there ($at)" 'deny a.*allow c 1:3 rw' sh -c "cgctl get $G devices.rules | xargs"
	prints "and the old depth ($at)" 'cgroup.max.depth +3' cgctl get $G cgroup.max.depth
	check "and nothing kept of it ($at)" test ! -e /run/ringfence/set
done
RINGFENCE_FAULT='bpf_pin:*device=KILL' cgctl create -c cgroup $G-b 'devices.rules=deny a' > /dev/null 2>&1
[ -z "$SKIP_WHY" ] && rmdir "$V2/$G-b"
swept() { cgctl create -c cgroup $G-c && cgctl delete $G-c && [ "$(pins)" = "$n" ]; }
check "what was left half made is swept" await 10 swept
cgctl delete $G-b 2> /dev/null
check "a run in a group of its own" sh -c "cgctl run -p 'devices.rules=deny a, allow c 1:3 rw' -- sh -c 'cat /dev/full' 2>&1 < /dev/null | grep -q 'Operation not permitted'"
equal "takes them along" "$n" "$(pins)"

# --- removed
check "allow a takes it off" cgctl set $G/below 'devices.rules=allow a'
check "and above" cgctl set $G 'devices.rules=allow a'
equal "no pin is left" 0 "$(pins)"
may $G 'exec 3< /dev/full'
check "again" cgctl set $G 'devices.rules=deny a'
[ -z "$SKIP_WHY" ] && { rmdir "$V2/$G/below" "$V2/$G"; n=0; }
left=/sys/fs/bpf/ringfence/devices-1
[ -n "$SKIP_WHY" ] || mkdir -p $left
check "a dry run sweeps nothing" sh -c "cgctl create --dry-run -c cgroup $G-c && [ -d $left ]"
check "what it would have swept is swept without" sh -c "cgctl create -c cgroup $G-c && cgctl delete $G-c && ! [ -e $left ]"
check "what somebody else's rmdir left is swept" await 10 swept
cgctl delete -r $G 2> /dev/null
none() { [ "$(programs)" = 0 ]; }
check "no program of ours is in the kernel" await 10 none
refuse "a group that isn't in the v2 tree" 1 'in the v2 hierarchy|no group' sh -c "cgctl create -c pids $G 2> /dev/null; [ -e $V2/$G ] && { echo 'no group' >&2; exit 1; }; cgctl set $G 'devices.rules=deny a'"
cgctl delete $G 2> /dev/null
finish
