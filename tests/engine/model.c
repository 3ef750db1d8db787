// SPDX-License-Identifier: GPL-2.0
#include "model.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include "rig.h"

#define OBJECTS	256	/* known ones; dead ones are forgotten when it is full */
#define CELLS	64
#define NAMES	4
#define FRAMES	4	/* of a holder, with what is in none */

/* Of a finalizer. */
enum final { NONE, TO_COME, QUEUED, RUNNING, ENDED };

struct object {
	u64 id;
	u32 kind;
	u32 type;		/* index of struct twin.type */
	u32 held[RIG_HOLDERS][FRAMES];
	u32 count;
	bool alive, reachable, singleton;
	bool tracked;		/* when a collection was asked for */
	s64 value;		/* bool, int; float: its bits */
	u8 *bytes;		/* str, bytes, bytearray */
	u32 len;		/* of bytes, or of cell */
	struct object *key[CELLS];	/* dict and set: NULL for a name */
	struct object *cell[CELLS];
	u32 name[CELLS];	/* dict entry without key, or attribute */

	u32 maker;		/* number of the session whose callback or finalizer it is */
	u32 queue;		/* with an event that has not been read: whose it is, + 1 */
	bool adopted;
	enum final final;
	bool pending;		/* found dead, but a finalizer can reach it */
	u32 history;		/* changes of its count that are kept */

	/* Of a weak reference. */
	struct object *referent;
	u64 was;		/* its id */
	bool shared;		/* it is the one without callback */
	u64 born;		/* which one is newer */
	bool armed;		/* its callback is to come */
	bool fires;		/* it is due */
};

struct twin {
	struct rig rig;
	struct object *object[OBJECTS];
	u32 n;
	s64 type[3];
	u32 session[RIG_HOLDERS];	/* numbers of those that are there */
	u32 depth[RIG_HOLDERS];		/* of their frames */
	u64 adopts[RIG_HOLDERS];	/* since when, or 0 */
	u32 sessions;
	u64 time;
	u64 skipped;
	u32 compared;			/* whose referrers have been */
	bool inexact;			/* the number that a collection gives */
	char text[300];
};

/* Identifiers, while strings that are made are none: so nobody shares them. */
static const char * const names[NAMES] = { "ka", "kb", "kc", "kd" };

static const char *differ(struct twin *twin, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(twin->text, sizeof(twin->text), format, args);
	va_end(args);
	return twin->text;
}

static bool is_dict(const struct object *x)
{
	return x->kind == REFHEAP_KIND_DICT || x->kind == REFHEAP_KIND_WEAK_VALUE_DICT ||
	       x->kind == REFHEAP_KIND_WEAK_KEY_DICT;
}

static bool is_set(const struct object *x)
{
	return x->kind == REFHEAP_KIND_SET || x->kind == REFHEAP_KIND_WEAK_SET;
}

static bool is_map(const struct object *x)
{
	return is_dict(x) || is_set(x);
}

static bool weak_keys(const struct object *x)
{
	return x->kind == REFHEAP_KIND_WEAK_KEY_DICT || x->kind == REFHEAP_KIND_WEAK_SET;
}

static bool weak_values(const struct object *x)
{
	return x->kind == REFHEAP_KIND_WEAK_VALUE_DICT;
}

/* What an entry goes with, or NULL. */
static struct object *goes_with(const struct object *x, u32 i)
{
	return weak_values(x) ? x->cell[i] : weak_keys(x) ? x->key[i] : NULL;
}

static bool may_be_referred(const struct object *x)
{
	return x->kind == REFHEAP_KIND_BYTEARRAY || x->kind > REFHEAP_KIND_TUPLE;
}

static u32 held_by(const struct object *x, u32 holder)
{
	u32 n = 0, i;

	for (i = 0; i < FRAMES; i++)
		n += x->held[holder][i];
	return n;
}

static u32 held(const struct object *x)
{
	u32 n = 0, i;

	for (i = 0; i < RIG_HOLDERS; i++)
		n += held_by(x, i);
	return n;
}

static void take(struct twin *twin, struct object *x)
{
	u32 holder = twin->rig.current_holder;

	x->held[holder][twin->depth[holder]]++;
}

/* Who has given up all that he had of an object has ended its finalizer. */
static void given_up(struct object *x, u32 holder)
{
	if (x->final == RUNNING && x->queue == holder + 1 && !held_by(x, holder)) {
		x->final = ENDED;
		x->queue = 0;
	}
}

/* One reference less, of the topmost frame that has one. */
static void drop(struct object *x, u32 holder)
{
	u32 i = FRAMES;

	while (!x->held[holder][--i])
		;
	x->held[holder][i]--;
	given_up(x, holder);
}

static bool is_queued(const struct object *x)
{
	return x->queue && x->final != RUNNING;
}

static void recount(struct twin *twin)
{
	u32 i, j;

	for (i = 0; i < twin->n; i++)
		twin->object[i]->count = held(twin->object[i]) + is_queued(twin->object[i]);
	for (i = 0; i < twin->n; i++) {
		struct object *from = twin->object[i];

		/* Attributes and entries are in the first cells. */
		for (j = 0; j < CELLS && j < from->len; j++) {
			if (from->cell[j] && !weak_values(from))
				from->cell[j]->count++;
			if (from->key[j] && !weak_keys(from))
				from->key[j]->count++;
		}
	}
}

static void remove_cell(struct object *x, u32 at)
{
	u32 rest = CELLS - 1 - at;

	memmove(&x->cell[at], &x->cell[at + 1], rest * sizeof(*x->cell));
	memmove(&x->key[at], &x->key[at + 1], rest * sizeof(*x->key));
	memmove(&x->name[at], &x->name[at + 1], rest * sizeof(*x->name));
	x->cell[CELLS - 1] = NULL;
	x->key[CELLS - 1] = NULL;
	x->len--;
}

/* What leads to an object weakly leads to it no more. */
static void clear_weak(struct twin *twin, struct object *to)
{
	u32 i, j;

	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];

		if (x->referent == to) {
			x->referent = NULL;
			x->fires = x->armed;
			x->armed = false;
		}
		for (j = x->kind > REFHEAP_KIND_WEAKREF ? x->len : 0; j--; )
			if (goes_with(x, j) == to)
				remove_cell(x, j);
	}
}

static void die(struct twin *twin, struct object *x)
{
	clear_weak(twin, x);
	x->alive = false;
	memset(x->key, 0, sizeof(x->key));
	memset(x->cell, 0, sizeof(x->cell));
	memset(x->held, 0, sizeof(x->held));
	if (x->kind >= REFHEAP_KIND_TUPLE)
		x->len = 0;
}

static int holder_of(const struct twin *twin, u32 session)
{
	u32 i;

	for (i = 0; i < RIG_HOLDERS; i++)
		if (twin->session[i] == session)
			return i;
	return -1;
}

/* The one who has been adopting for longest. */
static int adopter(const struct twin *twin)
{
	int found = -1;
	u32 i;

	for (i = 0; i < RIG_HOLDERS; i++)
		if (twin->adopts[i] && (found < 0 || twin->adopts[i] < twin->adopts[found]))
			found = i;
	return found;
}

/* Return: false when nobody is there to run it. */
static bool begin_final(struct twin *twin, struct object *x)
{
	int holder = holder_of(twin, x->maker);

	x->adopted = holder < 0;
	if (holder < 0)
		holder = adopter(twin);
	x->queue = holder + 1;
	x->final = holder < 0 ? ENDED : QUEUED;
	twin->skipped += holder < 0;
	return holder >= 0;
}

