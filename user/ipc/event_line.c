// SPDX-License-Identifier: GPL-2.0-only
/* Events: from a message to a line. */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "host/process_unit.h"
#include "ipc/event_entry.h"
#include "ipc/event_field.h"
#include "ipc/event_line.h"
#include "ipc/event_stamp.h"
#include "ipc/namespace.h"
#include "print/text.h"
#include "util.h"

/* Events that are lost are red. */
#define COLOR_LOSS "\033[31m"
#define COLOR_END "\033[0m"

/** event_line_form - the form of lines on standard output: shorter ones on a terminal */
enum event_form event_line_form(void)
{
	return isatty(STDOUT_FILENO) ? EVENT_SCREEN : EVENT_LINES;
}

/** event_writer_init - write to @out, or to the journal of systemd if that is NULL */
void event_writer_init(struct event_writer *w, FILE *out, enum event_form form)
{
	*w = (struct event_writer){ .out = out, .form = form, .second = INT64_MIN };
	systemd_journal_init(&w->journald);
	if (out)
		return;
	w->out = open_memstream(&w->line, &w->line_len);
	if (!w->out)
		die(STATUS_ERROR, "out of memory");
}

/* A field of an entry: IPCNS_ and its name. */
static void put_entry(struct event_writer *w, const char *name, const char *text, size_t len)
{
	char field[64] = "IPCNS_";
	size_t n = strlen(field);

	while (*name && n < sizeof(field) - 1)
		field[n++] = toupper((unsigned char)*name++);
	systemd_journal_field(&w->journald, field, text, len);
}

/* NULL for @object: events are lost. */
static void begin_entry(struct event_writer *w, const char *stamp, const char *object,
			const char *event)
{
	char text[24];

	systemd_journal_field(&w->journald, "SYSLOG_IDENTIFIER", PROGRAM, strlen(PROGRAM));
	/* As in syslog(3): a warning, or information. */
	systemd_journal_field(&w->journald, "PRIORITY", object ? "6" : "4", 1);
	if (w->module)
		put_entry(w, "module", text, snprintf(text, sizeof(text), "%llu",
						      (unsigned long long)w->module));
	put_entry(w, "time", stamp, strlen(stamp));
	put_entry(w, "event", event, strlen(event));
	if (object)
		put_entry(w, "object", object, strlen(object));
}

static void end_entry(struct event_writer *w)
{
	if (fflush(w->out))
		die(STATUS_ERROR, "out of memory");
	systemd_journal_field(&w->journald, "MESSAGE", w->line, w->line_len);
	rewind(w->out);
	w->stopped = !systemd_journal_send(&w->journald);
}

/* The words at the beginning. NULL for @object: the event stands alone. */
static void begin(struct event_writer *w, struct nlattr *time, uint64_t seq, const char *object,
		  const char *event)
{
	char stamp[EVENT_STAMP_SIZE];

	event_stamp(w, time, stamp);
	if (w->form != EVENT_JSON) {
		if (w->colors && !object)
			fputs_unlocked(COLOR_LOSS, w->out);
		if (w->form == EVENT_SCREEN)
			fprintf(w->out, "%s ", stamp);
		putc_unlocked('[', w->out);
		if (w->form == EVENT_LINES) {
			fputs_unlocked(stamp, w->out);
			fputs_unlocked("] [", w->out);
		} else if (w->form == EVENT_JOURNALD) {	/* which has a time of its own */
			begin_entry(w, stamp, object, event);
		}
		if (object) {
			fputs_unlocked(object, w->out);
			putc_unlocked(',', w->out);
		}
		fputs_unlocked(event, w->out);
		putc_unlocked(']', w->out);
		return;
	}
	json_begin_line(&w->json, w->out);
	if (seq)
		json_number(&w->json, "seq", seq);
	json_string(&w->json, "time", stamp);
	json_string(&w->json, "event", event);
	if (object)
		json_string(&w->json, "object", object);
}

static void end(struct event_writer *w)
{
	if (w->form == EVENT_JSON)
		json_end(&w->json);
	else if (w->form == EVENT_JOURNALD)
		end_entry(w);
	else
		putc_unlocked('\n', w->out);
}

