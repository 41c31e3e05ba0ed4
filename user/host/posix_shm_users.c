// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who uses files in /dev/shm: processes that have them mapped or open, by device and inode number,
 * mounts, loop devices. Files that were unlinked and are still in use are found on the way.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/posix_shm_users.h"
#include "host/processes.h"
#include "util.h"

/* A file without a name that was found, and its place in the list. */
struct deleted {
	uint32_t dev;
	uint64_t ino;
	size_t file;
};

/* A line of /proc/PID/maps that is about a file. */
struct mapping {
	unsigned long start, end;
	uint32_t dev;
	uint64_t ino;
	const char *path;
	size_t len;
};

static int compare_devs(const void *p, const void *q)
{
	const struct by_dev *a = p, *b = q;

	return (a->dev > b->dev) - (a->dev < b->dev);
}

static int compare_deleted(const void *p, const void *q)
{
	const struct deleted *a = p, *b = q;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return (a->ino > b->ino) - (a->ino < b->ino);
}

/* A folder on the filesystem @dev; NULL if there is none. */
static const struct by_dev *folder_of(const struct shm_reading *reading, uint32_t dev)
{
	const struct by_dev wanted = { .dev = dev }, *found = NULL;

	if (reading->all->n_folders)
		found = bsearch(&wanted, reading->by_dev, reading->all->n_folders, sizeof(wanted),
				compare_devs);
	while (found && found > reading->by_dev && found[-1].dev == dev)
		found--;
	return found;
}

/* The lowest that there are, each once. */
static void add_pid(struct shm_file *file, uint32_t pid)
{
	size_t i = file->n_pids;

	if (!file->pids)
		file->pids = xcalloc(SHM_FILE_PIDS, sizeof(*file->pids));
	while (i && file->pids[i - 1] > pid)
		i--;
	if (i == SHM_FILE_PIDS || (i && file->pids[i - 1] == pid))
		return;
	if (file->n_pids < SHM_FILE_PIDS)
		file->n_pids++;
	memmove(file->pids + i + 1, file->pids + i,
		(file->n_pids - i - 1) * sizeof(*file->pids));
	file->pids[i] = pid;
}

static void count_use(struct shm_reading *reading, struct shm_file *file, uint32_t pid, bool mapped)
{
	uint32_t *last = mapped ? &file->last_mapped : &file->last_open;

	if (*last == pid)
		return;
	*last = pid;
	if (mapped)
		file->mapped++;
	else
		file->open++;
	file->by_process |= pid == reading->pid;
	add_pid(file, pid);
}

/* Counts a use of a file that has one or more names; false if it has none in any folder. */
static bool use_named(struct shm_reading *reading, uint32_t dev, uint64_t ino, uint32_t pid,
		      bool mapped)
{
	const struct shm_file wanted = { .dev = dev, .ino = ino };
	struct shm_file *files = reading->all->files, *end = files + reading->named, *file = NULL;

	if (reading->named)
		file = bsearch(&wanted, files, reading->named, sizeof(wanted), shm_files_compare);
	if (!file)
		return false;
	while (file > files && !shm_files_compare(file - 1, &wanted))
		file--;
	for (; file < end && !shm_files_compare(file, &wanted); file++)
		count_use(reading, file, pid, mapped);
	return true;
}

/* The file without a name that has this inode number, if it was found before. */
static struct shm_file *find_deleted(const struct shm_reading *reading, uint32_t dev, uint64_t ino)
{
	const struct deleted wanted = { .dev = dev, .ino = ino };
	struct deleted **found = tfind(&wanted, &reading->deleted, compare_deleted);

	return found ? &reading->all->files[(*found)->file] : NULL;
}

/* Adds a file that has lost its name, or returns NULL; @stx is NULL if it cannot be looked at. */
static struct shm_file *add_deleted(struct shm_reading *reading, const struct by_dev *where,
				    uint64_t ino, const char *name, size_t len,
				    const struct statx *stx)
{
	struct deleted *deleted;
	struct shm_file *file;

	reading->all->cut |= reading->all->bytes > FILES_SIZE;
	if (reading->all->cut)
		return NULL;
	deleted = xcalloc(1, sizeof(*deleted));
	*deleted = (struct deleted){ where->dev, ino, reading->all->n };
	if (!tsearch(deleted, &reading->deleted, compare_deleted))
		die(STATUS_ERROR, "out of memory");
	shm_add_file(reading, where->folder, name, len, ino, stx);
	file = &reading->all->files[deleted->file];
	file->deleted = true;
	return file;
}

/* Of a line that is longer, as users can make them, the end of the path is not looked at. */
#define MAX_LINE 32768

/* See proc_pid_maps(5); false if the line is about no file. */
static bool parse_mapping(const char *line, size_t len, struct mapping *mapping)
{
	unsigned long major, minor;
	int field;
	char *at;

	mapping->start = strtoul(line, &at, 16);
	if (*at != '-')
		return false;
	mapping->end = strtoul(at + 1, &at, 16);
	for (field = 0; field < 2; field++) {	/* permissions, offset */
		at = strchr(at + (*at == ' '), ' ');
		if (!at)
			return false;
	}
	major = strtoul(at, &at, 16);
	if (*at != ':')
		return false;
	minor = strtoul(at + 1, &at, 16);
	mapping->dev = mount_dev(major, minor);
	mapping->ino = strtoull(at, &at, 10);
	mapping->path = at + strspn(at, " ");
	mapping->len = line + len - mapping->path;
	return mapping->ino;
}

