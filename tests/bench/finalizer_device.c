// SPDX-License-Identifier: GPL-2.0
/*
 * From the drop of an object's last reference to its finalizer having run and
 * ended: finalizer_device one|two|pipe
 *
 *   one    in one process: drop, event, finalized
 *   two    one process drops, and waits to be told that the object has died;
 *          another one, which made it, runs the finalizer
 *   pipe   what two processes need at least: a byte there, a byte back
 *
 * Prints nanoseconds a round trip.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include "library.h"

#define OBJECTS		200

struct shared {
	refheap_id id[OBJECTS];
	volatile unsigned int ended;	/* finalizers */
};

struct run {
	struct refheap *session;
	uint32_t type;
	struct shared *shared;
	int to_other, from_other;
};

static void send_byte(int pipe)
{
	if (write(pipe, "", 1) != 1)
		fail("cannot write: %m");
}

static void wait_for_byte(int pipe)
{
	char byte;

	if (read(pipe, &byte, 1) != 1)
		exit(0);
}

static void make(struct run *run)
{
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		must(refheap_new_instance(run->session, run->type, &run->shared->id[i]));
}

static void run_finalizers(struct run *run, unsigned int count)
{
	struct refheap_event event;

	while (count--) {
		event = library_event(run->session, REFHEAP_EVENT_FINALIZE);
		run->shared->ended++;
		must(refheap_finalized(run->session, event.object));
	}
}

static void report(uint64_t start)
{
	printf("%.3f\n", (double)(now_ns() - start) / OBJECTS);
}

static void one_sample(void *arg)
{
	struct run *run = arg;
	uint64_t start;
	unsigned int i;

	make(run);
	start = now_ns();
	for (i = 0; i < OBJECTS; i++) {
		must(refheap_drop(run->session, run->shared->id[i]));
		run_finalizers(run, 1);
	}
	report(start);
}

/* The process that makes objects and runs their finalizers. */
static void serve(struct run *run)
{
	for (;;) {
		wait_for_byte(run->from_other);
		make(run);
		send_byte(run->to_other);
		wait_for_byte(run->from_other);
		must(refheap_drop_many(run->session, run->shared->id, OBJECTS));
		send_byte(run->to_other);
		run_finalizers(run, OBJECTS);
	}
}

static void take_over(struct run *run, refheap_id *weakref)
{
	unsigned int i;

	send_byte(run->to_other);
	wait_for_byte(run->from_other);
	for (i = 0; i < OBJECTS; i++) {
		must(refheap_take(run->session, run->shared->id[i]));
		must(refheap_new_weakref_cookie(run->session, run->shared->id[i], i, 0,
						&weakref[i]));
	}
	run->shared->ended = 0;
	send_byte(run->to_other);
	wait_for_byte(run->from_other);
}

static void two_sample(void *arg)
{
	refheap_id weakref[OBJECTS];
	struct refheap_event event;
	struct run *run = arg;
	uint64_t start;
	unsigned int i;

	take_over(run, weakref);
	start = now_ns();
	for (i = 0; i < OBJECTS; i++) {
		must(refheap_drop(run->session, run->shared->id[i]));
		event = library_event(run->session, REFHEAP_EVENT_WEAKREF);
		if (event.value != i || run->shared->ended != i + 1)
			fail("an object has died before its finalizer ended");
	}
	report(start);
	/* The events have brought one reference more to each. */
	must(refheap_drop_many(run->session, weakref, OBJECTS));
	must(refheap_drop_many(run->session, weakref, OBJECTS));
}

static void echo(struct run *run)
{
	for (;;) {
		wait_for_byte(run->from_other);
		send_byte(run->to_other);
	}
}

static void pipe_sample(void *arg)
{
	struct run *run = arg;
	uint64_t start = now_ns();
	unsigned int i;

	for (i = 0; i < OBJECTS; i++) {
		send_byte(run->to_other);
		wait_for_byte(run->from_other);
	}
	report(start);
}

static void open_session(struct run *run, pid_t pid)
{
	run->session = library_open(pid);
	run->type = library_type(run->session, REFHEAP_TYPE_FINALIZER);
}

/* Starts another process that executes @function and ends with this one. */
static void start_other(struct run *run, void (*function)(struct run *run), bool sessions)
{
	int there[2], back[2];
	pid_t pid;

	if (pipe(there) || pipe(back))
		fail("cannot make a pipe: %m");
	pid = fork();
	if (pid < 0)
		fail("cannot fork: %m");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run->from_other = there[0];
		run->to_other = back[1];
		close(there[1]);
		close(back[0]);
		if (sessions)
			open_session(run, getppid());
		function(run);
	}
	run->from_other = back[0];
	run->to_other = there[1];
	close(there[0]);
	close(back[1]);
}

int main(int argc, char **argv)
{
	struct run run = { NULL };

	if (argc != 2)
		fail("usage: finalizer_device one|two|pipe");
	run.shared = mmap(NULL, sizeof(*run.shared), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.shared == MAP_FAILED)
		fail("out of memory");
	if (!strcmp(argv[1], "pipe")) {
		start_other(&run, echo, false);
		return contend(pipe_sample, &run);
	}
	if (!strcmp(argv[1], "two"))
		start_other(&run, serve, true);
	open_session(&run, getpid());
	return contend(strcmp(argv[1], "two") ? one_sample : two_sample, &run);
}
