// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger of a namespace: its reference count, the holder of each reference, and the number
 * of references without a known holder.
 *
 * The module reports the count, member tasks and attached segments. Descriptors and mounts are
 * found in /proc. The count is read first and once more at last, and what is found may not be more:
 * otherwise something changed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/references.h"
#include "util.h"

#define TRIES 3
#define MAX_POSSIBLE 65536	/* rows of descriptors that may be of any of several namespaces */

static int compare_accounts(const void *p, const void *q)
{
	const struct ns_references *a = p, *b = q;
	const uint64_t x[] = { a->inum, a->nsid }, y[] = { b->inum, b->nsid };

	return holder_compare_numbers(x, y, ARRAY_SIZE(x));
}

static struct ns_references *find(const struct references *references, uint64_t inum, uint64_t nsid)
{
	const struct ns_references wanted = { .inum = inum, .nsid = nsid };

	return references->n ? bsearch(&wanted, references->accounts, references->n, sizeof(wanted),
				       compare_accounts) : NULL;
}

/* The one that lives of those with an inode number: one that is dying has no mounts. */
static struct ns_references *find_by_inum(const struct references *references, uint64_t inum)
{
	const struct ns_references wanted = { .inum = inum };
	size_t i = first_not_below(&wanted, references->accounts, references->n, sizeof(wanted),
				   compare_accounts);

	for (; i < references->n && references->accounts[i].inum == inum; i++)
		if (!references->accounts[i].dying)
			return &references->accounts[i];
	return NULL;
}

static int compare_devs(const void *p, const void *q)
{
	const struct ns_references *const *a = p, *const *b = q;

	return ((*a)->mq_dev > (*b)->mq_dev) - ((*a)->mq_dev < (*b)->mq_dev);
}

/* Those whose mqueue filesystem is found by its device: one that is dying has no mounts. */
static void sort_by_dev(struct references *references)
{
	struct ns_references *account;
	size_t i;

	references->by_dev = xrealloc(NULL, references->n, sizeof(*references->by_dev));
	for (i = 0; i < references->n; i++) {
		account = &references->accounts[i];
		if (account->has_mq_dev && !account->dying)
			references->by_dev[references->n_devs++] = account;
	}
	if (references->n_devs)
		qsort(references->by_dev, references->n_devs, sizeof(*references->by_dev),
		      compare_devs);
}

/* Each namespace that lives has an mqueue filesystem of its own. */
static struct ns_references *find_by_dev(const struct references *references, uint32_t dev)
{
	const struct ns_references wanted = { .mq_dev = dev }, *key = &wanted;
	struct ns_references **found = NULL;

	if (references->n_devs)
		found = bsearch(&key, references->by_dev, references->n_devs, sizeof(key),
				compare_devs);
	return found ? *found : NULL;
}

/**
 * references_begin - start the ledger of some namespaces
 * @references: the ledger, for references_free()
 * @namespaces: as ns_select() or ns_select_all() left them
 */
void references_begin(struct references *references, const struct row_store *namespaces)
{
	struct ns_references *account;
	struct row row;
	uint64_t value;
	size_t i;

	*references = (struct references){ 0 };
	references->accounts = xrealloc(NULL, namespaces->n, sizeof(*account));
	for (i = 0; i < namespaces->n; i++) {
		if (!row_parse(&row, namespaces->rows[i].attrs, namespaces->rows[i].len))
			continue;
		account = &references->accounts[references->n++];
		*account = (struct ns_references){ 0 };
		ipcns_uint(row.attr[IPCNS_A_NS_INUM], &account->inum);
		ipcns_uint(row.attr[IPCNS_A_NS_ID], &account->nsid);
		account->dying = ns_is_dying(&row);
		account->has_mq_dev = ipcns_uint(row.attr[IPCNS_A_NS_MQ_DEV], &value);
		account->mq_dev = account->has_mq_dev ? value : 0;
	}
	if (references->n)
		qsort(references->accounts, references->n, sizeof(*account), compare_accounts);
	sort_by_dev(references);
}

static void take_count(struct ns_references *account, const struct row *row)
{
	uint64_t kind;

	account->known = true;
	if (ipcns_uint(row->attr[IPCNS_A_HOLDER_KIND], &kind) && kind == IPCNS_HOLDER_KIND_COUNT)
		account->counted = ipcns_uint(row->attr[IPCNS_A_HOLDER_REFS], &account->refs);
}

