// SPDX-License-Identifier: GPL-2.0-only
/* Connections to the module, and errors of requests that end the tool. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "host/capability.h"
#include "host/posix_shm.h"
#include "ipc/module.h"
#include "util.h"

static _Noreturn void die_of(int err, const char *text)
{
	if (err == -ENODEV)
		die(STATUS_NO_MODULE, "module not loaded: try \"modprobe ipcns\"");
	if (err == -EPROTONOSUPPORT)
		die(STATUS_NO_MODULE, "%s: use the " PROGRAM " made for it", text);
	die(STATUS_ERROR, "%s", text);
}

/** module_open - connect to the module, or die */
struct ipcns *module_open(void)
{
	struct ipcns *c = ipcns_new();
	int ret;

	if (!c)
		die(STATUS_ERROR, "out of memory");
	ret = ipcns_connect(c);
	if (ret)
		die_of(ret, ipcns_error(c));
	return c;
}

/**
 * module_die - end the tool because a request failed
 * @c: the connection
 * @err: what the request returned
 * @fmt: what cannot be done, as for printf(3)
 */
void module_die(const struct ipcns *c, int err, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	if (err == -ENODEV)
		die_of(err, ipcns_error(c));
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	die(STATUS_ERROR, "%s: %s", what, ipcns_error(c));
}

/**
 * module_gone - whether a request failed since what it names was removed
 * @err: what the request returned
 *
 * ENOENT: there is no such namespace or object. ESTALE: the namespace is dying. EIDRM: the object was
 * removed while it was read.
 */
bool module_gone(int err)
{
	return err == -ENOENT || err == -ESTALE || err == -EIDRM;
}

/**
 * report_part - report, in one line, that the caller sees only a part, if that is so
 * @files: files in /dev/shm were asked for with everything else, too
 */
void report_part(bool files)
{
	if (quiet)
		return;
	if (!is_administrator())
		error("you see only a part: all takes CAP_SYS_ADMIN in the initial user namespace");
	else if (files && !posix_shm_permitted())
		error("files in /dev/shm are not shown: that takes CAP_SYS_PTRACE, and the /proc of "
		      "the initial pid namespace");
}

/**
 * feed_open - listen to the module, or die
 * @objects: to events about objects, too
 * @take: called for each event
 * @arg: passed to it
 * @loaded: set to whether the module is there: the feed has not joined if it is not; NULL to die
 */
struct ipcns_feed *feed_open(bool objects, ipcns_event_fn take, void *arg, bool *loaded)
{
	struct ipcns_feed *f = ipcns_feed_new(take, arg);
	int ret;

	if (!f)
		die(STATUS_ERROR, "out of memory");
	ret = ipcns_feed_open(f);
	if (!ret) {
		ret = ipcns_feed_join(f, objects);
		if (loaded) {
			*loaded = ret != -ENODEV;
			if (!*loaded)
				return f;
		}
	}
	if (ret)
		die_of(ret, ipcns_feed_error(f));
	return f;
}

/**
 * feed_alive - whether the module is still there
 * @f: the feed
 * @ret: what a function of the feed returned; on errors with no way on, the tool ends
 */
bool feed_alive(const struct ipcns_feed *f, int ret)
{
	if (ret < 0 && ret != -ENODEV)
		die_of(ret, ipcns_feed_error(f));
	return ret >= 0;
}
