#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# confine as a user runs it: what the program finds in /proc/self/status is the proof.
. "$(dirname "$0")/lib.sh"
export XDG_CACHE_HOME=$T/cache
mkdir "$XDG_CACHE_HOME"
chmod 755 "$T"
all=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)

# Print the five sets and no_new_privs as one line: Inh Prm Eff Bnd Amb NNP, each as hex.
sets='sed -n "s/^Cap...:\t0*\([0-9a-f]\)/\1/p; s/^NoNewPrivs:\t//p" /proc/self/status | paste -sd" "'
full=$(printf %x $((0x$all)))
profile() { printf '{"defaultAction": "%s", "syscalls": [%s]}\n' "$1" "$2" > "$T/profile.json"; }

# --- usage
refuse "no program" 125 'missing argument' confine
refuse "an unknown option" 125 'no such option: --frob' confine --frob true
refuse "an unknown capability, with those near it" 125 'sys_admn: is not the name of a capability; near it: cap_sys_admin' confine --drop sys_admn true
refuse "an unknown capability among others" 125 'no_such_cap: is not the name' confine --keep chown,no_such_cap true
refuse "a bad descriptor" 125 'pass-fd: "x" is not a descriptor' confine --pass-fd x true
refuse "a program that is not there" 127 'no such program' confine /no/such/program
refuse "a program that is not executable" 126 'not executable' confine /etc/passwd
refuse "the same, as JSON" 127 '"errno": "ENOENT"' confine --json /no/such/program
prints "help lists the options" '--seccomp FILE' confine --help
check "the program's exit code" sh -c 'confine sh -c "exit 7"; [ $? = 7 ]'

# --- capabilities
given "must be root: starts with every capability" root
equal "nothing asked, nothing taken" "0 $full $full $full 0 0" "$(confine sh -c "$sets")"
equal "--drop all as root" "0 0 0 0 0 0" "$(confine --drop all sh -c "$sets")"
equal "--drop one" "0 $(printf '%x %x %x' $((0x$all & ~(1 << 21))) $((0x$all & ~(1 << 21))) $((0x$all & ~(1 << 21)))) 0 0" \
	"$(confine --drop sys_admin sh -c "$sets")"
equal "--keep, in any case, with and without cap_" "0 401 401 401 0 0" "$(confine --keep CAP_CHOWN --keep Net_Bind_Service sh -c "$sets")"
equal "--keep with --drop" "0 400 400 400 0 0" "$(confine --keep chown,net_bind_service --drop chown sh -c "$sets")"
equal "--keep none" "0 0 0 0 0 0" "$(confine --keep none sh -c "$sets")"
equal "--ambient is inheritable too" "1 1 1 1 1 0" "$(confine --keep chown --ambient chown sh -c "$sets")"
equal "inherited capabilities are not passed on (CVE-2022-24769)" "0 1 1 1 0 0" \
	"$(setpriv --inh-caps=+chown,+kill --ambient-caps=+chown,+kill "$O/tools/confine" --keep chown sh -c "$sets")"
# User 0 regains at exec what the bounding set has; so does nobody by a file's capabilities.
equal "what is dropped stays dropped over two execs" "0 0 0 0 0 0" "$(confine --drop all sh -c "exec sh -c '$sets'")"
equal "--no-new-privs" "0 $full $full $full 0 1" "$(confine -n sh -c "$sets")"
refuse "what is dropped can't be done" 125 'not permitted' confine --drop sys_chroot chroot / true
refuse "ambient and dropped" 125 'cap_chown: can.t be both dropped and made ambient' confine --drop chown --ambient chown true
# Inherited, or else nobody would have nothing to make ambient.
equal "nobody keeps an ambient capability" "1 1 1 1 1 0" \
	"$(nobody --inh-caps=+chown --ambient-caps=+chown --bounding-set=-all,+chown "$O/tools/confine" --ambient chown sh -c "$sets")"
equal "and loses it where it is not asked for" "0 0 0 1 0 1" \
	"$(nobody --inh-caps=+chown --ambient-caps=+chown --bounding-set=-all,+chown "$O/tools/confine" --drop all sh -c "$sets")"
