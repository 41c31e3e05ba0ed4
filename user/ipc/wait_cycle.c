// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that wait for each other.
 *
 * Processes lead to the things that they wait for, and things to the processes that could provide
 * them. Any of these would be enough. So there is no way on only for a group of processes that
 * lead to each other and nowhere else: a strongly connected component without an edge that leaves
 * it. Where it is not known, or only guessed from who has a queue open, an edge leads outside.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ipc/wait_cycle.h"
#include "util.h"

/* A process or an awaited thing, in the search of Tarjan for strongly connected components. */
struct node {
	uint32_t number;	/* order of discovery, 0 before */
	uint32_t low;		/* the earliest that it leads to, of those on the stack */
	uint32_t next;		/* edge to continue with */
	uint32_t cycle;
	bool on_stack;
	bool leaves;		/* an edge leads to where nothing is known to wait */
};

struct graph {
	struct stored_wait **waits;	/* sorted by process */
	size_t n_waits;
	uint32_t *pids;		/* processes that wait, sorted */
	size_t *first;		/* of each, its first wait; one more at the end */
	size_t n_pids;
	struct awaited *const *things;	/* sorted by address */
	size_t n_things;
	struct node *nodes;	/* processes, then things */
	uint32_t *stack, *path;
	size_t n_stack, n_path;
	uint32_t numbers, cycles;
};

static int compare_waits(const void *p, const void *q)
{
	const struct stored_wait *const *a = p, *const *b = q;

	return ((*a)->wait.pid > (*b)->wait.pid) - ((*a)->wait.pid < (*b)->wait.pid);
}

static int compare_pids(const void *p, const void *q)
{
	const uint32_t *a = p, *b = q;

	return (*a > *b) - (*a < *b);
}

static int compare_addresses(const void *p, const void *q)
{
	const struct awaited *const *a = p, *const *b = q;

	return (*a > *b) - (*a < *b);
}

static void sort_processes(struct graph *g)
{
	size_t i;

	qsort(g->waits, g->n_waits, sizeof(*g->waits), compare_waits);
	for (i = 0; i < g->n_waits; i++) {
		if (g->n_pids && g->pids[g->n_pids - 1] == g->waits[i]->wait.pid)
			continue;
		g->first[g->n_pids] = i;
		g->pids[g->n_pids++] = g->waits[i]->wait.pid;
	}
	g->first[g->n_pids] = g->n_waits;
}

static bool is_process(const struct graph *g, uint32_t node)
{
	return node < g->n_pids;
}

static uint32_t node_of_pid(const struct graph *g, uint32_t pid)
{
	const uint32_t *found = bsearch(&pid, g->pids, g->n_pids, sizeof(pid), compare_pids);

	return found ? found - g->pids : UINT32_MAX;
}

static uint32_t node_of_thing(const struct graph *g, const struct awaited *awaited)
{
	struct awaited *const *found = bsearch(&awaited, g->things, g->n_things, sizeof(awaited),
					    compare_addresses);

	return g->n_pids + (found - g->things);
}

/* Takes the next edge of a node: false if there are no more. */
static bool next_edge(struct graph *g, uint32_t at, uint32_t *to)
{
	struct node *node = &g->nodes[at];
	const struct awaited *awaited;

	if (is_process(g, at)) {
		if (g->first[at] + node->next == g->first[at + 1])
			return false;
		awaited = g->waits[g->first[at] + node->next++]->wait.awaited;
		*to = node_of_thing(g, awaited);
		return true;
	}
	awaited = g->things[at - g->n_pids];
	if (awaited->more || !awaited->n || awaited->source == AWAITED_OPEN)
		node->leaves = true;
	if (node->leaves || node->next == awaited->n)
		return false;
	*to = node_of_pid(g, awaited->pids[node->next++]);
	return true;
}

static void push(struct graph *g, uint32_t at)
{
	struct node *node = &g->nodes[at];

	node->number = node->low = ++g->numbers;
	node->on_stack = true;
	g->stack[g->n_stack++] = at;
	g->path[g->n_path++] = at;
}

