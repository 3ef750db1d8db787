// SPDX-License-Identifier: GPL-2.0
/*
 * From kill -9 of a process to another one having been told: death_notice
 * event|pipe
 *
 *   event   the process holds an object that the other one observes by a weak
 *           reference: until the event has been read
 *   pipe    the process has the only end for writing of a pipe: until its end
 *           has been read
 *
 * Prints the median and the worst of 25 in nanoseconds.
 */
#include <signal.h>
#include <sys/wait.h>
#include "library.h"

#define KILLS		25

struct run {
	struct refheap *session;	/* NULL for the pipe */
};

/* Tells the id of an object that nobody else holds, and stays. */
static void hold(const struct run *run, int pipe)
{
	refheap_id id = 0;

	if (run->session)
		must(refheap_new_list(library_open(getppid()), NULL, 0, &id));
	if (write(pipe, &id, sizeof(id)) != sizeof(id))
		fail("cannot write: %m");
	for (;;)
		pause();
}

static pid_t start_holder(const struct run *run, int *pipe_fd, refheap_id *id)
{
	int pipes[2];
	pid_t pid;

	if (pipe(pipes))
		fail("cannot make a pipe: %m");
	pid = fork();
	if (pid < 0)
		fail("cannot fork: %m");
	if (!pid)
		hold(run, pipes[1]);
	close(pipes[1]);
	if (read(pipes[0], id, sizeof(*id)) != sizeof(*id))
		fail("no object to observe");
	*pipe_fd = pipes[0];
	/* It is asleep by then. */
	usleep(2000);
	return pid;
}

static uint64_t kill_and_wait_for_event(struct refheap *session, pid_t pid, refheap_id id)
{
	struct refheap_event event;
	refheap_id weakref;
	uint64_t start, took;

	must(refheap_new_weakref_cookie(session, id, 0, 0, &weakref));
	start = now_ns();
	kill(pid, SIGKILL);
	event = library_event(session, REFHEAP_EVENT_WEAKREF);
	took = now_ns() - start;
	if (event.referent != id || refheap_alive(session, id))
		fail("told of something else");
	must(refheap_drop_many(session, (refheap_id []){ weakref, event.object }, 2));
	return took;
}

static uint64_t kill_and_wait_for_end(int pipe, pid_t pid)
{
	uint64_t start = now_ns();
	char byte;

	kill(pid, SIGKILL);
	if (read(pipe, &byte, 1))
		fail("a pipe has not ended");
	return now_ns() - start;
}

static uint64_t one(const struct run *run)
{
	uint64_t took;
	refheap_id id;
	pid_t pid;
	int pipe;

	pid = start_holder(run, &pipe, &id);
	took = run->session ? kill_and_wait_for_event(run->session, pid, id) :
			      kill_and_wait_for_end(pipe, pid);
	waitpid(pid, NULL, 0);
	close(pipe);
	return took;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sample(void *arg)
{
	uint64_t took[KILLS];
	unsigned int i;

	for (i = 0; i < KILLS; i++)
		took[i] = one(arg);
	qsort(took, KILLS, sizeof(*took), by_value);
	printf("%llu %llu\n", (unsigned long long)took[KILLS / 2],
	       (unsigned long long)took[KILLS - 1]);
}

int main(int argc, char **argv)
{
	struct run run = { NULL };

	if (argc != 2)
		fail("usage: death_notice event|pipe");
	if (!strcmp(argv[1], "event"))
		run.session = library_open(getpid());
	return contend(sample, &run);
}
