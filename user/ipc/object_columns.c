// SPDX-License-Identifier: GPL-2.0-only
/* Columns of objects: of one kind, of several, of orphans. */
#include <signal.h>
#include <time.h>
#include <linux/ipcns.h>

#include "ipc/actor.h"
#include "ipc/file_object.h"
#include "ipc/object.h"
#include "ipc/orphan.h"
#include "ipc/process_use.h"
#include "ipc/queue_openers.h"
#include "ipc/unit.h"
#include "util.h"

/*
 * Columns of mixed tables, where the same column shows another attribute of each kind. Those of
 * one kind read a single attribute and need none of this.
 */

static void fill_type(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (row->kind < KINDS)
		value_word(value, kind_names[row->kind]);
}

static void fill_name(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	object_queue_name(row->attr[IPCNS_A_OBJECT_NAME], value);
}

static void fill_key(const struct column *column, const struct row *row, struct value *value)
{
	value_attr(value, AS_KEY, row->attr[IPCNS_A_OBJECT_KEY]);
	if (value->type == VALUE_UNKNOWN)
		fill_name(column, row, value);
}

static void fill_size(const struct column *column, const struct row *row, struct value *value)
{
	uint64_t maxmsg, msgsize;

	if (row->kind == IPCNS_KIND_SHM)
		value_attr(value, column->as, row->nest[IPCNS_A_SHM_SIZE]);
	else if (row->kind == IPCNS_KIND_MSG)
		value_attr(value, column->as, row->nest[IPCNS_A_MSG_QBYTES]);
	else if (row->kind == KIND_PSHM || row->kind == KIND_PSEM)
		value_attr(value, column->as, row->nest[FILE_SIZE]);
	else if (row->kind == IPCNS_KIND_MQ && ipcns_uint(row->nest[IPCNS_A_MQ_MAXMSG], &maxmsg) &&
		 ipcns_uint(row->nest[IPCNS_A_MQ_MSGSIZE], &msgsize))
		value_size(value, maxmsg * msgsize);
}

/* The attribute in the nest that plays one part in a mixed table, 0 for none. */
static void fill_nested(const struct row *row, const unsigned int attrs[KINDS],
			const struct column *column, struct value *value)
{
	if (row->kind < KINDS && attrs[row->kind])
		value_attr(value, column->as, row->nest[attrs[row->kind]]);
}

static void fill_used(const struct column *column, const struct row *row, struct value *value)
{
	static const unsigned int attrs[KINDS] = {
		[IPCNS_KIND_SHM] = IPCNS_A_SHM_RSS,
		[IPCNS_KIND_MSG] = IPCNS_A_MSG_CBYTES,
		[IPCNS_KIND_MQ] = IPCNS_A_MQ_QSIZE,
		[KIND_PSHM] = FILE_USED,
		[KIND_PSEM] = FILE_USED,
	};

	fill_nested(row, attrs, column, value);
}

static void fill_links(const struct column *column, const struct row *row, struct value *value)
{
	static const unsigned int attrs[KINDS] = {
		[IPCNS_KIND_SHM] = IPCNS_A_SHM_NATTCH,
		[IPCNS_KIND_SEM] = IPCNS_A_SEM_NSEMS,
		[IPCNS_KIND_MSG] = IPCNS_A_MSG_QNUM,
		[IPCNS_KIND_MQ] = IPCNS_A_MQ_CURMSGS,
		[KIND_PSHM] = FILE_MAPPED,
		[KIND_PSEM] = FILE_MAPPED,
	};

	fill_nested(row, attrs, column, value);
}

/* Names of the bits that are set, as lsipc(1) lists them. */
static void fill_flags(struct nlattr *attr, const char *const names[], size_t n,
		       struct value *value)
{
	uint64_t bits;
	size_t i;

	if (!ipcns_uint(attr, &bits))
		return;
	value->buf[0] = '\0';
	for (i = 0; i < n; i++) {
		if (!(bits & 1ULL << i))
			continue;
		if (value->buf[0])
			strcat(value->buf, ",");
		strcat(value->buf, names[i]);
	}
	if (value->buf[0])
		value_text(value, value->buf);
}