/* Rows that share a reference side by side, else as they will be printed. */
static int compare_references(const void *p, const void *q)
{
	const struct holder *a = p, *b = q;
	const uint64_t x[] = { a->inum, a->nsid, a->kind, a->token };
	const uint64_t y[] = { b->inum, b->nsid, b->kind, b->token };

	return holder_compare_numbers(x, y, ARRAY_SIZE(x)) ?: holder_compare(p, q);
}

/* /proc may show the same twice. Rows that count what is not visible add up. */
static void drop_doubles(struct holders *list)
{
	size_t i, kept = 0;

	for (i = 0; i < list->n; i++) {
		if (!kept || holder_compare(&list->rows[kept - 1], &list->rows[i])) {
			list->rows[kept++] = list->rows[i];
			continue;
		}
		list->rows[kept - 1].hidden += list->rows[i].hidden;
		free(list->rows[i].text);
	}
	list->n = kept;
}

/* Keeps what tells references apart: as many rows as references, however many share them. */
static void add_brief(struct references *references, struct ns_references *account,
		      struct holder *h)
{
	struct holders *list = &references->rows;

	if (account && h->pid && (!account->pid || h->pid < account->pid))
		account->pid = h->pid;

	free(h->text);
	*h = (struct holder){
		.inum = h->inum, .nsid = h->nsid, .kind = h->kind, .token = h->token,
	};
	if (list->n && list->n == list->allocated) {
		holders_sort(list, compare_references);
		drop_doubles(list);
		/* sorting must not become all that is done */
		holders_reserve(list, 2 * list->n);
	}
	holders_add(list, h);
}

/** references_add - take a message of holder-get; @arg is the ledger */
void references_add(struct nlattr *attrs, int len, void *arg)
{
	struct references *references = arg;
	struct ns_references *account;
	uint64_t inum, nsid;
	struct row row;
	struct holder h;

	if (!row_parse(&row, attrs, len) || !ipcns_uint(row.attr[IPCNS_A_HOLDER_NS_INUM], &inum) ||
	    !ipcns_uint(row.attr[IPCNS_A_HOLDER_NS_ID], &nsid))
		return;
	account = find(references, inum, nsid);
	if (!account)
		return;
	if (!holder_parse(&h, &row))
		take_count(account, &row);
	else if (references->brief)
		add_brief(references, account, &h);
	else
		holders_add(&references->rows, &h);
}

static void add_mount(struct references *references, struct ns_references *account,
		      const struct mount *mount, enum holder_kind kind)
{
	struct holder h = {
		.inum = account->inum,
		.nsid = account->nsid,
		.kind = kind,
		.has = HOLDER_HAS_MNTNS,
		.mntns = mount->mntns,
	};

	if (references->brief) {
		add_brief(references, account, &h);
		return;
	}
	holders_keep_text(&references->rows, &h, mount->path, mount->len);
	holders_add(&references->rows, &h);
}

static void add_descriptor(struct references *references, struct ns_references *account,
			   const struct descriptor *descriptor, enum holder_kind kind)
{
	struct holder h = {
		.inum = account ? account->inum : 0,
		.nsid = account ? account->nsid : 0,
		.kind = kind,
		.has = HOLDER_HAS_PID | HOLDER_HAS_FD,
		.pid = descriptor->pid,
		.fd = descriptor->fd,
	};
	struct holders *list = account ? &references->rows : &references->possible;

	if (references->brief) {
		add_brief(references, account, &h);
		return;
	}
	if (descriptor->name)
		holders_keep_text(list, &h, descriptor->name, descriptor->len);
	holders_add(list, &h);
}

/** references_add_descriptor - take a descriptor of descriptors_read(); @arg is the ledger */
void references_add_descriptor(const struct descriptor *descriptor, void *arg)
{
	struct references *references = arg;
	struct ns_references *account;

	switch (descriptor->kind) {
	case DESCRIPTOR_NSFS:
		account = find_by_inum(references, descriptor->inum);
		if (account)
			add_descriptor(references, account, descriptor, HOLDER_NSFS);
		break;
	case DESCRIPTOR_QUEUE:
		account = find_by_dev(references, descriptor->dev);
		if (account)
			add_descriptor(references, account, descriptor, HOLDER_MQ);
		break;
	case DESCRIPTOR_SYSVIPC:
		add_descriptor(references, NULL, descriptor, HOLDER_SYSVIPC);
		break;
	case DESCRIPTOR_TMPFS:	/* keeps no namespace */
		break;
	}
}

