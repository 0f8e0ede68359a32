#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Lesson 1: a container is a boundary around a process, made of five parts.
#   01-a-container-from-parts.sh [--json] [IMAGE]      (as root; IMAGE as for get-image.sh)
set -euo pipefail
json=; if [ "${1:-}" = --json ]; then json=--json; shift; fi
here=$(cd "$(dirname "$0")" && pwd) name=rf-01-$$ work=$(mktemp -d "${TMPDIR:-/tmp}/rf-01.XXXXXX")
say() { [ -n "$json" ] || printf '\n\033[1m%s\033[0m\n' "$*"; }
PATH=$here/../build/tools:$PATH; tidy() { layerctl umount "$work/root" 2> /dev/null; cgctl delete -r --kill "$name" 2> /dev/null; rm -rf "$work"; }
trap 'tidy || true' EXIT; export RINGFENCE_STORE=${RINGFENCE_STORE:-$work/store}; [ -z "$json" ] || exec 3>&1 >&2; mkdir "$work/root"; chmod 755 "$work"

say "1. The image: layers of files, made by umoci. Each is verified and unpacked once."
"$here/get-image.sh" "$work/image" "${1:-}"
layerctl import --name "$name" "$work/image"

say "2. The root file system: the layers stacked by overlayfs, with a writable one on top."
layerctl mount --map-users 0:100000:65536 --map-groups 0:100000:65536 "$name" "$work/root"

say "3. The control group: what the container may use. Half a CPU, 32 MiB of memory."
cgctl create "$name" cpu.max=50% memory.max=32M memory.swap.max=0

say "4. The probes: eBPF programs that see what the two controllers do, attached before the start."
mkfifo "$work/ready"; exec 4<> "$work/ready"
cgprobe cpu $json --group "$name" --until-empty --ready-fd 4 > "$work/cpu" & cpu=$!
cgprobe memory $json --group "$name" --until-empty --ready-fd 4 > "$work/memory" & memory=$!
read -r <&4; read -r <&4

say "5. The process: in the group, in eight new namespaces, with few privileges. The tools chain by exec."
code=0
cgctl run $json --name "$name" --report="$work/report" --pass-fd 5 -- \
	nsrun --all --map-users 0:100000:65536 --map-groups 0:100000:65536 \
	      --root "$work/root" --mount-proc --hostname box --pass-fd 5 --outer-program -- \
	confine --drop all --no-new-privs --seccomp /proc/self/fd/5 -- \
	/bin/sh -c "$(cat "$here/01-inside.sh")" 5< "$here/seccomp-default.json" || code=$?

say "6. What the probes saw."
wait $cpu $memory
[ -n "$json" ] || cat "$work/cpu" "$work/memory"

say "7. The report."
if [ -z "$json" ]; then cat "$work/report"; else
	printf '{"report": %s, "cpu": %s, "memory": %s}\n' "$(cat "$work/report")" "$(cat "$work/cpu")" "$(cat "$work/memory")" >&3; fi
exit $code
