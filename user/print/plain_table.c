// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables where there is no terminal: byte for byte what libsmartcols prints there, but for very
 * long cells, in less time.
 *
 * Tables in files can be large. Of 59,000 instructions for each of 30,000 objects, ten columns,
 * libsmartcols took 44,000: mbrtowc(3) for each character, once to find the widths and once more to
 * print, fputs(3) for each space, an allocation for each cell; no option of a table changes that.
 * This takes 1,100. A terminal is another matter: there columns are made to fit, by libsmartcols.
 *
 * Rows are kept one after the other, each cell as
 *	0				shows what the cell above it does
 *	2 * length + 1, text		as many columns wide as it has bytes
 *	2 * length + 2, width, text
 * and keys, where rows are to be sorted, as what each number adds to that of the key above, the
 * length of the text, and the text. A number takes a byte for each 7 bits of it. So a row of
 * objects takes 30 bytes; it took 170.
 *
 * Rows with keys are in blocks: rows that follow each other, and whose keys begin with the same
 * numbers. There are a tenth as many to be sorted, and inside they mostly are in order.
 */
#include <stdlib.h>
#include <string.h>

#include "print/plain_table.h"
#include "util.h"

#define BLOCK_NUMBERS 3

/* Anybody can give a queue or a command a long name: it shifts its own row, but no others. */
#define WIDEST 64

struct plain_table_block {
	uint64_t number[BLOCK_NUMBERS];	/* of all keys */
	size_t state;		/* number of what is above its first row */
	size_t row, key;	/* where the first are */
	size_t n;		/* rows */
	bool unsorted;
};

/* What rows are printed with. */
struct printer {
	const struct plain_table *table;
	struct buffer line;	/* the last one */
	const char **cells;	/* that the next row repeats */
	const char **printed;	/* that are in the line */
	size_t *ends;		/* where they end there */
};

static void put_number(struct buffer *buf, uint64_t n)
{
	char *to = buffer_room(buf, 10);

	for (; n > 0x7f; n >>= 7)
		*to++ = n | 0x80;
	*to++ = n;
	buf->len = to - buf->bytes;
}

static uint64_t get_number(const char **at)
{
	unsigned int shift = 0;
	uint64_t n = 0;

	for (; **at & 0x80; shift += 7)
		n |= (uint64_t)(*(*at)++ & 0x7f) << shift;
	return n | (uint64_t)*(*at)++ << shift;
}

/* Numbers with a sign, near 0: the sign is the lowest bit. */
static void put_difference(struct buffer *buf, uint64_t n)
{
	put_number(buf, n << 1 ^ -(n >> 63));
}

static uint64_t get_difference(const char **at)
{
	uint64_t n = get_number(at);

	return n >> 1 ^ -(n & 1);
}

/* Reads the cell at @at; returns where its text is. */
static const char *get_cell(const char *at, size_t *len, size_t *width)
{
	uint64_t n = get_number(&at);

	*len = (n - 1) / 2;
	*width = n & 1 ? *len : get_number(&at);
	return at;
}

/**
 * plain_table_begin - begin a table
 * @table: the table
 * @columns: its columns
 * @wide: whether a cell of any length widens its column; else only up to WIDEST, and the rest of a
 *	row with a longer one is not in line with others
 */
void plain_table_begin(struct plain_table *table, const struct column_choice *columns, bool wide)
{
	*table = (struct plain_table){ .columns = columns, .wide = wide, .fresh = true };
	table->widths = xcalloc(columns->n, sizeof(*table->widths));
	table->above = xcalloc(columns->n, sizeof(*table->above));
}

static void widen(struct plain_table *table, size_t column, size_t width)
{
	if (width > table->widths[column] && (width <= WIDEST || table->wide))
		table->widths[column] = width;
}

/* Cells come row by row, from left to right. */
static void end_cell(struct plain_table *table)
{
	if (++table->column < table->columns->n)
		return;
	table->column = 0;
	table->fresh = false;
	table->n++;
}

