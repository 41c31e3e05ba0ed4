// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attached shared memory segments: each attachment keeps the namespace.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "holder.h"
#include "layout.h"

/* Attachments for which the processes are found in one walk over all. */
#define WINDOW 4096

/**
 * struct attachment - a part of an address space
 * @ref:	namespace, by its place
 * @id:		segment
 * @nattch:	attachments of that
 * @size:	bytes of that
 * @start:	first address
 * @end:	first address behind it
 * @token:	tells references apart
 * @mm:		the address space; referenced, so that no other can take its
 *		place, which does not keep what is in it
 * @read_only:	it cannot be written to
 */
struct attachment {
	u32			ref;
	u32			id;
	u64			nattch, size;
	u64			start, end;
	u64			token;
	struct mm_struct	*mm;
	bool			read_only;
};

/**
 * struct segment - a segment to look for
 * @ref:	its namespace, by its place
 * @ns:		the same
 * @id:		identifier
 * @nattch:	attachments
 * @size:	bytes
 * @file:	its file, referenced
 */
struct segment {
	u32			ref;
	struct ipc_namespace	*ns;
	int			id;
	u64			nattch, size;
	struct file		*file;
};

/* The next segment of a namespace that is attached, from an index on. */
static bool next_segment(struct segment *seg, int *idx)
{
	struct ipc_ids *ids = &seg->ns->ids[IPC_SHM_IDS];

	for (;; (*idx)++) {
		struct kern_ipc_perm *perm;
		struct shmid_kernel *shp;
		bool found = false;

		rcu_read_lock();
		perm = idr_get_next(&ids->ipcs_idr, idx);
		if (!perm) {
			rcu_read_unlock();
			return false;
		}
		spin_lock(&perm->lock);
		shp = container_of(perm, struct shmid_kernel, shm_perm);
		if (!perm->deleted && shp->shm_nattch) {
			seg->id = perm->id;
			seg->nattch = shp->shm_nattch;
			seg->size = shp->shm_segsz;
			/* there as long as the segment is not deleted, ipc/shm.c shm_destroy() */
			seg->file = get_file(shp->shm_file);
			found = true;
		}
		spin_unlock(&perm->lock);
		rcu_read_unlock();
		if (found)
			return true;
		cond_resched();
		if (fatal_signal_pending(current))
			return false;
	}
}

/*
 * Whether a mapping of the segment's file was made by shmat(2): ipc/shm.c
 * do_shmat() gives it a file of its own, which keeps the namespace; what else
 * maps the file, through /proc/PID/map_files, has none or another.
 */
static bool is_attachment(const struct vm_area_struct *vma, const struct segment *seg)
{
	struct shm_file_data sfd;

	return !copy_from_kernel_nofault(&sfd, vma->vm_file->private_data, sizeof(sfd)) &&
	       sfd.ns == seg->ns && sfd.id == seg->id && sfd.file == seg->file;
}

/**
 * find_attachments() - look for a segment's attachments
 * @seg:	the segment
 * @out:	room for them
 * @max:	for so many
 * @nth:	how many were found before; moved on. If others come or go
 *		meanwhile some may be met twice, or not at all.
 * @done:	set if there are no more
 *
 * mm/mmap.c and its like link and unlink an area, and change its ends, with
 * i_mmap_rwsem held for writing, and drop its file and address space later.
 *
 * Context: process context, may sleep.
 * Return: how many were found.
 */
