// SPDX-License-Identifier: GPL-2.0
/*
 * Lists grow as CPython's do, by an eighth and a few, so that appending is
 * linear in all.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "collect.h"
#include "list.h"

static void cells_init(struct rh_cells *cells, u32 n, u32 capacity)
{
	cells->n = n;
	cells->capacity = capacity;
	memset(cells->cell + n, 0, (size_t)(capacity - n) * sizeof(u32));
}

int rh_sequence_new(struct rh_heap *heap, u32 kind, u32 n, u32 *slot)
{
	u32 block;
	int err;

	if (n > heap->params.max_cells)
		return -EFBIG;
	err = rh_object_prepare(heap, kind, n ? rh_cells_bytes(n) : 0, &block);
	if (err)
		return err;
	if (block)
		cells_init(rh_block(heap, REFHEAP_SPACE_REFS, block), 0, n);
	*slot = rh_object_publish(heap, kind, 0, block, 0);
	return 0;
}

void rh_sequence_append(struct rh_heap *heap, u32 slot, u32 item)
{
	struct rh_cells *cells = rh_cells(heap, slot);

	rh_cell_fill(heap, slot, &cells->cell[cells->n++], item);
}

u32 rh_sequence_len(const struct rh_heap *heap, u32 slot)
{
	const struct rh_cells *cells = rh_cells(heap, slot);

	return cells ? cells->n : 0;
}

static int resize(struct rh_heap *heap, u32 slot, u32 capacity)
{
	struct rh_cells *old = rh_cells(heap, slot), *cells;
	size_t bytes = capacity ? rh_cells_bytes(capacity) : 0;
	u32 n = old ? old->n : 0, block;
	int err = 0;

	if (!old || capacity > old->capacity)
		err = rh_object_may_grow(heap, bytes);
	if (!err)
		err = rh_block_alloc(heap, REFHEAP_SPACE_REFS, bytes, &block);
	if (err)
		return err;
	if (block) {
		cells = rh_block(heap, REFHEAP_SPACE_REFS, block);
		cells_init(cells, n, capacity);
		if (n)
			memcpy(cells->cell, old->cell, n * sizeof(u32));
	}
	rh_object_reblock(heap, slot, block, bytes, rh_block_bytes(heap, slot));
	rh_slice_book_bytes(heap, bytes);
	return 0;
}

int rh_list_prepare(struct rh_heap *heap, u32 slot, u32 n)
{
	const struct rh_cells *cells = rh_cells(heap, slot);
	u32 all = n + (cells ? cells->n : 0), capacity;

	if (!n || (cells && all <= cells->capacity))
		return 0;
	if (all > heap->params.max_cells)
		return -EFBIG;
	/* Even, so that the header and the cells fill units of 16 bytes. */
	capacity = ((all + ((all - 1) >> 3) + 4) & ~3U) + 2;
	return resize(heap, slot, min(capacity, heap->params.max_cells));
}

void rh_list_insert(struct rh_heap *heap, u32 slot, u32 index, u32 item)
{
	struct rh_cells *cells = rh_cells(heap, slot);

	memmove(&cells->cell[index + 1], &cells->cell[index],
		(size_t)(cells->n - index) * sizeof(u32));
	rh_slice_book_bytes(heap, (u64)(cells->n - index) * sizeof(u32));
	cells->n++;
	rh_cell_fill(heap, slot, &cells->cell[index], item);
}

u32 rh_list_remove(struct rh_heap *heap, u32 slot, u32 index)
{
	struct rh_cells *cells = rh_cells(heap, slot);
	u32 item = rh_cell_empty(heap, slot, &cells->cell[index]);

	cells->n--;
	memmove(&cells->cell[index], &cells->cell[index + 1],
		(size_t)(cells->n - index) * sizeof(u32));
	cells->cell[cells->n] = 0;
	rh_slice_book_bytes(heap, (u64)(cells->n - index) * sizeof(u32));
	rh_cells_removed(heap, slot, index, 1);
	/* Giving room back may fail; then it stays. */
	if (cells->capacity > 16 && cells->n < cells->capacity / 4)
		(void)resize(heap, slot, cells->capacity / 2);
	return item;
}
