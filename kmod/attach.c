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
#include <linux/sort.h>
#include <linux/uaccess.h>

#include "holder.h"
#include "layout.h"

/* Attachments of several segments for which the processes are found in one walk. */
#define WINDOW 4096

/* Areas looked at in one hold of a mapping's lock, so attachments of one segment. */
#define MAX_AREAS 65536

/**
 * struct segment - a segment that is attached
 * @ref:	its namespace, by its place
 * @idx:	its index there
 * @id:		identifier
 * @nattch:	attachments
 * @size:	bytes
 */
struct segment {
	u32	ref;
	int	idx;
	u32	id;
	u64	nattch, size;
};

/**
 * struct attachment - a part of an address space
 * @seg:	the segment
 * @start:	first address
 * @end:	first address behind it
 * @token:	tells references apart
 * @mm:		the address space; referenced, so that no other can take its
 *		place, which does not keep what is in it
 * @read_only:	it cannot be written to
 * @truncated:	the segment has more attachments than were looked at
 */
struct attachment {
	struct segment		seg;
	u64			start, end;
	u64			token;
	struct mm_struct	*mm;
	bool			read_only;
	bool			truncated;
};

/**
 * struct window - attachments for which the processes are to be found
 * @at:		the attachments
 * @n:		how many
 * @max:	how many there is room for
 * @things:	their address spaces: room for WINDOW more than for attachments,
 *		where processes share them
 */
struct window {
	struct attachment		*at;
	u32				n;
	u32				max;
	struct ipcns_shared_thing	*things;
};

/* The next segment of a namespace that is attached, from an index on: its file, referenced. */
static struct file *next_segment(struct ipc_namespace *ns, int *idx, struct segment *seg)
{
	struct ipc_ids *ids = &ns->ids[IPC_SHM_IDS];

	for (;; (*idx)++) {
		struct kern_ipc_perm *perm;
		struct file *file = NULL;
		struct shmid_kernel *shp;

		rcu_read_lock();
		perm = idr_get_next(&ids->ipcs_idr, idx);
		if (!perm) {
			rcu_read_unlock();
			return NULL;
		}
		spin_lock(&perm->lock);
		shp = container_of(perm, struct shmid_kernel, shm_perm);
		if (!perm->deleted && shp->shm_nattch) {
			seg->idx = *idx;
			seg->id = perm->id;
			seg->nattch = shp->shm_nattch;
			seg->size = shp->shm_segsz;
			/* there as long as the segment is not deleted, ipc/shm.c shm_destroy() */
			file = get_file(shp->shm_file);
		}
		spin_unlock(&perm->lock);
		rcu_read_unlock();
		if (file)
			return file;
		cond_resched();
		if (fatal_signal_pending(current))
			return NULL;
	}
}

/*
 * Whether a mapping of the segment's file was made by shmat(2): ipc/shm.c
 * do_shmat() gives it a file of its own, which keeps the namespace; what else
 * maps the file, through /proc/PID/map_files, has none or another.
 */
static bool is_attachment(const struct vm_area_struct *vma, const struct ipc_namespace *ns,
			  const struct file *file, u32 id)
{
	struct shm_file_data sfd;

	return !copy_from_kernel_nofault(&sfd, vma->vm_file->private_data, sizeof(sfd)) &&
	       sfd.ns == ns && sfd.id == id && sfd.file == file;
}

static void free_window(struct window *w)
{
	kvfree(w->things);
	kvfree(w->at);
	*w = (struct window) { };
}

/*
 * Room for as many attachments as a segment counts, and some more that come
 * meanwhile: 0, -ENOBUFS if the window has others that must be reported first,
 * or -ENOMEM.
 */