static void append(struct plain_table *table, const char *text, size_t len, size_t width)
{
	table->above[table->column] = table->rows.len;
	put_number(&table->rows, 2 * len + (width == len ? 1 : 2));
	if (width != len)
		put_number(&table->rows, width);
	buffer_plain(&table->rows, text, len);
	widen(table, table->column, width);
	end_cell(table);
}

/* Whether the cell above the next one shows this text, too. */
static bool shows_above(const struct plain_table *table, const char *text, size_t len)
{
	const char *above;
	size_t above_len, width;

	if (table->fresh || !len)
		return false;
	above = get_cell(table->rows.bytes + table->above[table->column], &above_len, &width);
	return above_len == len && !memcmp(above, text, len);
}

/**
 * plain_table_add - append a cell
 * @table: the table
 * @text: any bytes
 * @len: their number
 *
 * What is long, and the same as above, is kept once: command lines of neighbours often are.
 */
void plain_table_add(struct plain_table *table, const char *text, size_t len)
{
	size_t width;

	table->cell.len = 0;
	width = buffer_cell(&table->cell, text, len,
			    table_cell_size(table->rows.len, TABLE_CELL_SIZE));
	if (shows_above(table, table->cell.bytes, table->cell.len))
		plain_table_repeat(table);
	else
		append(table, table->cell.bytes, table->cell.len, width);
}

/** plain_table_add_plain - append a cell whose bytes are characters that every locale prints */
void plain_table_add_plain(struct plain_table *table, const char *text, size_t len)
{
	append(table, text, len, len);
}

/** plain_table_repeat - append a cell that shows what the one above it does */
void plain_table_repeat(struct plain_table *table)
{
	*buffer_room(&table->rows, 1) = 0;
	table->rows.len++;
	end_cell(table);
}

static struct plain_table_block *last_block(struct plain_table *table)
{
	return table->n_blocks ? &table->blocks[table->n_blocks - 1] : NULL;
}

static struct plain_table_block *new_block(struct plain_table *table, const struct sort_key *key)
{
	size_t size = table->columns->n * sizeof(*table->above), n = table->n_blocks++;
	struct plain_table_block *block;

	table->blocks = xgrow(table->blocks, n, &table->blocks_allocated, sizeof(*block));
	table->states = xgrow(table->states, n, &table->states_allocated, size);
	memcpy(table->states + n * table->columns->n, table->above, size);
	block = &table->blocks[n];
	*block = (struct plain_table_block){
		.state = n,
		.row = table->rows.len,
		.key = table->keys.len,
	};
	memcpy(block->number, key->number, sizeof(block->number));
	table->last = (struct sort_key){ 0 };
	table->marked = false;
	return block;
}

/** plain_table_key - set what the next row is sorted by; for all rows but the headings */
void plain_table_key(struct plain_table *table, const struct sort_key *key)
{
	struct plain_table_block *block = last_block(table);
	struct buffer *keys = &table->keys;
	size_t i;

	if (!block || table->marked || memcmp(block->number, key->number, sizeof(block->number)))
		block = new_block(table, key);
	block->n++;
	if (table->last.text_len)
		table->last.text = keys->bytes + table->last_text;
	block->unsorted |= sort_key_compare(&table->last, key) > 0;
	for (i = 0; i < ARRAY_SIZE(key->number); i++)
		put_difference(keys, key->number[i] - table->last.number[i]);
	put_number(keys, key->text_len);
	table->last = *key;
	table->last_text = keys->len;
	buffer_plain(keys, key->text, key->text_len);
}

/* Reads the key at @at, to which @key is that above; returns where it ends. */
static const char *get_key(const char *at, struct sort_key *key)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(key->number); i++)
		key->number[i] += get_difference(&at);
	key->text_len = get_number(&at);
	key->text = at;
	return at + key->text_len;
}

static const char *skip_cell(const char *at)
{
	size_t len, width;

	at = get_cell(at, &len, &width);
	return at + len;
}

