// SPDX-License-Identifier: GPL-2.0
/*
 * Model check of the full collection in slices: heaps stop after every unit of
 * work of a collection, and something is changed there.
 *
 *   interleave exhaustive [OBJECTS [PART PARTS]]
 *	all graphs of up to OBJECTS lists (3) with up to two references each,
 *	every subset held from outside, every single change at every step.
 *	PART of PARTS (from 0) shares the work out.
 *   interleave ordered [OBJECTS [PART PARTS]]
 *	likewise, and a list that holds two is met in both orders
 *   interleave pairs [OBJECTS [PART PARTS]]
 *	likewise (2 objects), every pair of changes at every pair of steps
 *   interleave random GRAPHS [SEED]
 *	larger graphs of lists, tuples, dicts and instances, several changes
 *	each, in heaps that go on living with what is left.
 *
 * What must hold, as reachability says that is computed here by plain search:
 * nothing that can be reached is ever freed, refused or condemned; what was
 * garbage when the collection began is freed by it unless some garbage was
 * touched; what is garbage afterwards is freed by the next one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "kmod/engine/heap.h"
#include "rig.h"

#define NODES	16	/* with those made on the way */
#define EDGES	4
#define OPS	96

enum kind { LIST, DICT, SLOTTED, OPEN, TUPLE, KINDS };

struct node {
	u64 id;
	u32 held;
	u8 kind;
	u8 n;			/* of a list or tuple: length */
	s8 edge[EDGES];		/* -1: none */
	bool exists;		/* as far as counts tell; garbage may be gone */
	bool reachable;
	bool garbage;		/* when the collection began */
};

enum action {
	TAKE, DROP, APPEND, INSERT, SET, UNSET, POP, GET, CLEAR, HAND_OVER, MAKE, MAKE_INTO,
	REPLACE, ACTIONS
};

struct change {
	u8 action, x, i, y;
};

static struct rig rig;
static struct node node[NODES];
static u32 nnodes;
static bool garbage_touched;
static u32 highest;		/* slot that a node ever had */
static unsigned int generation = 2;	/* of the collections that are disturbed */
static u32 types[2];
static u64 base_objects;
static u64 runs, changes, refusals, freed, verified;

static struct refheap_op ops[OPS];
static struct refheap_result results[OPS];
static u32 nops;

static bool ordered;		/* graphs differ by the order in lists */
static char context[400];

/* What is being run, for when it fails. */
static struct {
	u64 graph;
	u32 n, nchanges;
	const struct change *change;
	const u32 *at;
} now;

static void describe(void)
{
	u32 i;
	int len;

	if (!now.n)
		return;
	len = scnprintf(context, sizeof(context), "%u objects, graph %llu", now.n, now.graph);
	for (i = 0; i < now.nchanges; i++)
		len += scnprintf(context + len, sizeof(context) - len,
				 "; change (%u, x %u, i %u, y %u) before step %u",
				 now.change[i].action, now.change[i].x, now.change[i].i,
				 now.change[i].y, now.at[i]);
}

static void die(const char *what)
{
	u32 i, j;

	describe();
	printf("FAULT: %s\n%s\n", what, context);
	for (i = 0; i < nnodes; i++) {
		printf("  node %u id %llx kind %u held %u%s%s%s:", i, node[i].id, node[i].kind,
		       node[i].held, node[i].exists ? "" : " gone",
		       node[i].reachable ? " reachable" : "", node[i].garbage ? " garbage" : "");
		for (j = 0; j < EDGES; j++)
			printf(" %d", node[i].edge[j]);
		printf("   engine: count %u\n", rig_info(&rig, node[i].id).refcount);
	}
	fflush(stdout);
	exit(1);
}

static struct refheap_op *emit(u16 code, u64 a)
{
	ops[nops] = (struct refheap_op){ .code = code, .a = a };
	return &ops[nops++];
}

static const char key_names[EDGES] = { 'a', 'b', 'c', 'd' };

static void emit_name(struct refheap_op *op, u32 i)
{
	op->data_off = rig_data(&rig, &key_names[i], 1);
	op->data_len = 1;
}

static void run_batch(void)
{
	rig_batch(&rig, ops, results, nops, 0);
	nops = 0;
}

