// SPDX-License-Identifier: GPL-2.0-only
/*
 * The objects of a snapshot. There can be a million, so what they have in common with their
 * neighbours is kept once. A dump has the objects of a namespace and kind one after the other, and
 * mostly in order: sorting a group that is in order already would take as much memory again.
 */
#include <stdlib.h>

#include "ipc/object_set.h"
#include "util.h"

struct object_set_group {
	uint64_t ns_id;
	size_t first, n;	/* members */
	uint32_t inum;
	uint8_t kind;
};

struct object_set_member {
	union {
		uint64_t bytes;	/* as in struct event_object */
		char *name;
	};
	uint32_t id, key, uid;
	uint16_t mode;
	uint8_t known;		/* mask of EVENT_HAS_* */
	bool marked;
};

static int compare_groups(const void *p, const void *q)
{
	const struct object_set_group *a = p, *b = q;

	if (a->ns_id != b->ns_id)
		return a->ns_id < b->ns_id ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

static int compare_members(const void *p, const void *q)
{
	const struct object_set_member *a = p, *b = q;

	return (a->id > b->id) - (a->id < b->id);
}

static struct object_set_group *last_group(struct object_set *set, const struct event_object *o)
{
	struct object_set_group *g = set->n_groups ? &set->groups[set->n_groups - 1] : NULL;

	if (g && g->ns_id == o->ns_id && g->kind == o->kind)
		return g;
	set->groups = xgrow(set->groups, set->n_groups, &set->groups_allocated, sizeof(*g));
	g = set->groups + set->n_groups++;
	*g = (struct object_set_group){
		.ns_id = o->ns_id,
		.first = set->n,
		.inum = o->inum,
		.kind = o->kind,
	};
	return g;
}

/** object_set_add - add an object, not marked; takes over what event_object_read() allocated */
void object_set_add(struct object_set *set, struct event_object *o)
{
	last_group(set, o)->n++;
	set->members = xgrow(set->members, set->n, &set->allocated, sizeof(*set->members));
	set->members[set->n++] = (struct object_set_member){
		.bytes = o->bytes,
		.id = o->id,
		.key = o->key,
		.uid = o->uid,
		.mode = o->mode,
		.known = o->known,
	};
	o->known = 0;
}

static void sort_group(struct object_set_member *members, size_t n)
{
	size_t i;

	for (i = 1; i < n && members[i - 1].id <= members[i].id; i++)
		;
	if (i < n)
		qsort(members, n, sizeof(*members), compare_members);
}

/** object_set_sort - put a set in order, after the last was added and before it is asked */
void object_set_sort(struct object_set *set)
{
	size_t i;

	if (!set->n_groups)
		return;
	qsort(set->groups, set->n_groups, sizeof(*set->groups), compare_groups);
	for (i = 0; i < set->n_groups; i++)
		sort_group(set->members + set->groups[i].first, set->groups[i].n);
}

/* Where the first group is that is not before those of a namespace and kind. */
static size_t find_group(const struct object_set *set, uint64_t ns_id, uint8_t kind)
{
	const struct object_set_group wanted = { .ns_id = ns_id, .kind = kind };

	return first_not_below(&wanted, set->groups, set->n_groups, sizeof(wanted),
			       compare_groups);
}

static void expand(struct event_object *o, const struct object_set_group *g,
		   const struct object_set_member *m)
{
	*o = (struct event_object){
		.ns_id = g->ns_id,
		.bytes = m->bytes,
		.inum = g->inum,
		.id = m->id,
		.key = m->key,
		.uid = m->uid,
		.mode = m->mode,
		.kind = g->kind,
		.known = m->known,
	};
}

/**
 * object_set_mark - mark all objects of a namespace
 * @set: the set, sorted
 * @ns_id: identity of the namespace
 * @report: called for each, by kind and id; may not keep the name of a queue
 * @arg: passed to it
 */
void object_set_mark(struct object_set *set, uint64_t ns_id,
		     void (*report)(const struct event_object *o, void *arg), void *arg)
{
	size_t i = find_group(set, ns_id, 0);
	const struct object_set_group *g;
	struct object_set_member *m;
	struct event_object o;

	for (; i < set->n_groups && set->groups[i].ns_id == ns_id; i++) {
		g = &set->groups[i];
		for (m = set->members + g->first; m < set->members + g->first + g->n; m++) {
			m->marked = true;
			expand(&o, g, m);
			report(&o, arg);
		}
	}
}

/** object_set_marked - whether an object is in a sorted set, and marked */
bool object_set_marked(const struct object_set *set, uint64_t ns_id, uint8_t kind, uint32_t id)
{
	const struct object_set_member wanted = { .id = id }, *m;
	size_t i = find_group(set, ns_id, kind);
	const struct object_set_group *g;

	for (; i < set->n_groups; i++) {
		g = &set->groups[i];
		if (g->ns_id != ns_id || g->kind != kind)
			break;
		m = bsearch(&wanted, set->members + g->first, g->n, sizeof(*m), compare_members);
		if (m)
			return m->marked && m->known & EVENT_HAS_ID;
	}
	return false;
}

/** object_set_clear - make a set empty */
void object_set_clear(struct object_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		if (set->members[i].known & EVENT_HAS_NAME)
			free(set->members[i].name);
	free(set->members);
	free(set->groups);
	*set = (struct object_set){ 0 };
}
