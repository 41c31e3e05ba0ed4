// SPDX-License-Identifier: GPL-2.0-only
/* More files in /dev/shm than are kept, in a mount namespace of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "check.h"
#include "host/posix_shm.h"
#include "util.h"

#define FILES 80000
#define NAME 255
#define MOST (25UL << 20)

static bool make_files(int n)
{
	char name[NAME + 1];
	int i, fd;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%0*d", NAME, i);
		fd = open(name, O_WRONLY | O_CREAT, 0600);
		if (fd < 0)
			return false;
		close(fd);
	}
	return true;
}

int main(void)
{
	struct posix_shm all = { 0 };

	if (geteuid() || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("shm", "/dev/shm", "tmpfs", 0, "nr_inodes=0") || chdir("/dev/shm")) {
		fprintf(stderr, "ok - many files # SKIP no /dev/shm of its own: %s\n", strerror(errno));
		return 0;
	}
	quiet = true;
	check(make_files(100), "some files");
	posix_shm_read(&all, false, 0);
	check(all.n >= 100 && !all.cut, "are found");
	posix_shm_free(&all);
	check(!all.n && !all.bytes && make_files(FILES), "more than are kept");
	posix_shm_read(&all, false, 0);
	check(all.cut && all.n < FILES && all.n > FILES / 2, "are cut, which is said");
	check(all.bytes < MOST, "where they would take too much memory");
	posix_shm_free(&all);
	return failures > 0;
}
