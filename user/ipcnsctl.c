// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "util.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static const struct command commands[] = {
	{ "list", cmd_list, "every IPC namespace, one row each (the default)" },
	{ "objects", cmd_objects, "IPC objects of all or some namespaces" },
	{ "check", cmd_check, "what leaks, is near a limit, is blocked, or is not recorded" },
	{ "show", cmd_show, "one namespace in full" },
	{ "holders", cmd_holders, "what keeps a namespace" },
	{ "exec", cmd_exec, "run a command inside a namespace" },
	{ "rm", cmd_rm, "remove objects of any namespace" },
	{ "limits", cmd_limits, "limits and their use: after \"No space left on device\"" },
	{ "waiters", cmd_waiters, "who waits for semaphores and queues, and for whom" },
	{ "monitor", cmd_monitor, "what happens to namespaces and objects, as it happens" },
	{ "history", cmd_history, "what happened: the events that are on record" },
	{ "wait", cmd_wait, "until a namespace has been destroyed" },
	{ "metrics", cmd_metrics, "metrics for Prometheus" },
	{ "status", cmd_status, "whether the module works, its versions and counters" },
};

static void print_usage(void)
{
	size_t i;

	puts("Usage: " PROGRAM " COMMAND [OPTION...] [NS...]\n"
	     "       " PROGRAM " [OPTION...] [NS...]   as \"list\"\n\n"
	     "Shows IPC namespaces and the IPC objects in them.\n"
	     "Commands:");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf(" %-10s  %s\n", commands[i].name, commands[i].help);
	printf(" %-10s  %s\n", "help", "display the help of a command");
	puts("\nOptions:\n"
	     " -h, --help  -V, --version    those of a command: '" PROGRAM " help COMMAND'");
}

/* A descriptor below 3 that came in closed must not become the netlink socket. */
static void fill_standard_fds(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		/*
		 * Opened the wrong way round, so that use of it fails as on a closed one; and what
		 * exec starts finds it closed.
		 */
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", (fd ? O_RDONLY : O_WRONLY) | O_CLOEXEC) < 0)
			exit(STATUS_ERROR);
	}
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/*
 * Whether a word can be the name of a command. Each way to name a namespace has something that is
 * no letter: an inode number, ipc:[...], id=, pid=, unit=, a slash.
 */
static bool is_word(const char *arg)
{
	return *arg && strspn(arg, "abcdefghijklmnopqrstuvwxyz-_") == strlen(arg);
}

static const struct command *get_command(const char *name)
{
	const struct command *command = find_command(name);

	if (!command)
		die_usage("unknown command: %s", name);
	return command;
}

/*
 * A command behind options, as in "-J objects", changes places with them. Not behind a word that may
 * be the argument of an option, as in "-o NS objects".
 */
static void put_command_first(int argc, char **argv)
{
	char *name;
	int i = 1;

	while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--"))
		i++;
	if (i == 1 || i == argc || !find_command(argv[i]))
		return;
	name = argv[i];
	for (; i > 1; i--)
		argv[i] = argv[i - 1];
	argv[1] = name;
}

/* "help COMMAND ..." is "COMMAND ... --help". */
static const struct command *take_help(int argc, char **argv)
{
	static char help[] = "--help";
	const struct command *command;
	int i;

	if (argc < 3 || argv[2][0] == '-') {
		print_usage();
		check_stdout();
		exit(STATUS_OK);
	}
	command = get_command(argv[2]);
	for (i = 2; i < argc - 1; i++)
		argv[i] = argv[i + 1];
	argv[argc - 1] = help;
	return command;
}

/* Tables in files are written in large pieces; stdio's own buffer has 4 KiB. */
static void enlarge_stdout(void)
{
	static char buffer[1 << 16];

	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

int main(int argc, char **argv)
{
	static char program[] = PROGRAM;
	const struct command *command = &commands[0];
	int status;

	fill_standard_fds();
	setlocale(LC_ALL, "");
	enlarge_stdout();

	if (argc > 1 && (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")))
		print_version();
	if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
		print_usage();
		check_stdout();
		return STATUS_OK;
	}
	put_command_first(argc, argv);
	if (argc > 1 && !strcmp(argv[1], "help")) {
		command = take_help(argc, argv);
		argc--;
		argv++;
	} else if (argc > 1 && argv[1][0] != '-' && is_word(argv[1])) {
		command = get_command(argv[1]);
		argc--;
		argv++;
	}
	if (argc)
		argv[0] = program; /* getopt_long() names it in its messages */
	command_name = command->name;
	status = command->run(argc, argv);
	check_stdout();
	return status;
}
