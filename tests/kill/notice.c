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

/*
 * Waits for the notice, and for the end of the pipe that the victim had, which
 * shows how long a process takes to die on this machine.
 * Return: 0 with both times from the signal in us, or a negative errno.
 */
static int wait_for_both(int fd, struct victim *victim, long *notice, long *pipe)
{
	struct pollfd pollers[] = {
		{ .fd = fd, .events = POLLIN }, { .fd = victim->told, .events = POLLIN },
	};
	long *const took[] = { notice, pipe };
	uint64_t begin = now_us();
	unsigned int i, left = 2;

	kill(victim->pid, SIGKILL);
	while (left) {
		if (poll(pollers, 2, 10000) <= 0)
			return -ETIMEDOUT;
		for (i = 0; i < 2; i++) {
			if (!pollers[i].revents)
				continue;
			*took[i] = now_us() - begin;
			pollers[i].fd = -1;
			pollers[i].revents = 0;
			left--;
		}
	}
	return 0;
}

/* Return: 0 when the notice is what it should be, or a negative errno. */
static int check_notice(int fd, refheap_id reference, refheap_id object)
{
	struct refheap_event event = { 0 };

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
	return 0;
}

static int by_time(const void *a, const void *b)
{
	return *(const long *)a > *(const long *)b ? 1 : -1;
}

void kill_and_be_told(struct bed *bed)
{
	refheap_id *object = shared_memory(sizeof(*object));
	int fd = device_attach(bed->name), i, err = 0;
	long notice[ROUNDS] = { 0 }, pipe[ROUNDS] = { 0 };
	bool killed = true;

	must(fd, "attach");
	for (i = 0; i < ROUNDS && !err; i++) {
		struct victim victim = start(hold_strongly, bed, object);
		uint64_t reference = value_of(fd, OP(WEAKREF, .a = *object,
						     .arg = REFHEAP_WEAKREF_CALLBACK, .b = 42));

		err = wait_for_both(fd, &victim, &notice[i], &pipe[i]);
		if (!err)
			err = check_notice(fd, reference, *object);
		killed &= finish(&victim);
	}
	close(fd);
	qsort(notice, ROUNDS, sizeof(notice[0]), by_time);
	qsort(pipe, ROUNDS, sizeof(pipe[0]), by_time);
	result(killed && !err, "who holds weakly is told of the death (%s)",
	       err ? refheap_strerror(err) : "each time");
	printf("# a pipe ends after %ld us in the median, %ld at worst\n", pipe[ROUNDS / 2],
	       pipe[ROUNDS - 1]);
	/* On a machine that has other things to do a process takes long to die. */
	result(notice[ROUNDS / 2] <= WITHIN_US || notice[ROUNDS / 2] <= 2 * pipe[ROUNDS / 2],
	       "from the signal to the notice: %ld us in the median, %ld at worst",
	       notice[ROUNDS / 2], notice[ROUNDS - 1]);
	result(all_gone(bed), "nothing is left of holders and observers");
}
