// SPDX-License-Identifier: GPL-2.0
/*
 * Tracing through the library: trace_device single|batch|snapshot
 *
 *   single    lists that are made with a call each
 *   batch     lists that are made 256 in a call
 *   snapshot  a snapshot and its statistics, of a million objects of a
 *             thousand lines
 *
 * Prints, of single and batch, how many times longer making takes with one
 * frame, and with 25, than without tracing; then nanoseconds that these add to
 * each list; then how many times longer of a sample of one birth in a hundred.
 * Of snapshot, nanoseconds.
 */
#include "library.h"

#define LISTS		4096
#define BATCH		256
#define TURNS		8
#define FRAMES		25
#define SAMPLE		100
#define DEPTH		30
#define LINES		1000
#define OBJECTS		1000000

struct run {
	struct refheap *session;
	struct refheap_batch_builder *batch;
	refheap_id list[LISTS];
	void (*make)(struct run *run);
};

static void make_single(struct run *run)
{
	unsigned int i;

	for (i = 0; i < LISTS; i++)
		must(refheap_new_list(run->session, NULL, 0, &run->list[i]));
}

static void make_batch(struct run *run)
{
	unsigned int i, j;

	for (i = 0; i < LISTS; i += BATCH) {
		refheap_batch_reset(run->batch);
		for (j = 0; j < BATCH; j++)
			must(refheap_batch_new_list(run->batch, NULL, 0));
		must(refheap_batch_submit(run->batch, run->session, 0));
		for (j = 0; j < BATCH; j++)
			run->list[i + j] = refheap_batch_value(run->batch, j);
	}
}

/* Makes them with a deep stack, as programs have one. */
static __attribute__((noinline, noclone)) void at_depth(struct run *run, unsigned int depth)
{
	if (depth)
		at_depth(run, depth - 1);
	else
		run->make(run);
	/* The call is no jump. */
	__asm__ volatile("" : : : "memory");
}

/* Nanoseconds of making a list; what drops them is not counted. */
static double measure(struct run *run)
{
	uint64_t best = UINT64_MAX, start, took;
	unsigned int i;

	for (i = 0; i < TURNS; i++) {
		start = now_ns();
		at_depth(run, DEPTH);
		took = now_ns() - start;
		best = took < best ? took : best;
		must(refheap_drop_many(run->session, run->list, LISTS));
	}
	return (double)best / LISTS;
}

/* With a @sample of 0 each birth is booked. */
static double measure_traced(struct run *run, uint32_t frames, uint64_t sample)
{
	const struct refheap_trace_options options = {
		.frames = frames,
		.flags = sample ? REFHEAP_TRACE_BIRTHS : 0,
		.sample = sample,
	};
	double took;

	must(REFHEAP_HERE(run->session));
	must(refheap_trace_start_with(run->session, &options));
	took = measure(run);
	must(refheap_trace_stop(run->session));
	return took;
}

static void sample_overhead(void *arg)
{
	struct run *run = arg;
	double off = measure(run);
	double one = measure_traced(run, 1, 0), many = measure_traced(run, FRAMES, 0);
	double few = measure_traced(run, 1, SAMPLE);
	double few_many = measure_traced(run, FRAMES, SAMPLE);

	printf("%.4f %.4f %.1f %.1f %.4f %.4f\n", one / off, many / off, one - off, many - off,
	       few / off, few_many / off);
}

static void make_million(struct run *run)
{
	char where[32];
	unsigned int i, j;
	int64_t site;

	must(refheap_trace_start(run->session));
	for (i = 0; i < LINES; i++) {
		snprintf(where, sizeof(where), "million.c:%u", i + 1);
		site = must(refheap_site(run->session, where));
		refheap_batch_reset(run->batch);
		refheap_batch_set_site(run->batch, (uint32_t)site);
		for (j = 0; j < OBJECTS / LINES; j++)
			must(refheap_batch_new_list(run->batch, NULL, 0));
		must(refheap_batch_submit(run->batch, run->session, 0));
	}
}

static void sample_snapshot(void *arg)
{
	struct run *run = arg;
	struct refheap_statistic *statistics;
	struct refheap_snapshot *snapshot;
	uint64_t start = now_ns();
	ssize_t count;

	must(refheap_snapshot_take(run->session, &snapshot));
	count = must(refheap_snapshot_statistics(snapshot, REFHEAP_TRACE_LINENO, &statistics));
	printf("%llu\n", (unsigned long long)(now_ns() - start));
	if (count != LINES || statistics[0].count != OBJECTS / LINES)
		fail("%zd lines, of which the first has %lld objects", count,
		     (long long)statistics[0].count);
	free(statistics);
	refheap_snapshot_free(snapshot);
}

int main(int argc, char **argv)
{
	static struct run run;

	if (argc != 2)
		fail("usage: trace_device single|batch|snapshot");
	run.session = library_open(getpid());
	must(refheap_batch_alloc(&run.batch));
	if (!strcmp(argv[1], "snapshot")) {
		make_million(&run);
		return contend(sample_snapshot, &run);
	}
	run.make = strcmp(argv[1], "batch") ? make_single : make_batch;
	return contend(sample_overhead, &run);
}