static void fill_shm_status(const struct column *column, const struct row *row,
			    struct value *value)
{
	static const char *const names[] = { "dest", "locked", "hugetlb" };

	fill_flags(row->nest[column->nest], names, ARRAY_SIZE(names), value);
}

static void fill_mq_status(const struct column *column, const struct row *row,
			   struct value *value)
{
	static const char *const names[] = { "unlinked" };

	fill_flags(row->nest[column->nest], names, ARRAY_SIZE(names), value);
}

static void fill_method(const struct column *column, const struct row *row, struct value *value)
{
	static const char *const names[] = {
		[SIGEV_SIGNAL] = "signal",
		[SIGEV_NONE] = "none",
		[SIGEV_THREAD] = "thread",
	};
	uint64_t method;

	if (ipcns_uint(row->nest[column->nest], &method) && method < ARRAY_SIZE(names))
		value_text(value, names[method]);
}

/* Processes that have the queue open; unknown unless somebody looked. */
static void fill_openers(const struct column *column, const struct row *row, struct value *value)
{
	uint64_t nsid, ino;
	const char *pids;
	size_t len;

	(void)column;
	if (ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &nsid) &&
	    ipcns_uint(row->attr[IPCNS_A_OBJECT_ID], &ino) && openers_list(nsid, ino, &pids, &len))
		value_numbers(value, pids, len);
}

/* Of a process that has ended nothing remains but its number, which another one may have now. */
static void fill_creator_command(const struct column *column, const struct row *row,
				 struct value *value)
{
	if (!object_remembers_gone(row, IPCNS_REMEMBERED_CPID))
		value_attr(value, column->as, row->nest[column->nest]);
}

/* The kernel itself remembers the creator of a segment only, the module that of any object. */
static void fill_creator_unit(const struct column *column, const struct row *row,
			      struct value *value)
{
	uint64_t pid;

	(void)column;
	if (row->kind == IPCNS_KIND_SHM && !object_remembers_gone(row, IPCNS_REMEMBERED_CPID) &&
	    ipcns_uint(row->nest[IPCNS_A_SHM_CPID], &pid))
		value_unit(value, pid);
	else
		actor_fill_unit(row->attr[IPCNS_A_OBJECT_CREATOR], value);
}

/* Since the last use that is known, the last change at least. */
static void fill_age(const struct column *column, const struct row *row, struct value *value)
{
	uint64_t last, now = time(NULL);

	(void)column;
	if (orphan_last_use(row, &last))
		value_age(value, now > last ? now - last : 0);	/* clocks can be set back */
}

/*
 * Of the creator, while it lives; else of the namespace, or of the lowest process that sees a file,
 * which is unknown unless somebody looked.
 */
static void fill_unit(const struct column *column, const struct row *row, struct value *value)
{
	uint64_t inum, nsid;
	const char *name;

	fill_creator_unit(column, row, value);
	if (value->type != VALUE_UNKNOWN)
		return;
	if (!units_known() || !ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_INUM], &inum) ||
	    !ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &nsid)) {
		if (row->kind == KIND_PSHM || row->kind == KIND_PSEM)
			file_fill_unit(column, row, value);
		return;
	}
	name = units_name(inum, nsid);
	if (name)
		value_text(value, name);
}

/* Attributes of segments, which mean something else in the nest of another kind. */
static void fill_shm(const struct column *column, const struct row *row, struct value *value)
{
	if (row->kind == IPCNS_KIND_SHM)
		value_attr(value, column->as, row->nest[column->nest]);
}

/* The same for what has a function of its own. */
static void fill_shm_only(const struct column *column, const struct row *row, struct value *value)
{
	if (row->kind != IPCNS_KIND_SHM)
		return;
	if (column->as == AS_COMMAND)
		fill_creator_command(column, row, value);
	else
		fill_shm_status(column, row, value);
}

/* What the process that was asked for has to do with it; unknown where none was. */
static void fill_use(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	process_use_fill(row->data, value);
}

#define COLUMN_USE \
	{ OBJECT_USE, "with --pid: created, attached, open, changed, waits, undo, notified", \
	  AS_LIST, .fill = fill_use }

#define COLUMN_UNIT \
	{ "UNIT", "unit of the creator, while it lives", \
	  AS_TEXT, .fill = fill_creator_unit, .flags = SCOLS_FL_TRUNC }

