// SPDX-License-Identifier: GPL-2.0-only
/* What keeps a namespace as rows: messages to structs, their order, their columns. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>
#include <linux/limits.h>

#include "host/process.h"
#include "ipc/holder.h"
#include "progress.h"
#include "util.h"

/* Most that a list has of paths and names, and of each of these after that. */
#define TEXT_SIZE (8UL << 20)
#define SHORT_TEXT_SIZE 64

/** holder_names - kinds of holders as people read them */
const char *const holder_names[HOLDER_KINDS] = {
	[HOLDER_TASK] = "task",
	[HOLDER_NSFS] = "nsfs",
	[HOLDER_MOUNT] = "mount",
	[HOLDER_SHM] = "shm",
	[HOLDER_UNATTRIBUTED] = "unattributed",
	[HOLDER_SYSVIPC] = "sysvipc",
	[HOLDER_MQ] = "mq",
	[HOLDER_MQUEUE_MOUNT] = "mqueue-mount",
};

/* False for what this version of the tool does not know: it stays unattributed. */
static bool parse_kind(const struct nlattr *attr, enum holder_kind *kind)
{
	static const enum holder_kind kinds[] = {
		[IPCNS_HOLDER_KIND_COUNT] = HOLDER_KINDS,
		[IPCNS_HOLDER_KIND_TASK] = HOLDER_TASK,
		[IPCNS_HOLDER_KIND_SHM] = HOLDER_SHM,
	};
	uint64_t number;

	if (!ipcns_uint(attr, &number) || number >= ARRAY_SIZE(kinds) ||
	    kinds[number] == HOLDER_KINDS)
		return false;
	*kind = kinds[number];
	return true;
}

static void take_number(struct holder *h, const struct nlattr *attr, uint64_t *value,
			unsigned int has)
{
	if (ipcns_uint(attr, value))
		h->has |= has;
}

static void take_u32(struct holder *h, const struct nlattr *attr, uint32_t *value,
		     unsigned int has)
{
	uint64_t number = 0;

	take_number(h, attr, &number, has);
	*value = number;
}

/**
 * holder_parse - a row of holder-get
 * @h: the result
 * @row: the message
 *
 * Returns false if it is none of a holder, but of a count, of an unknown kind, or malformed.
 */
bool holder_parse(struct holder *h, const struct row *row)
{
	struct nlattr *const *tb = row->attr;
	const char *text;
	size_t len;

	memset(h, 0, sizeof(*h));
	if (!parse_kind(tb[IPCNS_A_HOLDER_KIND], &h->kind) ||
	    !ipcns_uint(tb[IPCNS_A_HOLDER_NS_INUM], &h->inum) ||
	    !ipcns_uint(tb[IPCNS_A_HOLDER_NS_ID], &h->nsid))
		return false;
	take_number(h, tb[IPCNS_A_HOLDER_TOKEN], &h->token, 0);
	take_number(h, tb[IPCNS_A_HOLDER_MM], &h->mm, 0);
	take_number(h, tb[IPCNS_A_HOLDER_SIZE], &h->size, HOLDER_HAS_SIZE);
	take_number(h, tb[IPCNS_A_HOLDER_NATTCH], &h->nattch, HOLDER_HAS_NATTCH);
	take_number(h, tb[IPCNS_A_HOLDER_START], &h->start, 0);
	if (tb[IPCNS_A_HOLDER_START])
		take_number(h, tb[IPCNS_A_HOLDER_END], &h->end, HOLDER_HAS_RANGE);
	take_u32(h, tb[IPCNS_A_HOLDER_PID], &h->pid, HOLDER_HAS_PID);
	take_u32(h, tb[IPCNS_A_HOLDER_ID], &h->id, HOLDER_HAS_ID);
	take_number(h, tb[IPCNS_A_HOLDER_HIDDEN], &h->hidden, 0);
	h->read_only = tb[IPCNS_A_HOLDER_READ_ONLY];
	h->truncated = tb[IPCNS_A_HOLDER_TRUNCATED];
	text = ipcns_text(tb[IPCNS_A_HOLDER_COMM], &len);
	if (text) {
		h->comm_len = len < sizeof(h->comm) ? len : sizeof(h->comm);
		memcpy(h->comm, text, h->comm_len);
	}
	return true;
}

