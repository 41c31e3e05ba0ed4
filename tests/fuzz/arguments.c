// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command lines: which command, then words that end in '\n'. The kernel knows nothing. Left out are
 * exec, which would run words, and what waits for events; of these, their lists are read.
 */
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/event_line.h"
#include "command.h"
#include "util.h"
#include "kernel.h"

#define WORDS 16

static int list_of_events(int argc, char **argv)
{
	struct event_mask mask;

	event_mask_all(&mask);
	if (argc > 1)
		event_mask_events(&mask, argv[1]);
	if (argc > 2)
		event_mask_types(&mask, argv[2]);
	return event_mask_objects(&mask) ? STATUS_OK : STATUS_ERROR;
}

/* What is refused has a reason, which fits its buffer. */
static int namespaces(int argc, char **argv)
{
	struct ipcns_name ns;
	char why[32];
	int i;

	for (i = 1; i < argc; i++) {
		memset(why, 'x', sizeof(why));
		if (!ipcns_name_parse(argv[i], &ns, why, sizeof(why)) &&
		    (!*why || !memchr(why, '\0', sizeof(why))))
			abort();
	}
	return STATUS_OK;
}

static int (*const commands[])(int argc, char **argv) = {
	namespaces, list_of_events, cmd_list, cmd_objects, cmd_holders, cmd_show, cmd_limits,
	cmd_rm, cmd_status, cmd_waiters, cmd_check, cmd_history,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *argv[WORDS + 2] = { "x" }, *text, *word;
	int argc = 1;

	if (!len)
		return 0;
	text = malloc(len);
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	/* No word is a file that something happens to when it is opened. */
	for (word = strtok(text, "\n"); word && argc <= WORDS; word = strtok(NULL, "\n"))
		if (strncmp(word, "/dev", 4) && strncmp(word, "//", 2) && !strstr(word, ".."))
			argv[argc++] = word;
	run_command(commands[data[0] % ARRAY_SIZE(commands)], argv, NULL, 0, false);
	free(text);
	return 0;
}
