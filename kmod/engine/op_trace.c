// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on tracing.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include "execute.h"
#include "trace.h"

static_assert(sizeof(struct refheap_traced) % 8 == 0);

/* Clearing has used up many numbers of records: a new trace takes over as it was. */
static int renew(struct rh_heap *heap)
{
	const struct rh_trace *trace = heap->trace;
	u32 frames = trace->frames, mean = trace->sampling.mean;
	bool births = trace->sampling.births;

	rh_trace_stop(heap);
	return rh_trace_start_step(heap, frames, mean, births);
}

static int clear(struct rh_op *op)
{
	struct rh_heap *heap = op->heap;

	if (!op->batch->state.cursor++) {
		rh_trace_clear(heap);
		if (heap->trace && heap->trace->ready && heap->trace->n >= RH_TRACE_WORN)
			return renew(heap);
	}
	/* It goes on with beginning, unless somebody has stopped it. */
	if (heap->trace && !heap->trace->ready)
		return rh_trace_start_step(heap, 1, 0, false);
	return rh_trace_tidy_step(heap);
}

static int change(struct rh_op *op)
{
	struct rh_heap *heap = op->heap;
	int err = RH_DONE;

	switch (op->a) {
	case REFHEAP_TRACE_START:
		err = rh_trace_start_step(heap, max_t(u32, op->b, 1), op->c,
					  op->arg & REFHEAP_TRACE_BIRTHS);
		break;
	case REFHEAP_TRACE_STOP:
		rh_trace_stop(heap);
		break;
	case REFHEAP_TRACE_CLEAR:
		err = clear(op);
		break;
	case REFHEAP_TRACE_RESET_PEAK:
		if (heap->trace)
			heap->trace->peak = heap->trace->alive.bytes;
		break;
	}
	return err ?: (int)rh_trace_end_step(heap);
}

static bool start_valid(const struct rh_op *op)
{
	bool births = op->arg & REFHEAP_TRACE_BIRTHS;

	return op->b <= REFHEAP_TRACE_FRAMES_MAX && !(op->arg & ~REFHEAP_TRACE_BIRTHS) &&
	       op->c <= (births ? REFHEAP_TRACE_SAMPLE_BIRTHS_MAX : REFHEAP_TRACE_SAMPLE_MAX) &&
	       (op->c || !births);
}

int rh_op_trace(struct rh_op *op)
{
	const struct rh_trace *trace = op->heap->trace;
	int err;

	if (op->a > REFHEAP_TRACE_RESET_PEAK)
		return -EINVAL;
	if (op->a == REFHEAP_TRACE_START ? !start_valid(op) : op->b || op->c || op->arg)
		return -EINVAL;
	if (!op->batch->state.begun)
		op->batch->state.n = trace && trace->ready;
	op->batch->state.begun = 1;
	err = change(op);
	op->result->value = op->batch->state.n;
	return err;
}

void rh_trace_stat(const struct rh_heap *heap, struct refheap_traced *out)
{
	const struct rh_trace *trace = heap->trace;
	const struct rh_sampling *sampling;

	*out = (struct refheap_traced){};
	if (!trace)
		return;
	sampling = &trace->sampling;
	*out = (struct refheap_traced){
		.bytes = trace->alive.bytes,
		.peak = trace->peak,
		.count = rh_weight_count(trace->alive.weight),
		.births = rh_weight_count(trace->births),
		.overhead = trace->overhead,
		.since_ns = trace->since_ns,
		.on = trace->ready,
		.sites = trace->n - trace->cleared,
		.frames = trace->frames,
		.flags = sampling->births ? REFHEAP_TRACE_BIRTHS : 0,
		.sample = sampling->mean,
		.samples = trace->alive.samples,
		.byte_squares = trace->alive.byte_squares,
		.byte_unit = rh_sampling_unit(sampling),
		.count_squares = trace->alive.count_squares,
	};
}

int rh_op_trace_stat(struct rh_op *op)
{
	struct refheap_traced *out = rh_op_output(op, sizeof(*out));

	if (!out)
		return -ENOSPC;
	rh_trace_stat(op->heap, out);
	return 0;
}

int rh_op_trace_read(struct rh_op *op)
{
	u32 number = op->b;
	const struct rh_traced *record;
	struct refheap_trace_site *out;

	if (op->b > U32_MAX)
		return -EINVAL;
	for (;;) {
		record = rh_trace_next(op->heap, &number);
		out = record ? rh_op_output(op, sizeof(*out)) : NULL;
		if (!out)
			break;
		*out = (struct refheap_trace_site){
			.site = rh_id(op->heap, record->site),
			.bytes = record->alive.bytes,
			.count = rh_weight_count(record->alive.weight),
			.births = rh_weight_count(record->births),
			.samples = record->alive.samples,
			.byte_squares = record->alive.byte_squares,
			.count_squares = record->alive.count_squares,
		};
		number++;
		op->result->info++;
		/* What has been told is given out, lest it be told twice. */
		if (rh_slice_over(op->heap))
			break;
	}
	op->result->value = rh_trace_next(op->heap, &number) ? number : 0;
	return op->result->value && !op->result->info ? -ENOSPC : 0;
}

int rh_op_trace_of(struct rh_op *op)
{
	const struct rh_traced *record = rh_trace_of(op->heap, op->object);

	op->result->info = !!record;
	op->result->value = record ? rh_id(op->heap, record->site) : 0;
	return 0;
}
