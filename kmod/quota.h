/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_QUOTA_H
#define _IPCNS_QUOTA_H

#include <linux/types.h>

struct cred;

/*
 * What one user without CAP_SYS_ADMIN can have at a time: open dumps and requests, and
 * bytes in them. SECURITY.md, ipcns(7) and tests/guest/access.py repeat the numbers.
 */
#define IPCNS_QUOTA_DUMPS	64
#define IPCNS_QUOTA_BYTES	(64 << 20)

struct ipcns_quota;

struct ipcns_quota *ipcns_quota_get(const struct cred *cred);
void ipcns_quota_put(struct ipcns_quota *q);
bool ipcns_quota_charge(struct ipcns_quota *q, size_t bytes);
void ipcns_quota_uncharge(struct ipcns_quota *q, size_t bytes);

#endif /* _IPCNS_QUOTA_H */
