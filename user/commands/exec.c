// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl exec: a command inside a namespace, one without processes too. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/namespace_open.h"
#include "print/table_options.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " exec [OPTION...] NS [--] [COMMAND [ARG...]]\n\n"
	"Runs a command, $SHELL if none is given, inside an IPC namespace. The exit\n"
	"status is the command's; 126 if it cannot be run, 127 if it is not found.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	"/dev/mqueue stays that of your mount namespace: to remove a queue of NS, use\n"
	"'" PROGRAM " rm NS mq NAME'.\n\n"
	"Options:\n"
	" -h, --help  -V, --version\n";

static const struct option longopts[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 }
};

static _Noreturn void die_not_allowed(const char *arg)
{
	die(STATUS_ERROR, "cannot enter namespace \"%s\": it takes CAP_SYS_ADMIN in its user "
	    "namespace and in yours", arg);
}

static int open_namespace(struct ipcns *w, char **arg)
{
	struct row_store store = { 0 };
	char why[512];
	int fd;

	ns_select(w, 1, arg, &store);
	fd = ns_open(w, store.rows, *arg, why, sizeof(why));
	row_store_clear(&store);
	if (fd == -EPERM)
		die_not_allowed(*arg);
	if (fd < 0)
		die(STATUS_ERROR, "%s", why);
	return fd;
}

static void enter(const char *arg, int fd)
{
	if (!setns(fd, CLONE_NEWIPC))
		return;
	if (errno == EPERM)
		die_not_allowed(arg);
	die(STATUS_ERROR, "cannot enter namespace \"%s\": %s", arg, strerror(errno));
}

static char *const *default_command(void)
{
	static char fallback[] = "/bin/sh";
	static char *command[2];

	command[0] = getenv("SHELL");
	if (!command[0] || !*command[0])
		command[0] = fallback;
	return command;
}

/** cmd_exec - the command */
int cmd_exec(int argc, char **argv)
{
	char *const *command;
	struct table_options opts;
	struct ipcns *w;
	int c, fd;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, "+hV", longopts, NULL)) != -1)
		if (!table_options_take(&opts, c))
			die_usage(NULL);
	if (table_options_finish(&opts, usage, NULL))
		return STATUS_OK;
	if (optind == argc)
		die_usage("no namespace given");
	command = argv + optind + 1;
	if (*command && !strcmp(*command, "--"))
		command++;
	if (!*command)
		command = default_command();

	w = module_open();
	fd = open_namespace(w, argv + optind);
	enter(argv[optind], fd);
	close(fd);
	ipcns_free(w);
	execvp(*command, command);
	c = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
	die(c, "cannot run %s: %s", *command, strerror(errno));
}
