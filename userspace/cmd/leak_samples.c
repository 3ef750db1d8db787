// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "clock.h"
#include "heap.h"
#include "leak_samples.h"
#include "report.h"
#include "util.h"

#define TRIES 5

static struct leak_series new_series(const struct leak_samples *samples, const char *name)
{
	return (struct leak_series){
		.name = name ? xstrdup(name) : NULL,
		.objects = xcalloc(samples->wanted, sizeof(uint64_t)),
		.bytes = xcalloc(samples->wanted, sizeof(uint64_t)),
	};
}

static void free_series(struct leak_series *series)
{
	free(series->name);
	free(series->objects);
	free(series->bytes);
}

void leak_samples_begin(struct leak_samples *samples, size_t wanted)
{
	*samples = (struct leak_samples){ .wanted = wanted };
	samples->time_ns = xcalloc(wanted, sizeof(*samples->time_ns));
	samples->all = new_series(samples, NULL);
}

void leak_samples_free(struct leak_samples *samples)
{
	for (size_t i = 0; i < samples->type_count; i++)
		free_series(&samples->types[i]);
	free(samples->types);
	free_series(&samples->all);
	free(samples->time_ns);
	*samples = (struct leak_samples){ 0 };
}

/* Of a type or kind that has not been there before. */
static struct leak_series *add_type(struct leak_samples *samples,
				    const struct refheap_type_info *info)
{
	struct leak_series series = new_series(samples, info->name);

	make_printable(series.name);
	series.kind = info->kind;
	series.type = info->type;
	samples->types = xrealloc(samples->types, samples->type_count + 1,
				  sizeof(*samples->types));
	samples->types[samples->type_count] = series;
	return &samples->types[samples->type_count++];
}

static struct leak_series *find_type(struct leak_samples *samples,
				     const struct refheap_type_info *info)
{
	for (size_t n = 1; n <= samples->type_count; n++) {
		size_t i = (samples->last + n) % samples->type_count;

		if (samples->types[i].kind != info->kind || samples->types[i].type != info->type)
			continue;
		samples->last = i;
		return &samples->types[i];
	}
	return add_type(samples, info);
}

static int count_types(struct refheap_ctl *control, uint32_t heap, struct leak_samples *samples)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_type_info info;
	int error = refheap_iter_types(control, heap, &iterator);

	if (error)
		return error;
	while ((error = refheap_next_type(iterator, &info)) == 1) {
		struct leak_series *series;

		/* The kind "instance" has all that the types have. */
		if (!info.objects || (!info.type && info.kind == REFHEAP_KIND_INSTANCE))
			continue;
		series = find_type(samples, &info);
		series->objects[samples->count] = info.objects;
		series->bytes[samples->count] = info.bytes;
	}
	return error;
}

int leak_samples_add(struct context *context, struct leak_samples *samples)
{
	struct refheap_heap_info info;
	struct refheap_ctl *control;
	int error = -EINTR, status;
	uint32_t heap;

	status = heap_inspect(context, &control, &heap);
	if (status)
		return status;
	for (int i = 0; error == -EINTR && i < TRIES; i++)
		error = count_types(control, heap, samples);
	if (!error)
		error = refheap_heap_get(control, heap, &info);
	if (error)
		return report_error(context, error, "cannot count the objects");
	samples->time_ns[samples->count] = clock_now();
	samples->all.objects[samples->count] = info.objects;
	samples->all.bytes[samples->count] = info.bytes;
	samples->count++;
	return STATUS_OK;
}

bool leak_grows(const uint64_t *values, size_t count)
{
	uint64_t most = 0, least = UINT64_MAX;
	size_t half = count / 2;

	if (count < LEAK_SAMPLES_MIN)
		return false;
	for (size_t i = 0; i < half; i++)
		most = values[i] > most ? values[i] : most;
	for (size_t i = half; i < count; i++)
		least = values[i] < least ? values[i] : least;
	return least > most && values[count - 1] > values[half];
}

bool leak_series_grows(const struct leak_samples *samples, const struct leak_series *series)
{
	return leak_grows(series->objects, samples->count) ||
	       leak_grows(series->bytes, samples->count);
}

int64_t leak_growth(const struct leak_samples *samples, const uint64_t *values)
{
	return samples->count ? (int64_t)(values[samples->count - 1] - values[0]) : 0;
}

static int most_growth_first(const void *a, const void *b, void *data)
{
	const struct leak_samples *samples = data;
	const struct leak_series *one = a, *other = b;
	bool grows = leak_series_grows(samples, one);
	int64_t more = leak_growth(samples, one->bytes);
	int64_t less = leak_growth(samples, other->bytes);

	if (grows != leak_series_grows(samples, other))
		return grows ? -1 : 1;
	if (more != less)
		return more > less ? -1 : 1;
	return strcmp(one->name, other->name);
}

size_t leak_samples_sort(struct leak_samples *samples)
{
	size_t growing = 0;

	if (samples->type_count)
		qsort_r(samples->types, samples->type_count, sizeof(*samples->types),
			most_growth_first, samples);
	while (growing < samples->type_count &&
	       leak_series_grows(samples, &samples->types[growing]))
		growing++;
	return growing;
}
