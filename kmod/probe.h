/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_PROBE_H
#define _IPCNS_PROBE_H

#include <linux/types.h>

/**
 * enum ipcns_probe_group - when probes are armed
 * @IPCNS_PROBES_NS:	always
 * @IPCNS_PROBES_OBJECT: while somebody listens, or all is recorded
 */
enum ipcns_probe_group {
	IPCNS_PROBES_NS,
	IPCNS_PROBES_OBJECT,
};

/**
 * struct ipcns_probe_state - one probe
 * @symbol:	function that it is on
 * @armed:	it is registered
 * @missed:	times that it could not run since load
 */
struct ipcns_probe_state {
	const char	*symbol;
	bool		armed;
	u64		missed;
};

void ipcns_probes_arm(enum ipcns_probe_group group);
bool ipcns_probes_disarm(enum ipcns_probe_group group);
bool ipcns_probes_armed(enum ipcns_probe_group group);
bool ipcns_probes_live(void);
bool ipcns_probe_state(unsigned int i, struct ipcns_probe_state *out);

#endif /* _IPCNS_PROBE_H */