/* Callbacks that are due. */
static void fire(struct twin *twin)
{
	u32 i;

	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];
		int holder = holder_of(twin, x->maker);

		if (!x->alive)
			x->referent = NULL;
		if (!x->fires)
			continue;
		x->fires = false;
		if (holder >= 0 && x->alive)
			x->queue = holder + 1;
	}
}

/* Whether its callback has kept it, though it and its referent went together. */
static bool was_told(struct twin *twin, const struct object *x)
{
	return x->kind == REFHEAP_KIND_WEAKREF && (x->armed || x->fires) &&
	       rig_info(&twin->rig, x->id).id;
}

/* What has a count of zero dies, and with it what only it held. */
static void let_die(struct twin *twin, bool all)
{
	bool again;
	u32 i;

	do {
		again = false;
		recount(twin);
		for (i = 0; i < twin->n; i++) {
			struct object *x = twin->object[i];

			if (!x->alive || x->singleton || x->count ||
			    (!all && was_told(twin, x)))
				continue;
			if (x->final != TO_COME || !begin_final(twin, x))
				die(twin, x);
			again = true;
		}
	} while (again);
	fire(twin);
}

/*
 * Of a weak reference and its referent that go together either may be the first:
 * the engine tells.
 */
static void settle(struct twin *twin)
{
	let_die(twin, false);
	let_die(twin, true);
}

static void mark(struct object *x)
{
	u32 i;

	if (!x || x->reachable)
		return;
	x->reachable = true;
	for (i = 0; i < CELLS && i < x->len; i++) {
		if (!weak_keys(x))
			mark(x->key[i]);
		if (!weak_values(x) && !weak_keys(x))
			mark(x->cell[i]);
	}
}

/* Values of weak-keyed dicts whose dict and key are marked. */
static void mark_keyed(struct twin *twin)
{
	bool again;
	u32 i, j;

	do {
		again = false;
		for (i = 0; i < twin->n; i++) {
			struct object *x = twin->object[i];

			if (!x->reachable || x->kind != REFHEAP_KIND_WEAK_KEY_DICT)
				continue;
			for (j = 0; j < x->len; j++) {
				if (!x->key[j]->reachable || x->cell[j]->reachable)
					continue;
				mark(x->cell[j]);
				again = true;
			}
		}
	} while (again);
}

static void mark_all(struct twin *twin)
{
	u32 i;

	for (i = 0; i < twin->n; i++)
		twin->object[i]->reachable = false;
	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];

		if (x->alive && (held(x) || x->singleton || is_queued(x)))
			mark(x);
	}
	mark_keyed(twin);
}

static bool is_garbage(const struct object *x)
{
	return x->alive && !x->reachable && x->kind >= REFHEAP_KIND_TUPLE;
}

/* All that leads weakly to garbage, and the weak references in it. */
static void clear_garbage(struct twin *twin, bool *garbage)
{
	u32 i;

	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];

		if (!garbage[i] || x->kind != REFHEAP_KIND_WEAKREF)
			continue;
		x->referent = NULL;
		x->armed = false;
	}
	for (i = 0; i < twin->n; i++)
		if (garbage[i])
			clear_weak(twin, twin->object[i]);
}

/*
 * What counts as collected is what was tracked: the rest dies with what had it.
 * Tracking is not modelled, but compared with Python's by oracle.py.
 */
static void note_tracked(struct twin *twin)
{
	u32 i;

	for (i = 0; i < twin->n; i++)
		twin->object[i]->tracked = rig_info(&twin->rig, twin->object[i]->id).flags &
					   REFHEAP_INFO_TRACKED;
}

/* Return: how many tracked objects were garbage and could go. */
static u64 collect(struct twin *twin)
{
	bool garbage[OBJECTS], finalizers = false;
	u64 n = 0;
	u32 i;

	mark_all(twin);
	twin->inexact = false;
	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];

		garbage[i] = is_garbage(x);
		/* Entries are weak references, too. */
		twin->inexact |= x->alive && (x->pending || x->kind > REFHEAP_KIND_WEAKREF);
	}
	clear_garbage(twin, garbage);
	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];

		if (!garbage[i] || x->final != TO_COME)
			continue;
		begin_final(twin, x);
		finalizers = true;
	}
	/* Nothing is cleared before all of them have ended. */
	for (i = 0; finalizers && i < twin->n; i++)
		if (garbage[i])
			mark(twin->object[i]);
	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];

		x->pending |= garbage[i] && x->reachable;
		twin->inexact |= x->pending;
		if (!garbage[i] || x->reachable)
			continue;
		die(twin, x);
		n += x->tracked;
	}
	settle(twin);
	return n;
}

/*
 * What finalizers have kept and not brought back goes when the last one has
 * ended: when that is for each part of it is the engine's business.
 */
static void settle_pending(struct twin *twin)
{
	bool unended = false;
	u32 i;

	mark_all(twin);
	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];

		if (x->alive && x->pending && !x->reachable && !rig_info(&twin->rig, x->id).id) {
			clear_weak(twin, x);
			die(twin, x);
		}
	}
	settle(twin);
	for (i = 0; i < twin->n; i++)
		unended |= twin->object[i]->final == QUEUED || twin->object[i]->final == RUNNING;
	for (i = 0; i < twin->n; i++)
		twin->object[i]->pending &= unended;
}

static void forget_the_dead(struct twin *twin)
{
	u32 i, n = 0;

	for (i = 0; i < twin->n; i++) {
		if (twin->object[i]->alive) {
			twin->object[n++] = twin->object[i];
			continue;
		}
		free(twin->object[i]->bytes);
		free(twin->object[i]);
	}
	twin->n = n;
}

static struct object *new_object(struct twin *twin, u64 id, u32 kind)
{
	struct object *x = calloc(1, sizeof(*x));

	x->id = id;
	x->kind = kind;
	x->alive = true;
	twin->object[twin->n++] = x;
	return x;
}

/*
 * Python's rules for keys. Floats here are small whole numbers and halves, so
 * they can be compared as such.
 */
static bool number(const struct object *x, double *value)
{
	if (x->kind == REFHEAP_KIND_FLOAT) {
		memcpy(value, &x->value, sizeof(*value));
		return true;
	}
	*value = x->value;
	return x->kind == REFHEAP_KIND_BOOL || x->kind == REFHEAP_KIND_INT;
}

static bool equal(const struct object *a, const struct object *b)
{
	double x, y;
	u32 i;

	if (a == b)
		return true;
	if (number(a, &x) && number(b, &y))
		return x == y;
	if (a->kind != b->kind || a->len != b->len)
		return false;
	switch (a->kind) {
	case REFHEAP_KIND_STR:
	case REFHEAP_KIND_BYTES:
		return !memcmp(a->bytes, b->bytes, a->len);
	case REFHEAP_KIND_TUPLE:
		for (i = 0; i < a->len; i++)
			if (!equal(a->cell[i], b->cell[i]))
				return false;
		return true;
	}
	return false;
}

static bool hashable(const struct object *x)
{
	u32 i;

	switch (x->kind) {
	case REFHEAP_KIND_LIST:
	case REFHEAP_KIND_DICT:
	case REFHEAP_KIND_SET:
	case REFHEAP_KIND_BYTEARRAY:
	case REFHEAP_KIND_WEAK_VALUE_DICT:
	case REFHEAP_KIND_WEAK_KEY_DICT:
	case REFHEAP_KIND_WEAK_SET:
		return false;
	case REFHEAP_KIND_TUPLE:
		for (i = 0; i < x->len; i++)
			if (!hashable(x->cell[i]))
				return false;
	}
	return true;
}

