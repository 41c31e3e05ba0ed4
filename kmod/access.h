/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_ACCESS_H
#define _IPCNS_ACCESS_H

#include <linux/pid_namespace.h>
#include <linux/skbuff.h>
#include <linux/uidgid.h>

struct ipc_namespace;
struct netlink_ext_ack;

/**
 * enum ipcns_access - what a reader may see of a namespace
 * @IPCNS_ACCESS_NONE:	nothing, not even that it exists
 * @IPCNS_ACCESS_OWN:	it is the reader's own: what ipcs(1) shows there
 * @IPCNS_ACCESS_FULL:	everything
 */
enum ipcns_access {
	IPCNS_ACCESS_NONE,
	IPCNS_ACCESS_OWN,
	IPCNS_ACCESS_FULL,
};

/**
 * struct ipcns_reader - the sender of a request
 * @cred:	credentials of the sender
 * @opener:	credentials of the opener of the socket, which count too
 * @pid_ns:	process ids are translated to this namespace
 * @user_ns:	user and group ids are translated to this namespace, which
 *		@opener holds
 * @own:	key of the IPC namespace that the sender is in, see ipcns_cookie();
 *		0 if the sender did not open the socket
 * @admin:	the machine's administrator, see ipcns_access_admin()
 *
 * Taken when the request arrives: later calls of a dump run in whoever calls
 * recvmsg(2) on the socket.
 */
struct ipcns_reader {
	const struct cred	*cred;
	const struct cred	*opener;
	struct pid_namespace	*pid_ns;
	struct user_namespace	*user_ns;
	u64			own;
	bool			admin;
};

int ipcns_access_init(void);
bool ipcns_access_admin(const struct sk_buff *request);
int ipcns_access_check(const struct sk_buff *request, struct netlink_ext_ack *extack);
void ipcns_reader_get(struct ipcns_reader *r, const struct sk_buff *request);
void ipcns_reader_put(struct ipcns_reader *r);
enum ipcns_access ipcns_reader_access(const struct ipcns_reader *r, struct user_namespace *user_ns,
				      u64 cookie);
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

#endif /* _IPCNS_ACCESS_H */