/* The change of one edge of a dict or an instance. */
static struct refheap_op *emit_keyed(const struct node *x, u16 of_dict, u16 of_instance, u32 i)
{
	struct refheap_op *op = emit(x->kind == DICT ? of_dict : of_instance, x->id);

	if (x->kind == DICT)
		op->flags = REFHEAP_OPF_KEY_STR;
	emit_name(op, i);
	return op;
}

static bool sequence(const struct node *x)
{
	return x->kind == LIST || x->kind == TUPLE;
}

static u32 capacity(const struct node *x)
{
	return x->kind == SLOTTED ? 2 : EDGES;
}

static void reach(void)
{
	u8 queue[NODES];
	u32 head = 0, tail = 0, i, j;

	for (i = 0; i < nnodes; i++) {
		node[i].reachable = node[i].exists && node[i].held;
		if (node[i].reachable)
			queue[tail++] = i;
	}
	while (head < tail) {
		const struct node *x = &node[queue[head++]];

		for (j = 0; j < EDGES; j++) {
			if (x->edge[j] < 0 || node[x->edge[j]].reachable)
				continue;
			node[x->edge[j]].reachable = true;
			queue[tail++] = x->edge[j];
		}
	}
}

static void forget(struct node *x)
{
	x->exists = false;
	x->held = 0;
	x->n = 0;
	memset(x->edge, -1, sizeof(x->edge));
}

/* What no count keeps alive is gone. */
static void settle(void)
{
	bool again;
	u32 i, j;

	do {
		u32 count[NODES] = { 0 };

		again = false;
		for (i = 0; i < nnodes; i++) {
			count[i] += node[i].held;
			for (j = 0; j < EDGES; j++)
				if (node[i].edge[j] >= 0)
					count[node[i].edge[j]]++;
		}
		for (i = 0; i < nnodes; i++) {
			if (!node[i].exists || count[i])
				continue;
			forget(&node[i]);
			again = true;
		}
	} while (again);
	reach();
}

static s8 list_remove(struct node *x, u32 i)
{
	s8 was = x->edge[i];

	memmove(&x->edge[i], &x->edge[i + 1], EDGES - 1 - i);
	x->edge[EDGES - 1] = -1;
	x->n--;
	return was;
}

static void list_insert(struct node *x, u32 i, s8 y)
{
	memmove(&x->edge[i + 1], &x->edge[i], EDGES - 1 - i);
	x->edge[i] = y;
	x->n++;
}

static void touched(u32 x)
{
	if (node[x].garbage)
		garbage_touched = true;
}

/* Whether the change makes sense as things are. */
static bool possible(const struct change *c)
{
	const struct node *x = &node[c->x], *y = &node[c->y];

	if (c->action != MAKE && !x->exists)
		return false;
	switch (c->action) {
	case TAKE:
		return true;
	case DROP:
	case REPLACE:
		return x->held && nnodes < NODES;
	case APPEND:
	case INSERT:
		return x->kind == LIST && x->n < EDGES && y->exists;
	case SET:
		return x->kind != TUPLE && y->exists &&
		       (x->kind == LIST ? c->i < x->n : c->i < capacity(x));
	case UNSET:
		return x->kind != TUPLE && x->edge[c->i] >= 0;
	case POP:
		return (x->kind == LIST || x->kind == DICT) && x->edge[c->i] >= 0;
	case GET:
		return x->edge[c->i] >= 0;
	case CLEAR:
		return x->kind != TUPLE && x->kind != SLOTTED;
	case HAND_OVER:
		return x->kind != TUPLE && y->exists && y->held &&
		       (x->kind == LIST ? x->n < EDGES : x->edge[c->i] < 0 && c->i < capacity(x));
	case MAKE:
		return nnodes < NODES && (c->y >= nnodes || y->exists);
	case MAKE_INTO:
		return x->kind == LIST && x->n < EDGES && nnodes < NODES;
	}
	return false;
}

static void emit_set(const struct node *x, u32 i, u64 id)
{
	struct refheap_op *op;

	if (x->kind == LIST) {
		op = emit(REFHEAP_OP_SET_INDEX, x->id);
		op->b = i;
	} else {
		op = emit_keyed(x, REFHEAP_OP_SET_KEY, REFHEAP_OP_SET_ATTR, i);
	}
	op->c = id;
}

