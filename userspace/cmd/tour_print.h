/* SPDX-License-Identifier: GPL-2.0 */
/* The tour for people: two columns where there is room for them. */
#ifndef REFHEAP_CMD_TOUR_PRINT_H
#define REFHEAP_CMD_TOUR_PRINT_H

#include "context.h"
#include "tour.h"

/* How a row has turned out. */
struct tour_result {
	const char *printed;
	bool agrees;
};

void tour_print_chapter(const struct context *context, const struct tour_chapter *chapter,
			size_t number);
void tour_print_step(const struct context *context, const struct tour_step *step);
void tour_print_row(const struct context *context, const struct tour_row *row,
		    const struct tour_result *result);

#endif
