// SPDX-License-Identifier: GPL-2.0-only
/* Commands of the tool, against made-up answers: which command, then records (kernel.h). */
#include <stdint.h>
#include <string.h>

#include "command.h"
#include "kernel.h"
#include "util.h"

#define COMMAND(run, ...) { run, (char *[]){ "x", ##__VA_ARGS__, NULL } }

static const struct {
	int (*run)(int argc, char **argv);
	char **argv;
} commands[] = {
	COMMAND(cmd_list, "--output-all"),
	COMMAND(cmd_list, "-J", "--output-all"),
	COMMAND(cmd_list, "-r", "-o", "+CREATED,CREATOR,HELD"),
	COMMAND(cmd_list, "--tree"),
	COMMAND(cmd_list, "-J", "--tree"),
	COMMAND(cmd_list, "1", "id=2", "ipc:[3]"),
	COMMAND(cmd_objects),
	COMMAND(cmd_objects, "-J", "--output-all"),
	COMMAND(cmd_objects, "-r"),
	COMMAND(cmd_objects, "--orphans"),
	COMMAND(cmd_objects, "-J", "--type", "shm", "--output-all"),
	COMMAND(cmd_objects, "--type", "sem", "--output-all", "-b"),
	COMMAND(cmd_objects, "--type", "msg", "-r", "--output-all"),
	COMMAND(cmd_objects, "-J", "--type", "mq", "--output-all"),
	COMMAND(cmd_objects, "--attached", "--output-all"),
	COMMAND(cmd_objects, "-J", "--attached", "1"),
	COMMAND(cmd_objects, "--type", "sem", "--id", "0", "1"),
	COMMAND(cmd_objects, "-J", "--type", "sem", "--id", "0", "--output-all", "1"),
	COMMAND(cmd_objects, "--type", "msg", "--id", "0", "1"),
	COMMAND(cmd_objects, "-J", "--type", "mq", "--name", "q", "1"),
	COMMAND(cmd_holders, "1"),
	COMMAND(cmd_holders, "-J", "--output-all", "1", "2"),
	COMMAND(cmd_rm, "1", "shm", "0", "1", "--key", "5"),
	COMMAND(cmd_rm, "1", "mq", "q", "q2"),
	COMMAND(cmd_rm, "--in-use", "1", "sem", "0"),
	COMMAND(cmd_show, "1"),
	COMMAND(cmd_show, "-J", "1"),
	COMMAND(cmd_limits),
	COMMAND(cmd_limits, "-J", "--output-all"),
	COMMAND(cmd_metrics),
	COMMAND(cmd_metrics, "--format", "prometheus", "--top", "1"),
	COMMAND(cmd_status),
	COMMAND(cmd_status, "-J"),
	COMMAND(cmd_objects, "-J", "--orphans", "--summary"),
	COMMAND(cmd_objects, "--orphans", "--output-all", "--older-than", "1 min"),
	COMMAND(cmd_waiters, "--output-all"),
	COMMAND(cmd_waiters, "-J", "--output-all"),
	COMMAND(cmd_check, "--all"),
	COMMAND(cmd_check, "-J", "--output-all", "1"),
	COMMAND(cmd_history),
	COMMAND(cmd_history, "--type", "shm", "id=1", "2"),
	COMMAND(cmd_list, "--output-all", "--sort", "-COMMAND,NS,UNIT,USER,CREATED"),
	COMMAND(cmd_list, "-J", "--tree", "--sort", "-PID,NPROCS", "--state", "active,pinned"),
	COMMAND(cmd_objects, "-r", "--sort", "KEY,-SIZE,OWNER,CTIME", "--color=always"),
	COMMAND(cmd_holders, "--summary", "-J", "1"),
	COMMAND(cmd_limits, "--above", "80", "--sort", "-USE%,RESOURCE"),
	COMMAND(cmd_objects, "--pid", "10"),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t i;

	if (!len)
		return 0;
	i = data[0] % ARRAY_SIZE(commands);
	run_command(commands[i].run, commands[i].argv, data + 1, len - 1,
		    commands[i].argv[1] && !strcmp(commands[i].argv[1], "-J"));
	return 0;
}
