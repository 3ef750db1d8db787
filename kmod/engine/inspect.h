/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inspection, for the engine.
 */
#ifndef REFHEAP_ENGINE_INSPECT_H
#define REFHEAP_ENGINE_INSPECT_H

#include "object.h"

/* Whether an object is there for those who look. */
bool rh_is_visible(const struct rh_heap *heap, u32 slot);

/* Items, entries, attributes that are set, or bytes. */
u64 rh_object_len(const struct rh_heap *heap, u32 slot);

/* What that costs, in units: attributes are counted one by one. */
static inline u32 rh_object_len_cost(const struct rh_heap *heap, u32 slot)
{
	u32 type = rh_meta_type(rh_head(heap, slot)->meta);

	return type ? heap->types.type[type]->nslots / 8 : 0;
}

/* REFHEAP_INFO_* */
u32 rh_object_flags(const struct rh_heap *heap, u32 slot);

/* The heap's own reference to what is immortal is nobody's business. */
static inline u32 rh_object_refcount(const struct rh_heap *heap, u32 slot)
{
	const struct rh_head *head = rh_head(heap, slot);

	return head->count - !!(head->meta & RH_META_IMMORTAL);
}

void rh_object_info(const struct rh_heap *heap, u32 slot, struct refheap_info *info);

/* Offset of a payload in its first page. Return: 0, or -EOPNOTSUPP: there is none. */
int rh_payload_view(const struct rh_heap *heap, u32 slot, u32 *offset);

#endif
