// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX shared memory and named semaphores: regular files of the tmpfs at /dev/shm, in all mount
 * namespaces that a process is in.
 *
 * Most of these mount namespaces are made by others, who put there what they like. So no path of
 * theirs is followed further than the kernel can without asking a filesystem (RESOLVE_CACHED): what
 * is mounted is always in its cache. A folder is read only if its filesystem is a tmpfs, by the
 * device number in mountinfo, for statfs(2) would ask a server. Links are not followed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/capability.h"
#include "host/mounts.h"
#include "host/posix_shm_users.h"
#include "host/processes.h"
#include "host/user_namespace.h"
#include "print/text.h"
#include "util.h"

#define TMPFS_MAGIC 0x01021994
#define FOLDER "/dev/shm"

/* musl has the kernel's struct statx, but not all names in it. */
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#define STATX_ATTR_MOUNT_ROOT 0x2000
#define stx_mnt_id __pad1[0]
#endif

/* Somebody else's renames make a cached look-up fail now and then. */
#define TRIES 100

/* How a process sees its root folder: all that do so have the same /dev/shm. */
struct place {
	uint64_t mntns, mount, ino;
	ssize_t folder;		/* its place in the list, -1 if there is none */
};

/** posix_shm_permitted - whether the caller may look into all processes */
bool posix_shm_permitted(void)
{
	return has_capability(CAP_SYS_PTRACE) && processes_complete();
}

/** posix_shm_is_semaphore - whether a file is what sem_open(3) makes */
bool posix_shm_is_semaphore(const struct shm_file *file)
{
	return file->len > 4 && !memcmp(file->name, "sem.", 4);
}

/** shm_has_suffix - whether a text of @len bytes ends with @suffix */
bool shm_has_suffix(const char *path, size_t len, const char *suffix)
{
	const size_t n = strlen(suffix);

	return len >= n && !memcmp(path + len - n, suffix, n);
}

/**
 * shm_hash_name - a number for a file, by its filesystem and its name
 *
 * FNV-1a. A name that has the hash of another one only makes an unused file count as used.
 */
uint64_t shm_hash_name(uint32_t dev, const char *name, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325 ^ dev;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3;
	return hash;
}

/** shm_take_error - note a process that may not be looked into; one that has ended is no error */
void shm_take_error(struct shm_reading *reading)
{
	if (errno == EACCES || errno == EPERM)
		reading->partial = true;
}

/* Whether the mount namespace of a process belongs to the caller's user namespace. */
static bool is_own_mntns(const struct shm_reading *reading, uint32_t pid)
{
	char path[64];
	int ns, owner;
	struct stat st;
	bool own = false;

	snprintf(path, sizeof(path), "/proc/%u/ns/mnt", pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return false;
	owner = user_namespace_of(ns);
	if (owner >= 0) {
		own = !fstat(owner, &st) && st.st_ino == reading->userns;
		close(owner);
	}
	close(ns);
	return own;
}

/*
 * Anybody can mount any tmpfs that they see at /dev/shm, or the real one elsewhere, in a mount
 * namespace of a user namespace of their own. That a tmpfs is for /dev/shm is said by administrators
 * only; that it is for something else, by anybody.
 */
static void take_mount(const struct mount *mount, void *arg)
{
	struct shm_reading *reading = arg;
	bool whole = mount->root_len == 1, at_shm;

	if (mount->kind != MOUNT_TMPFS)
		return;
	descriptors_add_mount(&reading->search, mount);
	number_set_add(&reading->tmpfs, mount->dev);
	if (!whole) {
		number_set_add(&reading->mounted, shm_hash_name(mount->dev, mount->root + 1,
							    mount->root_len - 1));
		return;
	}
	number_set_add(&reading->whole, mount->id);
	if (mount->mntns != reading->mntns) {
		reading->mntns = mount->mntns;
		reading->own_mntns = is_own_mntns(reading, mount->pid);
	}
	at_shm = mount->len == strlen(FOLDER) && shm_has_suffix(mount->path, mount->len, FOLDER);
	if (at_shm && reading->own_mntns)
		number_set_add(&reading->shared, mount->dev);
	else if (!shm_has_suffix(mount->path, mount->len, "shm"))
		number_set_add(&reading->other, mount->dev);
}

static int compare_places(const void *p, const void *q)
{
	const struct place *a = p, *b = q;

	if (a->mntns != b->mntns)
		return a->mntns < b->mntns ? -1 : 1;
	if (a->mount != b->mount)
		return a->mount < b->mount ? -1 : 1;
	return (a->ino > b->ino) - (a->ino < b->ino);
}

/* What is known of a file without asking its filesystem, by a descriptor with O_PATH. */
static bool identify(int fd, struct statx *stx)
{
	return !statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		      STATX_BASIC_STATS | STATX_MNT_ID, stx);
}

