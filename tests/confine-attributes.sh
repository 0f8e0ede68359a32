#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# confine's ids, capability sets, limits and scheduling: each is seen by util-linux's and libcap's
# programs, or in /proc, from inside. And show and diff beside those programs.
. "$(dirname "$0")/lib.sh"
chmod 755 "$T"
confine=$O/tools/confine

# The five sets as one line: Inh Prm Eff Bnd Amb, each as hex.
sets='sed -n "s/^Cap...:\t0*\([0-9a-f]\)/\1/p" /proc/self/status | paste -sd" "'
bound=$((0x$(sed -n 's/^CapBnd:\t//p' /proc/self/status)))
full=$(printf %x $bound)

# --- bad input: named, with what is allowed, and nothing runs
given "$ON_HOST" on_host
while IFS='|' read -r option value want; do
	refuse "$option=$value" 125 "$want" confine "$option=$value" touch ran
done <<'ROWS'
--caps|frob=ep|--caps: frob=ep: is no text of cap_from_text
--iab|^frob|--iab: \^frob: is no text of cap_iab_from_text
--inh-caps|chown|--inh-caps: chown: is not of the form \+cap
--inh-caps|+chwon|chwon: is not the name of a capability; near it: cap_chown
--ambient-caps|+|--ambient-caps: \+: is not of the form
--bounding-set|-all,|--bounding-set: -all,: is not of the form
--securebits|+frob|"\+frob" is not \+ or - and one of noroot
--securebits|noroot|"noroot" is not \+ or -
--reuid|no-such-user|--reuid: no-such-user: is neither a number nor in /etc/passwd
--reuid|4294967295|ids go from 0 to 4294967294
--reuid|-1|is neither a number
--rgid|no-such-group|is neither a number nor in /etc/group
--groups|0,,1|--groups: is neither
--pdeathsig|FROB|--pdeathsig: FROB: is neither a signal
--pdeathsig|65|is neither a signal
--rlimit|frob=1|is not NAME=SOFT\[:HARD\] with NAME one of as, core, cpu
--rlimit|nofile|is not NAME=SOFT
--rlimit|nofile=|nofile=: has no value
--rlimit|nofile=9:8|the soft limit is above the hard one
--rlimit|nofile=1K|"1K" is not a whole number
--rlimit|as=1x|"1x" is not a size such as 64M
--rlimit|cpu=1y|"1y" is not seconds, a time
--nice|20|--nice: 20: is not a whole number from -20 to 19
--sched|frob|is none of other, batch, idle, fifo, rr, deadline
--sched|fifo:0|a priority is a number from 1 to 99
--sched|fifo:100|a priority is a number from 1 to 99
--sched|batch:3|batch has no priority
--sched|deadline|deadline:RUNTIME/DEADLINE/PERIOD
--sched|deadline:1ms/2ms|deadline:RUNTIME/DEADLINE/PERIOD
--sched|deadline:3ms/2ms/9ms|RUNTIME <= DEADLINE
--uclamp|5|is not MIN:MAX
--uclamp|9:1025|0 <= MIN <= MAX <= 1024
--affinity|3-1|is not numbers and ranges below 8192
--affinity|0,|is not numbers and ranges
--affinity|9999|below 8192
--ioprio|rt:8|a level is a number from 0 \(first\) to 7
--ioprio|idle:1|idle has no level
--ioprio|frob|is none of rt
--oom-score-adj|1001|from -1000 to 1000
--core-sched|0|is not new or the pid
--mempolicy|bind|bind:NODES
--mempolicy|local:0|local has no nodes
--mempolicy|bind:x|below 1024
--timerslack|1y|is not nanoseconds, or a time
--personality|linux32,frob|"frob" is none of linux64, linux32
--umask|778|is not an octal number
ROWS
check "nothing ran" test ! -e ran

