// SPDX-License-Identifier: GPL-2.0
/*
 * Objects with finalizers whose process is killed: before it knew, while it was
 * at it, and while it had somebody else's.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "kill.h"

#define OBJECTS	100

static uint32_t type;

static void make_and_lose(int fd)
{
	unsigned int i;

	for (i = 0; i < OBJECTS; i++) {
		refheap_id object = value_of(fd, OP(INSTANCE, .arg = type));

		value_of(fd, OP(DROP, .a = object));
	}
}

/* Return: how many FINALIZE events it got; it has a reference from each. */
static unsigned int hold_all(int fd, refheap_id *object, uint32_t flags)
{
	struct refheap_event event;
	unsigned int n = 0;

	while (n < OBJECTS && next_event(fd, &event) > 0)
		if (event.type == REFHEAP_EVENT_FINALIZE && event.generation == flags)
			object[n++] = event.object;
	return n;
}

static void hold_while_alive(const struct bed *bed, int fd, void *data)
{
	(void)bed;
	(void)data;
	value_of(fd, OP(INSTANCE, .arg = type));
	make_and_lose(fd);
	stay();
}

static void hold_while_finalizing(const struct bed *bed, int fd, void *data)
{
	refheap_id object[OBJECTS];

	(void)bed;
	(void)data;
	make_and_lose(fd);
	if (hold_all(fd, object, 0) != OBJECTS)
		_exit(1);
	/* Some have ended. */
	value_of(fd, OP(FINALIZED, .a = object[0]));
	value_of(fd, OP(DROP, .a = object[1]));
	stay();
}

/* Garbage that a collection waits for. */
static void hold_a_collection(const struct bed *bed, int fd, void *data)
{
	unsigned int i;

	(void)bed;
	(void)data;
	for (i = 0; i < OBJECTS; i++) {
		refheap_id object = value_of(fd, OP(INSTANCE, .arg = type));
		refheap_id list = value_of(fd, OP(LIST));
		struct refheap_op set = {
			.code = REFHEAP_OP_SET_ATTR, .a = object, .c = list, .data_len = 4,
		};
		struct refheap_result result;

		must(op_whole(fd, &set, "list", NULL, 0, &result), "set attribute");
		value_of(fd, OP(APPEND, .a = list, .c = object));
		value_of(fd, OP(DROP, .a = list));
		value_of(fd, OP(DROP, .a = object));
	}
	value_of(fd, OP(COLLECT, .arg = 2));
	if (data) {
		refheap_id object[OBJECTS];

		hold_all(fd, object, 0);
	}
	stay();
}

static void adopt_and_hold(const struct bed *bed, int fd, void *data)
{
	refheap_id object[OBJECTS];

	value_of(fd, OP(ADOPT, .a = 1));
	if (data) {
		struct victim victim = start(hold_while_alive, bed, NULL);

		finish(&victim);
		if (!within(60, hold_all(fd, object, REFHEAP_EVENT_ADOPTED)))
			_exit(1);
	}
	stay();
}

static struct refheap_gc_info counts(const struct bed *bed)
{
	struct refheap_gc_info info;

	MUST(refheap_gc_get(bed->ctl, bed->heap, &info));
	return info;
}

static void check(struct bed *bed, const char *what, bool killed, uint64_t skipped)
{
	struct refheap_gc_info after;
	bool gone;

	(void)within(60, bed_look(bed).sessions == bed->base.sessions);
	MUST(refheap_collect(bed->session, 2, NULL));
	gone = all_gone(bed);
	after = counts(bed);
	if (!killed || !gone || after.pending)
		printf("# killed %d, %llu objects more, %llu finalizers pending\n", killed,
		       (unsigned long long)(bed_look(bed).objects - bed->base.objects),
		       (unsigned long long)after.pending);
	result(killed && gone && !after.pending, "%s: nothing is left", what);
	if (skipped == UINT64_MAX)
		return;
	if (!result(after.skipped == skipped, "%s: skipped finalizers are counted", what))
		printf("# %llu, not %llu\n", (unsigned long long)after.skipped,
		       (unsigned long long)skipped);
}

static void kill_one(struct bed *bed, const char *what,
		     void (*life)(const struct bed *bed, int fd, void *data), void *data,
		     uint64_t skips)
{
	uint64_t skipped = counts(bed).skipped;
	struct victim victim = start(life, bed, data);
	bool killed = finish(&victim);

	check(bed, what, killed, skips == UINT64_MAX ? skips : skipped + skips);
}

/* Somebody works on while another does not answer. */
static void be_held_up_by_nobody(struct bed *bed)
{
	struct victim victim = start(hold_a_collection, bed, "and has them");
	uint64_t begin = now_us(), took;
	int64_t collected;
	int fd = device_attach(bed->name);

	must(fd, "attach");
	make_and_lose(fd);
	collected = refheap_collect(bed->session, 2, NULL);
	took = now_us() - begin;
	result(collected >= 0 && took < 2000000,
	       "a finalizer without an answer holds nobody up (%llu us)",
	       (unsigned long long)took);
	close(fd);
	check(bed, "who did not answer is killed", finish(&victim), UINT64_MAX);
}

/* An adopter gets what the dead one did not, once. */
static void adopt(struct bed *bed)
{
	refheap_id object[OBJECTS + 1];
	struct victim victim;
	unsigned int i, n = 0;
	int fd = device_attach(bed->name);
	bool killed;

	must(fd, "attach");
	value_of(fd, OP(ADOPT, .a = 1));
	victim = start(hold_while_alive, bed, NULL);
	killed = finish(&victim);
	(void)within(60, (n += hold_all(fd, object + n, REFHEAP_EVENT_ADOPTED)) >= OBJECTS);
	usleep(20000);
	if (n <= OBJECTS)
		n += hold_all(fd, object + n, REFHEAP_EVENT_ADOPTED);
	result(killed && n == OBJECTS + 1, "an adopter gets the finalizers of the dead: %u", n);
	for (i = 0; i < n && i <= OBJECTS; i++)
		value_of(fd, OP(FINALIZED, .a = object[i]));
	close(fd);
	check(bed, "after the adoption", true, UINT64_MAX);
}

void kill_with_finalizers(struct bed *bed, uint32_t finalized)
{
	type = finalized;
	kill_one(bed, "killed with finalizers unread", hold_while_alive, NULL, OBJECTS + 1);
	kill_one(bed, "killed while finalizing", hold_while_finalizing, NULL, 0);
	kill_one(bed, "killed while a collection waits", hold_a_collection, NULL, OBJECTS);
	kill_one(bed, "killed with what a collection waits for", hold_a_collection, "and has them",
		 0);
	kill_one(bed, "killed as an adopter", adopt_and_hold, NULL, 0);
	kill_one(bed, "killed with what it adopted", adopt_and_hold, "another's", UINT64_MAX);
	be_held_up_by_nobody(bed);
	adopt(bed);
}