static void emit_change(const struct change *c)
{
	const struct node *x = &node[c->x], *y = &node[c->y];
	struct refheap_op *op;

	switch (c->action) {
	case TAKE:
		emit(REFHEAP_OP_TAKE, x->id);
		return;
	case DROP:
		emit(REFHEAP_OP_DROP, x->id);
		return;
	case REPLACE:
		emit(REFHEAP_OP_DROP, x->id);
		emit(REFHEAP_OP_LIST, 0);
		return;
	case APPEND:
	case INSERT:
		op = emit(c->action == APPEND ? REFHEAP_OP_APPEND : REFHEAP_OP_INSERT, x->id);
		op->c = y->id;
		return;
	case SET:
		emit_set(x, c->i, y->id);
		return;
	case UNSET:
		if (x->kind == LIST)
			emit(REFHEAP_OP_DEL_INDEX, x->id)->b = c->i;
		else
			emit_keyed(x, REFHEAP_OP_DEL_KEY, REFHEAP_OP_DEL_ATTR, c->i);
		return;
	case POP:
		if (x->kind == LIST)
			emit(REFHEAP_OP_POP, x->id)->b = c->i;
		else
			emit_keyed(x, REFHEAP_OP_POP_KEY, 0, c->i);
		return;
	case GET:
		if (sequence(x))
			emit(REFHEAP_OP_GET_INDEX, x->id)->b = c->i;
		else
			emit_keyed(x, REFHEAP_OP_GET_KEY, REFHEAP_OP_GET_ATTR, c->i);
		return;
	case CLEAR:
		emit(REFHEAP_OP_CLEAR, x->id);
		return;
	case HAND_OVER:
		if (x->kind == LIST)
			emit(REFHEAP_OP_APPEND, x->id)->c = y->id;
		else
			emit_set(x, c->i, y->id);
		emit(REFHEAP_OP_DROP, y->id);
		return;
	case MAKE:
		op = emit(REFHEAP_OP_LIST, 0);
		if (c->y < nnodes) {
			op->data_off = rig_data(&rig, &y->id, sizeof(y->id));
			op->data_len = sizeof(y->id);
		}
		return;
	case MAKE_INTO:
		emit(REFHEAP_OP_LIST, 0)->flags = REFHEAP_OPF_TEMP;
		op = emit(REFHEAP_OP_APPEND, x->id);
		op->flags = REFHEAP_OPF_C_RESULT;
		return;
	}
}

static u32 new_node(u64 id, u32 kind)
{
	struct node *x = &node[nnodes];

	forget(x);
	x->id = id;
	x->kind = kind;
	x->exists = true;
	x->garbage = false;
	return nnodes++;
}

/* The same on our side, after the engine has done it. */
static void mirror(const struct change *c)
{
	struct node *x = &node[c->x], *y = &node[c->y];
	u32 made;
	s8 was;

	switch (c->action) {
	case TAKE:
		x->held++;
		break;
	case DROP:
		x->held--;
		break;
	case REPLACE:
		x->held--;
		made = new_node(results[1].value, LIST);
		node[made].held = 1;
		break;
	case APPEND:
		list_insert(x, x->n, c->y);
		break;
	case INSERT:
		list_insert(x, 0, c->y);
		break;
	case SET:
		if (x->edge[c->i] >= 0)
			touched(x->edge[c->i]);
		x->edge[c->i] = c->y;
		break;
	case UNSET:
	case POP:
		touched(x->edge[c->i]);
		was = x->edge[c->i];
		if (x->kind == LIST)
			list_remove(x, c->i);
		else
			x->edge[c->i] = -1;
		if (c->action == POP)
			node[was].held++;
		break;
	case GET:
		touched(x->edge[c->i]);
		node[x->edge[c->i]].held++;
		break;
	case CLEAR:
		for (made = 0; made < EDGES; made++)
			if (x->edge[made] >= 0)
				touched(x->edge[made]);
		memset(x->edge, -1, sizeof(x->edge));
		x->n = 0;
		break;
	case HAND_OVER:
		if (x->kind == LIST)
			list_insert(x, x->n, c->y);
		else
			x->edge[c->i] = c->y;
		y->held--;
		break;
	case MAKE:
		made = new_node(results[0].value, LIST);
		node[made].held = 1;
		if (c->y < made)
			list_insert(&node[made], 0, c->y);
		break;
	case MAKE_INTO:
		made = new_node(results[0].value, LIST);
		list_insert(x, x->n, made);
		break;
	}
	settle();
}

