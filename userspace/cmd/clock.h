/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's times, as people read them, and waiting for a time. */
#ifndef REFHEAP_CMD_CLOCK_H
#define REFHEAP_CMD_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_TEXT 16	/* bytes of a time as text */

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t clock_now(void);

/* Seconds since a time of that clock. */
double clock_age(uint64_t time_ns);

/* The time of day that it was, to milliseconds. Returns @text. */
char *clock_format(uint64_t time_ns, char *text);

/**
 * struct deadline - how long to wait
 * @end_ns: when it ends, by clock_now()
 * @forever: never
 */
struct deadline {
	uint64_t end_ns;
	bool forever;
};

/* Milliseconds that are left, 0 when it is over, -1 for ever. */
int deadline_left(const struct deadline *deadline);

/**
 * parse_deadline() - wait for so many seconds
 * @word: a decimal number of seconds, not negative; NULL for ever
 * @deadline: the result; begins now
 *
 * Return: whether @word was such a number.
 */
bool parse_deadline(const char *word, struct deadline *deadline);

#endif
