// SPDX-License-Identifier: GPL-2.0
/*
 * Inspection: objects one by one, and walks over all of them. None of it gains
 * a reference, so none of it touches anything.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "inspect.h"
#include "list.h"
#include "map.h"
#include "referrers.h"
#include "table.h"
#include "type.h"
#include "value.h"
#include "weakref.h"

u64 rh_object_len(const struct rh_heap *heap, u32 slot)
{
	const struct rh_cells *cells;
	u32 i, n = 0;

	if (rh_kind_is_leaf(rh_kind(heap, slot)))
		return rh_length(heap, slot);
	if (rh_object_is_map(heap, slot))
		return rh_map_len(heap, slot);
	if (rh_kind(heap, slot) != REFHEAP_KIND_INSTANCE)
		return rh_sequence_len(heap, slot);
	cells = rh_cells(heap, slot);
	for (i = 0; cells && i < cells->n; i++)
		n += cells->cell[i] != 0;
	return n;
}

u32 rh_object_flags(const struct rh_heap *heap, u32 slot)
{
	u32 meta = rh_head(heap, slot)->meta, type = rh_meta_type(meta), flags = 0;

	if (meta & RH_META_TRACKED)
		flags |= REFHEAP_INFO_TRACKED;
	if (meta & RH_META_INTERNED)
		flags |= REFHEAP_INFO_INTERNED;
	if (meta & RH_META_IMMORTAL)
		flags |= REFHEAP_INFO_IMMORTAL;
	if (rh_meta_gen(meta) == RH_PERMANENT)
		flags |= REFHEAP_INFO_FROZEN;
	if (meta & RH_META_GARBAGE)
		flags |= REFHEAP_INFO_GARBAGE;
	if (meta & RH_META_MAPPED)
		flags |= REFHEAP_INFO_MAPPED;
	if (meta & RH_META_FINALIZED)
		flags |= REFHEAP_INFO_FINALIZED;
	if (type && rh_type_has_finalizer(heap, type))
		flags |= REFHEAP_INFO_FINALIZER;
	if (rh_meta_kind(meta) == REFHEAP_KIND_WEAKREF &&
	    (rh_weak(heap, slot)->flags & RH_WEAK_ARMED))
		flags |= REFHEAP_INFO_CALLBACK;
	return flags;
}

void rh_object_info(const struct rh_heap *heap, u32 slot, struct refheap_info *info)
{
	const struct rh_head *head = rh_head(heap, slot);

	*info = (struct refheap_info){
		.id = rh_id(heap, slot),
		.sizeof_ = rh_object_sizeof(heap, slot),
		.length = rh_object_len(heap, slot),
		.value = rh_leaf_scalar(heap, slot),
		.refcount = rh_object_refcount(heap, slot),
		.kind = rh_meta_kind(head->meta),
		.generation = rh_meta_gen(head->meta),
		.type = rh_meta_type(head->meta),
		.flags = rh_object_flags(heap, slot),
		.weakrefs = rh_weakref_count(heap, slot),
	};
	if (info->kind == REFHEAP_KIND_WEAKREF)
		info->value = rh_id(heap, rh_weakref_referent(heap, slot));
}

static void describe(const struct rh_heap *heap, u32 slot, struct rh_object *object)
{
	memset(object, 0, sizeof(*object));
	rh_object_info(heap, slot, &object->info);
	if (!rh_kind_is_leaf(object->info.kind))
		return;
	object->value_len = min_t(u64, object->info.length, sizeof(object->value));
	if (object->value_len)
		memcpy(object->value, rh_payload(heap, slot), object->value_len);
}

int rh_object_get(struct rh_heap *heap, u64 id, struct rh_object *object)
{
	int err;
	u32 slot = rh_lookup(heap, id, &err);

	rh_assert_locked(heap);
	if (slot)
		describe(heap, slot, object);
	return err;
}

bool rh_is_visible(const struct rh_heap *heap, u32 slot)
{
	u32 meta = rh_head(heap, slot)->meta;

	return rh_meta_kind(meta) && !(meta & RH_META_DEAD) && !rh_is_condemned(heap, slot);
}

static bool passes(const struct rh_heap *heap, const struct rh_scan *scan, u32 slot)
{
	u32 meta = rh_head(heap, slot)->meta, filters = scan->filters;

	if (!rh_is_visible(heap, slot))
		return false;
	if ((filters & (RH_SCAN_TRACKED | RH_SCAN_GENERATION)) && !(meta & RH_META_TRACKED))
		return false;
	if ((filters & RH_SCAN_GENERATION) && rh_meta_gen(meta) != scan->generation)
		return false;
	if ((filters & RH_SCAN_TYPE) && rh_meta_type(meta) != scan->type)
		return false;
	if ((filters & RH_SCAN_KIND) && rh_meta_kind(meta) != scan->kind)
		return false;
	return !(filters & RH_SCAN_GARBAGE) || (meta & RH_META_GARBAGE);
}

static int scan_all(struct rh_heap *heap, struct rh_scan *scan, struct rh_object *objects,
		    u32 max, u32 *n)
{
	u32 end = rh_table_end(heap);

	for (;; scan->cursor++) {
		scan->cursor = rh_used_next(heap, min(scan->cursor, end));
		if (scan->cursor >= end)
			return RH_DONE;
		if (*n == max || rh_slice_over(heap))
			return RH_MORE;
		if (passes(heap, scan, scan->cursor))
			describe(heap, scan->cursor, &objects[(*n)++]);
	}
}

static int scan_referrers(struct rh_heap *heap, struct rh_scan *scan, u32 subject,
			  struct rh_object *objects, u32 max, u32 *n)
{
	for (; *n < max; scan->cursor++) {
		if (rh_referrers_next(heap, scan, subject) == RH_MORE)
			return RH_MORE;
		if (scan->cursor >= rh_table_end(heap))
			return RH_DONE;
		if (!passes(heap, scan, scan->cursor))
			continue;
		describe(heap, scan->cursor, &objects[*n]);
		objects[(*n)++].edges = scan->edges;
	}
	return RH_MORE;
}

static int scan_referents(struct rh_heap *heap, struct rh_scan *scan, u32 subject,
			  struct rh_object *objects, u32 max, u32 *n)
{
	const struct rh_cells *cells;

	if (rh_kind_is_leaf(rh_kind(heap, subject)))
		return RH_DONE;
	cells = rh_cells(heap, subject);
	for (; scan->cell < rh_cells_used(heap, subject); scan->cell++) {
		u32 slot = cells->cell[scan->cell];

		if (*n == max || rh_slice_over(heap))
			return RH_MORE;
		if (!slot || !passes(heap, scan, slot))
			continue;
		describe(heap, slot, &objects[*n]);
		objects[(*n)++].edges = 1;
	}
	return RH_DONE;
}

int rh_scan_step(struct rh_heap *heap, struct rh_scan *scan,
		 struct rh_object *objects, u32 max, u32 *n)
{
	u32 subject = 0;
	int err;

	rh_assert_locked(heap);
	rh_slice_begin(heap);
	*n = 0;
	if (scan->filters & (RH_SCAN_REFERRERS | RH_SCAN_REFERENTS)) {
		subject = rh_lookup(heap, scan->subject, &err);
		if (!subject)
			return err;
	}
	if (scan->filters & RH_SCAN_REFERENTS)
		return scan_referents(heap, scan, subject, objects, max, n);
	if (scan->filters & RH_SCAN_REFERRERS)
		return scan_referrers(heap, scan, subject, objects, max, n);
	return scan_all(heap, scan, objects, max, n);
}

/*
 * Where a payload begins within its first page, counted from the start of the
 * memory that was allocated for its arena.
 */
