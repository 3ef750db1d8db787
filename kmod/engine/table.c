// SPDX-License-Identifier: GPL-2.0
/*
 * The object table grows by segments and never moves: a slot is where it is
 * for as long as the heap lives. The lowest free slot is taken first, which
 * keeps what the collector streams dense.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "table.h"
#include "trace.h"

#define DIRECTORIES	6

/* The directories are parts of one allocation. */
static void directory_set(struct rh_table *table, void **base, u32 capacity)
{
	table->gc = (u32 **)base;
	table->block = (u32 **)(base + capacity);
	table->head = (struct rh_head **)(base + 2 * (size_t)capacity);
	table->tag = (u32 **)(base + 3 * (size_t)capacity);
	table->extra = (u32 **)(base + 4 * (size_t)capacity);
	table->segment = (struct rh_segment **)(base + 5 * (size_t)capacity);
	table->capacity = capacity;
}

static size_t directory_bytes(u32 capacity)
{
	return DIRECTORIES * sizeof(void *) * (size_t)capacity;
}

static int directory_grow(struct rh_heap *heap)
{
	struct rh_table *table = &heap->table;
	u32 i, old = table->capacity, capacity = old ? old * 2 : 8;
	void **from = (void **)table->gc, **base;

	base = rh_alloc(heap, directory_bytes(capacity));
	if (IS_ERR(base))
		return PTR_ERR(base);
	if (old) {
		for (i = 0; i < DIRECTORIES; i++)
			memcpy(base + (size_t)i * capacity, from + (size_t)i * old,
			       old * sizeof(*base));
		rh_free(heap, from, directory_bytes(old));
	}
	directory_set(table, base, capacity);
	return 0;
}

static void segment_init(struct rh_heap *heap, struct rh_segment *segment, u32 index,
			 u32 *gc, u32 *tag)
{
	u32 i, limit = heap->params.max_slots, first = index << RH_SEGMENT_SHIFT;

	segment->nfree = RH_SEGMENT_SLOTS;
	for (i = 0; i < RH_SEGMENT_SLOTS; i++) {
		gc[i] = RH_GC_FREE;
		tag[i] = first + i ? 1 : 0;
		/* Slot 0 is no object; those over the limit are never used. */
		if (first + i == 0 || first + i >= limit) {
			segment->used[i / 64] |= 1ULL << i % 64;
			segment->nfree--;
		}
	}
}

#define WORDS_BYTES	(RH_SEGMENT_SLOTS * sizeof(u32))
#define HEADS_BYTES	(RH_SEGMENT_SLOTS * sizeof(struct rh_head))

static void segment_free(struct rh_heap *heap, struct rh_segment *segment, u32 *gc, u32 *block,
			 struct rh_head *head, u32 *tag)
{
	if (!IS_ERR(tag))
		rh_free_pages(heap, tag, WORDS_BYTES);
	if (!IS_ERR(head))
		rh_free(heap, head, HEADS_BYTES);
	if (!IS_ERR(block))
		rh_free(heap, block, WORDS_BYTES);
	if (!IS_ERR(gc))
		rh_free(heap, gc, WORDS_BYTES);
	if (!IS_ERR(segment))
		rh_free(heap, segment, sizeof(*segment));
}

