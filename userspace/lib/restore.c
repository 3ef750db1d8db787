// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Making a heap of a file: first all objects, those without edges before the
 * others, each with what it refers to when that is there already, then the rest
 * of the edges, at last the names. The session holds all of it until then;
 * closing it leaves what has names.
 */
#include <errno.h>
#include <stdlib.h>

#include "restore.h"

/* Room for one more than @count: the array, or another one, or NULL. */
void *rh_restore_grow(void *array, uint64_t *room, uint64_t count, size_t each)
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
		err = rh_restore_find_kept(&restore);
	if (!err)
		err = define_types(&restore);
	if (!err)
		err = rh_restore_make(&restore);
	if (!err)
		err = rh_restore_fill(&restore);
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
