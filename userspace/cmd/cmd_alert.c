// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <refheap.h>

#include "clock.h"
#include "cmd.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "util.h"

#define SHORTEST	0.01	/* seconds between two looks */
#define LONGEST		86400.0
#define OURS		5	/* variables that a command gets */

extern char **environ;

enum measure {
	BYTES,
	OBJECTS,
	SESSIONS,
	GARBAGE,
	PENDING,
	MEASURES,
};

static const struct {
	const char *name;
	const char *what;
} measures[MEASURES] = {
	[BYTES] = { "bytes", "bytes" },
	[OBJECTS] = { "objects", "objects" },
	[SESSIONS] = { "sessions", "sessions" },
	[GARBAGE] = { "garbage", "objects in garbage" },
	[PENDING] = { "pending", "finalizers that have not ended" },
};

/**
 * struct threshold - a figure that is not to be reached
 * @set: it was asked for
 * @limit: the figure
 * @percent: instead of @limit: of the heap's own limit
 * @above: it was reached, and the figure has not been well below it since
 */
struct threshold {
	bool set;
	uint64_t limit;
	uint64_t percent;
	bool above;
};

/**
 * struct alert - what is watched
 * @context: of this run
 * @control: control handle
 * @heap: number of the heap
 * @name: its name
 * @session: that is told of refusals, or NULL
 * @thresholds: by enum measure
 * @below: how far below its limit, in percent, a figure has to be for another alert
 * @recovered: say so when it is
 * @exec: command line for each alert, or NULL
 * @seconds: between two looks
 * @count: end after so many alerts, 0 for never
 * @seen: how many there were
 */
struct alert {
	struct context *context;
	struct refheap_ctl *control;
	uint32_t heap;
	char name[REFHEAP_NAME_MAX];
	struct refheap *session;
	struct threshold thresholds[MEASURES];
	uint64_t below;
	bool recovered;
	const char *exec;
	double seconds;
	uint64_t count;
	uint64_t seen;
};

/* What has happened, for whoever is told. */
struct occasion {
	const char *what;	/* "bytes", ... or "refused" */
	const char *state;	/* "above", "below" or "refused" */
	const char *words;
	uint64_t value;
	uint64_t limit;
	uint64_t time_ns;
};

static void print_text(const struct alert *alert, const struct occasion *occasion)
{
	char time[CLOCK_TEXT];

	clock_format(occasion->time_ns, time);
	if (!strcmp(occasion->state, "refused"))
		printf("%s %s: an operation was refused at %" PRIu64 " bytes\n", time,
		       alert->name, occasion->value);
	else
		printf("%s %s: %" PRIu64 " %s, %s %" PRIu64 "\n", time, alert->name,
		       occasion->value, occasion->words,
		       !strcmp(occasion->state, "above") ? "the limit is" : "below",
		       occasion->limit);
}

static void print_json(const struct alert *alert, const struct occasion *occasion)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "time_ns", json_object_new_uint64(occasion->time_ns));
	json_object_object_add(document, "heap", json_object_new_string(alert->name));
	json_object_object_add(document, "what", json_object_new_string(occasion->what));
	json_object_object_add(document, "state", json_object_new_string(occasion->state));
	json_object_object_add(document, "value", json_object_new_uint64(occasion->value));
	json_object_object_add(document, "limit", json_object_new_uint64(occasion->limit));
	output_json(alert->context, document);
}

static char **make_environment(const struct alert *alert, const struct occasion *occasion)
{
	char *mine[OURS] = {
		xasprintf("REFHEAP_HEAP=%s", alert->name),
		xasprintf("REFHEAP_WHAT=%s", occasion->what),
		xasprintf("REFHEAP_STATE=%s", occasion->state),
		xasprintf("REFHEAP_VALUE=%" PRIu64, occasion->value),
		xasprintf("REFHEAP_LIMIT=%" PRIu64, occasion->limit),
	};
	size_t count = 0, used = OURS;
	char **all;

	while (environ[count])
		count++;
	all = xcalloc(count + OURS + 1, sizeof(*all));
	memcpy(all, mine, sizeof(mine));
	for (size_t i = 0; i < count; i++) {
		bool ours = false;

		for (size_t j = 0; j < OURS; j++)
			ours |= !strncmp(environ[i], mine[j], strcspn(mine[j], "=") + 1);
		if (!ours)
			all[used++] = environ[i];
	}
	return all;
}

