// SPDX-License-Identifier: GPL-2.0-only
/* Files of services, which are read only where nobody but root can have written them. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "host/state_file.h"

static char folder[] = "/tmp/state-XXXXXX";
static char path[64];

static void make(mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, "{\"a\": 1}", 8) != 8 || fchmod(fd, mode))
		exit(1);
	close(fd);
}

static bool is_read(const char *name, size_t max)
{
	size_t len = 0;
	char *text = state_file_read(name, max, &len);
	bool whole = text && len == 8 && !memcmp(text, "{\"a\": 1}", 8);

	free(text);
	return whole;
}

static bool is_refused(const char *name)
{
	size_t len;

	return !state_file_read(name, 1000, &len);
}

static void check_all(void)
{
	char link[128];

	make(0644);
	check(is_read(path, 1000), "a file of root's");
	check(is_read(path, 8), "as long as it may be");
	check(!is_read(path, 7), "one byte longer");
	make(0664);
	check(is_refused(path), "a group can write it");
	make(0646);
	check(is_refused(path), "everybody can");
	make(0644);
	snprintf(link, sizeof(link), "%s/link", folder);
	check(!symlink(path, link) && is_refused(link), "a link to it");
	unlink(link);
	check(!symlink(folder, link) && strcat(link, "/file") && is_refused(link),
	      "a link on the way to it");
	snprintf(link, sizeof(link), "%s/link", folder);
	unlink(link);
	check(!chown(path, 4321, 0) && is_refused(path), "somebody else's");
	unlink(path);
	check(is_refused(path), "there is none");
	check(!mkfifo(path, 0644) && is_refused(path), "a pipe, which nobody waits for");
	unlink(path);
	check(!mkdir(path, 0755) && is_refused(path), "a folder");
	rmdir(path);
	close(open(path, O_WRONLY | O_CREAT, 0644));
	check(is_refused(path), "an empty file");
	unlink(path);
	check(is_refused("/proc/version"), "a filesystem that is no disk");
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/file", folder);
	make(0644);
	if (geteuid())
		fprintf(stderr, "ok - files of services # SKIP not root\n");
	else if (!is_read(path, 1000))
		fprintf(stderr, "ok - files of services # SKIP /tmp is on no disk of this machine\n");
	else
		check_all();
	unlink(path);
	return rmdir(folder) || failures;
}
