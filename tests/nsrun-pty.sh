#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsrun --pty: a terminal of its own for the program. terminal.py is who sits at the outer one.
. "$(dirname "$0")/lib.sh"

chmod 755 "$T"
nsrun -r true 2> .err || skip_all "no user namespaces here: $(cat .err)"
[ -c /dev/ptmx ] && [ -e /dev/pts ] || skip_all "no pseudo terminals here"
at() { timeout 60 python3 "$TOP/tests/terminal.py" "$@" 2>&1; }
code() { "$@" > "$T/.out" 2> "$T/.err"; echo $?; }
tidy() { tr -d '\r' | one_line; }

# --- without a terminal outside
equal "it is a terminal, on all three" "yes yes yes" "$(nsrun -r --pty sh -c 'for i in 0 1 2; do [ -t $i ] && echo yes; done' < /dev/null | tidy)"
equal "it controls the session that the program leads" "yes" "$(nsrun -r --pty sh -c '[ "$(ps -o sid= -p $$)" -eq $$ ] && [ "$(ps -o tpgid= -p $$)" -eq $$ ] && echo yes' < /dev/null | tidy)"
equal "in a pid namespace, too" "2 2" "$(nsrun -r -p --mount-proc --pty sh -c 'ps -o sid=,tpgid= -p $$' < /dev/null | tidy)"
equal "what is fed comes out once" "hello" "$(echo hello | nsrun -r --pty cat | tidy)"
equal "a last line without its end" "a b" "$(printf 'a\nb' | nsrun -r --pty cat | tidy)"
equal "nothing is fed" "" "$(nsrun -r --pty cat < /dev/null)"
equal "a program that reads nothing" "5" "$(yes | code nsrun -r --pty sh -c 'exit 5')"
equal "all of a long output" "$(seq 1 100000 | cksum)" "$(nsrun -r --pty seq 1 100000 < /dev/null | tr -d '\r' | cksum)"
all=yes
for i in $(seq 1 40); do [ "$(nsrun -r --pty echo "$i" < /dev/null | tidy)" = "$i" ] || all="not $i"; done
equal "the last words of a short program, each time" yes "$all"
equal "exit code" 7 "$(code nsrun -r --pty sh -c 'exit 7')"
equal "exit code behind an init" 7 "$(code nsrun -r -p --pty sh -c 'exit 7')"
equal "a signal is its end" 143 "$(code sh -c 'nsrun -r --pty sh -c "kill -TERM \$\$"; exit $?')"
refuse "not found" 127 '/no/such' nsrun -r --pty /no/such
refuse "output to a full disk" 125 'No space left' sh -c 'nsrun -r --pty echo much > /dev/full'
equal "output to nobody: the terminal is hung up" gone "$(timeout 20 nsrun -r --pty sh -c 'trap ": > hung-up; exit" HUP; while :; do echo x; done' < /dev/null 2> .err | head -1 > /dev/null; await 10 test -e hung-up && echo gone)"
equal "--timeout" 124 "$(code nsrun -r --pty --timeout 100ms sleep 100)"
equal "a process left behind does not hold it up" 0 "$(code timeout 20 nsrun -r -p --pty sh -c 'trap "" HUP; sleep 1000 & exit 0')"

# --- someone at a terminal
for way in "-r" "-r -p --mount-proc" "-a -r --mount-proc"; do
	equal "its size, and a new one ($way)" "33 77 44 88 0" "$(at size $way)"
	equal "^Z, fg, ^C inside; exit code; settings after ($way)" "Stopped 130 7 cooked" "$(at job-control $way)"
	equal "a program that stops gives the terminal back ($way)" "raw Stopped cooked cooked" "$(at stop $way)"
	equal "in the background the terminal is another's ($way)" "cooked word" "$(at background $way)"
