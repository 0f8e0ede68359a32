# SPDX-License-Identifier: GPL-2.0-or-later
# A non-recursive build engine in the manner of kbuild. Each folder's Kbuild may set
#
#   subdir-y     folders to read next
#   lib-y        objects of libringfence
#   prog-y       programs; <prog>-y lists their objects (default <prog>.o)
#   ldflags-<prog>, libs-<prog>  how to link that program, where it differs
#   common-y     objects linked into every program of the folder
#   test-y       test programs, linked with the kernel's kselftest harness
#   helper-y     small programs that tests run
#   fuzz-y       fuzz targets: each a program with libFuzzer's own main() (tests/fuzz/run builds them)
#   bare-y       static programs of one file, without the library
#   bpf-y        eBPF objects, each made into a skeleton header
#   man-y        man pages made from .rst
#
# One make process sees everything, so a no-op build costs milliseconds.

MAKEFLAGS += -r --no-print-directory
# As many jobs as there are processors, unless -j says otherwise, which make 4.3 does not tell before it begins.
ifeq ($(MAKELEVEL)$(filter -j% --jobs%,$(MAKEFLAGS) $(shell tr '\0' ' ' < /proc/$$PPID/cmdline)),0)
MAKEFLAGS += -j$(shell nproc)
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
,     := ,
Q     := $(if $(filter 1,$(V)),,@)
say    = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(patsubst $(O)/%,%,$@)';)
kvars := subdir-y lib-y prog-y common-y test-y helper-y fuzz-y bare-y bpf-y man-y

define load
$(foreach v,$(kvars),$(eval $(v) :=))
include $(1)Kbuild
$$(eval $$(call collect,$(1)))
endef
define collect
lib-objs += $(addprefix $(O)/obj/$(1),$(lib-y))
progs    += $(addprefix $(O)/$(1),$(prog-y))
tests    += $(addprefix $(O)/$(1),$(test-y))
helpers  += $(addprefix $(O)/$(1),$(helper-y))
fuzzers  += $(addprefix $(O)/$(1),$(fuzz-y))
bares    += $(addprefix $(O)/$(1),$(bare-y))
skels    += $(patsubst %,$(O)/$(1)%.skel.h,$(bpf-y))
man      += $(addprefix $(O)/$(1),$(man-y))
$(foreach p,$(prog-y) $(test-y) $(helper-y) $(fuzz-y),$(eval $(O)/$(1)$(p): $(addprefix $(O)/obj/$(1),$(or $($(p)-y),$(p).o))))
$(foreach p,$(prog-y),$(eval $(O)/$(1)$(p): $(addprefix $(O)/obj/$(1),$(common-y))))
$(foreach d,$(subdir-y),$(eval $(call load,$(1)$(d)/)))
endef
$(eval $(call load,))

LIB   := $(O)/libringfence.a
SO    := $(O)/libringfence.so.0
libs  := $(LIB) $(SO)
# --as-needed leaves out of each program what it does not call.
LIBS  := -lm -lmount -lcap -lseccomp -ljson-c -larchive -lcrypto -lzstd -lbpf -lelf -lz
# The sanitizers' run-time in each program: a shared one, and what it relocates, is half of a tool's start.
san-run-time := $(if $(filter 1,$(SAN)),-static-libasan -static-libubsan -no-pie $(O)/obj/tests/sanitized.o)
link   = -Wl,--as-needed -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now $(SANFLAGS) $(LDFLAGS)

# Rebuild when the command line changes, not only when a file does.
cmd-cc = $(CC) -std=gnu17 $(CPPFLAGS) $(WARN) $(CFLAGS) $(SANFLAGS) -fPIC -fvisibility=hidden \
         -ffunction-sections -fdata-sections -fno-semantic-interposition -MMD -MP
$(O)/.flags: FORCE
	@mkdir -p $(O); echo '$(subst ','\'',$(cmd-cc) $(link))' | cmp -s - $@ || echo '$(subst ','\'',$(cmd-cc) $(link))' > $@

# Objects stand apart: tools/x/ holds sources of the program that becomes $(O)/tools/x.
$(O)/obj/%.o: %.c $(O)/.flags
	@mkdir -p $(@D)
	$(call say,CC)$(cmd-cc) $(cflags-$*) -c -o $@ $<
$(LIB): $(lib-objs)
	$(call say,AR)rm -f $@; $(AR) rcs $@ $^
$(SO): $(lib-objs) lib/libringfence.map
	$(call say,LD)$(CC) -shared -Wl,-soname,$(@F) -Wl,--version-script=lib/libringfence.map -Wl,-z,defs \
		$(link) $(lib-objs) $(LIBS) -o $@ && scripts/check-abi $@ && ln -sf $(@F) $(O)/libringfence.so
$(progs) $(tests) $(helpers): $(LIB) $(filter %.o,$(san-run-time))
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(link) $(filter-out %.o,$(san-run-time)) $(ldflags-$(@F)) $(filter %.o,$^) $(LIB) $(or $(libs-$(@F)),$(LIBS)) -o $@

$(fuzzers): $(LIB)
	@mkdir -p $(@D)
	$(call say,FUZZ)$(CC) $(link) -fsanitize=fuzzer $(filter %.o,$^) $(LIB) $(LIBS) -o $@

$(bares): $(O)/%: %.c $(O)/.flags
	@mkdir -p $(@D)
	$(call say,BARE)$(CC) -std=gnu17 $(CPPFLAGS) $(WARN) $(CFLAGS) -static -MMD -MP $< -o $@

# eBPF: the object is stripped of DWARF, its BTF stays.
$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF)clang -g -O2 -Wall -Werror --target=bpf -mcpu=v3 -MMD -MP -Ibpf \
		-idirafter /usr/include/$(shell $(CC) -print-multiarch) -c $< -o $@ && llvm-strip -g $@
$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKEL)bpftool gen skeleton $< name $(subst -,_,$*)_bpf > $@
$(filter $(O)/obj/lib/probe/%,$(lib-objs)): | $(skels)

# The unit tests stand on the kernel's own harness.
HARNESS := $(O)/kselftest/kselftest_harness.h
$(HARNESS):
	$(call say,GET)scripts/get-kselftest $(@D)
$(patsubst $(O)/%,$(O)/obj/%.o,$(tests)): | $(HARNESS)

# A man page's option list comes from the tool's own rows.
$(O)/Documentation/%.1: Documentation/%.rst $(O)/tools/% Documentation/common.rst
	@mkdir -p $(@D)
	$(call say,MAN)$(O)/tools/$* --help=rst > $(@D)/$*-options.rst && \
		sed 's,@OPTIONS@,$(abspath $(@D))/$*-options.rst,' $< | rst2man --report=2 - $@

$(O)/ringfence.pc: scripts/ringfence.pc.in Makefile
	@mkdir -p $(O)
	$(call say,GEN)sed 's,@prefix@,$(prefix),; s,@version@,$(VERSION),' $< > $@

.PHONY: FORCE
FORCE:
-include $(shell [ -d $(O) ] && find $(O) -path $(O)/suites -prune -o -name '*.d' -print)
