/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Restoring a heap: what the steps have in common. */
#ifndef LIBREFHEAP_RESTORE_H
#define LIBREFHEAP_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "image.h"

#define BATCH_OPS	8192
#define BATCH_BYTES	(1U << 20)
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

static inline const struct rh_image_record *rh_record_of(const struct restore *restore,
							 uint32_t object)
{
	return &restore->image->record[object];
}

/* What a weak reference refers to, from 1, or 0. */
static inline uint32_t rh_referent(const struct restore *restore, uint32_t weakref)
{
	return rh_record_of(restore, weakref)->n ?
	       *rh_image_edges(restore->image, weakref) : 0;
}

static inline bool rh_is_kept(const struct restore *restore, uint32_t object)
{
	return restore->state[object] & KEPT;
}

/* Room for one more than @count: the array, or another one, or NULL. */
void *rh_restore_grow(void *array, uint64_t *room, uint64_t count, size_t each);

/* Marks what names keep; of weak-valued dicts the keys of what is kept only. */
int rh_restore_find_kept(struct restore *restore);

/* Execute what the batch has; results become ids. */
int rh_restore_flush(struct restore *restore);

/* Room for an operation, and up to three beside it, with @bytes of input. */
int rh_restore_room(struct restore *restore, size_t bytes);

/* An operation was added (or not, @n then is an error) that makes nothing. */
int rh_restore_added(struct restore *restore, int n);

/* Likewise, that makes @object. */
int rh_restore_made(struct restore *restore, int n, uint32_t object);

/* All that is kept: objects, then what they lack, the names last. */
int rh_restore_make(struct restore *restore);
int rh_restore_fill(struct restore *restore);

#endif
