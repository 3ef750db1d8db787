/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heap: all state of the engine, for its own files.
 *
 * Everything in here is protected by the heap lock of the owner.
 *
 * An object is a slot of the object table and at most one block of an arena:
 * a reference block with its edges (containers, instances) or a payload block
 * with its bytes (leaves). Edges are slots, 32 bits each; slot 0 is no object.
 */
#ifndef REFHEAP_ENGINE_HEAP_H
#define REFHEAP_ENGINE_HEAP_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/bug.h>
#include <linux/siphash.h>
#include "engine.h"

#define RH_SEGMENT_SHIFT	13
#define RH_SEGMENT_SLOTS	((u32)BIT(RH_SEGMENT_SHIFT))
#define RH_SEGMENT_MASK		(RH_SEGMENT_SLOTS - 1)
#define RH_SEGMENT_WORDS	(RH_SEGMENT_SLOTS / 64)

#define RH_ROOT_SLOT		1U	/* of the root namespace */

/* What counting needs. */
struct rh_head {
	u32 count;	/* of a dying object: the next one to die */
	u32 meta;	/* RH_META_* */
};

/*
 * Metadata of an object, as sizeof and the limits count it: the collector's
 * word, the block, the above, and the tag. The bitmaps of struct rh_segment add
 * less than half a byte.
 */
#define RH_OBJECT_BYTES		(3 * sizeof(u32) + sizeof(struct rh_head))

#define RH_META_KIND		0x0000001fU
#define RH_META_GEN_SHIFT	5
#define RH_META_GEN		0x00000060U
#define RH_META_TRACKED		0x00000080U
#define RH_META_FINALIZED	0x00000100U	/* its finalizer was begun, or skipped */
#define RH_META_DEAD		0x00000200U	/* on the death list, or past it */
#define RH_META_REAPED		0x00000400U	/* dead, waits for the mark stack to let go */
#define RH_META_MAPPED		0x00000800U
#define RH_META_INTERNED	0x00001000U	/* the intern table points here */
#define RH_META_IMMORTAL	0x00002000U	/* the heap itself holds one reference */
#define RH_META_GARBAGE		0x00004000U	/* in garbage, which holds one reference */
#define RH_META_CARRIER		0x00008000U	/* never lived: has the edges of what was cleared */
#define RH_META_EXTRA		0x00010000U	/* has a struct rh_extra */
#define RH_META_TYPE_SHIFT	17
#define RH_MAX_TYPES		0x7fffU

/*
 * The collector's word of an object. With the top bit clear the object is a
 * candidate of the running collection that nothing has reached yet, and the
 * word is the number of edges to it that were met inside the set. With the top
 * bit set it is one of these, or, of an object on the mark stack, the slot
 * below it, or, of a leaf, the length of the payload.
 */
#define RH_GC_TOP		0x80000000U
enum rh_gc_word {
	RH_GC_FREE	= 0xffffffffU,	/* the slot is free */
	RH_GC_IDLE	= 0xfffffffeU,	/* tracked; no candidate, or reached and scanned */
	RH_GC_FROZEN	= 0xfffffffdU,	/* tracked, in the permanent generation */
	RH_GC_UNTRACKED	= 0xfffffffcU,	/* a container that is not tracked */
	RH_GC_DEAD	= 0xfffffffbU,	/* dying; no candidate any more */
	RH_GC_DIRTY	= 0xfffffffaU,	/* touched or reached; the walk will come to it */
	RH_GC_QUEUED	= 0xfffffff9U,	/* off the mark stack, being scanned */
	RH_GC_END	= 0xfffffff8U,	/* on the mark stack, at its bottom */
	RH_GC_NEW	= 0xfffffff7U,	/* tracked since a collection began: none of its business */
	RH_GC_LEGACY	= 0xfffffff6U,	/* uncollectable: a legacy finalizer can reach it */
	RH_GC_REVIVED	= 0xfffffff5U,	/* a finalizer that is to be run can reach it */
	RH_GC_FIRST	= 0xfffffff0U,	/* the words from here on are no link or length */
};

#define RH_SLOT_LIMIT		0x7ffffff0U	/* slots are below it, so are lengths */

