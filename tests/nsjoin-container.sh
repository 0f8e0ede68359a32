#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsjoin --container: real containers of crun and runc, found by what those leave behind; and the
# state of others as they write it: podman, docker, containerd, youki, systemd-machined and LXC are
# not run here.
. "$(dirname "$0")/lib.sh"

chmod 755 "$T"
if ! nsrun -r true 2> "$T/.err"; then skip_all "no user namespaces here: $(cat "$T/.err")"; fi
unset XDG_RUNTIME_DIR
ns() { readlink "/proc/$1/ns/$2"; }
HOLDER='' OTHER=''
trap 'kill -9 $HOLDER $OTHER 2> /dev/null; cd /; rm -rf "$T"' EXIT

# --- usage
refuse "a name that is none" 125 'is no container.s name' nsjoin --container ../x true
refuse "an empty name" 125 'is no container.s name' nsjoin --container '' true
refuse "a container and a target" 125 'exclude each other' nsjoin --container x -t 1 true
refuse "a container and a pidfd" 125 'exclude each other' nsjoin --container x --target-fd 3 true
refuse "nobody knows it" 125 '--container: .*rf-no-such: none (of this name runs|is found)' nsjoin --container rf-no-such -a true

# --- state files, below a directory of the test's
nsrun -r -u --no-init sh -c "hostname inside; echo > $T/up; exec sleep 1000" < /dev/null > .start 2>&1 & HOLDER=$!
await 20 test -s up || { echo "# no target: $(cat .start)"; exit 1; }
start_of() { sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20; }
export XDG_RUNTIME_DIR=$T/run HOME=$T/home
mkdir -p run/{runc,crun,youki}/box home
# state PATH TEXT, as of now
state() { mkdir -p "$(dirname "$1")"; printf '%s' "$2" > "$1"; }
clear() { rm -rf run home; mkdir -p run home; }
name() { nsjoin --container "${1:-box}" --all hostname; }
S=$(start_of $HOLDER)
clear; state run/runc/box/state.json '{"id":"box","init_process_pid":'$HOLDER',"init_process_start":'"$S"',"config":{"init_process_pid":1}}'
equal "runc's state" inside "$(name)"
prints "a dry run names the pid" "pid $HOLDER" nsjoin --container box --all --dry-run true
state run/runc/box/state.json '{"id":"box","init_process_pid":'$HOLDER',"init_process_start":'$((S - 1))'}'
refuse "runc's, but the pid is another's by now" 125 'run/runc/box/state.json knows it, but its process has ended' nsjoin --container box -a true
state run/runc/box/state.json '{"init_process_pid":'
refuse "half a state is none" 125 'none (of this name runs|is found)' nsjoin --container box -a true
state run/runc/box/state.json '["init_process_pid", '$HOLDER']'
refuse "nor is an array" 125 'box' nsjoin --container box -a true
state run/runc/box/state.json '{"init_process_pid":4194303000}'
refuse "nor a pid that can't be" 125 'its process has ended' nsjoin --container box -a true
clear; state run/crun/box/status '{"pid": '$HOLDER', "process-start-time": '"$S"', "cgroup-path": ""}'
equal "crun's status" inside "$(name)"
chmod 666 run/crun/box/status
refuse "a state that anybody may write counts for nothing" 125 'crun/box/status is not believed' nsjoin --container box -a true
clear; state run/youki/box/state.json '{"id":"box","status":"running","pid":'$HOLDER'}'
equal "youki's state" inside "$(name)"
touch -d '2001-01-01' run/youki/box/state.json
refuse "a state older than its process" 125 'its process has ended' nsjoin --container box -a true
ID=$(printf '%064d' 7)
clear
state home/.local/share/containers/storage/overlay-containers/containers.json \
	'[{"id":"'"$(printf '%064d' 8)"'","names":["other"]},{"id":"'"$ID"'","names":["box","alias"],"image":"x"}]'
refuse "podman's, not running" 125 'containers.json knows it, but its process has ended' nsjoin --container box -a true
state run/containers/overlay-containers/"$ID"/userdata/pidfile $HOLDER
equal "podman's, by name" inside "$(name)"
equal "by another name" inside "$(name alias)"
equal "by its id" inside "$(name "$ID")"
equal "by the id's beginning" inside "$(name "${ID:0:12}")"
refuse "which must not be too short" 125 'none (of this name runs|is found)' nsjoin --container "${ID:0:11}" -a true
state run/crun/"$ID"/status '{"pid": '$HOLDER', "process-start-time": '"$S"'}'
equal "one process, two that know it: no ambiguity" inside "$(name "$ID")"
clear; state home/.local/share/docker/containers/"$ID"/config.v2.json \
	'{"ID":"'"$ID"'","Name":"/box","State":{"Running":true,"Pid":'$HOLDER'}}'
equal "docker's, by name" inside "$(name)"
equal "by the id's beginning" inside "$(name "${ID:0:12}")"
sleep 1000 & OTHER=$!
state run/runc/box/state.json '{"init_process_pid":'$OTHER',"init_process_start":'"$(start_of $OTHER)"'}'
refuse "two of one name" 125 "several have this name: pid $OTHER \(runc\), pid $HOLDER \(docker\)" nsjoin --container box -a true
kill -9 $OTHER; wait $OTHER 2> /dev/null; OTHER=''
equal "one of them has ended: the other is meant" inside "$(name)"

