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
 *   interleave weak [OBJECTS [PART PARTS]]
 *	as ordered (2 objects), with a weak reference with a callback to each
 *   interleave final [OBJECTS [PART PARTS]]
 *	instances instead of lists (2), every subset of them with a finalizer,
 *	and the weak references
 *   interleave ephemeron [OBJECTS [PART PARTS]]
 *	instances (2), and a weak-keyed dict with every two entries of them
 *   interleave random GRAPHS [SEED]
 *	larger graphs of everything, several changes each, in heaps that go on
 *	living with what is left.
 *
 * What must hold, as reachability says that is computed here by plain search:
 * nothing that can be reached is ever freed, refused or condemned; what was
 * garbage when the collection began is freed by it unless some garbage was
 * touched; what is garbage afterwards is freed by the next one.
 *
 * A weak reference leads to what can be reached and, once it has led to
 * nothing, to nothing for ever; its callback runs once when its referent is
 * gone, and not before. A finalizer runs once before its object is freed, and
 * finds alive all that the object leads to. An entry of a weak-keyed dict is
 * there while its key can be reached without it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "kmod/engine/heap.h"
#include "rig.h"

#define NODES	20	/* with those made on the way */
#define EDGES	4
#define OPS	96

enum kind { LIST, DICT, SLOTTED, OPEN, FINAL, TUPLE, WEAK_KEYS, WEAK, KINDS };

/* Of a finalizer. */
enum final { NOT_RUN, DUE, RUNNING, ENDED };

struct node {
	u64 id;
	u32 held;
	u8 kind;
	u8 n;			/* of a list or tuple: length */
	s8 edge[EDGES];		/* -1: none */
	s8 key[EDGES];		/* of a weak-keyed dict */
	u8 final;		/* enum final */
	s8 target;		/* of a weak reference */
	bool armed;		/* its callback has not run */
	bool led_nowhere;	/* it was dereferenced in vain */
	bool lost;		/* was garbage once */
	bool exists;		/* as far as counts tell; garbage may be gone */
	bool reachable;
	bool garbage;		/* when the collection began */
};

enum action {
	TAKE, DROP, APPEND, INSERT, SET, UNSET, POP, GET, CLEAR, HAND_OVER, MAKE, MAKE_INTO,
	REPLACE, DEREF, NEW_WEAK, ANSWER, KEY_SET, KEY_UNSET, KEY_GET, EXTEND, MAKE_WITH, ACTIONS
};

struct change {
	u8 action, x, i, y;
};

static struct rig rig;
static struct node node[NODES];
static u32 nnodes;
static bool garbage_touched;
static u32 highest;		/* slot that a node ever had */
static u32 limit;		/* of the slots that collections walk over */
static unsigned int generation = 2;	/* of the collections that are disturbed */
static u32 types[3];
static bool finalizers;		/* some node has one */
static u64 base_objects;
static u64 runs, changes, refusals, freed, verified, callbacks, finalized;

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
		if (node[i].kind == WEAK)
			printf(" of %d%s", node[i].target, node[i].armed ? ", armed" : "");
		if (node[i].kind == FINAL)
			printf(" final %u", node[i].final);
		for (j = 0; node[i].kind == WEAK_KEYS && j < EDGES; j++)
			printf(" %d:", node[i].key[j]);
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

static bool slotted(const struct node *x)
{
	return x->kind == SLOTTED || x->kind == FINAL;
}

static bool instance(const struct node *x)
{
	return slotted(x) || x->kind == OPEN;
}

static u32 capacity(const struct node *x)
{
	return slotted(x) ? 2 : EDGES;
}

/* Its edges are set and unset by themselves. */
static bool mutable(const struct node *x)
{
	return x->kind == LIST || x->kind == DICT || instance(x);
}

/* An edge, unless it is an entry whose key cannot be reached so far. */
static int leads_to(const struct node *x, u32 i)
{
	if (x->edge[i] < 0 || (x->kind == WEAK_KEYS && !node[x->key[i]].reachable))
		return -1;
	return x->edge[i];
}

/* Marks what the marked ones lead to. */
static void spread(void)
{
	bool again;
	u32 i, j;
	int to;

	do {
		again = false;
		for (i = 0; i < nnodes; i++) {
			for (j = 0; node[i].reachable && j < EDGES; j++) {
				to = leads_to(&node[i], j);
				if (to < 0 || node[to].reachable)
					continue;
				node[to].reachable = true;
				again = true;
			}
		}
	} while (again);
}