static void free_environment(char **all)
{
	for (size_t i = 0; i < OURS; i++)
		free(all[i]);
	free(all);
}

/* Run the command and wait for it; that it fails is said, and no reason to end. */
static void execute(const struct alert *alert, const struct occasion *occasion)
{
	char **environment = make_environment(alert, occasion);
	char *const words[] = { "sh", "-c", (char *)alert->exec, NULL };
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int error, status;
	pid_t child;

	/* Ctrl-C is for it, too. */
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	error = posix_spawn(&child, "/bin/sh", NULL, &attributes, words, environment);
	posix_spawnattr_destroy(&attributes);
	free_environment(environment);
	if (error) {
		report_refused(alert->context, error, "cannot run '%s': %s", alert->exec,
			       strerror(error));
		return;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		report_refused(alert->context, ECHILD, "'%s' ended with status %d", alert->exec,
			       WEXITSTATUS(status));
	else if (WIFSIGNALED(status) && !interrupted())
		report_refused(alert->context, ECHILD, "'%s' was ended by signal %d", alert->exec,
			       WTERMSIG(status));
}

static void tell(struct alert *alert, const struct occasion *occasion)
{
	bool below = !strcmp(occasion->state, "below");

	if (below && !alert->recovered)
		return;
	if (alert->context->format.json)
		print_json(alert, occasion);
	else
		print_text(alert, occasion);
	fflush(stdout);
	if (alert->exec)
		execute(alert, occasion);
	alert->seen += !below;
}

/* What is reached is told once; then it has to be well below first. */
static void compare(struct alert *alert, enum measure measure, uint64_t value, uint64_t own_limit)
{
	struct threshold *threshold = &alert->thresholds[measure];
	uint64_t limit = threshold->limit, back;
	struct occasion occasion;

	if (threshold->percent)
		limit = (uint64_t)((double)own_limit * (double)threshold->percent / 100);
	/* A limit that has been taken away is never reached. */
	if (!threshold->set || (threshold->percent && !own_limit))
		return;
	back = limit - (uint64_t)((double)limit * (double)alert->below / 100);
	if (threshold->above ? value >= back : value < limit)
		return;
	threshold->above = !threshold->above;
	occasion = (struct occasion){
		.what = measures[measure].name,
		.state = threshold->above ? "above" : "below",
		.words = measures[measure].what,
		.value = value,
		.limit = threshold->above ? limit : back,
		.time_ns = clock_now(),
	};
	tell(alert, &occasion);
}

static bool enough(const struct alert *alert)
{
	return interrupted() || ferror(stdout) || (alert->count && alert->seen >= alert->count);
}

static int look(struct alert *alert)
{
	struct refheap_heap_info info;
	struct refheap_gc_info gc = { 0 };
	int error = refheap_heap_get(alert->control, alert->heap, &info);

	if (!error && (alert->thresholds[GARBAGE].set || alert->thresholds[PENDING].set))
		error = refheap_gc_get(alert->control, alert->heap, &gc);
	if (error)
		return error;
	for (int measure = 0; measure < MEASURES && !enough(alert); measure++) {
		const uint64_t values[MEASURES] = { info.bytes, info.objects, info.sessions,
						    gc.garbage, gc.pending };
		const uint64_t limits[MEASURES] = { info.max_bytes, info.max_objects };

		compare(alert, (enum measure)measure, values[measure], limits[measure]);
	}
	return 0;
}

/* Refusals that came since the last look are one occasion: the latest of them. */
static int look_for_refusals(struct alert *alert)
{
	struct refheap_event events[64];
	struct occasion occasion = { .what = "refused", .state = "refused" };
	int count;

	do {
		count = refheap_read_events(alert->session, events, ARRAY_SIZE(events), 0);
		for (int i = 0; i < count; i++) {
			if (events[i].type != REFHEAP_EVENT_LIMIT)
				continue;
			occasion.value = events[i].value;
			occasion.time_ns = events[i].time_ns;
		}
	} while (count == ARRAY_SIZE(events));
	if (occasion.time_ns)
		tell(alert, &occasion);
	return count < 0 && count != -EINTR ? count : 0;
}

static int watch(struct alert *alert, const struct deadline *deadline)
{
	int error = 0;

	while (!enough(alert)) {
		int left = deadline_left(deadline), wait = (int)(alert->seconds * 1000);

		error = look(alert);
		if (!error && alert->session && !enough(alert))
			error = look_for_refusals(alert);
		if (error || enough(alert) || !left)
			break;
		if (left > 0 && left < wait)
			wait = left;
		/* A refusal is told at once, all else at the next look. */
		interrupt_wait(alert->session ? refheap_fd(alert->session) : -1, wait);
	}
	if (error == -ENOENT || error == -EIDRM)
		return report_refused(alert->context, EIDRM, "heap '%s' has been removed",
				      alert->name);
	if (error)
		return report_error(alert->context, error, "cannot watch heap '%s'", alert->name);
	/* Scripts ask whether what they waited for has come. */
	return alert->count && alert->seen < alert->count && !interrupted() ? STATUS_REFUSED :
									      STATUS_OK;
}

static int parse_threshold(struct alert *alert, const struct arguments *arguments,
			   enum measure measure)
{
	struct threshold *threshold = &alert->thresholds[measure];
	const char *word = argument_option(arguments, measures[measure].name);
	size_t length = word ? strlen(word) : 0;
	cleanup_free char *digits = NULL;

	if (!word)
		return STATUS_OK;
	threshold->set = true;
	if (length < 2 || word[length - 1] != '%' || measure > OBJECTS) {
		if (parse_number(word, &threshold->limit) && threshold->limit)
			return STATUS_OK;
		return report_usage(alert->context, "--%s needs a number above 0%s, not '%s'",
				    measures[measure].name,
				    measure > OBJECTS ? "" : " or a percentage", word);
	}
	digits = xstrndup(word, length - 1);
	if (parse_number(digits, &threshold->percent) && threshold->percent &&
	    threshold->percent <= 100)
		return STATUS_OK;
	return report_usage(alert->context, "--%s needs 1%% to 100%%, not '%s'",
			    measures[measure].name, word);
}

static int parse_interval(struct alert *alert, const char *word)
{
	char *end;

	alert->seconds = 1;
	if (!word)
		return STATUS_OK;
	alert->seconds = strtod(word, &end);
	if (end == word || *end || !(alert->seconds >= SHORTEST && alert->seconds <= LONGEST))
		return report_usage(alert->context, "--interval needs %g to %g seconds, not '%s'",
				    SHORTEST, LONGEST, word);
	return STATUS_OK;
}

static int choose(struct alert *alert, const struct arguments *arguments)
{
	bool any = argument_option(arguments, "refused");
	int status = STATUS_OK;

	for (int i = 0; !status && i < MEASURES; i++) {
		status = parse_threshold(alert, arguments, (enum measure)i);
		any |= alert->thresholds[i].set;
	}
	if (!status && !any)
		status = report_usage(alert->context, "alert needs what to watch: --bytes, "
				      "--objects, --sessions, --garbage, --pending or --refused");
	if (!status)
		status = parse_interval(alert, argument_option(arguments, "interval"));
	alert->below = 10;
	if (!status)
		status = argument_number(alert->context, arguments, "below", &alert->below);
	if (!status && alert->below > 100)
		status = report_usage(alert->context, "--below is at most 100");
	if (!status)
		status = argument_number(alert->context, arguments, "count", &alert->count);
	if (argument_option(arguments, "once"))
		alert->count = 1;
	alert->recovered = argument_option(arguments, "recovered");
	alert->exec = argument_option(arguments, "exec");
	return status;
}

/* A heap is only looked for, never made. */
static int find_heap(struct alert *alert)
{
	struct context *context = alert->context;
	uint32_t owner = context->heap_default ? REFHEAP_OWNER_SELF : context->heap_owner;
	struct refheap_heap_info info;
	int error, status;

	status = heap_control(context, &alert->control);
	if (status)
		return status;
	if (context->heap_default)
		refheap_default_name(owner, alert->name);
	else
		snprintf(alert->name, sizeof(alert->name), "%s", context->heap_name);
	error = refheap_heap_find(alert->control, alert->name, owner, &alert->heap);
	if (!error)
		error = refheap_heap_get(alert->control, alert->heap, &info);
	if (error)
		return report_refused(context, error, "there is no heap '%s'", alert->name);
	if ((alert->thresholds[BYTES].percent && !info.max_bytes) ||
	    (alert->thresholds[OBJECTS].percent && !info.max_objects))
		return report_refused(context, EINVAL, "heap '%s' has no limit to take a "
				      "percentage of", alert->name);
	return STATUS_OK;
}

/* Whoever may read a heap may have a session that is told of its refusals. */
static int open_session(struct alert *alert)
{
	struct context *context = alert->context;
	struct refheap_options options = REFHEAP_OPTIONS_INIT;
	int error;

	options.flags = REFHEAP_ATTACH_RDONLY;
	if (!context->heap_default)
		options.owner = context->heap_owner;
	error = refheap_open_with(alert->name, &options, &alert->session);
	if (!error)
		error = refheap_subscribe_events(alert->session, REFHEAP_EVENT_LIMIT);
	return error ? report_error(context, error, "cannot watch heap '%s'", alert->name) :
		       STATUS_OK;
}

static int run_alert(struct context *context, struct arguments *arguments)
{
	struct alert alert = { .context = context };
	struct deadline deadline;
	int status;

	status = argument_deadline(context, arguments, NULL, &deadline);
	if (!status)
		status = choose(&alert, arguments);
	if (!status)
		status = find_heap(&alert);
	if (!status && argument_option(arguments, "refused"))
		status = open_session(&alert);
	if (!status) {
		bool caught = interrupt_catch();

		status = watch(&alert, &deadline);
		if (!caught)
			interrupt_release();
	}
	refheap_close(alert.session);
	return status;
}

static const struct option_spec options[] = {
	{ "bytes", 'B', "N", "when it has that many, or N% of its own limit" },
	{ "objects", 'O', "N", "likewise objects" },
	{ "sessions", 'S', "N", "when so many sessions are open" },
	{ "garbage", 'G', "N", "when so many objects are in garbage" },
	{ "pending", 'P', "N", "when so many finalizers have not ended" },
	{ "refused", 'R', NULL, "when an operation is refused for want of memory" },
	{ "exec", 'x', "COMMAND", "run that by the shell, for each alert" },
	{ "once", '1', NULL, "end after the first one" },
	{ "count", 'n', "N", "end after so many" },
	{ "recovered", 'r', NULL, "say so when it is below again, too" },
	{ "below", 'l', "PERCENT", "how far it has to fall before another alert (10)" },
	{ "interval", 'i', "SECONDS", "between two looks (1)" },
	{ "wait", 'w', "SECONDS", "end after that; status 1 when --once or --count was not met" },
	{ 0 },
};

const struct command alert_command = {
	.name = "alert",
	.synopsis = "",
	.summary = "Tell when a heap reaches a limit, until Ctrl-C",
	.details =
		"Each limit is told once when it is reached, and again after the heap has been well\n"
		"below it. COMMAND gets REFHEAP_HEAP, REFHEAP_WHAT, REFHEAP_STATE, REFHEAP_VALUE and\n"
		"REFHEAP_LIMIT. With --json, a document a line. Changes nothing.",
	.options = options,
	.run = run_alert,
};