static bool uses_y(const struct change *c)
{
	switch (c->action) {
	case APPEND:
	case INSERT:
	case SET:
	case HAND_OVER:
		return true;
	case MAKE:
		return c->y < nnodes;
	}
	return false;
}

/*
 * Executes one change. Garbage may be refused, since it may be condemned; what
 * can be reached may not.
 */
static void execute(const struct change *c)
{
	u32 n, i;

	changes++;
	emit_change(c);
	n = nops;
	run_batch();
	for (i = 0; i < n; i++)
		if (results[i].error)
			break;
	if (i == n) {
		if (c->action != MAKE)
			touched(c->x);
		if (uses_y(c))
			touched(c->y);
		mirror(c);
		return;
	}
	if (results[i].error != -ESTALE)
		die("a change failed");
	refusals++;
	if ((c->action != MAKE && node[c->x].reachable) || (uses_y(c) && node[c->y].reachable)) {
		/* One of them is garbage, and only that one may be refused. */
		bool x_good = c->action == MAKE || node[c->x].reachable;
		bool y_good = !uses_y(c) || node[c->y].reachable;

		if (x_good && y_good)
			die("what can be reached was refused");
	}
	/* The new list that was to go into what is condemned died with the batch. */
}

static void check_reachable(const char *when)
{
	u32 i;

	for (i = 0; i < nnodes; i++)
		if (node[i].reachable && rig_info(&rig, node[i].id).id != node[i].id)
			die(when);
}

static void verify(void)
{
	verified++;
	if (rig_verify(&rig))
		die(rig.fault);
}

/*
 * The table has thousands of free slots behind the objects. To visit them one
 * by one is nothing but waiting, so the walks end sooner. The one slot more
 * that they do visit may get an object meanwhile; others get theirs beyond.
 */
static void start(void)
{
	u32 end = RH_ROOT_SLOT, i;

	if (!rh_collect_start(rig.heap, rig.heap->params.slice_units ? generation : 2))
		die("a collection is running already");
	for (i = 0; i < nnodes; i++)
		end = max(end, REFHEAP_ID_SLOT(node[i].id));
	highest = max(highest, end);
	/* What is not disturbed is to find all that was ever left. */
	if (!rig.heap->params.slice_units)
		end = ALIGN(highest + 2, 64);
	rig.heap->gc.end = min(rig.heap->gc.end, end + 2);
}

static void collection_begins(void)
{
	u32 i;

	settle();
	for (i = 0; i < nnodes; i++)
		node[i].garbage = node[i].exists && !node[i].reachable;
	garbage_touched = false;
	start();
}

static void collection_ended(void)
{
	u32 i;

	check_reachable("what can be reached was freed");
	for (i = 0; i < nnodes; i++) {
		bool lives = rig_info(&rig, node[i].id).id == node[i].id;

		if (node[i].garbage && lives && !garbage_touched)
			die("garbage that nobody touched was left");
		if (node[i].exists && !lives) {
			freed++;
			forget(&node[i]);
		}
	}
	reach();
}

/* Return: what it was. */
static u32 unit_of(u32 units)
{
	u32 was = rig.heap->params.slice_units;

	rig.heap->params.slice_units = units;
	return was;
}

/* A collection that nobody disturbs leaves exactly what can be reached. */
static void check_complete(void)
{
	u32 units = unit_of(0), i;
	u64 expected = base_objects;

	collection_begins();
	rig_work(&rig);
	collection_ended();
	for (i = 0; i < nnodes; i++)
		expected += node[i].reachable;
	if (rig_objects(&rig) != expected)
		die("the next collection left garbage, or took too much");
	unit_of(units);
}

