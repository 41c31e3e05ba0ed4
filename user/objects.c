// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl objects: the objects of all or some namespaces, or the elements of one of them. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipcnsctl.h"
#include "ns.h"
#include "object.h"
#include "output.h"

static const char usage[] =
	"Usage: " PROGRAM " objects [OPTION...] [NS...]\n\n"
	"Lists IPC objects of all or some namespaces, or the semaphores of one set.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, or a path.\n\n"
	"Filters:\n"
	" -t, --type KIND,...    shm, sem, msg, mq; a single one has columns of its own\n"
	"     --key KEY          objects with this key, 0x... or decimal\n"
	"     --owner USER       objects of this user, by name or UID\n"
	"     --orphans          segments with nothing attached and their creator gone\n"
	" -i, --id ID            one object; with --type sem, the semaphores of a set\n";

enum {
	OPTION_KEY = OPTION_COMMAND,
	OPTION_OWNER,
	OPTION_ORPHANS,
};

static const struct option longopts[] = {
	{ "type", required_argument, NULL, 't' },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "owner", required_argument, NULL, OPTION_OWNER },
	{ "orphans", no_argument, NULL, OPTION_ORPHANS },
	{ "id", required_argument, NULL, 'i' },
	TABLE_LONGOPTS,
	{ 0 }
};

/* Which objects are wanted. */
struct filter {
	unsigned int kinds;	/* mask; 0 for all */
	bool by_key, by_owner, by_id;
	bool orphans;
	uint64_t key, uid, id;
};

/* Where rows of a dump go: straight to the output, or into a store to be sorted first. */
struct sink {
	struct output *out;
	struct store *store;
	size_t before;		/* rows in the store before the dump */
	bool emitted;		/* a row of this dump is out */
	bool orphans;
	const struct store *only;	/* namespaces wanted, NULL for all of the dump */
};

static unsigned int parse_kinds(const char *list)
{
	unsigned int kinds = 0, kind;
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		for (kind = 0; kind < KINDS; kind++)
			if (strlen(kind_names[kind]) == len &&
			    !strncmp(kind_names[kind], list, len))
				break;
		if (kind == KINDS)
			die_usage("unknown type: %.*s (shm, sem, msg or mq)", (int)len, list);
		kinds |= 1U << kind;
		if (!list[len])
			return kinds;
	}
}

static uint64_t parse_key(const char *text)
{
	bool hex = !strncmp(text, "0x", 2) || !strncmp(text, "0X", 2);
	uint64_t key;

	text += hex ? 2 : 0;
	if (!parse_uint(text, strlen(text), hex ? 16 : 10, UINT32_MAX, &key))
		die_usage("invalid key: %s%s", hex ? "0x" : "", text);
	return key;
}

static uint64_t parse_owner(const char *text)
{
	struct passwd *pw = getpwnam(text);
	uint64_t uid;

	if (pw)
		return pw->pw_uid;
	if (!parse_uint(text, strlen(text), 10, UINT32_MAX - 1, &uid))
		die(STATUS_ERROR, "unknown user: %s", text);
	return uid;
}

static bool take_filter(struct filter *filter, int c)
{
	switch (c) {
	case 't':
		filter->kinds |= parse_kinds(optarg);
		return true;
	case OPTION_KEY:
		filter->key = parse_key(optarg);
		filter->by_key = true;
		return true;
	case OPTION_OWNER:
		filter->uid = parse_owner(optarg);
		filter->by_owner = true;
		return true;
	case OPTION_ORPHANS:
		filter->orphans = true;
		return true;
	case 'i':
		if (!parse_uint(optarg, strlen(optarg), 10, INT32_MAX, &filter->id))
			die_usage("invalid id: %s", optarg);
		filter->by_id = true;
		return true;
	}
	return false;
}

/* The one kind that is wanted, or KINDS if they are several. */
static unsigned int only_kind(const struct filter *filter)
{
	unsigned int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (filter->kinds == 1U << kind)
			return kind;
	return KINDS;
}

static void check_filter(const struct filter *filter, int namespaces)
{
	unsigned int kind = only_kind(filter);

	if (filter->orphans && filter->kinds && !(filter->kinds & 1U << IPCNS_KIND_SHM))
		die_usage("--orphans is known of shm only");
	if (!filter->by_id)
		return;
	if (kind == KINDS || namespaces != 1)
		die_usage("--id needs one --type and one namespace");
	if (kind == IPCNS_KIND_MQ)
		die_usage("objects of type mq have no id");
	if (filter->by_key || filter->by_owner || filter->orphans)
		die_usage("--id goes with no other filter");
}

static const struct column_set *filter_columns(const struct filter *filter)
{
	unsigned int kind = only_kind(filter);

	if (filter->by_id && kind == IPCNS_KIND_SEM)
		return &element_columns;
	return kind < KINDS ? &kind_columns[kind] : &object_columns;
}

static void put_u32(struct nl_msg *msg, int attr, uint32_t value)
{
	if (nla_put_u32(msg, attr, value) < 0)
		die(STATUS_ERROR, "out of memory");
}

static void add(struct nlattr *attrs, int len, void *arg)
{
	struct sink *sink = arg;
	struct record rec;

	if (sink->store && !sink->only && !sink->orphans) {
		store_add(sink->store, attrs, len, object_sort_key);
		return;
	}
	if (!object_parse(&rec, attrs, len) || (sink->orphans && !object_is_orphan(&rec)))
		return;
	if (sink->only && !ns_selected(sink->only, rec.tb[IPCNS_A_OBJECT_NS_INUM],
				       rec.tb[IPCNS_A_OBJECT_NS_ID]))
		return;
	if (sink->store) {
		store_add(sink->store, attrs, len, object_sort_key);
	} else {
		output_row(sink->out, &rec);
		sink->emitted = true;
	}
}