static u32 payload_offset(const struct rh_heap *heap, u32 slot)
{
	return (unsigned long)rh_payload(heap, slot) & (RH_PAGE_BYTES - 1);
}

int rh_payload_view(const struct rh_heap *heap, u32 slot, u32 *offset)
{
	if (!rh_kind_is_leaf(rh_kind(heap, slot)) || !rh_length(heap, slot))
		return -EOPNOTSUPP;
	*offset = payload_offset(heap, slot);
	return 0;
}

static u32 payload_pages(const struct rh_heap *heap, u32 slot)
{
	u64 end = (u64)payload_offset(heap, slot) + rh_length(heap, slot);

	return (end + RH_PAGE_BYTES - 1) / RH_PAGE_BYTES;
}

static bool may_write(const struct rh_heap *heap, u32 slot)
{
	return rh_kind(heap, slot) == REFHEAP_KIND_BYTEARRAY;
}

int rh_payload_mapped(struct rh_heap *heap, u32 slot, u32 pages, bool write, u32 *tag,
		      u32 *offset)
{
	int err;

	rh_assert_locked(heap);
	if (!slot || !rh_slot_exists(heap, &slot) || !rh_is_visible(heap, slot))
		return -ENOENT;
	err = rh_payload_view(heap, slot, offset);
	if (err)
		return err;
	if (write && !may_write(heap, slot))
		return -EACCES;
	if (pages > payload_pages(heap, slot))
		return -EINVAL;
	*tag = rh_tag(heap, slot);
	return 0;
}

void *rh_payload_page(struct rh_heap *heap, u32 slot, u32 tag, u32 offset, u32 page,
		      bool write)
{
	u32 now;
	int err;

	rh_assert_locked(heap);
	if (rh_lookup(heap, REFHEAP_ID(slot, tag), &err) != slot ||
	    rh_payload_view(heap, slot, &now) || now != offset ||
	    page >= payload_pages(heap, slot) || (write && !may_write(heap, slot)))
		return NULL;
	rh_head(heap, slot)->meta |= RH_META_MAPPED;
	return (u8 *)rh_payload(heap, slot) - offset + (size_t)page * RH_PAGE_BYTES;
}
