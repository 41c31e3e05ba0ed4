/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of IPC objects. Each is one file, behind one row of ipcns_kinds[].
 */
#ifndef _IPCNS_OBJECT_H
#define _IPCNS_OBJECT_H

#include <linux/ipc.h>
#include <linux/limits.h>
#include <linux/netlink.h>
#include <uapi/linux/ipcns.h>

#include "attr.h"
#include "buf.h"
#include "access.h"
#include "registry.h"
#include "task.h"
#include "walk.h"

#define IPCNS_N_KINDS	(IPCNS_KIND_MQ + 1)
#define IPCNS_ALL_KINDS	(BIT(IPCNS_N_KINDS) - 1)

/**
 * struct ipcns_object - what is known of one object at one moment
 * @ns_id:	identity of its namespace, and
 * @ns_inum:	its inode number
 * @kind:	kind of the object, enum ipcns_kind
 * @id:		System V identifier
 * @key:	System V key
 * @mode:	permission bits
 * @uid:	owner and so on, as the reader sees them
 * @ctime:	time of the last change, seconds since the epoch
 * @gone:	remembered processes that have ended, see ipcns_remember(), and
 * @there:	those that exist
 * @creator:	who created it
 * @name_len:	length of @name, POSIX queues only
 * @name:	name of a POSIX queue, no NUL at its end
 *
 * Process ids are those of the reader's pid namespace.
 */
struct ipcns_object {
	u64	ns_id;
	u32	ns_inum;
	u32	kind;
	u32	id;
	u32	key;
	u32	mode;
	u32	uid, gid;
	u32	cuid, cgid;
	u32	gone, there;
	u32	name_len;
	s64	ctime;
	struct ipcns_actor creator;
	union {
		struct {
			u64	size, nattch, rss, swap;
			s64	atime, dtime;
			u32	cpid, lpid;
			u32	status;
			bool	orphan;
		} shm;
		struct {
			s64	otime;
			u32	nsems;
			u32	undos;
			u32	waiters;
		} sem;
		struct {
			u64	cbytes, qnum, qbytes;
			s64	stime, rtime;
			u32	lspid, lrpid;
			u32	receivers, senders;
		} msg;
		struct {
			u64	maxmsg, msgsize, curmsgs, qsize;
			u32	status;
			u32	notify_pid, notify_method, notify_signo;
			u32	receivers, senders;
			u32	opens;
			bool	notify;
		} mq;
	};
	char	name[];
};

#define IPCNS_OBJECT_MAX (sizeof(struct ipcns_object) + NAME_MAX)

/**
 * struct ipcns_filter - which objects are wanted
 * @kinds:	mask of kinds
 * @by_id:	only the one with identifier @id
 * @by_key:	only those with key @key
 * @by_uid:	only those owned by @uid
 * @by_name:	only the queue called @name, of @name_len bytes
 */
struct ipcns_filter {
	u32		kinds;
	u32		id;
	u32		key;
	kuid_t		uid;
	u32		name_len;
	bool		by_id;
	bool		by_key;
	bool		by_uid;
	bool		by_name;
	char		name[NAME_MAX];
};

/**
 * struct ipcns_collect - one collection of objects
 * @r:		the reader
 * @filter:	what for
 * @buf:	where the records go
 * @ref:	the namespace
 * @ops:	the kind
 */
struct ipcns_collect {
	const struct ipcns_reader	*r;
	const struct ipcns_filter	*filter;
	struct ipcns_buf		*buf;
	const struct ipcns_ns_ref	*ref;
	const struct ipcns_kind_ops	*ops;
};

/*
 * Entries of lists that are looked at in one hold of an object's lock; no more
 * than ipc/msg.c find_msg() looks at itself. A list has no place at which a later
 * hold could continue, so what is beyond is left out.
 */
#define IPCNS_LIST_MAX	65536

#define IPCNS_N_ROLES	(IPCNS_ROLE_SENDER + 1)

/**
 * struct ipcns_message - one message in a queue
 * @mtype:	its type; of a POSIX queue, its priority
 * @size:	its bytes
 */
struct ipcns_message {
	s64	mtype;
	u64	size;
};

/**
 * struct ipcns_semaphore - one semaphore of a set
 *
 * The members have the names of the attributes in the spec; those that count
 * waiters can be IPCNS_UNKNOWN.
 */
struct ipcns_semaphore {
	u32	semnum;
	u32	semval;
	u32	ncount;
	u32	zcount;
	u32	pid;
	u32	gone, there;
};

/**
 * struct ipcns_waiter - what a process has to do with an object
 *
 * The members have the names of the attributes in the spec.
 */
struct ipcns_waiter {
	u32			role;
	struct ipcns_process	process;
	u32			semnum;
	s32			semop;
	u32			nsops;
	u32			mode;
	s64			mtype;
	u64			size;
};

/**
 * struct ipcns_detail - one semaphore, message or waiter, as it is sent
 * @ns_id:	its namespace, and so on as in struct ipcns_object
 * @hidden:	stands for so many waiters with this role that the reader cannot see
 * @truncated:	stands for what was not looked at: so many messages; of waiters the
 *		number is not known
 */
struct ipcns_detail {
	u64	ns_id;
	u32	ns_inum;
	u32	kind;
	u32	id;
	u32	name_len;
	u32	hidden;
	u64	truncated;
	union {
		struct ipcns_semaphore	semaphore;
		struct ipcns_message	message;
		struct ipcns_waiter	waiter;
	};
	char	name[];
};

