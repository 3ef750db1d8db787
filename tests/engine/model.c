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

struct object {
	u64 id;
	u32 kind;
	u32 type;		/* index of struct twin.type */
	u32 held[RIG_HOLDERS];
	u32 count;
	bool alive, reachable, singleton;
	s64 value;		/* bool, int; float: its bits */
	u8 *bytes;		/* str, bytes, bytearray */
	u32 len;		/* of bytes, or of cell */
	struct object *key[CELLS];	/* dict and set: NULL for a name */
	struct object *cell[CELLS];
	u32 name[CELLS];	/* dict entry without key, or attribute */
};

struct twin {
	struct rig rig;
	struct object *object[OBJECTS];
	u32 n;
	s64 type[2];
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

static bool is_map(const struct object *x)
{
	return x->kind == REFHEAP_KIND_DICT || x->kind == REFHEAP_KIND_SET;
}

static void recount(struct twin *twin)
{
	u32 i, j;

	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];

		x->count = 0;
		for (j = 0; j < RIG_HOLDERS; j++)
			x->count += x->held[j];
	}
	for (i = 0; i < twin->n; i++) {
		struct object *from = twin->object[i];

		/* Attributes and entries are in the first cells. */
		for (j = 0; j < CELLS && j < from->len; j++) {
			if (from->cell[j])
				from->cell[j]->count++;
			if (from->key[j])
				from->key[j]->count++;
		}
	}
}

static void die(struct object *x)
{
	x->alive = false;
	memset(x->key, 0, sizeof(x->key));
	memset(x->cell, 0, sizeof(x->cell));
	memset(x->held, 0, sizeof(x->held));
	if (x->kind >= REFHEAP_KIND_TUPLE)
		x->len = 0;
}

/* What has a count of zero dies, and with it what only it held. */
static void settle(struct twin *twin)
{
	bool again;
	u32 i;

	do {
		again = false;
		recount(twin);
		for (i = 0; i < twin->n; i++) {
			struct object *x = twin->object[i];

			if (!x->alive || x->singleton || x->count)
				continue;
			die(x);
			again = true;
		}
	} while (again);
}

static void mark(struct object *x)
{
	u32 i;

	if (!x || x->reachable)
		return;
	x->reachable = true;
	for (i = 0; i < CELLS && i < x->len; i++) {
		mark(x->key[i]);
		mark(x->cell[i]);
	}
}

/* Return: how many objects with a header were garbage. */
static u64 collect(struct twin *twin)
{
	u64 n = 0;
	u32 i, j;

	for (i = 0; i < twin->n; i++)
		twin->object[i]->reachable = false;
	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];
		u32 held = x->singleton;

		for (j = 0; j < RIG_HOLDERS; j++)
			held += x->held[j];
		if (x->alive && held)
			mark(x);
	}
	for (i = 0; i < twin->n; i++) {
		struct object *x = twin->object[i];

		if (!x->alive || x->reachable || x->kind < REFHEAP_KIND_TUPLE)
			continue;
		die(x);
		n++;
	}
	settle(twin);
	return n;
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
	x->held[twin->rig.current_holder]++;
	return (struct answer){ .value = x->id };
}

/* An index as Python has it. Return: -1 when it is out of range. */
static int index_of(const struct object *x, s64 i)
{
	i = i < 0 ? i + x->len : i;
	return i < 0 || i >= x->len ? -1 : i;
}

static struct answer do_list(struct twin *twin, const struct refheap_op *op, struct object *x,
			     struct object *y)
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

static struct answer do_map(struct twin *twin, const struct refheap_op *op, struct object *x,
			    struct object *key, struct object *y, u32 name)
{
	bool set = op->code == REFHEAP_OP_ADD || op->code == REFHEAP_OP_DISCARD;
	struct answer answer = { .any_value = true };
	int at;

