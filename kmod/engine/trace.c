// SPDX-License-Identifier: GPL-2.0
/*
 * Tracing costs nothing while it is off: the heap has no struct rh_trace, and
 * births and deaths look at one flag for this and for watchers.
 *
 * What an object takes is booked on the site of its birth until it dies, also
 * when somebody else lets it grow.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "object.h"
#include "post.h"
#include "table.h"
#include "trace.h"

#define ARRAY_BYTES	(RH_SEGMENT_SLOTS * sizeof(u32))
#define ARRAY_COST	64	/* units: to get one, or to free it */
#define CHUNK_BYTES	(RH_TRACE_CHUNK * sizeof(struct rh_traced))
#define SAMPLE_BYTES	(RH_SEGMENT_SLOTS * sizeof(struct rh_sample))
#define DIRECTORIES	3

static void *get(struct rh_heap *heap, struct rh_trace *trace, size_t bytes)
{
	void *mem = rh_alloc(heap, bytes);

	if (!IS_ERR(mem))
		trace->overhead += bytes;
	return mem;
}

static void give_back(struct rh_heap *heap, struct rh_trace *trace, void *mem, size_t bytes)
{
	if (!mem)
		return;
	rh_free(heap, mem, bytes);
	trace->overhead -= bytes;
}

static size_t directories_bytes(u32 capacity)
{
	return DIRECTORIES * sizeof(void *) * (size_t)capacity;
}

/* As many segments as the table has room for. */
static int grow_directories(struct rh_heap *heap, struct rh_trace *trace)
{
	u32 old = trace->capacity, capacity = heap->table.capacity;
	void **base;

	if (old == capacity)
		return 0;
	base = get(heap, trace, directories_bytes(capacity));
	if (IS_ERR(base))
		return PTR_ERR(base);
	if (old) {
		memcpy(base, trace->origin, old * sizeof(*base));
		memcpy(base + capacity, trace->record, old * sizeof(*base));
		memcpy(base + 2 * capacity, trace->sample, old * sizeof(*base));
		give_back(heap, trace, trace->origin, directories_bytes(old));
	}
	trace->origin = (void *)base;
	trace->record = (void *)(base + capacity);
	trace->sample = (void *)(base + 2 * capacity);
	trace->capacity = capacity;
	return 0;
}

static int cover_segment(struct rh_heap *heap, struct rh_trace *trace)
{
	int err = grow_directories(heap, trace);
	struct rh_sample *samples;
	u32 *array;

	if (err)
		return err;
	if (trace->sampling.mean && !trace->sample[trace->covered]) {
		samples = get(heap, trace, SAMPLE_BYTES);
		if (IS_ERR(samples))
			return PTR_ERR(samples);
		trace->sample[trace->covered] = samples;
	}
	array = get(heap, trace, ARRAY_BYTES);
	if (IS_ERR(array))
		return PTR_ERR(array);
	trace->origin[trace->covered++] = array;
	return 0;
}

static struct rh_traced *record_of(const struct rh_trace *trace, u32 number)
{
	return &trace->chunk[(number - 1) / RH_TRACE_CHUNK][(number - 1) % RH_TRACE_CHUNK];
}

static int grow_chunks(struct rh_heap *heap, struct rh_trace *trace)
{
	u32 old = trace->chunks, chunks = old ? old * 2 : 8;
	struct rh_traced **chunk = get(heap, trace, chunks * sizeof(*chunk));

	if (IS_ERR(chunk))
		return PTR_ERR(chunk);
	if (old)
		memcpy(chunk, trace->chunk, old * sizeof(*chunk));
	give_back(heap, trace, trace->chunk, old * sizeof(*chunk));
	trace->chunk = chunk;
	trace->chunks = chunks;
	return 0;
}

/* Room for the record after the last one. */
static int reserve_record(struct rh_heap *heap, struct rh_trace *trace)
{
	u32 index = trace->n / RH_TRACE_CHUNK;
	struct rh_traced *chunk;
	int err;

	if (trace->n >= RH_SLOT_LIMIT)
		return -ENOMEM;
	if (index >= trace->chunks) {
		err = grow_chunks(heap, trace);
		if (err)
			return err;
	}
	if (trace->chunk[index])
		return 0;
	chunk = get(heap, trace, CHUNK_BYTES);
	if (IS_ERR(chunk))
		return PTR_ERR(chunk);
	trace->chunk[index] = chunk;
	return 0;
}