#define COLUMN_NS \
	{ "NS", "namespace identifier (inode number)", AS_NUMBER, .attr = IPCNS_A_OBJECT_NS_INUM }

#define COLUMNS_PERMS \
	{ "PERMS", "permissions", AS_PERMS, .attr = IPCNS_A_OBJECT_MODE }, \
	{ "OWNER", "owner's username or UID", AS_USER, .attr = IPCNS_A_OBJECT_UID }

#define COLUMNS_IPC \
	{ "KEY", "resource key", AS_KEY, .attr = IPCNS_A_OBJECT_KEY }, \
	{ "ID", "resource ID", AS_NUMBER, .attr = IPCNS_A_OBJECT_ID }, \
	COLUMNS_PERMS

#define COLUMN_CTIME \
	{ "CTIME", "time of the last change", AS_TIME, .attr = IPCNS_A_OBJECT_CTIME }

#define COLUMNS_CREATED \
	{ "CREATED", "time of creation, if known", AS_TIME, .attr = IPCNS_A_OBJECT_CREATOR, \
	  .fill = actor_fill_time }, \
	{ "CREATOR", "command that created it, if known, and its PID", AS_TEXT, \
	  .attr = IPCNS_A_OBJECT_CREATOR, .fill = actor_fill }

#define COLUMN_AGE \
	{ "AGE", "time since the last use that is known; seconds with -J and -r", AS_AGE, \
	  .fill = fill_age }

#define COLUMNS_OWNER \
	{ "UID", "user ID", AS_NUMBER, .attr = IPCNS_A_OBJECT_UID }, \
	{ "USER", "user name", AS_USER, .attr = IPCNS_A_OBJECT_UID }, \
	{ "GID", "group ID", AS_NUMBER, .attr = IPCNS_A_OBJECT_GID }, \
	{ "GROUP", "group name", AS_GROUP, .attr = IPCNS_A_OBJECT_GID }, \
	{ "NSID", NS_ID_HELP, AS_NUMBER, .attr = IPCNS_A_OBJECT_NS_ID }

#define COLUMNS_CREATOR \
	{ "CUID", "creator UID", AS_NUMBER, .attr = IPCNS_A_OBJECT_CUID }, \
	{ "CUSER", "creator user", AS_USER, .attr = IPCNS_A_OBJECT_CUID }, \
	{ "CGID", "creator GID", AS_NUMBER, .attr = IPCNS_A_OBJECT_CGID }, \
	{ "CGROUP", "creator group", AS_GROUP, .attr = IPCNS_A_OBJECT_CGID }

static const struct column mixed[] = {
	COLUMN_NS,
	{ "TYPE", "kind of object: shm, sem, msg, mq, pshm, psem", AS_TEXT, .fill = fill_type },
	{ "KEY", "resource key, or name of a POSIX object", AS_KEY, .fill = fill_key,
	  .flags = SCOLS_FL_NOEXTREMES },
	{ "ID", "resource ID", AS_NUMBER, .attr = IPCNS_A_OBJECT_ID },
	COLUMNS_PERMS,
	{ "SIZE", "size of shared memory, capacity of a queue", AS_SIZE, .fill = fill_size },
	{ "USED", "memory allocated, or bytes queued", AS_SIZE, .fill = fill_used },
	{ "LINKS", "attachments, semaphores, messages, or processes with a mapping", AS_NUMBER,
	  .fill = fill_links },
	COLUMN_CTIME,
	COLUMN_AGE,
	{ "BYTES", "size of a segment, bytes queued, or allocated for a file", AS_SIZE,
	  .fill = orphan_fill_bytes },
	{ "LASTUSER", "PID that used it last, if it is known", AS_PID,
	  .fill = orphan_fill_last_user },
	{ OBJECT_UNIT, "unit of the creator; of an orphan, of a process there",
	  AS_TEXT, .fill = fill_unit, .flags = SCOLS_FL_TRUNC },
	{ "SURE", "of an orphan: sure or likely", AS_TEXT, .fill = orphan_fill_sure },
	{ "WHY", "of an orphan: marked, unattached, ended, closed or unused", AS_TEXT,
	  .fill = orphan_fill_why },
	{ "RSS", "bytes of a segment that are resident in memory", AS_SIZE,
	  .nest = IPCNS_A_SHM_RSS, .fill = fill_shm },
	{ "CPID", "PID of the creator of a segment", AS_PID, .nest = IPCNS_A_SHM_CPID,
	  .fill = fill_shm },
	{ "LPID", "PID of the last user of a segment", AS_PID, .nest = IPCNS_A_SHM_LPID,
	  .fill = fill_shm },
	{ "COMMAND", "command line of the creator of a segment", AS_COMMAND,
	  .nest = IPCNS_A_SHM_CPID, .fill = fill_shm_only, .flags = SCOLS_FL_TRUNC },
	{ "STATUS", "of a segment: dest, locked, hugetlb", AS_TEXT, .nest = IPCNS_A_SHM_STATUS,
	  .fill = fill_shm_only },
	{ "SWAP", "bytes of a segment that are swapped out", AS_SIZE, .nest = IPCNS_A_SHM_SWAP,
	  .fill = fill_shm },
	{ "ATTACH", "attach time of a segment", AS_TIME, .nest = IPCNS_A_SHM_ATIME,
	  .fill = fill_shm },
	{ "DETACH", "detach time of a segment", AS_TIME, .nest = IPCNS_A_SHM_DTIME,
	  .fill = fill_shm },
	COLUMNS_CREATOR,
	COLUMNS_OWNER,
	COLUMNS_CREATED,
	COLUMN_USE,
};

