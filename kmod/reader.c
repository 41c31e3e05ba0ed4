// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who asks, and what he may see.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ipc_namespace.h>
#include <linux/netlink.h>
#include <net/sock.h>

#include "reader.h"

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

/**
 * ipcns_reader_capable() - has the reader CAP_SYS_ADMIN over a user namespace?
 * @r:		the reader
 * @user_ns:	the user namespace
 *
 * Both the opener of the socket and the sender of the request must have it
 * (net/core/sock.c sk_ns_capable()), so that nobody gains by a socket that he
 * was handed or that he hands on.
 *
 * Context: process context, the socket is open.
 */
bool ipcns_reader_capable(const struct ipcns_reader *r, struct user_namespace *user_ns)
{
	const struct cred *old = override_creds(r->cred);
	bool ok = sk_ns_capable(r->sk, user_ns, CAP_SYS_ADMIN);

	revert_creds(old);
	return ok;
}

/**
 * ipcns_reader_sees() - may the reader see a namespace and what is in it?
 * @r:		the reader
 * @ns:		a namespace, referenced by the caller
 *
 * Context: as for ipcns_reader_capable().
 */
bool ipcns_reader_sees(const struct ipcns_reader *r, struct ipc_namespace *ns)
{
	return ipcns_reader_capable(r, ns->user_ns);
}
