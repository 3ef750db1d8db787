// SPDX-License-Identifier: GPL-2.0
/*
 * Operations through the device: ops_device single|batch|empty
 *
 *   single   one operation in each call
 *   batch    256 operations in each call
 *   empty    a call that the device refuses as unknown: the way in and out
 *
 * What is measured is what ops_redis and ops_keyrings do too: bytes are made,
 * linked into a set, and the reference to them is dropped; the set keeps them.
 * Emptying the set is not measured. Prints nanoseconds an operation.
 */
#include <errno.h>
#include <string.h>
#include "device.h"

#define TRIPLES		85	/* of make, link, drop; with one question 256 operations */
#define BATCH_OPS	(3 * TRIPLES + 1)
#define PAYLOAD		16

struct run {
	int fd;
	uint64_t set;
	uint64_t serial;	/* makes payloads differ */
	struct refheap_op ops[BATCH_OPS];
	struct refheap_result results[BATCH_OPS];
	char in[TRIPLES * PAYLOAD];
};

static void submit(void *arg, const struct build_batch *batch)
{
	device_submit(((struct run *)arg)->fd, batch);
}

static void report(uint64_t start, unsigned int operations)
{
	printf("%.3f\n", (double)(now_ns() - start) / operations);
}

static void clear(struct run *run)
{
	build_one((struct refheap_op){ .code = REFHEAP_OP_CLEAR, .a = run->set }, submit, run);
}

static void payload(struct run *run, unsigned int i)
{
	uint64_t words[PAYLOAD / sizeof(uint64_t)] = { run->serial++ };

	memcpy(run->in + i * PAYLOAD, words, PAYLOAD);
}

static uint64_t single(struct run *run, struct refheap_op op)
{
	struct refheap_result result;
	struct build_batch batch = { &op, &result, 1, run->in, PAYLOAD };

	device_submit(run->fd, &batch);
	if (result.error)
		fail("operation %u failed: %s", op.code, strerror(-result.error));
	return result.value;
}

static void single_sample(void *arg)
{
	const unsigned int rounds = 2000;
	struct run *run = arg;
	uint64_t start = now_ns();
	unsigned int i;
	uint64_t id;

	for (i = 0; i < rounds; i++) {
		payload(run, 0);
		id = single(run, (struct refheap_op){
			.code = REFHEAP_OP_BYTES, .data_len = PAYLOAD });
		single(run, (struct refheap_op){
			.code = REFHEAP_OP_ADD, .a = run->set, .b = id });
		single(run, (struct refheap_op){ .code = REFHEAP_OP_DROP, .a = id });
	}
	report(start, 3 * rounds);
	clear(run);
}

static void fill_batch(struct run *run)
{
	struct refheap_op *op = run->ops;
	unsigned int i;

	for (i = 0; i < TRIPLES; i++, op += 3) {
		payload(run, i);
		op[0] = (struct refheap_op){
			.code = REFHEAP_OP_BYTES, .data_off = i * PAYLOAD, .data_len = PAYLOAD };
		op[1] = (struct refheap_op){
			.code = REFHEAP_OP_ADD, .flags = REFHEAP_OPF_B_RESULT,
			.a = run->set, .b = 3 * i };
		op[2] = (struct refheap_op){
			.code = REFHEAP_OP_DROP, .flags = REFHEAP_OPF_A_RESULT, .a = 3 * i };
	}
	*op = (struct refheap_op){ .code = REFHEAP_OP_LEN, .a = run->set };
}

static void batch_sample(void *arg)
{
	const unsigned int batches = 40;
	struct run *run = arg;
	struct build_batch batch = {
		run->ops, run->results, BATCH_OPS, run->in, sizeof(run->in)
	};
	uint64_t start = now_ns();
	unsigned int i, n;

	for (i = 0; i < batches; i++) {
		fill_batch(run);
		device_submit(run->fd, &batch);
		for (n = 0; n < BATCH_OPS; n++)
			if (run->results[n].error)
				fail("operation %u failed: %s", n,
				     strerror(-run->results[n].error));
	}
	report(start, batches * BATCH_OPS);
	if (run->results[BATCH_OPS - 1].value != batches * TRIPLES)
		fail("the set has %llu members",
		     (unsigned long long)run->results[BATCH_OPS - 1].value);
	clear(run);
}

static void empty_sample(void *arg)
{
	const unsigned int calls = 20000;
	struct run *run = arg;
	uint64_t start = now_ns();
	unsigned int i;

	for (i = 0; i < calls; i++)
		if (!ioctl(run->fd, _IO(REFHEAP_IOC_MAGIC, 0xff)) || errno != ENOTTY)
			fail("an unknown call was not refused");
	report(start, calls);
}

int main(int argc, char **argv)
{
	static struct run run;

	if (argc != 2)
		fail("usage: ops_device single|batch|empty");
	run.fd = device_open();
	run.set = build_one((struct refheap_op){ .code = REFHEAP_OP_SET }, submit, &run);
	if (!strcmp(argv[1], "single"))
		return contend(single_sample, &run);
	return contend(strcmp(argv[1], "batch") ? empty_sample : batch_sample, &run);
}
