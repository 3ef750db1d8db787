// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Making a heap of a file: first all objects, those without edges before the
 * others, each with what it refers to when that is there already, then the rest
 * of the edges, at last the names. The session holds all of it until then;
 * closing it leaves what has names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "image.h"

#define BATCH_OPS	8192
#define BATCH_BYTES	(1U << 20)
#define KEYS_BYTES	(1U << 23)	/* of keys that the kernel takes in one operation */
#define NOBODY		UINT32_MAX
#define GROUP		(UINT32_MAX - 1)

/*
 * Instances of one type that follow each other are made by one operation, when
 * there are so many of them that it pays. Their ids are known when the batch
 * has been executed; until then they are known as REFHEAP_ID_MADE().
 */
#define GROUP_LEAST	8
#define MEMBERS		(BATCH_BYTES / 32)	/* of all groups in a batch */

/* What is done about an object. */
enum {
	KEPT = 1,	/* names keep it */
	FILLED = 2,	/* it has its edges, or those that it has not are noted */
	SHARED = 4,	/* it has the weak reference that all share */
};

/* An entry of a weak-keyed dict, which keeps its value only while the key is there. */
struct ephemeron {
	uint32_t value;
	uint32_t next;		/* of the same key, from 1 */
};

/* A slot of an instance whose value was not there yet. */
struct unset {
	uint32_t object;
	uint32_t slot;
};

struct restore {
	const struct refheap_image *image;
	struct refheap *session;
	struct refheap_batch_builder *batch;
	uint32_t submit;	/* flags of each submission */
	refheap_id *id;		/* of each object, or the result that it will be */
	refheap_id *ids;	/* of one operation, REFHEAP_MAX_IDS */
	unsigned char *state;
	uint32_t *made;		/* by operation of the batch: the object, NOBODY or GROUP */
	uint32_t *member;	/* the objects of all groups of the batch */
	uint32_t members;
	uint32_t *types;	/* by number in the file: number in the heap */
	size_t bytes;		/* of input that the batch has */

	struct unset *unset;
	uint64_t unsets;
	uint64_t unset_room;

	uint32_t *stack;	/* of objects that are kept, to look at */
	uint32_t depth;
	uint32_t *waiting;	/* of each object: the first entry it is the key of */
	struct ephemeron *ephemeron;
	uint32_t ephemerons;
	uint64_t ephemeron_room;
};

static const struct rh_image_record *record_of(const struct restore *restore,
					       uint32_t object)
{
	return &restore->image->record[object];
}

/* What a weak reference refers to, from 1, or 0. */
static uint32_t referent(const struct restore *restore, uint32_t weakref)
{
	return record_of(restore, weakref)->n ?
	       *rh_image_edges(restore->image, weakref) : 0;
}

static bool is_kept(const struct restore *restore, uint32_t object)
{
	return restore->state[object] & KEPT;
}

static void keep(struct restore *restore, uint32_t object)
{
	if (is_kept(restore, object))
		return;
	restore->state[object] |= KEPT;
	restore->stack[restore->depth++] = object;
}

/* Room for one more than @count: the array, or another one, or NULL. */
static void *grow(void *array, uint64_t *room, uint64_t count, size_t each)
{
	uint64_t wanted = *room ? *room * 2 : 64;
	void *grown;

	if (count < *room)
		return array;
	grown = realloc(array, wanted * each);
	if (grown)
		*room = wanted;
	return grown;
}