# --- contradictions: both options are named
refuse "--caps and --inh-caps" 125 '--caps and --inh-caps contradict' confine --caps =ep --inh-caps +chown true
refuse "--iab and --bounding-set" 125 '--iab and --bounding-set contradict' confine --iab '!cap_chown' --bounding-set=-chown true
refuse "--reuid and --euid" 125 '--reuid and --euid contradict' confine --reuid 1 --euid 2 true
refuse "--drop and --caps" 125 '--drop and --caps contradict each other: cap_chown' confine --drop chown --caps cap_chown=ep true
refuse "--drop and --inh-caps" 125 '--drop and --inh-caps contradict each other: cap_chown' confine --drop chown --inh-caps +chown true
refuse "--keep and --ambient-caps" 125 '--keep and --ambient-caps contradict each other: cap_kill' confine --keep chown --ambient-caps +kill true
refuse "--ambient and --ambient-caps" 125 '--ambient and --ambient-caps contradict' confine --ambient chown --ambient-caps +kill true
refuse "--ambient and --caps" 125 '--ambient and --caps contradict each other: cap_chown' confine --ambient chown --caps cap_chown=ep true
refuse "two ways for groups" 125 'contradict each other' confine --clear-groups --keep-groups true
refuse "a group without a word on the others" 125 'needs one of --clear-groups' confine --regid 1 true
refuse "--init-groups without a user" 125 '--init-groups needs --reuid' confine --init-groups true
refuse "no ambient against the securebits" 125 'forbids the ambient capabilities' confine --securebits +no_cap_ambient_raise --ambient-caps +chown true

# --- what anyone may do
given
equal "--rlimit of a number" "100 200" "$(confine --rlimit nofile=100:200 prlimit --nofile --raw --noheadings -o SOFT,HARD | tr -s ' ')"
equal "--rlimit of both" "100 100" "$(confine --rlimit nofile=100 prlimit --nofile --raw --noheadings -o SOFT,HARD | tr -s ' ')"
equal "--rlimit of a size" "67108864 1073741824" "$(confine --rlimit as=64M:1G prlimit --as --raw --noheadings -o SOFT,HARD | tr -s ' ')"
equal "--rlimit of a time" "61 120" "$(confine --rlimit cpu=60.5s:2min prlimit --cpu --raw --noheadings -o SOFT,HARD | tr -s ' ')"
equal "--rlimit of microseconds" "1500 1500" "$(confine --rlimit rttime=1.5ms prlimit --rttime --raw --noheadings -o SOFT,HARD | tr -s ' ')"
equal "--rlimit of the soft one" "0 $(prlimit --core --raw --noheadings -o HARD | tr -d ' ')" "$(confine --rlimit core=0: prlimit --core --raw --noheadings -o SOFT,HARD | tr -s ' ')"
hard=$(ulimit -Hn)
equal "--rlimit of the hard one" "$(ulimit -Sn) $hard" "$(confine --rlimit nofile=:$hard prlimit --nofile --raw --noheadings -o SOFT,HARD | tr -s ' ')"
for name in as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack; do
	before=$(prlimit --$name --raw --noheadings -o HARD | tr -d ' ')
	equal "--rlimit $name" "$before" "$(confine --rlimit $name=$before prlimit --$name --raw --noheadings -o SOFT | tr -d ' ')"
done
equal "--nice" "$(($(nice) + 5))" "$(confine --nice $(($(nice) + 5)) nice)"
equal "--sched batch" "SCHED_BATCH" "$(confine --sched batch sh -c 'chrt -p $$' | sed -n 's/.*policy: //p')"
equal "--sched idle" "SCHED_IDLE" "$(confine --sched idle sh -c 'chrt -p $$' | sed -n 's/.*policy: //p')"
equal "--sched other keeps --nice" "7" "$(confine --sched other --nice 7 nice)"
equal "--reset-on-fork" "SCHED_BATCH|SCHED_RESET_ON_FORK" "$(confine --sched batch --reset-on-fork sh -c 'chrt -p $$' | sed -n 's/.*policy: //p')"
equal "--reset-on-fork alone keeps policy and nice" "SCHED_OTHER|SCHED_RESET_ON_FORK 4" \
	"$(confine --nice 4 confine --reset-on-fork sh -c 'chrt -p $$; confine --json show $$ | jq .scheduling.nice' | sed -n 's/.*policy: //p; /^[0-9]/p' | paste -sd' ')"