/* Where the number of the site's record is. Return: it or an ERR_PTR. */
static u32 *number_of_site(struct rh_heap *heap, struct rh_trace *trace, u32 site)
{
	u32 **array = &trace->record[site >> RH_SEGMENT_SHIFT];
	u32 *made;

	if (!*array) {
		made = get(heap, trace, ARRAY_BYTES);
		if (IS_ERR(made))
			return made;
		*array = made;
	}
	return &(*array)[site & RH_SEGMENT_MASK];
}

/* Looks for the record of the site, and makes it. Slot 0 stands for no site. */
static int find_record(struct rh_heap *heap, struct rh_trace *trace, u32 site)
{
	u32 *number = number_of_site(heap, trace, site);
	int err;

	if (IS_ERR(number))
		return PTR_ERR(number);
	if (*number <= trace->cleared) {
		err = reserve_record(heap, trace);
		if (err)
			return err;
		*number = ++trace->n;
		record_of(trace, *number)->site = site;
	}
	trace->site = site;
	trace->at = *number;
	return 0;
}

int rh_trace_prepare(struct rh_heap *heap)
{
	struct rh_trace *trace = heap->trace;
	int err;

	if (!trace->ready)
		return 0;
	while (unlikely(trace->covered < heap->table.nsegments)) {
		err = cover_segment(heap, trace);
		if (err)
			return err;
	}
	if (likely(trace->at && trace->site == heap->site))
		return 0;
	return find_record(heap, trace, heap->site);
}

static void tell_quiet(struct rh_heap *heap)
{
	const struct rh_trace *trace = heap->trace;
	bool on = trace && trace->ready;
	struct refheap_state *state = (void *)heap->state;

	WRITE_ONCE(state->quiet, on ? rh_sampling_quiet(&trace->sampling) : 0);
}

/* Those who make objects read it without a lock; see struct refheap_state. */
static void tell(struct rh_heap *heap)
{
	const struct rh_trace *trace = heap->trace;
	bool on = trace && trace->ready;
	struct refheap_state *state = (void *)heap->state;

	tell_quiet(heap);
	WRITE_ONCE(state->frames, on ? trace->frames : 0);
	WRITE_ONCE(state->flags, on && trace->sampling.births ? REFHEAP_TRACE_BIRTHS : 0);
}

static void follow(struct rh_heap *heap)
{
	heap->followed = heap->watch || (heap->trace && heap->trace->ready);
}

void rh_heap_watch(struct rh_heap *heap, bool watch)
{
	heap->watch = watch;
	follow(heap);
}

int rh_trace_start_step(struct rh_heap *heap, u32 frames, u32 mean, bool births)
{
	struct rh_trace *trace = heap->trace;
	int err = 0;

	if (!trace) {
		trace = rh_alloc(heap, sizeof(*trace));
		if (IS_ERR(trace))
			return PTR_ERR(trace);
		trace->overhead = sizeof(*trace);
		trace->frames = frames;
		rh_sampling_begin(&trace->sampling, mean, births, heap->host->now(heap->ctx));
		heap->trace = trace;
	}
	while (!err && trace->covered < heap->table.nsegments) {
		err = cover_segment(heap, trace);
		rh_slice_book(heap, ARRAY_COST);
		if (!err && rh_slice_over(heap))
			return RH_MORE;
	}
	if (err) {
		rh_trace_stop(heap);
		return err;
	}
	if (!trace->ready)
		trace->since_ns = heap->host->now(heap->ctx);
	trace->ready = true;
	follow(heap);
	tell(heap);
	return RH_DONE;
}

void rh_trace_stop(struct rh_heap *heap)
{
	struct rh_trace *trace = heap->trace;

	if (!trace)
		return;
	heap->trace = NULL;
	trace->next = heap->traces_ended;
	heap->traces_ended = trace;
	follow(heap);
	tell(heap);
}

