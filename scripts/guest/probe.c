// SPDX-License-Identifier: GPL-2.0-only
/* The only program of the guest that tries KVM (accel.py): reports that it runs, and reboots. */
#include <string.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

int main(void)
{
	static const char mark[] = "probe: user space runs\n";

	if (write(STDOUT_FILENO, mark, strlen(mark)) < 0)
		return 1;
	tcdrain(STDOUT_FILENO);
	reboot(RB_AUTOBOOT);
	return 1;
}