static void put_key(struct event_writer *w, const char *key)
{
	putc_unlocked(' ', w->out);
	fputs_unlocked(key, w->out);
	putc_unlocked('=', w->out);
}

/* printf(3) would take half the time of a line. */
static void put_digits(FILE *out, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = '0' + value % 10;
	while (value /= 10);
	fwrite_unlocked(digits + at, sizeof(digits) - at, 1, out);
}

static void put_number(struct event_writer *w, const char *key, uint64_t value)
{
	char digits[24];

	if (w->form == EVENT_JSON) {
		json_number(&w->json, key, value);
		return;
	}
	if (w->form == EVENT_JOURNALD)
		put_entry(w, key, digits, snprintf(digits, sizeof(digits), "%llu",
						   (unsigned long long)value));
	put_key(w, key);
	put_digits(w->out, value);
}

/* Any bytes: one word in a line, a string in JSON. */
static void put_bytes(struct event_writer *w, const char *key, const char *text, size_t len)
{
	static struct buffer word;	/* kept for its memory */

	if (w->form == EVENT_JSON) {
		json_text(&w->json, key, text, len);
		return;
	}
	if (w->form == EVENT_JOURNALD)
		put_entry(w, key, text, len);
	put_key(w, key);
	word.len = 0;
	buffer_raw(&word, text, len);
	fwrite_unlocked(word.bytes, word.len, 1, w->out);
}

static void put_text(struct event_writer *w, const char *key, const char *text)
{
	put_bytes(w, key, text, strlen(text));
}

static void put_key_of(struct event_writer *w, const char *key, uint32_t value)
{
	char text[11];

	format_key(text, value);
	put_text(w, key, text);
}

static void put_perms(struct event_writer *w, const char *key, uint32_t mode)
{
	char text[10];

	format_perms(text, mode);
	put_text(w, key, text);
}

static void put_enum(struct event_writer *w, const char *key, uint64_t value,
		     const char *const names[], size_t n)
{
	if (value < n && names[value])
		put_text(w, key, names[value]);
	else	/* of a newer module */
		put_number(w, key, value);
}

/* On a terminal in units of bytes, unless numbers are asked for. */
static void put_size(struct event_writer *w, const char *key, uint64_t bytes)
{
	char text[8];

	if (w->form != EVENT_SCREEN || w->bytes) {
		put_number(w, key, bytes);
		return;
	}
	format_size(text, bytes);
	put_text(w, key, text);
}

/* Whether a number is left out of a line on a terminal because it is 0, or is written in units. */
static bool put_on_screen(struct event_writer *w, const struct event_field *field, uint64_t value)
{
	char text[32];

	switch (field->on_screen) {
	case SCREEN_NONZERO:
		return !value;
	case SCREEN_SIZE:
		if (value)
			put_size(w, field->name, value);
		return true;
	case SCREEN_DURATION:
		format_duration(text, value);
		put_text(w, "duration", text);
		return true;
	default:
		return false;
	}
}

static void put_field(struct event_writer *w, const struct event_field *field, struct nlattr *attr)
{
	char text[512];
	const char *bytes;
	uint64_t value;
	size_t len;

	if (field->as == SHOW_BYTES || field->as == SHOW_NAME) {
		bytes = ipcns_text(attr, &len);
		if (field->as == SHOW_BYTES) {
			put_bytes(w, field->name, bytes, len);
			return;
		}
		/* With the slash that mq_open(3) wants. */
		if (len > sizeof(text) - 1)
			len = sizeof(text) - 1;
		text[0] = '/';
		memcpy(text + 1, bytes, len);
		put_bytes(w, field->name, text, len + 1);
		return;
	}
	if (!ipcns_uint(attr, &value))
		return;
	if (w->form == EVENT_SCREEN && put_on_screen(w, field, value))
		return;
	switch (field->as) {
	case SHOW_KEY:
		put_key_of(w, field->name, value);
		break;
	case SHOW_PERMS:
		put_perms(w, field->name, value);
		break;
	case SHOW_REASON:
		if (value && value < EVENT_REASONS && w->form == EVENT_SCREEN)
			fprintf(w->out, " %s", event_reason_names[value]);
		else if (value)
			put_enum(w, field->name, value, event_reason_names, EVENT_REASONS);
		break;
	case SHOW_CAUSE:
		put_enum(w, field->name, value, event_cause_names, EVENT_CAUSES);
		break;
	case SHOW_STATE:
		put_enum(w, field->name, value, ns_state_names, NS_STATES);
		break;
	default:
		put_number(w, field->name, value);
	}
}

