/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_READER_H
#define _IPCNS_READER_H

#include <linux/pid_namespace.h>
#include <linux/skbuff.h>
#include <linux/uidgid.h>

struct ipc_namespace;
struct ipcns_ref;
struct ipcns_scope;

/**
 * enum ipcns_sight - what a reader may see of a namespace
 * @IPCNS_SIGHT_NONE:	nothing, not even that it exists
 * @IPCNS_SIGHT_OWN:	it is his own: what ipcs(1) shows there
 * @IPCNS_SIGHT_ALL:	everything
 */
enum ipcns_sight {
	IPCNS_SIGHT_NONE,
	IPCNS_SIGHT_OWN,
	IPCNS_SIGHT_ALL,
};

/**
 * struct ipcns_reader - who asks
 * @cred:	credentials of the sender of the request
 * @sk:		socket of the request; its opener's credentials count too
 * @pid_ns:	process ids are translated to this namespace
 * @user_ns:	user and group ids are translated to this namespace
 * @own:	key of the IPC namespace that the sender is in, see ipcns_cookie();
 *		0 if he did not open the socket himself
 *
 * Taken when the request arrives: later calls of a dump run in whoever calls
 * recvmsg(2) on the socket.
 */
struct ipcns_reader {
	const struct cred	*cred;
	struct sock		*sk;
	struct pid_namespace	*pid_ns;
	struct user_namespace	*user_ns;
	u64			own;
};

void ipcns_reader_get(struct ipcns_reader *r, struct sk_buff *request);
void ipcns_reader_put(struct ipcns_reader *r);
bool ipcns_access_scoped(void);
const struct ipcns_scope *ipcns_reader_scope(const struct ipcns_reader *r);
const struct ipcns_scope *ipcns_reader_dying(const struct ipcns_reader *r);
bool ipcns_reader_capable(const struct ipcns_reader *r, struct user_namespace *user_ns);
enum ipcns_sight ipcns_reader_sight(const struct ipcns_reader *r, const struct ipcns_ref *ref);
bool ipcns_reader_may_read(const struct ipcns_reader *r, struct user_namespace *user_ns, kuid_t uid,
			   kuid_t cuid, kgid_t gid, kgid_t cgid, umode_t mode);

/**
 * ipcns_reader_pid() - a process id as the reader sees it
 * @r:		the reader
 * @pid:	the process, or NULL
 *
 * Context: @pid is protected by the lock of the object that holds it, or RCU.
 * Return: the process id, 0 if the process is not visible to the reader.
 */
static inline u32 ipcns_reader_pid(const struct ipcns_reader *r, struct pid *pid)
{
	return pid_nr_ns(pid, r->pid_ns);
}

/**
 * ipcns_reader_uid() - a user id as the reader sees it
 * @r:		the reader
 * @uid:	the user
 *
 * Return: the user id, the overflow id if it is not mapped.
 */
static inline u32 ipcns_reader_uid(const struct ipcns_reader *r, kuid_t uid)
{
	if (r->user_ns == &init_user_ns && uid_valid(uid))	/* where all mean themselves */
		return __kuid_val(uid);
	return from_kuid_munged(r->user_ns, uid);
}

/**
 * ipcns_reader_gid() - a group id as the reader sees it
 * @r:		the reader
 * @gid:	the group
 *
 * Return: the group id, the overflow id if it is not mapped.
 */
static inline u32 ipcns_reader_gid(const struct ipcns_reader *r, kgid_t gid)
{
	if (r->user_ns == &init_user_ns && gid_valid(gid))
		return __kgid_val(gid);
	return from_kgid_munged(r->user_ns, gid);
}

#endif /* _IPCNS_READER_H */