/** references_add_mount - take a mount of mounts_read(); @arg is the ledger */
void references_add_mount(const struct mount *mount, void *arg)
{
	struct references *references = arg;
	struct ns_references *account;

	descriptors_add_mount(&references->search, mount);
	switch (mount->kind) {
	case MOUNT_NSFS:
		account = find_by_inum(references, mount->inum);
		if (account)
			add_mount(references, account, mount, HOLDER_MOUNT);
		break;
	case MOUNT_MQUEUE:
		account = find_by_dev(references, mount->dev);
		if (account)
			add_mount(references, account, mount, HOLDER_MQUEUE_MOUNT);
		break;
	case MOUNT_PROC:
	case MOUNT_TMPFS:
		break;
	}
}

/*
 * References that a row adds to those of the rows before it. All descriptors and mounts of a
 * namespace have the one reference of its inode in nsfs.
 */
static uint64_t new_references(const struct ns_references *account, const struct holder *h,
			       const struct holder *before)
{
	const unsigned int of_inode = 1U << HOLDER_NSFS | 1U << HOLDER_MOUNT;

	if (h->kind >= HOLDER_UNATTRIBUTED)
		return 0;
	if (of_inode & 1U << h->kind)
		return !(account->held & of_inode);
	return !before || before->inum != h->inum || before->nsid != h->nsid ||
	       before->kind != h->kind || before->token != h->token;
}

/*
 * Who may have the references that nobody else was found to have. That is the same for all
 * namespaces, so of many not each has these rows.
 */
static void add_possible(struct references *references, const struct ns_references *account)
{
	struct holder h;
	size_t i;

	if (references->n_possible &&
	    references->n_possible + references->possible.n > MAX_POSSIBLE) {
		references->left_out++;
		return;
	}
	references->n_possible += references->possible.n;
	for (i = 0; i < references->possible.n; i++) {
		h = references->possible.rows[i];
		h.inum = account->inum;
		h.nsid = account->nsid;
		h.text = NULL;
		holders_set_text(&h, references->possible.rows[i].text,
				 references->possible.rows[i].text_len);
		holders_add(&references->rows, &h);
	}
}

static void add_rest(struct references *references, struct ns_references *account)
{
	struct holder h = {
		.inum = account->inum, .nsid = account->nsid, .kind = HOLDER_UNATTRIBUTED,
	};
	const char *why = NULL;

	if (!account->counted) {
		why = "the kernel does not count its references";
	} else if (account->attributed > account->refs) {
		why = "unknown: changed while reading";
		references->changed = true;
	} else {
		h.refs = account->refs - account->attributed;
		h.has = HOLDER_HAS_REFS;
		account->held |= h.refs ? 1U << HOLDER_UNATTRIBUTED : 0;
	}
	if (why)
		holders_set_text(&h, why, strlen(why));
	holders_add(&references->rows, &h);
	if (why || h.refs)
		add_possible(references, account);
}

/**
 * references_balance - make rows of what was added
 *
 * Drops doubles, gives each reference to the first of the rows that share it, adds a row for those
 * that nobody was found to have and rows for descriptors that may have them, and sorts.
 */
void references_balance(struct references *references)
{
	struct holder *h, *before = NULL;
	struct ns_references *account;
	size_t i;

	holders_sort(&references->rows, compare_references);
	drop_doubles(&references->rows);
	holders_sort(&references->possible, holder_compare);
	drop_doubles(&references->possible);
	for (i = 0; i < references->rows.n; i++, before = h) {
		h = &references->rows.rows[i];
		account = find(references, h->inum, h->nsid);
		h->refs = new_references(account, h, before);
		/* A row that shares its reference with one before has no number, for 0 would be wrong. */
		if (h->refs || h->kind > HOLDER_UNATTRIBUTED)
			h->has |= HOLDER_HAS_REFS;
		account->attributed += h->refs;
		account->held |= 1U << h->kind;
	}
	for (i = 0; i < references->n; i++)
		if (references->accounts[i].known)
			add_rest(references, &references->accounts[i]);
	holders_sort(&references->rows, holder_compare);
}

/** references_restart - forget what was added */
void references_restart(struct references *references)
{
	struct ns_references *account;
	size_t i;

	holders_clear(&references->rows);
	holders_clear(&references->possible);
	descriptors_clear(&references->search);
	references->n_possible = 0;
	references->left_out = 0;
	references->changed = false;
	references->refused = false;
	for (i = 0; i < references->n; i++) {
		account = &references->accounts[i];
		account->known = false;
		account->counted = false;
		account->attributed = 0;
		account->held = 0;
		account->pid = 0;
		account->seen = false;
	}
}

