/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine as its owner sees it. Nothing else of kmod/engine/ is for the
 * layers above.
 *
 * Context of every function here, unless it says otherwise: the heap lock is
 * held, the caller may sleep. Functions that end in _step do a bounded piece
 * of work, about params.slice_ns; the caller gives the lock away between two
 * of them.
 */
#ifndef REFHEAP_ENGINE_ENGINE_H
#define REFHEAP_ENGINE_ENGINE_H

#include <linux/bits.h>
#include <linux/types.h>
#include <uapi/linux/refheap.h>
#include "host.h"

struct rh_heap;
struct rh_holder;

#define RH_GENERATIONS		3	/* those that are collected */
#define RH_PERMANENT		3	/* what freeze() makes of them */

/* What the functions that can be continued return, beside negative errnos. */
enum rh_progress {
	RH_DONE = 0,
	RH_MORE = 1,	/* give the lock away, then call again */
};

/**
 * struct rh_params - limits and tunables of a heap, fixed at its making
 * @slice_ns: how long a step may take, about
 * @arena_bytes: size of an arena: a power of two of 64 KiB to 1 MiB
 * @max_count: a count refuses to grow over it
 * @max_tag: a slot whose tag has come here is never used again
 * @max_slots: slots of the table at most
 * @max_cells: cells of one object at most: items of a list, twice those of a dict
 * @max_payload: bytes of one leaf at most
 * @hash_key: secret of the hash tables
 * @slice_units: when not 0, a step ends after so many units of work whatever
 *	the time: 1 stops a collection after its every step
 */
struct rh_params {
	u64 slice_ns;
	u32 arena_bytes;
	u32 max_count;
	u32 max_tag;
	u32 max_slots;
	u32 max_cells;
	u32 max_payload;
	u64 hash_key[2];
	u32 slice_units;
};

void rh_params_init(struct rh_params *params);

/*
 * Life of a heap. No lock is needed while nobody else knows it.
 */
struct rh_heap *rh_heap_new(const struct rh_host *host, void *ctx,
			    const struct rh_params *params);
enum rh_progress rh_heap_destroy_step(struct rh_heap *heap);

/*
 * Deaths and a collection that are under way. Whoever gives the lock away in
 * the middle of them (a signal, a closing session) has them finished by
 * calling this until RH_DONE.
 */
bool rh_work_pending(const struct rh_heap *heap);
enum rh_progress rh_work_step(struct rh_heap *heap);

/*
 * Starts a collection of @generation unless one is running.
 * Return: true when it was started; rh_work_step() drives it.
 */
bool rh_collect_start(struct rh_heap *heap, unsigned int generation);

/*
 * Holders: who owns references. A session has one. @number says which session
 * it is in histories, @owner is given to wake() and
 * alloc().
 */
struct rh_holder *rh_holder_new(struct rh_heap *heap, u32 number, void *owner); /* or ERR_PTR */
u64 rh_holder_held(const struct rh_holder *holder);	/* references, in all */
u32 rh_holder_depth(const struct rh_holder *holder);	/* of its stack of frames */
u64 rh_holder_events(const struct rh_holder *holder);	/* that it has to read */

/* One reference more to a live object. Return: 0 or an errno as of REFHEAP_OP_TAKE. */
int rh_holder_take(struct rh_heap *heap, struct rh_holder *holder, u64 id);

/*
 * Takes the next WEAKREF or FINALIZE event off the holder's queue and books the
 * reference that comes with it as the holder's.
 * Return: 1 with @event filled but for the time; 0 when there is none; -ENOMEM,
 * -EDQUOT or -EOVERFLOW when an orphan's cannot be booked: it stays where it is.
 */
int rh_holder_next_event(struct rh_heap *heap, struct rh_holder *holder,
			 struct refheap_event *event);

/*
 * Puts an event of rh_holder_next_event(), whose reference has not been given
 * up, back into the queue of a holder that is about to be released: an adopter
 * may want it.
 */
void rh_holder_return_event(struct rh_heap *heap, struct rh_holder *holder,
			    const struct refheap_event *event);

/**
 * struct rh_hold - what a holder has of one object
 * @count: references
 * @frame: innermost frame that has one, 0: none
 * @since_ns: when it got the first of them, having had none
 */
struct rh_hold {
	u32 count;
	u32 frame;
	u64 since_ns;
};

/* Return: whether it has any. Condemned and dead objects have no holder. */
bool rh_holder_hold(const struct rh_heap *heap, const struct rh_holder *holder, u64 id,
		    struct rh_hold *hold);
enum rh_progress rh_holder_release_step(struct rh_heap *heap,
					struct rh_holder *holder);
void rh_holder_free(struct rh_heap *heap, struct rh_holder *holder);

/**
 * struct rh_batch - operations being executed for one holder
 * @heap: the heap
 * @holder: whose references they take and drop
 * @rdonly: refuse what changes objects
 * @ops: @count operations, in kernel memory
 * @results: room for @count results; those before @done are valid
 * @in: input bytes
 * @out: room for output, aligned to 8
 * @count: number of operations
 * @done: how many have been executed: begin with the operation @done
 * @in_len: bytes
 * @out_len: bytes
 * @out_used: bytes used
 * @flags: REFHEAP_BATCH_*
 * @site: of REFHEAP_OP_SITE, or 0
 * @entered: the engine's own; false at first
 * @dying: the engine's own: top of the death list before the last operation
 * @state: the engine's own, of the operation being executed; zero at first
 */
