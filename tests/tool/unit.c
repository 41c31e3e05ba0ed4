// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parsing and formatting of the tool, with libsmartcols as a witness where the tool writes what
 * libsmartcols would have written. Results go to stderr, since stdout is under test.
 *
 *	unit			the tests
 *	unit json FILE		hostile strings as JSON into FILE, their bytes on stdout
 *	unit size BYTES...	sizes for people, one per line
 */
#include <inttypes.h>
#include <libsmartcols.h>
#include <locale.h>
#include <netlink/msg.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "print/value.h"
#include "check.h"
#include "print/columns.h"
#include "ipc/event_line.h"
#include "print/prometheus_text.h"
#include "util.h"
#include "ipc/holder.h"
#include "ipc/limit.h"
#include "ipc/message_counts.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "print/fit.h"
#include "print/table.h"
#include "host/process.h"
#include "progress.h"
#include "print/text.h"
#include "host/cgroup_name.h"
#include "ipc/waiter.h"

/* Without format characters, which libsmartcols lets through and the tool does not. */
static const char *const hostile[] = {
	"plain", "", " ", "two words", "tab\there", "new\nline", "\x1b[31mred", "\x7f", "\x01\x02",
	"\"quoted\"", "back\\slash", "\\x41", "\\\\x41", "\\", "ends in \\", "\\u0041",
	"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc2\x85", "\xe2\x80\xa8", "\xff\xfe", "\xc3",
	"\xc3(", "\xe2\x82", "\xe2(\x82", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
	"\xf4\x90\x80\x80", "\xf0\x80\x80\x80", "a\xff\xc3\xa4\xff\x62", "100%", "'$HOME`id`",
	"\xe6\x97\xa5\xe6\x9c\xac", "e\xcc\x81", "\xc2\xa0", "~ ",
};

static void numbers(void)
{
	uint64_t n = 7;

	check(parse_uint("0", 1, 10, 10, &n) && n == 0, "number 0");
	check(parse_uint("18446744073709551615", 20, 10, UINT64_MAX, &n) && n == UINT64_MAX,
	      "the largest number");
	check(!parse_uint("18446744073709551616", 20, 10, UINT64_MAX, &n), "one more is too large");
	check(!parse_uint("99999999999999999999999", 23, 10, UINT64_MAX, &n), "much too large");
	check(parse_uint("4294967295", 10, 10, UINT32_MAX, &n) &&
	      !parse_uint("4294967296", 10, 10, UINT32_MAX, &n), "up to the limit and no further");
	check(parse_uint("5", 1, 10, 5, &n) && !parse_uint("6", 1, 10, 5, &n) &&
	      !parse_uint("9", 1, 10, 5, &n), "a limit below the base");
	check(parse_uint("fFfFfFfF", 8, 16, UINT32_MAX, &n) && n == UINT32_MAX, "hexadecimal");
	check(!parse_uint("", 0, 10, 10, &n) && !parse_uint("+1", 2, 10, 10, &n) &&
	      !parse_uint("-1", 2, 10, 10, &n) && !parse_uint(" 1", 2, 10, 10, &n) &&
	      !parse_uint("1 ", 2, 10, 10, &n) && !parse_uint("1a", 2, 10, 100, &n) &&
	      !parse_uint("1g", 2, 16, 100, &n) && !parse_uint("0x1", 3, 16, 100, &n),
	      "nothing but digits");
}

static void number_is(uint64_t number, const char *unit, const char *got, const char *want)
{
	char name[64];

	snprintf(name, sizeof(name), "%" PRIu64 " %s are %s", number, unit, want);
	check_text(got, want, name);
}

static void size_is(uint64_t bytes, const char *want)
{
	char buf[32];

	format_size(buf, bytes);
	number_is(bytes, "bytes", buf, want);
}

static void sizes(void)
{
	size_is(0, "0B");
	size_is(1, "1B");
	size_is(1023, "1023B");
	size_is(1024, "1K");
	size_is(5000, "4.9K");
	size_is(8192, "8K");
	size_is(1048575, "1024K");
	size_is(10000000, "9.5M");
	size_is(1ULL << 60, "1E");
	size_is(UINT64_MAX, "16E");
	size_is(18446744073692774399ULL, "16E");
	size_is(3ULL << 59, "1.5E");
}

static void times(void)
{
	time_t now = 1795000000;	/* 2026-11-18 11:06:40 UTC */
	struct tm tm;
	char buf[64];

	setenv("TZ", "EST5", 1);
	tzset();
	localtime_r(&now, &tm);
	format_time(buf, sizeof(buf), now, &tm, TIME_ISO);
	check_text(buf, "2026-11-18T06:06:40-05:00", "iso time, with its zone");
	format_time(buf, sizeof(buf), now, &tm, TIME_FULL);
	check_text(buf, "Wed Nov 18 06:06:40 2026", "full time");
	format_time(buf, sizeof(buf), now, &tm, TIME_SHORT);
	check_text(buf, "06:06", "short time, today");
	format_time(buf, sizeof(buf), now, &tm, TIME_DEFAULT);
	check_text(buf, "06:06", "short is the default");
	format_time(buf, sizeof(buf), now - 86400 * 2, &tm, TIME_SHORT);
	check_text(buf, "Nov16", "short time, this year");
	format_time(buf, sizeof(buf), now - 86400 * 365, &tm, TIME_SHORT);
	check_text(buf, "2025-Nov18", "short time, last year");
	format_time(buf, sizeof(buf), INT64_MAX, &tm, TIME_ISO);
	check_text(buf, "@9223372036854775807", "a time beyond calendars");
}

static void age_is(uint64_t seconds, const char *want)
{
	char buf[32];

	format_age(buf, seconds);
	number_is(seconds, "seconds", buf, want);
}

static void ages(void)
{
	age_is(0, "0s");
	age_is(59, "59s");
	age_is(60, "1m");
	age_is(3599, "59m59s");
	age_is(3600 + 59, "1h");
	age_is(2 * 3600 + 5 * 60, "2h5m");
	age_is(86400 * 3 + 3600 * 4 + 59, "3d4h");
	age_is(86400 * 400, "400d");
	age_is(UINT64_MAX, "213503982334601d7h");
}

static void duration_is(uint64_t ns, const char *want)
{
	char buf[32];

	format_duration(buf, ns);
	number_is(ns, "nanoseconds", buf, want);
}

static void durations(void)
{
	duration_is(0, "0ns");
	duration_is(999, "999ns");
	duration_is(1000, "1.0us");
	duration_is(999999, "999.9us");
	duration_is(1500000, "1.5ms");
	duration_is(59999999999, "59.9s");
	duration_is(60000000000, "1m");
	duration_is(UINT64_MAX, "213503d23h");
}