cpu=$(taskset -pc $$ | sed 's/.*: //; s/[-,].*//')
equal "--affinity" "$cpu" "$(confine --affinity $cpu sh -c 'taskset -pc $$' | sed 's/.*: //')"
refuse "--affinity of a CPU that is not there" 125 'sched_setaffinity.*|choose the CPUs' confine --affinity 8000 true
refuse "and its hint" 125 'hint: none of these CPUs is there' confine --affinity 8000 true
equal "--ioprio be" "best-effort: prio 6" "$(confine --ioprio be:6 sh -c 'ionice -p $$')"
equal "--ioprio idle" "idle" "$(confine --ioprio idle sh -c 'ionice -p $$')"
equal "--oom-score-adj" "500" "$(confine --oom-score-adj 500 cat /proc/self/oom_score_adj)"
equal "choom sees it" "500" "$(confine --oom-score-adj 500 sh -c 'choom -p $$' | sed -n "s/.*adjust value: //p")"
equal "--umask" "0027" "$(confine --umask 27 sh -c umask)"
equal "--timerslack" "70000" "$(confine --timerslack 70us cat /proc/self/timerslack_ns)"
equal "--no-thp" "0" "$(confine --no-thp sed -n 's/^THP_enabled:\t//p' /proc/self/status)"
equal "--personality linux32" "$(setarch linux32 uname -m)" "$(confine --personality linux32 uname -m)"
equal "--personality addr-no-randomize" "00040000" "$(confine --personality addr-no-randomize cat /proc/self/personality)"
given "this kernel has no NUMA" grep -q Mems_allowed_list /proc/self/status
given "this kernel has no NUMA" test -e /proc/self/numa_maps
check "--mempolicy bind" sh -c 'confine --mempolicy bind:0 cat /proc/self/numa_maps | grep -q "bind:0"'
check "--mempolicy interleave" sh -c 'confine --mempolicy interleave:0 cat /proc/self/numa_maps | grep -q "interleave:0"'
check "--mempolicy local" confine --mempolicy local true
refuse "--mempolicy of a node that is not there" 125 'hint: a node is not there' confine --mempolicy bind:1000 true
given
equal "--pdeathsig" "SIGTERM" "$(confine --pdeathsig TERM confine --json show self | jq -r .guards.parent_death_signal)"
equal "--pdeathsig keep" "SIGUSR1" "$(confine --pdeathsig USR1 confine --pdeathsig keep confine --json show self | jq -r .guards.parent_death_signal)"
equal "--pdeathsig clear" "none" "$(confine --pdeathsig USR1 confine --pdeathsig clear confine --json show self | jq -r .guards.parent_death_signal)"
equal "--reset-env" "HOME LOGNAME PATH SHELL TERM USER" "$(TERM=vt FROB=1 LD_FROB=2 confine --reset-env env | sed 's/=.*//' | sort | paste -sd' ')"
# Core scheduling and clamping are not in every kernel: either they are there, or the message says so.
if confine --uclamp 100:500 true 2> err; then
	equal "--uclamp" "100:500" "$(confine --uclamp 100:500 confine --json show self | jq -r .scheduling.utilization_clamp)"
else
	check "--uclamp says that the kernel lacks it" grep -q 'hint: this kernel has no utilization clamping' err
fi
if confine --core-sched new true 2> err; then
	check "--core-sched new" sh -c 'confine --core-sched new confine --json show self | jq -e ".scheduling.core_cookie != \"none\""'
	confine --core-sched new sleep 60 & cookie=$!
	await 5 grep -q sleep /proc/$cookie/comm
	check "another cookie is a difference" sh -c "confine diff self $cookie | grep -q 'core scheduling cookie: none |'"
	check "--core-sched PID" sh -c "! confine --core-sched $cookie confine diff self $cookie | grep -q cookie"
	kill $cookie
else
	check "--core-sched says why not" grep -Eq 'hint: (this kernel has no core scheduling|the cores of this machine)' err
fi

# --- without privilege
refuse "nobody can't become root" 125 'hint: taking another user.s id needs CAP_SETUID' nobody "$confine" --reuid 0 true
refuse "nobody can't take groups" 125 'hint: setgroups is denied|CAP_SETGID' nobody "$confine" --groups 0 true
refuse "nobody can't get nicer" 125 'hint: a lower nice value needs CAP_SYS_NICE' nobody "$confine" --nice -5 true
refuse "nobody can't have real time" 125 'hint: real-time scheduling needs CAP_SYS_NICE, or RLIMIT_RTPRIO' nobody "$confine" --sched fifo:5 true
refuse "nobody can't have real-time I/O" 125 'hint: the class rt needs CAP_SYS_NICE' nobody "$confine" --ioprio rt true
refuse "nobody can't raise a hard limit" 125 'hint: raising a hard limit needs CAP_SYS_RESOURCE' \
	nobody "$confine" --rlimit nofile=10 "$confine" --rlimit nofile=11 true