struct rh_batch {
	struct rh_heap *heap;
	struct rh_holder *holder;
	bool rdonly;
	const struct refheap_op *ops;
	struct refheap_result *results;
	const u8 *in;
	u8 *out;
	u32 count;
	u32 done;
	u32 in_len;
	u32 out_len;
	u32 out_used;
	u32 flags;
	u32 site;
	bool entered;
	u32 dying;
	struct {
		u8 counted;	/* the birth has been counted */
		u8 retried;	/* memory was short, a collection has been asked for */
		u8 collect;	/* 1 + generation of a collection to be started */
		u8 begun;	/* of an operation in several steps: it has begun */
		u32 ticket;	/* of the collection that is waited for */
		u32 cursor;
		u64 n;
	} state;
};

/*
 * Executes operations until the batch has ended or the slice is used up.
 * Return: RH_DONE when the batch has ended: @done is @count, or the operation
 * @done - 1 failed and stopped it, temporaries have been dropped, and no death
 * is pending. RH_MORE otherwise. The caller may stop after RH_MORE and throw
 * the batch away, or go on later with @state zeroed: operations before @done
 * have been executed, those from it on have not. Never fails itself.
 */
enum rh_progress rh_batch_step(struct rh_batch *batch);

/*
 * Payload pages, for mappings.
 *
 * rh_payload_mapped() tells what a mapping of the object in @slot has to
 * remember: the tag, and the offset of the payload within its first page.
 * rh_payload_page() gives the kernel address of page @page of what such a view
 * shows, or NULL when there is no such live object, its payload has another
 * offset by now, there is no such page, or @write and the payload is immutable.
 * From then on unmap() is called before the payload moves or goes.
 * Return: 0, -ENOENT, -EOPNOTSUPP (no payload), -EACCES (@write and immutable),
 * -EINVAL (@pages more than there are).
 */
int rh_payload_mapped(struct rh_heap *heap, u32 slot, u32 pages, bool write, u32 *tag,
		      u32 *offset);
void *rh_payload_page(struct rh_heap *heap, u32 slot, u32 tag, u32 offset, u32 page,
		      bool write);

/*
 * Liveness words, for mappings: the kernel addresses of the page that has that
 * of @slot, and of the page that begins with the state; NULL when no object has
 * ever been there. They stay until the heap is destroyed.
 */
void *rh_liveness_words(const struct rh_heap *heap, u32 slot);
void *rh_liveness_state(const struct rh_heap *heap);

/* Whether births, deaths, callbacks and finalizers are notified, too. */
void rh_heap_watch(struct rh_heap *heap, bool watch);

/*
 * Inspection and control.
 */
struct rh_heap_stat {
	u64 objects, bytes, reserved, births, deaths, names;
	u64 max_objects, max_bytes;
	u64 changes;	/* grows with every birth, death and change of an edge */
};

void rh_heap_stat(const struct rh_heap *heap, struct rh_heap_stat *stat);
void rh_heap_set_limits(struct rh_heap *heap, u64 max_bytes, u64 max_objects);

struct rh_gc_stat {
	bool enabled;
	u32 debug;
	u32 collecting;		/* 1 + generation, or 0 */
	u64 frozen, garbage, long_lived_pending, long_lived_total;
	u64 longest_hold_ns, duration_ns;	/* of the last full collection */
	u64 pending;		/* finalizers that have not ended */
	u64 finalized, skipped;	/* handed out ever; those that nobody was there for */
	struct {
		u32 threshold, count;
		u64 objects, collections, collected, uncollectable;
		u64 entered, left, untracked, died;	/* ever, in all ways */
	} generation[RH_GENERATIONS];
};

void rh_gc_stat(const struct rh_heap *heap, struct rh_gc_stat *stat);
void rh_gc_enable(struct rh_heap *heap, bool enabled);
void rh_gc_set_threshold(struct rh_heap *heap, unsigned int generation, u32 threshold);
int rh_gc_set_debug(struct rh_heap *heap, u32 flags);	/* -EINVAL on uknown_count flags */

/* What is known of all traced objects; all 0 while nothing is traced. */
void rh_trace_stat(const struct rh_heap *heap, struct refheap_traced *traced);

/**
 * struct rh_object - one object, for inspection
 * @info: what the device tells of it, with held 0
 * @edges: with a referrers filter, how many edges lead to the object asked for
 * @value: the first bytes of the payload
 * @value_len: how many of them are valid
 */
struct rh_object {
	struct refheap_info info;
	u32 edges;
	u32 value_len;
	u8 value[64];
};

/* Looks one up by id. Return: 0, -ENOENT or -ESTALE. */
int rh_object_get(struct rh_heap *heap, u64 id, struct rh_object *object);

