// SPDX-License-Identifier: GPL-2.0-only
/* When output is coloured, on a terminal of the test's own. Results go to stderr. */
#include <fcntl.h>
#include <pty.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "print/color.h"

static char home[] = "/tmp/color-XXXXXX";

/* Files of terminal-colors.d(5), in a folder below the home. */
static void have_files(const char *below, const char *first, ...)
{
	char text[256];
	const char *name;
	va_list ap;

	snprintf(text, sizeof(text), "rm -rf %s/*; mkdir -p %s/%s/terminal-colors.d", home, home, below);
	if (system(text))
		exit(1);
	va_start(ap, first);
	for (name = first; name; name = va_arg(ap, const char *)) {
		snprintf(text, sizeof(text), "%s/%s/terminal-colors.d/%s", home, below, name);
		close(open(text, O_WRONLY | O_CREAT, 0600));
	}
	va_end(ap);
}

static void is(bool want, const char *name)
{
	check(color_wanted(COLOR_AUTO) == want, name);
}

static void words(void)
{
	enum color_when when = COLOR_NEVER;

	check(color_parse(NULL, &when) && when == COLOR_AUTO, "no word");
	check(color_parse("always", &when) && when == COLOR_ALWAYS, "always");
	check(color_parse("never", &when) && when == COLOR_NEVER, "never");
	check(color_parse("auto", &when) && when == COLOR_AUTO, "auto");
	check(!color_parse("", &when) && !color_parse("red", &when), "another word");
	check(color_wanted(COLOR_ALWAYS) && !color_wanted(COLOR_NEVER), "asked for, or refused");
}

static void files(void)
{
	setenv("XDG_CONFIG_HOME", "relative", 1);
	have_files(".config", "disable", NULL);
	is(false, "switched off in the home folder; a relative one of XDG is none");
	setenv("XDG_CONFIG_HOME", home, 1);
	have_files("", "disable", NULL);
	is(false, "switched off for all programs");
	have_files("", "ipcnsctl.disable", NULL);
	is(false, "for this one");
	have_files("", "@xterm.disable", NULL);
	is(false, "for this terminal");
	have_files("", "ipcnsctl@xterm.disable", NULL);
	is(false, "for both");
	have_files("", "ipcnsctl@vt100.disable", "@vt100.disable", "lsns.disable", "xdisable",
		   "ipcns.disable", "lsns@xterm.disable", NULL);
	is(true, "for others only");
	have_files("", "disable", "ipcnsctl.enable", NULL);
	is(true, "on for this program counts more than off for all");
	have_files("", "ipcnsctl.disable", "@xterm.enable", NULL);
	is(false, "the program counts more than the terminal");
	have_files("", "enable", "disable", NULL);
	is(true, "on counts more than off");
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", "relative", 1);
	is(access("/etc/terminal-colors.d/disable", F_OK), "no home folder: as the system says");
}

int main(void)
{
	char remove[64];
	int own, other;

	if (!mkdtemp(home) || openpty(&other, &own, NULL, NULL, NULL))
		return 1;
	words();
	setenv("HOME", home, 1);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	have_files(".config", NULL);
	dup2(own, STDOUT_FILENO);
	is(true, "on a terminal");
	setenv("NO_COLOR", "", 1);
	is(true, "an empty NO_COLOR means nothing");
	setenv("NO_COLOR", "1", 1);
	is(false, "NO_COLOR");
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	is(false, "a terminal that can do nothing");
	unsetenv("TERM");
	is(false, "or that nobody knows");
	setenv("TERM", "xterm", 1);
	files();
	dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
	setenv("HOME", home, 1);
	is(false, "no terminal");
	snprintf(remove, sizeof(remove), "rm -rf %s", home);
	return system(remove) || failures;
}
