/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_EVENT_LINE_H
#define IPCNSCTL_EVENT_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/ipcns.h>

#include "host/journalctl.h"
#include "ipc/event_kind.h"
#include "print/json.h"
#include "print/rows.h"
#include "print/systemd_journal.h"

enum event_form {
	EVENT_LINES,	/* all fields, for people and scripts */
	EVENT_JSON,	/* JSON Lines */
	EVENT_JOURNALD,	/* entries for the journal of systemd */
	EVENT_SCREEN,	/* shorter lines, for people at a terminal */
};

/* Writer of events. */
struct event_writer {
	FILE *out;		/* of an entry, its line */
	enum event_form form;
	bool colors;		/* of lines */
	bool bytes;		/* on a screen: sizes as numbers */
	struct json json;
	struct systemd_journal journald;
	char *line;		/* what went to @out for an entry */
	size_t line_len;
	uint64_t module;	/* in entries, tells loads of the module apart; 0: left out */
	const struct journalctl_entry *entry;	/* that events are of; NULL: they are recent */
	bool stopped;		/* a signal came before an entry was out, which is lost */
	int64_t second;		/* which @date and @zone are made for */
	char date[32];
	char zone[8];
};

/* What a line says of an object that is there. */
struct event_object {
	uint64_t ns_id;
	union {
		uint64_t bytes;	/* of a segment */
		char *name;	/* of a POSIX queue */
	};
	uint32_t inum, id, key, uid;
	uint16_t mode;
	uint8_t kind;
	uint8_t known;		/* mask of EVENT_HAS_* */
};

enum {
	EVENT_HAS_INUM = 1,
	EVENT_HAS_ID = 2,
	EVENT_HAS_KEY = 4,
	EVENT_HAS_UID = 8,
	EVENT_HAS_MODE = 16,
	EVENT_HAS_BYTES = 32,
	EVENT_HAS_NAME = 64,
};

enum event_form event_line_form(void);
void event_writer_init(struct event_writer *w, FILE *out, enum event_form form);
void event_write(struct event_writer *w, const struct ipcns_event *e);
void event_write_ns(struct event_writer *w, const struct row *row);
void event_write_object(struct event_writer *w, const struct event_object *o);
bool event_object_read(struct event_object *o, const struct row *row);
void event_object_clear(struct event_object *o);

#endif
