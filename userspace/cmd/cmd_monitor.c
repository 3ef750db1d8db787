// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "clock.h"
#include "cmd.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "util.h"

/* What can happen; --event knows the name, and the word for all of a sort. */
static const struct {
	const char *name;
	const char *sort;
	uint32_t event;
	uint32_t group;
} kinds_of_event[] = {
	{ "heap-new", "heaps", REFHEAP_NTF_HEAP_NEW, REFHEAP_MONITOR_HEAPS },
	{ "heap-changed", "heaps", REFHEAP_NTF_HEAP_CHANGED, REFHEAP_MONITOR_HEAPS },
	{ "heap-removed", "heaps", REFHEAP_NTF_HEAP_REMOVED, REFHEAP_MONITOR_HEAPS },
	{ "session-new", "sessions", REFHEAP_NTF_SESSION_NEW, REFHEAP_MONITOR_HEAPS },
	{ "session-end", "sessions", REFHEAP_NTF_SESSION_END, REFHEAP_MONITOR_HEAPS },
	{ "limit", "limits", REFHEAP_NTF_LIMIT, REFHEAP_MONITOR_HEAPS },
	{ "gc-start", "collections", REFHEAP_NTF_GC_START, REFHEAP_MONITOR_GC },
	{ "gc-stop", "collections", REFHEAP_NTF_GC_STOP, REFHEAP_MONITOR_GC },
	{ "birth", "births", REFHEAP_NTF_BIRTH, REFHEAP_MONITOR_OBJECTS },
	{ "death", "deaths", REFHEAP_NTF_DEATH, REFHEAP_MONITOR_OBJECTS },
	{ "callback", "callbacks", REFHEAP_NTF_CALLBACK, REFHEAP_MONITOR_OBJECTS },
	{ "finalize", "finalizers", REFHEAP_NTF_FINALIZE, REFHEAP_MONITOR_OBJECTS },
	{ "skipped", "finalizers", REFHEAP_NTF_SKIPPED, REFHEAP_MONITOR_OBJECTS },
};

static const char every_event[] =
	"heaps (heap-new, heap-changed, heap-removed), sessions (session-new, session-end), "
	"limits, collections (gc-start, gc-stop), births, deaths, callbacks, "
	"finalizers (finalize, skipped)";

static const struct {
	uint32_t group;
	const char *name;
} groups[] = {
	{ REFHEAP_MONITOR_HEAPS, "heap" },
	{ REFHEAP_MONITOR_GC, "gc" },
	{ REFHEAP_MONITOR_OBJECTS, "object" },
};

/* A type of some heap, once it was asked for. Heaps' numbers are not used again. */
struct known_type {
	uint32_t heap;
	uint32_t type;
	char *name;
};

/**
 * struct watcher - what is watched, and how it is shown
 * @context: of this run
 * @monitor: where notices come from
 * @events: bit for each enum refheap_ntf that is wanted
 * @groups: REFHEAP_MONITOR_* that those belong to
 * @heap_name: only that heap, or NULL
 * @heap_owner: its owner, or REFHEAP_OWNER_SELF for any
 * @type: only objects of that type or kind, or NULL
 * @count: end after so many, 0 for never
 * @seen: how many were shown
 * @types: names of types
 * @types_count: their number
 */
struct watcher {
	struct context *context;
	struct refheap_monitor *monitor;
	uint32_t events;
	uint32_t groups;
	char *heap_name;
	uint32_t heap_owner;
	const char *type;
	uint64_t count;
	uint64_t seen;
	struct known_type *types;
	size_t types_count;
};

static const char *group_name(uint32_t group)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (groups[i].group == group)
			return groups[i].name;
	}
	return "?";
}

static const char *event_name(uint32_t event)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds_of_event); i++) {
		if (kinds_of_event[i].event == event)
			return kinds_of_event[i].name;
	}
	return "?";
}

static const char *learn_type(struct watcher *watcher, uint32_t heap, uint32_t type)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_type_info info;
	struct refheap_ctl *control;

	if (heap_control(watcher->context, &control) ||
	    refheap_iter_types(control, heap, &iterator))
		return "?";
	while (refheap_next_type(iterator, &info) == 1) {
		if (info.type != type)
			continue;
		watcher->types = xrealloc(watcher->types, watcher->types_count + 1,
					  sizeof(*watcher->types));
		watcher->types[watcher->types_count] =
			(struct known_type){ heap, type, xstrdup(info.name) };
		return watcher->types[watcher->types_count++].name;
	}
	return "?";
}

/* The name of an object's type, or of its kind. */
static const char *type_name(struct watcher *watcher, const struct refheap_notice *notice)
{
	if (!notice->type)
		return refheap_kind_name(notice->kind);
	for (size_t i = 0; i < watcher->types_count; i++) {
		if (watcher->types[i].heap == notice->heap &&
		    watcher->types[i].type == notice->type)
			return watcher->types[i].name;
	}
	return learn_type(watcher, notice->heap, notice->type);
}

