/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ACTOR_H
#define IPCNSCTL_ACTOR_H

#include "print/columns.h"
#include "print/rows.h"

bool actor_parse(struct nlattr *attr, struct nlattr **tb);

/* Cells of columns whose attribute says who did something. */
void actor_fill_time(const struct column *column, const struct row *row, struct value *value);
void actor_fill(const struct column *column, const struct row *row, struct value *value);
void actor_fill_unit(struct nlattr *actor, struct value *value);
void actor_fill_user(const struct column *column, const struct row *row, struct value *value);

#endif