equal "nobody has nothing to drop, and can't gain anything" "0 0 0 $full 0 1" "$(nobody "$O/tools/confine" --drop all sh -c "$sets")"
refuse "nobody has nothing to make ambient" 125 'cap_chown: can.t be made ambient' nobody "$O/tools/confine" --ambient chown true
given "user namespaces are refused here" nsrun -r true
equal "--drop all as root of a user namespace" "0 0 0 0 0 0" "$(nsrun -r confine --drop all sh -c "$sets")"
equal "--keep as root of a user namespace" "0 1 1 1 0 0" "$(nsrun -r confine --keep chown sh -c "$sets")"
equal "--ambient as root of a user namespace" "1 1 1 1 1 0" "$(nsrun -r confine --keep chown --ambient chown sh -c "$sets")"
given

# --- descriptors
equal "no descriptor leaks in" "0 1 2" "$(confine ls /proc/self/fd 7< /dev/null | grep -v '^3$' | paste -sd' ')"
refuse "--pass-fd that is not open" 125 '--pass-fd: descriptor 3 is not open' sh -c 'exec confine --pass-fd 3 true 3<&-'
equal "--pass-fd" "0 1 2 7" "$(confine --pass-fd 7 ls /proc/self/fd 7< /dev/null | grep -v '^3$' | paste -sd' ')"