	if (x->kind != (set ? REFHEAP_KIND_SET : REFHEAP_KIND_DICT) &&
	    !(op->code == REFHEAP_OP_CONTAINS && is_map(x)))
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
		if (at < 0) {
			at = x->len++;
			x->key[at] = key;
			x->name[at] = name;
		}
		x->cell[at] = y;
		return answer;
	case REFHEAP_OP_DISCARD:
		answer = (struct answer){ .value = at >= 0 };
		if (at >= 0)
			remove_cell(x, at);
		return answer;
	}
	if (at < 0)
		return refuse(ENOKEY);
	if (op->code != REFHEAP_OP_DEL_KEY)
		answer = give(twin, x->cell[at]);
	if (op->code != REFHEAP_OP_GET_KEY)
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
	/* The slotted type has the first two names. */
	if (!x->type && name >= 2)
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
		   (x->kind == REFHEAP_KIND_INSTANCE && x->type)) {
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
	if (x->kind < REFHEAP_KIND_STR || x->kind == REFHEAP_KIND_INSTANCE)
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
	x->held[twin->rig.current_holder]++;
	for (i = 0; i < n; i++) {
		if (kind == REFHEAP_KIND_TUPLE || kind == REFHEAP_KIND_LIST)
			insert_cell(x, x->len, items[i]);
	}
	return NULL;
}

static struct answer answer_of(struct twin *twin, const struct refheap_op *op, struct object *x,
			       struct object *y, struct object *z, u32 name, u8 byte)
{
	if (op->code == REFHEAP_OP_COLLECT)
		return (struct answer){ .value = collect(twin) };
	if (!x->alive)
		return refuse(ESTALE);
	switch (op->code) {
	case REFHEAP_OP_TAKE:
		return give(twin, x);
	case REFHEAP_OP_DROP:
		if (!x->held[twin->rig.current_holder])
			return refuse(ENOTUNIQ);
		x->held[twin->rig.current_holder]--;
		return (struct answer){ .any_value = true };
	case REFHEAP_OP_LEN:
		return do_len(x);
	case REFHEAP_OP_GET_INDEX:
	case REFHEAP_OP_SET_INDEX:
	case REFHEAP_OP_DEL_INDEX:
	case REFHEAP_OP_APPEND:
	case REFHEAP_OP_INSERT:
	case REFHEAP_OP_POP:
		return do_list(twin, op, x, z);
	case REFHEAP_OP_GET_KEY:
	case REFHEAP_OP_SET_KEY:
	case REFHEAP_OP_DEL_KEY:
	case REFHEAP_OP_POP_KEY:
	case REFHEAP_OP_CONTAINS:
	case REFHEAP_OP_ADD:
	case REFHEAP_OP_DISCARD:
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
	default:
		return do_write(x, op->b, byte);
	}
}

static const char *make(struct twin *twin, struct refheap_op *op, const u8 *code)
{
	struct object *items[4];
	struct refheap_result result;
	u8 data[128];
	u64 ids[4];
	u32 kind, n = 0, type = code[1] & 1, i;
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
	result = rig_op(&twin->rig, *op);
	if (result.error)
		return differ(twin, "making kind %u: error %d", kind, result.error);
	return book(twin, op, result.value, kind, data, type, items, n);
}

