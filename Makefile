# SPDX-License-Identifier: GPL-2.0-or-later
# vhost-xdp. "make help" lists the targets.
#
# Sources are found by folder, so a new file needs no change here:
#	kernel/core/*.c		the core, built for the user engine and for each test home
#	user/*.c		one binary; user/vhost-xdp.c holds main()
#	bpf/*.bpf.c		one object each; bpf/vx_*.bpf.c also get a skeleton; bpf/examples/*.bpf.c are policies to learn from
#	tests/unit/{core,user}/test_*.c, tests/fuzz/{core,user}/fuzz_*.c, tests/tools/*.c

CC	:= gcc
CLANG	:= clang
BPFTOOL	:= bpftool
O	:= build
PREFIX	:= /usr
SYSCONFDIR := /etc
UNITDIR	= $(PREFIX)/lib/systemd/system
DESTDIR	:=
ENGINE	:= auto
KEEP	:= 0
T	:= *
FUZZ_SECONDS := 600
KERNEL	:= running

VERSION	:= $(shell cat include/vhost_xdp/VERSION)

V := 0
ifeq ($(V),0)
Q := @
say = @printf '  %-7s %s\n' '$(1)' '$(2)';
else
Q :=
say =
endif

WARN	:= -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wpointer-arith -Wno-unused-parameter
CPPFLAGS := -D_GNU_SOURCE -DVX_VERSION='"$(VERSION)"' -DVX_LIBDIR='"$(PREFIX)/lib/vhost-xdp"' -Iinclude -Ikernel/core -I$(O)/bpf
CFLAGS	:= -std=gnu11 -O2 -g -fno-strict-aliasing -fstack-protector-strong $(WARN)
DEPFLAGS = -MMD -MP
LIBS	:= -lxdp -lbpf -lelf -lz -lmnl -ljansson -lpcap -lseccomp -lcap-ng -lpthread
SAN	:= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

BPF_ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
# The BPF programs are built without BTF of the running kernel: UAPI headers only.
BPF_CFLAGS := -std=gnu11 -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter \
	-D__TARGET_ARCH_$(BPF_ARCH) -Iinclude -Ibpf -I/usr/include/$(shell $(CC) -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)

