// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "repr.h"
#include "script.h"
#include "util.h"

#define OWN (REFHEAP_EVENT_WEAKREF | REFHEAP_EVENT_FINALIZE)

/* What a callback is about; its cookie is its place, counted from 1. */
struct watch {
	char *path;
	unsigned int frame;	/* where the reference is that the session keeps */
	bool kept;
};

/**
 * struct events - what is known of the session's obligations
 * @watches: callbacks
 * @count: their number
 * @finalizer: line to be executed for each finalizer, or NULL
 * @on: the library calls back
 * @paused: it is not to
 * @running: one is being run
 */
struct events {
	struct watch *watches;
	size_t count;
	char *finalizer;
	bool on;
	bool paused;
	bool running;
};

static struct events *events_of(struct context *context)
{
	if (!context->events)
		context->events = xcalloc(1, sizeof(*context->events));
	return context->events;
}

static struct watch *find_watch(struct events *events, const struct refheap_event *event)
{
	/* The cookies of other sessions mean nothing here. */
	if (event->generation & REFHEAP_EVENT_ADOPTED || !event->value ||
	    event->value > events->count)
		return NULL;
	return &events->watches[event->value - 1];
}

static void add_id(struct json_object *document, const char *key, refheap_id id)
{
	char text[REFHEAP_ID_TEXT];

	json_object_object_add(document, key, id ?
			       json_object_new_string(refheap_format_id(id, text)) : NULL);
}

static void print_callback(struct context *context, const struct refheap_event *event,
			   const char *path)
{
	bool adopted = event->generation & REFHEAP_EVENT_ADOPTED;
	char weakref[REFHEAP_ID_TEXT], referent[REFHEAP_ID_TEXT];
	struct json_object *document;

	if (!context->format.json) {
		printf("callback: %s%s%s%s is %s, says the weak reference %s%s\n",
		       path ? path : "", path ? " (" : "",
		       event->referent ? refheap_format_id(event->referent, referent) : "the referent",
		       path ? ")" : "", event->referent ? "dead" : "alive",
		       refheap_format_id(event->object, weakref),
		       adopted ? " of a session that is gone" : "");
		return;
	}
	document = json_object_new_object();
	json_object_object_add(document, "event", json_object_new_string("callback"));
	json_object_object_add(document, "path", path ? json_object_new_string(path) : NULL);
	add_id(document, "referent", event->referent);
	add_id(document, "weakref", event->object);
	json_object_object_add(document, "adopted", json_object_new_boolean(adopted));
	output_json(context, document);
}

static void callback(struct context *context, const struct refheap_event *event)
{
	struct watch *watch = find_watch(context->events, event);

	print_callback(context, event, watch ? watch->path : NULL);
	if (watch && watch->kept) {
		watch->kept = false;
		refheap_drop(context->session, event->object);
	}
}

static void print_finalize(struct context *context, const struct refheap_event *event)
{
	bool adopted = event->generation & REFHEAP_EVENT_ADOPTED;
	const struct repr_limits limits = REPR_LIMITS_SHORT;
	struct json_object *document, *object = NULL;
	cleanup_free char *text = NULL;
	char id[REFHEAP_ID_TEXT];

	if (!context->format.json) {
		text = repr_text(context, event->object, &limits);
		printf("finalize: %s (%s)%s\n", text ? text : "?",
		       refheap_format_id(event->object, id),
		       adopted ? " of a session that is gone" : "");
		return;
	}
	document = json_object_new_object();
	json_object_object_add(document, "event", json_object_new_string("finalize"));
	if (repr_json(context, event->object, &limits, &object))
		object = NULL;
	json_object_object_add(document, "object", object);
	json_object_object_add(document, "adopted", json_object_new_boolean(adopted));
	output_json(context, document);
}

/* The line may store the object, which is the variable "it", and so bring it back. */
static void run_line(struct context *context, refheap_id id)
{
	cleanup_free char *line = xstrdup(context->events->finalizer);
	bool in_shell = context->in_shell;
	struct variable *it;
	refheap_id before;

	if (refheap_take(context->session, id))
		return;
	before = variables_set(&context->variables, "it", id);
	if (before)
		refheap_drop(context->session, before);
	context->in_shell = true;
	script_line(context, line);
	context->in_shell = in_shell;
	it = variables_find(&context->variables, "it");
	if (it && it->id == id)
		refheap_drop(context->session, variables_remove(&context->variables, it));
}

/* The library gives the event's reference back afterwards. */
static void handle(struct refheap *session, const struct refheap_event *event, void *data)
{
	struct context *context = data;

	(void)session;
	context->events->running = true;
	if (event->type == REFHEAP_EVENT_WEAKREF) {
		callback(context, event);
	} else {
		print_finalize(context, event);
		if (context->events->finalizer)
			run_line(context, event->object);
	}
	context->events->running = false;
	/* Whoever watches sees it now, also through a pipe. */
	fflush(stdout);
}

void events_begin(struct context *context)
{
	struct events *events = events_of(context);

	if (!events->on && !events->paused && context->session)
		events->on = !refheap_on_event(context->session, OWN, handle, context);
}

void events_run(struct context *context)
{
	events_begin(context);
	if (context->events->on && !context->events->running)
		refheap_dispatch(context->session, 0, 0);
}

void events_pause(struct context *context, bool pause)
{
	struct events *events = events_of(context);

	events->paused = pause;
	if (!pause || !events->on)
		return;
	refheap_on_event(context->session, OWN, NULL, NULL);
	events->on = false;
}

int events_follow(struct context *context, const struct deadline *deadline, uint64_t count,
		  uint64_t *seen)
{
	bool paused = events_of(context)->paused;
	bool caught = interrupt_catch();
	uint64_t number = 0;
	int got = 0, left;

	events_pause(context, false);
	events_begin(context);
	do {
		left = deadline_left(deadline);
		got = refheap_dispatch(context->session, 0, count ? count - number : 0);
		if (got > 0)
			number += (uint64_t)got;
		else if (!got)
			got = interrupt_wait(refheap_fd(context->session), left);
	} while (!interrupted() && (got >= 0 || got == -EINTR) && left &&
		 !(count && number >= count));
	events_pause(context, paused);
	if (!caught)
		interrupt_release();
	if (seen)
		*seen = number;
	if (got < 0 && got != -EINTR)
		return report_error(context, got, "cannot wait for events");
	return STATUS_OK;
}

uint64_t events_watch(struct context *context, const char *path)
{
	struct events *events = events_of(context);

	events->watches = xrealloc(events->watches, events->count + 1, sizeof(*events->watches));
	events->watches[events->count] = (struct watch){ .path = xstrdup(path) };
	return ++events->count;
}

void events_keep(struct context *context, uint64_t cookie)
{
	struct watch *watch = &context->events->watches[cookie - 1];

	watch->kept = true;
	watch->frame = context->variables.frame;
}

void events_pop_frame(struct context *context, unsigned int frame)
{
	struct events *events = context->events;

	for (size_t i = 0; events && i < events->count; i++) {
		if (events->watches[i].frame == frame)
			events->watches[i].kept = false;
	}
}

void events_set_finalizer(struct context *context, const char *line)
{
	struct events *events = events_of(context);

	free(events->finalizer);
	events->finalizer = line && *line ? xstrdup(line) : NULL;
}

void events_free(struct context *context)
{
	struct events *events = context->events;

	if (!events)
		return;
	for (size_t i = 0; i < events->count; i++)
		free(events->watches[i].path);
	free(events->watches);
	free(events->finalizer);
	free(events);
	context->events = NULL;
}
