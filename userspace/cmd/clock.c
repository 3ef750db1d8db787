// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"

#define SECOND 1000000000ULL
#define LONGEST 1e9	/* seconds; more is for ever to everybody */
#define CLOCK_SET (SECOND / 20)	/* a difference that is none of reading */

static uint64_t read_clock(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

uint64_t clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

double clock_age(uint64_t time_ns)
{
	uint64_t now = clock_now();

	return now > time_ns ? (double)(now - time_ns) / (double)SECOND : 0;
}

/*
 * The time of day when CLOCK_MONOTONIC was 0. No two readings give the same one,
 * so it is read anew only after the clock was set: times keep their order.
 */
static uint64_t clock_epoch(void)
{
	static uint64_t epoch;
	uint64_t now = read_clock(CLOCK_REALTIME) - clock_now();

	if (now - epoch + CLOCK_SET > 2 * CLOCK_SET)
		epoch = now;
	return epoch;
}

char *clock_format(uint64_t time_ns, char *text)
{
	uint64_t then = clock_epoch() + time_ns;
	time_t seconds = (time_t)(then / SECOND);
	struct tm parts;
	size_t length;

	localtime_r(&seconds, &parts);
	length = strftime(text, CLOCK_TEXT, "%H:%M:%S", &parts);
	snprintf(text + length, CLOCK_TEXT - length, ".%03u",
		 (unsigned int)(then % SECOND / 1000000) % 1000);
	return text;
}

int deadline_left(const struct deadline *deadline)
{
	uint64_t now = clock_now();
	uint64_t left;

	if (deadline->forever)
		return -1;
	if (now >= deadline->end_ns)
		return 0;
	/* Up, so that waiting for it does not end too early. */
	left = (deadline->end_ns - now + 999999) / 1000000;
	return left < INT_MAX ? (int)left : INT_MAX;
}

bool parse_deadline(const char *word, struct deadline *deadline)
{
	double seconds;
	char *end;

	deadline->forever = !word;
	if (!word)
		return true;
	seconds = strtod(word, &end);
	if (end == word || *end || !(seconds >= 0 && seconds <= LONGEST))
		return false;
	deadline->end_ns = clock_now() + (uint64_t)(seconds * (double)SECOND);
	return true;
}
