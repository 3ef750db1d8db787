// SPDX-License-Identifier: GPL-2.0
/*
 * Everything is in whole numbers: what an object comes to is a function of its
 * sample alone, so that what was added can be subtracted without a rest.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include "trace_sample.h"

#define POINTS_MAX	7U	/* of one object; keeps products within 64 bits */
#define BYTE_PARTS	16U	/* of a mean distance: see rh_sampling_unit() */
#define BIRTH_BYTES	4U	/* likewise, of births */
#define COUNT_PARTS	8U	/* count_squares are in 64ths */
#define ROW_SHIFT	16	/* points lie between bytes, and between births */

static u32 random_next(struct rh_sampling *sampling)
{
	u64 *state = &sampling->random;

	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 32;
}

/*
 * A random distance with an exponential distribution, by comparisons alone: a
 * run of numbers that get smaller has an odd length with the probability that
 * its first one is to be taken, and each that has not adds a whole mean
 * (J. von Neumann, Various techniques used in connection with random digits,
 * 1951).
 */
static u64 random_distance(struct rh_sampling *sampling)
{
	u32 first, last, next, length;
	u64 whole = 0;

	for (;; whole += (u64)sampling->mean << ROW_SHIFT) {
		first = random_next(sampling);
		last = first;
		length = 1;
		while ((next = random_next(sampling)) < last) {
			last = next;
			length++;
		}
		if (length & 1)
			return whole + (((u64)first * sampling->mean) >> (32 - ROW_SHIFT));
	}
}

void rh_sampling_begin(struct rh_sampling *sampling, u32 mean, bool births, u64 seed)
{
	/* One of one is everything. */
	*sampling = (struct rh_sampling){
		.mean = mean > 1 ? mean : 0,
		.births = births,
		.random = seed ?: 1,
	};
	if (sampling->mean)
		sampling->distance = random_distance(sampling);
}

u64 rh_sampling_unit(const struct rh_sampling *sampling)
{
	if (sampling->births)
		return (u64)sampling->mean * BIRTH_BYTES;
	return DIV_ROUND_UP(sampling->mean, BYTE_PARTS);
}

u64 rh_sampling_quiet(const struct rh_sampling *sampling)
{
	return sampling->mean ? min_t(u64, sampling->distance >> ROW_SHIFT, sampling->mean - 1) : 0;
}

bool rh_sample_birth(struct rh_sampling *sampling, u64 size, struct rh_sample *sample)
{
	u32 length = sampling->births ? 1 : min_t(u64, size, U32_MAX);
	u64 rest = (u64)length << ROW_SHIFT;

	if (length < sampling->mean && sampling->distance >= rest) {
		sampling->distance -= rest;
		return false;
	}
	*sample = (struct rh_sample){ .born = length, .size = size };
	if (length >= sampling->mean)
		return true;
	while (sampling->distance < rest) {
		rest -= sampling->distance;
		sampling->distance = random_distance(sampling);
		sample->points = min(sample->points + 1, POINTS_MAX);
	}
	sampling->distance -= rest;
	return true;
}

/* Each of its points is a sample of its own, with the same square. */
static void add_squares(const struct rh_sampling *sampling, const struct rh_sample *sample,
			struct rh_tally *tally)
{
	u64 bytes, count;

	if (sampling->births) {
		bytes = sample->size / BIRTH_BYTES;
		count = (u64)sampling->mean * COUNT_PARTS;
	} else {
		bytes = div_u64(sample->size * BYTE_PARTS, sample->born);
		count = div_u64((u64)sampling->mean * COUNT_PARTS, sample->born);
	}
	tally->byte_squares = bytes * bytes * sample->points;
	tally->count_squares = count * count * sample->points;
}

void rh_sample_tally(const struct rh_sampling *sampling, const struct rh_sample *sample,
		     struct rh_tally *tally)
{
	u64 row = (u64)sampling->mean * sample->points;

	*tally = (struct rh_tally){ .bytes = sample->size, .weight = 1U << RH_WEIGHT_SHIFT };
	if (!sample->points)
		return;
	tally->bytes = div_u64(row * sample->size, sample->born);
	tally->weight = div_u64(row << RH_WEIGHT_SHIFT, sample->born);
	tally->samples = 1;
	add_squares(sampling, sample, tally);
}

void rh_tally_add(struct rh_tally *to, const struct rh_tally *tally)
{
	to->bytes += tally->bytes;
	to->weight += tally->weight;
	if (!tally->samples)
		return;
	to->samples += tally->samples;
	to->byte_squares += tally->byte_squares;
	to->count_squares += tally->count_squares;
}

void rh_tally_subtract(struct rh_tally *from, const struct rh_tally *tally)
{
	from->bytes -= tally->bytes;
	from->weight -= tally->weight;
	if (!tally->samples)
		return;
	from->samples -= tally->samples;
	from->byte_squares -= tally->byte_squares;
	from->count_squares -= tally->count_squares;
}

bool rh_tally_equal(const struct rh_tally *one, const struct rh_tally *other)
{
	return one->bytes == other->bytes && one->weight == other->weight &&
	       one->samples == other->samples && one->byte_squares == other->byte_squares &&
	       one->count_squares == other->count_squares;
}
