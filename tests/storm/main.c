// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that each hold an object and watch the objects of others through
 * weak references with callbacks. Half of them are killed, in the middle of
 * what they do. Every survivor must be told of the death of all that it
 * watched, once; then the others are killed, too, and nothing may be left.
 *
 *   storm [PROCESSES [SEED]]    200, the time
 *
 * Prints TAP. To be run as root with the module loaded.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../bed.h"

#define HEAP		"storm"
#define WATCHED		12	/* weak references of each process */
#define LET_GO		6	/* one in so many is dropped again at once */
#define IN_CYCLES	4	/* one object in so many needs the collector to die */
#define PAUSE_US	300	/* between two kills, at most */
#define DEADLINE_MS	60000

/* What one process watches. */
struct watch {
	uint32_t target;
	uint32_t notices;
	bool made;
	bool let_go;	/* it may be told, but does not have to */
};

/* One process, for all to see. */
struct member {
	_Atomic refheap_id object;
	_Atomic bool killed;	/* or about to be */
	bool reported;
	uint32_t wrong;		/* notices of what lives, or of something else */
	struct watch watch[WATCHED];
};

static struct bed bed;
static struct member *member;
static unsigned int members;

/*
 * Everybody waits for the ends of pipes: of "ready" to read one byte each, when
 * all objects are there; of "over" for its closing, when all victims are dead.
 */
static int ready[2], over[2], told[2];

/* A member. */

static refheap_id new_object(int fd, unsigned int number)
{
	refheap_id list = value_of(fd, OP(LIST));

	if (number % IN_CYCLES == 0)
		value_of(fd, OP(APPEND, .a = list, .c = list));
	return list;
}

static void watch_others(int fd, unsigned int number)
{
	unsigned int i;

	for (i = 0; i < WATCHED; i++) {
		struct watch *watch = &member[number].watch[i];
		uint64_t reference;
		int err;

		watch->target = rand() % members;
		if (watch->target == number)
			continue;
		err = op(fd, OP(WEAKREF, .a = member[watch->target].object,
				.arg = REFHEAP_WEAKREF_CALLBACK, .b = i), &reference);
		if (err == -ESTALE)
			continue;
		must(err, "weak reference");
		watch->made = true;
		if (rand() % LET_GO)
			continue;
		watch->let_go = true;
		value_of(fd, OP(DROP, .a = reference));
	}
}

static bool is_right(int fd, const struct member *self, const struct refheap_event *event)
{
	const struct watch *watch;

	if (event->type != REFHEAP_EVENT_WEAKREF || event->value >= WATCHED)
		return false;
	watch = &self->watch[event->value];
	return watch->made && event->referent == member[watch->target].object &&
	       member[watch->target].killed && !value_of(fd, OP(DEREF, .a = event->object));
}

static void hear(int fd, struct member *self)
{
	struct refheap_event event;

	while (next_event(fd, &event) > 0) {
		if (!is_right(fd, self, &event))
			self->wrong++;
		else
			self->watch[event.value].notices++;
		value_of(fd, OP(DROP, .a = event.object));
	}
}

static bool heard_all(const struct member *self)
{
	unsigned int i;

	for (i = 0; i < WATCHED; i++) {
		const struct watch *watch = &self->watch[i];

		if (watch->made && !watch->let_go && member[watch->target].killed &&
		    !watch->notices)
			return false;
	}
	return true;
}

/* Waits for events until the victims are dead, and all has been heard. */
static void listen(int fd, struct member *self)
{
	struct pollfd pollers[] = {
		{ .fd = fd, .events = POLLIN }, { .fd = over[0], .events = POLLIN },
	};
	uint64_t end = 0;

	for (;;) {
		poll(pollers, 2, end ? 100 : -1);
		hear(fd, self);
		if (!end && pollers[1].revents) {
			end = now_us() + DEADLINE_MS * 1000;
			pollers[1].fd = -1;
		}
		if (end && (heard_all(self) || now_us() > end))
			return;
	}
}

static void live(unsigned int number, unsigned int seed)
{
	struct member *self = &member[number];
	int fd = device_attach(HEAP);
	char byte = 'b';

	must(fd, "attach");
	srand(seed);
	close(over[1]);
	self->object = new_object(fd, number);
	MUST_SYS(write(told[1], &byte, 1));
	MUST_SYS(read(ready[0], &byte, 1));
	watch_others(fd, number);
	listen(fd, self);
	/* What is told twice is told soon. */
	usleep(100000);
	hear(fd, self);
	self->reported = true;
	MUST_SYS(write(told[1], &byte, 1));
	for (;;)
		pause();
}