static const struct column shm[] = {
	COLUMN_NS,
	COLUMNS_IPC,
	{ "SIZE", "segment size", AS_SIZE, .nest = IPCNS_A_SHM_SIZE },
	{ "NATTCH", "number of attachments", AS_NUMBER, .nest = IPCNS_A_SHM_NATTCH },
	{ "STATUS", "dest, locked, hugetlb", AS_TEXT, .nest = IPCNS_A_SHM_STATUS,
	  .fill = fill_shm_status },
	COLUMN_CTIME,
	{ "CPID", "PID of the creator", AS_PID, .nest = IPCNS_A_SHM_CPID },
	{ "LPID", "PID of last user", AS_PID, .nest = IPCNS_A_SHM_LPID },
	{ "COMMAND", "creator command line", AS_COMMAND, .nest = IPCNS_A_SHM_CPID,
	  .fill = fill_creator_command, .flags = SCOLS_FL_TRUNC },
	{ "RSS", "bytes resident in memory", AS_SIZE, .nest = IPCNS_A_SHM_RSS },
	{ "SWAP", "bytes swapped out", AS_SIZE, .nest = IPCNS_A_SHM_SWAP },
	{ "ATTACH", "attach time", AS_TIME, .nest = IPCNS_A_SHM_ATIME },
	{ "DETACH", "detach time", AS_TIME, .nest = IPCNS_A_SHM_DTIME },
	COLUMN_AGE,
	COLUMN_UNIT,
	COLUMNS_CREATOR,
	COLUMNS_OWNER,
	COLUMNS_CREATED,
	COLUMN_USE,
};

static const struct column sem[] = {
	COLUMN_NS,
	COLUMNS_IPC,
	{ "NSEMS", "number of semaphores", AS_NUMBER, .nest = IPCNS_A_SEM_NSEMS },
	{ "OTIME", "time of the last operation", AS_TIME, .nest = IPCNS_A_SEM_OTIME },
	{ "UNDOS", "adjustments made when processes end", AS_NUMBER, .nest = IPCNS_A_SEM_UNDOS },
	{ "WAITERS", "tasks waiting", AS_NUMBER, .nest = IPCNS_A_SEM_WAITERS },
	COLUMN_CTIME,
	COLUMNS_CREATOR,
	COLUMN_UNIT,
	COLUMNS_OWNER,
	COLUMNS_CREATED,
	COLUMN_USE,
};

