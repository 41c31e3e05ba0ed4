/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands: each has its arguments as main() has them, and returns an exit status. */
#ifndef IPCNSCTL_COMMAND_H
#define IPCNSCTL_COMMAND_H

int cmd_list(int argc, char **argv);
int cmd_objects(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_holders(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_waiters(int argc, char **argv);
int cmd_limits(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_status(int argc, char **argv);

#endif