/**
 * struct ipcns_waiters - a reading of those who wait for an object
 * @r:		the reader
 * @out:	room for those whom the reader sees; NULL to count all only
 * @max:	for so many
 * @n:		how many there are
 * @nodes:	list entries that were looked at
 * @hidden:	number of those whom the reader cannot see, by role
 * @truncated:	there are more; reading has to end
 */
struct ipcns_waiters {
	const struct ipcns_reader	*r;
	struct ipcns_waiter		*out;
	u32				max;
	u32				n;
	u32				nodes;
	u32				hidden[IPCNS_N_ROLES];
	bool				truncated;
};

/**
 * struct ipcns_adjustment - what the end of processes does to a semaphore
 * @list:	number of the list that it is in, ascending: processes share one
 * @semnum:	the semaphore
 * @semadj:	what is added to its value
 */
struct ipcns_adjustment {
	u32	list;
	u32	semnum;
	s32	semadj;
};

/**
 * struct ipcns_undos - all adjustments of a semaphore set
 * @adjustment:	the adjustments, to be freed with kvfree()
 * @n:		how many
 * @list:	the lists' processes, sorted by the number of the list, which is
 *		their user; with key NULL if the list was freed; to be freed with kvfree()
 * @n_list:	how many
 * @truncated:	there are more adjustments
 */
struct ipcns_undos {
	struct ipcns_adjustment		*adjustment;
	u32				n;
	struct ipcns_shared_thing	*list;
	u32				n_list;
	bool				truncated;
};

/**
 * struct ipcns_kind_ops - one kind of objects
 * @name:	its name
 * @ids:	its index in ipc_namespace.ids[], System V only
 * @collect:	add the objects of the namespace to the buffer, from position
 *		*@next on, and set *@next to where to continue. May sleep. Returns
 *		0 when the namespace is done, -ENOBUFS when the buffer is full,
 *		or another error.
 * @read:	System V only: fill in what the kind has of its own. Called
 *		with perm->lock held, under RCU, with the object not deleted.
 * @fill:	put what the kind has of its own into a message
 * @visit:	call back with the object that the filter names by id or name,
 *		locked, and not deleted: a struct kern_ipc_perm, or the inode of a
 *		queue. May sleep before. Returns 0, -ENOENT if there is no such
 *		object, -EACCES if the reader may not look into it, or another error.
 * The others are called by that, and all but @undos with the object locked.
 * @n_messages:	number of messages, as the queue counts them itself
 * @messages:	describe messages, @max at most; returns how many
 * @semaphores:	describe semaphores from the @first on, @max at most; returns how many
 * @waiters:	add those who sleep with ipcns_waiters_add(), until it is truncated
 * @undos:	find the adjustments of the set that the filter names, and their
 *		processes. May sleep. Returns 0 or an error.
 */
struct ipcns_kind_ops {
	const char	*name;
	int		ids;
	int		(*collect)(const struct ipcns_collect *c, u64 *next);
	void		(*read)(const struct ipcns_reader *r, struct kern_ipc_perm *perm,
				struct ipcns_object *o);
	int		(*fill)(struct sk_buff *skb, const struct ipcns_object *o);
	int		(*visit)(const struct ipcns_collect *c,
				 void (*call)(void *object, void *arg), void *arg);
	u64		(*n_messages)(void *object);
	u32		(*messages)(void *object, struct ipcns_message *out, u32 max);
	u32		(*semaphores)(const struct ipcns_reader *r, void *object,
				      struct ipcns_semaphore *out, u32 first, u32 max);
	void		(*waiters)(void *object, struct ipcns_waiters *w);
	int		(*undos)(const struct ipcns_collect *c, struct ipcns_undos *u);
};

extern const struct ipcns_kind_ops ipcns_shm_ops;
extern const struct ipcns_kind_ops ipcns_sem_ops;
extern const struct ipcns_kind_ops ipcns_msg_ops;
extern const struct ipcns_kind_ops ipcns_mq_ops;

extern const struct ipcns_kind_ops *const ipcns_kinds[IPCNS_N_KINDS];

struct ipcns_dump;

int ipcns_parse_kinds(struct ipcns_filter *f, struct nlattr *kind, struct nlattr *kinds,
		      struct netlink_ext_ack *extack);
int ipcns_parse_id(struct ipcns_filter *f, struct nlattr *id, struct netlink_ext_ack *extack);
int ipcns_parse_name(struct ipcns_filter *f, struct nlattr *name, struct netlink_ext_ack *extack);
bool ipcns_object_error(const struct ipcns_dump *d, const struct nlattr *attr,
			struct netlink_ext_ack *extack, int err);
struct kern_ipc_perm *ipcns_sysv_find(struct ipc_ids *ids, u32 id);
int ipcns_sysv_visit(const struct ipcns_collect *c, void (*call)(void *object, void *arg),
		     void *arg);
bool ipcns_sysv_may_read(const struct ipcns_collect *c, const struct kern_ipc_perm *perm);
void ipcns_remember(const struct ipcns_reader *r, struct pid *pid, u32 which, u32 *gone,
		    u32 *there);
int ipcns_sysv_collect(const struct ipcns_collect *c, u64 *next);
u32 ipcns_messages_read(const struct list_head *messages, struct ipcns_message *out, u32 max);
struct ipcns_waiter *ipcns_waiters_add(struct ipcns_waiters *w, u32 role, struct task_struct *t);
int ipcns_object_fill(struct sk_buff *skb, const void *record);
int ipcns_element_fill(struct sk_buff *skb, const void *record);
int ipcns_waiter_fill(struct sk_buff *skb, const void *record);

u32 ipcns_list_length(const struct list_head *list, u32 *nodes);
int ipcns_mq_bytes(struct ipc_namespace *ns, u64 *bytes);

#endif /* _IPCNS_OBJECT_H */