/*
 * Sets of objects that a collection can be of, beside all there are: those of
 * generation 0, those of generation 1, and those that are pending: found dead
 * once, but kept until the finalizers that can reach them have ended.
 */
#define RH_SET_PENDING	2
#define RH_SET_LEGACY	3	/* uncollectable, but not counted so before those have ended */
#define RH_SETS		4

struct rh_segment {
	u64 used[RH_SEGMENT_WORDS];	/* slots that are not free */
	u64 young[RH_SETS][RH_SEGMENT_WORDS]; /* tracked objects of generation 0 and 1; pending */
	u64 condemned[RH_SEGMENT_WORDS]; /* what slots held; they may be in use again */
	bool any_condemned;
	u32 nfree;
	u32 hint;			/* no word of used before it has a free slot */
	u32 nyoung[RH_SETS];
};

/*
 * The object table. The directories are indexed by slot >> RH_SEGMENT_SHIFT;
 * they are apart so that the one that is needed stays in the cache.
 */
struct rh_table {
	u32 **gc;		/* the collector's words; what it needs at random */
	u32 **block;		/* handles, of the space that the kind says; 0 is none */
	struct rh_head **head;
	u32 **tag;		/* also the liveness words; mapped, so in pages of their own */
	u32 **extra;		/* handles of struct rh_extra; NULL: nobody there has one */
	struct rh_segment **segment;
	u32 nsegments;		/* that exist: the first ones of the directory */
	u32 capacity;		/* of the directories */
	u32 free_hint;		/* no segment before it has a free slot */
	u32 nfree;		/* slots that can be taken */
	u32 live;		/* objects */
};

#define RH_CLASSES		32	/* 16, 32 ... 512 bytes */
#define RH_SMALL_MAX		512U
#define RH_POOL_BYTES		16384U
#define RH_POOLS_MAX		64	/* of one arena */
#define RH_PAGE_BYTES		4096U
#define RH_ARENA_PAGES_MAX	256

/* One space of the allocator: arenas of their own, never mixed. */
struct rh_space {
	void **base;		/* address of each arena, by index; NULL: none */
	struct rh_arena **arena;
	u32 capacity;		/* of both */
	u32 free_hint;		/* no index before it is free */
	u32 recent[RH_CLASSES];	/* the block that was freed last, or 0 */
	u32 partial[RH_CLASSES]; /* first pool with a free block, + 1 */
	u32 bucket[RH_POOLS_MAX + 1]; /* arenas of pools by free pools, index + 1 */
	u32 run_bucket[RH_ARENA_PAGES_MAX + 1]; /* arenas of page runs by longest free run */
	bool scrub;		/* blocks are zeroed when they are freed */
	u64 pools[RH_CLASSES];
	u64 used[RH_CLASSES];	/* blocks */
	u64 large_blocks, large_bytes;
	u64 arenas, bytes;
};

struct rh_type {
	u32 base;
	u32 flags;
	u32 nslots;		/* with those of the base */
	u32 history;		/* changes that are kept of each instance */
	u32 *slot;		/* interned names, each held by the type */
	u64 objects, bytes;
	char name[REFHEAP_NAME_MAX];
};

struct rh_types {
	struct rh_type **type;	/* by id; 0 is none */
	u32 n, capacity;
	u64 objects[__REFHEAP_KIND_MAX]; /* of the built-in kinds */
	u64 bytes[__REFHEAP_KIND_MAX];
};

/* Open addressing by hash; the older table is moved over bit by bit. */
struct rh_intern_table {
	u32 *slot;		/* 0: empty, ~0: removed */
	u32 *hash;
	u32 mask;
	u32 used;		/* with removed ones */
};

struct rh_intern {
	struct rh_intern_table now, old;
	u32 moved;		/* of old: the next one to move */
	u32 live;
	u32 none, truth[2], empty_tuple, empty_str;
	u32 small_int[262];	/* -5 to 256 */
	u32 latin1[256];	/* strings of one such character */
};

