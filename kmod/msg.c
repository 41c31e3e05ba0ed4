// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V message queues.
 */
#include <net/netlink.h>

#include "attr.h"
#include "layout.h"
#include "object.h"

static void msg_read(const struct ipcns_reader *r, struct kern_ipc_perm *perm,
		     struct ipcns_object *o)
{
	struct msg_queue *q = container_of(perm, struct msg_queue, q_perm);
	u32 nodes = 0;

	o->kind = IPCNS_KIND_MSG;
	o->ctime = q->q_ctime;
	o->msg.cbytes = q->q_cbytes;
	o->msg.qnum = q->q_qnum;
	o->msg.qbytes = q->q_qbytes;
	o->msg.stime = q->q_stime;
	o->msg.rtime = q->q_rtime;
	o->msg.lspid = ipcns_reader_pid(r, q->q_lspid);
	o->msg.lrpid = ipcns_reader_pid(r, q->q_lrpid);
	ipcns_remember(r, q->q_lspid, IPCNS_REMEMBERED_LSPID, &o->gone, &o->there);
	ipcns_remember(r, q->q_lrpid, IPCNS_REMEMBERED_LRPID, &o->gone, &o->there);
	o->msg.receivers = ipcns_list_length(&q->q_receivers, &nodes);
	o->msg.senders = ipcns_list_length(&q->q_senders, &nodes);
}

static int msg_fill(struct sk_buff *skb, const struct ipcns_object *o)
{
	if (ipcns_attr_u64(skb, IPCNS_A_MSG_CBYTES, o->msg.cbytes) ||
	    ipcns_attr_u64(skb, IPCNS_A_MSG_QNUM, o->msg.qnum) ||
	    ipcns_attr_u64(skb, IPCNS_A_MSG_QBYTES, o->msg.qbytes) ||
	    ipcns_attr_u32(skb, IPCNS_A_MSG_LSPID, o->msg.lspid) ||
	    ipcns_attr_u32(skb, IPCNS_A_MSG_LRPID, o->msg.lrpid) ||
	    ipcns_attr_u64(skb, IPCNS_A_MSG_STIME, o->msg.stime) ||
	    ipcns_attr_u64(skb, IPCNS_A_MSG_RTIME, o->msg.rtime) ||
	    ipcns_attr_count(skb, IPCNS_A_MSG_RECEIVERS, o->msg.receivers) ||
	    ipcns_attr_count(skb, IPCNS_A_MSG_SENDERS, o->msg.senders))
		return -EMSGSIZE;
	return 0;
}

static u64 count_messages(void *object)
{
	return container_of(object, struct msg_queue, q_perm)->q_qnum;
}

static u32 read_messages(void *object, struct ipcns_message *out, u32 max)
{
	const struct msg_queue *q = container_of(object, struct msg_queue, q_perm);

	return ipcns_messages_read(&q->q_messages, out, max);
}

/* ipc/msg.c: SEARCH_ANY is 1, and so on in the order of the enum */
static u32 mode(int search)
{
	return search - 1;
}

/* A task on a list sleeps until it is taken off with the queue locked. */
static void read_waiters(void *object, struct ipcns_waiters *w)
{
	const struct msg_queue *q = container_of(object, struct msg_queue, q_perm);
	const struct msg_receiver *msr;
	const struct msg_sender *mss;
	struct ipcns_waiter *out;

	list_for_each_entry(msr, &q->q_receivers, r_list) {
		out = ipcns_waiters_add(w, IPCNS_ROLE_RECEIVER, msr->r_tsk);
		if (w->truncated)
			return;
		if (!out)
			continue;
		out->mode = mode(msr->r_mode);
		out->mtype = msr->r_msgtype;
		out->size = msr->r_maxsize;
	}
	list_for_each_entry(mss, &q->q_senders, list) {
		out = ipcns_waiters_add(w, IPCNS_ROLE_SENDER, mss->tsk);
		if (w->truncated)
			return;
		if (out)
			out->size = mss->msgsz;
	}
}

const struct ipcns_kind_ops ipcns_msg_ops = {
	.name		= "msg",
	.ids		= IPC_MSG_IDS,
	.collect	= ipcns_sysv_collect,
	.read		= msg_read,
	.fill		= msg_fill,
	.visit		= ipcns_sysv_visit,
	.n_messages	= count_messages,
	.messages	= read_messages,
	.waiters	= read_waiters,
};
