# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the tool tests. Results are TAP lines; what a failing command said is shown as '#'
# lines. Each test script runs in a directory of its own, $T, removed at its end, and must leave
# as many processes, mounts and control groups of ours as it found: lib.sh counts.

set -u
: "${O:=build}"
TOP=$(cd "$(dirname "$0")/.." && pwd)
case $O in /*) ;; *) O=$TOP/$O ;; esac
# The system's own programs, which scripts/packages names, before others of these names: a python3 that is a
# shell script takes as long to start as the rest of a test.
PATH=$O/tools:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export O TOP PATH
T=$(mktemp -d "${TMPDIR:-/tmp}/rf-test.XXXXXX")
TEST_N=0
TEST_BAD=0

ok() { TEST_N=$((TEST_N + 1)); echo "ok $TEST_N - $1"; }
not_ok() { TEST_N=$((TEST_N + 1)); TEST_BAD=$((TEST_BAD + 1)); echo "not ok $TEST_N - $1"; shift; printf '%s\n' "$@" | sed 's/^/#   /'; }
SKIP_WHY=''
skip() { TEST_N=$((TEST_N + 1)); echo "ok $TEST_N - $1 # SKIP $2"; }

# given REASON COMMAND…: where the command fails, the tests up to the next `given` are skipped for
# this reason, each under its own name. Without arguments: nothing more is asked for.
given() { if [ $# -eq 0 ] || "${@:2}"; then SKIP_WHY=''; else SKIP_WHY=$1; fi > /dev/null 2>&1; }

# skip_all REASON: the whole script, in TAP's words.
skip_all() { echo "1..0 # SKIP $1"; exit 0; }

# check NAME COMMAND…: passes where the command exits 0.
check() {
	[ -z "$SKIP_WHY" ] || { skip "$1" "$SKIP_WHY"; return 0; }
	_name=$1; shift
	if "$@" > "$T/.out" 2> "$T/.err"; then ok "$_name"
	else not_ok "$_name" "exit $? of: $*" "stdout: $(head -c 600 "$T/.out")" "stderr: $(head -c 900 "$T/.err")"; fi
}

# has_line FILE PATTERN: as grep -Eq, without a process: most of what a test asks is this.
has_line() {
	local lines line
	mapfile -t lines < "$1"
	for line in "${lines[@]}"; do [[ $line =~ $2 ]] && return 0; done
	return 1
}

# one_line: the words of standard input with a blank between them: xargs without its two processes, and quotes stay.
one_line() {
	local lines
	mapfile -t lines
	set -f
	# shellcheck disable=SC2048,SC2086
	set -- ${lines[*]}
	echo "$*"
	set +f
}

# refuse NAME CODE PATTERN COMMAND…: passes where it exits with CODE and standard error matches the
# extended regular expression.
refuse() {
	[ -z "$SKIP_WHY" ] || { skip "$1" "$SKIP_WHY"; return 0; }
	_name=$1 _code=$2 _want=$3; shift 3
	"$@" > "$T/.out" 2> "$T/.err"; _got=$?
	if [ $_got -eq "$_code" ] && has_line "$T/.err" "$_want"; then ok "$_name"
	else not_ok "$_name" "exit $_got, want $_code, of: $*" "want on stderr: $_want" "stderr: $(head -c 900 "$T/.err")"; fi
}

# prints NAME PATTERN COMMAND…: exits 0 and standard output matches.
prints() {
	[ -z "$SKIP_WHY" ] || { skip "$1" "$SKIP_WHY"; return 0; }
	_name=$1 _want=$2; shift 2
	"$@" > "$T/.out" 2> "$T/.err"; _got=$?
	if [ $_got -eq 0 ] && has_line "$T/.out" "$_want"; then ok "$_name"
	else not_ok "$_name" "exit $_got of: $*" "want on stdout: $_want" "stdout: $(head -c 600 "$T/.out")" "stderr: $(head -c 900 "$T/.err")"; fi
}

# equal NAME WANT GOT
equal() {
	[ -z "$SKIP_WHY" ] || { skip "$1" "$SKIP_WHY"; return 0; }
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "want: $2" "got:  $3"; fi
}

# await SECONDS COMMAND…: until it succeeds; no fixed sleeps.
await() { _n=$(($1 * 20)); shift; while ! "$@" > /dev/null 2>&1; do _n=$((_n - 1)); [ $_n -gt 0 ] || return 1; sleep 0.05; done; }

# interrupted SIGNAL CALL COMMAND…: sends it while the command stands before that call; prints its exit code.
stopped() { has_line "/proc/$1/status" '^State:.T'; }
interrupted() {
	local sig=$1 at=$2 pid
	shift 2
	RINGFENCE_FAULT="$at=STOP" "$@" > /dev/null 2>&1 &
	pid=$!
	await 5 stopped $pid && kill "-$sig" $pid && kill -CONT $pid
	{ wait $pid; } 2> /dev/null
	echo $?
}

# What no kernel answers otherwise is not repeated in the machines of other kernels: `given "$ON_HOST" on_host`.
ON_HOST="the same on every kernel: shown on the host"
on_host() { [ -z "${RINGFENCE_VM:-}" ]; }

# A test of the sources, not of a kernel, has nothing to add in a machine of another kernel.
host_only() {
	on_host || skip_all "tests the sources, not the kernel: runs on the host"
}

# rest_on_host WHAT: as host_only, of what follows.
rest_on_host() { on_host || { skip "$1" "$ON_HOST"; finish; }; }

# What no system call's answer changes is tested once on a machine: where none is refused, and without sanitizers.
once() {
	host_only
	[ -z "${SOURCES_TESTED:-}" ] || skip_all "tests the sources, not the kernel: runs $SOURCES_TESTED"
	[ -z "${RINGFENCE_FAULT:-}" ] && answers 435 || skip_all "tests the sources, not the kernel: runs where no call is refused"
	! sanitized nsrun || skip_all "tests the sources, not the tools: runs without sanitizers"
}

root() { [ "$EUID" = 0 ]; }
# As an ordinary user, which who runs the tests may be already.
nobody() { if root; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi; }
# answers NUMBER: does a filter leave this system call to the kernel, or is it ENOSYS?
answers() { case $("$O/tests/deed" "$1,-1,0,0,0,0") in '' | ENOSYS) return 1 ;; esac; }
# Layers with shifted owners need mount_setattr(2), for which there are no older means.
maps_mounts() { case ${RINGFENCE_FAULT:-} in *mount_setattr=ENOSYS!*) return 1 ;; *) answers 442 ;; esac; }
sanitized() { nm "$O/tools/$1" 2> /dev/null | grep -q __asan_init; }
# For a sanitized tool that fails in a root without /proc, where leaks can't be counted.
uncounted() { ASAN_OPTIONS=detect_leaks=0 "$@"; }
cgroup_mode() {
	if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then echo v2
	elif [ -d /sys/fs/cgroup/unified ]; then echo hybrid; else echo v1; fi
}

# For the tests of layers: what is mounted at $T/t, "PATH=CONTENT …"; what has no place in a store without images; the
# directory outside that crafted layers aim at.
seen() { (cd "$T/t" && find . -mindepth 1 -type f -printf '%P\n' | sort | while read -r f; do echo "$f=$(head -c 20 "$f")"; done | one_line); }
left() { (cd "$1" && find tmp layers mounts blobs/sha256 -mindepth 1 2> /dev/null); }
victim() { find "$T/victim" -printf '%P %y %s %i %m %C@\n' | sort; }

# What could stay behind, as text to compare: mounts, groups named rf-*, our own descendants.
census() {
	wc -l < /proc/self/mountinfo
	find /sys/fs/cgroup -type d -name 'rf-*' 2> /dev/null | sort
	# A subshell of ours has our name, cut to 15 bytes.
	pgrep -P $$ -l | grep -Ev "pgrep|bash|sh$| $(cat /proc/$$/comm)\$" | sort
}
CENSUS=$(census)

# At the end of each script: compare the census, print the plan, exit.
finish() {
	given
	equal "nothing is left behind" "$CENSUS" "$(census)"
	echo "1..$TEST_N"
	[ $TEST_BAD -eq 0 ]
	exit
}
trap 'cd /; rm -rf "$T"' EXIT
cd "$T" || exit 1
