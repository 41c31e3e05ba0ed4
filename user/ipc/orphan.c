// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orphans: objects that nobody seems to use any more, by one rule for each kind.
 *
 * The kernel keeps no list of those who know an object, so most are only likely to be orphans. What
 * is unknown counts as used. Whether a process has ended is what the module says of its struct pid:
 * a number that is used again does not count as alive, a zombie does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/ipcns.h>

#include "ipc/actor.h"
#include "ipc/file_object.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/orphan.h"
#include "print/columns.h"
#include "print/value.h"
#include "util.h"

/* Bit of IPCNS_A_SHM_STATUS: the segment goes with its last attachment. */
#define SHM_MARKED 1

static bool is_known_zero(struct nlattr *attr)
{
	uint64_t n;

	return ipcns_uint(attr, &n) && !n;
}

static bool is_there(const struct row *row, enum ipcns_remembered which)
{
	uint64_t there;

	return ipcns_uint(row->attr[IPCNS_A_OBJECT_THERE], &there) && there & which;
}

/* Whether a process that did something has ended, or nobody ever did it, by the time of that. */
static bool has_ended(const struct row *row, enum ipcns_remembered which, struct nlattr *time)
{
	return object_remembers_gone(row, which) || (!is_there(row, which) && is_known_zero(time));
}

/* Nothing attached and the creator gone; made to stay, perhaps, if it is older than the module. */
static enum orphan_certainty judge_shm(const struct row *row, const char **why)
{
	uint64_t status;

	if (!row->nest[IPCNS_A_SHM_ORPHAN] || !is_known_zero(row->nest[IPCNS_A_SHM_NATTCH]))
		return ORPHAN_NOT;
	if (ipcns_uint(row->nest[IPCNS_A_SHM_STATUS], &status) && status & SHM_MARKED) {
		*why = "marked";
		return ORPHAN_SURE;
	}
	*why = "unattached";
	return object_remembers_gone(row, IPCNS_REMEMBERED_CREATOR) ? ORPHAN_SURE : ORPHAN_LIKELY;
}

/* The creator and all who changed a value last are gone, nobody waits and nothing is to be undone. */
static enum orphan_certainty judge_sem(const struct row *row, const char **why)
{
	if (!object_remembers_gone(row, IPCNS_REMEMBERED_CREATOR) ||
	    !has_ended(row, IPCNS_REMEMBERED_SEMPIDS, row->nest[IPCNS_A_SEM_OTIME]) ||
	    !is_known_zero(row->nest[IPCNS_A_SEM_UNDOS]) ||
	    !is_known_zero(row->nest[IPCNS_A_SEM_WAITERS]))
		return ORPHAN_NOT;
	*why = "ended";
	return ORPHAN_LIKELY;
}

/* The creator, the last sender and the last receiver are gone, and nobody waits. */
static enum orphan_certainty judge_msg(const struct row *row, const char **why)
{
	if (!object_remembers_gone(row, IPCNS_REMEMBERED_CREATOR) ||
	    !has_ended(row, IPCNS_REMEMBERED_LSPID, row->nest[IPCNS_A_MSG_STIME]) ||
	    !has_ended(row, IPCNS_REMEMBERED_LRPID, row->nest[IPCNS_A_MSG_RTIME]) ||
	    !is_known_zero(row->nest[IPCNS_A_MSG_RECEIVERS]) ||
	    !is_known_zero(row->nest[IPCNS_A_MSG_SENDERS]))
		return ORPHAN_NOT;
	*why = "ended";
	return ORPHAN_LIKELY;
}

/* Nobody has it open, by the kernel's own count: but a closed queue may be meant to stay. */
static enum orphan_certainty judge_mq(const struct row *row, const char **why)
{
	if (!is_known_zero(row->nest[IPCNS_A_MQ_OPENS]))
		return ORPHAN_NOT;
	*why = "closed";
	return ORPHAN_LIKELY;
}

/* Open and mapped nowhere; files may be meant to stay. */
static enum orphan_certainty judge_file(const struct row *row, const char **why)
{
	if (!row->nest[FILE_ORPHAN])
		return ORPHAN_NOT;
	*why = "unused";
	return ORPHAN_LIKELY;
}

/**
 * orphan_judge - whether an object is an orphan
 * @row: the object, of object_parse()
 * @why: set to a word that says why, unless it is none
 */