/*
 * Fields that are there, in the order of the table, which ends with one without a name; on a
 * terminal only those that are not hidden there.
 */
static void put_fields(struct event_writer *w, const struct event_field *field,
		       struct nlattr *const tb[])
{
	for (; field->name; field++)
		if (tb[field->attr] &&
		    !(w->form == EVENT_SCREEN && field->on_screen == SCREEN_HIDDEN))
			put_field(w, field, tb[field->attr]);
}

const struct event_field event_fields[] = {
	{ "ns", IPCNS_A_EVENT_NS_INUM },
	{ "nsid", IPCNS_A_EVENT_NS_ID, .on_screen = SCREEN_HIDDEN },
	{ "id", IPCNS_A_EVENT_ID },
	{ "key", IPCNS_A_EVENT_KEY, SHOW_KEY, SCREEN_NONZERO },
	{ "name", IPCNS_A_EVENT_NAME, SHOW_NAME },
	{ "uid", IPCNS_A_EVENT_UID, .on_screen = SCREEN_HIDDEN },
	{ "mode", IPCNS_A_EVENT_MODE, SHOW_PERMS },
	{ "bytes", IPCNS_A_EVENT_BYTES, .on_screen = SCREEN_SIZE },
	{ "reason", IPCNS_A_EVENT_REASON, SHOW_REASON },
	{ "shm", IPCNS_A_EVENT_SHM, .on_screen = SCREEN_NONZERO },
	{ "sem", IPCNS_A_EVENT_SEM, .on_screen = SCREEN_NONZERO },
	{ "msg", IPCNS_A_EVENT_MSG, .on_screen = SCREEN_NONZERO },
	{ "mq", IPCNS_A_EVENT_MQ, .on_screen = SCREEN_NONZERO },
	{ "shm_bytes", IPCNS_A_EVENT_SHM_BYTES, .on_screen = SCREEN_SIZE },
	{ "msg_bytes", IPCNS_A_EVENT_MSG_BYTES, .on_screen = SCREEN_SIZE },
	{ "duration_ns", IPCNS_A_EVENT_DURATION, .on_screen = SCREEN_DURATION },
	{ "pid", IPCNS_A_EVENT_PID, .on_screen = SCREEN_HIDDEN },
	{ "comm", IPCNS_A_EVENT_COMM, SHOW_BYTES, SCREEN_HIDDEN },
	{ 0 }
};

const struct event_field event_loss_fields[] = {
	{ "cause", IPCNS_A_EVENT_CAUSE, SHOW_CAUSE },
	{ 0 }
};

static void write_loss(struct event_writer *w, const struct ipcns_event *e)
{
	begin(w, e->attr[IPCNS_A_EVENT_TIME], e->seq, NULL, "lost");
	if (e->from)
		put_number(w, "from", e->from);
	if (e->to)
		put_number(w, "to", e->to);
	if (e->cause)
		put_text(w, "cause", e->cause);
	else
		put_fields(w, event_loss_fields, e->attr);
	if (e->seq && w->form != EVENT_JSON)
		put_number(w, "seq", e->seq);
	if (w->colors)
		fputs_unlocked(COLOR_END, w->out);
	end(w);
}

static const char *name_or_number(const char *const names[], size_t n, uint64_t value, char *buf,
				  size_t size)
{
	if (value < n && names[value])
		return names[value];
	snprintf(buf, size, "%llu", (unsigned long long)value);
	return buf;
}

/*
 * What the process belonged to that caused an event: as an entry has it, or the module; or as /proc
 * has it while the process lives, which knows other hierarchies than the unified one, too.
 */