static const struct column msg[] = {
	COLUMN_NS,
	COLUMNS_IPC,
	{ "USEDBYTES", "bytes used", AS_SIZE, .nest = IPCNS_A_MSG_CBYTES },
	{ "MSGS", "number of messages", AS_NUMBER, .nest = IPCNS_A_MSG_QNUM },
	{ "LSPID", "PID of the last msg sender", AS_PID, .nest = IPCNS_A_MSG_LSPID },
	{ "LRPID", "PID of the last msg receiver", AS_PID, .nest = IPCNS_A_MSG_LRPID },
	{ "SEND", "time of last msg sent", AS_TIME, .nest = IPCNS_A_MSG_STIME },
	{ "RECV", "time of last msg received", AS_TIME, .nest = IPCNS_A_MSG_RTIME },
	COLUMN_CTIME,
	{ "QBYTES", "limit on bytes used", AS_SIZE, .nest = IPCNS_A_MSG_QBYTES },
	{ "RECEIVERS", "tasks waiting to receive", AS_NUMBER, .nest = IPCNS_A_MSG_RECEIVERS },
	{ "SENDERS", "tasks waiting to send", AS_NUMBER, .nest = IPCNS_A_MSG_SENDERS },
	COLUMNS_CREATOR,
	COLUMN_UNIT,
	COLUMNS_OWNER,
	COLUMNS_CREATED,
	COLUMN_USE,
};

static const struct column mq[] = {
	COLUMN_NS,
	{ "NAME", "name of the queue", AS_TEXT, .fill = fill_name,
	  .flags = SCOLS_FL_NOEXTREMES },
	COLUMNS_PERMS,
	{ "USEDBYTES", "bytes used", AS_SIZE, .nest = IPCNS_A_MQ_QSIZE },
	{ "MSGS", "number of messages", AS_NUMBER, .nest = IPCNS_A_MQ_CURMSGS },
	{ "MAXMSG", "limit on messages", AS_NUMBER, .nest = IPCNS_A_MQ_MAXMSG },
	{ "MSGSIZE", "limit on the size of a message", AS_SIZE, .nest = IPCNS_A_MQ_MSGSIZE },
	{ "ID", "inode number, which --id takes", AS_NUMBER, .attr = IPCNS_A_OBJECT_ID },
	{ "STATUS", "unlinked", AS_TEXT, .nest = IPCNS_A_MQ_STATUS, .fill = fill_mq_status },
	{ "NOTIFYPID", "PID to be notified", AS_PID, .nest = IPCNS_A_MQ_NOTIFY_PID },
	{ "OPENS", "references on the open queue, 0 if nobody has it open", AS_NUMBER,
	  .nest = IPCNS_A_MQ_OPENS },
	{ OBJECT_OPENERS, "PIDs that have the queue open", AS_LIST, .fill = fill_openers },
	{ "NOTIFYMETHOD", "signal, none or thread", AS_TEXT, .nest = IPCNS_A_MQ_NOTIFY_METHOD,
	  .fill = fill_method },
	{ "NOTIFYSIGNO", "signal number", AS_NUMBER, .nest = IPCNS_A_MQ_NOTIFY_SIGNO },
	{ "RECEIVERS", "tasks waiting to receive", AS_NUMBER, .nest = IPCNS_A_MQ_RECEIVERS },
	{ "SENDERS", "tasks waiting to send", AS_NUMBER, .nest = IPCNS_A_MQ_SENDERS },
	COLUMN_CTIME,
	COLUMN_UNIT,
	COLUMNS_OWNER,
	COLUMNS_CREATED,
	COLUMN_USE,
};

