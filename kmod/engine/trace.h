/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracing: which site the memory of the living comes from.
 */
#ifndef REFHEAP_ENGINE_TRACE_H
#define REFHEAP_ENGINE_TRACE_H

#include "heap.h"
#include "trace_sample.h"

/* What one site has, as far as it was traced. */
struct rh_traced {
	u32 site;		/* slot of a str; 0: unknown */
	struct rh_tally alive;
	u64 births;		/* in 256ths */
	struct rh_tally seen;	/* rh_verify()'s own */
};

/*
 * Arrays beside the segments of the table say which record an object is booked
 * on, and which record a site has. Records have numbers from 1 on; clearing
 * makes those up to @cleared stale, and what refers to them untraced.
 */
struct rh_trace {
	u32 **origin;		/* by segment: of each object its record, or 0 */
	u32 **record;		/* by segment: of each site its record, or 0; NULL: none there */
	struct rh_sample **sample; /* by segment, of what is booked; without sampling NULL */
	u32 capacity;		/* of these directories, which are one allocation */
	u32 covered;		/* segments that have an array of origins */
	struct rh_traced **chunk; /* records, RH_TRACE_CHUNK in each; freed ones are NULL */
	u32 chunks;		/* room in that directory */
	u32 freed;		/* chunks before it have been freed */
	u32 n;			/* records ever made, with gaps left by clearing */
	u32 cleared;
	bool ready;		/* every segment is covered: births are booked */
	u32 site, at;		/* the record that was looked for last; 0: none was */
	struct rh_sampling sampling;
	u32 frames;		/* that births are to be told with */
	struct rh_tally alive;
	u64 peak;		/* of bytes */
	u64 births;		/* in 256ths */
	u64 overhead;		/* bytes of all this */
	u64 since_ns;
	u32 cursor;		/* once it has ended: segments before it have been freed */
	struct rh_trace *next;	/* another one that has ended */
};

#define RH_TRACE_CHUNK	256U

/* With so many records, gaps included, clearing begins anew. */
#define RH_TRACE_WORN	(4U << 20)

/*
 * Begins to trace, or goes on with beginning; how counts for the first step
 * alone. Return: RH_DONE, RH_MORE, or an errno, with nothing traced.
 */
int rh_trace_start_step(struct rh_heap *heap, u32 frames, u32 mean, bool births);

/* Ends it at once; rh_trace_end_step() frees the memory. */
void rh_trace_stop(struct rh_heap *heap);
enum rh_progress rh_trace_end_step(struct rh_heap *heap);

/* Forgets what has been booked at once; rh_trace_tidy_step() frees the memory. */
void rh_trace_clear(struct rh_heap *heap);
enum rh_progress rh_trace_tidy_step(struct rh_heap *heap);

/*
 * Gets the memory that a birth at this site, in any slot that exists, needs to
 * be booked. While nothing is traced there is no need. Return: 0 or an errno.
 */
int rh_trace_prepare(struct rh_heap *heap);

/* Tell whoever follows births and deaths: watchers, and the books. */
void rh_follow_birth(struct rh_heap *heap, u32 slot);
void rh_follow_death(struct rh_heap *heap, u32 slot);

/* An object takes more bytes now, or less. */
void rh_trace_resize(struct rh_heap *heap, u32 slot, s64 bytes);

/* An object is tracing's own: it is not booked any more. */
void rh_trace_exempt(struct rh_heap *heap, u32 slot);

/* The record that an object is booked on, or NULL. */
struct rh_traced *rh_trace_of(const struct rh_heap *heap, u32 slot);

/* The first record with a number of at least *@number, which is set; or NULL. */
struct rh_traced *rh_trace_next(const struct rh_heap *heap, u32 *number);

/*
 * Whether the books are right: rh_trace_check() for each used slot between
 * _begin(), which forgets what they have said before, and _end().
 */
void rh_trace_check_begin(struct rh_heap *heap);
bool rh_trace_check(struct rh_heap *heap, u32 slot);
bool rh_trace_check_end(const struct rh_heap *heap);

#endif
