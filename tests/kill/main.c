// SPDX-License-Identifier: GPL-2.0
/*
 * Processes are killed: with finalizers, frames, unread events and descriptors
 * on their way, and then at random moments, while the kernel asks for memory
 * back. Nothing of them may stay, and whoever watched is told.
 *
 *   kill [PROCESSES [SEED]]    200, the time
 *
 * Prints TAP. To be run as root with the module loaded.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "kill.h"

#define AT_ONCE		8
#define LIFE_US		30000	/* at most */
#define WITHIN_MS	1000
#define SHARED_BYTES	20000

static struct bed bed;
static uint32_t type;	/* with a finalizer */

/* The victims. */

/* Chains and circles, held or not, as long as the batch is. */
static void batch_of_objects(struct refheap *heap, refheap_id shared,
			     struct refheap_batch_builder *batch)
{
	int i, n = 1 + rand() % 400, last = refheap_batch_new_list(batch, NULL, 0);

	for (i = 0; i < n; i++) {
		int list = refheap_batch_new_list(batch, NULL, 0);

		refheap_batch_append(batch, REFHEAP_ID_RESULT(list), REFHEAP_ID_RESULT(last));
		if (rand() % 2)
			refheap_batch_append(batch, REFHEAP_ID_RESULT(last),
					     REFHEAP_ID_RESULT(list));
		if (rand() % 2)
			refheap_batch_append(batch, REFHEAP_ID_RESULT(list), shared);
		if (rand() % 3)
			refheap_batch_temp(batch, last);
		last = list;
	}
	refheap_batch_submit(batch, heap, 0);
	refheap_batch_reset(batch);
}

static void touch_views(struct refheap *heap, refheap_id shared)
{
	struct refheap_view view;
	refheap_id own;
	size_t i;

	if (!refheap_view_open(heap, shared, REFHEAP_VIEW_WRITE, &view)) {
		for (i = 0; i < view.length; i += 4096)
			((volatile char *)view.data)[i]++;
		refheap_view_close(&view);
	}
	if (refheap_new_bytearray(heap, NULL, 1 + rand() % 100000, &own) ||
	    refheap_view_open(heap, own, REFHEAP_VIEW_WRITE, &view))
		return;
	for (i = 0; i < view.length; i += 4096)
		((volatile char *)view.data)[i] = 1;
	/* Sometimes the object dies while it is mapped. */
	if (rand() % 2)
		refheap_drop(heap, own);
	if (rand() % 2)
		refheap_view_close(&view);
}

/* Weak references, and events that some are left unread of. */
static void observe(struct refheap *heap, refheap_id shared)
{
	int fd = refheap_fd(heap), i, n = rand() % 50;
	struct refheap_event event;
	uint64_t object, reference;

	for (i = 0; i < n; i++) {
		if (op(fd, rand() % 2 ? OP(INSTANCE, .arg = type) : OP(LIST), &object))
			return;
		op(fd, OP(WEAKREF, .a = rand() % 4 ? object : shared,
			  .arg = rand() % 4, .b = i), &reference);
		if (rand() % 2)
			op(fd, OP(DROP, .a = object), NULL);
	}
	for (i = 0; i < n && next_event(fd, &event) > 0; i++)
		if (event.type == REFHEAP_EVENT_FINALIZE && rand() % 2)
			op(fd, OP(FINALIZED, .a = event.object), NULL);
		else if (rand() % 2)
			op(fd, OP(DROP, .a = event.object), NULL);
}

static void use_frames(struct refheap *heap)
{
	int fd = refheap_fd(heap), i, n = rand() % 20;
	uint64_t object;

	for (i = 0; i < n; i++) {
		op(fd, OP(FRAME_PUSH), NULL);
		if (!op(fd, OP(LIST), &object) && rand() % 2)
			op(fd, OP(HAND_OUT, .a = object), NULL);
		if (rand() % 2)
			op(fd, OP(FRAME_POP), NULL);
	}
}

