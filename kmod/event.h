/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events as the journal keeps them.
 */
#ifndef _IPCNS_EVENT_H
#define _IPCNS_EVENT_H

#include <linux/bits.h>
#include <linux/sched.h>
#include <linux/threads.h>
#include <linux/timekeeping.h>
#include <linux/types.h>
#include <uapi/linux/ipcns.h>

/**
 * struct ipcns_event - one event, and one slot of the journal
 * @time:	when, nanoseconds of CLOCK_BOOTTIME
 * @ns:		the namespace: its id, once the event is published; before that,
 *		as a key only, its address, or for a queue that of its superblock
 * @value:	size of a segment; mode after a change; duration of a teardown, in nanoseconds
 * @comm:	command name of the task that caused it, but for its last byte, a NUL
 * @pid:	that task's process, in the initial pid namespace; 0 for none. Read both with
 *		the functions below: in bytes that are always 0, they have 16 bits of the
 *		task's control group
 * @id:		identifier of a System V object, inode number of a queue
 * @key:	key of a System V object
 * @uid:	owner of the object, or who created a namespace or dropped its last reference;
 *		in the initial user namespace
 * @seq:	low half of the sequence number, once the event is published; before that,
 *		the low half of the group's id
 * @object:	enum ipcns_event_object
 * @what:	enum ipcns_event_kind
 * @reason:	enum ipcns_event_reason, for an object's end
 * @slots:	slots that the event takes, this one included; 0 in the slots
 *		that continue it
 */
struct ipcns_event {
	u64	time;
	u64	ns;
	u64	value;
	char	comm[TASK_COMM_LEN];
	u32	pid;
	u32	id;
	u32	key;
	u32	uid;
	u32	seq;
	u8	object;
	u8	what;
	u8	reason;
	u8	slots;
};

/* Processes have lower numbers. */
#define IPCNS_EVENT_PID GENMASK(23, 0)

/*
 * Bits of a control group: 8 of the process's number, 8 of the command name. They are the
 * upper ones of its id, and the number of its place once the event is published.
 */
#define IPCNS_EVENT_CGROUP_BITS 16

/**
 * ipcns_event_pid() - the process that caused an event, 0 for none
 * @e:		the event
 */
static inline u32 ipcns_event_pid(const struct ipcns_event *e)
{
	return e->pid & IPCNS_EVENT_PID;
}

/**
 * ipcns_event_cgroup() - the bits of its control group
 * @e:		the event
 */
static __always_inline u32 ipcns_event_cgroup(const struct ipcns_event *e)
{
	return e->pid >> 24 | (u32)(u8)e->comm[TASK_COMM_LEN - 1] << 8;
}

/**
 * ipcns_event_set_cgroup() - keep bits of the control group of the task that caused an event
 * @e:		the event, with a process
 * @bits:	less than 1 << IPCNS_EVENT_CGROUP_BITS
 */
static __always_inline void ipcns_event_set_cgroup(struct ipcns_event *e, u32 bits)
{
	BUILD_BUG_ON(PID_MAX_LIMIT - 1 > IPCNS_EVENT_PID);

	e->pid = (e->pid & IPCNS_EVENT_PID) | bits << 24;
	e->comm[TASK_COMM_LEN - 1] = bits >> 8;
}

/**
 * struct ipcns_event_more - a slot that continues an event
 * @data:	what the event has more of
 * @seq:	as in the event
 * @meta:	all 0
 */
struct ipcns_event_more {
	u8	data[56];
	u32	seq;
	u8	meta[4];
};

/* What the event "namespace created" continues with. */
struct ipcns_event_birth {
	u64	cookie;
	u64	native_id;
	u64	sb;
	u32	inum;
	u32	owner_inum;
	u32	owner_uid;
};

/* What the event "namespace dying" continues with; by kind. */
struct ipcns_event_inventory {
	u32	count[4];
	u64	bytes[3];
};

/**
 * ipcns_real_time() - when something was, on the clock that people use
 * @boottime:	nanoseconds of CLOCK_BOOTTIME
 *
 * Return: nanoseconds since the epoch, as the clock is set now.
 */
static inline s64 ipcns_real_time(u64 boottime)
{
	return boottime + ktime_mono_to_any(0, TK_OFFS_REAL) - ktime_mono_to_any(0, TK_OFFS_BOOT);
}

#endif /* _IPCNS_EVENT_H */
