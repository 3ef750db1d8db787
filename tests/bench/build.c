// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "build.h"

struct builder {
	const struct graph *graph;
	submit_fn submit;
	void *arg;
	struct build_batch batch;
	uint64_t *id;		/* of each object */
	uint32_t type;
};

static void submit(const struct build_batch *batch, submit_fn call, void *arg)
{
	uint32_t i;

	call(arg, batch);
	for (i = 0; i < batch->count; i++)
		if (batch->results[i].error)
			fail("operation %u failed: %s", batch->ops[i].code,
			     strerror(-batch->results[i].error));
}

uint64_t build_one(struct refheap_op op, submit_fn call, void *arg)
{
	struct refheap_result result;
	struct build_batch batch = { .ops = &op, .results = &result, .count = 1 };

	submit(&batch, call, arg);
	return result.value;
}

static void make_type(struct builder *builder)
{
	struct {
		struct refheap_type_new type;
		char name[4];
		struct __attribute__((packed)) {
			uint16_t length;
			char name;
		} slots[2];
	} in = { { .name_len = 4, .nslots = 2 }, "node", { { 1, 'a' }, { 1, 'b' } } };
	struct refheap_op op = {
		.code = REFHEAP_OP_TYPE_NEW,
		.data_len = sizeof(in.type) + sizeof(in.name) + sizeof(in.slots),
	};
	struct refheap_result result;
	struct build_batch batch = { &op, &result, 1, &in, op.data_len };

	submit(&batch, builder->submit, builder->arg);
	builder->type = result.value;
}

static void make_object(struct builder *builder, uint64_t i, struct refheap_op *op)
{
	(void)i;
	op->code = REFHEAP_OP_INSTANCE;
	op->arg = builder->type;
}

static void note_object(struct builder *builder, uint64_t i, const struct refheap_result *result)
{
	builder->id[i] = result->value;
}

static void set_cell(struct builder *builder, uint64_t i, struct refheap_op *op)
{
	op->code = REFHEAP_OP_SET_ATTR;
	op->a = builder->id[i / 2];
	op->c = builder->id[builder->graph->cell[i]];
	op->data_off = i % 2;
	op->data_len = 1;
}

/* All but object 0. */
static void drop_object(struct builder *builder, uint64_t i, struct refheap_op *op)
{
	op->code = REFHEAP_OP_DROP;
	op->a = builder->id[i + 1];
}

/* Does something @n times, in batches. */
static void for_each(struct builder *builder, uint64_t n,
		     void (*fill)(struct builder *builder, uint64_t i, struct refheap_op *op),
		     void (*note)(struct builder *builder, uint64_t i,
				  const struct refheap_result *result))
{
	struct build_batch *batch = &builder->batch;
	uint64_t done;
	uint32_t i;

	for (done = 0; done < n; done += batch->count) {
		batch->count = n - done < REFHEAP_MAX_OPS ? n - done : REFHEAP_MAX_OPS;
		memset(batch->ops, 0, batch->count * sizeof(*batch->ops));
		for (i = 0; i < batch->count; i++)
			fill(builder, done + i, &batch->ops[i]);
		submit(batch, builder->submit, builder->arg);
		for (i = 0; note && i < batch->count; i++)
			note(builder, done + i, &batch->results[i]);
	}
}

uint64_t build_graph(const struct graph *graph, submit_fn call, void *arg)
{
	struct builder builder = {
		.graph = graph,
		.submit = call,
		.arg = arg,
		.batch = {
			.ops = must_have(malloc(REFHEAP_MAX_OPS * sizeof(struct refheap_op))),
			.results = must_have(malloc(REFHEAP_MAX_OPS *
						    sizeof(struct refheap_result))),
			.in = "ab",
			.in_len = 2,
		},
		.id = must_have(malloc(graph->n * sizeof(uint64_t))),
	};
	uint64_t root;

	make_type(&builder);
	for_each(&builder, graph->n, make_object, note_object);
	for_each(&builder, 2 * (uint64_t)graph->n, set_cell, NULL);
	for_each(&builder, graph->n - 1, drop_object, NULL);
	root = builder.id[0];
	free(builder.id);
	free(builder.batch.results);
	free(builder.batch.ops);
	return root;
}