/* Tuples within tuples as keys have a limit of depth, which is not modelled. */
static bool deep(const struct object *x)
{
	u32 i;

	if (x->kind == REFHEAP_KIND_TUPLE)
		for (i = 0; i < x->len; i++)
			if (x->cell[i]->kind == REFHEAP_KIND_TUPLE)
				return true;
	return false;
}

static int find_key(const struct object *map, const struct object *key, u32 name)
{
	u32 i;

	for (i = 0; i < map->len; i++)
		if (key ? map->key[i] && equal(map->key[i], key) :
			  !map->key[i] && map->name[i] == name)
			return i;
	return -1;
}

static void insert_cell(struct object *x, u32 at, struct object *y)
{
	memmove(&x->cell[at + 1], &x->cell[at], (CELLS - 1 - at) * sizeof(*x->cell));
	x->cell[at] = y;
	x->len++;
}

static struct object *by_id(struct twin *twin, u64 id)
{
	u32 i;

	for (i = twin->n; i--; )
		if (twin->object[i]->id == id && twin->object[i]->alive)
			return twin->object[i];
	return NULL;
}

/* What an operation must answer. */
struct answer {
	int error;
	bool any_value;		/* an id of a new object, or nothing of interest */
	u64 value;
};

static struct answer refuse(int error)
{
	return (struct answer){ .error = -error };
}

static struct answer give(struct twin *twin, struct object *x)
{
	take(twin, x);
	return (struct answer){ .value = x->id };
}

/* An index as Python has it. Return: -1 when it is out of range. */
static int index_of(const struct object *x, s64 i)
{
	i = i < 0 ? i + x->len : i;
	return i < 0 || i >= x->len ? -1 : i;
}

static struct answer do_list(struct twin *twin, const struct refheap_op *op, struct object *x,
			     struct object *y, struct object *z)
{
	bool tuple = x->kind == REFHEAP_KIND_TUPLE;
	int i = index_of(x, op->b);
	struct answer answer = { .any_value = true };

	if (x->kind != REFHEAP_KIND_LIST && !(tuple && op->code == REFHEAP_OP_GET_INDEX))
		return refuse(EOPNOTSUPP);
	switch (op->code) {
	case REFHEAP_OP_APPEND:
		insert_cell(x, x->len, y);
		return answer;
	case REFHEAP_OP_EXTEND:
		insert_cell(x, x->len, z);
		insert_cell(x, x->len, y);
		return answer;
	case REFHEAP_OP_INSERT:
		i = (s64)op->b < 0 ? max_t(s64, (s64)op->b + x->len, 0) :
			min_t(s64, op->b, x->len);
		insert_cell(x, i, y);
		return answer;
	}
	if (i < 0)
		return refuse(ERANGE);
	switch (op->code) {
	case REFHEAP_OP_GET_INDEX:
		return give(twin, x->cell[i]);
	case REFHEAP_OP_SET_INDEX:
		x->cell[i] = y;
		break;
	case REFHEAP_OP_POP:
		answer = give(twin, x->cell[i]);
		fallthrough;
	case REFHEAP_OP_DEL_INDEX:
		remove_cell(x, i);
		break;
	}
	return answer;
}

static bool entry_fits(const struct object *x, int at, const struct object *key,
		       const struct object *y)
{
	if (at < 0 && weak_keys(x) && (!key || !may_be_referred(key)))
		return false;
	return !weak_values(x) || may_be_referred(y);
}

static void put_entry(struct object *x, int at, struct object *key, struct object *y, u32 name)
{
	if (at < 0) {
		at = x->len++;
		x->key[at] = key;
		x->name[at] = name;
	}
	x->cell[at] = y;
}

/* Takes an entry out and puts it at the end again. */
static void move_to_end(struct object *x, u32 at)
{
	struct object *key = x->key[at], *value = x->cell[at];
	u32 name = x->name[at];

	remove_cell(x, at);
	put_entry(x, -1, key, value, name);
}

static struct answer do_map(struct twin *twin, const struct refheap_op *op, struct object *x,
			    struct object *key, struct object *y, u32 name)
{
	bool set = op->code == REFHEAP_OP_ADD || op->code == REFHEAP_OP_DISCARD;
	struct answer answer = { .any_value = true };
	int at;

	if (!(set ? is_set(x) : is_dict(x)) && !(op->code == REFHEAP_OP_CONTAINS && is_map(x)))
		return refuse(EOPNOTSUPP);
	if (key && !hashable(key))
		return refuse(EOPNOTSUPP);
	at = find_key(x, key, name);
	switch (op->code) {
	case REFHEAP_OP_CONTAINS:
		return (struct answer){ .value = at >= 0 };
	case REFHEAP_OP_ADD:
		answer = (struct answer){ .value = at < 0 };
		fallthrough;
	case REFHEAP_OP_SET_KEY:
		if (!entry_fits(x, at, key, y))
			return refuse(EOPNOTSUPP);
		put_entry(x, at, key, y, name);
		return answer;
	case REFHEAP_OP_SET_DEFAULT:
		if (at >= 0)
			return give(twin, x->cell[at]);
		if (!entry_fits(x, at, key, y))
			return refuse(EOPNOTSUPP);
		put_entry(x, at, key, y, name);
		return give(twin, y);
	case REFHEAP_OP_DISCARD:
		answer = (struct answer){ .value = at >= 0 };
		if (at >= 0)
			remove_cell(x, at);
		return answer;
	}
	if (at < 0 || (op->code == REFHEAP_OP_DEL_KEY && op->c && x->cell[at] != y))
		return refuse(ENOKEY);
	if (op->code != REFHEAP_OP_DEL_KEY)
		answer = give(twin, x->cell[at]);
	if (op->code == REFHEAP_OP_MOVE_TO_END)
		move_to_end(x, at);
	else if (op->code != REFHEAP_OP_GET_KEY)
		remove_cell(x, at);
	return answer;
}

static struct answer do_attr(struct twin *twin, const struct refheap_op *op, struct object *x,
			     struct object *y, u32 name)
{
	struct answer answer = { .any_value = true };
	int at;

	if (x->kind != REFHEAP_KIND_INSTANCE)
		return refuse(EOPNOTSUPP);
	/* The slotted types have the first two names. */
	if (x->type != 1 && name >= 2)
		return refuse(ENODATA);
	at = find_key(x, NULL, name);
	if (op->code == REFHEAP_OP_SET_ATTR) {
		if (at < 0) {
			at = x->len++;
			x->name[at] = name;
		}
		x->cell[at] = y;
		return answer;
	}
	if (at < 0)
		return refuse(ENODATA);
	if (op->code == REFHEAP_OP_GET_ATTR)
		return give(twin, x->cell[at]);
	remove_cell(x, at);
	return answer;
}

static struct answer do_clear(struct object *x)
{
	if (x->kind == REFHEAP_KIND_BYTEARRAY) {
		x->len = 0;
	} else if (x->kind == REFHEAP_KIND_LIST || is_map(x) ||
		   (x->kind == REFHEAP_KIND_INSTANCE && x->type == 1)) {
		memset(x->key, 0, sizeof(x->key));
		memset(x->cell, 0, sizeof(x->cell));
		x->len = 0;
	} else {
		return refuse(EOPNOTSUPP);
	}
	return (struct answer){ .any_value = true };
}

