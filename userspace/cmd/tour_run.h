/* SPDX-License-Identifier: GPL-2.0 */
/* Executing the lines of the tour, each step in a heap and a folder of its own. */
#ifndef REFHEAP_CMD_TOUR_RUN_H
#define REFHEAP_CMD_TOUR_RUN_H

#include "context.h"
#include "tour.h"

struct tour_run;

/**
 * tour_run_begin() - make a heap and a folder for a step, with its file
 * @run: out: to be ended with tour_run_end()
 *
 * Return: a status.
 */
int tour_run_begin(struct context *context, const struct tour_step *step,
		   struct tour_run **run);

/* Removes the heap and the folder; @run may be NULL. */
void tour_run_end(struct tour_run *run);

/**
 * tour_run_row() - execute the lines of a row
 * @failed: out: a line was refused that should not be, or the other way round
 *
 * Return: what they printed, to be freed.
 */
char *tour_run_row(struct tour_run *run, const struct tour_row *row, bool *failed);

#endif
