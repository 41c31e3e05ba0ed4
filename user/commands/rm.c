// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl rm: removes objects of any namespace. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "command.h"
#include "ipc/file_object.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/object_lookup.h"
#include "ipc/object_removal.h"
#include "ipc/orphan_removal.h"
#include "ipc/when.h"
#include "print/text.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " rm [OPTION...] NS KIND ID...\n"
	"       " PROGRAM " rm --orphans [--force] [OPTION...] [NS...]\n\n"
	"Removes IPC objects of a namespace, one without processes too, and says so in a\n"
	"line for each. Exit status 1 if one of them was not removed; with --orphans, one\n"
	"that was removed meanwhile is no error.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n"
	"KIND: shm, sem, msg, mq, pshm, psem. ID: an identifier; of POSIX kinds a name.\n\n"
	"Options:\n"
	" -k, --key KEY  an object by its key, decimal, octal, hexadecimal or negative\n"
	"     --in-use   also what is attached or open, or what processes wait for\n"
	"     --orphans  list what would be removed: what nobody seems to use any more\n"
	"     --force    remove them: sure ones of any age; with --older-than also likely\n"
	"                ones of users who have no process there (others: by name)\n"
	" -t, --type KIND,...   only these kinds of orphans\n"
	"     --older-than AGE  only those that were used last so long ago: \"7 d\"\n"
	" -q, --quiet    do not say what was removed, or that only a part is visible\n"
	" -h, --help  -V, --version\n";

enum {
	OPTION_IN_USE = 256,
	OPTION_ORPHANS,
	OPTION_FORCE,
	OPTION_OLDER_THAN,
};

static const struct option longopts[] = {
	{ "key", required_argument, NULL, 'k' },
	{ "in-use", no_argument, NULL, OPTION_IN_USE },
	{ "orphans", no_argument, NULL, OPTION_ORPHANS },
	{ "force", no_argument, NULL, OPTION_FORCE },
	{ "type", required_argument, NULL, 't' },
	{ "older-than", required_argument, NULL, OPTION_OLDER_THAN },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 }
};

/* An object as the user names it. */
struct wanted {
	const char *text;
	const char *name;	/* of a queue, without a slash; else NULL */
	size_t len;
	bool by_key;
	uint32_t number;	/* id or key */
	size_t place;		/* among the arguments */
	bool unlinked;		/* what was found has no name any more */
	bool again;		/* the object was named by its id, too */
	struct stored_row row;	/* the object, if it was found */
};

struct request {
	bool orphans, force;
	struct orphan_filter filter;	/* of orphans */
	unsigned int kind;
	bool in_use;
	uint64_t nsid;		/* of files */
	struct wanted *wanted;	/* sorted by what they name */
	size_t n, allocated;
};

static unsigned int parse_kind(const char *text)
{
	unsigned int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (!strcmp(kind_names[kind], text))
			return kind;
	die_usage("unknown kind: %s (shm, sem, msg, mq, pshm or psem)", text);
}

static struct wanted *add_wanted(struct request *request, const char *text)
{
	struct wanted *wanted;

	request->wanted = xgrow(request->wanted, request->n, &request->allocated, sizeof(*wanted));
	wanted = &request->wanted[request->n];
	*wanted = (struct wanted){ .text = text, .place = request->n++ };
	return wanted;
}

static void add_key(struct request *request, const char *text)
{
	struct wanted *wanted = add_wanted(request, text);

	wanted->by_key = true;
	wanted->number = object_parse_key(text);
	if (!wanted->number)
		die_usage("key 0 names no object: use its id");
}

static void add_id(struct request *request, const char *text)
{
	struct wanted *wanted = add_wanted(request, text);
	uint64_t id;

	if (request->kind >= IPCNS_KIND_MQ) {
		wanted->name = text + (*text == '/');
		wanted->len = strlen(wanted->name);
		if (!wanted->len || strchr(wanted->name, '/'))
			die_usage("invalid name: %s", text);
		return;
	}
	if (!parse_uint(text, strlen(text), 10, UINT32_MAX, &id))
		die_usage("invalid id: %s", text);
	wanted->number = id;
}

