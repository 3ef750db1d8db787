// SPDX-License-Identifier: LGPL-2.1-or-later
/* Restoring a heap: what of a file names keep, which is what is made. */
#include <errno.h>

#include "restore.h"

static void keep(struct restore *restore, uint32_t object)
{
	if (rh_is_kept(restore, object))
		return;
	restore->state[object] |= KEPT;
	restore->stack[restore->depth++] = object;
}

/* The value is kept as soon as the key is. */
static int keep_ephemeron(struct restore *restore, uint32_t key, uint32_t value)
{
	struct ephemeron *grown;

	if (rh_is_kept(restore, key)) {
		keep(restore, value);
		return 0;
	}
	grown = rh_restore_grow(restore->ephemeron, &restore->ephemeron_room, restore->ephemerons,
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
	unsigned int kind = rh_record_of(restore, object)->kind;
	uint64_t n = rh_record_of(restore, object)->n;
	int err = 0;

	if (kind == REFHEAP_KIND_WEAKREF || kind == REFHEAP_KIND_WEAK_SET)
		return 0;
	for (uint64_t i = 0; !err && i < n; i++) {
		if (!edge[i])
			continue;
		if (kind == REFHEAP_KIND_WEAK_KEY_DICT) {
			uint32_t key = rh_referent(restore, edge[i] - 1);

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
int rh_restore_find_kept(struct restore *restore)
{
	int err = 0;

	keep(restore, 0);
	while (!err && restore->depth) {
		uint32_t object = restore->stack[--restore->depth];

		for (uint32_t n = restore->waiting[object]; n;
		     n = restore->ephemeron[n - 1].next)
			keep(restore, restore->ephemeron[n - 1].value);
		if (!rh_kind_is_leaf(rh_record_of(restore, object)->kind))
			err = keep_cells(restore, object);
	}
	return err;
}
