# SPDX-License-Identifier: GPL-2.0-only
#
# "make help" says what there is to make.

# Where things go.
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build

# The kernel that the module is built for.
ifdef KDIR
KVER    ?= $(or $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null),$(shell uname -r))
else
KVER    ?= $(shell uname -r)
endif
KDIR    ?= /lib/modules/$(KVER)/build
MODDIR  ?= /lib/modules/$(KVER)/updates
SBINDIR ?= $(PREFIX)/sbin
MANDIR  ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
DOCDIR  ?= $(PREFIX)/share/doc/ipcnsctl
# Units of an administrator's own programs; packages have theirs below /usr/lib.
UNITDIR ?= $(if $(filter /usr,$(PREFIX)),/usr/lib,/etc)/systemd/system

# The tool, and the library that it is made with.
LIBDIR    ?= $(PREFIX)/lib
PKGS      := libnl-genl-3.0 smartcols
CFLAGS    ?= -O2 -g
TOOLFLAGS := -std=gnu11 -Wall -Wextra -Wno-missing-field-initializers -D_GNU_SOURCE -D_LARGEFILE64_SOURCE -include include/ipcns_version.h
TOOLFLAGS += -Iinclude/uapi -Iinclude -Iuser $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
# Filters of rows came with 2.40.
TOOLFLAGS += $(shell pkg-config --exists 'smartcols >= 2.40' 2>/dev/null && echo -DHAVE_SCOLS_FILTER)
# With libmicrohttpd there is "metrics --listen"; HTTPD= leaves it out.
HTTPD     ?= $(shell pkg-config --exists 'libmicrohttpd >= 0.9.71' 2>/dev/null && echo 1)
ifneq ($(HTTPD),)
PKGS      += libmicrohttpd
TOOLFLAGS += -DHAVE_MICROHTTPD $(shell pkg-config --cflags libmicrohttpd 2>/dev/null)
endif
TOOLLIBS  := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
TOOLSRC   := $(filter-out user/lib/%,$(wildcard user/*.c user/*/*.c))
TOOLOBJ   := $(TOOLSRC:user/%.c=$(BUILD)/user/%.o)
LIBOBJ    := $(patsubst user/lib/%.c,$(BUILD)/user/lib/%.o,$(wildcard user/lib/*.c))
LIBLIBS   := $(shell pkg-config --libs libnl-genl-3.0 2>/dev/null)
SONAME    := libipcns.so.0
UNITS     := $(notdir $(wildcard packaging/systemd/*))
VERSION   := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
# What the tool is linked with: SHARED=1 for the library as others have it.
LIBIPCNS  := $(BUILD)/$(if $(SHARED),$(SONAME),libipcns.a)
SANITIZE  := -fsanitize=address,undefined -fno-sanitize-recover=all

# The kernels of scripts/kernels: on the first, "make check" runs all tests, on the others those that
# are about the kernel, for so many minutes in all; "make check-all" runs everything on all.
KERNELS   := 6.12
QUICK     := 6.1 6.12-rt newest debug
MINUTES   ?= 65
# On these, "make check-all" runs all scenes, and nothing else.
MORE      := 5.10 7.2 7.3 6.1-arm64 6.12-arm64

all: module tool library

module:
	@[ -e $(KDIR)/Makefile ] || { echo 'no headers of kernel $(KVER) in $(KDIR):' \
		'install linux-headers-$(KVER), or name another kernel by KVER= or KDIR=' >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tool: $(BUILD)/ipcnsctl

library: $(BUILD)/libipcns.a $(BUILD)/$(SONAME)

$(BUILD)/ipcnsctl: $(TOOLOBJ) $(LIBIPCNS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(TOOLLIBS)

$(BUILD)/libipcns.a: $(LIBOBJ)
	$(AR) rcs $@ $^

$(BUILD)/$(SONAME): $(LIBOBJ) user/lib/libipcns.map
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs \
		-Wl,--version-script=user/lib/libipcns.map -o $@ $(LIBOBJ) $(LIBLIBS)

$(LIBOBJ): TOOLFLAGS += -fPIC

$(BUILD)/user/%.o: user/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(TOOLFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(TOOLOBJ:.o=.d) $(LIBOBJ:.o=.d)

# The same tool with the compiler's checks for bad memory and undefined results.
tool-sanitize:
	$(MAKE) tool BUILD=$(BUILD)/sanitize CFLAGS="-O1 -g $(SANITIZE)"

# The example of the library.
example: $(BUILD)/ipcns-watch

$(BUILD)/ipcns-watch: examples/ipcns-watch.c $(BUILD)/libipcns.a
	$(CC) $(TOOLFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBLIBS)

generate:
	scripts/generate

install: install-module install-tool install-units install-examples install-library

install-module: module
	install -D -m 644 ipcns.ko $(DESTDIR)$(MODDIR)/ipcns.ko
	$(if $(DESTDIR),,depmod $(KVER))

install-tool: tool
	install -D -m 755 $(BUILD)/ipcnsctl $(DESTDIR)$(SBINDIR)/ipcnsctl
	install -D -m 644 man/ipcnsctl.8 $(DESTDIR)$(MANDIR)/man8/ipcnsctl.8
	install -D -m 644 man/ipcns.7 $(DESTDIR)$(MANDIR)/man7/ipcns.7
	install -D -m 644 packaging/completion/ipcnsctl.bash $(DESTDIR)$(BASHDIR)/ipcnsctl
	install -D -m 644 packaging/completion/_ipcnsctl $(DESTDIR)$(ZSHDIR)/_ipcnsctl
	install -D -m 644 packaging/completion/ipcnsctl.fish $(DESTDIR)$(FISHDIR)/ipcnsctl.fish

# The units name the program where it was installed.
install-units:
	install -d $(DESTDIR)$(UNITDIR)
	for unit in $(UNITS); do \
		sed 's|/usr/sbin/ipcnsctl|$(SBINDIR)/ipcnsctl|' packaging/systemd/$$unit \
			> $(DESTDIR)$(UNITDIR)/$$unit || exit; \
	done

install-examples:
	install -d $(DESTDIR)$(DOCDIR)/examples
	install -m 644 README.md SECURITY.md NEWS.md $(DESTDIR)$(DOCDIR)
	install -m 755 $(filter-out %.c,$(wildcard examples/*)) $(DESTDIR)$(DOCDIR)/examples
	install -m 644 examples/ipcns-watch.c packaging/prometheus/* $(DESTDIR)$(DOCDIR)/examples

install-library: library
	install -D -m 644 $(BUILD)/$(SONAME) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libipcns.so
	install -D -m 644 $(BUILD)/libipcns.a $(DESTDIR)$(LIBDIR)/libipcns.a
	install -D -m 644 include/libipcns.h $(DESTDIR)$(PREFIX)/include/libipcns.h
	install -D -m 644 include/uapi/linux/ipcns.h $(DESTDIR)$(PREFIX)/include/linux/ipcns.h
	install -D -m 644 man/libipcns.3 $(DESTDIR)$(MANDIR)/man3/libipcns.3
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' \
		user/lib/libipcns.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/libipcns.pc
	$(if $(DESTDIR),,ldconfig)

uninstall:
	rm -f $(DESTDIR)$(MODDIR)/ipcns.ko
	rm -f $(DESTDIR)$(SBINDIR)/ipcnsctl
	rm -f $(DESTDIR)$(LIBDIR)/$(SONAME) $(DESTDIR)$(LIBDIR)/libipcns.so
	rm -f $(DESTDIR)$(LIBDIR)/libipcns.a $(DESTDIR)$(LIBDIR)/pkgconfig/libipcns.pc
	rm -f $(DESTDIR)$(PREFIX)/include/libipcns.h $(DESTDIR)$(PREFIX)/include/linux/ipcns.h
	rm -f $(DESTDIR)$(MANDIR)/man8/ipcnsctl.8 $(DESTDIR)$(MANDIR)/man7/ipcns.7
	rm -f $(DESTDIR)$(MANDIR)/man3/libipcns.3
	rm -f $(DESTDIR)$(BASHDIR)/ipcnsctl $(DESTDIR)$(ZSHDIR)/_ipcnsctl
	rm -f $(DESTDIR)$(FISHDIR)/ipcnsctl.fish
	rm -f $(UNITS:%=$(DESTDIR)$(UNITDIR)/%)
	rm -rf $(DESTDIR)$(DOCDIR)
	$(if $(DESTDIR),,depmod $(KVER))

# Debian packages, in $(BUILD)/deb.
deb:
	scripts/deb $(BUILD)/deb

# What follows needs no kernel of this machine: it boots guests.

setup:
	scripts/setup

setup-check:
	scripts/setup --check

demo: setup
	scripts/demo

CHECK     := tests/run --all --minutes $(MINUTES) $(KERNELS:%=--kernel %) $(QUICK:%=--quick-kernel %)

check: setup-check
	$(CHECK)

# The same run, written down in tests/RESULTS.md and README.md.
record: setup-check
	$(CHECK) --results tests/RESULTS.md; \
		status=$$?; tests/results.py && exit $$status

check-all: setup-check
	tests/run --all --full $(KERNELS:%=--kernel %) $(QUICK:%=--kernel %)
	tests/run --sanitize --kernel 6.1 $(KERNELS:%=--kernel %)
	tests/run $(MORE:%=--kernel %)
	tests/fuzz/break

check-install: setup-check
	tests/install/run

check-fast: setup-check
	tests/run --fast

lint: setup-check
	tests/lint/run

coverage: setup-check
	tests/run --coverage $(KERNELS:%=--kernel %)

fuzz: setup-check
	tests/fuzz/run $(SECONDS)

bench: setup-check
	tests/bench/run

clean:
	rm -rf $(BUILD)
	$(if $(wildcard $(KDIR)/Makefile),$(MAKE) -C $(KDIR) M=$(CURDIR) clean,\
		rm -f ipcns.ko ipcns.o ipcns.mod* .ipcns.* ipcns_features.h* .ipcns_features.h.* \
			.module-common.o ..module-common.o.cmd \
			Module.symvers modules.order .Module.symvers.cmd .modules.order.cmd \
			kmod/*.o kmod/.*.cmd)

help:
	@echo 'On the machine that ipcns is for:'
	@echo '  make             the module for this kernel, and the tool'
	@echo '  make install     install both, manual, completion (as root); make uninstall removes them'
	@echo '  make deb         Debian packages, in $(BUILD)/deb'
	@echo '  make clean       remove what was built'
	@echo
	@echo 'On any Debian 12 or 13 machine, in guests under QEMU:'
	@echo '  make demo        see what it does'
	@echo '  make check-fast  tests that take two to five minutes'
	@echo '  make check       all tests on kernels $(KERNELS), a quick part on $(QUICK)'
	@echo '  make record      make check, with its results in tests/RESULTS.md and README.md'
	@echo '  make check-all   all tests on all, with storms of full size: takes hours'
	@echo '  make check-install  the packages in Debian 12 and 13: built by DKMS, used, purged; takes'
	@echo '                   long, for compilers run in guests; part of check-all'
	@echo '  make lint        checkers of sources, which are part of the tests, too'
	@echo '  make coverage    all scenes, and which lines of the tool ran in them'
	@echo '  make fuzz        the tool against made-up answers; SECONDS=20 for each fuzzer'
	@echo '  make bench       one table: speed, memory and cost of events, beside what else there is'
	@echo
	@echo 'For its developers:'
	@echo '  make generate    the files that come from the netlink spec'
	@echo '  make tool-sanitize  the tool with address and undefined-behaviour checks'
	@echo
	@echo 'Variables: MINUTES=$(MINUTES) of make check, after which it begins nothing more'
	@echo '  KVER=$(KVER) KDIR=DIR DESTDIR=DIR PREFIX=$(PREFIX)'

.PHONY: all module tool tool-sanitize generate install install-module install-tool uninstall deb setup \
	setup-check demo check record check-all check-install check-fast coverage lint fuzz bench clean help
