/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_WIRE_H
#define IPCNSCTL_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

struct wire;

/* Multicast groups of the module. */
enum wire_group {
	WIRE_NAMESPACES,
	WIRE_OBJECTS,
};

/* Takes the attributes of one message; they are gone when it returns. */
typedef void (*wire_row_fn)(struct nlattr *attrs, int len, void *arg);
/* Forgets all rows of a dump, which begins anew; false if it is too late for that. */
typedef bool (*wire_restart_fn)(void *arg);

struct wire *wire_open(void);
struct wire *wire_try_open(uint16_t id);
void wire_close(struct wire *w);
struct nl_msg *wire_request(struct wire *w, uint8_t cmd);
int wire_do(struct wire *w, struct nl_msg *msg, wire_row_fn row, void *arg);
int wire_dump(struct wire *w, struct nl_msg *msg, wire_row_fn row, wire_restart_fn restart,
	      void *arg);
const char *wire_error(const struct wire *w);

uint16_t wire_family(const struct wire *w);
uint32_t wire_group(const struct wire *w, enum wire_group group);

bool wire_int(const struct nlattr *attr, int64_t *value);
bool wire_uint(const struct nlattr *attr, uint64_t *value);

#endif
