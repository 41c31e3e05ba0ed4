// SPDX-License-Identifier: GPL-2.0-only
/* What the caller may do. */
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/capability.h"

/* The initial user namespace: include/linux/proc_ns.h PROC_USER_INIT_INO. */
#define INITIAL_USER_NS 4026531837U

/** has_capability - whether a capability is effective, in the caller's user namespace */
bool has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !syscall(SYS_capget, &header, data) &&
	       data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

/** is_administrator - whether the module answers the caller in full */
bool is_administrator(void)
{
	struct stat st;

	/* without /proc, the user namespace is not known: most callers are in the initial one */
	return has_capability(CAP_SYS_ADMIN) &&
	       (stat("/proc/self/ns/user", &st) || st.st_ino == INITIAL_USER_NS);
}