static int compare_wanted(const void *p, const void *q)
{
	const struct wanted *a = p, *b = q;
	int ret;

	if (a->by_key != b->by_key)
		return a->by_key - b->by_key;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (!a->name || !b->name)
		return 0;
	ret = memcmp(a->name, b->name, a->len < b->len ? a->len : b->len);
	return ret ?: (a->len > b->len) - (a->len < b->len);
}

static int compare_places(const void *p, const void *q)
{
	const struct wanted *a = p, *b = q;

	return (a->place > b->place) - (a->place < b->place);
}

/* Sorts what is wanted; what is named twice is wanted once. */
static void sort_wanted(struct request *request)
{
	size_t i, kept = 0;

	if (request->n)
		qsort(request->wanted, request->n, sizeof(*request->wanted), compare_wanted);
	for (i = 0; i < request->n; i++)
		if (!kept || compare_wanted(&request->wanted[kept - 1], &request->wanted[i]))
			request->wanted[kept++] = request->wanted[i];
	request->n = kept;
}

static struct wanted *find_wanted(const struct request *request, const struct wanted *object)
{
	return bsearch(object, request->wanted, request->n, sizeof(*object), compare_wanted);
}

/* Whether the name of a queue or a file is removed already. */
static bool is_unlinked(const struct row *row)
{
	uint64_t status;

	if (row->kind >= MODULE_KINDS)
		return ipcns_uint(row->nest[FILE_STATUS], &status) && status;
	return object_is_unlinked(row);
}

/* Keeps an object for each way in which it was named; of queues of one name, that which has it. */
static void take_object(struct nlattr *attrs, int len, void *arg)
{
	struct request *request = arg;
	struct wanted by_id = { 0 }, by_key = { .by_key = true }, *wanted, *named = NULL;
	uint64_t id, key = 0;
	struct row row;

	if (!object_parse(&row, attrs, len) || row.kind != request->kind ||
	    !ipcns_uint(row.attr[IPCNS_A_OBJECT_ID], &id))
		return;
	by_id.number = id;
	if (row.kind >= IPCNS_KIND_MQ) {
		by_id.number = 0;
		by_id.name = ipcns_text(row.attr[IPCNS_A_OBJECT_NAME], &by_id.len);
		if (!by_id.name)
			return;
	}
	ipcns_uint(row.attr[IPCNS_A_OBJECT_KEY], &key);
	by_key.number = key;
	wanted = find_wanted(request, &by_id);
	if (key)
		named = find_wanted(request, &by_key);
	if (wanted && named)
		named->again = true;
	wanted = wanted ?: named;
	if (!wanted || (wanted->row.attrs && is_unlinked(&row)))
		return;
	if (row.kind >= MODULE_KINDS && wanted->row.attrs && !wanted->unlinked)
		die(STATUS_ERROR, "two files named %s, in two mount namespaces: remove them there",
		    wanted->text);
	wanted->unlinked = is_unlinked(&row);
	free(wanted->row.attrs);
	wanted->row = (struct stored_row){ .attrs = xmemdup(attrs, len), .len = len };
}

static bool restart(void *arg)
{
	struct request *request = arg;
	size_t i;

	for (i = 0; i < request->n; i++) {
		free(request->wanted[i].row.attrs);
		request->wanted[i].row = (struct stored_row){ 0 };
		request->wanted[i].again = false;
		request->wanted[i].unlinked = false;
	}
	return true;
}

static void take_file(struct nlattr *attrs, int len, void *arg)
{
	const struct request *request = arg;
	uint64_t nsid;
	struct row row;

	if (row_parse(&row, attrs, len) && ipcns_uint(row.attr[IPCNS_A_OBJECT_NS_ID], &nsid) &&
	    nsid == request->nsid)
		take_object(attrs, len, arg);
}

static void find_files(struct ipcns *w, uint64_t nsid, struct request *request)
{
	struct row_store namespaces = { 0 };
	struct posix_shm found = { 0 };

	if (!posix_shm_permitted())
		die(STATUS_ERROR, "files of /dev/shm of others: that takes CAP_SYS_PTRACE, and the "
		    "/proc of the initial pid namespace");
	request->nsid = nsid;
	ns_select_all(w, &namespaces);
	posix_shm_read(&found, true, 0);
	file_objects_get(&found, &namespaces, 1U << request->kind, take_file, request);
	posix_shm_free(&found);
	row_store_clear(&namespaces);
	qsort(request->wanted, request->n, sizeof(*request->wanted), compare_places);
}