static void take_deleted_mapping(struct shm_reading *reading, const struct by_dev *where,
				 const struct mapping *mapping, uint32_t pid)
{
	static const char suffix[] = " (deleted)";
	struct shm_file *file = find_deleted(reading, mapping->dev, mapping->ino);
	struct statx stx;
	const char *name;
	char path[96];
	bool known;
	size_t len;

	if (!file) {
		if (!shm_has_suffix(mapping->path, mapping->len, suffix))
			return;
		snprintf(path, sizeof(path), "/proc/%u/map_files/%lx-%lx", pid, mapping->start,
			 mapping->end);
		known = !statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
			       STATX_BASIC_STATS, &stx) &&
			stx.stx_ino == mapping->ino &&
			mount_dev(stx.stx_dev_major, stx.stx_dev_minor) == mapping->dev;
		if (known && stx.stx_nlink)
			return;
		len = mapping->len - strlen(suffix);
		name = memrchr(mapping->path, '/', len);
		if (!name)
			return;
		name++;
		file = add_deleted(reading, where, mapping->ino, name, mapping->path + len - name,
				   known ? &stx : NULL);
		if (!file)
			return;
	}
	count_use(reading, file, pid, true);
}

/* Reads what a task of a process has mapped; false if that is nothing. */
static bool read_maps(struct shm_reading *reading, uint32_t pid, const char *task)
{
	static char line[MAX_LINE];
	const struct by_dev *where;
	struct mapping mapping;
	bool begins = true, any = false;
	char path[64];
	size_t len;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%u/task/%.10s/maps", pid, task);
	in = fopen(path, "re");
	if (!in) {
		shm_take_error(reading);
		return false;
	}
	for (; fgets(line, sizeof(line), in); begins = line[len] == '\n') {
		any = true;
		len = strcspn(line, "\n");
		if (!begins || !parse_mapping(line, len, &mapping))
			continue;
		where = folder_of(reading, mapping.dev);
		if (where && !use_named(reading, mapping.dev, mapping.ino, pid, true) &&
		    where->whole)
			take_deleted_mapping(reading, where, &mapping, pid);
	}
	if (ferror(in))
		shm_take_error(reading);
	fclose(in);
	return any;
}

/* All tasks of a process have the same mapped, but for those that have ended: the first may have. */
static void look_at_maps(uint32_t pid, void *arg)
{
	const struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	if (!dir)
		shm_take_error(arg);
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.' && read_maps(arg, pid, entry->d_name))
			break;
	if (dir)
		closedir(dir);
}

static void take_descriptor(const struct descriptor *descriptor, void *arg)
{
	struct shm_reading *reading = arg;
	const struct by_dev *where = folder_of(reading, descriptor->dev);
	struct shm_file *file;

	if (!where ||
	    use_named(reading, descriptor->dev, descriptor->ino, descriptor->pid, false) ||
	    !where->whole || descriptor->stat->stx_nlink)
		return;
	file = find_deleted(reading, descriptor->dev, descriptor->ino);
	if (!file)
		file = add_deleted(reading, where, descriptor->ino, descriptor->name,
				   descriptor->len, descriptor->stat);
	if (file)
		count_use(reading, file, descriptor->pid, false);
}

/* Loop devices keep a file without a descriptor or a mount; the path is all that they show. */
static void read_loop_devices(struct shm_reading *reading)
{
	char path[sizeof("/sys/block//loop/backing_file") + NAME_MAX], *line = NULL, *name;
	DIR *dir = opendir("/sys/block");
	const struct dirent *entry;
	size_t size = 0, i;
	ssize_t len;
	FILE *in;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "loop", 4))
			continue;
		snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", entry->d_name);
		in = fopen(path, "re");
		len = in ? getline(&line, &size, in) : -1;
		name = len > 0 ? memrchr(line, '/', len) : NULL;
		for (i = 0; name && i < reading->all->n_folders; i++)
			number_set_add(&reading->mounted,
				       shm_hash_name(reading->all->folders[i].dev, name + 1,
						 line + len - 1 - (name + 1)));
		if (in)
			fclose(in);
	}
	free(line);
	if (dir)
		closedir(dir);
}

/** shm_read_users - find out who has files mapped and open, and what else keeps them */
void shm_read_users(struct shm_reading *reading)
{
	struct shm_file *file;
	size_t i;

	read_loop_devices(reading);
	for (i = 0; i < reading->all->n; i++) {
		file = &reading->all->files[i];
		file->mounted = number_set_has(&reading->mounted,
					       shm_hash_name(file->dev, file->name, file->len));
	}
	processes_read(look_at_maps, reading);
	if (!reading->partial && !descriptors_read(&reading->search, take_descriptor, reading))
		return;
	reading->all->users = !reading->partial;
}
