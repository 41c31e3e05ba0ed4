/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_BTF_H
#define _IPCNS_BTF_H

#include <linux/types.h>

/**
 * struct ipcns_btf - an opened BTF blob
 * @types:	start of the type section
 * @strs:	start of the string section, which ends in a NUL
 * @strs_len:	its length
 * @offsets:	for each type id, the offset in @types; entry 0 is void
 * @n:		number of entries in @offsets
 */
struct ipcns_btf {
	const void	*types;
	const char	*strs;
	u32		strs_len;
	u32		*offsets;
	u32		n;
};

struct ipcns_btf_member {
	u32	bit_offset;
	u32	size;
};

int ipcns_btf_open(struct ipcns_btf *btf, const void *blob, size_t len);
void ipcns_btf_close(struct ipcns_btf *btf);
u32 ipcns_btf_find_struct(const struct ipcns_btf *btf, const char *name);
u32 ipcns_btf_size(const struct ipcns_btf *btf, u32 id);
bool ipcns_btf_find_member(const struct ipcns_btf *btf, u32 id, const char *name,
			   struct ipcns_btf_member *found);

#endif /* _IPCNS_BTF_H */
