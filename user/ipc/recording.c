// SPDX-License-Identifier: GPL-2.0-only
/* What the module records, and what it does not though somebody asks for it. */
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
	struct row rec;

	if (!row_parse(&rec, attrs, len))
		return;
	ipcns_uint(rec.attr[IPCNS_A_EVENT_SEQ], &r->next);
	ipcns_uint(rec.attr[IPCNS_A_EVENT_FROM], &r->held);
	ipcns_uint(rec.attr[IPCNS_A_EVENT_OBJECTS], &objects);
	r->objects = objects;
}

static void take_status(struct nlattr *attrs, int len, void *arg)
{
	struct recording *r = arg;
	struct row rec;
	uint64_t live;

	if (row_parse(&rec, attrs, len) && ipcns_uint(rec.attr[IPCNS_A_STATUS_EVENTS_LIVE], &live))
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

/**
 * recording_misses - whether events are wanted that are not recorded unless somebody monitors them
 * @r: what is recorded
 * @mask: what is wanted
 *
 * Those are the creation and the change of objects; the rest is recorded in any case.
 */
bool recording_misses(const struct recording *r, const struct event_mask *mask)
{
	unsigned int object;

	for (object = IPCNS_EVENT_OBJECT_SHM; object <= IPCNS_EVENT_OBJECT_MQ; object++)
		if (mask->kinds[object] & (1U << IPCNS_EVENT_KIND_CREATED |
					   1U << IPCNS_EVENT_KIND_CHANGED))
			return !r->always;
	return false;
}