static void free_rest(struct rh_heap *heap, struct rh_trace *trace)
{
	give_back(heap, trace, trace->chunk, trace->chunks * sizeof(*trace->chunk));
	if (trace->capacity)
		give_back(heap, trace, trace->origin, directories_bytes(trace->capacity));
	WARN_ON_ONCE(trace->overhead != sizeof(*trace));
	rh_free(heap, trace, sizeof(*trace));
}

/* Frees the chunks before @end. Return: RH_MORE when the slice ended. */
static enum rh_progress free_chunks(struct rh_heap *heap, struct rh_trace *trace, u32 end)
{
	while (trace->freed < end) {
		give_back(heap, trace, trace->chunk[trace->freed], CHUNK_BYTES);
		trace->chunk[trace->freed++] = NULL;
		rh_slice_book(heap, ARRAY_COST);
		if (rh_slice_over(heap))
			return RH_MORE;
	}
	return RH_DONE;
}

enum rh_progress rh_trace_end_step(struct rh_heap *heap)
{
	struct rh_trace *trace;

	while (heap->traces_ended) {
		trace = heap->traces_ended;
		if (free_chunks(heap, trace, trace->chunks) != RH_DONE)
			return RH_MORE;
		while (trace->cursor < trace->capacity) {
			give_back(heap, trace, trace->origin[trace->cursor], ARRAY_BYTES);
			give_back(heap, trace, trace->sample[trace->cursor], SAMPLE_BYTES);
			give_back(heap, trace, trace->record[trace->cursor++], ARRAY_BYTES);
			rh_slice_book(heap, ARRAY_COST);
			if (rh_slice_over(heap))
				return RH_MORE;
		}
		heap->traces_ended = trace->next;
		free_rest(heap, trace);
	}
	return RH_DONE;
}

void rh_trace_clear(struct rh_heap *heap)
{
	struct rh_trace *trace = heap->trace;

	if (!trace || trace->n == trace->cleared)
		return;
	/* The next record begins a chunk: those before it can go. */
	trace->n = ALIGN(trace->n, RH_TRACE_CHUNK);
	trace->cleared = trace->n;
	trace->at = 0;
	trace->alive = (struct rh_tally){};
	trace->peak = 0;
	trace->births = 0;
}

enum rh_progress rh_trace_tidy_step(struct rh_heap *heap)
{
	struct rh_trace *trace = heap->trace;

	return trace ? free_chunks(heap, trace, trace->cleared / RH_TRACE_CHUNK) : RH_DONE;
}

static u32 *origin_of(const struct rh_trace *trace, u32 slot)
{
	u32 index = slot >> RH_SEGMENT_SHIFT;

	return index < trace->covered ? &trace->origin[index][slot & RH_SEGMENT_MASK] : NULL;
}

struct rh_traced *rh_trace_of(const struct rh_heap *heap, u32 slot)
{
	const struct rh_trace *trace = heap->trace;
	u32 *origin = trace ? origin_of(trace, slot) : NULL;

	return origin && *origin > trace->cleared ? record_of(trace, *origin) : NULL;
}

static struct rh_sample *sample_of(const struct rh_trace *trace, u32 slot)
{
	return &trace->sample[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK];
}

/* What an object that is booked comes to. */
static void tally_of(const struct rh_heap *heap, u32 slot, struct rh_tally *tally)
{
	const struct rh_trace *trace = heap->trace;
	const struct rh_sample whole = { .size = rh_object_sizeof(heap, slot) };

	rh_sample_tally(&trace->sampling,
			trace->sampling.mean ? sample_of(trace, slot) : &whole, tally);
}

static void add(struct rh_trace *trace, struct rh_traced *record, const struct rh_tally *tally)
{
	rh_tally_add(&record->alive, tally);
	rh_tally_add(&trace->alive, tally);
	trace->peak = max(trace->peak, trace->alive.bytes);
}

static void subtract(struct rh_trace *trace, struct rh_traced *record,
		     const struct rh_tally *tally)
{
	rh_tally_subtract(&record->alive, tally);
	rh_tally_subtract(&trace->alive, tally);
}

void rh_trace_resize(struct rh_heap *heap, u32 slot, s64 bytes)
{
	struct rh_trace *trace = heap->trace;
	struct rh_traced *record = rh_trace_of(heap, slot);
	struct rh_tally tally = { .bytes = bytes };

	if (!record)
		return;
	if (trace->sampling.mean) {
		tally_of(heap, slot, &tally);
		subtract(trace, record, &tally);
		sample_of(trace, slot)->size += bytes;
		tally_of(heap, slot, &tally);
	}
	add(trace, record, &tally);
}