const char *twin_step(struct twin *twin, const u8 *code)
{
	struct refheap_op op = { .code = codes[code[0] % ARRAY_SIZE(codes)] };
	struct object *x, *y, *z, was;
	struct refheap_result result;
	struct answer answer;
	u32 name = code[4] % NAMES;
	u8 byte = code[4];

	if (twin->n > OBJECTS - 8) {
		forget_the_dead(twin);
		if (twin->n > OBJECTS / 2)
			op.code = REFHEAP_OP_DROP;
	}
	twin->rig.current_holder = code[0] / 86 % RIG_HOLDERS;
	if (op.code < REFHEAP_OP_TAKE)
		return make(twin, &op, code);
	if (!twin->n)
		return NULL;
	x = twin->object[code[1] % twin->n];
	y = twin->object[code[2] % twin->n];
	z = twin->object[code[3] % twin->n];
	/* Known limits of the model. */
	if (!y->alive || !z->alive || x->len >= CELLS - 2 || deep(y))
		return NULL;
	was = *x;
	op.a = x->id;
	op.c = z->id;
	op.b = (s64)(s8)code[2] % 8;
	switch (op.code) {
	case REFHEAP_OP_CONTAINS:
		if (!is_map(x))
			return NULL;
		fallthrough;
	case REFHEAP_OP_GET_KEY:
	case REFHEAP_OP_SET_KEY:
	case REFHEAP_OP_DEL_KEY:
	case REFHEAP_OP_POP_KEY:
	case REFHEAP_OP_ADD:
	case REFHEAP_OP_DISCARD:
		op.b = y->id;
		if (code[4] & 0x80 && x->kind != REFHEAP_KIND_SET) {
			op.b = 0;
			op.flags = REFHEAP_OPF_KEY_STR;
			op.data_len = 2;
			op.data_off = rig_data(&twin->rig, names[name], 2);
		}
		break;
	case REFHEAP_OP_GET_ATTR:
	case REFHEAP_OP_SET_ATTR:
	case REFHEAP_OP_DEL_ATTR:
		op.b = 0;
		op.data_len = 2;
		op.data_off = rig_data(&twin->rig, names[name], 2);
		break;
	case REFHEAP_OP_WRITE:
		op.b = code[2];
		op.data_len = 1;
		op.data_off = rig_data(&twin->rig, &byte, 1);
		break;
	case REFHEAP_OP_RESIZE:
		op.b = code[2] * 7;
		break;
	case REFHEAP_OP_COLLECT:
		op = (struct refheap_op){ .code = REFHEAP_OP_COLLECT, .arg = 2 };
		break;
	}
	switch (op.code) {
	case REFHEAP_OP_TAKE:
	case REFHEAP_OP_DROP:
	case REFHEAP_OP_LEN:
	case REFHEAP_OP_CLEAR:
		op.b = 0;
		fallthrough;
	case REFHEAP_OP_GET_INDEX:
	case REFHEAP_OP_DEL_INDEX:
	case REFHEAP_OP_POP:
	case REFHEAP_OP_GET_KEY:
	case REFHEAP_OP_DEL_KEY:
	case REFHEAP_OP_POP_KEY:
	case REFHEAP_OP_CONTAINS:
	case REFHEAP_OP_ADD:
	case REFHEAP_OP_DISCARD:
	case REFHEAP_OP_GET_ATTR:
	case REFHEAP_OP_DEL_ATTR:
	case REFHEAP_OP_WRITE:
	case REFHEAP_OP_RESIZE:
		op.c = 0;
		break;
	case REFHEAP_OP_APPEND:
		op.b = 0;
		break;
	}
	result = rig_op(&twin->rig, op);
	answer = answer_of(twin, &op, x, y, z, name, byte);
	settle(twin);
	if (result.error != answer.error)
		return differ(twin, "operation %u on kind %u (%s): error %d, model %d", op.code,
			      was.kind, was.alive ? "alive" : "dead", result.error, answer.error);
	if (!answer.error && !answer.any_value && result.value != answer.value)
		return differ(twin, "operation %u on kind %u: value %llx, model %llx", op.code,
			      was.kind, result.value, answer.value);
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
		what = x->bytes ? compare_bytes(twin, x) : NULL;
		if (what)
			return what;
	}
	if (rig_verify(&twin->rig))
		return differ(twin, "verify: %s", twin->rig.fault);
	return NULL;
}

struct twin *twin_new(void)
{
	struct twin *twin = calloc(1, sizeof(*twin));

	if (!twin || rig_init(&twin->rig, NULL)) {
		free(twin);
		return NULL;
	}
	/* When a collection begins by itself is not for this model. */
	rh_gc_enable(twin->rig.heap, false);
	twin->type[0] = rig_type(&twin->rig, "Slotted", 0, 0, names, 2);
	twin->type[1] = rig_type(&twin->rig, "Open", REFHEAP_TYPE_DICT, 0, NULL, 0);
	return twin;
}

const char *twin_free(struct twin *twin)
{
	static char text[300];
	const char *what = NULL;
	u32 i;

	for (i = 0; i < twin->n; i++)
		die(twin->object[i]);
	forget_the_dead(twin);
	if (rig_exit(&twin->rig))
		what = differ(twin, "memory was not given back");
	if (what)
		what = strcpy(text, what);
	free(twin);
	return what;
}
