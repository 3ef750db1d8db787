// SPDX-License-Identifier: GPL-2.0
/* Figures as text of OpenMetrics, as the text before it, and as JSON. */
#include <inttypes.h>
#include <string.h>

#include <json-c/json.h>

#include "cmd_metrics.h"
#include "util.h"

static const char *const kinds[] = {
	[METRICS_GAUGE] = "gauge",
	[METRICS_COUNTER] = "counter",
	[METRICS_HISTOGRAM] = "histogram",
	[METRICS_INFO] = "info",
};

/* The text that is written. */
struct writer {
	FILE *file;
	enum metrics_format format;
	const struct metrics_family *family;
};

/* What the name of each figure has at its end. */
static const char *kind_suffix(enum metrics_kind kind)
{
	return kind == METRICS_COUNTER ? "_total" : kind == METRICS_INFO ? "_info" : "";
}

/*
 * OpenMetrics names the metric without what its kind adds. The older text knows
 * no kind "info" and takes names as they are.
 */
static void write_family(void *data, const struct metrics_family *family)
{
	struct writer *writer = data;
	bool old = writer->format == METRICS_PROMETHEUS;
	const char *suffix = old ? kind_suffix(family->kind) : "";
	const char *kind = old && family->kind == METRICS_INFO ? "gauge" : kinds[family->kind];

	writer->family = family;
	fprintf(writer->file, "# TYPE %s%s %s\n", family->name, suffix, kind);
	if (family->unit && !old)
		fprintf(writer->file, "# UNIT %s %s\n", family->name, family->unit);
	fprintf(writer->file, "# HELP %s%s %s.\n", family->name, suffix, family->help);
}

static void write_escaped(FILE *file, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", file);
		else if (*text == '"' || *text == '\\')
			fprintf(file, "\\%c", *text);
		else
			putc(*text, file);
	}
}

static void write_value(FILE *file, const struct metrics_sample *sample)
{
	if (sample->scale == METRICS_NANO)
		fprintf(file, "%" PRIu64 ".%09" PRIu64, sample->value / 1000000000,
			sample->value % 1000000000);
	else if (sample->scale == METRICS_MILLI)
		fprintf(file, "%" PRIu64 ".%03" PRIu64, sample->value / 1000,
			sample->value % 1000);
	else
		fprintf(file, "%" PRIu64, sample->value);
}

static void write_sample(void *data, const struct metrics_sample *sample)
{
	const struct writer *writer = data;
	FILE *file = writer->file;

	fprintf(file, "%s%s%s", writer->family->name, kind_suffix(writer->family->kind),
		sample->suffix);
	for (const struct metrics_label *label = sample->labels; label->name; label++) {
		fprintf(file, "%c%s=\"", label == sample->labels ? '{' : ',', label->name);
		write_escaped(file, label->value);
		putc('"', file);
	}
	fputs(sample->labels[0].name ? "} " : " ", file);
	write_value(file, sample);
	putc('\n', file);
}

void metrics_write(FILE *file, const struct metrics *metrics, enum metrics_format format)
{
	struct writer writer = { .file = file, .format = format };

	metrics_emit(metrics, &(struct metrics_sink){ write_family, write_sample, &writer });
	if (format == METRICS_OPENMETRICS)
		fputs("# EOF\n", file);
}

/* The document that is made, and the metric that is being added to it. */
struct document {
	struct json_object *families;
	struct json_object *samples;
	const struct metrics_family *family;
};

static void add_family(void *data, const struct metrics_family *family)
{
	struct json_object *object = json_object_new_object();
	struct document *document = data;

	document->family = family;
	document->samples = json_object_new_array();
	json_object_object_add(object, "name", json_object_new_string(family->name));
	json_object_object_add(object, "type", json_object_new_string(kinds[family->kind]));
	json_object_object_add(object, "unit",
			       family->unit ? json_object_new_string(family->unit) : NULL);
	json_object_object_add(object, "help", json_object_new_string(family->help));
	json_object_object_add(object, "samples", document->samples);
	json_object_array_add(document->families, object);
}

static struct json_object *json_value(const struct metrics_sample *sample)
{
	switch (sample->scale) {
	case METRICS_NANO:
		return json_object_new_double((double)sample->value / 1e9);
	case METRICS_MILLI:
		return json_object_new_double((double)sample->value / 1e3);
	default:
		return json_object_new_uint64(sample->value);
	}
}

static void add_sample(void *data, const struct metrics_sample *sample)
{
	struct json_object *object = json_object_new_object();
	struct json_object *labels = json_object_new_object();
	const struct document *document = data;
	cleanup_free char *name = xasprintf("%s%s%s", document->family->name,
					    kind_suffix(document->family->kind), sample->suffix);

	for (const struct metrics_label *label = sample->labels; label->name; label++)
		json_object_object_add(labels, label->name, json_object_new_string(label->value));
	json_object_object_add(object, "name", json_object_new_string(name));
	json_object_object_add(object, "labels", labels);
	json_object_object_add(object, "value", json_value(sample));
	json_object_array_add(document->samples, object);
}

struct json_object *metrics_json(const struct metrics *metrics)
{
	struct document document = { .families = json_object_new_array() };

	metrics_emit(metrics, &(struct metrics_sink){ add_family, add_sample, &document });
	return document.families;
}
