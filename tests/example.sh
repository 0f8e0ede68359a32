#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The first lesson from end to end, on a real image by real tools, as text and as JSON; and killed.
. "$(dirname "$0")/lib.sh"

root || skip_all "needs root"
for p in umoci skopeo jq busybox; do command -v $p > /dev/null || skip_all "$p is not installed"; done
maps_mounts || skip_all "mount_setattr(2) is refused here: id-mapped mounts have no older means"
sanitized confine && skip_all "confine can't be static with the sanitizers"
E=$TOP/examples/01-a-container-from-parts.sh
export TMPDIR=$T

"$E" --json > report 2> log
equal "it runs" 0 $?
check "standard output is one JSON object" jq -e 'type == "object"' report
check "CPU time, throttling, memory peak, OOM kills and exit status" jq -e '.report | .exit_code == 0 and .cpu_us > 0 and .throttled_us > 0 and .oom_kills >= 1 and (.memory_peak_bytes == null or .memory_peak_bytes <= 33554432)' report
check "the probe saw threads throttled" jq -e '[.cpu.threads[] | select(.throttle_count > 0)] | length > 0' report
check "the probe saw the kill and the limit" jq -e '.memory.oom_kills[0].limit_bytes == 33554432' report
check "host name, pid 1, mapped root" grep -q 'host name: box   pid: 2   ids: uid=0' log
check "only lo" grep -q 'interfaces: lo$' log
check "a replaced file" grep -q 'from layer 2' log
check "a deleted file and an opaque directory" grep -Eq '/etc: motd +passwd +/opt: new$' log
check "mounting is refused" grep -q 'mount: refused' log
equal "nothing stays in the scratch directory" "" "$(find "$T" -mindepth 1 -maxdepth 1 -name 'rf-01*')"

"$TOP/examples/get-image.sh" "$T/oci" > /dev/null 2>&1

# kill -9 of each tool in the middle of the run: nothing runs on, and the next command cleans up.
export RINGFENCE_STORE=$T/store
layerctl import --name i "$T/oci" > /dev/null
mkdir m
chmod 755 "$T"
layerctl mount --map-users 0:100000:65536 --map-groups 0:100000:65536 i "$T/m"
for victim in cgctl nsrun; do
	rm -f pid
	cgctl run -- nsrun --all --map-users 0:100000:65536 --map-groups 0:100000:65536 --root "$T/m" --mount-proc -- sleep 1000 &
	cg=$!
	await 20 sh -c "pgrep -P \$(pgrep -P $cg) > /dev/null"
	ns=$(pgrep -P $cg) sl=$(pgrep -P "$(pgrep -P $cg)")
	[ $victim = cgctl ] && kill -9 $cg || kill -9 "$ns"
	wait $cg 2> /dev/null
	check "after kill -9 of $victim nothing runs on" await 10 sh -c "! kill -0 $ns 2> /dev/null && ! kill -0 $sl 2> /dev/null"
	check "and the next cgctl finds or leaves nothing ($victim)" sh -c 'cgctl list > /dev/null 2>&1; [ -z "$(find /sys/fs/cgroup -type d -name "rf-run-*" 2> /dev/null)" ]'
done
RINGFENCE_FAULT="unlinkat=KILL" layerctl umount "$T/m" 2> /dev/null
prints "layerctl tells of the mount that a killed umount left, and the command" 'layerctl umount' layerctl ls
check "which removes it" layerctl umount "$T/m"
unset RINGFENCE_STORE

rest_on_host "images by other names"
skopeo --insecure-policy copy -q "oci:$T/oci:latest" "docker-archive:$T/image.tar:rf/test:1"
check "a docker-archive as the image" sh -c "'$E' --json '$T/image.tar' > a.json 2> a.log && jq -e '.report.exit_code == 0' a.json || { tail -n 5 a.log >&2; false; }"
check "an OCI layout as the image" sh -c "'$E' --json '$T/oci' > a.json 2> a.log && jq -e '.report.exit_code == 0' a.json || { tail -n 5 a.log >&2; false; }"
refuse "what is no image" 1 'no OCI layout, docker-archive' "$E" --json "$T/none"
finish