enum orphan_certainty orphan_judge(const struct row *row, const char **why)
{
	static enum orphan_certainty (*const judges[KINDS])(const struct row *, const char **) = {
		[IPCNS_KIND_SHM] = judge_shm,
		[IPCNS_KIND_SEM] = judge_sem,
		[IPCNS_KIND_MSG] = judge_msg,
		[IPCNS_KIND_MQ] = judge_mq,
		[KIND_PSHM] = judge_file,
		[KIND_PSEM] = judge_file,
	};

	return row->kind < KINDS ? judges[row->kind](row, why) : ORPHAN_NOT;
}

/**
 * orphan_bytes - what removing an object would set free; false if that is not known
 *
 * Of a segment its size, of a queue what is in it, of a file what is allocated. A set has none.
 */
bool orphan_bytes(const struct row *row, uint64_t *bytes)
{
	static const unsigned int attrs[KINDS] = {
		[IPCNS_KIND_SHM] = IPCNS_A_SHM_SIZE,
		[IPCNS_KIND_MSG] = IPCNS_A_MSG_CBYTES,
		[IPCNS_KIND_MQ] = IPCNS_A_MQ_QSIZE,
		[KIND_PSHM] = FILE_USED,
		[KIND_PSEM] = FILE_USED,
	};

	return row->kind < KINDS && attrs[row->kind] &&
	       ipcns_uint(row->nest[attrs[row->kind]], bytes);
}

/**
 * orphan_last_use - when an object was used last, as far as the kernel remembers
 * @row: the object
 * @seconds: set to the time, since the epoch
 *
 * That is its last change, or what was done with it if that was later. False if it is not known.
 */
bool orphan_last_use(const struct row *row, uint64_t *seconds)
{
	static const unsigned int attrs[KINDS][2] = {
		[IPCNS_KIND_SHM] = { IPCNS_A_SHM_ATIME, IPCNS_A_SHM_DTIME },
		[IPCNS_KIND_SEM] = { IPCNS_A_SEM_OTIME },
		[IPCNS_KIND_MSG] = { IPCNS_A_MSG_STIME, IPCNS_A_MSG_RTIME },
		[KIND_PSHM] = { FILE_ATIME, FILE_MTIME },
		[KIND_PSEM] = { FILE_ATIME, FILE_MTIME },
	};
	uint64_t later;
	size_t i;

	if (row->kind >= KINDS || !ipcns_uint(row->attr[IPCNS_A_OBJECT_CTIME], seconds))
		return false;
	for (i = 0; i < ARRAY_SIZE(attrs[0]); i++)
		if (attrs[row->kind][i] && ipcns_uint(row->nest[attrs[row->kind][i]], &later) &&
		    later > *seconds)
			*seconds = later;
	return true;
}

/** orphan_sort_key - the largest first; then by namespace, kind and identifier */
void orphan_sort_key(const struct row *row, struct sort_key *key)
{
	struct row nested;
	uint64_t kind = 0, bytes = 0;

	/* parsed again: a store has rows without their nest */
	nested = *row;
	if (ipcns_uint(row->attr[IPCNS_A_OBJECT_KIND], &kind) && kind < KINDS) {
		nested.kind = kind;
		row_nest(&nested, kind < MODULE_KINDS ? IPCNS_A_OBJECT_SHM + kind : FILE_ATTRS);
		orphan_bytes(&nested, &bytes);
	}
	key->number[0] = ~bytes;
	ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_INUM], &key->number[1]);
	ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &key->number[2]);
	ipcns_uint(row->attr[IPCNS_A_OBJECT_ID], &key->number[3]);
	key->number[3] |= kind << 56;
}

/* A search. */
struct search {
	const struct row_store *only;	/* namespaces; empty for all */
	const struct orphan_filter *filter;
	struct row_store *store;
	uint64_t now;
};

static bool is_wanted(const struct search *search, const struct row *row)
{
	const struct orphan_filter *filter = search->filter;
	uint64_t uid, last;
	const char *why;

	if (search->only->n && !ns_selected(search->only, row->attr[IPCNS_A_OBJECT_NS_INUM],
					    row->attr[IPCNS_A_OBJECT_NS_ID]))
		return false;
	/* of files; the module chooses the others itself */
	if (filter->uid && (!ipcns_uint(row->attr[IPCNS_A_OBJECT_UID], &uid) ||
			    uid != *filter->uid))
		return false;
	if (filter->older_than && (!orphan_last_use(row, &last) || last > search->now ||
				   search->now - last < filter->older_than))
		return false;
	return orphan_judge(row, &why) != ORPHAN_NOT;
}

