/* SPDX-License-Identifier: GPL-2.0 */
/* What is found out about a heap that may have a leak, and telling it. */
#ifndef REFHEAP_CMD_LEAK_H
#define REFHEAP_CMD_LEAK_H

#include <json-c/json.h>

#include "leak_samples.h"
#include "leak_suspects.h"

/**
 * struct leak - what is found out, step by step
 * @samples: step 1
 * @growing: step 2: types that grow; the first of the samples' types
 * @sites: step 2: what has changed by line, or NULL when it was not traced
 * @site_count: how many
 * @mark: what was there at the first sample
 * @suspects: step 3
 * @collects: the collector works by itself
 * @leaks: there is a leak
 */
struct leak {
	struct leak_samples samples;
	size_t growing;
	struct refheap_statistic *sites;
	size_t site_count;
	struct leak_mark mark;
	struct leak_suspects suspects;
	bool collects;
	bool leaks;
};

/* Each prints a step. */
void leak_print_samples(struct context *context, const struct leak *leak);
void leak_print_growth(struct context *context, const struct leak *leak);
void leak_print_suspects(struct context *context, const struct leak *leak);
void leak_print_advice(struct context *context, const struct leak *leak);

/* All of them as one document. */
struct json_object *leak_json(struct context *context, const struct leak *leak);

/* What to do about a suspect: one sentence, and a command or two. */
char *leak_advice(const struct leak *leak, const struct leak_suspect *suspect);

#endif