static bool wanted(struct watcher *watcher, const struct refheap_notice *notice)
{
	if (notice->event >= 32 || !(watcher->events & 1U << notice->event))
		return false;
	if (watcher->heap_name && strcmp(watcher->heap_name, notice->name))
		return false;
	if (watcher->heap_owner != REFHEAP_OWNER_SELF && watcher->heap_owner != notice->owner)
		return false;
	if (!watcher->type)
		return true;
	return notice->group == REFHEAP_MONITOR_OBJECTS &&
	       !strcmp(watcher->type, type_name(watcher, notice));
}

static void print_details(struct watcher *watcher, const struct refheap_notice *notice)
{
	char id[REFHEAP_ID_TEXT];

	switch (notice->event) {
	case REFHEAP_NTF_SESSION_NEW:
	case REFHEAP_NTF_SESSION_END:
		printf(" %" PRIu32 " of ", notice->session);
		put_printable(stdout, notice->comm);
		printf(", pid %" PRIu32 ", uid %" PRIu32, notice->pid, notice->uid);
		break;
	case REFHEAP_NTF_LIMIT:
		printf(" at %" PRIu64 " bytes", notice->bytes);
		break;
	case REFHEAP_NTF_GC_START:
		printf(" of generation %" PRIu32, notice->generation);
		break;
	case REFHEAP_NTF_GC_STOP:
		printf(" of generation %" PRIu32 ": %" PRIu64 " collected, %" PRIu64
		       " uncollectable, held others up for %.3f ms at most",
		       notice->generation, notice->collected, notice->uncollectable,
		       (double)notice->longest_hold_ns / 1e6);
		break;
	default:
		if (notice->group != REFHEAP_MONITOR_OBJECTS)
			break;
		fputs(" of ", stdout);
		put_printable(stdout, type_name(watcher, notice));
		printf(" %s", refheap_format_id(notice->object, id));
		break;
	}
}

static void print_text(struct watcher *watcher, const struct refheap_notice *notice)
{
	char time[CLOCK_TEXT];

	printf("%s %s %" PRIu64 " %s: %s", clock_format(notice->time_ns, time),
	       group_name(notice->group), notice->seq, notice->name, event_name(notice->event));
	print_details(watcher, notice);
	putchar('\n');
}

static void add_number(struct json_object *document, const char *key, uint64_t number)
{
	json_object_object_add(document, key, json_object_new_uint64(number));
}

static void add_string(struct json_object *document, const char *key, const char *text)
{
	json_object_object_add(document, key, json_object_new_string(text));
}

static void add_details(struct watcher *watcher, const struct refheap_notice *notice,
			struct json_object *document)
{
	char id[REFHEAP_ID_TEXT];

	if (notice->event == REFHEAP_NTF_SESSION_NEW || notice->event == REFHEAP_NTF_SESSION_END) {
		add_number(document, "session", notice->session);
		add_number(document, "pid", notice->pid);
		add_string(document, "command", notice->comm);
		add_number(document, "uid", notice->uid);
	} else if (notice->event == REFHEAP_NTF_LIMIT) {
		add_number(document, "bytes", notice->bytes);
	} else if (notice->group == REFHEAP_MONITOR_GC) {
		add_number(document, "generation", notice->generation);
	} else if (notice->group == REFHEAP_MONITOR_OBJECTS) {
		add_string(document, "id", refheap_format_id(notice->object, id));
		add_string(document, "kind", refheap_kind_name(notice->kind));
		if (notice->type)
			add_string(document, "type", type_name(watcher, notice));
	}
	if (notice->event == REFHEAP_NTF_GC_STOP) {
		add_number(document, "collected", notice->collected);
		add_number(document, "uncollectable", notice->uncollectable);
		add_number(document, "longest_hold_ns", notice->longest_hold_ns);
	}
}

static void print_json(struct watcher *watcher, const struct refheap_notice *notice)
{
	struct json_object *document = json_object_new_object();

	add_string(document, "group", group_name(notice->group));
	add_number(document, "number", notice->seq);
	add_number(document, "time_ns", notice->time_ns);
	add_string(document, "heap", notice->name);
	add_number(document, "owner", notice->owner);
	add_string(document, "event", event_name(notice->event));
	add_details(watcher, notice, document);
	output_json(watcher->context, document);
}

/* Notices that were missed may have been wanted ones, so that is always said. */
static void print_missed(const struct watcher *watcher, const struct refheap_notice *notice)
{
	struct json_object *document;

	if (!watcher->context->format.json) {
		printf("%s: %" PRIu64 " missed\n", group_name(notice->group), notice->lost);
		return;
	}
	document = json_object_new_object();
	add_string(document, "group", group_name(notice->group));
	add_string(document, "event", "missed");
	add_number(document, "missed", notice->lost);
	output_json(watcher->context, document);
}

static void show(struct watcher *watcher, const struct refheap_notice *notice)
{
	if (notice->lost)
		print_missed(watcher, notice);
	if (!wanted(watcher, notice))
		return;
	if (watcher->context->format.json)
		print_json(watcher, notice);
	else
		print_text(watcher, notice);
	watcher->seen++;
}