static void keys_and_numbers(void)
{
	char buf[24] = "";
	char *end = buf + sizeof(buf) - 1;

	format_key(buf, 0);
	check_text(buf, "0x00000000", "key 0");
	format_key(buf, 0x12aa0de5);
	check_text(buf, "0x12aa0de5", "some key");
	format_key(buf, UINT32_MAX);
	check_text(buf, "0xffffffff", "the largest key");
	*end = '\0';
	check_text(format_number(end, 0), "0", "digits of 0");
	check_text(format_number(end, 1020), "1020", "digits of a number");
	check_text(format_number(end, UINT64_MAX), "18446744073709551615", "of the largest");
}

static void permissions(void)
{
	char buf[16];

	format_perms(buf, 0644);
	check_text(buf, "rw-r--r--", "permissions 644");
	format_perms(buf, 0);
	check_text(buf, "---------", "permissions 0");
	format_perms(buf, 0103777);
	check_text(buf, "rwxrwxrwx", "other bits of a mode do not show");
}

static void ns_is(const char *arg, int want, int by_id, uint64_t value)
{
	struct ipcns_name ns = { 0 };
	char why[256] = "", name[128];
	int got = ipcns_name_parse(arg, &ns, why, sizeof(why));

	snprintf(name, sizeof(name), "namespace \"%s\" is %s", arg, want ? "one" : "none");
	check(got == want && (want ? ns.by_id == by_id && ns.value == value : *why), name);
}

static void namespaces(void)
{
	char pid[32], fifo[] = "/tmp/ipcnsctl-test-XXXXXX";
	struct stat st;

	stat("/proc/self/ns/ipc", &st);
	snprintf(pid, sizeof(pid), "pid=%d", getpid());
	ns_is("4026531839", 1, 0, 4026531839);
	ns_is("004026531839", 1, 0, 4026531839);
	ns_is("4294967295", 1, 0, 4294967295);
	ns_is("ipc:[4026531839]", 1, 0, 4026531839);
	ns_is("id=1", 1, 1, 1);
	ns_is("id=18446744073709551615", 1, 1, UINT64_MAX);
	ns_is(pid, 1, 0, st.st_ino);
	ns_is("/proc/self/ns/ipc", 1, 0, st.st_ino);
	ns_is("", 0, 0, 0);
	ns_is("0", 0, 0, 0);
	ns_is("4294967296", 0, 0, 0);
	ns_is("99999999999999999999", 0, 0, 0);
	ns_is("12x", 0, 0, 0);
	ns_is("-1", 0, 0, 0);
	ns_is("0x10", 0, 0, 0);
	ns_is("ipc:[", 0, 0, 0);
	ns_is("ipc:[]", 0, 0, 0);
	ns_is("ipc:[0]", 0, 0, 0);
	ns_is("ipc:[5", 0, 0, 0);
	ns_is("ipc:[5]x", 0, 0, 0);
	ns_is("ipc:[5]]", 0, 0, 0);
	ns_is("ipc:[ 5]", 0, 0, 0);
	ns_is("net:[5]", 0, 0, 0);
	ns_is("id=", 0, 0, 0);
	ns_is("id=0", 0, 0, 0);
	ns_is("id=18446744073709551616", 0, 0, 0);
	ns_is("id=1 ", 0, 0, 0);
	ns_is("pid=", 0, 0, 0);
	ns_is("pid=0", 0, 0, 0);
	ns_is("pid=self", 0, 0, 0);
	ns_is("pid=1/../1", 0, 0, 0);
	ns_is("pid=2147483647", 0, 0, 0);
	ns_is("/proc/self/ns/uts", 0, 0, 0);
	ns_is("/etc/passwd", 0, 0, 0);
	ns_is("/proc", 0, 0, 0);
	ns_is("/absent", 0, 0, 0);
	if (mktemp(fifo) && !mkfifo(fifo, 0600)) {
		ns_is(fifo, 0, 0, 0);
		unlink(fifo);
	}
}

static void columns_are_sound(const struct table_type *set, const char *name)
{
	struct column_choice sel;
	char text[64];
	size_t i, k, good = 1;

	for (i = 0; i < set->n; i++) {
		if (!set->columns[i].as || !*set->columns[i].help)
			good = 0;
		for (k = 0; k < i; k++)
			if (!strcasecmp(set->columns[i].name, set->columns[k].name))
				good = 0;
	}
	column_choice_parse(&sel, set, NULL, false);
	column_choice_free(&sel);
	snprintf(text, sizeof(text), "columns of %s: complete, unique, defaults exist", name);
	check(good, text);
}

static void columns(void)
{
	struct column_choice sel;
	unsigned int kind;

	columns_are_sound(&ns_columns, "namespaces");
	columns_are_sound(&object_columns, "objects");
	columns_are_sound(&element_columns, "elements");
	columns_are_sound(&limit_columns, "limits");
	columns_are_sound(&holder_columns, "holders");
	columns_are_sound(&attachment_columns, "attachments");
	columns_are_sound(&sem_waiter_columns, "waiters");
	columns_are_sound(&queue_waiter_columns, "waiters of queues");
	columns_are_sound(&undo_columns, "undo");
	columns_are_sound(&type_columns, "messages");
	columns_are_sound(&prio_columns, "POSIX messages");
	for (kind = 0; kind < KINDS; kind++)
		columns_are_sound(&kind_columns[kind], kind_names[kind]);

	column_choice_parse(&sel, &ns_columns, "nsid,NS,Ns", false);
	check(sel.n == 3 && !strcmp(sel.columns[0]->name, "NSID") &&
	      !strcmp(sel.columns[1]->name, "NS") && sel.columns[2] == sel.columns[1],
	      "columns in the order of the list, in any case, more than once");
	column_choice_free(&sel);
	column_choice_parse(&sel, &ns_columns, "+REFS,ONS", false);
	check(sel.n == 14 && !strcmp(sel.columns[0]->name, "NS") &&
	      !strcmp(sel.columns[13]->name, "ONS"), "+ appends to the defaults");
	column_choice_free(&sel);
	column_choice_parse(&sel, &ns_columns, "NS", true);
	check(sel.n == ns_columns.n, "all of them");
	column_choice_free(&sel);
	check(!column_find(&ns_columns, "N", 1) && !column_find(&ns_columns, "NSIDS", 5) &&
	      column_find(&ns_columns, "NSX", 2), "names match from end to end");
}

/* Columns whose cells are the strings above, beside what libsmartcols makes of them. */

static void fill_hostile(const struct column *column, const struct row *rec, struct value *cell)
{
	if (column->attr || rec->line % 3)
		value_text(cell, hostile[rec->line]);
}

/* Numbers that repeat, and change in length; text of the same number is another thing. */
static void fill_repeating(const struct column *column, const struct row *rec, struct value *cell)
{
	static const uint64_t numbers[] = { 5, 5, 12345, 12345, 0, 0, 7 };

	(void)column;
	if (rec->line % 5 == 3)
		value_text(cell, "5");
	else if (rec->line % 5)
		value_number(cell, numbers[rec->line % ARRAY_SIZE(numbers)]);
}