/** posix_shm_open_folder - open /dev/shm under @root with O_PATH; -1 if it is not cached */
int posix_shm_open_folder(int root)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_CACHED,
	};
	int tries, fd = -1;

	for (tries = 0; fd < 0 && tries < TRIES; tries++) {
		fd = syscall(SYS_openat2, root, FOLDER, &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN)
			break;
	}
	return fd;
}

/**
 * shm_add_file - add a file to those that were found
 * @reading: the search
 * @folder: place of its folder in the list
 * @name: its name, any bytes
 * @len: their number
 * @ino: its inode number
 * @stx: what is known of it; NULL for nothing
 */
void shm_add_file(struct shm_reading *reading, size_t folder, const char *name, size_t len,
		  uint64_t ino, const struct statx *stx)
{
	struct posix_shm *all = reading->all;
	struct shm_file *file;

	all->files = xgrow(all->files, all->n, &all->allocated, sizeof(*all->files));
	file = &all->files[all->n++];
	*file = (struct shm_file){
		.dev = all->folders[folder].dev, .ino = ino, .folder = folder, .len = len,
	};
	file->name = xmemdup(name, len);
	all->bytes += sizeof(*file) + len;
	if (!stx)
		return;
	file->known = true;
	file->mode = stx->stx_mode;
	file->uid = stx->stx_uid;
	file->gid = stx->stx_gid;
	file->size = stx->stx_size;
	file->used = stx->stx_blocks * 512;
	file->atime = stx->stx_atime.tv_sec;
	file->mtime = stx->stx_mtime.tv_sec;
	file->ctime = stx->stx_ctime.tv_sec;
}

/* A folder whose time of access stays as it is, if the caller may do that: its owner, or root. */
static int open_for_reading(int folder)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = openat(folder, ".", flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(folder, ".", flags) : fd;
}

/*
 * Adds the regular files of a folder, as far as there is room for them; of other filesystems that are
 * mounted there, none.
 */
static bool list_files(struct shm_reading *reading, int fd, size_t folder)
{
	uint32_t dev = reading->all->folders[folder].dev;
	const struct dirent *entry;
	struct statx stx;
	DIR *dir;

	fd = open_for_reading(fd);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_REG ||
		    statx(fd, entry->d_name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT |
			  AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &stx) ||
		    mount_dev(stx.stx_dev_major, stx.stx_dev_minor) != dev)
			continue;
		reading->all->cut = reading->all->bytes > FILES_SIZE;
		if (reading->all->cut)
			break;
		shm_add_file(reading, folder, entry->d_name, strlen(entry->d_name), stx.stx_ino,
			 &stx);
	}
	closedir(dir);
	return true;
}

/* Descriptors of its files are recognized by their path, which is that of the folder there. */
static void add_path(struct shm_reading *reading, int fd)
{
	static char text[PATH_MAX];
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, text, sizeof(text));
	if (len > 0)
		descriptors_add_folder(&reading->search, text, len);
}

/* The place of a folder in the list, which it is added to if it is new; -1 if it is no tmpfs. */
static ssize_t find_folder(struct shm_reading *reading, int fd)
{
	struct posix_shm *all = reading->all;
	struct shm_folder *folder;
	struct statfs fs;
	struct statx stx;
	uint32_t dev;
	size_t i;

	if (!identify(fd, &stx))
		return -1;
	dev = mount_dev(stx.stx_dev_major, stx.stx_dev_minor);
	if (!number_set_has(&reading->tmpfs, dev) || fstatfs(fd, &fs) || fs.f_type != TMPFS_MAGIC)
		return -1;
	for (i = all->n_folders; i-- > 0;)
		if (all->folders[i].dev == dev && all->folders[i].ino == stx.stx_ino)
			return i;
	all->folders = xgrow(all->folders, all->n_folders, &all->allocated_folders,
			     sizeof(*all->folders));
	folder = &all->folders[all->n_folders];
	*folder = (struct shm_folder){
		.dev = dev, .ino = stx.stx_ino, .size = fs.f_blocks * fs.f_bsize,
		.used = (fs.f_blocks - fs.f_bfree) * fs.f_bsize,
	};
	folder->whole = stx.stx_attributes & STATX_ATTR_MOUNT_ROOT &&
		number_set_has(&reading->whole, stx.stx_mnt_id);
	folder->dedicated = folder->whole &&
		(number_set_has(&reading->shared, dev) || !number_set_has(&reading->other, dev));
	add_path(reading, fd);
	if (!all->folders_only && !list_files(reading, fd, all->n_folders))
		shm_take_error(reading);
	return all->n_folders++;
}

