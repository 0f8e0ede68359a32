#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bandwidth of a group by eBPF: set, measured, changed, undone, gone with the group. In a mount namespace of its
# own with its own bpffs, and a network namespace of its own.
if [ -z "${IN_NS:-}" ] && [ "$(id -u)" = 0 ]; then
	IN_NS=1 exec unshare -m -n --propagation private bash "$0"
fi
# One bpffs of ours, counted from the beginning.
if [ -n "${IN_NS:-}" ]; then
	umount /sys/fs/bpf 2> /dev/null
	mount -t bpf bpf /sys/fs/bpf 2> /dev/null
fi
. "$(dirname "$0")/lib.sh"

G=rf-n$$
V2=/sys/fs/cgroup; [ "$(cgroup_mode)" = v2 ] || V2=/sys/fs/cgroup/unified
for value in fast 1kbit 1M '10 Mbit' egress=1 'up=1MB/s' 99999999999GB/s ''; do
	refuse "not a rate: \"$value\"" 2 'is not a rate' cgctl set $G "net.max=$value"
done
refuse "another key" 2 'no such key' cgctl set $G net.min=1MB/s
refuse "one way twice" 2 'is given twice' cgctl set $G net.max=1MB/s net.max.egress=2MB/s
prints "a row of the table" '^VALUE +a rate such as 10Mbit' cgctl keys net.max.egress
prints "as JSON, too" '"key": "net.max".*"settable": true' cgctl keys --json net
prints "words for the shell" 'net.max.ingress' cgctl --help=bash
refuse "both ways by a key of one" 2 'is not a rate' cgctl set $G 'net.max.egress=egress=1MB/s'

given "needs root, a v2 tree and the right to load BPF" sh -c "[ $(id -u) = 0 ] && [ -e $V2/cgroup.procs ] && bpftool prog show"
umount /sys/fs/bpf 2> /dev/null
refuse "no bpffs: the way out" 1 'mount -t bpf bpf /sys/fs/bpf' sh -c "cgctl create -c cgroup $G net.max=1MB/s"
equal "and no group" "" "$(find /sys/fs/cgroup -name $G 2> /dev/null)"
root && mount -t bpf bpf /sys/fs/bpf 2> /dev/null
given "no bpffs or BPF program for groups here" sh -c "cgctl create -c cgroup $G net.max=1MB/s && cgctl delete $G"
equal "gone with the group" "" "$(ls /sys/fs/bpf/ringfence 2> /dev/null)"
check "a group without a limit" cgctl create -c cgroup $G
prints "has none" 'egress=max ingress=max' cgctl get $G net.max
refuse "and counts nothing" 1 'no limit on bandwidth' cgctl get $G net.stat
check "a dry run pins nothing" sh -c "cgctl set --dry-run $G net.max=1MB/s > dry && grep -q bpf_load dry && [ -z \"\$(ls /sys/fs/bpf/ringfence 2> /dev/null)\" ]"
check "set" cgctl set $G net.max=1MB/s
prints "get" 'egress=1000000B/s ingress=1000000B/s' cgctl get $G net.max
equal "as JSON" '{"egress_bytes_per_s":1000000,"ingress_bytes_per_s":1000000}' "$(cgctl get --json $G net.max | jq -c '.values["net.max"]')"
prints "among all" '^net.max +egress=1000000B/s' cgctl get $G
prints "on the page" 'net.max +egress=1000000B/s' cgctl show $G
refuse "what is only read" 2 'can be read but not set' cgctl set $G net.stat=1
check "pinned" sh -c 'ls /sys/fs/bpf/ringfence/net-*/flows /sys/fs/bpf/ringfence/net-*/egress /sys/fs/bpf/ringfence/net-*/ingress'

cat > udp.py << 'END'
import fcntl, socket, struct, sys, threading, time
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS: up
rx, tx = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
rx.bind(("127.0.0.1", 0))
rx.settimeout(0.3)
got, end = 0, time.monotonic() + float(sys.argv[1])
def send():
    while time.monotonic() < end:
        try:
            tx.sendto(b"x" * 1400, rx.getsockname())
        except OSError:
            pass
t = threading.Thread(target=send)
t.start()
try:
    while time.monotonic() < end:
        got += len(rx.recv(65536)) + 28
except socket.timeout:
    pass