static const struct column hostile_columns[] = {
	{ .name = "A B%", .help = "h", .as = AS_TEXT, .fill = fill_hostile },
	{ .name = "N\\x", .help = "h", .as = AS_TEXT, .fill = fill_hostile, .attr = 1 },
	{ .name = "EMPTY", .help = "h", .as = AS_NUMBER },
	{ .name = "RIGHT", .help = "h", .as = AS_NUMBER, .fill = fill_hostile, .attr = 1 },
	{ .name = "\xc3\x84\xff", .help = "h", .as = AS_NUMBER, .fill = fill_hostile,
	  .flags = SCOLS_FL_TRUNC },
	{ .name = "SAME", .help = "h", .as = AS_NUMBER, .fill = fill_repeating },
	{ .name = "NOEXTREMES", .help = "h", .as = AS_TEXT, .fill = fill_hostile,
	  .flags = SCOLS_FL_NOEXTREMES },
};

static const struct table_type hostile_set = {
	.root = "rows",
	.defaults = "A B%,N\\x,EMPTY",
	.columns = hostile_columns,
	.n = ARRAY_SIZE(hostile_columns),
};

/* Which columns, and which strings are their rows: from @first, before @end. */
struct example {
	const char *columns;
	size_t first, end;
};

/* The table as libsmartcols prints it. */
static char *table_text(struct libscols_table *tb)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	scols_table_set_stream(tb, out);
	scols_print_table(tb);
	scols_unref_table(tb);
	fclose(out);
	return text;
}

static char *witness(const struct table_options *opts, const struct example *example)
{
	struct row rec = { .line = example->first };
	struct libscols_table *tb = scols_new_table();
	struct libscols_line *line;
	struct column_choice sel;
	struct value cell;
	char *text, *rows, number[24];
	size_t i;

	scols_table_enable_raw(tb, opts->raw);
	column_choice_parse(&sel, &hostile_set, example->columns, false);
	for (i = 0; i < sel.n; i++)
		scols_table_new_column(tb, sel.columns[i]->name, 0, sel.columns[i]->flags |
				       (column_is_number(sel.columns[i]) ? SCOLS_FL_RIGHT : 0));
	for (; rec.line < example->end; rec.line++) {
		line = scols_table_new_line(tb, NULL);
		for (i = 0; i < sel.n; i++) {
			column_fill(sel.columns[i], &rec, &cell);
			snprintf(number, sizeof(number), "%llu", (unsigned long long)cell.number);
			if (cell.type != VALUE_UNKNOWN && *(cell.type == VALUE_TEXT ?
							    cell.text : number))
				scols_line_set_data(line, i, cell.type == VALUE_TEXT ?
						    cell.text : number);
			else if (opts->raw)	/* as many cells in every line */
				scols_line_set_data(line, i, "-");
		}
	}
	column_choice_free(&sel);
	text = table_text(tb);
	/* some versions leave headings out of a column's width where they are not printed */
	rows = strchr(text, '\n');
	if (opts->noheadings && rows)
		memmove(text, rows + 1, strlen(rows));
	return text;
}

static void add_in_order(struct table *out, const struct example *example)
{
	struct row rec = { .line = example->first };

	for (; rec.line < example->end; rec.line++)
		table_add(out, &rec);
}

static void number_sort_key(const struct row *rec, struct sort_key *key)
{
	key->number[0] = rec->line;
}

static void line_sort_key(const struct row *rec, struct sort_key *key)
{
	key->number[1] = rec->line / 2;
	key->text = rec->line % 2 ? "odd" : "even";
	key->text_len = strlen(key->text);
}

static void add_with_keys(struct table *out, const struct example *example)
{
	struct row rec = { .line = example->first };

	for (; rec.line < example->end; rec.line++)
		table_add_sorted(out, &rec, number_sort_key);
}

static void add_backwards(struct table *out, unsigned int first, unsigned int end)
{
	struct row rec = { .line = end };

	while (rec.line-- > first)
		table_add_sorted(out, &rec, line_sort_key);
}

/* The second half, then all, which does not count, then the first half. */
static void add_mixed(struct table *out, const struct example *example)
{
	unsigned int middle = (example->first + example->end) / 2;
	size_t mark;

	add_backwards(out, middle, example->end);
	mark = table_mark(out);
	add_backwards(out, 0, ARRAY_SIZE(hostile));
	table_truncate(out, mark);
	add_backwards(out, example->first, middle);
}

static char *rows_as_text(const struct table_options *opts, const struct example *example,
			  void (*add)(struct table *out, const struct example *example))
{
	FILE *before = stdout;
	struct column_choice sel;
	struct table out;
	char *text;
	size_t len;

	stdout = open_memstream(&text, &len);
	column_choice_parse(&sel, &hostile_set, example->columns, false);
	table_begin(&out, opts, &sel, NULL);
	add(&out, example);
	table_end(&out);
	column_choice_free(&sel);
	fclose(stdout);
	stdout = before;
	return text;
}

/* How often the tool and libsmartcols disagree. */
static int differences(const struct table_options *opts, const struct example *example)
{
	static void (*const adds[])(struct table *out, const struct example *example) = {
		add_in_order, add_with_keys, add_mixed,
	};
	char *want = witness(opts, example), *got;
	int differ = 0;
	size_t i;

	for (i = 0; i < (opts->raw ? 1 : ARRAY_SIZE(adds)); i++) {
		got = rows_as_text(opts, example, adds[i]);
		if (strcmp(got, want)) {
			fprintf(stderr, "# %zu got \"%s\"\n#  want \"%s\"\n", i, got, want);
			differ++;
		}
		free(got);
	}
	free(want);
	return differ;
}

/* All strings as one table, each alone, and none; with some order of columns. */
static int examples_differ(const struct table_options *opts)
{
	static const char *const lists[] = {
		"A B%,N\\x,EMPTY", "EMPTY,RIGHT,A B%", "N\\x,\xc3\x84\xff,RIGHT",
		"RIGHT,NOEXTREMES,\xc3\x84\xff", "EMPTY", "N\\x", "RIGHT,RIGHT",
		"SAME,EMPTY,A B%,SAME", "A B%,SAME",
	};
	struct example example;
	int bad = 0;
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		example = (struct example){ lists[i], 0, ARRAY_SIZE(hostile) };
		bad += differences(opts, &example);
		for (k = 0; k < ARRAY_SIZE(hostile); k++) {
			example = (struct example){ lists[i], k, k + 1 };
			bad += differences(opts, &example);
		}
		example = (struct example){ lists[i], 0, 0 };
		bad += differences(opts, &example);
	}
	return bad;
}

