#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/check-house finds each kind of breach: every one is planted in a copy of the tree, seen,
# and taken out again. The copy holds the sources, a finished build and no git.
. "$(dirname "$0")/lib.sh"

once
command -v python3 > /dev/null || skip_all "python3 is not installed"

mkdir copy
(cd "$TOP" && find . -maxdepth 1 ! -name . ! -name .git ! -name 'build*' -exec cp -r {} "$T/copy/" \;)
mkdir -p copy/build/tools copy/build/obj
(cd "$O/obj" && find lib tools -name '*.o' -exec cp --parents {} "$T/copy/build/obj/" \;)
(cd "$O" && cp -P libringfence.so* "$T/copy/build/" && find tools -maxdepth 1 -type f -perm -u+x -exec cp {} "$T/copy/build/tools/" \;)
cd copy || exit 1

# house [RULE…]: all rules, or these.
house() { scripts/check-house build "$@"; }

check "the tree as it stands has no breach" house

# breach RULE NAME PATTERN FILE…: check-house fails, says so in one line; then FILEs are taken out again.
breach() {
	_r=$1 _n=$2 _p=$3; shift 3
	refuse "$_n" 1 "^check-house: $_p" house "$_r"
	rm -f "$@"
}
# object FILE.c: compile it into the copy's build.
object() { cc -I"$PWD/lib" -I"$PWD/include" -D_GNU_SOURCE -fvisibility=hidden -c "$1" -o "build/obj/${1%.c}.o"; }
LGPL='// SPDX-License-Identifier: LGPL-2.1-or-later'
GPL='// SPDX-License-Identifier: GPL-2.0-or-later'

printf '%s\n#include "plan/plan.h"\n' "$LGPL" > lib/base/planted.h
breach includes "an include against the order" 'lib/base/planted.h: includes lib/plan/plan.h: base may not use plan' lib/base/planted.h

printf '%s\n#include "ns/planted.h"\n' "$LGPL" > lib/idmap/planted.h
printf '%s\n' "$LGPL" > lib/ns/planted.h
breach includes "an include between modules of one rank" 'lib/idmap/planted.h: includes lib/ns/planted.h: idmap may not use ns' lib/idmap/planted.h lib/ns/planted.h

printf '%s\n#include "base/b.h"\n' "$LGPL" > lib/base/a.h
printf '%s\n#include "a.h"\n' "$LGPL" > lib/base/b.h
breach includes "an include cycle within a module" 'lib/base/[ab].h: include cycle: lib/base/' lib/base/a.h lib/base/b.h

printf '%s\n#include "../../tools/tool.h"\n' "$LGPL" > lib/base/a.h
breach includes "the library includes a tool's header" 'lib/base/a.h: includes tools/tool.h: the library may not' lib/base/a.h

mkdir lib/utils
printf '%s\n' "$LGPL" > lib/utils/utils.h
breach includes "a module that the order does not know" 'lib/utils/utils.h: module utils has no place' lib/utils/utils.h
rmdir lib/utils

printf '%s\n#include <ringfence/plan.h>\nvoid base_x(struct rf_plan *p);\nvoid base_x(struct rf_plan *p) { rf_plan_undo(p); }\n' "$LGPL" > lib/base/planted.c
object lib/base/planted.c
breach calls "a call against the order" 'lib/base/planted.o: calls rf_plan_undo\(\): base may not use plan' lib/base/planted.c build/obj/lib/base/planted.o

printf '%s\n#include <fcntl.h>\nint base_x(const char *s);\nint base_x(const char *s) { return open(s, 0); }\n' "$LGPL" > lib/base/planted.c
object lib/base/planted.c
breach raw "a raw system call in the library" 'lib/base/planted.o: calls open\(\) itself' lib/base/planted.c build/obj/lib/base/planted.o

printf '%s\n#include <unistd.h>\n#include <fcntl.h>\nlong f(const char *s);\nlong f(const char *s) { return syscall(1) + openat64(-1, s, 0); }\n' "$GPL" > tools/planted.c
object tools/planted.c
breach raw "syscall(2) and a large-file name in a tool" 'tools/planted.o: calls openat\(\) itself' build/none
breach raw "both are named" 'tools/planted.o: calls syscall\(\) itself' tools/planted.c build/obj/tools/planted.o

printf '%s\n#include <stdio.h>\nFILE *base_x(void);\nFILE *base_x(void) { return fopen("/", "r"); }\n' "$LGPL" > lib/base/planted.c
object lib/base/planted.c
breach raw "the library opens a file by stdio" 'lib/base/planted.o: calls fopen\(\) itself' lib/base/planted.c build/obj/lib/base/planted.o

printf '%s\nvoid f(void);\nvoid f(void) { __asm__("syscall"); }\n' "$GPL" > tools/planted.c
breach asm "inline assembly" 'tools/planted.c: inline assembly' tools/planted.c

printf '%s\n__attribute__((visibility("default"))) int base_x;\n' "$LGPL" > lib/base/planted.c
object lib/base/planted.c
breach visibility "a visible symbol that is no rf_ name" 'lib/base/planted.o: base_x is visible' lib/base/planted.c build/obj/lib/base/planted.o

sed -i.keep '/rf_plan_undo;/d' lib/libringfence.map
rm lib/libringfence.map.keep
breach visibility "a public function that the map does not list" '.*libringfence.so.0: check-abi: .*rf_plan_undo' build/none
cp "$TOP/lib/libringfence.map" lib/

sed -i 's/^prog-y.*/& planted/' tools/Kbuild
breach tools "a tool without a man page" 'Documentation/planted.rst: is missing' build/none
breach tools "a tool without a test" 'tests/planted.sh: is missing' build/none
breach tools "a tool that is not built" '.*tools/planted: is not built' build/none
printf '#!/bin/sh\n[ "$1" != --help=bash ] || { echo "if ("; exit 0; }\n[ "$1" = --help ] || echo x\nexit ${1:+3}\n' > build/tools/planted
chmod +x build/tools/planted
breach tools "a tool whose --help fails" '.*tools/planted: --help fails or prints nothing \(exit 3\)' build/none
breach tools "a completion that does not parse" '.*tools/planted: --help=bash is not bash' build/tools/planted
cp "$TOP/tools/Kbuild" tools/

echo 'int x;' > tools/planted.c
breach licences "no SPDX line" 'tools/planted.c: no SPDX line on top' tools/planted.c
printf '%s\n' "$GPL" > lib/base/planted.h
breach licences "the wrong licence for its folder" 'lib/base/planted.h: GPL-2.0-or-later on top, should be LGPL-2.1-or-later' lib/base/planted.h

{ echo "$GPL"; yes '' | head -600; } > tools/planted.c
breach sizes "a file of 601 lines" 'tools/planted.c: 601 lines' tools/planted.c
{ printf '%s\nvoid f(void)\n{\n' "$GPL"; yes '	;' | head -59; echo '}'; } > tools/planted.c
breach sizes "a function of 61 lines" 'tools/planted.c:2: a function of 61 lines' tools/planted.c
{ printf '%s\nvoid f(void)\n{\n' "$GPL"; yes '	;' | head -58; echo '}'; } > tools/planted.c
check "a function of 60 lines is fine" house
rm tools/planted.c

check "with everything taken out, the tree is as it was" house
refuse "a rule that there is not" 1 'no rule "manners". There are: includes asm' house manners
refuse "a build folder without objects" 1 'has no objects: run make first' scripts/check-house "$T/none"
cd "$T" || exit 1
finish
