// SPDX-License-Identifier: GPL-2.0-only
/* Which events the module records, and warnings about those asked for that it does not record. */
#include <errno.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/module.h"
#include "ipc/recording.h"
#include "print/rows.h"
#include "util.h"

#define RECORD_PARAMETER "/sys/module/ipcns/parameters/record"

static void take_state(struct nlattr *attrs, int len, void *arg)
{
	struct recording *r = arg;
	uint64_t objects = 0;
	struct row row;

	if (!row_parse(&row, attrs, len))
		return;
	ipcns_uint(row.attr[IPCNS_A_EVENT_SEQ], &r->next);
	ipcns_uint(row.attr[IPCNS_A_EVENT_FROM], &r->held);
	ipcns_uint(row.attr[IPCNS_A_EVENT_OBJECTS], &objects);
	r->objects = objects;
}

static void take_status(struct nlattr *attrs, int len, void *arg)
{
	struct recording *r = arg;
	struct row row;
	uint64_t live;

	if (row_parse(&row, attrs, len) && ipcns_uint(row.attr[IPCNS_A_STATUS_EVENTS_LIVE], &live))
		r->blind = !live;
}

static bool read_parameter(void)
{
	FILE *file = fopen(RECORD_PARAMETER, "re");
	char text[16] = "";
	bool objects;

	if (!file)
		return false;
	objects = fgets(text, sizeof(text), file) && !strcmp(text, "objects\n");
	fclose(file);
	return objects;
}

/** recording_get - ask what is recorded now, or die; false if the module is gone */
bool recording_get(struct ipcns *c, struct recording *r)
{
	int ret;

	*r = (struct recording){ .always = read_parameter() };
	ret = ipcns_do(c, ipcns_request(IPCNS_CMD_JOURNAL_GET), take_state, r);
	if (!ret && !r->next)
		die(STATUS_ERROR, "cannot read the journal: malformed answer");
	/* A caller who may not see the status does without. */
	if (!ret && ipcns_status(c, take_status, r) == -ENODEV)
		ret = -ENODEV;
	if (ret && ret != -ENODEV)
		module_die(c, ret, "cannot read the journal");
	return !ret;
}

/* Creations and changes of objects are wanted, of those in the mask @objects. */
static bool wants_on_demand(const struct event_mask *mask, uint32_t objects)
{
	unsigned int object;

	for (object = IPCNS_EVENT_OBJECT_SHM; object <= IPCNS_EVENT_OBJECT_MQ; object++)
		if (objects & 1U << object &&
		    mask->kinds[object] & (1U << IPCNS_EVENT_KIND_CREATED |
					   1U << IPCNS_EVENT_KIND_CHANGED))
			return true;
	return false;
}

/** recording_misses - whether events are wanted that are not recorded now */
bool recording_misses(const struct recording *r, const struct event_mask *mask)
{
	return r->blind || wants_on_demand(mask, ~r->objects);
}

/** recording_report_now - report why recording_misses() */
void recording_report_now(const struct recording *r)
{
	if (r->blind)
		error("hooks do not fire, so events are missing: see \"" PROGRAM " status\"");
	else
		error("not all creations and changes of objects are recorded now%s: see \"" PROGRAM
		      " status\"", r->always ? "" : " (module parameter record=removals)");
}

/**
 * recording_report_past - report what is wanted, but was recorded only while somebody monitored it
 * @r: what is recorded
 * @mask: what is wanted
 *
 * That is the creation and the change of objects; the rest is recorded in any case.
 */
void recording_report_past(const struct recording *r, const struct event_mask *mask)
{
	if (!r->always && wants_on_demand(mask, ~0U))
		error("creations and changes of objects are on record only from times when a monitor asked for them (module parameter record=removals; record=objects records them always)");
}