static struct answer do_len(const struct object *x)
{
	if (x->kind < REFHEAP_KIND_STR || x->kind == REFHEAP_KIND_INSTANCE ||
	    x->kind == REFHEAP_KIND_WEAKREF)
		return refuse(EOPNOTSUPP);
	return (struct answer){ .value = x->len };
}

static struct answer do_resize(struct object *x, u32 len)
{
	if (x->kind != REFHEAP_KIND_BYTEARRAY)
		return refuse(EOPNOTSUPP);
	x->bytes = realloc(x->bytes, len + 1);
	if (len > x->len)
		memset(x->bytes + x->len, 0, len - x->len);
	x->len = len;
	return (struct answer){ .any_value = true };
}

static struct answer do_write(struct object *x, u32 offset, u8 byte)
{
	if (x->kind != REFHEAP_KIND_BYTEARRAY)
		return refuse(EOPNOTSUPP);
	if (offset >= x->len)
		return refuse(ERANGE);
	x->bytes[offset] = byte;
	return (struct answer){ .value = 1 };
}

static struct answer do_deref(struct twin *twin, struct object *x)
{
	if (x->kind != REFHEAP_KIND_WEAKREF)
		return refuse(EOPNOTSUPP);
	return x->referent ? give(twin, x->referent) : (struct answer){ .value = 0 };
}

static struct answer do_disarm(struct object *x)
{
	struct answer answer = { .value = x->armed };

	if (x->kind != REFHEAP_KIND_WEAKREF)
		return refuse(EOPNOTSUPP);
	x->armed = false;
	return answer;
}

static struct answer do_finalized(struct twin *twin, struct object *x)
{
	u32 holder = twin->rig.current_holder;

	if (x->final != RUNNING || x->queue != holder + 1)
		return refuse(ENOTUNIQ);
	x->final = ENDED;
	x->queue = 0;
	drop(x, holder);
	return (struct answer){ .any_value = true };
}

static struct answer do_pop_oldest(struct object *x, u32 keep)
{
	u32 was = x->len;

	if (!is_dict(x))
		return refuse(EOPNOTSUPP);
	while (x->len > keep)
		remove_cell(x, 0);
	return (struct answer){ .value = was - x->len };
}

static struct answer do_push(struct twin *twin)
{
	return (struct answer){ .value = ++twin->depth[twin->rig.current_holder] };
}

static struct answer do_frame_pop(struct twin *twin, u64 depth)
{
	u32 holder = twin->rig.current_holder, *top = &twin->depth[holder], i;

	if (!*top || (depth && depth != *top))
		return refuse(EINVAL);
	for (i = 0; i < twin->n; i++) {
		if (!twin->object[i]->held[holder][*top])
			continue;
		twin->object[i]->held[holder][*top] = 0;
		given_up(twin->object[i], holder);
	}
	--*top;
	return (struct answer){ .any_value = true };
}

static struct answer do_hand_out(struct twin *twin, struct object *x, bool all)
{
	u32 holder = twin->rig.current_holder, top = twin->depth[holder];

	if (!held_by(x, holder) || (!top && !all) || !x->held[holder][top])
		return refuse(ENOTUNIQ);
	x->held[holder][top]--;
	x->held[holder][all ? 0 : top - 1]++;
	return (struct answer){ .any_value = true };
}

static struct answer do_history(struct object *x, u32 n)
{
	x->history = n;
	return (struct answer){ .any_value = true };
}

static struct answer do_adopt(struct twin *twin, bool adopt)
{
	u64 *since = &twin->adopts[twin->rig.current_holder];

	if (!adopt)
		*since = 0;
	else if (!*since)
		*since = ++twin->time;
	return (struct answer){ .any_value = true };
}

/* Not operations. */
enum {
	READ_EVENT = 1000,
	END_SESSION,
};

static const u16 codes[] = {
	REFHEAP_OP_INT, REFHEAP_OP_FLOAT, REFHEAP_OP_STR, REFHEAP_OP_BYTES, REFHEAP_OP_BYTEARRAY,
	REFHEAP_OP_TUPLE, REFHEAP_OP_LIST, REFHEAP_OP_DICT, REFHEAP_OP_SET, REFHEAP_OP_INSTANCE,
	REFHEAP_OP_LIST, REFHEAP_OP_DICT, REFHEAP_OP_TAKE, REFHEAP_OP_DROP, REFHEAP_OP_DROP,
	REFHEAP_OP_DROP, REFHEAP_OP_LEN, REFHEAP_OP_GET_INDEX, REFHEAP_OP_SET_INDEX,
	REFHEAP_OP_DEL_INDEX, REFHEAP_OP_APPEND, REFHEAP_OP_APPEND, REFHEAP_OP_APPEND,
	REFHEAP_OP_INSERT, REFHEAP_OP_POP, REFHEAP_OP_GET_KEY, REFHEAP_OP_SET_KEY,
	REFHEAP_OP_SET_KEY, REFHEAP_OP_SET_KEY, REFHEAP_OP_DEL_KEY, REFHEAP_OP_POP_KEY,
	REFHEAP_OP_CONTAINS, REFHEAP_OP_ADD, REFHEAP_OP_ADD, REFHEAP_OP_DISCARD,
	REFHEAP_OP_GET_ATTR, REFHEAP_OP_SET_ATTR, REFHEAP_OP_SET_ATTR, REFHEAP_OP_DEL_ATTR,
	REFHEAP_OP_CLEAR, REFHEAP_OP_WRITE, REFHEAP_OP_RESIZE, REFHEAP_OP_COLLECT,
	REFHEAP_OP_WEAKREF, REFHEAP_OP_WEAKREF, REFHEAP_OP_DEREF, REFHEAP_OP_DISARM,
	REFHEAP_OP_WEAK_VALUE_DICT, REFHEAP_OP_WEAK_KEY_DICT, REFHEAP_OP_WEAK_SET,
	REFHEAP_OP_INSTANCE, REFHEAP_OP_FINALIZED, REFHEAP_OP_FINALIZED, REFHEAP_OP_ADOPT,
	REFHEAP_OP_COLLECT_FINISH, REFHEAP_OP_FRAME_PUSH, REFHEAP_OP_FRAME_POP,
	REFHEAP_OP_HAND_OUT, REFHEAP_OP_MOVE_TO_END, REFHEAP_OP_POP_OLDEST,
	REFHEAP_OP_SET_DEFAULT, REFHEAP_OP_HISTORY, REFHEAP_OP_SET_KEY, REFHEAP_OP_SET_KEY,
	REFHEAP_OP_ADD, REFHEAP_OP_EXTEND, REFHEAP_OP_EXTEND, REFHEAP_OP_INSTANCE, READ_EVENT, READ_EVENT, READ_EVENT, END_SESSION,
};

