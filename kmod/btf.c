// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader of BTF, as far as the check of struct layouts needs it. It trusts
 * nothing in the blob: every offset, length and type id is checked.
 */
#include <linux/btf.h>
#include <linux/errno.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "btf.h"

/* The widest of all versions; bits unused by older kernels are 0 there. */
#define INFO_KIND(info)		(((info) >> 24) & 0x7f)
#define INFO_VLEN(info)		((info) & 0xffffff)
#define INFO_KIND_FLAG(info)	((info) >> 31)

/* Typedefs, qualifiers and arrays may nest; no sane kernel goes deeper. */
#define MAX_DEPTH 32

/* Newer kernels' headers of C know members behind these, which blobs may lack. */
#define MIN_HEADER offsetofend(struct btf_header, str_len)

/* By value: the names of newer kinds are missing from older kernels' headers. */
enum {
	KIND_FLOAT	= 16,
	KIND_DECL_TAG	= 17,
	KIND_TYPE_TAG	= 18,
	KIND_ENUM64	= 19,
};

static const struct btf_type *type_of(const struct ipcns_btf *btf, u32 id)
{
	if (!id || id >= btf->n)
		return NULL;
	return btf->types + btf->offsets[id];
}

static const char *name_of(const struct ipcns_btf *btf, u32 offset)
{
	return offset < btf->strs_len ? btf->strs + offset : "";
}