static int make_room(struct window *w, u64 nattch)
{
	u32 max = min_t(u64, nattch + nattch / 8 + 64, MAX_AREAS);

	if (w->max - w->n >= max)
		return 0;
	if (w->n)
		return -ENOBUFS;
	free_window(w);
	max = max_t(u32, max, WINDOW);
	w->at = kvmalloc_array(max, sizeof(*w->at), GFP_KERNEL_ACCOUNT);
	w->things = kvmalloc_array(max + WINDOW, sizeof(*w->things), GFP_KERNEL_ACCOUNT);
	if (!w->at || !w->things)
		return -ENOMEM;
	w->max = max;
	return 0;
}

/*
 * Adds the attachments of a segment. mm/mmap.c and its like link and unlink an area, and
 * change its ends, with i_mmap_rwsem held for writing, and drop its file and address
 * space later. The areas have no order in which a later hold of the lock could continue,
 * so there is one hold for each segment, and what is beyond MAX_AREAS is left out.
 */
static void find_attachments(const struct ipc_namespace *ns, const struct file *file,
			     const struct segment *seg, struct window *w)
{
	struct address_space *mapping = file->f_mapping;
	u32 first = w->n, areas = 0;
	struct rb_node *node;

	i_mmap_lock_read(mapping);
	for (node = rb_first_cached(&mapping->i_mmap); node; node = rb_next(node)) {
		struct vm_area_struct *vma = rb_entry(node, struct vm_area_struct, shared.rb);

		if (w->n == w->max || areas++ == MAX_AREAS)
			break;
		cond_resched();
		if (!is_attachment(vma, ns, file, seg->id))
			continue;
		mmgrab(vma->vm_mm);
		w->at[w->n++] = (struct attachment) {
			.seg		= *seg,
			.start		= vma->vm_start,
			.end		= vma->vm_end,
			.token		= ipcns_token(vma->vm_file),
			.mm		= vma->vm_mm,
			.read_only	= !(vma->vm_flags & VM_WRITE),
		};
	}
	i_mmap_unlock_read(mapping);
	for (; node && first < w->n; first++)
		w->at[first].truncated = true;
}

/*
 * The next attachments of all namespaces, of whole segments, from a place on,
 * which is moved on: 0 if there are no more, -ENOBUFS if there may be,
 * -ENOMEM or -EINTR.
 */
static int next_attachments(const struct ipcns_holders *h, struct ipcns_holder_place *place,
			    struct window *w)
{
	struct file *file;
	int err;