static void reach(void)
{
	u32 i;

	for (i = 0; i < nnodes; i++)
		node[i].reachable = node[i].exists && (node[i].held || node[i].final == DUE);
	spread();
	for (i = 0; i < nnodes; i++)
		if (node[i].exists && !node[i].reachable)
			node[i].lost = true;
}

/* A weak-keyed dict that is touched keeps all its values for this time. */
static void touched(u32 x)
{
	u32 i;

	if (node[x].garbage)
		garbage_touched = true;
	for (i = 0; node[x].kind == WEAK_KEYS && i < EDGES; i++)
		if (node[x].edge[i] >= 0 && node[node[x].edge[i]].garbage)
			garbage_touched = true;
}

static void forget(struct node *x)
{
	u32 i, j;

	touched(x - node);
	for (i = 0; i < EDGES; i++)
		if (x->edge[i] >= 0)
			touched(x->edge[i]);
	x->exists = false;
	x->held = 0;
	x->n = 0;
	memset(x->edge, -1, sizeof(x->edge));
	memset(x->key, -1, sizeof(x->key));
	/* Entries go with their key. */
	for (i = 0; i < nnodes; i++) {
		for (j = 0; j < EDGES; j++) {
			if (node[i].key[j] != x - node)
				continue;
			touched(node[i].edge[j]);
			node[i].key[j] = -1;
			node[i].edge[j] = -1;
		}
	}
}

/*
 * What a finalizer brings back has lost its entries with its weak references,
 * when it was found by a collection.
 */
static void lose_entries(void)
{
	u32 i, j;

	for (i = 0; finalizers && i < nnodes; i++) {
		for (j = 0; j < EDGES; j++) {
			struct refheap_op op = { .code = REFHEAP_OP_CONTAINS, .a = node[i].id };
			struct refheap_result result;

			if (node[i].key[j] < 0 || !node[node[i].key[j]].lost)
				continue;
			op.b = node[node[i].key[j]].id;
			result = rig_op(&rig, op);
			if (result.error || result.value)
				continue;
			node[i].key[j] = -1;
			node[i].edge[j] = -1;
		}
	}
}

/* It is refused: freed, or found dead by the collection that goes on. */
static bool refused(const struct node *x)
{
	return rig_info(&rig, x->id).id != x->id;
}

