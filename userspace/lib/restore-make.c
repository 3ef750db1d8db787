// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Restoring a heap: objects, those without edges before the others, each with
 * what it refers to when that is there already.
 */
#include <errno.h>

#include "restore.h"

static int make_leaf(struct restore *restore, uint32_t object)
{
	const struct rh_image_record *record = rh_record_of(restore, object);
	const char *payload = rh_image_payload(restore->image, object);
	struct refheap_op op = { 0 };
	const uint64_t *scalar = (const uint64_t *)payload;
	int err = rh_restore_room(restore, record->n);

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
		return rh_restore_made(restore,
				       refheap_batch_add(restore->batch, &op, NULL, 0, 0),
				       object);
	}
	return rh_restore_made(restore, refheap_batch_add(restore->batch, &op, payload,
							  record->n, 0), object);
}

static uint64_t simple_key_bytes(const struct restore *restore, uint32_t object)
{
	const struct rh_image_record *record = rh_record_of(restore, object);

	return rh_kind_is_leaf(record->kind) ? 64 + record->n : 64;
}

/* What the kernel has to look at, at most, when that is a key. */
static uint64_t key_bytes(const struct restore *restore, uint32_t object)
{
	const struct rh_image_record *record = rh_record_of(restore, object);
	const uint32_t *edge = rh_image_edges(restore->image, object);
	uint64_t bytes = 0;

	if (record->kind != REFHEAP_KIND_TUPLE)
		return simple_key_bytes(restore, object);
	for (uint64_t i = 0; i < record->n; i++) {
		/* What is in tuples in tuples has a bound, too. */
		if (rh_record_of(restore, edge[i] - 1)->kind == REFHEAP_KIND_TUPLE)
			return 2 * RH_KEY_BYTES;
		bytes += simple_key_bytes(restore, edge[i] - 1);
	}
	return bytes;
}

/* Whether all that a container refers to has been made, so that it can be whole. */
static bool is_ready(const struct restore *restore, uint32_t object)
{
	const struct rh_image_record *record = rh_record_of(restore, object);
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
	return keys <= REFHEAP_MAX_KEYS;
}

static int make_whole(struct restore *restore, uint32_t object, uint16_t code)
{
	const struct rh_image_record *record = rh_record_of(restore, object);
	const uint32_t *edge = rh_image_edges(restore->image, object);
	size_t count = 0;
	int err;

	err = rh_restore_room(restore, record->n * sizeof(*restore->ids));
	if (err)
		return err;
	for (uint64_t i = 0; i < record->n; i++) {
		if (edge[i])
			restore->ids[count++] = restore->id[edge[i] - 1];
	}
	restore->state[object] |= FILLED;
	return rh_restore_made(restore,
			       rh_batch_call(restore->batch,
					     rh_call_ids(code, restore->ids, count, 1)),
			       object);
}

static bool is_slotted(const struct restore *restore, uint32_t object)
{
	return rh_record_of(restore, object)->kind == REFHEAP_KIND_INSTANCE &&
	       !rh_image_has_dict(restore->image, object);
}

