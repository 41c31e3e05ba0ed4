// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows that are printed in the order of some columns.
 *
 * Each row is kept as the values of the columns that are shown, and after them of those that it is
 * sorted by: a type and a number, which is the place of the text where the value is one. Where
 * nobody asks for an order, no row is kept.
 */
#include <stdlib.h>
#include <string.h>

#include "print/kept_rows.h"
#include "util.h"

struct kept_value {
	union {
		uint64_t number;
		const char *word;
	};
	uint8_t type;
} __attribute__((packed));

static size_t values_of_row(const struct kept_rows *kept)
{
	return kept->columns->n + kept->columns->n_sort;
}

static bool is_text(enum value_type type)
{
	return type == VALUE_TEXT || type == VALUE_LIST || type == VALUE_NUMBERS;
}

/** kept_rows_begin - begin with no rows; @columns must outlive them */
void kept_rows_begin(struct kept_rows *kept, const struct column_choice *columns)
{
	*kept = (struct kept_rows){ .columns = columns };
	if (columns->n_sort) {
		kept->last = xcalloc(values_of_row(kept), sizeof(*kept->last));
		/* No place of a text. */
		memset(kept->last, 0xff, values_of_row(kept) * sizeof(*kept->last));
	}
}

static const char *get_text(const struct kept_rows *kept, uint64_t at, size_t *len)
{
	memcpy(len, kept->text.bytes + at, sizeof(*len));
	return kept->text.bytes + at + sizeof(*len);
}

/*
 * A text is preceded by its length, and followed by a zero byte. One that is the same as in the
 * last row is kept once; when there is much text, only the beginning of a longer one.
 */
static uint64_t put_text(struct kept_rows *kept, size_t column, const char *text, size_t len)
{
	size_t most = table_cell_size(kept->text.len, SIZE_MAX), at = kept->text.len, last_len;
	char cut[SHORT_CELL_SIZE];
	const char *last;

	if (len > most) {
		memcpy(cut, text, sizeof(cut) - 3);
		memset(cut + sizeof(cut) - 3, '.', 3);
		text = cut;
		len = sizeof(cut);
	}
	if (kept->last[column] != UINT64_MAX) {
		last = get_text(kept, kept->last[column], &last_len);
		if (last_len == len && !memcmp(last, text, len))
			return kept->last[column];
	}
	buffer_plain(&kept->text, (const char *)&len, sizeof(len));
	buffer_plain(&kept->text, text, len);
	buffer_plain(&kept->text, "", 1);
	kept->last[column] = at;
	return at;
}

static void put_value(struct kept_rows *kept, size_t column, const struct value *value)
{
	struct kept_value stored = { .number = value->number, .type = value->type };

	if (is_text(value->type))
		stored.number = put_text(kept, column, value->text, value->len);
	else if (value->type == VALUE_WORD)
		stored.word = value->text;
	else if (value->type == VALUE_PERCENT)
		memcpy(&stored.number, &value->percent, sizeof(stored.number));
	buffer_plain(&kept->values, (const char *)&stored, sizeof(stored));
}

/* What a row is sorted by: users and words by what is shown of them. */
static void put_key(struct kept_rows *kept, size_t column, struct value *value)
{
	static const struct value_format format = { .time = TIME_ISO };

	if (value->type == VALUE_USER || value->type == VALUE_GROUP) {
		value_render(value, &format);
		value->type = VALUE_TEXT;
	} else if (value->type == VALUE_WORD) {
		value->type = VALUE_TEXT;
	}
	put_value(kept, column, value);
}

/**
 * kept_rows_add - keep a row
 * @kept: the rows
 * @row: the row, for the columns that it is sorted by
 * @shown: the row, for those that are shown
 * @more: what else there is of it
 */
void kept_rows_add(struct kept_rows *kept, const struct row *row, const struct row *shown,
		   const struct kept_row *more)
{
	struct value value;
	size_t i;

	kept->rows = xgrow(kept->rows, kept->n, &kept->allocated, sizeof(*kept->rows));
	kept->rows[kept->n++] = *more;
	for (i = 0; i < kept->columns->n; i++) {
		column_fill(kept->columns->columns[i], shown, &value);
		put_value(kept, i, &value);
	}
	for (i = 0; i < kept->columns->n_sort; i++) {
		column_fill(kept->columns->sort[i].column, row, &value);
		put_key(kept, kept->columns->n + i, &value);
	}
}