/** references_free - free what a ledger holds */
void references_free(struct references *references)
{
	holders_free(&references->rows);
	holders_free(&references->possible);
	descriptors_clear(&references->search);
	free(references->by_dev);
	free(references->accounts);
	*references = (struct references){ 0 };
}

static bool restart(void *arg)
{
	references_restart(arg);
	return true;
}

/* Compares the count of a namespace with that before, or dies if it is dying by now. */
static void check(struct nlattr *attrs, int len, void *arg)
{
	struct references *references = arg;
	uint64_t inum, nsid, refs;
	struct ns_references *account;
	struct row row;
	bool counted;

	if (!row_parse(&row, attrs, len) || !ipcns_uint(row.attr[IPCNS_A_NS_INUM], &inum) ||
	    !ipcns_uint(row.attr[IPCNS_A_NS_ID], &nsid))
		return;
	account = find(references, inum, nsid);
	if (!account)
		return;
	ns_refuse_dying(&row);
	account->seen = true;
	counted = ipcns_uint(row.attr[IPCNS_A_NS_REFS], &refs);
	if (account->counted && (!counted || refs != account->refs))
		references->changed = true;
}

static bool go_on(void *arg)
{
	(void)arg;
	return true;
}

/* Identity of the only namespace, 0 if there are several. */
static uint64_t only(const struct references *references)
{
	return references->n == 1 ? references->accounts[0].nsid : 0;
}

static void check_all(struct ipcns *w, struct references *references)
{
	size_t i;
	int ret;

	ret = ipcns_namespaces(w, only(references), check, go_on, references);
	if (ret && ret != -ENOENT)
		module_die(w, ret, "cannot get references");
	for (i = 0; i < references->n; i++)
		if (!references->accounts[i].seen)
			die(STATUS_ERROR, "namespace %llu is gone",
			    (unsigned long long)references->accounts[i].inum);
}

static void read_all(struct ipcns *w, struct references *references)
{
	char why[256];
	size_t i;
	int ret;

	ret = ipcns_holders(w, only(references), 0, references_add, restart, references);
	/* who reads once takes what there is: the only namespace may be gone by now */
	if (ret == -EPERM || (module_gone(ret) && references->brief)) {
		references->refused = true;
		return;
	}
	if (ret == -ENODEV)
		module_die(w, ret, "cannot list holders");
	if (ret) {
		snprintf(why, sizeof(why), "%s", ipcns_error(w));
		if (references->n == 1)	/* which may say it better */
			check_all(w, references);
		die(STATUS_ERROR, "cannot list holders: %s", why);
	}
	for (i = 0; i < references->n; i++)
		if (!references->accounts[i].known && !references->accounts[i].dying)
			references->refused = true;
	if (references->refused && !references->brief)	/* unless it is gone */
		check_all(w, references);
	mounts_read(references_add_mount, references, NULL);
	descriptors_read(&references->search, references_add_descriptor, references);
	references_balance(references);
}

/**
 * references_read_once - read what keeps some namespaces
 * @w: the connection
 * @namespaces: which
 * @references: the result, for references_free()
 *
 * Where something changes meanwhile, references may be missing or too many. What accounts say is
 * right, but not all rows are there.
 */
void references_read_once(struct ipcns *w, const struct row_store *namespaces,
			  struct references *references)
{
	references_begin(references, namespaces);
	references->brief = true;
	references->search.kinds = 1U << DESCRIPTOR_NSFS;
	read_all(w, references);
}

/**
 * references_read - read what keeps some namespaces, none of them dying, until it adds up
 * @w: the connection
 * @namespaces: which
 * @references: the result, for references_free()
 *
 * Says so on stderr if something changed each time. Where the user may not know,
 * @references->refused is set, and nothing is known.
 */
void references_read(struct ipcns *w, const struct row_store *namespaces,
		     struct references *references)
{
	int tries;

	references_begin(references, namespaces);
	references->search.kinds = 1U << DESCRIPTOR_NSFS | 1U << DESCRIPTOR_QUEUE |
			       1U << DESCRIPTOR_SYSVIPC;
	for (tries = 0; tries < TRIES; tries++) {
		references_restart(references);
		read_all(w, references);
		if (references->refused)
			return;
		check_all(w, references);
		if (!references->changed)
			return;
	}
	error("changed while reading: references may be missing, or be counted twice");
}

/** references_of - what is known of the namespace @row; NULL if nothing is */
const struct ns_references *references_of(const struct references *references,
					  const struct stored_row *row)
{
	const struct ns_references *account = find(references, row->key.number[0], ns_id(row));

	return account && account->known ? account : NULL;
}