static int segment_add(struct rh_heap *heap)
{
	struct rh_table *table = &heap->table;
	struct rh_segment *segment;
	u32 *gc, *block, *tag, n = table->nsegments;
	struct rh_head *head;
	int err;

	if (rh_table_end(heap) >= heap->params.max_slots)
		return -EDQUOT;
	if (n == table->capacity) {
		err = directory_grow(heap);
		if (err)
			return err;
	}
	segment = rh_alloc(heap, sizeof(*segment));
	gc = IS_ERR(segment) ? (void *)segment : rh_alloc(heap, WORDS_BYTES);
	block = IS_ERR(gc) ? gc : rh_alloc(heap, WORDS_BYTES);
	head = IS_ERR(block) ? (void *)block : rh_alloc(heap, HEADS_BYTES);
	tag = IS_ERR(head) ? (void *)head : rh_alloc_pages(heap, WORDS_BYTES);
	if (IS_ERR(tag)) {
		segment_free(heap, segment, gc, block, head, tag);
		return PTR_ERR(tag);
	}
	segment_init(heap, segment, n, gc, tag);
	table->gc[n] = gc;
	table->block[n] = block;
	table->head[n] = head;
	table->tag[n] = tag;
	table->segment[n] = segment;
	table->nsegments++;
	table->nfree += segment->nfree;
	return 0;
}

int rh_table_reserve_slow(struct rh_heap *heap, u32 n)
{
	int err;

	while (heap->table.nfree < n) {
		err = segment_add(heap);
		if (err)
			return err;
	}
	return unlikely(heap->trace) ? rh_trace_prepare(heap) : 0;
}

u32 rh_slot_alloc(struct rh_heap *heap)
{
	u32 slot = rh_slot_next(heap);
	struct rh_segment *segment = heap->table.segment[slot >> RH_SEGMENT_SHIFT];

	segment->used[(slot & RH_SEGMENT_MASK) / 64] |= 1ULL << slot % 64;
	segment->nfree--;
	heap->table.nfree--;
	heap->table.live++;
	return slot;
}

/* Return: how many were in it. */
static u32 leave_set(struct rh_segment *segment, u32 set, u32 word, u64 slots)
{
	u32 n;

	if (likely(!segment->nyoung[set]))
		return 0;
	n = hweight64(segment->young[set][word] & slots);
	segment->young[set][word] &= ~slots;
	segment->nyoung[set] -= n;
	return n;
}

void rh_slots_free(struct rh_heap *heap, u32 first, u64 slots)
{
	u32 index = first >> RH_SEGMENT_SHIFT, word = (first & RH_SEGMENT_MASK) / 64;
	struct rh_table *table = &heap->table;
	struct rh_segment *segment = table->segment[index];
	struct rh_head *head = rh_head(heap, first);
	u32 *block = rh_block_of(heap, first), *gc = rh_gc(heap, first);
	u32 *tag = &table->tag[index][word * 64], n;
	u64 bits;

	table->live -= hweight64(slots);
	heap->gc.pending -= leave_set(segment, RH_SET_PENDING, word, slots);
	leave_set(segment, RH_SET_LEGACY, word, slots);
	for (bits = slots; bits; bits &= bits - 1) {
		u32 i = __ffs(bits);

		/* The tag of what died alone has changed when it did. */
		if (!(head[i].meta & RH_META_DEAD))
			tag[i]++;
		gc[i] = RH_GC_FREE;
		block[i] = 0;
		head[i] = (struct rh_head){};
		/* A tag that would come again retires the slot: ids must not lie. */
		if (tag[i] >= heap->params.max_tag)
			slots &= ~(1ULL << i);
	}
	n = hweight64(slots);
	segment->used[word] &= ~slots;
	segment->nfree += n;
	table->nfree += n;
	if (n && word < segment->hint)
		segment->hint = word;
	if (n && index < table->free_hint)
		table->free_hint = index;
}

void rh_slot_free(struct rh_heap *heap, u32 slot)
{
	rh_slots_free(heap, slot & ~63U, 1ULL << slot % 64);
}

/* The first bit from @bit on that is set, or RH_SEGMENT_SLOTS. */
static u32 next_bit(const u64 *bitmap, u32 bit)
{
	u32 word = bit / 64;
	u64 bits = bitmap[word] & (~0ULL << bit % 64);

	while (!bits) {
		if (++word == RH_SEGMENT_WORDS)
			return RH_SEGMENT_SLOTS;
		bits = bitmap[word];
	}
	return word * 64 + __ffs(bits);
}

