/* SPDX-License-Identifier: GPL-2.0 */
/* What processes leave behind that are killed in the middle of something. */
#ifndef TESTS_KILL_KILL_H
#define TESTS_KILL_KILL_H

#include "../bed.h"

#define HEAP	"kill"

/* Each ends with nothing of its victims left. */
void kill_and_be_told(struct bed *bed);
void kill_with_finalizers(struct bed *bed, uint32_t type);
void kill_with_leftovers(struct bed *bed);

/* A victim that has come to a point of its life and says so. */
struct victim {
	pid_t pid;
	int told;	/* pipe */
};

/* Runs @life in a child, and returns when it has said that it is there. */
struct victim start(void (*life)(const struct bed *bed, int fd, void *data),
		    const struct bed *bed, void *data);
/* From @life: it is there, and waits to be killed. */
void stay(void) __attribute__((__noreturn__));
/* Return: whether it died of the signal, of nothing before. */
bool finish(struct victim *victim);
/* Whether all that was made since the base line is gone, soon. */
bool all_gone(const struct bed *bed);

#endif
