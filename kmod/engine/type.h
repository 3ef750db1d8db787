/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Types of instances, and their attributes.
 */
#ifndef REFHEAP_ENGINE_TYPE_H
#define REFHEAP_ENGINE_TYPE_H

#include "object.h"

static inline bool rh_type_has_dict(const struct rh_heap *heap, u32 type)
{
	return heap->types.type[type]->flags & REFHEAP_TYPE_DICT;
}

static inline bool rh_type_is_legacy(const struct rh_heap *heap, u32 slot)
{
	u32 type = rh_meta_type(rh_head(heap, slot)->meta);

	return type && (heap->types.type[type]->flags & REFHEAP_TYPE_LEGACY);
}

/* Whether instances have a finalizer: a legacy one is run like any when its time has come. */
static inline bool rh_type_has_finalizer(const struct rh_heap *heap, u32 type)
{
	return heap->types.type[type]->flags & (REFHEAP_TYPE_FINALIZER | REFHEAP_TYPE_LEGACY);
}

/*
 * Defines a type as REFHEAP_OP_TYPE_NEW describes it in @data.
 * Return: its id, or -EINVAL, -EEXIST, -ENOENT (base), -EILSEQ, -EFBIG,
 * -ENOMEM, -EDQUOT, -EOVERFLOW.
 */
int rh_type_new(struct rh_heap *heap, const u8 *data, u32 len);

/* Return: the id of the type of that name, or -ENOENT. */
int rh_type_find(const struct rh_heap *heap, const void *name, u32 len);

/* Whether there is such a type, and it has @n slots at least. Return: 0, -ENOENT or -EINVAL. */
int rh_type_check(const struct rh_heap *heap, u32 type, u32 n);

/*
 * Makes an instance of a type that exists with all attributes unset, whose
 * finalizer @holder will run. Return: 0 or an errno.
 */
int rh_instance_new(struct rh_heap *heap, struct rh_holder *holder, u32 type, u32 *slot);

/* Which slot of a slotted type that is, or -ENODATA. */
int rh_type_slot(const struct rh_heap *heap, u32 type, const void *name, u32 len);

void rh_type_exit(struct rh_heap *heap);

#endif
