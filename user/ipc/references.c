// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger of a namespace: its reference count, who has which references, and the rest.
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

static struct ns_references *find(const struct references *ledger, uint64_t inum, uint64_t nsid)
{
	const struct ns_references wanted = { .inum = inum, .nsid = nsid };

	return ledger->n ? bsearch(&wanted, ledger->accounts, ledger->n, sizeof(wanted),
				   compare_accounts) : NULL;
}

/* The one that lives of those with an inode number: one that is dying has no mounts. */
static struct ns_references *find_by_inum(const struct references *ledger, uint64_t inum)
{
	size_t low = 0, high = ledger->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (ledger->accounts[middle].inum < inum)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < ledger->n && ledger->accounts[low].inum == inum; low++)
		if (!ledger->accounts[low].dying)
			return &ledger->accounts[low];
	return NULL;
}

static int compare_devs(const void *p, const void *q)
{
	const struct ns_references *const *a = p, *const *b = q;

	return ((*a)->mq_dev > (*b)->mq_dev) - ((*a)->mq_dev < (*b)->mq_dev);
}

/* Those whose mqueue filesystem is found by its device: one that is dying has no mounts. */
static void sort_by_dev(struct references *ledger)
{
	struct ns_references *account;
	size_t i;

	ledger->by_dev = xrealloc(NULL, ledger->n, sizeof(*ledger->by_dev));
	for (i = 0; i < ledger->n; i++) {
		account = &ledger->accounts[i];
		if (account->has_mq_dev && !account->dying)
			ledger->by_dev[ledger->n_devs++] = account;
	}
	if (ledger->n_devs)
		qsort(ledger->by_dev, ledger->n_devs, sizeof(*ledger->by_dev), compare_devs);
}

/* Each namespace that lives has an mqueue filesystem of its own. */
static struct ns_references *find_by_dev(const struct references *ledger, uint32_t dev)
{
	const struct ns_references wanted = { .mq_dev = dev }, *key = &wanted;
	struct ns_references **found = ledger->n_devs ? bsearch(&key, ledger->by_dev,
								ledger->n_devs,
								sizeof(key), compare_devs) : NULL;

	return found ? *found : NULL;
}

/**
 * references_begin - start the ledger of some namespaces
 * @ledger: the ledger, for references_free()
 * @namespaces: as ns_select() or ns_select_all() left them
 */
void references_begin(struct references *ledger, const struct row_store *namespaces)
{
	struct ns_references *account;
	struct row rec;
	uint64_t value;
	size_t i;

	*ledger = (struct references){ 0 };
	ledger->accounts = xrealloc(NULL, namespaces->n, sizeof(*account));
	for (i = 0; i < namespaces->n; i++) {
		if (!row_parse(&rec, namespaces->rows[i].attrs, namespaces->rows[i].len))
			continue;
		account = &ledger->accounts[ledger->n++];
		*account = (struct ns_references){ 0 };
		ipcns_uint(rec.attr[IPCNS_A_NS_INUM], &account->inum);
		ipcns_uint(rec.attr[IPCNS_A_NS_ID], &account->nsid);
		account->dying = ns_is_dying(&rec);
		account->has_mq_dev = ipcns_uint(rec.attr[IPCNS_A_NS_MQ_DEV], &value);
		account->mq_dev = account->has_mq_dev ? value : 0;
	}
	if (ledger->n)
		qsort(ledger->accounts, ledger->n, sizeof(*account), compare_accounts);
	sort_by_dev(ledger);
}