/* Books what the engine has made. Its contents are in @op and @items. */
static const char *book(struct twin *twin, const struct refheap_op *op, u64 id, u32 kind,
			const u8 *data, u32 type, struct object **items, u32 n)
{
	struct object *x = by_id(twin, id);
	bool small = kind == REFHEAP_KIND_INT && (s64)op->a >= -5 && (s64)op->a <= 256;
	bool one = small || (kind == REFHEAP_KIND_TUPLE && !n);
	u32 i;

	if (x && !one)
		return differ(twin, "an id was given twice: %llx", id);
	if (!x) {
		x = new_object(twin, id, kind);
		x->singleton = one;
		x->value = kind == REFHEAP_KIND_INT || kind == REFHEAP_KIND_FLOAT ? op->a : 0;
		x->type = type;
		if (kind >= REFHEAP_KIND_STR && kind <= REFHEAP_KIND_BYTEARRAY) {
			x->len = op->data_len;
			x->bytes = malloc(x->len + 1);
			memcpy(x->bytes, data, x->len);
		}
	} else if (x->kind != kind || (small && x->value != (s64)op->a)) {
		return differ(twin, "a singleton is another one");
	}
	if (kind == REFHEAP_KIND_INSTANCE && type == 2) {
		x->final = TO_COME;
		x->maker = twin->session[twin->rig.current_holder];
	}
	take(twin, x);
	for (i = 0; i < n; i++) {
		if (!items[i])
			continue;
		/* The names of slots are the first ones. */
		x->name[x->len] = i;
		insert_cell(x, x->len, items[i]);
	}
	return NULL;
}

static struct answer answer_of(struct twin *twin, const struct refheap_op *op, struct object *x,
			       struct object *y, struct object *z, u32 name, u8 byte)
{
	u64 n;

	switch (op->code) {
	case REFHEAP_OP_COLLECT:
		n = collect(twin);
		return (struct answer){ .value = n, .any_value = twin->inexact };
	case REFHEAP_OP_COLLECT_FINISH:
		return (struct answer){ .any_value = true };
	case REFHEAP_OP_FRAME_PUSH:
		return do_push(twin);
	case REFHEAP_OP_FRAME_POP:
		return do_frame_pop(twin, op->a);
	case REFHEAP_OP_ADOPT:
		return do_adopt(twin, op->a);
	}
	if (!x->alive)
		return refuse(ESTALE);
	switch (op->code) {
	case REFHEAP_OP_TAKE:
		return give(twin, x);
	case REFHEAP_OP_DROP:
		if (!held_by(x, twin->rig.current_holder))
			return refuse(ENOTUNIQ);
		drop(x, twin->rig.current_holder);
		return (struct answer){ .any_value = true };
	case REFHEAP_OP_LEN:
		return do_len(x);
	case REFHEAP_OP_GET_INDEX:
	case REFHEAP_OP_SET_INDEX:
	case REFHEAP_OP_DEL_INDEX:
	case REFHEAP_OP_APPEND:
	case REFHEAP_OP_EXTEND:
	case REFHEAP_OP_INSERT:
	case REFHEAP_OP_POP:
		return do_list(twin, op, x, z, y);
	case REFHEAP_OP_GET_KEY:
	case REFHEAP_OP_SET_KEY:
	case REFHEAP_OP_DEL_KEY:
	case REFHEAP_OP_POP_KEY:
	case REFHEAP_OP_CONTAINS:
	case REFHEAP_OP_ADD:
	case REFHEAP_OP_DISCARD:
	case REFHEAP_OP_MOVE_TO_END:
	case REFHEAP_OP_SET_DEFAULT:
		return do_map(twin, op, x, op->flags & REFHEAP_OPF_KEY_STR ? NULL : y,
			      op->code == REFHEAP_OP_ADD ? NULL : z, name);
	case REFHEAP_OP_GET_ATTR:
	case REFHEAP_OP_SET_ATTR:
	case REFHEAP_OP_DEL_ATTR:
		return do_attr(twin, op, x, z, name);
	case REFHEAP_OP_CLEAR:
		return do_clear(x);
	case REFHEAP_OP_RESIZE:
		return do_resize(x, op->b);
	case REFHEAP_OP_DEREF:
		return do_deref(twin, x);
	case REFHEAP_OP_DISARM:
		return do_disarm(x);
	case REFHEAP_OP_FINALIZED:
		return do_finalized(twin, x);
	case REFHEAP_OP_POP_OLDEST:
		return do_pop_oldest(x, op->b);
	case REFHEAP_OP_HAND_OUT:
		return do_hand_out(twin, x, op->arg);
	case REFHEAP_OP_HISTORY:
		return do_history(x, op->b);
	default:
		return do_write(x, op->b, byte);
	}
}

/*
 * Has the engine execute an operation, in want of memory when the code says so.
 * It collects then before it refuses, and so does the model.
 */
static struct refheap_result execute(struct twin *twin, const struct refheap_op *op, u8 code)
{
	struct shim_host *host = &twin->rig.host;
	struct refheap_result result;
	struct rh_gc_stat stat;
	u64 before;

	rh_gc_stat(twin->rig.heap, &stat);
	before = stat.generation[2].collections;
	if (op->code == REFHEAP_OP_COLLECT)
		note_tracked(twin);
	if (code >= 240)
		shim_host_fail(host, 1 + code % 4, true);
	result = rig_op(&twin->rig, *op);
	rig_work(&twin->rig);
	shim_host_fail(host, 0, false);
	rh_gc_stat(twin->rig.heap, &stat);
	if (op->code != REFHEAP_OP_COLLECT && stat.generation[2].collections != before)
		collect(twin);
	return result;
}

/* Whether a failure is one that memory has to do with, or a collection for want of it. */
static bool starved(const struct refheap_result *result, u8 code)
{
	return code >= 240 && (result->error == -ENOMEM || result->error == -ESTALE);
}

static const char *make(struct twin *twin, struct refheap_op *op, const u8 *code)
{
	struct object *items[4];
	struct refheap_result result;
	u8 data[128];
	u64 ids[4];
	u32 kind, n = 0, type = code[1] % 3, i;
	double value = (s8)code[1] / 2.0;

	switch (op->code) {
	case REFHEAP_OP_INT:
		op->a = (s64)(s16)(code[1] | code[2] << 8);
		kind = REFHEAP_KIND_INT;
		break;
	case REFHEAP_OP_FLOAT:
		memcpy(&op->a, &value, sizeof(value));
		kind = REFHEAP_KIND_FLOAT;
		break;
	case REFHEAP_OP_STR:
	case REFHEAP_OP_BYTES:
	case REFHEAP_OP_BYTEARRAY:
		op->data_len = 3 + code[1] % 100;
		memset(data, ' ' + code[2] % 2, op->data_len);
		op->data_off = rig_data(&twin->rig, data, op->data_len);
		kind = op->code - REFHEAP_OP_STR + REFHEAP_KIND_STR;
		break;
	case REFHEAP_OP_INSTANCE:
		op->arg = twin->type[type];
		kind = REFHEAP_KIND_INSTANCE;
		for (i = 0; type != 1 && i < code[1] / 3 % 3; i++, n++) {
			items[n] = twin->n ? twin->object[code[2 + i] % twin->n] : NULL;
			if (items[n] && !items[n]->alive)
				items[n] = NULL;
			ids[n] = items[n] ? items[n]->id : 0;
		}
		op->data_len = n * sizeof(*ids);
		op->data_off = rig_data(&twin->rig, ids, op->data_len);
		break;
	case REFHEAP_OP_WEAK_VALUE_DICT:
	case REFHEAP_OP_WEAK_KEY_DICT:
	case REFHEAP_OP_WEAK_SET:
		kind = op->code - REFHEAP_OP_WEAK_VALUE_DICT + REFHEAP_KIND_WEAK_VALUE_DICT;
		break;
	default:
		kind = op->code - REFHEAP_OP_TUPLE + REFHEAP_KIND_TUPLE;
		if (kind == REFHEAP_KIND_DICT || kind == REFHEAP_KIND_SET)
			break;
		for (i = 0; i < code[1] % 4 && twin->n; i++) {
			struct object *y = twin->object[code[2 + i % 3] % twin->n];

			if (!y->alive)
				continue;
			items[n] = y;
			ids[n++] = y->id;
		}
		op->data_len = n * sizeof(*ids);
		op->data_off = rig_data(&twin->rig, ids, op->data_len);
	}
	result = execute(twin, op, code[5]);
	if (starved(&result, code[5]))
		return NULL;
	if (result.error)
		return differ(twin, "making kind %u: error %d", kind, result.error);
	return book(twin, op, result.value, kind, data, type, items, n);
}

