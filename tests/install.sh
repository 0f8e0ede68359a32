#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install: what is there afterwards works on its own, and a program can be built against it.
. "$(dirname "$0")/lib.sh"

host_only
sanitized cgctl && skip_all "built with the sanitizers"
check "install" sh -c "cd '$TOP' && O='$O' DESTDIR='$T/root' prefix=/usr scripts/install"
for tool in nsrun nsjoin nsls confine cgctl layerctl cgprobe; do
	prints "$tool runs from there" "^$tool \(ringfence\)" "$T/root/usr/bin/$tool" --version
	check "$tool has its page" test -s "$T/root/usr/share/man/man1/$tool.1"
	check "$tool has its completion" bash -n "$T/root/usr/share/bash-completion/completions/$tool"
done
cat > use.c <<'C'
#include <ringfence/units.h>
#include <stdio.h>
int main(void)
{
	uint64_t v;

	return rf_parse_bytes("64M", &v) || printf("%llu\n", (unsigned long long)v) < 0;
}
C
flags=$(PKG_CONFIG_PATH=$T/root/usr/lib/pkgconfig pkg-config --define-variable=prefix="$T/root/usr" --cflags --libs ringfence)
check "a program is built against it" cc use.c -o use $flags
prints "and runs" '^67108864$' env LD_LIBRARY_PATH="$T/root/usr/lib" ./use
finish
