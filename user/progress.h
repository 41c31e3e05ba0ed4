/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PROGRESS_H
#define IPCNSCTL_PROGRESS_H

void progress_row(void);
void progress_end(void);

#endif