enum rh_phase {
	RH_PHASE_IDLE,
	RH_PHASE_MERGE,		/* younger generations join the one collected */
	RH_PHASE_INIT,		/* candidates get their zero */
	RH_PHASE_SUBTRACT,	/* inner edges are counted */
	RH_PHASE_SUBTRACT_KEYED, /* likewise those of weak-keyed dicts */
	RH_PHASE_MARK,		/* what can be reached is reached */
	RH_PHASE_MARK_KEYED,	/* values whose weak-keyed dict and key are reached */
	RH_PHASE_LEGACY,	/* what legacy finalizers among the rest can reach */
	RH_PHASE_BURY,		/* those that nothing refers to any more */
	RH_PHASE_TUPLES,	/* surviving tuples that hold nothing tracked */
	RH_PHASE_DICTS,		/* likewise dicts */
	RH_PHASE_WEAKREFS,	/* weak references to garbage are cleared */
	RH_PHASE_REVIVE,	/* what finalizers among it can reach */
	RH_PHASE_FINALIZE,	/* those are to be run */
	RH_PHASE_CONDEMN,	/* garbage is noted in a bitmap */
	RH_PHASE_UNLINK,	/* it lets go of what is not an edge */
	RH_PHASE_FREE,		/* garbage is freed, or saved */
	RH_PHASE_SWEEP,		/* the bitmap is cleared */
	RH_PHASE_UNCOLLECTABLE,	/* what LEGACY has found and still lives */
	RH_PHASE_PROMOTE,	/* young survivors become older */
};

struct rh_generation {
	u32 threshold, count;
	u64 objects;		/* tracked objects in it */
	/* ever: entered - left - untracked - died is what is in it */
	u64 entered, left, untracked, died;
	u64 collections, collected, uncollectable;
};

struct rh_collector {
	enum rh_phase phase;
	u32 generation;		/* collected now */
	u32 mask;		/* which slots the walk of this phase visits */
	u32 cursor;		/* slot where it is */
	u32 end;		/* slots from here on were born later */
	u32 cell;		/* next cell of the object at cursor, or being scanned */
	u32 scanning;		/* object that is being marked through, or 0 */
	u32 stack;		/* top of the mark stack, or 0 */
	u64 dead_queued;	/* objects that died on the stack */
	u64 undecided;		/* candidates that nothing has reached */
	u64 survivors;
	u32 ticket;		/* of the collection that runs or ran last */
	u64 collected;		/* its result */
	u64 uncollectable;
	struct rh_holder *requester; /* who asked for it, or NULL */
	bool enabled;
	bool saveall;		/* debug as it was at the start */
	bool again;		/* what is pending is looked at once more */
	bool again_due;		/* that is to be done */
	u32 again_generation;	/* of the collection that left something pending last */
	struct rh_holder *again_requester; /* who asked for that one, or NULL */
	u32 reached;		/* RH_GC_*: what becomes of those that are marked */
	u32 keyed;		/* object whose ephemerons are being marked, or 0 */
	u32 keyed_at;		/* a dict: next place; a key: next weak reference */
	u64 legacy;		/* objects that LEGACY has reached */
	bool orphaned;		/* one of them may have lost its last reference meanwhile */
	bool aside;		/* of those some were put aside */
	u64 revived;		/* objects that REVIVE has reached */
	bool revive_all;	/* all of them are, as one has a finalizer */
	u64 pending;		/* objects that are */
	bool was_pending;	/* some were when the collection began */
	u64 awaited;		/* finalizers of what was found that have not ended */
	u64 unended;		/* all of them */
	u64 legacy_awaited;	/* those of legacy finds that have died after all */
	u64 finalized, skipped;	/* finalizers ever handed out, or given up */
	u32 debug;
	u64 long_lived_pending, long_lived_total;
	u64 garbage;		/* objects with RH_META_GARBAGE */
	u64 started_ns, hold_ns;
	u64 longest_hold_ns, duration_ns; /* of the last full collection */
};

/*
 * What only few objects have. In a block of the reference arena, whose handle
 * the table knows.
 */
struct rh_extra {
	u32 weakrefs;		/* first of the weak references to it, or 0 */
	u32 nweakrefs;
	u32 next_event;		/* of a queue of events, or heap->retiring: the object behind it */
	u32 flags;		/* RH_EXTRA_* */
	struct rh_post *post;	/* who runs its finalizer; NULL: it has none, or it has ended */
	struct rh_history *history; /* or NULL */
};