#define MANY	4	/* instances made at once at most */

/* Something that is known, also when it is dead; nothing; or one of those to be made. */
static u64 any_value(const struct twin *twin, u8 code, u32 count)
{
	if (code % 4 == 1)
		return REFHEAP_ID_MADE(code / 4 % count);
	return code % 4 && twin->n ? twin->object[code % twin->n]->id : 0;
}

static const char *book_many(struct twin *twin, const struct refheap_op *op, const u64 *made,
			     const u64 *value, u32 each, u32 type)
{
	const char *what = NULL;
	struct object *x;
	u32 i, j;
	u64 id;

	for (i = 0; !what && i < op->a; i++)
		what = book(twin, op, made[i], REFHEAP_KIND_INSTANCE, NULL, type, NULL, 0);
	for (i = 0; !what && i < op->a; i++) {
		x = by_id(twin, made[i]);
		for (j = 0; j < each; j++) {
			id = value[i * each + j];
			if (!id)
				continue;
			x->name[x->len] = j;
			insert_cell(x, x->len, by_id(twin, id > op->a ? id : made[id - 1]));
		}
	}
	return what;
}

static const char *make_many(struct twin *twin, const u8 *code)
{
	u32 type = code[1] % 3, each = type == 1 ? 0 : code[1] / 12 % 3, i;
	struct refheap_op op = {
		.code = REFHEAP_OP_INSTANCES, .arg = twin->type[type], .a = 1 + code[1] / 3 % MANY,
	};
	/* A finalizer has to be given to each by itself. */
	int error = type == 2 ? -EOPNOTSUPP : 0;
	struct refheap_result result;
	u64 value[2 * MANY], made[MANY];

	for (i = 0; i < op.a * each; i++) {
		value[i] = any_value(twin, code[2 + i % 2] + 37 * i, op.a);
		if (value[i] > op.a && !by_id(twin, value[i]))
			error = -ESTALE;
	}
	op.data_len = op.a * each * sizeof(*value);
	op.data_off = rig_data(&twin->rig, value, op.data_len);
	result = execute(twin, &op, code[5]);
	if (starved(&result, code[5]))
		return NULL;
	if (result.error != error)
		return differ(twin, "%llu instances: error %d, model %d", op.a, result.error, error);
	if (error)
		return NULL;
	if (result.value != op.a || result.out_len != op.a * sizeof(*made))
		return differ(twin, "%llu instances, model %llu", result.value, op.a);
	memcpy(made, twin->rig.out + result.out_off, result.out_len);
	return book_many(twin, &op, made, value, each, type);
}

static struct object *shared_weakref(const struct twin *twin, const struct object *to)
{
	u32 i;

	for (i = 0; i < twin->n; i++)
		if (twin->object[i]->shared && twin->object[i]->referent == to)
			return twin->object[i];
	return NULL;
}

static const char *make_weakref(struct twin *twin, struct object *to, const u8 *code)
{
	struct refheap_op op = { .code = REFHEAP_OP_WEAKREF, .a = to->id, .arg = code[2] & 1 };
	struct refheap_result result;
	struct object *x;
	int error;

	op.b = op.arg ? to->id : 0;
	result = execute(twin, &op, code[5]);
	if (starved(&result, code[5]))
		return NULL;
	error = !to->alive ? -ESTALE : may_be_referred(to) ? 0 : -EOPNOTSUPP;
	if (result.error != error)
		return differ(twin, "weak reference to kind %u: error %d, model %d", to->kind,
			      result.error, error);
	if (error)
		return NULL;
	x = op.arg ? NULL : shared_weakref(twin, to);
	if (x && x->id != result.value)
		return differ(twin, "another weak reference than the shared one of %llx", to->id);
	if (!x) {
		x = new_object(twin, result.value, REFHEAP_KIND_WEAKREF);
		x->referent = to;
		x->was = to->id;
		x->shared = !op.arg;
		x->armed = op.arg;
		x->born = ++twin->time;
		x->maker = twin->session[twin->rig.current_holder];
	}
	take(twin, x);
	return NULL;
}

/* The events of a session that is gone are an adopter's, or nobody's. */
static void end_session(struct twin *twin)
{
	u32 holder = twin->rig.current_holder, i;
	int other;

	twin->adopts[holder] = 0;
	twin->session[holder] = ++twin->sessions;
	other = adopter(twin);
	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];

		if (x->queue == holder + 1 && is_queued(x)) {
			x->queue = x->final == QUEUED ? other + 1 : 0;
			x->adopted = x->queue;
			if (x->final == QUEUED && !x->queue) {
				x->final = ENDED;
				twin->skipped++;
			}
		}
		memset(x->held[holder], 0, sizeof(x->held[holder]));
		given_up(x, holder);
	}
	twin->depth[holder] = 0;
}

static const char *replace_session(struct twin *twin)
{
	if (rig_new_holder(&twin->rig))
		return differ(twin, "a holder was refused");
	rig_work(&twin->rig);
	end_session(twin);
	return NULL;
}

static u64 queued(const struct twin *twin, u32 holder)
{
	u64 n = 0;
	u32 i;

	for (i = 0; i < twin->n; i++)
		n += is_queued(twin->object[i]) && twin->object[i]->queue == holder + 1;
	return n;
}

/* Whether a newer weak reference to the same object has yet to be told of. */
static bool too_soon(const struct twin *twin, const struct object *x)
{
	u32 i;

	for (i = 0; i < twin->n; i++) {
		const struct object *y = twin->object[i];

		if (is_queued(y) && y->queue == x->queue && y->was == x->was &&
		    y->kind == x->kind && y->born > x->born)
			return true;
	}
	return false;
}

static const char *read_event(struct twin *twin)
{
	u32 holder = twin->rig.current_holder;
	struct refheap_event event;
	struct object *x;
	int got = rh_holder_next_event(twin->rig.heap, twin->rig.holder[holder], &event);

	if (got < 0)
		return differ(twin, "an event was refused: %d", got);
	if (!got)
		return queued(twin, holder) ? differ(twin, "an event is missing") : NULL;
	x = by_id(twin, event.object);
	if (!x || !is_queued(x) || x->queue != holder + 1)
		return differ(twin, "event %u of %llx for holder %u", event.type, event.object,
			      holder);
	if (x->kind == REFHEAP_KIND_WEAKREF) {
		if (event.type != REFHEAP_EVENT_WEAKREF || event.generation ||
		    event.value != x->was || event.referent != x->was || too_soon(twin, x))
			return differ(twin, "callback of %llx", x->id);
		x->queue = 0;
	} else {
		if (event.type != REFHEAP_EVENT_FINALIZE ||
		    event.value != twin->type[x->type] ||
		    event.generation != (x->adopted ? REFHEAP_EVENT_ADOPTED : 0))
			return differ(twin, "finalizer of %llx", x->id);
		x->final = RUNNING;
	}
	/* Of no frame, since reading cannot fail. */
	x->held[holder][0]++;
	return NULL;
}

/* An index, which some operations have as b. */
static s64 small(u8 code)
{
	return (s64)(s8)code % 8;
}