/* The values of an instance that are there; the others are noted. */
static int find_values(struct restore *restore, uint32_t object, refheap_id *value)
{
	const uint32_t *edge = rh_image_edges(restore->image, object);
	uint64_t n = rh_record_of(restore, object)->n;
	struct unset *grown;

	restore->state[object] |= FILLED;
	for (uint64_t i = 0; i < n; i++) {
		value[i] = edge[i] ? restore->id[edge[i] - 1] : 0;
		if (!edge[i] || value[i])
			continue;
		grown = rh_restore_grow(restore->unset, &restore->unset_room, restore->unsets,
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
	const struct rh_image_record *record = rh_record_of(restore, object);
	int err = rh_restore_room(restore, record->n * sizeof(*restore->ids));

	if (!err)
		err = find_values(restore, object, restore->ids);
	if (err)
		return err;
	return rh_restore_made(restore,
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
	const struct rh_image_record *record = rh_record_of(restore, object);
	const struct refheap_op op = {
		.code = codes[record->kind],
		.arg = record->type ? restore->types[record->type] : 0,
	};
	int err = rh_restore_room(restore, 0);

	if (err)
		return err;
	return rh_restore_made(restore, refheap_batch_add(restore->batch, &op, NULL, 0, 0),
			       object);
}

/* A weak reference of its own, whose callback is given up at once. */
static int make_own_weakref(struct restore *restore, uint32_t object, refheap_id to)
{
	int n = refheap_batch_new_weakref_cookie(restore->batch, to, 0, 0);
	int err = rh_restore_made(restore, n, object);

	if (err)
		return err;
	return rh_restore_added(restore, refheap_batch_disarm(restore->batch,
							      restore->id[object]));
}

/* What a dead one referred to is an object that lives until the batch ends. */
static int make_dead_weakref(struct restore *restore, uint32_t object)
{
	int n = refheap_batch_new_list(restore->batch, NULL, 0);
	int err = rh_restore_added(restore, refheap_batch_temp(restore->batch, n));

	if (err)
		return err;
	return make_own_weakref(restore, object, REFHEAP_ID_RESULT(n));
}

static int make_weakref(struct restore *restore, uint32_t object)
{
	uint32_t to = rh_referent(restore, object);
	bool callback = rh_record_of(restore, object)->flags & REFHEAP_INFO_CALLBACK;
	int err = rh_restore_room(restore, 0);

	if (err)
		return err;
	if (!to || !rh_is_kept(restore, to - 1))
		return make_dead_weakref(restore, object);
	if (callback || (restore->state[to - 1] & SHARED))
		return make_own_weakref(restore, object, restore->id[to - 1]);
	restore->state[to - 1] |= SHARED;
	return rh_restore_made(restore,
			       refheap_batch_new_weakref(restore->batch,
							 restore->id[to - 1]),
			       object);
}

/* In the order of slots, which is about that in which they were made. */
static int make_object(struct restore *restore, uint32_t object)
{
	unsigned int kind = rh_record_of(restore, object)->kind;

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
	uint64_t n = restore->members ? rh_record_of(restore, object)->n : 0;

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
		&restore->image->type[rh_record_of(restore, object)->type];

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
	uint64_t slots = rh_record_of(restore, first)->n;
	uint32_t n = 0, i, most = REFHEAP_MAX_INSTANCES;

	if (slots * most > REFHEAP_MAX_IDS)
		most = slots < REFHEAP_MAX_IDS ? (uint32_t)(REFHEAP_MAX_IDS / slots) : 1;
	for (i = first; i < image->count && n < most; i++) {
		if (!rh_is_kept(restore, i) || rh_kind_is_leaf(image->record[i].kind))
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
	const struct rh_image_record *record = rh_record_of(restore, *member);
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
		err = rh_restore_flush(restore);
	if (!err && count >= GROUP_LEAST) {
		err = rh_restore_room(restore, count * (rh_record_of(restore, first)->n + 1) *
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
		if (rh_is_kept(restore, i) && rh_kind_is_leaf(image->record[i].kind))
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
		if (!rh_is_kept(restore, i) || rh_kind_is_leaf(image->record[i].kind))
			continue;
		if (may_be_grouped(restore, i)) {
			err = make_instances(restore, i, &next);
			continue;
		}
		if (needs_group(restore, i))
			err = rh_restore_flush(restore);
		if (!err)
			err = make_object(restore, i);
	}
	return err ? err : rh_restore_flush(restore);
}

/* What can be made only when all that it refers to is there. */
static int make_ordered(struct restore *restore)
{
	const struct refheap_image *image = restore->image;
	int err = 0;

	for (uint32_t i = 0; !err && i < image->ordered; i++) {
		uint32_t object = image->order[i];

		if (!rh_is_kept(restore, object) || restore->id[object])
			continue;
		if (image->record[object].kind == REFHEAP_KIND_TUPLE)
			err = make_whole(restore, object, REFHEAP_OP_TUPLE);
		else
			err = make_weakref(restore, object);
	}
	return err;
}

int rh_restore_make(struct restore *restore)
{
	int err;

	restore->id[0] = REFHEAP_ID_ROOT;
	err = make_leaves(restore);
	if (!err)
		err = make_containers(restore);
	return err ? err : make_ordered(restore);
}
