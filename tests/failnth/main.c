// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that succeeds without a fault is tried with a fault at its first
 * point, at its second, and so on, until it comes to its end without meeting
 * one. Each time it must succeed or fail with an error, the heap must verify,
 * and what failed must have changed nothing.
 *
 *   failnth [PATTERN]    tries whose name contains it
 *
 * Prints TAP. To be run as root in a machine whose kernel injects faults.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "operations.h"
#include "tries.h"

#define MOST_POINTS	5000

/* Containers grow at some lengths and not at others. */
static const unsigned int fills[] = { 3, 8, 16 };

struct subject {
	const struct try *try;	/* or */
	size_t operation;
	unsigned int fill;
	char name[100];
};

struct tally {
	unsigned int cases, failed, points, errors;
};

/* How what was tried may have ended beside as it says. */
struct doubt {
	bool maybe_done;	/* although it failed */
	bool partial;		/* although it succeeded */
	bool in_between;	/* when an answer was lost */
};

static int attempt(const struct subject *subject, struct world *w, struct doubt *doubt)
{
	doubt->in_between = false;
	if (!subject->try)
		return operation_try(w, subject->operation, &doubt->maybe_done, &doubt->partial);
	doubt->maybe_done = subject->try->answer_lost;
	doubt->partial = subject->try->several;
	doubt->in_between = subject->try->several;
	return subject->try->run(w);
}

/*
 * Whether the world looks like one of two. What a worker has still to do may
 * show for a moment.
 */
static bool looks_like(struct world *w, const char *one, const char *other)
{
	int tries;

	for (tries = 0; tries < 100; tries++) {
		char *now = world_snapshot(w);
		bool same = !strcmp(now, one) || (other && !strcmp(now, other));

		free(now);
		if (same)
			return true;
		usleep(10000);
	}
	return false;
}

static void show_difference(struct world *w, const char *wanted)
{
	char *now = world_snapshot(w), *rest_now, *rest_wanted;
	char *copy = strdup(wanted);
	char *a = strtok_r(copy, "\n", &rest_wanted), *b = strtok_r(now, "\n", &rest_now);

	while (a || b) {
		if (!a || !b || strcmp(a, b))
			printf("#   was %s\n#   is  %s\n", a ? a : "-", b ? b : "-");
		a = a ? strtok_r(NULL, "\n", &rest_wanted) : NULL;
		b = b ? strtok_r(NULL, "\n", &rest_now) : NULL;
	}
	free(copy);
	free(now);
}

static bool check(const struct subject *subject, struct world *w, int err,
		  const struct doubt *doubt, const char *before, const char *after)
{
	char broken[200] = "";

	if (world_verify(w, broken, sizeof(broken))) {
		printf("# %s, fault %u: verify: %s\n", subject->name, w->nth, broken);
		return false;
	}
	if (err == -EFAULT && doubt->in_between)
		return true;
	if (err ? looks_like(w, before, doubt->maybe_done ? after : NULL) :
		  doubt->partial || looks_like(w, after, NULL))
		return true;
	printf("# %s, fault %u: %s, but the heap is not as it should be\n", subject->name,
	       w->nth, err ? refheap_strerror(err) : "success");
	show_difference(w, err ? before : after);
	return false;
}

/* Without a fault: how it looks then. Return: NULL when it does not succeed. */
static char *after_success(const struct subject *subject, char **before)
{
	struct world w;
	struct doubt doubt;
	char *after = NULL;
	int err;

	world_make(&w, subject->fill);
	*before = world_snapshot(&w);
	err = attempt(subject, &w, &doubt);
	if (err)
		printf("# %s without a fault: %s\n", subject->name, refheap_strerror(err));
	else
		after = world_snapshot(&w);
	world_destroy(&w);
	return after;
}

static bool every_point(const struct subject *subject, struct tally *tally, const char *before,
			const char *after)
{
	struct world w;
	unsigned int nth;
	bool good = true, injected = true;
	struct doubt doubt;
	int err;

	for (nth = 1; good && injected && nth <= MOST_POINTS; nth++) {
		world_make(&w, subject->fill);
		w.nth = nth;
		err = attempt(subject, &w, &doubt);
		injected = w.injected;
		good = check(subject, &w, err, &doubt, before, after);
		if (err && !injected) {
			printf("# %s: fails without a fault: %s\n", subject->name,
			       refheap_strerror(err));
			good = false;
		}
		tally->points += injected;
		tally->errors += err != 0;
		world_destroy(&w);
	}
	if (injected && good)
		printf("# %s: no end after %u faults\n", subject->name, MOST_POINTS);
	return good && !injected;
}

static void run(const struct subject *subject, struct tally *tally)
{
	unsigned int points = tally->points, errors = tally->errors;
	char *before, *after = after_success(subject, &before);
	bool good = after && every_point(subject, tally, before, after);

	tally->cases++;
	tally->failed += !good;
	printf("%s %u - %s: %u faults, %u errors\n", good ? "ok" : "not ok", tally->cases,
	       subject->name, tally->points - points, tally->errors - errors);
	fflush(stdout);
	free(before);
	free(after);
}

static void run_operations(const char *pattern, struct tally *tally)
{
	size_t i, n;

	for (n = 0; n < operation_count; n++)
		for (i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
			struct subject subject = { .operation = n, .fill = fills[i] };

			snprintf(subject.name, sizeof(subject.name), "%s, containers of %u",
				 operation_name(n), fills[i]);
			if (strstr(subject.name, pattern))
				run(&subject, tally);
		}
}

static void run_tries(const char *pattern, struct tally *tally)
{
	size_t n;

	for (n = 0; n < try_count; n++) {
		struct subject subject = { .try = &tries[n], .fill = fills[0] };

		snprintf(subject.name, sizeof(subject.name), "%s", tries[n].name);
		if (strstr(subject.name, pattern))
			run(&subject, tally);
	}
}

int main(int argc, char **argv)
{
	const char *pattern = argc > 1 ? argv[1] : "";
	struct tally tally = { 0 };
	unsigned int heaps;

	if (inject_init())
		return 2;
	heaps = world_heaps();
	run_operations(pattern, &tally);
	run_tries(pattern, &tally);
	tally.cases++;
	tally.failed += world_heaps() != heaps;
	printf("%s %u - no heap is left\n", world_heaps() == heaps ? "ok" : "not ok", tally.cases);
	printf("1..%u\n# %u faults, %u of them made an error\n", tally.cases, tally.points,
	       tally.errors);
	return tally.failed || !tally.points;
}
