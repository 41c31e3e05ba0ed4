// SPDX-License-Identifier: GPL-2.0-only
/* Attachments of shared memory segments, compared with what the segments count themselves. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/attachments.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "util.h"

/** attachments_add - take a message of holder-get; @arg is the struct attached */
void attachments_add(struct nlattr *attrs, int len, void *arg)
{
	struct attachments *attached = arg;
	struct row row;
	struct holder h;

	if (!row_parse(&row, attrs, len) || !holder_parse(&h, &row))
		return;
	free(h.text);	/* which would read like a note */
	h.text = NULL;
	h.text_len = 0;
	if (h.kind == HOLDER_SHM && h.has & HOLDER_HAS_ID &&
	    (!attached->only || ns_selected(attached->only, row.attr[IPCNS_A_HOLDER_NS_INUM],
					    row.attr[IPCNS_A_HOLDER_NS_ID])))
		holders_add(&attached->rows, &h);
}

static bool restart(void *arg)
{
	holders_clear(&((struct attachments *)arg)->rows);
	return true;
}

/**
 * attachments_get - ask for attachments in one namespace, or in all
 * @w: the connection
 * @id: identity of the namespace, 0 for all
 * @attached: where they are added
 */
void attachments_get(struct ipcns *w, uint64_t id, struct attachments *attached)
{
	int ret = ipcns_holders(w, id, 1U << IPCNS_HOLDER_KIND_SHM, attachments_add, restart,
				attached);

	if (id && ret == -ENOENT)
		die(STATUS_ERROR, "namespace id=%llu is gone", (unsigned long long)id);
	if (ret)
		module_die(w, ret, "cannot list attachments");
}

static int compare_segments(const struct holder *a, const struct holder *b)
{
	const uint64_t x[] = { a->inum, a->nsid, a->id }, y[] = { b->inum, b->nsid, b->id };

	return holder_compare_numbers(x, y, ARRAY_SIZE(x));
}

/* What one attachment is stands together: processes can share an address space. */
static int compare_attachments(const void *p, const void *q)
{
	const struct holder *a = p, *b = q;
	const uint64_t x[] = { a->mm, a->start }, y[] = { b->mm, b->start };

	return compare_segments(a, b) ?: holder_compare_numbers(x, y, ARRAY_SIZE(x)) ?:
	       holder_compare(p, q);
}

/* As they are printed: notes come after the rows of their segment. */
static int compare_rows(const void *p, const void *q)
{
	const struct holder *a = p, *b = q;

	return compare_segments(a, b) ?: !!a->text - !!b->text ?: holder_compare(p, q);
}

static void add_note(struct attachments *attached, const struct holder *segment, uint64_t found,
		     bool agree, bool truncated)
{
	struct holder h = {
		.inum = segment->inum, .nsid = segment->nsid, .kind = HOLDER_SHM,
		.id = segment->id, .nattch = segment->nattch, .size = segment->size,
		.has = segment->has & (HOLDER_HAS_ID | HOLDER_HAS_NATTCH | HOLDER_HAS_SIZE),
	};
	char note[64];

	if (truncated)
		snprintf(note, sizeof(note), "%llu of %llu listed, no more are looked at",
			 (unsigned long long)found, (unsigned long long)segment->nattch);
	else if (agree)
		snprintf(note, sizeof(note), "%llu of %llu found", (unsigned long long)found,
			 (unsigned long long)segment->nattch);
	else
		snprintf(note, sizeof(note), "%llu found, the count changed",
			 (unsigned long long)found);
	holders_set_text(&h, note, strlen(note));
	holders_add(&attached->rows, &h);
	if (truncated)
		attached->truncated++;
	else
		attached->incomplete++;
}

