// SPDX-License-Identifier: GPL-2.0
/*
 * The engine in userspace on a graph: gc_native GRAPH live|dead|metadata
 *
 * Prints the duration of a full collection and the longest step of it; or the
 * bytes of metadata an object.
 */
#include "native.h"
#include <string.h>
#include "build.h"

struct run {
	struct graph graph;
	bool live;
	struct rh_heap *heap;
	struct rh_holder *holder;
};

static void submit(void *arg, const struct build_batch *batch)
{
	struct run *run = arg;
	struct rh_batch work = {
		.heap = run->heap,
		.holder = run->holder,
		.ops = batch->ops,
		.results = batch->results,
		.in = batch->in,
		.count = batch->count,
		.in_len = batch->in_len,
	};

	while (rh_batch_step(&work) == RH_MORE)
		;
	if (work.done != batch->count)
		fail("a batch stopped after %u operations: %s", work.done,
		     strerror(-batch->results[work.done - 1].error));
}

static u64 collect(struct run *run)
{
	u64 start = now_ns();

	if (!rh_collect_start(run->heap, 2))
		fail("a collection is running already");
	while (rh_work_step(run->heap) == RH_MORE)
		;
	return now_ns() - start;
}

static void drop(struct run *run, u64 id)
{
	build_one((struct refheap_op){ .code = REFHEAP_OP_DROP, .a = id }, submit, run);
}

static void sample(void *arg)
{
	struct run *run = arg;
	struct rh_heap_stat before, after;
	struct rh_gc_stat stat;
	u64 duration;

	if (!run->live)
		drop(run, build_graph(&run->graph, submit, run));
	rh_heap_stat(run->heap, &before);
	duration = collect(run);
	rh_heap_stat(run->heap, &after);
	rh_gc_stat(run->heap, &stat);
	if (before.objects - after.objects != (run->live ? 0 : run->graph.n))
		fail("%llu objects were freed",
		     (unsigned long long)(before.objects - after.objects));
	printf("%llu %llu\n", (unsigned long long)duration,
	       (unsigned long long)stat.longest_hold_ns);
}

static void metadata_sample(void *arg)
{
	struct run *run = arg;
	struct rh_table_stat stat;

	rh_table_stat(run->heap, &stat);
	printf("%.3f\n", stat.millibytes / 1000.0);
}

int main(int argc, char **argv)
{
	struct run run;

	if (argc != 3)
		fail("usage: gc_native GRAPH live|dead|metadata");
	run.graph = graph_open(argv[1]);
	run.live = strcmp(argv[2], "dead");
	run.heap = native_heap();
	run.holder = rh_holder_new(run.heap, 1, NULL);
	if (IS_ERR(run.holder))
		fail("cannot make a holder");
	if (run.live) {
		build_graph(&run.graph, submit, &run);
		collect(&run);
	}
	return contend(strcmp(argv[2], "metadata") ? sample : metadata_sample, &run);
}
