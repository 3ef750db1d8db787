/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A contender measures one thing again and again, whenever measure.py says so,
 * so that contenders can take turns and a busy moment of the machine hits all
 * of them alike. It prints "ready" when it has prepared; then, for each line
 * that it reads, one line of numbers. It ends with its input.
 */
#ifndef REFHEAP_BENCH_CONTENDER_H
#define REFHEAP_BENCH_CONTENDER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

#define fail(...) do {					\
	fprintf(stderr, "%s: ", __FILE__);		\
	fprintf(stderr, __VA_ARGS__);			\
	fputc('\n', stderr);				\
	exit(1);					\
} while (0)

/* Keeps the compiler from seeing through a value, or from leaving it out. */
#define opaque(value) __asm__ volatile("" : "+r"(value) : : "memory")

static inline void *must_have(void *memory)
{
	if (!memory)
		fail("out of memory");
	return memory;
}

/* The same sequence for everybody who needs random numbers. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Below @limit, by multiplication: a division would be what is measured. */
static inline uint32_t random_below(uint64_t *state, uint32_t limit)
{
	return (uint32_t)((random_next(state) >> 32) * limit >> 32);
}

#define RANDOM_SEED 0x9e3779b97f4a7c15ULL

/* Prints the line of one sample. */
typedef void (*sample_fn)(void *arg);

static inline int contend(sample_fn sample, void *arg)
{
	char line[16];

	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		sample(arg);
		fflush(stdout);
	}
	return 0;
}

#endif