/** kept_rows_value - fill @value with what the @column that was chosen shows of row number @row */
void kept_rows_value(const struct kept_rows *kept, size_t row, size_t column, struct value *value)
{
	struct kept_value stored;
	size_t at = row * values_of_row(kept) + column;

	memcpy(&stored, kept->values.bytes + at * sizeof(stored), sizeof(stored));
	value->type = stored.type;
	value->number = stored.number;
	if (is_text(value->type))
		value->text = get_text(kept, stored.number, &value->len);
	else if (value->type == VALUE_WORD)
		value_word(value, stored.word);
	else if (value->type == VALUE_PERCENT)
		memcpy(&value->percent, &stored.number, sizeof(value->percent));
}

static bool is_unknown(const struct value *value)
{
	return value->type == VALUE_UNKNOWN || value->type == VALUE_MEANINGLESS;
}

/* By the locale, as in the language of people; what it takes for equal, by bytes. */
static int compare_text(const struct value *a, const struct value *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int ret = strcoll(a->text, b->text) ?: memcmp(a->text, b->text, len);

	return ret ?: (a->len > b->len) - (a->len < b->len);
}

static int compare_numbers(const struct value *a, const struct value *b)
{
	bool a_negative = a->type == VALUE_SIGNED && (int64_t)a->number < 0;
	bool b_negative = b->type == VALUE_SIGNED && (int64_t)b->number < 0;

	if (a->type == VALUE_PERCENT && b->type == VALUE_PERCENT)
		return (a->percent > b->percent) - (a->percent < b->percent);
	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

/* Numbers come before texts, where a column has both. */
static int compare_values(const struct value *a, const struct value *b)
{
	if (is_text(a->type) != is_text(b->type))
		return is_text(a->type) ? 1 : -1;
	return is_text(a->type) ? compare_text(a, b) : compare_numbers(a, b);
}

/* What is unknown comes last, in descending order too; rows that are equal stay as they came. */
static int compare_rows(const void *p, const void *q, void *arg)
{
	const struct kept_rows *kept = arg;
	size_t a = *(const size_t *)p, b = *(const size_t *)q, i;
	struct value x, y;
	int ret;

	for (i = 0; i < kept->columns->n_sort; i++) {
		kept_rows_value(kept, a, kept->columns->n + i, &x);
		kept_rows_value(kept, b, kept->columns->n + i, &y);
		if (is_unknown(&x) || is_unknown(&y)) {
			ret = is_unknown(&x) - is_unknown(&y);
		} else {
			ret = compare_values(&x, &y);
			if (kept->columns->sort[i].descending)
				ret = -ret;
		}
		if (ret)
			return ret;
	}
	return (a > b) - (a < b);
}

static size_t count_children(const struct kept_rows *kept, size_t parent)
{
	size_t n = 0;

	while (parent + n + 1 < kept->n && kept->rows[parent + n + 1].child)
		n++;
	return n;
}

/**
 * kept_rows_order - sort the rows
 * @kept: the rows
 *
 * Returns their numbers in the order of output, for free(3): children, in their own order, after
 * the row that they stand below.
 */
size_t *kept_rows_order(const struct kept_rows *kept)
{
	size_t *parents = xcalloc(kept->n, sizeof(*parents));
	size_t *order = xcalloc(kept->n, sizeof(*order)), *to = order;
	size_t n = 0, i, j, children;

	for (i = 0; i < kept->n; i++)
		if (!kept->rows[i].child)
			parents[n++] = i;
	qsort_r(parents, n, sizeof(*parents), compare_rows, (void *)kept);
	for (i = 0; i < n; i++) {
		*to++ = parents[i];
		children = count_children(kept, parents[i]);
		for (j = 0; j < children; j++)
			to[j] = parents[i] + 1 + j;
		qsort_r(to, children, sizeof(*to), compare_rows, (void *)kept);
		to += children;
	}
	free(parents);
	return order;
}

/** kept_rows_free - free what the rows took */
void kept_rows_free(struct kept_rows *kept)
{
	free(kept->rows);
	free(kept->last);
	free(kept->values.bytes);
	free(kept->text.bytes);
	*kept = (struct kept_rows){ 0 };
}