# --- seccomp
profile SCMP_ACT_ALLOW '{"names": ["mkdir", "mkdirat", "frobnicate"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}'
refuse "a refused call fails with its errno" 1 'No space left' confine --seccomp profile.json mkdir "$T/d"
refuse "the second time, from the cache" 1 'No space left' confine --seccomp profile.json mkdir "$T/d"
prints "the cache was used" 'instructions, from the cache' confine --dry-run --seccomp profile.json true
prints "--no-cache does not use it" 'instructions; unknown' confine --dry-run --no-cache --seccomp profile.json true
equal "one entry, the owner's only" "700 1 600" "$(stat -c %a cache/ringfence/seccomp) $(ls cache/ringfence/seccomp | wc -l) $(stat -c %a cache/ringfence/seccomp/*)"
cp cache/ringfence/seccomp/* kept
head -c 100 kept > "$(echo cache/ringfence/seccomp/*)"
refuse "a damaged cache is ignored" 1 'No space left' confine --seccomp profile.json mkdir "$T/d"
check "and written anew" cmp kept cache/ringfence/seccomp/*
XDG_CACHE_HOME=/proc/nowhere refuse "no cache, no difference" 1 'No space left' confine --seccomp profile.json mkdir "$T/d"
check "the filter is in force" sh -c 'confine -s profile.json grep -q "^Seccomp:.2" /proc/self/status'
refuse "names not known are told of on request" 0 'not known here and left out: frobnicate' confine -v --seccomp profile.json true
refuse "--explain shows the load" 0 'seccomp\(SECCOMP_SET_MODE_FILTER' confine --explain --seccomp profile.json true
if root; then
	equal "with CAP_SYS_ADMIN no_new_privs is not implied" "0 $full $full $full 0 0" "$(confine -s profile.json sh -c "$sets")"
	equal "giving it up, it is" "0 0 0 0 0 1" "$(confine --drop all -s profile.json sh -c "$sets")"
	chmod 644 profile.json
	XDG_CACHE_HOME=$T/none equal "as nobody" "0 0 0 $full 0 1" "$(nobody "$O/tools/confine" -s profile.json sh -c "$sets")"
fi
profile SCMP_ACT_ALLOW '{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}'
confine --seccomp profile.json mkdir "$T/d" 2> /dev/null
equal "SCMP_ACT_KILL_PROCESS: dies by SIGSYS" $((128 + 31)) $?
profile SCMP_ACT_ALLOW '{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]}'
check "a condition on an argument" confine --seccomp profile.json bash -c 'kill -0 $$ && ! kill -USR1 $$'
profile SCMP_ACT_ERRNO '{"names": ["read"], "action": "SCMP_ACT_ALLOW"}'
refuse "a profile without execve" 125 'it refuses execve, so no program could be started' confine --seccomp profile.json true
profile SCMP_ACT_KILL '{"names": ["read"], "action": "SCMP_ACT_ALLOW"}'
refuse "one that would kill" 125 'it kills for execve' confine --seccomp profile.json true
# Only what true(1) itself needs: confine's own calls before exec must not be counted.
profile SCMP_ACT_KILL_PROCESS "{\"names\": [$(printf '"%s",' execve brk arch_prctl access faccessat openat newfstatat fstat mmap close read pread64 set_tid_address set_robust_list rseq mprotect prlimit64 munmap getrandom exit_group fadvise64)\"write\"], \"action\": \"SCMP_ACT_ALLOW\"}"
check "a list of what the program needs is enough" confine --seccomp profile.json /bin/true
for row in '{|line 2: not JSON' '{"defaultAction": "SCMP_ACT_MAYBE"}|defaultAction: "SCMP_ACT_MAYBE" is not one of' \
	'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_TRAP"}]}|syscalls\[0\].names: is empty' \
	'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_TRAP", "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}]}|args\[0\].index: 6 is not a number from 0 to 5'; do
	printf '%s\n' "${row%%|*}" > bad.json
	refuse "bad profile: ${row#*|}" 125 "bad.json: .*${row#*|}" confine --seccomp bad.json true
done
refuse "the same as JSON" 125 '"note": "syscalls\[0\].args\[0\].index: 6' confine --json --seccomp bad.json true
head -c 5000000 /dev/zero | tr '\0' '[' > bad.json
refuse "5 MB of JSON" 125 'longer than 4194304 bytes' confine --seccomp bad.json true
head -c 4000000 bad.json > deep.json
refuse "4 MB of nested arrays" 125 'not JSON: nesting too deep' confine --seccomp deep.json true
printf '\033[31m' > bad.json
refuse "a missing profile" 125 'nowhere.json: openat.*No such file' confine --seccomp nowhere.json true
check "our own profile lets a shell work" confine --seccomp "$TOP/examples/seccomp-default.json" sh -c 'echo a | grep -q a'
refuse "and refuses to make namespaces" 1 'Operation not permitted' confine --seccomp "$TOP/examples/seccomp-default.json" unshare -U true

# --- instructions as they are: what a compiled profile has behind its header
printf 'default allow\ndeny EDOM mkdir mkdirat\n' > raw.profile
confine compile raw.profile raw.compiled && tail -c +41 raw.compiled > raw.filter
refuse "--seccomp-filter takes instructions" 1 'out of domain' confine --seccomp-filter raw.filter mkdir "$T/d"
prints "and forbids to gain privilege" '^NoNewPrivs:.1$' confine --seccomp-filter raw.filter cat /proc/self/status
prints "loads them as setpriv does" 'SECCOMP_FILTER_FLAG_SPEC_ALLOW' confine --dry-run --seccomp-filter raw.filter true
refuse "no instructions" 125 'raw.profile: holds no instructions' confine --seccomp-filter raw.profile true
refuse "none at all" 125 'holds no instructions' confine --seccomp-filter /dev/null true
refuse "a profile beside" 125 'goes with none of --seccomp' confine --seccomp-filter raw.filter --seccomp raw.profile true
refuse "nothing to trace by" 125 'goes with none of --seccomp, --trace' confine --seccomp-filter raw.filter --trace true
refuse "a missing file" 125 'nowhere.filter: openat.*No such file' confine --seccomp-filter nowhere.filter true
head -c 32776 /dev/zero > long.filter
refuse "more than the kernel takes" 125 'has 4097 instructions, the kernel takes 4096' confine --seccomp-filter long.filter true
printf '\0\0\0\0\0\0\0\0' > bad.filter
refuse "what the kernel refuses" 125 'seccomp\(.*Invalid argument' confine --seccomp-filter bad.filter true
root && { chmod 644 raw.filter; refuse "as nobody" 1 'out of domain' nobody "$O/tools/confine" --seccomp-filter raw.filter mkdir "$T/d"; }

# --- faults: each set-up call made to fail ends in 125 and the program does not run
faults="prctl=EPERM seccomp=EACCES close_range=EPERM"
if root; then faults="$faults capset=EPERM"; fi
for fault in $faults; do
	RINGFENCE_FAULT=$fault refuse "fault $fault" 125 "${fault%=*}" confine --drop all -n --seccomp profile.json touch ran
	check "fault $fault: the program did not run" test ! -e ran
done
prints "--dry-run prints the steps" 'forbid to gain privilege' confine --dry-run -n touch ran
check "--dry-run runs nothing" test ! -e ran

finish