/* Whether the object is to be booked. */
static bool is_sampled(struct rh_heap *heap, u32 slot)
{
	struct rh_trace *trace = heap->trace;
	bool booked;

	if (!trace->sampling.mean)
		return true;
	booked = rh_sample_birth(&trace->sampling, rh_object_sizeof(heap, slot),
				 sample_of(trace, slot));
	tell_quiet(heap);
	return booked;
}

static void book_birth(struct rh_heap *heap, u32 slot)
{
	struct rh_trace *trace = heap->trace;
	struct rh_tally tally;
	u32 *origin;

	if (!trace || !trace->ready)
		return;
	origin = origin_of(trace, slot);
	if (WARN_ON_ONCE(!origin || !trace->at) || !is_sampled(heap, slot))
		return;
	*origin = trace->at;
	tally_of(heap, slot, &tally);
	record_of(trace, trace->at)->births += tally.weight;
	trace->births += tally.weight;
	add(trace, record_of(trace, trace->at), &tally);
}

/*
 * Return: the record that it was booked on, or NULL; *@weight is how many
 * objects it stood for, in 256ths.
 */
static struct rh_traced *book_death(struct rh_heap *heap, u32 slot, u64 *weight)
{
	struct rh_trace *trace = heap->trace;
	struct rh_traced *record = rh_trace_of(heap, slot);
	struct rh_tally tally;

	if (record) {
		tally_of(heap, slot, &tally);
		subtract(trace, record, &tally);
		*weight = tally.weight;
	}
	if (trace && origin_of(trace, slot))
		*origin_of(trace, slot) = 0;
	return record;
}

void rh_trace_exempt(struct rh_heap *heap, u32 slot)
{
	struct rh_traced *record;
	u64 weight;

	record = book_death(heap, slot, &weight);
	if (!record)
		return;
	record->births -= weight;
	heap->trace->births -= weight;
}

void rh_follow_birth(struct rh_heap *heap, u32 slot)
{
	book_birth(heap, slot);
	rh_notify_object(heap, RH_NOTICE_BIRTH, slot);
}

void rh_follow_death(struct rh_heap *heap, u32 slot)
{
	u64 weight;

	book_death(heap, slot, &weight);
	rh_notify_death(heap, slot);
}

struct rh_traced *rh_trace_next(const struct rh_heap *heap, u32 *number)
{
	const struct rh_trace *trace = heap->trace;

	if (!trace)
		return NULL;
	*number = max(*number, trace->cleared + 1);
	return *number <= trace->n ? record_of(trace, *number) : NULL;
}

void rh_trace_check_begin(struct rh_heap *heap)
{
	struct rh_traced *record;
	u32 number = 1;

	for (; (record = rh_trace_next(heap, &number)); number++)
		record->seen = (struct rh_tally){};
}

bool rh_trace_check(struct rh_heap *heap, u32 slot)
{
	struct rh_traced *record = rh_trace_of(heap, slot);
	const struct rh_trace *trace = heap->trace;
	struct rh_tally tally;

	if (!record)
		return true;
	tally_of(heap, slot, &tally);
	rh_tally_add(&record->seen, &tally);
	if (trace->sampling.mean &&
	    sample_of(trace, slot)->size != rh_object_sizeof(heap, slot))
		return false;
	return !(rh_head(heap, slot)->meta & (RH_META_CARRIER | RH_META_REAPED));
}

bool rh_trace_check_end(const struct rh_heap *heap)
{
	const struct rh_trace *trace = heap->trace;
	struct rh_tally sum = {};
	const struct rh_traced *record;
	u32 number = 1;
	u64 births = 0;

	for (; (record = rh_trace_next(heap, &number)); number++) {
		if (!rh_tally_equal(&record->alive, &record->seen))
			return false;
		rh_tally_add(&sum, &record->alive);
		births += record->births;
	}
	return !trace || (rh_tally_equal(&trace->alive, &sum) && trace->births == births &&
			  trace->peak >= sum.bytes);
}