refuse "nobody can't set securebits" 125 'hint: this needs CAP_SETPCAP' nobody "$confine" --securebits +noroot true
refuse "nobody has nothing to be permitted" 125 'cap_chown: can.t be permitted: this process itself has it not' nobody "$confine" --caps cap_chown=ep true
refuse "nobody can't leave capabilities out" 125 'hint: this needs CAP_SETPCAP' nobody "$confine" --bounding-set=-chown true
refuse "nobody can't lower the OOM score" 125 'hint: going below the lowest value' nobody "$confine" --oom-score-adj -1000 true

# --- root
given "must be root: starts with every capability" root
equal "--reuid by number" "33 33 33 33" "$(confine --reuid 33 sed -n 's/^Uid:\t//p' /proc/self/status | tr '\t' ' ')"
equal "--reuid by name" "$(id -u nobody)" "$(confine --reuid nobody id -u)"
equal "--ruid and --euid" "33 34 34 34" "$(confine --ruid 33 --euid 34 sed -n 's/^Uid:\t//p' /proc/self/status | tr '\t' ' ')"
equal "--regid" "33 33 33 33" "$(confine --regid 33 --clear-groups sed -n 's/^Gid:\t//p' /proc/self/status | tr '\t' ' ')"
equal "--groups" "5,6,33" "$(confine --groups 33,tty,6 setpriv --dump | sed -n 's/^Supplementary groups: //p' | tr ',' '\n' | sed "s/tty/5/" | sort -n | paste -sd,)"
equal "--clear-groups" "" "$(confine --groups 5 "$confine" --clear-groups sed -n 's/^Groups:\t//p' /proc/self/status | tr -d ' ')"
equal "--keep-groups" "5 " "$(confine --groups 5 "$confine" --regid 33 --keep-groups sed -n 's/^Groups:\t//p' /proc/self/status)"
equal "--init-groups, as id(1) sees them" "$(id -G daemon)" "$(confine --reuid daemon --regid daemon --init-groups id -G)"
equal "leaving root leaves the capabilities" "0 0 0 $full 0" "$(confine --reuid 33 sh -c "$sets")"
equal "and what could be inherited (CVE-2022-24769)" "0 0 0 $full 0" \
	"$(setpriv --inh-caps=+chown "$confine" --reuid 33 sh -c "$sets")"
equal "ambient ones go along" "1 1 1 $full 1" "$(confine --reuid 33 --ambient-caps +chown sh -c "$sets")"
equal "--ambient, too" "1 1 1 1 1" "$(confine --reuid 33 --keep chown --ambient chown sh -c "$sets")"
equal "--caps of libcap" "1 $full $full $full 0" "$(confine --caps cap_chown=eip sh -c "$sets")"
equal "--caps with noroot" "1 1 1 $full 1" "$(confine --caps cap_chown=eip --ambient-caps +chown --securebits +noroot sh -c "$sets")"
equal "--caps of none, with noroot" "0 0 0 $full 0" "$(confine --caps = --securebits +noroot,+noroot_locked sh -c "$sets")"
refuse "--caps, effective without permitted" 125 'cap_chown: can.t be effective without' confine --caps cap_chown=e true
equal "--iab" "21 $(printf '%x %x %x' $((bound & ~2)) $((bound & ~2)) $((bound & ~2))) 1" \
	"$(confine --iab '^cap_chown,%cap_kill,!cap_dac_override' sh -c "$sets")"
equal "--iab, inheritable and out of the bounding set" "1 $full $full $(printf %x $((bound & ~1))) 0" "$(confine --iab '!%cap_chown' sh -c "$sets")"
equal "and for another user" "1 0 0 $(printf %x $((bound & ~1))) 0" "$(confine --reuid 33 --iab '!%cap_chown' sh -c "$sets")"
equal "--inh-caps" "21 $full $full $full 0" "$(confine --inh-caps=+chown,+kill sh -c "$sets")"
equal "--inh-caps, the last word counts" "20 $full $full $full 0" "$(confine --inh-caps=+chown,+kill,-chown sh -c "$sets")"
equal "--inh-caps=+all is what can be had" "$full $full $full $full 0" "$(confine --inh-caps=+all sh -c "$sets")"
equal "--bounding-set" "0 1 1 1 0" "$(confine --bounding-set=-all,+chown sh -c "$sets")"
equal "--bounding-set as setpriv does" "$(setpriv --bounding-set=-sys_admin,-kill sh -c "$sets")" "$(confine --bounding-set=-sys_admin,-kill sh -c "$sets")"
check "--securebits, as capsh sees them" sh -c 'confine --securebits +noroot,+noroot_locked capsh --print | grep -q "secure-noroot: yes (locked)"'
equal "--securebits and another user" "noroot noroot_locked" \
	"$(confine --reuid 33 --securebits +noroot,+noroot_locked confine --json show self | jq -r '.capabilities.securebits' | tr , ' ')"
