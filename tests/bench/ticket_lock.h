/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A lock that processes share and get in the order in which they ask, as fair as
 * one can be, and somebody who holds it all but always: what the machine makes of
 * waiting for a short hold, whoever holds what.
 */
#ifndef REFHEAP_BENCH_TICKET_LOCK_H
#define REFHEAP_BENCH_TICKET_LOCK_H

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "contender.h"

struct ticket_lock {
	atomic_uint next, serving;
};

static inline void ticket_lock(struct ticket_lock *lock)
{
	unsigned int mine = atomic_fetch_add(&lock->next, 1);

	while (atomic_load(&lock->serving) != mine)
		;
}

static inline void ticket_unlock(struct ticket_lock *lock)
{
	atomic_fetch_add(&lock->serving, 1);
}

static inline _Noreturn void ticket_hold(struct ticket_lock *lock, uint64_t hold_ns)
{
	for (;;) {
		uint64_t end;

		ticket_lock(lock);
		end = now_ns() + hold_ns;
		while (now_ns() < end)
			;
		ticket_unlock(lock);
	}
}

/* Return: the longest wait, while another process holds it for @hold_ns at a time. */
static inline uint64_t ticket_longest_wait(uint64_t duration, uint64_t hold_ns)
{
	struct ticket_lock *lock = mmap(NULL, sizeof(*lock), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t end = now_ns() + duration, start, took, longest = 0;
	pid_t other = lock == MAP_FAILED ? -1 : fork();

	if (other < 0)
		fail("cannot have another process: %m");
	if (!other)
		ticket_hold(lock, hold_ns);
	while ((start = now_ns()) < end) {
		ticket_lock(lock);
		ticket_unlock(lock);
		took = now_ns() - start;
		if (took > longest)
			longest = took;
	}
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	munmap(lock, sizeof(*lock));
	return longest;
}

#endif