/* Where stdout is no terminal, which tests/tool/run sees to. */
static void tables(const char *locale)
{
	struct table_options opts;
	char name[96];
	int i;

	if (!setlocale(LC_ALL, locale))
		return;
	table_options_init(&opts);
	for (i = 0; i < 4; i++) {
		opts.raw = i & 1;
		opts.noheadings = i & 2;
		snprintf(name, sizeof(name), "%s output is that of libsmartcols, locale %s%s",
			 opts.raw ? "raw" : "table", locale, opts.noheadings ? ", no headings" : "");
		check(!examples_differ(&opts), name);
	}
	setlocale(LC_ALL, "C");
}

/* One cell, as text for people and in a table of libsmartcols. */
static void safe(const char *locale)
{
	struct libscols_table *tb;
	char *got, *want, name[64];
	size_t i, len, bad = 0;
	FILE *out;

	if (!setlocale(LC_ALL, locale))
		return;
	for (i = 0; i < ARRAY_SIZE(hostile); i++) {
		out = open_memstream(&got, &len);
		put_safe(out, hostile[i], strlen(hostile[i]));
		fputc('\n', out);
		fclose(out);
		tb = scols_new_table();
		scols_table_enable_noheadings(tb, 1);
		scols_table_new_column(tb, "A", 0, 0);
		scols_line_set_data(scols_table_new_line(tb, NULL), 0, hostile[i]);
		want = table_text(tb);
		if (*hostile[i] && strcmp(got, want)) {
			fprintf(stderr, "# got %s# want %s", got, want);
			bad++;
		}
		free(got);
		free(want);
	}
	snprintf(name, sizeof(name), "text for people is that of libsmartcols, locale %s", locale);
	check(!bad, name);
	setlocale(LC_ALL, "C");
}

static size_t utf8_length(const char *text, size_t len)
{
	uint32_t c;

	return utf8_read(text, len, &c);
}

static void utf8(void)
{
	uint32_t c;

	check(utf8_length("a", 1) == 1 && utf8_length("\xc3\xa4", 2) == 2 &&
	      utf8_length("\xe2\x82\xac", 3) == 3 && utf8_length("\xf0\x9f\x98\x80", 4) == 4 &&
	      utf8_length("\xed\x9f\xbf", 3) == 3 && utf8_length("\xee\x80\x80", 3) == 3 &&
	      utf8_length("\xf4\x8f\xbf\xbf", 4) == 4, "UTF-8 of one to four bytes");
	check(!utf8_length("", 0) && !utf8_length("\xc3\xa4", 1) && !utf8_length("\x80", 1) &&
	      !utf8_length("\xc1\xbf", 2) && !utf8_length("\xe0\x9f\xbf", 3) &&
	      !utf8_length("\xed\xa0\x80", 3) && !utf8_length("\xf0\x8f\xbf\xbf", 4) &&
	      !utf8_length("\xf4\x90\x80\x80", 4) && !utf8_length("\xf5\x80\x80\x80", 4) &&
	      !utf8_length("\xe2\x82(", 3), "short, overlong, surrogate and stray bytes are none");
	check(utf8_read("\xf4\x8f\xbf\xbf", 4, &c) && c == 0x10ffff &&
	      utf8_read("\xe2\x80\xae", 3, &c) && c == 0x202e && utf8_read("\xc2\x85", 2, &c) &&
	      c == 0x85 && utf8_read("", 1, &c) && !c, "code points");
}

static const char *percent(double value)
{
	static const struct value_format format;
	static struct value cell;

	value_percent(&cell, value);
	value_render(&cell, &format);
	return cell.text;
}

/* In a locale with a comma, if tests/tool/run has made one. */
static void percents(void)
{
	const char *comma = setlocale(LC_ALL, "de_DE.UTF-8");
	char text[8];

	check_text(percent(0), "0.00%", "nothing");
	check_text(percent(12.345678), "12.35%", "a part");
	check_text(percent(100), "100.00%", "all");
	snprintf(text, sizeof(text), "%.1f", 0.5);
	if (comma && !strcmp(text, "0,5"))
		check_text(percent(99.5), "99.50%", "a point, where the locale has a comma");
	else
		check(1, "a point, where the locale has a comma # SKIP no such locale here");
	setlocale(LC_ALL, "C");
}

/* Text is cut at the end of a character, and marked; a cell in a table is no longer than that. */
static void bounds(void)
{
	static char text[3 * TABLE_CELL_SIZE];
	struct buffer buf = { 0 };
	size_t width, i;

	setlocale(LC_ALL, "C.UTF-8");
	memset(text, 'x', sizeof(text));
	check(buffer_cell(&buf, text, 10, 10) == 10 && buf.len == 10, "text that just fits");
	buf.len = 0;
	width = buffer_cell(&buf, text, 11, 10);
	check(width == 10 && buf.len == 10 && !memcmp(buf.bytes, "xxxxxxx...", 10), "that does not");
	buf.len = 0;
	width = buffer_cell(&buf, "ab\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", 11, 10);
	check(width == 6 && buf.len == 8 && !memcmp(buf.bytes, "ab\xe2\x82\xac...", 8),
	      "letters are not cut");
	buf.len = 0;
	width = buffer_cell(&buf, "\1\2\3\4", 4, 12);
	check(width == 11 && buf.len == 11 && !memcmp(buf.bytes, "\\x01\\x02...", 11),
	      "nor escapes");
	for (i = 0; i < sizeof(text); i++)
		text[i] = "\x1b\xe2\x80\xae\\x" "a"[i % 6];
	buf.len = 0;
	width = buffer_cell(&buf, text, sizeof(text), TABLE_CELL_SIZE);
	check(width == buf.len && width <= TABLE_CELL_SIZE && width > TABLE_CELL_SIZE - 20,
	      "hostile text");
	check(table_cell_size(TABLE_TEXT_SIZE - 1, 100) == 100 &&
	      table_cell_size(TABLE_TEXT_SIZE, 100) == SHORT_CELL_SIZE,
	      "cells of a table that has much text are short");
	setlocale(LC_ALL, "C");
	free(buf.bytes);
}

/* A process with a long command line, which holds until the pipe is closed. */
static pid_t long_command(const char *word, size_t times, int *hold)
{
	char **argv = xcalloc(times + 4, sizeof(*argv));
	int fds[2];
	size_t i;
	pid_t pid;

	if (pipe(fds))
		return -1;
	argv[0] = "cat";
	argv[1] = "-";
	for (i = 0; i < times; i++)
		argv[i + 2] = (char *)word;
	pid = fork();
	if (!pid) {
		dup2(fds[0], STDIN_FILENO);
		close(fds[1]);
		execvp(argv[0], argv);
		_exit(1);
	}
	close(fds[0]);
	*hold = fds[1];
	free(argv);
	return pid;
}