static void add(struct nlattr *attrs, int len, void *arg)
{
	struct search *search = arg;
	struct row row;

	if (object_parse(&row, attrs, len) && is_wanted(search, &row))
		row_store_add(search->store, attrs, len, orphan_sort_key);
}

static bool restart(void *arg)
{
	return row_store_restart(((struct search *)arg)->store);
}

static void read_files(struct ipcns *w, unsigned int kinds, struct search *search)
{
	struct row_store all = { 0 };
	struct posix_shm found = { 0 };

	posix_shm_read(&found, true, 0);
	ns_select_all(w, &all);
	file_objects_get(&found, &all, kinds, add, search);
	row_store_clear(&all);
	posix_shm_free(&found);
}

/**
 * orphans_read - find orphans, or die
 * @w: the connection
 * @namespaces: those to look in, sorted; empty for all, and then files whose namespace is unknown
 *	are looked at, too
 * @filter: which are wanted
 * @store: empty; gets the rows, the largest first: object_parse() of each has its identity
 *
 * Files in /dev/shm are looked at if the caller may look into all processes, or asks for them.
 */
void orphans_read(struct ipcns *w, const struct row_store *namespaces,
		  const struct orphan_filter *filter, struct row_store *store)
{
	struct search search = {
		.only = namespaces, .filter = filter, .store = store, .now = time(NULL),
	};
	const struct ipcns_object_filter wanted = {
		.ns_id = namespaces->n == 1 ? ns_id(namespaces->rows) : 0,
		.kinds = filter->kinds & ALL_MODULE_KINDS,
		.key = filter->key,
		.uid = filter->uid,
	};
	unsigned int files = filter->kinds ? filter->kinds & FILE_KINDS :
			     posix_shm_permitted() ? FILE_KINDS : 0;
	int ret = 0;

	if (!filter->kinds || wanted.kinds)
		ret = ipcns_objects(w, &wanted, add, restart, &search);
	if (ret)
		module_die(w, ret, "cannot list objects");
	if (files && !filter->key)
		read_files(w, files, &search);
	row_store_sort(store);
}

/** orphan_fill_sure - fill @value with how sure it is that an object is an orphan */
void orphan_fill_sure(const struct column *column, const struct row *row, struct value *value)
{
	static const char *const names[] = {
		[ORPHAN_LIKELY] = "likely",
		[ORPHAN_SURE] = "sure",
	};
	const char *why;
	enum orphan_certainty certainty = orphan_judge(row, &why);

	(void)column;
	if (certainty != ORPHAN_NOT)
		value_word(value, names[certainty]);
}

/** orphan_fill_why - fill @value with why an object is thought to be an orphan */
void orphan_fill_why(const struct column *column, const struct row *row, struct value *value)
{
	const char *why;

	(void)column;
	if (orphan_judge(row, &why) != ORPHAN_NOT)
		value_word(value, why);
}

/** orphan_fill_bytes - fill @value with what removing an object would set free */
void orphan_fill_bytes(const struct column *column, const struct row *row, struct value *value)
{
	uint64_t bytes;

	(void)column;
	if (orphan_bytes(row, &bytes))
		value_size(value, bytes);
}

static uint64_t number(struct nlattr *attr)
{
	uint64_t value = 0;

	ipcns_uint(attr, &value);
	return value;
}

/* The creator as the module recorded it; 0 if it is unknown, or not visible. */
static uint64_t creator_pid(const struct row *row)
{
	struct nlattr *tb[IPCNS_A_ACTOR_MAX + 1];

	return actor_parse(row->attr[IPCNS_A_OBJECT_CREATOR], tb) ?
	       number(tb[IPCNS_A_ACTOR_PID]) : 0;
}

/** orphan_fill_last_user - fill @value with the process that used an object last, if known */
void orphan_fill_last_user(const struct column *column, const struct row *row,
			   struct value *value)
{
	uint64_t pid = 0;

	(void)column;
	if (row->kind == IPCNS_KIND_SHM)
		pid = number(row->nest[IPCNS_A_SHM_LPID]) ?: number(row->nest[IPCNS_A_SHM_CPID]);
	else if (row->kind == IPCNS_KIND_MSG)
		pid = number(row->nest[IPCNS_A_MSG_STIME]) > number(row->nest[IPCNS_A_MSG_RTIME]) ?
			number(row->nest[IPCNS_A_MSG_LSPID]) :
			number(row->nest[IPCNS_A_MSG_LRPID]);
	pid = pid ?: creator_pid(row);
	if (pid)
		value_number(value, pid);
}