equal "who keeps nothing has nothing" "0 0 0 $full 0" "$(confine --reuid 33 --securebits +noroot sh -c "$sets")"
equal "--nice downwards" "-5" "$(confine --nice -5 nice)"
equal "--ioprio rt" "realtime: prio 3" "$(confine --ioprio rt:3 sh -c 'ionice -p $$')"
equal "a limit on the new user, set before" "7" "$(confine --reuid 33 --rlimit nofile=7 --oom-score-adj 10 prlimit --nofile --raw --noheadings -o HARD | tr -d ' ')"
equal "--pdeathsig outlives the change of ids" "SIGKILL" "$(confine --reuid 33 --pdeathsig KILL "$confine" --json show self | jq -r .guards.parent_death_signal)"
equal "--reset-env of another user" "HOME=$(getent passwd daemon | cut -d: -f6)" "$(confine --reuid daemon --reset-env env | grep HOME)"
printf '{"defaultAction": "SCMP_ACT_ALLOW"}\n' > allow.json
chmod 644 allow.json
equal "a filter for another user implies no_new_privs" "1" "$(confine --no-cache --reuid 33 --seccomp allow.json sed -n 's/^NoNewPrivs:\t//p' /proc/self/status)"
for policy in fifo rr; do
	if chrt --$policy 5 true 2> /dev/null; then
		equal "--sched $policy" "SCHED_${policy^^} 5" "$(confine --sched $policy:5 sh -c 'chrt -p $$' | sed 's/.*: //' | paste -sd' ')"
	else
		refuse "--sched $policy: why not" 125 'hint: this control group has no real-time budget' confine --sched $policy:5 true
	fi
done
if chrt --deadline --sched-runtime 1000000 --sched-deadline 5000000 --sched-period 5000000 0 true 2> /dev/null; then
	equal "--sched deadline" "SCHED_DEADLINE|SCHED_RESET_ON_FORK 0 1000000/5000000/10000000" \
		"$(confine --sched deadline:1ms/5ms/10ms --reset-on-fork sh -c 'chrt -p $$' | sed 's/.*: //' | paste -sd' ')"
else
	refuse "--sched deadline: why not" 125 'hint: (deadline|the kernel has no bandwidth)' confine --sched deadline:1ms/5ms/10ms true
fi

# Every way to the program: nothing to inherit and nothing ambient unless it was asked for.
inherits() { setpriv --inh-caps=+chown,+kill --ambient-caps=+chown,+kill "$confine" "$@" sh -c "$sets" | cut -d' ' -f1,5; }
for words in "--drop kill" "--keep chown" "--reuid 33" "--reuid 33 --drop kill" "--caps cap_kill=ep" "--bounding-set=-kill" \
	"--reuid 33 --securebits=+noroot" "--reuid 33 -n" "--inh-caps=-chown" "--ambient-caps=-chown" "--iab=!cap_kill"; do
	equal "Inh and Amb are empty: $words" "0 0" "$(inherits $words)"
done

if nsrun -r true 2> /dev/null; then
	equal "as root of a user namespace" "0 1 1 1 0" "$(nsrun -r confine --bounding-set=-all,+chown sh -c "$sets")"
	refuse "ids that the namespace has not" 125 'hint: this id is not in the user id map' nsrun -r confine --reuid 33 true
fi

# --- faults: each call made to fail ends in 125, names it, and the program does not run
for fault in prlimit64=EPERM setpriority=EPERM sched_setattr=EPERM sched_setaffinity=EINVAL ioprio_set=EPERM set_mempolicy=ENOSYS \
	setgroups=EPERM setresuid=EAGAIN setresgid=EINVAL capset=EPERM prctl=EINVAL personality=EINVAL umask=EINVAL write=EACCES; do
	RINGFENCE_FAULT=$fault refuse "fault $fault" 125 "${fault%=*}" confine --reuid 33 --regid 33 --clear-groups --ambient-caps +chown \
		--rlimit nofile=50 --nice 3 --sched batch --affinity "$cpu" --ioprio be --mempolicy local --personality linux32 --umask 22 \
		--oom-score-adj 5 touch ran
	check "fault $fault: the program did not run" test ! -e ran