/* The witness. */

/* @collect: now and then; cycles of the dead go that way, when nobody looks at them. */
static void wait_until_told(unsigned int times, bool collect)
{
	uint64_t end = now_us() + 2 * DEADLINE_MS * 1000ULL;
	char bytes[256];
	ssize_t n;

	for (; times; times -= n) {
		struct pollfd poller = { .fd = told[0], .events = POLLIN };

		must(now_us() > end ? -ETIMEDOUT : 0, "members");
		if (collect)
			MUST(refheap_collect(bed.session, 2, NULL));
		n = 0;
		if (poll(&poller, 1, 200) != 1)
			continue;
		n = read(told[0], bytes, times < sizeof(bytes) ? times : sizeof(bytes));
		must(n <= 0 ? -EPIPE : 0, "told");
	}
}

static void let_go_on(void)
{
	char bytes[256] = "";
	unsigned int left = members;
	ssize_t n;

	for (; left; left -= n) {
		n = write(ready[1], bytes, left < sizeof(bytes) ? left : sizeof(bytes));
		must(n < 0 ? -errno : 0, "ready");
	}
}

static void shuffle(unsigned int *number)
{
	unsigned int i;

	for (i = 0; i < members; i++)
		number[i] = i;
	for (i = members - 1; i > 0; i--) {
		unsigned int other = rand() % (i + 1), kept = number[i];

		number[i] = number[other];
		number[other] = kept;
	}
}

/* Return: whether all were alive until then. */
static bool kill_members(const pid_t *pid, const unsigned int *number, unsigned int count,
			 bool slowly)
{
	unsigned int i, others = 0;

	for (i = 0; i < count; i++) {
		member[number[i]].killed = true;
		kill(pid[number[i]], SIGKILL);
		if (slowly)
			usleep(rand() % PAUSE_US);
	}
	for (i = 0; i < count; i++)
		others += wait_for(pid[number[i]]) != 128 + SIGKILL;
	return !others;
}

static void count_notices(void)
{
	unsigned int i, n, expected = 0, right = 0, missing = 0, twice = 0, wrong = 0, silent = 0;

	for (i = 0; i < members; i++) {
		if (member[i].killed)
			continue;
		silent += !member[i].reported;
		wrong += member[i].wrong;
		for (n = 0; n < WATCHED; n++) {
			const struct watch *watch = &member[i].watch[n];
			bool due = watch->made && !watch->let_go && member[watch->target].killed;

			expected += due;
			missing += due && !watch->notices;
			right += due && watch->notices == 1;
			twice += watch->notices > 1;
		}
	}
	result(!silent, "every survivor has said what it heard (%u have not)", silent);
	result(expected && right == expected, "%u of %u death notices came once", right, expected);
	result(!missing && !twice && !wrong, "%u are missing, %u came again, %u are wrong",
	       missing, twice, wrong);
}

int main(int argc, char **argv)
{
	unsigned int seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned int)time(NULL);
	unsigned int i, victims, *number;
	uint64_t begin = now_us();
	pid_t *pid;

	members = argc > 1 ? strtoul(argv[1], NULL, 0) : 200;
	printf("# %u processes, seed %u\n", members, seed);
	srand(seed);
	victims = members / 2;
	pid = calloc(members, sizeof(*pid));
	number = calloc(members, sizeof(*number));
	member = shared_memory(members * sizeof(*member));
	if (!pid || !number)
		must(-ENOMEM, "memory");
	MUST_SYS(pipe(ready));
	MUST_SYS(pipe(over));
	MUST_SYS(pipe(told));
	bed_make(&bed, HEAP);

	for (i = 0; i < members; i++) {
		unsigned int its_seed = rand();

		pid[i] = give_birth();
		if (!pid[i])
			live(i, its_seed);
	}
	wait_until_told(members, false);
	printf("# all are there after %llu ms\n", (unsigned long long)(now_us() - begin) / 1000);
	shuffle(number);
	let_go_on();
	result(kill_members(pid, number, victims, true), "%u were killed", victims);
	close(over[1]);
	wait_until_told(members - victims, true);
	count_notices();
	result(kill_members(pid, number + victims, members - victims, false), "so were the others");
	printf("# all are dead after %llu ms\n", (unsigned long long)(now_us() - begin) / 1000);
	bed_check(&bed, "after the storm");
	bed_check_memory(&bed, "after the storm");
	bed_remove(&bed);
	return results();
}
