// SPDX-License-Identifier: GPL-2.0
/*
 * A session with a million references is closed while another one works:
 * session_close alone|shared|elsewhere|nobody|lock
 *
 *   alone    to objects that nobody else holds
 *   shared   to objects that the other session holds, too
 *   elsewhere  as alone, but the heap that is asked is another one: what as much
 *            work makes wait on this machine that is in nobody's way
 *   nobody   as alone, but what waits is measured while nobody closes anything,
 *            for as long as closing takes: what the machine itself makes wait
 *   lock     likewise, but waiting for a fair lock that another process holds for
 *            as long at a time as the heap is held: what is the least that two
 *            can make each other wait on this machine
 *
 * Prints nanoseconds a reference, of a close that nobody disturbs, and the longest
 * time that asking for the length of a list took during another close.
 *
 * References are dropped in the order of slots. The object in the last slot is
 * in both cases the closing session's alone, so when it is dead all are dropped.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "device.h"
#include "library.h"
#include "ticket_lock.h"

#define REFERENCES	1000000
#define BATCH		8192
#define HOLD_NS		100000

struct shared {
	refheap_id id[REFERENCES];	/* in the order of slots */
};

struct run {
	struct refheap *session;	/* of whoever asks */
	struct refheap *closed;		/* at the heap where somebody closes */
	struct shared *shared;
	refheap_id list;
	int disturb;		/* whether somebody closes while waits are measured */
	int with_others;
	int lock;
};

struct closer {
	pid_t pid;
	int to, from;
};

/* Makes what @op makes from @first on, or takes what is there. */
static void repeat(struct refheap *session, struct shared *shared, struct refheap_op op,
		   unsigned int first, unsigned int end)
{
	static struct refheap_result result[BATCH];
	static struct refheap_op ops[BATCH];
	struct build_batch batch = { .ops = ops, .results = result };
	unsigned int i;

	for (; first < end; first += batch.count) {
		batch.count = end - first < BATCH ? end - first : BATCH;
		for (i = 0; i < batch.count; i++) {
			ops[i] = op;
			if (op.code == REFHEAP_OP_TAKE)
				ops[i].a = shared->id[first + i];
		}
		device_submit(refheap_fd(session), &batch);
		for (i = 0; i < batch.count; i++) {
			must(result[i].error);
			shared->id[first + i] = result[i].value;
		}
	}
}

static struct refheap_op instance(struct refheap *session)
{
	return (struct refheap_op){
		.code = REFHEAP_OP_INSTANCE, .arg = library_type(session, 0),
	};
}

static int by_slot(const void *a, const void *b)
{
	uint32_t x = REFHEAP_ID_SLOT(*(const refheap_id *)a);
	uint32_t y = REFHEAP_ID_SLOT(*(const refheap_id *)b);

	return (x > y) - (x < y);
}

/*
 * What a process does for itself when it closes, such as unmapping, takes a
 * processor from others that have only that one; what is asked is how long they
 * wait for the heap. So that is over by now, and the session still there.
 * Return: the last descriptor of it.
 */
static int keep_only_the_session(struct refheap *session)
{
	int fd = dup(refheap_fd(session));

	if (fd < 0)
		fail("cannot duplicate a descriptor: %m");
	refheap_close(session);
	return fd;
}

static void hold(const struct run *run, int from, int to)
{
	struct refheap *session = library_open_name(refheap_name(run->closed));
	struct shared *shared = run->shared;
	refheap_id last;
	char byte;
	int fd;

	if (run->with_others)
		repeat(session, shared, (struct refheap_op){ .code = REFHEAP_OP_TAKE },
		       0, REFERENCES - 1);
	repeat(session, shared, instance(session), run->with_others ? REFERENCES - 1 : 0,
	       REFERENCES);
	last = shared->id[REFERENCES - 1];
	qsort(shared->id, REFERENCES, sizeof(*shared->id), by_slot);
	if (run->with_others && shared->id[REFERENCES - 1] != last)
		fail("what is made last is not in the last slot");
	fd = keep_only_the_session(session);
	if (write(to, "", 1) != 1 || read(from, &byte, 1) != 1)
		exit(1);
	close(fd);
	if (read(from, &byte, 1))
		exit(1);
	_exit(0);
}

static struct closer start_closer(const struct run *run)
{
	struct closer closer;
	int there[2], back[2];
	char byte;

	if (pipe(there) || pipe(back))
		fail("cannot make a pipe: %m");
	closer.pid = fork();
	if (closer.pid < 0)
		fail("cannot fork: %m");
	if (!closer.pid) {
		close(there[1]);
		close(back[0]);
		hold(run, there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	closer.to = there[1];
	closer.from = back[0];
	if (read(closer.from, &byte, 1) != 1)
		fail("nothing to close");
	return closer;
}

static void let_close(const struct closer *closer)
{
	if (write(closer->to, "", 1) != 1)
		fail("cannot write: %m");
}

static void end_closer(const struct closer *closer)
{
	int status;

	close(closer->to);
	if (waitpid(closer->pid, &status, 0) < 0 || status)
		fail("closing has failed");
	close(closer->from);
}

static int all_dropped(const struct run *run)
{
	return !refheap_alive(run->closed, run->shared->id[REFERENCES - 1]);
}

/* Return: nanoseconds. */
static uint64_t undisturbed(const struct run *run)
{
	struct closer closer = start_closer(run);
	uint64_t start = now_ns();

	let_close(&closer);
	while (!all_dropped(run))
		;
	start = now_ns() - start;
	end_closer(&closer);
	return start;
}

static void ask(const struct run *run, uint64_t *longest)
{
	uint64_t start = now_ns(), took;

	must(refheap_len(run->session, run->list));
	took = now_ns() - start;
	if (took > *longest)
		*longest = took;
}

static void sample(void *arg)
{
	struct run *run = arg;
	uint64_t duration = undisturbed(run), longest = 0, end;
	struct closer closer = start_closer(run);

	if (run->disturb) {
		let_close(&closer);
		while (!all_dropped(run))
			ask(run, &longest);
	} else if (run->lock) {
		longest = ticket_longest_wait(duration, HOLD_NS);
		let_close(&closer);
	} else {
		for (end = now_ns() + duration; now_ns() < end;)
			ask(run, &longest);
		let_close(&closer);
	}
	end_closer(&closer);
	printf("%.3f %llu\n", (double)duration / REFERENCES, (unsigned long long)longest);
}

int main(int argc, char **argv)
{
	struct run run = { NULL };

	if (argc != 2)
		fail("usage: session_close alone|shared|elsewhere|nobody|lock");
	run.lock = !strcmp(argv[1], "lock");
	run.disturb = strcmp(argv[1], "nobody") && !run.lock;
	run.with_others = !strcmp(argv[1], "shared");
	run.shared = mmap(NULL, sizeof(*run.shared), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.shared == MAP_FAILED)
		fail("out of memory");
	run.session = library_open(getpid());
	run.closed = strcmp(argv[1], "elsewhere") ? run.session :
						    library_open_name("bench.elsewhere");
	must(refheap_new_list(run.session, NULL, 0, &run.list));
	if (run.with_others)
		repeat(run.session, run.shared, instance(run.session), 0, REFERENCES - 1);
	return contend(sample, &run);
}