static void put_unit(struct event_writer *w, const struct ipcns_event *e)
{
	const char *unit = NULL, *path;
	uint64_t pid, time;
	size_t len;

	if (!ipcns_uint(e->attr[IPCNS_A_EVENT_PID], &pid))
		return;
	path = ipcns_text(e->attr[IPCNS_A_EVENT_CGROUP], &len);
	if (w->entry)
		unit = event_entry_field(w->entry, "unit", &len);
	else if (path && len > 1)
		unit = group_unit(path, &len);
	else if ((path ? !groups_are_unified() : !e->attr[IPCNS_A_EVENT_CGROUP_ID]) &&
		 ipcns_uint(e->attr[IPCNS_A_EVENT_TIME], &time))
		unit = process_unit_at(pid, time, &len);
	if (unit)
		put_bytes(w, "unit", unit, len);
	else if (w->form == EVENT_JSON)
		json_null(&w->json, "unit");
}

/* On a terminal: the command that caused an event, and its number where that is known. */
static void put_actor(struct event_writer *w, const struct ipcns_event *e)
{
	size_t len;
	const char *comm = ipcns_text(e->attr[IPCNS_A_EVENT_COMM], &len);
	uint64_t pid;

	if (!comm)
		return;
	put_bytes(w, "by", comm, len);
	if (ipcns_uint(e->attr[IPCNS_A_EVENT_PID], &pid) && pid)
		fprintf(w->out, "[%llu]", (unsigned long long)pid);
}

/** event_write - write one event, or a loss */
void event_write(struct event_writer *w, const struct ipcns_event *e)
{
	char object[24], kind[24];

	if (event_is_loss(e)) {
		write_loss(w, e);
		return;
	}
	begin(w, e->attr[IPCNS_A_EVENT_TIME], e->seq,
	      name_or_number(event_object_names, ARRAY_SIZE(event_object_names), e->object, object,
			     sizeof(object)),
	      name_or_number(event_kind_names, EVENT_KINDS, e->kind, kind, sizeof(kind)));
	put_fields(w, event_fields, e->attr);
	if (w->form == EVENT_SCREEN)
		put_actor(w, e);
	put_unit(w, e);
	if (e->seq && w->form != EVENT_JSON && w->form != EVENT_SCREEN)
		put_number(w, "seq", e->seq);
	end(w);
}

static const struct event_field ns_fields[] = {
	{ "ns", IPCNS_A_NS_INUM },
	{ "nsid", IPCNS_A_NS_ID, .on_screen = SCREEN_HIDDEN },
	{ "state", IPCNS_A_NS_STATE, SHOW_STATE },
	{ "shm", IPCNS_A_NS_SHM, .on_screen = SCREEN_NONZERO },
	{ "sem", IPCNS_A_NS_SEM, .on_screen = SCREEN_NONZERO },
	{ "msg", IPCNS_A_NS_MSG, .on_screen = SCREEN_NONZERO },
	{ "mq", IPCNS_A_NS_MQ, .on_screen = SCREEN_NONZERO },
	{ "shm_bytes", IPCNS_A_NS_SHM_BYTES, .on_screen = SCREEN_SIZE },
	{ "msg_bytes", IPCNS_A_NS_MSG_BYTES, .on_screen = SCREEN_SIZE },
	{ 0 }
};

/** event_write_ns - write that a namespace is there; @row is of ns-get */
void event_write_ns(struct event_writer *w, const struct row *row)
{
	begin(w, NULL, 0, event_object_names[IPCNS_EVENT_OBJECT_NS], "present");
	put_fields(w, ns_fields, row->attr);
	end(w);
}

/** event_write_object - write that an object is there */
void event_write_object(struct event_writer *w, const struct event_object *o)
{
	bool screen = w->form == EVENT_SCREEN;

	begin(w, NULL, 0, event_object_names[IPCNS_EVENT_OBJECT_SHM + o->kind], "present");
	if (o->known & EVENT_HAS_INUM)
		put_number(w, "ns", o->inum);
	if (!screen)
		put_number(w, "nsid", o->ns_id);
	if (o->known & EVENT_HAS_ID)
		put_number(w, "id", o->id);
	if (o->known & EVENT_HAS_KEY && !(screen && !o->key))
		put_key_of(w, "key", o->key);
	if (o->known & EVENT_HAS_NAME)
		put_text(w, "name", o->name);
	if (o->known & EVENT_HAS_UID && !screen)
		put_number(w, "uid", o->uid);
	if (o->known & EVENT_HAS_MODE)
		put_perms(w, "mode", o->mode);
	if (o->known & EVENT_HAS_BYTES)
		put_size(w, "bytes", o->bytes);
	end(w);
}
