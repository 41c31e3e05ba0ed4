/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_PROBE_H
#define _IPCNS_PROBE_H

#include <linux/ftrace.h>

void ipcns_probes_init(void);
void ipcns_on_event(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
		    struct ftrace_regs *regs);
void ipcns_on_creation(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
		       struct ftrace_regs *regs);

#endif /* _IPCNS_PROBE_H */