static int watch(struct watcher *watcher, const struct deadline *deadline)
{
	struct refheap_notice notice;
	int got;

	while (!interrupted() && !ferror(stdout) &&
	       !(watcher->count && watcher->seen >= watcher->count)) {
		got = refheap_monitor_next(watcher->monitor, 0, &notice);
		if (!got) {
			/* Whoever reads sees all so far before it gets quiet. */
			fflush(stdout);
			got = interrupt_wait(refheap_monitor_fd(watcher->monitor),
					     deadline_left(deadline));
			if (got > 0)
				continue;
		}
		if (got < 0 && got != -EINTR)
			return report_error(watcher->context, got, "cannot watch");
		if (got > 0)
			show(watcher, &notice);
		else if (!got && !deadline_left(deadline))
			break;
	}
	return STATUS_OK;
}

static bool add_event(struct watcher *watcher, const char *word)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(kinds_of_event); i++) {
		if (strcmp(word, kinds_of_event[i].name) && strcmp(word, kinds_of_event[i].sort))
			continue;
		watcher->events |= 1U << kinds_of_event[i].event;
		watcher->groups |= kinds_of_event[i].group;
		found = true;
	}
	return found;
}

static int choose_events(struct watcher *watcher, const char *list)
{
	cleanup_free char *copy = list ? xstrdup(list) : NULL;
	char *rest;

	for (size_t i = 0; !list && i < ARRAY_SIZE(kinds_of_event); i++)
		add_event(watcher, kinds_of_event[i].name);
	if (!list)
		return STATUS_OK;
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (!add_event(watcher, word))
			return report_usage(watcher->context, "there is no event '%s': there are %s",
					    word, every_event);
	}
	if (!watcher->events)
		return report_usage(watcher->context, "--event needs a list of events: %s",
				    every_event);
	return STATUS_OK;
}

/* --heap may come before the command, too. */
static int choose_heap(struct watcher *watcher, const char *word)
{
	struct context *context = watcher->context;

	watcher->heap_owner = REFHEAP_OWNER_SELF;
	if (word)
		return heap_split(context, word, &watcher->heap_name, &watcher->heap_owner);
	if (!context->heap_default) {
		watcher->heap_name = xstrdup(context->heap_name);
		watcher->heap_owner = context->heap_owner;
	}
	return STATUS_OK;
}

static int choose(struct watcher *watcher, struct arguments *arguments)
{
	int status;

	watcher->type = argument_option(arguments, "type");
	status = choose_events(watcher, argument_option(arguments, "event"));
	if (!status)
		status = choose_heap(watcher, argument_option(arguments, "heap"));
	if (!status)
		status = argument_number(watcher->context, arguments, "count", &watcher->count);
	/* Only objects have types. */
	if (watcher->type)
		watcher->groups &= REFHEAP_MONITOR_OBJECTS;
	if (!status && !watcher->groups)
		status = report_usage(watcher->context, "--type is about births, deaths, callbacks "
				      "and finalizers only");
	return status;
}

static int open_monitor(struct watcher *watcher)
{
	struct refheap_ctl *control;
	int error, status;

	/* Says whether the module is there, in the words of all commands. */
	status = heap_control(watcher->context, &control);
	if (status)
		return status;
	error = refheap_monitor_open(watcher->groups, &watcher->monitor);
	if (error == -EPERM || error == -EACCES)
		return report_refused(watcher->context, error, "only who may see every heap can "
				      "watch: it needs CAP_SYS_ADMIN");
	return error ? report_error(watcher->context, error, "cannot watch") : STATUS_OK;
}

static int run_monitor(struct context *context, struct arguments *arguments)
{
	struct watcher watcher = { .context = context };
	struct deadline deadline;
	int status;

	status = argument_deadline(context, arguments, NULL, &deadline);
	if (!status)
		status = choose(&watcher, arguments);
	if (!status)
		status = open_monitor(&watcher);
	if (!status) {
		bool caught = interrupt_catch();

		status = watch(&watcher, &deadline);
		if (!caught)
			interrupt_release();
	}
	refheap_monitor_close(watcher.monitor);
	for (size_t i = 0; i < watcher.types_count; i++)
		free(watcher.types[i].name);
	free(watcher.types);
	free(watcher.heap_name);
	return status;
}

static const struct option_spec options[] = {
	{ "heap", 'H', "HEAP", "only that heap: [OWNER/]NAME" },
	{ "type", 't', "TYPE", "only objects of that type or kind" },
	{ "event", 'e', "EVENT", "only those, with commas between them" },
	{ "count", 'n', "N", "end after so many" },
	{ "wait", 'w', "SECONDS", "end after that" },
	{ 0 },
};

const struct command monitor_command = {
	.name = "monitor",
	.synopsis = "",
	.summary = "Follow what happens in all heaps, until Ctrl-C",
	.details =
		"EVENT is heaps (heap-new, heap-changed, heap-removed), sessions (session-new,\n"
		"session-end), limits, collections (gc-start, gc-stop), births, deaths, callbacks,\n"
		"finalizers (finalize, skipped). Each line has the number that its group has got to;\n"
		"a line says how many were missed. With --json, a document a line.",
	.options = options,
	.run = run_monitor,
};
