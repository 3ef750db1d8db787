// SPDX-License-Identifier: GPL-2.0
/*
 * A session that waits for the heap and then does not get a processor: it runs
 * only when nobody else wants to, and somebody always does. Who lets waiters go
 * first must not stand still for that one.
 *
 * Priority inversion, as on Mars Pathfinder in 1997.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "../bed.h"

#define HEAP		"replay.slow"
#define WATCH_US	8000000
#define FED_US		50000
#define STARVED_US	3000000
#define BATCHES		200

static struct bed bed;

static void stay_on(unsigned int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	MUST_SYS(sched_setaffinity(0, sizeof(cpus), &cpus));
}

/* Return: the longest of many collections, in microseconds. */
static uint64_t collect(int fd)
{
	uint64_t end = now_us() + WATCH_US, longest = 0, begin, took;

	while (now_us() < end) {
		begin = now_us();
		must(op(fd, OP(COLLECT, .arg = 2), NULL), "collect");
		took = now_us() - begin;
		if (took > longest)
			longest = took;
	}
	return longest;
}

static void run_for_ever(void)
{
	volatile unsigned int n = 0;

	stay_on(1);
	for (;;)
		n++;
}

static void ask_for_ever(void)
{
	int fd = device_attach(HEAP);

	must(fd, "attach");
	stay_on(1);
	for (;;)
		op(fd, OP(NOP), NULL);
}

/* Lets it come to wait for the heap as anybody does, and then not get further. */
static void starve_for_ever(pid_t asker)
{
	const struct sched_param none = { 0 };

	for (;;) {
		MUST_SYS(sched_setscheduler(asker, SCHED_OTHER, &none));
		usleep(FED_US);
		MUST_SYS(sched_setscheduler(asker, SCHED_IDLE, &none));
		usleep(STARVED_US);
	}
}

int main(void)
{
	uint64_t usual, longest;
	pid_t runner, asker, starver;
	refheap_id list;
	unsigned int i;
	int fd;

	if (cpus() < 2) {
		skipped("who waits for a processor needs another one");
		return results();
	}
	bed_make(&bed, HEAP);
	stay_on(0);
	fd = device_attach(HEAP);
	must(fd, "attach");
	list = value_of(fd, OP(LIST));
	for (i = 0; i < BATCHES; i++)
		append_many(fd, list, OP(LIST));
	runner = give_birth();
	if (!runner)
		run_for_ever();
	usual = collect(fd);
	asker = give_birth();
	if (!asker)
		ask_for_ever();
	starver = give_birth();
	if (!starver)
		starve_for_ever(asker);
	longest = collect(fd);
	end(starver);
	end(asker);
	end(runner);
	close(fd);
	result(longest < 4 * usual + 500000,
	       "collecting takes %llu us at most beside who gets no processor, %llu without",
	       (unsigned long long)longest, (unsigned long long)usual);
	bed_check(&bed, "afterwards");
	bed_remove(&bed);
	return results();
}