/* Bytes of a type after its struct btf_type, or -1 for a kind not known. */
static s64 extra_bytes(const struct btf_type *t)
{
	u64 vlen = INFO_VLEN(t->info);

	switch (INFO_KIND(t->info)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case KIND_FLOAT:
	case KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
	case KIND_DECL_TAG:
		return sizeof(u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return vlen * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return vlen * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return vlen * sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return vlen * sizeof(struct btf_var_secinfo);
	case KIND_ENUM64:
		return vlen * 3 * sizeof(u32);
	default:
		return -1;
	}
}

/* Walks the types; fills btf->offsets if it is there. Return: ids, or -errno. */
static s64 index_types(struct ipcns_btf *btf, u32 len)
{
	u32 pos = 0, n = 1;

	while (pos < len) {
		const struct btf_type *t = btf->types + pos;
		s64 extra;

		if (len - pos < sizeof(*t))
			return -EINVAL;
		extra = extra_bytes(t);
		if (extra < 0 || extra > len - pos - sizeof(*t))
			return -EINVAL;
		if (btf->offsets)
			btf->offsets[n] = pos;
		pos += sizeof(*t) + extra;
		n++;
	}
	return n;
}

/* Is [off, off + len) inside the blob after its header? */
static bool section_ok(u32 off, u32 len, size_t room)
{
	return off <= room && len <= room - off && IS_ALIGNED(off, 4);
}

/**
 * ipcns_btf_open() - check a BTF blob and index its types
 * @btf:	filled in
 * @blob:	the blob, which must stay while @btf is open
 * @len:	its length in bytes
 *
 * The header may be longer than what is looked at here (7.3's can be). May sleep.
 *
 * Return: 0, -EINVAL if the blob is malformed, or -ENOMEM.
 */
int ipcns_btf_open(struct ipcns_btf *btf, const void *blob, size_t len)
{
	const struct btf_header *hdr = blob;
	size_t room;
	s64 n;

	memset(btf, 0, sizeof(*btf));
	if (len < MIN_HEADER || hdr->magic != BTF_MAGIC || hdr->version != BTF_VERSION)
		return -EINVAL;
	if (hdr->hdr_len < MIN_HEADER || hdr->hdr_len > len || !IS_ALIGNED(hdr->hdr_len, 4))
		return -EINVAL;
	room = len - hdr->hdr_len;
	if (!section_ok(hdr->type_off, hdr->type_len, room) ||
	    !section_ok(hdr->str_off, hdr->str_len, room) || !hdr->str_len)
		return -EINVAL;

	btf->types = blob + hdr->hdr_len + hdr->type_off;
	btf->strs = blob + hdr->hdr_len + hdr->str_off;
	btf->strs_len = hdr->str_len;
	if (btf->strs[btf->strs_len - 1])
		return -EINVAL;

	n = index_types(btf, hdr->type_len);
	if (n < 0)
		return n;
	btf->offsets = kvmalloc_array(n, sizeof(*btf->offsets), GFP_KERNEL);
	if (!btf->offsets)
		return -ENOMEM;
	btf->offsets[0] = 0;
	btf->n = n;
	index_types(btf, hdr->type_len);
	return 0;
}

/**
 * ipcns_btf_close() - free what ipcns_btf_open() made
 * @btf:	an opened blob
 */
void ipcns_btf_close(struct ipcns_btf *btf)
{
	kvfree(btf->offsets);
	btf->offsets = NULL;
}

/**
 * ipcns_btf_find_struct() - find a struct by its name
 * @btf:	an opened blob
 * @name:	name of the struct
 *
 * Return: the type id; 0 if there is none, or several that could be meant.
 */
u32 ipcns_btf_find_struct(const struct ipcns_btf *btf, const char *name)
{
	u32 id, found = 0;

	for (id = 1; id < btf->n; id++) {
		const struct btf_type *t = type_of(btf, id);

		if (INFO_KIND(t->info) != BTF_KIND_STRUCT || strcmp(name_of(btf, t->name_off), name))
			continue;
		if (found)
			return 0;
		found = id;
	}
	return found;
}

/**
 * ipcns_btf_size() - size of a type
 * @btf:	an opened blob
 * @id:		a type id
 *
 * Return: bytes; U32_MAX for a type that has no size.
 */
u32 ipcns_btf_size(const struct ipcns_btf *btf, u32 id)
{
	u32 depth, count = 1, size;

	for (depth = 0; depth < MAX_DEPTH; depth++) {
		const struct btf_type *t = type_of(btf, id);
		const struct btf_array *array;

		if (!t)
			return U32_MAX;
		switch (INFO_KIND(t->info)) {
		case BTF_KIND_INT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case KIND_FLOAT:
		case KIND_ENUM64:
			return check_mul_overflow(count, t->size, &size) ? U32_MAX : size;
		case BTF_KIND_PTR:
			return check_mul_overflow(count, (u32)sizeof(void *), &size) ? U32_MAX :
										       size;
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case KIND_TYPE_TAG:
			id = t->type;
			break;
		case BTF_KIND_ARRAY:
			array = (const void *)(t + 1);
			if (check_mul_overflow(count, array->nelems, &count))
				return U32_MAX;
			id = array->type;
			break;
		default:
			return U32_MAX;
		}
	}
	return U32_MAX;
}

/**
 * ipcns_btf_find_member() - find a member of a struct by its name
 * @btf:	an opened blob
 * @id:		type id of a struct
 * @name:	name of the member
 * @found:	filled in: offset in bits, size in bytes
 *
 * Members of unnamed structs within are not searched.
 *
 * Return: true if it was found.
 */
bool ipcns_btf_find_member(const struct ipcns_btf *btf, u32 id, const char *name,
			   struct ipcns_btf_member *found)
{
	const struct btf_type *t = type_of(btf, id);
	const struct btf_member *m = (const void *)(t + 1);
	u32 i;

	for (i = 0; i < INFO_VLEN(t->info); i++, m++) {
		if (strcmp(name_of(btf, m->name_off), name))
			continue;
		found->bit_offset = m->offset;
		if (INFO_KIND_FLAG(t->info)) {
			/* a bit-field has no size in bytes and never matches */
			if (BTF_MEMBER_BITFIELD_SIZE(m->offset))
				return false;
			found->bit_offset = BTF_MEMBER_BIT_OFFSET(m->offset);
		}
		found->size = ipcns_btf_size(btf, m->type);
		return true;
	}
	return false;
}
