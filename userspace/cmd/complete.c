// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "arguments.h"
#include "cmd.h"
#include "complete.h"
#include "heap.h"
#include "tour.h"
#include "util.h"
#include "words.h"

/* The candidates so far, and what they have to begin with. */
struct completion {
	struct context *context;
	const char *begin;
	struct candidates *candidates;
};

static void offer(struct completion *completion, const char *word)
{
	struct candidates *candidates = completion->candidates;

	if (strncmp(word, completion->begin, strlen(completion->begin)))
		return;
	candidates->words = xrealloc(candidates->words, candidates->count + 1,
				     sizeof(*candidates->words));
	candidates->words[candidates->count++] = xstrdup(word);
}

static void offer_list(struct completion *completion, const char *words)
{
	cleanup_free char *copy = xstrdup(words);
	char *rest;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		offer(completion, word);
}

static void offer_commands(struct completion *completion, const struct command *const *list)
{
	for (; *list; list++) {
		if (!((*list)->flags & COMMAND_HIDDEN) &&
		    command_find(completion->context,
				 (const struct command *const[]){ *list, NULL }, (*list)->name))
			offer(completion, (*list)->name);
	}
}

static void offer_options(struct completion *completion, const struct option_spec *options)
{
	for (; options && options->name; options++) {
		cleanup_free char *word = xasprintf("--%s", options->name);

		offer(completion, word);
	}
}

static void offer_top(struct completion *completion)
{
	offer_commands(completion, commands);
}

static void offer_names(struct completion *completion)
{
	const struct variables *variables = &completion->context->variables;
	struct refheap_entry entry;
	struct refheap *session;
	uint64_t cursor = 0;

	for (size_t i = 0; i < variables->count; i++)
		offer(completion, variables->items[i].name);
	if (heap_session(completion->context, &session))
		return;
	while (refheap_next(session, REFHEAP_ID_ROOT, &cursor, &entry) == 1) {
		cleanup_free char *name = NULL;

		if (!refheap_get_data(session, entry.key, &name, NULL))
			offer(completion, name);
		refheap_drop_entry(session, &entry);
	}
}

static void offer_each_type(struct completion *completion, bool kinds)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_type_info info;
	struct refheap_ctl *control;
	uint32_t heap;

	if (heap_inspect(completion->context, &control, &heap) ||
	    refheap_iter_types(control, heap, &iterator))
		return;
	while (refheap_next_type(iterator, &info) == 1) {
		if (info.type || kinds)
			offer(completion, info.name);
	}
}

static void offer_types(struct completion *completion)
{
	offer_each_type(completion, false);
}

static void offer_kinds(struct completion *completion)
{
	offer_list(completion, "int float str bytes bytearray tuple list dict set "
		   "weakref weakvaluedict weakkeydict weakset");
	offer_each_type(completion, false);
}

static void offer_heaps(struct completion *completion)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_heap_info info;
	struct refheap_ctl *control;

	if (heap_control(completion->context, &control) ||
	    refheap_iter_heaps(control, &iterator))
		return;
	while (refheap_next_heap(iterator, &info) == 1)
		offer(completion, info.name);
}

static void offer_generations(struct completion *completion)
{
	offer_list(completion, "0 1 2");
}

static void offer_flags(struct completion *completion)
{
	offer_list(completion, "STATS COLLECTABLE UNCOLLECTABLE SAVEALL LEAK none");
}

static void offer_when(struct completion *completion)
{
	offer_list(completion, "auto always never");
}

static void offer_events(struct completion *completion)
{
	offer_list(completion, "heaps sessions limits collections births deaths callbacks "
		   "finalizers heap-new heap-changed heap-removed session-new session-end limit "
		   "gc-start gc-stop birth death callback finalize skipped");
}

static void offer_views(struct completion *completion)
{
	offer_list(completion, "heaps types sites generations sessions");
}

static void offer_chapters(struct completion *completion)
{
	struct tour tour;

	tour_read(&tour);
	for (size_t i = 0; i < tour.count; i++)
		offer(completion, tour.chapters[i].word);
	tour_free(&tour);
}

static void offer_period(struct completion *completion)
{
	offer_list(completion, "off 1000 60000");
}

static void offer_formats(struct completion *completion)
{
	offer_list(completion, "openmetrics prometheus");
}

/* The capital words of synopses and options, and what they stand for. */
static const struct {
	const char *word;
	void (*offer)(struct completion *completion);
} sources[] = {
	{ "PATH", offer_names },     { "VALUE", offer_names },
	{ "KIND", offer_kinds },     { "TYPE", offer_types },
	{ "HEAP", offer_heaps },     { "GENERATION", offer_generations },
	{ "FLAG", offer_flags },     { "WHEN", offer_when },
	{ "COMMAND", offer_top },    { "EVENT", offer_events },
	{ "MS", offer_period },	     { "VIEW", offer_views },
	{ "FORMAT", offer_formats }, { "CHAPTER", offer_chapters },
};

static void offer_source(struct completion *completion, const char *word, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		if (strlen(sources[i].word) == length && !strncmp(sources[i].word, word, length))
			sources[i].offer(completion);
	}
}

