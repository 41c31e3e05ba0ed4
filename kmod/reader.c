// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who asks, and what he may see.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ipc_namespace.h>
#include <linux/moduleparam.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/nsproxy.h>
#include <net/sock.h>

#include "owner.h"
#include "reader.h"
#include "send.h"
#include "walk.h"

static bool scoped_access = true;
module_param(scoped_access, bool, 0444);
MODULE_PARM_DESC(scoped_access, "owners of user namespaces see what these own, and everybody what ipcs shows (default Y); else the machine's root only");

/*
 * Whether the socket was opened by whoever uses it now: a socket that was handed
 * on, or kept over a change of identity, gains nobody the sight of what he, or
 * whom he got it from, is in.
 */
static bool is_opener(const struct sock *sk, const struct cred *cred)
{
	const struct cred *opener = sk->sk_socket->file->f_cred;

	return opener->user_ns == cred->user_ns && uid_eq(opener->euid, cred->euid);
}

static u64 own_cookie(void)
{
	const struct ipc_namespace *ns = current->nsproxy->ipc_ns;

	return ipcns_cookie(ns->mq_mnt->mnt_sb, ns);
}

/**
 * ipcns_reader_get() - remember who sent a request
 * @r:		filled in; to be released with ipcns_reader_put()
 * @request:	the request
 *
 * Context: the handler of the request or .start of a dump, which run as the
 * sender. The socket outlives its dumps.
 */
void ipcns_reader_get(struct ipcns_reader *r, struct sk_buff *request)
{
	r->cred = get_current_cred();
	r->sk = NETLINK_CB(request).sk;
	r->pid_ns = get_pid_ns(task_active_pid_ns(current));
	r->user_ns = get_user_ns(sk_user_ns(r->sk));
	r->own = is_opener(r->sk, r->cred) ? own_cookie() : 0;
}

/**
 * ipcns_reader_put() - release what ipcns_reader_get() took
 * @r:		the reader
 */
void ipcns_reader_put(struct ipcns_reader *r)
{
	put_user_ns(r->user_ns);
	put_pid_ns(r->pid_ns);
	put_cred(r->cred);
}

static bool holds(const struct ipcns_reader *r, struct user_namespace *user_ns, int cap)
{
	const struct cred *old = override_creds(r->cred);
	bool ok = sk_ns_capable(r->sk, user_ns, cap);

	revert_creds(old);
	return ok;
}

/**
 * ipcns_reader_capable() - has the reader CAP_SYS_ADMIN over a user namespace?
 * @r:		the reader
 * @user_ns:	the user namespace
 *
 * Both the opener of the socket and the sender of the request must have it
 * (net/core/sock.c sk_ns_capable()), so that nobody gains by a socket that he
 * was handed or that he hands on.
 *
 * Context: any, the socket is open.
 */
bool ipcns_reader_capable(const struct ipcns_reader *r, struct user_namespace *user_ns)
{
	return holds(r, user_ns, CAP_SYS_ADMIN);
}

/**
 * ipcns_reader_sight() - what may the reader see of a namespace?
 * @r:		the reader
 * @ref:	a namespace, referenced
 *
 * Context: as for ipcns_reader_capable().
 */
enum ipcns_sight ipcns_reader_sight(const struct ipcns_reader *r, const struct ipcns_ref *ref)
{
	if (!scoped_access)
		return ipcns_reader_capable(r, &init_user_ns) ? IPCNS_SIGHT_ALL : IPCNS_SIGHT_NONE;
	if (ipcns_reader_capable(r, ref->ns->user_ns))
		return IPCNS_SIGHT_ALL;
	return ref->cookie == r->own ? IPCNS_SIGHT_OWN : IPCNS_SIGHT_NONE;
}

/**
 * ipcns_access_scoped() - does anybody but the machine's root see anything?
 */
bool ipcns_access_scoped(void)
{
	return scoped_access;
}

/**
 * ipcns_reader_scope() - what events may the reader be told of?
 * @r:		the reader
 *
 * Context: as for ipcns_reader_capable().
 * Return: NULL for none: he lacks CAP_SYS_ADMIN over the owner of the net
 * namespace that his socket is in.
 */
const struct ipcns_scope *ipcns_reader_scope(const struct ipcns_reader *r)
{
	const struct net *net = sock_net(r->sk);

	return ipcns_reader_capable(r, net->user_ns) ? ipcns_send_scope(net) : NULL;
}

/**
 * ipcns_reader_dying() - what may the reader know of namespaces that are dying?
 * @r:		the reader
 *
 * These have nothing left that could be asked who may see them.
 *
 * Context: as for ipcns_reader_capable().
 * Return: those of this scope; NULL for nothing.
 */
const struct ipcns_scope *ipcns_reader_dying(const struct ipcns_reader *r)
{
	return ipcns_reader_capable(r, &init_user_ns) ? &ipcns_scope_all : ipcns_reader_scope(r);
}

/**
 * ipcns_reader_may_read() - has the reader read permission on an object?
 * @r:		the reader
 * @user_ns:	owner of the object's namespace
 * @uid:	owner of the object, and
 * @cuid:	its creator
 * @gid:	its group, and
 * @cgid:	its creator's
 * @mode:	permission bits
 *
 * As ipc/util.c ipcperms(). What security modules say of single objects is not
 * asked.
 *
 * Context: as for ipcns_reader_capable().
 */
bool ipcns_reader_may_read(const struct ipcns_reader *r, struct user_namespace *user_ns, kuid_t uid,
			   kuid_t cuid, kgid_t gid, kgid_t cgid, umode_t mode)
{
	const struct cred *old = override_creds(r->cred);
	kuid_t euid = current_euid();

	if (uid_eq(euid, cuid) || uid_eq(euid, uid))
		mode >>= 6;
	else if (in_group_p(cgid) || in_group_p(gid))
		mode >>= 3;
	revert_creds(old);
	return (mode & 04) || holds(r, user_ns, CAP_IPC_OWNER);
}