/** holder_compare_numbers - compare @n pairs of numbers, the most significant first */
int holder_compare_numbers(const uint64_t *a, const uint64_t *b, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/**
 * holder_compare - order of rows, for qsort(3)
 *
 * By namespace, kind, process (those that are not known come last), and what the process does it
 * with. Rows that are equal tell the same.
 */
int holder_compare(const void *p, const void *q)
{
	const struct holder *a = p, *b = q;
	const uint64_t x[] = {
		a->inum, a->nsid, a->kind, a->pid - 1U, !(a->has & HOLDER_HAS_PID), a->mntns, a->fd,
		a->id, a->start, a->end, a->mm, a->token,
	};
	const uint64_t y[] = {
		b->inum, b->nsid, b->kind, b->pid - 1U, !(b->has & HOLDER_HAS_PID), b->mntns, b->fd,
		b->id, b->start, b->end, b->mm, b->token,
	};
	size_t len = a->text_len < b->text_len ? a->text_len : b->text_len;
	int ret = holder_compare_numbers(x, y, ARRAY_SIZE(x));

	if (!ret && len)
		ret = memcmp(a->text, b->text, len);
	return ret ?: (a->text_len > b->text_len) - (a->text_len < b->text_len);
}

/** holders_reserve - make room for @n rows in all */
void holders_reserve(struct holders *list, size_t n)
{
	if (n <= list->allocated)
		return;
	list->allocated = n;
	list->rows = xrealloc(list->rows, n, sizeof(*list->rows));
}

/** holders_add - append a copy of @h, which takes over its text; valid until the next one */
struct holder *holders_add(struct holders *list, const struct holder *h)
{
	list->rows = xgrow(list->rows, list->n, &list->allocated, sizeof(*list->rows));
	list->rows[list->n] = *h;
	progress_row();
	return &list->rows[list->n++];
}

/** holders_set_text - give a holder a copy of @len bytes */
void holders_set_text(struct holder *h, const char *text, size_t len)
{
	free(h->text);
	h->text = xmemdup(text, len);
	h->text_len = len;
}

/* FNV-1a */
static uint64_t hash(const char *bytes, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3;
	return h;
}

/**
 * holders_keep_text - give a holder a copy of a path or a name, as long as memory allows
 * @list: the list that the holder is added to
 * @h: a holder whose token means nothing
 * @text: any bytes
 * @len: their number
 *
 * Users make as many mounts as they like, with paths of any length. A text is cut to PATH_MAX bytes
 * with "..." at its end, and once those of the list take TEXT_SIZE bytes, to SHORT_TEXT_SIZE. So
 * that rows with the same beginning stay different rows, the token is then a hash of all of it.
 */
void holders_keep_text(struct holders *list, struct holder *h, const char *text, size_t len)
{
	size_t most = list->text_len < TEXT_SIZE ? PATH_MAX : SHORT_TEXT_SIZE;
	const char *mark = "...";

	if (len > most) {
		h->token = hash(text, len);
		holders_set_text(h, text, most);
		memcpy(h->text + most - strlen(mark), mark, strlen(mark));
	} else {
		holders_set_text(h, text, len);
	}
	list->text_len += h->text_len;
}

/**
 * holders_sort - sort rows, now that all are there
 * @list: the rows
 * @compare: their order; it has to tell all apart that differ
 */
void holders_sort(struct holders *list, holder_compare_fn compare)
{
	progress_end();
	if (list->n)
		qsort(list->rows, list->n, sizeof(*list->rows), compare);
}

/**
 * holders_fold_kernel_threads - make one row of all that are about threads of the kernel
 * @list: rows, sorted: one row is made for each namespace
 *
 * Rows of people's processes are few beside them. References add up.
 */
void holders_fold_kernel_threads(struct holders *list)
{
	struct holder *h, *folded = NULL, *to = list->rows, *end;

	if (!list->n)
		return;
	end = list->rows + list->n;
	for (h = list->rows; h < end; h++) {
		if (folded && (folded->inum != h->inum || folded->nsid != h->nsid))
			folded = NULL;
		if (h->kind != HOLDER_TASK || !h->pid || !proc_is_kernel_thread(h->pid)) {
			*to++ = *h;
			continue;
		}
		if (!folded) {
			folded = to;
			*to++ = *h;
			folded->folded = 1;
			continue;
		}
		folded->folded++;
		folded->refs += h->refs;
		folded->has |= h->has & HOLDER_HAS_REFS;
		folded->pid = 0;
		folded->has &= ~HOLDER_HAS_PID;
		folded->comm_len = strlen(HOLDER_KERNEL_THREADS);
		memcpy(folded->comm, HOLDER_KERNEL_THREADS, folded->comm_len);
		free(h->text);
	}
	list->n = to - list->rows;
}

/** holders_clear - forget all rows */
void holders_clear(struct holders *list)
{
	while (list->n)
		free(list->rows[--list->n].text);
	list->text_len = 0;
}

/** holders_free - forget all rows, and free the list */
void holders_free(struct holders *list)
{
	holders_clear(list);
	free(list->rows);
	memset(list, 0, sizeof(*list));
}

/* Text of a cell that is longer than a cell's own buffer. */
static struct {
	char bytes[PATH_MAX + 512];
	size_t len;
} text;

static void put_bytes(const char *bytes, size_t len)
{
	size_t room = sizeof(text.bytes) - text.len;

	len = len < room ? len : room;
	if (len)
		memcpy(text.bytes + text.len, bytes, len);
	text.len += len;
}

static void __attribute__((format(printf, 1, 2))) put(const char *fmt, ...)
{
	char word[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(word, sizeof(word), fmt, ap);
	va_end(ap);
	put_bytes(word, strlen(word));
}

/* What stands between two parts. */
static void separate(void)
{
	if (text.len)
		put(", ");
}

static void put_shm(const struct holder *h)
{
	if (h->has & HOLDER_HAS_ID)
		put("id %u", h->id);
	if (h->has & HOLDER_HAS_SIZE) {
		separate();
		put("%llu bytes", (unsigned long long)h->size);
	}
	if (h->has & HOLDER_HAS_RANGE) {
		separate();
		put("%08llx-%08llx %s", (unsigned long long)h->start, (unsigned long long)h->end,
		    h->read_only ? "ro" : "rw");
	}
}

/* A descriptor of a file that has a name. */
static void put_file(const char *before, const struct holder *h)
{
	put("%s", before);
	put_bytes(h->text, h->text_len);
	put(" fd %u", h->fd);
}

static void put_detail(const struct holder *h)
{
	switch (h->kind) {
	case HOLDER_NSFS:
		put("fd %u", h->fd);
		return;
	case HOLDER_MOUNT:
	case HOLDER_MQUEUE_MOUNT:
		put("mnt namespace %llu at ", (unsigned long long)h->mntns);
		put_bytes(h->text, h->text_len);
		return;
	case HOLDER_SYSVIPC:
		put_file("possibly: /proc/sysvipc/", h);
		return;
	case HOLDER_SHM:
		put_shm(h);
		break;
	case HOLDER_UNATTRIBUTED:
		put_bytes(h->text, h->text_len);
		return;
	case HOLDER_MQ:
		put_file("queue /", h);
		return;
	default:
		break;
	}
	if (h->folded > 1) {
		put("%llu threads", (unsigned long long)h->folded);
		return;
	}
	if (h->hidden) {
		separate();
		put("%llu %s%s not visible", (unsigned long long)h->hidden,
		    h->kind == HOLDER_SHM ? "attachment" : "process",
		    h->hidden == 1 ? "" : h->kind == HOLDER_SHM ? "s" : "es");
	} else if (!(h->has & HOLDER_HAS_PID)) {
		separate();
		put("process not found");
	}
	if (h->truncated) {
		separate();
		put("not all attachments listed");
	}
}

static const struct holder *holder_of(const struct row *row)
{
	return row->data;
}

static void fill_detail(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	text.len = 0;
	put_detail(holder_of(row));
	if (text.len)
		value_bytes(value, text.bytes, text.len);
}

static void fill_kind(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_text(value, holder_names[holder_of(row)->kind]);
}

static void fill_ns(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_number(value, holder_of(row)->inum);
}

static void fill_nsid(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_number(value, holder_of(row)->nsid);
}

static void fill_pid(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (holder_of(row)->pid)
		value_number(value, holder_of(row)->pid);
}

static void fill_command(const struct column *column, const struct row *row, struct value *value)
{
	const struct holder *h = holder_of(row);

	(void)column;
	value_command(value, h->pid);
	if (value->type == VALUE_UNKNOWN && h->comm_len)
		value_bytes(value, h->comm, h->comm_len);
}

static void fill_unit(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_unit(value, holder_of(row)->pid);
}

static void fill_comm(const struct column *column, const struct row *row, struct value *value)
{
	const struct holder *h = holder_of(row);

	(void)column;
	if (h->comm_len)
		value_bytes(value, h->comm, h->comm_len);
}

/* A member that is a number; the column says which bit tells that it is known. */
static void fill_number(const struct column *column, const struct row *row, struct value *value)
{
	const struct holder *h = holder_of(row);

	if (!(h->has & column->attr))
		return;
	switch (column->attr) {
	case HOLDER_HAS_FD:
		value_number(value, h->fd);
		break;
	case HOLDER_HAS_ID:
		value_number(value, h->id);
		break;
	case HOLDER_HAS_NATTCH:
		value_number(value, h->nattch);
		break;
	case HOLDER_HAS_SIZE:
		value_size(value, h->size);
		break;
	case HOLDER_HAS_MNTNS:
		value_number(value, h->mntns);
		break;
	case HOLDER_HAS_REFS:
		value_number(value, h->refs);
		break;
	}
}

static void fill_start(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (holder_of(row)->has & HOLDER_HAS_RANGE)
		value_number(value, holder_of(row)->start);
}

static void fill_end(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (holder_of(row)->has & HOLDER_HAS_RANGE)
		value_number(value, holder_of(row)->end);
}

/* As in /proc/PID/maps. */
static void fill_address(const struct column *column, const struct row *row, struct value *value)
{
	const struct holder *h = holder_of(row);

	(void)column;
	if (!(h->has & HOLDER_HAS_RANGE))
		return;
	snprintf(value->buf, sizeof(value->buf), "%08llx-%08llx", (unsigned long long)h->start,
		 (unsigned long long)h->end);
	value_text(value, value->buf);
}

static void fill_mode(const struct column *column, const struct row *row, struct value *value)
{
	const struct holder *h = holder_of(row);

	(void)column;
	if (h->kind == HOLDER_SHM && h->has & HOLDER_HAS_RANGE)
		value_text(value, h->read_only ? "ro" : "rw");
}

static void fill_text(const struct column *column, const struct row *row, struct value *value)
{
	const struct holder *h = holder_of(row);

	(void)column;
	if (h->text && h->kind != HOLDER_UNATTRIBUTED)
		value_bytes(value, h->text, h->text_len);
}

#define COLUMN_NS { "NS", "namespace identifier (inode number)", AS_NUMBER, .fill = fill_ns }

#define COLUMNS_PROCESS \
	{ "PID", "PID of the process", AS_NUMBER, .fill = fill_pid }, \
	{ "COMMAND", "its command line", AS_TEXT, .fill = fill_command, .flags = SCOLS_FL_TRUNC }, \
	{ "UNIT", "its service, session, container or job", AS_TEXT, .fill = fill_unit, \
	  .flags = SCOLS_FL_TRUNC }

#define COLUMN_ID \
	{ "ID", "resource ID of the segment", AS_NUMBER, .attr = HOLDER_HAS_ID, \
	  .fill = fill_number }

#define COLUMNS_ATTACHMENT \
	{ "ADDRESS", "where the segment is attached", AS_TEXT, .fill = fill_address }, \
	{ "MODE", "how: rw, ro", AS_TEXT, .fill = fill_mode }, \
	{ "NATTCH", "attachments, as the segment counts them", AS_NUMBER, \
	  .attr = HOLDER_HAS_NATTCH, .fill = fill_number }

#define COLUMNS_MORE \
	{ "SIZE", "size of the segment", AS_SIZE, .attr = HOLDER_HAS_SIZE, .fill = fill_number }, \
	{ "START", "first address of the attachment", AS_NUMBER, .fill = fill_start }, \
	{ "END", "the first one behind it", AS_NUMBER, .fill = fill_end }, \
	{ "COMM", "name of the process", AS_TEXT, .fill = fill_comm }, \
	{ "NSID", NS_ID_HELP, AS_NUMBER, .fill = fill_nsid }

static const struct column columns[] = {
	COLUMN_NS,
	{ "KIND", "task, nsfs, mount, shm; sysvipc; mq, mqueue-mount", AS_TEXT,
	  .fill = fill_kind },
	COLUMNS_PROCESS,
	{ "DETAIL", "what the process keeps the namespace with", AS_TEXT, .fill = fill_detail,
	  .flags = SCOLS_FL_TRUNC },
	{ "REFS", "references; empty if an earlier row has them; unknown of sysvipc", AS_NUMBER,
	  .attr = HOLDER_HAS_REFS, .fill = fill_number },
	{ "FD", "descriptor", AS_NUMBER, .attr = HOLDER_HAS_FD, .fill = fill_number },
	{ "NAME", "of a queue or a file in /proc/sysvipc; path of a mount", AS_TEXT,
	  .fill = fill_text, .flags = SCOLS_FL_TRUNC },
	{ "MNTNS", "mount namespace of a mount (inode number)", AS_NUMBER,
	  .attr = HOLDER_HAS_MNTNS, .fill = fill_number },
	COLUMN_ID,
	COLUMNS_ATTACHMENT,
	COLUMNS_MORE,
};

/** holder_columns - columns of one holder per row */
const struct table_type holder_columns = {
	.root = "holders",
	.defaults = "KIND,PID,COMMAND,DETAIL,REFS",
	.columns = columns,
	.n = ARRAY_SIZE(columns),
};

static const struct column attachment[] = {
	COLUMN_NS,
	COLUMN_ID,
	COLUMNS_PROCESS,
	COLUMNS_ATTACHMENT,
	{ "NOTE", "set in a row for what was not found", AS_TEXT, .fill = fill_text },
	COLUMNS_MORE,
};

/** attachment_columns - columns of one attachment per row */
const struct table_type attachment_columns = {
	.root = "attachments",
	.defaults = "NS,ID,PID,COMMAND,ADDRESS,MODE,NATTCH,NOTE",
	.columns = attachment,
	.n = ARRAY_SIZE(attachment),
};