/* The value is kept as soon as the key is. */
static int keep_ephemeron(struct restore *restore, uint32_t key, uint32_t value)
{
	struct ephemeron *grown;

	if (is_kept(restore, key)) {
		keep(restore, value);
		return 0;
	}
	grown = grow(restore->ephemeron, &restore->ephemeron_room, restore->ephemerons,
		     sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	restore->ephemeron = grown;
	restore->ephemeron[restore->ephemerons++] =
		(struct ephemeron){ value, restore->waiting[key] };
	restore->waiting[key] = restore->ephemerons;
	return 0;
}

static int keep_cells(struct restore *restore, uint32_t object)
{
	const uint32_t *edge = rh_image_edges(restore->image, object);
	unsigned int kind = record_of(restore, object)->kind;
	uint64_t n = record_of(restore, object)->n;
	int err = 0;

	if (kind == REFHEAP_KIND_WEAKREF || kind == REFHEAP_KIND_WEAK_SET)
		return 0;
	for (uint64_t i = 0; !err && i < n; i++) {
		if (!edge[i])
			continue;
		if (kind == REFHEAP_KIND_WEAK_KEY_DICT) {
			uint32_t key = referent(restore, edge[i] - 1);

			if (key)
				err = keep_ephemeron(restore, key - 1, edge[i + 1] - 1);
			i++;
		} else if (kind != REFHEAP_KIND_WEAK_VALUE_DICT || !(i % 2)) {
			keep(restore, edge[i] - 1);
		}
	}
	return err;
}

/* Marks what names keep; of weak-valued dicts the keys of what is kept only. */
static int find_kept(struct restore *restore)
{
	int err = 0;

	keep(restore, 0);
	while (!err && restore->depth) {
		uint32_t object = restore->stack[--restore->depth];

		for (uint32_t n = restore->waiting[object]; n;
		     n = restore->ephemeron[n - 1].next)
			keep(restore, restore->ephemeron[n - 1].value);
		if (!rh_kind_is_leaf(record_of(restore, object)->kind))
			err = keep_cells(restore, object);
	}
	return err;
}

/* The ids of a group, which are the output of operation @n. */
static const uint32_t *take_group(struct restore *restore, size_t n, const uint32_t *member)
{
	const refheap_id *ids;
	size_t length;

	ids = refheap_batch_output(restore->batch, n, &length);
	for (size_t i = 0; i < length / sizeof(*ids); i++)
		restore->id[*member++] = ids[i];
	return member;
}

static void take_results(struct restore *restore)
{
	size_t count = refheap_batch_count(restore->batch);
	const uint32_t *member = restore->member;

	for (size_t i = 0; i < count; i++) {
		uint32_t made = restore->made[i];

		if (made == GROUP)
			member = take_group(restore, i, member);
		else if (made != NOBODY)
			restore->id[made] = refheap_batch_value(restore->batch, i);
	}
}

/* Execute what the batch has; results become ids. */
static int flush(struct restore *restore)
{
	int err;

	if (!refheap_batch_count(restore->batch))
		return 0;
	err = refheap_batch_submit(restore->batch, restore->session, restore->submit);
	if (!err)
		take_results(restore);
	refheap_batch_reset(restore->batch);
	restore->bytes = 0;
	restore->members = 0;
	return err;
}

/* Room for an operation, and up to three beside it, with @bytes of input. */
static int make_room(struct restore *restore, size_t bytes)
{
	int err = 0;

	if (refheap_batch_count(restore->batch) + 4 > BATCH_OPS ||
	    restore->bytes + bytes > BATCH_BYTES)
		err = flush(restore);
	restore->bytes += bytes;
	return err;
}

/* An operation was added (or not, @n then is an error) that makes nothing. */
static int added(struct restore *restore, int n)
{
	if (n < 0)
		return n;
	restore->made[n] = NOBODY;
	return 0;
}

/* An operation was added that makes @object. */
static int added_object(struct restore *restore, int n, uint32_t object)
{
	int err = added(restore, n);

	if (err)
		return err;
	restore->made[n] = object;
	restore->id[object] = REFHEAP_ID_RESULT(n);
	return 0;
}

static int make_leaf(struct restore *restore, uint32_t object)
{
	const struct rh_image_record *record = record_of(restore, object);
	const char *payload = rh_image_payload(restore->image, object);
	struct refheap_op op = { 0 };
	const uint64_t *scalar = (const uint64_t *)payload;
	int err = make_room(restore, record->n);

	if (err)
		return err;
	restore->state[object] |= FILLED;
	switch (record->kind) {
	case REFHEAP_KIND_NONE:
		op.code = REFHEAP_OP_NONE;
		break;
	case REFHEAP_KIND_BOOL:
		op.code = REFHEAP_OP_BOOL;
		break;
	case REFHEAP_KIND_INT:
		op.code = REFHEAP_OP_INT;
		break;
	case REFHEAP_KIND_FLOAT:
		op.code = REFHEAP_OP_FLOAT;
		break;
	case REFHEAP_KIND_STR:
		op.code = REFHEAP_OP_STR;
		op.arg = !!(record->flags & REFHEAP_INFO_INTERNED);
		break;
	case REFHEAP_KIND_BYTES:
		op.code = REFHEAP_OP_BYTES;
		break;
	default:
		op.code = REFHEAP_OP_BYTEARRAY;
		break;
	}
	if (record->kind >= REFHEAP_KIND_BOOL && record->kind <= REFHEAP_KIND_FLOAT) {
		op.a = le64toh(*scalar);
		return added_object(restore,
				    refheap_batch_add(restore->batch, &op, NULL, 0, 0),
				    object);
	}
	return added_object(restore, refheap_batch_add(restore->batch, &op, payload,
						       record->n, 0), object);
}

static uint64_t simple_key_bytes(const struct restore *restore, uint32_t object)
{
	const struct rh_image_record *record = record_of(restore, object);

	return rh_kind_is_leaf(record->kind) ? 64 + record->n : 64;
}

/* What the kernel has to look at, at most, when that is a key. */
static uint64_t key_bytes(const struct restore *restore, uint32_t object)
{
	const struct rh_image_record *record = record_of(restore, object);
	const uint32_t *edge = rh_image_edges(restore->image, object);
	uint64_t bytes = 0;

	if (record->kind != REFHEAP_KIND_TUPLE)
		return simple_key_bytes(restore, object);
	for (uint64_t i = 0; i < record->n; i++) {
		/* What is in tuples in tuples has a bound, too. */
		if (record_of(restore, edge[i] - 1)->kind == REFHEAP_KIND_TUPLE)
			return 2 * RH_KEY_BYTES;
		bytes += simple_key_bytes(restore, edge[i] - 1);
	}
	return bytes;
}

/* Whether all that a container refers to has been made, so that it can be whole. */
static bool is_ready(const struct restore *restore, uint32_t object)
{
	const struct rh_image_record *record = record_of(restore, object);
	const uint32_t *edge = rh_image_edges(restore->image, object);
	uint64_t stride = rh_image_stride(restore->image, object), keys = 0;
	bool has_keys = record->kind == REFHEAP_KIND_DICT || record->kind == REFHEAP_KIND_SET;

	if (record->n > REFHEAP_MAX_IDS)
		return false;
	for (uint64_t i = 0; i < record->n; i++) {
		if (edge[i] && !restore->id[edge[i] - 1])
			return false;
		if (edge[i] && has_keys && !(i % stride))
			keys += key_bytes(restore, edge[i] - 1);
	}
	return keys <= KEYS_BYTES;
}

static int make_whole(struct restore *restore, uint32_t object, uint16_t code)
{
	const struct rh_image_record *record = record_of(restore, object);
	const uint32_t *edge = rh_image_edges(restore->image, object);
	size_t count = 0;
	int err;

	err = make_room(restore, record->n * sizeof(*restore->ids));
	if (err)
		return err;
	for (uint64_t i = 0; i < record->n; i++) {
		if (edge[i])
			restore->ids[count++] = restore->id[edge[i] - 1];
	}
	restore->state[object] |= FILLED;
	return added_object(restore,
			    rh_batch_call(restore->batch,
					  rh_call_ids(code, restore->ids, count, 1)),
			    object);
}

static bool is_slotted(const struct restore *restore, uint32_t object)
{
	return record_of(restore, object)->kind == REFHEAP_KIND_INSTANCE &&
	       !rh_image_has_dict(restore->image, object);
}

/* The values of an instance that are there; the others are noted. */
static int find_values(struct restore *restore, uint32_t object, refheap_id *value)
{
	const uint32_t *edge = rh_image_edges(restore->image, object);
	uint64_t n = record_of(restore, object)->n;
	struct unset *grown;

	restore->state[object] |= FILLED;
	for (uint64_t i = 0; i < n; i++) {
		value[i] = edge[i] ? restore->id[edge[i] - 1] : 0;
		if (!edge[i] || value[i])
			continue;
		grown = grow(restore->unset, &restore->unset_room, restore->unsets,
			     sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		restore->unset = grown;
		grown[restore->unsets++] = (struct unset){ object, (uint32_t)i };
	}
	return 0;
}

static int make_slotted(struct restore *restore, uint32_t object)
{
	const struct rh_image_record *record = record_of(restore, object);
	int err = make_room(restore, record->n * sizeof(*restore->ids));

	if (!err)
		err = find_values(restore, object, restore->ids);
	if (err)
		return err;
	return added_object(restore,
			    refheap_batch_new_instance_with(restore->batch,
							    restore->types[record->type],
							    restore->ids, record->n),
			    object);
}

/* An empty one of what can be filled later. */
static int make_empty(struct restore *restore, uint32_t object)
{
	static const uint16_t codes[__REFHEAP_KIND_MAX] = {
		[REFHEAP_KIND_LIST] = REFHEAP_OP_LIST,
		[REFHEAP_KIND_DICT] = REFHEAP_OP_DICT,
		[REFHEAP_KIND_SET] = REFHEAP_OP_SET,
		[REFHEAP_KIND_INSTANCE] = REFHEAP_OP_INSTANCE,
		[REFHEAP_KIND_WEAK_VALUE_DICT] = REFHEAP_OP_WEAK_VALUE_DICT,
		[REFHEAP_KIND_WEAK_KEY_DICT] = REFHEAP_OP_WEAK_KEY_DICT,
		[REFHEAP_KIND_WEAK_SET] = REFHEAP_OP_WEAK_SET,
	};
	const struct rh_image_record *record = record_of(restore, object);
	const struct refheap_op op = {
		.code = codes[record->kind],
		.arg = record->type ? restore->types[record->type] : 0,
	};
	int err = make_room(restore, 0);

	if (err)
		return err;
	return added_object(restore, refheap_batch_add(restore->batch, &op, NULL, 0, 0),
			    object);
}

/* A weak reference of its own, whose callback is given up at once. */
static int make_own_weakref(struct restore *restore, uint32_t object, refheap_id to)
{
	int n = refheap_batch_new_weakref_cookie(restore->batch, to, 0, 0);
	int err = added_object(restore, n, object);

	if (err)
		return err;
	return added(restore, refheap_batch_disarm(restore->batch,
						   restore->id[object]));
}

/* What a dead one referred to is an object that lives until the batch ends. */
static int make_dead_weakref(struct restore *restore, uint32_t object)
{
	int n = refheap_batch_new_list(restore->batch, NULL, 0);
	int err = added(restore, refheap_batch_temp(restore->batch, n));

	if (err)
		return err;
	return make_own_weakref(restore, object, REFHEAP_ID_RESULT(n));
}

static int make_weakref(struct restore *restore, uint32_t object)
{
	uint32_t to = referent(restore, object);
	bool callback = record_of(restore, object)->flags & REFHEAP_INFO_CALLBACK;
	int err = make_room(restore, 0);

	if (err)
		return err;
	if (!to || !is_kept(restore, to - 1))
		return make_dead_weakref(restore, object);
	if (callback || (restore->state[to - 1] & SHARED))
		return make_own_weakref(restore, object, restore->id[to - 1]);
	restore->state[to - 1] |= SHARED;
	return added_object(restore,
			    refheap_batch_new_weakref(restore->batch,
						      restore->id[to - 1]),
			    object);
}

/* In the order of slots, which is about that in which they were made. */
static int make_object(struct restore *restore, uint32_t object)
{
	unsigned int kind = record_of(restore, object)->kind;

	if (rh_kind_is_leaf(kind))
		return make_leaf(restore, object);
	switch (kind) {
	case REFHEAP_KIND_WEAKREF:
		return 0;
	case REFHEAP_KIND_TUPLE:
		return is_ready(restore, object) ?
		       make_whole(restore, object, REFHEAP_OP_TUPLE) : 0;
	case REFHEAP_KIND_LIST:
		if (is_ready(restore, object))
			return make_whole(restore, object, REFHEAP_OP_LIST);
		break;
	case REFHEAP_KIND_DICT:
		if (is_ready(restore, object))
			return make_whole(restore, object, REFHEAP_OP_DICT);
		break;
	case REFHEAP_KIND_SET:
		if (is_ready(restore, object))
			return make_whole(restore, object, REFHEAP_OP_SET);
		break;
	default:
		if (is_slotted(restore, object))
			return make_slotted(restore, object);
		break;
	}
	return make_empty(restore, object);
}

/* Whether it refers to something of a group whose ids are not known yet. */
static bool needs_group(const struct restore *restore, uint32_t object)
{
	const uint32_t *edge = rh_image_edges(restore->image, object);
	uint64_t n = restore->members ? record_of(restore, object)->n : 0;

	for (uint64_t i = 0; i < n; i++) {
		if (edge[i] && restore->id[edge[i] - 1] &&
		    !REFHEAP_ID_TAG(restore->id[edge[i] - 1]))
			return true;
	}
	return false;
}

static bool may_be_grouped(const struct restore *restore, uint32_t object)
{
	const struct rh_image_type_info *type =
		&restore->image->type[record_of(restore, object)->type];

	return is_slotted(restore, object) &&
	       !(type->flags & (REFHEAP_TYPE_FINALIZER | REFHEAP_TYPE_LEGACY));
}

/*
 * Those to be made together with @first, which is one of them. How many there
 * are; @*next: where to go on behind them.
 */
static uint32_t find_group(const struct restore *restore, uint32_t first, uint32_t *member,
			   uint32_t *next)
{
	const struct refheap_image *image = restore->image;
	uint64_t slots = record_of(restore, first)->n;
	uint32_t n = 0, i, most = REFHEAP_MAX_INSTANCES;

	if (slots * most > REFHEAP_MAX_IDS)
		most = slots < REFHEAP_MAX_IDS ? (uint32_t)(REFHEAP_MAX_IDS / slots) : 1;
	for (i = first; i < image->count && n < most; i++) {
		if (!is_kept(restore, i) || rh_kind_is_leaf(image->record[i].kind))
			continue;
		if (image->record[i].type != image->record[first].type ||
		    !may_be_grouped(restore, i))
			break;
		member[n++] = i;
	}
	*next = i;
	return n;
}

static int add_group(struct restore *restore, const uint32_t *member, uint32_t count)
{
	const struct rh_image_record *record = record_of(restore, *member);
	int err = 0, n;

	for (uint32_t i = 0; i < count; i++)
		restore->id[member[i]] = REFHEAP_ID_MADE(i);
	for (uint32_t i = 0; !err && i < count; i++)
		err = find_values(restore, member[i], restore->ids + i * record->n);
	if (err)
		return err;
	n = refheap_batch_new_instances(restore->batch, restore->types[record->type],
					restore->ids, record->n, count);
	if (n < 0)
		return n;
	restore->made[n] = GROUP;
	memcpy(restore->member + restore->members, member, count * sizeof(*member));
	restore->members += count;
	return 0;
}

/* Makes instances from @first on; @*next: where to go on behind them. */
static int make_instances(struct restore *restore, uint32_t first, uint32_t *next)
{
	uint32_t member[REFHEAP_MAX_INSTANCES];
	uint32_t count = find_group(restore, first, member, next);
	bool wait = restore->members + count > MEMBERS;
	int err = 0;

	for (uint32_t i = 0; !wait && i < count; i++)
		wait = needs_group(restore, member[i]);
	if (wait)
		err = flush(restore);
	if (!err && count >= GROUP_LEAST) {
		err = make_room(restore, count * (record_of(restore, first)->n + 1) *
					 sizeof(*restore->ids));
		return err ? err : add_group(restore, member, count);
	}
	for (uint32_t i = 0; !err && i < count; i++)
		err = make_slotted(restore, member[i]);
	return err;
}

static int make_leaves(struct restore *restore)
{
	const struct refheap_image *image = restore->image;
	int err = 0;

	for (uint32_t i = 1; !err && i < image->count; i++) {
		if (is_kept(restore, i) && rh_kind_is_leaf(image->record[i].kind))
			err = make_leaf(restore, i);
	}
	return err;
}

static int make_containers(struct restore *restore)
{
	const struct refheap_image *image = restore->image;
	uint32_t next;
	int err = 0;

	for (uint32_t i = 1; !err && i < image->count; i = next) {
		next = i + 1;
		if (!is_kept(restore, i) || rh_kind_is_leaf(image->record[i].kind))
			continue;
		if (may_be_grouped(restore, i)) {
			err = make_instances(restore, i, &next);
			continue;
		}
		if (needs_group(restore, i))
			err = flush(restore);
		if (!err)
			err = make_object(restore, i);
	}
	return err ? err : flush(restore);
}

/* What can be made only when all that it refers to is there. */
static int make_ordered(struct restore *restore)
{
	const struct refheap_image *image = restore->image;
	int err = 0;

	for (uint32_t i = 0; !err && i < image->ordered; i++) {
		uint32_t object = image->order[i];

		if (!is_kept(restore, object) || restore->id[object])
			continue;
		if (image->record[object].kind == REFHEAP_KIND_TUPLE)
			err = make_whole(restore, object, REFHEAP_OP_TUPLE);
		else
			err = make_weakref(restore, object);
	}
	return err;
}

static int make_objects(struct restore *restore)
{
	int err;

	restore->id[0] = REFHEAP_ID_ROOT;
	err = make_leaves(restore);
	if (!err)
		err = make_containers(restore);
	return err ? err : make_ordered(restore);
}

static int fill_list(struct restore *restore, uint32_t object)
{
	const uint32_t *edge = rh_image_edges(restore->image, object);
	uint64_t left = record_of(restore, object)->n;
	size_t count;
	int err = 0;

	for (; !err && left; left -= count, edge += count) {
		count = left < REFHEAP_MAX_IDS ? left : REFHEAP_MAX_IDS;
		err = make_room(restore, count * sizeof(*restore->ids));
		if (err)
			break;
		for (size_t i = 0; i < count; i++)
			restore->ids[i] = restore->id[edge[i] - 1];
		err = added(restore, refheap_batch_extend(restore->batch, restore->id[object],
							  restore->ids, count));
	}
	return err;
}

static int fill_slots(struct restore *restore)
{
	const struct refheap_image *image = restore->image;
	int err = 0;

	for (uint64_t i = 0; !err && i < restore->unsets; i++) {
		uint32_t object = restore->unset[i].object, slot = restore->unset[i].slot;
		uint32_t value = rh_image_edges(image, object)[slot] - 1;
		char **name = image->type[record_of(restore, object)->type].slots;

		err = make_room(restore, REFHEAP_NAME_MAX);
		if (!err)
			err = added(restore,
				    refheap_batch_set_attr(restore->batch,
							   restore->id[object], name[slot],
							   restore->id[value]));
	}
	return err;
}

/* The name of an attribute may have any characters, NUL included. */
static int set_attribute(struct restore *restore, uint32_t object, uint32_t name,
			 uint32_t value)
{
	const struct rh_call call = {
		.op = {
			.code = REFHEAP_OP_SET_ATTR,
			.a = restore->id[object],
			.c = restore->id[value],
		},
		.objects = RH_OBJECT_A | RH_OBJECT_C,
		.data = rh_image_payload(restore->image, name),
		.data_len = record_of(restore, name)->n,
	};

	return added(restore, rh_batch_call(restore->batch, call));
}

/* What a weakly held cell stands for, from 1; 0: it is gone. */
static uint32_t alive(const struct restore *restore, uint32_t cell)
{
	uint32_t to = cell ? referent(restore, cell - 1) : 0;

	return to && is_kept(restore, to - 1) ? to : 0;
}

static int fill_entry(struct restore *restore, uint32_t object, const uint32_t *cell)
{
	unsigned int kind = record_of(restore, object)->kind;
	uint32_t key = cell[0], value;
	refheap_id to = restore->id[object];

	if (kind == REFHEAP_KIND_WEAK_KEY_DICT || kind == REFHEAP_KIND_WEAK_SET)
		key = alive(restore, key);
	if (!key)
		return 0;
	if (kind == REFHEAP_KIND_SET || kind == REFHEAP_KIND_WEAK_SET)
		return added(restore, refheap_batch_add_member(restore->batch, to,
							       restore->id[key - 1]));
	value = cell[1];
	if (kind == REFHEAP_KIND_WEAK_VALUE_DICT)
		value = alive(restore, value);
	if (!value)
		return 0;
	if (kind == REFHEAP_KIND_INSTANCE)
		return set_attribute(restore, object, key - 1, value - 1);
	return added(restore, refheap_batch_set_key(restore->batch, to,
						    restore->id[key - 1],
						    restore->id[value - 1]));
}

static int fill_map(struct restore *restore, uint32_t object)
{
	const uint32_t *edge = rh_image_edges(restore->image, object);
	uint64_t stride = rh_image_stride(restore->image, object);
	int err = 0;

	for (uint64_t i = 0; !err && i < record_of(restore, object)->n; i += stride) {
		size_t bytes = 0;

		if (record_of(restore, object)->kind == REFHEAP_KIND_INSTANCE && edge[i])
			bytes = record_of(restore, edge[i] - 1)->n;
		err = make_room(restore, bytes);
		if (!err)
			err = fill_entry(restore, object, edge + i);
	}
	return err;
}

static int fill_object(struct restore *restore, uint32_t object)
{
	unsigned int kind = record_of(restore, object)->kind;

	if (kind == REFHEAP_KIND_TUPLE || kind == REFHEAP_KIND_WEAKREF)
		return 0;
	return kind == REFHEAP_KIND_LIST ? fill_list(restore, object) :
					   fill_map(restore, object);
}

/* The root comes last: its entries are the names. */
static int fill_objects(struct restore *restore)
{
	int err = fill_slots(restore);

	for (uint32_t i = 1; !err && i < restore->image->count; i++) {
		if ((restore->state[i] & (KEPT | FILLED)) == KEPT)
			err = fill_object(restore, i);
	}
	if (!err)
		err = flush(restore);
	if (!err)
		err = fill_object(restore, 0);
	return err ? err : flush(restore);
}

static int define_types(struct restore *restore)
{
	const struct refheap_image *image = restore->image;
	int err = 0;

	for (uint32_t i = 1; !err && i <= image->types; i++) {
		const struct rh_image_type_info *type = &image->type[i];
		const struct refheap_type_def definition = {
			.name = type->name,
			.base = type->base ? restore->types[type->base] : 0,
			.flags = type->flags,
			.slots = (const char *const *)type->slots + type->own,
			.slot_count = type->slot_count - type->own,
		};

		err = refheap_type_define(restore->session, &definition,
					  &restore->types[i]);
	}
	return err;
}

static int restore_alloc(struct restore *restore)
{
	size_t count = restore->image->count;

	restore->id = calloc(count, sizeof(*restore->id));
	restore->ids = malloc(REFHEAP_MAX_IDS * sizeof(*restore->ids));
	restore->state = calloc(count, 1);
	restore->made = malloc(BATCH_OPS * sizeof(*restore->made));
	restore->member = malloc(MEMBERS * sizeof(*restore->member));
	restore->types = calloc(restore->image->types + 1ULL, sizeof(*restore->types));
	restore->stack = malloc(count * sizeof(*restore->stack));
	restore->waiting = calloc(count, sizeof(*restore->waiting));
	if (!restore->id || !restore->ids || !restore->state || !restore->made ||
	    !restore->member || !restore->types || !restore->stack || !restore->waiting)
		return -ENOMEM;
	return refheap_batch_alloc(&restore->batch);
}

static void restore_free(struct restore *restore)
{
	refheap_batch_free(restore->batch);
	free(restore->id);
	free(restore->ids);
	free(restore->state);
	free(restore->made);
	free(restore->member);
	free(restore->types);
	free(restore->stack);
	free(restore->waiting);
	free(restore->ephemeron);
	free(restore->unset);
}

static int fill_heap(const struct refheap_image *image, struct refheap *session,
		     uint32_t submit)
{
	struct restore restore = { .image = image, .session = session, .submit = submit };
	int err = restore_alloc(&restore);

	if (!err)
		err = find_kept(&restore);
	if (!err)
		err = define_types(&restore);
	if (!err)
		err = make_objects(&restore);
	if (!err)
		err = fill_objects(&restore);
	restore_free(&restore);
	return err;
}

/*
 * Nothing is garbage while it is made, and all of it is old afterwards: a
 * collection would look at everything for nothing.
 */
static int fill_quietly(const struct refheap_image *image, struct refheap *session,
			struct refheap_ctl *ctl, uint32_t submit)
{
	uint32_t heap = refheap_heap(session);
	int err = refheap_gc_disable(ctl, heap);

	if (!err)
		err = fill_heap(image, session, submit);
	if (!err)
		err = refheap_freeze(session);
	if (!err)
		err = refheap_unfreeze(session);
	return err ? err : refheap_gc_enable(ctl, heap);
}

int refheap_restore(const struct refheap_image *image, const char *name,
		    const struct refheap_options *options)
{
	struct refheap_options own = REFHEAP_OPTIONS_INIT;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	struct refheap *session;
	uint32_t submit;
	int err;

	if (options)
		own = *options;
	submit = own.flags & REFHEAP_SUBMIT_INTERRUPTIBLE;
	own.flags &= ~REFHEAP_SUBMIT_INTERRUPTIBLE;
	own.flags |= REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL;
	err = refheap_ctl_open(&ctl);
	if (!err)
		err = refheap_open_with(name ? name : image->head->heap, &own, &session);
	if (err)
		return err;
	err = fill_quietly(image, session, ctl, submit);
	if (err)
		refheap_heap_remove(ctl, refheap_heap(session));
	refheap_close(session);
	return err;
}