done
given

# --- explain and dry run
prints "--dry-run" 'set a resource limit.*nofile: soft 5, hard 5' confine --dry-run --rlimit nofile=5 --nice 3 touch ran
refuse "--explain" 0 'setpriority\(PRIO_PROCESS, 0, 3\)' confine --explain --nice 3 true
prints "--dry-run needs no privilege" 'take on the ids: real uid 0, effective uid 0' nobody "$confine" --dry-run --reuid 0 true
refuse "an error as JSON" 125 '"object": "nofile=x".*"note": ".*is not a whole number' confine --json --rlimit nofile=x true
check "--dry-run runs nothing" test ! -e ran

# --- show and diff
sleep 60 & other=$!
prints "show prints a page" 'real user' confine show $other
equal "--dump is show self" "$(confine show self | wc -l)" "$(confine --dump | wc -l)"
refuse "show: not a pid" 2 '"frob" is neither a pid nor self' confine show frob
refuse "show: no such process" 1 'there is no such process' confine show 4000000
refuse "diff: no such process" 2 'there is no such process' confine diff self 4000000
refuse "show: missing pid" 2 'missing argument' confine show
check "a program called show" sh -c 'printf "#!/bin/sh\necho ran\n" > show; chmod 755 show; PATH=$PWD:$PATH; [ "$(confine -- ./show)" = ran ]'
json() { confine --json show $other | jq -r "$1"; }
equal "show: the uid" "$(ps -o ruid= -p $other | tr -d ' ')" "$(json .ids.real_uid)"
equal "show: limits as prlimit's" "$(prlimit -p $other --nofile --raw --noheadings -o SOFT,HARD | tr -s ' ')" "$(json '.limits.nofile | "\(.soft) \(.hard)"')"
equal "show: the affinity as taskset's" "$(taskset -pc $other | sed 's/.*: //')" \
	"$(taskset -c "$(json .scheduling.cpus)" sh -c 'taskset -pc $$' | sed 's/.*: //')"
equal "show: nice" "$(ps -o ni= -p $other | tr -d ' ')" "$(json .scheduling.nice)"
equal "show: namespaces" "$(readlink /proc/$other/ns/net)" "net:[$(json .namespaces.net)]"
equal "show: bounding set as getpcaps knows it" "$(sed -n 's/^CapBnd:\t//p' /proc/$other/status)" \
	"$(printf '%016x' $((0x$(sed -n 's/^CapBnd:\t//p' /proc/self/status))))"
prints "securebits of another" 'securebits +- \(not readable for another process\)' confine show $other
prints "Landlock can't be known" 'Landlock +- \(the kernel tells nobody' confine show $other
prints "JSON says why" '"capabilities.securebits": "not readable' confine --json show $other
check "diff of a process with itself" confine diff $other $other
prints "says so" 'differ in nothing' confine diff $other $other
confine --nice 7 --rlimit nofile=99 -n sleep 60 & third=$!
await 5 grep -q sleep /proc/$third/comm
confine diff $other $third > out
equal "diff exits 1" 1 $?
check "diff: nice" grep -q '^scheduling, nice: 0 | 7' out
check "diff: the limit" grep -q '^limits, nofile: .* | 99 soft, 99 hard' out
check "diff: no_new_privs" grep -q '^guards, no_new_privs: 0 | 1' out
check "diff: what it means" grep -q 'can gain privilege by set-user-ID programs' out
equal "diff as JSON" '"nice" 0 7' "$(confine --json diff $other $third | jq -r '.[] | select(.key == "nice") | "\"nice\" \(.first) \(.second)"')"
check "the same from the command's option" sh -c "confine diff --json $other $third | jq -e 'length >= 3'"
kill $third $other
wait 2> /dev/null
given "must be root" root
prints "nobody looks at root's: what he may not see is said" 'needs the rights of a tracer' nobody "$confine" show $$
given
refuse "a full disk is an error" 1 'No space left' sh -c 'confine show self > /dev/full'

finish
