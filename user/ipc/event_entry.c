// SPDX-License-Identifier: GPL-2.0-only
/* Events read back from entries of the systemd journal that this program wrote. */
#include <ctype.h>
#include <string.h>

#include <netlink/msg.h>

#include "ipc/event_entry.h"
#include "ipc/event_field.h"
#include "ipc/event_kind.h"
#include "ipc/when.h"
#include "print/text.h"
#include "util.h"

/** event_entry_field - the value of a field IPCNS_*; NULL if there is none */
const char *event_entry_field(const struct journalctl_entry *entry, const char *name, size_t *len)
{
	char field[64] = "IPCNS_";
	size_t n = strlen(field);

	while (*name && n < sizeof(field) - 1)
		field[n++] = toupper((unsigned char)*name++);
	return journalctl_field(entry, field, len);
}

static void add(bool added)
{
	if (!added)
		die(STATUS_ERROR, "out of memory");
}

static bool entry_number(const struct journalctl_entry *entry, const char *name, uint64_t *value)
{
	size_t len;
	const char *text = event_entry_field(entry, name, &len);

	return text && parse_uint(text, len, 10, UINT64_MAX, value);
}

/* Text that event_write() made of a number. */
static bool parse_field(const struct event_field *field, const char *text, size_t len,
			uint64_t *value)
{
	unsigned int i, n = EVENT_REASONS;
	const char *const *names = event_reason_names;

	switch (field->as) {
	case SHOW_KEY:
		return len > 2 && !memcmp(text, "0x", 2) &&
		       parse_uint(text + 2, len - 2, 16, UINT32_MAX, value);
	case SHOW_PERMS:
		for (*value = 0, i = 0; i < len && i < 9; i++)
			*value |= text[i] != '-' ? 0400 >> i : 0;
		return len == 9;
	case SHOW_CAUSE:
		names = event_cause_names;
		n = EVENT_CAUSES;
		/* fallthrough */
	case SHOW_REASON:
		*value = event_find_name(names, n, text, len);
		if (*value < n)
			return true;
		/* fallthrough */
	default:
		return parse_uint(text, len, 10, UINT64_MAX, value);
	}
}

/* Adds the attribute that a field was written from, if its text is what this program writes. */
static void read_field(struct nl_msg *msg, const struct event_field *field, const char *text,
		       size_t len)
{
	uint64_t value;

	if (field->as == SHOW_NAME && len && *text == '/')
		add(nla_put(msg, field->attr, len - 1, text + 1) >= 0);
	else if (field->as == SHOW_BYTES)
		add(nla_put(msg, field->attr, len, text) >= 0);
	else if (field->as != SHOW_NAME && parse_field(field, text, len, &value))
		add(nla_put_u64(msg, field->attr, value) >= 0);
}

static void read_fields(struct nl_msg *msg, const struct event_field *field,
			const struct journalctl_entry *entry)
{
	const char *text;
	size_t len;

	for (; field->name; field++) {
		text = event_entry_field(entry, field->name, &len);
		if (text)
			read_field(msg, field, text, len);
	}
}

static bool read_head(struct nl_msg *msg, const struct journalctl_entry *entry)
{
	unsigned int object = IPCNS_EVENT_OBJECT_LOST, kind;
	const char *text;
	struct when when;
	char time[64];
	size_t len;

	text = event_entry_field(entry, "time", &len);
	if (!text || len >= sizeof(time))
		return false;
	memcpy(time, text, len);
	time[len] = '\0';
	if (!when_parse(time, 0, &when) || when.seq)
		return false;
	add(nla_put_s64(msg, IPCNS_A_EVENT_TIME, when.time) >= 0);

	text = event_entry_field(entry, "event", &len);
	if (!text)
		return false;
	if (len != 4 || memcmp(text, "lost", 4)) {
		kind = event_find_name(event_kind_names, EVENT_KINDS, text, len);
		text = event_entry_field(entry, "object", &len);
		object = EVENT_OBJECTS;
		if (text)
			object = event_find_name(event_object_names, EVENT_OBJECTS, text, len);
		if (kind == EVENT_KINDS || object == EVENT_OBJECTS)
			return false;
		add(nla_put_u32(msg, IPCNS_A_EVENT_EVENT, kind) >= 0);
	}
	add(nla_put_u32(msg, IPCNS_A_EVENT_OBJECT, object) >= 0);
	return true;
}

/**
 * event_read_entry - the event that an entry of the systemd journal was made of
 * @e: the result, which points into the message returned
 * @entry: an entry that event_write() made
 *
 * Returns a message for nlmsg_free(), or NULL if it is no such entry.
 */
struct nl_msg *event_read_entry(struct ipcns_event *e, const struct journalctl_entry *entry)
{
	struct nl_msg *msg = nlmsg_alloc_simple(NLMSG_MIN_TYPE, 0);
	bool lost_from = false, good;
	const char *text;
	uint64_t value;
	size_t len;

	add(msg);
	good = read_head(msg, entry);
	if (good)
		read_fields(msg, event_fields, entry);
	read_fields(msg, event_loss_fields, entry);
	text = event_entry_field(entry, event_loss_fields->name, &len);
	if (entry_number(entry, "seq", &value))
		add(nla_put_u64(msg, IPCNS_A_EVENT_SEQ, value) >= 0);
	if (entry_number(entry, "from", &value)) {
		add(nla_put_u64(msg, IPCNS_A_EVENT_FROM, value) >= 0);
		lost_from = true;
	}
	if (entry_number(entry, "to", &value))
		add(nla_put_u64(msg, IPCNS_A_EVENT_TO, value) >= 0);
	if (good)
		good = ipcns_event_parse(e, nlmsg_attrdata(nlmsg_hdr(msg), 0),
					 nlmsg_attrlen(nlmsg_hdr(msg), 0)) ||
		       (lost_from && event_is_loss(e));
	/* What monitor found out itself: how many are lost is not known. */
	if (good && text && len == strlen("module") && !memcmp(text, "module", len))
		e->cause = "module";
	if (good)
		return msg;
	nlmsg_free(msg);
	return NULL;
}