static const struct column file[] = {
	COLUMN_NS,
	{ "TYPE", "pshm or psem", AS_TEXT, .fill = fill_type },
	{ "NAME", "name for shm_open(3) or sem_open(3)", AS_TEXT, .fill = fill_name,
	  .flags = SCOLS_FL_NOEXTREMES },
	COLUMNS_PERMS,
	{ "SIZE", "size", AS_SIZE, .nest = FILE_SIZE },
	{ "USED", "memory allocated, resident or swapped out", AS_SIZE, .nest = FILE_USED },
	{ "MAPPED", "processes that have it mapped", AS_NUMBER, .nest = FILE_MAPPED },
	{ "OPEN", "processes that have it open", AS_NUMBER, .nest = FILE_OPEN },
	{ "STATUS", "deleted, mounted", AS_TEXT, .nest = FILE_STATUS, .fill = file_fill_status },
	COLUMN_CTIME,
	{ "ATIME", "time of the last access", AS_TIME, .nest = FILE_ATIME },
	{ "MTIME", "time of the last write", AS_TIME, .nest = FILE_MTIME },
	COLUMN_AGE,
	{ "PIDS", "lowest PIDs that have it mapped or open, 16 at most", AS_LIST, .nest = FILE_PIDS,
	  .fill = file_fill_numbers },
	{ "COMMAND", "command line of the lowest of PIDS", AS_COMMAND, .nest = FILE_PID,
	  .flags = SCOLS_FL_TRUNC },
	{ "UNIT", "unit of the lowest of PIDS, or of the lowest process that sees it", AS_TEXT,
	  .fill = file_fill_unit, .flags = SCOLS_FL_TRUNC },
	{ "NSS", "IPC namespaces of processes that see it, 16 at most", AS_LIST,
	  .nest = FILE_NAMESPACES, .fill = file_fill_numbers },
	{ "ID", "inode number", AS_NUMBER, .attr = IPCNS_A_OBJECT_ID },
	{ "DEV", "device number of the tmpfs", AS_NUMBER, .nest = FILE_DEV },
	COLUMNS_OWNER,
	COLUMN_USE,
};

/** object_columns - columns of tables with objects of more than one kind */
const struct table_type object_columns = {
	.root = "objects",
	.defaults = "NS,TYPE,KEY,ID,PERMS,OWNER,SIZE,USED,LINKS,CTIME",
	.columns = mixed,
	.n = ARRAY_SIZE(mixed),
};

#define FILE_DEFAULTS "PERMS,OWNER,SIZE,USED,MAPPED,OPEN,STATUS,CTIME"
#define FILE_TABLE(list) { \
	.root = "objects", .defaults = list, .columns = file, .n = ARRAY_SIZE(file), \
}

/** orphan_columns - columns of tables with orphans */
const struct table_type orphan_columns = {
	.root = "objects",
	.defaults = "NS,TYPE,KEY,ID,OWNER,BYTES,AGE,LASTUSER,UNIT,SURE,WHY",
	.columns = mixed,
	.n = ARRAY_SIZE(mixed),
};

/** kind_columns - columns of tables with objects of one kind */
const struct table_type kind_columns[KINDS] = {
	[IPCNS_KIND_SHM] = {
		.root = "objects",
		.defaults = "NS,KEY,ID,PERMS,OWNER,SIZE,NATTCH,STATUS,CTIME,CPID,LPID,COMMAND",
		.columns = shm,
		.n = ARRAY_SIZE(shm),
	},
	[IPCNS_KIND_SEM] = {
		.root = "objects",
		.defaults = "NS,KEY,ID,PERMS,OWNER,NSEMS",
		.columns = sem,
		.n = ARRAY_SIZE(sem),
	},
	[IPCNS_KIND_MSG] = {
		.root = "objects",
		.defaults = "NS,KEY,ID,PERMS,OWNER,USEDBYTES,MSGS,LSPID,LRPID",
		.columns = msg,
		.n = ARRAY_SIZE(msg),
	},
	[IPCNS_KIND_MQ] = {
		.root = "objects",
		.defaults = "NS,NAME,PERMS,OWNER,USEDBYTES,MSGS,MAXMSG,MSGSIZE,STATUS,NOTIFYPID",
		.columns = mq,
		.n = ARRAY_SIZE(mq),
	},
	[KIND_PSHM] = FILE_TABLE("NS,NAME," FILE_DEFAULTS),
	[KIND_PSEM] = FILE_TABLE("NS,NAME," FILE_DEFAULTS),
};

/** file_columns - columns of tables with POSIX shared memory and named semaphores */
const struct table_type file_columns = FILE_TABLE("NS,TYPE,NAME," FILE_DEFAULTS);

/** queue_columns - columns of one POSIX queue that is shown in depth */
const struct table_type queue_columns = {
	.root = "objects",
	.defaults = "NS,NAME,PERMS,OWNER,USEDBYTES,MSGS,MAXMSG,MSGSIZE,STATUS,NOTIFYPID," OBJECT_OPENERS,
	.columns = mq,
	.n = ARRAY_SIZE(mq),
};