static void put_name(struct twin *twin, struct refheap_op *op, u32 name)
{
	op->data_len = 2;
	op->data_off = rig_data(&twin->rig, names[name], 2);
}

static void put_key(struct twin *twin, struct refheap_op *op, const struct object *x,
		    const struct object *y, const u8 *code)
{
	op->b = y->id;
	if (!(code[4] & 0x80) || is_set(x))
		return;
	op->b = 0;
	op->flags = REFHEAP_OPF_KEY_STR;
	put_name(twin, op, code[4] % NAMES);
}

/* Return: false when the operation is none for the model. */
static bool put_fields(struct twin *twin, struct refheap_op *op, const struct object *x,
		       const struct object *y, const struct object *z, const u8 *code)
{
	u64 ids[2];

	op->a = x->id;
	switch (op->code) {
	case REFHEAP_OP_CONTAINS:
		if (!is_map(x))
			return false;
		fallthrough;
	case REFHEAP_OP_GET_KEY:
	case REFHEAP_OP_POP_KEY:
	case REFHEAP_OP_ADD:
	case REFHEAP_OP_DISCARD:
	case REFHEAP_OP_MOVE_TO_END:
		put_key(twin, op, x, y, code);
		return true;
	case REFHEAP_OP_DEL_KEY:
		op->c = code[4] & 0x40 ? z->id : 0;
		put_key(twin, op, x, y, code);
		return true;
	case REFHEAP_OP_SET_KEY:
	case REFHEAP_OP_SET_DEFAULT:
		op->c = z->id;
		put_key(twin, op, x, y, code);
		return true;
	case REFHEAP_OP_SET_ATTR:
		op->c = z->id;
		fallthrough;
	case REFHEAP_OP_GET_ATTR:
	case REFHEAP_OP_DEL_ATTR:
		put_name(twin, op, code[4] % NAMES);
		return true;
	case REFHEAP_OP_SET_INDEX:
	case REFHEAP_OP_INSERT:
		op->c = z->id;
		fallthrough;
	case REFHEAP_OP_GET_INDEX:
	case REFHEAP_OP_DEL_INDEX:
	case REFHEAP_OP_POP:
		op->b = small(code[2]);
		return true;
	case REFHEAP_OP_APPEND:
		op->c = z->id;
		return true;
	case REFHEAP_OP_EXTEND:
		ids[0] = y->id;
		ids[1] = z->id;
		op->data_len = sizeof(ids);
		op->data_off = rig_data(&twin->rig, ids, sizeof(ids));
		return true;
	case REFHEAP_OP_WRITE:
		op->b = code[2];
		op->data_len = 1;
		op->data_off = rig_data(&twin->rig, &code[4], 1);
		return true;
	case REFHEAP_OP_RESIZE:
		op->b = code[2] * 7;
		return true;
	case REFHEAP_OP_COLLECT:
		op->a = 0;
		op->arg = 2;
		return true;
	case REFHEAP_OP_COLLECT_FINISH:
		op->a = 0;
		return true;
	case REFHEAP_OP_FRAME_PUSH:
		op->a = 0;
		return twin->depth[twin->rig.current_holder] < FRAMES - 1;
	case REFHEAP_OP_FRAME_POP:
		op->a = code[1] % (FRAMES + 1);
		return true;
	case REFHEAP_OP_ADOPT:
		op->a = code[1] % 2;
		return true;
	case REFHEAP_OP_HAND_OUT:
		op->arg = code[2] % 2;
		return true;
	case REFHEAP_OP_POP_OLDEST:
		op->b = code[2] % 8;
		return true;
	case REFHEAP_OP_HISTORY:
		op->b = code[2] % 8;
		return true;
	}
	return true;
}

static const char *operate(struct twin *twin, struct refheap_op *op, const u8 *code)
{
	struct object *x, *y, *z, was;
	struct refheap_result result;
	struct answer answer;

	x = twin->object[code[1] % twin->n];
	y = twin->object[code[2] % twin->n];
	z = twin->object[code[3] % twin->n];
	if (op->code == REFHEAP_OP_WEAKREF)
		return make_weakref(twin, x, code);
	/* Known limits of the model. */
	if (!y->alive || !z->alive || x->len >= CELLS - 2 || deep(y))
		return NULL;
	was = *x;
	if (!put_fields(twin, op, x, y, z, code))
		return NULL;
	result = execute(twin, op, code[5]);
	if (starved(&result, code[5]))
		return NULL;
	answer = answer_of(twin, op, x, y, z, code[4] % NAMES, code[4]);
	if (result.error != answer.error)
		return differ(twin, "operation %u on kind %u (%s): error %d, model %d", op->code,
			      was.kind, was.alive ? "alive" : "dead", result.error, answer.error);
	if (!answer.error && !answer.any_value && result.value != answer.value)
		return differ(twin, "operation %u on kind %u: value %llx, model %llx", op->code,
			      was.kind, result.value, answer.value);
	return NULL;
}

static bool makes(u16 code)
{
	return code < REFHEAP_OP_TAKE || code == REFHEAP_OP_WEAK_VALUE_DICT ||
	       code == REFHEAP_OP_WEAK_KEY_DICT || code == REFHEAP_OP_WEAK_SET;
}

const char *twin_step(struct twin *twin, const u8 *code)
{
	struct refheap_op op = { .code = codes[code[0] % ARRAY_SIZE(codes)] };
	const char *what = NULL;

	if (twin->n > OBJECTS - 8) {
		forget_the_dead(twin);
		if (twin->n > OBJECTS / 2)
			op.code = REFHEAP_OP_DROP;
	}
	twin->rig.current_holder = code[5] % RIG_HOLDERS;
	if (op.code == READ_EVENT)
		what = read_event(twin);
	else if (op.code == END_SESSION)
		what = replace_session(twin);
	else if (op.code == REFHEAP_OP_INSTANCE && code[4] % 2)
		what = make_many(twin, code);
	else if (makes(op.code))
		what = make(twin, &op, code);
	else if (twin->n)
		what = operate(twin, &op, code);
	if (what)
		return what;
	settle(twin);
	rig_work(&twin->rig);
	settle_pending(twin);
	return NULL;
}

static const char *compare_bytes(struct twin *twin, const struct object *x)
{
	struct refheap_result result =
		rig_op(&twin->rig, (struct refheap_op){ .code = REFHEAP_OP_READ, .a = x->id,
							.c = RIG_OUT });

	if (result.error || result.value != x->len ||
	    memcmp(twin->rig.out + result.out_off, x->bytes, x->len))
		return differ(twin, "payload of %llx (error %d)", x->id, result.error);
	return NULL;
}

/* Entries in their order, by what is left of them when they are looked at. */
static const char *compare_entries(struct twin *twin, const struct object *x)
{
	struct refheap_op op = { .code = REFHEAP_OP_NEXT, .a = x->id, .arg = CELLS };
	struct refheap_result result = rig_op(&twin->rig, op);
	struct refheap_entry entry[CELLS];
	u32 i;

	if (result.error || result.info != x->len)
		return differ(twin, "%u entries of %llx (error %d), model %u", result.info, x->id,
			      result.error, x->len);
	memcpy(entry, twin->rig.out + result.out_off, x->len * sizeof(*entry));
	for (i = 0; i < x->len; i++) {
		op = (struct refheap_op){ .code = REFHEAP_OP_DROP, .a = entry[i].key };
		rig_op(&twin->rig, op);
		op.a = entry[i].value;
		if (op.a)
			rig_op(&twin->rig, op);
		if ((x->key[i] && x->key[i]->id != entry[i].key) ||
		    (is_dict(x) && x->cell[i]->id != entry[i].value))
			return differ(twin, "entry %u of %llx, kind %u", i, x->id, x->kind);
	}
	return NULL;
}