t.join()
print(int(got / float(sys.argv[1])))
END
# The rate within a factor: above half, and not above it by more than the burst (128 KiB, or 50 ms of it).
rate() { (echo 0 > "$V2/$G/cgroup.procs" && exec python3 udp.py 2) 2> /dev/null; }
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }
R=$(rate); check "1 MB/s: $R" between "$R" 500000 1150000
check "what is above is counted" sh -c "cgctl get $G net.stat | grep -Eq 'egress_dropped_packets +[1-9]'"
check "one way faster" cgctl set $G net.max.egress=80Mbit
prints "the other stays" 'egress=10000000B/s ingress=1000000B/s' cgctl get $G net.max
R=$(rate); check "the slower one counts: $R" between "$R" 400000 1150000
check "both ways in one value" cgctl set $G 'net.max=egress=2MB/s ingress=max'
R=$(rate); check "2 MB/s: $R" between "$R" 1000000 2300000
check "a run in a group of its own" sh -c "cgctl run -p net.max=1MB/s -- sh -c 'ls /sys/fs/bpf/ringfence | wc -l' | grep -qx 2"
equal "takes it along" 1 "$(ls /sys/fs/bpf/ringfence | wc -l)"

# --- all or nothing with other keys
refuse "a key after it that fails" 2 'pids.max.*x' cgctl set $G net.max=5MB/s pids.max=x
prints "leaves it" 'egress=2000000B/s ingress=max' cgctl get $G net.max
refuse "a file that fails after it" 1 'cgroup.max.depth.*Input/output' env RINGFENCE_FAULT="write:*/cgroup.max.depth=EIO" cgctl set $G net.max=5MB/s cgroup.max.depth=3
prints "leaves it, too" 'egress=2000000B/s ingress=max' cgctl get $G net.max
refuse "the second way that fails" 1 'Input/output' env RINGFENCE_FAULT="bpf_update:flows=EIO" cgctl set $G cgroup.max.depth=3 net.max=5MB/s
prints "leaves the first" 'egress=2000000B/s ingress=max' cgctl get $G net.max
prints "and the other key" 'max' cgctl get $G cgroup.max.depth
[ -n "$SKIP_WHY" ] || (RINGFENCE_FAULT="write:*/cgroup.max.depth=KILL" cgctl set $G net.max=5MB/s cgroup.max.depth=3) 2> /dev/null
prints "killed before the file, the rate is the new one" 'egress=5000000B/s' cgctl get $G net.max
refuse "the next that sets a value puts it back, and says so" 0 'net.max is put back to egress=2000000B/s ingress=max first' cgctl set $G cgroup.max.depth=max
prints "so it is" 'egress=2000000B/s ingress=max' cgctl get $G net.max
check "and nothing kept of it" test ! -e /run/ringfence/set
check "a snapshot has it" sh -c "cgctl snapshot -o snap $G && jq -e '.groups[0].values[\"net.max\"] == \"egress=2000000B/s ingress=max\"' snap"
check "another rate" cgctl set $G net.max=7MB/s
prints "is a difference" 'net.max.*2000000B/s.*7000000B/s' sh -c 'cgctl diff snap now || true'
check "that is restored" sh -c 'cgctl restore snap && cgctl diff snap now'
refuse "a pin that fails" 1 'No space' env RINGFENCE_FAULT='bpf_pin:*ingress=ENOSPC' cgctl create -c cgroup $G-b net.max=5MB/s
equal "leaves no group" "" "$(find /sys/fs/cgroup -name $G-b 2> /dev/null)"
equal "and no pin" 1 "$(ls /sys/fs/bpf/ringfence | wc -l)"
RINGFENCE_FAULT='bpf_pin:*ingress=KILL' cgctl create -c cgroup $G-b net.max=5MB/s > /dev/null 2>&1
check "killed between the pins, the next one completes it" sh -c "cgctl create -c cgroup $G-c && cgctl set $G-b net.max=5MB/s && cgctl get $G-b net.max | grep -q egress=5000000B/s"
cgctl delete $G-c; cgctl delete $G-b
equal "and takes it along" 1 "$(ls /sys/fs/bpf/ringfence | wc -l)"

# --- removed
check "max takes it off" cgctl set $G net.max=max
equal "no pin is left" "" "$(ls /sys/fs/bpf/ringfence)"
check "again" cgctl set $G net.max=1MB/s
[ -z "$SKIP_WHY" ] && rmdir "$V2/$G"
swept() { cgctl create -c cgroup $G-c && cgctl delete $G-c && [ -z "$(ls /sys/fs/bpf/ringfence)" ]; }
check "what somebody else's rmdir left is swept" await 10 swept
cgctl delete $G 2> /dev/null
refuse "a group that isn't in the v2 tree" 1 'in the v2 hierarchy|no group' sh -c "cgctl create -c pids $G 2> /dev/null; [ -e $V2/$G ] && { echo 'no group' >&2; exit 1; }; cgctl set $G net.max=1MB/s"
cgctl delete $G 2> /dev/null
finish