/* One process alone waits for itself, unless another thread of it can continue. */
static bool is_single_threaded(uint32_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	return !stat(path, &st) && st.st_nlink == 3;
}

/* Takes a component off the stack, down to @at; numbers it if it is a cycle. */
static void take_component(struct graph *g, uint32_t at)
{
	size_t end = g->n_stack, processes = 0, i;
	bool leaves = false;
	uint32_t pid = 0;

	do {
		i = g->stack[--g->n_stack];
		g->nodes[i].on_stack = false;
		leaves |= g->nodes[i].leaves;
		if (is_process(g, i)) {
			processes++;
			pid = g->pids[i];
		}
	} while (i != at);
	if (leaves || end - g->n_stack < 2 || (processes == 1 && !is_single_threaded(pid)))
		leaves = true;
	else
		g->cycles++;
	/* Who leads here can get away if this can, and is in another component anyway. */
	for (i = g->n_stack; i < end; i++)
		g->nodes[g->stack[i]].cycle = leaves ? 0 : g->cycles;
}

static void visit(struct graph *g, uint32_t root)
{
	struct node *node, *child;
	uint32_t at, to;

	push(g, root);
	while (g->n_path) {
		at = g->path[g->n_path - 1];
		node = &g->nodes[at];
		if (next_edge(g, at, &to)) {
			if (to == UINT32_MAX) {
				node->leaves = true;
				continue;
			}
			child = &g->nodes[to];
			if (!child->number)
				push(g, to);
			else if (!child->on_stack)
				node->leaves = true;
			else if (child->number < node->low)
				node->low = child->number;
			continue;
		}
		g->n_path--;
		if (node->low == node->number)
			take_component(g, at);
		if (!g->n_path)
			break;
		child = &g->nodes[g->path[g->n_path - 1]];
		if (!node->on_stack)
			child->leaves = true;	/* to a component of its own */
		else if (node->low < child->low)
			child->low = node->low;
	}
}

/* A process that changed a semaphore last and waits for it again has it not. */
static void open_thing_of_self(struct awaited *awaited, uint32_t pid)
{
	if (awaited->source == AWAITED_LAST && awaited->n && awaited->pids[0] == pid)
		awaited->more = true;
}

/**
 * wait_cycles_find - mark processes that wait for each other
 * @waits: who waits
 * @n: their number
 * @things: for what, in any order; sorted by address afterwards
 * @n_things: their number
 */
void wait_cycles_find(struct stored_wait *waits, size_t n, struct awaited **things, size_t n_things)
{
	struct graph g = { .things = things, .n_things = n_things };
	size_t i, at;

	if (!n)
		return;
	g.waits = xcalloc(n, sizeof(*g.waits));
	g.pids = xcalloc(n, sizeof(*g.pids));
	g.first = xcalloc(n + 1, sizeof(*g.first));
	for (i = 0; i < n; i++) {
		if (!waits[i].wait.pid)
			continue;
		open_thing_of_self(waits[i].wait.awaited, waits[i].wait.pid);
		g.waits[g.n_waits++] = &waits[i];
	}
	qsort(things, n_things, sizeof(*things), compare_addresses);
	sort_processes(&g);
	g.nodes = xcalloc(g.n_pids + n_things, sizeof(*g.nodes));
	g.stack = xcalloc(g.n_pids + n_things, sizeof(*g.stack));
	g.path = xcalloc(g.n_pids + n_things, sizeof(*g.path));
	for (i = 0; i < g.n_pids; i++)
		if (!g.nodes[i].number)
			visit(&g, i);
	for (i = 0; i < g.n_pids; i++)
		for (at = g.first[i]; at < g.first[i + 1]; at++)
			g.waits[at]->wait.cycle = g.nodes[i].cycle;
	free(g.waits);
	free(g.pids);
	free(g.first);
	free(g.nodes);
	free(g.stack);
	free(g.path);
}
