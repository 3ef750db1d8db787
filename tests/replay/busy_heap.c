// SPDX-License-Identifier: GPL-2.0
/*
 * A heap that somebody keeps busy: verifying it holds it from the first object to
 * the last, and its owner changes its rights all the time. Whoever opens another
 * heap must not have to wait for that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../bed.h"

#define HEAP		"replay.busy"
#define OTHER		"replay.other"
#define HOLD_US		200000	/* that verifying shall take at least */
#define WATCH_US	4000000
#define LATE		2	/* openings that other causes may have */
#define ROUNDS		100	/* batches before it is tried again */

static struct bed bed;

static uint64_t verify_us(int fd)
{
	uint64_t begin = now_us();
	char out[256];
	struct refheap_op verify = { .code = REFHEAP_OP_VERIFY };
	struct refheap_result found;

	must(op_whole(fd, &verify, NULL, out, sizeof(out), &found), "verify");
	return now_us() - begin;
}

/* Makes the heap large. Return: how long verifying takes. */
static uint64_t fill(int fd)
{
	uint64_t list = value_of(fd, OP(LIST)), took;
	unsigned int i, n;

	for (n = ROUNDS;; n *= 2) {
		for (i = 0; i < n; i++)
			append_many(fd, list, OP(FLOAT, .a = 1));
		took = verify_us(fd);
		if (took >= HOLD_US)
			break;
	}
	return took;
}

static void verify_for_ever(void)
{
	int fd = device_attach(HEAP);

	must(fd, "attach");
	for (;;)
		verify_us(fd);
}

static void change_for_ever(uint32_t heap)
{
	struct refheap_ctl *ctl;

	MUST(refheap_ctl_open(&ctl));
	for (;;)
		refheap_heap_set_mode(ctl, heap, 0600);
}

/* Return: how many openings of the other heap took so long. */
static unsigned int count_late(uint64_t late_us)
{
	uint64_t end = now_us() + WATCH_US, begin;
	unsigned int late = 0;
	int fd;

	while (now_us() < end) {
		begin = now_us();
		fd = device_attach(OTHER);
		late += now_us() - begin > late_us;
		must(fd, "attach to the other one");
		close(fd);
		usleep(1000);
	}
	return late;
}

int main(void)
{
	struct bed other;
	unsigned int late;
	uint64_t hold;
	pid_t verifier, changer;
	int fd;

	bed_make(&bed, HEAP);
	bed_make(&other, OTHER);
	fd = device_attach(HEAP);
	must(fd, "attach");
	hold = fill(fd);
	verifier = give_birth();
	if (!verifier)
		verify_for_ever();
	changer = give_birth();
	if (!changer)
		change_for_ever(bed.heap);
	late = count_late(hold / 2);
	end(changer);
	end(verifier);
	close(fd);
	result(late <= LATE, "nobody waits for this heap to open another one: %u of %llu us did",
	       late, (unsigned long long)hold);
	bed_remove(&other);
	bed_check(&bed, "afterwards");
	bed_remove(&bed);
	return results();
}