#define RH_SCAN_GENERATION	BIT(0)
#define RH_SCAN_REFERRERS	BIT(1)
#define RH_SCAN_REFERENTS	BIT(2)
#define RH_SCAN_TYPE		BIT(3)
#define RH_SCAN_KIND		BIT(4)
#define RH_SCAN_GARBAGE		BIT(5)
#define RH_SCAN_TRACKED		BIT(6)

#define RH_NEAR_GROUPS	1024
#define RH_NEAR_FEW	16

enum rh_near_stage {
	RH_NEAR_BEGIN,
	RH_NEAR_SEARCH,
	RH_NEAR_CHECK,	/* whether what is marked so far has all references */
	RH_NEAR_KNOWN,	/* it has: those who have them are known */
	RH_NEAR_MARKED,	/* what is not marked has no reference to the subject */
	RH_NEAR_ALL,	/* the marks are worth nothing */
};

/**
 * struct rh_near - where a reference may be
 * @stage: of the search
 * @cursor: where it is
 * @changes: of the heap when it began
 * @left: how many more there may be, U64_MAX: more than FEW
 * @known_count: objects that are known to have one
 * @known: their slots, in their order
 * @group: by group of blocks, 1: some block of it may have one
 */
struct rh_near {
	enum rh_near_stage stage;
	u64 cursor;
	u64 changes;
	u64 left;
	u32 known_count;
	u32 known[RH_NEAR_FEW];
	u8 group[RH_NEAR_GROUPS];
};

/**
 * struct rh_scan - a walk over the objects of a heap in constant memory
 * @filters: RH_SCAN_*
 * @generation: with GENERATION
 * @type: with TYPE
 * @kind: with KIND
 * @subject: id, with REFERRERS or REFERENTS
 * @cursor: where the walk is; zero at the start
 * @cell: likewise, within an object
 * @at: id of the object at @cursor
 * @edges: found in it so far
 * @near: with REFERRERS, which objects are worth a look
 */
struct rh_scan {
	u32 filters;
	u32 generation;
	u32 type;
	u32 kind;
	u64 subject;
	u32 cursor;
	u32 cell;
	u64 at;
	u32 edges;
	struct rh_near near;
};

/*
 * Gives the next objects of a walk, at most @max. What is made or dies
 * meanwhile may be missing or be met.
 * Return: RH_MORE when there is more, also when *@n is 0 (the slice was used
 * up); RH_DONE at the end; -ESTALE or -ENOENT when the subject is gone.
 */
int rh_scan_step(struct rh_heap *heap, struct rh_scan *scan,
		 struct rh_object *objects, u32 max, u32 *n);

/* Names longer than REFHEAP_NAME_MAX - 1 are refused when a type is made. */
struct rh_type_stat {
	u32 id, kind, base, flags, nslots;
	u64 objects, bytes;
	char name[REFHEAP_NAME_MAX];
};

/*
 * The @index-th type: the built-in kinds first, then those made.
 * Return: 0, or -ENOENT past the end.
 */
int rh_type_stat(struct rh_heap *heap, u32 index, struct rh_type_stat *stat);
/* Name of slot @slot of type @id, not terminated. Return: length or -ENOENT. */
int rh_type_slot_name(struct rh_heap *heap, u32 id, u32 slot, const char **name);

struct rh_class_stat {
	u32 bytes;
	u64 pools, used, free;
};

struct rh_arena_stat {
	u32 index, pages, pages_free;
	u32 use;	/* enum refheap_arena_use */
	u64 bytes;
};

struct rh_space_stat {
	u64 arenas, bytes, large_blocks, large_bytes;
};

struct rh_table_stat {
	u64 slots, bytes;
	u64 millibytes;	/* metadata bytes a slot, in thousandths */
};

/* Return: 0, or -ENOENT past the end. */
int rh_class_stat(struct rh_heap *heap, enum refheap_space space, u32 class_index,
		  struct rh_class_stat *stat);
/* The first arena with an index of at least @index. Return: 0 or -ENOENT. */
int rh_arena_stat(struct rh_heap *heap, enum refheap_space space, u32 index,
		  struct rh_arena_stat *stat);
/*
 * What the pools of arena @index have, in their order; for an arena of runs,
 * each as many pages as a pool has. @pool: room for REFHEAP_ARENA_POOLS_MAX.
 * Return: their number, 0 when it is one block.
 */
u32 rh_arena_pools(struct rh_heap *heap, enum refheap_space space, u32 index,
		   struct refheap_pool *pool);
void rh_space_stat(struct rh_heap *heap, enum refheap_space space,
		   struct rh_space_stat *stat);
void rh_table_stat(struct rh_heap *heap, struct rh_table_stat *stat);

/*
 * Gives empty arenas back. Return: bytes given back.
 */
size_t rh_trim(struct rh_heap *heap);

/*
 * Recomputes every count from edges, holders, names and singletons, and checks
 * every other invariant. Holds the lock throughout. Writes the first fault as
 * text into @text.
 * Return: number of faults, or -ENOMEM.
 */
long rh_verify(struct rh_heap *heap, char *text, size_t len);

#endif