/* Takes everything apart; the heap is as it was at first. */
static void tear_down(void)
{
	u32 i;

	for (i = 0; i < nnodes; i++)
		if (node[i].reachable && node[i].kind != TUPLE && node[i].kind != SLOTTED)
			emit(REFHEAP_OP_CLEAR, node[i].id);
	for (i = 0; i < nnodes; i++) {
		u32 j;

		if (node[i].reachable && node[i].kind == SLOTTED)
			for (j = 0; j < 2; j++)
				if (node[i].edge[j] >= 0)
					emit_keyed(&node[i], 0, REFHEAP_OP_DEL_ATTR, j);
	}
	/* What only others' edges held is gone by now, or goes with them. */
	for (i = 0; i < nnodes; i++)
		while (node[i].held) {
			node[i].held--;
			emit(REFHEAP_OP_DROP, node[i].id);
			if (nops == OPS)
				run_batch();
		}
	rig_batch(&rig, ops, results, nops, REFHEAP_BATCH_CONTINUE);
	nops = 0;
	nnodes = 0;
	if (rig_objects(&rig) != base_objects) {
		check_complete();
		if (rig_objects(&rig) != base_objects)
			die("not everything could be freed");
	}
}

static void begin(void)
{
	static const char * const slots[] = { "a", "b" };
	struct rh_params params;
	u32 i;

	rig_params(&params);
	params.slice_units = 1;
	if (rig_init(&rig, &params)) {
		printf("no heap\n");
		exit(1);
	}
	rig.host.tick = 1;
	rh_gc_enable(rig.heap, false);
	types[0] = rig_type(&rig, "Slotted", 0, 0, slots, 2);
	types[1] = rig_type(&rig, "Open", REFHEAP_TYPE_DICT, 0, NULL, 0);
	/* Names of one character are made when they are needed, and stay. */
	for (i = 0; i < EDGES; i++) {
		emit_name(emit(REFHEAP_OP_STR, 0), i);
		emit(REFHEAP_OP_DROP, 2 * i)->flags = REFHEAP_OPF_A_RESULT;
	}
	run_batch();
	base_objects = rig_objects(&rig);
}

static void end(void)
{
	verify();
	if (rig_exit(&rig))
		die("memory was not given back");
}

/*
 * The exhaustive part. A graph is a number: for each object its edges, of 1 +
 * n + n * n possibilities, and then the subset that is held.
 */
static u32 shapes(u32 n)
{
	return 1 + n + n * n;
}

static u64 graphs(u32 n)
{
	u64 all = 1;
	u32 i;

	for (i = 0; i < n; i++)
		all *= shapes(n);
	return all << n;
}

/*
 * Return: false when another graph stands for this one: an object without any
 * reference is not there, and smaller graphs are like that.
 */
static bool decode(u64 graph, u32 n)
{
	u32 count[NODES] = { 0 }, held = graph & ((1U << n) - 1), i, j;

	graph >>= n;
	nnodes = 0;
	for (i = 0; i < n; i++) {
		u32 shape = graph % shapes(n);
		struct node *x = &node[new_node(0, LIST)];

		graph /= shapes(n);
		x->held = held >> i & 1;
		if (shape > n) {
			x->edge[1] = (shape - 1 - n) / n;
			shape = 1 + (shape - 1 - n) % n;
			x->n = 1;
			if (!ordered && shape - 1 > x->edge[1])
				return false;
		}
		if (shape) {
			x->edge[0] = shape - 1;
			x->n++;
		}
		count[i] += x->held;
		for (j = 0; j < EDGES; j++)
			if (x->edge[j] >= 0)
				count[x->edge[j]]++;
	}
	for (i = 0; i < n; i++)
		if (!count[i])
			return false;
	return true;
}

static void build_lists(u32 n)
{
	u32 i, j;

	for (i = 0; i < n; i++)
		emit(REFHEAP_OP_LIST, 0);
	for (i = 0; i < n; i++)
		for (j = 0; j < node[i].n; j++) {
			struct refheap_op *op = emit(REFHEAP_OP_APPEND, i);

			op->flags = REFHEAP_OPF_A_RESULT | REFHEAP_OPF_C_RESULT;
			op->c = node[i].edge[j];
		}
	for (i = 0; i < n; i++)
		if (!node[i].held)
			emit(REFHEAP_OP_DROP, i)->flags = REFHEAP_OPF_A_RESULT;
	run_batch();
	for (i = 0; i < n; i++) {
		node[i].id = results[i].value;
		if (results[i].error)
			die("a graph could not be made");
	}
}

