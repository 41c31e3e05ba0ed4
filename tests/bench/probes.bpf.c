// SPDX-License-Identifier: GPL-2.0
/*
 * What the module's object probes record of System V objects, recorded by BPF programs on the same
 * functions: the kinds of probes are the same, too, and so is what is in an event.
 */
#include <linux/types.h>
#include <linux/ptrace.h>
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SLOTS 4096

struct kern_ipc_perm {
	int id;
	int key;
	struct {
		unsigned int val;
	} uid;
} __attribute__((preserve_access_index));

struct event {
	__u64 time, table, bytes;
	__u32 pid, id, key, uid, caller, what;
	char comm[16];
};

struct arguments {
	__u64 table, perm;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

/* Arguments of calls that have not returned, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SLOTS);
	__type(key, __u64);
	__type(value, struct arguments);
} calls SEC(".maps");

static inline __attribute__((always_inline)) int record(__u32 what, __u64 table, const struct kern_ipc_perm *perm)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e)
		return 0;
	e->time = bpf_ktime_get_boot_ns();
	e->table = table;
	e->bytes = 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->caller = bpf_get_current_uid_gid();
	e->id = BPF_CORE_READ(perm, id);
	e->key = BPF_CORE_READ(perm, key);
	e->uid = BPF_CORE_READ(perm, uid.val);
	e->what = what;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("kprobe/ipc_rmid")
int on_rmid(struct pt_regs *regs)
{
	return record(1, PT_REGS_PARM1(regs), (void *)PT_REGS_PARM2(regs));
}

SEC("kprobe/ipc_addid")
int keep_arguments(struct pt_regs *regs)
{
	struct arguments a = { PT_REGS_PARM1(regs), PT_REGS_PARM2(regs) };
	__u64 thread = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&calls, &thread, &a, BPF_ANY);
	return 0;
}

SEC("kretprobe/ipc_addid")
int on_addid(struct pt_regs *regs)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct arguments *a = bpf_map_lookup_elem(&calls, &thread);
	int err = PT_REGS_RC(regs);

	if (!a)
		return 0;
	if (err >= 0)
		record(0, a->table, (void *)a->perm);
	bpf_map_delete_elem(&calls, &thread);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