/* The capital word for argument @place; the last one stands for all others. */
static void offer_argument(struct completion *completion, const char *synopsis, size_t place)
{
	const char *word = NULL;
	size_t length = 0;

	for (size_t i = 0; *synopsis && i <= place; i++) {
		synopsis += strcspn(synopsis, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (!*synopsis)
			break;
		word = synopsis;
		length = strspn(synopsis, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		synopsis += length;
	}
	if (word)
		offer_source(completion, word, length);
}

/* The option that @word is, when it takes its argument from the next word. */
static const struct option_spec *waiting_option(const struct option_spec *options,
						const char *word)
{
	for (; options && options->name; options++) {
		bool is_long = !strncmp(word, "--", 2) && !strcmp(word + 2, options->name);
		bool is_letter = word[0] == '-' && word[1] == options->letter && word[1] && !word[2];

		if (options->argument && (is_long || is_letter))
			return options;
	}
	return NULL;
}

static bool offer_option_argument(struct completion *completion,
				  const struct option_spec *options, const char *before)
{
	const struct option_spec *option = waiting_option(options, before);

	if (!option)
		option = waiting_option(global_options, before);
	if (option)
		offer_source(completion, option->argument, strlen(option->argument));
	return option;
}

/* @words are all before the one to be completed, the command first. */
static void complete_words(struct completion *completion, size_t count, const char **words)
{
	const struct command *command = NULL;
	const struct command *const *list = commands;
	size_t used = 0, place = 0;

	while (used < count && list && words[used][0] != '-') {
		command = command_find(completion->context, list, words[used]);
		if (!command)
			return;
		list = command->group;
		used++;
	}
	if (count && offer_option_argument(completion, command ? command->options : NULL,
					   words[count - 1]))
		return;
	if (completion->begin[0] == '-') {
		offer_options(completion, command ? command->options : NULL);
		offer_options(completion, global_options);
		return;
	}
	if (list) {
		offer_commands(completion, list);
		return;
	}
	for (; used < count; used++)
		place += words[used][0] != '-';
	offer_argument(completion, command->synopsis, place);
}

size_t complete_line(struct context *context, char *line, struct candidates *candidates)
{
	size_t length = strlen(line);
	bool fresh = !length || isspace((unsigned char)line[length - 1]);
	struct completion completion = { context, "", candidates };
	struct words words;

	words_split(line, &words);
	if (!fresh && words.count) {
		completion.begin = words.items[words.count - 1];
		/* Inside a value, it is the name after the last bracket or comma. */
		completion.begin += strlen(completion.begin);
		while (completion.begin > words.items[words.count - 1] &&
		       !strchr("[({,:= ", completion.begin[-1]))
			completion.begin--;
		words.count--;
	}
	context->quiet = true;
	/* After NAME = comes a value. */
	if (words.count > 1 && !strcmp(words.items[1], "="))
		offer_names(&completion);
	else
		complete_words(&completion, words.count, words.items);
	context->quiet = false;
	length = strlen(completion.begin);
	words_free(&words);
	return length;
}

char *candidates_common(const struct candidates *candidates)
{
	char *common = xstrdup(candidates->words[0]);

	for (size_t i = 1; i < candidates->count; i++) {
		size_t length = 0;

		while (common[length] && common[length] == candidates->words[i][length])
			length++;
		common[length] = '\0';
	}
	return common;
}

void candidates_free(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		free(candidates->words[i]);
	free(candidates->words);
}

static int run_complete(struct context *context, struct arguments *arguments)
{
	struct candidates candidates = { 0 };
	struct completion completion = { context, "", &candidates };
	struct globals globals;
	int count, skipped;

	if (arguments->count && !strcmp(arguments->words[0], "--")) {
		arguments->words++;
		arguments->count--;
	}
	if (!arguments->count)
		return STATUS_OK;
	count = arguments->count - 1;
	completion.begin = arguments->words[count];
	context->quiet = true;
	/* A global option that still waits for its argument is no error here. */
	if (arguments_globals(context, count, arguments->words, &globals, &skipped))
		skipped = count - 1;
	else if (globals.values[GLOBAL_HEAP] && heap_choose(context, globals.values[GLOBAL_HEAP]))
		return STATUS_OK;
	else if (globals.values[GLOBAL_DUMP] &&
		 heap_choose_saved(context, globals.values[GLOBAL_DUMP]))
		return STATUS_OK;
	complete_words(&completion, (size_t)(count - skipped), arguments->words + skipped);
	for (size_t i = 0; i < candidates.count; i++)
		puts(candidates.words[i]);
	candidates_free(&candidates);
	return STATUS_OK;
}

const struct command complete_command = {
	.name = "complete",
	.synopsis = "-- WORD...",
	.summary = "Print what the last word could be; for shells",
	.maximum = -1,
	.flags = COMMAND_HIDDEN | COMMAND_RAW | COMMAND_NOT_IN_SHELL | COMMAND_SAVED,
	.run = run_complete,
};