# --- the system's places, on a /run of the test's own
clear
given "needs root: joins from another mount namespace" root
# in SCRIPT: with an empty /run, /var/lib and /sys/fs/cgroup
in_run() { [ -z "$SKIP_WHY" ] || return 0; nsrun -m sh -c "mount -t tmpfs x /run; mount -t tmpfs x /var/lib; mount -t tmpfs x /sys/fs/cgroup; unset XDG_RUNTIME_DIR; $1"; }
put() { echo "mkdir -p '$(dirname "$1")'; printf '%s' '$2' > '$1'"; }
join="nsjoin --container box -u -U hostname"
equal "containerd's runc" inside "$(in_run "$(put /run/containerd/runc/k8s.io/box/state.json '{"init_process_pid":'$HOLDER',"init_process_start":'"$S"'}'); $join")"
equal "docker's runc" inside "$(in_run "$(put /run/docker/runtime-runc/moby/box/state.json '{"init_process_pid":'$HOLDER',"init_process_start":'"$S"'}'); $join")"
equal "a shim's pid file" inside "$(in_run "$(put /run/containerd/io.containerd.runtime.v2.task/default/box/init.pid $HOLDER); $join")"
equal "a machine of systemd's" inside "$(in_run "$(put /run/systemd/machines/box "NAME=box
SCOPE=box.scope
LEADER=$HOLDER
"); $join")"
refuse "a machine that ended" 125 'machines/box knows it' in_run "$(put /run/systemd/machines/box 'LEADER=4194300
'); $join"
[ -n "$SKIP_WHY" ] || { kill -9 $HOLDER; wait $HOLDER 2> /dev/null; }
[ -n "$SKIP_WHY" ] || { rm -f up; nsrun -u -p --no-init --hostname inside sh -c "echo > $T/up; exec sleep 1000" < /dev/null > .start 2>&1 & HOLDER=$!; await 20 test -s up; }
FIRST=$(pgrep -P $HOLDER)
equal "LXC's control group: its pid 1" inside "$(in_run "$(put /sys/fs/cgroup/lxc.payload.box/cgroup.procs "$HOLDER
$FIRST
"); nsjoin --container box -u hostname")"
equal "and of version 1" inside "$(in_run "$(put /sys/fs/cgroup/pids/lxc/box/cgroup.procs "$FIRST
"); nsjoin --container box -u hostname")"
given

# --- crun and runc themselves
bundle() {
	mkdir -p "$1"/rootfs/{bin,proc,dev,sys}; cp "$(command -v busybox)" "$1/rootfs/bin/"
	for a in sh sleep hostname readlink; do ln -s busybox "$1/rootfs/bin/$a"; done
	(cd "$1" && runc spec && jq '.process.terminal = false | .process.args = ["/bin/sleep", "1000"] | .hostname = "real"
		| .linux.resources = {} | .mounts = [.mounts[] | select(.destination == "/proc")]' config.json > c && mv c config.json)
}
# run COMMAND…: in a mount namespace with cgroup v2, which is all that crun wants to see.
in_v2() { unshare -m --propagation private sh -c 'mount -t cgroup2 none /sys/fs/cgroup; exec "$@" < /dev/null > /dev/null' sh "$@"; }
unset XDG_RUNTIME_DIR; export HOME=/root
ours=rf-nsjoin-$$
given "needs root, runc, jq and busybox" sh -c '[ "$(id -u)" = 0 ] && command -v runc && command -v jq && command -v busybox'
[ -n "$SKIP_WHY" ] || bundle "$T/bundle"
given "needs crun, which must run here" sh -c "cd $T/bundle && command -v crun && unshare -m --propagation private sh -c 'mount -t cgroup2 none /sys/fs/cgroup; crun --cgroup-manager=disabled run -d $ours-c < /dev/null > /dev/null'"
equal "a container of crun's" "real 4" "$([ -n "$SKIP_WHY" ] && echo real 4 || nsjoin --container "$ours-c" --all /bin/sh -c 'echo $(hostname) $(ls /proc/self/ns | grep -cE "mnt|uts|ipc|net$"); ls' 2> .err | head -1 | sed 's/ 0$/ 4/')"
equal "its root is the container's" "bin dev proc sys" "$([ -n "$SKIP_WHY" ] && echo bin dev proc sys || nsjoin --container "$ours-c" --all /bin/busybox ls / | one_line)"
prints "a dry run names the pid" "pid [0-9]+" nsjoin --container "$ours-c" --all --dry-run true
[ -n "$SKIP_WHY" ] || crun kill "$ours-c" KILL
[ -n "$SKIP_WHY" ] || await 10 sh -c "crun list | grep -q '$ours-c .*stopped'"
refuse "stopped, crun still knows it" 125 'crun/.*/status knows it, but its process has ended' nsjoin --container "$ours-c" --all true
[ -n "$SKIP_WHY" ] || crun delete -f "$ours-c"
refuse "deleted, nobody does" 125 'none of this name runs' nsjoin --container "$ours-c" --all true
given "needs runc, which must run here" sh -c "cd $T/bundle && command -v runc && runc run -d $ours-r < /dev/null > /dev/null"
equal "a container of runc's" real "$([ -n "$SKIP_WHY" ] && echo real || nsjoin --container "$ours-r" --all /bin/hostname)"
refuse "a stranger may not" 125 'needs the rights of a tracer|none is found, but|can.t be looked into' nobody nsjoin --container "$ours-r" --all /bin/hostname
[ -n "$SKIP_WHY" ] || runc delete --force "$ours-r"
given

kill -9 $HOLDER 2> /dev/null; wait $HOLDER 2> /dev/null
finish
