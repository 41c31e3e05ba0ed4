// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who sends a request, and what they may see.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ipc_namespace.h>
#include <linux/moduleparam.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/sock.h>

#include "access.h"
#include "walk.h"

static char *access = "root";
module_param(access, charp, 0444);
MODULE_PARM_DESC(access, "who may ask: root, only CAP_SYS_ADMIN in the initial user namespace (default); owner, also whoever has CAP_SYS_ADMIN in a user namespace, about the IPC namespaces that it owns, and everybody about their own namespace");

/* The name that "access" had in version 0.1; it is refused, see ipcns_access_init(). */
static char *scoped_access;
module_param(scoped_access, charp, 0);
MODULE_PARM_DESC(scoped_access, "replaced by access");

static bool owners;

/**
 * ipcns_access_init() - check the module's parameters
 *
 * Return: 0 or -EINVAL, with the reason in the log.
 */
int __init ipcns_access_init(void)
{
	if (scoped_access) {
		pr_err("scoped_access is now called access, and is access=root (default) or access=owner\n");
		return -EINVAL;
	}
	owners = !strcmp(access, "owner");
	if (!owners && strcmp(access, "root")) {
		pr_err("access is \"%s\", must be root or owner\n", access);
		return -EINVAL;
	}
	return 0;
}

/* Security modules are asked without a record in the audit log: a refusal is a common answer. */
static bool cred_capable(const struct cred *cred, struct user_namespace *user_ns, int cap)
{
	const struct cred *old = override_creds(cred);
	bool ok = ns_capable_noaudit(user_ns, cap);

	revert_creds(old);
	return ok;
}

/*
 * Both the sender of a request and the opener of its socket must have a capability
 * (net/core/sock.c sk_ns_capable()), so that a socket that is handed on gives no one
 * the rights of its opener, and none to its opener.
 */
static bool both_capable(const struct cred *sender, const struct cred *opener,
			 struct user_namespace *user_ns, int cap)
{
	return cred_capable(sender, user_ns, cap) && cred_capable(opener, user_ns, cap);
}

static const struct cred *opener_of(const struct sk_buff *request)
{
	return NETLINK_CB(request).sk->sk_socket->file->f_cred;
}

/**
 * ipcns_access_admin() - is a request one of the machine's administrator?
 * @request:	the request
 *
 * Context: the handler of the request or .start of a dump, which run as the
 * sender. Does not sleep.
 * Return: true if the sender and the opener of the socket have CAP_SYS_ADMIN in
 * the initial user namespace.
 */
bool ipcns_access_admin(const struct sk_buff *request)
{
	return both_capable(current_cred(), opener_of(request), &init_user_ns, CAP_SYS_ADMIN);
}

/**
 * ipcns_access_check() - may the sender of a request ask for anything at all?
 * @request:	the request
 * @extack:	gets the reason for an error; may be NULL
 *
 * Nothing is done for a caller before this has been asked.
 *
 * Context: as for ipcns_access_admin().
 * Return: 0 or -EPERM.
 */
int ipcns_access_check(const struct sk_buff *request, struct netlink_ext_ack *extack)
{
	if (owners || ipcns_access_admin(request))
		return 0;
	NL_SET_ERR_MSG(extack, "needs CAP_SYS_ADMIN in the initial user namespace (module parameter access=root)");
	return -EPERM;
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
 * Context: as for ipcns_access_admin().
 */
void ipcns_reader_get(struct ipcns_reader *r, const struct sk_buff *request)
{
	r->cred = get_current_cred();
	r->opener = get_cred(opener_of(request));
	r->pid_ns = get_pid_ns(task_active_pid_ns(current));
	r->user_ns = r->opener->user_ns;
	r->admin = ipcns_access_admin(request);
	/* a socket handed on, or kept over a change of identity, has no namespace of its own */
	r->own = 0;
	if (r->opener->user_ns == r->cred->user_ns && uid_eq(r->opener->euid, r->cred->euid))
		r->own = own_cookie();
}

/**
 * ipcns_reader_put() - release what ipcns_reader_get() took
 * @r:		the reader
 */
void ipcns_reader_put(struct ipcns_reader *r)
{
	put_pid_ns(r->pid_ns);
	put_cred(r->opener);
	put_cred(r->cred);
}

/**
 * ipcns_reader_access() - what may a reader see of a namespace?
 * @r:		the reader
 * @user_ns:	owner of the namespace
 * @cookie:	key of the namespace, see ipcns_cookie()
 *
 * The answer is found before a reference on the namespace is taken. It is not
 * kept: a user namespace may be freed, and another one have its address, while a
 * walk continues.
 *
 * Context: RCU read side, or the namespace is referenced. Does not sleep.
 */
enum ipcns_access ipcns_reader_access(const struct ipcns_reader *r, struct user_namespace *user_ns,
				      u64 cookie)
{
	/* CAP_SYS_ADMIN in a user namespace is one in all below it (cap_capable()) */
	if (r->admin || (owners && both_capable(r->cred, r->opener, user_ns, CAP_SYS_ADMIN)))
		return IPCNS_ACCESS_FULL;
	return owners && cookie == r->own ? IPCNS_ACCESS_OWN : IPCNS_ACCESS_NONE;
}

/* The permission bits that somebody has by being the owner, or in the group, or neither. */
static umode_t cred_mode(const struct cred *cred, kuid_t uid, kuid_t cuid, kgid_t gid, kgid_t cgid,
			 umode_t mode)
{
	const struct cred *old = override_creds(cred);
	kuid_t euid = current_euid();

	if (uid_eq(euid, cuid) || uid_eq(euid, uid))
		mode >>= 6;
	else if (in_group_p(cgid) || in_group_p(gid))
		mode >>= 3;
	revert_creds(old);
	return mode;
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
 * As ipc/util.c ipcperms(), of the sender of the request and of the opener of its
 * socket. What security modules say of single objects is not asked.
 *
 * Context: as for ipcns_reader_access().
 */
bool ipcns_reader_may_read(const struct ipcns_reader *r, struct user_namespace *user_ns, kuid_t uid,
			   kuid_t cuid, kgid_t gid, kgid_t cgid, umode_t mode)
{
	mode = cred_mode(r->cred, uid, cuid, gid, cgid, mode) &
	       cred_mode(r->opener, uid, cuid, gid, cgid, mode);
	return (mode & 04) || both_capable(r->cred, r->opener, user_ns, CAP_IPC_OWNER);
}
