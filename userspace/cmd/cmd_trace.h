/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of 'trace' share. */
#ifndef REFHEAP_CMD_TRACE_H
#define REFHEAP_CMD_TRACE_H

#include <json-c/json.h>
#include <refheap.h>

#include "command.h"

/* cmd_trace_show.c */
extern const struct command trace_snapshot_command;
extern const struct command trace_top_command;
extern const struct command trace_compare_command;

/* Frames as an array, the most recent first. */
struct json_object *trace_frames_json(const struct refheap_traceback *traceback);

#endif