/* Each change that is kept follows from the one before. */
static const char *compare_history(struct twin *twin, const struct object *x)
{
	struct refheap_op op = { .code = REFHEAP_OP_HISTORY_READ, .a = x->id };
	struct refheap_result result = rig_op(&twin->rig, op);
	const struct refheap_change *change =
		(const struct refheap_change *)(twin->rig.out + result.out_off);
	u32 i;

	if (result.error == -ENODATA)
		return NULL;
	if (!x->history)
		return differ(twin, "a history of %llx", x->id);
	if (result.error || result.info > x->history || result.info > result.value)
		return differ(twin, "history of %llx: error %d", x->id, result.error);
	for (i = 1; i < result.info; i++)
		if (change[i].refcount != change[i - 1].refcount +
		    (change[i].what == REFHEAP_CHANGE_TAKE ? 1 : -1))
			return differ(twin, "history of %llx at %u", x->id, i);
	if (result.info && change[result.info - 1].refcount != x->count)
		return differ(twin, "history of %llx ends with %u, model %u", x->id,
			      change[result.info - 1].refcount, x->count);
	return NULL;
}

static const char *compare_holds(struct twin *twin, const struct object *x)
{
	struct rh_hold hold = { 0 };
	u32 i, frame;

	for (i = 0; i < RIG_HOLDERS; i++) {
		bool has = rh_holder_hold(twin->rig.heap, twin->rig.holder[i], x->id, &hold);

		for (frame = FRAMES - 1; frame && !x->held[i][frame]; frame--)
			;
		if (has != !!held_by(x, i) ||
		    (has && (hold.count != held_by(x, i) || hold.frame != frame)))
			return differ(twin, "holder %u has %u of %llx in frame %u, model %u in %u",
				      i, hold.count, x->id, hold.frame, held_by(x, i), frame);
	}
	return NULL;
}

static u32 weakrefs(const struct twin *twin, const struct object *to)
{
	u32 n = 0, i, j;

	for (i = 0; i < twin->n; i++) {
		const struct object *x = twin->object[i];

		n += x->referent == to;
		for (j = 0; x->kind > REFHEAP_KIND_WEAKREF && j < x->len; j++)
			n += goes_with(x, j) == to;
	}
	return n;
}

static const char *compare_lifetime(struct twin *twin, const struct object *x,
				    const struct refheap_info *info)
{
	u64 referent = x->referent ? x->referent->id : 0;

	if (info->weakrefs != weakrefs(twin, x))
		return differ(twin, "%u weak references to %llx, model %u", info->weakrefs, x->id,
			      weakrefs(twin, x));
	if (x->kind == REFHEAP_KIND_WEAKREF &&
	    (info->value != referent || !!(info->flags & REFHEAP_INFO_CALLBACK) != x->armed))
		return differ(twin, "weak reference %llx to %llx, flags %x, model %llx", x->id,
			      info->value, info->flags, referent);
	if (x->final && !!(info->flags & REFHEAP_INFO_FINALIZED) != (x->final != TO_COME))
		return differ(twin, "%llx finalized, flags %x, model %u", x->id, info->flags,
			      x->final);
	return compare_holds(twin, x);
}

static const char *compare_sessions(struct twin *twin)
{
	struct rh_gc_stat stat;
	u64 pending = 0;
	u32 i;

	for (i = 0; i < RIG_HOLDERS; i++)
		if (rh_holder_events(twin->rig.holder[i]) != queued(twin, i) ||
		    rh_holder_depth(twin->rig.holder[i]) != twin->depth[i])
			return differ(twin, "holder %u has %llu events, %u frames, model %llu, %u",
				      i, rh_holder_events(twin->rig.holder[i]),
				      rh_holder_depth(twin->rig.holder[i]), queued(twin, i),
				      twin->depth[i]);
	for (i = 0; i < twin->n; i++)
		pending += twin->object[i]->final == QUEUED || twin->object[i]->final == RUNNING;
	rh_gc_stat(twin->rig.heap, &stat);
	if (stat.pending != pending || stat.skipped != twin->skipped)
		return differ(twin, "%llu finalizers pending, %llu skipped, model %llu, %llu",
			      stat.pending, stat.skipped, pending, twin->skipped);
	return NULL;
}

/* Of one object each time: every other one is asked. */
static const char *compare_referrers(struct twin *twin)
{
	const struct object *x = twin->n ? twin->object[twin->compared++ % twin->n] : NULL;

	if (!x || !x->alive || rig_knows_referrers(&twin->rig, x->id))
		return NULL;
	return differ(twin, "referrers of %llx", x->id);
}

const char *twin_compare(struct twin *twin)
{
	const char *what;
	u32 i;

	recount(twin);
	for (i = 0; i < twin->n; i++) {
		const struct object *x = twin->object[i];
		struct refheap_info info = rig_info(&twin->rig, x->id);

		if (!!info.id != x->alive)
			return differ(twin, "%llx of kind %u %s", x->id, x->kind,
				      x->alive ? "is dead" : "lives");
		if (!x->alive)
			continue;
		if (info.refcount != x->count)
			return differ(twin, "count of %llx, kind %u: %u, model %u", x->id, x->kind,
				      info.refcount, x->count);
		if (info.kind != x->kind)
			return differ(twin, "kind of %llx", x->id);
		if (x->kind > REFHEAP_KIND_FLOAT && info.length != x->len)
			return differ(twin, "length of %llx, kind %u: %llu, model %u", x->id,
				      x->kind, info.length, x->len);
		what = x->bytes ? compare_bytes(twin, x) : compare_lifetime(twin, x, &info);
		if (!what)
			what = compare_history(twin, x);
		if (!what && is_map(x))
			what = compare_entries(twin, x);
		if (what)
			return what;
	}
	what = compare_referrers(twin);
	if (!what)
		what = compare_sessions(twin);
	if (what)
		return what;
	if (rig_verify(&twin->rig))
		return differ(twin, "verify: %s", twin->rig.fault);
	return NULL;
}

struct twin *twin_new(void)
{
	struct twin *twin = calloc(1, sizeof(*twin));
	u32 i;

	if (!twin || rig_init(&twin->rig, NULL)) {
		free(twin);
		return NULL;
	}
	/* When a collection begins by itself is not for this model. */
	rh_gc_enable(twin->rig.heap, false);
	twin->type[0] = rig_type(&twin->rig, "Slotted", 0, 0, names, 2);
	twin->type[1] = rig_type(&twin->rig, "Open", REFHEAP_TYPE_DICT, 0, NULL, 0);
	twin->type[2] = rig_type(&twin->rig, "Final", REFHEAP_TYPE_FINALIZER, 0, names, 2);
	for (i = 0; i < RIG_HOLDERS; i++)
		twin->session[i] = ++twin->sessions;
	return twin;
}

const char *twin_free(struct twin *twin)
{
	static char text[300];
	const char *what = NULL;
	u32 i;

	for (i = 0; i < twin->n; i++)
		die(twin, twin->object[i]);
	forget_the_dead(twin);
	if (rig_exit(&twin->rig))
		what = differ(twin, "memory was not given back");
	if (what)
		what = strcpy(text, what);
	free(twin);
	return what;
}