u32 rh_young_next(const struct rh_heap *heap, u32 generation, u32 slot)
{
	u32 index = slot >> RH_SEGMENT_SHIFT, bit = slot & RH_SEGMENT_MASK;
	u32 end = min(heap->table.nsegments, index + RH_SEGMENTS_AT_ONCE);
	const struct rh_segment *segment;

	for (; index < end; index++, bit = 0) {
		segment = heap->table.segment[index];
		if (!segment->nyoung[generation])
			continue;
		bit = next_bit(segment->young[generation], bit);
		if (bit < RH_SEGMENT_SLOTS)
			return (index << RH_SEGMENT_SHIFT) + bit;
	}
	return end << RH_SEGMENT_SHIFT;
}

u32 rh_used_next(const struct rh_heap *heap, u32 slot)
{
	u32 index = slot >> RH_SEGMENT_SHIFT, bit = slot & RH_SEGMENT_MASK;
	u32 end = min(heap->table.nsegments, index + RH_SEGMENTS_AT_ONCE);
	const struct rh_segment *segment;

	for (; index < end; index++, bit = 0) {
		segment = heap->table.segment[index];
		if (segment->nfree == RH_SEGMENT_SLOTS)
			continue;
		bit = next_bit(segment->used, bit);
		if (bit < RH_SEGMENT_SLOTS)
			return (index << RH_SEGMENT_SHIFT) + bit;
	}
	return end << RH_SEGMENT_SHIFT;
}

u32 rh_lookup_slow(const struct rh_heap *heap, u64 id, int *err)
{
	u32 slot = REFHEAP_ID_SLOT(id), tag = REFHEAP_ID_TAG(id);

	*err = -ENOENT;
	if (!slot || !rh_slot_exists(heap, &slot) || !tag || tag > rh_tag(heap, slot))
		return 0;
	/* The tag of the next object there: it has yet to be born. */
	if (tag == rh_tag(heap, slot) && (*rh_gc(heap, slot) == RH_GC_FREE ||
					  (rh_head(heap, slot)->meta & RH_META_DEAD)))
		return 0;
	*err = -ESTALE;
	if (tag < rh_tag(heap, slot) || rh_is_condemned(heap, slot))
		return 0;
	*err = 0;
	return slot;
}

void *rh_liveness_words(const struct rh_heap *heap, u32 slot)
{
	if (!rh_slot_exists(heap, &slot))
		return NULL;
	return (void *)((uintptr_t)&heap->table.tag[slot >> RH_SEGMENT_SHIFT]
						   [slot & RH_SEGMENT_MASK] &
			~(uintptr_t)(RH_PAGE_BYTES - 1));
}

void rh_table_stat(struct rh_heap *heap, struct rh_table_stat *stat)
{
	const struct rh_table *table = &heap->table;
	u64 directories = directory_bytes(table->capacity);
	u64 per_segment = sizeof(struct rh_segment) + RH_SEGMENT_SLOTS * RH_OBJECT_BYTES;
	u32 i;

	stat->slots = rh_table_end(heap);
	stat->bytes = directories + table->nsegments * per_segment;
	for (i = 0; i < table->nsegments; i++)
		stat->bytes += table->extra[i] ? WORDS_BYTES : 0;
	stat->millibytes = 1000 * RH_OBJECT_BYTES +
			   1000 * sizeof(struct rh_segment) / RH_SEGMENT_SLOTS;
}

void rh_table_exit(struct rh_heap *heap)
{
	struct rh_table *table = &heap->table;
	u32 i;

	for (i = 0; i < table->nsegments; i++) {
		if (table->extra[i])
			rh_free(heap, table->extra[i], WORDS_BYTES);
		segment_free(heap, table->segment[i], table->gc[i], table->block[i],
			     table->head[i], table->tag[i]);
	}
	if (table->capacity)
		rh_free(heap, table->gc, directory_bytes(table->capacity));
}
