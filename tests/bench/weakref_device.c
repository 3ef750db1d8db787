// SPDX-License-Identifier: GPL-2.0
/*
 * Whether objects are alive: weakref_device alive|ioctl
 *
 *   alive   refheap_alive() of 1024 objects in turn, all of them alive
 *   ioctl   a batch of one operation that does nothing, which is the least that
 *           asking the kernel could take
 *
 * Prints nanoseconds a check, the loop included.
 */
#include <sys/ioctl.h>
#include "library.h"

#define OBJECTS		1024
#define ROUNDS		500
#define CALLS		20000

struct run {
	struct refheap *session;
	refheap_id id[OBJECTS];
};

static void alive_sample(void *arg)
{
	struct run *run = arg;
	uint64_t start = now_ns();
	unsigned int round, i, alive = 0;

	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < OBJECTS; i++)
			alive += refheap_alive(run->session, run->id[i]) == 1;
	printf("%.3f\n", (double)(now_ns() - start) / (ROUNDS * OBJECTS));
	if (alive != ROUNDS * OBJECTS)
		fail("%u checks found an object alive", alive);
}

static void ioctl_sample(void *arg)
{
	struct refheap_op op = { .code = REFHEAP_OP_NOP };
	int fd = refheap_fd(((struct run *)arg)->session);
	struct refheap_result result;
	uint64_t start = now_ns();
	unsigned int i;

	for (i = 0; i < CALLS; i++) {
		struct refheap_batch call = {
			.size = sizeof(call),
			.ops = (uintptr_t)&op,
			.results = (uintptr_t)&result,
			.count = 1,
		};

		if (ioctl(fd, REFHEAP_IOC_BATCH, &call))
			fail("a batch failed: %m");
	}
	printf("%.3f\n", (double)(now_ns() - start) / CALLS);
}

int main(int argc, char **argv)
{
	static struct run run;
	unsigned int i;

	if (argc != 2)
		fail("usage: weakref_device alive|ioctl");
	run.session = library_open(getpid());
	for (i = 0; i < OBJECTS; i++)
		must(refheap_new_list(run.session, NULL, 0, &run.id[i]));
	return contend(strcmp(argv[1], "alive") ? ioctl_sample : alive_sample, &run);
}
