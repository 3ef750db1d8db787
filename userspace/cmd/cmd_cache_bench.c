// SPDX-License-Identifier: GPL-2.0
/*
 * Exercises a cache: processes that get keys, and put those that are missing.
 * Afterwards everything that must hold is looked at.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <refheap.h>

#include "cmd.h"
#include "cmd_cache.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "util.h"

#define PROCESSES_MAX 1024
#define KEYS_MAX (16U << 20)
#define CHECK_EVERY 16		/* values of hits that are looked at */
#define DROP_TOGETHER 64	/* references given back in one call */
#define ZIPF_EXPONENT 0.99	/* as the benchmarks of key-value stores have it */

enum distribution {
	UNIFORM,
	ZIPF,		/* few keys are asked for often, many seldom */
	LOOP,		/* one key after the other: the worst for LRU */
};

static const char *const distribution_names[] = {
	[UNIFORM] = "uniform",
	[ZIPF] = "zipf",
	[LOOP] = "loop",
};

/**
 * struct plan - what is to be done
 * @processes: at the same time
 * @operations: gets, of all processes
 * @keys: different ones
 * @hold: values that each process keeps alive, for weak caches
 * @seed: of the random numbers
 * @distribution: of the keys
 * @cumulative: for ZIPF: how probable a key is, or one before it
 */
struct plan {
	uint64_t processes;
	uint64_t operations;
	uint64_t keys;
	uint64_t hold;
	uint64_t seed;
	enum distribution distribution;
	double *cumulative;
};

/* What a process has done; in memory that it shares with the first one. */
struct tally {
	uint64_t hits;
	uint64_t misses;
	uint64_t wrong;		/* values that are another key's */
	int error;
};

/* A process at work. */
struct worker {
	const struct plan *plan;
	struct tally *tally;
	struct refheap *session;
	struct refheap_cache *cache;
	uint64_t random;
	uint64_t next;		/* key, for LOOP */
	refheap_id *held;	/* a ring of plan->hold, or DROP_TOGETHER */
	size_t room;
	size_t count;
};

/* xorshift64*, of Vigna 2014 */
static uint64_t draw(struct worker *worker)
{
	uint64_t x = worker->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	worker->random = x;
	return x * 0x2545f4914f6cdd1d;
}

