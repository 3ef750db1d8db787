// SPDX-License-Identifier: GPL-2.0
/* Call sites as a tree: who called is above who was called. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd_report.h"
#include "heap.h"
#include "report.h"
#include "util.h"

/* Sums of all tracebacks that go through it. */
struct call {
	char *name;
	int64_t size;
	int64_t count;
	uint64_t births;
	struct call *below;
	struct call *beside;
};

static char *frame_name(const struct refheap_trace_frame *frame)
{
	cleanup_free char *place = frame->line ?
		xasprintf("%s:%" PRIu32, frame->filename, frame->line) : xstrdup(frame->filename);

	return frame->function ? xasprintf("%s (%s)", frame->function, place) : xstrdup(place);
}

static void book(struct call *call, const struct refheap_statistic *statistic)
{
	call->size += statistic->size;
	call->count += statistic->count;
	call->births += statistic->births;
}

static struct call *find_below(struct call *call, const struct refheap_trace_frame *frame)
{
	cleanup_free char *name = frame_name(frame);
	struct call **at = &call->below;

	while (*at && strcmp((*at)->name, name))
		at = &(*at)->beside;
	if (!*at) {
		*at = xcalloc(1, sizeof(**at));
		(*at)->name = xstrdup(name);
	}
	return *at;
}

static void add_traceback(struct call *root, const struct refheap_statistic *statistic)
{
	struct call *call = root;

	book(root, statistic);
	for (size_t i = statistic->traceback.count; i; i--) {
		call = find_below(call, &statistic->traceback.frame[i - 1]);
		book(call, statistic);
	}
}

/* Tracebacks have at most REFHEAP_TRACE_FRAMES_MAX frames, which bounds the depth. */
static struct json_object *call_json(const struct call *call)
{
	struct json_object *children = json_object_new_array();
	struct json_object *object = json_object_new_object();

	report_add_text(object, "name", call->name ? call->name : "all call sites");
	json_object_object_add(object, "size", json_object_new_int64(call->size));
	json_object_object_add(object, "count", json_object_new_int64(call->count));
	report_add_number(object, "births", call->births);
	for (const struct call *below = call->below; below; below = below->beside)
		json_object_array_add(children, call_json(below));
	json_object_object_add(object, "children", children);
	return object;
}

static void calls_free(struct call *call)
{
	struct call *next;

	for (; call; call = next) {
		next = call->beside;
		calls_free(call->below);
		free(call->name);
		free(call);
	}
}

static struct json_object *trace_json(const struct refheap_traced *traced,
				      const struct refheap_statistic *statistics, size_t count,
				      size_t max)
{
	struct json_object *trace = json_object_new_object();
	struct call root = { 0 };
	int64_t left_out = 0;

	for (size_t i = 0; i < count; i++) {
		if (i < max)
			add_traceback(&root, &statistics[i]);
		else
			left_out += statistics[i].size;
	}
	report_add_number(trace, "current", traced->bytes);
	report_add_number(trace, "peak", traced->peak);
	report_add_number(trace, "count", traced->count);
	report_add_number(trace, "births", traced->births);
	report_add_number(trace, "overhead", traced->overhead);
	report_add_number(trace, "sample", traced->sample);
	report_add_number(trace, "left_out", count > max ? count - max : 0);
	json_object_object_add(trace, "left_out_size", json_object_new_int64(left_out));
	json_object_object_add(trace, "tree", call_json(&root));
	calls_free(root.below);
	return trace;
}

int report_add_trace(struct context *context, const struct report_limits *limits,
		     struct json_object *snapshot)
{
	struct refheap_statistic *statistics = NULL;
	struct refheap_snapshot *sites;
	struct refheap *session;
	ssize_t count;
	int error, status = heap_session(context, &session);

	if (status)
		return status;
	json_object_object_add(snapshot, "trace", NULL);
	if (context->image)
		return STATUS_OK;
	error = refheap_snapshot_take(session, &sites);
	if (error == -ENODATA)
		return STATUS_OK;
	if (error)
		return report_error(context, error, "cannot look at where objects were made");
	count = refheap_snapshot_statistics(sites, REFHEAP_TRACE_TRACEBACK | REFHEAP_TRACE_BORN,
					    &statistics);
	if (count >= 0)
		json_object_object_add(snapshot, "trace",
				       trace_json(refheap_snapshot_traced(sites), statistics,
						  (size_t)count, limits->sites));
	free(statistics);
	refheap_snapshot_free(sites);
	return count < 0 ? report_error(context, (int)count, "cannot add up call sites") :
			   STATUS_OK;
}
