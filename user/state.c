// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that says how far events were read. Numbers of events begin anew when the module is
 * loaded: the file has the identity of that, too, which is the inode number of the module's
 * directory in sysfs. Those are not used again before the next boot.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ipcnsctl.h"
#include "state.h"
#include "text.h"

#define MODULE "/sys/module/ipcns"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/** state_now - the module that is loaded now, and an event of it */
void state_now(struct state *state, uint64_t seq)
{
	struct stat info;
	FILE *file = fopen(BOOT_ID, "re");

	*state = (struct state){ .seq = seq };
	if (!file || fscanf(file, "%39s", state->boot) != 1)
		die(STATUS_ERROR, "cannot read %s", BOOT_ID);
	fclose(file);
	/* If it is unloaded meanwhile, the next request finds that out. */
	if (!stat(MODULE, &info))
		state->module = info.st_ino;
	else if (errno != ENOENT)
		die(STATUS_ERROR, "cannot look at %s: %s", MODULE, strerror(errno));
}

/** state_same - whether both have numbers of the same module since it was loaded */
bool state_same(const struct state *a, const struct state *b)
{
	return a->module == b->module && !strcmp(a->boot, b->boot);
}

/** state_read - read the file; false if there is none, and dies if it says something else */
bool state_read(struct state *state, const char *path)
{
	FILE *file = fopen(path, "re");
	char module[21], seq[21];
	bool good;

	if (!file && errno == ENOENT)
		return false;
	if (!file)
		die(STATUS_ERROR, "cannot read %s: %s", path, strerror(errno));
	good = fscanf(file, "boot=%39s module=%20s seq=%20s", state->boot, module, seq) == 3 &&
	       parse_uint(module, strlen(module), 10, UINT64_MAX, &state->module) &&
	       parse_uint(seq, strlen(seq), 10, UINT64_MAX - 1, &state->seq);
	fclose(file);
	if (!good)
		die(STATUS_ERROR, "%s is no state of this program", path);
	return true;
}

static void fill(FILE *out, const void *arg)
{
	const struct state *state = arg;

	fprintf(out, "boot=%s module=%" PRIu64 " seq=%" PRIu64 "\n", state->boot, state->module,
		state->seq);
}

/** state_write - put a new file in the place of the old one */
void state_write(const struct state *state, const char *path)
{
	replace_file(path, fill, state);
}