static uint64_t draw_zipf(struct worker *worker)
{
	const double *cumulative = worker->plan->cumulative;
	double at = (double)(draw(worker) >> 11) / (double)(1ULL << 53);
	uint64_t low = 0, high = worker->plan->keys - 1;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (cumulative[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static uint64_t draw_key(struct worker *worker)
{
	switch (worker->plan->distribution) {
	case ZIPF:
		return draw_zipf(worker);
	case LOOP:
		return worker->next++ % worker->plan->keys;
	default:
		return draw(worker) % worker->plan->keys;
	}
}

/* Keep a value for a while: what a weak cache has lives by that alone. */
static int keep(struct worker *worker, refheap_id value)
{
	int error = 0;

	if (worker->count == worker->room) {
		error = refheap_drop_many(worker->session, worker->held, worker->room);
		worker->count = 0;
	}
	worker->held[worker->count++] = value;
	return error;
}

static int check_value(struct worker *worker, refheap_id value, uint64_t key)
{
	uint64_t found;
	ssize_t length = refheap_read(worker->session, value, 0, &found, sizeof(found));

	if (length < 0)
		return (int)length;
	worker->tally->wrong += length != sizeof(found) || found != key;
	return 0;
}

static int put_missing(struct worker *worker, const char *text, uint64_t key, refheap_id *value)
{
	int error;

	worker->tally->misses++;
	error = refheap_new_bytearray(worker->session, &key, sizeof(key), value);
	return error ? error : refheap_cache_put_str(worker->cache, text, *value);
}

static int get_or_put(struct worker *worker)
{
	uint64_t key = draw_key(worker);
	refheap_id value;
	char text[32];
	int error;

	snprintf(text, sizeof(text), "bench.%" PRIu64, key);
	error = refheap_cache_get_str(worker->cache, text, &value);
	if (error == -ENOKEY) {
		error = put_missing(worker, text, key, &value);
	} else if (!error) {
		if (worker->tally->hits++ % CHECK_EVERY == 0)
			error = check_value(worker, value, key);
	}
	return error ? error : keep(worker, value);
}

static int open_own(struct worker *worker, const struct context *context, const char *name)
{
	struct refheap_options options = REFHEAP_OPTIONS_INIT;
	int error;

	if (!context->heap_default)
		options.owner = context->heap_owner;
	error = refheap_open_with(context->heap_name, &options, &worker->session);
	return error ? error : refheap_cache_open(worker->session, name, NULL, &worker->cache);
}

/* In a process of its own; its end gives back what it holds. */
static void work(const struct context *context, const char *name, const struct plan *plan,
		 struct tally *tally, uint64_t number, int start)
{
	struct worker worker = {
		.plan = plan,
		.tally = tally,
		.random = (plan->seed + number + 1) * 0x9e3779b97f4a7c15,
		.next = number * plan->keys / plan->processes,
		.room = plan->hold ? plan->hold : DROP_TOGETHER,
	};
	uint64_t operations = plan->operations / plan->processes +
			      (number < plan->operations % plan->processes);
	char byte;

	worker.held = xcalloc(worker.room, sizeof(*worker.held));
	tally->error = open_own(&worker, context, name);
	/* All begin when nobody has the other end open any more. */
	if (read(start, &byte, 1) < 0)
		tally->error = -errno;
	for (uint64_t i = 0; i < operations && !tally->error && !interrupted(); i++)
		tally->error = get_or_put(&worker);
}

static double seconds_since(const struct timespec *begin)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	return (double)(end.tv_sec - begin->tv_sec) + (double)(end.tv_nsec - begin->tv_nsec) / 1e9;
}

/* How many processes were started; each has its own tally. */
static uint64_t start_workers(const struct context *context, const char *name,
			      const struct plan *plan, struct tally *tallies, pid_t *children,
			      const int *start)
{
	pid_t parent = getpid();
	uint64_t i;

	for (i = 0; i < plan->processes; i++) {
		children[i] = fork();
		if (children[i] < 0)
			break;
		if (children[i])
			continue;
		/* Whoever kills the command ends all of it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		close(start[1]);
		work(context, name, plan, &tallies[i], i, start[0]);
		_exit(0);
	}
	return i;
}

/* Returns 0, or the first error. */
static int wait_for_workers(const pid_t *children, const struct tally *tallies, uint64_t count)
{
	int error = 0;

	for (uint64_t i = 0; i < count; i++) {
		int ended = 0;

		while (waitpid(children[i], &ended, 0) < 0 && errno == EINTR)
			;
		if (!error && (!WIFEXITED(ended) || WEXITSTATUS(ended)))
			error = -ECHILD;
		if (!error)
			error = tallies[i].error;
	}
	return error;
}

static int exercise(const struct context *context, const char *name, const struct plan *plan,
		    struct tally *tallies, double *seconds)
{
	cleanup_free pid_t *children = xcalloc(plan->processes, sizeof(*children));
	struct timespec begin;
	uint64_t started;
	int error, start[2];

	if (pipe(start))
		return -errno;
	fflush(NULL);
	started = start_workers(context, name, plan, tallies, children, start);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	close(start[1]);
	error = wait_for_workers(children, tallies, started);
	*seconds = seconds_since(&begin);
	close(start[0]);
	return started < plan->processes ? -EAGAIN : error;
}

static struct tally sum_up(const struct tally *tallies, const struct plan *plan)
{
	struct tally sum = { 0 };

	for (uint64_t i = 0; i < plan->processes; i++) {
		sum.hits += tallies[i].hits;
		sum.misses += tallies[i].misses;
		sum.wrong += tallies[i].wrong;
	}
	return sum;
}

static const struct column columns[] = {
	{ "processes", "PROCESSES", "that were at it", COLUMN_NUMBER },
	{ "operations", "OPERATIONS", "gets", COLUMN_NUMBER },
	{ "hits", "HITS", "gets that found a value", COLUMN_NUMBER },
	{ "misses", "MISSES", "gets that did not, each followed by a put", COLUMN_NUMBER },
	{ "hit_rate", "RATE", "hits among all gets", COLUMN_NUMBER },
	{ "seconds", "SECONDS", "that it took", COLUMN_NUMBER },
	{ "rate", "OPS/S", "gets and puts per second", COLUMN_NUMBER },
	{ "size", "SIZE", "entries afterwards", COLUMN_NUMBER },
	{ "evicted", "EVICTED", "entries that went for others", COLUMN_NUMBER },
	{ "wrong", "WRONG", "values that were another key's", COLUMN_NUMBER },
	{ "broken", "BROKEN", "invariants of the heap that are", COLUMN_NUMBER },
};

static int print_result(struct context *context, const struct plan *plan, const struct tally *sum,
			double seconds, const struct refheap_cache_info *after,
			uint64_t evicted, int64_t broken)
{
	uint64_t gets = sum->hits + sum->misses;
	double each = gets ? (double)gets : 1;

	return output_record(context, columns, ARRAY_SIZE(columns), (struct cell[]){
		cell_number(plan->processes),
		cell_number(gets),
		cell_number(sum->hits),
		cell_number(sum->misses),
		cell_real((double)sum->hits / each),
		cell_real(seconds),
		cell_number(seconds > 0 ? (uint64_t)((double)(gets + sum->misses) / seconds) : 0),
		cell_number(after->size),
		cell_number(evicted),
		cell_number(sum->wrong),
		cell_number((uint64_t)broken),
	});
}

/* What must hold, whoever else uses the cache. */
static int check(struct context *context, const struct tally *sum,
		 const struct refheap_cache_info *before, const struct refheap_cache_info *after,
		 int64_t broken, const char *text)
{
	if (broken)
		report_refused(context, EUCLEAN, "verify: %s", text);
	else if (sum->wrong)
		report_refused(context, EUCLEAN, "a key had the value of another");
	else if (after->maximum && after->size > after->maximum)
		report_refused(context, EUCLEAN, "the cache has more than its maximum");
	else if (after->hits - before->hits < sum->hits ||
		 after->misses - before->misses < sum->misses)
		report_refused(context, EUCLEAN, "hits or misses were not counted");
	else
		return STATUS_OK;
	return STATUS_BROKEN;
}

static int run_plan(struct context *context, const char *name, const struct plan *plan,
		    struct refheap_cache *cache, struct tally *tallies)
{
	struct refheap_cache_info before, after;
	struct tally sum;
	double seconds = 0;
	char text[200] = "";
	int64_t broken;
	int error, status;

	error = refheap_cache_get_info(cache, &before);
	if (!error)
		error = exercise(context, name, plan, tallies, &seconds);
	if (!error)
		error = refheap_cache_get_info(cache, &after);
	if (error)
		return cache_error(context, error, name);
	broken = refheap_verify(context->session, text, sizeof(text));
	if (broken < 0)
		return report_error(context, (int)broken, "cannot verify the heap");
	sum = sum_up(tallies, plan);
	status = print_result(context, plan, &sum, seconds, &after,
			      after.evicted - before.evicted, broken);
	return status ? status : check(context, &sum, &before, &after, broken, text);
}

static int parse_distribution(struct context *context, const char *word,
			      enum distribution *distribution)
{
	for (size_t i = 0; word && i < ARRAY_SIZE(distribution_names); i++) {
		if (strcmp(word, distribution_names[i]))
			continue;
		*distribution = (enum distribution)i;
		return STATUS_OK;
	}
	return word ? report_usage(context, "--distribution is uniform, zipf or loop, not '%s'",
				   word) : STATUS_OK;
}

static int parse_plan(struct context *context, const struct arguments *arguments,
		      struct plan *plan)
{
	if (argument_number(context, arguments, "processes", &plan->processes) ||
	    argument_number(context, arguments, "operations", &plan->operations) ||
	    argument_number(context, arguments, "keys", &plan->keys) ||
	    argument_number(context, arguments, "hold", &plan->hold) ||
	    argument_number(context, arguments, "seed", &plan->seed) ||
	    parse_distribution(context, argument_option(arguments, "distribution"),
			       &plan->distribution))
		return STATUS_USAGE;
	if (!plan->processes || plan->processes > PROCESSES_MAX)
		return report_usage(context, "--processes is 1 to %d", PROCESSES_MAX);
	if (!plan->keys || plan->keys > KEYS_MAX || plan->hold > KEYS_MAX)
		return report_usage(context, "--keys is 1 to %u, and --hold at most that",
				    KEYS_MAX);
	return STATUS_OK;
}

static double *zipf_table(uint64_t keys)
{
	double *table = xcalloc(keys, sizeof(*table));
	double sum = 0;

	for (uint64_t i = 0; i < keys; i++) {
		sum += 1 / pow((double)(i + 1), ZIPF_EXPONENT);
		table[i] = sum;
	}
	for (uint64_t i = 0; i < keys; i++)
		table[i] /= sum;
	return table;
}

static int run_bench(struct context *context, struct arguments *arguments)
{
	struct plan plan = {
		.processes = 4, .operations = 100000, .keys = 1000, .seed = 1,
		.distribution = ZIPF,
	};
	refheap_auto_cache struct refheap_cache *cache = NULL;
	const char *name = arguments->words[0];
	struct tally *tallies;
	size_t bytes;
	int status;

	if (parse_plan(context, arguments, &plan))
		return STATUS_USAGE;
	status = cache_open(context, name, &cache);
	if (status)
		return status;
	bytes = plan.processes * sizeof(*tallies);
	tallies = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED)
		return report_error(context, -errno, "cannot begin");
	if (plan.distribution == ZIPF)
		plan.cumulative = zipf_table(plan.keys);
	status = run_plan(context, name, &plan, cache, tallies);
	free(plan.cumulative);
	munmap(tallies, bytes);
	return status;
}

static const struct option_spec bench_options[] = {
	{ "processes", 'P', "N", "at the same time (4)" },
	{ "operations", 'n', "N", "gets, of all processes together; K, M may follow (100000)" },
	{ "keys", 'K', "N", "different keys (1000)" },
	{ "distribution", 'd', "HOW", "of the keys: uniform, zipf or loop (zipf)" },
	{ "hold", 0, "N", "values that each process holds, for weak caches (64)" },
	{ "seed", 's', "N", "of the random numbers (1)" },
	{ 0 },
};

const struct command cache_bench_command = {
	.name = "bench",
	.synopsis = "NAME",
	.summary = "Exercise a cache by many processes, then check that all is right",
	.details = "Each process gets keys and puts what is missing. The keys bench.0, bench.1 ...\n"
		   "stay in the cache. Status 4 says that something is broken.",
	.options = bench_options,
	.minimum = 1,
	.maximum = 1,
	.run = run_bench,
};
