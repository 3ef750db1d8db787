// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd_report.h"
#include "cmd_report_course.h"
#include "heap.h"
#include "interrupt.h"
#include "report.h"
#include "util.h"

#define SAMPLES_MAX	600	/* then every other one is thrown away */
#define COLLECTIONS_MAX	2000	/* the latest */
#define LOOKS		20	/* samples between two snapshots, */
#define PERIOD_MIN_MS	20	/* unless they would come faster than that */
#define MS_NS		1000000ULL

struct sample {
	uint64_t ms;
	struct refheap_heap_info info;
};

struct collection {
	uint64_t ms;		/* when it began */
	uint64_t duration_ns;
	struct refheap_notice stop;
};

/**
 * struct course - what the heap has done
 * @context: of this run
 * @control: handle
 * @heap: number
 * @monitor: tells of collections; NULL when it may not
 * @epoch_ms: what to add to CLOCK_MONOTONIC to get the time of day
 * @period_ms: between two samples
 * @next_ms: when the next sample is due
 * @samples: in order
 * @sample_count: their number
 * @collections: a ring, of those that have ended
 * @collection_count: how many there have been
 * @start: of the collection that runs; time 0 when none does
 * @missed: notices that the kernel had no room for
 */
struct course {
	struct context *context;
	struct refheap_ctl *control;
	uint32_t heap;
	struct refheap_monitor *monitor;
	uint64_t epoch_ms;
	uint64_t period_ms;
	uint64_t next_ms;
	struct sample samples[SAMPLES_MAX];
	size_t sample_count;
	struct collection collections[COLLECTIONS_MAX];
	uint64_t collection_count;
	struct refheap_notice start;
	uint64_t missed;
};

static void thin_out(struct course *course)
{
	for (size_t i = 0; i < SAMPLES_MAX / 2; i++)
		course->samples[i] = course->samples[2 * i];
	course->sample_count = SAMPLES_MAX / 2;
	course->period_ms *= 2;
}

static int take_sample(struct course *course)
{
	struct sample *sample;
	int error;

	if (course->sample_count == SAMPLES_MAX)
		thin_out(course);
	sample = &course->samples[course->sample_count];
	error = refheap_heap_get(course->control, course->heap, &sample->info);
	if (error)
		return report_error(course->context, error, "cannot look at the heap");
	sample->ms = report_now();
	course->next_ms = sample->ms + course->period_ms;
	course->sample_count++;
	return STATUS_OK;
}

static void note(struct course *course, const struct refheap_notice *notice)
{
	struct collection *collection;

	course->missed += notice->lost;
	if (notice->lost)
		course->start.time_ns = 0;
	if (notice->heap != course->heap)
		return;
	if (notice->event == REFHEAP_NTF_GC_START)
		course->start = *notice;
	if (notice->event != REFHEAP_NTF_GC_STOP || !course->start.time_ns)
		return;
	collection = &course->collections[course->collection_count++ % COLLECTIONS_MAX];
	collection->ms = course->epoch_ms + course->start.time_ns / MS_NS;
	collection->duration_ns = notice->time_ns - course->start.time_ns;
	collection->stop = *notice;
	course->start.time_ns = 0;
}

static int listen(struct course *course)
{
	struct refheap_notice notice;
	int got;

	while (!interrupted() && (got = refheap_monitor_next(course->monitor, 0, &notice)) == 1)
		note(course, &notice);
	return got < 0 && got != -EINTR ?
		report_error(course->context, got, "cannot watch") : STATUS_OK;
}

static int earlier(int deadline_ms, uint64_t next_ms)
{
	uint64_t now = report_now();
	int wait = next_ms > now ? (int)(next_ms - now) : 0;

	return deadline_ms < wait ? deadline_ms : wait;
}

int course_follow(struct course *course, const struct deadline *deadline)
{
	int fd = course->monitor ? refheap_monitor_fd(course->monitor) : -1;
	int status = STATUS_OK;

	while (!status && !interrupted() && deadline_left(deadline)) {
		interrupt_wait(fd, earlier(deadline_left(deadline), course->next_ms));
		if (course->monitor)
			status = listen(course);
		if (!status && report_now() >= course->next_ms)
			status = take_sample(course);
	}
	return status ? status : take_sample(course);
}

static int open_monitor(struct course *course)
{
	int error = refheap_monitor_open(REFHEAP_MONITOR_GC, &course->monitor);

	return error && error != -EPERM ?
		report_error(course->context, error, "cannot watch collections") : STATUS_OK;
}

int course_begin(struct context *context, uint64_t every_ms, struct course **out)
{
	struct course *course = xcalloc(1, sizeof(*course));
	int status = heap_inspect(context, &course->control, &course->heap);

	course->context = context;
	course->epoch_ms = report_now() - clock_now() / MS_NS;
	course->period_ms = every_ms / LOOKS > PERIOD_MIN_MS ? every_ms / LOOKS : PERIOD_MIN_MS;
	if (!status && every_ms)
		status = open_monitor(course);
	if (!status)
		status = take_sample(course);
	if (status)
		course_end(course);
	else
		*out = course;
	return status;
}

static void append(struct json_object *array, uint64_t number)
{
	json_object_array_add(array, json_object_new_uint64(number));
}

static struct json_object *samples_json(const struct course *course)
{
	struct json_object *samples = json_object_new_array();

	for (size_t i = 0; i < course->sample_count; i++) {
		const struct sample *sample = &course->samples[i];
		struct json_object *row = json_object_new_array();

		append(row, sample->ms);
		append(row, sample->info.objects);
		append(row, sample->info.bytes);
		append(row, sample->info.reserved_bytes);
		append(row, sample->info.births);
		append(row, sample->info.deaths);
		json_object_array_add(samples, row);
	}
	return samples;
}

static struct json_object *collections_json(const struct course *course)
{
	struct json_object *collections = json_object_new_array();
	uint64_t end = course->collection_count;

	for (uint64_t i = end > COLLECTIONS_MAX ? end - COLLECTIONS_MAX : 0; i < end; i++) {
		const struct collection *collection = &course->collections[i % COLLECTIONS_MAX];
		struct json_object *row = json_object_new_array();

		append(row, collection->ms);
		append(row, collection->stop.generation);
		append(row, collection->duration_ns);
		append(row, collection->stop.longest_hold_ns);
		append(row, collection->stop.collected);
		append(row, collection->stop.uncollectable);
		json_object_array_add(collections, row);
	}
	return collections;
}

struct json_object *course_json(const struct course *course)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "samples",
			       course ? samples_json(course) : json_object_new_array());
	json_object_object_add(object, "collections",
			       course ? collections_json(course) : json_object_new_array());
	json_object_object_add(object, "watched",
			       json_object_new_boolean(course && course->monitor));
	report_add_number(object, "missed", course ? course->missed : 0);
	report_add_number(object, "left_out", course && course->collection_count > COLLECTIONS_MAX ?
			  course->collection_count - COLLECTIONS_MAX : 0);
	return object;
}

void course_end(struct course *course)
{
	if (!course)
		return;
	refheap_monitor_close(course->monitor);
	free(course);
}