static void commands(void)
{
	static char word[1001];
	const char *text = NULL;
	size_t len = 0, wide = 0;
	int hold, tries;
	pid_t pid;

	for (tries = 0; tries < 500; tries++)
		memcpy(word + 2 * tries, "\xc3\xa4", 2);
	pid = long_command(word, 100, &hold);
	for (tries = 0; tries < 1000 && len < 4000; tries++) {
		usleep(1000);
		proc_cgroup(1, &len);	/* forgets the process before */
		text = proc_command(pid, &len);
	}
	check(text && len <= 4096 && len > 4090 && !memcmp(text, "cat - \xc3\xa4", 8) &&
	      !memcmp(text + len - 5, "\xc3\xa4...", 5), "a command line is cut, and marked");
	proc_command_wide();
	proc_cgroup(1, &len);
	text = proc_command(pid, &wide);
	check(text && wide == 5 + 100 * 1001 && !memcmp(text + wide - 2, "\xc3\xa4", 2),
	      "unless all of it is asked for");
	close(hold);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A character between two letters, which escapes() puts into every form of output. */
static char *between;
static size_t between_len;

static void fill_between(const struct column *column, const struct row *rec, struct value *cell)
{
	(void)column;
	(void)rec;
	value_bytes(cell, between, between_len);
}

static const struct column between_columns[] = {
	{ .name = "A", .help = "h", .as = AS_TEXT, .fill = fill_between },
};

static const struct table_type between_set = {
	.root = "rows",
	.defaults = "A",
	.columns = between_columns,
	.n = 1,
};

static void print_form(const char *form, const char *text, size_t len)
{
	printf("%s ", form);
	while (len--)
		printf("%02x", (unsigned char)*text++);
	putchar('\n');
}

static void print_row(const char *form, bool raw, bool tree, bool json)
{
	struct row rec = { 0 };
	FILE *before = stdout;
	struct column_choice sel;
	struct table_options opts;
	struct table out;
	char *text;
	size_t len;

	table_options_init(&opts);
	opts.raw = raw;
	opts.tree = tree;	/* lets libsmartcols print, as on a terminal */
	opts.json = json;
	opts.noheadings = true;
	stdout = open_memstream(&text, &len);
	column_choice_parse(&sel, &between_set, NULL, false);
	table_begin(&out, &opts, &sel, NULL);
	if (out.table)
		scols_table_set_stream(out.table, stdout);
	table_add(&out, &rec);
	table_end(&out);
	column_choice_free(&sel);
	fclose(stdout);
	stdout = before;
	print_form(form, text, len);
	free(text);
}

static void print_event(const char *form, enum event_form as)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct event_writer w;
	struct ipcns_event e;
	FILE *out;
	char *text;
	size_t len;

	nlmsg_put(msg, 0, 0, 0, 0, 0);
	nla_put_u64(msg, IPCNS_A_EVENT_SEQ, 1);
	nla_put_u32(msg, IPCNS_A_EVENT_OBJECT, IPCNS_EVENT_OBJECT_SHM);
	nla_put(msg, IPCNS_A_EVENT_COMM, between_len, between);
	ipcns_event_parse(&e, nlmsg_attrdata(nlmsg_hdr(msg), 0), nlmsg_attrlen(nlmsg_hdr(msg), 0));
	out = open_memstream(&text, &len);
	event_writer_init(&w, out, as);
	event_write(&w, &e);
	fclose(out);
	nlmsg_free(msg);
	print_form(form, text, len);
	free(text);
}

static void print_label(void)
{
	struct prometheus x;
	FILE *out;
	char *text;
	size_t len;

	out = open_memstream(&text, &len);
	prometheus_begin(&x, out, false);
	prometheus_label(&x, "a", between, between_len);
	fclose(out);
	print_form("label", text, len);
	free(text);
}

/* Every form of output, in hexadecimal, of each line of stdin: bytes in hexadecimal. */
static int escapes(void)
{
	char line[64], text[32];
	size_t i;

	setlocale(LC_ALL, "");
	between = text;
	while (fgets(line, sizeof(line), stdin)) {
		between_len = (strlen(line) - 1) / 2;
		for (i = 0; i < between_len; i++)
			if (sscanf(line + 2 * i, "%2hhx", (unsigned char *)&text[i]) != 1)
				return 1;
		print_row("table", false, false, false);
		print_row("terminal", false, true, false);
		print_row("raw", true, false, false);
		print_row("json", false, false, true);
		print_event("event", EVENT_LINES);
		print_event("event-json", EVENT_JSON);
		print_label();
	}
	return 0;
}

/* What rows of one text column and a number look like in a file. */
static void long_cells(void)
{
	char *text, *lines[4], *end;
	static char queue[200];
	struct table_options opts;
	struct column_choice sel;
	struct row rec = { 0 };
	FILE *before = stdout;
	struct table out;
	int wide, i;
	size_t len;

	memset(queue, 'q', sizeof(queue));
	for (wide = 0; wide < 2; wide++) {
		table_options_init(&opts);
		opts.wide = wide;
		stdout = open_memstream(&text, &len);
		column_choice_parse(&sel, &between_set, "A,A", false);
		table_begin(&out, &opts, &sel, NULL);
		for (i = 0; i < 3; i++) {
			between = queue;
			between_len = i == 1 ? sizeof(queue) : 5;
			table_add(&out, &rec);
		}
		table_end(&out);
		column_choice_free(&sel);
		fclose(stdout);
		stdout = before;
		for (i = 0, end = text; i < 4; i++) {
			lines[i] = end;
			end = strchr(end, '\n') + 1;
		}
		check(strspn(lines[2], "q") == 200 && end - lines[3] == (wide ? 207 : 12) &&
		      lines[3] - lines[2] == 402, wide ? "--wide keeps rows in line" :
		      "a long name shifts its own row and no others");
		free(text);
	}
}

/* What stands for nothing, and what looks so. */
static void raw_cells(void)
{
	static const char *const texts[] = { "-", "", "a", "--" };
	struct table_options opts;
	struct column_choice sel;
	struct row rec = { 0 };
	FILE *before = stdout;
	struct table out;
	char *text;
	size_t len, i;

	table_options_init(&opts);
	table_options_take(&opts, 'r');
	opts.noheadings = true;
	stdout = open_memstream(&text, &len);
	column_choice_parse(&sel, &between_set, "A,A", false);
	table_begin(&out, &opts, &sel, NULL);
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		between = (char *)texts[i];
		between_len = strlen(texts[i]);
		table_add(&out, &rec);
	}
	table_end(&out);
	column_choice_free(&sel);
	fclose(stdout);
	stdout = before;
	check_text(text, "\\x2d \\x2d\n- -\na a\n-- --\n", "raw cells that are empty, and a dash");
	free(text);
}

