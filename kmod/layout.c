// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the mirrored private structs against the running kernel's BTF.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "btf.h"
#include "layout.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"
#define MAX_BTF (64 << 20)

#define MEMBER(type, member) \
	{ #member, offsetof(struct type, member), sizeof_field(struct type, member) }

/* A flexible array has no size of its own. */
#define FLEXIBLE(type, member) \
	{ #member, offsetof(struct type, member), 0 }

static const struct ipcns_layout_member shmid_kernel_members[] = {
	MEMBER(shmid_kernel, shm_perm),
	MEMBER(shmid_kernel, shm_file),
	MEMBER(shmid_kernel, shm_nattch),
	MEMBER(shmid_kernel, shm_segsz),
	MEMBER(shmid_kernel, shm_atim),
	MEMBER(shmid_kernel, shm_dtim),
	MEMBER(shmid_kernel, shm_ctim),
	MEMBER(shmid_kernel, shm_cprid),
	MEMBER(shmid_kernel, shm_lprid),
};

static const struct ipcns_layout_member sem_array_members[] = {
	MEMBER(sem_array, sem_perm),
	MEMBER(sem_array, sem_ctime),
	MEMBER(sem_array, pending_alter),
	MEMBER(sem_array, pending_const),
	MEMBER(sem_array, list_id),
	MEMBER(sem_array, sem_nsems),
	FLEXIBLE(sem_array, sems),
};

static const struct ipcns_layout_member sem_members[] = {
	MEMBER(sem, semval),
	MEMBER(sem, sempid),
	MEMBER(sem, lock),
	MEMBER(sem, pending_alter),
	MEMBER(sem, pending_const),
	MEMBER(sem, sem_otime),
};

static const struct ipcns_layout_member sem_queue_members[] = {
	MEMBER(sem_queue, list),
	MEMBER(sem_queue, sleeper),
	MEMBER(sem_queue, blocking),
	MEMBER(sem_queue, nsops),
};

static const struct ipcns_layout_member sem_undo_older_semadj = MEMBER(sem_undo_older, semadj);

static const struct ipcns_layout_member sem_undo_members[] = {
	MEMBER(sem_undo, ulp),
	MEMBER(sem_undo, list_id),
	{ "semadj", offsetof(struct sem_undo, semadj), 0, &sem_undo_older_semadj },
};

bool ipcns_sem_undo_is_older;

static const struct ipcns_layout_member msg_queue_members[] = {
	MEMBER(msg_queue, q_perm),
	MEMBER(msg_queue, q_stime),
	MEMBER(msg_queue, q_rtime),
	MEMBER(msg_queue, q_ctime),
	MEMBER(msg_queue, q_cbytes),
	MEMBER(msg_queue, q_qnum),
	MEMBER(msg_queue, q_qbytes),
	MEMBER(msg_queue, q_lspid),
	MEMBER(msg_queue, q_lrpid),
	MEMBER(msg_queue, q_messages),
	MEMBER(msg_queue, q_receivers),
	MEMBER(msg_queue, q_senders),
};

static const struct ipcns_layout_member msg_receiver_members[] = {
	MEMBER(msg_receiver, r_list),
	MEMBER(msg_receiver, r_tsk),
	MEMBER(msg_receiver, r_mode),
	MEMBER(msg_receiver, r_msgtype),
	MEMBER(msg_receiver, r_maxsize),
};

static const struct ipcns_layout_member msg_sender_members[] = {
	MEMBER(msg_sender, list),
	MEMBER(msg_sender, tsk),
	MEMBER(msg_sender, msgsz),
};

/* a queue is charged to a user, not to ucounts */
static const struct ipcns_layout_member mqueue_inode_info_user = {
	"user", offsetof(struct mqueue_inode_info, ucounts), sizeof(struct user_struct *)
};

static const struct ipcns_layout_member mqueue_inode_info_members[] = {
	MEMBER(mqueue_inode_info, lock),
	MEMBER(mqueue_inode_info, vfs_inode),
	MEMBER(mqueue_inode_info, msg_tree),
	MEMBER(mqueue_inode_info, attr),
	MEMBER(mqueue_inode_info, notify),
	MEMBER(mqueue_inode_info, notify_owner),
	{ "ucounts", offsetof(struct mqueue_inode_info, ucounts), sizeof(struct ucounts *),
	  &mqueue_inode_info_user },
	MEMBER(mqueue_inode_info, e_wait_q),
	MEMBER(mqueue_inode_info, qsize),
};

static const struct ipcns_layout_member ext_wait_queue_members[] = {
	MEMBER(ext_wait_queue, task),
	MEMBER(ext_wait_queue, list),
};

static const struct ipcns_layout_member posix_msg_tree_node_members[] = {
	MEMBER(posix_msg_tree_node, rb_node),
	MEMBER(posix_msg_tree_node, msg_list),
	MEMBER(posix_msg_tree_node, priority),
};

static const struct ipcns_layout_member shm_file_data_members[] = {
	MEMBER(shm_file_data, id),
	MEMBER(shm_file_data, ns),
	MEMBER(shm_file_data, file),
};

#define LAYOUT(type, array_elem, ...) {				\
	.name = #type,						\
	.size = (array_elem) ? sizeof(struct type) : 0,		\
	__VA_ARGS__,						\
	.members = type##_members,				\
	.n_members = ARRAY_SIZE(type##_members),		\
	.state = IPCNS_LAYOUT_STATE_UNKNOWN,			\
}

struct ipcns_layout ipcns_layouts[] = {
	LAYOUT(shmid_kernel, false, .kinds = BIT(IPCNS_KIND_SHM),
	       .holders = BIT(IPCNS_HOLDER_KIND_SHM)),
	LAYOUT(shm_file_data, false, .holders = BIT(IPCNS_HOLDER_KIND_SHM)),
	LAYOUT(sem_array, false, .kinds = BIT(IPCNS_KIND_SEM)),
	LAYOUT(sem, true, .kinds = BIT(IPCNS_KIND_SEM)),
	LAYOUT(sem_queue, false, .kinds = BIT(IPCNS_KIND_SEM)),
	LAYOUT(sem_undo, false, .depth = BIT(IPCNS_KIND_SEM), .is_older = &ipcns_sem_undo_is_older),
	LAYOUT(msg_queue, false, .kinds = BIT(IPCNS_KIND_MSG)),
	LAYOUT(msg_receiver, false, .depth = BIT(IPCNS_KIND_MSG)),
	LAYOUT(msg_sender, false, .depth = BIT(IPCNS_KIND_MSG)),
	LAYOUT(mqueue_inode_info, false, .kinds = BIT(IPCNS_KIND_MQ)),
	LAYOUT(ext_wait_queue, true, .kinds = BIT(IPCNS_KIND_MQ)),
	LAYOUT(posix_msg_tree_node, false, .depth = BIT(IPCNS_KIND_MQ)),
};

const unsigned int ipcns_n_layouts = ARRAY_SIZE(ipcns_layouts);

static bool member_matches(const struct ipcns_btf *btf, u32 id,
			   const struct ipcns_layout_member *m)
{
	struct ipcns_btf_member found;

	return ipcns_btf_find_member(btf, id, m->name, &found) &&
	       found.bit_offset == m->offset * 8 && found.size == m->size;
}

static void layout_compare(const struct ipcns_btf *btf, struct ipcns_layout *l)
{
	u32 i, id = ipcns_btf_find_struct(btf, l->name);
	bool older = false;

	l->state = IPCNS_LAYOUT_STATE_MISMATCH;
	l->mismatch = l->name;
	if (!id || (l->size && ipcns_btf_size(btf, id) != l->size))
		return;
	for (i = 0; i < l->n_members; i++) {
		const struct ipcns_layout_member *m = &l->members[i];

		l->mismatch = m->name;
		if (member_matches(btf, id, m))
			continue;
		if (!m->older || !member_matches(btf, id, m->older))
			return;
		older = true;
	}
	if (l->is_older)
		*l->is_older = older;
	l->state = IPCNS_LAYOUT_STATE_OK;
	l->mismatch = NULL;
}

/*
 * The root of the first process. Not that of init_task, which kernel threads
 * share: since 7.x it is an empty filesystem.
 */
static int init_root(struct path *root)
{
	struct task_struct *init;
	int err = -ENOENT;

	rcu_read_lock();
	init = pid_task(find_pid_ns(1, &init_pid_ns), PIDTYPE_PID);
	if (init)
		get_task_struct(init);
	rcu_read_unlock();
	if (!init)
		return err;
	task_lock(init);
	if (init->fs) {
		get_fs_root(init->fs, root);
		err = 0;
	}
	task_unlock(init);
	put_task_struct(init);
	return err;
}

/*
 * Reads a whole file as the first process sees it, into memory to be freed with vfree():
 * what kernel_read_file_from_path_initns() does, without asking the security modules
 * for a kind of file that they do not know, of which 6.12's IPE warns.
 */
static ssize_t read_initns(const char *path, void **blob)
{
	struct path root;
	struct file *file;
	ssize_t len, got;
	loff_t pos = 0;

	len = init_root(&root);
	if (len)
		return len;
	file = ipcns_open_root(&root, path);
	path_put(&root);
	if (IS_ERR(file))
		return PTR_ERR(file);

	len = i_size_read(file_inode(file));
	if (len <= 0 || len > MAX_BTF) {
		len = -EINVAL;
		goto out;
	}
	*blob = vmalloc(len);
	if (!*blob) {
		len = -ENOMEM;
		goto out;
	}
	while (pos < len) {
		got = kernel_read(file, *blob + pos, len - pos, &pos);
		if (got <= 0) {
			len = got ?: -EIO;
			break;
		}
	}
	if (len < 0)
		vfree(*blob);
out:
	fput(file);
	return len;
}

/**
 * ipcns_layout_check() - compare every mirrored struct with the running kernel
 *
 * Called once from module init; may sleep. A struct that does not match, or
 * all of them if there is no BTF, is said in the log and in @ipcns_layouts and
 * never touched.
 */
void ipcns_layout_check(void)
{
	struct ipcns_btf btf;
	unsigned int i;
	void *blob;
	ssize_t len;
	int err;

	len = read_initns(BTF_PATH, &blob);
	if (len < 0) {
		pr_warn("%s: error %zd, no objects can be read\n", BTF_PATH, len);
		return;
	}
	err = ipcns_btf_open(&btf, blob, len);
	if (err) {
		pr_warn("%s: error %d, no objects can be read\n", BTF_PATH, err);
		goto out;
	}
	for (i = 0; i < ipcns_n_layouts; i++) {
		struct ipcns_layout *l = &ipcns_layouts[i];

		layout_compare(&btf, l);
		if (l->state != IPCNS_LAYOUT_STATE_OK)
			pr_warn("struct %s differs at %s, what needs it is not read\n",
				l->name, l->mismatch);
	}
	ipcns_btf_close(&btf);
out:
	vfree(blob);
}

/* What no longer can be read where structs differ, by the masks of all of these. */
static struct ipcns_layout unreadable(void)
{
	struct ipcns_layout all = { };
	unsigned int i;

	for (i = 0; i < ipcns_n_layouts; i++) {
		if (ipcns_layouts[i].state == IPCNS_LAYOUT_STATE_OK)
			continue;
		all.kinds |= ipcns_layouts[i].kinds;
		all.depth |= ipcns_layouts[i].depth;
		all.holders |= ipcns_layouts[i].holders;
	}
	return all;
}

/**
 * ipcns_layout_ok() - may objects of a kind be read?
 * @kind:	the kind
 *
 * Return: true if every struct that the kind needs was found to match.
 */
bool ipcns_layout_ok(enum ipcns_kind kind)
{
	return !(unreadable().kinds & BIT(kind));
}

/**
 * ipcns_layout_depth_ok() - may messages and waiters of a kind be read?
 * @kind:	the kind
 *
 * Return: true if that and the objects themselves may be.
 */
bool ipcns_layout_depth_ok(enum ipcns_kind kind)
{
	struct ipcns_layout not = unreadable();

	return !((not.kinds | not.depth) & BIT(kind));
}

/**
 * ipcns_layout_holders() - which holders can be found?
 *
 * Return: mask of the kinds.
 */
u32 ipcns_layout_holders(void)
{
	return ~unreadable().holders;
}
