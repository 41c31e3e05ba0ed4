# SPDX-License-Identifier: GPL-2.0-only
#
# What the headers at hand have, found out by compiling features.c once: ipcns_features.h, which
# compat.h goes by. Included by the Kbuild of the module and by that of the unit tests, which say
# before where this folder is (kmod) and what is compiled (features-for).
#
# The compiler goes on after an error, and each error tells by its line which test it belongs to.
# What is compiled is preprocessed first, for then the dependencies are known, and the lines of
# macros are those of their uses.

# The configuration is known whenever the build has read it.
features-options := 64BIT SYSVIPC POSIX_MQUEUE IPC_NS KRETPROBES DYNAMIC_FTRACE DEBUG_INFO_BTF
features-lacks := $(if $(CONFIG_MODULES),$(foreach c,$(features-options),\
	$(if $(CONFIG_$(c)),,CONFIG_$(c))))
ifneq ($(strip $(features-lacks)),)
$(error ipcns needs a kernel with $(strip $(features-lacks)))
endif

features-flags = $(NOSTDINC_FLAGS) $(LINUXINCLUDE) $(KBUILD_CPPFLAGS) $(KBUILD_CFLAGS) \
	$(KBUILD_CFLAGS_MODULE) -DKBUILD_MODNAME='"ipcns"' -DKBUILD_BASENAME='"features"' \
	-Wno-error -Werror=implicit-function-declaration -Werror=incompatible-pointer-types \
	-Werror=int-conversion $(if $(CONFIG_CC_IS_CLANG),-ferror-limit=0,-fmax-errors=0)

features-symvers := $(wildcard $(objtree)/Module.symvers)

quiet_cmd_ipcns_features = PROBE   $@
      cmd_ipcns_features = \
	LC_ALL=C $(CC) -Wp,-MMD,$(depfile) $(features-flags) -E -o $@.i $<; \
	LC_ALL=C $(CC) $(features-flags) -fsyntax-only -x cpp-output $@.i 2>$@.log || true; \
	awk -f $(kmod)/features.awk $< $(features-symvers) $@.log >$@ || { rm -f $@; exit 1; }; \
	rm -f $@.i $@.log

$(obj)/ipcns_features.h: $(kmod)/features.c $(kmod)/features.awk $(features-symvers) FORCE
	$(call if_changed_dep,ipcns_features)

$(addprefix $(obj)/,$(features-for)): $(obj)/ipcns_features.h

targets += ipcns_features.h
clean-files += ipcns_features.h ipcns_features.h.i ipcns_features.h.log

ccflags-y += -include $(obj)/ipcns_features.h -include $(kmod)/compat.h