done
equal "settings after an end" "3 as before said" "$(at ends 'echo said; exit 3' '' -r)"
for sig in TERM INT HUP USR1; do
	number=$(kill -l $sig)
	equal "SIG$sig to nsrun ends the program, settings as before" "-$number as before" "$(at ends 'echo ready; exec sleep 1000' SIG$sig -r)"
	equal "or is the program's matter" "4 as before" "$(at ends "trap 'exit 4' $sig; echo ready; while :; do sleep 0.02; done" SIG$sig -r -p)"
done

# --- nothing reaches the caller's terminal (CVE-2017-5226, CVE-2019-10063)
given "this kernel takes no TIOCSTI (dev.tty.legacy_tiocsti)" sh -c '[ "$(cat /proc/sys/dev/tty/legacy_tiocsti)" != 0 ]'
equal "without --pty, TIOCSTI types at the caller's terminal" some "$(at inject -r)"
given
for way in "-r" "-r -p --mount-proc" "-a -r" "-r -f --no-init -p"; do
	equal "with it, nothing does ($way)" none "$(at inject $way --pty)"
done
equal "init holds nothing of the caller's terminal" "same same same" "$(nobody nsrun -r -p --mount-proc --pty sh -c 'for i in 0 1 2; do [ "$(readlink /proc/1/fd/$i)" = "$(readlink /proc/self/fd/0)" ] && echo same; done' < /dev/null | tidy)"

# --- roots, ids, descriptors, others
mkdir -p root/bin root/proc
given "busybox-static is not installed" command -v busybox
[ -n "$SKIP_WHY" ] || { cp "$(command -v busybox)" root/bin/busybox; ln -s busybox root/bin/sh; }
equal "in a root without /dev" "terminal controlled" "$(nsrun -r -p --root root --mount-proc --pty sh -c '[ -t 0 ] && echo terminal; read a b c d e f g rest < /proc/self/stat; [ "$g" != 0 ] && echo controlled' < /dev/null | tidy)"
given "must be root: maps ids that are not its own" root
equal "whoever the program is, he may open it" said "$(nsrun --map-users 0:100000:10 --map-groups 0:100000:10 --pty sh -c 'echo said > /proc/self/fd/2' < /dev/null | tidy)"
given
equal "no descriptor but three" "0 1 2" "$(exec 7< /etc; nsrun -r --pty sh -c 'for i in $(seq 0 40); do [ ! -e /proc/$$/fd/$i ] || echo $i; done' < /dev/null | tidy)"
equal "as an ordinary user" "0 yes" "$(nobody nsrun -r -p --pty sh -c 'id -u; [ -t 0 ] && echo yes' < /dev/null | tidy)"
equal "--ready-fd, --info-fd and --block-fd" "ready pid went" "$(exec 8< /dev/null; tidy < <(nsrun -r -p --pty --ready-fd 7 --info-fd 9 --block-fd 8 echo went < /dev/null 7> ready 9> info > said; cat ready; grep -o '"pid": [0-9]*, "pidfd' info | cut -c 2-4; cat said))"
equal "--report" 6 "$(nsrun -r --pty --report report sh -c 'exit 6' < /dev/null; sed -n 's/.*"exit_code": \([0-9]*\).*/\1/p' report)"
for fault in "ioctl:*/peer=ENOTTY!" "clone3=ENOSYS!" "close_range=ENOSYS!"; do
	equal "without ${fault%=*}" "yes" "$(RINGFENCE_FAULT=$fault nsrun -r -p --pty sh -c '[ -t 0 ] && echo yes' < /dev/null | tidy)"
done
refuse "no /dev/ptmx" 125 'open a pair of pseudo terminals.*/dev/ptmx.*No such file' env RINGFENCE_FAULT=openat:/dev/ptmx=ENOENT nsrun -r --pty true
refuse "without a standard input" 125 'must be open, be it on /dev/null' sh -c 'nsrun -r --pty true <&-'
prints "--dry-run" 'lead a session on the new terminal' nsrun -r --pty --dry-run no-such-program
finish
