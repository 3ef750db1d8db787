/* SPDX-License-Identifier: GPL-2.0 */
/* A page that shows a heap: the parts of its data, and the page itself. */
#ifndef REFHEAP_CMD_CMD_REPORT_H
#define REFHEAP_CMD_CMD_REPORT_H

#include <stdint.h>

#include <json-c/json.h>

#include "context.h"

/**
 * struct report_limits - how much of one heap a page has
 * @objects: at most
 * @arenas: at most
 * @sites: call sites at most
 * @types: at most
 *
 * What is left out is summed up. Together they keep a page of a heap of any
 * size, with all its snapshots, below 5 MB.
 */
struct report_limits {
	uint32_t objects;
	uint32_t arenas;
	uint32_t sites;
	uint32_t types;
};

/* CLOCK_REALTIME in milliseconds. */
uint64_t report_now(void);

/* Put a number or a text into an object of JSON. */
void report_add_number(struct json_object *object, const char *key, uint64_t number);
void report_add_text(struct json_object *object, const char *key, const char *text);

/*
 * Put into @snapshot what one look at the heap tells: its figures, the
 * collector's, types and arenas; its objects; where they were made. What is not
 * known, such as the arenas of a saved heap, is null. Return: a status.
 */
int report_add_figures(struct context *context, const struct report_limits *limits,
		       struct json_object *snapshot);
int report_add_objects(struct context *context, const struct report_limits *limits,
		       struct json_object *snapshot);
int report_add_trace(struct context *context, const struct report_limits *limits,
		     struct json_object *snapshot);

/**
 * report_check_viewer() - whether the command was built with the page
 *
 * Return: STATUS_OK, or STATUS_REFUSED after a report.
 */
int report_check_viewer(struct context *context);

/**
 * report_write() - write the page, with its data
 * @path: of the file, which appears when it is complete; "-" for standard output
 *
 * Return: a status.
 */
int report_write(struct context *context, const char *path, struct json_object *data);

#endif