static void use_descriptors(struct refheap *heap, refheap_id shared)
{
	struct refheap_export export = { .size = sizeof(export), .object = shared };
	struct refheap_import import = { .size = sizeof(import) };
	int fd = refheap_fd(heap);
	uint64_t object;

	if (rand() % 2 && !op(fd, OP(LIST), &object))
		export.object = object;
	if (ioctl(fd, REFHEAP_IOC_EXPORT, &export))
		return;
	import.fd = export.fd;
	ioctl(fd, REFHEAP_IOC_IMPORT, &import);
	if (rand() % 8)
		close(export.fd);
}

static void live(unsigned int seed)
{
	struct refheap_batch_builder *batch;
	struct refheap *heap;
	refheap_id shared;

	srand(seed);
	if (refheap_batch_alloc(&batch) || refheap_open(HEAP, 0, &heap) ||
	    refheap_get_name(heap, "shared", &shared))
		_exit(1);
	refheap_subscribe_events(heap, REFHEAP_EVENT_GC_START | REFHEAP_EVENT_GC_STOP);
	for (;;) {
		switch (rand() % 8) {
		case 0:
		case 1:
		case 2:
			batch_of_objects(heap, shared, batch);
			break;
		case 3:
			op(refheap_fd(heap), OP(COLLECT, .arg = rand() % 3), NULL);
			break;
		case 4:
			observe(heap, shared);
			break;
		case 5:
			use_frames(heap);
			break;
		case 6:
			use_descriptors(heap, shared);
			break;
		default:
			touch_views(heap, shared);
		}
	}
}

/* The witness. */

static pid_t new_victim(void)
{
	unsigned int seed = rand();
	pid_t child = give_birth();

	if (!child)
		live(seed);
	return child;
}

/* Return: whether all died of the signal, and none of anything before it. */
static bool storm(unsigned int processes)
{
	pid_t child[AT_ONCE] = { 0 };
	unsigned int i, others = 0;

	for (i = 0; i < processes + AT_ONCE; i++) {
		pid_t *victim = &child[i % AT_ONCE];

		if (*victim) {
			usleep(rand() % LIFE_US);
			others += end(*victim) != 128 + SIGKILL;
		}
		*victim = i < processes ? new_victim() : 0;
		if (i % AT_ONCE == 0)
			press_for_memory();
	}
	if (others)
		printf("# %u ended by themselves\n", others);
	return !others;
}

static void wait_for_sessions(void)
{
	uint64_t begin = now_us(), took;

	(void)within(120, bed_look(&bed).sessions == bed.base.sessions);
	took = (now_us() - begin) / 1000;
	result(took <= WITHIN_MS, "no session but ours after %llu ms", (unsigned long long)took);
}

static refheap_id make_common_things(void)
{
	const struct refheap_type_def definition = {
		.name = "finalized", .flags = REFHEAP_TYPE_DICT | REFHEAP_TYPE_FINALIZER,
	};
	refheap_id shared;

	MUST(refheap_type_define(bed.session, &definition, &type));
	MUST(refheap_new_bytearray(bed.session, NULL, SHARED_BYTES, &shared));
	MUST(refheap_set_name(bed.session, "shared", shared));
	bed_set_base(&bed);
	return shared;
}

int main(int argc, char **argv)
{
	unsigned int processes = argc > 1 ? strtoul(argv[1], NULL, 0) : 200;
	unsigned int seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned int)time(NULL);
	refheap_id shared;

	printf("# %u processes, seed %u\n", processes, seed);
	srand(seed);
	bed_make(&bed, HEAP);
	shared = make_common_things();
	kill_and_be_told(&bed);
	kill_with_finalizers(&bed, type);
	kill_with_leftovers(&bed);
	result(storm(processes), "all of the storm were killed");
	wait_for_sessions();
	bed_check(&bed, "after the storm");
	result(refheap_refcount(bed.session, shared) == 2,
	       "what they shared is held by us and its name");
	bed_check_memory(&bed, "after the storm");
	bed_remove(&bed);
	return results();
}