/* A table of three columns of which two can be cut, as wide as @room; its first row. */
static void fit_is(const char *unit, const char *command, size_t room, const char *want)
{
	struct libscols_table *tb = scols_new_table();
	struct libscols_line *line;
	char *text, *row;
	FILE *out;
	size_t len;

	out = open_memstream(&text, &len);
	scols_table_set_stream(tb, out);
	scols_table_enable_noheadings(tb, 1);
	scols_table_new_column(tb, "NS", 0, SCOLS_FL_RIGHT);
	scols_table_new_column(tb, "UNIT", 0, SCOLS_FL_TRUNC);
	scols_table_new_column(tb, "COMMAND", 0, SCOLS_FL_TRUNC);
	line = scols_table_new_line(tb, NULL);
	scols_line_set_data(line, 0, "4026531839");
	scols_line_set_data(line, 1, unit);
	scols_line_set_data(line, 2, command);
	fit_columns(tb, room);
	scols_table_set_termforce(tb, SCOLS_TERMFORCE_ALWAYS);
	scols_table_set_termwidth(tb, room);
	scols_print_table(tb);
	scols_unref_table(tb);
	fclose(out);
	row = strchr(text, '\n');
	if (row)
		*row = '\0';
	while (row && row > text && row[-1] == ' ')
		*--row = '\0';
	check_text(text, want, "columns that share what room there is");
	free(text);
}

static void fits(void)
{
	setlocale(LC_ALL, "C.UTF-8");
	fit_is("docker:3f4e5d6c7b8a", "postgres: checkpointer", 60,
	       "4026531839 docker:3f4e5d6c7b8a postgres: checkpointer");
	fit_is("docker:3f4e5d6c7b8a", "postgres: checkpointer", 32,
	       "4026531839 docker:3f4 postgres:");
	fit_is("init", "postgres: checkpointer", 32, "4026531839 init postgres: checkp");
	fit_is("docker:3f4e5d6c7b8a", "cat", 32, "4026531839 docker:3f4e5d cat");
	fit_is("\xc3\xa4\xc3\xa4\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5", "postgres: checkpointer", 30,
	       "4026531839 \xc3\xa4\xc3\xa4\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5 postgres:");
}

/* Rows for sorting: a value of each type, and what is unknown. */
static const struct sorted {
	enum value_type type;
	int64_t number;
	const char *text;
} sorted[] = {
	{ VALUE_SIZE, 1024, "b" }, { VALUE_UNKNOWN, 0, "unknown" }, { VALUE_NUMBER, 9, "a" },
	{ VALUE_SIGNED, -5, "B" }, { VALUE_TEXT, 0, "t" }, { VALUE_SIZE, 1024, "a" },
	{ VALUE_MEANINGLESS, 0, "-" }, { VALUE_PERCENT, 100, "%" }, { VALUE_NUMBER, 10, "a" },
};

static void fill_sorted(const struct column *column, const struct row *rec, struct value *cell)
{
	const struct sorted *row = &sorted[rec->line];

	if (!strcmp(column->name, "TEXT")) {
		value_text(cell, row->text);
	} else if (!strcmp(column->name, "LINE")) {
		value_number(cell, rec->line);
	} else if (row->type == VALUE_TEXT) {
		value_text(cell, row->text);
	} else if (row->type == VALUE_PERCENT) {
		value_percent(cell, 0.5);
	} else {
		cell->type = row->type;
		cell->number = row->number;
	}
}

static const struct column sorted_columns[] = {
	{ .name = "VALUE", .help = "h", .as = AS_SIZE, .fill = fill_sorted },
	{ .name = "TEXT", .help = "h", .as = AS_TEXT, .fill = fill_sorted },
	{ .name = "LINE", .help = "h", .as = AS_NUMBER, .fill = fill_sorted },
};

static const struct table_type sorted_set = {
	.root = "rows",
	.defaults = "LINE",
	.columns = sorted_columns,
	.n = ARRAY_SIZE(sorted_columns),
};

/* Numbers of rows from the first to @end, sorted. */
static void sorted_is(const char *by, size_t end, char form, const char *want)
{
	struct table_options opts;
	struct column_choice sel;
	struct row rec = { 0 };
	FILE *before = stdout;
	struct table out;
	char *text, *c;
	size_t len;

	table_options_init(&opts);
	opts.sort = by;
	opts.raw = form == 'r';
	opts.json = form == 'J';
	opts.noheadings = true;
	stdout = open_memstream(&text, &len);
	table_choose(&opts, &sel, &sorted_set);
	table_begin(&out, &opts, &sel, NULL);
	for (rec.line = 0; rec.line < end; rec.line++)
		table_add(&out, &rec);
	table_end(&out);
	column_choice_free(&sel);
	fclose(stdout);
	stdout = before;
	/* Only digits. */
	for (c = text, len = 0; *c; c++)
		if (*c >= '0' && *c <= '9')
			text[len++] = *c;
	text[len] = '\0';
	check_text(text, want, "sorted rows");
	free(text);
}

static void sorts(void)
{
	setlocale(LC_ALL, "C");
	sorted_is("VALUE", 7, 'r', "3205416");
	sorted_is("-VALUE", 7, 'r', "4052316");
	sorted_is("-VALUE", 7, 'J', "4052316");
	sorted_is("-VALUE", 7, 't', "4052316");
	sorted_is("VALUE,TEXT", 7, 't', "3250461");
	sorted_is("TEXT,-LINE", 7, 't', "6352041");
	sorted_is("text,-value", ARRAY_SIZE(sorted), 'r', "763582041");
	sorted_is("LINE", 0, 't', "");
}

static void empty_json(void)
{
	struct table_options opts;
	struct column_choice sel;
	struct table out;
	FILE *before = stdout;
	char *text;
	size_t len;

	table_options_init(&opts);
	opts.json = true;
	stdout = open_memstream(&text, &len);
	column_choice_parse(&sel, &ns_columns, NULL, false);
	table_begin(&out, &opts, &sel, NULL);
	table_end(&out);
	column_choice_free(&sel);
	fclose(stdout);
	stdout = before;
	check_text(text, "{\n   \"namespaces\": []\n}\n", "an empty list is []");
	free(text);
}

/* Every string as JSON, and the same bytes in hexadecimal. */
static int json_file(const char *path)
{
	FILE *out = fopen(path, "w");
	struct json json;
	const char *s;
	size_t i;

	if (!out)
		return 1;
	json_begin(&json, out);
	json_open(&json, "STRINGS", '[');
	for (i = 0; i < ARRAY_SIZE(hostile); i++) {
		json_string(&json, NULL, hostile[i]);
		for (s = hostile[i]; *s; s++)
			printf("%02x", (unsigned char)*s);
		putchar('\n');
	}
	json_close(&json, ']');
	json_open(&json, "values", '{');
	json_number(&json, "LARGEST", UINT64_MAX);
	json_percent(&json, "USE%", 99.999);
	json_percent(&json, "small", 0.049);
	json_null(&json, "NULL");
	json_string(&json, "none", NULL);
	json_open(&json, "object", '{');
	json_close(&json, '}');
	json_close(&json, '}');
	json_end(&json);
	return fclose(out) != 0;
}