/* Where a process has its root folder; false if it has ended, or may not be looked into. */
static bool find_place(struct shm_reading *reading, uint32_t pid, int *root, struct place *place)
{
	struct statx stx;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/root", pid);
	*root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*root < 0 || !mount_namespace(pid, &place->mntns) || !identify(*root, &stx)) {
		shm_take_error(reading);
		return false;
	}
	place->mount = stx.stx_mnt_id;
	place->ino = stx.stx_ino;
	return true;
}

static struct place *open_place(struct shm_reading *reading, int root, const struct place *wanted)
{
	struct place *place = xmemdup(wanted, sizeof(*wanted));
	int fd = posix_shm_open_folder(root);

	place->folder = fd >= 0 ? find_folder(reading, fd) : -1;
	if (fd >= 0)
		close(fd);
	if (!tsearch(place, &reading->places, compare_places))
		die(STATUS_ERROR, "out of memory");
	return place;
}

/* Takes note that a process of an IPC namespace sees the folder. */
static void add_viewer(struct shm_folder *folder, uint32_t pid)
{
	char path[64];
	struct stat st;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%u/ns/ipc", pid);
	if (stat(path, &st))
		return;
	if (!folder->pid)
		folder->pid = pid;
	for (i = 0; i < folder->n_ipc; i++)
		if (folder->ipc[i] == st.st_ino)
			return;
	if (folder->n_ipc < SHM_FILE_PIDS)
		folder->ipc[folder->n_ipc++] = st.st_ino;
}

static void look_at_process(uint32_t pid, void *arg)
{
	struct shm_reading *reading = arg;
	struct place wanted, **found, *place;
	int root = -1;

	if (find_place(reading, pid, &root, &wanted)) {
		found = tfind(&wanted, &reading->places, compare_places);
		place = found ? *found : open_place(reading, root, &wanted);
		if (place->folder >= 0)
			add_viewer(&reading->all->folders[place->folder], pid);
	}
	if (root >= 0)
		close(root);
}

static int compare_by_dev(const void *p, const void *q)
{
	const struct by_dev *a = p, *b = q;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return b->whole - a->whole;
}

/** shm_files_compare - order of files by device and inode number */
int shm_files_compare(const void *p, const void *q)
{
	const struct shm_file *a = p, *b = q;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return (a->ino > b->ino) - (a->ino < b->ino);
}

static void sort_found(struct shm_reading *reading)
{
	struct posix_shm *all = reading->all;
	size_t i;

	reading->by_dev = xcalloc(all->n_folders, sizeof(*reading->by_dev));
	for (i = 0; i < all->n_folders; i++)
		reading->by_dev[i] = (struct by_dev){ all->folders[i].dev, i,
						      all->folders[i].whole };
	if (all->n_folders)
		qsort(reading->by_dev, all->n_folders, sizeof(*reading->by_dev), compare_by_dev);
	if (all->n)
		qsort(all->files, all->n, sizeof(*all->files), shm_files_compare);
	reading->named = all->n;
}

static void free_reading(struct shm_reading *reading)
{
	tdestroy(reading->places, free);
	tdestroy(reading->deleted, free);
	free(reading->by_dev);
	descriptors_clear(&reading->search);
	number_set_clear(&reading->tmpfs);
	number_set_clear(&reading->whole);
	number_set_clear(&reading->shared);
	number_set_clear(&reading->other);
	number_set_clear(&reading->mounted);
}

/**
 * posix_shm_read - find POSIX shared memory and named semaphores of the machine
 * @all: the result, all zero at first, but for all->folders_only; for posix_shm_free()
 * @users: whether to look for those who have files mapped and open, and for files without a name
 * @pid: a process whose use is of interest, see shm_file.by_process; or 0
 *
 * What appears or goes away meanwhile may be missed. If the caller may not look into some process, or
 * there are too many files, a line on stderr says so.
 */
void posix_shm_read(struct posix_shm *all, bool users, uint32_t pid)
{
	struct shm_reading reading = { .all = all, .pid = pid };
	struct stat st;

	if (!stat("/proc/self/ns/user", &st))
		reading.userns = st.st_ino;
	reading.search.kinds = users ? 1U << DESCRIPTOR_TMPFS : 0;
	mounts_read(take_mount, &reading, NULL);
	processes_read(look_at_process, &reading);
	sort_found(&reading);
	if (users)
		shm_read_users(&reading);
	if (all->n)
		qsort(all->files, all->n, sizeof(*all->files), shm_files_compare);
	all->partial = reading.partial || all->cut;
	if (all->cut)
		error("not all of /dev/shm was searched: there are more than %zu files", all->n);
	if (reading.partial && !quiet)
		error("not all of /dev/shm was searched: that takes CAP_SYS_PTRACE");
	free_reading(&reading);
}

/** posix_shm_free - free what posix_shm_read() found */
void posix_shm_free(struct posix_shm *all)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		free(all->files[i].name);
		free(all->files[i].pids);
	}
	free(all->files);
	free(all->folders);
	*all = (struct posix_shm){ 0 };
}