/* Compares what was found of a segment, rows from @i on, with its count; returns the end. */
static size_t check_found(struct attachments *attached, size_t i, size_t n)
{
	const struct holder segment = attached->rows.rows[i], *before = NULL, *h;
	bool agree = true, truncated = false;
	uint64_t found = 0;

	for (; i < n; i++, before = h) {
		h = &attached->rows.rows[i];
		if (compare_segments(&segment, h))
			break;
		found += h->hidden ?: !before || h->mm != before->mm || h->start != before->start;
		agree &= h->nattch == segment.nattch;
		truncated |= h->truncated;
	}
	if (segment.has & HOLDER_HAS_NATTCH && (!agree || found != segment.nattch))
		add_note(attached, &segment, found, agree, truncated);
	return i;
}

/* The segment that a row of object-get describes. */
static bool parse_segment(const struct stored_row *stored, struct holder *segment)
{
	struct row row;
	uint64_t id;

	*segment = (struct holder){ .has = HOLDER_HAS_ID | HOLDER_HAS_NATTCH };
	if (!object_parse(&row, stored->attrs, stored->len) ||
	    !ipcns_uint(row.attr[IPCNS_A_OBJECT_NS_INUM], &segment->inum) ||
	    !ipcns_uint(row.attr[IPCNS_A_OBJECT_NS_ID], &segment->nsid) ||
	    !ipcns_uint(row.attr[IPCNS_A_OBJECT_ID], &id) ||
	    !ipcns_uint(row.nest[IPCNS_A_SHM_NATTCH], &segment->nattch))
		return false;
	segment->id = id;
	if (ipcns_uint(row.nest[IPCNS_A_SHM_SIZE], &segment->size))
		segment->has |= HOLDER_HAS_SIZE;
	return true;
}

/* Drops rows of segments that are not wanted, and doubles; what is not visible adds up. */
static void choose_rows(struct holders *list, const struct holders *segments, bool others)
{
	size_t i, k = 0, kept = 0;
	bool wanted;

	for (i = 0; i < list->n; i++) {
		while (k < segments->n && compare_segments(&segments->rows[k], &list->rows[i]) < 0)
			k++;
		wanted = others || (k < segments->n &&
				    !compare_segments(&segments->rows[k], &list->rows[i]));
		if (wanted && (!kept || holder_compare(&list->rows[kept - 1], &list->rows[i]))) {
			list->rows[kept++] = list->rows[i];
			continue;
		}
		if (wanted)
			list->rows[kept - 1].hidden += list->rows[i].hidden;
		free(list->rows[i].text);
	}
	list->n = kept;
}

/* Segments that count attachments, and of which none was found. */
static void note_missing(struct attachments *attached, const struct holders *segments, size_t n)
{
	const struct holder *segment;
	size_t i, k = 0;

	for (i = 0; i < segments->n; i++) {
		segment = &segments->rows[i];
		while (k < n && compare_segments(&attached->rows.rows[k], segment) < 0)
			k++;
		if (segment->nattch &&
		    (k == n || compare_segments(&attached->rows.rows[k], segment)))
			add_note(attached, segment, 0, true, false);
	}
}

/**
 * attachments_settle - make rows of what was added
 * @attached: attachments
 * @segments: segments, of object-get
 * @others: keep attachments of other segments, which were made or ended meanwhile
 *
 * Drops doubles, sorts, and adds a row for each segment that counts more, or less, than was found.
 */
void attachments_settle(struct attachments *attached, const struct row_store *segments, bool others)
{
	struct holders wanted = { 0 };
	struct holder segment;
	size_t i, n;

	for (i = 0; i < segments->n; i++)
		if (parse_segment(&segments->rows[i], &segment))
			holders_add(&wanted, &segment);
	holders_sort(&wanted, compare_rows);
	holders_sort(&attached->rows, compare_attachments);
	choose_rows(&attached->rows, &wanted, others);
	n = attached->rows.n;
	note_missing(attached, &wanted, n);
	for (i = 0; i < n;)
		i = check_found(attached, i, n);
	holders_sort(&attached->rows, compare_rows);
	holders_free(&wanted);
}

/** attachments_print - print the rows */
void attachments_print(const struct attachments *attached, struct table *out)
{
	struct row row = { 0 };
	size_t i;

	for (i = 0; i < attached->rows.n; i++) {
		row.data = &attached->rows.rows[i];
		table_add(out, &row);
	}
}