/* What no count keeps alive is gone. */
static void settle(void)
{
	bool again;
	u32 i, j;

	lose_entries();
	/* Who gives up what he has of the object ends the finalizer. */
	for (i = 0; i < nnodes; i++)
		if (node[i].final == RUNNING && !node[i].held)
			node[i].final = ENDED;
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
			bool to_run = node[i].kind == FINAL && node[i].final == NOT_RUN;

			if (!node[i].exists || count[i] || node[i].final == DUE)
				continue;
			/* The collection begins the finalizers of what it has found. */
			if (to_run && refused(&node[i]))
				continue;
			if (to_run)
				node[i].final = DUE;
			else
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

static int entry_of(const struct node *x, s8 key)
{
	u32 i;

	for (i = 0; i < EDGES; i++)
		if (x->key[i] == key)
			return i;
	return -1;
}

/* Each is a weak reference, to the heap. */
static u32 entries(const struct node *x)
{
	u32 n = 0, i;

	for (i = 0; x->kind == WEAK_KEYS && i < EDGES; i++)
		n += x->key[i] >= 0;
	return n;
}

static int free_entry(const struct node *x, s8 key)
{
	int i = entry_of(x, key);

	return i >= 0 ? i : entry_of(x, -1);
}

/* Whether the change makes sense as things are. */
static bool possible(const struct change *c)
{
	const struct node *x = &node[c->x], *y = &node[c->y];

	if (c->action == ANSWER)
		return true;
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
		return mutable(x) && y->exists &&
		       (x->kind == LIST ? c->i < x->n : c->i < capacity(x));
	case UNSET:
		return mutable(x) && x->edge[c->i] >= 0;
	case POP:
		return (x->kind == LIST || x->kind == DICT) && x->edge[c->i] >= 0;
	case GET:
		return x->kind != WEAK_KEYS && x->edge[c->i] >= 0;
	case CLEAR:
		return x->kind == WEAK_KEYS || (mutable(x) && !slotted(x));
	case DEREF:
		return x->kind == WEAK;
	case NEW_WEAK:
		return x->kind != TUPLE && x->kind != WEAK && nnodes < NODES;
	case KEY_SET:
		return x->kind == WEAK_KEYS && instance(y) && y->exists && node[c->i].exists &&
		       c->i < nnodes && free_entry(x, c->y) >= 0;
	case KEY_UNSET:
	case KEY_GET:
		return x->kind == WEAK_KEYS && entry_of(x, c->y) >= 0;
	case HAND_OVER:
		return mutable(x) && y->exists && y->held &&
		       (x->kind == LIST ? x->n < EDGES : x->edge[c->i] < 0 && c->i < capacity(x));
	case MAKE:
		return nnodes < NODES && (c->y >= nnodes || y->exists);
	case EXTEND:
		return x->kind == LIST && x->n + 2 <= EDGES && y->exists;
	case MAKE_WITH:
		return nnodes < NODES && y->exists;
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
	u64 ids[2];

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
	case DEREF:
		emit(REFHEAP_OP_DEREF, x->id);
		return;
	case NEW_WEAK:
		op = emit(REFHEAP_OP_WEAKREF, x->id);
		op->arg = REFHEAP_WEAKREF_CALLBACK;
		op->b = nnodes;
		return;
	case KEY_SET:
		op = emit(REFHEAP_OP_SET_KEY, x->id);
		op->b = y->id;
		op->c = node[c->i].id;
		return;
	case KEY_UNSET:
	case KEY_GET:
		op = emit(c->action == KEY_GET ? REFHEAP_OP_GET_KEY : REFHEAP_OP_DEL_KEY, x->id);
		op->b = y->id;
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
	case EXTEND:
		op = emit(REFHEAP_OP_EXTEND, x->id);
		ids[0] = x->id;
		ids[1] = y->id;
		op->data_off = rig_data(&rig, ids, sizeof(ids));
		op->data_len = sizeof(ids);
		return;
	case MAKE_WITH:
		op = emit(REFHEAP_OP_INSTANCE, 0);
		op->arg = types[0];
		ids[0] = c->i ? x->id : 0;
		ids[1] = y->id;
		op->data_off = rig_data(&rig, ids, sizeof(ids));
		op->data_len = sizeof(ids);
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

	*x = (struct node){ .id = id, .kind = kind, .exists = true, .target = -1 };
	memset(x->edge, -1, sizeof(x->edge));
	memset(x->key, -1, sizeof(x->key));
	return nnodes++;
}

static void new_weak(u64 id, u32 target)
{
	struct node *x = &node[new_node(id, WEAK)];

	x->held = 1;
	x->target = target;
	x->armed = true;
}

/* What a weak reference has led to. */
static void dereferenced(struct node *x, u64 id)
{
	struct node *target = &node[x->target];

	if (!id) {
		/* Those to what a finalizer brought back are dead, and so is one it brought back. */
		if (target->reachable && !(finalizers && (target->lost || x->lost)))
			die("a weak reference to what can be reached is dead");
		x->led_nowhere = true;
		return;
	}
	if (id != target->id || !target->exists || x->led_nowhere || !x->armed)
		die("a weak reference leads to what is dead");
	touched(x->target);
	target->held++;
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
		memset(x->key, -1, sizeof(x->key));
		x->n = 0;
		break;
	case DEREF:
		dereferenced(x, results[0].value);
		break;
	case NEW_WEAK:
		new_weak(results[0].value, c->x);
		break;
	case KEY_SET:
		made = free_entry(x, c->y);
		x->key[made] = c->y;
		x->edge[made] = c->i;
		break;
	case KEY_UNSET:
	case KEY_GET:
		made = entry_of(x, c->y);
		touched(x->edge[made]);
		if (c->action == KEY_GET) {
			node[x->edge[made]].held++;
			break;
		}
		x->key[made] = -1;
		x->edge[made] = -1;
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
	case EXTEND:
		list_insert(x, x->n, c->x);
		list_insert(x, x->n, c->y);
		break;
	case MAKE_WITH:
		made = new_node(results[0].value, SLOTTED);
		node[made].held = 1;
		node[made].edge[0] = c->i ? c->x : -1;
		node[made].edge[1] = c->y;
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
	case EXTEND:
	case MAKE_WITH:
	case SET:
	case HAND_OVER:
	case KEY_SET:
	case KEY_UNSET:
	case KEY_GET:
		return true;
	case MAKE:
		return c->y < nnodes;
	}
	return false;
}

