// SPDX-License-Identifier: GPL-2.0
/*
 * Takes and drops of one object, 128 of each in a call: history_device
 * off|kept|watched
 *
 *   off       no history is kept and nobody watches
 *   kept      the last 16 changes of the object are kept
 *   watched   somebody listens to the objects of heaps, and reads nothing
 *
 * Prints nanoseconds an operation.
 */
#include "device.h"
#include "library.h"

#define OPS		256
#define BATCHES		100
#define CHANGES		16

struct run {
	int fd;
	struct refheap_op op[OPS];
	struct refheap_result result[OPS];
};

static void sample(void *arg)
{
	struct run *run = arg;
	struct build_batch batch = { run->op, run->result, OPS, NULL, 0 };
	uint64_t start = now_ns();
	unsigned int i;

	for (i = 0; i < BATCHES; i++)
		device_submit(run->fd, &batch);
	printf("%.3f\n", (double)(now_ns() - start) / (BATCHES * OPS));
}

int main(int argc, char **argv)
{
	struct refheap_monitor *monitor;
	struct refheap *session;
	static struct run run;
	refheap_id id;
	unsigned int i;

	if (argc != 2)
		fail("usage: history_device off|kept|watched");
	session = library_open(getpid());
	run.fd = refheap_fd(session);
	must(refheap_new_list(session, NULL, 0, &id));
	if (!strcmp(argv[1], "kept"))
		must(refheap_set_history(session, id, CHANGES));
	if (!strcmp(argv[1], "watched"))
		must(refheap_monitor_open(REFHEAP_MONITOR_OBJECTS, &monitor));
	for (i = 0; i < OPS; i++)
		run.op[i] = (struct refheap_op){
			.code = i % 2 ? REFHEAP_OP_DROP : REFHEAP_OP_TAKE, .a = id };
	return contend(sample, &run);
}
