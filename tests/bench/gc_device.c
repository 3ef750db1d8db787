// SPDX-License-Identifier: GPL-2.0
/*
 * The heap in the kernel on a graph: gc_device GRAPH live|dead
 *
 * Prints the duration of a full collection and the longest time for which it
 * held the heap, both as the kernel measured them.
 */
#include <string.h>
#include "device.h"

struct run {
	struct graph graph;
	int live;
	int fd;
};

static void submit(void *arg, const struct build_batch *batch)
{
	device_submit(((struct run *)arg)->fd, batch);
}

static uint64_t one(struct run *run, uint16_t code, uint32_t arg, uint64_t a)
{
	return build_one((struct refheap_op){ .code = code, .arg = arg, .a = a }, submit, run);
}

static struct refheap_event next_event(int fd, uint32_t type)
{
	struct refheap_event event;

	do {
		if (read(fd, &event, sizeof(event)) != sizeof(event))
			fail("cannot read an event: %m");
	} while (event.type != type || event.generation != 2);
	return event;
}

static void subscribe(int fd, uint32_t mask)
{
	struct refheap_subscribe subscribe = { sizeof(subscribe), mask };

	if (ioctl(fd, REFHEAP_IOC_SUBSCRIBE, &subscribe))
		fail("cannot subscribe: %m");
}

static void sample(void *arg)
{
	struct run *run = arg;
	uint64_t begin, wall, duration, found;
	struct refheap_event start, stop;

	if (!run->live)
		one(run, REFHEAP_OP_DROP, 0, build_graph(&run->graph, submit, run));
	/* Collections while the graph was built are nobody's business. */
	subscribe(run->fd, REFHEAP_EVENT_GC_START | REFHEAP_EVENT_GC_STOP);
	begin = now_ns();
	found = one(run, REFHEAP_OP_COLLECT, 2, 0);
	wall = now_ns() - begin;
	start = next_event(run->fd, REFHEAP_EVENT_GC_START);
	stop = next_event(run->fd, REFHEAP_EVENT_GC_STOP);
	subscribe(run->fd, 0);
	if (found != (run->live ? 0 : run->graph.n))
		fail("%llu objects were freed", (unsigned long long)found);
	duration = stop.time_ns - start.time_ns;
	if (wall > duration + duration / 10 + 5000000)
		fprintf(stderr, "gc_device: collecting took %llu ns, of which the kernel counts %llu\n",
			(unsigned long long)wall, (unsigned long long)duration);
	printf("%llu %llu\n", (unsigned long long)duration, (unsigned long long)stop.value);
}

int main(int argc, char **argv)
{
	struct run run;

	if (argc != 3)
		fail("usage: gc_device GRAPH live|dead");
	run.graph = graph_open(argv[1]);
	run.live = !strcmp(argv[2], "live");
	run.fd = device_open();
	if (run.live) {
		build_graph(&run.graph, submit, &run);
		one(&run, REFHEAP_OP_COLLECT, 2, 0);
	}
	return contend(sample, &run);
}