/* Finds the cells of the row at @at, where those of the row above are; returns where it ends. */
static const char *get_row(const struct plain_table *table, const char *at, const char **cells)
{
	size_t i;

	for (i = 0; i < table->columns->n; i++) {
		if (!*at) {
			at++;
			continue;
		}
		cells[i] = at;
		at = skip_cell(at);
	}
	return at;
}

/** plain_table_mark - the number of rows, to which plain_table_truncate() can return */
size_t plain_table_mark(struct plain_table *table)
{
	table->marked = true;
	return table->n;
}

/**
 * plain_table_truncate - forget rows
 * @table: the table
 * @n: how many stay, a number that plain_table_mark() returned
 *
 * All cells of the next row have to be added.
 */
void plain_table_truncate(struct plain_table *table, size_t n)
{
	size_t i, len, width;
	const char *at, *end;

	for (; table->n > n && table->n_blocks; table->n_blocks--) {
		table->n -= last_block(table)->n;
		table->rows.len = last_block(table)->row;
		table->keys.len = last_block(table)->key;
	}
	table->marked = true;
	table->fresh = true;
	memset(table->widths, 0, table->columns->n * sizeof(*table->widths));
	at = table->rows.bytes;
	end = at ? at + table->rows.len : NULL;
	for (i = 0; at < end; i++) {
		if (!*at) {
			at++;
			continue;
		}
		at = get_cell(at, &len, &width) + len;
		widen(table, i % table->columns->n, width);
	}
}

static int compare_rows(const void *p, const void *q, void *arg)
{
	const struct sort_key *keys = arg;

	return sort_key_compare(&keys[*(const size_t *)p], &keys[*(const size_t *)q]);
}

/* Puts a cell at the end of @line, with what separates it from the next one. */
static void put_cell(const struct plain_table *table, size_t column, const char *value,
		     struct buffer *line)
{
	bool last = column == table->columns->n - 1;
	size_t left = 0, right, len, width;
	char *to;

	value = get_cell(value, &len, &width);
	right = width < table->widths[column] ? table->widths[column] - width : 0;
	if (column_is_number(table->columns->columns[column]) && len) {
		left = right;
		right = 0;
	}
	if (last)
		right = 0;
	to = buffer_room(line, left + len + right + 1);
	line->len += left + len + right + 1;
	memset(to, ' ', left);
	to = mempcpy(to + left, value, len);
	memset(to, ' ', right);
	to[right] = last ? '\n' : ' ';
}

/*
 * Makes the line of the row at @at from the last line: what is the same, in the same place, stays.
 * Returns where the row ends.
 */
static const char *lay_out(struct printer *p, const char *at)
{
	size_t columns = p->table->columns->n, i;
	struct buffer *line = &p->line;
	bool moved = false;

	at = get_row(p->table, at, p->cells);
	for (i = 0; i < columns; i++) {
		if (!moved && p->cells[i] == p->printed[i])
			continue;
		line->len = i ? p->ends[i - 1] : 0;
		put_cell(p->table, i, p->cells[i], line);
		p->printed[i] = p->cells[i];
		moved |= line->len != p->ends[i];
		p->ends[i] = line->len;
	}
	line->len = p->ends[columns - 1];
	return at;
}

static const char *print_rows(struct printer *p, const char *at, size_t n)
{
	while (n--) {
		at = lay_out(p, at);
		write_stdout(p->line.bytes, p->line.len);
	}
	return at;
}

/* Appends a row of @cells, below one of @above. */
static void copy_row(size_t n, const char **cells, const char **above, struct buffer *rows)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (cells[i] == above[i])
			buffer_plain(rows, "", 1);
		else
			buffer_plain(rows, cells[i], skip_cell(cells[i]) - cells[i]);
		above[i] = cells[i];
	}
}

/* Where the cells are that the first row of a block repeats. */
static void get_state(const struct plain_table *table, const struct plain_table_block *block,
		      const char **cells)
{
	const size_t *state = table->states + block->state * table->columns->n;
	size_t i;

	for (i = 0; i < table->columns->n; i++)
		cells[i] = table->rows.bytes + state[i];
}