#define RH_EXTRA_QUEUED		BIT(0)	/* a queue has it, and one reference */
#define RH_EXTRA_RUNNING	BIT(1)	/* the event was read */
#define RH_EXTRA_AWAITED	BIT(2)	/* a collection has found it */
#define RH_EXTRA_ADOPTED	BIT(3)
#define RH_EXTRA_LEGACY		BIT(4)	/* what is uncollectable is not known before it has ended */
#define RH_EXTRA_RETIRING	BIT(5)	/* weak references to it are dead; heap->retiring has it */

/*
 * The block of a weak reference, which has no cells. The list of those of one
 * referent begins with the shared one; then come the others, newest first.
 */
struct rh_weak {
	u32 n, capacity;	/* as in struct rh_cells: always 0 */
	u32 referent;		/* 0: cleared */
	u32 newer, older;	/* in the list of the referent */
	u32 next_event;		/* of a queue of events: the object behind it */
	u32 flags;		/* RH_WEAK_* */
	u32 hash;		/* of an entry, in its container */
	u32 previous;		/* armed ATEXIT: in the list of the post; next_event is the next */
	u64 was;		/* id of the referent */
	u64 cookie;		/* what the event carries; of an entry: its container */
	struct rh_post *post;	/* with ARMED: who is told */
};

#define RH_WEAK_ARMED		BIT(0)	/* its callback has yet to run */
#define RH_WEAK_ATEXIT		BIT(1)
#define RH_WEAK_QUEUED		BIT(2)	/* a queue has it, and one reference */
#define RH_WEAK_ADOPTED		BIT(3)
#define RH_WEAK_KEY		BIT(4)	/* it is the key of an entry */
#define RH_WEAK_VALUE		BIT(5)	/* it is the value of an entry */
#define RH_WEAK_ENTRY		(RH_WEAK_KEY | RH_WEAK_VALUE)
#define RH_WEAK_SHARED		BIT(6)	/* the one without callback */

/*
 * Where a holder's events queue: the objects they are about, linked through
 * what they have set aside for it. It outlives the holder while somebody has
 * obligations to it.
 */
struct rh_post {
	struct rh_holder *holder; /* NULL: it is gone */
	u64 users;		/* the holder, and obligations */
	u32 first, last;	/* objects in the queue */
	u64 queued;
	u32 atexit;		/* the newest weak reference that is ARMED and ATEXIT, or 0 */
};

/* A holder's counts by slot, in leaves. */
#define RH_LEAF_SHIFT		9
#define RH_LEAF_SLOTS		((u32)BIT(RH_LEAF_SHIFT))

struct rh_leaf {
	struct rh_hold_word *hold; /* one for each slot */
	struct rh_shares *shares; /* of frames in each; NULL: no frame has any */
	u32 n;			/* counts that are not zero */
	u32 pins;		/* obligations to book a reference here */
};

/* What a frame has of one object. */
struct rh_share {
	u32 slot;		/* of the object */
	u32 count;
	struct rh_share *inner, *outer; /* those of the same object in other frames */
	struct rh_frame *frame;
};

/* What all frames have of one object. */
struct rh_shares {
	struct rh_share *first;	/* the innermost frame's */
	u32 count;		/* references in all of them */
};

struct rh_hold_word {
	u32 count;
	u32 since;		/* when it was 0 last, in RH_SINCE_NS since the heap was made */
};

#define RH_SINCE_NS		16777216ULL

struct rh_holder {
	struct rh_heap *heap;
	struct rh_holder *next, **prev;
	struct rh_leaf *leaf;
	u32 capacity;
	u32 spare;		/* a leaf that is kept though it is empty, + 1 */
	u32 cursor;		/* leaves before it have been released */
	u64 held;
	struct rh_post *post;
	struct rh_frame *top;	/* of its stack of frames */
	u32 depth;
	u32 closing;		/* frames of it that are being closed */
	bool adopts;
	struct rh_holder *next_adopter, *prev_adopter;
	u32 number;		/* of its session */
	void *owner;		/* for the host: whom to wake, and who pays */
	/* The collection that it asked for last, and its result when it is over. */
	u32 collect_ticket, result_ticket;
	u64 collected, uncollectable;
};

struct rh_heap {
	const struct rh_host *host;
	void *ctx;
	struct rh_params params;
	siphash_key_t key;

