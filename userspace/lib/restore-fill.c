// SPDX-License-Identifier: LGPL-2.1-or-later
/* Restoring a heap: the edges that objects were made without, and the names. */
#include "restore.h"

static int fill_list(struct restore *restore, uint32_t object)
{
	const uint32_t *edge = rh_image_edges(restore->image, object);
	uint64_t left = rh_record_of(restore, object)->n;
	size_t count;
	int err = 0;

	for (; !err && left; left -= count, edge += count) {
		count = left < REFHEAP_MAX_IDS ? left : REFHEAP_MAX_IDS;
		err = rh_restore_room(restore, count * sizeof(*restore->ids));
		if (err)
			break;
		for (size_t i = 0; i < count; i++)
			restore->ids[i] = restore->id[edge[i] - 1];
		err = rh_restore_added(restore,
				       refheap_batch_extend(restore->batch,
							    restore->id[object],
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
		char **name = image->type[rh_record_of(restore, object)->type].slots;

		err = rh_restore_room(restore, REFHEAP_NAME_MAX);
		if (!err)
			err = rh_restore_added(restore,
					       refheap_batch_set_attr(restore->batch,
								      restore->id[object],
								      name[slot],
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
		.data_len = rh_record_of(restore, name)->n,
	};

	return rh_restore_added(restore, rh_batch_call(restore->batch, call));
}

/* What a weakly held cell stands for, from 1; 0: it is gone. */
static uint32_t alive(const struct restore *restore, uint32_t cell)
{
	uint32_t to = cell ? rh_referent(restore, cell - 1) : 0;

	return to && rh_is_kept(restore, to - 1) ? to : 0;
}

static int fill_entry(struct restore *restore, uint32_t object, const uint32_t *cell)
{
	unsigned int kind = rh_record_of(restore, object)->kind;
	uint32_t key = cell[0], value;
	refheap_id to = restore->id[object];

	if (kind == REFHEAP_KIND_WEAK_KEY_DICT || kind == REFHEAP_KIND_WEAK_SET)
		key = alive(restore, key);
	if (!key)
		return 0;
	if (kind == REFHEAP_KIND_SET || kind == REFHEAP_KIND_WEAK_SET)
		return rh_restore_added(restore, refheap_batch_add_member(restore->batch, to,
									  restore->id[key - 1]));
	value = cell[1];
	if (kind == REFHEAP_KIND_WEAK_VALUE_DICT)
		value = alive(restore, value);
	if (!value)
		return 0;
	if (kind == REFHEAP_KIND_INSTANCE)
		return set_attribute(restore, object, key - 1, value - 1);
	return rh_restore_added(restore, refheap_batch_set_key(restore->batch, to,
							       restore->id[key - 1],
							       restore->id[value - 1]));
}

static int fill_map(struct restore *restore, uint32_t object)
{
	const uint32_t *edge = rh_image_edges(restore->image, object);
	uint64_t stride = rh_image_stride(restore->image, object);
	int err = 0;

	for (uint64_t i = 0; !err && i < rh_record_of(restore, object)->n; i += stride) {
		size_t bytes = 0;

		if (rh_record_of(restore, object)->kind == REFHEAP_KIND_INSTANCE && edge[i])
			bytes = rh_record_of(restore, edge[i] - 1)->n;
		err = rh_restore_room(restore, bytes);
		if (!err)
			err = fill_entry(restore, object, edge + i);
	}
	return err;
}

static int fill_object(struct restore *restore, uint32_t object)
{
	unsigned int kind = rh_record_of(restore, object)->kind;

	if (kind == REFHEAP_KIND_TUPLE || kind == REFHEAP_KIND_WEAKREF)
		return 0;
	return kind == REFHEAP_KIND_LIST ? fill_list(restore, object) :
					   fill_map(restore, object);
}

/* The root comes last: its entries are the names. */
int rh_restore_fill(struct restore *restore)
{
	int err = fill_slots(restore);

	for (uint32_t i = 1; !err && i < restore->image->count; i++) {
		if ((restore->state[i] & (KEPT | FILLED)) == KEPT)
			err = fill_object(restore, i);
	}
	if (!err)
		err = rh_restore_flush(restore);
	if (!err)
		err = fill_object(restore, 0);
	return err ? err : rh_restore_flush(restore);
}