/* Reads the rows of a block, and their keys; returns how many. */
static size_t get_block(const struct plain_table *table, const struct plain_table_block *block,
			const char **cells, struct sort_key *keys)
{
	const char *at = table->rows.bytes + block->row, *key_at = table->keys.bytes + block->key;
	size_t columns = table->columns->n, i;
	struct sort_key key = { 0 };

	get_state(table, block, cells);
	for (i = 0; i < block->n; i++) {
		if (i)
			memcpy(cells + i * columns, cells + (i - 1) * columns,
			       columns * sizeof(*cells));
		at = get_row(table, at, cells + i * columns);
		key_at = get_key(key_at, &key);
		keys[i] = key;
	}
	return block->n;
}

/* Prints rows of blocks of which all keys begin alike. */
static void print_sorted(struct printer *p, const struct plain_table_block *blocks, size_t n)
{
	size_t columns = p->table->columns->n, rows = 0, at = 0, i;
	const char **cells, **above = xcalloc(columns, sizeof(*above));
	struct buffer sorted = { 0 };
	struct sort_key *keys;
	size_t *order;

	for (i = 0; i < n; i++)
		rows += blocks[i].n;
	cells = xcalloc(rows, columns * sizeof(*cells));
	keys = xcalloc(rows, sizeof(*keys));
	order = xcalloc(rows, sizeof(*order));
	for (i = 0; i < n; i++)
		at += get_block(p->table, &blocks[i], cells + at * columns, keys + at);
	for (i = 0; i < rows; i++)
		order[i] = i;
	qsort_r(order, rows, sizeof(*order), compare_rows, keys);
	for (i = 0; i < rows; i++)
		copy_row(columns, cells + order[i] * columns, above, &sorted);
	print_rows(p, sorted.bytes, rows);
	memset(p->printed, 0, columns * sizeof(*p->printed));
	free(sorted.bytes);
	free(order);
	free(keys);
	free(cells);
	free(above);
}

static int compare_blocks(const void *p, const void *q)
{
	const struct plain_table_block *a = p, *b = q;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(a->number); i++)
		if (a->number[i] != b->number[i])
			return a->number[i] < b->number[i] ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static void print_block(struct printer *p, const struct plain_table_block *block)
{
	get_state(p->table, block, p->cells);
	print_rows(p, p->table->rows.bytes + block->row, block->n);
}

static void print_blocks(struct printer *p, struct plain_table_block *blocks, size_t n)
{
	size_t i, alike;

	qsort(blocks, n, sizeof(*blocks), compare_blocks);
	for (i = 0; i < n; i += alike) {
		for (alike = 1; i + alike < n; alike++)
			if (memcmp(blocks[i].number, blocks[i + alike].number,
				   sizeof(blocks[i].number)))
				break;
		if (alike > 1 || blocks[i].unsorted)
			print_sorted(p, &blocks[i], alike);
		else
			print_block(p, &blocks[i]);
	}
}

static void print(const struct plain_table *table, bool headings)
{
	struct printer p = {
		.table = table,
		.cells = xcalloc(table->columns->n, sizeof(*p.cells)),
		.printed = xcalloc(table->columns->n, sizeof(*p.printed)),
		.ends = xcalloc(table->columns->n, sizeof(*p.ends)),
	};
	const char *at = lay_out(&p, table->rows.bytes);

	if (headings)
		write_stdout(p.line.bytes, p.line.len);
	if (table->n_blocks)
		print_blocks(&p, table->blocks, table->n_blocks);
	else
		print_rows(&p, at, table->n - 1);
	free(p.line.bytes);
	free(p.ends);
	free(p.printed);
	free(p.cells);
}

/** plain_table_end - print the table, with or without headings, and free what it holds */
void plain_table_end(struct plain_table *table, bool headings)
{
	if (table->n > 1)	/* no rows no headings */
		print(table, headings);
	free(table->states);
	free(table->blocks);
	free(table->cell.bytes);
	free(table->keys.bytes);
	free(table->rows.bytes);
	free(table->above);
	free(table->widths);
}