	struct rh_table table;
	struct rh_space space[__REFHEAP_SPACE_MAX];
	struct rh_types types;
	struct rh_intern intern;
	struct rh_collector gc;
	struct rh_generation generation[RH_GENERATIONS + 1];
	struct rh_holder *holders;
	struct rh_holder *adopters, *last_adopter;
	struct rh_frame *closing; /* frames whose references are being dropped */
	u64 extras;		/* objects with a struct rh_extra */
	u32 legacy_types;
	bool watch;		/* births and deaths are notified */
	bool followed;		/* they are, or they are traced */
	struct rh_trace *trace;	/* or NULL */
	struct rh_trace *traces_ended; /* whose memory has yet to be freed */
	u64 born_ns;
	u32 *state;		/* page that is mapped: not 0 while there is something condemned */

	u32 dying;		/* top of the death list, or 0 */
	u32 retiring;		/* top of those with a legacy finalizer to be queued, or 0 */
	u64 tracked_tuples, tracked_dicts;

	u64 used_bytes;		/* metadata and blocks of live objects */
	u64 reserved;		/* memory taken from the host */
	u64 max_bytes, max_objects;
	u64 births, deaths, changes;
	u64 histories;		/* objects that have one */
	u32 actor;		/* number of the session at work, 0: none */
	u32 site;		/* where in its program, or 0 */

	u32 destroy_cursor;
	u64 slice_end_ns;
	u32 slice_left;
};

static inline u32 *rh_gc(const struct rh_heap *heap, u32 slot)
{
	return &heap->table.gc[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK];
}

static inline u32 *rh_block_of(const struct rh_heap *heap, u32 slot)
{
	return &heap->table.block[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK];
}

static inline struct rh_head *rh_head(const struct rh_heap *heap, u32 slot)
{
	return &heap->table.head[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK];
}

static inline u32 rh_tag(const struct rh_heap *heap, u32 slot)
{
	return heap->table.tag[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK];
}

static inline u32 *rh_liveness_word(const struct rh_heap *heap, u32 slot)
{
	return &heap->table.tag[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK];
}

static inline u64 rh_id(const struct rh_heap *heap, u32 slot)
{
	return slot ? REFHEAP_ID(slot, rh_tag(heap, slot)) : 0;
}

static inline u32 rh_meta_kind(u32 meta)
{
	return meta & RH_META_KIND;
}

static inline u32 rh_kind(const struct rh_heap *heap, u32 slot)
{
	return rh_meta_kind(rh_head(heap, slot)->meta);
}

static inline u32 rh_meta_gen(u32 meta)
{
	return (meta & RH_META_GEN) >> RH_META_GEN_SHIFT;
}

static inline u32 rh_meta_type(u32 meta)
{
	return meta >> RH_META_TYPE_SHIFT;
}

static inline bool rh_kind_is_leaf(u32 kind)
{
	return kind <= REFHEAP_KIND_BYTEARRAY;
}

static inline bool rh_kind_is_weak_map(u32 kind)
{
	return kind >= REFHEAP_KIND_WEAK_VALUE_DICT && kind <= REFHEAP_KIND_WEAK_SET;
}

static inline bool rh_kind_is_dict(u32 kind)
{
	return kind == REFHEAP_KIND_DICT || kind == REFHEAP_KIND_WEAK_VALUE_DICT ||
	       kind == REFHEAP_KIND_WEAK_KEY_DICT;
}

static inline bool rh_kind_is_set(u32 kind)
{
	return kind == REFHEAP_KIND_SET || kind == REFHEAP_KIND_WEAK_SET;
}

static inline bool rh_kind_is_map(u32 kind)
{
	return rh_kind_is_dict(kind) || rh_kind_is_set(kind);
}

static inline enum refheap_space rh_kind_space(u32 kind)
{
	if (!rh_kind_is_leaf(kind))
		return REFHEAP_SPACE_REFS;
	return kind == REFHEAP_KIND_BYTEARRAY ? REFHEAP_SPACE_MUTABLE : REFHEAP_SPACE_CONST;
}

static inline bool rh_gc_is_candidate(u32 word)
{
	return !(word & RH_GC_TOP);
}

/* On the mark stack, or just off it. */
static inline bool rh_gc_is_queued(u32 word)
{
	return word == RH_GC_QUEUED || word == RH_GC_END ||
	       ((word & RH_GC_TOP) && word < RH_GC_FIRST);
}