static int node_of(u64 id)
{
	u32 i;

	for (i = 0; i < nnodes; i++)
		if (node[i].id == id)
			return i;
	die("an event of something else");
	return -1;
}

static void check_reachable(const char *when);

static void finalizer_runs(u32 i)
{
	struct node *x = &node[i];

	if (x->kind != FINAL || x->final >= RUNNING || !x->exists)
		die("a finalizer runs that has run, or when it is too late");
	finalized++;
	x->final = RUNNING;
	x->held++;
	lose_entries();
	reach();
	check_reachable("what a finalizer can reach was freed");
}

static void callback_runs(u32 i, u64 value, u64 referent)
{
	struct node *x = &node[i], *target = &node[x->target];

	if (x->kind != WEAK || !x->armed || value != i || referent != target->id)
		die("a callback runs that has run, or of something else");
	if (target->reachable && !(finalizers && target->lost))
		die("a callback runs though the referent can be reached");
	callbacks++;
	x->armed = false;
	emit(REFHEAP_OP_DROP, x->id);
	run_batch();
	if (results[0].error)
		die("the weak reference of an event is not held");
}

/* Return: whether there was an event to read. */
static bool read_event(void)
{
	struct refheap_event event;
	int got = rh_holder_next_event(rig.heap, rig.holder[0], &event);

	if (got < 0)
		die("an event was refused");
	if (!got)
		return false;
	if (event.type == REFHEAP_EVENT_FINALIZE)
		finalizer_runs(node_of(event.object));
	else
		callback_runs(node_of(event.object), event.value, event.referent);
	return true;
}

/* Ends a finalizer that runs. Return: whether there was one. */
static bool end_finalizer(void)
{
	u32 i;

	for (i = 0; i < nnodes; i++) {
		if (node[i].final != RUNNING)
			continue;
		node[i].final = ENDED;
		emit(REFHEAP_OP_FINALIZED, node[i].id);
		run_batch();
		if (results[0].error)
			die("a finalizer cannot be ended");
		node[i].held--;
		settle();
		return true;
	}
	return false;
}

/* Finalizers may drop what has others. */
static void answer(void)
{
	while (read_event() || end_finalizer())
		;
}

/*
 * Executes one change. Garbage may be refused, since it may be condemned; what
 * can be reached may not.
 */
static void execute(const struct change *c)
{
	u32 n, i;

	changes++;
	if (c->action == ANSWER) {
		answer();
		return;
	}
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
		if (c->action == KEY_SET)
			touched(c->i);
		mirror(c);
		return;
	}
	if (results[i].error != -ESTALE)
		die("a change failed");
	refusals++;
	/* One of them is garbage, and only that one may be refused. */
	if ((c->action == MAKE || node[c->x].reachable) &&
	    (!uses_y(c) || node[c->y].reachable) &&
	    (c->action != KEY_SET || node[c->i].reachable))
		die("what can be reached was refused");
	/* The new list that was to go into what is condemned died with the batch. */
}

static void check_reachable(const char *when)
{
	u32 i;

	for (i = 0; i < nnodes; i++)
		if (node[i].reachable && refused(&node[i]))
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
	limit = end + 2;
	rig.heap->gc.end = min(rig.heap->gc.end, limit);
}

/* What is pending is looked at once more by a collection that begins in here. */
static void work_step(void)
{
	rh_work_step(rig.heap);
	rig.heap->gc.end = min(rig.heap->gc.end, limit);
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
	bool lives[NODES], waits[NODES], complete = !garbage_touched;
	u32 i;

	check_reachable("what can be reached was freed");
	/* Finalizers keep what they can reach for the time being. */
	for (i = 0; i < nnodes; i++)
		if (node[i].kind == FINAL && node[i].exists && node[i].final == NOT_RUN)
			node[i].reachable = true;
	spread();
	for (i = 0; i < nnodes; i++) {
		waits[i] = node[i].reachable;
		lives[i] = !refused(&node[i]);
	}
	reach();
	for (i = 0; i < nnodes; i++) {
		if (node[i].garbage && node[i].exists && lives[i] && !waits[i] && complete)
			die("garbage that nobody touched was left");
		if (!node[i].exists || lives[i])
			continue;
		if (waits[i])
			die("a finalizer was not run, or what it can reach was freed");
		freed++;
		forget(&node[i]);
	}
	reach();
}