CORE_SRC := $(wildcard kernel/core/*.c)
USER_SRC := $(wildcard user/*.c)
BPF_SRC	:= $(wildcard bpf/*.bpf.c)
BPF_OBJ	:= $(BPF_SRC:%.c=$(O)/%.o)
EXAMPLE_SRC := $(wildcard bpf/examples/*.bpf.c)
EXAMPLE_OBJ := $(EXAMPLE_SRC:%.c=$(O)/%.o)
SKEL	:= $(patsubst bpf/%.bpf.c,$(O)/bpf/%.skel.h,$(wildcard bpf/vx_*.bpf.c))
TOOL_SRC := $(wildcard tests/tools/*.c)
UNIT_CORE := $(wildcard tests/unit/core/test_*.c)
UNIT_USER := $(wildcard tests/unit/user/test_*.c)
UNIT_BPF := $(wildcard tests/bpf/test_*.c)
FUZZ_CORE := $(wildcard tests/fuzz/core/fuzz_*.c)
FUZZ_USER := $(wildcard tests/fuzz/user/fuzz_*.c)

BIN	:= $(O)/vhost-xdp
TOOLS	:= $(patsubst tests/tools/%.c,$(O)/tools/%,$(TOOL_SRC))
UNITS	:= $(UNIT_CORE:%.c=$(O)/%) $(UNIT_USER:%.c=$(O)/%) $(UNIT_BPF:%.c=$(O)/%)
FUZZERS	:= $(FUZZ_CORE:%.c=$(O)/%) $(FUZZ_USER:%.c=$(O)/%)

.PHONY: all help deps clean install uninstall tools units fuzzers check fuzz demo bench lint \
	module modules modules_install dkms-install check-kernel check-long bench-kernel bench-policies
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BIN) $(BPF_OBJ) $(EXAMPLE_OBJ) ## build the vhost-xdp binary and the BPF objects (CC=gcc or CC=clang)

help: ## this list
	@grep -hE '^[a-z_-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16
	@echo; echo 'Variables: V=1 CC= O= PREFIX= DESTDIR= T=pattern (check) KEEP=1 ENGINE=user|kernel (demo) FUZZ_SECONDS= (fuzz)'
	@echo '           KERNEL=6.1|6.12|7 (module) KDIR=headers (module, modules_install)'

deps: ## install the distribution packages that building, tests and the demo need
	tests/lib/deps

# --- product -------------------------------------------------------------

CORE_OBJ := $(CORE_SRC:%.c=$(O)/%.o)
USER_OBJ := $(USER_SRC:%.c=$(O)/%.o)

$(O)/kernel/core/%.o: kernel/core/%.c
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -Iuser $(CFLAGS) $(DEPFLAGS) -c $< -o $@

$(O)/user/%.o: user/%.c | $(SKEL)
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -Iuser $(CFLAGS) $(DEPFLAGS) -c $< -o $@

$(BIN): $(CORE_OBJ) $(USER_OBJ)
	$(call say,LD,$@)$(CC) $(CFLAGS) -Wl,--export-dynamic-symbol=vx_frames_seen $^ -o $@ $(LIBS)

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$<)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@

$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKEL,$@){ echo '/* NOLINTBEGIN: generated */'; $(BPFTOOL) gen skeleton $< name $*; } > $@ && echo '/* NOLINTEND */' >> $@

# --- the kernel module -----------------------------------------------------

# What this make was called with is not for the kernel's make, which gives O= and V= another meaning.
MKMODULE = MAKEFLAGS= MAKEOVERRIDES= O='$(O)' V='$(V)' KDIR='$(KDIR)' tests/lib/mkmodule

module: ## build/module/.../vhost_xdp.ko for the running kernel, or for a fetched one: KERNEL=6.1|6.12|7
	@$(MKMODULE) $(KERNEL)

modules: ## the module for all kernels that the tests boot
	@$(MKMODULE) 6.1 6.12 7

MODULE_FOR = $(if $(KDIR),$(shell $(MAKE) -s -C $(KDIR) kernelrelease),$(shell uname -r))
MODULE_DIR = $(DESTDIR)/lib/modules/$(MODULE_FOR)

modules_install: ## as root: the module for the running kernel, or for that of KDIR
	@$(MKMODULE) running
	install -D -m 0644 $(O)/module/running/vhost_xdp.ko $(MODULE_DIR)/updates/vhost_xdp.ko
	strip --strip-debug $(MODULE_DIR)/updates/vhost_xdp.ko
	depmod $(if $(DESTDIR),-b $(DESTDIR)) $(MODULE_FOR)

DKMS_DIR = $(DESTDIR)/usr/src/vhost-xdp-$(VERSION)

dkms-install: ## as root: the module's sources for DKMS, then: dkms install vhost-xdp/VERSION
	rm -rf $(DKMS_DIR)
	install -d $(DKMS_DIR)
	cp -R kernel include $(DKMS_DIR)/
	rm $(DKMS_DIR)/kernel/dkms.conf
	sed 's/@VERSION@/$(VERSION)/' kernel/dkms.conf >$(DKMS_DIR)/dkms.conf

# --- tests ---------------------------------------------------------------

tools: $(TOOLS)
units: $(UNITS)
fuzzers: $(FUZZERS)

# What the tools share is in tests/tools/lib.
TOOL_LIB := $(patsubst %.c,$(O)/%.o,$(wildcard tests/tools/lib/*.c))

$(O)/tests/tools/lib/%.o: tests/tools/lib/%.c
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(DEPFLAGS) -c $< -o $@

$(O)/tools/%: tests/tools/%.c $(TOOL_LIB) | $(SKEL)
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(DEPFLAGS) -MF $@.d $< $(TOOL_LIB) -o $@ -lxdp -lbpf -lelf -lz -lpthread

# The core in its checking home, and the user engine in its own, both under sanitizers.
CHECK_CORE := $(CORE_SRC:%.c=$(O)/check/%.o)
CHECK_USER := $(CORE_SRC:%.c=$(O)/asan/%.o) $(patsubst %.c,$(O)/asan/%.o,$(filter-out user/vhost-xdp.c,$(USER_SRC)))
UNIT_ENV := $(patsubst %.c,$(O)/check/%.o,$(wildcard tests/unit/env/*.c))

$(O)/check/%.o: %.c
	$(call say,CHECK,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -Itests/unit/env $(CFLAGS) $(SAN) $(DEPFLAGS) -c $< -o $@

$(O)/asan/%.o: %.c | $(SKEL)
	$(call say,ASAN,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -Iuser $(CFLAGS) $(SAN) $(DEPFLAGS) -c $< -o $@

# These run the core as the user engine does, beside the kernel's own offloads, under sanitizers.
REF_OBJ := $(CORE_SRC:%.c=$(O)/asan/%.o) $(O)/asan/user/guest_csum.o $(O)/asan/user/frames_seen.o
REF_OBJ += $(patsubst %.c,$(O)/asan/%.o,$(wildcard tests/tools/lib/gso*.c tests/tools/lib/gro*.c))
REF_OBJ += $(patsubst %,$(O)/asan/tests/tools/lib/%.o,unmerge netframe refwire seqframe words)

$(O)/tools/gsoref $(O)/tools/groref: $(O)/tools/%: $(O)/asan/tests/tools/%.o $(REF_OBJ)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(CFLAGS) $(SAN) $^ -o $@

$(O)/tests/unit/core/%: $(O)/check/tests/unit/core/%.o $(CHECK_CORE) $(UNIT_ENV)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(CFLAGS) $(SAN) $^ -o $@ -lcmocka

$(O)/tests/unit/user/%: $(O)/asan/tests/unit/user/%.o $(CHECK_USER)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(CFLAGS) $(SAN) $^ -o $@ -lcmocka $(LIBS)

# Compiled rules come from the compiler that operators use.
$(O)/tests/bpf/test_acl: $(patsubst %,$(O)/user/%.o,acl_addr acl_compile acl_counters acl_names acl_pool acl_ports acl_store acl_words words)

$(O)/tests/bpf/%: tests/bpf/%.c $(SKEL) $(BPF_OBJ)
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -Itests/bpf -Iuser $(CFLAGS) $(DEPFLAGS) -MF $@.d $< \
		$(filter $(O)/user/%.o,$^) -o $@ -lcmocka -lbpf -lelf -lz -lpthread

FUZZ_FLAGS := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_CC	= $(CLANG) $(CPPFLAGS) -std=gnu11 -O1 -g -fno-strict-aliasing -fno-omit-frame-pointer $(WARN) $(DEPFLAGS)
FUZZ_CORE_OBJ := $(patsubst %.c,$(O)/fuzzc/%.o,$(CORE_SRC) $(wildcard tests/unit/env/*.c))
FUZZ_USER_OBJ := $(patsubst %.c,$(O)/fuzzu/%.o,$(CORE_SRC) $(filter-out user/vhost-xdp.c,$(USER_SRC)))

$(O)/fuzzc/%.o: %.c
	$(call say,FUZZ,$<)mkdir -p $(@D) && $(FUZZ_CC) -Itests/unit/env -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -c $< -o $@

$(O)/fuzzu/%.o: %.c | $(SKEL)
	$(call say,FUZZ,$<)mkdir -p $(@D) && $(FUZZ_CC) -Iuser -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -c $< -o $@

$(O)/tests/fuzz/core/%: $(O)/fuzzc/tests/fuzz/core/%.o $(FUZZ_CORE_OBJ)
	$(call say,LD,$@)mkdir -p $(@D) && $(CLANG) $(FUZZ_FLAGS) $^ -o $@

$(O)/tests/fuzz/user/%: $(O)/fuzzu/tests/fuzz/user/%.o $(FUZZ_USER_OBJ)
	$(call say,LD,$@)mkdir -p $(@D) && $(CLANG) $(FUZZ_FLAGS) $^ -o $@ $(LIBS)

check: ## run all tests as root, or some: make check T='unit/*'
	tests/run '$(T)'

check-kernel: ## as root: the tests of the module, on each kernel, or some: make check-kernel T='load*'
	tests/run 'kernel/$(T)'

check-long: ## as root: 10,000 rounds of attach and detach on each kernel
	VX_ROUNDS=10000 VX_TIME=6 tests/run 'kernel/abi-control'

fuzz: fuzzers ## long fuzz runs, FUZZ_SECONDS per target
	tests/fuzz/run $(FUZZ_SECONDS)

lint: ## clang-tidy, cppcheck and shellcheck, all quiet
	tests/lint

demo: ## as root: two guests on a wire, traffic, a live policy swap (KEEP=1 leaves it up)
	KEEP=$(KEEP) ENGINE=$(ENGINE) tests/demo

bench: ## as root: the user engine beside DPDK, one table, and build/bench.json
	tests/bench/run

bench-policies: ## as root: what policies cost per packet, acl beside nftables and xdp-filter
	tests/bench/policies

bench-kernel: ## as root: the module beside vhost_net in a test host, instructions per packet; PROFILE=1: where they go
	KERNEL='$(KERNEL)' PROFILE='$(PROFILE)' tests/bench/kernel-run

# --- install -------------------------------------------------------------

install: all ## install to DESTDIR/PREFIX
	install -D -m 0755 $(BIN) $(DESTDIR)$(PREFIX)/sbin/vhost-xdp
	install -d $(DESTDIR)$(PREFIX)/lib/vhost-xdp/policies $(DESTDIR)$(PREFIX)/include/vhost_xdp
	install -m 0644 $(filter-out $(O)/bpf/vx_%,$(BPF_OBJ)) $(DESTDIR)$(PREFIX)/lib/vhost-xdp/policies/
	install -m 0644 include/vhost_xdp/*.h $(DESTDIR)$(PREFIX)/include/vhost_xdp/
	install -D -m 0644 user/vhost-xdp.8 $(DESTDIR)$(PREFIX)/share/man/man8/vhost-xdp.8
	install -D -m 0644 user/vhost-xdp.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/vhost-xdp.conf.5
	install -D -m 0644 user/vhost-xdp-policy.7 $(DESTDIR)$(PREFIX)/share/man/man7/vhost-xdp-policy.7
	install -d $(DESTDIR)$(PREFIX)/share/doc/vhost-xdp/examples
	install -m 0644 $(EXAMPLE_SRC) $(DESTDIR)$(PREFIX)/share/doc/vhost-xdp/examples/
	install -m 0755 user/systemd/textfile $(DESTDIR)$(PREFIX)/lib/vhost-xdp/textfile
	install -D -m 0644 user/systemd/vhost-xdp-metrics.timer $(DESTDIR)$(UNITDIR)/vhost-xdp-metrics.timer
	sed 's,@LIBDIR@,$(PREFIX)/lib/vhost-xdp,' user/systemd/vhost-xdp-metrics.service >$(DESTDIR)$(UNITDIR)/vhost-xdp-metrics.service
	chmod 0644 $(DESTDIR)$(UNITDIR)/vhost-xdp-metrics.service

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/sbin/vhost-xdp $(DESTDIR)$(PREFIX)/share/man/man8/vhost-xdp.8
	rm -f $(DESTDIR)$(PREFIX)/share/man/man5/vhost-xdp.conf.5 $(DESTDIR)$(PREFIX)/share/man/man7/vhost-xdp-policy.7
	rm -f $(DESTDIR)$(UNITDIR)/vhost-xdp-metrics.service $(DESTDIR)$(UNITDIR)/vhost-xdp-metrics.timer
	rm -rf $(DESTDIR)$(PREFIX)/lib/vhost-xdp $(DESTDIR)$(PREFIX)/include/vhost_xdp $(DESTDIR)$(PREFIX)/share/doc/vhost-xdp

clean: ## remove everything that was built
	rm -rf $(O)

# not what belongs to fetched kernels and emulators
-include $(shell find $(O) \( -path $(O)/kernels -o -path $(O)/module -o -path $(O)/qemu \) -prune -o -name '*.d' -type f -print 2>/dev/null)
