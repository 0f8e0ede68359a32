# SPDX-License-Identifier: GPL-2.0-or-later
# What to build stands in the Kbuild files, how to build it in scripts/Kbuild.mk.

O        ?= build
CC       ?= cc
CFLAGS   ?= -O2 -g
prefix   ?= /usr/local
VERSION  := 0.1.0

CPPFLAGS += -D_GNU_SOURCE -DRF_VERSION='"$(VERSION)"' -Iinclude -Ilib -I$(O) -iquote . -isystem $(O)/kselftest -include lib/base/poison.h
WARN     := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes \
            -Wundef -Wwrite-strings -Wimplicit-fallthrough -Wno-unused-parameter \
            -Wno-missing-field-initializers -Werror
SAN      ?=
SANFLAGS  = $(if $(filter 1,$(SAN)),-fsanitize=address$(,)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)

all:
include scripts/Kbuild.mk

## all       build the library, the tools, the probes and the man pages
all: $(libs) $(progs) $(man) $(O)/ringfence.pc

## run       install what is missing, build, run the first example; IMAGE=… gives it another image
run:
	$(Q)scripts/packages build run
	$(Q)$(MAKE) all
	$(Q)PATH=$(abspath $(O)/tools):$$PATH examples/01-a-container-from-parts.sh $(IMAGE)

## check     install what is missing, build, run every test; T=name runs those whose name has it
check:
	$(Q)scripts/packages build run check
	$(Q)$(MAKE) all tests
	$(Q)scripts/check-house $(O)
	$(Q)O=$(O) tests/run $(T)

## tests     build the tests without running them
tests: $(tests) $(helpers) $(bares)

matrix = $(Q)O=$(O) tests/matrix $(if $(T),-k $(T))

## check-vm  run every test in machines with pure cgroup v2; KERNELS='6.1 6.12 7', T=name
check-vm:
	$(Q)scripts/packages build run check vm
	$(Q)$(MAKE) all tests
	$(matrix) $(or $(KERNELS),6.1 6.12 7)

## check-enosys  run every test without the newer system calls: refused by the library's seam, and by a filter
check-enosys:
	$(Q)scripts/packages build run check
	$(Q)$(MAKE) all tests
	$(matrix) enosys filter

## check-matrix  run every test as root, as an ordinary user and on each kernel; one that none of them runs is an error
check-matrix:
	$(Q)scripts/packages build run check vm
	$(Q)$(MAKE) all tests
	$(matrix) --all-run root user $(or $(KERNELS),6.1 6.12 7)

## check-all  what continuous integration runs: each environment, the sanitizers, the fault sweep, 20 s of each fuzz target
check-all:
	$(Q)scripts/packages build run check vm fuzz
	$(Q)$(MAKE) all tests
	$(Q)$(MAKE) SAN=1 O=$(O)/san all tests
	$(Q)scripts/check-house $(O)
	$(Q)O=$(O) tests/all

## check-suites  run test suites of others, from Debian's sources, on our tools, and ours beside the newest of theirs
check-suites:
	$(Q)scripts/packages build run check suites vm
	$(Q)$(MAKE) all
	$(Q)O=$(O) tests/suites/run $(T)
	$(Q)UTIL_LINUX=$(abspath $(O))/suites/util-linux/bin O=$(O) tests/run conformance

## check-faults  refuse every call of whole jobs once with each errno, and kill them there
check-faults:
	$(Q)scripts/packages build run check
	$(Q)$(MAKE) all
	$(Q)O=$(O) tests/faults/run $(T)

## check-planted  plant known bugs in a copy, one by one: each is caught by what is meant to catch it
check-planted:
	$(Q)scripts/packages build run check dev
	$(Q)$(MAKE) all tests
	$(Q)O=$(O) tests/planted/run $(T)

## coverage  run the tests in a build that counts: lines and branches of each module; V=1 names what no test reached
coverage:
	$(Q)scripts/packages build run check fuzz
	$(Q)O=$(O) tests/coverage

## analyse   run the analysers over the tree: gcc, clang-tidy, cppcheck, valgrind on the unit tests, spelling
analyse:
	$(Q)scripts/packages build check dev
	$(Q)$(MAKE) all tests
	$(Q)O=$(O) scripts/analyse $(T)

## fuzz      run each fuzz target for T seconds (20 unless given)
fuzz:
	$(Q)scripts/packages build fuzz
	$(Q)O=$(O) tests/fuzz/run $(or $(T),20)

## vm        run CMD='…' in such a machine; KERNEL=6.12 unless given; the build's tools are on its PATH
vm:
	$(Q)scripts/packages build vm
	$(Q)$(MAKE) all
	$(Q)PATH=$(abspath $(O)/tools):$$PATH tests/vm/run --kernel $(or $(KERNEL),6.12) -- sh -c '$(subst ','\'',$(CMD))'

# Programs of the benchmarks: no library of ours in them.
bares: $(bares)

## bench     print ratios against the minimal C program and the peers, interleaved in one run; ROW=… picks rows
bench:
	$(Q)scripts/packages build bench
	$(Q)$(MAKE) all bares $(O)/tests/bench/sampling
	$(Q)O=$(O) tests/bench/run "$(ROW)"

## install   copy everything below $(DESTDIR)$(prefix)
install: all
	$(Q)O=$(O) DESTDIR=$(DESTDIR) prefix=$(prefix) scripts/install

## clean     remove the build folder
clean:
	$(Q)rm -rf $(O)

## help      print this list
help:
	$(Q)sed -n 's/^## //p' Makefile

.PHONY: all run check check-all check-vm check-enosys check-matrix check-suites check-faults check-planted coverage analyse fuzz vm tests bares bench install clean help