static void unit_is(const char *path, const char *want)
{
	/* At the end of memory that is its own, so that reading on is found out. */
	char *copy = xmemdup(path, strlen(path));
	char name[UNIT_SIZE];

	name[unit_name(copy, strlen(path), name)] = '\0';
	check_text(name, want, path);
	free(copy);
}

#define ID "3f4e5d6c7b8a90817263544536271809aabbccddeeff00112233445566778899"
#define POD "1a2b3c4d_5e6f_7081_9203_a4b5c6d7e8f9"

/* Paths as systemd 247 to 257 and the engines make them, with cgroup v1 and v2. */
static void units(void)
{
	char path[6000], name[UNIT_SIZE];
	size_t i;

	unit_is("/", "");
	unit_is("", "");
	unit_is("/init.scope", "init.scope");
	unit_is("/system.slice/postgresql.service", "postgresql.service");
	unit_is("/system.slice/system-postgresql.slice/postgresql@15-main.service",
		"postgresql@15-main.service");
	unit_is("/system.slice/systemd-udevd.service/udev", "systemd-udevd.service");
	unit_is("/system.slice", "");
	unit_is("/user.slice/user-1000.slice/session-2.scope", "session-2.scope");
	unit_is("/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000/init.scope");
	unit_is("/user.slice/user-1000.slice/user@1000.service/app.slice/"
		"app-gnome-firefox\\x2desr-2847.scope", "user@1000/app-gnome-firefox\\x2desr-2847.scope");
	/* machines */
	unit_is("/machine.slice/machine-qemu\\x2d3\\x2dvm.scope/libvirt/emulator", "machine:qemu-3-vm");
	unit_is("/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service",
		"machine:web/nginx.service");
	unit_is("/machine.slice/systemd-nspawn@deb.service/payload", "machine:deb");
	unit_is("/machine.slice/machine-deb.scope/payload/system.slice/apache2.service",
		"machine:deb/apache2.service");
	unit_is("/machine.slice/machine-deb.scope/payload/user.slice/user-1000.slice/user@1000.service/"
		"app.slice/sshd.service", "machine:deb/user@1000/sshd.service");
	unit_is("/machine.slice/machine-a\\x2fb.scope", "machine:a\\x2fb");
	unit_is("/machine.slice/machine-.scope", "machine-.scope");
	unit_is("/system.slice/machine-report.scope", "machine-report.scope");
	/* docker */
	unit_is("/docker/" ID, "docker:3f4e5d6c7b8a");
	unit_is("/system.slice/docker-" ID ".scope", "docker:3f4e5d6c7b8a");
	unit_is("/system.slice/docker-" ID ".scope/init.scope", "docker:3f4e5d6c7b8a/init.scope");
	unit_is("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope",
		"user@1000/docker:3f4e5d6c7b8a");
	unit_is("/system.slice/docker.service/docker/" ID, "docker:3f4e5d6c7b8a");
	unit_is("/system.slice/docker.service/docker/" ID "/sshd.service",
		"docker:3f4e5d6c7b8a/sshd.service");
	unit_is("/system.slice/docker.service", "docker.service");
	unit_is("/../../docker/" ID, "docker:3f4e5d6c7b8a");
	/* podman */
	unit_is("/machine.slice/libpod-" ID ".scope", "podman:3f4e5d6c7b8a");
	unit_is("/machine.slice/libpod-" ID ".scope/container", "podman:3f4e5d6c7b8a");
	unit_is("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		".scope/container", "user@1000/podman:3f4e5d6c7b8a");
	unit_is("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		".scope/container/system.slice/nginx.service",
		"user@1000/podman:3f4e5d6c7b8a/nginx.service");
	unit_is("/libpod_parent/libpod-" ID, "podman:3f4e5d6c7b8a");
	unit_is("/system.slice/web.service/libpod-payload-" ID, "web.service/podman:3f4e5d6c7b8a");
	unit_is("/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope");
	unit_is("/machine.slice/machine-libpod_pod_" ID ".slice/libpod-" ID ".scope/container",
		"podman:3f4e5d6c7b8a");
	/* containerd */
	unit_is("/k8s.io/" ID, "containerd:3f4e5d6c7b8a");
	unit_is("/default/" ID, "container:3f4e5d6c7b8a");
	unit_is("/system.slice/nerdctl-" ID ".scope", "containerd:3f4e5d6c7b8a");
	/* Kubernetes */
	unit_is("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD
		".slice/cri-containerd-" ID ".scope", "k8s:1a2b3c4d/3f4e5d6c7b8a");
	unit_is("/kubepods.slice/kubepods-pod" POD ".slice/crio-" ID ".scope",
		"k8s:1a2b3c4d/3f4e5d6c7b8a");
	unit_is("/kubepods/besteffort/pod1a2b3c4d-5e6f-7081-9203-a4b5c6d7e8f9/" ID,
		"k8s:1a2b3c4d/3f4e5d6c7b8a");
	unit_is("/kubepods/pod1a2b3c4d-5e6f-7081-9203-a4b5c6d7e8f9/" ID,
		"k8s:1a2b3c4d/3f4e5d6c7b8a");
	unit_is("/system.slice/docker-" ID ".scope/kubelet.slice/kubelet-kubepods.slice/"
		"kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" POD
		".slice/cri-containerd-" ID ".scope",
		"docker:3f4e5d6c7b8a/k8s:1a2b3c4d/3f4e5d6c7b8a");
	/* others, and what only looks like one */
	unit_is("/lxc.payload.web/system.slice/nginx.service", "lxc:web/nginx.service");
	unit_is("/lxc.payload.web", "lxc:web");
	unit_is("/lxc.payload.web01/system.slice/cron.service", "lxc:web01/cron.service");
	unit_is("/lxc.payload.n09-00/user.slice/user-1000.slice/session-1.scope",
		"lxc:n09-00/session-1.scope");
	unit_is("/lxc/web02", "lxc:web02");
	unit_is("/lxc/101/ns/init.scope", "lxc:101/init.scope");
	unit_is("/lxc", "");
	unit_is("/lxc.payload.", "");
	/* batch systems, schedulers, builders */
	unit_is("/system.slice/slurmstepd.scope/job_42/step_0/user/task_0", "slurm:42");
	unit_is("/system.slice/n1_slurmstepd.scope/job_42/step_batch/user/task_0", "slurm:42");
	unit_is("/system.slice/slurmstepd.scope/system", "slurmstepd.scope");
	unit_is("/slurm/uid_1000/job_77/step_batch", "slurm:77");
	unit_is("/slurm_n1/uid_1000/job_77/step_0", "slurm:77");
	unit_is("/slurm/uid_1000/job_x", "");
	unit_is("/job_5", "");
	unit_is("/system.slice/slurmstepd.scope/job_42/step_0/user/task_0/slurm/job_43", "slurm:42/slurm:43");
	unit_is("/ecs/0123456789abcdef/" ID, "ecs:0123456789ab/3f4e5d6c7b8a");
	unit_is("/ecs/0123456789ab/" ID, "ecs:0123456789ab/3f4e5d6c7b8a");
	unit_is("/ecstasks.slice/ecstasks-0123456789abcdef.slice/docker-" ID ".scope",
		"ecs:0123456789ab/3f4e5d6c7b8a");
	unit_is("/ecs/" ID, "container:3f4e5d6c7b8a");
	unit_is("/azure.slice/walinuxagent.service", "walinuxagent.service");
	unit_is("/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:" ID,
		"containerd:3f4e5d6c7b8a");
	unit_is("/system.slice/containerd.service/kubepods-burstable-pod" POD ".slice:cri-containerd:" ID,
		"k8s:1a2b3c4d/3f4e5d6c7b8a");
	unit_is("/system.slice:docker:" ID, "docker:3f4e5d6c7b8a");
	unit_is("/cri-containerd:" ID, "");
	unit_is("/:::", "");
	unit_is("/buildkit/" ID, "buildkit:3f4e5d6c7b8a");
	unit_is("/docker/buildkit/u6g2j1kq0x7h3m9c5b8a4d2ez", "buildkit:u6g2j1kq0x7h");
	unit_is("/buildkit/short", "");
	unit_is("/garden/0a1b2c3d-1111-2222-3333", "garden:0a1b2c3d-1111-2222-3333");
	unit_is("/garden/good/0a1b2c3d-1111-2222-3333", "garden:0a1b2c3d-1111-2222-3333");
	unit_is("/garden/bad", "");
	unit_is("/nomad.slice/share.slice/0a1b2c3d-1111-2222-3333-444455556666.web.scope",
		"nomad:0a1b2c3d/web");
	unit_is("/nomad/share/0a1b2c3d-1111-2222-3333-444455556666.web.1", "nomad:0a1b2c3d/web.1");
	unit_is("/share.slice/0a1b2c3d-1111-2222-3333-444455556666.web", "");
	unit_is("/nomad.slice/0a1b2c3d-1111-2222-3333-444455556666.scope",
		"0a1b2c3d-1111-2222-3333-444455556666.scope");
	unit_is("/docker/3f4e5d6c7b8a", "");
	unit_is("/system.slice/docker-backup.scope", "docker-backup.scope");
	unit_is("/podcasts-archive/" ID, "container:3f4e5d6c7b8a");
	unit_is("/.scope/.service", "");
	unit_is("///", "");
	/* what somebody with a group of their own makes up */
	unit_is("/user.slice/user-1000.slice/user@1000.service/sshd.service", "user@1000/sshd.service");
	unit_is("/user.slice/user-1000.slice/user@1000.service/docker.service/docker/" ID,
		"user@1000/docker:3f4e5d6c7b8a");
	unit_is("/user.slice/user-1000.slice/user@1000.service/a.service/user@0.service/sshd.service",
		"user@1000/sshd.service");
	unit_is("/user.slice/user-1000.slice/user@1000.service/machine.slice/machine-deb.scope",
		"user@1000/machine:deb");
	unit_is("/user.slice/user-1000.slice/user@1000.service/lxc/web", "user@1000/lxc:web");
	unit_is("/user.slice/user-1000.slice/user@1000.service/slurmstepd.scope/job_1/step_0",
		"user@1000/slurm:1");
	unit_is("/user.slice/user-1000.slice/user@1000.service/nomad/"
		"0a1b2c3d-1111-2222-3333-444455556666.web", "user@1000/nomad:0a1b2c3d/web");
	unit_is("/system.slice/docker-" ID ".scope/user.slice/user@5.service/lxc/a/user@6.service/x.service",
		"docker:3f4e5d6c7b8a/user@5/lxc:a/x.service");
	unit_is("/user.slice/user-1000.slice/user@1000.service/lxc/a/user@6.service/x.service",
		"user@1000/lxc:a/user@6/x.service");
	unit_is("/system.slice/web.service/system.slice/sshd.service", "web.service/sshd.service");
	unit_is("/user.slice/user-1000.slice/user@1000.service", "user@1000.service");
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	strcpy(path + sizeof(path) - sizeof(".service"), ".service");
	check(unit_name(path, strlen(path), name) < UNIT_SIZE, "a name that is too long");
	for (i = 0; i + 300 < sizeof(path); i += 300) {
		memset(path + i, 'x', 300);
		memcpy(path + i + 292, ".service/", 8);
		path[i + 299] = 'e';
		path[i] = '/';
	}
	check(unit_name(path, i, name) < UNIT_SIZE, "many long names");
}

/* What somebody sees at @master, while rows are read for more than half a second. */
static void wait_for_rows(int master, int slave, char *seen, size_t size)
{
	int saved = dup(STDERR_FILENO);
	struct pollfd fd = { .fd = master, .events = POLLIN };
	time_t end = time(NULL) + 3;
	size_t n = 0;
	ssize_t len;

	dup2(slave, STDERR_FILENO);
	while (time(NULL) < end)
		progress_row();
	progress_end();
	dup2(saved, STDERR_FILENO);
	close(saved);
	/* What a terminal was given comes a little later, and in parts. */
	while (n < size - 1 && poll(&fd, 1, 500) > 0) {
		len = read(master, seen + n, size - 1 - n);
		n += len > 0 ? len : 0;
	}
	seen[n] = '\0';
}

static void waits(void)
{
	static char seen[4096];
	unsigned long long rows;
	int master, slave, pipes[2];

	if (openpty(&master, &slave, NULL, NULL, NULL) || pipe(pipes)) {
		check(0, "a terminal");
		return;
	}
	wait_for_rows(master, slave, seen, sizeof(seen));
	check(sscanf(seen, "\r%llu rows read\r", &rows) == 1 && rows, "a terminal is told of rows");
	check(strlen(seen) > 4 && !strcmp(seen + strlen(seen) - 4, "\r\033[K"), "and left as it was");
	wait_for_rows(pipes[0], pipes[1], seen, sizeof(seen));
	check_text(seen, "", "nothing but a terminal is");
}

int main(int argc, char **argv)
{
	char buf[32];
	int i;

	if (argc == 2 && !strcmp(argv[1], "escapes"))
		return escapes();
	if (argc == 3 && !strcmp(argv[1], "json"))
		return json_file(argv[2]);
	if (argc > 1 && !strcmp(argv[1], "size")) {
		for (i = 2; i < argc; i++) {
			format_size(buf, strtoull(argv[i], NULL, 10));
			puts(buf);
		}
		return 0;
	}
	numbers();
	sizes();
	times();
	ages();
	durations();
	permissions();
	keys_and_numbers();
	units();
	namespaces();
	columns();
	utf8();
	bounds();
	percents();
	commands();
	tables("C");
	tables("C.UTF-8");
	safe("C");
	safe("C.UTF-8");
	empty_json();
	long_cells();
	raw_cells();
	fits();
	sorts();
	waits();
	return failures != 0;
}
