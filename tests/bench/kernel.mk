# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel bench's own tools. tests/bench/kernel-run calls this at the top of the tree, with O from its environment.

O	?= build
CC	?= gcc
CLANG	?= clang
BPFTOOL	?= bpftool
B	:= $(O)/bench-kernel
S	:= tests/bench

V	?= 0
Q	:= $(if $(filter 0,$(V)),@)
say	= $(if $(filter 0,$(V)),@printf '  %-7s %s\n' '$(1)' '$(2)')

WARN	:= -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wpointer-arith -Wno-unused-parameter
CFLAGS	:= -std=gnu11 -O2 -g -fno-strict-aliasing $(WARN) -D_GNU_SOURCE -I$(B) -Iinclude
BPF_CFLAGS := -std=gnu11 -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter \
	-I/usr/include/$(shell $(CC) -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)
SKEL	:= $(B)/kernel_wire.skel.h $(B)/wire.skel.h

.DELETE_ON_ERROR:
.SECONDARY:

all: $(B)/kernel_drive $(B)/kernel_plugin.so

$(B)/%.bpf.o: $(S)/%.bpf.c $(wildcard $(S)/*_shared.h)
	$(call say,BPF,$<)
	$(Q)mkdir -p $(B) && $(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/%.skel.h: $(B)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(B)/%.o: $(S)/%.c $(wildcard $(S)/*.h) include/uapi/linux/vhost_xdp.h $(SKEL)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) -c $< -o $@

$(B)/kernel_drive: $(B)/kernel_drive.o $(B)/kernel_clock.o $(B)/kernel_vhost.o $(B)/kernel_wire.o $(B)/wire.o
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $^ -o $@ -lbpf -lelf -lz -lpthread

$(B)/kernel_plugin.so: $(S)/kernel_plugin.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(B) && $(CC) $(CFLAGS) -fPIC -shared $< -o $@

.PHONY: all
