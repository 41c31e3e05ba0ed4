/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private structs of the kernel's ipc/ folder, which no header exports, laid
 * out as 5.10 to 7.3 have them. Nothing here may be used before
 * ipcns_layout_check() found the members where the running kernel has them.
 */
#ifndef _IPCNS_LAYOUT_H
#define _IPCNS_LAYOUT_H

#include <linux/ipc.h>
#include <linux/ipc_namespace.h>
#include <linux/mqueue.h>
#include <linux/sem.h>
#include <linux/signal_types.h>
#include <linux/wait.h>
#include <uapi/linux/ipcns.h>

/* ipc/util.h: indexes of ipc_namespace.ids[] */
#define IPC_SEM_IDS	0
#define IPC_MSG_IDS	1
#define IPC_SHM_IDS	2

/* include/linux/shm.h has these for the kernel's own use only since 6.7 */
#ifndef SHM_DEST
#define SHM_DEST	01000
#define SHM_LOCKED	02000
#endif

/* ipc/shm.c */
struct shmid_kernel {
	struct kern_ipc_perm	shm_perm;
	struct file		*shm_file;
	unsigned long		shm_nattch;
	unsigned long		shm_segsz;
	time64_t		shm_atim;
	time64_t		shm_dtim;
	time64_t		shm_ctim;
	struct pid		*shm_cprid;
	struct pid		*shm_lprid;
} __randomize_layout;

struct shm_file_data {
	int			id;
	struct ipc_namespace	*ns;
	struct file		*file;
	const struct vm_operations_struct *vm_ops;
};

/* ipc/sem.c */
struct sem {
	int			semval;
	struct pid		*sempid;
	spinlock_t		lock;
	struct list_head	pending_alter;
	struct list_head	pending_const;
	time64_t		sem_otime;
} ____cacheline_aligned_in_smp;

struct sem_array {
	struct kern_ipc_perm	sem_perm;
	time64_t		sem_ctime;
	struct list_head	pending_alter;
	struct list_head	pending_const;
	struct list_head	list_id;
	int			sem_nsems;
	int			complex_count;
	unsigned int		use_global_lock;

	struct sem		sems[];
} __randomize_layout;

struct sem_queue {
	struct list_head	list;
	struct task_struct	*sleeper;
	struct sem_undo		*undo;
	struct pid		*pid;
	int			status;
	struct sembuf		*sops;
	struct sembuf		*blocking;
	int			nsops;
	bool			alter;
	bool			dupsop;
};

struct sem_undo {
	struct list_head	list_proc;
	struct rcu_head		rcu;
	struct sem_undo_list	*ulp;
	struct list_head	list_id;
	int			semid;
	short			semadj[];
};

/* the same until 6.10 */
struct sem_undo_older {
	struct list_head	list_proc;
	struct rcu_head		rcu;
	struct sem_undo_list	*ulp;
	struct list_head	list_id;
	int			semid;
	short			*semadj;
};

/* ipc/msg.c */
struct msg_queue {
	struct kern_ipc_perm	q_perm;
	time64_t		q_stime;
	time64_t		q_rtime;
	time64_t		q_ctime;
	unsigned long		q_cbytes;
	unsigned long		q_qnum;
	unsigned long		q_qbytes;
	struct pid		*q_lspid;
	struct pid		*q_lrpid;

	struct list_head	q_messages;
	struct list_head	q_receivers;
	struct list_head	q_senders;
} __randomize_layout;

struct msg_receiver {
	struct list_head	r_list;
	struct task_struct	*r_tsk;

	int			r_mode;
	long			r_msgtype;
	long			r_maxsize;

	struct msg_msg		*r_msg;
};

struct msg_sender {
	struct list_head	list;
	struct task_struct	*tsk;
	size_t			msgsz;
};

/* ipc/mqueue.c */
struct posix_msg_tree_node {
	struct rb_node		rb_node;
	struct list_head	msg_list;
	int			priority;
};

struct ext_wait_queue {
	struct task_struct	*task;
	struct list_head	list;
	struct msg_msg		*msg;
	int			state;
};

struct mqueue_inode_info {
	spinlock_t		lock;
	struct inode		vfs_inode;
	wait_queue_head_t	wait_q;

	struct rb_root		msg_tree;
	struct rb_node		*msg_tree_rightmost;
	struct posix_msg_tree_node *node_cache;
	struct mq_attr		attr;

	struct sigevent		notify;
	struct pid		*notify_owner;
	u32			notify_self_exec_id;
	struct user_namespace	*notify_user_ns;
	struct ucounts		*ucounts;	/* until 5.13: struct user_struct *user */
	struct sock		*notify_sock;
	struct sk_buff		*notify_cookie;

	struct ext_wait_queue	e_wait_q[2];

	unsigned long		qsize;
};

/* ipc/mqueue.c: indexes of e_wait_q[] */
#define IPCNS_MQ_SENDERS	0
#define IPCNS_MQ_RECEIVERS	1

/**
 * struct ipcns_layout_member - a member that the module uses
 * @name:	its name
 * @offset:	where it is, in bytes
 * @size:	its size; 0 for a flexible array
 * @older:	the same in older kernels, or NULL
 */
struct ipcns_layout_member {
	const char				*name;
	u32					offset;
	u32					size;
	const struct ipcns_layout_member	*older;
};

/**
 * struct ipcns_layout - one mirrored struct and what came of its check
 * @name:	name of the struct in the kernel
 * @size:	its size if elements of an array depend on it, or 0
 * @kinds:	mask of the kinds of objects that need it, and
 * @depth:	of those whose messages, waiters and adjustments need it
 * @holders:	mask of the kinds of holders that need it
 * @members:	the members that the module uses
 * @n_members:	number of @members
 * @is_older:	filled in if not NULL: a member is as in older kernels
 * @state:	outcome, constant once the module is loaded
 * @mismatch:	first member that did not match, or NULL
 */
struct ipcns_layout {
	const char				*name;
	u32					size;
	u32					kinds;
	u32					depth;
	u32					holders;
	const struct ipcns_layout_member	*members;
	unsigned int				n_members;
	bool					*is_older;
	enum ipcns_layout_state			state;
	const char				*mismatch;
};

extern struct ipcns_layout ipcns_layouts[];
extern const unsigned int ipcns_n_layouts;

extern bool ipcns_sem_undo_is_older;

/* The adjustments of a struct sem_undo: as many as the set has semaphores. */
static inline const short *ipcns_semadj(const struct sem_undo *un)
{
	return ipcns_sem_undo_is_older ? ((const struct sem_undo_older *)un)->semadj : un->semadj;
}

void ipcns_layout_check(void);
bool ipcns_layout_ok(enum ipcns_kind kind);
bool ipcns_layout_depth_ok(enum ipcns_kind kind);
u32 ipcns_layout_holders(void);

#endif /* _IPCNS_LAYOUT_H */