static u32 all_changes(struct change *list, u32 n)
{
	u32 count = 0, x, y, i, action;

	for (action = 0; action < ACTIONS; action++) {
		for (x = 0; x < n; x++) {
			switch (action) {
			case TAKE:
			case DROP:
			case CLEAR:
			case REPLACE:
			case MAKE_INTO:
				list[count++] = (struct change){ action, x, 0, 0 };
				break;
			case UNSET:
			case POP:
			case GET:
				for (i = 0; i < 2; i++)
					list[count++] = (struct change){ action, x, i, 0 };
				break;
			case APPEND:
			case INSERT:
			case HAND_OVER:
				for (y = 0; y < n; y++)
					list[count++] = (struct change){ action, x, 0, y };
				break;
			case SET:
				for (y = 0; y < n; y++)
					for (i = 0; i < 2; i++)
						list[count++] = (struct change){ action, x, i, y };
				break;
			case MAKE:
				list[count++] = (struct change){ action, 0, 0, x };
				break;
			}
		}
	}
	list[count++] = (struct change){ MAKE, 0, 0, NODES };
	return count;
}

/*
 * One collection of one graph with its changes. Return: false when the last
 * change came too late, after the collection.
 */
static bool run(u64 graph, u32 n, const struct change *c, const u32 *at, u32 nchanges)
{
	u32 step = 0, next = 0;

	now = (typeof(now)){ graph, n, nchanges, c, at };
	decode(graph, n);
	build_lists(n);
	collection_begins();
	while (rh_work_pending(rig.heap)) {
		while (next < nchanges && at[next] == step) {
			if (possible(&c[next]))
				execute(&c[next]);
			next++;
			if (!rh_work_pending(rig.heap))
				break;
		}
		rh_work_step(rig.heap);
		step++;
	}
	collection_ended();
	if (!(++runs % 256))
		verify();
	check_complete();
	tear_down();
	return next == nchanges;
}

static void exhaustive(u32 objects, u32 part, u32 parts)
{
	struct change list[256];
	u32 n;

	for (n = 1; n <= objects; n++) {
		u32 count = all_changes(list, n), i, at;
		u64 graph, all = graphs(n);

		for (graph = part; graph < all; graph += parts) {
			if (!decode(graph, n))
				continue;
			for (i = 0; i < count; i++) {
				decode(graph, n);
				if (!possible(&list[i]))
					continue;
				for (at = 0; run(graph, n, &list[i], &at, 1); at++)
					;
			}
		}
	}
}

static void pairs(u32 objects, u32 part, u32 parts)
{
	struct change list[256];
	u32 n;

	for (n = 1; n <= objects; n++) {
		u32 count = all_changes(list, n), i, j;
		u64 graph, all = graphs(n);

		for (graph = part; graph < all; graph += parts) {
			if (!decode(graph, n))
				continue;
			for (i = 0; i < count * count; i++) {
				struct change both[2] = { list[i / count], list[i % count] };
				u32 at[2] = { 0, 0 };

				decode(graph, n);
				if (!possible(&both[0]))
					continue;
				for (;; at[0]++) {
					for (j = 0;; j++) {
						at[1] = at[0] + j;
						if (!run(graph, n, both, at, 2))
							break;
					}
					if (!j)
						break;
				}
			}
		}
	}
}

/* The random part. */
static u64 random_state;

static u32 rnd(u32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % n;
}

