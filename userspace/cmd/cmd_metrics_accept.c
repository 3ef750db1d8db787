// SPDX-License-Identifier: GPL-2.0
/* Which format a client wants, by its header Accept. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd_metrics.h"
#include "util.h"

/*
 * How much a client wants a type, of 0 to 1, and by how exact a name it said so:
 * the most exact one counts.
 */
struct wish {
	double weight;
	int exactness;
};

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

static void wish_for(struct wish *wish, int exactness, double weight)
{
	if (exactness < wish->exactness || (exactness == wish->exactness && weight < wish->weight))
		return;
	wish->exactness = exactness;
	wish->weight = weight;
}

/* One range of the header: TYPE/SUBTYPE;PARAMETER=VALUE;... */
static void read_range(char *range, struct wish *open, struct wish *plain)
{
	bool other_version = false;
	char *rest, *name = strtok_r(range, ";", &rest), *word;
	double weight = 1;

	if (!name)
		return;
	name = trim(name);
	while ((word = strtok_r(NULL, ";", &rest))) {
		word = trim(word);
		if (!strncasecmp(word, "q=", 2))
			weight = strtod(word + 2, NULL);
		else if (!strncasecmp(word, "version=", 8))
			other_version = strcmp(word + 8, "1.0.0") && strcmp(word + 8, "\"1.0.0\"");
	}
	if (!strcasecmp(name, "*/*")) {
		wish_for(open, 1, weight);
		wish_for(plain, 1, weight);
	} else if (!strcasecmp(name, "application/*")) {
		wish_for(open, 2, weight);
	} else if (!strcasecmp(name, "application/openmetrics-text") && !other_version) {
		wish_for(open, 3, weight);
	} else if (!strcasecmp(name, "text/*")) {
		wish_for(plain, 2, weight);
	} else if (!strcasecmp(name, "text/plain") || !strcasecmp(name, "text/html")) {
		/* Browsers show plain text, and would save the other to a file. */
		wish_for(plain, 3, weight);
	}
}

enum metrics_format metrics_accepted(const char *accept)
{
	cleanup_free char *copy = accept ? xstrdup(accept) : NULL;
	struct wish open = { 0 }, plain = { 0 };
	char *rest;

	for (char *range = copy ? strtok_r(copy, ",", &rest) : NULL; range;
	     range = strtok_r(NULL, ",", &rest))
		read_range(range, &open, &plain);
	return plain.weight > open.weight ? METRICS_PROMETHEUS : METRICS_OPENMETRICS;
}
