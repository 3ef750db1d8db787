# SPDX-License-Identifier: GPL-2.0
#
# refheap: module, library, command, manual pages.
#
#   make              build all of it; the module against KDIR
#   make install      PREFIX, DESTDIR; make uninstall
#   make install-dkms the module's source, for DKMS to build
#
#   make demo         see it work, in a machine of its own
#   make check        everything that must hold; make check-long the same at length
#   make vm           a shell in a machine; CMD='...' runs one command there
#                     KERNEL=uml|uml-debug|6.1|6.12|smp-debug
#   make bench        figures, beside those of others
#   make coverage     what the tests reach
#   make fuzz         the fuzzer, until it is stopped
#
# Nothing but install and install-dkms writes outside of this folder and
# ${XDG_CACHE_HOME:-~/.cache}/refheap, and nothing is loaded into the running kernel.

VERSION	:= 0.1.0
KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local
DESTDIR	?=
KERNEL	?= uml
CMD	?=

MODULE	:= build/module
MODINFO	?= /sbin/modinfo
DKMS	= $(DESTDIR)/usr/src/refheap-$(VERSION)
MODDIR	= $(DESTDIR)/lib/modules/$(shell cat $(MODULE)/release 2>/dev/null)/updates
UDEV	= $(DESTDIR)/usr/lib/udev/rules.d
SYSUSERS = $(DESTDIR)/usr/lib/sysusers.d
MODLOAD	= $(DESTDIR)/usr/lib/modules-load.d

all: userspace module

userspace:
	@$(MAKE) --no-print-directory -C userspace BUILD=$(CURDIR)/build/userspace

# Built from a copy, so that the sources stay clean and several kernels can be
# built for side by side.
module:
	@test -e $(KDIR)/Makefile || { \
		echo "refheap: no kernel headers in $(KDIR): install linux-headers-$$(uname -r), or say KDIR=..." >&2; \
		exit 1; }
	@mkdir -p $(MODULE)
	@cp -rpu Kbuild kmod include $(MODULE)/
	@$(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)/$(MODULE) modules
	@$(MODINFO) -F vermagic $(MODULE)/refheap.ko | cut -d' ' -f1 > $(MODULE)/release

# The module is installed when it has been built.
install: userspace
	@$(MAKE) --no-print-directory -C userspace BUILD=$(CURDIR)/build/userspace \
		PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install
	install -D -m 644 kmod/99-refheap.rules $(UDEV)/99-refheap.rules
	install -D -m 644 kmod/refheap.sysusers $(SYSUSERS)/refheap.conf
	install -D -m 644 kmod/refheap.modules-load $(MODLOAD)/refheap.conf
	@if test -e $(MODULE)/refheap.ko; then \
		set -x; install -D -m 644 $(MODULE)/refheap.ko $(MODDIR)/refheap.ko; \
		test -n "$(DESTDIR)" || depmod $$(cat $(MODULE)/release); \
	else \
		echo "refheap: the module has not been built and is not installed: make module, or make install-dkms"; \
	fi

uninstall:
	@$(MAKE) --no-print-directory -C userspace BUILD=$(CURDIR)/build/userspace \
		PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) uninstall
	rm -f $(UDEV)/99-refheap.rules $(SYSUSERS)/refheap.conf $(MODLOAD)/refheap.conf
	@test ! -e $(MODULE)/release || { set -x; rm -f $(MODDIR)/refheap.ko; }
	rm -rf $(DKMS)

install-dkms:
	install -d $(DKMS)
	cp -r Kbuild kmod include COPYING $(DKMS)/
	install -m 644 kmod/dkms.conf $(DKMS)/dkms.conf
	@echo "refheap: now: dkms install refheap/$(VERSION)"

demo:
	@userspace/demo/demo.sh

check:
	@tests/check.sh

check-long:
	@tests/check.sh --long

bench:
	@tests/bench/bench.sh

coverage:
	@tests/coverage.sh

fuzz:
	@$(MAKE) --no-print-directory -C tests fuzz

vm:
	@tests/vm/machine.sh $(KERNEL) $(if $(CMD),"$$CMD")
vm: export CMD := $(CMD)

clean:
	rm -rf build

.PHONY: all userspace module install uninstall install-dkms demo check check-long bench \
	coverage fuzz vm clean