static void take_count(struct ns_references *account, const struct row *rec)
{
	uint64_t kind;

	account->known = true;
	if (ipcns_uint(rec->attr[IPCNS_A_HOLDER_KIND], &kind) && kind == IPCNS_HOLDER_KIND_COUNT)
		account->counted = ipcns_uint(rec->attr[IPCNS_A_HOLDER_REFS], &account->refs);
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
static void add_brief(struct references *ledger, struct ns_references *account, struct holder *h)
{
	struct holders *list = &ledger->rows;

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
	struct references *ledger = arg;
	struct ns_references *account;
	uint64_t inum, nsid;
	struct row rec;
	struct holder h;

	if (!row_parse(&rec, attrs, len) || !ipcns_uint(rec.attr[IPCNS_A_HOLDER_NS_INUM], &inum) ||
	    !ipcns_uint(rec.attr[IPCNS_A_HOLDER_NS_ID], &nsid))
		return;
	account = find(ledger, inum, nsid);
	if (!account)
		return;
	if (!holder_parse(&h, &rec))
		take_count(account, &rec);
	else if (ledger->brief)
		add_brief(ledger, account, &h);
	else
		holders_add(&ledger->rows, &h);
}

static void add_mount(struct references *ledger, struct ns_references *account,
		      const struct mount *mount, enum holder_kind kind)
{
	struct holder h = {
		.inum = account->inum,
		.nsid = account->nsid,
		.kind = kind,
		.has = HOLDER_HAS_MNTNS,
		.mntns = mount->mntns,
	};

	if (ledger->brief) {
		add_brief(ledger, account, &h);
		return;
	}
	holders_keep_text(&ledger->rows, &h, mount->path, mount->len);
	holders_add(&ledger->rows, &h);
}

static void add_descriptor(struct references *ledger, struct ns_references *account,
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
	struct holders *list = account ? &ledger->rows : &ledger->possible;

	if (ledger->brief) {
		add_brief(ledger, account, &h);
		return;
	}
	if (descriptor->name)
		holders_keep_text(list, &h, descriptor->name, descriptor->len);
	holders_add(list, &h);
}

/** references_add_descriptor - take a descriptor of descriptors_read(); @arg is the ledger */
void references_add_descriptor(const struct descriptor *descriptor, void *arg)
{
	struct references *ledger = arg;
	struct ns_references *account;

	switch (descriptor->kind) {
	case DESCRIPTOR_NSFS:
		account = find_by_inum(ledger, descriptor->inum);
		if (account)
			add_descriptor(ledger, account, descriptor, HOLDER_NSFS);
		break;
	case DESCRIPTOR_QUEUE:
		account = find_by_dev(ledger, descriptor->dev);
		if (account)
			add_descriptor(ledger, account, descriptor, HOLDER_MQ);
		break;
	case DESCRIPTOR_SYSVIPC:
		add_descriptor(ledger, NULL, descriptor, HOLDER_SYSVIPC);
		break;
	case DESCRIPTOR_TMPFS:	/* keeps no namespace */
		break;
	}
}

/** references_add_mount - take a mount of mounts_read(); @arg is the ledger */
void references_add_mount(const struct mount *mount, void *arg)
{
	struct references *ledger = arg;
	struct ns_references *account;

	descriptors_add_mount(&ledger->search, mount);
	switch (mount->kind) {
	case MOUNT_NSFS:
		account = find_by_inum(ledger, mount->inum);
		if (account)
			add_mount(ledger, account, mount, HOLDER_MOUNT);
		break;
	case MOUNT_MQUEUE:
		account = find_by_dev(ledger, mount->dev);
		if (account)
			add_mount(ledger, account, mount, HOLDER_MQUEUE_MOUNT);
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
static void add_possible(struct references *ledger, const struct ns_references *account)
{
	struct holder h;
	size_t i;

	if (ledger->n_possible && ledger->n_possible + ledger->possible.n > MAX_POSSIBLE) {
		ledger->left_out++;
		return;
	}
	ledger->n_possible += ledger->possible.n;
	for (i = 0; i < ledger->possible.n; i++) {
		h = ledger->possible.rows[i];
		h.inum = account->inum;
		h.nsid = account->nsid;
		h.text = NULL;
		holders_set_text(&h, ledger->possible.rows[i].text,
				 ledger->possible.rows[i].text_len);
		holders_add(&ledger->rows, &h);
	}
}

static void add_rest(struct references *ledger, struct ns_references *account)
{
	struct holder h = {
		.inum = account->inum, .nsid = account->nsid, .kind = HOLDER_UNATTRIBUTED,
	};
	const char *why = NULL;

	if (!account->counted) {
		why = "the kernel does not count its references";
	} else if (account->attributed > account->refs) {
		why = "unknown: changed while reading";
		ledger->changed = true;
	} else {
		h.refs = account->refs - account->attributed;
		h.has = HOLDER_HAS_REFS;
		account->held |= h.refs ? 1U << HOLDER_UNATTRIBUTED : 0;
	}
	if (why)
		holders_set_text(&h, why, strlen(why));
	holders_add(&ledger->rows, &h);
	if (why || h.refs)
		add_possible(ledger, account);
}

/**
 * references_balance - make rows of what was added
 *
 * Drops doubles, gives each reference to the first of the rows that share it, adds a row for those
 * that nobody was found to have and rows for descriptors that may have them, and sorts.
 */
void references_balance(struct references *ledger)
{
	struct holder *h, *before = NULL;
	struct ns_references *account;
	size_t i;

	holders_sort(&ledger->rows, compare_references);
	drop_doubles(&ledger->rows);
	holders_sort(&ledger->possible, holder_compare);
	drop_doubles(&ledger->possible);
	for (i = 0; i < ledger->rows.n; i++, before = h) {
		h = &ledger->rows.rows[i];
		account = find(ledger, h->inum, h->nsid);
		h->refs = new_references(account, h, before);
		h->has |= HOLDER_HAS_REFS;
		account->attributed += h->refs;
		account->held |= 1U << h->kind;
	}
	for (i = 0; i < ledger->n; i++)
		if (ledger->accounts[i].known)
			add_rest(ledger, &ledger->accounts[i]);
	holders_sort(&ledger->rows, holder_compare);
}

/** references_restart - forget what was added */
void references_restart(struct references *ledger)
{
	struct ns_references *account;
	size_t i;

	holders_clear(&ledger->rows);
	holders_clear(&ledger->possible);
	descriptors_clear(&ledger->search);
	ledger->n_possible = 0;
	ledger->left_out = 0;
	ledger->changed = false;
	ledger->refused = false;
	for (i = 0; i < ledger->n; i++) {
		account = &ledger->accounts[i];
		account->known = false;
		account->counted = false;
		account->attributed = 0;
		account->held = 0;
		account->pid = 0;
		account->seen = false;
	}
}

/** references_free - free what a ledger holds */
void references_free(struct references *ledger)
{
	holders_free(&ledger->rows);
	holders_free(&ledger->possible);
	descriptors_clear(&ledger->search);
	free(ledger->by_dev);
	free(ledger->accounts);
	*ledger = (struct references){ 0 };
}

static bool restart(void *arg)
{
	references_restart(arg);
	return true;
}

/* Compares the count of a namespace with that before, or dies if it is dying by now. */
static void check(struct nlattr *attrs, int len, void *arg)
{
	struct references *ledger = arg;
	uint64_t inum, nsid, refs;
	struct ns_references *account;
	struct row rec;
	bool counted;

	if (!row_parse(&rec, attrs, len) || !ipcns_uint(rec.attr[IPCNS_A_NS_INUM], &inum) ||
	    !ipcns_uint(rec.attr[IPCNS_A_NS_ID], &nsid))
		return;
	account = find(ledger, inum, nsid);
	if (!account)
		return;
	ns_refuse_dying(&rec);
	account->seen = true;
	counted = ipcns_uint(rec.attr[IPCNS_A_NS_REFS], &refs);
	if (account->counted && (!counted || refs != account->refs))
		ledger->changed = true;
}

static bool go_on(void *arg)
{
	(void)arg;
	return true;
}

/* Identity of the only namespace, 0 if there are several. */
static uint64_t only(const struct references *ledger)
{
	return ledger->n == 1 ? ledger->accounts[0].nsid : 0;
}

static void check_all(struct ipcns *w, struct references *ledger)
{
	size_t i;
	int ret;

	ret = ipcns_namespaces(w, only(ledger), check, go_on, ledger);
	if (ret && ret != -ENOENT)
		module_die(w, ret, "cannot get references");
	for (i = 0; i < ledger->n; i++)
		if (!ledger->accounts[i].seen)
			die(STATUS_ERROR, "namespace %llu is gone",
			    (unsigned long long)ledger->accounts[i].inum);
}

static void read_all(struct ipcns *w, struct references *ledger)
{
	char why[256];
	size_t i;
	int ret;

	ret = ipcns_holders(w, only(ledger), 0, references_add, restart, ledger);
	if (ret == -EPERM) {
		ledger->refused = true;
		return;
	}
	if (ret == -ENODEV)
		module_die(w, ret, "cannot list holders");
	if (ret) {
		snprintf(why, sizeof(why), "%s", ipcns_error(w));
		if (ledger->n == 1)	/* which may say it better */
			check_all(w, ledger);
		die(STATUS_ERROR, "cannot list holders: %s", why);
	}
	for (i = 0; i < ledger->n; i++)
		if (!ledger->accounts[i].known && !ledger->accounts[i].dying)
			ledger->refused = true;
	mounts_read(references_add_mount, ledger);
	descriptors_read(&ledger->search, references_add_descriptor, ledger);
	references_balance(ledger);
}

/**
 * references_read_once - read what keeps some namespaces
 * @w: the connection
 * @namespaces: which
 * @ledger: the result, for references_free()
 *
 * Where something changes meanwhile, references may be missing or too many. What accounts say is
 * right, but not all rows are there.
 */
void references_read_once(struct ipcns *w, const struct row_store *namespaces,
			  struct references *ledger)
{
	references_begin(ledger, namespaces);
	ledger->brief = true;
	ledger->search.kinds = 1U << DESCRIPTOR_NSFS;
	read_all(w, ledger);
}

/**
 * references_read - read what keeps some namespaces, none of them dying, until it adds up
 * @w: the connection
 * @namespaces: which
 * @ledger: the result, for references_free()
 *
 * Says so on stderr if something changed each time. Where the user may not know, @ledger->refused
 * is set, and nothing is known.
 */
void references_read(struct ipcns *w, const struct row_store *namespaces, struct references *ledger)
{
	int tries;

	references_begin(ledger, namespaces);
	ledger->search.kinds = 1U << DESCRIPTOR_NSFS | 1U << DESCRIPTOR_QUEUE |
			       1U << DESCRIPTOR_SYSVIPC;
	for (tries = 0; tries < TRIES; tries++) {
		references_restart(ledger);
		read_all(w, ledger);
		if (ledger->refused)
			return;
		check_all(w, ledger);
		if (!ledger->changed)
			return;
	}
	error("changed while reading: references may be missing, or be counted twice");
}

/** references_of - what is known of the namespace @row; NULL if nothing is */
const struct ns_references *references_of(const struct references *ledger,
					  const struct stored_row *row)
{
	const struct ns_references *account = find(ledger, row->key.number[0], ns_id(row));

	return account && account->known ? account : NULL;
}