static u32 find_attachments(const struct segment *seg, struct attachment *out, u32 max, u32 *nth,
			    bool *done)
{
	struct address_space *mapping = seg->file->f_mapping;
	struct rb_node *node;
	u32 n = 0, i = 0;

	i_mmap_lock_read(mapping);
	for (node = rb_first_cached(&mapping->i_mmap); node && n < max; node = rb_next(node)) {
		struct vm_area_struct *vma = rb_entry(node, struct vm_area_struct, shared.rb);

		if (!is_attachment(vma, seg) || i++ < *nth)
			continue;
		mmgrab(vma->vm_mm);
		out[n++] = (struct attachment) {
			.ref		= seg->ref,
			.id		= seg->id,
			.nattch		= seg->nattch,
			.size		= seg->size,
			.start		= vma->vm_start,
			.end		= vma->vm_end,
			.token		= ipcns_token(vma->vm_file),
			.mm		= vma->vm_mm,
			.read_only	= !(vma->vm_flags & VM_WRITE),
		};
	}
	i_mmap_unlock_read(mapping);
	*nth += n;
	*done = !node;
	return n;
}

/* The next attachments of all namespaces, from a place on, which is moved on. */
static u32 gather(const struct ipcns_holders *h, struct ipcns_holder_place *place,
		  struct attachment *out)
{
	u32 n = 0;
	bool done;

	for (; place->ref < h->n; place->ref++, place->idx = 0) {
		struct segment seg = { .ref = place->ref, .ns = h->refs[place->ref].ns };

		if (!seg.ns || !READ_ONCE(seg.ns->ids[IPC_SHM_IDS].in_use))
			continue;
		for (; next_segment(&seg, &place->idx); place->idx++, place->nth = 0) {
			n += find_attachments(&seg, out + n, WINDOW - n, &place->nth, &done);
			fput(seg.file);
			if (!done)
				return n;
		}
		if (fatal_signal_pending(current))
			break;
	}
	return n;
}

static const void *mm_of(struct task_struct *t)
{
	return t->flags & PF_KTHREAD ? NULL : t->mm;
}

static int add_records(const struct ipcns_holders *h, const struct attachment *a,
		       const struct ipcns_claim *claims, u32 n)
{
	struct ipcns_holder out = { .kind = IPCNS_HOLDER_KIND_SHM };
	int err = 0;
	u32 i;

	for (i = 0; i < n && !err; i++) {
		const struct attachment *at = &a[claims[i].user];

		out.process = claims[i].name;
		out.token = at->token;
		out.mm = ipcns_token(at->mm);
		out.id = at->id;
		out.nattch = at->nattch;
		out.size = at->size;
		out.start = at->start;
		out.end = at->end;
		out.read_only = at->read_only;
		err = ipcns_holder_add(h, at->ref, &out, "");
	}
	return err;
}

/**
 * ipcns_attachments_collect() - find attached segments
 * @h:		the search
 *
 * Address spaces are found by the segments, so that all are, those of which no
 * process can be named too. Where more than WINDOW processes share address
 * spaces with others, those are not named.
 *
 * Context: process context, may sleep.
 * Return: 0 when all is done, -ENOBUFS if the buffer is full, -ENOMEM, or
 * -EINTR if the caller was killed.
 */
int ipcns_attachments_collect(const struct ipcns_holders *h)
{
	struct ipcns_claim *claims;
	struct attachment *a;
	int err = -ENOMEM;
	u32 i, n, named;

	if (!(h->kinds & BIT(IPCNS_HOLDER_KIND_SHM)))
		return 0;
	a = kvmalloc_array(WINDOW, sizeof(*a), GFP_KERNEL);
	claims = kvmalloc_array(2 * WINDOW, sizeof(*claims), GFP_KERNEL);
	if (!a || !claims)
		goto out;
	do {
		struct ipcns_holder_place next = *h->place;

		n = gather(h, &next, a);
		for (i = 0; i < n; i++)
			claims[i] = (struct ipcns_claim) { .key = a[i].mm, .user = i };
		named = n;
		err = n ? ipcns_claims_name(h->r, claims, &named, 2 * WINDOW, mm_of) : 0;
		if (!err)
			err = add_records(h, a, claims, named);
		for (i = 0; i < n; i++)
			mmdrop(a[i].mm);
		if (!err)
			*h->place = next;
		if (fatal_signal_pending(current))
			err = -EINTR;
	} while (!err && n == WINDOW);
out:
	kvfree(claims);
	kvfree(a);
	return err;
}