static void random_node(void)
{
	u32 kind = rnd(KINDS), i, n;
	struct refheap_op *op;
	u64 ids[EDGES];
	s8 edge[EDGES];
	u32 made;

	memset(edge, -1, sizeof(edge));
	switch (kind) {
	case TUPLE:
		/* Never empty: that one is a singleton. */
		for (n = 0, i = rnd(2) + 1; i && nnodes; i--) {
			u32 y = rnd(nnodes);

			if (!node[y].exists || !node[y].reachable)
				continue;
			edge[n] = y;
			ids[n++] = node[y].id;
		}
		if (!n) {
			kind = LIST;
			emit(REFHEAP_OP_LIST, 0);
			break;
		}
		op = emit(REFHEAP_OP_TUPLE, 0);
		op->data_off = rig_data(&rig, ids, n * sizeof(*ids));
		op->data_len = n * sizeof(*ids);
		break;
	case LIST:
		emit(REFHEAP_OP_LIST, 0);
		break;
	case DICT:
		emit(REFHEAP_OP_DICT, 0);
		break;
	default:
		emit(REFHEAP_OP_INSTANCE, 0)->arg = types[kind - SLOTTED];
		break;
	}
	run_batch();
	if (results[0].error)
		die("an object could not be made");
	made = new_node(results[0].value, kind);
	node[made].held = 1;
	memcpy(node[made].edge, edge, sizeof(edge));
	if (kind == TUPLE)
		for (i = 0; i < EDGES && edge[i] >= 0; i++)
			node[made].n++;
	reach();
}

static void random_change(bool anything)
{
	struct change c;
	u32 tries;

	for (tries = 0; tries < 8; tries++) {
		c = (struct change){ rnd(ACTIONS), rnd(nnodes), rnd(EDGES), rnd(nnodes) };
		if (!possible(&c))
			continue;
		/* A program reaches only what can be reached; ids reach more. */
		if (!anything && (!node[c.x].reachable || !node[c.y].reachable))
			continue;
		if ((c.action == MAKE || c.action == MAKE_INTO || c.action == REPLACE) && rnd(2))
			continue;
		execute(&c);
		return;
	}
}

static void random_graph(void)
{
	u32 n = 4 + rnd(7), held = rnd(4), i, left;

	while (nnodes < n)
		random_node();
	for (i = 0; i < 2 * n; i++) {
		struct change c = { rnd(2) ? SET : APPEND, rnd(nnodes), rnd(EDGES), rnd(nnodes) };

		if (possible(&c))
			execute(&c);
	}
	for (i = 0; i < nnodes; i++) {
		struct change c = { DROP, i, 0, 0 };

		if (node[i].held && rnd(4) >= held && possible(&c))
			execute(&c);
	}
	unit_of(0);
	if (!rnd(4))
		rig_collect(&rig, rnd(2));
	/* Young collections free garbage too. */
	for (i = 0; i < nnodes; i++)
		if (node[i].exists && !node[i].reachable &&
		    rig_info(&rig, node[i].id).id != node[i].id)
			forget(&node[i]);
	unit_of(1 + (rnd(4) ? 0 : rnd(6)));
	left = rnd(6);
	collection_begins();
	while (rh_work_pending(rig.heap)) {
		if (left && !rnd(12)) {
			random_change(rnd(2));
			left--;
			if (!rh_work_pending(rig.heap))
				break;
		}
		rh_work_step(rig.heap);
	}
	collection_ended();
	if (!(++runs % 512))
		verify();
	if (rnd(2))
		check_complete();
	tear_down();
}

static void random_graphs(u64 count, u64 seed)
{
	u64 i;

	for (i = 0; i < count; i++) {
		/* Each graph can be had again alone. */
		random_state = (seed + i) * 0x9e3779b97f4a7c15ULL | 1;
		rnd(2);
		scnprintf(context, sizeof(context), "random graph: interleave random 1 %llu",
			  seed + i);
		random_graph();
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	u64 a = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	u64 b = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
	u64 c = argc > 4 ? strtoull(argv[4], NULL, 0) : 1;

	begin();
	ordered = strcmp(what, "exhaustive");
	/* Objects are made for every graph, so each is young when it is collected. */
	if (!strcmp(what, "young")) {
		generation = b;
		exhaustive(a ?: 2, 0, 1);
	} else if (!strcmp(what, "exhaustive") || !strcmp(what, "ordered")) {
		exhaustive(a ?: 3, b, c);
	} else if (!strcmp(what, "pairs")) {
		pairs(a ?: 2, b, c);
	} else if (!strcmp(what, "random") && a) {
		random_graphs(a, b ?: 1);
	} else {
		return 2;
	}
	end();
	printf("interleave %s: %llu collections, %llu changes, %llu of them refused\n",
	       what, runs, changes, refusals);
	printf("%llu objects freed by collections, %llu times verified: sound and complete\n",
	       freed, verified);
	return 0;
}
