/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sampling of births, and what the booked ones stand for. See struct
 * refheap_traced for what is done and why it is right.
 */
#ifndef REFHEAP_ENGINE_TRACE_SAMPLE_H
#define REFHEAP_ENGINE_TRACE_SAMPLE_H

#include "heap.h"

/* How births are sampled. */
struct rh_sampling {
	u32 mean;		/* distance of points; 0: everything is booked */
	bool births;		/* it is of births, not of bytes */
	u64 distance;		/* to the next point, in parts of a byte or birth */
	u64 random;		/* state of the generator */
};

/* What is remembered of an object that was booked. */
struct rh_sample {
	u64 size;		/* bytes that it takes now */
	u32 born;		/* its length on the row of births */
	u32 points;		/* that met it; 0: it stands for itself alone */
};

/* What objects come to that are booked together. */
struct rh_tally {
	u64 bytes;
	u64 weight;		/* objects, in 256ths */
	u64 samples;		/* objects that stand for others, too */
	u64 byte_squares, count_squares; /* as in struct refheap_traced; of samples alone */
};

#define RH_WEIGHT_SHIFT	8

static inline u64 rh_weight_count(u64 weight)
{
	return (weight + (1U << (RH_WEIGHT_SHIFT - 1))) >> RH_WEIGHT_SHIFT;
}

/* Of byte_squares. */
u64 rh_sampling_unit(const struct rh_sampling *sampling);

/* Begins; @seed makes one row differ from another. */
void rh_sampling_begin(struct rh_sampling *sampling, u32 mean, bool births, u64 seed);

/* Births of so many bytes, or so many, that are not booked. */
u64 rh_sampling_quiet(const struct rh_sampling *sampling);

/*
 * Decides on a birth of @size bytes. Return: whether it is booked; then @sample
 * is filled.
 */
bool rh_sample_birth(struct rh_sampling *sampling, u64 size, struct rh_sample *sample);

/* What one booked object comes to. */
void rh_sample_tally(const struct rh_sampling *sampling, const struct rh_sample *sample,
		     struct rh_tally *tally);

void rh_tally_add(struct rh_tally *to, const struct rh_tally *tally);
void rh_tally_subtract(struct rh_tally *from, const struct rh_tally *tally);
bool rh_tally_equal(const struct rh_tally *one, const struct rh_tally *other);

#endif