/* From the decision on, candidates that nothing has reached are condemned. */
static inline bool rh_gc_decided(const struct rh_heap *heap)
{
	return heap->gc.phase > RH_PHASE_MARK_KEYED;
}

/* What LEGACY and REVIVE reach lives again all at once, with the end of that phase. */
static inline bool rh_is_being_revived(const struct rh_heap *heap, u32 slot)
{
	enum rh_phase phase = heap->gc.phase;
	u32 word = *rh_gc(heap, slot);

	return (phase == RH_PHASE_REVIVE || phase == RH_PHASE_LEGACY) &&
	       !rh_kind_is_leaf(rh_kind(heap, slot)) &&
	       (word == heap->gc.reached || rh_gc_is_queued(word));
}

static inline bool rh_is_condemned(const struct rh_heap *heap, u32 slot)
{
	return rh_gc_decided(heap) && !heap->gc.saveall &&
	       (rh_gc_is_candidate(*rh_gc(heap, slot)) || rh_is_being_revived(heap, slot));
}

static inline bool rh_is_in_set(const struct rh_heap *heap, u32 set, u32 slot)
{
	return heap->table.segment[slot >> RH_SEGMENT_SHIFT]
		       ->young[set][(slot & RH_SEGMENT_MASK) / 64] >> slot % 64 & 1;
}

static inline bool rh_is_pending(const struct rh_heap *heap, u32 slot)
{
	return heap->gc.pending && rh_is_in_set(heap, RH_SET_PENDING, slot);
}

/* Whether an edge of something condemned leads to something condemned. */
static inline bool rh_condemned_bit(const struct rh_heap *heap, u32 slot)
{
	return heap->table.segment[slot >> RH_SEGMENT_SHIFT]
		       ->condemned[(slot & RH_SEGMENT_MASK) / 64] >> slot % 64 & 1;
}

static inline void rh_assert_locked(const struct rh_heap *heap)
{
	heap->host->assert_locked(heap->ctx);
}

/*
 * Slices: begun by every _step function, asked by every loop. A unit of work
 * takes some ten nanoseconds. The clock is read once for RH_SLICE_CHUNK units,
 * and not at all by what is over within the first few.
 */
#define RH_SLICE_FIRST	64
#define RH_SLICE_CHUNK	512

static inline void rh_slice_begin(struct rh_heap *heap)
{
	heap->slice_end_ns = 0;
	heap->slice_left = heap->params.slice_units ?: RH_SLICE_FIRST;
}

static inline bool rh_slice_over_slow(struct rh_heap *heap)
{
	u64 now;

	if (heap->params.slice_units)
		return true;
	now = heap->host->now(heap->ctx);
	if (!heap->slice_end_ns)
		heap->slice_end_ns = now + heap->params.slice_ns;
	if (now >= heap->slice_end_ns)
		return true;
	heap->slice_left = RH_SLICE_CHUNK;
	return false;
}

/* Books one unit of work. Return: true when the step should end. */
static inline bool rh_slice_over(struct rh_heap *heap)
{
	if (heap->slice_left) {
		heap->slice_left--;
		return false;
	}
	return rh_slice_over_slow(heap);
}

/* Books more than that, for what has been done in one go. */
static inline void rh_slice_book(struct rh_heap *heap, u64 units)
{
	heap->slice_left -= units < heap->slice_left ? units : heap->slice_left;
}

/* Bytes that were copied, cleared or hashed, in units. */
static inline void rh_slice_book_bytes(struct rh_heap *heap, u64 bytes)
{
	rh_slice_book(heap, bytes / 256);
}

void *rh_alloc(struct rh_heap *heap, size_t bytes);	/* or ERR_PTR */
void rh_free(struct rh_heap *heap, void *mem, size_t bytes);
/* For what a holder holds, which its owner is to pay for. */
void *rh_alloc_for(struct rh_heap *heap, void *owner, size_t bytes);
void rh_free_for(struct rh_heap *heap, void *owner, void *mem, size_t bytes);

/* Likewise, of whole pages that can be mapped. */
void *rh_alloc_pages(struct rh_heap *heap, size_t bytes);
void rh_free_pages(struct rh_heap *heap, void *mem, size_t bytes);

#endif