	for (; place->ref < h->n; place->ref++, place->idx = 0) {
		struct ipc_namespace *ns = h->refs[place->ref].ns;
		struct segment seg = { .ref = place->ref };

		if (!ns || !READ_ONCE(ns->ids[IPC_SHM_IDS].in_use))
			continue;
		for (; (file = next_segment(ns, &place->idx, &seg)); place->idx++) {
			err = make_room(w, seg.nattch);
			if (!err)
				find_attachments(ns, file, &seg, w);
			fput(file);
			if (err)
				return err;
		}
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

static const void *mm_of(struct task_struct *t)
{
	return t->flags & PF_KTHREAD ? NULL : t->mm;
}

/* The order in which attachments are reported, so that a dump can continue after any of them. */
static int compare_attachments(const void *p, const void *q)
{
	const struct attachment *a = p, *b = q;

	if (a->seg.ref != b->seg.ref)
		return a->seg.ref < b->seg.ref ? -1 : 1;
	if (a->seg.idx != b->seg.idx)
		return a->seg.idx < b->seg.idx ? -1 : 1;
	if (a->mm != b->mm)
		return a->mm < b->mm ? -1 : 1;
	return (a->start > b->start) - (a->start < b->start);
}

/* By attachment; and processes that share it by their ids. */
static int compare_things(const void *p, const void *q)
{
	const struct ipcns_shared_thing *a = p, *b = q;

	if (a->user != b->user)
		return a->user < b->user ? -1 : 1;
	return (a->process.pid > b->process.pid) - (a->process.pid < b->process.pid);
}

/* Whether an attachment was reported in an earlier call, with all processes that share it. */
static bool is_done(const struct attachment *at, const struct ipcns_holder_place *place)
{
	if (at->seg.ref != place->ref || at->seg.idx != place->idx || !place->mm)
		return false;
	return at->mm == place->mm ? at->start < place->start : (void *)at->mm < place->mm;
}

/* Adds an attachment with a process that shares it, or NULL if the reader sees none. */
static int add_holder(struct ipcns_holders *h, const struct attachment *at,
		      const struct ipcns_process *process)
{
	struct ipcns_holder out = {
		.kind		= IPCNS_HOLDER_KIND_SHM,
		.token		= at->token,
		.mm		= ipcns_token(at->mm),
		.id		= at->seg.id,
		.nattch		= at->seg.nattch,
		.size		= at->seg.size,
		.start		= at->start,
		.end		= at->end,
		.read_only	= at->read_only,
		.truncated	= at->truncated,
	};

	if (process)
		out.process = *process;
	return ipcns_holder_add(h, at->seg.ref, &out, !process);
}

/*
 * One attachment with the processes that share it, of which the first ones were
 * reported before; all that @thing to @end are. Sets the place to continue at.
 */
static int add_attachment(struct ipcns_holders *h, const struct attachment *at,
			  const struct ipcns_shared_thing *thing,
			  const struct ipcns_shared_thing *end)
{
	struct ipcns_holder_place *place = h->place;
	bool same = place->ref == at->seg.ref && place->idx == at->seg.idx &&
		    place->mm == at->mm && place->start == at->start;
	u32 last = same ? place->pid : 0;
	bool shown = false;
	int err = 0;

	*place = (struct ipcns_holder_place) {
		.phase = place->phase, .ref = at->seg.ref, .idx = at->seg.idx, .mm = at->mm,
		.start = at->start, .pid = last,
	};
	for (; thing < end && !err; thing++) {
		if (ipcns_process_hidden(h->r, &thing->process))
			continue;
		shown = true;
		if (last && thing->process.pid <= last)
			continue;
		err = add_holder(h, at, &thing->process);
		if (!err)
			place->pid = thing->process.pid;
	}
	if (!err && !shown && !last)
		err = add_holder(h, at, NULL);
	if (!err)
		place->pid = U32_MAX;	/* all, and one that was counted only */
	return err;
}

static int report_window(struct ipcns_holders *h, struct window *w)
{
	const struct ipcns_shared_thing *thing = w->things, *end, *last;
	u32 i, n = w->n;
	int err;

	if (!n)
		return 0;
	sort(w->at, n, sizeof(*w->at), compare_attachments, NULL);
	for (i = 0; i < n; i++)
		w->things[i] = (struct ipcns_shared_thing) { .key = w->at[i].mm, .user = i };
	err = ipcns_find_processes(h->r, w->things, &n, w->n + WINDOW, mm_of);
	if (err)
		return err;
	sort(w->things, n, sizeof(*w->things), compare_things, NULL);
	for (last = thing + n; thing < last && !err; thing = end) {
		const struct attachment *at = &w->at[thing->user];

		for (end = thing; end < last && end->user == thing->user; end++)
			;
		if (!is_done(at, h->place))
			err = add_attachment(h, at, thing, end);
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
int ipcns_attachments_collect(struct ipcns_holders *h)
{
	struct window w = { };
	int err, more;
	u32 i;

	if (!(h->kinds & BIT(IPCNS_HOLDER_KIND_SHM)))
		return 0;
	do {
		struct ipcns_holder_place next = *h->place;

		more = next_attachments(h, &next, &w);
		err = more == -ENOBUFS ? 0 : more;
		if (!err)
			err = report_window(h, &w);
		for (i = 0; i < w.n; i++)
			mmdrop(w.at[i].mm);
		w.n = 0;
		if (!err) {
			next.mm = NULL;	/* the next one is a whole segment */
			*h->place = next;
		}
	} while (!err && more);
	free_window(&w);
	return err;
}
