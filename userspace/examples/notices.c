// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Being told of the death of a process: it holds an object, this one looks at
 * the object through a weak reference. The process is killed; the object dies
 * with it, and the callback comes.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "example.h"

#define HEAP "example.notices"

/* A worker is alive as long as the object under its name is. */
static void work(int ready)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_id self;

	try(refheap_open(HEAP, 0, &session));
	try(refheap_get_name(session, "worker", &self));
	/* Nobody else keeps it from now on. */
	try(refheap_del_name(session, "worker"));
	if (write(ready, "x", 1) != 1)
		exit(EXIT_FAILURE);
	for (;;)
		pause();
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void worker_died(struct refheap *session, refheap_id weakref,
			refheap_id referent, void *arg)
{
	(void)session;
	(void)weakref;
	(void)referent;
	*(int64_t *)arg = now();
}

static pid_t start_worker(void)
{
	int ready[2];
	pid_t child;
	char byte;

	if (pipe(ready))
		exit(EXIT_FAILURE);
	fflush(stdout);
	child = fork();
	if (!child) {
		close(ready[0]);
		work(ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		exit(EXIT_FAILURE);
	close(ready[0]);
	return child;
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	refheap_id worker, weakref;
	int64_t killed, told = 0;
	pid_t child;

	try(refheap_open(HEAP, REFHEAP_ATTACH_CREATE, &session));
	try(refheap_ctl_open(&ctl));
	try(refheap_new_list(session, NULL, 0, &worker));
	try(refheap_set_name(session, "worker", worker));
	try(refheap_new_weakref_callback(session, worker, worker_died, &told,
					 &weakref));
	try(refheap_drop(session, worker));
	child = start_worker();

	printf("the worker is there: %" PRId64 "\n",
	       try(refheap_alive(session, worker)));
	killed = now();
	kill(child, SIGKILL);
	if (!try(refheap_dispatch(session, 5000, 0)))
		return EXIT_FAILURE;
	printf("told of its death: %s\n",
	       told - killed < 1000000000 ? "within a second" : "late");
	printf("the worker is there: %" PRId64 "\n",
	       try(refheap_alive(session, worker)));
	waitpid(child, NULL, 0);
	try(refheap_heap_remove(ctl, refheap_heap(session)));
	return 0;
}
