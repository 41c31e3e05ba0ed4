/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_PROBE_H
#define _IPCNS_PROBE_H

void ipcns_probes_init(void);

#endif /* _IPCNS_PROBE_H */
