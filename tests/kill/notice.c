// SPDX-License-Identifier: GPL-2.0
/* One process holds an object weakly, another strongly, and is killed. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kill.h"

#define ROUNDS		40
#define WITHIN_US	10000

/* Told to the observer through memory that both have. */
static void hold_strongly(const struct bed *bed, int fd, void *data)
{
	(void)bed;
	*(volatile refheap_id *)data = value_of(fd, OP(LIST));
	stay();
}

/* Return: time from the signal to the notice in us, or a negative errno. */
static long wait_for_notice(int fd, struct victim *victim, refheap_id reference, refheap_id object)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct refheap_event event = { 0 };
	uint64_t begin = now_us(), took;

	kill(victim->pid, SIGKILL);
	if (poll(&poller, 1, 10000) != 1)
		return -ETIMEDOUT;
	took = now_us() - begin;
	if (next_event(fd, &event) != 1 || event.type != REFHEAP_EVENT_WEAKREF ||
	    event.object != reference || event.referent != object || event.value != 42)
		return -EBADMSG;
	/* It is gone by then, whatever else the process leaves to be done. */
	if (value_of(fd, OP(DEREF, .a = reference)) ||
	    op(fd, OP(TAKE, .a = object), NULL) != -ESTALE)
		return -EEXIST;
	if (next_event(fd, &event))
		return -EALREADY;
	value_of(fd, OP(DROP, .a = reference));
	value_of(fd, OP(DROP, .a = reference));
	return took;
}

static int by_time(const void *a, const void *b)
{
	return *(const long *)a > *(const long *)b ? 1 : -1;
}

void kill_and_be_told(struct bed *bed)
{
	refheap_id *object = shared_memory(sizeof(*object));
	int fd = device_attach(bed->name), i;
	long took[ROUNDS];
	bool killed = true;

	must(fd, "attach");
	for (i = 0; i < ROUNDS; i++) {
		struct victim victim = start(hold_strongly, bed, object);
		uint64_t reference = value_of(fd, OP(WEAKREF, .a = *object,
						     .arg = REFHEAP_WEAKREF_CALLBACK, .b = 42));

		took[i] = wait_for_notice(fd, &victim, reference, *object);
		killed &= finish(&victim);
	}
	close(fd);
	qsort(took, ROUNDS, sizeof(took[0]), by_time);
	result(killed && took[0] >= 0, "who holds weakly is told of the death (%s)",
	       took[0] < 0 ? refheap_strerror((int)took[0]) : "each time");
	result(took[ROUNDS / 2] <= WITHIN_US,
	       "from the signal to the notice: %ld us in the median, %ld at worst",
	       took[ROUNDS / 2], took[ROUNDS - 1]);
	result(all_gone(bed), "nothing is left of holders and observers");
}
