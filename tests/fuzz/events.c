// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream of events, of which monitor makes lines: attributes of one message after the other,
 * each behind its length (16 bits). The first byte chooses: lines or JSON, what is of a snapshot.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/event_line.h"
#include "util.h"
#include "kernel.h"
#include "ipc/object.h"
#include "ipc/object_set.h"
#include "ipc/snapshot_filter.h"

/* A line is one line, whatever bytes are in it. */
static void check_line(const char *text, size_t len, bool as_json)
{
	if (!len)
		return;
	if (text[len - 1] != '\n' || memchr(text, '\n', len) != text + len - 1)
		abort();
	if (as_json)
		check_json(text, len);
}

static void nothing(const struct event_object *o, void *arg)
{
	(void)o;
	(void)arg;
}

static void take(uint8_t how, struct nlattr *attrs, int len, struct snapshot_filter *told,
		 struct event_writer *writer)
{
	struct event_mask mask;
	struct event_object o;
	struct row rec;
	struct ipcns_event e;

	if (how & 2 && row_parse(&rec, attrs, len)) {
		snapshot_filter_ns(told, &rec);
		event_write_ns(writer, &rec);
	} else if (how & 4 && object_parse(&rec, attrs, len) && event_object_read(&o, &rec)) {
		event_write_object(writer, &o);
		object_set_add(&told->objects, &o);
		object_set_sort(&told->objects);
		object_set_mark(&told->objects, o.ns_id, nothing, NULL);
	} else if (ipcns_event_parse(&e, attrs, len)) {
		event_mask_all(&mask);
		snapshot_filter_pass(told, &e);
		if (event_wanted(&mask, &e))
			event_write(writer, &e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct event_writer writer;
	struct snapshot_filter told = { 0 };
	struct nlattr *attrs;
	bool as_json;
	char *text;
	size_t n, size;
	FILE *out;

	as_json = len && data[0] & 1;
	for (; len > 3; data += n + 3, len -= n + 3) {
		n = data[1] | data[2] << 8;
		if (n > len - 3)
			n = len - 3;
		attrs = xmemdup(data + 3, n);
		out = open_memstream(&text, &size);
		event_writer_init(&writer, out, as_json);
		take(data[0], attrs, n, &told, &writer);
		fclose(out);
		check_line(text, size, as_json);
		free(text);
		free(attrs);
	}
	snapshot_filter_clear(&told);
	return 0;
}
