/* SPDX-License-Identifier: GPL-2.0 */
/* What a heap does over time: its figures again and again, and its collections. */
#ifndef REFHEAP_CMD_CMD_REPORT_COURSE_H
#define REFHEAP_CMD_CMD_REPORT_COURSE_H

#include <json-c/json.h>

#include "clock.h"
#include "context.h"

struct course;

/**
 * course_begin() - look at the heap for the first time, and listen
 * @every_ms: time between two snapshots; 0 for one snapshot only
 * @course: out: to be ended with course_end()
 *
 * Who may not see all heaps is not told of collections.
 *
 * Return: a status.
 */
int course_begin(struct context *context, uint64_t every_ms, struct course **course);

/* Go on until @deadline, or until SIGINT comes. Returns a status. */
int course_follow(struct course *course, const struct deadline *deadline);

/* What it has been, in the form that the page has. */
struct json_object *course_json(const struct course *course);

/* May be NULL. */
void course_end(struct course *course);

#endif