static bool restart(void *arg)
{
	struct sink *sink = arg;

	if (sink->store)
		store_truncate(sink->store, sink->before);
	return !sink->emitted;
}

/* Objects of one namespace, or of all if @id is 0. */
static void dump(struct wire *w, uint64_t id, const struct filter *filter, struct sink *sink)
{
	struct nl_msg *msg = wire_request(w, IPCNS_CMD_OBJECT_GET);
	unsigned int kinds = filter->kinds;

	if (filter->orphans)
		kinds = 1U << IPCNS_KIND_SHM;
	if (id)
		ns_put(msg, IPCNS_A_OBJECT_NS_ID, id);
	if (kinds)
		put_u32(msg, IPCNS_A_OBJECT_KINDS, kinds);
	if (filter->by_key)
		put_u32(msg, IPCNS_A_OBJECT_KEY, filter->key);
	if (filter->by_owner)
		put_u32(msg, IPCNS_A_OBJECT_UID, filter->uid);
	sink->before = sink->store ? sink->store->n : 0;
	sink->emitted = false;
	if (wire_dump(w, msg, add, restart, sink))
		die(STATUS_ERROR, "cannot list objects: %s", wire_error(w));
}

static void dump_selected(struct wire *w, const struct store *namespaces,
			  const struct filter *filter, struct sink *sink)
{
	size_t i;

	if (!namespaces->n || namespaces->n > NS_FEW) {
		sink->only = namespaces->n ? namespaces : NULL;
		dump(w, 0, filter, sink);
		return;
	}
	for (i = 0; i < namespaces->n; i++)
		dump(w, ns_id(&namespaces->rows[i]), filter, sink);
}

static void get_one(struct wire *w, uint64_t id, const char *arg, const struct filter *filter,
		    struct sink *sink)
{
	struct nl_msg *msg = wire_request(w, IPCNS_CMD_OBJECT_GET);
	unsigned int kind = only_kind(filter);
	int ret;

	ns_put(msg, IPCNS_A_OBJECT_NS_ID, id);
	put_u32(msg, IPCNS_A_OBJECT_KIND, kind);
	put_u32(msg, IPCNS_A_OBJECT_ID, filter->id);
	ret = wire_do(w, msg, add, sink);
	if (ret == -ENOENT)
		die(STATUS_ERROR, "no %s with id %u in namespace \"%s\"", kind_names[kind],
		    (unsigned int)filter->id, arg);
	if (ret)
		die(STATUS_ERROR, "cannot get the object: %s", wire_error(w));
}

static void add_element(struct nlattr *attrs, int len, void *arg)
{
	store_add(arg, attrs, len, element_sort_key);
}

static bool restart_elements(void *arg)
{
	store_truncate(arg, 0);
	return true;
}

static void get_elements(struct wire *w, uint64_t id, const char *arg,
			 const struct filter *filter, struct store *store)
{
	struct nl_msg *msg = wire_request(w, IPCNS_CMD_ELEMENT_GET);
	unsigned int kind = only_kind(filter);
	int ret;

	ns_put(msg, IPCNS_A_ELEMENT_NS_ID, id);
	put_u32(msg, IPCNS_A_ELEMENT_KIND, kind);
	put_u32(msg, IPCNS_A_ELEMENT_ID, filter->id);
	ret = wire_dump(w, msg, add_element, restart_elements, store);
	if (ret == -ENOENT)
		die(STATUS_ERROR, "no %s with id %u in namespace \"%s\"", kind_names[kind],
		    (unsigned int)filter->id, arg);
	if (ret)
		die(STATUS_ERROR, "cannot list elements: %s", wire_error(w));
}

static void print_stored(struct store *store, struct output *out)
{
	struct record rec;
	size_t i;

	store_sort(store);
	for (i = 0; i < store->n; i++) {
		if (object_parse(&rec, store->rows[i].attrs, store->rows[i].len))
			output_row(out, &rec);
		/* A large table needs the memory now. */
		free(store->rows[i].attrs);
		store->rows[i].attrs = NULL;
	}
}

/** cmd_objects - the command */
int cmd_objects(int argc, char **argv)
{
	struct store namespaces = { 0 }, store = { 0 };
	struct filter filter = { 0 };
	const struct column_set *set;
	struct selection sel;
	struct options opts;
	struct output out;
	struct sink sink = { .out = &out };
	struct wire *w;
	int c;

	options_init(&opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING "t:i:", longopts, NULL)) != -1)
		if (!options_take(&opts, c) && !take_filter(&filter, c))
			die_usage(NULL);
	set = filter_columns(&filter);
	if (options_finish(&opts, usage, set))
		return STATUS_OK;
	check_filter(&filter, argc - optind);
	selection_parse(&sel, set, opts.output, opts.output_all);
	/* Raw lines go out as they come, in the kernel's order, so that memory stays flat. */
	sink.store = opts.raw && set != &element_columns ? NULL : &store;
	sink.orphans = filter.orphans;

	w = wire_open();
	ns_select(w, argc - optind, argv + optind, &namespaces);
	output_begin(&out, &opts, &sel, NULL);
	if (set == &element_columns)
		get_elements(w, ns_id(namespaces.rows), argv[optind], &filter, &store);
	else if (filter.by_id)
		get_one(w, ns_id(namespaces.rows), argv[optind], &filter, &sink);
	else
		dump_selected(w, &namespaces, &filter, &sink);
	print_stored(&store, &out);
	output_end(&out);

	store_clear(&namespaces);
	store_clear(&store);
	selection_free(&sel);
	wire_close(w);
	return STATUS_OK;
}
