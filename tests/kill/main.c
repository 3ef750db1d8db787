// SPDX-License-Identifier: GPL-2.0
/*
 * Processes are killed at random moments, while they execute batches, collect
 * and touch mappings, and while the kernel asks for memory back. Nothing of them
 * may stay.
 *
 *   kill [PROCESSES [SEED]]    200, the time
 *
 * Prints TAP. To be run as root with the module loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <refheap.h>

#define HEAP		"kill"
#define AT_ONCE		8
#define LIFE_US		30000	/* at most */
#define WITHIN_MS	1000
#define SHARED_BYTES	20000

static unsigned int cases, failed;

static void result(bool good, const char *what)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++cases, what);
	failed += !good;
}

static void must(int err, const char *what)
{
	if (err >= 0)
		return;
	printf("Bail out! %s: %s\n", what, refheap_strerror(err));
	exit(2);
}
#define MUST(call) must(call, #call)

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
		switch (rand() % 4) {
		case 0:
		case 1:
			batch_of_objects(heap, shared, batch);
			break;
		case 2:
			refheap_collect(heap, rand() % 3, NULL);
			break;
		default:
			touch_views(heap, shared);
		}
	}
}

/* The witness. */

static pid_t give_birth(void)
{
	unsigned int seed = rand();
	pid_t child = fork();

	must(child < 0 ? -errno : 0, "fork");
	if (!child)
		live(seed);
	return child;
}

/* Have the kernel ask everybody for memory, as it does when there is little. */
static void press_for_memory(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "2", 1) != 1)
		perror("drop_caches");
	close(fd);
}

/* Return: whether all died of the signal, and none of anything before it. */
static bool storm(unsigned int processes)
{
	pid_t child[AT_ONCE] = { 0 };
	unsigned int i, others = 0;

	for (i = 0; i < processes + AT_ONCE; i++) {
		pid_t *victim = &child[i % AT_ONCE];
		int status;

		if (*victim) {
			usleep(rand() % LIFE_US);
			kill(*victim, SIGKILL);
			waitpid(*victim, &status, 0);
			others += !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
		}
		*victim = i < processes ? give_birth() : 0;
		if (i % AT_ONCE == 0)
			press_for_memory();
	}
	if (others)
		printf("# %u ended by themselves\n", others);
	return !others;
}

static unsigned int sessions(struct refheap_ctl *ctl, uint32_t number)
{
	struct refheap_session_info info;
	struct refheap_iter *iter;
	unsigned int n = 0;

	MUST(refheap_iter_sessions(ctl, number, &iter));
	while (refheap_next_session(iter, &info) > 0)
		n++;
	refheap_iter_close(iter);
	return n;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wait_for_sessions(struct refheap_ctl *ctl, uint32_t number)
{
	long begin = now_ms(), took;
	char what[80];

	while (sessions(ctl, number) > 1 && now_ms() - begin < 30 * WITHIN_MS)
		usleep(1000);
	took = now_ms() - begin;
	snprintf(what, sizeof(what), "no session but ours after %ld ms", took);
	result(took <= WITHIN_MS, what);
}

static void compare(uint64_t is, uint64_t was, const char *what)
{
	if (is != was)
		printf("# %llu, not %llu\n", (unsigned long long)is, (unsigned long long)was);
	result(is == was, what);
}

static uint64_t objects(struct refheap_ctl *ctl, uint32_t number)
{
	struct refheap_heap_info info;

	MUST(refheap_heap_get(ctl, number, &info));
	return info.objects;
}

int main(int argc, char **argv)
{
	unsigned int processes = argc > 1 ? strtoul(argv[1], NULL, 0) : 200;
	unsigned int seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned int)time(NULL);
	char broken[200] = "";
	struct refheap *heap;
	struct refheap_ctl *ctl;
	refheap_id shared;
	uint64_t before;
	uint32_t number;

	printf("# %u processes, seed %u\n", processes, seed);
	srand(seed);
	MUST(refheap_open(HEAP, REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL, &heap));
	MUST(refheap_ctl_open(&ctl));
	number = refheap_heap(heap);
	MUST(refheap_new_bytearray(heap, NULL, SHARED_BYTES, &shared));
	MUST(refheap_set_name(heap, "shared", shared));
	before = objects(ctl, number);
	fflush(stdout);

	result(storm(processes), "all were killed");
	wait_for_sessions(ctl, number);
	MUST(refheap_collect(heap, 2, NULL));
	compare(objects(ctl, number), before, "as many objects as before");
	compare(refheap_refcount(heap, shared), 2, "what they shared is held by us and its name");
	compare(refheap_verify(heap, broken, sizeof(broken)), 0, "no invariant is broken");
	if (broken[0])
		printf("# %s\n", broken);
	MUST(refheap_heap_remove(ctl, number));
	refheap_close(heap);
	refheap_ctl_close(ctl);
	printf("1..%u\n", cases);
	return failed > 0;
}
