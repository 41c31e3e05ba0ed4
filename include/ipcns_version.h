/* SPDX-License-Identifier: GPL-2.0-only */
/* The version of the module and of the tool; dkms.conf has it too. */
#ifndef _IPCNS_VERSION_H
#define _IPCNS_VERSION_H

#define IPCNS_VERSION "0.2.0"

#endif /* _IPCNS_VERSION_H */