static void find_objects(struct ipcns *w, uint64_t nsid, struct request *request)
{
	const struct ipcns_object_filter filter = { .ns_id = nsid, .kinds = 1U << request->kind };
	int ret = ipcns_objects(w, &filter, take_object, restart, request);

	if (ret)
		module_die(w, ret, "cannot list objects");
	qsort(request->wanted, request->n, sizeof(*request->wanted), compare_places);
}

/* Those that were found; says which were not. */
static size_t remove_found(struct ipcns *w, const struct stored_row *ns,
			   const struct request *request)
{
	const struct stored_row **objects = xcalloc(request->n, sizeof(*objects));
	const struct wanted *wanted;
	size_t i, n = 0, left = 0;
	char name[24];

	snprintf(name, sizeof(name), "%llu", (unsigned long long)ns->key.number[0]);
	for (i = 0; i < request->n; i++) {
		wanted = &request->wanted[i];
		if (wanted->row.attrs) {
			objects[n++] = &wanted->row;
			continue;
		}
		if (wanted->again)
			continue;
		error("no %s with %s %s in namespace %s", kind_names[request->kind],
		      wanted->name ? "name" : wanted->by_key ? "key" : "id", wanted->text, name);
		left++;
	}
	if (n)
		left += objects_remove(w, ns, name, objects, n,
				       request->in_use ? REMOVE_IN_USE : 0);
	free(objects);
	return left;
}

static void take_option(struct request *request, int c)
{
	switch (c) {
	case 'k':
		add_key(request, optarg);
		break;
	case 'q':
		quiet = true;
		break;
	case 't':
		request->filter.kinds |= kinds_parse(optarg);
		break;
	case OPTION_IN_USE:
		request->in_use = true;
		break;
	case OPTION_ORPHANS:
		request->orphans = true;
		break;
	case OPTION_FORCE:
		request->force = true;
		break;
	case OPTION_OLDER_THAN:
		request->filter.older_than = when_parse_age(optarg);
		break;
	default:
		option_common(c, usage);
	}
}

static size_t remove_orphans(const struct request *request, int argc, char **argv)
{
	struct row_store namespaces = { 0 };
	struct ipcns *w;
	size_t left;

	if (request->n || request->in_use)
		die_usage("--key and --in-use do not go with --orphans");
	w = module_open();
	ns_select(w, argc, argv, &namespaces);
	left = orphans_remove(w, &namespaces, &request->filter, request->force);
	report_part(!request->filter.kinds || request->filter.kinds & FILE_KINDS);
	row_store_clear(&namespaces);
	ipcns_free(w);
	return left;
}

static size_t remove_named(struct request *request, int argc, char **argv)
{
	struct row_store namespaces = { 0 };
	struct ipcns *w;
	size_t left;
	int i;

	if (request->force || request->filter.kinds || request->filter.older_than)
		die_usage("--force, --type and --older-than go with --orphans only");
	if (argc < 2 || (argc == 2 && !request->n))
		die_usage("a namespace, a kind and identifiers are needed");
	request->kind = parse_kind(argv[1]);
	if (request->n && request->kind >= IPCNS_KIND_MQ)
		die_usage("objects of type %s have no keys: use their names",
			  kind_names[request->kind]);
	for (i = 2; i < argc; i++)
		add_id(request, argv[i]);
	sort_wanted(request);

	w = module_open();
	ns_select(w, 1, argv, &namespaces);
	if (request->kind < MODULE_KINDS)
		find_objects(w, ns_id(namespaces.rows), request);
	else
		find_files(w, ns_id(namespaces.rows), request);
	left = remove_found(w, namespaces.rows, request);

	restart(request);
	row_store_clear(&namespaces);
	ipcns_free(w);
	return left;
}

/** cmd_rm - the command */
int cmd_rm(int argc, char **argv)
{
	struct request request = { 0 };
	size_t left;
	int c;

	while ((c = getopt_long(argc, argv, "k:t:qhV", longopts, NULL)) != -1)
		take_option(&request, c);
	argc -= optind;
	argv += optind;
	left = request.orphans ? remove_orphans(&request, argc, argv) :
	       remove_named(&request, argc, argv);
	free(request.wanted);
	return left ? STATUS_ERROR : STATUS_OK;
}