/* When all have been told that are to be. */
static void check_told(void)
{
	u32 i;

	for (i = 0; i < nnodes; i++)
		if (node[i].kind == WEAK && node[i].reachable && !node[i].lost && node[i].armed &&
		    !node[node[i].target].exists)
			die("a callback did not run");
}

/* What is left to be done in peace. */
static void work(void)
{
	do
		rig_work(&rig);
	while (read_event() || end_finalizer());
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
	work();
	collection_ended();
	check_told();
	for (i = 0; i < nnodes; i++)
		if (node[i].reachable)
			expected += 1 + entries(&node[i]);
	if (rig_objects(&rig) != expected)
		die("the next collection left garbage, or took too much");
	unit_of(units);
}

/* Finalizers and callbacks that come of it. */
static void taken_apart(void)
{
	struct refheap_event event;

	do {
		rig_work(&rig);
		while (rh_holder_next_event(rig.heap, rig.holder[0], &event) > 0) {
			emit(REFHEAP_OP_DROP, event.object);
			run_batch();
		}
	} while (rh_work_pending(rig.heap) || rh_holder_events(rig.holder[0]));
}

/* Takes everything apart; the heap is as it was at first. */
static void tear_down(void)
{
	u32 i;

	for (i = 0; i < nnodes; i++)
		if (node[i].reachable && (node[i].kind == WEAK_KEYS ||
					  (mutable(&node[i]) && !slotted(&node[i]))))
			emit(REFHEAP_OP_CLEAR, node[i].id);
	for (i = 0; i < nnodes; i++) {
		u32 j;

		if (node[i].reachable && slotted(&node[i]))
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
	taken_apart();
	nnodes = 0;
	if (rig_objects(&rig) != base_objects) {
		u32 units = unit_of(0);

		start();
		taken_apart();
		unit_of(units);
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
	types[2] = rig_type(&rig, "Final", REFHEAP_TYPE_FINALIZER, 0, slots, 2);
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
 * n + n * n possibilities, and then the subset that is held; above that, the
 * subset with finalizers, or the entries of the weak-keyed dict.
 */
enum flavour { LISTS, WEAK_REFERENCES, FINALIZERS, EPHEMERONS };
static enum flavour flavour;

static u32 shapes(u32 n)
{
	return 1 + n + n * n;
}

static u64 plain_graphs(u32 n)
{
	u64 all = 1;
	u32 i;

	for (i = 0; i < n; i++)
		all *= shapes(n);
	return all << n;
}

static u64 graphs(u32 n)
{
	u64 all = plain_graphs(n);

	if (flavour == FINALIZERS)
		return all << n;
	return flavour == EPHEMERONS ? all * (1 + n * n) * n * n : all;
}

static u32 kind_of(u64 above, u32 i)
{
	if (flavour == FINALIZERS)
		return above >> i & 1 ? FINAL : SLOTTED;
	return flavour == EPHEMERONS ? SLOTTED : LIST;
}

/* One or two entries; the second key is another one. */
static bool decode_entries(u64 above, u32 n, u32 *count)
{
	struct node *x = &node[new_node(0, WEAK_KEYS)];

	x->held = 1;
	x->key[0] = above % n;
	x->edge[0] = above / n % n;
	above /= n * n;
	count[x->edge[0]]++;
	if (!above)
		return true;
	x->key[1] = (above - 1) % n;
	x->edge[1] = (above - 1) / n;
	count[x->edge[1]]++;
	return x->key[1] > x->key[0];
}

/*
 * Return: false when another graph stands for this one: an object without any
 * reference is not there, and smaller graphs are like that.
 */
static bool decode(u64 graph, u32 n)
{
	u32 count[NODES] = { 0 }, held, i, j;
	u64 above = graph / plain_graphs(n);

	graph %= plain_graphs(n);
	held = graph & ((1U << n) - 1);
	graph >>= n;
	nnodes = 0;
	finalizers = flavour == FINALIZERS && above;
	for (i = 0; i < n; i++) {
		u32 shape = graph % shapes(n);
		struct node *x = &node[new_node(0, kind_of(above, i))];

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
	if (flavour == EPHEMERONS && !decode_entries(above, n, count))
		return false;
	for (i = 0; i < n; i++)
		if (!count[i])
			return false;
	for (i = 0; i < n && (flavour == WEAK_REFERENCES || flavour == FINALIZERS); i++)
		new_weak(0, i);
	return true;
}

static void emit_edges(u32 i)
{
	const struct node *x = &node[i];
	struct refheap_op *op;
	u32 j;

	for (j = 0; j < EDGES; j++) {
		if (x->edge[j] < 0)
			continue;
		if (x->kind == WEAK_KEYS) {
			op = emit(REFHEAP_OP_SET_KEY, i);
			op->b = x->key[j];
			op->flags = REFHEAP_OPF_B_RESULT;
		} else {
			op = emit(x->kind == LIST ? REFHEAP_OP_APPEND : REFHEAP_OP_SET_ATTR, i);
			if (x->kind != LIST)
				emit_name(op, j);
		}
		op->flags |= REFHEAP_OPF_A_RESULT | REFHEAP_OPF_C_RESULT;
		op->c = x->edge[j];
	}
}

static void emit_node(u32 i)
{
	const struct node *x = &node[i];
	struct refheap_op *op;

	if (x->kind == LIST) {
		emit(REFHEAP_OP_LIST, 0);
	} else if (x->kind == WEAK_KEYS) {
		emit(REFHEAP_OP_WEAK_KEY_DICT, 0);
	} else if (x->kind == WEAK) {
		op = emit(REFHEAP_OP_WEAKREF, x->target);
		op->flags = REFHEAP_OPF_A_RESULT;
		op->arg = REFHEAP_WEAKREF_CALLBACK;
		op->b = i;
	} else {
		emit(REFHEAP_OP_INSTANCE, 0)->arg = types[x->kind - SLOTTED];
	}
}

static void build(void)
{
	u32 i, n;

	for (i = 0; i < nnodes; i++)
		emit_node(i);
	for (i = 0; i < nnodes; i++)
		emit_edges(i);
	for (i = 0; i < nnodes; i++)
		if (!node[i].held)
			emit(REFHEAP_OP_DROP, i)->flags = REFHEAP_OPF_A_RESULT;
	n = nops;
	run_batch();
	for (i = 0; i < n; i++) {
		if (results[i].error)
			die("a graph could not be made");
		if (i < nnodes)
			node[i].id = results[i].value;
	}
}

/* Those of what comes after the first @n. */
static u32 other_changes(struct change *list, u32 count, u32 n)
{
	u32 x, y, i;

	if (flavour != EPHEMERONS) {
		/* A weak reference is met, dropped, and put into what it leads to. */
		for (x = n; x < 2 * n; x++) {
			list[count++] = (struct change){ DEREF, x, 0, 0 };
			list[count++] = (struct change){ DROP, x, 0, 0 };
			for (y = 0; y < n; y++)
				list[count++] = (struct change){ HAND_OVER, y, 0, x };
		}
		list[count++] = (struct change){ ANSWER, 0, 0, 0 };
		return count;
	}
	list[count++] = (struct change){ DROP, n, 0, 0 };
	list[count++] = (struct change){ CLEAR, n, 0, 0 };
	for (y = 0; y < n; y++) {
		list[count++] = (struct change){ KEY_UNSET, n, 0, y };
		list[count++] = (struct change){ KEY_GET, n, 0, y };
		for (i = 0; i < n; i++)
			list[count++] = (struct change){ KEY_SET, n, i, y };
	}
	return count;
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
			case EXTEND:
			case HAND_OVER:
				for (y = 0; y < n; y++)
					list[count++] = (struct change){ action, x, 0, y };
				break;
			case SET:
				for (y = 0; y < n; y++)
					for (i = 0; i < 2; i++)
						list[count++] = (struct change){ action, x, i, y };
				break;
			case NEW_WEAK:
				if (flavour != LISTS)
					list[count++] = (struct change){ action, x, 0, 0 };
				break;
			case MAKE_WITH:
				for (y = 0; flavour != LISTS && y < n; y++)
					list[count++] = (struct change){ action, x, 1, y };
				break;
			case MAKE:
				list[count++] = (struct change){ action, 0, 0, x };
				break;
			}
		}
	}
	list[count++] = (struct change){ MAKE, 0, 0, NODES };
	return flavour == LISTS ? count : other_changes(list, count, n);
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
	build();
	collection_begins();
	do {
		while (rh_work_pending(rig.heap)) {
			while (next < nchanges && at[next] == step) {
				if (possible(&c[next]))
					execute(&c[next]);
				next++;
				if (!rh_work_pending(rig.heap))
					break;
			}
			work_step();
			step++;
		}
	} while (read_event() || end_finalizer());
	collection_ended();
	check_told();
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

static bool may_be_referred(const struct node *x)
{
	return x->reachable && x->kind != TUPLE && x->kind != WEAK;
}

static void random_node(void)
{
	u32 kind = rnd(KINDS), target = 0, i, n;
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
	case WEAK_KEYS:
		emit(REFHEAP_OP_WEAK_KEY_DICT, 0);
		break;
	case WEAK:
		for (i = rnd(nnodes + 1); i < nnodes && !may_be_referred(&node[i]); i++)
			;
		if (i == nnodes) {
			kind = LIST;
			emit(REFHEAP_OP_LIST, 0);
			break;
		}
		target = i;
		op = emit(REFHEAP_OP_WEAKREF, node[i].id);
		op->arg = REFHEAP_WEAKREF_CALLBACK;
		op->b = nnodes;
		break;
	default:
		emit(REFHEAP_OP_INSTANCE, 0)->arg = types[kind - SLOTTED];
		break;
	}
	run_batch();
	if (results[0].error)
		die("an object could not be made");
	if (kind == WEAK) {
		new_weak(results[0].value, target);
		reach();
		return;
	}
	finalizers |= kind == FINAL;
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

	/* The collection may have cleared weak references since the last change. */
	lose_entries();
	reach();
	for (tries = 0; tries < 8; tries++) {
		c = (struct change){ rnd(ACTIONS), rnd(nnodes), rnd(EDGES), rnd(nnodes) };
		if (c.action == KEY_SET)
			c.i = rnd(nnodes);
		if (!possible(&c))
			continue;
		/* A program reaches only what can be reached; ids reach more. */
		if (!anything && (!node[c.x].reachable || !node[c.y].reachable))
			continue;
		if ((c.action == MAKE || c.action == MAKE_INTO || c.action == MAKE_WITH ||
		     c.action == REPLACE || c.action == NEW_WEAK) && rnd(2))
			continue;
		/* A finalizer that goes on for a while. */
		if (c.action == ANSWER && rnd(2)) {
			read_event();
			return;
		}
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

		if (node[c.x].kind == WEAK_KEYS) {
			c.action = KEY_SET;
			c.i = rnd(nnodes);
		}
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
	work();
	/* Young collections free garbage too. */
	for (i = 0; i < nnodes; i++)
		if (node[i].exists && !node[i].reachable && refused(&node[i]))
			forget(&node[i]);
	unit_of(1 + (rnd(4) ? 0 : rnd(6)));
	left = rnd(6);
	collection_begins();
	do {
		while (rh_work_pending(rig.heap)) {
			if (left && !rnd(12)) {
				random_change(rnd(2));
				left--;
				if (!rh_work_pending(rig.heap))
					break;
			}
			work_step();
		}
	} while (read_event() || end_finalizer());
	collection_ended();
	check_told();
	if (!(++runs % 512))
		verify();
	if (rnd(2))
		check_complete();
	tear_down();
	finalizers = false;
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
	} else if (!strcmp(what, "weak") || !strcmp(what, "final") || !strcmp(what, "ephemeron")) {
		flavour = *what == 'w' ? WEAK_REFERENCES : *what == 'f' ? FINALIZERS : EPHEMERONS;
		exhaustive(a ?: 2, b, c);
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
	printf("%llu callbacks, %llu finalizers\n", callbacks, finalized);
	printf("%llu objects freed by collections, %llu times verified: sound and complete\n",
	       freed, verified);
	return 0;
}
